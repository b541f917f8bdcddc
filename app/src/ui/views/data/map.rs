//! The model's map with the visitor's cells on it.
//!
//! Does: draws measured cells in grey and the visitor's on top, a slice at a time; colours them; makes groups from a box
//! or a line drawn with the pointer (by label it goes without one).
//! Does not know: how cells were placed.
//! Flow: store's places and colours → **canvas**; a drawn line → worker.

use std::sync::Arc;

use gloo::timers::callback::Timeout;
use leptos::html::Canvas;
use leptos::prelude::*;
use plots::map::{Layer, Name, add, frame, reference};
use plots::{Frame, Theme};
use plotters::element::PathElement;
use plotters::style::Color;
use web_sys::PointerEvent;

use super::groups::SIDES;
use super::layers::{MOST_DRAWN, OwnLayer, layers, meaning};
use super::what_if::layer;
use crate::own_data::thousands;
use crate::protocol::data::{Ask, Colour, Cut};
use crate::ui::effects::data::{ask, colour};
use crate::ui::effects::download::text_file;
use crate::ui::state::store::{Store, use_store};
use crate::ui::widgets::canvas::{again, export_theme, pointer, resized, surface, theme};
use crate::ui::widgets::gene_options;

/// Points drawn between two looks at the person.
const SLICE: usize = 400;

/// How a group is drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Tool {
    Box,
    Lasso,
}

/// Names of the measured groups.
fn names(store: Store) -> Vec<Name> {
    store.names.with(|names| names.iter().map(|name| Name { text: name.text.clone(), at: name.at }).collect())
}

/// The layers as they are now.
fn now(store: Store, theme: &Theme) -> Vec<OwnLayer> {
    let coloured = store.data.coloured.get();
    let mut all = store.data.places.with(|places| layers(theme, places, coloured.as_deref()));
    all.extend(layer::predicted(store, theme));
    all
}

/// Draws one slice of one layer and leaves the rest for later; another drawing that has begun ends this one.
fn draw_on(
    store: Store,
    node: NodeRef<Canvas>,
    (turn, turns): (u32, StoredValue<u32>),
    (theme, frame): (Theme, Frame),
    mut rest: Vec<OwnLayer>,
) {
    if turns.try_get_value() != Some(turn) || rest.is_empty() {
        return;
    }
    // In turn, so that no category lies on top of all others.
    let mut layer = rest.remove(0);
    let later = layer.points.split_off(layer.points.len().min(2 * SLICE));
    let points = std::mem::replace(&mut layer.points, later);
    if let Some(area) = again(node) {
        let slice = Layer { name: "", colour: layer.colour, marker: layer.marker, points: &points };
        if let Err(error) = add(&area, &theme, &frame, &slice, 0) {
            store.alert.set(Some(error.to_string()));
            return;
        }
    }
    if !layer.points.is_empty() {
        rest.push(layer);
    }
    Timeout::new(0, move || draw_on(store, node, (turn, turns), (theme, frame), rest)).forget();
}

/// The point of the map under a pixel.
fn on_map(frame: &Frame, (x, y): (i32, i32)) -> (f32, f32) {
    let (left, top, right, bottom) = frame.pixels;
    let across = f64::from(x - left) / f64::from((right - left).max(1));
    let up = f64::from(bottom - y) / f64::from((bottom - top).max(1));
    ((frame.x.0 + across * (frame.x.1 - frame.x.0)) as f32, (frame.y.0 + up * (frame.y.1 - frame.y.0)) as f32)
}

/// Corners of what is drawn: the line itself, or the box between its ends.
fn corners(tool: Tool, line: &[(i32, i32)]) -> Vec<(i32, i32)> {
    match (tool, line) {
        (Tool::Box, [first, .., last]) => vec![*first, (last.0, first.1), *last, (first.0, last.1)],
        (Tool::Box, _) => Vec::new(),
        (Tool::Lasso, line) => line.to_vec(),
    }
}

