//! What a lesson cannot do with the open model.
//!
//! Does: says it in a sentence and offers models that can.
//! Does not know: lessons' panels.
//! Flow: card → **sentence, buttons** → another bundle.

use leptos::prelude::*;

use crate::lacks::Lacks;
use crate::origin;
use crate::ui::state::store::use_store;
use crate::ui::views::bundles::instead::OpenInstead;

/// The sentence; nothing where the open model has what the lesson needs.
#[component]
pub(super) fn Lacking(lesson: &'static str) -> impl IntoView {
    let store = use_store();
    let words = Memo::new(move |_| store.card.with(|card| Lacks::of(card.as_ref()?).lesson(lesson)));
    let reading = Memo::new(move |_| store.card.with(|card| origin::reading(card.as_ref()?)));
    let can_run = move || {
        lesson == "write"
            || store.card.with(|card| card.as_ref().is_some_and(|card| Lacks::of(card).perturbation.is_some()))
    };
    view! {
        <Show when=move || words.with(Option::is_some)>
            <div class="panel lacking" data-testid="lesson-lacks">
                <p>{move || words.get()}</p>
                <Show when=move || !can_run()><OpenInstead/></Show>
            </div>
        </Show>
        <p class="note" hidden=move || reading.with(Option::is_none)>{move || reading.get()}</p>
    }
}
