//! Predictions that start from a visitor's own cells: what the worker is asked, and what it answers.
//!
//! Does: asks for a prediction, takes its messages into the state, forgets what a stopped one left.
//! Does not know: how cells are predicted, how they are shown.
//! Flow: Data view → **prediction** ⇄ worker → state.

use std::sync::Arc;

use leptos::prelude::*;

use super::worker;
use crate::protocol::data::Ask;
use crate::protocol::what_if::{Tell, Wanted};
use crate::protocol::{Array, ToWorker};
use crate::ui::state::store::{Phase, Store};
use crate::ui::state::what_if::{Shifts, TypeDots};

/// Takes a message; those of a task that is over are dropped.
pub(super) fn receive(store: Store, tell: Tell, next: &mut dyn FnMut() -> Array) {
    let own = store.data.what_if;
    let is_own = |job: u32| own.working.get_untracked() == Some(job);
    match tell {
        Tell::Begun { job, about } if is_own(job) => {
            own.origins.set(Arc::new(next().f64().into_iter().map(|place| place as usize).collect()));
            own.about.set(Some(Arc::new(about)));
        }
        Tell::Cells { job, first } if is_own(job) => {
            let new = next().f32();
            own.cells.update(|cells| {
                let cells = Arc::make_mut(cells);
                cells.truncate(2 * first as usize);
                cells.extend(new);
            });
        }
        Tell::Done { job, provenance, seconds } if is_own(job) => {
            let genes = String::from_utf8(next().bytes()).unwrap_or_default();
            let mut column = || next().f64();
            let (change, p, q) = (column(), column(), column());
            let (means, low, high, drawn) = ([column(), column(), column()], column(), column(), column());
            // Of no gene at all there is one empty name.
            let genes: Vec<String> = genes.split('\n').map(str::to_owned).take(change.len()).collect();
            own.shifts.set(Some(Arc::new(Shifts { genes, change, p, q, means, low, high, drawn })));
            own.provenance.set(Some(Arc::new(provenance)));
            own.working.set(None);
            let cells = own.origins.with_untracked(|cells| cells.len());
            own.ended.set(format!("Done in {seconds:.1} s: {cells} cells predicted, with a control twin for each."));
            store.end_job(job);
        }
        Tell::Dots { genes, types } if own.shifts.with_untracked(Option::is_some) => {
            own.dots.set(Some(Arc::new(TypeDots { genes, types, share: next().f64(), mean: next().f64() })));
        }
        _ => {}
    }
}

/// Asks for genes by cell type.
pub(in crate::ui) fn ask_dots(store: Store, genes: Vec<String>) {
    worker::send(store, &ToWorker::Data(Ask::Dots { genes }));
}

/// Asks for it.
pub(in crate::ui) fn predict(store: Store, wanted: Wanted) {
    let own = store.data.what_if;
    if store.phase.with_untracked(|phase| *phase != Phase::Idle) {
        return;
    }
    own.forget();
    own.ended.set(String::new());
    let job = store.begin_job("predicting your cells");
    own.working.set(Some(job));
    own.ran.set(Some(wanted.clone()));
    worker::send(store, &ToWorker::Data(Ask::Predict { job, wanted }));
}

/// Forgets what a task left that was stopped or failed: half of the cells have no test.
pub(in crate::ui) fn watch(store: Store) {
    let own = store.data.what_if;
    Effect::new(move |_| {
        let is_over = store.phase.with(|phase| !matches!(phase, Phase::Running { .. }));
        if is_over && own.working.get_untracked().is_some() {
            own.forget();
            let failed = store.alert.with_untracked(Option::is_some);
            own.ended.set(if failed { String::new() } else { "Stopped: nothing was kept.".to_owned() });
        }
    });
}
