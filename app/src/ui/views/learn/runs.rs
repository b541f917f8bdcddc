//! What a lesson's run asks for.
//!
//! Does: reads a lesson's choices from the address, builds its request, writes numbers alike in all panels.
//! Does not know: how results are shown.
//! Flow: address + card → **request** → worker.

use std::collections::BTreeMap;

use leptos::prelude::*;

use crate::lessons::{CELLS, STEPS, change, who};
use crate::protocol::Request;
use crate::protocol::card::{Card, Condition};
use crate::ui::state::store::Store;

/// The paper's guidance scale for cytokines (PAPER.md section 5), one below it, and one far above it.
const SCALES: [f32; 4] = [0.0, 1.0, 3.0, 8.0];

/// A part of the address.
pub(super) fn part(store: Store, key: &str) -> Option<String> {
    store.state.with(|state| state.parts.get(key).cloned())
}

/// Changes a part of the address.
pub(super) fn set_part(store: Store, key: &str, value: String) {
    store.set_part(key, Some(value));
}

/// Value of a condition that the lesson's own part of the address names, if the card has it.
fn named(store: Store, condition: &Condition, key: &str) -> Option<String> {
    part(store, key).filter(|value| condition.values.iter().any(|own| own.value == *value))
}

/// Chosen cell type.
pub(super) fn chosen_who(store: Store, condition: &Condition) -> String {
    named(store, condition, "learn.type").unwrap_or_else(|| store.chosen(&condition.key))
}

/// Chosen perturbation; the control only where `or_control` allows it.
pub(super) fn chosen_change(store: Store, condition: &Condition, or_control: bool) -> String {
    let is_open = |value: &String| or_control || Some(value) != condition.control.as_ref();
    let first =
        || condition.values.iter().map(|own| own.value.clone()).find(|value| Some(value) != condition.control.as_ref());
    named(store, condition, "learn.change")
        .filter(is_open)
        .or_else(|| store.perturbation().map(|(_, value, _)| value))
        .or_else(first)
        .unwrap_or_default()
}

/// A whole number of the address between limits.
pub(super) fn number(store: Store, key: &str, standard: u32, (least, most): (u32, u32)) -> u32 {
    part(store, key).and_then(|text| text.parse().ok()).unwrap_or(standard).clamp(least, most)
}

/// Key of a lesson's number of cells.
pub(super) fn cells_key(lesson: &str) -> String {
    format!("learn.{lesson}-cells")
}

/// Cells of a lesson.
pub(super) fn cells(store: Store, lesson: &str) -> u32 {
    number(store, &cells_key(lesson), if lesson == "ceiling" { 64 } else { 16 }, CELLS)
}

/// Steps of a lesson.
pub(super) fn steps(store: Store, lesson: &str, card: &Card) -> u32 {
    if lesson == "write" { number(store, "learn.steps", 16, STEPS) } else { card.steps.clamp(1, 64) }
}

/// Seed of all lessons.
pub(super) fn seed(store: Store) -> u32 {
    number(store, "learn.seed", 1, (0, u32::MAX))
}

/// What a lesson asks for.
pub(super) fn request(store: Store, lesson: &str) -> Option<Request> {
    let card = store.card.get()?;
    let mut with = BTreeMap::new();
    if let Some(condition) = who(&card) {
        with.insert(condition.key.clone(), vec![chosen_who(store, condition)]);
    }
    if let Some(condition) = change(&card) {
        with.insert(condition.key.clone(), vec![chosen_change(store, condition, lesson == "write")]);
    }
    Some(Request {
        with,
        guidance: card.guidance,
        steps: steps(store, lesson, &card),
        cells: if lesson == "write" { 1 } else { cells(store, lesson) },
        seed: seed(store),
        clamp: Vec::new(),
    })
}

/// Guidance scales of the second lesson: those at which the model's cells are sound, its default and its limit among
/// them.
pub(super) fn scales(card: &Card) -> Vec<f32> {
    let limit = card.guidance_limit;
    let mut scales: Vec<f32> = SCALES.into_iter().chain([card.guidance, limit]).filter(|own| *own <= limit).collect();
    scales.sort_by(f32::total_cmp);
    scales.dedup();
    scales
}

/// What a scale is, in words.
pub(super) fn scale_words(card: Option<&Card>, scale: f32) -> String {
    let standard = card.is_some_and(|card| card.guidance == scale);
    match (standard, scale == SCALES[2]) {
        (true, true) => format!("{scale} (this model's and the paper's)"),
        (true, false) => format!("{scale} (this model's)"),
        (false, true) => format!("{scale} (the paper's)"),
        _ => scale.to_string(),
    }
}

/// A share as a percentage; a little is never written as nothing.
pub(super) fn percent(share: f64) -> String {
    match 100.0 * share {
        share if share > 0.0 && share < 0.1 => "< 0.1 %".to_owned(),
        share => format!("{share:.1} %"),
    }
}
