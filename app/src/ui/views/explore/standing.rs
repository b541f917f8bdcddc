//! What an answer of other choices, or of before, is of.
//!
//! Does: says what the answer is of and whether that is still what is chosen; offers the ways out.
//! Does not know: when an answer is stale.
//! Flow: state → **line and buttons** → person → state.

use leptos::prelude::*;

use crate::ui::state::store::use_store;

/// What the answer on the screen is of. It keeps the room of what is said of one that is stale, so that nothing below it
/// moves when a run begins and ends.
#[component]
pub(super) fn AnswerOf() -> impl IntoView {
    let store = use_store();
    let is_there = Memo::new(move |_| store.shifts.with(Option::is_some));
    view! {
        <div class="answer-of" class:there=move || is_there.get()>
            <Standing id="standing"/>
            <Show when=move || is_there.get() && !store.is_stale()>
                <p class="note" data-testid="answer-of">{move || store.compared_words()}</p>
            </Show>
        </div>
    }
}

/// What an answer of other choices, or of a run before, is of, and the ways out.
#[component]
pub(super) fn Standing(
    /// What a test finds it by.
    id: &'static str,
) -> impl IntoView {
    let store = use_store();
    let stale = Memo::new(move |_| store.is_stale());
    let words = move || {
        let of = store.compared_words();
        match store.is_running() {
            true => format!("Previous answer, until the new one is there: {of}."),
            false => format!("Of other choices than those on the left: {of}."),
        }
    };
    let back = move |_| {
        let made = store.answer.made_for.get_untracked();
        store.change(|state| made.iter().for_each(|own| state.take_asks(own)));
    };
    view! {
        <Show when=move || stale.get()>
            <div class="of-other" data-testid=id role="status">
                <p>{words}</p>
                <button class="quiet" data-testid=format!("{id}-back") hidden=move || store.is_running() on:click=back>"Back to these choices"</button>
            </div>
        </Show>
        <Show when=move || store.can_bring_back()>
            <button class="quiet" data-testid=format!("{id}-before") on:click=move |_| store.bring_back()>"Show the previous answer again"</button>
        </Show>
    }
}
