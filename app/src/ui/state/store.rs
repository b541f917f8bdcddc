//! What the page knows, as signals.
//!
//! Does: holds the state, the card, the run's results; changes them for views and effects.
//! Does not know: how any of it is shown, how messages travel.
//! Flow: messages and clicks → **store** → views.

use std::collections::BTreeMap;
use std::sync::Arc;

use leptos::prelude::*;

use super::answer::AnswerStore;
use super::bundles::BundleStore;
use super::data::DataStore;
use super::gene_names::NamesStore;
use super::genes::GenesStore;
use super::learn::LearnStore;
use super::looks::Looks;
use super::map::MapStore;
use super::plate::PlateStore;
use super::precomputed::AheadStore;
use super::tables::{GeneValues, Measured, ShiftTable, Tables};
use crate::checks::{self, Problem};
use crate::choices;
use crate::history::History;
use crate::map_view::selection::Selection;
use crate::parts;
use crate::protocol::card::Card;
use crate::protocol::{Comparison, DeviceReport, MapName, Provenance, Request};
use crate::state::{State, Which};

/// Where the page stands.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::ui) enum Phase {
    /// The worker or the bundle is not there yet.
    Loading {
        /// What is being loaded.
        stage: String,
        /// Share done.
        share: f64,
    },
    /// Nothing is running.
    Idle,
    /// A run is in work.
    Running {
        /// What is being done.
        what: String,
        /// Share done.
        share: f64,
        /// Seconds left.
        seconds_left: Option<f64>,
    },
    /// The worker is gone.
    Lost,
    /// The bundle was refused.
    Refused,
}

/// Everything, as cheap handles.
#[derive(Clone, Copy)]
pub(in crate::ui) struct Store {
    pub(in crate::ui) state: RwSignal<State>,
    /// What of the address could not be understood.
    pub(in crate::ui) refused: RwSignal<Vec<String>>,
    pub(in crate::ui) phase: RwSignal<Phase>,
    pub(in crate::ui) alert: RwSignal<Option<String>>,
    pub(in crate::ui) card: RwSignal<Option<Arc<Card>>>,
    pub(in crate::ui) device: RwSignal<Option<DeviceReport>>,
    pub(in crate::ui) reference: RwSignal<Arc<Vec<f32>>>,
    pub(in crate::ui) names: RwSignal<Vec<MapName>>,
    pub(in crate::ui) control: RwSignal<Vec<f32>>,
    pub(in crate::ui) perturbed: RwSignal<Vec<f32>>,
    /// Control cells of scenario B, where they are not those of A.
    pub(in crate::ui) other_control: RwSignal<Vec<f32>>,
    /// Perturbed cells of scenario B.
    pub(in crate::ui) other: RwSignal<Vec<f32>>,
    /// Tables of all comparisons.
    pub(in crate::ui) tables: Tables,
    /// The comparison that is shown, everywhere.
    pub(in crate::ui) shown: Memo<Comparison>,
    /// Choices that the answer on the screen is of.
    pub(in crate::ui) answer: AnswerStore,
    /// Whether others are made now.
    pub(in crate::ui) stale: Memo<bool>,
    /// Its shifts.
    pub(in crate::ui) shifts: Memo<Option<Arc<ShiftTable>>>,
    /// Measured means beside it.
    pub(in crate::ui) measured: Memo<Option<Arc<Measured>>>,
    /// Values of genes on its two sides.
    pub(in crate::ui) values: Signal<BTreeMap<String, GeneValues>>,
    pub(in crate::ui) provenance: RwSignal<Option<Provenance>>,
    pub(in crate::ui) finished: RwSignal<Option<String>>,
    pub(in crate::ui) run: RwSignal<u32>,
    /// Number of the last task of a view other than Explore; such tasks leave Explore's results alone.
    pub(in crate::ui) job: RwSignal<u32>,
    /// Number of the run or task in work, the one that Cancel stops.
    pub(in crate::ui) working: RwSignal<u32>,
    pub(in crate::ui) ran: RwSignal<Option<Request>>,
    /// Scenario B of the last run.
    pub(in crate::ui) ran_other: RwSignal<Option<Request>>,
    /// Scenario that the controls change.
    pub(in crate::ui) editing: RwSignal<Which>,
    /// What can be undone.
    pub(in crate::ui) history: RwSignal<History>,
    /// Theme and palette.
    pub(in crate::ui) looks: Looks,
    /// Whether the theme is dark.
    pub(in crate::ui) dark: RwSignal<bool>,
    /// What was just done, in words.
    pub(in crate::ui) told: RwSignal<String>,
    pub(in crate::ui) download: RwSignal<Option<(String, Vec<u8>)>>,
    pub(in crate::ui) genes: GenesStore,
    /// What genes are called.
    pub(in crate::ui) gene_names: NamesStore,
    /// Cells selected on the map, by layer.
    pub(in crate::ui) selection: RwSignal<Arc<Selection>>,
    pub(in crate::ui) map: MapStore,
    pub(in crate::ui) plate: PlateStore,
    pub(in crate::ui) learn: LearnStore,
    pub(in crate::ui) data: DataStore,
    /// Results that came with the bundle.
    pub(in crate::ui) ahead: AheadStore,
    /// Whether the open bundle's model can make cells; its card may be there before.
    pub(in crate::ui) ready: RwSignal<bool>,
    pub(in crate::ui) bundles: BundleStore,
}

