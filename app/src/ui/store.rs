//! What the page knows, as signals.
//!
//! Does: holds the state, the card, the run's results; changes them on the worker's messages.
//! Does not know: how any of it is shown, how messages travel.
//! Flow: messages and clicks → **store** → views.

use std::collections::BTreeMap;
use std::sync::Arc;

use leptos::prelude::*;

use super::data::DataStore;
use super::learn::LearnStore;
use super::plate::PlateStore;
use super::shell::Looks;
use crate::history::History;
use crate::protocol::card::Card;
use crate::protocol::{Array, DeviceReport, FromWorker, MapName, Provenance, Request, Scenario};
use crate::state::State;

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

/// Shifts of all genes, in panel order.
#[derive(Debug, Default, PartialEq)]
pub(super) struct ShiftTable {
    /// log2 fold changes.
    pub(super) change: Vec<f64>,
    /// p-values.
    pub(super) p: Vec<f64>,
    /// q-values.
    pub(super) q: Vec<f64>,
    /// Mean in control cells.
    pub(super) control: Vec<f64>,
    /// Mean in perturbed cells.
    pub(super) perturbed: Vec<f64>,
    /// Lower end of the difference's interval.
    pub(super) low: Vec<f64>,
    /// Upper end.
    pub(super) high: Vec<f64>,
    /// Cells compared.
    pub(super) cells: (u32, u32),
}

/// Measured cells of the run's cell type.
#[derive(Debug, PartialEq)]
pub(super) struct Measured {
    /// Mean log-normalised expression of control cells [G].
    pub(super) control: Vec<f32>,
    /// Of perturbed cells [G].
    pub(super) perturbed: Vec<f32>,
    /// Cells: control, perturbed.
    pub(super) cells: (u32, u32),
    /// Correlation of the measured and the generated effect over all genes.
    pub(super) agreement: Option<f64>,
}

/// Values of a gene: control cells, perturbed cells.
pub(super) type GeneValues = Arc<(Vec<f32>, Vec<f32>)>;

/// Everything, as cheap handles.
#[derive(Clone, Copy)]
pub(super) struct Store {
    pub(super) state: RwSignal<State>,
    pub(super) phase: RwSignal<Phase>,
    pub(super) alert: RwSignal<Option<String>>,
    pub(super) card: RwSignal<Option<Arc<Card>>>,
    pub(super) device: RwSignal<Option<DeviceReport>>,
    pub(super) reference: RwSignal<Arc<Vec<f32>>>,
    pub(super) names: RwSignal<Vec<MapName>>,
    pub(super) control: RwSignal<Vec<f32>>,
    pub(super) perturbed: RwSignal<Vec<f32>>,
    pub(super) shifts: RwSignal<Option<Arc<ShiftTable>>>,
    pub(super) measured: RwSignal<Option<Arc<Measured>>>,
    pub(super) values: RwSignal<BTreeMap<String, GeneValues>>,
    pub(super) provenance: RwSignal<Option<Provenance>>,
    pub(super) finished: RwSignal<Option<String>>,
    pub(super) run: RwSignal<u32>,
    /// Number of the last task of a view other than Explore; such tasks leave Explore's results alone.
    pub(super) job: RwSignal<u32>,
    /// Number of the run or task in work, the one that Cancel stops.
    pub(super) working: RwSignal<u32>,
    pub(super) ran: RwSignal<Option<Request>>,
    /// What can be undone.
    pub(super) history: RwSignal<History>,
    /// Theme and palette.
    pub(super) looks: Looks,
    /// Whether the theme is dark.
    pub(super) dark: RwSignal<bool>,
    pub(super) download: RwSignal<Option<(String, Vec<u8>)>>,
    pub(super) plate: PlateStore,
    pub(super) learn: LearnStore,
    pub(super) data: DataStore,
}

/// Numbers of tasks start above those of runs, so that they are never mistaken for one another.
const JOBS: u32 = 1 << 31;

impl Store {
    pub(super) fn new() -> Self {
        let query = window().location().search().unwrap_or_default();
        let (looks, state) = (Looks::new(), State::read(&query));
        let history = History::new(state.clone(), super::url::number().unwrap_or(0));
        Self {
            state: RwSignal::new(state),
            phase: RwSignal::new(Phase::Loading { stage: "starting".into(), share: 0.0 }),
            alert: RwSignal::new(None),
            card: RwSignal::new(None),
            device: RwSignal::new(None),
            reference: RwSignal::new(Arc::default()),
            names: RwSignal::new(Vec::new()),
            control: RwSignal::new(Vec::new()),
            perturbed: RwSignal::new(Vec::new()),
            shifts: RwSignal::new(None),
            measured: RwSignal::new(None),
            values: RwSignal::new(BTreeMap::new()),
            provenance: RwSignal::new(None),
            finished: RwSignal::new(None),
            run: RwSignal::new(0),
            job: RwSignal::new(JOBS),
            working: RwSignal::new(0),
            ran: RwSignal::new(None),
            history: RwSignal::new(history),
            looks,
            dark: looks.dark,
            download: RwSignal::new(None),
            plate: PlateStore::new(),
            learn: LearnStore::new(),
            data: DataStore::new(),
        }
    }

    /// Changes the state; the address follows.
    pub(super) fn change(&self, change: impl FnOnce(&mut State)) {
        self.state.update(change);
    }

