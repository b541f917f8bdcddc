//! Scores as text.
//!
//! Does: a Markdown table of means with intervals, the seven scored metrics first; JSON of everything.
//! Does not know: how scores came about.
//! Flow: entries → **table**, **JSON**.

use std::collections::BTreeSet;

use cells::referee::{SCORED, score};
use serde_json::{Value, json};

use super::entry::{BASE, Entry, Kind, Verdict};

/// Short name and meaning of the scored metrics, for people.
pub const NAMES: [(&str, &str, &str); 7] = [
    ("overlap_at_N", "DES", "share of the measured DEGs among as many top predicted ones"),
    ("discrimination_score_l1", "PDS", "how high the own perturbation ranks among all; chance is 0.5"),
    ("mae", "MAE", "mean absolute error of the pseudobulk; lower is better"),
    ("de_spearman_sig", "DEG numbers", "Spearman correlation over perturbations of the number of DEGs"),
    ("de_spearman_lfc_sig", "LFC", "Spearman correlation of log fold changes over the measured DEGs"),
    ("pr_auc", "AUPRC", "area under precision and recall of the measured DEGs"),
    ("pearson_delta", "Pearson-Δ", "correlation of measured and predicted effects over all genes"),
];

/// Whether every context has a single perturbation, which nothing can be told apart from.
pub fn is_alone(entries: &[Entry]) -> bool {
    entries.iter().flat_map(|own| own.contexts.values()).all(|report| report.perturbations.len() < 2)
}

/// The scored metrics that say something of these entries.
pub fn telling(entries: &[Entry]) -> Vec<(&'static str, &'static str, &'static str)> {
    let alone = is_alone(entries);
    let predicted = || entries.iter().filter(|own| own.kind == Kind::Prediction);
    let has = |metric: &str| predicted().any(|own| own.mean.get(metric).is_some_and(|value| value.is_finite()));
    let over_perturbations = ["discrimination_score_l1", "de_spearman_sig"];
    NAMES.into_iter().filter(|(metric, ..)| has(metric) && !(alone && over_perturbations.contains(metric))).collect()
}

/// Metrics that any entry has, the scored ones first.
pub fn metrics(entries: &[Entry]) -> Vec<&'static str> {
    let scored: Vec<&str> = SCORED.iter().map(|(name, _)| *name).collect();
    let others: BTreeSet<&'static str> = entries.iter().flat_map(|own| own.mean.keys().copied()).collect();
    let others = others.into_iter().filter(|name| !scored.contains(name));
    SCORED.iter().map(|(name, _)| *name).chain(others).collect()
}

/// A mean with its interval; a dash where there is no number.
pub fn shown(entry: &Entry, metric: &str) -> String {
    let Some(value) = entry.mean.get(metric).filter(|value| !value.is_nan()) else { return "–".to_owned() };
    let interval = entry.intervals.get(metric).map(|(low, high)| format!(" ({low:.3}–{high:.3})"));
    format!("{value:.3}{}", interval.unwrap_or_default())
}

/// What scores are measured from: PerturbMean where training cells gave one (PAPER.md section 11), and otherwise the mean
/// over the scored perturbations, as cell-eval's own baseline is.
pub fn base(entries: &[Entry]) -> Option<&Entry> {
    let named = |name: &str| entries.iter().find(|own| own.name == name);
    named("PerturbMean").or_else(|| named(BASE))
}

/// Name of the entry whose score is 0.
pub fn base_name(entries: &[Entry]) -> &str {
    base(entries).map_or(BASE, |own| own.name.as_str())
}

/// Score of every entry over the baseline; none without it, or for an entry that lacks the metrics.
pub fn scores(entries: &[Entry]) -> Vec<Option<f64>> {
    let of =
        |own: &Entry| base(entries).filter(|_| own.mean.contains_key("mae")).map(|base| score(&own.mean, &base.mean));
    entries.iter().map(of).collect()
}

/// The means as a Markdown table.
pub fn markdown(verdict: &Verdict) -> String {
    let entries = &verdict.entries;
    let header: Vec<&str> = entries.iter().map(|own| own.name.as_str()).collect();
    let mut text = format!("| metric | {} |\n|---|{}\n", header.join(" | "), "---|".repeat(entries.len()));
    for metric in metrics(entries) {
        let cells = entries.iter().map(|own| shown(own, metric)).collect::<Vec<_>>().join(" | ");
        text.push_str(&format!("| {metric} | {cells} |\n"));
    }
    let scores = scores(entries);
    if scores.iter().any(Option::is_some) {
        let words = scores.iter().map(|own| own.map_or_else(|| "–".to_owned(), |score| format!("{score:.3}")));
        text.push_str(&format!("| score over {} | {} |\n", base_name(entries), words.collect::<Vec<_>>().join(" | ")));
    }
    let of_entry = |own: &Entry| own.notes.iter().map(|note| format!("{}: {note}", own.name)).collect::<Vec<_>>();
    for note in verdict.notes.iter().cloned().chain(entries.iter().flat_map(of_entry)) {
        text.push_str(&format!("\n{note}.\n"));
    }
    text
}

/// Everything, by context and perturbation.
pub fn as_json(verdict: &Verdict) -> Value {
    let of = |own: &Entry| {
        let contexts: serde_json::Map<String, Value> = own
            .contexts
            .iter()
            .map(|(name, report)| (name.clone(), json!({ "mean": report.mean, "perturbations": report.perturbations })))
            .collect();
        json!({
            "name": own.name,
            "kind": format!("{:?}", own.kind).to_lowercase(),
            "mean": own.mean,
            "interval": own.intervals,
            "contexts": contexts,
            "notes": own.notes,
        })
    };
    json!({ "entries": verdict.entries.iter().map(of).collect::<Vec<_>>(), "notes": verdict.notes })
}
