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

use crate::ui::state::store::use_store;

#[component]
pub(in crate::ui) fn ModelView() -> impl IntoView {
    let store = use_store();
    let card = move || match store.card.get() {
        Some(card) => view! { <card::CardView card/> }.into_any(),
        None => view! { <p class="panel empty">"No model is open: the card appears with it."</p> }.into_any(),
    };
    view! {
        <div class="model-view">
            <gallery::Gallery/>
            {card}
            <storage::Storage/>
        </div>
    }
}
