//! The figures of genes, one at a time behind tabs.
//!
//! Does: volcano, MA plot, violins, dot plot and heat map as tabs with arrow keys; asks the worker for the values that
//! the figures lack.
//! Does not know: how a figure is drawn.
//! Flow: chosen tab + store → **figure**.

use leptos::html::Div;
use leptos::prelude::*;
use wasm_bindgen::JsCast;
use web_sys::{HtmlElement, KeyboardEvent};

use super::dots::DotPlot;
use super::heat::HeatMap;
use super::list::{WatchList, missing};
use super::violins::Violins;
use super::volcano::{Axis, Volcano};
use crate::parts::{FIGURE as PART, FIGURES};
use crate::protocol::ToWorker;
use crate::ui::effects::worker;
use crate::ui::state::store::{Store, use_store};
use crate::ui::views::explore::standing::Standing;

/// A figure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Tab {
    Volcano,
    Ma,
    Violins,
    Dots,
    Heat,
}

/// Tabs: which, key in the address, words, what it shows.
const TABS: [(Tab, &str, &str, &str); 5] = [
    (Tab::Volcano, FIGURES[0], "Volcano", "Fold change vs. significance (q)"),
    (Tab::Ma, FIGURES[1], "MA plot", "Fold change vs. mean expression"),
    (Tab::Violins, FIGURES[2], "Violins", "Distribution of expression over cells"),
    (Tab::Dots, FIGURES[3], "Dot plot", "Share of cells with the gene and mean expression"),
    (Tab::Heat, FIGURES[4], "Heat map", "Expression of many genes, similar genes side by side"),
];

/// The tab that the address names; else the volcano where something can shift.
fn current(store: Store) -> Tab {
    let named = store.state.with(|state| state.parts.get(PART).cloned());
    let named = named.and_then(|name| TABS.into_iter().find(|(_, key, _, _)| *key == name));
    let shifts = || store.shifts.with(Option::is_some) || store.perturbation().is_some();
    let usual = || match (shifts(), store.ahead.is_shown()) {
        (true, _) => Tab::Volcano,
        // Precomputed results hold no values of single cells.
        (false, true) => Tab::Dots,
        (false, false) => Tab::Violins,
    };
    named.map_or_else(usual, |(tab, _, _, _)| tab)
}

/// Opens a tab.
fn open(store: Store, key: &str) {
    store.change(|state| {
        state.parts.insert(PART.to_owned(), key.to_owned());
    });
}

/// The panel of figures; it comes with the first cells.
#[component]
pub(in super::super) fn Figures() -> impl IntoView {
    let store = use_store();
    let has_cells = move || store.control.with(|points| !points.is_empty());
    view! {
        <Show when=has_cells>
            <section class="panel figures" aria-label="Figures of genes" data-testid="figures">
                <Standing id="figures-standing"/>
                <div class="figure-body" class:stale=move || store.is_stale()><Tabs/></div>
            </section>
        </Show>
    }
}

#[component]
fn Tabs() -> impl IntoView {
    let store = use_store();
    let bar = NodeRef::<Div>::new();
    let tab = Memo::new(move |_| current(store));
    // Values exist once a run is finished; each gene is asked for once.
    Effect::new(move |_| {
        let genes = missing(store);
        if store.provenance.with(Option::is_some) && !store.is_running() && !genes.is_empty() {
            worker::send(store, &ToWorker::Values { run: store.run.get_untracked(), genes });
        }
    });
    let keys = move |event: KeyboardEvent| {
        let now = TABS.iter().position(|(own, _, _, _)| *own == tab.get_untracked()).unwrap_or(0);
        let next = match event.key().as_str() {
            "ArrowRight" => (now + 1) % TABS.len(),
            "ArrowLeft" => (now + TABS.len() - 1) % TABS.len(),
            "Home" => 0,
            "End" => TABS.len() - 1,
            _ => return,
        };
        event.prevent_default();
        let (_, key, _, _) = TABS[next];
        open(store, key);
        let button =
            bar.get_untracked().and_then(|bar| bar.query_selector(&format!("#figure-tab-{key}")).ok().flatten());
        if let Some(button) = button.and_then(|button| button.dyn_into::<HtmlElement>().ok()) {
            // Where focus cannot go it stays.
            let _ = button.focus();
        }
    };
    let buttons = TABS.map(|(own, key, words, about)| {
        let is_open = move || tab.get() == own;
        view! {
            <button role="tab" class="choice" id=format!("figure-tab-{key}") data-testid=format!("view-{key}") title=about
                aria-controls="figure-panel" aria-selected=move || is_open().to_string()
                tabindex=move || if is_open() { "0" } else { "-1" } on:click=move |_| open(store, key)>{words}</button>
        }
    });
    let label = move || {
        let (_, key, _, _) = TABS.into_iter().find(|(own, _, _, _)| *own == tab.get()).unwrap_or(TABS[0]);
        format!("figure-tab-{key}")
    };
    let shown = move || match tab.get() {
        Tab::Volcano => view! { <Volcano axis=Axis::Significance/> }.into_any(),
        Tab::Ma => view! { <Volcano axis=Axis::Expression/> }.into_any(),
        Tab::Violins => view! { <WatchList/><Violins/> }.into_any(),
        Tab::Dots => view! { <WatchList/><DotPlot/> }.into_any(),
        Tab::Heat => view! { <WatchList/><HeatMap/> }.into_any(),
    };
    view! {
        <div class="choices" role="tablist" aria-label="Figures of genes" node_ref=bar on:keydown=keys>{buttons}</div>
        <div class="figure" role="tabpanel" id="figure-panel" aria-labelledby=label>{shown}</div>
    }
}
