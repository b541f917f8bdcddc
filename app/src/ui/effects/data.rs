//! A visitor's own cells: what the worker is asked, and what it answers.
//!
//! Does: hands it files, asks for colours and tests, takes its answers into the state.
//! Does not know: how files are read, how cells are shown.
//! Flow: Data view → **data** ⇄ worker → state.

use std::cell::Cell;
use std::sync::Arc;

use leptos::prelude::*;

use super::{download, what_if, worker};
use crate::protocol::data::{Ask, Colour, Tell};
use crate::protocol::{Array, ToWorker};
use crate::ui::state::data::{Coloured, OwnTable};
use crate::ui::state::store::{Phase, Store};

thread_local! {
    /// Files that wait for the model.
    static WAITING: Cell<Vec<web_sys::File>> = const { Cell::new(Vec::new()) };
}

/// Share of the browser's memory below which a file is read without asking.
const WITHOUT_ASKING: f64 = 0.25;

/// Takes a message of the worker; `next` hands out its arrays in order.
pub(super) fn receive(store: Store, tell: Tell, next: &mut dyn FnMut() -> Array) {
    match tell {
        Tell::Looked { job, plan } => {
            store.end_job(job);
            let small = plan.needs <= WITHOUT_ASKING * plan.has;
            store.data.corrected.set(None);
            store.data.plan.set(Some(plan));
            if small {
                read(store, None);
            }
        }
        Tell::Corrected { job, why, matrix } => {
            store.end_job(job);
            store.data.plan.set(None);
            store.data.corrected.set(Some((why, matrix)));
        }
        Tell::Read { job, summary } => {
            store.end_job(job);
            store.data.clear();
            store.data.placed_by.set(model(store));
            store.data.places.set(Arc::new(next().f32()));
            let genes = String::from_utf8(next().bytes()).unwrap_or_default();
            store.data.genes.set(Arc::new(genes.split('\n').map(str::to_owned).collect()));
            store.data.summary.set(Some(Arc::new(summary)));
            colour(store, Colour::Nearest);
        }
        Tell::Coloured { by, names } if by == store.data.colour.get_untracked() => {
            store.data.coloured.set(Some(Arc::new(Coloured { by, names, values: next().f32() })));
        }
        Tell::Coloured { .. } => {}
        Tell::Grouped { side, cells, words } => {
            store.data.groups.update(|groups| groups[usize::from(side.min(1))] = (cells > 0).then_some((cells, words)));
            store.data.table.set(None);
            if store.data.colour.get_untracked() == Colour::Groups {
                colour(store, Colour::Groups);
            }
        }
        Tell::Tested { job, cells, words, comparison } => {
            store.end_job(job);
            let mut column = || next().f64();
            let (change, p, q, a, b) = (column(), column(), column(), column(), column());
            let (low, high) = (column(), column());
            let table = OwnTable { change, p, q, a, b, low, high, cells, words, comparison };
            store.data.table.set(Some(Arc::new(table)));
        }
        Tell::Predicted(tell) => what_if::receive(store, tell, next),
        Tell::File { name } => download::byte_file(&name, &next().bytes()),
        Tell::Removed => {
            store.data.clear();
            store.data.corrected.set(None);
            store.data.plan.set(None);
        }
    }
}

/// Name of the model that is loaded.
pub(in crate::ui) fn model(store: Store) -> String {
    store.card.with_untracked(|card| card.as_ref().map(|card| card.name.clone()).unwrap_or_default())
}

/// Asks the worker.
pub(in crate::ui) fn ask(store: Store, ask: Ask) {
    worker::send(store, &ToWorker::Data(ask));
}

/// Colours the cells.
pub(in crate::ui) fn colour(store: Store, by: Colour) {
    store.data.colour.set(by.clone());
    ask(store, Ask::Colour(by));
}

/// Looks at files that were chosen while the model was loading.
pub(in crate::ui) fn watch(store: Store) {
    Effect::new(move |_| {
        if store.phase.with(|phase| *phase == Phase::Idle) {
            look(store, WAITING.take());
        }
    });
}

/// Hands files to the worker and asks what is in them.
pub(in crate::ui) fn look(store: Store, files: Vec<web_sys::File>) {
    if files.is_empty() {
        return;
    }
    if store.phase.with_untracked(|phase| matches!(phase, Phase::Loading { .. })) {
        store.tell("The file is read as soon as the model is loaded.");
        WAITING.set(files);
        return;
    }
    if store.phase.with_untracked(|phase| *phase != Phase::Idle) {
        store
            .alert
            .set(Some("The model is busy or not running; wait for it or stop it, then choose the file again.".into()));
        return;
    }
    store.data.plan.set(None);
    store.data.corrected.set(None);
    let job = store.begin_job("looking at the file");
    let files: Vec<Array> = files.into_iter().map(Array::File).collect();
    worker::send_with(store, &ToWorker::Data(Ask::Look { job }), &files);
}

/// Asks for another matrix, genome or modality of the same files.
pub(in crate::ui) fn choose_matrix(store: Store, matrix: String) {
    store.data.clear();
    store.data.plan.set(None);
    store.data.corrected.set(None);
    let job = store.begin_job("looking at the file");
    ask(store, Ask::Choose { job, matrix });
}

/// Reads what was looked at, or a random part of it.
pub(in crate::ui) fn read(store: Store, sample: Option<u32>) {
    store.data.clear();
    let job = store.begin_job("reading the file");
    let seed = store.state.with_untracked(|state| state.seed);
    ask(store, Ask::Read { job, sample, seed });
}
