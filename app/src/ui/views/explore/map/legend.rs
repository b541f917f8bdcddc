//! The legend of the map.
//!
//! Does: names colours and shapes, shows the scale with its unit and ends, hides and shows kinds.
//! Does not know: how points get their colours.
//! Flow: board's legend → **list** → what is hidden.

use leptos::prelude::*;
use plots::frame::Marker;
use plotters::style::RGBColor;

use super::board::Board;
use super::scene::Layer;
use super::surface::css;
use crate::choices::perturbation;
use crate::map_view::LayerId;
use crate::map_view::colour::{Category, STEPS};
use crate::origin::map_word;
use crate::protocol::card::Card;

/// Class of a shape.
fn shape(layer: Option<LayerId>) -> &'static str {
    match layer.map(Layer::marker) {
        None => "swatch kind",
        Some(Marker::Triangle) => "swatch triangle",
        Some(Marker::Square) => "swatch square",
        Some(Marker::Diamond) => "swatch diamond",
        Some(_) => "swatch disc",
    }
}

#[component]
pub(super) fn LegendList(board: Board) -> impl IntoView {
    let colours = move || {
        // The theme decides on the colours.
        board.store.dark.get();
        super::scene::palette(&untrack(|| crate::ui::widgets::canvas::theme(board.store)))
    };
    let lines = move || {
        let palette = colours();
        let categories = board.legend.with(|legend| legend.categories.clone());
        categories
            .into_iter()
            .map(|category| view! { <Line board category palette=palette.clone()/> })
            .collect::<Vec<_>>()
    };
    let shapes = move || {
        let shared = board.legend.with(|legend| legend.categories.iter().any(|line| line.layer.is_none()));
        let generated = board.store.control.with(|points| !points.is_empty());
        (shared && generated).then(|| board.store.card.with(|card| card.as_ref().map(|card| shapes_of(card)))).flatten()
    };
    view! {
        <Scale board/>
        <ul class="legend" data-testid="map-legend" aria-label="Legend; each button hides or shows its cells">{lines}</ul>
        <p class="note" hidden=move || shapes().is_none()>{move || shapes().unwrap_or_default()}</p>
    }
}

/// What shapes of points mean.
fn shapes_of(card: &Card) -> String {
    let (measured, changed) = (map_word(card), perturbation(card).is_some());
    let generated = if changed {
        "large discs: generated control; triangles: generated perturbed"
    } else {
        "large discs: generated"
    };
    format!("Small discs: {measured}; {generated}.")
}

/// A kind with its colour; a click hides or shows it.
#[component]
fn Line(board: Board, category: Category, palette: Vec<RGBColor>) -> impl IntoView {
    let key = StoredValue::new(category.key.clone());
    let shown = move || !board.hidden.with(|hidden| key.with_value(|key| hidden.contains(key)));
    let switch = move |_| {
        board.hidden.update(|hidden| {
            let key = key.get_value();
            if !hidden.remove(&key) {
                hidden.insert(key);
            }
        });
    };
    let colour = category
        .place
        .and_then(|place| palette.get(place as usize))
        .map_or_else(|| "currentColor".to_owned(), |c| css(*c));
    view! {
        <li>
            <button class="legend-line" data-testid="map-kind" aria-pressed=move || shown().to_string() on:click=switch>
                <span class=shape(category.layer) style:background-color=colour aria-hidden="true"></span>
                {format!("{} ({})", category.name, category.cells)}
            </button>
        </li>
    }
}

/// The scale of a gene's values, or why there is none.
#[component]
fn Scale(board: Board) -> impl IntoView {
    let by_gene = move || board.colour.get() == "gene";
    let gradient = move || {
        board.store.dark.get();
        let palette = super::scene::palette(&untrack(|| crate::ui::widgets::canvas::theme(board.store)));
        let steps: Vec<String> =
            STEPS.step_by(9).filter_map(|place| palette.get(place as usize)).map(|colour| css(*colour)).collect();
        format!("linear-gradient(to right, {})", steps.join(", "))
    };
    let ends = move || board.legend.with(|legend| legend.scale);
    let words = move || match (board.gene.get(), ends()) {
        (None, _) => "Choose a gene in the table, the volcano or the violins to colour cells by it.".to_owned(),
        (Some(_), None) if board.store.ahead.is_shown() => {
            "The precomputed result holds no values of single cells: press Generate to colour them.".to_owned()
        }
        (Some(gene), None) => format!("Values of {gene} come when a run is finished."),
        (Some(gene), Some(_)) => format!(
            "{gene}, log(1 + x) of normalised counts. Measured cells stay grey: the bundle holds no values of single measured cells."
        ),
    };
    let end =
        move |high: bool| ends().map(|(low, top)| format!("{:.1}", if high { top } else { low })).unwrap_or_default();
    view! {
        <div class="map-scale" data-testid="map-scale" hidden=move || !by_gene()>
            <span hidden=move || ends().is_none()>{move || end(false)}</span>
            <span class="gradient" aria-hidden="true" style:background-image=gradient hidden=move || ends().is_none()></span>
            <span hidden=move || ends().is_none()>{move || end(true)}</span>
            <span class="note">{words}</span>
        </div>
    }
}
