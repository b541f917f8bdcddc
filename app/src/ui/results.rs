//! The results: how far to trust them, the shifted genes, the chosen gene.
//!
//! Does: arranges the right-hand side. Does not know: what a run is.
//! Flow: store → **results**.

use leptos::prelude::*;

use super::gene_card::GeneCard;
use super::genes::GeneTable;
use super::methods::Methods;
use super::use_store;

#[component]
pub(super) fn Results() -> impl IntoView {
    let store = use_store();
    let has_shifts = move || store.shifts.with(Option::is_some);
    view! {
        <section class="panel results" aria-labelledby="genes-title">
            <h2 id="genes-title">"Genes"</h2>
            <Seen/>
            <Trust/>
            <Agreement/>
            <Show when=has_shifts fallback=move || view! { <Empty/> }>
                <GeneTable/>
                <GeneCard/>
            </Show>
            <Methods/>
        </section>
    }
}

/// What stands here before there are shifts.
#[component]
fn Empty() -> impl IntoView {
    let store = use_store();
    let words = move || {
        if store.is_running() {
            "The first shifts appear with the first perturbed cells."
        } else if store.perturbation().is_none() {
            "No cytokine is on: the run makes control cells only, and nothing can shift. Toggle one to compare."
        } else {
            "Genes that shift between control and perturbed cells appear here, with their p- and q-values."
        }
    };
    view! { <p class="empty" data-testid="no-shifts">{words}</p> }
}

/// Whether the model has seen such cells at all.
#[component]
fn Seen() -> impl IntoView {
    let store = use_store();
    let words = move || {
        let card = store.card.get()?;
        let values: Vec<String> = card.choosable().map(|condition| store.chosen(&condition.key)).collect();
        // Before a run nothing is generated yet: the sentence then speaks of the combination alone.
        let made = store.control.with(|cells| !cells.is_empty());
        Some(match (card.training_cells(&values)?, made) {
            (0, true) => "Extrapolated: no training cell had this combination.".to_owned(),
            (0, false) => "To be extrapolated: no training cell had this combination.".to_owned(),
            (1, true) => "Generated: one training cell had this combination.".to_owned(),
            (1, false) => "One training cell had this combination.".to_owned(),
            (cells, true) => format!("Generated: {cells} training cells had this combination."),
            (cells, false) => format!("{cells} training cells had this combination."),
        })
    };
    let is_new = move || words().is_some_and(|words| words.contains("xtrapolated"));
    view! { <p class="seen" class:extrapolated=is_new data-testid="seen">{move || words().unwrap_or_default()}</p> }
}

/// How well the model did on measured cells that it never saw, beside the simplest rival and the most
/// that is possible.
#[component]
fn Trust() -> impl IntoView {
    let store = use_store();
    let words = move || {
        let card = store.card.get()?;
        let (_, value, name) = store.perturbation()?;
        let key =
            |kind: &str| card.conditions.iter().find(|c| c.kind == kind).map(|c| c.key.clone()).unwrap_or_default();
        let (donor, cell_type) = (store.chosen(&key("identity")), store.chosen(&key("cell_type")));
        let score = card.scores_for(&donor, &cell_type, &value)?;
        let show = |value: Option<f64>| value.map_or("–".to_owned(), |value| format!("{value:.2}"));
        let who = if score.cell_type == "all" { "all cell types".to_owned() } else { score.cell_type.clone() };
        Some(format!(
            "How far to trust it: for {name} in held-out donor {} ({who}, {} measured cells), effects correlate with the measured ones at {}; the mean of other donors reaches {}, half of the measured cells against the other half {}.",
            score.donor,
            score.cells,
            show(score.model.pearson_delta),
            show(score.baseline.pearson_delta),
            show(score.ceiling.pearson_delta)
        ))
    };
    view! { <p class="note" data-testid="trust">{move || words().unwrap_or_default()}</p> }
}

/// How well the run agrees with the measured cells of its kind, once it is finished.
#[component]
fn Agreement() -> impl IntoView {
    let store = use_store();
    let words = move || {
        let measured = store.measured.get()?;
        let (control, perturbed) = measured.cells;
        let agreement = measured.agreement.map_or("nothing can be said".to_owned(), |r| format!("{r:.2}"));
        Some(format!(
            "Measured: {perturbed} perturbed and {control} control cells of this type, all donors in training together. Their effect and the generated one correlate over all genes at {agreement}. The model has seen these cells; the held-out score is the fairer judge."
        ))
    };
    view! { <p class="note" data-testid="agreement">{move || words().unwrap_or_default()}</p> }
}
