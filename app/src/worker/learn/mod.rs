//! The worker's part of the lessons.
//!
//! Does: Watches single cells being written.
//! Does not know: the page.
//! Flow: [`Ask`] → session → messages.

use super::Stop;
use super::session::Session;
use crate::protocol::learn::Ask;

/// Answers a question; failures are sent as sentences.
pub(super) async fn answer(_session: Option<&mut Session>, ask: Ask, _stop: &Stop) {
    match ask {}
}
