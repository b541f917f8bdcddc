//! Perturbations: any number of them at once.
//!
//! Does: a switch for each when they are few, a search with chips when they are many.
//! Does not know: how they act together.
//! Flow: person → **switches** → store's state.

use std::sync::Arc;

use leptos::prelude::*;

use crate::choices;
use crate::origin;
use crate::protocol::card::{Condition, Value};
use crate::search::Index;
use crate::ui::state::store::{Store, use_store};
use crate::ui::widgets::pick::{LISTED, SWITCHES, names, note};
use crate::ui::widgets::type_ahead::{Found, TypeAhead};

/// Values that are on in the scenario that is edited.
fn on(store: Store, condition: &Condition) -> Vec<Value> {
    store.state.with(|state| {
        let chosen = choices::values(condition, state.with_of(store.edited()));
        chosen.into_iter().filter(|value| condition.control.as_ref() != Some(&value.value)).cloned().collect()
    })
}

/// Switches a value; says so when too many would be on.
fn switch(store: Store, condition: &Condition, value: &str, on: bool) {
    let which = untrack(|| store.edited());
    let mut with = store.state.with_untracked(|state| state.with_of(which).clone());
    match choices::switch(&mut with, condition, value, on) {
        Ok(()) => store.change(|state| *state.with_mut(which) = with),
        Err(sentence) => store.alert.set(Some(sentence)),
    }
}

#[component]
pub(super) fn Perturbations(condition: Condition) -> impl IntoView {
    let condition = Arc::new(condition);
    let count = condition.values.iter().filter(|value| condition.control.as_ref() != Some(&value.value)).count();
    let several = (count > 1).then(|| {
        view! { <p class="note">"Several can be chosen at once. Their effects are then added up, which is an extrapolation."</p> }
    });
    let control = if count > SWITCHES {
        view! { <Search condition=condition.clone()/> }.into_any()
    } else {
        view! { <Switches condition=condition.clone()/> }.into_any()
    };
    view! { <fieldset><legend>{condition.title.clone()}</legend>{control}{several}</fieldset> }
}

/// A switch for each.
#[component]
fn Switches(condition: Arc<Condition>) -> impl IntoView {
    let store = use_store();
    condition
        .values
        .iter()
        .filter(|value| condition.control.as_ref() != Some(&value.value))
        .map(|value| {
            let (own, condition) = (value.value.clone(), condition.clone());
            let is_on = {
                let (own, condition) = (own.clone(), condition.clone());
                Memo::new(move |_| on(store, &condition).iter().any(|value| value.value == own))
            };
            let note = store.card.get_untracked().and_then(|card| origin::note(&card, &condition, value));
            let note = note.map(|word| view! { <small class="origin-word">{word}</small> });
            view! {
                <button class="toggle" role="switch" data-testid=format!("toggle-{}", value.value)
                    aria-checked=move || is_on.get().to_string()
                    on:click=move |_| switch(store, &condition, &own, !is_on.get_untracked())>
                    <span class="knob" aria-hidden="true"></span>{value.display.clone()}{note}
                </button>
            }
        })
        .collect::<Vec<_>>()
}

/// Search by value, name or alias, and chips for those that are on.
#[component]
fn Search(condition: Arc<Condition>) -> impl IntoView {
    let store = use_store();
    let is_control = |value: &&Value| condition.control.as_ref() == Some(&value.value);
    let offered: Arc<Vec<Value>> =
        Arc::new(condition.values.iter().filter(|value| !is_control(value)).cloned().collect());
    let index = Index::new(offered.iter().map(names));
    let find = {
        let condition = condition.clone();
        let offered = offered.clone();
        Callback::new(move |typed: String| {
            let on = on(store, &condition);
            let found = index.find(&typed);
            let all = found.len();
            let entry = |place: usize| {
                let value = &offered[place];
                let is_on = on.iter().any(|own| own.value == value.value);
                let note = note(store.card.get().as_deref(), &condition, value);
                Found { value: value.value.clone(), display: value.display.clone(), note, is_on }
            };
            (found.into_iter().take(LISTED).map(entry).collect(), all)
        })
    };
    let choose = {
        let condition = condition.clone();
        Callback::new(move |value: String| {
            let is_on = untrack(|| on(store, &condition)).iter().any(|own| own.value == value);
            switch(store, &condition, &value, !is_on);
        })
    };
    let typed = RwSignal::new(String::new());
    let what = format!("Find among {} ({})", offered.len(), condition.title);
    view! {
        <Chips condition=condition.clone()/>
        <TypeAhead id="perturbation-search" label=what placeholder="Name or alias" multiple=true typed find choose/>
    }
}

/// Those that are on, each with a way to switch it off.
#[component]
fn Chips(condition: Arc<Condition>) -> impl IntoView {
    let store = use_store();
    let list = {
        let condition = condition.clone();
        move || {
            let chip = |value: Value| {
                let word = store.card.get().and_then(|card| origin::note(&card, &condition, &value));
                let word = word.map(|word| view! { <small class="origin-word">{word}</small> });
                let (condition, own) = (condition.clone(), value.value.clone());
                view! {
                    <li class="chip" data-testid=format!("chip-{}", value.value)>
                        {value.display.clone()}{word}
                        <button class="quiet" aria-label=format!("Take {} away", value.display)
                            on:click=move |_| switch(store, &condition, &own, false)>"×"</button>
                    </li>
                }
            };
            on(store, &condition).into_iter().map(chip).collect::<Vec<_>>()
        }
    };
    let key = StoredValue::new(condition.key.clone());
    let none = {
        let condition = condition.clone();
        Memo::new(move |_| on(store, &condition).is_empty())
    };
    let clear = move |_| {
        let which = untrack(|| store.edited());
        store.change(|state| drop(state.with_mut(which).remove(&key.get_value())));
    };
    view! {
        <ul class="chips" aria-label="Chosen" hidden=move || none.get()>{list}</ul>
        <p class="note" hidden=move || !none.get()>"None is chosen: the run makes control cells only."</p>
        <button class="quiet clear" data-testid="clear-all" hidden=move || none.get() on:click=clear>"Clear all"</button>
    }
}
