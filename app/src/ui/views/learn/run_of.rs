//! What a lesson's result is of.
//!
//! Does: the condition, number and seed of the cells above every panel that shows them; says so, and dims the panel, when
//! something else is chosen by now.
//! Does not know: what the panel shows.
//! Flow: lesson's result + choices → **line, dimmed panel** → person.

use leptos::prelude::*;

use super::runs;
use crate::choices::request_words;
use crate::ui::state::store::{Store, use_store};

/// Whether a lesson's result is of other choices than those that are made now, or of another model.
pub(super) fn is_old(store: Store, lesson: &str) -> bool {
    let (Some((card, made)), Some(open)) = (store.learn.made(lesson), store.card.get()) else { return false };
    card.name != open.name || runs::request(store, lesson).is_some_and(|asked| asked != made)
}

/// The line, and below it what the result is shown by.
#[component]
pub(super) fn RunOf(
    /// Key of the lesson.
    lesson: &'static str,
    /// What a test finds the line by.
    id: &'static str,
    children: Children,
) -> impl IntoView {
    let store = use_store();
    let old = Memo::new(move |_| is_old(store, lesson));
    let words = move || {
        let (card, request) = store.learn.made(lesson)?;
        let of = request_words(&card, &request);
        let model = store.card.with(|open| open.as_ref().is_some_and(|open| open.name != card.name));
        Some(match (model, old.get()) {
            (true, _) => format!("Of another model, {}: {of}. Run the lesson again with this one.", card.title),
            (false, true) => format!("Of other choices than those now set: {of}. Run it again for these."),
            (false, false) => format!("These cells: {of}."),
        })
    };
    view! {
        <p class="run-of" class:of-other=move || old.get() data-testid=id>{words}</p>
        <div class="run-body" class:stale=move || old.get()>{children()}</div>
    }
}
