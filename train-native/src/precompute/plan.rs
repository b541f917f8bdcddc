//! Which conditions are precomputed.
//!
//! Does: puts identities, cell types and perturbations into the order in which visitors come upon them, up to a number
//! of conditions; every condition beside the control cells that it is compared with.
//! Does not know: cells.
//! Flow: card + settings → **conditions, grouped by control** → precompute.

use std::collections::BTreeMap;
use std::fmt::Write;

use anyhow::{Result, ensure};
use model::card::{Card, Condition, Kind};

use super::settings::Settings;

/// Value of every condition that a visitor chooses, by key.
pub type With = BTreeMap<String, String>;

/// What is made.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Plan {
    /// Control cells, and the perturbed ones that are compared with them.
    pub groups: Vec<(With, Vec<With>)>,
    /// Sets of cells that are generated.
    pub sets: usize,
    /// Key of the identity, where there is one.
    pub identity: Option<String>,
}

impl Plan {
    /// Whether nothing is perturbed: cells stand for themselves.
    pub fn is_one_sided(&self) -> bool {
        self.groups.iter().all(|(_, perturbed)| perturbed.is_empty())
    }

    /// Control cells of each identity.
    pub fn by_identity(&self) -> Vec<Vec<With>> {
        let of = |with: &With| self.identity.as_ref().and_then(|key| with.get(key)).cloned();
        let parts = self.groups.chunk_by(|(a, _), (b, _)| of(a) == of(b));
        parts.map(|part| part.iter().map(|(with, _)| with.clone()).collect()).collect()
    }

    /// The conditions, one line each.
    pub fn describe(&self) -> String {
        let mut text = String::new();
        let words =
            |with: &With| with.iter().map(|(key, value)| format!("{key}={value}")).collect::<Vec<_>>().join("; ");
        for (control, perturbed) in &self.groups {
            // Writing to a string cannot fail.
            let _ = writeln!(text, "{}", words(control));
            for own in perturbed {
                let _ = writeln!(text, "  {}", words(own));
            }
        }
        text
    }
}

/// Values of a condition, those with most training cells first; of equal ones the last, as the page chooses its default.
fn by_cells(condition: &Condition) -> Vec<String> {
    let mut places: Vec<usize> = (0..condition.values.len()).collect();
    places.sort_by_key(|place| std::cmp::Reverse((condition.values[*place].cells, *place)));
    places.into_iter().map(|place| condition.values[place].value.clone()).collect()
}

/// Choices of one condition: its values, or nothing to choose.
type Options = Vec<Option<(String, String)>>;

/// A condition's choices in order; only the named ones when some are named.
fn options(condition: Option<&Condition>, named: &[String]) -> Result<Options> {
    let Some(condition) = condition else {
        ensure!(named.is_empty(), "--identities names {}, but this model has no identity", named.join(", "));
        return Ok(vec![None]);
    };
    let known = by_cells(condition);
    for name in named {
        ensure!(
            known.contains(name),
            "this model has no {} called {name:?}; it has {}",
            condition.key,
            known.join(", ")
        );
    }
    let chosen = if named.is_empty() { known } else { named.to_vec() };
    Ok(chosen.into_iter().map(|value| Some((condition.key.clone(), value))).collect())
}

/// The conditions to make: every cell type and perturbation of the first identity, then those of the next.
///
/// # Errors
/// When an identity is not known.
pub fn plan(card: &Card, settings: &Settings) -> Result<Plan> {
    let identities = options(card.of_kind(Kind::Identity), &settings.identities)?;
    let types = options(card.of_kind(Kind::CellType), &[])?;
    let changed = card.of_kind(Kind::Perturbation);
    let control = changed.and_then(|condition| Some((condition.key.clone(), condition.control.clone()?)));
    let perturbations: Vec<(String, String)> = match (changed, &control) {
        (Some(condition), Some((key, control))) => {
            by_cells(condition).into_iter().filter(|own| own != control).map(|own| (key.clone(), own)).collect()
        }
        _ => Vec::new(),
    };
    let mut plan = Plan { identity: card.of_kind(Kind::Identity).map(|own| own.key.clone()), ..Plan::default() };
    let mut left = settings.most;
    for identity in &identities {
        for kind in &types {
            if left == 0 {
                return Ok(plan);
            }
            let who: With = identity.iter().chain(kind).cloned().collect();
            let with = |(key, value): &(String, String)| -> With {
                let mut with = who.clone();
                with.insert(key.clone(), value.clone());
                with
            };
            let perturbed: Vec<With> = perturbations.iter().take(left).map(with).collect();
            left -= perturbed.len().max(1);
            plan.sets += 1 + perturbed.len();
            plan.groups.push((control.as_ref().map_or_else(|| who.clone(), with), perturbed));
        }
    }
    Ok(plan)
}
