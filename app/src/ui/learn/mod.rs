//! The Learn view.
//!
//! Does: three lessons with runs of the real model; takes the worker's answers; shows the overview or the open lesson.
//! Does not know: the model; what the lessons say (`crate::lessons`).
//! Flow: person → **learn** → worker → learn.

mod ceiling;
mod cell;
mod gene;
mod grid;
mod guidance;
mod lacking;
mod lesson;
mod overview;
mod question;
mod runs;
mod scores;
mod setup;

use std::collections::BTreeMap;
use std::sync::Arc;

use leptos::prelude::*;

use super::store::Store;
use super::{link, use_store};
use crate::lessons::Place;
use crate::lessons::writing::Written;
use crate::protocol::learn::{Ask, Tell, Watched};
use crate::protocol::{Array, Request, ToWorker};
use runs::{CellRun, GuideRun, HalvesRun, Record, ScaleRun};

/// What the view knows, as signals.
#[derive(Clone, Copy)]
pub(super) struct LearnStore {
    /// The last task and what it asked for.
    asked: RwSignal<Option<(u32, Request)>>,
    /// The first lesson's cell.
    cell: RwSignal<Option<Arc<CellRun>>>,
    /// Step that it is shown after.
    at: RwSignal<u32>,
    /// The second lesson's cells.
    guide: RwSignal<Option<Arc<GuideRun>>>,
    /// The third lesson's cells.
    halves: RwSignal<Option<Arc<HalvesRun>>>,
}

impl LearnStore {
    pub(super) fn new() -> Self {
        Self {
            asked: RwSignal::new(None),
            cell: RwSignal::new(None),
            at: RwSignal::new(0),
            guide: RwSignal::new(None),
            halves: RwSignal::new(None),
        }
    }

    /// Starts a task.
    fn ask(&self, store: Store, what: &str, request: Request, ask: impl FnOnce(u32, Request) -> Ask) {
        let job = store.begin_job(what);
        self.asked.set(Some((job, request.clone())));
        link::send(store, &ToWorker::Learn(ask(job, request)));
    }

    /// The request of a task; none when another one was asked for since.
    fn request_of(&self, job: u32) -> Option<Request> {
        self.asked.get_untracked().filter(|(own, _)| *own == job).map(|(_, request)| request)
    }

    /// Takes a message of the worker; `next` hands out its arrays in order.
    pub(super) fn receive(&self, store: Store, tell: Tell, next: &mut dyn FnMut() -> Array) {
        match tell {
            Tell::Written { job, steps, group_size, watched, labels, seconds } => {
                let Some((request, card)) = self.request_of(job).zip(store.card.get_untracked()) else { return };
                let written = Written::new(&next().f32(), &next().f32(), steps);
                let order = next().f32().iter().map(|gene| *gene as u32).collect();
                let records = records(watched, next);
                let group_size = group_size as usize;
                self.keep(CellRun { card, request, written, order, group_size, records, labels, seconds, same: None });
                store.end_job(job);
            }
            Tell::GuideGround { job, genes, measured, spread } => {
                let Some(request) = self.request_of(job) else { return };
                let (effect, mean, control) = (next().f32(), next().f32(), next().f32());
                let run = GuideRun { request, genes, measured, effect, mean, control, spread, scales: Vec::new() };
                self.guide.set(Some(Arc::new(run)));
            }
            Tell::Guided { job, guided, last } => {
                if self.request_of(job).is_none() {
                    return;
                }
                let scale = ScaleRun { guided, effect: next().f32(), values: next().f32() };
                self.guide.update(|run| {
                    if let Some(run) = run {
                        Arc::make_mut(run).scales.push(scale);
                    }
                });
                if last {
                    store.end_job(job);
                }
            }
            Tell::Halves { job, cells, measured, agreement, points } => {
                let (Some(card), true) = (store.card.get_untracked(), self.request_of(job).is_some()) else { return };
                let (effect, known) = (next().f64(), next().f64());
                let run =
                    HalvesRun { card, cells, measured_cells: measured, agreement, points, effect, measured: known };
                self.halves.set(Some(Arc::new(run)));
                store.end_job(job);
            }
        }
    }

    /// Keeps a written cell; a second run of the same request adds what it recorded to the first.
    fn keep(&self, mut run: CellRun) {
        let before = self.cell.get_untracked().filter(|own| own.request == run.request && own.card == run.card);
        match before {
            Some(before) => {
                run.same = Some(before.written == run.written);
                for (gene, record) in &before.records {
                    run.records.entry(gene.clone()).or_insert_with(|| record.clone());
                }
            }
            None => self.at.set(0),
        }
        self.cell.set(Some(Arc::new(run)));
    }
}

/// Watched genes with their probabilities.
fn records(watched: Vec<Watched>, next: &mut dyn FnMut() -> Array) -> BTreeMap<String, Record> {
    let record = |own: Watched| (own.gene, Record { step: own.step, uniform: own.uniform, shares: next().f32() });
    watched.into_iter().map(record).collect()
}

#[component]
pub(super) fn LearnView() -> impl IntoView {
    let store = use_store();
    let place = Memo::new(move |_| store.state.with(|state| Place::read(&state.parts)));
    let open = Memo::new(move |_| place.get().lesson);
    view! {
        <div class="learn" data-testid="learn">
            {move || match open.get() {
                Some(lesson) => view! { <lesson::LessonView lesson place/> }.into_any(),
                None => view! { <overview::Overview/> }.into_any(),
            }}
        </div>
    }
}
