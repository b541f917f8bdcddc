//! The worker: the model on WebGPU or the CPU, behind messages.
//!
//! Does: one task at a time from a queue; cancel is seen between sampling steps; every failure, a
//! panic included, becomes a sentence.
//! Does not know: the document, Leptos.
//! Flow: [`ToWorker`] → session → [`FromWorker`].

mod bundle_files;
mod data;
mod device;
mod fetch;
mod generate;
mod hand_out;
mod heat;
mod learn;
mod made;
mod measured;
mod outbox;
mod plate;
mod pool;
mod precomputed;
mod probe;
mod provenance;
mod session;
mod shifts;

use std::rc::Rc;

use futures_channel::mpsc::{UnboundedReceiver, unbounded};
use futures_util::StreamExt;
use futures_util::future::{Either, select};
use gloo::timers::future::TimeoutFuture;
use std::cell::Cell;
use wasm_bindgen::JsCast;
use wasm_bindgen::prelude::Closure;
use web_sys::MessageEvent;

use crate::protocol::bundle::LOADING;
use crate::protocol::{Array, FromWorker, ToWorker, Wish, codec};
use bundle_files::End;
use outbox::{Stop, fail, panic_sentence, scope, send};
use session::Session;

/// Milliseconds without a message after which helpers are started: what a page asks for when it opens has come by then.
const IDLE: u32 = 500;

/// Starts the worker, or the helper of one.
pub fn start() {
    if pool::member::is_one() {
        return pool::member::start();
    }
    std::panic::set_hook(Box::new(|panic| {
        console_error_panic_hook::hook(panic);
        fail(None, panic_sentence(&panic.to_string()), true);
    }));
    let (sender, receiver) = unbounded();
    let stop: Stop = Rc::new(Cell::new(0));
    let seen = stop.clone();
    let listener = Closure::<dyn FnMut(MessageEvent)>::new(move |event: MessageEvent| {
        match codec::decode::<ToWorker>(&event.data()) {
            Ok((ToWorker::Cancel { run }, _)) => seen.set(run),
            // The receiver lives as long as the worker.
            Ok((message, arrays)) => {
                data::keep_files(arrays);
                drop(sender.unbounded_send(message));
            }
            Err(error) => {
                fail(None, format!("The page sent a message that the worker does not understand: {error}"), false)
            }
        }
    });
    scope().set_onmessage(Some(listener.as_ref().unchecked_ref()));
    listener.forget();
    send(&FromWorker::Started, &[]);
    wasm_bindgen_futures::spawn_local(work(receiver, stop));
}

/// Works off the queue.
async fn work(mut queue: UnboundedReceiver<ToWorker>, stop: Stop) {
    let mut session: Option<Session> = None;
    while let Some(message) = next(&mut queue, session.as_ref()).await {
        match message {
            ToWorker::Load { bundle, device } => match load(&bundle, device, &stop).await {
                Ok(mut loaded) => {
                    // The same bundle on another device: the last run's cells stay at hand.
                    let same = session.take().filter(|before| before.bundle.hash == loaded.bundle.hash);
                    loaded.current = same.and_then(|before| before.current);
                    let (card, device) = (loaded.json.clone(), loaded.report.clone());
                    let report = FromWorker::Ready { card, device, names: loaded.map_names() };
                    send(&report, &[Array::F32(loaded.bundle.map.coordinates.clone())]);
                    let labels = &loaded.bundle.map.labels;
                    let codes: Vec<Array> = labels.values().map(|codes| Array::U8(codes.clone())).collect();
                    send(&FromWorker::MapLabels { keys: labels.keys().cloned().collect() }, &codes);
                    session = Some(loaded);
                }
                Err(End::Cancelled) => send(&FromWorker::Cancelled { run: LOADING, cells: 0 }, &[]),
                Err(End::Failed(sentence)) => fail(None, sentence, false),
            },
            ToWorker::Generate { run, request, other, replicates } => match session.as_mut() {
                Some(session) => generate::generate(session, run, [Some(request), other], replicates, &stop).await,
                None => fail(Some(run), "No model is loaded yet.".into(), false),
            },
            ToWorker::Values { run, genes } => {
                if let Some((genes, values)) = session.as_ref().and_then(|session| session.values(run, genes)) {
                    send(&FromWorker::Values { run, genes }, &values);
                }
            }
            ToWorker::HeatMap { run, comparison, genes } => {
                let made = session.as_ref().and_then(|session| heat::answer(session, (run, comparison), genes));
                if let Some((head, matrix)) = made {
                    send(&head, &[matrix]);
                }
            }
            ToWorker::Export { run } => match session.as_ref().map(|session| session.export(run)) {
                Some(Ok((name, bytes))) => send(&FromWorker::Exported { name }, &[Array::U8(bytes)]),
                Some(Err(sentence)) => fail(Some(run), sentence, false),
                None => fail(Some(run), "No model is loaded yet.".into(), false),
            },
            ToWorker::Plate(ask) => plate::answer(session.as_mut(), ask, &stop).await,
            ToWorker::Learn(ask) => learn::answer(session.as_mut(), ask, &stop).await,
            ToWorker::Data(ask) => data::answer(session.as_mut(), ask, &stop).await,
            // Cancels are taken by the listener.
            ToWorker::Cancel { .. } => {}
        }
    }
}

/// The next message; while none comes, helpers are started.
async fn next(queue: &mut UnboundedReceiver<ToWorker>, session: Option<&Session>) -> Option<ToWorker> {
    if let Some(pool) = session.map(|session| &session.pool).filter(|pool| pool.is_waiting()) {
        match select(queue.next(), TimeoutFuture::new(IDLE)).await {
            Either::Left((message, _)) => return message,
            Either::Right(_) => pool.start(),
        }
    }
    queue.next().await
}

/// Loads a bundle; a cancel of an earlier one does not stop it.
async fn load(bundle: &str, device: Wish, stop: &Stop) -> Result<Session, End> {
    stop.set(0);
    session::load(bundle, device, stop).await
}
