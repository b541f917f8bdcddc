//! The table of shifted genes: any number of rows, of which only those in sight are in the document.
//!
//! Does: shows the window of rows around the scroll place, sorts by any column in either direction, moves along rows
//! by keys, brings the chosen gene into sight.
//! Does not know: how rows are cut, sorted and counted (`gene_rows` does), how shifts were tested.
//! Flow: store's shifts + cuts → rows → **window of rows** → chosen gene.

use std::sync::Arc;

use leptos::html::Div;
use leptos::prelude::*;
use wasm_bindgen::JsCast;
use web_sys::KeyboardEvent;

use super::filters::{self, Filters, cuts, keep};
use super::row::{Place, Row};
use super::save::{HandOut, Save};
use crate::gene_rows::{
    Column, Order, SORT, Window, moved, order_of, order_text, rows, scrolled_to, window as window_of,
};
use crate::origin;
use crate::protocol::card::Origin;
use crate::sides::{self, new_and_gone};
use crate::ui::state::gene_choice::{choose, chosen, columns};
use crate::ui::state::store::use_store;
use crate::ui::widgets::canvas::resized;

/// Columns that can be sorted by: what, head, what it is.
const HEADS: [(Column, &str, &str); 8] = [
    (Column::Gene, "Gene", "Gene symbol"),
    (
        Column::Change,
        "log2 FC",
        "log2 fold change of mean normalised counts; “new” and “gone”: the gene has counts on one side only",
    ),
    (Column::Q, "q", "p corrected over all genes by Benjamini and Hochberg"),
    (Column::Difference, "Δ, 95 %", "Difference of mean log(1 + x) expression, 95 % interval over cells"),
    (Column::P, "p", "Mann-Whitney U test, two-sided"),
    (Column::Control, "control", "Mean normalised counts of generated control cells"),
    (Column::Perturbed, "perturbed", "Mean normalised counts of generated perturbed cells"),
    (Column::Measured, "measured Δ", "Difference of mean log(1 + x) expression of measured cells"),
];

/// Height of a row before one was measured, CSS pixels.
const USUAL_ROW: f64 = 26.0;
/// Height of the box before it was measured.
const USUAL_BOX: f64 = 352.0;

/// Where the box of the table is scrolled to, and its sizes.
#[derive(Clone, Copy)]
struct View {
    node: NodeRef<Div>,
    scrolled: RwSignal<f64>,
    height: RwSignal<f64>,
    row: RwSignal<f64>,
}

impl View {
    fn new() -> Self {
        Self {
            node: NodeRef::new(),
            scrolled: RwSignal::new(0.0),
            height: RwSignal::new(USUAL_BOX),
            row: RwSignal::new(USUAL_ROW),
        }
    }

    /// Reads the sizes of the document.
    fn measure(self) {
        // A frame that was asked for may come when the table is gone, and its signals with it.
        let Some(node) = self.node.try_get_untracked().flatten() else { return };
        let set = |signal: RwSignal<f64>, value: f64| {
            if signal.try_get_untracked().is_some_and(|own| (own - value).abs() > 0.1) {
                signal.set(value);
            }
        };
        set(self.scrolled, f64::from(node.scroll_top()));
        if node.client_height() > 0 {
            set(self.height, f64::from(node.client_height()));
        }
        if let Ok(Some(first)) = node.query_selector("tbody tr") {
            let height = first.get_bounding_client_rect().height();
            if height > 4.0 {
                set(self.row, height);
            }
        }
    }

    /// Height of the table's head, which lies over the rows.
    fn head(self) -> f64 {
        let head =
            self.node.try_get_untracked().flatten().and_then(|node| node.query_selector("thead tr").ok().flatten());
        head.map_or(0.0, |head| head.get_bounding_client_rect().height())
    }

    /// Brings a row into sight.
    fn show(self, at: usize) {
        let Some(node) = self.node.try_get_untracked().flatten() else { return };
        self.measure();
        let known = (self.height.try_get_untracked(), self.scrolled.try_get_untracked(), self.row.try_get_untracked());
        let (Some(height), Some(scrolled), Some(row)) = known else { return };
        let to = scrolled_to(at, scrolled, (height, self.head()), row);
        node.set_scroll_top(to.round() as i32);
        self.scrolled.set(f64::from(node.scroll_top()));
    }
}

