//! Measured cells through the sampler, a part at a time.
//!
//! Does: runs the perturbed cells and their control twins of a part to the end and hands out what was drawn of them.
//! Does not know: files, names of genes, scores, how cells are rewritten (`model::rewrite`).
//! Flow: measured cells → `model::rewrite` → **drawn genes** → `predict`, `evaluate`.

use anyhow::{Context, Result};
use model::bundle::Bundle;
use model::rewrite::part::{Part, Rewritten};
use model::rewrite::{Measured, Rewriting, Setting};
use model::sample::Effort;

use crate::generate::wait;
use crate::runs::{Advance, shares, to_the_end};

/// Cells of a part: what is held dense in memory at once.
pub const PART: usize = 128;

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
    let step = |part: &mut Part| -> Result<Advance> {
        let share = wait(part.step(&bundle.network)).context("the device failed while sampling")?;
        Ok(Advance { done: 0, finished: share >= 1.0 })
    };
    for first in (0..count).step_by(PART) {
        let own: Vec<Measured> = (first..count.min(first + PART)).map(cell).collect();
        let ranges = shares(&bundle.network, own.len());
        let mut parts = Vec::with_capacity(ranges.len());
        for range in &ranges {
            let start = first + range.start;
            parts.push(wait(Part::new(&mut rewriting, own[range.clone()].to_vec(), start, effort))?);
        }
        for (range, part) in ranges.iter().zip(to_the_end(parts, &step, &mut |_| {})?) {
            take(first + range.start, part.finish())?;
        }
    }
    Ok(())
}
