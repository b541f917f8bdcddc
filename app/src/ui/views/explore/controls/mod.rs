//! The controls: who, what, and how.
//!
//! Does: puts together the scenarios' tabs, donor and cell type, perturbations, numbers, held genes, Generate.
//! Does not know: the sampler.
//! Flow: person → **controls** → store's state.

mod hold;
mod numbers;
mod perturbations;
mod problems;
pub(super) mod scenarios;

use std::sync::Arc;

use leptos::prelude::*;

use crate::choices;
use crate::lacks::Lacks;
use crate::protocol::card::{Card, Condition};
use crate::ui::effects::worker;
use crate::ui::state::store::{Phase, use_store};
use crate::ui::widgets::pick::Pick;
use hold::HeldGenes;
use numbers::Numbers;
use perturbations::Perturbations;
use problems::Problems;
use scenarios::Scenarios;

#[component]
pub(super) fn Controls() -> impl IntoView {
    let store = use_store();
    let with_card = move || store.card.get().map(|card| view! { <Choices card/> });
    let blocked = move || store.phase.with(|phase| *phase != Phase::Idle) || !store.problems().is_empty();
    // Room is kept for the choices that come with the model, so that nothing moves when they do.
    let waiting = move || store.card.with(Option::is_none);
    let words = move || if store.has_other() { "Generate cells of A and B" } else { "Generate cells" };
    view! {
        <section class="panel controls" class:waiting=waiting aria-labelledby="choose-title">
            <h2 id="choose-title">"What if …"</h2>
            <Problems/>
            {with_card}
            <button class="primary" data-testid="generate" disabled=blocked hidden=waiting on:click=move |_| worker::generate(store)>
                {words}
            </button>
        </section>
    }
}

#[component]
fn Choices(card: Arc<Card>) -> impl IntoView {
    let store = use_store();
    let of_kind = |perturbation: bool| {
        card.choosable().filter(move |condition| (condition.kind == "perturbation") == perturbation).cloned()
    };
    let selects: Vec<_> = of_kind(false).map(|condition| view! { <ChoiceSelect condition/> }).collect();
    let changes: Vec<_> = of_kind(true).map(|condition| view! { <Perturbations condition/> }).collect();
    let lacking =
        Lacks::of(&card).explore().map(|words| view! { <p class="note" data-testid="no-perturbation">{words}</p> });
    // Without a perturbation there is nothing to guide to.
    let guided = choices::perturbation(&card).is_some();
    // A group, until there are tabs that it belongs to.
    let role = move || if store.has_other() { "tabpanel" } else { "group" };
    let name = move || match (store.has_other(), store.edited()) {
        (false, _) => "Scenario",
        (true, crate::state::Which::A) => "Scenario A",
        (true, crate::state::Which::B) => "Scenario B",
    };
    view! {
        <p class="bundle" data-testid="bundle-title">{card.title.clone()}</p>
        <Scenarios card=card.clone()/>
        <div class="scenario" id="scenario" role=role aria-label=name>
            {selects}
            {changes}
            {lacking}
            <HeldGenes genes=card.genes.clone()/>
        </div>
        <Numbers standard=(card.guidance, card.steps) limit=card.guidance_limit guided/>
    }
}

/// A choice of one of a condition's values.
#[component]
fn ChoiceSelect(condition: Condition) -> impl IntoView {
    let store = use_store();
    let key = StoredValue::new(condition.key.clone());
    let id = format!("select-{}", condition.key);
    let chosen = Signal::derive(move || key.with_value(|key| store.chosen_in(store.edited(), key)));
    let choose = Callback::new(move |value: String| {
        let which = untrack(|| store.edited());
        store.change(|state| {
            state.with_mut(which).insert(key.get_value(), vec![value]);
        });
    });
    view! { <Pick condition id chosen choose/> }
}
