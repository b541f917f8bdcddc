//! Cells and tables of a run as they arrive, and who made them.
//!
//! Does: puts the worker's arrays where the views read them.
//! Does not know: how cells were made or tested.
//! Flow: worker's arrays → **results** → views.

use std::sync::Arc;

use leptos::prelude::*;

use super::store::Store;
use super::tables::{Measured, ShiftTable};
use crate::protocol::{Array, Comparison, Provenance, Scenario};

impl Store {
    /// Takes a table of shifts.
    pub(in crate::ui) fn add_shifts(
        &self,
        comparison: Comparison,
        cells: (u32, u32),
        seeds: u32,
        mut column: impl FnMut() -> Vec<f64>,
    ) {
        let (change, p, q, control, perturbed) = (column(), column(), column(), column(), column());
        let _difference = column();
        let (low, high, seeds_low, seeds_high) = (column(), column(), column(), column());
        let table = ShiftTable { change, p, q, control, perturbed, low, high, seeds_low, seeds_high, seeds, cells };
        self.tables.shifts.update(|all| all[comparison as usize] = Some(Arc::new(table)));
    }

    /// Takes measured means.
    pub(in crate::ui) fn add_measured(&self, comparison: Comparison, measured: Measured) {
        self.tables.measured.update(|all| all[comparison as usize] = Some(Arc::new(measured)));
    }

    /// Takes values of genes.
    pub(in crate::ui) fn add_values(&self, genes: Vec<String>, next: &mut impl FnMut() -> Array) {
        self.tables.values.update(|values| {
            for gene in genes {
                values.insert(gene, Comparison::ALL.map(|_| Arc::new((next().f32(), next().f32()))));
            }
        });
    }

    /// Takes coordinates of finished cells.
    pub(in crate::ui) fn add_cells(&self, scenario: Scenario, first: u32, coordinates: &[f32]) {
        let target = match scenario {
            Scenario::Control => self.control,
            Scenario::Perturbed => self.perturbed,
            Scenario::OtherControl => self.other_control,
            Scenario::Other => self.other,
        };
        target.update(|points| {
            points.truncate(2 * first as usize);
            points.extend_from_slice(coordinates);
        });
    }

    /// What made the results on the screen: a finished run, or whoever precomputed them.
    pub(in crate::ui) fn made_by(&self) -> Option<Provenance> {
        let ahead = || self.ahead.shown.with(|shown| shown.as_ref().map(|shown| shown.provenance.clone()));
        self.provenance.get().or_else(ahead)
    }

    /// Whether cells of the visitor's own are on the screen, of a run that was stopped as well.
    pub(in crate::ui) fn has_own(&self) -> bool {
        let cells = !self.control.with(Vec::is_empty) || !self.perturbed.with(Vec::is_empty);
        (cells || self.provenance.with(Option::is_some)) && !self.ahead.is_shown()
    }
}
