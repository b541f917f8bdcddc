//! Messages of the plate.
//!
//! Does: typed questions and answers; long arrays travel beside them.
//! Does not know: Leptos, burn.
//! Flow: page → [`Ask`] → worker → [`Tell`] → page.

use serde::{Deserialize, Serialize};

use super::request::{Provenance, Request};

/// A well to be filled with cells.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct WellRequest {
    /// Place on the plate, 0 … 95.
    pub well: u32,
    /// What; its seed is that of its replicate.
    pub request: Request,
}

/// From the page.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Ask {
    /// Generate and test wells, in the order given.
    Run {
        /// Number of the task.
        job: u32,
        /// Wells.
        wells: Vec<WellRequest>,
        /// Seed of the control populations.
        seed: u32,
    },
    /// Order the rows and columns of a heat map by average-linkage clustering.
    Order {
        /// Number of the question: only the answer to the last one counts.
        number: u32,
        /// Values, row by row; gaps are not a number.
        values: Vec<f32>,
        /// Columns of a row.
        columns: u32,
    },
}

/// From the worker.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Tell {
    /// A well is in work.
    Working {
        /// Task.
        job: u32,
        /// Well.
        well: u32,
        /// Share of its own cells that is done; its control population comes before and counts as nothing.
        share: f64,
    },
    /// A well is finished. Arrays of f32 [G]: mean log-normalised expression, its difference from the control
    /// population, log2 fold change, q.
    Well {
        /// Task.
        job: u32,
        /// Well.
        well: u32,
        /// Its cells and those of its control population.
        cells: (u32, u32),
        /// Genes past the cuts.
        genes_shifted: u32,
        /// Root mean square of the difference over the panel.
        rms: f32,
    },
    /// All wells are finished.
    Finished {
        /// Task.
        job: u32,
        /// What made them, without what differs between wells.
        provenance: Provenance,
        /// Seconds it took.
        seconds: f64,
    },
    /// Orders of rows and columns.
    Ordered {
        /// Number of the question.
        number: u32,
        /// Rows.
        rows: Ordered,
        /// Columns.
        columns: Ordered,
    },
}

/// Rows or columns of a matrix in the order of their clustering.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Ordered {
    /// Places, first to last.
    pub order: Vec<u32>,
    /// The tree over that order, a fork each: places of both branches along the order in rows, where both begin and
    /// where they join, as shares of the furthest merge.
    pub tree: Vec<[f32; 5]>,
}
