//! Answers about a visitor's own data.
//!
//! Does: sends them.
//! Does not know: what they say.
//! Flow: tasks → **outbox** → page.

use super::super::outbox::send;
use crate::protocol::data::Tell;
use crate::protocol::{Array, FromWorker};

/// Sends an answer.
pub(super) fn tell(tell: Tell, arrays: &[Array]) {
    send(&FromWorker::Data(tell), arrays);
}
