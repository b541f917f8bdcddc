//! How far a result can be trusted, by the card.
//!
//! Does: finds what the card measured on held-out cells like the chosen ones, holds the model against the best baseline on
//! the same control cells, says it in words and as a level for the eye; how many training cells carry a choice.
//! Does not know: how scores were measured, how a level looks.
//! Flow: card + choices → **level, words** → verdict.

use crate::choices;
use crate::held_out;
use crate::judged::{Against, Controls, Scored, Summary, stands_on};
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
    match name.strip_suffix(", measured controls").unwrap_or(name) {
        "PerturbMean" => average("simple average"),
        "shrunken mean" => average("shrunken average"),
        "mean of perturbations" => "the average over all perturbations".to_owned(),
        "control copy" => "no effect at all".to_owned(),
        "context mean" => "the mean of all perturbed training cells of the same type".to_owned(),
        "nearest context" => "the most similar cells' effect".to_owned(),
        "regression" | "regression on the same cells" => "a regression on the training cells".to_owned(),
        "linear latent" => "a linear model".to_owned(),
        "negative binomial" => "the average effect with counts drawn anew".to_owned(),
        other => format!("the baseline “{other}”"),
    }
}

/// The clause: who is closer to held-out cells.
fn clause(card: &Card, level: Level, against: Against<'_>) -> String {
    let Against { model, best, name, .. } = against;
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

/// Summary that scored groups like these: cell type by cell type, or all types together.
fn summary(card: &Card, typed: bool, scored: Scored) -> Option<&Summary> {
    let fits = |own: &&Summary| own.scored() == scored && own.against_the_best(METRIC).is_some();
    let same: Vec<&Summary> = card.summaries.iter().filter(fits).collect();
    let by_type = |own: &&&Summary| own.title.to_lowercase().contains("cell type by cell type") == typed;
    same.iter().find(by_type).or(same.first()).copied()
}

/// What the card says of a held-out group alone. The model's cells are held against control cells of its own there, a
/// baseline's mostly against the measured ones: the two are told, not ranked.
fn why_of(card: &Card, score: &Score, name: &str, with: &With) -> String {
    let show = |value: Option<f64>| value.map_or("–".to_owned(), |value| format!("{value:.2}"));
    let kind = origin::of_choice(card, with).word();
    let whose = held_out::whose(card, score).map_or_else(String::new, |words| format!(" in held-out {words}"));
    let which = held_out::which(card, score).map_or_else(String::new, |words| format!("{words}, "));
    let (best, metrics) = score.rival();
    let beside = match stands_on(best) {
        Controls::Own => "against its own as well",
        Controls::Measured => "against measured control cells, which is another test",
    };
    let baseline = metrics
        .pearson_delta
        .map_or_else(String::new, |value| format!("; {best} ({}), {beside}, reaches {value:.2}", rival(card, best)));
    let ceiling = match score.ceiling().pearson_delta {
        Some(value) => format!("half of the {kind} cells against the other half {value:.2}"),
        None => format!("halves of so few {kind} cells do not agree, so that there is no ceiling"),
    };
    format!(
        "For {name}{whose} ({which}{} {kind} cells), the model's effects against its own control cells correlate with the {kind} ones at {}{baseline}; {ceiling}.",
        score.cells,
        show(score.model.pearson_delta),
    )
}

/// Over all held-out groups of a summary.
fn why_over(card: &Card, own: &Summary) -> Option<String> {
    let Against { model, best, name, controls } = own.against_the_best(METRIC)?;
    let beside = match controls {
        Controls::Own => "each against control cells of its own",
        Controls::Measured => "both against measured control cells",
    };
    Some(format!(
        "Over {} held-out groups ({}) the model reaches {model:.2}, the best baseline, {}, {best:.2}, {beside}.",
        own.groups,
        own.title.to_lowercase(),
        rival(card, name)
    ))
}

/// A group's own numbers, where its best baseline is known and stands on control cells of its own, as the model does.
fn alike(score: &Score) -> Option<Against<'_>> {
    let own = score.best.as_ref().filter(|own| stands_on(&own.name) == Controls::Own)?;
    let (model, best) = (score.model.pearson_delta?, own.metrics.pearson_delta?);
    Some(Against { model, best, name: &own.name, controls: Controls::Own })
}

/// Why nobody can tell how far to trust a choice.
fn unknown(card: &Card, score: Option<&Score>, name: &str, together: usize) -> Trust {
    let words = match (card.scores.is_empty() && card.summaries.is_empty(), score, together) {
        (true, ..) => "this model carries no held-out scores".to_owned(),
        (_, Some(_), _) => "no baseline was measured against the same control cells as the model".to_owned(),
        (_, None, 1) => format!("no held-out cells had {name}"),
        _ => "no held-out cells had all of these together".to_owned(),
    };
    Trust::unknown(&format!("how far to trust it is not known: {words}"))
}

/// A choice as the card knows it: its name, how many perturbations act, the held-out group that says most about it.
fn asked<'a>(card: &'a Card, with: &With) -> Option<(String, usize, Option<&'a Score>)> {
    let on = choices::perturbations(card, with);
    let name = choices::perturbed_name(card, with)?;
    let values: Vec<&str> = on.iter().map(|own| own.value.as_str()).collect();
    let chosen = |kind: &str| {
        let condition = card.conditions.iter().find(|own| own.kind == kind);
        condition.and_then(|own| choices::values(own, with).first().map(|own| own.value.clone())).unwrap_or_default()
    };
    Some((name, values.len(), card.scores_for(&chosen("identity"), &chosen("cell_type"), &values)))
}

/// How far a scenario can be trusted; `None` where nothing is perturbed, so that nothing was predicted. What the model and
/// the baselines reach over all held-out groups decides, on the same control cells.
pub fn trust(card: &Card, with: &With) -> Option<Trust> {
    let (name, together, score) = asked(card, with)?;
    // Of one perturbation that no held-out cell had, other groups do not tell.
    let is_told = score.is_some() || together > 1;
    let scored = if together > 1 { Scored::Together } else { Scored::Alone };
    let over = summary(card, score.is_none_or(|own| own.cell_type != "all"), scored).filter(|_| is_told);
    let found = over.and_then(|own| own.against_the_best(METRIC)).or_else(|| alike(score?));
    let why: Vec<String> = over
        .and_then(|own| why_over(card, own))
        .into_iter()
        .chain(score.map(|own| why_of(card, own, &name, with)))
        .collect();
    let told = match found {
        Some(found) => {
            let level = Level::of(found.model, found.best);
            Trust { level, words: clause(card, level, found), why: String::new() }
        }
        None => unknown(card, score, &name, together),
    };
    Some(Trust { why: why.join(" "), ..told })
}

/// How far rewritten cells can be trusted, where the card scored such cells under one perturbation that held-out cells had.
pub fn rewritten(card: &Card, with: &With) -> Option<Trust> {
    let (_, together, score) = asked(card, with)?;
    let typed = score.filter(|_| together == 1)?.cell_type != "all";
    let over = summary(card, typed, Scored::Rewritten)?;
    let found = over.against_the_best(METRIC)?;
    let level = Level::of(found.model, found.best);
    Some(Trust { level, words: clause(card, level, found), why: why_over(card, over).unwrap_or_default() })
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
