//! The Explore view.
//!
//! Does: arranges controls, map, figures and results.
//! Does not know: what a run is.
//! Flow: person → controls → run → **map, figures, results**.

mod controls;
mod genes;
mod map;
mod precomputed;
mod results;
mod standing;

use leptos::prelude::*;

#[component]
pub(in crate::ui) fn Explore() -> impl IntoView {
    view! {
        <div class="explore">
            <controls::Controls/>
            <div class="middle">
                <map::MapPanel/>
                <genes::figures::Figures/>
            </div>
            <results::Results/>
        </div>
    }
}
