//! The site's models side by side.
//!
//! Does: a tile for each, with what it is, its size and a button that opens it.
//! Does not know: how a bundle is opened.
//! Flow: list of bundles → **tiles** → person → `state::opening::open`.

use leptos::prelude::*;
use wasm_bindgen::JsCast;
use web_sys::HtmlElement;

use super::card::TITLE;
use crate::bundles::{Entry, grouped, size_words};
use crate::ui::state::opening::open;
use crate::ui::state::store::use_store;

#[component]
pub(super) fn Gallery() -> impl IntoView {
    let store = use_store();
    // On a phone the card begins many screens below.
    let to_card = |_| {
        if let Some(title) = document().get_element_by_id(TITLE).and_then(|own| own.dyn_into::<HtmlElement>().ok()) {
            title.scroll_into_view();
            // A title that cannot take the focus is in sight all the same.
            let _ = title.focus();
        }
    };
    let tiles = move || store.bundles.list.get().into_iter().map(|entry| view! { <Tile entry/> }).collect::<Vec<_>>();
    view! {
        <section class="panel" aria-labelledby="gallery-title">
            <div class="bar">
                <h2 id="gallery-title">"Models of this site"</h2>
                <button class="quiet" data-testid="to-card" hidden=move || store.card.with(Option::is_none) on:click=to_card>"To the card of the open model ↓"</button>
            </div>
            <ul class="gallery" data-testid="gallery">{tiles}</ul>
            <p class="note">"Opening another model clears the results and keeps every choice that the other model knows too."</p>
        </section>
    }
}

/// What a model works with, in numbers; those that the list does not say are left out.
fn facts(entry: &Entry) -> String {
    let of = |number: u32, what: &str| (number > 0).then(|| format!("{} {what}", grouped(u64::from(number))));
    let parts = [
        of(entry.genes, "genes"),
        of(entry.cells, "training cells"),
        of(entry.perturbations, if entry.perturbations == 1 { "perturbation" } else { "perturbations" }),
        (entry.bytes > 0).then(|| size_words(entry.bytes)),
    ];
    parts.into_iter().flatten().collect::<Vec<_>>().join(" · ")
}

#[component]
fn Tile(entry: Entry) -> impl IntoView {
    let store = use_store();
    let (folder, own) = (entry.folder.clone(), entry.folder.clone());
    let is_open = Memo::new(move |_| store.state.with(|state| state.bundle == own));
    let title = if entry.title.is_empty() { entry.folder.clone() } else { entry.title.clone() };
    let tags: Vec<_> = entry.species.iter().chain(&entry.origin).cloned().map(|tag| view! { <li>{tag}</li> }).collect();
    let label = format!("Open {title}");
    let id = format!("open-{}", entry.folder);
    view! {
        <li class="tile" class:open=move || is_open.get() data-testid=format!("tile-{}", entry.folder)>
            <h3>{title}</h3>
            <p>{entry.line.clone()}</p>
            <ul class="tags">{tags}</ul>
            <p class="note">{facts(&entry)}</p>
            <p class="note"><code>{entry.folder.clone()}</code></p>
            {move || if is_open.get() {
                view! { <p class="is-open">"● Chosen"</p> }.into_any()
            } else {
                let folder = folder.clone();
                view! { <button data-testid=id.clone() aria-label=label.clone() on:click=move |_| open(store, &folder)>"Open"</button> }.into_any()
            }}
        </li>
    }
}
