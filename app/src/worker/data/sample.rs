//! Sample data in one click: no measured file may be shipped, so the model writes one.
//!
//! Does: takes the current run if it has two conditions, else generates one, and hands out its h5ad.
//! Does not know: how it is read again.
//! Flow: session → **bytes of an h5ad**.

use model::card::Kind;

use super::super::generate;
use super::super::made::Current;
use super::super::outbox::Stop;
use super::super::session::Session;
use super::pace::End;
use crate::protocol::{Comparison, Request};

/// Makes the sample. Explore's own run stays as it is.
pub(super) async fn make(session: &mut Session, job: u32, request: &Request, stop: &Stop) -> Result<Vec<u8>, End> {
    let compared = |run: &&Current| run.made.sides(Comparison::A).is_some_and(|(_, moved)| moved.counts.cells() > 0);
    let ready = session.current.as_ref().filter(compared).map(|run| run.run);
    if let Some(run) = ready {
        return Ok(session.export(run)?.1);
    }
    let mut request = request.clone();
    if let Some(condition) = session.bundle.card.of_kind(Kind::Perturbation) {
        let is_control = |value: &String| Some(value) == condition.control.as_ref();
        let chosen = request.with.entry(condition.key.clone()).or_default();
        if chosen.iter().all(is_control) {
            // The perturbation that the model has seen most of.
            let known = condition.values.iter().filter(|value| !is_control(&value.value));
            *chosen = known.max_by_key(|value| value.cells).map(|value| value.value.clone()).into_iter().collect();
        }
    }
    let before = session.current.take();
    generate::generate(session, job, [Some(request), None], 1, stop).await;
    let exported = session.current.is_some().then(|| session.export(job));
    session.current = before;
    match exported {
        // A failure or a stop was told where it happened.
        None => Err(End::Told),
        Some(exported) => Ok(exported?.1),
    }
}