/// Numbers of tasks start above those of runs, so that they are never mistaken for one another.
const JOBS: u32 = 1 << 31;

impl Store {
    /// `query` is the address' question, `entry` the number of the browser's entry that is shown.
    pub(in crate::ui) fn new(query: &str, entry: u32, looks: Looks) -> Self {
        let (read, refused) = parts::read(query);
        let history = History::new(read.clone(), entry);
        let (state, card) = (RwSignal::new(read), RwSignal::new(None));
        let (tables, answer) = (Tables::new(), AnswerStore::new());
        let shown = answer.shown(state, tables);
        Self {
            state,
            refused: RwSignal::new(refused),
            phase: RwSignal::new(Phase::Loading { stage: "starting".into(), share: 0.0 }),
            alert: RwSignal::new(None),
            card,
            device: RwSignal::new(None),
            reference: RwSignal::new(Arc::default()),
            names: RwSignal::new(Vec::new()),
            control: RwSignal::new(Vec::new()),
            perturbed: RwSignal::new(Vec::new()),
            other_control: RwSignal::new(Vec::new()),
            other: RwSignal::new(Vec::new()),
            tables,
            shown,
            answer,
            stale: answer.stale(state, card),
            shifts: tables.shown_shifts(shown),
            measured: tables.shown_measured(shown),
            values: tables.shown_values(shown),
            provenance: RwSignal::new(None),
            finished: RwSignal::new(None),
            run: RwSignal::new(0),
            job: RwSignal::new(JOBS),
            working: RwSignal::new(0),
            ran: RwSignal::new(None),
            ran_other: RwSignal::new(None),
            editing: RwSignal::new(Which::A),
            history: RwSignal::new(history),
            looks,
            dark: looks.dark,
            told: RwSignal::new(String::new()),
            download: RwSignal::new(None),
            genes: GenesStore::new(),
            gene_names: NamesStore::new(),
            selection: RwSignal::new(Arc::default()),
            map: MapStore::new(),
            plate: PlateStore::new(),
            learn: LearnStore::new(),
            data: DataStore::new(),
            ahead: AheadStore::new(),
            ready: RwSignal::new(false),
            bundles: BundleStore::new(),
        }
    }

    /// Changes the state; the address follows.
    pub(in crate::ui) fn change(&self, change: impl FnOnce(&mut State)) {
        self.state.update(change);
    }

    /// Writes a part of the address; `None` takes it out.
    pub(in crate::ui) fn set_part(&self, key: &str, value: Option<String>) {
        self.change(|state| match value {
            Some(value) => drop(state.parts.insert(key.to_owned(), value)),
            None => drop(state.parts.remove(key)),
        });
    }

    /// Chosen value of a condition in scenario A, or its default: the control of a perturbation, else the most common.
    pub(in crate::ui) fn chosen(&self, key: &str) -> String {
        self.chosen_in(Which::A, key)
    }

    /// Chosen value of a condition in a scenario; the first, where several perturbations are on.
    pub(in crate::ui) fn chosen_in(&self, which: Which, key: &str) -> String {
        let card = self.card.get();
        let condition = card.as_ref().and_then(|card| card.conditions.iter().find(|condition| condition.key == key));
        let first = |condition| {
            self.state
                .with(|state| choices::values(condition, state.with_of(which)).first().map(|own| own.value.clone()))
        };
        condition.and_then(first).unwrap_or_default()
    }

