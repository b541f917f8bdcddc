//! Cells of one or several tasks, written by all workers.
//!
//! Does: resolves what is wanted, writes this worker's share step by step, hands finished cells on in the order of their
//! numbers, whoever wrote them; ends the helpers' work with itself.
//! Does not know: progress, cancel, what the cells are for; whoever drives it looks for these between steps.
//! Flow: choices → [step]* → **cells in order** → generate, plate, learn.

use cells::Counts;
use model::card::{Card, Choices};
use model::quantise::dequantise;
use model::sample::{Prepared, Request, Run};

use super::super::session::Session;
use super::{Cells, Work};
use crate::pool::LEAD;
use crate::pool::turns::{Batch, Order, Task, Turns};

/// What is wanted.
pub(crate) struct Wanted {
    /// Cells.
    pub(crate) choices: Choices,
    /// Work of one of them: branches of the network that it runs through.
    pub(crate) weight: f64,
}

/// Finished cells of one task.
pub(crate) struct Fresh {
    /// Place of the task.
    pub(crate) task: usize,
    /// Condition tokens of each [C].
    pub(crate) labels: Vec<Vec<i32>>,
    /// Tokens in panel order [n, G].
    tokens: Vec<u16>,
}

impl Fresh {
    /// Counts [n, G], with the UMIs of whole cells where the bundle scales by them.
    pub(crate) fn counts(&self, card: &Card) -> Counts {
        let genes = card.genes.len();
        let rows: Vec<Vec<u32>> = self
            .tokens
            .chunks_exact(genes.max(1))
            .map(|cell| cell.iter().map(|token| dequantise(*token)).collect())
            .collect();
        let counts = Counts::from_dense_rows(genes, rows.iter().map(Vec::as_slice));
        let totals: Option<Vec<u64>> = self.labels.iter().map(|labels| card.total_of(labels)).collect();
        match totals.filter(|totals| !totals.is_empty()) {
            Some(totals) => counts.with_totals(totals),
            None => counts,
        }
    }
}

/// Cells in the making. Dropped before its end, it stops all workers.
pub(crate) struct Making<'a> {
    session: &'a Session,
    /// Of each task, with what its batches share.
    requests: Vec<(Request, Prepared)>,
    /// What this worker writes.
    own: Option<(Batch, Run)>,
    /// Whether cells were handed on already.
    has_shown: bool,
}

impl<'a> Making<'a> {
    /// Begins; nothing is computed yet.
    ///
    /// # Errors
    /// A sentence, when something cannot be made.
    pub(crate) fn begin(session: &'a Session, order: Order, wanted: Vec<Wanted>) -> Result<Self, String> {
        let request = |own: &Wanted| {
            let request = session.bundle.request(&own.choices).map_err(|error| format!("{error}."))?;
            Ok::<_, String>((request, session.prepared.for_another(&session.bundle.network)))
        };
        let requests = wanted.iter().map(request).collect::<Result<Vec<_>, _>>()?;
        let tasks = wanted.iter().map(|own| Task { cells: own.choices.cells, weight: own.weight });
        let turns = Turns::new(order, session.effort().cells, tasks);
        let choices = wanted.into_iter().map(|own| own.choices).collect();
        session.pool.begin(turns, Work::Draw(choices));
        Ok(Self { session, requests, own: None, has_shown: false })
    }

    /// Makes a step of this worker's cells, or waits for the others where it has none left; whether it made one.
    ///
    /// # Errors
    /// A sentence, when the device fails.
    pub(crate) async fn step(&mut self) -> Result<bool, String> {
        let pool = &self.session.pool;
        if self.has_shown {
            // Not before there is something to look at: the first cells have the computer to themselves.
            pool.start();
        }
        if self.own.is_none() {
            self.own = pool.hand_out().map(|batch| (batch, self.run(batch)));
        }
        let Some((batch, run)) = &mut self.own else {
            pool.wait().await;
            return Ok(false);
        };
        let batch = *batch;
        let step = run.step(&self.session.bundle.network).await;
        let step = step.map_err(|error| format!("The device failed while writing cells: {error}."))?;
        pool.turns(|turns| turns.advance(LEAD, batch, step.step as f64 / step.steps as f64));
        if run.is_finished() {
            let tokens = (0..batch.cells).flat_map(|cell| run.tokens(cell)).copied().collect();
            let labels = (0..batch.cells).map(|cell| run.labels(cell).to_vec()).collect();
            pool.turns(|turns| turns.finish(LEAD, batch, Cells::Drawn { tokens, labels }));
            self.own = None;
        }
        Ok(true)
    }

    /// A run of this worker's next cells.
    fn run(&self, batch: Batch) -> Run {
        let (request, prepared) = &self.requests[batch.task];
        let part = request.part(batch.first..batch.first + batch.cells);
        let session = self.session;
        Run::prepared(&session.bundle.network, prepared.clone(), part, session.effort())
    }

    /// The next finished cells, each task's in the order of their numbers.
    pub(crate) fn take(&mut self) -> Option<Fresh> {
        let (batch, cells) = self.session.pool.turns(Turns::take).flatten()?;
        let Cells::Drawn { tokens, labels } = cells else { return None };
        self.has_shown = true;
        Some(Fresh { task: batch.task, labels, tokens })
    }

    /// Whether all cells were handed on.
    pub(crate) fn is_done(&self) -> bool {
        self.session.pool.turns(|turns| turns.is_done()).unwrap_or(true)
    }

    /// Work that all workers have done: cells by their weight.
    pub(crate) fn done(&self) -> f64 {
        self.session.pool.turns(|turns| turns.done()).unwrap_or(0.0)
    }

    /// Share of a task that is done.
    pub(crate) fn share_of(&self, task: usize) -> f64 {
        self.session.pool.turns(|turns| turns.share_of(task)).unwrap_or(1.0)
    }

    /// Task of the cells that this worker writes.
    pub(crate) fn task(&self) -> Option<usize> {
        self.own.as_ref().map(|(batch, _)| batch.task)
    }
}

impl Drop for Making<'_> {
    fn drop(&mut self) {
        self.session.pool.end();
    }
}
