//! Which cells, under what, of which type.
//!
//! Does: a list of cells by group, label and nearest type; perturbations as switches or, where they are many, a field with
//! chips; where the cells' types come from, with how many names of each label the model knows.
//! Does not know: what a prediction does.
//! Flow: person → **choices** → store.

use leptos::prelude::*;

use super::super::groups::choices as lists;
use super::asked::{chosen, perturbation, types_from};
use super::by_hand::ByHand;
use crate::choices::MOST_TOGETHER;
use crate::own_data::thousands;
use crate::protocol::card::{Condition, Value};
use crate::protocol::data::{Cut, Label};
use crate::protocol::what_if::{Types, Who};
use crate::ui::state::store::{Store, use_store};
use crate::what_if::{known, known_of, types};

/// Most perturbations that each have a switch of their own.
const SWITCHES: usize = 8;

/// A choice with its words; a heading stands above several.
type Lists<T> = Vec<(String, Vec<(String, T)>)>;

/// A select over lists of choices; `place` is the number of the one that is in force.
fn select<T: Clone + Send + Sync + 'static>(
    id: &'static str,
    title: &'static str,
    lists: Memo<Lists<T>>,
    is_on: impl Fn(&T) -> bool + Copy + Send + Sync + 'static,
    choose: impl Fn(T) + Copy + 'static,
) -> impl IntoView
where
    Lists<T>: PartialEq,
{
    let options = move || {
        let mut place = 0;
        let lists = lists.get().into_iter().map(|(heading, values)| {
            let values: Vec<_> = values
                .into_iter()
                .map(|(words, own)| {
                    let number = place;
                    place += 1;
                    view! { <option value=number.to_string() prop:selected=move || is_on(&own)>{words}</option> }
                })
                .collect();
            view! { <optgroup label=heading>{values}</optgroup> }
        });
        lists.collect::<Vec<_>>()
    };
    let change = move |event| {
        let place: usize = event_target_value(&event).parse().unwrap_or(0);
        let own = lists
            .with_untracked(|lists| lists.iter().flat_map(|(_, values)| values).nth(place).map(|(_, own)| own.clone()));
        own.into_iter().for_each(choose);
    };
    view! {
        <div class="own-group">
            <label for=id>{title}</label>
            <select id=id data-testid=id on:change=change>{options}</select>
        </div>
    }
}

/// All cells to start from.
fn cells(store: Store) -> Lists<Who> {
    let Some(summary) = store.data.summary.get() else { return Vec::new() };
    let all = (format!("All cells ({})", thousands(summary.cells.into())), Who::All);
    let groups = store.data.groups.with(|groups| {
        let of = |side: usize| {
            let (cells, words) = groups[side].as_ref()?;
            let words = format!("Group {}: {words} ({})", ["A", "B"][side], thousands((*cells).into()));
            Some((words, Who::Group(side as u8)))
        };
        [of(0), of(1)].into_iter().flatten().collect::<Vec<_>>()
    });
    let mut found = vec![("Cells of the file".to_owned(), [vec![all], groups].concat())];
    let who = |cut: Cut| match cut {
        Cut::Label { key, value } => Some(Who::Label { key, value }),
        Cut::Nearest(name) => Some(Who::Nearest(name)),
        _ => None,
    };
    for (heading, values) in lists(&summary) {
        let values: Vec<_> = values.into_iter().filter_map(|(words, cut)| Some((words, who(cut)?))).collect();
        if !values.is_empty() {
            found.push((heading, values));
        }
    }
    found
}

/// Which cells.
#[component]
pub(super) fn Cells() -> impl IntoView {
    let store = use_store();
    let lists = Memo::new(move |_| cells(store));
    let own = store.data.what_if.who;
    // A group that is gone cannot be predicted.
    Effect::new(move |_| {
        let gone = match own.get() {
            Who::Group(side) => store.data.groups.with(|groups| groups[usize::from(side.min(1))].is_none()),
            _ => false,
        };
        if gone {
            own.set(Who::All);
        }
    });
    view! {
        {select("predict-cells", "Cells to start from", lists, move |who| own.with(|now| now == who), move |who| own.set(who))}
        <p class="note">"Resting (control) cells are what the model expects. Cells drawn on the map are groups A and B, below."</p>
    }
}

/// Where the cells' types can come from.
fn sources(store: Store) -> Lists<Types> {
    let Some((card, summary)) = store.card.get().zip(store.data.summary.get()) else { return Vec::new() };
    let Some(condition) = types(&card) else { return Vec::new() };
    let near = ("the nearest measured cells on the map".to_owned(), Types::Nearest);
    let few = |label: &&Label| !label.numeric && !label.values.is_empty();
    let label = |label: &Label| {
        let (known, all) = known_of(condition, &label.values);
        (format!("{}: {known} of {all} names known", label.key), Types::Label(label.key.clone()))
    };
    let labels: Vec<_> = summary.labels.iter().filter(few).map(label).collect();
    let one = |value: &Value| (format!("all are {}", value.display), Types::Value(value.value.clone()));
    let mut found = vec![("Placement".to_owned(), vec![near])];
    if !labels.is_empty() {
        found.push(("Label of the file".to_owned(), labels));
    }
    found.push(("One type".to_owned(), condition.values.iter().map(one).collect()));
    found
}

