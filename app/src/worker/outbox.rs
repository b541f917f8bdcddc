//! What every task of the worker needs: its scope, messages to the page, pauses.
//!
//! Does: sends messages and failures, says what a panic means, lets the browser deliver messages, names the run that was asked to stop.
//! Does not know: what the tasks do.
//! Flow: tasks → **outbox** → page.

use std::cell::Cell;
use std::rc::Rc;

use wasm_bindgen::JsCast;
use web_sys::DedicatedWorkerGlobalScope;

use crate::protocol::{Array, FromWorker, codec};

/// Run that was asked to stop; 0 is none (runs count from 1).
pub(crate) type Stop = Rc<Cell<u32>>;

/// The worker's own scope.
pub(super) fn scope() -> DedicatedWorkerGlobalScope {
    js_sys::global().unchecked_into()
}

/// Sends a message to the page.
pub(crate) fn send(message: &FromWorker, arrays: &[Array]) {
    let posted = codec::encode(message, arrays).and_then(|encoded| {
        scope().post_message_with_transfer(&encoded.value, &encoded.transfer).map_err(|e| format!("{e:?}"))
    });
    if let Err(error) = posted {
        gloo::console::error!("a message could not be sent:", error);
    }
}

/// Reports a failure.
pub(crate) fn fail(run: Option<u32>, sentence: String, fatal: bool) {
    send(&FromWorker::Failed { run, sentence, fatal }, &[]);
}

/// Lets the browser deliver messages: a cancel that arrived while a step was computed is then seen.
pub(crate) async fn breathe() {
    gloo::timers::future::TimeoutFuture::new(0).await;
}

/// What a panic means to a person.
pub(super) fn panic_sentence(words: &str) -> String {
    let lower = words.to_lowercase();
    if lower.contains("lost") {
        return "The GPU was lost (the driver restarted or the computer slept). Restart to go on; your choices are kept.".into();
    }
    if lower.contains("memory") || lower.contains("alloc") {
        return "The model ran out of memory. Restart and choose fewer cells.".into();
    }
    "The model stopped unexpectedly. Restart to go on; your choices are kept.".into()
}
