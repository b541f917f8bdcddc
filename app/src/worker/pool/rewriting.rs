//! Measured cells, rewritten by all workers.
//!
//! Does: keeps the cells that a prediction starts from, hands each worker its part of them, rewrites this worker's share
//! step by step, hands finished cells on in the order of their numbers; ends the helpers' work with itself.
//! Does not know: progress, cancel, files; whoever drives it looks for these between steps.
//! Flow: measured cells + setting → [step]* → **rewritten cells in order** → `data::predict`.

use std::collections::BTreeMap;
use std::ops::Range;
use std::rc::Rc;

use cells::Counts;
use model::rewrite::part::{Part, Rewritten, Side};
use model::rewrite::{Measured, Rewriting, Setting};

use super::super::session::Session;
use super::messages::ToMember;
use super::{Cells, Work};
use crate::pool::LEAD;
use crate::pool::flat::{flat, rows, to_count, to_number};
use crate::pool::turns::{Batch, Order, Task, Turns};
use crate::protocol::Array;

/// What a prediction starts from.
pub(crate) struct Start {
    /// How cells are rewritten.
    pub(crate) setting: Setting,
    /// Their counts on the panel [n, G]; 0 where a gene was not measured.
    pub(crate) counts: Counts,
    /// Whether the file has a gene of the panel [G].
    pub(crate) has: Vec<bool>,
    /// What each of them is, by condition key.
    pub(crate) with: Vec<BTreeMap<String, String>>,
}

impl Start {
    /// Genes of the panel.
    pub(super) fn genes(&self) -> usize {
        self.has.len()
    }

    /// Cells as the model takes them.
    fn measured(&self, cells: Range<usize>) -> Vec<Measured> {
        let of = |cell: usize| {
            let mut row = vec![0; self.genes()];
            self.counts.dense_row(cell, &mut row);
            let counts = row.into_iter().zip(&self.has).map(|(count, has)| has.then_some(count)).collect();
            Measured { with: self.with[cell].clone(), counts }
        };
        cells.map(of).collect()
    }

    /// What a helper is told of a batch.
    pub(super) fn asked(&self, job: u32, batch: Batch) -> (ToMember, Array) {
        let cells = self.measured(batch.first..batch.first + batch.cells);
        let (with, counts): (Vec<_>, Vec<_>) = cells.into_iter().map(|own| (own.with, own.counts)).unzip();
        let message = ToMember::Rewrite { job, batch, setting: self.setting.clone(), with };
        (message, Array::F64(flat(&counts, to_number)))
    }
}

/// The cells of [`ToMember::Rewrite`].
pub(super) fn measured(with: Vec<BTreeMap<String, String>>, arrays: Vec<Array>, genes: usize) -> Vec<Measured> {
    let counts = arrays.into_iter().next().map(Array::f64).unwrap_or_default();
    with.into_iter().zip(rows(&counts, genes, to_count)).map(|(with, counts)| Measured { with, counts }).collect()
}

/// The arrays of [`super::messages::FromMember::Rewritten`].
pub(super) fn to_arrays(own: &Rewritten) -> [Array; 5] {
    let sides = [&own.perturbed, &own.control];
    let [perturbed, control] = sides.map(|side| Array::F64(flat(&side.counts, f64::from)));
    let [expected, expected_control] = sides.map(|side| Array::F32(side.expected.concat()));
    [perturbed, control, expected, expected_control, Array::U8(flat(&own.kept, u8::from))]
}

/// Rewritten cells of these arrays.
pub(super) fn of_arrays(arrays: Vec<Array>, genes: usize) -> Rewritten {
    let mut arrays = arrays.into_iter();
    let mut next = || arrays.next().unwrap_or(Array::U8(Vec::new()));
    let [perturbed, control] = [next().f64(), next().f64()];
    let [expected, expected_control] = [next().f32(), next().f32()];
    let side = |counts: &[f64], expected: &[f32]| Side {
        counts: rows(counts, genes, |own| own as u32),
        expected: rows(expected, genes, |own| own),
    };
    Rewritten {
        perturbed: side(&perturbed, &expected),
        control: side(&control, &expected_control),
        kept: rows(&next().bytes(), genes, |own| own > 0),
    }
}

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
