//! Measured cells, rewritten by all workers.
//!
//! Does: hands out what a prediction starts from (`start`), rewrites this worker's share step by step, hands finished cells
//! on in the order of their numbers; ends the helpers' work with itself.
//! Does not know: progress, cancel, files; whoever drives it looks for these between steps.
//! Flow: measured cells + setting → [step]* → **rewritten cells in order** → `data::predict`.

use std::rc::Rc;

use model::rewrite::Rewriting;
use model::rewrite::part::{Part, Rewritten};

use super::super::session::Session;
use super::start::Start;
use super::{Cells, Work};
use crate::pool::LEAD;
use crate::pool::turns::{Batch, Order, Task, Turns};

/// Cells in the making. Dropped before its end, it stops all workers.
pub(crate) struct Predicting<'a> {
    session: &'a Session,
    start: Rc<Start>,
    rewriting: Rewriting<'a>,
    /// What this worker rewrites.
    own: Option<(Batch, Part)>,
    /// Whether cells were handed on already.
    has_shown: bool,
}

impl<'a> Predicting<'a> {
    /// Begins; nothing is computed yet.
    pub(crate) fn begin(session: &'a Session, rewriting: Rewriting<'a>, start: Start) -> Self {
        // Both sides of a cell are one piece of work; there is nothing to weigh it against.
        let task = Task { cells: start.counts.cells(), weight: 1.0 };
        let start = Rc::new(start);
        let turns = Turns::new(Order::OneByOne, session.effort().cells, [task]);
        session.pool.begin(turns, Work::Rewrite(Rc::clone(&start)));
        Self { session, start, rewriting, own: None, has_shown: false }
    }

    /// Makes a step of this worker's cells, or waits for the others where it has none left.
    ///
    /// # Errors
    /// A sentence, when a cell cannot be rewritten or the device fails.
    pub(crate) async fn step(&mut self) -> Result<(), String> {
        let (pool, effort) = (&self.session.pool, self.session.effort());
        if self.has_shown {
            // As in `making`: the first cells have the computer to themselves.
            pool.start();
        }
        if self.own.is_none()
            && let Some(batch) = pool.hand_out()
        {
            let cells = self.start.measured(batch.first..batch.first + batch.cells);
            let part = Part::new(&mut self.rewriting, cells, batch.first, effort).await;
            self.own = Some((batch, part.map_err(|error| format!("{error}."))?));
        }
        let Some((batch, part)) = &mut self.own else {
            pool.wait().await;
            return Ok(());
        };
        let batch = *batch;
        let share = part.step(&self.session.bundle.network).await;
        let share = share.map_err(|error| format!("The device failed while predicting cells: {error}."))?;
        pool.turns(|turns| turns.advance(LEAD, batch, share));
        if share >= 1.0
            && let Some((_, part)) = self.own.take()
        {
            let cells = Cells::Rewritten(part.finish());
            pool.turns(|turns| turns.finish(LEAD, batch, cells));
        }
        Ok(())
    }

    /// The next finished cells and the number of the first, in the order of their numbers.
    pub(crate) fn take(&mut self) -> Option<(usize, Rewritten)> {
        let (batch, cells) = self.session.pool.turns(Turns::take).flatten()?;
        let Cells::Rewritten(found) = cells else { return None };
        self.has_shown = true;
        Some((batch.first, found))
    }

    /// Whether all cells were handed on.
    pub(crate) fn is_done(&self) -> bool {
        self.session.pool.turns(|turns| turns.is_done()).unwrap_or(true)
    }

    /// Share of the work that is done.
    pub(crate) fn share(&self) -> f64 {
        self.session.pool.turns(|turns| turns.share_of(0)).unwrap_or(1.0)
    }
}

impl Drop for Predicting<'_> {
    fn drop(&mut self) {
        self.session.pool.end();
    }
}
