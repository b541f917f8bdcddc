//! The Data view.
//!
//! Does: takes a visitor's file, shows what is in it, places, groups and tests its cells, compares them with the current
//! run and hands them out.
//! Does not know: the model, how files are read.
//! Flow: person → **data** → worker → data.

mod choose;
mod compare;
mod found;
mod groups;
mod layers;
mod map;
mod summary;
mod table;

use std::sync::Arc;

use leptos::prelude::*;

use super::store::{Phase, Store};
use super::{download, link, use_store};
use crate::protocol::data::{Ask, Colour, Comparison, Plan, Summary, Tell};
use crate::protocol::{Array, ToWorker};

/// Values that colour the cells.
#[derive(Debug, PartialEq)]
struct Coloured {
    by: Colour,
    /// Names of categories; none for numbers.
    names: Vec<String>,
    /// Places among the names, or numbers.
    values: Vec<f32>,
}

/// Shifts of all genes of the file.
#[derive(Debug, Default, PartialEq)]
struct OwnTable {
    change: Vec<f64>,
    p: Vec<f64>,
    q: Vec<f64>,
    a: Vec<f64>,
    b: Vec<f64>,
    low: Vec<f64>,
    high: Vec<f64>,
    cells: (u32, u32),
    words: (String, String),
    comparison: Option<Comparison>,
}

/// Size of a group and what it is.
type GroupAbout = Option<(u32, String)>;

/// What the view knows, as signals.
#[derive(Clone, Copy)]
pub(super) struct DataStore {
    plan: RwSignal<Option<Plan>>,
    /// Why corrected counts were not read, and what to choose to have them rounded.
    corrected: RwSignal<Option<(String, String)>>,
    summary: RwSignal<Option<Arc<Summary>>>,
    genes: RwSignal<Arc<Vec<String>>>,
    places: RwSignal<Arc<Vec<f32>>>,
    colour: RwSignal<Colour>,
    coloured: RwSignal<Option<Arc<Coloured>>>,
    groups: RwSignal<[GroupAbout; 2]>,
    table: RwSignal<Option<Arc<OwnTable>>>,
    /// The model on whose map the cells were placed.
    placed_by: RwSignal<String>,
}

/// Share of the browser's memory below which a file is read without asking.
const WITHOUT_ASKING: f64 = 0.25;

impl DataStore {
    pub(super) fn new() -> Self {
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
        }
    }

    /// Forgets the cells.
    fn clear(&self) {
        self.summary.set(None);
        self.genes.set(Arc::default());
        self.places.set(Arc::default());
        self.colour.set(Colour::Nearest);
        self.coloured.set(None);
        self.groups.set([None, None]);
        self.table.set(None);
    }

    /// Takes a message of the worker; `next` hands out its arrays in order.
    pub(super) fn receive(&self, store: Store, tell: Tell, next: &mut dyn FnMut() -> Array) {
        match tell {
            Tell::Looked { job, plan } => {
                store.end_job(job);
                let small = plan.needs <= WITHOUT_ASKING * plan.has;
                self.corrected.set(None);
                self.plan.set(Some(plan));
                if small {
                    read(store, None);
                }
            }
            Tell::Corrected { job, why, matrix } => {
                store.end_job(job);
                self.plan.set(None);
                self.corrected.set(Some((why, matrix)));
            }
            Tell::Read { job, summary } => {
                store.end_job(job);
                self.clear();
                self.placed_by.set(model(store));
                self.places.set(Arc::new(next().f32()));
                let genes = String::from_utf8(next().bytes()).unwrap_or_default();
                self.genes.set(Arc::new(genes.split('\n').map(str::to_owned).collect()));
                self.summary.set(Some(Arc::new(summary)));
                colour(store, Colour::Nearest);
            }
            Tell::Coloured { by, names } if by == self.colour.get_untracked() => {
                self.coloured.set(Some(Arc::new(Coloured { by, names, values: next().f32() })));
            }
            Tell::Coloured { .. } => {}
            Tell::Grouped { side, cells, words } => {
                self.groups.update(|groups| groups[usize::from(side.min(1))] = (cells > 0).then_some((cells, words)));
                self.table.set(None);
                if self.colour.get_untracked() == Colour::Groups {
                    colour(store, Colour::Groups);
                }
            }
            Tell::Tested { job, cells, words, comparison } => {
                store.end_job(job);
                let mut column = || next().f64();
                let (change, p, q, a, b) = (column(), column(), column(), column(), column());
                let (low, high) = (column(), column());
                let table = OwnTable { change, p, q, a, b, low, high, cells, words, comparison };
                self.table.set(Some(Arc::new(table)));
            }
            Tell::File { name } => download::byte_file(&name, &next().bytes()),
            Tell::Removed => {
                self.clear();
                self.corrected.set(None);
                self.plan.set(None);
            }
        }
    }
}

