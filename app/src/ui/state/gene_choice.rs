//! The chosen gene, and what the results hold of all of them.
//!
//! Does: chooses a gene everywhere, hands out a table's columns and the names of the groups that are shown.
//! Does not know: how genes are sorted or drawn.
//! Flow: state ⇄ **chosen gene** ⇄ table, figures.

use leptos::prelude::*;

use super::store::Store;
use super::tables::{Measured, ShiftTable};
use crate::gene_rows::Columns;
use crate::protocol::card::Card;
use crate::sides;

/// All numbers of all genes.
pub(in crate::ui) fn columns<'a>(table: &'a ShiftTable, card: &'a Card, measured: Option<&'a Measured>) -> Columns<'a> {
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
pub(in crate::ui) fn chosen(store: Store) -> Option<String> {
    store.state.with(|state| state.gene.clone())
}

/// Chooses a gene everywhere.
pub(in crate::ui) fn choose(store: Store, gene: &str) {
    if untrack(|| chosen(store)).as_deref() != Some(gene) {
        store.change(|state| state.gene = Some(gene.to_owned()));
    }
}

/// Names of the groups of generated cells that are shown, for legends.
pub(in crate::ui) fn groups(store: Store) -> Vec<String> {
    let (card, shown) = (store.card.get(), store.shown.get());
    card.map(|card| store.with_results(|state| sides::groups(&card, state, shown))).unwrap_or_default()
}
