//! What is asked of a prediction, with what stands in for choices that nobody made.
//!
//! Does: the perturbations and the source of types in force, the request, the names of what the cells stand under.
//! Does not know: how choices look, the worker.
//! Flow: card + state → **request, words** → form, results.

use std::collections::BTreeMap;

use leptos::prelude::*;

use crate::choices;
use crate::protocol::card::{Card, Condition, Value};
use crate::protocol::data::{Label, Summary};
use crate::protocol::what_if::{Types, Wanted};
use crate::ui::state::store::Store;
use crate::what_if::{known_of, types};

/// The perturbation of the model, if it has one.
pub(super) fn perturbation(store: Store) -> Option<Condition> {
    store.card.with(|card| card.as_ref().and_then(|card| choices::perturbation(card).cloned()))
}

/// Perturbations in force: those that were chosen; else those of Explore; else the only one that there is.
pub(super) fn chosen(store: Store) -> Vec<String> {
    if let Some(own) = store.data.what_if.with.get() {
        return own;
    }
    let Some(card) = store.card.get() else { return Vec::new() };
    let on = store.state.with(|state| {
        let on = choices::perturbations(&card, &state.with);
        on.into_iter().map(|value| value.value.clone()).collect::<Vec<_>>()
    });
    let others = choices::perturbation(&card).map(|own| {
        let is_other = |value: &&Value| own.control.as_ref() != Some(&value.value);
        own.values.iter().filter(is_other).map(|value| value.value.clone()).collect::<Vec<_>>()
    });
    match others {
        Some(only) if on.is_empty() && only.len() == 1 => only,
        _ => on,
    }
}

/// Where types come from if nobody says so: the label whose values the model knows best, if it knows most of them; else
/// the nearest measured cells.
fn suggested(card: &Card, summary: &Summary) -> Types {
    let Some(condition) = types(card) else { return Types::Nearest };
    let known = |label: &Label| {
        let (known, all) = known_of(condition, &label.values);
        if 2 * known > all { known } else { 0 }
    };
    let best = summary.labels.iter().rev().max_by_key(|label| known(label)).filter(|label| known(label) > 0);
    best.map_or(Types::Nearest, |label| Types::Label(label.key.clone()))
}

/// Where types come from.
pub(super) fn types_from(store: Store) -> Types {
    store.data.what_if.types.get().unwrap_or_else(|| {
        let both = store.card.get().zip(store.data.summary.get());
        both.map_or(Types::Nearest, |(card, summary)| suggested(&card, &summary))
    })
}

/// Names of the label in force that the model does not know, with the meanings that were given to them by hand.
fn named(store: Store) -> BTreeMap<String, String> {
    let Types::Label(key) = types_from(store) else { return BTreeMap::new() };
    store.data.what_if.named.with(|named| {
        let own = named.iter().filter(|((label, _), _)| *label == key);
        own.map(|((_, name), value)| (name.clone(), value.clone())).collect()
    })
}

/// What is asked for now; none while something is missing.
pub(super) fn wanted(store: Store) -> Option<Wanted> {
    let (own, card) = (store.data.what_if, store.card.get()?);
    let condition = choices::perturbation(&card)?;
    let values = chosen(store);
    (!values.is_empty()).then(|| Wanted {
        who: own.who.get(),
        most: own.most.get(),
        with: [(condition.key.clone(), values)].into(),
        types: types_from(store),
        named: named(store),
        keep: own.keep.get(),
        guidance: own.guidance.get().unwrap_or(card.guidance),
        steps: own.steps.get().unwrap_or(card.steps),
        seed: own.seed.get(),
    })
}

/// Names of the perturbations that the cells on the screen are predicted under.
pub(super) fn under(store: Store) -> String {
    let Some((wanted, card)) = store.data.what_if.ran.get().zip(store.card.get()) else { return String::new() };
    choices::perturbed_name(&card, &wanted.with).unwrap_or_default()
}
