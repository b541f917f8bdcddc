//! What the page knows of the plate. It outlives the view, so that a run goes on while another one is open.
//!
//! Does: keeps finished and waiting wells, the selection, the tool, a paste in the making.
//! Does not know: how layouts are edited (`crate::plate` does), how wells are shown.
//! Flow: worker's messages, person → **plate** → Plate view.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use leptos::prelude::*;

use crate::plate::Condition;
use crate::plate::paste::Pasted;
use crate::plate::results::{Made, WellResult};
use crate::protocol::Provenance;
use crate::protocol::plate::Ordered;

/// What a pointer on the grid does.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(in crate::ui) enum Tool {
    /// Selects wells.
    #[default]
    Select,
    /// Places the palette's condition in the wells it is dragged over.
    Paint,
    /// Empties them.
    Erase,
}

/// A paste in the making.
#[derive(Clone, Debug, Default, PartialEq)]
pub(in crate::ui) struct Draft {
    /// The text.
    pub(in crate::ui) text: String,
    /// What was read from it last.
    pub(in crate::ui) pasted: Pasted,
}

/// Orders of a heat map: the question's number, rows and columns.
pub(in crate::ui) type Orders = Option<(u32, [Ordered; 2])>;

/// What the view knows, as signals. It outlives the view, so that a run goes on while another one is open.
#[derive(Clone, Copy)]
pub(in crate::ui) struct PlateStore {
    /// Finished wells by place.
    pub(in crate::ui) results: RwSignal<BTreeMap<usize, Arc<WellResult>>>,
    /// What the task in work was asked for, by place.
    pub(in crate::ui) asked: RwSignal<BTreeMap<usize, Made>>,
    /// Wells that are still to come.
    pub(in crate::ui) waiting: RwSignal<BTreeSet<usize>>,
    /// Well in work and its share.
    pub(in crate::ui) working: RwSignal<Option<(usize, f64)>>,
    /// Number of the last task.
    pub(in crate::ui) job: RwSignal<u32>,
    /// What made the results.
    pub(in crate::ui) provenance: RwSignal<Option<Provenance>>,
    /// What happened last, for everyone to hear.
    pub(in crate::ui) said: RwSignal<String>,
    /// Selected wells in order, the one with the focus, the one where a range began.
    pub(in crate::ui) selection: RwSignal<Vec<usize>>,
    pub(in crate::ui) focus: RwSignal<usize>,
    pub(in crate::ui) anchor: RwSignal<usize>,
    pub(in crate::ui) tool: RwSignal<Tool>,
    /// Condition of the palette.
    pub(in crate::ui) chosen: RwSignal<Condition>,
    /// A paste that was not understood, or one being written.
    pub(in crate::ui) draft: RwSignal<Option<Draft>>,
    pub(in crate::ui) orders: RwSignal<Orders>,
}

impl PlateStore {
    pub(in crate::ui) fn new() -> Self {
        Self {
            results: RwSignal::new(BTreeMap::new()),
            asked: RwSignal::new(BTreeMap::new()),
            waiting: RwSignal::new(BTreeSet::new()),
            working: RwSignal::new(None),
            job: RwSignal::new(0),
            provenance: RwSignal::new(None),
            said: RwSignal::new(String::new()),
            selection: RwSignal::new(vec![0]),
            focus: RwSignal::new(0),
            anchor: RwSignal::new(0),
            tool: RwSignal::new(Tool::Select),
            chosen: RwSignal::new(Condition::default()),
            draft: RwSignal::new(None),
            orders: RwSignal::new(None),
        }
    }
}
