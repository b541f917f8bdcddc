//! What all figures of genes have in common.
//!
//! Does: a canvas that is drawn when anything it shows changes, a click and arrow keys that choose a gene, SVG, PNG and
//! a table of the same numbers.
//! Does not know: which figure it is.
//! Flow: figure's data → **canvas, table, files** → chosen gene.

use leptos::html::Canvas;
use leptos::prelude::*;
use plots::frame::{Area, title_height, titled};
use plots::{PlotError, Theme};
use plotters::prelude::DrawingBackend;
use web_sys::{KeyboardEvent, MouseEvent};

use super::canvas::{export_theme, pointer, resized, surface, theme};
use super::table_twin::{Twin, TwinTable};
use crate::ui::effects::download::{png_figure, text_file};
use crate::ui::state::gene_choice::{choose, chosen};
use crate::ui::state::store::Store;

/// Width of a saved figure and height of one that has none of its own, CSS pixels.
const SAVED: (u32, u32) = (760, 520);

/// A figure of genes.
pub(in crate::ui) trait Figure {
    /// What a pixel is looked up in.
    type Geometry: Clone + Send + Sync + 'static;

    /// File name without its ending.
    fn file(&self) -> &'static str;

    /// Title of a saved figure.
    fn title(&self) -> String;

    /// What it shows, in a sentence.
    fn words(&self) -> String;

    /// Height in device pixels that a figure of `width` wants; `None` when any is right.
    fn height(&self, theme: &Theme, width: u32) -> Option<u32>;

    /// Draws it.
    fn draw<DB: DrawingBackend>(&self, area: &Area<DB>, theme: &Theme) -> Result<Self::Geometry, PlotError>;

    /// Gene under a pixel.
    fn pick(&self, geometry: &Self::Geometry, theme: &Theme, at: (i32, i32)) -> Option<String>;

    /// Genes in the order that arrow keys follow.
    fn genes(&self) -> Vec<String>;

    /// The same numbers as a table.
    fn table(&self) -> Twin;
}

/// Size of a saved figure without its title, CSS pixels.
fn saved_size<F: Figure>(figure: &F) -> (u32, u32) {
    (SAVED.0, figure.height(&export_theme(), SAVED.0).unwrap_or(SAVED.1))
}

/// Room below the title of a saved figure and, on a line of its own, the condition of its cells, where there is one.
fn headed<DB: DrawingBackend>(
    area: &Area<DB>,
    theme: &Theme,
    (title, of): (&str, &str),
) -> Result<Area<DB>, PlotError> {
    let below = titled(area, theme, title)?;
    if of.is_empty() { Ok(below) } else { titled(&below, theme, of) }
}

/// Size of a saved figure with its head.
fn whole_size<F: Figure>(figure: &F, of: &str) -> (u32, u32) {
    let (width, height) = saved_size(figure);
    (width, height + title_height(&export_theme()) * if of.is_empty() { 1 } else { 2 })
}

/// The figure as an SVG file.
fn save_svg<F: Figure>(store: Store, figure: &F, of: &str) {
    let (theme, title) = (export_theme(), figure.title());
    let name = if of.is_empty() { title.clone() } else { format!("{title}. {of}") };
    let svg = plots::svg::render(whole_size(figure, of), &name, &figure.words(), |area| {
        figure.draw(&headed(area, &theme, (&title, of))?, &theme).map(drop)
    });
    match svg {
        Ok(svg) => text_file(&format!("{}.svg", figure.file()), "image/svg+xml", &svg),
        Err(error) => store.alert.set(Some(format!("The figure could not be saved: {error}."))),
    }
}

/// The figure as a PNG file.
fn save_png<F: Figure>(store: Store, figure: &F, of: &str) {
    let title = figure.title();
    let saved = png_figure(&format!("{}.png", figure.file()), whole_size(figure, of), |area, theme| {
        figure.draw(&headed(area, theme, (&title, of))?, theme).map(drop)
    });
    if let Err(sentence) = saved {
        store.alert.set(Some(sentence));
    }
}

/// The gene `step` places from the chosen one.
fn neighbour<'a>(genes: &'a [String], chosen: Option<&str>, step: isize) -> Option<&'a str> {
    let now = chosen.and_then(|gene| genes.iter().position(|own| own == gene));
    let last = genes.len().checked_sub(1)? as isize;
    let next = now.map_or(0, |now| (now as isize + step).clamp(0, last));
    genes.get(next as usize).map(String::as_str)
}

