//! How far a result can be trusted, by the card.
//!
//! Does: finds what the card measured on held-out cells like the chosen ones, holds the model against the best baseline
//! that is known of them, says it in words and as a level for the eye; how many training cells carry a choice.
//! Does not know: how scores were measured, how a level looks.
//! Flow: card + choices → **level, words** → verdict.

use crate::choices;
use crate::held_out;
use crate::judged::Summary;
use crate::origin;
use crate::protocol::card::{Card, Score, THIN};
use crate::state::With;

/// Correlations that differ by less than this are called equal.
const SAME: f64 = 0.02;
/// The metric that tells.
const METRIC: &str = "pearson_delta";

/// How the model stands beside the best baseline.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// Closer to held-out cells.
    Ahead,
    /// As close.
    Even,
    /// Not as close.
    Behind,
    /// Nobody measured it.
    Unknown,
}

impl Level {
    fn of(model: f64, baseline: f64) -> Self {
        match model - baseline {
            d if d > SAME => Self::Ahead,
            d if d < -SAME => Self::Behind,
            _ => Self::Even,
        }
    }

    /// For styles and tests.
    pub fn key(self) -> &'static str {
        match self {
            Self::Ahead => "ahead",
            Self::Even => "even",
            Self::Behind => "behind",
            Self::Unknown => "unknown",
        }
    }

    /// A sign that repeats the words for the eye.
    pub fn sign(self) -> &'static str {
        match self {
            Self::Ahead => "✓",
            Self::Even => "≈",
            Self::Behind => "✗",
            Self::Unknown => "?",
        }
    }
}

/// What is known of a choice.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trust {
    /// Beside the best baseline.
    pub level: Level,
    /// A clause of the verdict.
    pub words: String,
    /// Where the numbers are from, as sentences; empty where there are none.
    pub why: String,
}

impl Trust {
    fn unknown(words: &str) -> Self {
        Self { level: Level::Unknown, words: words.to_owned(), why: String::new() }
    }
}

/// What a baseline does, in words that need no table.
fn rival(card: &Card, name: &str) -> String {
    let others = held_out::sources(card);
    let average = |what: &str| match &others {
        Some(others) => format!("the {what} of the other {others}"),
        None => format!("the {what} of the training cells"),
    };
    let (name, beside) =
        name.strip_suffix(", measured controls").map_or((name, ""), |own| (own, " beside measured controls"));
    let words = match name {
        "PerturbMean" => average("simple average"),
        "shrunken mean" => average("shrunken average"),
        "mean of perturbations" => "the average over all perturbations".to_owned(),
        "control copy" => "no effect at all".to_owned(),
        "context mean" => "the mean of the same cells under other perturbations".to_owned(),
        "nearest context" => "the most similar cells' effect".to_owned(),
        "regression" => "a regression on the training cells".to_owned(),
        "linear latent" => "a linear model".to_owned(),
        "negative binomial" => "the average effect with counts drawn anew".to_owned(),
        other => format!("the baseline “{other}”"),
    };
    words + beside
}

/// The clause: who is closer to held-out cells.
fn clause(card: &Card, level: Level, (model, best, name): (f64, f64, &str)) -> String {
    let rival = rival(card, name);
    match level {
        Level::Ahead => {
            format!(
                "trust it as far as this goes: on held-out cells it is closer ({model:.2}) than the best baseline, {rival} ({best:.2})"
            )
        }
        Level::Even => {
            format!("trust it no further than {rival}: on held-out cells both are as close ({model:.2} and {best:.2})")
        }
        Level::Behind => format!(
            "do not trust it further than {rival}, which is closer to held-out cells ({best:.2}) than the model ({model:.2})"
        ),
        Level::Unknown => String::new(),
    }
}

/// Summary that scored groups like these: cell type by cell type, or all types together; several perturbations at once
/// have their own.
fn summary(card: &Card, typed: bool, together: bool) -> Option<&Summary> {
    let scored = card.summaries.iter().filter(|own| own.against_the_best(METRIC).is_some());
    let fits = |own: &&Summary| own.title.starts_with("Several at once") == together;
    let same: Vec<&Summary> = scored.filter(fits).collect();
    let by_type = |own: &&&Summary| own.title.to_lowercase().contains("cell type by cell type") == typed;
    same.iter().find(by_type).or(same.first()).copied()
}

