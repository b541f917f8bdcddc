//! Genes: the table of shifts, the figures, the list of genes to watch.
//!
//! Does: gathers them, keeps what only they need, writes a gene's numbers alike everywhere.
//! Does not know: how shifts were tested.
//! Flow: store's shifts and values → **table, figures** → chosen gene.

mod dots;
mod figure;
mod figures;
mod filters;
mod heat;
mod list;
mod row;
mod save;
mod table;
mod twin;

use std::sync::Arc;

use leptos::prelude::*;

use super::store::{Measured, ShiftTable, Store};
use crate::gene_rows::Columns;
use crate::protocol::Comparison;
use crate::protocol::card::Card;
use crate::sides;

pub(super) use figure::{Figure, panel};
pub(super) use figures::Figures;
pub(super) use list::shown;
pub(super) use table::GeneTable;
pub(super) use twin::Twin;

/// A clustered matrix of genes × cells, as the worker made it.
#[derive(Debug, PartialEq)]
pub(super) struct Heat {
    /// Which cells stand beside which.
    comparison: Comparison,
    /// Genes in the order of the rows.
    genes: Vec<String>,
    /// Cells shown: control, perturbed.
    cells: (usize, usize),
    /// Log-normalised values [genes, cells].
    values: Vec<f32>,
}

/// What only the genes' views need.
#[derive(Clone, Copy)]
pub(super) struct GenesStore {
    heat: RwSignal<Option<Arc<Heat>>>,
    /// Whether the heat map shows single cells, or means of groups.
    single_cells: RwSignal<bool>,
    /// Whether it shows distances from the gene's mean, or expression itself.
    standardised: RwSignal<bool>,
    /// Whether figures stand as tables below themselves.
    as_table: RwSignal<bool>,
}

impl GenesStore {
    pub(super) fn new() -> Self {
        Self {
            heat: RwSignal::new(None),
            single_cells: RwSignal::new(true),
            standardised: RwSignal::new(true),
            as_table: RwSignal::new(false),
        }
    }

    /// Forgets the results of the last run.
    pub(super) fn clear(&self) {
        self.heat.set(None);
    }

    /// The matrix, to be brought back.
    pub(super) fn heat(&self) -> Option<Arc<Heat>> {
        self.heat.get_untracked()
    }

    /// What was kept.
    pub(super) fn bring_back(&self, heat: Option<Arc<Heat>>) {
        self.heat.set(heat);
    }

    /// Takes the worker's matrix.
    pub(super) fn take_heat(&self, comparison: Comparison, genes: Vec<String>, cells: (u32, u32), values: Vec<f32>) {
        let cells = (cells.0 as usize, cells.1 as usize);
        let whole = values.len() == genes.len() * (cells.0 + cells.1);
        self.heat.set(whole.then(|| Arc::new(Heat { comparison, genes, cells, values })));
    }
}

/// All numbers of all genes.
fn columns<'a>(table: &'a ShiftTable, card: &'a Card, measured: Option<&'a Measured>) -> Columns<'a> {
    Columns {
        genes: &card.genes,
        change: &table.change,
        p: &table.p,
        q: &table.q,
        control: &table.control,
        perturbed: &table.perturbed,
        low: &table.low,
        high: &table.high,
        measured: measured.map(|measured| (measured.control.as_slice(), measured.perturbed.as_slice())),
    }
}

/// The chosen gene.
pub(super) fn chosen(store: Store) -> Option<String> {
    store.state.with(|state| state.gene.clone())
}

/// Chooses a gene everywhere.
pub(super) fn choose(store: Store, gene: &str) {
    if untrack(|| chosen(store)).as_deref() != Some(gene) {
        store.change(|state| state.gene = Some(gene.to_owned()));
    }
}

/// Names of the groups of generated cells that are shown, for legends.
pub(super) fn groups(store: Store) -> Vec<String> {
    let (card, shown) = (store.card.get(), store.shown.get());
    card.map(|card| store.with_results(|state| sides::groups(&card, state, shown))).unwrap_or_default()
}

/// Why a figure of single cells is not there yet.
pub(super) fn waits(store: Store, usually: &'static str) -> &'static str {
    if store.ahead.is_shown() {
        "The precomputed result holds no values of single cells, which this figure needs: press Generate for cells of your own."
    } else {
        usually
    }
}

/// A probability for a table cell; one too small to be written is never 0.
pub(super) fn small(value: f64) -> String {
    crate::expression::probability(value)
}

/// A change for a table cell; a dash where there is none.
pub(super) fn change(value: f64) -> String {
    if value.is_finite() { format!("{value:.2}").replace('-', "−") } else { "–".to_owned() }
}

/// A fold change in words where one side has no counts at all: the number is then only a convention.
pub(super) fn fold_change(table: &ShiftTable, gene: usize) -> String {
    match (table.control[gene] > 0.0, table.perturbed[gene] > 0.0) {
        (false, true) => "new".to_owned(),
        (true, false) => "gone".to_owned(),
        _ => change(table.change[gene]),
    }
}

/// A mean of normalised counts.
pub(super) fn mean(value: f64) -> String {
    if value > 0.0 && value < 0.01 { "< 0.01".to_owned() } else { format!("{value:.2}") }
}
