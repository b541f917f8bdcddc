//! A helper's own side: it writes the cells that it is told to.
//!
//! Does: reads the bundle that it is handed, writes or rewrites batches one after the other, says each step; a cancel is
//! seen between steps.
//! Does not know: the page, maps, tests, what the cells are for.
//! Flow: [`ToMember`] → writer → [`FromMember`].

use std::cell::Cell;
use std::rc::Rc;

use burn::tensor::Device;
use futures_channel::mpsc::{UnboundedReceiver, unbounded};
use futures_util::StreamExt;
use js_sys::{ArrayBuffer, Reflect};
use model::card::Choices;
use model::rewrite::part::Part;
use model::rewrite::{Measured, Rewriting, Setting};
use model::sample::{Effort, Prepared};
use model::writer::Writer;
use wasm_bindgen::JsCast;
use wasm_bindgen::prelude::Closure;
use web_sys::MessageEvent;

use super::super::outbox::{breathe, panic_sentence, scope};
use super::messages::{FromMember, ToMember};
use super::one::NAME;
use super::start::{measured, to_arrays};
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

/// Messages in the order they came.
type Queue = UnboundedReceiver<(ToMember, Vec<Array>)>;

/// Works off the queue.
async fn work(mut queue: Queue, stopped: Stopped) {
    let mut next = queue.next().await;
    while let Some((message, arrays)) = next {
        next = match message {
            ToMember::Load => match load(arrays) {
                Ok(writer) => serve(&writer, &mut queue, &stopped).await,
                Err(sentence) => {
                    fail(sentence);
                    queue.next().await
                }
            },
            // Nothing is asked of a helper before it has read the bundle.
            _ => queue.next().await,
        };
    }
}

/// Writes cells of a bundle until another is to be read; gives that message.
async fn serve(writer: &Writer, queue: &mut Queue, stopped: &Stopped) -> Option<(ToMember, Vec<Array>)> {
    // What the batches of a task share, by job and task, and what those of a prediction do.
    let mut shared: Option<((u32, usize), Prepared)> = None;
    let mut rewriting: Option<(u32, Rewriting<'_>)> = None;
    loop {
        let (message, arrays) = queue.next().await?;
        let ended = match message {
            ToMember::Load => return Some((message, arrays)),
            ToMember::Make { job, batch, choices } => {
                let task = (job, batch.task);
                let known = shared.take().filter(|(own, _)| *own == task);
                let (_, prepared) = shared.insert(known.unwrap_or_else(|| (task, writer.prepared())));
                make(writer, prepared, (job, batch), &choices, stopped).await
            }
            ToMember::Rewrite { job, batch, setting, with } => {
                let known = rewriting.take().filter(|(own, _)| *own == job).map(|(_, own)| Ok(own));
                match known.unwrap_or_else(|| begun(writer, setting)) {
                    Ok(own) => {
                        let (_, own) = rewriting.insert((job, own));
                        let cells = measured(with, arrays, writer.card.genes.len());
                        rewrite(writer, own, (job, batch), cells, stopped).await
                    }
                    Err(sentence) => Err(sentence),
                }
            }
            // Cancels are taken by the listener.
            ToMember::Cancel { .. } => Ok(()),
        };
        if let Err(sentence) = ended {
            fail(sentence);
        }
    }
}

/// Ready to rewrite cells.
fn begun(writer: &Writer, setting: Setting) -> Result<Rewriting<'_>, String> {
    Rewriting::of(&writer.card, &writer.network, setting).map_err(|error| format!("{error}."))
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

/// Rewrites cells, unless they are not wanted any more.
async fn rewrite(
    writer: &Writer,
    rewriting: &mut Rewriting<'_>,
    (job, batch): (u32, Batch),
    cells: Vec<Measured>,
    stopped: &Stopped,
) -> Result<(), String> {
    breathe().await;
    if stopped.get() >= job {
        return Ok(());
    }
    let part = Part::new(rewriting, cells, batch.first, Effort::CPU).await;
    let mut part = part.map_err(|error| format!("{error}."))?;
    loop {
        breathe().await;
        if stopped.get() >= job {
            return Ok(());
        }
        let share = part.step(&writer.network).await;
        let share = share.map_err(|error| format!("The device failed while predicting cells: {error}."))?;
        tell(&FromMember::Stepped { job, batch, share }, &[]);
        if share >= 1.0 {
            tell(&FromMember::Rewritten { job, batch }, &to_arrays(&part.finish()));
            return Ok(());
        }
    }
}
