//! The lessons' runs: what the worker is asked, and what it answers.
//!
//! Does: starts a task, takes its answers into the state.
//! Does not know: the model, what the lessons say.
//! Flow: Learn view → **learn** ⇄ worker → state.

use std::collections::BTreeMap;
use std::sync::Arc;

use leptos::prelude::*;

use super::worker;
use crate::lessons::writing::Written;
use crate::protocol::learn::{Ask, Tell, Watched};
use crate::protocol::{Array, Request, ToWorker};
use crate::ui::state::lesson_runs::{CellRun, GuideRun, HalvesRun, Record, ScaleRun};
use crate::ui::state::store::Store;

/// Starts a task.
pub(in crate::ui) fn ask(store: Store, what: &str, request: Request, ask: impl FnOnce(u32, Request) -> Ask) {
    let job = store.begin_job(what);
    store.learn.asked.set(Some((job, request.clone())));
    worker::send(store, &ToWorker::Learn(ask(job, request)));
}

/// Takes a message of the worker; `next` hands out its arrays in order.
pub(super) fn receive(store: Store, tell: Tell, next: &mut dyn FnMut() -> Array) {
    match tell {
        Tell::Written { job, steps, group_size, watched, labels, seconds } => {
            let Some((request, card)) = store.learn.request_of(job).zip(store.card.get_untracked()) else { return };
            let written = Written::new(&next().f32(), &next().f32(), steps);
            let order = next().f32().iter().map(|gene| *gene as u32).collect();
            let records = records(watched, next);
            let group_size = group_size as usize;
            store.learn.keep(CellRun {
                card,
                request,
                written,
                order,
                group_size,
                records,
                labels,
                seconds,
                same: None,
            });
            store.end_job(job);
        }
        Tell::GuideGround { job, genes, measured, spread } => {
            let Some((request, card)) = store.learn.request_of(job).zip(store.card.get_untracked()) else { return };
            let (effect, mean, control) = (next().f32(), next().f32(), next().f32());
            let run = GuideRun { card, request, genes, measured, effect, mean, control, spread, scales: Vec::new() };
            store.learn.guide.set(Some(Arc::new(run)));
        }
        Tell::Guided { job, guided, last } => {
            if store.learn.request_of(job).is_none() {
                return;
            }
            let scale = ScaleRun { guided, effect: next().f32(), values: next().f32() };
            store.learn.guide.update(|run| {
                if let Some(run) = run {
                    Arc::make_mut(run).scales.push(scale);
                }
            });
            if last {
                store.end_job(job);
            }
        }
        Tell::Halves { job, cells, measured, agreement, points } => {
            let Some((request, card)) = store.learn.request_of(job).zip(store.card.get_untracked()) else { return };
            let (effect, known) = (next().f64(), next().f64());
            let run = HalvesRun {
                card,
                request,
                cells,
                measured_cells: measured,
                agreement,
                points,
                effect,
                measured: known,
            };
            store.learn.halves.set(Some(Arc::new(run)));
            store.end_job(job);
        }
    }
}

/// Watched genes with their probabilities.
fn records(watched: Vec<Watched>, next: &mut dyn FnMut() -> Array) -> BTreeMap<String, Record> {
    let record = |own: Watched| (own.gene, Record { step: own.step, uniform: own.uniform, shares: next().f32() });
    watched.into_iter().map(record).collect()
}
