//! What the numbers say, in sentences.
//!
//! Does: says how a prediction stands against the best baseline and the ceiling, where it is weakest, and how alike the
//! populations are.
//! Does not know: figures, forms.
//! Flow: entries, measures → **sentences** at the head of a report.

use cells::referee::SCORED;

use super::content::Report;
use crate::judge::entry::{Entry, Kind};
use crate::judge::population::MEASURES;
use crate::judge::table::{base_name, scores, telling};

/// An entry in a sentence, or at its start.
fn called(entry: &Entry, starts: bool) -> String {
    match (entry.name == "model", starts) {
        (true, true) => "The model".to_owned(),
        (true, false) => "the model".to_owned(),
        (false, _) => entry.name.clone(),
    }
}

/// A metric of every perturbation of an entry.
fn units(entry: &Entry, metric: &str) -> Vec<(String, f64)> {
    let named = |context: &str, name: &str| format!("{name} in {context}");
    let all = entry.contexts.iter().flat_map(|(context, report)| {
        report.perturbations.iter().filter_map(move |(name, values)| Some((named(context, name), *values.get(metric)?)))
    });
    all.filter(|(_, value)| value.is_finite()).collect()
}

/// Of the scored metrics, those at which one entry is better than every other one of a list; and how many were compared.
fn wins(entry: &Entry, others: &[&Entry]) -> (usize, usize) {
    let (mut won, mut compared) = (0, 0);
    let told = telling(&others.iter().copied().chain([entry]).cloned().collect::<Vec<_>>());
    for (metric, zero_is_best) in SCORED.into_iter().filter(|(own, _)| told.iter().any(|(name, ..)| name == own)) {
        let value = |own: &Entry| own.mean.get(metric).copied().filter(|value| value.is_finite());
        let Some(own) = value(entry) else { continue };
        let others: Vec<f64> = others.iter().filter_map(|other| value(other)).collect();
        if others.is_empty() {
            continue;
        }
        compared += 1;
        won += usize::from(others.iter().all(|other| if zero_is_best { own < *other } else { own > *other }));
    }
    (won, compared)
}

/// Sentences on one prediction of the first table.
fn of_prediction(entry: &Entry, entries: &[Entry]) -> Vec<String> {
    let baselines: Vec<&Entry> = entries.iter().filter(|own| own.kind == Kind::Baseline).collect();
    let ceiling = entries.iter().find(|own| own.kind == Kind::Ceiling);
    let mut said = Vec::new();
    let delta = |own: &Entry| own.mean.get("pearson_delta").copied().filter(|value| value.is_finite());
    if let Some(own) = delta(entry) {
        let mut text = format!(
            "The effects that {} predicts and the measured ones correlate at {own:.2} (Pearson-Δ)",
            called(entry, false)
        );
        let best = baselines.iter().filter_map(|base| Some((delta(base)?, &base.name)));
        if let Some((value, name)) = best.max_by(|a, b| a.0.total_cmp(&b.0)) {
            text.push_str(&format!("; the best baseline, {name}, at {value:.2}"));
        }
        if let Some(value) = ceiling.and_then(delta) {
            text.push_str(&format!("; two halves of the measured cells at {value:.2}"));
        }
        said.push(format!("{text}."));
    }
    let (won, compared) = wins(entry, &baselines);
    if compared > 0 {
        said.push(format!(
            "{} is better than every baseline in {won} of {compared} scored metrics.",
            called(entry, true)
        ));
    }
    let place = entries.iter().position(|own| own.name == entry.name);
    if let Some(score) = place.and_then(|place| scores(entries)[place]) {
        said.push(format!(
            "Its score over {} is {score:.2}, where 0 is that baseline and 1 a perfect prediction.",
            base_name(entries)
        ));
    }
    let mut weakest = units(entry, "pearson_delta");
    weakest.sort_by(|a, b| a.1.total_cmp(&b.1));
    if let Some((unit, value)) = weakest.first().filter(|_| weakest.len() > 1) {
        let reached = ceiling.map(|own| units(own, "pearson_delta")).unwrap_or_default();
        let reached = reached.into_iter().find(|(name, _)| name == unit);
        let beside = reached.map_or_else(String::new, |(_, value)| {
            format!(", where two halves of the measured cells reach {value:.2}")
        });
        said.push(format!("It is weakest for {unit}: Pearson-Δ {value:.2}{beside}."));
    }
    said
}

/// The head of a report.
pub(super) fn summary(report: &Report) -> Vec<String> {
    let mut said = Vec::new();
    if let Some(section) = report.sections.first() {
        let entries = &section.verdict.entries;
        for entry in entries.iter().filter(|own| own.kind == Kind::Prediction) {
            said.push(of_prediction(entry, entries).join(" "));
        }
    }
    if let Some(crowd) = &report.crowd {
        let place = |name: &str| MEASURES.iter().position(|measure| measure.name.contains(name));
        let of = |name: &str| {
            let at = place(name)?;
            Some((crowd.measures.generated.values[at]?, crowd.measures.other_half.values[at]?))
        };
        if let Some((own, other)) = of("told apart") {
            said.push(format!(
                "A classifier tells generated from measured cells with an AUC of {own:.2}, and two halves of the \
                 measured cells with {other:.2}, where 0.5 is not at all and 1 is always."
            ));
        }
        if let Some((own, other)) = of("nearer to training") {
            said.push(format!(
                "{:.0} % of the generated cells lie nearer to a training cell than 95 % of held-out measured cells do \
                 ({:.0} % of other held-out cells); more than 5 % would speak for cells learned by heart.",
                100.0 * own,
                100.0 * other
            ));
        }
    }
    said
}
