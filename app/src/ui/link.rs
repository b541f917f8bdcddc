//! The page's end of the worker.
//!
//! Does: starts the worker, hands it messages, passes its messages to the store, notices when it is
//! gone and starts another.
//! Does not know: what messages mean.
//! Flow: store ⇄ **link** ⇄ worker.

use std::cell::RefCell;

use leptos::prelude::*;
use wasm_bindgen::JsCast;
use wasm_bindgen::prelude::Closure;
use web_sys::{ErrorEvent, MessageEvent, Worker, WorkerOptions, WorkerType};

use super::store::{Phase, Store};
use crate::protocol::{FromWorker, ToWorker, codec};

/// Script that trunk writes for the worker's binary.
const SCRIPT: &str = "./worker_loader.js";

thread_local! {
    static WORKER: RefCell<Option<Worker>> = const { RefCell::new(None) };
}

/// Starts the worker and keeps it fed.
pub(super) fn connect(store: Store) {
    let options = WorkerOptions::new();
    options.set_type(WorkerType::Module);
    let Ok(worker) = Worker::new_with_options(SCRIPT, &options) else {
        store.alert.set(Some(
            "This browser does not start module workers; a current Chrome, Edge, Firefox or Safari does.".into(),
        ));
        store.phase.set(Phase::Refused);
        return;
    };
    let receive = Closure::<dyn FnMut(MessageEvent)>::new(move |event: MessageEvent| {
        match codec::decode::<FromWorker>(&event.data()) {
            Ok((FromWorker::Started, _)) => load(store),
            Ok((message, arrays)) => {
                let lose = matches!(message, FromWorker::Cells { .. }) && is_fault("lose-worker");
                store.receive(message, arrays);
                if lose {
                    lose_worker(store);
                }
            }
            Err(error) => {
                store.alert.set(Some(format!("The worker sent a message that the page does not understand: {error}")))
            }
        }
    });
    worker.set_onmessage(Some(receive.as_ref().unchecked_ref()));
    receive.forget();
    let failed = Closure::<dyn FnMut(ErrorEvent)>::new(move |_: ErrorEvent| lost(store));
    worker.set_onerror(Some(failed.as_ref().unchecked_ref()));
    failed.forget();
    WORKER.with(|slot| *slot.borrow_mut() = Some(worker));
}

/// Whether a test asked for a fault in the address (`?fault=…`).
fn is_fault(name: &str) -> bool {
    window().location().search().is_ok_and(|query| query.contains(&format!("fault={name}")))
}

/// What a browser does when it takes a worker away: it ends it, without a word.
fn lose_worker(store: Store) {
    WORKER.with(|slot| {
        if let Some(worker) = slot.borrow_mut().take() {
            worker.terminate();
        }
    });
    lost(store);
}

/// Says that the worker is gone.
fn lost(store: Store) {
    if store.phase.with_untracked(|phase| *phase == Phase::Lost) {
        return;
    }
    store.alert.update(|alert| {
        alert.get_or_insert_with(|| {
            "The part of the page that runs the model was lost. Restart to go on; your choices are kept.".into()
        });
    });
    store.phase.set(Phase::Lost);
}

/// Asks for the state's bundle.
fn load(store: Store) {
    let (bundle, device) = store.state.with_untracked(|state| (state.bundle.clone(), state.device));
    send(store, &ToWorker::Load { bundle, device });
}

/// Loads the state's bundle anew: another device was asked for. Results stay, the worker keeps their cells.
pub(super) fn reload(store: Store) {
    store.alert.set(None);
    store.phase.set(Phase::Loading { stage: "starting".into(), share: 0.0 });
    load(store);
}

/// Sends a message.
pub(super) fn send(store: Store, message: &ToWorker) {
    let sent = WORKER.with(|slot| {
        let slot = slot.borrow();
        let worker = slot.as_ref()?;
        let encoded = codec::encode(message, &[]).ok()?;
        worker.post_message(&encoded.value).ok()
    });
    if sent.is_none() {
        lost(store);
    }
}

/// Ends what is left of the worker and starts another.
pub(super) fn restart(store: Store) {
    WORKER.with(|slot| {
        if let Some(worker) = slot.borrow_mut().take() {
            worker.terminate();
        }
    });
    store.alert.set(None);
    store.clear();
    store.run.update(|run| *run += 1);
    store.phase.set(Phase::Loading { stage: "starting".into(), share: 0.0 });
    connect(store);
}

/// Starts a run of what the controls describe.
pub(super) fn generate(store: Store) {
    let Some(request) = store.request() else { return };
    store.alert.set(None);
    store.clear();
    store.run.update(|run| *run += 1);
    store.working.set(store.run.get_untracked());
    store.phase.set(Phase::Running { what: "starting".into(), share: 0.0, seconds_left: None });
    store.ran.set(Some(request.clone()));
    store.change(|state| state.run = true);
    send(store, &ToWorker::Generate { run: store.run.get_untracked(), request });
}

/// Stops the run in work.
pub(super) fn cancel(store: Store) {
    send(store, &ToWorker::Cancel { run: store.working.get_untracked() });
}
