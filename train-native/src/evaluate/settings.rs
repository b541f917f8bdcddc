//! How cells of held-out groups are generated.
//!
//! Does: holds what a command was given.
//! Does not know: bundles, scores.
//! Flow: command line → **settings** → every comparison of `evaluate`.

use model::sample::Effort;

/// How to generate.
pub struct Settings {
    /// Guidance.
    pub guidance: f32,
    /// Sampling steps.
    pub steps: usize,
    /// Seed.
    pub seed: u64,
    /// Most cells of a donor and a perturbation.
    pub most: usize,
    /// Cells for every measured one, up to `most`.
    pub times: usize,
    /// How much the device does at once.
    pub effort: Effort,
    /// Gene sets whose scores are compared (places in the bundle's panel); none: components of the training cells.
    pub sets: Option<Vec<Vec<u32>>>,
}
