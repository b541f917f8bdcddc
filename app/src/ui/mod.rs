//! The page.
//!
//! Does: mounts the views, keeps the address and the worker in step with the store.
//! Does not know: burn; it computes nothing that takes long.
//! Flow: person → controls → store → **worker link** → store → figures and tables.

// Leptos' component macro writes `pub` items behind every component.
#![allow(unreachable_pub)]

mod answer;
mod bundles;
mod canvas;
mod comparisons;
mod controls;
mod data;
mod device;
mod download;
mod gene_card;
mod gene_names;
mod genes;
mod kept;
mod learn;
mod link;
mod map;
mod methods;
mod model_view;
mod plate;
mod precomputed;
mod results;
mod shell;
mod store;
mod tables;
mod url;
mod verdict;
mod violins;
mod volcano;

use leptos::prelude::*;

use crate::state::View;
use shell::{Alert, Header, Overlays, Shell, SkipLink};
use store::Store;

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
    let store = Store::new();
    download::tell_to(store);
    link::connect(store);
    url::keep(store);
    bundles::keep(store);
    precomputed::keep(store);
    gene_names::keep(store);
    provide_context(store);
    let view = Memo::new(move |_| store.state.with(|state| state.view));
    let shell = Shell::new(store, view);
    let shown = move || match view.get() {
        View::Explore => view! { <Explore/> }.into_any(),
        View::Plate => view! { <plate::PlateView/> }.into_any(),
        View::Learn => view! { <learn::LearnView/> }.into_any(),
        View::Data => view! { <data::DataView/> }.into_any(),
        View::Model => view! { <model_view::ModelView/> }.into_any(),
    };
    view! {
        <SkipLink/>
        <Header shell/>
        <Alert/>
        <bundles::bar::ModelBar/>
        <bundles::origin::OriginLine/>
        <main id="content" tabindex="-1">
            {shown}
        </main>
        <bundles::origin::Footer/>
        <Overlays shell/>
    }
}

#[component]
fn Explore() -> impl IntoView {
    view! {
        <div class="explore">
            <controls::Controls/>
            <div class="middle">
                <map::MapPanel/>
                <genes::Figures/>
            </div>
            <results::Results/>
        </div>
    }
}

/// The store of the page.
fn use_store() -> Store {
    expect_context::<Store>()
}
