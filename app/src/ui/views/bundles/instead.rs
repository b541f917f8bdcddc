//! Other bundles of the site that can do what the open one cannot.
//!
//! Does: a button for each that knows a perturbation.
//! Does not know: how a bundle is opened, why it is asked for.
//! Flow: list of bundles → **buttons** → person → `state::opening::open`.

use leptos::prelude::*;

use crate::lacks::with_perturbation;
use crate::ui::state::bundles::named;
use crate::ui::state::opening::open;
use crate::ui::state::store::use_store;

#[component]
pub(in crate::ui) fn OpenInstead() -> impl IntoView {
    let store = use_store();
    let found = Memo::new(move |_| {
        let own = store.state.with(|state| state.bundle.clone());
        store.bundles.list.with(|list| with_perturbation(list, &own))
    });
    let buttons = move || {
        let button = |entry: crate::bundles::Entry| {
            let (words, folder) = (format!("Open {}", named(&entry)), entry.folder);
            view! { <button data-testid=format!("instead-{folder}") on:click=move |_| open(store, &folder)>{words}</button> }
        };
        found.get().into_iter().map(button).collect::<Vec<_>>()
    };
    view! {
        <div class="instead">{buttons}</div>
        <p class="note" hidden=move || found.with(|found| !found.is_empty())>"This site has no other model with a perturbation."</p>
    }
}
