//! Files of the page's own origin, as streams.
//!
//! Does: fetches relative addresses piece by piece, reports every piece, sees a cancel while it waits, ends
//! a file that is longer than announced; turns every failure into a sentence.
//! Does not know: what is in the files (`model::bundle` checks them), what is kept (`shelf`).
//! Flow: address → **bytes**.

use futures_util::future::{Either, select};
use gloo::timers::future::TimeoutFuture;
use js_sys::{Promise, Reflect, Uint8Array};
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{AbortController, ReadableStreamDefaultReader, RequestCache, RequestInit, Response};

use super::outbox::{Stop, scope};
use crate::protocol::bundle::LOADING;
use crate::shelf::words;

/// Milliseconds between two looks for a cancel while the network is silent.
const LOOK: u32 = 100;
/// Milliseconds without a single byte after which a server counts as out of reach.
const SILENCE: u32 = 60_000;

/// Why there are no bytes.
pub(crate) enum End {
    /// The visitor stopped it.
    Cancelled,
    /// The server could not be reached, or broke off.
    Unreachable(String),
    /// The server answered something else.
    Status(u16),
}

impl End {
    /// As a sentence about an address.
    pub(crate) fn sentence(&self, address: &str) -> String {
        match self {
            Self::Cancelled => "Loading was cancelled.".into(),
            Self::Unreachable(why) => {
                format!("{address} could not be fetched ({why}). Check the connection and try again.")
            }
            Self::Status(status) => format!("{address} could not be fetched: the server answered {status}."),
        }
    }
}

/// What to fetch.
pub(crate) struct Wanted<'a> {
    /// Relative address.
    pub(crate) address: &'a str,
    /// What the browser's own cache may answer.
    pub(crate) cache: RequestCache,
    /// Bytes that are expected; more are not read.
    pub(crate) most: u64,
}

/// One file; `progress` is told the bytes so far.
///
/// # Errors
/// When it was cancelled, cannot be reached or is not there.
pub(crate) async fn file(wanted: &Wanted<'_>, stop: &Stop, mut progress: impl FnMut(u64)) -> Result<Vec<u8>, End> {
    let unreachable = |error: JsValue| End::Unreachable(words(&error));
    let abort = AbortController::new().map_err(unreachable)?;
    let options = RequestInit::new();
    options.set_cache(wanted.cache);
    options.set_signal(Some(&abort.signal()));
    let asked = scope().fetch_with_str_and_init(wanted.address, &options);
    let response: Response = wait(asked, &abort, stop).await?.unchecked_into();
    if !response.ok() {
        return Err(End::Status(response.status()));
    }
    let Some(body) = response.body() else { return Ok(Vec::new()) };
    let reader = ReadableStreamDefaultReader::new(&body).map_err(unreachable)?;
    let mut bytes = Vec::new();
    loop {
        let piece = wait(reader.read(), &abort, stop).await?;
        let part = |key: &str| Reflect::get(&piece, &key.into()).unwrap_or_default();
        if part("done").is_truthy() {
            return Ok(bytes);
        }
        bytes.extend(part("value").unchecked_into::<Uint8Array>().to_vec());
        progress(bytes.len() as u64);
        if bytes.len() as u64 > wanted.most {
            // It is the wrong file; its check says so in a better sentence than this place could.
            abort.abort();
            return Ok(bytes);
        }
    }
}

/// Waits for the network, but not for ever, and not after a cancel.
async fn wait(promise: Promise, abort: &AbortController, stop: &Stop) -> Result<JsValue, End> {
    let mut answer = JsFuture::from(promise);
    for _ in 0..SILENCE / LOOK {
        match select(answer, TimeoutFuture::new(LOOK)).await {
            Either::Left((result, _)) => return result.map_err(|error| End::Unreachable(words(&error))),
            Either::Right(((), waiting)) => answer = waiting,
        }
        if stop.get() == LOADING {
            abort.abort();
            return Err(End::Cancelled);
        }
    }
    abort.abort();
    Err(End::Unreachable(format!("nothing came for {} s", SILENCE / 1000)))
}
