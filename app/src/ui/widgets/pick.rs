//! One of a condition's values.
//!
//! Does: a select where values are few, a field that suggests while one types where they are many.
//! Does not know: what choosing does.
//! Flow: condition + chosen value → **select or field** → `choose`.

use std::sync::Arc;

use leptos::prelude::*;

use super::type_ahead::{Found, TypeAhead};
use crate::protocol::card::{Condition, Value};
use crate::search::Index;
use crate::ui::state::store::use_store;
use crate::{origin, protocol::card::Card};

/// Most perturbations that each have a switch of their own.
pub(in crate::ui) const SWITCHES: usize = 8;
/// Most that the search lists at once.
pub(in crate::ui) const LISTED: usize = 50;

/// Everything that a value is found by.
pub(in crate::ui) fn names(value: &Value) -> Vec<&str> {
    [&value.value, &value.display].into_iter().chain(&value.aliases).map(String::as_str).collect()
}

/// What is said beside a value: another name that is not shown, and where its cells come from if values differ in it.
pub(in crate::ui) fn note(card: Option<&Card>, condition: &Condition, value: &Value) -> String {
    let own = (value.display != value.value).then(|| value.value.clone());
    let word = card.and_then(|card| origin::note(card, condition, value)).map(str::to_owned);
    own.into_iter().chain(word).collect::<Vec<_>>().join(" · ")
}

/// The control. `id` is that of the element, and what a test finds it by.
#[component]
pub(in crate::ui) fn Pick(
    condition: Condition,
    id: String,
    #[prop(into)] chosen: Signal<String>,
    choose: Callback<String>,
) -> impl IntoView {
    if condition.values.len() > SWITCHES {
        return view! { <Many condition=Arc::new(condition) id chosen choose/> }.into_any();
    }
    let options: Vec<_> = condition
        .values
        .iter()
        .map(|value| {
            let own = value.value.clone();
            let is_chosen = move || chosen.get() == own;
            view! { <option value=value.value.clone() selected=is_chosen>{value.display.clone()}</option> }
        })
        .collect();
    view! {
        <label for=id.clone()>{condition.title.clone()}</label>
        <select id=id.clone() data-testid=id.clone() prop:value=move || chosen.get()
            on:change=move |event| choose.run(event_target_value(&event))>{options}</select>
    }
    .into_any()
}

/// The field, below the value that is chosen.
#[component]
fn Many(condition: Arc<Condition>, id: String, chosen: Signal<String>, choose: Callback<String>) -> impl IntoView {
    let store = use_store();
    let index = Index::new(condition.values.iter().map(names));
    let find = {
        let condition = condition.clone();
        Callback::new(move |typed: String| {
            let (found, card, own) = (index.find(&typed), store.card.get(), chosen.get());
            let all = found.len();
            let entry = |place: usize| {
                let value = &condition.values[place];
                let (name, display) = (value.value.clone(), value.display.clone());
                Found { note: note(card.as_deref(), &condition, value), is_on: name == own, value: name, display }
            };
            (found.into_iter().take(LISTED).map(entry).collect(), all)
        })
    };
    let shown = {
        let condition = condition.clone();
        move || {
            let own = chosen.get();
            let known = condition.values.iter().find(|value| value.value == own);
            known.map_or(own, |value| value.display.clone())
        }
    };
    let words = format!("Find among {} ({})", condition.values.len(), condition.title);
    let typed = RwSignal::new(String::new());
    view! {
        <label for=id.clone()>{condition.title.clone()}": "<b class="picked" data-testid=format!("{id}-chosen")>{shown}</b></label>
        <TypeAhead id label=words placeholder="Type to change it" typed find choose/>
    }
}
