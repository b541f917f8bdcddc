//! The volcano as a gene picker.
//!
//! Does: draws the shifts, chooses the gene under a click, moves along the strongest genes with the
//! arrow keys; exports SVG.
//! Does not know: how shifts were tested.
//! Flow: store's shifts → **canvas** → chosen gene.

use leptos::html::Canvas;
use leptos::prelude::*;
use plots::Frame;
use plots::volcano::{Shifts, draw, nearest};

use super::canvas::{export_theme, pointer, resized, surface, theme};
use super::download::text_file;
use super::store::{ShiftTable, Store};
use super::use_store;

/// FDR and |log2 fold change| of the cut-off lines.
const CUTS: (f64, f64) = (0.05, 0.5);

/// The figure's view of a table.
fn figure<'a>(table: &'a ShiftTable, genes: &'a [String], selected: Option<usize>) -> Shifts<'a> {
    Shifts { genes, log2_fold_change: &table.change, q: &table.q, q_cut: CUTS.0, change_cut: CUTS.1, selected }
}

/// Place of the chosen gene.
fn selected(store: Store, genes: &[String]) -> Option<usize> {
    let gene = store.state.with(|state| state.gene.clone())?;
    genes.iter().position(|name| *name == gene)
}

/// The next gene by strength.
fn neighbour(store: Store, step: isize) {
    let (Some(table), Some(card)) = (store.shifts.get_untracked(), store.card.get_untracked()) else { return };
    let mut order: Vec<usize> = (0..table.q.len()).filter(|gene| table.q[*gene] < CUTS.0).collect();
    order.sort_by(|a, b| table.q[*a].total_cmp(&table.q[*b]).then(a.cmp(b)));
    if order.is_empty() {
        return;
    }
    let now = untrack(|| selected(store, &card.genes)).and_then(|gene| order.iter().position(|other| *other == gene));
    let next = now.map_or(0, |now| (now as isize + step).rem_euclid(order.len() as isize) as usize);
    let gene = card.genes[order[next]].clone();
    store.change(|state| state.gene = Some(gene));
}

#[component]
pub(super) fn Volcano() -> impl IntoView {
    let store = use_store();
    let node = NodeRef::<Canvas>::new();
    let frame: StoredValue<Option<Frame>> = StoredValue::new(None);
    let size = resized();
    Effect::new(move |_| {
        size.get();
        node.get();
        let theme = theme(store);
        let (Some(table), Some(card)) = (store.shifts.get(), store.card.get()) else { return };
        let chosen = selected(store, &card.genes);
        let Some(area) = surface(node, theme.scale) else { return };
        match draw(&area, &theme, &figure(&table, &card.genes, chosen)) {
            Ok(drawn) => frame.set_value(Some(drawn)),
            Err(error) => store.alert.set(Some(error.to_string())),
        }
    });
    let pick = move |event: web_sys::MouseEvent| {
        let (Some(frame), Some(table), Some(card)) =
            (frame.get_value(), store.shifts.get_untracked(), store.card.get_untracked())
        else {
            return;
        };
        let scale = window().device_pixel_ratio().clamp(1.0, 3.0);
        let within = (14.0 * scale) as i32;
        if let Some(gene) = nearest(&frame, &figure(&table, &card.genes, None), pointer(&event, scale), within) {
            store.change(|state| state.gene = Some(card.genes[gene].clone()));
        }
    };
    let keys = move |event: web_sys::KeyboardEvent| {
        let step = match event.key().as_str() {
            "ArrowRight" | "ArrowDown" => 1,
            "ArrowLeft" | "ArrowUp" => -1,
            _ => return,
        };
        event.prevent_default();
        neighbour(store, step);
    };
    let words = move || {
        let shifted = store.shifts.get().map_or(0, |table| table.q.iter().filter(|q| **q < CUTS.0).count());
        let chosen =
            store.state.with(|state| state.gene.clone()).map_or_else(String::new, |gene| format!(" Chosen: {gene}."));
        format!("Volcano of gene shifts: {shifted} genes with q below {}.{chosen} Arrow keys move along them.", CUTS.0)
    };
    let save = move |_| {
        let (Some(table), Some(card)) = (store.shifts.get_untracked(), store.card.get_untracked()) else { return };
        let chosen = untrack(|| selected(store, &card.genes));
        let svg = plots::svg::render((640, 480), "Volcano", &untrack(words), |area| {
            draw(area, &export_theme(), &figure(&table, &card.genes, chosen)).map(|_| ())
        });
        match svg {
            Ok(svg) => text_file("wellplate-volcano.svg", "image/svg+xml", &svg),
            Err(error) => store.alert.set(Some(error.to_string())),
        }
    };
    view! {
        <div class="bar"><h3>"Volcano"</h3><button class="quiet" data-testid="save-volcano" on:click=save>"SVG"</button></div>
        <canvas class="volcano" node_ref=node tabindex="0" role="img" aria-label=words data-testid="volcano" on:click=pick on:keydown=keys></canvas>
    }
}
