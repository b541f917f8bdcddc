//! The verdict above a result, and what stands behind it.
//!
//! Does: one sentence with a colour and a sign that repeat its words; a flag on thin support; where the numbers are from,
//! behind a switch.
//! Does not know: how trust is judged (`crate::trust`, `crate::verdict`).
//! Flow: card + answer's choices + shifts → **sentence** → person.

use leptos::prelude::*;

use super::results::{Agreement, Seen};
use super::use_store;
use crate::state::Which;
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
        <Seen which=Which::A/>
        <Show when=has_other><Seen which=Which::B/></Show>
        <details class="why" hidden=move || verdict.with(Option::is_none)>
            <summary data-testid="why-open">"Where this is from"</summary>
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
        Some(format!("Raw numbers of {} generated cells: {}", own.cells, own.words))
    };
    view! { {move || words().map(|words| view! { <p class="note" data-testid="sound">{words}</p> })} }
}
