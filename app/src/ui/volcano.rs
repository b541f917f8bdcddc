//! The volcano, or the MA plot, as a gene picker.
//!
//! Does: draws the shifts against their certainty or the genes' means, chooses the gene under a click, moves along the strongest genes with the
//! arrow keys; exports SVG.
//! Does not know: how shifts were tested.
//! Flow: store's shifts → **canvas** → chosen gene.

use leptos::html::Canvas;
use leptos::prelude::*;
use plots::Frame;
use plots::volcano::{Against, Shifts, draw, nearest};

use super::canvas::{export_theme, pointer, resized, surface, theme};
use super::download::text_file;
use super::store::{ShiftTable, Store};
use super::use_store;

/// FDR and |log2 fold change| of the cut-off lines.
const CUTS: (f64, f64) = (0.05, 0.5);

/// What fold changes are shown against.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Axis {
    /// How sure they are.
    Significance,
    /// How much there is of a gene.
    Expression,
}

/// Mean over both sides of every gene.
fn means(table: &ShiftTable) -> Vec<f64> {
    table.control.iter().zip(&table.perturbed).map(|(control, perturbed)| 0.5 * (control + perturbed)).collect()
}

/// The figure's view of a table; `means` are those of the table.
fn figure<'a>(
    table: &'a ShiftTable,
    means: &'a [f64],
    genes: &'a [String],
    (axis, selected): (Axis, Option<usize>),
) -> Shifts<'a> {
    let against = if axis == Axis::Expression { Against::Expression(means) } else { Against::Significance };
    let (q_cut, change_cut) = CUTS;
    Shifts { genes, log2_fold_change: &table.change, q: &table.q, q_cut, change_cut, selected, against }
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
    let (axis, set_axis) = signal(Axis::Significance);
    Effect::new(move |_| {
        size.get();
        node.get();
        let theme = theme(store);
        let (Some(table), Some(card)) = (store.shifts.get(), store.card.get()) else { return };
        let chosen = selected(store, &card.genes);
        let Some(area) = surface(node, theme.scale) else { return };
        match draw(&area, &theme, &figure(&table, &means(&table), &card.genes, (axis.get(), chosen))) {
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
        let means = means(&table);
        let figure = figure(&table, &means, &card.genes, (axis.get_untracked(), None));
        if let Some(gene) = nearest(&frame, &figure, pointer(&event, scale), within) {
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
        let figure = if axis.get() == Axis::Expression { "MA plot" } else { "Volcano" };
        format!("{figure} of gene shifts: {shifted} genes with q below {}.{chosen} Arrow keys move along them.", CUTS.0)
    };
    let save = move |_| {
        let (Some(table), Some(card)) = (store.shifts.get_untracked(), store.card.get_untracked()) else { return };
        let shown = (axis.get_untracked(), untrack(|| selected(store, &card.genes)));
        let (title, file) = match shown.0 {
            Axis::Significance => ("Volcano", "wellplate-volcano.svg"),
            Axis::Expression => ("MA plot", "wellplate-ma.svg"),
        };
        let svg = plots::svg::render((640, 480), title, &untrack(words), |area| {
            draw(area, &export_theme(), &figure(&table, &means(&table), &card.genes, shown)).map(|_| ())
        });
        match svg {
            Ok(svg) => text_file(file, "image/svg+xml", &svg),
            Err(error) => store.alert.set(Some(error.to_string())),
        }
    };
    let choice = move |own: Axis, name: &'static str, about: &'static str, id: &'static str| {
        let pressed = move || if axis.get() == own { "true" } else { "false" };
        view! { <button class="choice" title=about data-testid=id aria-pressed=pressed on:click=move |_| set_axis.set(own)>{name}</button> }
    };
    view! {
        <div class="bar">
            <div class="choices" role="group" aria-label="Fold changes against">
                {choice(Axis::Significance, "Volcano", "Fold change against how sure it is", "view-volcano")}
                {choice(Axis::Expression, "MA plot", "Fold change against how much there is of the gene", "view-ma")}
            </div>
            <button class="quiet" data-testid="save-volcano" on:click=save>"SVG"</button>
        </div>
        <canvas class="volcano" node_ref=node tabindex="0" role="img" aria-label=words data-testid="volcano" on:click=pick on:keydown=keys></canvas>
    }
}
