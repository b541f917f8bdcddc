//! What a card says of held-out cells, ready to be shown: the referee's metrics and the likeness of populations.
//!
//! Does: reads both parts of the card, names and orders metrics, says which direction is better, whether the model is
//! ahead of PerturbMean and whether the gallery's targets are reached, in words.
//! Does not know: how anything was measured (`train-native`), how it is shown.
//! Flow: `bundle.json` → **tables and verdicts** → model view.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;

pub mod likeness;

/// The referee's metrics over all held-out groups of one kind.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default)]
pub struct Summary {
    /// What was scored together.
    pub title: String,
    /// Contexts × perturbations that were scored.
    pub groups: u64,
    /// Model, baselines, ceiling.
    pub entries: Vec<Entry>,
}

/// One predictor.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default)]
pub struct Entry {
    /// Name.
    pub name: String,
    /// "prediction", "baseline" or "ceiling".
    pub kind: String,
    /// Means by metric, under cell-eval's names.
    pub metrics: BTreeMap<String, Estimate>,
}

/// A number with its 95 % interval, where there is one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Deserialize)]
#[serde(default)]
pub struct Estimate {
    /// Mean over the groups; none where there is no number.
    pub value: Option<f64>,
    /// Lower bound.
    pub low: Option<f64>,
    /// Upper bound.
    pub high: Option<f64>,
}

/// Which way a metric is better.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Better {
    /// More.
    High,
    /// Less.
    Low,
    /// Neither: a count.
    Neither,
}

impl Better {
    /// An arrow; nothing where neither way is better.
    pub fn arrow(self) -> &'static str {
        match self {
            Self::High => " ↑",
            Self::Low => " ↓",
            Self::Neither => "",
        }
    }

    /// The same in words.
    pub fn words(self) -> &'static str {
        match self {
            Self::High => "higher is better",
            Self::Low => "lower is better",
            Self::Neither => "a count, neither way is better",
        }
    }

    /// Whether `own` is better than `other`.
    fn is_ahead(self, own: f64, other: f64) -> bool {
        match self {
            Self::High => own > other,
            Self::Low => own < other,
            Self::Neither => false,
        }
    }
}

/// Metrics of the paper's table in its order: cell-eval's name, the paper's, what it is.
const PAPER: [(&str, &str, &str); 7] = [
    ("overlap_at_N", "DES", "share of the measured differentially expressed genes among as many top predicted ones"),
    ("discrimination_score_l1", "PDS", "how high the own perturbation ranks among all; 0.5 is chance"),
    ("de_spearman_sig", "#DEG", "rank correlation over perturbations of the numbers of differentially expressed genes"),
    ("pearson_delta", "Pearson-Δ", "correlation of measured and predicted effects over all genes"),
    ("pr_auc", "AUPRC", "area under precision and recall of differentially expressed genes"),
    ("mae", "MAE", "mean absolute error of mean log-normalised expression"),
    ("de_spearman_lfc_sig", "LFC", "rank correlation of fold changes over the measured differentially expressed genes"),
];

/// A metric as a column.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Metric {
    /// cell-eval's name.
    pub key: String,
    /// Name for people: the paper's, where it has one.
    pub name: String,
    /// What it is; empty where cell-eval's name has to say it.
    pub about: &'static str,
    /// Which way is better.
    pub better: Better,
}

impl Metric {
    fn new(key: &str) -> Self {
        let known = PAPER.into_iter().find(|(own, _, _)| *own == key);
        let better = match key {
            _ if key.starts_with("mae") || key.starts_with("mse") => Better::Low,
            _ if key.contains("nsig_counts") => Better::Neither,
            _ => Better::High,
        };
        let (name, about) = known.map_or((key, ""), |(_, name, about)| (name, about));
        Self { key: key.to_owned(), name: name.to_owned(), about, better }
    }
}

/// A value as "0.83 (0.79 to 0.87)"; a dash where there is none.
pub fn estimate_words(estimate: Option<&Estimate>) -> String {
    let Some(value) = estimate.and_then(|own| own.value) else { return "–".to_owned() };
    // An error of 0.019 needs a digit more than a correlation of 0.83.
    let digits = if value != 0.0 && value.abs() < 0.1 { 3 } else { 2 };
    let number = |value: f64| {
        let text = if value.abs() >= 100.0 { format!("{value:.0}") } else { format!("{value:.digits$}") };
        text.replace('-', "−")
    };
    match estimate.and_then(|own| own.low.zip(own.high)) {
        Some((low, high)) => format!("{} ({} to {})", number(value), number(low), number(high)),
        None => number(value),
    }
}