/// Name of the model that is loaded.
fn model(store: Store) -> String {
    store.card.with_untracked(|card| card.as_ref().map(|card| card.name.clone()).unwrap_or_default())
}

/// Asks the worker.
fn ask(store: Store, ask: Ask) {
    link::send(store, &ToWorker::Data(ask));
}

/// Colours the cells.
fn colour(store: Store, by: Colour) {
    store.data.colour.set(by.clone());
    ask(store, Ask::Colour(by));
}

/// Hands files to the worker and asks what is in them.
fn look(store: Store, files: Vec<web_sys::File>) {
    if files.is_empty() {
        return;
    }
    if store.phase.with_untracked(|phase| *phase != Phase::Idle) {
        store.alert.set(Some(
            "The model is still loading or busy; wait for it or stop it, then choose the file again.".into(),
        ));
        return;
    }
    store.data.plan.set(None);
    store.data.corrected.set(None);
    let job = store.begin_job("looking at the file");
    let files: Vec<Array> = files.into_iter().map(Array::File).collect();
    link::send_with(store, &ToWorker::Data(Ask::Look { job }), &files);
}

/// Asks for another matrix, genome or modality of the same files.
fn choose_matrix(store: Store, matrix: String) {
    store.data.clear();
    store.data.plan.set(None);
    store.data.corrected.set(None);
    let job = store.begin_job("looking at the file");
    ask(store, Ask::Choose { job, matrix });
}

/// Reads what was looked at, or a random part of it.
fn read(store: Store, sample: Option<u32>) {
    store.data.clear();
    let job = store.begin_job("reading the file");
    let seed = store.state.with_untracked(|state| state.seed);
    ask(store, Ask::Read { job, sample, seed });
}

#[component]
pub(super) fn DataView() -> impl IntoView {
    let store = use_store();
    // A worker that is gone has taken the cells with it.
    Effect::new(move |_| {
        if store.phase.with(|phase| *phase == Phase::Lost) {
            store.data.clear();
            store.data.plan.set(None);
        }
    });
    // Cells stand on one model's map: another model's would show them where they do not belong.
    Effect::new(move |_| {
        let loaded = store.card.with(Option::is_some);
        if loaded
            && store.data.summary.with_untracked(Option::is_some)
            && store.data.placed_by.get_untracked() != model(store)
        {
            ask(store, Ask::Remove);
            store
                .alert
                .set(Some("Another model was loaded; choose your file again to see it on that model's map.".into()));
        }
    });
    let has_cells = move || store.data.summary.with(Option::is_some);
    view! {
        <div class="own" data-testid="data" class:filled=has_cells>
            <choose::Choose/>
            <Show when=has_cells>
                <map::OwnMap/>
                <div class="own-side">
                    <groups::Groups/>
                    <table::Tested/>
                    <compare::Compared/>
                </div>
                <summary::About/>
            </Show>
        </div>
    }
}