/// Of which type they are.
#[component]
pub(super) fn Kinds() -> impl IntoView {
    let store = use_store();
    let lists = Memo::new(move |_| sources(store));
    let own = store.data.what_if.types;
    let missing = move || lists.with(Vec::is_empty);
    view! {
        <div hidden=missing>
            {select("predict-types", "Their cell types are", lists, move |own| types_from(store) == *own, move |types| own.set(Some(types)))}
            <ByHand/>
        </div>
    }
}

/// Switches a perturbation.
fn switch(store: Store, value: &str) {
    let mut now = untrack(|| chosen(store));
    if now.iter().any(|own| own == value) {
        now.retain(|own| own != value);
    } else if now.len() >= MOST_TOGETHER {
        store.alert.set(Some(format!("At most {MOST_TOGETHER} can act together; take one away first.")));
        return;
    } else {
        now.push(value.to_owned());
    }
    store.data.what_if.with.set(Some(now));
}

/// Under what.
#[component]
pub(super) fn Perturbed() -> impl IntoView {
    let store = use_store();
    move || {
        perturbation(store).map(|condition| {
            let control = condition.control.clone();
            let others = condition.values.iter().filter(|value| control.as_ref() != Some(&value.value)).count();
            let title = condition.title.clone();
            let body = if others > SWITCHES {
                view! { <Many condition/> }.into_any()
            } else {
                view! { <Few condition/> }.into_any()
            };
            let several = (others > 1).then(|| {
                view! { <p class="note">"Several at once: the differences that they make are added, an extrapolation."</p> }
            });
            view! { <fieldset><legend>{title}</legend>{body}{several}</fieldset> }
        })
    }
}

/// A switch for each.
#[component]
fn Few(condition: Condition) -> impl IntoView {
    let store = use_store();
    let control = condition.control.clone();
    let others = condition.values.into_iter().filter(move |value| control.as_ref() != Some(&value.value));
    let switches = others.map(|value| {
        let (own, asked) = (value.value.clone(), value.value.clone());
        let is_on = Memo::new(move |_| chosen(store).contains(&own));
        view! {
            <button class="toggle" role="switch" data-testid=format!("predict-{}", value.value)
                aria-checked=move || is_on.get().to_string() on:click=move |_| switch(store, &asked)>
                <span class="knob" aria-hidden="true"></span>{value.display.clone()}
            </button>
        }
    });
    switches.collect::<Vec<_>>()
}

/// A field with suggestions, and chips for those that are on.
#[component]
fn Many(condition: Condition) -> impl IntoView {
    let store = use_store();
    let options: Vec<_> = condition
        .values
        .iter()
        .filter(|value| condition.control.as_ref() != Some(&value.value))
        .map(|value| view! { <option value=value.value.clone()>{value.display.clone()}</option> })
        .collect();
    let condition = StoredValue::new(condition);
    let add = move |event: leptos::ev::Event| {
        let typed = event_target_value(&event);
        if typed.trim().is_empty() {
            return;
        }
        let found = condition.with_value(|condition| {
            let own = known(condition, &typed).map(|value| value.value.clone());
            own.filter(|value| condition.control.as_ref() != Some(value))
        });
        match found {
            Some(value) => {
                if !untrack(|| chosen(store)).contains(&value) {
                    switch(store, &value);
                }
            }
            None => store.alert.set(Some(format!("This model has no {:?}.", typed.trim()))),
        }
        if let Some(input) =
            event.target().and_then(|own| wasm_bindgen::JsCast::dyn_into::<web_sys::HtmlInputElement>(own).ok())
        {
            input.set_value("");
        }
    };
    let display = move |value: &str| {
        condition
            .with_value(|condition| known(condition, value).map_or(value.to_owned(), |value| value.display.clone()))
    };
    let chips = move || {
        let chip = |value: String| {
            let (name, own) = (display(&value), value.clone());
            view! {
                <li class="chip" data-testid=format!("predict-chip-{value}")>{name.clone()}
                    <button class="quiet" aria-label=format!("Take {name} away") on:click=move |_| switch(store, &own)>"×"</button>
                </li>
            }
        };
        chosen(store).into_iter().map(chip).collect::<Vec<_>>()
    };
    view! {
        <ul class="chips" aria-label="Chosen" hidden=move || chosen(store).is_empty()>{chips}</ul>
        <label class="inline" for="predict-add">"Add "</label>
        <input id="predict-add" data-testid="predict-add" list="predict-list" placeholder="Name or other name" on:change=add/>
        <datalist id="predict-list">{options}</datalist>
    }
}
