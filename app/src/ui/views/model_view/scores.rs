//! Held-out scores: the model between its baseline and the ceiling.
//!
//! Does: a table of every held-out group and, for what is bounded by 0 and 1, a strip that shows at a glance
//! where the model stands; what a bundle did not measure is a dash.
//! Does not know: how scores are measured (`cells::metrics`).
//! Flow: card's scores → **table and strips**.

use std::sync::Arc;

use leptos::prelude::*;

use crate::held_out;
use crate::judged::{Controls, stands_on};
use crate::protocol::card::{Card, Metrics, Score};
use crate::ui::widgets::numbers::or_dash;

/// A metric of the table.
#[derive(Clone, Copy)]
struct Metric {
    name: &'static str,
    /// Whether more is better.
    more: bool,
    /// Whether it is of effects, and so depends on the control cells that they are against.
    of_effects: bool,
    value: fn(&Metrics) -> Option<f64>,
}

/// Metrics in the order of the table.
const METRICS: [Metric; 3] = [
    Metric { name: "Pearson-Δ", more: true, of_effects: true, value: |metrics| metrics.pearson_delta },
    Metric { name: "MAE", more: false, of_effects: false, value: |metrics| metrics.mae },
    Metric { name: "DES", more: true, of_effects: true, value: |metrics| metrics.des },
];

/// Groups that are shown at once; more wait behind a line, so that the rest of the card is not pages away.
const SHOWN: usize = 24;

/// Scores beside PerturbMean and the ceiling.
#[component]
pub(super) fn Scores(card: Arc<Card>) -> impl IntoView {
    if card.scores.is_empty() {
        return view! { <p class="empty" data-testid="no-scores">"No held-out evaluation is available for this model: how far to trust it is not known."</p> }.into_any();
    }
    let rows: Vec<_> = card.scores.iter().flat_map(|score| rows(&card, score)).collect();
    let groups = card.scores.len();
    let (ahead, note) = (ahead(&card.scores), note(&card));
    let table = view! {
        <div class="scroll" tabindex="0" role="region" aria-label="Held-out scores">
            <table class="scores" data-testid="scores">
                <thead><tr>
                    <th scope="col">"Held out"</th><th scope="col">"Predictor"</th>
                    <th scope="col">"Pearson-Δ ↑"</th><th scope="col">"MAE ↓"</th><th scope="col">"DES ↑"</th>
                    <th scope="col">"Pearson-Δ from 0 to 1"</th>
                </tr></thead>
                <tbody>{rows}</tbody>
            </table>
        </div>
    };
    let table = if groups > SHOWN {
        let words = format!("All {groups} held-out groups");
        view! { <details data-testid="scores-all"><summary>{words}</summary>{table}</details> }.into_any()
    } else {
        table.into_any()
    };
    view! {
        {ahead.map(|words| view! { <p data-testid="scores-summary">{words}</p> })}
        {table}
        <p class="note">{note}</p>
    }
    .into_any()
}

/// In how many groups the model is ahead, in a sentence; only of what can be ranked.
fn ahead(scores: &[Score]) -> Option<String> {
    let won = METRICS.map(|metric| {
        let (won, of) = tally(scores, metric);
        (of > 0).then(|| format!("{}: {won} of {of}", metric.name))
    });
    let won = won.into_iter().flatten().collect::<Vec<_>>().join("; ");
    let rival =
        if scores.iter().all(|score| score.best.is_some()) { "the baselines of its group" } else { "PerturbMean" };
    (!won.is_empty()).then(|| format!("Held-out groups in which the model is better than {rival}: {won}."))
}

/// What stands in the table.
fn note(card: &Card) -> String {
    let has_baseline =
        card.scores.iter().any(|score| METRICS.iter().any(|own| (own.value)(&score.rival().1).is_some()));
    let baseline = match (has_baseline, held_out::sources(card)) {
        (false, _) => " No baseline was measured group by group; those over all groups stand above.".to_owned(),
        (true, Some(sources)) => format!(" PerturbMean adds the mean effect in the other {sources}.{UNLIKE}"),
        (true, None) => format!(" PerturbMean adds the mean effect in the training cells.{UNLIKE}"),
    };
    let marks = if has_baseline {
        ", the baseline the hollow square (dotted where the two are not ranked), the ceiling the bar; ✓ marks a model that is ahead of every baseline that it can be held against"
    } else {
        ", the ceiling the bar"
    };
    format!(
        "In the strip: the model is the filled disc{marks}. Pearson-Δ: correlation of the effects (1 is best). MAE: mean absolute error of mean log-normalised expression (0 is best). DES: share of the measured top genes found (1 is best).{baseline} The ceiling compares one half of the measured cells with the other; halves of few cells are noisy, so that a prediction can pass it, and where they do not agree at all there is none."
    )
}

