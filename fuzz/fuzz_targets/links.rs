//! Addresses of the page, pasted plates, gene lists and lists of bundles: texts that come with a link or from a clipboard.
//!
//! Does: reads each as the page does, writes what was understood and reads it again.
//! Does not know: what the text is.

#![no_main]

use app::bundles::read_catalogue;
use app::plate::address;
use app::protocol::card::Card;
use app::state::State;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let (state, _) = State::read_telling(text);
    // An address that was written here says the same when it is read again.
    let written = state.query();
    assert_eq!(State::read(&written).query(), written);
    let _ = address::read(text);
    let _ = (read_catalogue(text).is_ok(), Card::read(text).is_ok());
});
