//! What the page knows of predictions that start from a visitor's own cells.
//!
//! Does: keeps what is chosen, what the worker told and what was predicted.
//! Does not know: how cells are predicted, shown or asked for.
//! Flow: form and worker's messages → **prediction** → Data view.

use std::collections::BTreeMap;
use std::sync::Arc;

use leptos::prelude::*;

use crate::protocol::Provenance;
use crate::protocol::what_if::{About, Types, Wanted, Who};
use crate::what_if::{FIRST, KEEP};

/// Genes that were drawn, with their shifts.
#[derive(Debug, Default, PartialEq)]
pub(in crate::ui) struct Shifts {
    pub(in crate::ui) genes: Vec<String>,
    pub(in crate::ui) change: Vec<f64>,
    pub(in crate::ui) p: Vec<f64>,
    pub(in crate::ui) q: Vec<f64>,
    /// Means of normalised counts: measured cells, control twins, predicted cells.
    pub(in crate::ui) means: [Vec<f64>; 3],
    pub(in crate::ui) low: Vec<f64>,
    pub(in crate::ui) high: Vec<f64>,
    /// Share of the cells in which the gene was drawn.
    pub(in crate::ui) drawn: Vec<f64>,
}

/// Genes by cell type.
#[derive(Debug, Default, PartialEq)]
pub(in crate::ui) struct TypeDots {
    pub(in crate::ui) genes: Vec<String>,
    /// Types with their cells.
    pub(in crate::ui) types: Vec<(String, u32)>,
    /// Share of cells with each gene [types, 3, genes]: measured cells, control twins, predicted cells.
    pub(in crate::ui) share: Vec<f64>,
    /// Mean log-normalised expression, likewise.
    pub(in crate::ui) mean: Vec<f64>,
}

/// What the part knows, as signals.
#[derive(Clone, Copy)]
pub(in crate::ui) struct WhatIfStore {
    pub(in crate::ui) who: RwSignal<Who>,
    pub(in crate::ui) most: RwSignal<u32>,
    /// Perturbations; none while the page's own suggestion stands.
    pub(in crate::ui) with: RwSignal<Option<Vec<String>>>,
    /// Where types come from; none while the page's own suggestion stands.
    pub(in crate::ui) types: RwSignal<Option<Types>>,
    /// The model's names for names of the file that it does not know, by label and name, given by hand.
    pub(in crate::ui) named: RwSignal<BTreeMap<(String, String), String>>,
    pub(in crate::ui) keep: RwSignal<f32>,
    pub(in crate::ui) guidance: RwSignal<Option<f32>>,
    pub(in crate::ui) steps: RwSignal<Option<u32>>,
    pub(in crate::ui) seed: RwSignal<u32>,
    /// Task in work.
    pub(in crate::ui) working: RwSignal<Option<u32>>,
    /// What the cells on the screen are of.
    pub(in crate::ui) ran: RwSignal<Option<Wanted>>,
    pub(in crate::ui) about: RwSignal<Option<Arc<About>>>,
    /// Place of each predicted cell's own measured one.
    pub(in crate::ui) origins: RwSignal<Arc<Vec<usize>>>,
    /// Coordinates of the predicted cells so far [2 m].
    pub(in crate::ui) cells: RwSignal<Arc<Vec<f32>>>,
    pub(in crate::ui) shifts: RwSignal<Option<Arc<Shifts>>>,
    pub(in crate::ui) provenance: RwSignal<Option<Arc<Provenance>>>,
    /// Genes of the dot plot; none while the page's own choice stands.
    pub(in crate::ui) genes: RwSignal<Option<Vec<String>>>,
    pub(in crate::ui) dots: RwSignal<Option<Arc<TypeDots>>>,
    /// How the last task ended, in words.
    pub(in crate::ui) ended: RwSignal<String>,
    /// Whether lines join predicted cells with their measured ones.
    pub(in crate::ui) lines: RwSignal<bool>,
}

impl WhatIfStore {
    pub(in crate::ui) fn new() -> Self {
        Self {
            who: RwSignal::new(Who::All),
            most: RwSignal::new(FIRST),
            with: RwSignal::new(None),
            types: RwSignal::new(None),
            named: RwSignal::new(BTreeMap::new()),
            keep: RwSignal::new(KEEP),
            guidance: RwSignal::new(None),
            steps: RwSignal::new(None),
            seed: RwSignal::new(1),
            working: RwSignal::new(None),
            ran: RwSignal::new(None),
            about: RwSignal::new(None),
            origins: RwSignal::new(Arc::default()),
            cells: RwSignal::new(Arc::default()),
            shifts: RwSignal::new(None),
            provenance: RwSignal::new(None),
            genes: RwSignal::new(None),
            dots: RwSignal::new(None),
            ended: RwSignal::new(String::new()),
            lines: RwSignal::new(false),
        }
    }

    /// Forgets what was chosen of a file and what was predicted.
    pub(in crate::ui) fn clear(&self) {
        self.who.set(Who::All);
        self.with.set(None);
        self.types.set(None);
        self.named.set(BTreeMap::new());
        self.ended.set(String::new());
        self.forget();
    }

    /// Forgets what was predicted.
    pub(in crate::ui) fn forget(&self) {
        self.working.set(None);
        self.ran.set(None);
        self.about.set(None);
        self.origins.set(Arc::default());
        self.cells.set(Arc::default());
        self.shifts.set(None);
        self.genes.set(None);
        self.dots.set(None);
        self.provenance.set(None);
    }

    /// Whether a prediction is in work.
    pub(in crate::ui) fn is_working(&self) -> bool {
        self.working.with(Option::is_some)
    }
}
