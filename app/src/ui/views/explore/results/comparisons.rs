//! Which comparison is shown, everywhere on the page.
//!
//! Does: a segmented control of the comparisons of a run with two scenarios, and what each side is.
//! Does not know: how they were tested.
//! Flow: person → **shown comparison** → tables and figures.

use leptos::prelude::*;

use crate::choices;
use crate::protocol::Comparison;
use crate::ui::state::store::use_store;

/// A comparison in a few words.
pub(super) fn name(comparison: Comparison) -> &'static str {
    match comparison {
        Comparison::A => "A against its control",
        Comparison::B => "B against its control",
        Comparison::BAgainstA => "B against A",
    }
}

/// The control; it is there only when the run had a scenario B.
#[component]
pub(super) fn Comparisons() -> impl IntoView {
    let store = use_store();
    let has_other = move || store.ran_other.with(Option::is_some);
    // Without a perturbation there is no control: one comparison, and nothing to choose.
    let has_control =
        move || store.card.with(|card| card.as_ref().is_some_and(|card| choices::perturbation(card).is_some()));
    let button = move |comparison: Comparison, id: &'static str| {
        let is_shown = move || store.shown.get() == comparison;
        let is_missing = move || store.tables.shifts.with(|all| all[comparison as usize].is_none());
        view! {
            <button class="segment" data-testid=id aria-pressed=move || is_shown().to_string()
                disabled=move || is_missing() && !is_shown() on:click=move |_| store.show(comparison)>
                {name(comparison)}
            </button>
        }
    };
    let sides = move || match store.shown.get() {
        Comparison::A => "Shifts from A's control cells to A's cells.",
        Comparison::B => "Shifts from B's control cells to B's cells.",
        Comparison::BAgainstA => "Shifts from A's cells to B's cells.",
    };
    view! {
        <Show when=has_other>
            <Show when=has_control>
                <div class="segments" role="group" aria-label="Comparison">
                    {button(Comparison::A, "show-a")}{button(Comparison::B, "show-b")}{button(Comparison::BAgainstA, "show-b-a")}
                </div>
            </Show>
            <p class="note" data-testid="sides">{sides}</p>
        </Show>
    }
}
