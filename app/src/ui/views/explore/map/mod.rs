//! The map of cells.
//!
//! Does: puts the map's parts together: progress, tools, the two canvases, tooltip, legend, selection, exports.
//! Does not know: how coordinates were made.
//! Flow: store → **map** → selection in the store.

mod adapter;
mod board;
mod copy;
mod export;
mod gpu;
mod layers;
mod legend;
mod pointer;
mod progress;
mod renderer;
mod scene;
mod select;
mod surface;
mod words;

use leptos::prelude::*;

use super::precomputed::Precomputed;
use crate::map_view::LayerId;
use crate::ui::state::store::use_store;
use board::Board;
use pointer::{Hands, Mode, ZOOM};
use renderer::Renderer;

#[component]
pub(super) fn MapPanel() -> impl IntoView {
    let board = Board::new(use_store());
    let hands = Hands::new(board);
    view! {
        <section class="panel map" aria-labelledby="map-title">
            <div class="bar">
                <h2 id="map-title">"Map"</h2>
                <export::Exports board/>
            </div>
            <div class="map-status"><progress::Progress/><Precomputed/></div>
            <Tools board hands/>
            <Stage board hands/>
            <legend::LegendList board/>
            <select::Selecting board/>
            <About board/>
        </section>
    }
}

/// What colours the cells, what dragging does, zoom.
#[component]
fn Tools(board: Board, hands: Hands) -> impl IntoView {
    let options = move || {
        let gene = board.gene.get().map_or_else(|| "Gene (choose one)".to_owned(), |gene| format!("Gene {gene}"));
        let of_labels = board.labels.get().into_iter().map(|label| (label.key, label.title));
        let all = [("scenario".to_owned(), "Scenario".to_owned())]
            .into_iter()
            .chain(of_labels)
            .chain([("gene".to_owned(), gene)]);
        all.map(|(key, name)| {
            let own = key.clone();
            view! { <option value=key selected=move || board.colour.get() == own>{name}</option> }
        })
        .collect::<Vec<_>>()
    };
    let mode = move |own: Mode, name: &'static str, id: &'static str, why: &'static str| {
        view! {
            <button class="choice" data-testid=id title=why aria-pressed=move || (hands.mode.get() == own).to_string()
                on:click=move |_| hands.mode.set(own)>{name}</button>
        }
    };
    view! {
        <div class="map-tools">
            <label class="inline">"Colour by "
                <select data-testid="map-colour" on:change=move |event| board.colour_by(&event_target_value(&event))>{options}</select>
            </label>
            <div class="choices" role="group" aria-label="What dragging does">
                {mode(Mode::Pan, "Pan", "map-pan", "Drag to move the map")}
                {mode(Mode::Box, "Box", "map-box", "Drag a box around cells to select them; so does Shift with dragging")}
                {mode(Mode::Lasso, "Lasso", "map-lasso", "Draw a line around cells to select them")}
            </div>
            <div class="choices" role="group" aria-label="Zoom">
                <button class="choice" data-testid="map-out" aria-label="Zoom out" on:click=move |_| hands.zoom(1.0 / ZOOM)>"−"</button>
                <button class="choice" data-testid="map-in" aria-label="Zoom in" on:click=move |_| hands.zoom(ZOOM)>"+"</button>
                <button class="choice" data-testid="map-fit" on:click=move |_| hands.fit()>"Fit"</button>
            </div>
        </div>
    }
}

/// The two canvases: WebGPU's below, the 2D one above; and the tooltip.
#[component]
fn Stage(board: Board, hands: Hands) -> impl IntoView {
    let store = board.store;
    let counts = move || (store.control.with(Vec::len) / 2, store.perturbed.with(Vec::len) / 2);
    let tip = move || {
        board.tip.get().map(|tip| {
            // On the left half the tooltip opens to the right, on the right half to the left.
            let left = board.scene.with_value(|scene| tip.at.0 < 0.5 * scene.size.0);
            let x = if left { tip.at.0 + 12.0 } else { tip.at.0 - 12.0 };
            view! {
                <div class="map-tip" class:leftwards=!left data-testid="map-tip" aria-hidden="true"
                    style:left=format!("{x}px") style:top=format!("{}px", tip.at.1)>{tip.words}</div>
            }
        })
    };
    let loaded = move || store.reference.with(|points| points.is_empty()) && store.card.with(Option::is_some);
    view! {
        <div class="map-stage" class:grabs=move || hands.mode.get() == Mode::Pan>
            <canvas class="below" node_ref=board.below aria-hidden="true"
                hidden=move || board.renderer.with(|renderer| matches!(renderer, Renderer::Canvas | Renderer::Without(_)))></canvas>
            <canvas node_ref=board.canvas tabindex="0" role="application" aria-roledescription="map"
                aria-label=move || words::words(board) aria-describedby="map-keys" data-testid="map"
                data-control=move || counts().0 data-points=move || counts().0 + counts().1
                data-renderer=move || board.renderer.with(Renderer::key)
                data-colour=move || board.colour.get()
                on:pointerdown=move |event| hands.press(&event) on:pointermove=move |event| hands.drag(&event)
                on:pointerup=move |event| hands.release(&event, true) on:pointercancel=move |event| hands.release(&event, false)
                on:pointerleave=move |_| board.point_at(None)
                on:wheel=move |event| hands.wheel(&event) on:dblclick=move |_| hands.fit()
                on:keydown=move |event| hands.key(&event)></canvas>
            {tip}
            <p class="map-empty" hidden=move || !loaded()>"This model comes without measured cells, so there is no map to place cells on."</p>
        </div>
        <p class="visually-hidden" aria-live="polite" data-testid="map-spoken">{move || board.spoken.get()}</p>
    }
}

/// How to read the map, its keys, and who draws it.
#[component]
fn About(board: Board) -> impl IntoView {
    let benchmark = move || {
        board.load.get().map(|_| {
            let name = layers::name(LayerId::Benchmark, None, None);
            view! { <p class="seen extrapolated" data-testid="map-benchmark">{format!("{name}: the address asks for them (map.load), to measure how fast the map is drawn. They repeat the measured cells with jitter.")}</p> }
        })
    };
    view! {
        {benchmark}
        <p class="note">"UMAP of the cells in grey, without axes; generated cells are placed among their nearest neighbours in grey. Distances between far groups mean little."</p>
        <details class="map-about">
            <summary data-testid="map-about">"Keys and drawing"</summary>
            <p class="note" id="map-keys">"On the focused map: arrow keys move, + and − zoom, 0 fits, n and p step through the selected cells, Escape ends. Drag to move (on a touch screen with two fingers; one scrolls the page), wheel or pinch to zoom, double-click to fit, Shift and drag to select a box; Control adds to the selection."</p>
            <p class="note" data-testid="map-renderer">{move || board.renderer.with(Renderer::words)}</p>
        </details>
    }
}
