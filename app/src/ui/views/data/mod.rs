//! The Data view.
//!
//! Does: takes a visitor's file, shows what is in it, places, groups and tests its cells, compares them with the current
//! run, predicts what a perturbation would do to them, and hands them out.
//! Does not know: the model, how files are read.
//! Flow: person → **Data view** → `effects::data` → worker → state → Data view.

mod choose;
mod compare;
mod found;
mod gene_table;
mod groups;
mod layers;
mod map;
mod summary;
mod table;
mod what_if;

use leptos::prelude::*;

use crate::protocol::data::Ask;
use crate::ui::effects::data::{ask, model, watch};
use crate::ui::state::store::{Phase, use_store};

#[component]
pub(in crate::ui) fn DataView() -> impl IntoView {
    let store = use_store();
    watch(store);
    // A worker that is gone has taken the cells with it.
    Effect::new(move |_| {
        if store.phase.with(|phase| *phase == Phase::Lost) {
            store.data.clear();
            store.data.plan.set(None);
        }
    });
    // Cells stand on one model's map: another model's would show them where they do not belong.
    Effect::new(move |_| {
        let loaded = store.card.with(Option::is_some);
        if loaded
            && store.data.summary.with_untracked(Option::is_some)
            && store.data.placed_by.get_untracked() != model(store)
        {
            ask(store, Ask::Remove);
            store
                .alert
                .set(Some("Another model was loaded; choose your file again to see it on that model's map.".into()));
        }
    });
    let has_cells = move || store.data.summary.with(Option::is_some);
    view! {
        <div class="own" data-testid="data" class:filled=has_cells>
            <choose::Choose/>
            <Show when=has_cells>
                <map::OwnMap/>
                <div class="own-side">
                    <what_if::form::Form/>
                    <groups::Groups/>
                    <table::Tested/>
                    <compare::Compared/>
                </div>
                <what_if::results::Results/>
                <summary::About/>
            </Show>
        </div>
    }
}
