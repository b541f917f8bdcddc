//! What a card says of held-out cells, ready to be shown: the referee's metrics and the likeness of populations.
//!
//! Does: reads both parts of the card, names and orders metrics, says which direction is better, which control cells a
//! predictor stands on, whether the model is ahead of the best baseline on the same ones and whether the gallery's targets
//! are reached, in words.
//! Does not know: how anything was measured (`train-native`), how it is shown.
//! Flow: `bundle.json` → **tables and verdicts** → model view.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;

pub mod likeness;
#[cfg(test)]
mod tests;
pub mod three;

/// What is added to the name of a predictor whose perturbed cells are held against measured control cells.
const MEASURED_CONTROLS: &str = ", measured controls";
/// Baselines that are held against measured control cells and need not say so: they add an effect to these cells.
const ON_MEASURED: [&str; 7] = [
    "PerturbMean",
    "mean of perturbations",
    "control copy",
    "context mean",
    "nearest context",
    "linear latent",
    "regression on the same cells",
];

/// Control cells that a predictor's effects are against. Effects against cells of its own carry the noise and the faults
/// of two predictions, so that the two kinds are not ranked with each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Controls {
    /// Its own: generated or drawn as its perturbed cells are.
    Own,
    /// The measured ones.
    Measured,
}

/// What a predictor of this name stands on.
pub fn stands_on(name: &str) -> Controls {
    if name.ends_with(MEASURED_CONTROLS) || ON_MEASURED.contains(&name) { Controls::Measured } else { Controls::Own }
}

/// Which cells of a model a summary is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scored {
    /// Generated from nothing, under one perturbation.
    Alone,
    /// The same under several.
    Together,
    /// Measured control cells rewritten.
    Rewritten,
}

/// The model beside the best baseline that stands on the same control cells.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Against<'a> {
    /// The model's value.
    pub model: f64,
    /// The baseline's.
    pub best: f64,
    /// The baseline's name.
    pub name: &'a str,
    /// What both stand on.
    pub controls: Controls,
}

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

    /// Baselines that stand on these control cells.
    fn baselines(&self, controls: Controls) -> impl Iterator<Item = &Entry> + Clone {
        self.entries.iter().filter(move |entry| entry.kind == "baseline" && stands_on(&entry.name) == controls)
    }

    /// The best of the baselines that stand on these control cells.
    fn best_like(&self, controls: Controls, metric: &Metric) -> Option<(&Entry, f64)> {
        let valued = self.baselines(controls).filter_map(|entry| Some((entry, entry.value(&metric.key)?)));
        valued.reduce(|best, own| if metric.better.is_better(own.1, best.1) { own } else { best })
    }

    /// Which of a model's cells were scored, by the title.
    pub fn scored(&self) -> Scored {
        match self.title.as_str() {
            title if title.starts_with("Several at once") => Scored::Together,
            title if title.starts_with("Measured cells rewritten") => Scored::Rewritten,
            _ => Scored::Alone,
        }
    }

    /// The model and the best baseline on the same control cells: on the measured ones where the card has both, else each
    /// on its own. Of rewritten cells those count that keep something of the measured ones.
    pub fn against_the_best(&self, key: &str) -> Option<Against<'_>> {
        let metric = self.metric(key);
        let rewritten = self.scored() == Scored::Rewritten;
        let of = |controls: Controls| {
            let is_asked = |entry: &&Entry| {
                entry.kind == "prediction"
                    && stands_on(&entry.name) == controls
                    && (!rewritten || entry.name.starts_with("rewritten"))
            };
            let model = self.entries.iter().find(is_asked)?.value(key)?;
            let (entry, best) = self.best_like(controls, &metric)?;
            Some(Against { model, best, name: entry.name.as_str(), controls })
        };
        of(Controls::Measured).or_else(|| of(Controls::Own))
    }

    /// Whether a predictor, if it is the model, is ahead of the best baseline on the same control cells; `None` where that
    /// cannot be told.
    pub fn is_ahead(&self, entry: &Entry, metric: &Metric) -> Option<bool> {
        if entry.kind != "prediction" || metric.better == Better::Neither {
            return None;
        }
        let (own, (_, best)) = (entry.value(&metric.key)?, self.best_like(stands_on(&entry.name), metric)?);
        Some(metric.better.is_ahead(own, best))
    }

    /// Whether an entry is the best baseline of a metric on its control cells, alone or beside others. Where all baselines
    /// are equal, none is.
    pub fn is_best(&self, entry: &Entry, metric: &Metric) -> bool {
        let controls = stands_on(&entry.name);
        let Some((_, best)) = self.best_like(controls, metric).filter(|_| metric.better != Better::Neither) else {
            return false;
        };
        let mut values = self.baselines(controls).filter_map(|own| own.value(&metric.key));
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

    /// The gallery's target for perturbations: ahead of the best baseline of its kind on four metrics, and an error of at most 1.5
    /// times the best one's. `None` where there is no baseline or none of the metrics.
    pub fn verdict(&self) -> Option<String> {
        // Both stand on the same control cells: which, need not be said of either.
        let bare = |name: &str| name.strip_suffix(MEASURED_CONTROLS).unwrap_or(name).to_owned();
        let mut missed = Vec::new();
        let mut judged = 0;
        for key in ["pearson_delta", "overlap_at_N", "pr_auc", "de_spearman_lfc_sig"] {
            let Some(Against { model: own, best, name, .. }) = self.against_the_best(key) else { continue };
            judged += 1;
            if own <= best || is_level(own, best) {
                let stand = if is_level(own, best) { "is as good" } else { "is ahead" };
                missed.push(format!("{} ({} {stand})", Metric::new(key).name, bare(name)));
            }
        }
        if let Some(Against { model: own, best, name, .. }) = self.against_the_best("mae") {
            judged += 1;
            if own > 1.5 * best {
                missed.push(format!("MAE ({:.2} times that of {})", own / best, bare(name)));
            }
        }
        let target = "Target: ahead of the best baseline on the same control cells in Pearson-Δ, DES, AUPRC and LFC, and a MAE of at most 1.5 times the best one's.";
        let part = if judged < 5 { format!(" Only {judged} of the 5 numbers were measured.") } else { String::new() };
        match (judged, missed.as_slice()) {
            (0, _) => None,
            (5, []) => Some(format!("{target} Reached.")),
            (_, []) => Some(format!("{target} Reached where it was measured.{part}")),
            (_, missed) => Some(format!("{target} Missed: {}.{part}", missed.join(", "))),
        }
    }
}
