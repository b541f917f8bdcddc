//! The worker's part of the plate.
//!
//! Does: answers the plate's questions: many wells one after the other, and orders for its heat map.
//! Does not know: the page, where wells stand.
//! Flow: [`Ask`] → `run` or `order` → messages.

mod control;
mod order;
mod run;

use super::outbox::{Stop, fail, send};
use super::session::Session;
use crate::protocol::FromWorker;
use crate::protocol::plate::{Ask, Tell};

/// Answers a question; failures are sent as sentences.
pub(super) async fn answer(session: Option<&mut Session>, ask: Ask, stop: &Stop) {
    match ask {
        Ask::Run { job, wells, seed } => match session {
            Some(session) => run::run(session, job, &wells, seed, stop).await,
            None => fail(Some(job), "No model is loaded yet.".into(), false),
        },
        Ask::Order { number, values, columns } => {
            let [rows, columns] = order::both(&values, columns as usize);
            send(&FromWorker::Plate(Tell::Ordered { number, rows, columns }), &[]);
        }
    }
}
