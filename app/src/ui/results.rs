//! The results: the verdict, the shifted genes, the chosen gene.
//!
//! Does: arranges the right-hand side. Does not know: what a run is.
//! Flow: store → **results**.

use leptos::prelude::*;

use super::answer::Standing;
use super::comparisons::Comparisons;
use super::controls::add_other;
use super::gene_card::GeneCard;
use super::genes::GeneTable;
use super::methods::Methods;
use super::precomputed::Typical;
use super::use_store;
use super::verdict::VerdictLine;
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
            <Standing id="standing"/>
            <div class="answer" class:stale=move || store.is_stale()>
                <Comparisons/>
                <VerdictLine/>
                <Typical/>
                <Show when=has_shifts fallback=move || view! { <Empty/> }>
                    <GeneTable/>
                    <GeneCard/>
                </Show>
                <Methods/>
            </div>
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
        if store.card.with(Option::is_none) {
            // Nothing is said of a model that is not there yet.
            "Results stand here as soon as the model's card is there.".to_owned()
        } else if store.is_running() {
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
            let (condition, value) = choices::suggestion(&card, &state.with)?;
            Some(choices::deed(condition, &value.display))
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
pub(super) fn Seen(which: Which) -> impl IntoView {
    let store = use_store();
    let words = move || {
        let card = store.card.get()?;
        let (cells, together) = store.with_results(|state| {
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
        // Few cells carry little: said wherever the number is.
        let is_thin = cells > 0 && cells < choices::THIN;
        Some((if is_thin { format!("{words} That is thin support.") } else { words }, cells < choices::THIN))
    };
    let is_new = move || words().is_some_and(|(_, is_new)| is_new);
    let name = move || {
        store
            .with_results(|state| state.other.is_some())
            .then(|| view! { <b>{if which == Which::A { "A " } else { "B " }}</b> })
    };
    let id = if which == Which::A { "seen" } else { "seen-b" };
    view! {
        <p class="seen" class:extrapolated=is_new>{name}<span data-testid=id>{move || words().map(|(words, _)| words)}</span></p>
    }
}

/// How well the run agrees with the measured cells of its kind, once it is finished.
#[component]
pub(super) fn Agreement() -> impl IntoView {
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
        let shown = store.shown.get();
        let own = store.with_results(|state| origin::of_comparison(&card, state, shown));
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
