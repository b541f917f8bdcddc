//! The results: the verdict, the shifted genes, the chosen gene.
//!
//! Does: arranges the right-hand side. Does not know: what a run is.
//! Flow: store → **results**.

mod comparisons;
mod gene_card;
mod methods;
mod verdict;

use leptos::prelude::*;

use super::controls::scenarios::add_other;
use super::genes::table::GeneTable;
use super::precomputed::Typical;
use super::standing::AnswerOf;
use crate::choices;
use crate::lacks::Lacks;
use crate::ui::state::store::use_store;
use comparisons::Comparisons;
use gene_card::GeneCard;
use methods::Methods;
use verdict::VerdictLine;

#[component]
pub(super) fn Results() -> impl IntoView {
    let store = use_store();
    let has_shifts = move || store.shifts.with(Option::is_some);
    view! {
        <section class="panel results" aria-labelledby="genes-title">
            <h2 id="genes-title">"Genes"</h2>
            <AnswerOf/>
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
            "Results appear here once the model is loaded.".to_owned()
        } else if store.is_running() {
            "The first results appear as soon as there are cells of both sides to compare.".to_owned()
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
