//! Results that came with a bundle, on their way to the page.
//!
//! Does: what they are of, and how the long arrays beside them are cut. They come before the model is ready: nothing
//! has to be computed for them.
//! Does not know: how they are stored, when they are shown.
//! Flow: worker → **[`Tell`]** → page.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// What made them.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Made {
    /// Version of the program that made them.
    pub version: String,
    /// Device.
    pub device: String,
    /// Seed; in words, since it may be longer than a number of JavaScript.
    pub seed: String,
    /// Guidance of perturbed cells.
    pub guidance: f32,
    /// Sampling steps.
    pub steps: u32,
    /// Cells of every set.
    pub cells: u32,
    /// Genes that were tested.
    pub tested: u32,
    /// SHA-256 of the bundle's card.
    pub bundle: String,
}

/// A set of cells.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Set {
    /// Value of every condition, by key.
    pub with: BTreeMap<String, String>,
    /// Cells on the map.
    pub points: u32,
    /// Genes that are told of.
    pub genes: u32,
    /// Genes that tell it apart from other cell types, surest first.
    pub typical: Vec<u32>,
}

/// A comparison.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Compared {
    /// Place of the control cells among the sets.
    pub control: u32,
    /// Place of the perturbed cells.
    pub perturbed: u32,
    /// Genes that are told of.
    pub genes: u32,
    /// Genes of all that were tested with q below 0.05.
    pub shifted: u32,
}

/// All results of a bundle. Arrays of f32, of all sets one after the other: the map's coordinates of measured cells,
/// those of the sets' cells [n, 2], places of genes, means of log-normalised expression, shares of cells with the gene;
/// then, of all comparisons, places of genes and arrays of f64: log2 fold change, p, q, control mean, perturbed mean,
/// low and high end of the difference.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Tell {
    /// Folder of the bundle.
    pub folder: String,
    /// `bundle.json`.
    pub card: String,
    /// What made them.
    pub made: Made,
    /// Sets.
    pub sets: Vec<Set>,
    /// Comparisons.
    pub comparisons: Vec<Compared>,
}
