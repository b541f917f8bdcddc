//! Names of the file's cell types that the model does not know.
//!
//! Does: a list of the model's types for each of them, "left unspecified" first.
//! Does not know: what a prediction does with them.
//! Flow: label of the file + card → **meanings by hand** → store.

use leptos::prelude::*;

use super::asked::types_from;
use crate::own_data::thousands;
use crate::protocol::card::Condition;
use crate::protocol::what_if::Types;
use crate::ui::state::store::{Store, use_store};
use crate::what_if::{types, unknown};

/// Most names that get a list of their own; the rarest of a label of clusters can be many.
const MOST: usize = 24;

/// Names with their cells.
type Names = Vec<(String, u32)>;

/// The label in force, the model's types, and names of the label that are none of these, with their cells.
fn found(store: Store) -> Option<(String, Condition, Names)> {
    let Types::Label(key) = types_from(store) else { return None };
    let (card, summary) = store.card.get().zip(store.data.summary.get())?;
    let condition = types(&card)?.clone();
    let label = summary.labels.iter().find(|label| label.key == key)?;
    let names: Names = unknown(&condition, &label.values).into_iter().cloned().collect();
    (!names.is_empty()).then_some((key, condition, names))
}

/// One name with its list.
fn row(
    store: Store,
    label: &str,
    condition: &Condition,
    number: usize,
    (name, cells): (String, u32),
) -> impl IntoView + use<> {
    let named = store.data.what_if.named;
    let key = (label.to_owned(), name.clone());
    let own = key.clone();
    let now = move || named.with(|named| named.get(&own).cloned()).unwrap_or_default();
    let change = move |event| {
        let value = event_target_value(&event);
        named.update(|named| match value.is_empty() {
            true => drop(named.remove(&key)),
            false => drop(named.insert(key.clone(), value)),
        });
    };
    let options: Vec<_> = condition
        .values
        .iter()
        .map(|own| {
            let (value, now) = (own.value.clone(), now.clone());
            view! { <option value=own.value.clone() prop:selected=move || now() == value>{own.display.clone()}</option> }
        })
        .collect();
    let id = format!("predict-name-{number}");
    let shown = if name.is_empty() { "no value".to_owned() } else { name };
    view! {
        <li>
            <label for=id.clone()>{format!("{shown} ({}) is", thousands(cells.into()))}</label>
            <select id=id.clone() data-testid=id on:change=change>
                <option value="">"left unspecified"</option>{options}
            </select>
        </li>
    }
}

/// The lists.
#[component]
pub(super) fn ByHand() -> impl IntoView {
    let store = use_store();
    let found = Memo::new(move |_| found(store));
    let lists = move || {
        let (label, condition, names) = found.get()?;
        let more = names.len().saturating_sub(MOST);
        let words = format!(
            "{} of the names in {label} are not the model's. Say what they are, or leave them unspecified: the model then draws the type too.",
            thousands(names.len() as f64)
        );
        let rest = (more > 0).then(|| format!("{} rarer names are left unspecified.", thousands(more as f64)));
        let shown = names.into_iter().take(MOST).enumerate();
        let rows: Vec<_> = shown.map(|(number, own)| row(store, &label, &condition, number, own)).collect();
        Some(view! {
            <p class="note" data-testid="predict-unknown">{words}</p>
            <ul class="by-hand" aria-label="Names that are not the model's">{rows}</ul>
            <p class="note" hidden=rest.is_none()>{rest.clone()}</p>
        })
    };
    view! { {lists} }
}
