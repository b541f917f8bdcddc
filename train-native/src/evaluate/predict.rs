//! Cells that a bundle writes for the held-out groups.
//!
//! Does: for every context and perturbation that is scored, and their controls, generates cells of each cell type in
//! the proportions that were measured.
//! Does not know: scores.
//! Flow: bundle + measured groups → **generated cells** with labels.

use std::collections::BTreeMap;

use anyhow::{Result, ensure};
use cells::Cells;
use cells::signatures::AND;
use model::bundle::Bundle;

use super::groups::{self, With};
use super::keys::Keys;
use super::settings::Settings;

/// What to generate: identity (a donor; empty without any), cell type (empty without any), perturbation; and how many
/// cells were measured.
type Group = (String, String, String);

/// Measured cells of every group.
fn measured(cells: &Cells, keys: &Keys) -> BTreeMap<Group, usize> {
    let text = |key: Option<&String>, cell: usize| {
        let column = key.and_then(|key| cells.labels.get(key));
        column.and_then(|column| column.text(cell)).map_or_else(String::new, |text| text.into_owned())
    };
    let mut groups = BTreeMap::new();
    for cell in 0..cells.len() {
        let group = (
            text(keys.identity.as_ref(), cell),
            text(keys.cell_type.as_ref(), cell),
            text(Some(&keys.perturbation), cell),
        );
        *groups.entry(group).or_insert(0) += 1;
    }
    groups
}

/// The perturbations that a name stands for: several at once are joined.
fn parts(perturbation: &str) -> Vec<String> {
    perturbation.split(AND).map(str::to_owned).collect()
}

/// Generates cells for all groups of these measured cells that the bundle knows, `settings.most` for an identity and a
/// perturbation at most, and otherwise `settings.times` for every measured cell.
///
/// # Errors
/// When the bundle has not one of the values, or the device fails.
pub(super) fn predict(bundle: &Bundle, test: &Cells, keys: &Keys, settings: &Settings) -> Result<Cells> {
    let groups = measured(test, keys);
    let mut totals: BTreeMap<(&String, &String), usize> = BTreeMap::new();
    for ((identity, _, perturbation), count) in &groups {
        *totals.entry((identity, perturbation)).or_default() += count;
    }
    ensure!(!groups.is_empty(), "no measured cell belongs to a held-out group or its controls");
    let asked = groups.iter().map(|((identity, cell_type, perturbation), count)| {
        let named = [(&keys.identity, identity), (&keys.cell_type, cell_type)];
        let mut with = With::from([(keys.perturbation.clone(), parts(perturbation))]);
        for (key, value) in named {
            let known = |key: &&String| bundle.card.condition(key).is_some_and(|own| own.token(value).is_some());
            if let Some(key) = key.as_ref().filter(known) {
                with.insert(key.clone(), vec![value.clone()]);
            }
        }
        let total = totals[&(identity, perturbation)];
        (with, ((settings.times * total).min(settings.most) * count).div_ceil(total))
    });
    groups::write(bundle, asked.collect(), 0, settings)
}
