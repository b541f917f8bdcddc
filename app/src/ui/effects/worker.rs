//! The page's end of the worker.
//!
//! Does: starts the worker, hands it messages, passes its messages to the inbox, notices when it is
//! gone and starts another.
//! Does not know: what messages mean.
//! Flow: state ⇄ **link** ⇄ worker.

use std::cell::{Cell, RefCell};

use leptos::prelude::*;
use wasm_bindgen::JsCast;
use wasm_bindgen::prelude::Closure;
use web_sys::{ErrorEvent, MessageEvent, Worker, WorkerOptions, WorkerType};

use crate::ui::state::store::{Phase, Store};

use crate::faults;
use crate::protocol::bundle::LOADING;
use crate::protocol::{Array, FromWorker, ToWorker, codec};

/// Script that starts the worker's binary.
const SCRIPT: &str = "./worker_start.js";

/// Takes a message of the worker and what travels beside it.
type Inbox = fn(Store, FromWorker, Vec<Array>);

thread_local! {
    static WORKER: RefCell<Option<Worker>> = const { RefCell::new(None) };
    /// Who takes its messages; another worker is connected to the same.
    static INBOX: Cell<Option<Inbox>> = const { Cell::new(None) };
    /// Whether it has said that it takes messages.
    static STARTED: Cell<bool> = const { Cell::new(false) };
}