    /// Scenario that the controls change; B only where there is one.
    pub(in crate::ui) fn edited(&self) -> Which {
        if self.has_other() { self.editing.get() } else { Which::A }
    }

    /// Whether there is a scenario B.
    pub(in crate::ui) fn has_other(&self) -> bool {
        self.state.with(|state| state.other.is_some())
    }

    /// Key, values and names of the perturbations of scenario A, several joined by "+"; `None` for the control.
    pub(in crate::ui) fn perturbation(&self) -> Option<(String, String, String)> {
        let card = self.card.get()?;
        let key = choices::perturbation(&card)?.key.clone();
        self.state.with(|state| {
            let values: Vec<String> =
                choices::perturbations(&card, &state.with).iter().map(|own| own.value.clone()).collect();
            Some((key, values.join("+"), choices::perturbed_name(&card, &state.with)?))
        })
    }

    /// Guidance in force.
    pub(in crate::ui) fn guidance(&self) -> f32 {
        self.state.with(|state| state.guidance).or_else(|| self.card.get().map(|card| card.guidance)).unwrap_or(1.0)
    }

    /// Steps in force.
    pub(in crate::ui) fn steps(&self) -> u32 {
        self.state.with(|state| state.steps).or_else(|| self.card.get().map(|card| card.steps)).unwrap_or(3)
    }

    /// The requests that the controls describe: scenario A, and B when there is one.
    pub(in crate::ui) fn requests(&self) -> Option<(Request, Option<Request>)> {
        let card = self.card.get()?;
        Some(self.state.with(|state| {
            let other = state.other.as_ref().map(|_| choices::request(&card, state, Which::B));
            (choices::request(&card, state, Which::A), other)
        }))
    }

    /// Problems of the present choices. Ceilings of genes are the worker's to know.
    pub(in crate::ui) fn problems(&self) -> Vec<Problem> {
        let Some(card) = self.card.get() else { return Vec::new() };
        self.state.with(|state| checks::problems(&card, state, &|_| None))
    }

    /// Comparisons that a run of the controls' choices makes.
    pub(in crate::ui) fn comparisons(&self) -> Vec<Comparison> {
        let Some(card) = self.card.get() else { return Vec::new() };
        self.state.with(|state| {
            let moves = |which| !choices::perturbations(&card, state.with_of(which)).is_empty();
            let has_other = state.other.is_some();
            let is_made = |comparison: &Comparison| match comparison {
                Comparison::A => moves(Which::A),
                Comparison::B => has_other && moves(Which::B),
                Comparison::BAgainstA => has_other,
            };
            Comparison::ALL.into_iter().filter(is_made).collect()
        })
    }

    /// Whether a run is in work.
    pub(in crate::ui) fn is_running(&self) -> bool {
        self.phase.with(|phase| matches!(phase, Phase::Running { .. }))
    }

    /// Forgets the results of the last run.
    pub(in crate::ui) fn clear(&self) {
        self.control.set(Vec::new());
        self.perturbed.set(Vec::new());
        self.other_control.set(Vec::new());
        self.other.set(Vec::new());
        self.tables.clear();
        self.answer.clear();
        self.genes.clear();
        self.ahead.clear();
        self.selection.update(|selection| *selection = Arc::new(selection.measured_only()));
        self.provenance.set(None);
        self.finished.set(None);
    }

    /// Begins a task of a view other than Explore and gives its number.
    pub(in crate::ui) fn begin_job(&self, what: &str) -> u32 {
        self.alert.set(None);
        self.job.update(|job| *job += 1);
        let job = self.job.get_untracked();
        self.working.set(job);
        self.phase.set(Phase::Running { what: what.to_owned(), share: 0.0, seconds_left: None });
        job
    }

    /// Ends the task in work, if it is `job`.
    pub(in crate::ui) fn end_job(&self, job: u32) {
        if self.working.get_untracked() == job && self.is_running() {
            self.phase.set(Phase::Idle);
        }
    }
}

/// The store of the page.
pub(in crate::ui) fn use_store() -> Store {
    expect_context::<Store>()
}