/// Why effects are not ranked within a group.
const UNLIKE: &str = " Group by group the model's effects are against control cells of its own, those of PerturbMean against the measured ones: in Pearson-Δ and DES the two are not ranked here. The tables above hold both against the same.";

/// Whether the model is ahead of every baseline that it can be held against: of effects, those on control cells of their
/// own; `None` where there is none.
fn is_ahead(score: &Score, metric: Metric) -> Option<bool> {
    let model = (metric.value)(&score.model)?;
    let is_like = |name: &str| !metric.of_effects || stands_on(name) == Controls::Own;
    let known = [("PerturbMean", score.baseline), score.rival()];
    let like = known.into_iter().filter(|(name, _)| is_like(name)).filter_map(|(_, own)| (metric.value)(&own));
    let baselines: Vec<f64> = like.collect();
    (!baselines.is_empty()).then(|| baselines.iter().all(|own| if metric.more { model > *own } else { model < *own }))
}

/// Groups in which the model is ahead, and groups in which both were measured.
fn tally(scores: &[Score], metric: Metric) -> (usize, usize) {
    let known: Vec<bool> = scores.iter().filter_map(|score| is_ahead(score, metric)).collect();
    (known.iter().filter(|ahead| **ahead).count(), known.len())
}

/// A group's rows: the model, the baselines, the ceiling.
fn rows(card: &Card, score: &Score) -> Vec<AnyView> {
    let who = format!("{} ({} cells)", held_out::group(card, score), score.cells);
    // The best baseline has a row of its own where it is another one; one that was not measured has none.
    let best = score.best.as_ref().filter(|best| best.name != "PerturbMean");
    let is_measured = |metrics: &Metrics| METRICS.iter().any(|metric| (metric.value)(metrics).is_some());
    let mean = Some(score.baseline).filter(is_measured);
    let rowspan = 2 + usize::from(best.is_some()) + usize::from(mean.is_some());
    let row = |name: String, who: Option<String>, metrics: &Metrics, of_model: bool| {
        let cells: Vec<_> = METRICS
            .iter()
            .map(|metric| {
                let words = or_dash((metric.value)(metrics), 3);
                let ahead = of_model && is_ahead(score, *metric) == Some(true);
                view! { <td class:ahead=ahead>{if ahead { format!("✓ {words}") } else { words }}</td> }
            })
            .collect();
        let strip = who.is_some().then(|| view! { <td rowspan=rowspan>{strip(score)}</td> });
        // Every row has the same number of cells before the numbers, for readers of the table as a table.
        let head = match who {
            Some(who) => view! { <th scope="row">{who}</th> }.into_any(),
            None => view! { <td></td> }.into_any(),
        };
        view! { <tr class:first=of_model>{head}<td class="who">{name}</td>{cells}{strip}</tr> }.into_any()
    };
    let mut rows = vec![row("model".to_owned(), Some(who), &score.model, true)];
    rows.extend(best.map(|best| row(best.name.clone(), None, &best.metrics, false)));
    rows.extend(mean.map(|mean| row("PerturbMean".to_owned(), None, &mean, false)));
    rows.push(row("ceiling".to_owned(), None, &score.ceiling(), false));
    rows
}

/// Where the three stand between 0 and 1; the table has the numbers. A baseline on other control cells is drawn fainter.
fn strip(score: &Score) -> impl IntoView + use<> {
    let place = |value: Option<f64>| value.map(|value| 8.0 + 104.0 * value.clamp(0.0, 1.0));
    let model = place(score.model.pearson_delta).map(|x| view! { <circle class="model" cx=x cy="14" r="5"/> });
    let unlike = stands_on(score.rival().0) == Controls::Measured;
    let baseline = place(score.rival().1.pearson_delta)
        .map(|x| view! { <rect class="baseline" class:unlike=unlike x=x - 4.5 y="9.5" width="9" height="9"/> });
    let ceiling =
        place(score.ceiling().pearson_delta).map(|x| view! { <line class="ceiling" x1=x x2=x y1="4" y2="24"/> });
    view! {
        <svg class="strip" viewBox="0 0 120 28" width="120" height="28" aria-hidden="true">
            <line class="axis" x1="8" x2="112" y1="14" y2="14"/>{ceiling}{baseline}{model}
        </svg>
    }
}
