//! What only the genes' views need.
//!
//! Does: keeps the clustered matrix and how figures are shown.
//! Does not know: how shifts were tested, how the matrix was clustered.
//! Flow: worker's matrix → **genes** → figures.

use std::sync::Arc;

use leptos::prelude::*;

use crate::protocol::Comparison;

/// A clustered matrix of genes × cells, as the worker made it.
#[derive(Debug, PartialEq)]
pub(in crate::ui) struct Heat {
    /// Which cells stand beside which.
    pub(in crate::ui) comparison: Comparison,
    /// Genes in the order of the rows.
    pub(in crate::ui) genes: Vec<String>,
    /// Cells shown: control, perturbed.
    pub(in crate::ui) cells: (usize, usize),
    /// Log-normalised values [genes, cells].
    pub(in crate::ui) values: Vec<f32>,
}

/// What only the genes' views need.
#[derive(Clone, Copy)]
pub(in crate::ui) struct GenesStore {
    pub(in crate::ui) heat: RwSignal<Option<Arc<Heat>>>,
    /// Whether the heat map shows single cells, or means of groups.
    pub(in crate::ui) single_cells: RwSignal<bool>,
    /// Whether it shows distances from the gene's mean, or expression itself.
    pub(in crate::ui) standardised: RwSignal<bool>,
    /// Whether figures stand as tables below themselves.
    pub(in crate::ui) as_table: RwSignal<bool>,
}

impl GenesStore {
    pub(in crate::ui) fn new() -> Self {
        Self {
            heat: RwSignal::new(None),
            single_cells: RwSignal::new(true),
            standardised: RwSignal::new(true),
            as_table: RwSignal::new(false),
        }
    }

    /// Forgets the results of the last run.
    pub(in crate::ui) fn clear(&self) {
        self.heat.set(None);
    }

    /// The matrix, to be brought back.
    pub(in crate::ui) fn heat(&self) -> Option<Arc<Heat>> {
        self.heat.get_untracked()
    }

    /// What was kept.
    pub(in crate::ui) fn bring_back(&self, heat: Option<Arc<Heat>>) {
        self.heat.set(heat);
    }

    /// Takes the worker's matrix.
    pub(in crate::ui) fn take_heat(
        &self,
        comparison: Comparison,
        genes: Vec<String>,
        cells: (u32, u32),
        values: Vec<f32>,
    ) {
        let cells = (cells.0 as usize, cells.1 as usize);
        let whole = values.len() == genes.len() * (cells.0 + cells.1);
        self.heat.set(whole.then(|| Arc::new(Heat { comparison, genes, cells, values })));
    }
}
