//! One helper, as this worker sees it.
//!
//! Does: starts it with the program that is compiled already, hands it messages and its messages on, ends it.
//! Does not know: what the messages mean.
//! Flow: start → **messages** ⇄ helper → end.

use wasm_bindgen::JsCast;
use wasm_bindgen::prelude::Closure;
use web_sys::{ErrorEvent, MessageEvent, Worker, WorkerOptions, WorkerType};

use super::super::outbox::scope;
use super::messages::{FromMember, ToMember};
use crate::pool::Who;
use crate::pool::turns::Batch;
use crate::protocol::{Array, codec};

/// Name that a helper starts under; the start script of all workers knows it (assets/scripts/worker_start.js).
pub(super) const NAME: &str = "member";

/// A helper.
pub(super) struct Member {
    /// Its number.
    pub(super) who: Who,
    /// Bytes of its memory when it had read the bundle; none before.
    pub(super) bytes: Option<f64>,
    /// Batches that it was given and has not finished.
    pub(super) has: Vec<Batch>,
    /// Milliseconds that were waited for it since it was last heard.
    pub(super) silence: f64,
    worker: Worker,
    /// They are called as long as the helper lives.
    _message: Closure<dyn FnMut(MessageEvent)>,
    _failure: Closure<dyn FnMut(ErrorEvent)>,
}

impl Member {
    /// Starts one; `hear` is told its messages, and nothing when it is gone. None where workers cannot start workers.
    pub(super) fn start(who: Who, hear: impl Fn(Option<(FromMember, Vec<Array>)>) + Clone + 'static) -> Option<Self> {
        let options = WorkerOptions::new();
        options.set_type(WorkerType::Module);
        options.set_name(NAME);
        // The script that started this worker, of the same version of the site.
        let worker = Worker::new_with_options(&scope().location().href(), &options).ok()?;
        let failed = hear.clone();
        let message = Closure::<dyn FnMut(MessageEvent)>::new(move |event: MessageEvent| {
            // One that says what nobody understands is of no use.
            hear(codec::decode::<FromMember>(&event.data()).ok());
        });
        worker.set_onmessage(Some(message.as_ref().unchecked_ref()));
        let failure = Closure::<dyn FnMut(ErrorEvent)>::new(move |event: ErrorEvent| {
            // It is told nowhere else: the cells are written without this helper.
            event.prevent_default();
            failed(None);
        });
        worker.set_onerror(Some(failure.as_ref().unchecked_ref()));
        // The program first, before anything else: the script waits for it.
        let program = js_sys::Array::of1(&wasm_bindgen::module());
        let member =
            Self { who, bytes: None, has: Vec::new(), silence: 0.0, worker, _message: message, _failure: failure };
        member.worker.post_message(&program).is_ok().then_some(member)
    }

    /// Sends a message. One that cannot be sent is missed like any other: the helper counts as lost after a while.
    pub(super) fn post(&self, message: &ToMember, arrays: &[Array]) {
        let sent = codec::encode(message, arrays).and_then(|encoded| {
            let posted = self.worker.post_message_with_transfer(&encoded.value, &encoded.transfer);
            posted.map_err(|error| format!("{error:?}"))
        });
        if let Err(error) = sent {
            gloo::console::error!("a message to a helper could not be sent:", error);
        }
    }

    /// Ends it at once.
    pub(super) fn end(&self) {
        self.worker.set_onmessage(None);
        self.worker.set_onerror(None);
        self.worker.terminate();
    }
}

impl Drop for Member {
    fn drop(&mut self) {
        self.end();
    }
}
