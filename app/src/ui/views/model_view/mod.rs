//! The Model view: which models there are, what the open one is, what this browser keeps.
//!
//! Does: puts gallery, card and storage in one column.
//! Does not know: weights, how files are fetched.
//! Flow: store → **gallery, card, storage** → person.

mod card;
mod gallery;
mod populations;
mod published;
mod scores;
mod storage;
mod summary;

use leptos::prelude::*;

use crate::ui::state::store::{Phase, use_store};

#[component]
pub(in crate::ui) fn ModelView() -> impl IntoView {
    let store = use_store();
    let is_loading = Memo::new(move |_| {
        store.card.with(Option::is_none) && store.phase.with(|phase| matches!(phase, Phase::Loading { .. }))
    });
    let loading = move || is_loading.get();
    let card = move || match store.card.get() {
        Some(card) => view! { <card::CardView card/> }.into_any(),
        None => {
            view! { <p class="panel empty" hidden=loading>"No model is open: the card appears with it."</p> }.into_any()
        }
    };
    // What stands below the card comes with it, so that nothing on the screen moves.
    let storage = move || (!loading()).then(|| view! { <storage::Storage/> });
    view! {
        <div class="model-view">
            <gallery::Gallery/>
            {card}
            {storage}
        </div>
    }
}
