//! Which cells train, and which only watch.
//!
//! Does: leaves out the groups that a recipe holds out and the roles that a store gives, limits control cells,
//! sets cells aside to watch the loss.
//! Does not know: counts, tokens.
//! Flow: labels of all cells + recipe → **places of training cells and of those set aside**.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context, Result, ensure};
use model::random::Draws;

use super::labels::{Labels, label};
use crate::recipe::{Recipe, TrainingRecipe};
use crate::store::Role;

/// Streams of a seed.
const VALIDATION_STREAM: u64 = (1 << 44) - 1;
const CONTROL_STREAM: u64 = 1 << 45;

/// Places of the cells that the recipe does not hold out, ascending.
pub(super) fn unheld(labels: &Labels, count: usize, recipe: &Recipe) -> Result<Vec<usize>> {
    let Some(split) = recipe.split()? else { return Ok((0..count).collect()) };
    for key in &split.columns {
        label(labels, key).with_context(|| format!("the recipe holds cells out by `{key}`"))?;
    }
    Ok(split.apply_labels(labels)?.training)
}

/// Places of the cells that train and of those set aside; `roles` are a store's.
pub(super) fn choose(
    labels: &Labels,
    count: usize,
    roles: Option<&[Role]>,
    recipe: &Recipe,
) -> Result<(Vec<usize>, Vec<usize>)> {
    let role = |cell: &usize| roles.map_or(Role::Train, |roles| roles[*cell]);
    let (mut kept, mut watching) = (Vec::new(), Vec::new());
    for cell in unheld(labels, count, recipe)? {
        match role(&cell) {
            Role::Train => kept.push(cell),
            Role::Val => watching.push(cell),
            Role::Test => {}
        }
    }
    let kept = limit_controls(labels, kept, recipe)?;
    // Cells that a split names for watching come before any that training would lose.
    let (kept, aside) = if watching.is_empty() {
        set_aside(kept, &recipe.training)
    } else {
        (kept, set_aside(watching, &recipe.training).1)
    };
    ensure!(
        !kept.is_empty(),
        "the recipe holds every cell out, or sets them aside for validation; nothing is left to train on"
    );
    Ok((kept, aside))
}

/// Keeps no more control cells of each source than the recipe allows, chosen at random.
fn limit_controls(labels: &Labels, kept: Vec<usize>, recipe: &Recipe) -> Result<Vec<usize>> {
    let Some(limit) = &recipe.training.control_share else { return Ok(kept) };
    let source = label(labels, &limit.source).context("training.control_share names the sources")?;
    let perturbation = recipe.conditions.iter().find_map(|c| c.control.as_ref().map(|control| (&c.key, control)));
    let (key, control) = perturbation.context("training.control_share needs a condition with a control")?;
    let column = label(labels, key)?;
    let mut sources: BTreeMap<String, (Vec<usize>, usize)> = BTreeMap::new();
    for cell in &kept {
        let (controls, others) = sources.entry(source.text(*cell).unwrap_or_default().into_owned()).or_default();
        if column.text(*cell).as_deref() == Some(control) { controls.push(*cell) } else { *others += 1 }
    }
    let mut dropped = BTreeSet::new();
    for (place, (controls, others)) in sources.values_mut().enumerate() {
        Draws::new(recipe.training.seed, CONTROL_STREAM + place as u64).shuffle(controls);
        let most = (limit.most / (1.0 - limit.most) * *others as f64).floor() as usize;
        dropped.extend(controls.iter().skip(most).copied());
    }
    Ok(kept.into_iter().filter(|cell| !dropped.contains(cell)).collect())
}

/// Splits off the cells that only watch the loss.
fn set_aside(kept: Vec<usize>, training: &TrainingRecipe) -> (Vec<usize>, Vec<usize>) {
    let mut order = kept;
    Draws::new(training.seed, VALIDATION_STREAM).shuffle(&mut order);
    let mut rest = order.split_off(training.validation.min(order.len()));
    rest.sort_unstable();
    order.sort_unstable();
    (rest, order)
}
