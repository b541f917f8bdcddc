//! Comparisons of a run's cells.
//!
//! Does: tests all genes between the two sides of a comparison, looks for a cancel between genes, adds intervals over
//! replicate seeds, posts the table.
//! Does not know: how cells were made.
//! Flow: cells of two sides → **table of shifts**.

use cells::de::{Differential, GeneShift};

use super::made::Sampled;
use super::outbox::{breathe, send};
use super::session::Session;
use crate::protocol::{Array, Comparison, FromWorker};
use crate::replicates::interval;

/// Genes tested between looks at the queue.
const GENES_PER_BREATH: usize = 1000;

/// One number of every gene.
pub(crate) fn column(found: &[GeneShift], value: fn(&GeneShift) -> f64) -> Array {
    Array::F64(found.iter().map(value).collect())
}

/// Why a comparison ended early.
pub(crate) enum Early {
    /// It was stopped.
    Stopped,
    /// A sentence.
    Failed(String),
}

/// Ends of the intervals over replicate seeds, [G] each, and the seeds that are finished on both sides. A seed's cells
/// are drawn with the same random numbers on both sides, so its difference is one observation.
fn over_seeds(genes: usize, control: &Sampled, moved: &Sampled) -> (Vec<f64>, Vec<f64>, usize) {
    let seeds = control.means.len().min(moved.means.len());
    let of = |gene: usize| {
        let differences: Vec<f64> =
            control.means.iter().zip(&moved.means).map(|(control, moved)| moved[gene] - control[gene]).collect();
        interval(&differences)
    };
    let (low, high) = (0..genes).map(of).unzip();
    (low, high, seeds)
}

/// Tests all genes and posts them.
pub(crate) async fn post(
    session: &Session,
    run: u32,
    comparison: Comparison,
    (control, moved): (&Sampled, &Sampled),
    is_stopped: impl Fn() -> bool,
) -> Result<(), Early> {
    let sides = (session.normalised(&control.counts), session.normalised(&moved.counts));
    let mut test = Differential::new(&sides.0, &sides.1).map_err(|error| Early::Failed(format!("{error}.")))?;
    while test.step(GENES_PER_BREATH) < 1.0 {
        breathe().await;
        if is_stopped() {
            return Err(Early::Stopped);
        }
    }
    let found = test.finish();
    let column = |value| column(&found, value);
    let (low, high, seeds) = over_seeds(found.len(), control, moved);
    let arrays = [
        column(|shift| shift.log2_fold_change),
        column(|shift| shift.p),
        column(|shift| shift.q),
        column(|shift| shift.mean_control),
        column(|shift| shift.mean_perturbed),
        column(|shift| shift.difference),
        column(|shift| shift.low),
        column(|shift| shift.high),
        Array::F64(low),
        Array::F64(high),
    ];
    let cells = (control.counts.cells() as u32, moved.counts.cells() as u32);
    send(&FromWorker::Shifts { run, comparison, cells, seeds: seeds as u32 }, &arrays);
    Ok(())
}
