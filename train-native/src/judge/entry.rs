//! The lines of a table of scores.
//!
//! Does: holds what one prediction, baseline or ceiling reached, and puts the reports of several contexts together.
//! Does not know: how cells were scored, how scores are shown.
//! Flow: reports by context → **entries** → table, report.

use std::collections::BTreeMap;

use cells::referee::{Report, Values, intervals, means};

/// Seed of halves, resamples and intervals.
pub const SEED: u64 = 1;
/// The baseline that scores are measured from, as cell-eval's baseline is.
pub const BASE: &str = "mean of perturbations";

/// 95 % intervals by metric.
pub type Intervals = BTreeMap<&'static str, (f64, f64)>;

/// What an entry is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A model's cells.
    Prediction,
    /// Something simple to beat.
    Baseline,
    /// Measured cells.
    Ceiling,
}

/// One line of the table.
#[derive(Clone, Debug)]
pub struct Entry {
    /// Name.
    pub name: String,
    /// What it is.
    pub kind: Kind,
    /// Metrics by context and perturbation.
    pub contexts: BTreeMap<String, Report>,
    /// Means over all perturbations of all contexts; those of all perturbations together over the contexts.
    pub mean: Values,
    /// 95 % intervals of the means over resampled perturbations.
    pub intervals: Intervals,
    /// What a reader must know of it.
    pub notes: Vec<String>,
}

/// Everything that was scored.
#[derive(Clone, Debug)]
pub struct Verdict {
    /// Entries: predictions, baselines, ceiling.
    pub entries: Vec<Entry>,
    /// What a reader must know.
    pub notes: Vec<String>,
}

/// Puts the reports of several contexts together.
pub(super) fn entry(name: &str, kind: Kind, contexts: BTreeMap<String, Report>) -> Entry {
    let units: Vec<&Values> = contexts.values().flat_map(|report| report.perturbations.values()).collect();
    let mut mean = means(units.iter().copied());
    // Metrics of all perturbations of a context together.
    let together: Vec<Values> = contexts
        .values()
        .map(|report| report.mean.iter().filter(|(name, _)| !mean.contains_key(*name)).map(|(n, v)| (*n, *v)).collect())
        .collect();
    mean.extend(means(&together));
    let intervals = intervals(units, SEED);
    Entry { name: name.to_owned(), kind, mean, intervals, contexts, notes: Vec::new() }
}

/// A sentence of a list that may be long.
pub(super) fn listed(what: &str, names: &[String]) -> Option<String> {
    const SHOWN: usize = 8;
    let more = names.len().saturating_sub(SHOWN);
    let rest = if more > 0 { format!(" and {more} more") } else { String::new() };
    (!names.is_empty()).then(|| format!("{what}: {}{rest}", names[..names.len().min(SHOWN)].join(", ")))
}
