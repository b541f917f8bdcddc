//! Messages of predictions that start from a visitor's own cells.
//!
//! Does: what is asked of them, what is known before the first is drawn, what was found.
//! Does not know: Leptos, burn.
//! Flow: page → [`Wanted`] → worker → [`Tell`] → page.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::request::Provenance;

/// Which cells of the file are predicted.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Who {
    /// All of them.
    #[default]
    All,
    /// Those whose label reads so.
    Label {
        /// Label.
        key: String,
        /// Its value.
        value: String,
    },
    /// Those nearest to a type of measured cells.
    Nearest(String),
    /// Group A (0) or B (1), however it was chosen.
    Group(u8),
}

/// Where a cell's type comes from.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Types {
    /// The type of the measured cells that are nearest on the map.
    #[default]
    Nearest,
    /// A label of the file, its values in the model's names.
    Label(String),
    /// One type for all.
    Value(String),
}

/// What is asked.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Wanted {
    /// Cells to start from.
    pub who: Who,
    /// Most of them, taken evenly.
    pub most: u32,
    /// Perturbations by condition key.
    pub with: BTreeMap<String, Vec<String>>,
    /// Their types.
    pub types: Types,
    /// The model's names of types for names of the file's label that it does not know, given by hand.
    pub named: BTreeMap<String, String>,
    /// Share of the measured genes that stays visible.
    pub keep: f32,
    /// Guidance scale w.
    pub guidance: f32,
    /// Sampling steps N.
    pub steps: u32,
    /// Seed.
    pub seed: u32,
}

impl Wanted {
    /// The label whose names were given meanings by hand, and these; none where none was.
    pub fn named(&self) -> Option<(String, BTreeMap<String, String>)> {
        match &self.types {
            Types::Label(key) if !self.named.is_empty() => Some((key.clone(), self.named.clone())),
            _ => None,
        }
    }
}

/// What is known of the cells before the first is drawn.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct About {
    /// Cells that are predicted.
    pub cells: u32,
    /// Cells that were chosen, of which these are taken evenly.
    pub chosen: u32,
    /// What they are, in words.
    pub words: String,
    /// Their types in the model's names, the most common first.
    pub types: Vec<(String, u32)>,
    /// Cells whose type is left open.
    pub open: u32,
    /// Genes of the model that the file has, and all genes of the model.
    pub genes: (u32, u32),
    /// Genes of the map that the file has, and all genes of the map.
    pub map_genes: (u32, u32),
    /// Share of the cells' counts that falls on genes of the model.
    pub inside: f64,
    /// Cells with fewer or more counts in these than any cell of training, whose sizes follow.
    pub outside: u32,
    /// Smallest and largest library size of the training cells.
    pub sizes: (u32, u32),
    /// Median share of a cell's nearest measured cells that agree on its type; none without types.
    pub sure: Option<f64>,
    /// Cells that lie farther from their nearest training cells than 99 of 100 training cells from theirs, and how many
    /// times as far as a training cell the middle one lies; none without a map.
    pub apart: Option<(u32, f64)>,
    /// Share of the shared genes that stays as measured, as it was asked for.
    pub keep: f32,
    /// What else should be known.
    pub notes: Vec<String>,
}

/// From the worker.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Tell {
    /// The cells are chosen. Array f64 [n]: the place of each among the visitor's cells.
    Begun {
        /// Task.
        job: u32,
        /// What they are.
        about: About,
    },
    /// Cells are predicted. Array f32 [2 m]: their coordinates.
    Cells {
        /// Task.
        job: u32,
        /// Place of the first.
        first: u32,
    },
    /// All are predicted and their genes tested, those that were drawn in at least one cell. Arrays: gene names as bytes,
    /// one a line; f64 [genes]: log2 fold change, p, q, mean of the measured cells, of their control twins, of the predicted
    /// cells, low, high, share of the cells in which the gene was drawn.
    Done {
        /// Task.
        job: u32,
        /// What made them.
        provenance: Provenance,
        /// How long it took.
        seconds: f64,
    },
    /// Genes by cell type. Arrays f64 [types, 3, genes]: share of cells with the gene, mean log-normalised expression, of
    /// measured cells, control twins and predicted cells.
    Dots {
        /// Genes, of those that were asked for.
        genes: Vec<String>,
        /// Types with their cells.
        types: Vec<(String, u32)>,
    },
}
