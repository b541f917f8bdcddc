//! The worker's part of the lessons.
//!
//! Does: real runs of the model for lessons: one cell step by step (`write`), the same cells at several guidance
//! scales (`guide`), halves of cells against one another (`halves`).
//! Does not know: the page, the lessons' texts.
//! Flow: [`Ask`] → session → messages.

mod bench;
mod guide;
mod halves;
mod write;

use model::card::Kind;

use super::outbox::{Stop, fail, send};
use super::session::Session;
use crate::protocol::FromWorker;
use crate::protocol::learn::Ask;
use bench::{Bench, End};

/// Answers a question; failures are sent as sentences.
pub(super) async fn answer(session: Option<&mut Session>, ask: Ask, stop: &Stop) {
    let job = ask.job();
    let Some(session) = session else { return fail(Some(job), "No model is loaded yet.".into(), false) };
    if !matches!(ask, Ask::Write { .. }) && session.bundle.card.of_kind(Kind::Perturbation).is_none() {
        let sentence = "This model knows no perturbation, so this lesson has no effect to look at; open another model.";
        return fail(Some(job), sentence.into(), false);
    }
    let mut bench = Bench::new(session, job, stop);
    let ended = match ask {
        Ask::Write { request, watch, .. } => write::write(&mut bench, &request, &watch).await,
        Ask::Guide { request, scales, .. } => guide::guide(&mut bench, &request, &scales).await,
        Ask::Halves { request, .. } => halves::halves(&mut bench, &request).await,
    };
    match ended {
        Ok(()) => {}
        Err(End::Cancelled) => send(&FromWorker::Cancelled { run: job, cells: 0 }, &[]),
        Err(End::Failed(sentence)) => fail(Some(job), sentence, false),
    }
}