impl Entry {
    fn value(&self, key: &str) -> Option<f64> {
        self.metrics.get(key).and_then(|own| own.value)
    }

    /// A row's head.
    pub fn title(&self) -> String {
        match (self.kind.as_str(), self.name.as_str()) {
            ("prediction", "" | "model" | "prediction") => "Model".to_owned(),
            ("prediction", name) => format!("Model ({name})"),
            ("baseline", name) => format!("Baseline: {name}"),
            ("ceiling", "" | "ceiling") => "Ceiling: measured against measured".to_owned(),
            ("ceiling", name) => format!("Ceiling: {name}"),
            (_, name) => name.to_owned(),
        }
    }
}

impl Summary {
    /// Metrics that any predictor has: those of the paper's table in its order, then the others by name.
    pub fn metrics(&self) -> (Vec<Metric>, Vec<Metric>) {
        let all: BTreeSet<&str> =
            self.entries.iter().flat_map(|entry| entry.metrics.keys()).map(String::as_str).collect();
        let is_of_paper = |key: &str| PAPER.iter().any(|(own, _, _)| *own == key);
        let first = PAPER.iter().map(|(key, _, _)| *key).filter(|key| all.contains(key)).map(Metric::new).collect();
        (first, all.iter().copied().filter(|key| !is_of_paper(key)).map(Metric::new).collect())
    }

    /// Rows in the order model, baselines, ceiling.
    pub fn rows(&self) -> Vec<&Entry> {
        let rank = |entry: &&Entry| ["prediction", "baseline", "ceiling"].iter().position(|kind| *kind == entry.kind);
        let mut rows: Vec<&Entry> = self.entries.iter().collect();
        rows.sort_by_key(|entry| rank(entry).unwrap_or(3));
        rows
    }

    fn prediction(&self) -> Option<&Entry> {
        self.entries.iter().find(|entry| entry.kind == "prediction")
    }

    /// PerturbMean among the baselines, however it is spelt.
    fn perturb_mean(&self) -> Option<&Entry> {
        let plain =
            |name: &str| name.chars().filter(char::is_ascii_alphanumeric).collect::<String>().to_ascii_lowercase();
        self.entries.iter().find(|entry| entry.kind == "baseline" && plain(&entry.name).contains("perturbmean"))
    }

    /// Whether a predictor, if it is the model, is ahead of PerturbMean; `None` where that cannot be told.
    pub fn is_ahead(&self, entry: &Entry, metric: &Metric) -> Option<bool> {
        if entry.kind != "prediction" || metric.better == Better::Neither {
            return None;
        }
        let (own, other) = (entry.value(&metric.key)?, self.perturb_mean()?.value(&metric.key)?);
        Some(metric.better.is_ahead(own, other))
    }

