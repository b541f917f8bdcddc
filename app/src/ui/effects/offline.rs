//! The service worker, seen from the page.
//!
//! Does: registers it once the model is loaded (before, it would take the model's bandwidth), once more when the
//! network failed it, says when the page can start without a network and when a new version is there.
//! Does not know: what it keeps (assets/scripts/service_worker.js).
//! Flow: version of the site → **service worker** → store.

use leptos::prelude::*;
use wasm_bindgen::JsCast;
use wasm_bindgen::prelude::Closure;
use wasm_bindgen_futures::JsFuture;
use web_sys::{MessageEvent, ServiceWorkerContainer, ServiceWorkerRegistration};

use crate::ui::state::store::{Phase, Store};

/// The script, beside the page.
const SCRIPT: &str = "./service_worker.js";
/// Milliseconds between two looks at a service worker that downloads the page's files.
const LOOK_AFTER: u32 = 500;
/// Milliseconds after which one that failed is tried again.
const TRY_AGAIN: u32 = 10_000;
/// How often it may fail, because a file did not come or the site was being replaced, before it waits for the
/// next visit.
const ATTEMPTS: usize = 3;
/// Milliseconds between two looks for a newer version, while the page stays open.
const LOOK_AGAIN: u32 = 3_600_000;

/// Version of the site as `cargo xtask` wrote it; empty when nobody did.
pub(in crate::ui) fn version() -> String {
    let meta = document().query_selector("meta[name=\"wellplate-version\"]").ok().flatten();
    meta.and_then(|meta| meta.get_attribute("content")).unwrap_or_default()
}

/// What a file's address ends with, so that it comes from the same version of the site as the page.
pub(in crate::ui) fn suffix() -> String {
    let version = version();
    if version.is_empty() { String::new() } else { format!("?v={version}") }
}

/// The browser's service workers; `None` where it has none (http, some private windows).
fn container() -> Option<ServiceWorkerContainer> {
    let navigator = window().navigator();
    js_sys::Reflect::get(&navigator, &"serviceWorker".into()).ok()?.dyn_into().ok()
}

/// Registers it when the model is there.
pub(in crate::ui) fn keep(store: Store) {
    if let Some(container) = container() {
        listen(store, &container);
    }
    Effect::new(move |begun: Option<bool>| {
        let settled = store.phase.with(|phase| !matches!(phase, Phase::Loading { .. }));
        let begin = settled && begun != Some(true);
        if begin && let Some(container) = container() {
            leptos::task::spawn_local(async move {
                if version().is_empty() {
                    remove(&container).await;
                } else if let Some(registration) = installed(&container).await {
                    follow(store, registration);
                }
            });
        }
        settled || begun == Some(true)
    });
}

/// A site without a version has no service worker; an earlier one would answer with its own files.
async fn remove(container: &ServiceWorkerContainer) {
    if let Ok(found) = JsFuture::from(container.get_registration()).await
        && let Ok(registration) = found.dyn_into::<ServiceWorkerRegistration>()
        && let Ok(ended) = registration.unregister()
    {
        // One that cannot be removed asks the network first anyway.
        let _ = JsFuture::from(ended).await;
    }
}

/// Registers it; a browser that refuses has a page that works, but not offline.
async fn register(container: &ServiceWorkerContainer) -> Option<ServiceWorkerRegistration> {
    match JsFuture::from(container.register(SCRIPT)).await {
        Ok(registration) => registration.dyn_into().ok(),
        Err(error) => {
            gloo::console::warn!("the page will not start offline:", crate::shelf::words(&error));
            None
        }
    }
}

/// Waits until it has all files of the page. One that could not have them all is gone without a word, and the
/// visitor may stay for hours: it is registered again.
async fn installed(container: &ServiceWorkerContainer) -> Option<ServiceWorkerRegistration> {
    let mut registration = register(container).await?;
    let mut left = ATTEMPTS;
    loop {
        if registration.active().is_some() {
            return Some(registration);
        }
        if registration.installing().is_none() && registration.waiting().is_none() {
            left -= 1;
            if left == 0 {
                return None;
            }
            gloo::timers::future::TimeoutFuture::new(TRY_AGAIN).await;
            registration = register(container).await?;
        }
        gloo::timers::future::TimeoutFuture::new(LOOK_AFTER).await;
    }
}

/// Tells the store that the page starts offline, and looks for newer versions from time to time.
fn follow(store: Store, registration: ServiceWorkerRegistration) {
    store.bundles.offline.set(true);
    let again = gloo::timers::callback::Interval::new(LOOK_AGAIN, move || {
        // Without a network there is no newer version to be had; the next look may find one.
        let _ = registration.update();
    });
    // As long as the page.
    again.forget();
}

/// Listens for the version of a service worker that has just started.
fn listen(store: Store, container: &ServiceWorkerContainer) {
    let own = version();
    let told = Closure::<dyn FnMut(MessageEvent)>::new(move |event: MessageEvent| {
        // A page that came from the network may be as new as it.
        if event.data().as_string().is_some_and(|version| version != own) {
            store.bundles.update.set(true);
        }
    });
    container.set_onmessage(Some(told.as_ref().unchecked_ref()));
    // As long as the page.
    told.forget();
}
