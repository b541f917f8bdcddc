//! What is said of results that came with a bundle.
//!
//! Does: says that a result is precomputed and what made it, or why there is none; over the visitor's own cells it is
//! only offered.
//! Does not know: when one is put on the screen (`effects::precomputed`), figures.
//! Flow: state → **label** → person → `effects::precomputed`.

use leptos::prelude::*;

use crate::lacks::Lacks;
use crate::ui::effects::precomputed::{ran_the_same, show, wanted};
use crate::ui::state::store::{Phase, use_store};

/// The label of a precomputed result, or what to do for lack of one.
#[component]
pub(super) fn Precomputed() -> impl IntoView {
    let store = use_store();
    let wanted = Memo::new(move |_| wanted(store));
    let words =
        Memo::new(move |_| store.ahead.shown.with(|shown| shown.as_ref().map(|shown| shown.held.words(shown.found))));
    // The visitor's own cells are of other choices than those that are made now.
    let offered = Memo::new(move |_| {
        let found = wanted.get()?.ok()?;
        let (asked, _) = store.requests()?;
        (store.has_own() && !store.is_running() && !ran_the_same(store, &asked)).then_some(found)
    });
    let lacking = Memo::new(move |_| {
        let why = wanted.get()?.err()?;
        (!store.has_own() && !store.is_running()).then(|| format!("{why} Press Generate for cells of these choices."))
    });
    // What to do where nothing is on the screen and nothing is precomputed.
    let begin = Memo::new(move |_| {
        let waits = store.phase.with(|phase| matches!(phase, Phase::Loading { .. } | Phase::Idle));
        let said = words.with(Option::is_some) || lacking.with(Option::is_some);
        let card = store.card.get().filter(|_| waits && !said && store.finished.with(Option::is_none))?;
        Some(Lacks::of(&card).begin())
    });
    view! {
        <div role="status" class="ahead">
            {move || begin.get().map(|words| view! { <p class="note" data-testid="begin-words">{words}</p> })}
            {move || words.get().map(|words| view! {
                <p class="precomputed" data-testid="precomputed" hidden=move || store.is_running()><b>"Precomputed: "</b>{words}</p>
            })}
            {move || lacking.get().map(|words| view! { <p class="note" data-testid="not-precomputed">{words}</p> })}
            {move || offered.get().map(|found| view! {
                <p class="note">"The cells on the map are of other choices. "
                    <button class="quiet" data-testid="show-precomputed" on:click=move |_| show(store, found)>
                        "Show the precomputed result of these"
                    </button>
                </p>
            })}
        </div>
    }
}

/// What tells the cells of a bundle without perturbations apart from other cell types.
#[component]
pub(super) fn Typical() -> impl IntoView {
    let store = use_store();
    let words = move || {
        let (shown, card) = (store.ahead.shown()?, store.card.get()?);
        let set = shown.held.sets.get(shown.found.control)?;
        let names: Vec<&str> =
            set.typical.iter().filter_map(|gene| card.genes.get(*gene)).map(String::as_str).collect();
        (!names.is_empty()).then(|| {
            let cells = shown.held.made.cells;
            format!(
                "Precomputed: significantly higher in these {cells} generated cells than in generated cells of the other cell types (q < 0.05, smallest q first): {}.",
                names.join(", ")
            )
        })
    };
    view! { {move || words().map(|words| view! { <p class="note" data-testid="typical">{words}</p> })} }
}
