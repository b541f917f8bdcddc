//! Predicted cells on the map.
//!
//! Does: a layer of their own, lines from each measured cell to its predicted one.
//! Does not know: the other layers, canvases.
//! Flow: store's predicted cells → **layer, lines** → map.

use leptos::prelude::*;
use plots::frame::{Area, Marker};
use plots::{Frame, Theme};
use plotters::element::PathElement;
use plotters::prelude::DrawingBackend;
use plotters::style::Color;

use super::super::layers::OwnLayer;
use super::asked::under;
use crate::ui::state::store::{Store, use_store};

/// The predicted cells; none while there are none.
pub(in super::super) fn predicted(store: Store, theme: &Theme) -> Option<OwnLayer> {
    let cells = store.data.what_if.cells.get();
    (!cells.is_empty()).then(|| OwnLayer {
        name: format!("predicted: your cells under {}", under(store)),
        // Ink is no category's colour, in either theme.
        colour: theme.ink,
        marker: Marker::Diamond,
        points: cells.to_vec(),
        cells: cells.len() / 2,
    })
}

/// Cells that are predicted so far.
pub(in super::super) fn count(store: Store) -> usize {
    store.data.what_if.cells.with(|cells| cells.len()) / 2
}

/// Ends of the lines from measured to predicted cells; none unless they are asked for.
pub(in super::super) fn lines(store: Store) -> Vec<[f32; 4]> {
    let own = store.data.what_if;
    if !own.lines.get() {
        return Vec::new();
    }
    let (places, origins) = (store.data.places.get(), own.origins.get());
    own.cells.with(|cells| {
        let pairs = cells.chunks_exact(2).zip(origins.iter());
        let ends = |(to, from): (&[f32], &usize)| {
            let from = places.get(2 * from..2 * from + 2)?;
            Some([from[0], from[1], to[0], to[1]]).filter(|ends| ends.iter().all(|end| end.is_finite()))
        };
        pairs.filter_map(ends).collect()
    })
}

/// Draws the lines, below the cells.
pub(in super::super) fn draw<DB: DrawingBackend>(area: &Area<DB>, theme: &Theme, frame: &Frame, lines: &[[f32; 4]]) {
    let style = theme.faint.mix(0.45).stroke_width(theme.px(1.0).max(1) as u32);
    for [x, y, to_x, to_y] in lines {
        let ends = [(x, y), (to_x, to_y)].map(|(x, y)| frame.pixel((*x).into(), (*y).into()));
        // A line that cannot be drawn takes nothing away: its cells are drawn by themselves.
        let _ = area.draw(&PathElement::new(ends.to_vec(), style));
    }
}

/// The switch for the lines.
#[component]
pub(in super::super) fn Lines() -> impl IntoView {
    let store = use_store();
    let lines = store.data.what_if.lines;
    view! {
        <button class="toggle" role="switch" data-testid="predict-lines" hidden=move || count(store) == 0
            aria-checked=move || lines.get().to_string() on:click=move |_| lines.update(|on| *on = !*on)>
            <span class="knob" aria-hidden="true"></span>"Join each predicted cell with its measured one"
        </button>
    }
}
