//! What a card says of held-out cells, ready to be shown: the referee's metrics and the likeness of populations.
//!
//! Does: reads both parts of the card, names and orders metrics, says which direction is better, whether the model is
//! ahead of the best baseline and whether the gallery's targets are reached, in words.
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
            Self::Neither => "the nearer to the measured cells the better",
        }
    }

    /// Whether `own` is better than `other` and can be told apart from it as both are written.
    fn is_ahead(self, own: f64, other: f64) -> bool {
        self.is_better(own, other) && !is_level(own, other)
    }

    /// Whether `own` is better than `other`, by however little.
    fn is_better(self, own: f64, other: f64) -> bool {
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
            _ if key.ends_with("difference") || key.ends_with("distance") => Better::Low,
            // A variance should be that of the measured cells: neither more nor less.
            _ if key.contains("nsig_counts") || key.contains("variance over") => Better::Neither,
            _ => Better::High,
        };
        let (name, about) = known.map_or((key, ""), |(_, name, about)| (name, about));
        Self { key: key.to_owned(), name: name.to_owned(), about, better }
    }
}

/// A number with as many digits as `like` needs: an error of 0.019 needs one more than a correlation of 0.83.
fn written(value: f64, like: f64) -> String {
    let digits = if like != 0.0 && like.abs() < 0.1 { 3 } else { 2 };
    let text = if value.abs() >= 100.0 { format!("{value:.0}") } else { format!("{value:.digits$}") };
    text.replace('-', "−")
}

/// Whether two numbers are written alike: a table cannot rank them.
fn is_level(one: f64, other: f64) -> bool {
    written(one, one) == written(other, other)
}

/// A value such as "0.83" and its interval, "0.79 to 0.87", where it has one; a dash where there is none.
pub fn estimate_words(estimate: Option<&Estimate>) -> (String, Option<String>) {
    let Some(value) = estimate.and_then(|own| own.value) else { return ("–".to_owned(), None) };
    let number = |own: f64| written(own, value);
    let bounds = estimate.and_then(|own| own.low.zip(own.high));
    (number(value), bounds.map(|(low, high)| format!("{} to {}", number(low), number(high))))
}

impl Entry {
    fn value(&self, key: &str) -> Option<f64> {
        self.metrics.get(key).and_then(|own| own.value)
    }

    /// A row's head.
    pub fn title(&self) -> String {
        match (self.kind.as_str(), self.name.as_str()) {
            ("prediction", "" | "model" | "prediction") => "Model".to_owned(),
            ("prediction", name) => match name.strip_prefix("model, ") {
                Some(rest) => format!("Model, {rest}"),
                None => format!("Model ({name})"),
            },
            ("baseline", name) => format!("Baseline: {name}"),
            ("ceiling", "" | "ceiling") => "Ceiling: measured against measured".to_owned(),
            ("ceiling", name) => match name.strip_prefix("ceiling, ") {
                Some("halves") => "Ceiling: half against half".to_owned(),
                Some("corrected") => "Ceiling: corrected for half the cells".to_owned(),
                Some(rest) => format!("Ceiling: {rest}"),
                None => format!("Ceiling: {name}"),
            },
            (_, name) => name.to_owned(),
        }
    }
}