/// A figure with its buttons and its table; `make` gives `None` while there is nothing to draw, `id` names its parts, `of` is
/// the condition of its cells for saved figures, empty where the title says it.
pub(in crate::ui) fn panel<F: Figure + 'static>(
    store: Store,
    (id, of): (&'static str, fn(Store) -> String),
    make: impl Fn() -> Option<F> + Copy + Send + Sync + 'static,
) -> impl IntoView {
    let node = NodeRef::<Canvas>::new();
    let drawn: StoredValue<Option<F::Geometry>> = StoredValue::new(None);
    let size = resized();
    Effect::new(move |_| {
        size.get();
        let (theme, figure) = (theme(store), make());
        let Some(canvas) = node.get() else { return };
        let width = (f64::from(canvas.client_width()) * theme.scale) as u32;
        let height = match &figure {
            // An empty canvas takes no room; an empty style leaves the height of the style sheet.
            None => "0".to_owned(),
            Some(figure) => figure
                .height(&theme, width)
                .map_or_else(String::new, |height| format!("{}px", f64::from(height) / theme.scale)),
        };
        // A style that cannot be set leaves the canvas at its usual height.
        let _ = web_sys::HtmlElement::style(&canvas).set_property("height", &height);
        let Some(figure) = figure else { return };
        let Some(area) = surface(node, theme.scale) else { return };
        match figure.draw(&area, &theme) {
            Ok(geometry) => drawn.set_value(Some(geometry)),
            Err(error) => store.alert.set(Some(error.to_string())),
        }
    });
    let pick = move |event: MouseEvent| {
        let (figure, theme) = untrack(|| (make(), theme(store)));
        let found = drawn.with_value(|geometry| {
            figure
                .zip(geometry.as_ref())
                .and_then(|(figure, own)| figure.pick(own, &theme, pointer(&event, theme.scale)))
        });
        if let Some(gene) = found {
            choose(store, &gene);
        }
    };
    let keys = move |event: KeyboardEvent| {
        let step = match event.key().as_str() {
            "ArrowRight" | "ArrowDown" => 1,
            "ArrowLeft" | "ArrowUp" => -1,
            _ => return,
        };
        event.prevent_default();
        let (figure, now) = untrack(|| (make(), chosen(store)));
        let genes = figure.map(|figure| figure.genes()).unwrap_or_default();
        if let Some(gene) = neighbour(&genes, now.as_deref(), step) {
            choose(store, gene);
        }
    };
    let words = move || {
        let chosen = chosen(store).map_or_else(String::new, |gene| format!(" Chosen: {gene}."));
        make().map_or_else(
            || "This figure appears with the results of a run.".to_owned(),
            |figure| format!("{}{chosen} Arrow keys move along the genes.", figure.words()),
        )
    };
    let count = move || make().map_or(0, |figure| figure.genes().len());
    let save = move |save: fn(Store, &F, &str)| {
        move |_: MouseEvent| {
            let of = untrack(|| of(store));
            untrack(make).into_iter().for_each(|figure| save(store, &figure, &of));
        }
    };
    let as_table = store.genes.as_table;
    let table = move || as_table.get().then(make).flatten().map(|figure| view! { <TwinTable twin=figure.table()/> });
    view! {
        <div class="bar figure-tools">
            <button class="quiet" data-testid="figure-table-toggle" aria-expanded=move || as_table.get().to_string()
                on:click=move |_| as_table.update(|shown| *shown = !*shown)>
                {move || if as_table.get() { "Hide table" } else { "Show as table" }}
            </button>
            <span class="saves" role="group" aria-label="Save the figure">
                <button class="quiet" data-testid=format!("save-{id}") on:click=save(save_svg::<F>)>"SVG"</button>
                <button class="quiet" data-testid=format!("png-{id}") on:click=save(save_png::<F>)>"PNG"</button>
            </span>
        </div>
        <canvas class=id node_ref=node tabindex="0" role="img" aria-label=words data-testid=id data-genes=count
            on:click=pick on:keydown=keys></canvas>
        {table}
    }
}
