//! The controls: who, what, and how.
//!
//! Does: donor and cell type, cytokine toggles, guidance, steps, cells, seed, clamped genes, Generate.
//! Does not know: the sampler.
//! Flow: person → **controls** → store's state.

use std::sync::Arc;

use leptos::prelude::*;

use super::store::Phase;
use super::{link, use_store};
use crate::protocol::card::{Card, Condition};
use crate::state::MOST_CELLS;

#[component]
pub(super) fn Controls() -> impl IntoView {
    let store = use_store();
    let with_card = move || store.card.get().map(|card| view! { <Choices card/> });
    let blocked = move || store.phase.with(|phase| *phase != Phase::Idle);
    view! {
        <section class="panel controls" aria-labelledby="choose-title">
            <h2 id="choose-title">"What if …"</h2>
            {with_card}
            <button class="primary" data-testid="generate" disabled=blocked on:click=move |_| link::generate(store)>
                "Generate cells"
            </button>
        </section>
    }
}

#[component]
fn Choices(card: Arc<Card>) -> impl IntoView {
    let selects: Vec<_> = card
        .choosable()
        .filter(|condition| condition.kind != "perturbation")
        .map(|condition| view! { <ChoiceSelect condition=condition.clone()/> })
        .collect();
    let toggles: Vec<_> = card
        .choosable()
        .filter(|condition| condition.kind == "perturbation")
        .map(|condition| view! { <Toggles condition=condition.clone()/> })
        .collect();
    view! {
        <p class="bundle" data-testid="bundle-title">{card.title.clone()}</p>
        {selects}
        {toggles}
        <Numbers standard=(card.guidance, card.steps)/>
        <Clamps genes=card.genes.clone()/>
    }
}

/// A select of a condition's values.
#[component]
fn ChoiceSelect(condition: Condition) -> impl IntoView {
    let store = use_store();
    let key = StoredValue::new(condition.key.clone());
    let id = format!("select-{}", condition.key);
    let options: Vec<_> = condition
        .values
        .iter()
        .map(|value| {
            let name = value.value.clone();
            let own = name.clone();
            let chosen = move || key.with_value(|key| store.chosen(key)) == own;
            view! { <option value=name selected=chosen>{value.display.clone()}</option> }
        })
        .collect();
    view! {
        <label for=id.clone()>{condition.title.clone()}</label>
        <select id=id.clone() data-testid=id.clone()
            on:change=move |event| {
                let value = event_target_value(&event);
                store.change(|state| { state.with.insert(key.get_value(), value); });
            }>
            {options}
        </select>
    }
}

/// Toggles of a perturbation: at most one is on.
#[component]
fn Toggles(condition: Condition) -> impl IntoView {
    let store = use_store();
    let control = condition.control.clone().unwrap_or_default();
    let buttons: Vec<_> = condition
        .values
        .iter()
        .filter(|value| value.value != control)
        .map(|value| {
            let name = value.value.clone();
            let (key, own, control) = (condition.key.clone(), name.clone(), control.clone());
            let is_on = {
                let key = key.clone();
                Memo::new(move |_| store.chosen(&key) == own)
            };
            let switch = move |_| {
                let next = if is_on.get_untracked() { control.clone() } else { name.clone() };
                store.change(|state| {
                    state.with.insert(key.clone(), next);
                });
            };
            view! {
                <button class="toggle" role="switch" data-testid=format!("toggle-{}", value.value)
                    aria-checked=move || is_on.get().to_string() on:click=switch>
                    <span class="knob" aria-hidden="true"></span>{value.display.clone()}
                </button>
            }
        })
        .collect();
    view! { <fieldset><legend>{condition.title.clone()}</legend>{buttons}</fieldset> }
}

