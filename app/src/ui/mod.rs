//! The page.
//!
//! Does: mounts the views, keeps the address and the worker in step with the store.
//! Does not know: burn; it computes nothing that takes long.
//! Flow: person → controls → store → **worker link** → store → figures and tables.

// Leptos' component macro writes `pub` items behind every component.
#![allow(unreachable_pub)]

mod effects;
mod state;
mod views;
mod widgets;

use leptos::prelude::*;

use crate::state::View;
use effects::{address, inbox};
use state::looks::Looks;
use state::store::Store;
use views::shell::header::Header;
use views::shell::{self, Alert, Ignored, Overlays, SkipLink};

/// Mounts the page.
pub fn start() {
    console_error_panic_hook::set_once();
    if let Some(splash) = document().get_element_by_id("splash") {
        splash.remove();
    }
    mount_to_body(App);
}

#[component]
fn App() -> impl IntoView {
    let store = Store::new(&address::query(), address::number().unwrap_or(0), Looks::new());
    effects::download::tell_to(store);
    effects::worker::connect(store, inbox::receive);
    address::keep(store);
    effects::bundles::keep(store);
    effects::precomputed::keep(store);
    effects::gene_names::keep(store);
    provide_context(store);
    let view = Memo::new(move |_| store.state.with(|state| state.view));
    let shell = shell::start(store, view);
    let shown = move || match view.get() {
        View::Explore => view! { <views::explore::Explore/> }.into_any(),
        View::Plate => view! { <views::plate::PlateView/> }.into_any(),
        View::Learn => view! { <views::learn::LearnView/> }.into_any(),
        View::Data => view! { <views::data::DataView/> }.into_any(),
        View::Model => view! { <views::model_view::ModelView/> }.into_any(),
    };
    view! {
        <SkipLink/>
        <Header shell/>
        <Alert/>
        <Ignored/>
        <views::bundles::bar::ModelBar/>
        <views::bundles::origin::OriginLine/>
        <main id="content" tabindex="-1">
            {shown}
        </main>
        <views::bundles::origin::Footer/>
        <Overlays shell/>
    }
}
