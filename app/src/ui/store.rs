//! What the page knows, as signals.
//!
//! Does: holds the state, the card, the run's results; changes them on the worker's messages.
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
use super::map::MapStore;
use super::plate::PlateStore;
use super::precomputed::AheadStore;
use super::shell::Looks;
use super::tables::Tables;
pub(super) use super::tables::{GeneValues, Measured, ShiftTable};
use crate::choices;
use crate::history::History;
use crate::map_view::selection::Selection;
use crate::protocol::bundle::LOADING;
use crate::protocol::card::Card;
use crate::protocol::{Array, Comparison, DeviceReport, FromWorker, MapName, Provenance, Request};
use crate::state::{State, Which};

/// Where the page stands.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Phase {
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
pub(super) struct Store {
    pub(super) state: RwSignal<State>,
    /// What of the address could not be understood.
    pub(super) refused: RwSignal<Vec<String>>,
    pub(super) phase: RwSignal<Phase>,
    pub(super) alert: RwSignal<Option<String>>,
    pub(super) card: RwSignal<Option<Arc<Card>>>,
    pub(super) device: RwSignal<Option<DeviceReport>>,
    pub(super) reference: RwSignal<Arc<Vec<f32>>>,
    pub(super) names: RwSignal<Vec<MapName>>,
    pub(super) control: RwSignal<Vec<f32>>,
    pub(super) perturbed: RwSignal<Vec<f32>>,
    /// Control cells of scenario B, where they are not those of A.
    pub(super) other_control: RwSignal<Vec<f32>>,
    /// Perturbed cells of scenario B.
    pub(super) other: RwSignal<Vec<f32>>,
    /// Tables of all comparisons.
    pub(super) tables: Tables,
    /// The comparison that is shown, everywhere.
    pub(super) shown: Memo<Comparison>,
    /// Choices that the answer on the screen is of.
    pub(super) answer: AnswerStore,
    /// Whether others are made now.
    pub(super) stale: Memo<bool>,
    /// Its shifts.
    pub(super) shifts: Memo<Option<Arc<ShiftTable>>>,
    /// Measured means beside it.
    pub(super) measured: Memo<Option<Arc<Measured>>>,
    /// Values of genes on its two sides.
    pub(super) values: Signal<BTreeMap<String, GeneValues>>,
    pub(super) provenance: RwSignal<Option<Provenance>>,
    pub(super) finished: RwSignal<Option<String>>,
    pub(super) run: RwSignal<u32>,
    /// Number of the last task of a view other than Explore; such tasks leave Explore's results alone.
    pub(super) job: RwSignal<u32>,
    /// Number of the run or task in work, the one that Cancel stops.
    pub(super) working: RwSignal<u32>,
    pub(super) ran: RwSignal<Option<Request>>,
    /// Scenario B of the last run.
    pub(super) ran_other: RwSignal<Option<Request>>,
    /// Scenario that the controls change.
    pub(super) editing: RwSignal<Which>,
    /// What can be undone.
    pub(super) history: RwSignal<History>,
    /// Theme and palette.
    pub(super) looks: Looks,
    /// Whether the theme is dark.
    pub(super) dark: RwSignal<bool>,
    /// What was just done, in words.
    pub(super) told: RwSignal<String>,
    pub(super) download: RwSignal<Option<(String, Vec<u8>)>>,
    pub(super) genes: GenesStore,
    /// What genes are called.
    pub(super) gene_names: NamesStore,
    /// Cells selected on the map, by layer.
    pub(super) selection: RwSignal<Arc<Selection>>,
    pub(super) map: MapStore,
    pub(super) plate: PlateStore,
    pub(super) learn: LearnStore,
    pub(super) data: DataStore,
    /// Results that came with the bundle.
    pub(super) ahead: AheadStore,
    /// Whether the open bundle's model can make cells; its card may be there before.
    pub(super) ready: RwSignal<bool>,
    pub(super) bundles: BundleStore,
}

/// Numbers of tasks start above those of runs, so that they are never mistaken for one another.
const JOBS: u32 = 1 << 31;