#[component]
pub(in super::super) fn GeneTable() -> impl IntoView {
    let store = use_store();
    let order = Memo::new(move |_| store.state.with(|state| order_of(&state.parts)));
    let cuts = cuts(store);
    let found = Memo::new(move |_| {
        let (Some(table), Some(card)) = (store.shifts.get(), store.card.get()) else { return Arc::default() };
        let measured = store.measured.get();
        Arc::new(rows(&columns(&table, &card, measured.as_deref()), order.get(), &cuts.get()))
    });
    let about = move || {
        store.shifts.get().map_or_else(String::new, |table| {
            let counted = sides::of(store.shown.get()).counted(table.cells);
            let [base, moved] = sides::of(store.shown.get()).cells;
            format!(
                "{counted}{}; log2 fold change of means, Mann-Whitney p, Benjamini-Hochberg q. {}",
                store.ahead.ending(),
                new_and_gone(base, moved)
            )
        })
    };
    let told = move || {
        let (Some(table), Some(card)) = (store.shifts.get(), store.card.get()) else { return String::new() };
        let columns = columns(&table, &card, None);
        let absent = (0..columns.len()).filter(|gene| !columns.is_counted(*gene)).count();
        let passing = match found.with(|found| found.len()) {
            0 => "No gene passes these cuts.".to_owned(),
            passing => format!("Rows: {passing}"),
        };
        // How many genes moved is said by the verdict above.
        match store.ahead.listed_words() {
            Some(words) => format!("{words} {passing}"),
            None => format!("Of {} genes {absent} are in no generated cell. {passing}", columns.len()),
        }
    };
    let lacking = move || {
        filters::told(store).into_iter().map(|words| view! { <p class="missing">{words}</p> }).collect::<Vec<_>>()
    };
    view! {
        <Filters/>
        <div role="status" data-testid="missing-genes">{lacking}</div>
        <div class="bar"><p class="note" role="status" data-testid="shifts-count">{told}</p><Save/></div>
        <Rows found order/>
        <p class="note" id="shifts-about">{about}</p>
        <HandOut/>
    }
}

/// Head of the column of cells that the generated ones are held against.
fn truth(store: crate::ui::state::store::Store) -> &'static str {
    let card = store.card.get().unwrap_or_default();
    let shown = store.shown.get();
    match store.with_results(|state| origin::of_comparison(&card, state, shown)) {
        Origin::Measured => "measured Δ",
        Origin::SemiSynthetic => "semi-synthetic Δ",
        Origin::Synthetic => "synthetic Δ",
    }
}

