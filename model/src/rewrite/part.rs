//! Some measured cells through the sampler, step by step.
//!
//! Does: runs cells under the perturbation and their control twins to the end, one step at a time, and gives back what was
//! drawn of them beside what stayed.
//! Does not know: files, names of genes, clocks, threads.
//! Flow: measured cells → pair of requests → **steps** → drawn cells → `wellplate predict`, the page's worker.

use burn::tensor::ExecutionError;

use super::{Measured, RewriteError, Rewriting};
use crate::network::Network;
use crate::sample::{Effort, Request, Run};

/// One side of some cells in panel order; where a gene was kept, what was measured stands.
#[derive(Clone, Debug, PartialEq)]
pub struct Side {
    /// Counts [cells][G].
    pub counts: Vec<Vec<u32>>,
    /// Mean of the distribution that each count was drawn from [cells][G].
    pub expected: Vec<Vec<f32>>,
}

/// Rewritten cells.
#[derive(Clone, Debug, PartialEq)]
pub struct Rewritten {
    /// Under the perturbation.
    pub perturbed: Side,
    /// Under the control, by the same draws.
    pub control: Side,
    /// Whether a gene stayed as it was measured [cells][G].
    pub kept: Vec<Vec<bool>>,
}

/// Cells in work.
pub struct Part {
    cells: Vec<Measured>,
    kept: Vec<Vec<bool>>,
    /// Under the perturbation, and under the control.
    runs: [Run; 2],
    /// Branches of the network that a step of either goes through.
    weights: [f64; 2],
    /// Weighted cells that are finished, and those of the batch in work as far as it is.
    done: [f64; 2],
}

impl Part {
    /// Prepares cells, of which the first has the number `first` ([`Rewriting::pair`]); nothing is drawn yet.
    ///
    /// # Errors
    /// As [`Rewriting::pair`].
    pub async fn new(
        rewriting: &mut Rewriting<'_>,
        cells: Vec<Measured>,
        first: usize,
        effort: Effort,
    ) -> Result<Self, RewriteError> {
        let pair = rewriting.pair(&cells, first).await?;
        let weights = [&pair.perturbed, &pair.control].map(|asked| Request::branches(asked) as f64);
        let (network, [perturbed, control]) = (rewriting.network, rewriting.prepared.each_ref());
        let runs = [(perturbed, pair.perturbed), (control, pair.control)]
            .map(|(prepared, asked)| Run::prepared(network, prepared.clone(), asked, effort));
        Ok(Self { cells, kept: pair.kept, runs, weights, done: [0.0; 2] })
    }

    /// The next step; gives the share of these cells' work that is done: 1 when nothing is left.
    ///
    /// # Errors
    /// When the device fails.
    pub async fn step(&mut self, network: &Network) -> Result<f64, ExecutionError> {
        let Some(side) = self.runs.iter().position(|run| !run.is_finished()) else { return Ok(1.0) };
        let step = self.runs[side].step(network).await?;
        let within = if step.finished.is_some() {
            0.0
        } else {
            step.cells.len() as f64 * step.step as f64 / step.steps.max(1) as f64
        };
        self.done[side] = step.done as f64 + within;
        if self.runs.iter().all(Run::is_finished) {
            return Ok(1.0);
        }
        let all = self.cells.len() as f64 * (self.weights[0] + self.weights[1]);
        Ok((self.done[0] * self.weights[0] + self.done[1] * self.weights[1]) / all.max(1.0))
    }

    /// What was drawn, and what stayed.
    pub fn finish(self) -> Rewritten {
        let [perturbed, control] = self.runs.each_ref().map(|run| side(run, &self.cells, &self.kept));
        Rewritten { perturbed, control, kept: self.kept }
    }
}

/// One side of finished cells.
fn side(run: &Run, cells: &[Measured], kept: &[Vec<bool>]) -> Side {
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
    Side { counts, expected }
}
