//! The map as a file.
//!
//! Does: draws what is shown (view, colours, legend) once more as a figure, into an SVG or, at twice the pixels, a PNG.
//! Does not know: pointers; benchmark points are left out.
//! Flow: scene → `plots::map` → **file**.

use leptos::prelude::*;
use leptos::web_sys::HtmlCanvasElement;
use plots::Theme;
use plots::frame::{Area, Marker, titled};
use plots::map::{Cells, Name, Seen, draw_seen, frame_around};
use plotters::prelude::{DrawingBackend, IntoDrawingArea};
use plotters::style::RGBColor;
use plotters_canvas::CanvasBackend;
use wasm_bindgen::JsCast;

use super::board::Board;
use super::scene::{Layer, palette};
use crate::map_view::LayerId;
use crate::map_view::colour::{HIDDEN, PLACE};
use crate::ui::effects::download::{png_canvas, text_file};
use crate::ui::widgets::canvas::export_theme;

/// Size of the figure.
const SIZE: (u32, u32) = (720, 640);

/// What the generated cells are of; empty where there are none.
fn of(board: Board) -> String {
    untrack(|| if board.store.control.with(Vec::is_empty) { String::new() } else { board.store.cells_words() })
}

/// Draws what is shown onto a surface, below the condition of the generated cells.
fn figure<DB: DrawingBackend>(board: Board, whole: &Area<DB>, theme: &Theme) -> Result<(), plots::PlotError> {
    let of = of(board);
    let below = if of.is_empty() { None } else { Some(titled(whole, theme, &format!("Generated: {of}"))?) };
    let area = below.as_ref().unwrap_or(whole);
    let legend = board.legend.get_untracked();
    let gene = board.gene.get_untracked().unwrap_or_default();
    let colours = palette(theme);
    board.scene.with_value(|scene| {
        let colour = |code: &u32| {
            let own = colours.get((code & PLACE) as usize).copied().unwrap_or(theme.faint);
            (code & HIDDEN == 0).then_some(own)
        };
        let shown: Vec<&Layer> = scene.layers.iter().filter(|layer| layer.id != LayerId::Benchmark).collect();
        let of_layers: Vec<Vec<Option<RGBColor>>> =
            shown.iter().map(|layer| layer.codes.iter().map(colour).collect()).collect();
        let cells: Vec<Cells<'_>> = shown
            .iter()
            .zip(&of_layers)
            .map(|(layer, colours)| Cells {
                marker: Layer::marker(layer.id),
                radius: Layer::radius(layer.id) * scene.growth(),
                points: &layer.points,
                colours,
            })
            .collect();
        let names: Vec<Name> = scene.names.iter().map(|(text, at)| Name { text: text.clone(), at: *at }).collect();
        let lines = legend.categories.iter().filter(|line| line.layer != Some(LayerId::Benchmark));
        let entries: Vec<(Marker, RGBColor, String)> = lines
            .map(|line| {
                let colour = line.place.and_then(|place| colours.get(place as usize)).copied().unwrap_or(theme.ink);
                let marker = line.layer.map_or(Marker::Disc, Layer::marker);
                (marker, colour, format!("{}, {} cells", line.name, line.cells))
            })
            .collect();
        let scale = legend
            .scale
            .map(|(low, high)| (format!("{gene}, log(1 + x) of normalised counts"), f64::from(low), f64::from(high)));
        let span = (scene.size.0 * scene.view.unit, scene.size.1 * scene.view.unit);
        let frame = frame_around(area, theme, scene.view.centre, span);
        draw_seen(area, theme, &frame, &Seen { cells: &cells, names: &names, legend: &entries, scale })
    })
}

/// Hands out the SVG.
fn save_svg(board: Board) {
    let words = untrack(|| super::words::words(board));
    let of = of(board);
    let title = if of.is_empty() { "Map of cells".to_owned() } else { format!("Map of cells. Generated: {of}") };
    match plots::svg::render(SIZE, &title, &words, |area| figure(board, area, &export_theme())) {
        Ok(svg) => text_file("wellplate-map.svg", "image/svg+xml", &svg),
        Err(error) => board.store.alert.set(Some(error.to_string())),
    }
}

/// A canvas with the figure at twice its size.
fn picture(board: Board) -> Result<HtmlCanvasElement, String> {
    let missing = || "This browser gives no canvas to draw the picture on.".to_owned();
    let canvas: HtmlCanvasElement =
        document().create_element("canvas").ok().and_then(|element| element.dyn_into().ok()).ok_or_else(missing)?;
    canvas.set_width(2 * SIZE.0);
    canvas.set_height(2 * SIZE.1);
    let area = CanvasBackend::with_canvas_object(canvas.clone()).ok_or_else(missing)?.into_drawing_area();
    figure(board, &area, &Theme::light(2.0)).map_err(|error| error.to_string())?;
    Ok(canvas)
}

/// Hands out the PNG.
fn save_png(board: Board) {
    let refused = |()| "The browser could not write the picture; save the SVG instead.".to_owned();
    let saved = picture(board).and_then(|canvas| png_canvas("wellplate-map.png", &canvas).map_err(refused));
    if let Err(sentence) = saved {
        board.store.alert.set(Some(sentence));
    }
}

#[component]
pub(super) fn Exports(board: Board) -> impl IntoView {
    view! {
        <span class="choices">
            <button class="quiet" data-testid="save-map" on:click=move |_| save_svg(board)>"SVG"</button>
            <button class="quiet" data-testid="save-map-png" on:click=move |_| save_png(board)>"PNG"</button>
        </span>
    }
}