/// The rows in sight.
#[component]
fn Rows(found: Memo<Arc<Vec<usize>>>, order: Memo<Order>) -> impl IntoView {
    let store = use_store();
    let view = View::new();
    let size = resized();
    let at = RwSignal::new(None::<usize>);
    let seen = Memo::new(move |_| {
        window_of(view.scrolled.get(), view.height.get() - USUAL_ROW, view.row.get(), found.with(|found| found.len()))
    });
    let places = Memo::new(move |_| {
        let Window { first, end, .. } = seen.get();
        // Rows are made anew when their numbers are.
        let version = store.shifts.with(|table| table.as_ref().map_or(0, |table| Arc::as_ptr(table) as usize));
        let measured = store.measured.with(Option::is_some);
        found.with(|found| {
            let own = found.iter().enumerate().take(end).skip(first);
            own.map(|(position, gene)| Place { gene: *gene, position, version, measured }).collect::<Vec<_>>()
        })
    });
    // Sizes are known once rows stand in the document.
    Effect::new(move |_| {
        size.get();
        places.with(Vec::len);
        request_animation_frame(move || view.measure());
    });
    // A gene that was chosen elsewhere comes into sight; one that the address brought leaves the table at its top.
    Effect::new(move |before: Option<Option<String>>| {
        let gene = chosen(store);
        if before.is_some_and(|before| before != gene) {
            let (found, card) = (found.get_untracked(), store.card.get_untracked());
            let is_chosen = |own: &usize| card.as_ref().and_then(|card| card.genes.get(*own)) == gene.as_ref();
            let place = found.iter().position(is_chosen);
            if place.is_some() && at.get_untracked() != place {
                at.set(place);
                request_animation_frame(move || place.into_iter().for_each(|place| view.show(place)));
            }
        }
        gene
    });
    // Another order begins at its top.
    Effect::new(move |before: Option<Order>| {
        let order = order.get();
        if before.is_some_and(|before| before != order) {
            at.set(None);
            view.show(0);
        }
        order
    });
    let keys = move |event: KeyboardEvent| keys(&event, store, view, at, &found.get_untracked());
    let active = move || {
        let row = at.get().and_then(|at| places.with(|places| places.iter().find(|own| own.position == at).copied()));
        row.map(|place| format!("shift-{}", place.gene))
    };
    let has_measured = move || store.measured.with(Option::is_some);
    let heads = move || {
        let shown = HEADS.into_iter().filter(|(column, _, _)| has_measured() || *column != Column::Measured);
        let sides = sides::of(store.shown.get());
        let named = |(column, name, about): (Column, &'static str, &'static str)| match column {
            Column::Control => {
                (column, sides.short[0], format!("Mean normalised counts of generated {}", sides.cells[0]))
            }
            Column::Perturbed => {
                (column, sides.short[1], format!("Mean normalised counts of generated {}", sides.cells[1]))
            }
            Column::Measured => (
                column,
                truth(store),
                format!("Difference of mean log(1 + x) expression of {} cells", truth(store).trim_end_matches(" Δ")),
            ),
            _ => (column, name, about.to_owned()),
        };
        shown.map(named).map(|(column, name, about)| view! { <Head order column name about/> }).collect::<Vec<_>>()
    };
    let spacer = move |height: fn(Window) -> f64| move || format!("{}px", height(seen.get()));
    view! {
        <div class="scroll shifts" node_ref=view.node on:scroll=move |_| view.measure()>
            <table role="grid" tabindex="0" aria-label="Shifted genes; arrow keys move, Enter chooses" data-testid="shifts-table"
                aria-describedby="shifts-about" aria-rowcount=move || found.with(|found| found.len() + 1)
                aria-activedescendant=active on:keydown=keys>
                <thead>
                    <tr aria-rowindex="1">{heads}</tr>
                    <tr class="spacer" aria-hidden="true"><td style:height=spacer(|seen| seen.above)></td></tr>
                </thead>
                <tbody>
                    <For each=move || places.get() key=|place| *place children=move |place| view! { <Row place at/> }/>
                </tbody>
                <tfoot><tr class="spacer" aria-hidden="true"><td style:height=spacer(|seen| seen.below)></td></tr></tfoot>
            </table>
        </div>
    }
}

/// The head of a column; a click sorts by it, another the other way round.
#[component]
fn Head(order: Memo<Order>, column: Column, name: &'static str, about: String) -> impl IntoView {
    let store = use_store();
    let sorted = move || match order.get() {
        Order { column: own, descending } if own == column && descending => "descending",
        Order { column: own, .. } if own == column => "ascending",
        _ => "none",
    };
    view! {
        <th scope="col" aria-sort=sorted title=about class:interval=column == Column::Difference>
            <button class="sort" data-testid=format!("sort-{column:?}").to_lowercase()
                on:click=move |_| keep(store, SORT, order_text(order.get_untracked().clicked(column)))>
                {name}<span class="way" aria-hidden="true"></span>
            </button>
        </th>
    }
}

/// Arrow and page keys move the row, Enter chooses its gene.
fn keys(
    event: &KeyboardEvent,
    store: crate::ui::state::store::Store,
    view: View,
    at: RwSignal<Option<usize>>,
    found: &[usize],
) {
    let target = event.target().and_then(|target| target.dyn_into::<web_sys::Element>().ok());
    let within = |selector: &str| target.as_ref().is_some_and(|own| own.closest(selector).ok().flatten().is_some());
    // Heads are buttons with keys of their own.
    if within("thead") {
        return;
    }
    if event.key() == "Enter" && !within("button") {
        let gene = at.get_untracked().and_then(|at| found.get(at).copied());
        if let Some((gene, card)) = gene.zip(store.card.get_untracked()) {
            event.prevent_default();
            choose(store, &card.genes[gene]);
        }
        return;
    }
    view.measure();
    let page = ((view.height.get_untracked() - view.head()) / view.row.get_untracked().max(1.0)) as usize;
    if let Some(next) = moved(&event.key(), at.get_untracked(), found.len(), page) {
        event.prevent_default();
        at.set(Some(next));
        view.show(next);
    }
}
