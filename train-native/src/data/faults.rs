//! Whether a recipe speaks of the cells that it is given.
//!
//! Does: looks for every label, control and held-out group that a recipe names among the cells, and says which are not
//! there, all of them at once: a misspelt group would be trained on, and then scored as if it had been held out.
//! Does not know: counts; what is wrong with a recipe by itself (`recipe::faults`).
//! Flow: labels of all cells + recipe → **sentences**, or nothing.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context, Result};
use cells::Column;
use model::card::Kind;

use super::labels::Labels;
use crate::recipe::Recipe;
use crate::recipe::faults::refused;

/// Values that a sentence lists.
const SHOWN: usize = 12;

/// Refuses a recipe that names what no cell has; `count` is the number of cells.
///
/// # Errors
/// When a label is missing, or a control or a held-out group matches no cell.
pub(super) fn check(labels: &Labels, count: usize, recipe: &Recipe) -> Result<()> {
    let mut faults = Vec::new();
    for condition in recipe.conditions.iter().filter(|own| own.kind != Kind::Depth) {
        let key = &condition.key;
        let Some(column) = labels.get(key) else {
            faults.push(format!("the cells have no label `{key}`, which is a condition; they have {}", known(labels)));
            continue;
        };
        let Some(control) = &condition.control else { continue };
        if !(0..count).any(|cell| column.text(cell).as_deref() == Some(control)) {
            let there = values(column, count);
            faults.push(format!("no cell has {key} = {control}, the control of the recipe; there is {there}"));
        }
    }
    for (key, sizes) in recipe.conditions.iter().filter_map(|own| Some((&own.key, own.sizes.as_ref()?))) {
        match labels.get(sizes) {
            Some(Column::Integer(own)) if own.iter().all(|size| *size > 0) => {}
            Some(_) => {
                faults.push(format!("`{sizes}`, the sizes of {key}, must be a whole number above 0 in every cell"))
            }
            None => faults
                .push(format!("the cells have no label `{sizes}`, the sizes of {key}; they have {}", known(labels))),
        }
    }
    if let Some(share) = recipe.training.control_share.as_ref().filter(|own| !labels.contains_key(&own.source)) {
        let there = known(labels);
        faults.push(format!(
            "the cells have no label `{}`, training.control_share.source; they have {there}",
            share.source
        ));
    }
    let listed = recipe.split.iter().flat_map(|split| split.test.iter().chain(&split.validation));
    for group in recipe.hold_out.iter().chain(listed) {
        faults.extend(of_group(labels, count, group));
    }
    refused(&faults).context("the recipe does not fit the cells")
}

/// What is wrong with a held-out group.
fn of_group(labels: &Labels, count: usize, group: &BTreeMap<String, String>) -> Option<String> {
    // What is made of library sizes is a label of the set, not of the cells.
    let mut columns = Vec::with_capacity(group.len());
    for (key, value) in group {
        match labels.get(key) {
            Some(column) => columns.push((column, value)),
            None => {
                return Some(format!(
                    "the cells have no label `{key}`, by which cells are held out; they have {}",
                    known(labels)
                ));
            }
        }
    }
    let is_in =
        |cell: usize| columns.iter().all(|(column, value)| column.text(cell).as_deref() == Some(value.as_str()));
    if (0..count).any(is_in) {
        return None;
    }
    let words: Vec<String> = group.iter().map(|(key, value)| format!("{key} = {value}")).collect();
    let lacks = group
        .iter()
        .zip(&columns)
        .find(|((_, value), (column, _))| !(0..count).any(|cell| column.text(cell).as_deref() == Some(value.as_str())));
    let why = match lacks {
        Some(((key, _), (column, _))) => format!("{key} is one of {}", values(column, count)),
        None => "each of its values is there, but not together".to_owned(),
    };
    Some(format!("no cell belongs to the held-out group {}: {why}", words.join(", ")))
}

fn known(labels: &Labels) -> String {
    labels.keys().cloned().collect::<Vec<_>>().join(", ")
}

/// Values of a label, the first few.
fn values(column: &Column, count: usize) -> String {
    let all: BTreeSet<_> = (0..count).filter_map(|cell| column.text(cell)).filter(|text| !text.is_empty()).collect();
    let more = all.len().saturating_sub(SHOWN);
    let rest = if more > 0 { format!(" and {more} more") } else { String::new() };
    let first: Vec<&str> = all.iter().take(SHOWN).map(AsRef::as_ref).collect();
    format!("{}{rest}", first.join(", "))
}