#[component]
pub(super) fn OwnMap() -> impl IntoView {
    let store = use_store();
    let node = NodeRef::<Canvas>::new();
    let drawn: StoredValue<Option<Frame>> = StoredValue::new(None);
    let turns = StoredValue::new(0_u32);
    let size = resized();
    // Sorted once for map and legend; whatever it is made anew from has changed.
    let current = Memo::new_with_compare(move |_| Arc::new(now(store, &theme(store))), |_, _| true);
    Effect::new(move |_| {
        size.get();
        node.get();
        let theme = theme(store);
        let points = store.reference.get();
        let own = current.get().to_vec();
        turns.update_value(|turn| *turn += 1);
        let Some(area) = surface(node, theme.scale) else { return };
        let frame = frame(&area, &theme, &points);
        if let Err(error) = reference(&area, &theme, &frame, &points, &names(store)) {
            store.alert.set(Some(error.to_string()));
            return;
        }
        layer::draw(&area, &theme, &frame, &layer::lines(store));
        drawn.set_value(Some(frame.clone()));
        draw_on(store, node, (turns.get_value(), turns), (theme, frame), own);
    });
    let cells = move || store.data.places.with(|places| places.len()) / 2;
    let words = move || {
        let by = store.data.colour.with(meaning);
        let predicted = match layer::count(store) {
            0 => String::new(),
            some => format!(" {some} predicted cells stand beside them."),
        };
        format!("Map of the model's measured cells in grey with your {} cells, coloured by {by}.{predicted}", cells())
    };
    let save = move |_| {
        let theme = export_theme();
        let own = untrack(|| now(store, &theme));
        let names: Vec<String> = own.iter().map(|layer| layer.name.clone()).collect();
        let layers: Vec<Layer<'_>> = own
            .iter()
            .zip(&names)
            .map(|(own, name)| Layer { name, colour: own.colour, marker: own.marker, points: &own.points })
            .collect();
        let points = store.reference.get_untracked();
        let title = untrack(|| format!("Your cells by {}", store.data.colour.with(meaning)));
        let svg = plots::svg::render((720, 640), &title, &untrack(words), |area| {
            let frame = plots::map::draw(area, &theme, &points, &untrack(|| self::names(store)), &layers)?;
            layer::draw(area, &theme, &frame, &untrack(|| layer::lines(store)));
            Ok(())
        });
        match svg {
            Ok(svg) => text_file("own-map.svg", "image/svg+xml", &svg),
            Err(error) => store.alert.set(Some(error.to_string())),
        }
    };
    let (side, set_side) = signal(None::<usize>);
    let (tool, set_tool) = signal(Tool::Box);
    view! {
        <section class="panel own-map" aria-labelledby="own-map">
            <div class="bar">
                <h2 id="own-map">"On the map"</h2>
                <button class="quiet" data-testid="save-own-map" on:click=save>"SVG"</button>
            </div>
            <ColourChoice/>
            <Tools side set_side tool set_tool/>
            <div class="stack">
                <canvas node_ref=node role="img" aria-label=words data-testid="own-map"
                    data-cells=cells data-predicted=move || layer::count(store) data-by=move || store.data.coloured.get().map(|coloured| meaning(&coloured.by))></canvas>
                <Overlay drawn side set_side tool/>
            </div>
            <Legend current/>
            <layer::Lines/>
        </section>
    }
}

/// What colours the cells.
#[component]
fn ColourChoice() -> impl IntoView {
    let store = use_store();
    let (typed, set_typed) = signal(String::new());
    let is = move |own: &Colour| store.data.colour.with(|now| now == own);
    let labels = move || {
        let labels = store.data.summary.get().map(|summary| summary.labels.clone()).unwrap_or_default();
        let options = labels.into_iter().map(|label| {
            let own = Colour::Label(label.key.clone());
            let value = format!("label:{}", label.key);
            view! { <option value=value prop:selected=move || is(&own)>{label.key}</option> }
        });
        options.collect::<Vec<_>>()
    };
    let choose = move |event| {
        let value = event_target_value(&event);
        match value.as_str() {
            "nearest" => colour(store, Colour::Nearest),
            "groups" => colour(store, Colour::Groups),
            _ => {
                if let Some(key) = value.strip_prefix("label:") {
                    colour(store, Colour::Label(key.to_owned()));
                }
            }
        }
    };
    let take = move |event| {
        let name = event_target_value(&event);
        if name.trim().is_empty() {
            return;
        }
        match store.data.genes.with_untracked(|genes| store.gene_names.find(&name, genes, "your file's")) {
            Ok(gene) => colour(store, Colour::Gene(gene)),
            Err(why) => store.alert.set(Some(why)),
        }
    };
    let matches = move || store.data.genes.with(|genes| gene_options::options(store.gene_names, &typed.get(), genes));
    let is_gene = move || store.data.colour.with(|now| matches!(now, Colour::Gene(_)));
    view! {
        <div class="own-tools">
            <label class="inline">"Colour by "
                <select data-testid="own-colour" on:change=choose>
                    <option value="gene" prop:selected=is_gene hidden=move || !is_gene()>{move || store.data.colour.with(meaning)}</option>
                    <option value="nearest" prop:selected=move || is(&Colour::Nearest)>"nearest measured type"</option>
                    <option value="groups" prop:selected=move || is(&Colour::Groups)>"groups A and B"</option>
                    {labels}
                </select>
            </label>
            <label class="inline">"or gene "
                <input list="own-genes" placeholder="ISG15" data-testid="own-gene" size="9"
                    on:input=move |event| set_typed.set(event_target_value(&event)) on:change=take/>
            </label>
            <datalist id="own-genes">{matches}</datalist>
        </div>
    }
}

