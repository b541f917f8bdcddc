//! Measured cells through the sampler, a part at a time.
//!
//! Does: runs the perturbed cells and their control twins of a part to the end and gives back what was drawn of them.
//! Does not know: files, names of genes, scores.
//! Flow: measured cells → `model::rewrite` → sampler → **drawn genes** → `predict`, `evaluate`.

use anyhow::{Context, Result};
use model::bundle::Bundle;
use model::rewrite::{Measured, Rewriting, Setting};
use model::sample::{Effort, Request, Run};

use crate::generate::wait;

/// Cells of a part: what is held dense in memory at once.
pub const PART: usize = 128;

/// One side of some cells in panel order; where a gene was kept, what was measured stands.
pub struct Side {
    /// Counts [cells][G].
    pub counts: Vec<Vec<u32>>,
    /// Mean of the distribution that each count was drawn from [cells][G].
    pub expected: Vec<Vec<f32>>,
}

/// Rewritten cells of a part.
pub struct Rewritten {
    /// Under the perturbation.
    pub perturbed: Side,
    /// Under the control, by the same draws.
    pub control: Side,
    /// Whether a gene stayed as it was measured [cells][G].
    pub kept: Vec<Vec<bool>>,
}

/// Rewrites `count` cells part by part; `cell` gives each by its number, `take` gets the number of a part's first cell and
/// the part.
///
/// # Errors
/// When a choice is unknown, the device fails, or `take` refuses a part.
pub fn rewrite(
    bundle: &Bundle,
    setting: &Setting,
    (count, cell): (usize, &dyn Fn(usize) -> Measured),
    effort: Effort,
    take: &mut dyn FnMut(usize, Rewritten) -> Result<()>,
) -> Result<()> {
    let mut rewriting = Rewriting::new(bundle, setting.clone())?;
    for first in (0..count).step_by(PART) {
        let own: Vec<Measured> = (first..count.min(first + PART)).map(cell).collect();
        let pair = wait(rewriting.pair(&own, first))?;
        let perturbed = side(bundle, pair.perturbed, &own, &pair.kept, effort)?;
        let control = side(bundle, pair.control, &own, &pair.kept, effort)?;
        take(first, Rewritten { perturbed, control, kept: pair.kept })?;
    }
    Ok(())
}

/// Draws one side.
fn side(bundle: &Bundle, asked: Request, cells: &[Measured], kept: &[Vec<bool>], effort: Effort) -> Result<Side> {
    let mut run = Run::new(&bundle.network, asked, effort);
    while !run.is_finished() {
        wait(run.step(&bundle.network)).context("the device failed while sampling")?;
    }
    let mut counts = run.counts(0..cells.len());
    let mut expected: Vec<Vec<f32>> = (0..cells.len()).map(|cell| run.expected(cell).to_vec()).collect();
    for (cell, own) in cells.iter().enumerate() {
        // The network reads counts above 100 in steps; what was measured is given back as it was.
        for (gene, count) in own.counts.iter().enumerate().filter(|(gene, _)| kept[cell][*gene]) {
            let count = count.unwrap_or_default();
            counts[cell][gene] = count;
            expected[cell][gene] = count as f32;
        }
    }
    Ok(Side { counts, expected })
}
