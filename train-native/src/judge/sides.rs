//! Contexts with their cells log-normalised as the referee does it.
//!
//! Does: normalises counts to the median library size of their context and takes log-normalised expression (other
//! models' predictions) as it is.
//! Does not know: files, what is predicted.
//! Flow: groups → **sides** → `truth`, `training`.

use std::collections::BTreeMap;

use cells::Counts;
use cells::h5ad::Expression;
use cells::normalise::{Normalised, Target, into_log_normalised, median};
use cells::referee::Side;
use rayon::iter::{IntoParallelIterator, ParallelIterator};

use super::entry::listed;
use super::groups::{Groups, Key};

/// Control and perturbed cells of one context.
pub struct Context {
    /// Values of the context's columns.
    pub name: String,
    /// Its cell type, or `all`.
    pub cell_type: String,
    /// The cells.
    pub side: Side,
    /// Counts of the control cells, where there are counts.
    pub control_counts: Option<Counts>,
    /// Library size that counts were scaled to.
    pub target: Target,
}

/// Groups of one context, with its name and cell type.
pub(super) type Parts = ((String, String), Vec<(String, Expression)>);

/// Groups by context.
pub(super) fn by_context(groups: Groups) -> Vec<Parts> {
    let mut contexts: BTreeMap<(String, String), Vec<(String, Expression)>> = BTreeMap::new();
    for (Key { context, cell_type, perturbation }, group) in groups {
        contexts.entry((context, cell_type)).or_default().push((perturbation, group));
    }
    contexts.into_iter().collect()
}

/// The library size that a context's counts are scaled to: their median.
pub(super) fn target(groups: &[(String, Expression)]) -> Target {
    let size = |group: &Expression| match group {
        Expression::Counts(counts) => counts.totals(),
        Expression::LogNormalised(_) => Vec::new(),
    };
    Target::Sum(median(&groups.iter().flat_map(|(_, group)| size(group)).collect::<Vec<_>>()))
}

/// Counts of a group; none of log-normalised cells.
pub(super) fn counts(group: &Expression) -> Option<&Counts> {
    match group {
        Expression::Counts(counts) => Some(counts),
        Expression::LogNormalised(_) => None,
    }
}

/// A group log-normalised, in place.
pub(super) fn normalised(group: Expression, target: Target) -> Normalised {
    match group {
        Expression::Counts(counts) => into_log_normalised(counts, target),
        Expression::LogNormalised(data) => data,
    }
}

/// Contexts that have control cells, and the names of those that have not.
pub fn contexts(groups: Groups, control: &str) -> (Vec<Context>, Vec<String>) {
    let (mut contexts, mut without) = (Vec::new(), Vec::new());
    for ((name, cell_type), groups) in by_context(groups) {
        let target = target(&groups);
        let control_counts =
            groups.iter().find(|(own, _)| own == control).and_then(|(_, group)| counts(group)).cloned();
        let mut perturbed: BTreeMap<String, Normalised> =
            groups.into_par_iter().map(|(name, group)| (name, normalised(group, target))).collect();
        match perturbed.remove(control) {
            Some(control) => {
                contexts.push(Context { name, cell_type, side: Side { control, perturbed }, control_counts, target });
            }
            None => without.push(name),
        }
    }
    (contexts, without)
}

/// Contexts without groups that are too small; those are named.
pub fn enough(contexts: Vec<Context>, fewest: usize, notes: &mut Vec<String>) -> Vec<Context> {
    let (mut kept, mut small) = (Vec::new(), Vec::new());
    for mut context in contexts {
        let controls = context.side.control.cells();
        context.side.perturbed.retain(|name, cells| {
            let enough = cells.cells().min(controls) >= fewest;
            if !enough {
                small.push(format!("{name} ({})", context.name));
            }
            enough
        });
        if !context.side.perturbed.is_empty() {
            kept.push(context);
        }
    }
    notes.extend(listed(&format!("fewer than {fewest} measured cells or controls, so not scored"), &small));
    kept
}
