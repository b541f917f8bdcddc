//! The worker's part of the plate.
//!
//! Does: Runs many conditions, a well at a time.
//! Does not know: the page.
//! Flow: [`Ask`] → session → messages.

use super::Stop;
use super::session::Session;
use crate::protocol::plate::Ask;

/// Answers a question; failures are sent as sentences.
pub(super) async fn answer(_session: Option<&mut Session>, ask: Ask, _stop: &Stop) {
    match ask {}
}
