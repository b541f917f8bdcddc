//! The line that says, above every view, that the open model was not trained on measured cells alone.
//!
//! Does: shows the sentence and leads to the part of the card that tells how cells were made.
//! Does not know: where cells come from (`crate::origin`).
//! Flow: card → **line** → person → model view.

use leptos::prelude::*;
use wasm_bindgen::JsCast;
use web_sys::HtmlElement;

use crate::origin::{footer, sentence};
use crate::state::View;
use crate::ui::state::store::use_store;

/// Id of the card's own words on it.
pub(in crate::ui) const NOTE: &str = "origin-note";

/// The line; nothing where all training cells were measured.
#[component]
pub(in crate::ui) fn OriginLine() -> impl IntoView {
    let store = use_store();
    let words = Memo::new(move |_| store.card.get().and_then(|card| sentence(&card)));
    let open = move |_| {
        store.change(|state| state.view = View::Model);
        // Once the view is there, and after the focus went to its heading.
        request_animation_frame(|| {
            request_animation_frame(|| {
                // A card without a note keeps the focus where it is.
                let _ = go_to_note();
            });
        });
    };
    view! {
        <Show when=move || words.with(Option::is_some)>
            <aside class="origin" data-testid="origin" aria-label="Origin of this model's cells">
                <p data-testid="origin-words">{move || words.get()}</p>
                <button class="quiet" data-testid="origin-open" on:click=open>"How they were made"</button>
            </aside>
        </Show>
    }
}

/// Brings the card's words into sight and the focus to them.
fn go_to_note() -> Option<()> {
    let note: HtmlElement = document().get_element_by_id(NOTE)?.dyn_into().ok()?;
    note.scroll_into_view();
    note.focus().ok()
}

/// The page's last line.
#[component]
pub(in crate::ui) fn Footer() -> impl IntoView {
    let store = use_store();
    view! { <footer><p data-testid="footer">{move || store.card.with(|card| footer(card.as_deref()))}</p></footer> }
}
