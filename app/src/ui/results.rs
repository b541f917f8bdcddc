//! The results: how far to trust them, the shifted genes, the chosen gene.
//!
//! Does: arranges the right-hand side. Does not know: what a run is.
//! Flow: store → **results**.

use leptos::prelude::*;

use super::comparisons::Comparisons;
use super::controls::add_other;
use super::gene_card::GeneCard;
use super::genes::GeneTable;
use super::methods::Methods;
use super::precomputed::Typical;
use super::use_store;
use crate::choices;
use crate::lacks::Lacks;
use crate::origin;
use crate::protocol::Comparison;
use crate::protocol::card::Origin;
use crate::state::Which;

#[component]
pub(super) fn Results() -> impl IntoView {
    let store = use_store();
    let has_shifts = move || store.shifts.with(Option::is_some);
    view! {
        <section class="panel results" aria-labelledby="genes-title">
            <h2 id="genes-title">"Genes"</h2>
            <Comparisons/>
            <Seen which=Which::A/>
            <Show when=move || store.has_other()><Seen which=Which::B/></Show>
            <Trust/>
            <Agreement/>
            <Typical/>
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
    let nothing = Memo::new(move |_| !store.is_running() && store.comparisons().is_empty());
    let lacks = move || store.card.with(|card| card.as_ref().map(|card| Lacks::of(card)).unwrap_or_default());
    let words = move || {
        if store.is_running() {
            "The first shifts appear with the first cells that there is something to compare with.".to_owned()
        } else if nothing.get() {
            lacks().nothing_shifts()
        } else if lacks().perturbation.is_none() {
            "Genes that differ between the cells of A and of B appear here, with their p- and q-values.".to_owned()
        } else {
            "Genes that shift between control and perturbed cells appear here, with their p- and q-values. Two scenarios can be compared with one another as well.".to_owned()
        }
    };
    let offers = move || {
        nothing.get() && store.card.with(Option::is_some) && !store.has_other() && lacks().perturbation.is_none()
    };
    // A result may be there at once; whoever opens the page first need not know where the toggles are.
    let suggested = Memo::new(move |_| {
        let card = store.card.get().filter(|_| !store.is_running() && !store.has_other())?;
        store.state.with(|state| {
            let (_, value) = choices::suggestion(&card, &state.with)?;
            Some(format!("Switch {} on", value.display))
        })
    });
    let begin = move |_| {
        let Some(card) = store.card.get_untracked() else { return };
        store.change(|state| {
            let Some((condition, value)) = choices::suggestion(&card, &state.with) else { return };
            // Nothing is on, so that it cannot be one too many.
            let _ = choices::switch(&mut state.with, condition, &value.value, true);
        });
    };
    view! {
        <p class="empty" data-testid="no-shifts">{words}</p>
        <Show when=move || suggested.with(Option::is_some)>
            <button data-testid="begin" on:click=begin>{move || suggested.get()}</button>
        </Show>
        <Show when=offers>
            <button data-testid="compare-instead" on:click=move |_| add_other(store)>"Compare with a second scenario"</button>
        </Show>
    }
}

/// Whether the model has seen such cells at all.
#[component]
fn Seen(which: Which) -> impl IntoView {
    let store = use_store();
    let words = move || {
        let card = store.card.get()?;
        let (cells, together) = store.state.with(|state| {
            let with = state.with_of(which);
            (choices::training_cells(&card, with), choices::perturbations(&card, with).len())
        });
        // Before a run nothing is generated yet: the sentence then speaks of the combination alone.
        let made = store.control.with(|cells| !cells.is_empty());
        let cells = match (cells, together) {
            (None, 0 | 1) => return None,
            (cells, _) => cells.unwrap_or(0),
        };
        let words = match (cells, together, made) {
            (0, 0 | 1, true) => "Extrapolated: no training cell had this combination.".to_owned(),
            (0, 0 | 1, false) => "To be extrapolated: no training cell had this combination.".to_owned(),
            (0, several, true) => format!("Extrapolated: no training cell had these {several} perturbations together."),
            (0, several, false) => {
                format!("To be extrapolated: no training cell had these {several} perturbations together.")
            }
            (1, _, true) => "Generated: one training cell had this combination.".to_owned(),
            (1, _, false) => "One training cell had this combination.".to_owned(),
            (cells, _, true) => format!("Generated: {cells} training cells had this combination."),
            (cells, _, false) => format!("{cells} training cells had this combination."),
        };
        Some((words, cells == 0))
    };
    let is_new = move || words().is_some_and(|(_, is_new)| is_new);
    let name = move || store.has_other().then(|| view! { <b>{if which == Which::A { "A " } else { "B " }}</b> });
    let id = if which == Which::A { "seen" } else { "seen-b" };
    view! {
        <p class="seen" class:extrapolated=is_new>{name}<span data-testid=id>{move || words().map(|(words, _)| words)}</span></p>
    }
}

/// How well the model did on measured cells that it never saw, beside the simplest rival and the most
/// that is possible.
#[component]
fn Trust() -> impl IntoView {
    let store = use_store();
    let words = move || {
        let card = store.card.get()?;
        // B against A rests on B as much as on A; B is the one that is new.
        let which = if store.shown.get() == Comparison::A { Which::A } else { Which::B };
        let which = if store.has_other() { which } else { Which::A };
        let on: Vec<(String, String)> = store.state.with(|state| {
            let on = choices::perturbations(&card, state.with_of(which));
            on.into_iter().map(|own| (own.value.clone(), own.display.clone())).collect()
        });
        let (value, name) = match on.as_slice() {
            [] => return None,
            [one] => one.clone(),
            _ => return Some("How far to trust it: no held-out cells tell, for no cells with all of these perturbations were measured.".to_owned()),
        };
        let key =
            |kind: &str| card.conditions.iter().find(|c| c.kind == kind).map(|c| c.key.clone()).unwrap_or_default();
        let (donor, cell_type) = (store.chosen_in(which, &key("identity")), store.chosen_in(which, &key("cell_type")));
        let score = card.scores_for(&donor, &cell_type, &value)?;
        let show = |value: Option<f64>| value.map_or("–".to_owned(), |value| format!("{value:.2}"));
        let kind = store.state.with(|state| origin::of_choice(&card, state.with_of(which))).word();
        let donor = match score.donor.as_str() {
            "" => " in held-out cells".to_owned(),
            donor => format!(" in held-out donor {donor}"),
        };
        let who = if score.cell_type == "all" { "all cell types".to_owned() } else { score.cell_type.clone() };
        Some(format!(
            "How far to trust it: for {name}{donor} ({who}, {} {kind} cells), effects correlate with the {kind} ones at {}; PerturbMean, the mean effect of the others, reaches {}, half of the {kind} cells against the other half {}.",
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
        let against = store.shown.get() == Comparison::BAgainstA;
        let cells = if against {
            format!("{perturbed} cells such as B's and {control} such as A's")
        } else {
            format!("{perturbed} perturbed and {control} control cells of this type")
        };
        let card = store.card.get()?;
        let own = store.state.with(|state| origin::of_comparison(&card, state, store.shown.get()));
        let (head, judge) = match own {
            Origin::Measured => ("Measured", ""),
            other => (
                other.head(),
                " Cells of that kind were made, not measured: this agreement says nothing about real ones.",
            ),
        };
        let effect = if against { "The difference between them" } else { "Their effect" };
        Some(format!(
            "{head}: {cells}, all cells in training together. {effect} and the generated one correlate over all genes at {agreement}. The model has seen these cells; the held-out score is the fairer judge.{judge}"
        ))
    };
    view! { <p class="note" data-testid="agreement">{move || words().unwrap_or_default()}</p> }
}