impl Store {
    pub(super) fn new() -> Self {
        let query = window().location().search().unwrap_or_default();
        let (looks, (read, refused)) = (Looks::new(), State::read_telling(&query));
        let history = History::new(read.clone(), super::url::number().unwrap_or(0));
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
    pub(super) fn change(&self, change: impl FnOnce(&mut State)) {
        self.state.update(change);
    }

    /// Writes a part of the address; `None` takes it out.
    pub(super) fn set_part(&self, key: &str, value: Option<String>) {
        self.change(|state| match value {
            Some(value) => drop(state.parts.insert(key.to_owned(), value)),
            None => drop(state.parts.remove(key)),
        });
    }

    /// Chosen value of a condition in scenario A, or its default: the control of a perturbation, else the most common.
    pub(super) fn chosen(&self, key: &str) -> String {
        self.chosen_in(Which::A, key)
    }

    /// Chosen value of a condition in a scenario; the first, where several perturbations are on.
    pub(super) fn chosen_in(&self, which: Which, key: &str) -> String {
        let card = self.card.get();
        let condition = card.as_ref().and_then(|card| card.conditions.iter().find(|condition| condition.key == key));
        let first = |condition| {
            self.state
                .with(|state| choices::values(condition, state.with_of(which)).first().map(|own| own.value.clone()))
        };
        condition.and_then(first).unwrap_or_default()
    }

    /// Scenario that the controls change; B only where there is one.
    pub(super) fn edited(&self) -> Which {
        if self.has_other() { self.editing.get() } else { Which::A }
    }

    /// Whether there is a scenario B.
    pub(super) fn has_other(&self) -> bool {
        self.state.with(|state| state.other.is_some())
    }

    /// Key, values and names of the perturbations of scenario A, several joined by "+"; `None` for the control.
    pub(super) fn perturbation(&self) -> Option<(String, String, String)> {
        let card = self.card.get()?;
        let key = choices::perturbation(&card)?.key.clone();
        self.state.with(|state| {
            let values: Vec<String> =
                choices::perturbations(&card, &state.with).iter().map(|own| own.value.clone()).collect();
            Some((key, values.join("+"), choices::perturbed_name(&card, &state.with)?))
        })
    }

    /// Guidance in force.
    pub(super) fn guidance(&self) -> f32 {
        self.state.with(|state| state.guidance).or_else(|| self.card.get().map(|card| card.guidance)).unwrap_or(1.0)
    }

    /// Steps in force.
    pub(super) fn steps(&self) -> u32 {
        self.state.with(|state| state.steps).or_else(|| self.card.get().map(|card| card.steps)).unwrap_or(3)
    }

    /// The requests that the controls describe: scenario A, and B when there is one.
    pub(super) fn requests(&self) -> Option<(Request, Option<Request>)> {
        let card = self.card.get()?;
        Some(self.state.with(|state| {
            let other = state.other.as_ref().map(|_| choices::request(&card, state, Which::B));
            (choices::request(&card, state, Which::A), other)
        }))
    }

    /// Comparisons that a run of the controls' choices makes.
    pub(super) fn comparisons(&self) -> Vec<Comparison> {
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
    pub(super) fn is_running(&self) -> bool {
        self.phase.with(|phase| matches!(phase, Phase::Running { .. }))
    }

    /// Forgets the results of the last run.
    pub(super) fn clear(&self) {
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
    pub(super) fn begin_job(&self, what: &str) -> u32 {
        self.alert.set(None);
        self.job.update(|job| *job += 1);
        let job = self.job.get_untracked();
        self.working.set(job);
        self.phase.set(Phase::Running { what: what.to_owned(), share: 0.0, seconds_left: None });
        job
    }

    /// Ends the task in work, if it is `job`.
    pub(super) fn end_job(&self, job: u32) {
        if self.working.get_untracked() == job && self.is_running() {
            self.phase.set(Phase::Idle);
        }
    }

    /// Takes a message of the worker. Those of runs that are over are dropped.
    pub(super) fn receive(&self, message: FromWorker, arrays: Vec<Array>) {
        let (current, job) = (self.run.get_untracked(), self.job.get_untracked());
        let mut arrays = arrays.into_iter();
        let mut next = || arrays.next().unwrap_or(Array::F32(Vec::new()));
        match message {
            FromWorker::Started => {}
            FromWorker::Loading { stage, done, total } => {
                self.phase.set(Phase::Loading { stage, share: if total > 0.0 { done / total } else { 0.0 } });
            }
            FromWorker::Bundle(tell) => self.bundles.came(tell),
            FromWorker::Precomputed(tell) => super::precomputed::take(*self, &tell, &mut next),
            FromWorker::Ready { card, device, names } if self.bundles.is_awaited(*self) => {
                self.names.set(names);
                self.ready(&card, device, next().f32());
            }
            FromWorker::Workers { workers } => self.device.update(|device| {
                device.iter_mut().for_each(|device| device.workers = Some(workers));
            }),
            FromWorker::MapLabels { keys } => {
                self.map.labels.set(keys.into_iter().map(|key| (key, Arc::new(next().bytes()))).collect());
            }
            FromWorker::Progress { run, phase, share, seconds_left } if run == current || run == job => {
                self.phase.set(Phase::Running { what: phase, share, seconds_left });
            }
            FromWorker::Cells { run, scenario, first } if run == current => {
                self.first_cells();
                self.add_cells(scenario, first, &next().f32());
            }
            FromWorker::Shifts { run, comparison, cells, seeds } if run == current => {
                self.first_table();
                self.add_shifts(comparison, cells, seeds, || next().f64());
            }
            FromWorker::Measured { run, comparison, cells, agreement } if run == current => {
                let (control, perturbed) = (next().f32(), next().f32());
                self.add_measured(comparison, Measured { control, perturbed, cells, agreement });
            }
            FromWorker::Values { run, genes } if run == current => self.add_values(genes, &mut next),
            FromWorker::HeatMap { run, comparison, genes, cells } if run == current => {
                self.genes.take_heat(comparison, genes, cells, next().f32());
            }
            FromWorker::Done { run, provenance, seconds } if run == current => {
                self.first_table();
                self.phase.set(Phase::Idle);
                self.provenance.set(Some(provenance));
                self.finished.set(Some(format!("Done in {seconds:.1} s.")));
            }
            FromWorker::Cancelled { run, cells } if run == current => {
                self.phase.set(Phase::Idle);
                self.finished.set(Some(self.ended_early(cells)));
            }
            FromWorker::Plate(tell) => self.plate.receive(*self, tell, &mut next),
            FromWorker::Learn(tell) => self.learn.receive(*self, tell, &mut next),
            FromWorker::Data(tell) => self.data.receive(*self, tell, &mut next),
            FromWorker::Cancelled { run, .. } if run == job => self.end_job(job),
            FromWorker::Cancelled { run: LOADING, .. } => self.bundles.stopped(*self),
            FromWorker::Exported { name } => self.download.set(Some((name, next().bytes()))),
            FromWorker::Failed { run, sentence, fatal } if run.is_none_or(|run| run == current || run == job) => {
                self.failed(sentence, fatal)
            }
            _ => {}
        }
    }

    fn ready(&self, card: &str, device: DeviceReport, reference: Vec<f32>) {
        match self.open(card, reference) {
            Ok(()) => {
                self.device.set(Some(device));
                self.phase.set(Phase::Idle);
                self.ready.set(true);
            }
            Err(sentence) => self.failed(sentence, false),
        }
    }

    /// Whether this card is the open one.
    pub(super) fn is_open(&self, card: &str) -> bool {
        self.card.with_untracked(Option::is_some) && self.bundles.json.with_untracked(|json| json == card)
    }

    /// Opens a card and the map of its measured cells, unless it is open: what is shown of it then stays.
    pub(super) fn open(&self, card: &str, reference: Vec<f32>) -> Result<(), String> {
        if !self.is_open(card) {
            let read = Card::read(card).map_err(|error| format!("bundle.json cannot be shown: {error}."))?;
            self.bundles.opened(*self, card, &read);
            self.reference.set(Arc::new(reference));
            self.card.set(Some(Arc::new(read)));
        }
        Ok(())
    }

    /// Forgets the bundle and everything that was shown of it.
    pub(super) fn close(&self) {
        self.clear();
        self.ahead.close();
        self.ready.set(false);
        self.card.set(None);
        self.names.set(Vec::new());
        self.reference.set(Default::default());
    }

    fn failed(&self, sentence: String, fatal: bool) {
        self.alert.set(Some(sentence));
        let loaded = self.ready.get_untracked();
        if !fatal && loaded && untrack(|| self.is_running()) && self.working.get_untracked() == self.run.get_untracked()
        {
            self.finished.set(Some(self.ended_early(0)));
        }
        if !fatal && !loaded {
            // Of a bundle that was refused nothing stays on the screen.
            self.close();
        }
        self.phase.set(if fatal {
            Phase::Lost
        } else if loaded {
            Phase::Idle
        } else {
            Phase::Refused
        });
    }
}
