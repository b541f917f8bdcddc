//! The worker's part of a visitor's own data.
//!
//! Does: Reads a dropped file, places and tests its cells.
//! Does not know: the page.
//! Flow: [`Ask`] → session → messages.

use super::Stop;
use super::session::Session;
use crate::protocol::data::Ask;

/// Answers a question; failures are sent as sentences.
pub(super) async fn answer(_session: Option<&mut Session>, ask: Ask, _stop: &Stop) {
    match ask {}
}