/// Starts the worker; `inbox` takes its messages.
pub(in crate::ui) fn connect(store: Store, inbox: Inbox) {
    STARTED.set(false);
    INBOX.set(Some(inbox));
    let options = WorkerOptions::new();
    options.set_type(WorkerType::Module);
    let script = format!("{SCRIPT}{}{}", super::offline::suffix(), switches());
    let Ok(worker) = Worker::new_with_options(&script, &options) else {
        store.alert.set(Some(
            "This browser does not start module workers; a current Chrome, Edge, Firefox or Safari does.".into(),
        ));
        store.phase.set(Phase::Refused);
        return;
    };
    let receive = Closure::<dyn FnMut(MessageEvent)>::new(move |event: MessageEvent| {
        match codec::decode::<FromWorker>(&event.data()) {
            Ok((FromWorker::Started, _)) => {
                STARTED.set(true);
                load(store);
            }
            // What is left of a lost worker may say once more that it is lost; the first sentence knew most.
            Ok((FromWorker::Failed { fatal: true, .. }, _)) if is_lost(store) => {}
            Ok((message, arrays)) => {
                if matches!(message, FromWorker::Failed { fatal: true, .. }) {
                    remember(store);
                }
                let lose = matches!(message, FromWorker::Cells { .. }) && is_fault("lose-worker");
                inbox(store, message, arrays);
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

/// Whether a test asked for a fault in the address.
fn is_fault(name: &str) -> bool {
    window().location().search().is_ok_and(|query| faults::is_asked(&query, name))
}

/// Parts of the page's address that are for the workers: a fault, and a number of workers, that a test or a measurement
/// asked for. Behind a `#`, so that the script is the same file with them.
fn switches() -> String {
    let query = window().location().search().unwrap_or_default();
    let of_workers = |pair: &&str| (faults::KNOWN && pair.starts_with(faults::KEY)) || pair.starts_with("workers=");
    let pairs: Vec<&str> = query.trim_start_matches('?').split('&').filter(of_workers).collect();
    if pairs.is_empty() { String::new() } else { format!("#{}", pairs.join("&")) }
}

/// What a browser does when it takes a worker away: it ends it, without a word.
fn lose_worker(store: Store) {
    end();
    lost(store);
}

/// Ends the worker, if there is one.
fn end() {
    if let Some(worker) = WORKER.with(|slot| slot.borrow_mut().take()) {
        worker.terminate();
    }
}

/// Whether it was said that the worker is gone.
fn is_lost(store: Store) -> bool {
    store.phase.with_untracked(|phase| *phase == Phase::Lost)
}

/// Keeps the run that a lost worker was busy with, so that it can be offered again.
fn remember(store: Store) {
    let own = store.working.get_untracked() == store.run.get_untracked();
    if own && untrack(|| store.is_running()) {
        store.bundles.interrupted.set(store.ran.get_untracked());
    }
}

/// Says that the worker is gone.
fn lost(store: Store) {
    if is_lost(store) {
        return;
    }
    remember(store);
    let sentence = if STARTED.get() {
        "The part of the page that runs the model was lost. Restart to go on; your choices are kept."
    } else {
        "The part of the page that runs the model could not be loaded. Check the connection, then restart."
    };
    store.alert.update(|alert| {
        alert.get_or_insert_with(|| sentence.into());
    });
    store.phase.set(Phase::Lost);
}

/// Asks for the state's bundle.
fn load(store: Store) {
    store.bundles.notice.set(None);
    store.bundles.cancelled.set(false);
    let (bundle, device) = store.state.with_untracked(|state| (state.bundle.clone(), state.device));
    send(store, &ToWorker::Load { bundle, device });
}

/// Loads the state's bundle anew: another device was asked for. Results stay, the worker keeps their cells.
pub(in crate::ui) fn switch_device(store: Store) {
    store.alert.set(None);
    store.phase.set(Phase::Loading { stage: "starting".into(), share: 0.0 });
    load(store);
}

/// Sends a message.
pub(in crate::ui) fn send(store: Store, message: &ToWorker) {
    send_with(store, message, &[]);
}

/// Sends a message and what travels beside it.
pub(in crate::ui) fn send_with(store: Store, message: &ToWorker, arrays: &[Array]) {
    let sent = WORKER.with(|slot| {
        let slot = slot.borrow();
        let worker = slot.as_ref()?;
        let encoded = codec::encode(message, arrays).ok()?;
        worker.post_message_with_transfer(&encoded.value, &encoded.transfer).ok()
    });
    if sent.is_none() {
        lost(store);
    }
}

/// Loads the state's bundle in place of the one that is open; what was made with that one is forgotten.
pub(in crate::ui) fn reload(store: Store) {
    if untrack(|| store.is_running()) {
        cancel(store);
    }
    if STARTED.get() {
        cancel_load(store);
    }
    store.alert.set(None);
    store.close();
    store.next_run();
    if is_lost(store) {
        return;
    }
    store.phase.set(Phase::Loading { stage: "asking for it".into(), share: 0.0 });
    // A worker that is still starting asks for the state's bundle by itself.
    if STARTED.get() {
        load(store);
    }
}

/// Stops the loading in work; before the worker hears anything, the worker itself is what is being loaded.
pub(in crate::ui) fn cancel_load(store: Store) {
    if !store.phase.with_untracked(|phase| matches!(phase, Phase::Loading { .. })) {
        return;
    }
    if STARTED.get() {
        send(store, &ToWorker::Cancel { run: LOADING });
    } else {
        end();
        store.stopped();
    }
}

/// Loads once more after a failure, with a new worker if there is none.
pub(in crate::ui) fn retry(store: Store) {
    if WORKER.with(|slot| slot.borrow().is_some()) {
        reload(store);
    } else {
        restart(store);
    }
}

/// Ends what is left of the worker and starts another.
pub(in crate::ui) fn restart(store: Store) {
    end();
    store.alert.set(None);
    store.clear();
    store.next_run();
    store.phase.set(Phase::Loading { stage: "starting".into(), share: 0.0 });
    if let Some(inbox) = INBOX.get() {
        connect(store, inbox);
    }
}

/// Starts a run of what the controls describe.
pub(in crate::ui) fn generate(store: Store) {
    let Some((request, other)) = store.requests() else { return };
    if !untrack(|| store.problems()).is_empty() {
        store.tell("Nothing was made: some of the choices are not this model's. See above the controls.");
        return;
    }
    store.alert.set(None);
    let run = store.begin_run();
    store.working.set(run);
    store.phase.set(Phase::Running { what: "starting".into(), share: 0.0, seconds_left: None });
    store.ran.set(Some(request.clone()));
    store.ran_other.set(other.clone());
    store.change(|state| state.run = true);
    let replicates = store.state.with_untracked(|state| state.replicates);
    send(store, &ToWorker::Generate { run, request, other, replicates });
}

/// Stops the run in work.
pub(in crate::ui) fn cancel(store: Store) {
    send(store, &ToWorker::Cancel { run: store.working.get_untracked() });
}
