//! What `predict` is asked for.
//!
//! Does: holds what a command was given.
//! Does not know: cells, files' contents.
//! Flow: command line → **wish** → `input`, `predict`.

use std::collections::BTreeMap;
use std::path::Path;

use model::card::Choices;
use model::rewrite::Setting;
use model::sample::Effort;

/// What is asked.
pub struct Asked<'a> {
    /// File of cells.
    pub data: &'a Path,
    /// Matrix of it; none: the best.
    pub matrix: Option<&'a str>,
    /// Perturbations by condition key, and values that hold for all cells.
    pub with: &'a BTreeMap<String, Vec<String>>,
    /// obs column of cell types; none: the one of the model's own name.
    pub cell_type_col: Option<&'a str>,
    /// obs column of donors or lines; none: the one of the model's own name, if there is one.
    pub identity_col: Option<&'a str>,
    /// Labels and values of the cells that are taken; none: all.
    pub only: &'a [(String, String)],
    /// Most cells, taken evenly from these; none: all.
    pub at_most: Option<usize>,
    /// Share of the measured genes that stays.
    pub keep: f32,
    /// Guidance, steps and seed.
    pub choices: &'a Choices,
    /// How much the device does at once.
    pub effort: Effort,
    /// Its name for the provenance.
    pub device: &'a str,
}

impl Asked<'_> {
    pub(super) fn setting(&self) -> Setting {
        let Choices { guidance, steps, seed, .. } = *self.choices;
        Setting { with: self.with.clone(), guidance, steps, seed, keep: self.keep }
    }
}
