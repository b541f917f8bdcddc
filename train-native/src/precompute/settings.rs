//! How results are made ahead of time.
//!
//! Does: holds what a command was given.
//! Does not know: cells, bundles.
//! Flow: command line → **settings** → `plan`, `precompute`.

use model::sample::Effort;

/// How to make results.
#[derive(Clone, Debug, PartialEq)]
pub struct Settings {
    /// Cells of every set.
    pub cells: usize,
    /// Genes of a comparison beside the markers.
    pub top: usize,
    /// Most conditions.
    pub most: usize,
    /// Most cells of a set that are placed on the map.
    pub points: usize,
    /// Seed of every set.
    pub seed: u64,
    /// Identities (donors, cell lines) in this order; all, the default of the page first, when empty.
    pub identities: Vec<String>,
    /// How much the device does at once.
    pub effort: Effort,
    /// The device, for people.
    pub device: String,
}
