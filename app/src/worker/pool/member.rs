//! A helper's own side: it writes the cells that it is told to.
//!
//! Does: reads the bundle that it is handed, writes batches one after the other, says each step; a cancel is seen between
//! steps.
//! Does not know: the page, maps, tests, what the cells are for.
//! Flow: [`ToMember`] → writer → [`FromMember`].

use std::cell::Cell;
use std::rc::Rc;

use burn::tensor::Device;
use futures_channel::mpsc::{UnboundedReceiver, unbounded};
use futures_util::StreamExt;
use js_sys::{ArrayBuffer, Reflect};
use model::card::Choices;
use model::sample::{Effort, Prepared};
use model::writer::Writer;
use wasm_bindgen::JsCast;
use wasm_bindgen::prelude::Closure;
use web_sys::MessageEvent;

use super::super::outbox::{breathe, panic_sentence, scope};
use super::messages::{FromMember, ToMember};
use super::one::NAME;
use crate::pool::turns::Batch;
use crate::protocol::{Array, codec};

/// Jobs up to this one are stopped.
type Stopped = Rc<Cell<u32>>;

/// Whether this worker was started as a helper.
pub(in crate::worker) fn is_one() -> bool {
    scope().name() == NAME
}

/// Sends a message to the worker that started this one.
fn tell(message: &FromMember, arrays: &[Array]) {
    let posted = codec::encode(message, arrays).and_then(|encoded| {
        scope().post_message_with_transfer(&encoded.value, &encoded.transfer).map_err(|error| format!("{error:?}"))
    });
    if let Err(error) = posted {
        gloo::console::error!("a message could not be sent:", error);
    }
}

/// Says that nothing more will come.
fn fail(sentence: String) {
    tell(&FromMember::Failed { run: None, sentence, fatal: true }, &[]);
}

/// Starts the helper.
pub(in crate::worker) fn start() {
    std::panic::set_hook(Box::new(|panic| fail(panic_sentence(&panic.to_string()))));
    let (sender, receiver) = unbounded();
    let stopped = Stopped::default();
    let seen = stopped.clone();
    let listener = Closure::<dyn FnMut(MessageEvent)>::new(move |event: MessageEvent| {
        match codec::decode::<ToMember>(&event.data()) {
            Ok((ToMember::Cancel { job }, _)) => seen.set(job),
            // The receiver lives as long as the worker.
            Ok(message) => drop(sender.unbounded_send(message)),
            Err(error) => fail(error),
        }
    });
    scope().set_onmessage(Some(listener.as_ref().unchecked_ref()));
    // As long as the worker.
    listener.forget();
    tell(&FromMember::Started, &[]);
    wasm_bindgen_futures::spawn_local(work(receiver, stopped));
}

/// Works off the queue.
async fn work(mut queue: UnboundedReceiver<(ToMember, Vec<Array>)>, stopped: Stopped) {
    let mut writer: Option<Writer> = None;
    // What the batches of a task share, by job and task.
    let mut shared: Option<((u32, usize), Prepared)> = None;
    while let Some((message, arrays)) = queue.next().await {
        let ended = match (message, &writer) {
            (ToMember::Load, _) => {
                shared = None;
                load(arrays).map(|read| writer = Some(read))
            }
            (ToMember::Make { job, batch, choices }, Some(writer)) => {
                let task = (job, batch.task);
                let known = shared.take().filter(|(own, _)| *own == task);
                let (_, prepared) = shared.insert(known.unwrap_or_else(|| (task, writer.prepared())));
                make(writer, prepared, (job, batch), &choices, &stopped).await
            }
            // Cancels are taken by the listener.
            (ToMember::Make { .. } | ToMember::Cancel { .. }, _) => Ok(()),
        };
        if let Err(sentence) = ended {
            fail(sentence);
        }
    }
}

/// Bytes of this worker's memory.
fn memory() -> f64 {
    let buffer = Reflect::get(&wasm_bindgen::memory(), &"buffer".into()).ok();
    buffer
        .and_then(|buffer| buffer.dyn_into::<ArrayBuffer>().ok())
        .map_or(0.0, |buffer| f64::from(buffer.byte_length()))
}

/// Reads a bundle's card and weights.
fn load(arrays: Vec<Array>) -> Result<Writer, String> {
    let mut files = arrays.into_iter().map(Array::bytes);
    let (json, weights) = (files.next().unwrap_or_default(), files.next().unwrap_or_default());
    let read = Writer::read(&json, &weights, &Device::flex()).map_err(|error| format!("{error}."))?;
    let writer = read.on_host();
    tell(&FromMember::Ready { bytes: memory() }, &[]);
    Ok(writer)
}

/// Writes cells, unless they are not wanted any more.
async fn make(
    writer: &Writer,
    prepared: &Prepared,
    (job, batch): (u32, Batch),
    choices: &Choices,
    stopped: &Stopped,
) -> Result<(), String> {
    let cells = batch.first..batch.first + batch.cells;
    let mut run = writer.run(choices, cells, prepared, Effort::CPU).map_err(|error| format!("{error}."))?;
    while !run.is_finished() {
        breathe().await;
        if stopped.get() >= job {
            return Ok(());
        }
        let step = run.step(&writer.network).await;
        let step = step.map_err(|error| format!("The device failed while writing cells: {error}."))?;
        let share = step.step as f64 / step.steps as f64;
        tell(&FromMember::Stepped { job, batch, share }, &[]);
    }
    let tokens = (0..batch.cells).flat_map(|cell| run.tokens(cell)).copied().collect();
    let labels = (0..batch.cells).map(|cell| run.labels(cell).to_vec()).collect();
    tell(&FromMember::Made { job, batch, labels }, &[Array::U16(tokens)]);
    Ok(())
}