/// Guidance, steps, cells and seed.
#[component]
fn Numbers(standard: (f32, u32)) -> impl IntoView {
    let store = use_store();
    let (guidance, steps) = standard;
    view! {
        <label for="guidance">"Guidance scale w "<small>{format!("(this model's default: {guidance})")}</small></label>
        <div class="pair">
            <input id="guidance" type="range" min="0" max="6" step="0.25" data-testid="guidance"
                prop:value=move || store.guidance().to_string()
                on:input=move |event| {
                    let value = event_target_value(&event).parse().ok();
                    store.change(|state| state.guidance = value);
                }/>
            <output for="guidance">{move || store.guidance().to_string()}</output>
        </div>
        <details>
            <summary>"Steps, cells, seed"</summary>
            <NumberField id="steps" title=format!("Sampling steps N (default {steps}; the paper uses 3)") least=1 most=256
                value=Signal::derive(move || store.steps()) change=Callback::new(move |value| store.change(|state| state.steps = Some(value)))/>
            <NumberField id="cells" title="Cells per scenario".to_owned() least=4 most=MOST_CELLS
                value=Signal::derive(move || store.state.with(|state| state.cells))
                change=Callback::new(move |value| store.change(|state| state.cells = value))/>
            <NumberField id="seed" title="Seed: the same seed gives the same cells".to_owned() least=0 most=u32::MAX
                value=Signal::derive(move || store.state.with(|state| state.seed))
                change=Callback::new(move |value| store.change(|state| state.seed = value))/>
            <button class="quiet" data-testid="new-seed" on:click=move |_| {
                let seed = (js_sys::Math::random() * 1e6) as u32;
                store.change(|state| state.seed = seed);
            }>"New seed"</button>
        </details>
    }
}

/// A whole number between limits; what is not one is put back.
#[component]
fn NumberField(
    id: &'static str,
    title: String,
    least: u32,
    most: u32,
    value: Signal<u32>,
    change: Callback<u32>,
) -> impl IntoView {
    let take = move |event| {
        let typed: Result<u32, _> = event_target_value(&event).parse();
        change.run(typed.map_or_else(|_| value.get_untracked(), |number| number.clamp(least, most)));
    };
    view! {
        <label for=id>{title}</label>
        <input id=id type="number" data-testid=id min=least max=most prop:value=move || value.get().to_string() on:change=take/>
    }
}

/// Genes held at a count.
#[component]
fn Clamps(genes: Vec<String>) -> impl IntoView {
    let store = use_store();
    let (gene, set_gene) = signal(String::new());
    let (count, set_count) = signal(0_u32);
    let panel = StoredValue::new(genes);
    // A few matches are enough, and keep the list quick.
    let matches = move || {
        let typed = gene.get().to_uppercase();
        panel.with_value(|genes| {
            let found = genes.iter().filter(|name| !typed.is_empty() && name.starts_with(&typed)).take(12);
            found.map(|name| view! { <option value=name.clone()></option> }).collect::<Vec<_>>()
        })
    };
    let add = move |_| {
        let name = gene.get_untracked().trim().to_uppercase();
        if !panel.with_value(|genes| genes.contains(&name)) {
            store.alert.set(Some(format!("{name:?} is not among this model's genes.")));
            return;
        }
        store.change(|state| {
            state.clamp.retain(|(known, _)| *known != name);
            state.clamp.push((name, count.get_untracked()));
        });
        set_gene.set(String::new());
    };
    let list = move || {
        let clamp = store.state.with(|state| state.clamp.clone());
        clamp.into_iter().map(|(name, count)| {
            let own = name.clone();
            view! {
                <li>{format!("{name} = {count}")}
                    <button class="quiet" aria-label=format!("Release {name}")
                        on:click=move |_| store.change(|state| state.clamp.retain(|(known, _)| *known != own))>"×"</button>
                </li>
            }
        }).collect::<Vec<_>>()
    };
    view! {
        <details>
            <summary>"Hold genes at a count"</summary>
            <p class="note">"A conditional of the learned distribution, not a causal claim."</p>
            <div class="pair">
                <input list="gene-list" placeholder="Gene" aria-label="Gene to hold" data-testid="clamp-gene"
                    prop:value=gene on:input=move |event| set_gene.set(event_target_value(&event))/>
                <datalist id="gene-list">{matches}</datalist>
                <input type="number" min="0" max="10000" aria-label="Count" data-testid="clamp-count" prop:value=move || count.get().to_string()
                    on:change=move |event| set_count.set(event_target_value(&event).parse().unwrap_or(0))/>
                <button class="quiet" data-testid="clamp-add" on:click=add>"Hold"</button>
            </div>
            <ul class="clamps">{list}</ul>
        </details>
    }
}
