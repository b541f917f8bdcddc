//! Results of a run, as the views read them.
//!
//! Does: keeps the tables of every comparison and hands out those of the one that is shown.
//! Does not know: how any of it is shown, how cells were tested.
//! Flow: worker's arrays → **tables** → views.

use std::collections::BTreeMap;
use std::sync::Arc;

use leptos::prelude::*;

use crate::protocol::Comparison;

/// Shifts of all genes, in panel order.
#[derive(Debug, Default, PartialEq)]
pub(in crate::ui) struct ShiftTable {
    /// log2 fold changes.
    pub(in crate::ui) change: Vec<f64>,
    /// p-values.
    pub(in crate::ui) p: Vec<f64>,
    /// q-values.
    pub(in crate::ui) q: Vec<f64>,
    /// Mean in control cells.
    pub(in crate::ui) control: Vec<f64>,
    /// Mean in perturbed cells.
    pub(in crate::ui) perturbed: Vec<f64>,
    /// Lower end of the difference's interval over cells.
    pub(in crate::ui) low: Vec<f64>,
    /// Upper end.
    pub(in crate::ui) high: Vec<f64>,
    /// Lower end of its interval over replicate seeds; not a number below two of them.
    pub(in crate::ui) seeds_low: Vec<f64>,
    /// Upper end.
    pub(in crate::ui) seeds_high: Vec<f64>,
    /// Replicate seeds behind it.
    pub(in crate::ui) seeds: u32,
    /// Cells compared.
    pub(in crate::ui) cells: (u32, u32),
}

/// Measured cells of the compared cell types.
#[derive(Debug, PartialEq)]
pub(in crate::ui) struct Measured {
    /// Mean log-normalised expression of control cells [G].
    pub(in crate::ui) control: Vec<f32>,
    /// Of perturbed cells [G].
    pub(in crate::ui) perturbed: Vec<f32>,
    /// Cells: control, perturbed.
    pub(in crate::ui) cells: (u32, u32),
    /// Correlation of the measured and the generated effect over all genes.
    pub(in crate::ui) agreement: Option<f64>,
}

/// Values of a gene: control cells, perturbed cells.
pub(in crate::ui) type GeneValues = Arc<(Vec<f32>, Vec<f32>)>;

/// One of each for every comparison.
type Each<T> = [Option<Arc<T>>; Comparison::ALL.len()];

/// Tables of all comparisons.
#[derive(Clone, Copy)]
pub(in crate::ui) struct Tables {
    /// Shifts.
    pub(in crate::ui) shifts: RwSignal<Each<ShiftTable>>,
    /// Measured means.
    pub(in crate::ui) measured: RwSignal<Each<Measured>>,
    /// Values of genes.
    pub(super) values: RwSignal<BTreeMap<String, [GeneValues; Comparison::ALL.len()]>>,
}

/// Tables that can be brought back.
pub(in crate::ui) struct Kept {
    shifts: Each<ShiftTable>,
    measured: Each<Measured>,
    values: BTreeMap<String, [GeneValues; Comparison::ALL.len()]>,
}

/// What is at hand of a comparison, as a memo that changes only when that does.
fn shown_of<T: Send + Sync + 'static>(all: RwSignal<Each<T>>, shown: Memo<Comparison>) -> Memo<Option<Arc<T>>> {
    let of_shown = move |_: Option<&Option<Arc<T>>>| all.with(|all| all[shown.get() as usize].clone());
    // Tables are long and hold what is not a number: one and the same table is enough to know.
    Memo::new_with_compare(of_shown, |before, now| {
        match (before.and_then(Option::as_ref), now.and_then(Option::as_ref)) {
            (Some(before), Some(now)) => !Arc::ptr_eq(before, now),
            (None, None) => before.is_none(),
            _ => true,
        }
    })
}

impl Tables {
    /// Empty ones.
    pub(in crate::ui) fn new() -> Self {
        Self {
            shifts: RwSignal::new(Each::default()),
            measured: RwSignal::new(Each::default()),
            values: RwSignal::new(BTreeMap::new()),
        }
    }

    /// Shifts of the comparison that is shown.
    pub(in crate::ui) fn shown_shifts(self, shown: Memo<Comparison>) -> Memo<Option<Arc<ShiftTable>>> {
        shown_of(self.shifts, shown)
    }

    /// Measured means beside it.
    pub(in crate::ui) fn shown_measured(self, shown: Memo<Comparison>) -> Memo<Option<Arc<Measured>>> {
        shown_of(self.measured, shown)
    }

    /// Values of genes on its two sides.
    pub(in crate::ui) fn shown_values(self, shown: Memo<Comparison>) -> Signal<BTreeMap<String, GeneValues>> {
        Signal::derive(move || {
            let place = shown.get() as usize;
            self.values.with(|all| all.iter().map(|(gene, each)| (gene.clone(), each[place].clone())).collect())
        })
    }

    /// Values of a gene on both sides of a comparison.
    pub(in crate::ui) fn values_of(self, gene: &str, comparison: Comparison) -> Option<GeneValues> {
        self.values.with(|all| all.get(gene).map(|each| each[comparison as usize].clone()))
    }

    /// Which comparisons have a table.
    pub(in crate::ui) fn there(self) -> [bool; Comparison::ALL.len()] {
        self.shifts.with(|all| std::array::from_fn(|place| all[place].is_some()))
    }

    /// All of it, to be brought back.
    pub(in crate::ui) fn keep(self) -> Kept {
        Kept {
            shifts: self.shifts.get_untracked(),
            measured: self.measured.get_untracked(),
            values: self.values.get_untracked(),
        }
    }

    /// What was kept.
    pub(in crate::ui) fn bring_back(self, kept: &Kept) {
        self.shifts.set(kept.shifts.clone());
        self.measured.set(kept.measured.clone());
        self.values.set(kept.values.clone());
    }

    /// Forgets everything.
    pub(in crate::ui) fn clear(self) {
        self.shifts.set(Each::default());
        self.measured.set(Each::default());
        self.values.set(BTreeMap::new());
    }
}
