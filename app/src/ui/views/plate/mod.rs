//! The Plate view.
//!
//! Does: arranges the parts.
//! Does not know: the model, how layouts are edited (`crate::plate` does).
//! Flow: person → palette and grid → layout in the state → worker → **results** → colours, card, heat map, files.

mod actions;
mod bar;
mod card;
mod desk;
mod export;
mod grid;
mod heat;
mod keys;
mod palette;
mod paste_box;
mod scale;
mod teach;
mod twin;
mod words;

use leptos::prelude::*;

use crate::ui::state::store::use_store;
use desk::Desk;

#[component]
pub(in crate::ui) fn PlateView() -> impl IntoView {
    let store = use_store();
    // Another bundle's card makes the view anew: its choices are other ones.
    move || match store.card.get() {
        Some(_) => view! { <Loaded/> }.into_any(),
        None => view! {
            <section class="panel plate-wait" data-testid="plate">
                <h2>"Plate"</h2>
                <p class="empty">"The plate is laid out once the model is loaded."</p>
            </section>
        }
        .into_any(),
    }
}

/// The view of a loaded bundle.
#[component]
fn Loaded() -> impl IntoView {
    let desk = Desk::new(use_store());
    provide_context(desk);
    desk.settle();
    let is_empty = move || desk.layout.with(|layout| layout.is_empty());
    view! {
        <div class="plate" data-testid="plate">
            <palette::Palette/>
            <div class="plate-middle">
                <section class="panel plate-board" aria-labelledby="plate-title">
                    <div class="bar">
                        <h2 id="plate-title">"Plate"</h2>
                        <bar::RunBar/>
                    </div>
                    <bar::Progress/>
                    <Show when=is_empty><teach::Teach/></Show>
                    <bar::Edits/>
                    <paste_box::PasteBox/>
                    <grid::Grid/>
                    <scale::Legend/>
                    <twin::Twin/>
                </section>
                <heat::Heat/>
            </div>
            <div class="plate-side">
                <card::WellCard/>
                <export::Exports/>
            </div>
        </div>
    }
}
