//! What the page knows of a visitor's own cells.
//!
//! Does: keeps what the worker told of the files, of the cells, their places, colours and groups, and of the test.
//! Does not know: how files are read.
//! Flow: worker's messages → **data** → Data view.

use std::sync::Arc;

use leptos::prelude::*;

use super::what_if::WhatIfStore;
use crate::protocol::data::{Colour, Comparison, Plan, Summary};

/// Values that colour the cells.
#[derive(Debug, PartialEq)]
pub(in crate::ui) struct Coloured {
    pub(in crate::ui) by: Colour,
    /// Names of categories; none for numbers.
    pub(in crate::ui) names: Vec<String>,
    /// Places among the names, or numbers.
    pub(in crate::ui) values: Vec<f32>,
}

/// Shifts of all genes of the file.
#[derive(Debug, Default, PartialEq)]
pub(in crate::ui) struct OwnTable {
    pub(in crate::ui) change: Vec<f64>,
    pub(in crate::ui) p: Vec<f64>,
    pub(in crate::ui) q: Vec<f64>,
    pub(in crate::ui) a: Vec<f64>,
    pub(in crate::ui) b: Vec<f64>,
    pub(in crate::ui) low: Vec<f64>,
    pub(in crate::ui) high: Vec<f64>,
    pub(in crate::ui) cells: (u32, u32),
    pub(in crate::ui) words: (String, String),
    pub(in crate::ui) comparison: Option<Comparison>,
}

/// Size of a group and what it is.
pub(in crate::ui) type GroupAbout = Option<(u32, String)>;

/// What the view knows, as signals.
#[derive(Clone, Copy)]
pub(in crate::ui) struct DataStore {
    pub(in crate::ui) plan: RwSignal<Option<Plan>>,
    /// Why corrected counts were not read, and what to choose to have them rounded.
    pub(in crate::ui) corrected: RwSignal<Option<(String, String)>>,
    pub(in crate::ui) summary: RwSignal<Option<Arc<Summary>>>,
    pub(in crate::ui) genes: RwSignal<Arc<Vec<String>>>,
    pub(in crate::ui) places: RwSignal<Arc<Vec<f32>>>,
    pub(in crate::ui) colour: RwSignal<Colour>,
    pub(in crate::ui) coloured: RwSignal<Option<Arc<Coloured>>>,
    pub(in crate::ui) groups: RwSignal<[GroupAbout; 2]>,
    pub(in crate::ui) table: RwSignal<Option<Arc<OwnTable>>>,
    /// The model on whose map the cells were placed.
    pub(in crate::ui) placed_by: RwSignal<String>,
    /// What a perturbation would do to the cells.
    pub(in crate::ui) what_if: WhatIfStore,
}

impl DataStore {
    pub(in crate::ui) fn new() -> Self {
        Self {
            plan: RwSignal::new(None),
            corrected: RwSignal::new(None),
            summary: RwSignal::new(None),
            genes: RwSignal::new(Arc::default()),
            places: RwSignal::new(Arc::default()),
            colour: RwSignal::new(Colour::Nearest),
            coloured: RwSignal::new(None),
            groups: RwSignal::new([None, None]),
            table: RwSignal::new(None),
            placed_by: RwSignal::new(String::new()),
            what_if: WhatIfStore::new(),
        }
    }

    /// Forgets the cells.
    pub(in crate::ui) fn clear(&self) {
        self.summary.set(None);
        self.genes.set(Arc::default());
        self.places.set(Arc::default());
        self.colour.set(Colour::Nearest);
        self.coloured.set(None);
        self.groups.set([None, None]);
        self.table.set(None);
        self.what_if.clear();
    }
}