    /// The gallery's target for perturbations: ahead of PerturbMean on four metrics, and an error of at most 1.5 times
    /// its. `None` where there is no PerturbMean or none of the metrics.
    pub fn verdict(&self) -> Option<String> {
        let (own, mean) = (self.prediction()?, self.perturb_mean()?);
        let mut missed = Vec::new();
        let mut judged = 0;
        for key in ["pearson_delta", "overlap_at_N", "pr_auc", "de_spearman_lfc_sig"] {
            let Some((own, mean)) = own.value(key).zip(mean.value(key)) else { continue };
            judged += 1;
            if own <= mean {
                missed.push(format!("not ahead on {}", Metric::new(key).name));
            }
        }
        if let Some((own, mean)) = own.value("mae").zip(mean.value("mae")) {
            judged += 1;
            if own > 1.5 * mean {
                missed.push(format!("MAE {:.2} times PerturbMean's", own / mean));
            }
        }
        let target = "Target: ahead of PerturbMean on Pearson-Δ, DES, AUPRC and LFC, and a MAE of at most 1.5 times PerturbMean's.";
        let part = if judged < 5 { format!(" Only {judged} of the 5 numbers were measured.") } else { String::new() };
        match (judged, missed.as_slice()) {
            (0, _) => None,
            (5, []) => Some(format!("{target} Reached.")),
            (_, []) => Some(format!("{target} Reached where it was measured.{part}")),
            (_, missed) => Some(format!("{target} Missed: {}.{part}", missed.join(", "))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Better, Entry, Estimate, Metric, Summary, estimate_words};

    fn entry(kind: &str, name: &str, metrics: &[(&str, f64)]) -> Entry {
        let estimate = |value: f64| Estimate { value: Some(value), low: None, high: None };
        let metrics = metrics.iter().map(|(key, value)| ((*key).to_owned(), estimate(*value))).collect();
        Entry { kind: kind.into(), name: name.into(), metrics }
    }

    fn summary(own: &[(&str, f64)]) -> Summary {
        let mean = [
            ("pearson_delta", 0.5),
            ("overlap_at_N", 0.2),
            ("pr_auc", 0.2),
            ("de_spearman_lfc_sig", 0.3),
            ("mae", 0.02),
            ("roc_auc", 0.6),
            ("de_nsig_counts_pred", 4.0),
        ];
        let entries = vec![
            entry("ceiling", "", &mean),
            entry("baseline", "Perturb-Mean", &mean),
            entry("prediction", "model", own),
        ];
        Summary { title: "all".into(), groups: 3, entries }
    }

    #[test]
    fn the_papers_metrics_stand_first_and_under_its_names() {
        let (first, rest) = summary(&[]).metrics();
        let names = |metrics: &[Metric]| metrics.iter().map(|own| own.name.clone()).collect::<Vec<_>>();
        assert_eq!(names(&first), ["DES", "Pearson-Δ", "AUPRC", "MAE", "LFC"]);
        assert_eq!(names(&rest), ["de_nsig_counts_pred", "roc_auc"]);
        assert_eq!((first[3].better, rest[0].better, rest[1].better), (Better::Low, Better::Neither, Better::High));
        let kinds: Vec<String> = summary(&[]).rows().into_iter().map(Entry::title).collect();
        assert_eq!(kinds, ["Model", "Baseline: Perturb-Mean", "Ceiling: measured against measured"]);
    }

    #[test]
    fn the_model_is_ahead_in_the_metrics_direction() {
        let own = summary(&[("pearson_delta", 0.6), ("mae", 0.03), ("de_nsig_counts_pred", 9.0)]);
        let ahead = |key: &str| own.is_ahead(&own.entries[2], &Metric::new(key));
        assert_eq!((ahead("pearson_delta"), ahead("mae")), (Some(true), Some(false)));
        assert_eq!((ahead("roc_auc"), ahead("de_nsig_counts_pred")), (None, None));
        assert_eq!(own.is_ahead(&own.entries[0], &Metric::new("mae")), None, "the ceiling is no contestant");
    }

    #[test]
    fn a_missed_target_is_named() {
        let good = [
            ("pearson_delta", 0.6),
            ("overlap_at_N", 0.3),
            ("pr_auc", 0.3),
            ("de_spearman_lfc_sig", 0.4),
            ("mae", 0.029),
        ];
        assert!(summary(&good).verdict().is_some_and(|words| words.ends_with("Reached.")));
        let mut bad = good;
        (bad[1].1, bad[4].1) = (0.1, 0.04);
        let words = summary(&bad).verdict().unwrap_or_default();
        assert!(words.ends_with("Missed: not ahead on DES, MAE 2.00 times PerturbMean's."), "{words}");
        let words = summary(&good[..2]).verdict().unwrap_or_default();
        assert!(words.contains("Reached where it was measured. Only 2 of the 5"), "{words}");
        assert_eq!(summary(&[]).verdict(), None);
        let mut alone = summary(&good);
        alone.entries.remove(1);
        assert_eq!(alone.verdict(), None, "without PerturbMean there is nothing to be ahead of");
    }

    #[test]
    fn numbers_have_their_interval() {
        let own = |value, low, high| estimate_words(Some(&Estimate { value: Some(value), low, high }));
        assert_eq!(own(0.834, Some(0.79), Some(0.87)), "0.83 (0.79 to 0.87)");
        assert_eq!(own(0.0191, Some(0.018), Some(0.0203)), "0.019 (0.018 to 0.020)");
        assert_eq!(own(-0.25, None, None), "−0.25");
        assert_eq!(own(512.4, None, Some(1.0)), "512");
        assert_eq!(estimate_words(None), "–");
    }
}
