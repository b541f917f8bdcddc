//! How far the work in hand is.
//!
//! Does: says what is being done, the share and the time left, and lets a person stop it.
//! Does not know: what the work is.
//! Flow: store's phase → **progress**.

use leptos::prelude::*;

use crate::ui::effects::worker;
use crate::ui::state::store::{Phase, use_store};

/// Progress with the time left and a way to stop.
#[component]
pub(super) fn Progress() -> impl IntoView {
    let store = use_store();
    let words = move || match store.phase.get() {
        // The line above the view has the bar and its numbers.
        Phase::Loading { .. } => "The model is being loaded.".into(),
        Phase::Running { what, share, seconds_left } => {
            let left = seconds_left.map_or_else(String::new, |seconds| format!(", about {:.0} s left", seconds.ceil()));
            format!("{}: {:.0} %{left}", capital(&what), 100.0 * share)
        }
        Phase::Idle => store.finished.get().unwrap_or_default(),
        Phase::Lost => "The model is not running.".into(),
        Phase::Refused => "No model is loaded.".into(),
    };
    let share = move || match store.phase.get() {
        Phase::Running { share, .. } => Some(share),
        _ => None,
    };
    // Where nothing was done yet, the line on what is precomputed says what can be.
    let silent = move || match store.phase.get() {
        Phase::Loading { .. } => store.card.with(Option::is_some),
        Phase::Idle => store.finished.with(Option::is_none),
        _ => false,
    };
    view! {
        <div class="progress" hidden=silent>
            <p aria-live="polite" data-testid="progress">{words}</p>
            <progress max="1" value=move || share().unwrap_or(0.0) hidden=move || share().is_none() aria-label="Progress"></progress>
            <button data-testid="cancel" hidden=move || !store.is_running() on:click=move |_| worker::cancel(store)>"Cancel"</button>
            <span data-testid="done" hidden=move || store.provenance.with(Option::is_none) || store.is_running()>"✓"</span>
        </div>
    }
}

/// The text with a capital first letter.
pub(super) fn capital(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}
