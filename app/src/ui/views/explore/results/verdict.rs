//! The verdict above a result, and what stands behind it.
//!
//! Does: one sentence with a colour and a sign that repeat its words; a flag on thin support; where the numbers are from,
//! behind a switch.
//! Does not know: how trust is judged (`crate::trust`, `crate::verdict`).
//! Flow: card + answer's choices + shifts → **sentence** → person.

use leptos::prelude::*;

use crate::choices;
use crate::origin;
use crate::protocol::Comparison;
use crate::protocol::card::{Origin, THIN};
use crate::state::Which;
use crate::ui::state::store::use_store;
use crate::verdict::{Moved, Verdict};

#[component]
pub(super) fn VerdictLine() -> impl IntoView {
    let store = use_store();
    let verdict = Memo::new(move |_| {
        let (table, card) = (store.shifts.get()?, store.card.get()?);
        let moved = Moved { all: store.ahead.moved(), ..Moved::of(&table.change, &table.q) };
        let shown = store.shown.get();
        Some(store.with_results(|state| Verdict::of(&card, state, shown, moved)))
    });
    let level = move || verdict.with(|own| own.as_ref().map(|own| own.level().key()));
    let sign = move || verdict.with(|own| own.as_ref().map(|own| own.level().sign()));
    let why =
        move || verdict.with(|own| own.as_ref()?.trust.as_ref().map(|trust| trust.why.clone())).unwrap_or_default();
    let has_other = move || store.with_results(|state| state.other.is_some());
    view! {
        <Show when=move || verdict.with(Option::is_some)>
            <div class="verdict" data-testid="verdict" data-level=level>
                <span class="sign" aria-hidden="true">{sign}</span>
                <p role="status">{move || verdict.with(|own| own.as_ref().map(Verdict::sentence))}</p>
            </div>
        </Show>
        // A verdict says how many training cells carry it; without one it is said by itself.
        <Show when=move || verdict.with(Option::is_none)>
            <Seen which=Which::A/>
            <Show when=has_other><Seen which=Which::B/></Show>
        </Show>
        <details class="why" hidden=move || verdict.with(Option::is_none)>
            <summary data-testid="why-open">"What this is based on"</summary>
            <p class="note" data-testid="trust">{why}</p>
            <Agreement/>
            <Sound/>
        </details>
    }
}

/// Whether the model's cells could be cells at all, by the card.
#[component]
fn Sound() -> impl IntoView {
    let store = use_store();
    let words = move || {
        let card = store.card.get()?;
        let own = card.plausibility.as_ref()?;
        Some(format!("Counts of {} generated cells: {}", own.cells, own.words))
    };
    view! { {move || words().map(|words| view! { <p class="note" data-testid="sound">{words}</p> })} }
}

/// Whether the model has seen such cells at all.
#[component]
fn Seen(which: Which) -> impl IntoView {
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
        let is_thin = cells > 0 && cells < THIN;
        Some((if is_thin { format!("{words} That is thin support.") } else { words }, cells < THIN))
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
            "{head}: {cells}, pooled over all training data. {effect} and the generated one correlate over all genes at {agreement}. The model has seen these cells; the held-out score is the fairer judge.{judge}"
        ))
    };
    view! { <p class="note" data-testid="agreement">{move || words().unwrap_or_default()}</p> }
}