/// Where the numbers of a held-out group are from.
fn why_of(card: &Card, score: &Score, name: &str, with: &With) -> String {
    let show = |value: Option<f64>| value.map_or("–".to_owned(), |value| format!("{value:.2}"));
    let kind = origin::of_choice(card, with).word();
    let whose = held_out::whose(card, score).map_or_else(String::new, |words| format!(" in held-out {words}"));
    let which = held_out::which(card, score).map_or_else(String::new, |words| format!("{words}, "));
    let (best, metrics) = score.rival();
    let ceiling = match score.ceiling().pearson_delta {
        Some(value) => format!("half of the {kind} cells against the other half {value:.2}"),
        None => format!("halves of so few {kind} cells do not agree, so that there is no ceiling"),
    };
    format!(
        "For {name}{whose} ({which}{} {kind} cells), the model's effects correlate with the {kind} ones at {}; {best} reaches {}; {ceiling}.",
        score.cells,
        show(score.model.pearson_delta),
        show(metrics.pearson_delta)
    )
}

/// Over all held-out groups of a summary.
fn why_over(card: &Card, own: &Summary) -> Option<String> {
    let (model, best, name) = own.against_the_best(METRIC)?;
    Some(format!(
        "Over {} held-out groups ({}) the model reaches {model:.2}, the best baseline, {}, {best:.2}.",
        own.groups,
        own.title.to_lowercase(),
        rival(card, name)
    ))
}

/// How far a scenario can be trusted; `None` where nothing is perturbed, so that nothing was predicted.
pub fn trust(card: &Card, with: &With) -> Option<Trust> {
    let on = choices::perturbations(card, with);
    let name = choices::perturbed_name(card, with)?;
    let values: Vec<&str> = on.iter().map(|own| own.value.as_str()).collect();
    let chosen = |kind: &str| {
        let condition = card.conditions.iter().find(|own| own.kind == kind);
        condition.and_then(|own| choices::values(own, with).first().map(|own| own.value.clone())).unwrap_or_default()
    };
    let score = card.scores_for(&chosen("identity"), &chosen("cell_type"), &values);
    let over = summary(card, score.is_none_or(|own| own.cell_type != "all"), values.len() > 1);
    let own = score.and_then(|own| {
        let (best, metrics) = own.rival();
        Some((own.model.pearson_delta?, metrics.pearson_delta?, best))
    });
    let all = over.and_then(|own| own.against_the_best(METRIC));
    // Of a group whose best baseline is not known, what holds over all groups counts as well.
    let is_known = score.is_some_and(|own| own.best.is_some());
    let found = match (own, all) {
        (Some(own), Some(all)) if !is_known && Level::of(all.0, all.1) > Level::of(own.0, own.1) => all,
        (Some(own), _) => own,
        // A score without numbers says that these cells were too few; other groups still tell.
        (None, Some(all)) if score.is_some() || values.len() > 1 => all,
        (None, _) => {
            return Some(match (card.scores.is_empty() && card.summaries.is_empty(), values.len()) {
                (true, _) => Trust::unknown("how far to trust it is not known: this model carries no held-out scores"),
                (_, 1) => Trust::unknown(&format!("how far to trust it is not known: no held-out cells had {name}")),
                _ => Trust::unknown("how far to trust it is not known: no held-out cells had all of these together"),
            });
        }
    };
    let level = Level::of(found.0, found.1);
    let why: Vec<String> = score
        .map(|own| why_of(card, own, &name, with))
        .into_iter()
        .chain(over.and_then(|own| why_over(card, own)))
        .collect();
    Some(Trust { level, words: clause(card, level, found), why: why.join(" ") })
}

/// How many training cells had a choice, as a clause of the verdict, and whether they are few; `None` where the bundle
/// does not say.
pub fn support(card: &Card, with: &With) -> Option<(String, bool)> {
    let together = choices::perturbations(card, with).len();
    let cells = match choices::training_cells(card, with) {
        None if together > 1 => 0,
        cells => cells?,
    };
    Some((support_words(cells, together), cells < THIN))
}

/// The clause about so many training cells of a choice with so many perturbations.
pub fn support_words(cells: u32, together: usize) -> String {
    match (cells, together) {
        (0, 0 | 1) => "no training cell had this combination: an extrapolation".to_owned(),
        (0, several) => format!("no training cell had these {several} together: an extrapolation"),
        (1, _) => "a single training cell carries it: thin support".to_owned(),
        (cells, _) if cells < THIN => format!("only {cells} training cells carry it: thin support"),
        (cells, _) => format!("{cells} training cells carry it"),
    }
}

#[cfg(test)]
mod tests;