impl Summary {
    /// Metrics that any predictor has: those of the paper's table in its order, then the others by name. What the ceiling
    /// alone has compares nothing.
    pub fn metrics(&self) -> (Vec<Metric>, Vec<Metric>) {
        let predictors = self.entries.iter().filter(|entry| entry.kind != "ceiling");
        let keys = predictors.flat_map(|entry| entry.metrics.iter().filter(|(_, own)| own.value.is_some()));
        let all: BTreeSet<&str> = keys.map(|(key, _)| key.as_str()).collect();
        let is_of_paper = |key: &str| PAPER.iter().any(|(own, _, _)| *own == key);
        let first =
            PAPER.iter().map(|(key, _, _)| *key).filter(|key| all.contains(key)).map(|key| self.metric(key)).collect();
        (first, all.iter().copied().filter(|key| !is_of_paper(key)).map(|key| self.metric(key)).collect())
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

    /// A metric as a column of this summary. Some summaries have groups of cells as columns; what their numbers are then
    /// stands in the title.
    fn metric(&self, key: &str) -> Metric {
        let title = self.title.to_lowercase();
        let mut metric = Metric::new(key);
        if title.starts_with("mean absolute error") {
            metric.better = Better::Low;
        } else if title.starts_with("mean log2 fold change") {
            metric.better = Better::Neither;
        }
        metric
    }

    /// The baseline that is best in a metric.
    pub fn best_baseline(&self, metric: &Metric) -> Option<(&Entry, f64)> {
        let baselines = self.entries.iter().filter(|entry| entry.kind == "baseline");
        let valued = baselines.filter_map(|entry| Some((entry, entry.value(&metric.key)?)));
        valued.reduce(|best, own| if metric.better.is_better(own.1, best.1) { own } else { best })
    }

    /// The model's value of a metric and the best baseline's, with its name.
    pub fn against_the_best(&self, key: &str) -> Option<(f64, f64, &str)> {
        let metric = self.metric(key);
        let own = self.prediction()?.value(key)?;
        let (entry, best) = self.best_baseline(&metric)?;
        Some((own, best, entry.name.as_str()))
    }

    /// Whether a predictor, if it is the model, is ahead of the best baseline; `None` where that cannot be told.
    pub fn is_ahead(&self, entry: &Entry, metric: &Metric) -> Option<bool> {
        if entry.kind != "prediction" || metric.better == Better::Neither {
            return None;
        }
        let (own, (_, best)) = (entry.value(&metric.key)?, self.best_baseline(metric)?);
        Some(metric.better.is_ahead(own, best))
    }

    /// Whether an entry is the best baseline of a metric, alone or beside others. Where all baselines are equal, none is.
    pub fn is_best(&self, entry: &Entry, metric: &Metric) -> bool {
        let Some((_, best)) = self.best_baseline(metric).filter(|_| metric.better != Better::Neither) else {
            return false;
        };
        let baselines = self.entries.iter().filter(|own| own.kind == "baseline");
        let mut values = baselines.filter_map(|own| own.value(&metric.key));
        let is_alone = values.clone().count() == 1;
        let own = entry.value(&metric.key).filter(|_| entry.kind == "baseline");
        own.is_some_and(|own| is_level(own, best)) && (is_alone || values.any(|own| !is_level(own, best)))
    }

    /// A value of the table. A ceiling below zero is none: halves of so few cells do not agree at all.
    pub fn words(&self, entry: &Entry, metric: &Metric) -> (String, Option<String>) {
        let estimate = entry.metrics.get(&metric.key);
        let below = estimate.and_then(|own| own.value).is_some_and(|value| value < 0.0);
        let is_none = entry.kind == "ceiling" && metric.better == Better::High && below;
        estimate_words(estimate.filter(|_| !is_none))
    }

    /// The gallery's target for perturbations: ahead of the best baseline on four metrics, and an error of at most 1.5
    /// times the best one's. `None` where there is no baseline or none of the metrics.
    pub fn verdict(&self) -> Option<String> {
        let mut missed = Vec::new();
        let mut judged = 0;
        for key in ["pearson_delta", "overlap_at_N", "pr_auc", "de_spearman_lfc_sig"] {
            let Some((own, best, name)) = self.against_the_best(key) else { continue };
            judged += 1;
            if own <= best || is_level(own, best) {
                let stand = if is_level(own, best) { "is as good" } else { "is ahead" };
                missed.push(format!("{} ({name} {stand})", Metric::new(key).name));
            }
        }
        if let Some((own, best, name)) = self.against_the_best("mae") {
            judged += 1;
            if own > 1.5 * best {
                missed.push(format!("MAE ({:.2} times that of {name})", own / best));
            }
        }
        let target = "Target: ahead of the best baseline on Pearson-Δ, DES, AUPRC and LFC, and a MAE of at most 1.5 times the best one's.";
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
            entry("baseline", "control copy", &[("pearson_delta", 0.1), ("mae", 0.019)]),
            entry("baseline", "PerturbMean", &mean),
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
        assert_eq!(
            kinds,
            ["Model", "Baseline: control copy", "Baseline: PerturbMean", "Ceiling: measured against measured"]
        );
    }

    #[test]
    fn the_model_is_held_against_the_best_baseline() {
        let own = summary(&[("pearson_delta", 0.6), ("mae", 0.03), ("de_nsig_counts_pred", 9.0)]);
        let ahead = |key: &str| own.is_ahead(&own.entries[3], &Metric::new(key));
        assert_eq!((ahead("pearson_delta"), ahead("mae")), (Some(true), Some(false)));
        assert_eq!((ahead("roc_auc"), ahead("de_nsig_counts_pred")), (None, None));
        assert_eq!(own.is_ahead(&own.entries[0], &Metric::new("mae")), None, "the ceiling is no contestant");
        assert_eq!(own.against_the_best("pearson_delta"), Some((0.6, 0.5, "PerturbMean")));
        assert_eq!(own.against_the_best("mae"), Some((0.03, 0.019, "control copy")), "the lowest error is the best");
        assert!(
            own.is_best(&own.entries[1], &Metric::new("mae")) && !own.is_best(&own.entries[2], &Metric::new("mae"))
        );
    }

    #[test]
    fn a_missed_target_is_named_with_who_is_ahead() {
        let good = [
            ("pearson_delta", 0.6),
            ("overlap_at_N", 0.3),
            ("pr_auc", 0.3),
            ("de_spearman_lfc_sig", 0.4),
            ("mae", 0.028),
        ];
        assert!(summary(&good).verdict().is_some_and(|words| words.ends_with("Reached.")));
        let mut bad = good;
        (bad[1].1, bad[4].1) = (0.1, 0.038);
        let words = summary(&bad).verdict().unwrap_or_default();
        assert!(
            words.ends_with("Missed: DES (PerturbMean is ahead), MAE (2.00 times that of control copy)."),
            "{words}"
        );
        let words = summary(&good[..2]).verdict().unwrap_or_default();
        assert!(words.contains("Reached where it was measured. Only 2 of the 5"), "{words}");
        assert_eq!(summary(&[]).verdict(), None);
        let mut alone = summary(&good);
        alone.entries.retain(|entry| entry.kind != "baseline");
        assert_eq!(alone.verdict(), None, "without a baseline there is nothing to be ahead of");
    }

    #[test]
    fn equals_are_not_ranked() {
        let own = |baselines: [f64; 3], model: f64| {
            let mut entries: Vec<Entry> =
                baselines.iter().map(|value| entry("baseline", "b", &[("overlap_at_N", *value)])).collect();
            entries.push(entry("prediction", "model", &[("overlap_at_N", model)]));
            entries.push(entry("ceiling", "ceiling, halves", &[("overlap_at_N", 1.0), ("de_spearman_sig", 1.0)]));
            Summary { title: "all".into(), groups: 3, entries }
        };
        let stars = |own: &Summary| {
            let metric = Metric::new("overlap_at_N");
            own.entries.iter().map(|entry| own.is_best(entry, &metric)).collect::<Vec<_>>()
        };
        let level = own([0.0, 0.0, 0.0], 0.0);
        assert_eq!(stars(&level), [false; 5], "nobody finds anything: no baseline is the best");
        assert!(level.verdict().is_some_and(|words| words.contains("DES (b is as good)")), "{:?}", level.verdict());
        let two = own([0.2, 0.5, 0.5], 0.1);
        assert_eq!(stars(&two), [false, true, true, false, false]);
        assert!(two.verdict().is_some_and(|words| words.contains("DES (b is ahead)")));
        // What is written alike is not ranked.
        let little = own([0.0002, 0.0003, 0.0002], 0.00019);
        assert_eq!(stars(&little), [false; 5]);
        assert!(little.verdict().is_some_and(|words| words.contains("DES (b is as good)")));
        let near = own([0.301, 0.2, 0.304], 0.3049);
        assert_eq!(stars(&near), [true, false, true, false, false]);
        assert_eq!(near.is_ahead(&near.entries[3], &Metric::new("overlap_at_N")), Some(false));
        // What the ceiling alone has is no column of the comparison.
        assert_eq!(two.metrics().0.len(), 1);
        assert_eq!(two.entries[4].title(), "Ceiling: half against half");
        let mut alone = two;
        alone.entries.drain(1..3);
        assert_eq!(stars(&alone), [true, false, false], "an only baseline is the one to beat");
    }

    #[test]
    fn a_ceiling_below_zero_is_none() {
        let mut own = summary(&[("pearson_delta", -0.2)]);
        own.entries[0] = entry("ceiling", "ceiling, halves", &[("pearson_delta", -0.61), ("mae", 0.03)]);
        let words = |place: usize, key: &str| own.words(&own.entries[place], &Metric::new(key));
        assert_eq!((words(0, "pearson_delta").0, words(0, "mae").0), ("–".to_owned(), "0.030".to_owned()));
        assert_eq!(words(3, "pearson_delta").0, "−0.20", "a model may be below zero");
    }

    #[test]
    fn directions_follow_what_is_measured() {
        let better = |title: &str, key: &str| {
            let own =
                Summary { title: title.into(), groups: 1, entries: vec![entry("prediction", "model", &[(key, 1.0)])] };
            let (first, rest) = own.metrics();
            first.into_iter().chain(rest).next().map(|metric| metric.better)
        };
        let together = "Genes together: within a cell type and condition";
        assert_eq!(better(together, "correlations of genes: agreement"), Some(Better::High));
        assert_eq!(better(together, "correlations of genes: mean difference"), Some(Better::Low));
        assert_eq!(better(together, "programme scores: Kolmogorov-Smirnov distance"), Some(Better::Low));
        assert_eq!(better(together, "programme scores: variance over the measured"), Some(Better::Neither));
        assert_eq!(better("Mean absolute error of log2 fold changes", "B cells"), Some(Better::Low));
        assert_eq!(better("Pearson of log2 fold changes", "B cells"), Some(Better::High));
        assert_eq!(better("Mean log2 fold change of the 50 genes", "B cells"), Some(Better::Neither));
        assert_eq!(entry("prediction", "model, measured controls", &[]).title(), "Model, measured controls");
    }

    #[test]
    fn numbers_have_their_interval() {
        let own = |value, low, high| estimate_words(Some(&Estimate { value: Some(value), low, high }));
        let bounds = |low: &str, high: &str| Some(format!("{low} to {high}"));
        assert_eq!(own(0.834, Some(0.79), Some(0.87)), ("0.83".into(), bounds("0.79", "0.87")));
        assert_eq!(own(0.0191, Some(0.018), Some(0.0203)), ("0.019".into(), bounds("0.018", "0.020")));
        assert_eq!(own(-0.25, None, None), ("−0.25".into(), None));
        assert_eq!(own(512.4, None, Some(1.0)), ("512".into(), None));
        assert_eq!(estimate_words(None), ("–".into(), None));
    }
}