    /// Chosen value of a condition, or its default: the control of a perturbation, else the first.
    pub(super) fn chosen(&self, key: &str) -> String {
        let of_state = self.state.with(|state| state.with.get(key).cloned());
        let card = self.card.get();
        let condition = card.as_ref().and_then(|card| card.conditions.iter().find(|condition| condition.key == key));
        let known = |value: &String| condition.is_some_and(|c| c.values.iter().any(|v| v.value == *value));
        of_state.filter(known).or_else(|| condition.and_then(|c| c.control.clone())).unwrap_or_else(|| {
            // The most common value: the one that the model has seen most of.
            let most = condition.and_then(|c| c.values.iter().max_by_key(|value| value.cells));
            most.map(|value| value.value.clone()).unwrap_or_default()
        })
    }

    /// Key, value and name of the chosen perturbation; `None` for the control.
    pub(super) fn perturbation(&self) -> Option<(String, String, String)> {
        let card = self.card.get()?;
        let condition = card.conditions.iter().find(|condition| condition.kind == "perturbation")?;
        let value = self.chosen(&condition.key);
        let named = condition.values.iter().find(|known| known.value == value)?;
        (Some(&value) != condition.control.as_ref())
            .then(|| (condition.key.clone(), value.clone(), named.display.clone()))
    }

    /// Guidance in force.
    pub(super) fn guidance(&self) -> f32 {
        self.state.with(|state| state.guidance).or_else(|| self.card.get().map(|card| card.guidance)).unwrap_or(1.0)
    }

    /// Steps in force.
    pub(super) fn steps(&self) -> u32 {
        self.state.with(|state| state.steps).or_else(|| self.card.get().map(|card| card.steps)).unwrap_or(3)
    }

    /// The request that the controls describe.
    pub(super) fn request(&self) -> Option<Request> {
        let card = self.card.get()?;
        let with =
            card.choosable().map(|condition| (condition.key.clone(), vec![self.chosen(&condition.key)])).collect();
        let state = self.state.get();
        Some(Request {
            with,
            guidance: self.guidance(),
            steps: self.steps(),
            cells: state.cells,
            seed: state.seed,
            clamp: state.clamp,
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
        self.shifts.set(None);
        self.measured.set(None);
        self.values.set(BTreeMap::new());
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
            FromWorker::Ready { card, device, names } => {
                self.names.set(names);
                self.ready(&card, device, next().f32());
            }
            FromWorker::Progress { run, phase, share, seconds_left } if run == current || run == job => {
                self.phase.set(Phase::Running { what: phase, share, seconds_left });
            }
            FromWorker::Cells { run, scenario, first } if run == current => {
                self.add_cells(scenario, first, &next().f32())
            }
            FromWorker::Shifts { run, cells } if run == current => {
                let mut column = || next().f64();
                let (change, p, q, control, perturbed) = (column(), column(), column(), column(), column());
                let _difference = column();
                let (low, high) = (column(), column());
                self.shifts.set(Some(Arc::new(ShiftTable { change, p, q, control, perturbed, low, high, cells })));
            }
            FromWorker::Measured { run, cells, agreement } if run == current => {
                let (control, perturbed) = (next().f32(), next().f32());
                self.measured.set(Some(Arc::new(Measured { control, perturbed, cells, agreement })));
            }
            FromWorker::Values { run, genes } if run == current => self.values.update(|values| {
                for gene in genes {
                    let pair = (next().f32(), next().f32());
                    values.insert(gene, Arc::new(pair));
                }
            }),
            FromWorker::Done { run, provenance, seconds } if run == current => {
                self.phase.set(Phase::Idle);
                self.provenance.set(Some(provenance));
                self.finished.set(Some(format!("Done in {seconds:.1} s.")));
            }
            FromWorker::Cancelled { run, cells } if run == current => {
                self.phase.set(Phase::Idle);
                self.finished.set(Some(format!("Stopped; {cells} cells of the last scenario were finished.")));
            }
            FromWorker::Plate(tell) => self.plate.receive(*self, tell, &mut next),
            FromWorker::Learn(tell) => self.learn.receive(*self, tell, &mut next),
            FromWorker::Data(tell) => self.data.receive(*self, tell, &mut next),
            FromWorker::Cancelled { run, .. } if run == job => self.end_job(job),
            FromWorker::Exported { name } => self.download.set(Some((name, next().bytes()))),
            FromWorker::Failed { run, sentence, fatal } if run.is_none_or(|run| run == current || run == job) => {
                self.failed(sentence, fatal)
            }
            _ => {}
        }
    }

    fn ready(&self, card: &str, device: DeviceReport, reference: Vec<f32>) {
        match Card::read(card) {
            Ok(card) => {
                self.reference.set(Arc::new(reference));
                self.card.set(Some(Arc::new(card)));
                self.device.set(Some(device));
                self.phase.set(Phase::Idle);
            }
            Err(error) => self.failed(format!("bundle.json cannot be shown: {error}."), false),
        }
    }

    fn add_cells(&self, scenario: Scenario, first: u32, coordinates: &[f32]) {
        let target = if scenario == Scenario::Control { self.control } else { self.perturbed };
        target.update(|points| {
            points.truncate(2 * first as usize);
            points.extend_from_slice(coordinates);
        });
    }

    fn failed(&self, sentence: String, fatal: bool) {
        self.alert.set(Some(sentence));
        let loaded = self.card.with_untracked(Option::is_some);
        self.phase.set(if fatal {
            Phase::Lost
        } else if loaded {
            Phase::Idle
        } else {
            Phase::Refused
        });
    }
}
