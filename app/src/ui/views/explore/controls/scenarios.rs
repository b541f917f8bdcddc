//! Two scenarios side by side.
//!
//! Does: adds scenario B as a copy of A, says what each is, chooses which one the controls change, swaps and removes.
//! Does not know: how scenarios are generated or compared.
//! Flow: person → **tabs** → store's state.

use std::sync::Arc;

use leptos::prelude::*;
use web_sys::KeyboardEvent;

use crate::choices;
use crate::protocol::card::Card;
use crate::state::{Other, Which};
use crate::ui::state::store::{Store, use_store};

#[component]
pub(super) fn Scenarios(card: Arc<Card>) -> impl IntoView {
    let store = use_store();
    let add = move |_| add_other(store);
    let has_other = move || store.has_other();
    view! {
        <Show when=has_other fallback=move || view! {
            <button class="quiet compare" data-testid="compare-add" on:click=add>"Compare with a second scenario"</button>
        }>
            <Tabs card=card.clone()/>
        </Show>
    }
}

/// Adds scenario B as a copy of A, for the controls to change.
pub(in crate::ui) fn add_other(store: Store) {
    store.change(|state| state.other = Some(Other { with: state.with.clone(), clamp: state.clamp.clone() }));
    store.editing.set(Which::B);
    focus("scenario-b");
}

/// Moves the focus to a tab, once it is there.
fn focus(id: &'static str) {
    request_animation_frame(move || {
        if let Some(tab) = document().get_element_by_id(id) {
            use wasm_bindgen::JsCast;
            // A tab that is gone keeps no focus.
            let _ = tab.unchecked_into::<web_sys::HtmlElement>().focus();
        }
    });
}

/// A and B, what they are, and what can be done with both.
#[component]
fn Tabs(card: Arc<Card>) -> impl IntoView {
    let store = use_store();
    let words = StoredValue::new(card);
    let turn =
        move |event: KeyboardEvent| {
            let next =
                match event.key().as_str() {
                    "ArrowLeft" | "ArrowRight" | "ArrowUp" | "ArrowDown" => {
                        if store.editing.get_untracked() == Which::A { Which::B } else { Which::A }
                    }
                    "Home" => Which::A,
                    "End" => Which::B,
                    _ => return,
                };
            event.prevent_default();
            store.editing.set(next);
            focus(if next == Which::A { "scenario-a" } else { "scenario-b" });
        };
    let tab = move |which: Which, name: &'static str, id: &'static str| {
        let is_on = move || store.edited() == which;
        let what = move || words.with_value(|card| store.state.with(|state| choices::words(card, state, which)));
        view! {
            <button class="scenario-tab" class:second=which == Which::B role="tab" id=id data-testid=id aria-controls="scenario"
                aria-selected=move || is_on().to_string() tabindex=move || if is_on() { "0" } else { "-1" }
                on:click=move |_| store.editing.set(which) on:keydown=turn>
                <b>{name}</b>" "<span data-testid=format!("{id}-words")>{what}</span>
            </button>
        }
    };
    let remove = move |_| {
        store.change(|state| state.other = None);
        store.editing.set(Which::A);
    };
    view! {
        <div class="scenarios">
            <div role="tablist" aria-label="Scenario that the controls change" class="scenario-tabs">
                {tab(Which::A, "A", "scenario-a")}{tab(Which::B, "B", "scenario-b")}
            </div>
            <div class="scenario-deeds">
                <button class="quiet" data-testid="scenario-swap" on:click=move |_| store.change(|state| state.swap())>"Swap A and B"</button>
                <button class="quiet" data-testid="scenario-remove" on:click=remove>"Remove B"</button>
            </div>
        </div>
    }
}
