//! The line above every view that says how the model is: being loaded, refused, lost, or something to know.
//!
//! Does: progress by bytes with cancel; after a failure what to do, as buttons; notices; the new version.
//! Does not know: how any of it is done.
//! Flow: store → **line** → person → link.

use leptos::prelude::*;

use crate::protocol::Wish;
use crate::ui::effects::worker;
use crate::ui::state::bundles::named;
use crate::ui::state::opening::{open, others};
use crate::ui::state::store::{Phase, Store, use_store};

#[component]
pub(in crate::ui) fn ModelBar() -> impl IntoView {
    view! { <section aria-label="State of the model"><Loading/><Failed/><Notice/><Update/></section> }
}

/// Progress of the download and a way to stop it.
#[component]
fn Loading() -> impl IntoView {
    let store = use_store();
    let at = Memo::new(move |_| match store.phase.get() {
        Phase::Loading { stage, share } => Some((stage, share)),
        _ => None,
    });
    // The share changes many times in a second: a screen reader is told the stages.
    let stage = Memo::new(move |_| at.get().map(|(stage, _)| format!("Loading the model: {stage}")));
    let share = move || at.get().map_or(0.0, |(_, share)| share);
    let shown = Memo::new(move |_| at.with(Option::is_some));
    view! {
        <Show when=move || shown.get()>
            <div class="model-bar loading" data-testid="loading">
                <p aria-live="polite">{move || stage.get()}</p>
                <progress max="1" value=share aria-label="Progress of loading" data-testid="loading-progress"></progress>
                <span class="share">{move || format!("{:.0} %", 100.0 * share())}</span>
                <button data-testid="cancel-load" on:click=move |_| worker::cancel_load(store)>"Cancel"</button>
            </div>
        </Show>
    }
}

/// What to do when there is no model.
#[component]
fn Failed() -> impl IntoView {
    let store = use_store();
    let refused = Memo::new(move |_| store.phase.with(|phase| *phase == Phase::Refused));
    let lost = Memo::new(move |_| store.phase.with(|phase| *phase == Phase::Lost));
    let words = move || {
        if store.bundles.cancelled.get() { "Loading was cancelled; no model is open." } else { "No model is open." }
    };
    let choices = move || {
        let button = |entry: &crate::bundles::Entry| {
            let (folder, words) = (entry.folder.clone(), named(entry));
            let id = format!("open-instead-{folder}");
            view! { <button data-testid=id on:click=move |_| { store.alert.set(None); open(store, &folder) }>{format!("Open {words}")}</button> }
        };
        others(store).iter().map(button).collect::<Vec<_>>()
    };
    view! {
        <Show when=move || refused.get()>
            <div class="model-bar" data-testid="refused-bar">
                <p>{words}</p>
                <button class="primary" data-testid="try-again" on:click=move |_| worker::retry(store)>"Try again"</button>
                {choices}
            </div>
        </Show>
        <Show when=move || lost.get()><Lost store/></Show>
    }
}

/// Ways to start the worker anew.
#[component]
fn Lost(store: Store) -> impl IntoView {
    // A GPU that fails while the model is loaded has not been named yet.
    let on_gpu = move || {
        let asked = store.state.with(|state| state.device);
        asked != Wish::Cpu && store.device.with(|device| device.as_ref().is_none_or(|device| device.kind != "CPU"))
    };
    let on_cpu = move |_| {
        store.change(|state| state.device = Wish::Cpu);
        worker::restart(store);
    };
    view! {
        <div class="model-bar" data-testid="lost-bar">
            <p>"The model is not running; your choices are kept."</p>
            <Show when=move || store.alert.with(Option::is_none)>
                <button data-testid="restart-again" on:click=move |_| worker::restart(store)>"Restart"</button>
            </Show>
            <Show when=on_gpu>
                <button data-testid="restart-cpu" on:click=on_cpu>"Restart on the CPU"</button>
            </Show>
        </div>
    }
}

/// Something to know, and the run that was lost.
#[component]
fn Notice() -> impl IntoView {
    let store = use_store();
    let (notice, interrupted) = (store.bundles.notice, store.bundles.interrupted);
    let again =
        Memo::new(move |_| interrupted.with(Option::is_some) && store.phase.with(|phase| *phase == Phase::Idle));
    view! {
        <div role="status">
            <Show when=move || notice.with(Option::is_some)>
                <div class="model-bar" data-testid="notice">
                    <p>{move || notice.get()}</p>
                    <button class="quiet" aria-label="Close notice" data-testid="notice-close" on:click=move |_| notice.set(None)>"Close"</button>
                </div>
            </Show>
            <Show when=move || again.get()>
                <div class="model-bar" data-testid="interrupted">
                    <p>"The model runs again. The run that was lost can be repeated: the same seed gives the same cells."</p>
                    <button class="primary" data-testid="run-again" on:click=move |_| worker::generate(store)>"Run it again"</button>
                    <button class="quiet" data-testid="run-not" on:click=move |_| interrupted.set(None)>"Not now"</button>
                </div>
            </Show>
        </div>
    }
}

/// The new version of the page.
#[component]
fn Update() -> impl IntoView {
    let store = use_store();
    let update = store.bundles.update;
    let reload = move |_| {
        // A page that cannot reload itself is reloaded by its visitor.
        let _ = window().location().reload();
    };
    view! {
        <div role="status">
            <Show when=move || update.get()>
                <div class="model-bar" data-testid="update">
                    <p>"A new version of Wellplate is ready. Your choices stay in the address."</p>
                    <button data-testid="update-reload" on:click=reload>"Reload"</button>
                    <button class="quiet" on:click=move |_| update.set(false)>"Later"</button>
                </div>
            </Show>
        </div>
    }
}