/// Drawing of groups.
#[component]
fn Tools(
    side: ReadSignal<Option<usize>>,
    set_side: WriteSignal<Option<usize>>,
    tool: ReadSignal<Tool>,
    set_tool: WriteSignal<Tool>,
) -> impl IntoView {
    let draw = move |own: usize, name: &'static str, id: &'static str| {
        let pressed = move || (side.get() == Some(own)).to_string();
        let title = format!("Draw {} on the map", SIDES[own].1);
        view! {
            <button class="choice" data-testid=id title=title aria-pressed=pressed
                on:click=move |_| set_side.update(|side| *side = (*side != Some(own)).then_some(own))>{name}</button>
        }
    };
    let shape = move |own: Tool, name: &'static str| {
        let pressed = move || (tool.get() == own).to_string();
        view! { <button class="choice" aria-pressed=pressed on:click=move |_| set_tool.set(own)>{name}</button> }
    };
    let hint = move || match side.get() {
        Some(side) => format!("Drag on the map around the cells of group {}.", SIDES[side].0),
        None => String::new(),
    };
    view! {
        <div class="own-tools">
            <div class="choices" role="group" aria-label="Draw a group">
                {draw(0, "Draw A", "draw-a")}{draw(1, "Draw B", "draw-b")}
            </div>
            <div class="choices" role="group" aria-label="Shape">{shape(Tool::Box, "Box")}{shape(Tool::Lasso, "Lasso")}</div>
            <span class="note" role="status">{hint}</span>
        </div>
    }
}

/// A second canvas for the line that is being drawn.
#[component]
fn Overlay(
    drawn: StoredValue<Option<Frame>>,
    side: ReadSignal<Option<usize>>,
    set_side: WriteSignal<Option<usize>>,
    tool: ReadSignal<Tool>,
) -> impl IntoView {
    let store = use_store();
    let node = NodeRef::<Canvas>::new();
    let line: StoredValue<Option<Vec<(i32, i32)>>> = StoredValue::new(None);
    let scale = || window().device_pixel_ratio().clamp(1.0, 3.0);
    let show = move || {
        let theme = untrack(|| theme(store));
        let Some(area) = surface(node, theme.scale) else { return };
        let mut path = corners(tool.get_untracked(), &line.get_value().unwrap_or_default());
        path.extend(path.first().copied());
        if path.len() > 2 {
            // A line that cannot be drawn still makes its group.
            let _ = area.draw(&PathElement::new(path, theme.ink.stroke_width(theme.px(2.0).max(1) as u32)));
        }
    };
    let down = move |event: PointerEvent| {
        event.prevent_default();
        if let Some(canvas) = node.get_untracked() {
            // The line may leave the map; without capture it then ends at the edge.
            let _ = canvas.set_pointer_capture(event.pointer_id());
        }
        line.set_value(Some(vec![pointer(&event, scale())]));
    };
    let on = move |event: PointerEvent| {
        let mut moved = false;
        line.update_value(|line| {
            if let Some(line) = line {
                line.push(pointer(&event, scale()));
                moved = true;
            }
        });
        if moved {
            show();
        }
    };
    let up = move |_: PointerEvent| {
        let (Some(path), Some(frame), Some(side)) = (line.get_value(), drawn.get_value(), side.get_untracked()) else {
            return;
        };
        line.set_value(None);
        show();
        let inside: Vec<(f32, f32)> =
            corners(tool.get_untracked(), &path).into_iter().map(|at| on_map(&frame, at)).collect();
        if inside.len() > 2 {
            ask(store, Ask::Group { side: side as u8, cut: Cut::Inside(inside) });
            colour(store, Colour::Groups);
            set_side.set(None);
        }
    };
    view! {
        <canvas class="overlay" class:active=move || side.get().is_some() node_ref=node aria-hidden="true" data-testid="own-overlay"
            on:pointerdown=down on:pointermove=on on:pointerup=up on:pointerleave=up></canvas>
    }
}

/// What the colours mean.
#[component]
fn Legend(current: Memo<Arc<Vec<OwnLayer>>>) -> impl IntoView {
    let store = use_store();
    let entries = move || {
        let layers = current.get();
        let entries = layers.iter().map(|layer| {
            let (sign, colour, words) =
                (layer.sign(), layer.css(), format!("{} ({})", layer.name, thousands(layer.cells as f64)));
            view! { <li><span class="sign" aria-hidden="true" style:color=colour>{sign}</span>{words}</li> }
        });
        entries.collect::<Vec<_>>()
    };
    let title = move || {
        let origin = store.data.summary.with(|summary| summary.as_ref().is_some_and(|summary| summary.generated));
        let origin = if origin { "generated (sample)" } else { "measured (your file)" };
        format!("Your cells, {origin}, by {}", store.data.colour.with(meaning))
    };
    let part = move || {
        let cells = store.data.places.with(|places| places.len()) / 2;
        let drawn = cells.div_ceil(cells.div_ceil(MOST_DRAWN).max(1));
        (drawn < cells).then(|| {
            format!("{} of {} cells are drawn; all are analysed.", thousands(drawn as f64), thousands(cells as f64))
        })
    };
    view! {
        <div class="own-legend">
            <p class="note">{title}</p>
            <ul class="legend" data-testid="own-legend">
                {entries}
                <li><span class="key grey"></span>"the model's measured cells"</li>
            </ul>
            <p class="note" hidden=move || part().is_none()>{move || part().unwrap_or_default()}</p>
        </div>
    }
}
