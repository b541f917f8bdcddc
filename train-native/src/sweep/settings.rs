//! What a sweep is asked for.
//!
//! Does: holds what a command was given.
//! Does not know: bundles, cells.
//! Flow: command line → **settings** → plan, sweep.

use model::sample::Effort;

/// What to look at.
#[derive(Clone, Copy, Debug)]
pub struct Settings {
    /// Cells of every item of the plan; an eighth, and at least one, where there are 256 steps.
    pub cells: usize,
    /// Every n-th value of a condition alone; 1 is all of them. Where it is more, compositions are tried once each.
    pub every: usize,
    /// Sampling steps of the longest run.
    pub most_steps: usize,
    /// Seed.
    pub seed: u64,
    /// How much the device does at once.
    pub effort: Effort,
}
