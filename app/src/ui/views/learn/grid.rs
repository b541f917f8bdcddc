//! The cell as a picture: a square per gene.
//!
//! Does: paints masked squares hatched and revealed ones by their count into a canvas, frames what is new and what is
//! watched; says which gene is under the pointer.
//! Does not know: how the cell was written.
//! Flow: written cell + step → **pixels**.

use leptos::html::Canvas;
use leptos::prelude::*;
use plots::Theme;
use wasm_bindgen::{Clamped, JsCast};
use web_sys::{CanvasRenderingContext2d, ImageData};

use super::runs;
use crate::lessons::writing::{Grid, shade};
use crate::ui::state::lesson_runs::CellRun;
use crate::ui::state::store::use_store;
use crate::ui::widgets::canvas::{pointer, resized, theme};

/// Highest the picture may be, in CSS pixels.
const HEIGHT: f64 = 460.0;

/// Red, green, blue.
type Rgb = [u8; 3];

/// Colours of the picture.
struct Colours {
    ground: Rgb,
    hatch: Rgb,
    fresh: Rgb,
    watched: Rgb,
    /// By shade, 0 to 32.
    counts: Vec<Rgb>,
}

impl Colours {
    fn of(theme: &Theme) -> Self {
        let mix = |a: Rgb, b: Rgb, share: f64| {
            [0, 1, 2].map(|i| (f64::from(a[i]) + (f64::from(b[i]) - f64::from(a[i])) * share).round() as u8)
        };
        let rgb = |colour: plotters::style::RGBColor| [colour.0, colour.1, colour.2];
        let (ground, quiet) = (rgb(theme.ground), rgb(theme.quiet));
        let of = |step: u32| if step == 0 { mix(ground, quiet, 0.35) } else { rgb(theme.ramp(f64::from(step) / 32.0)) };
        Self {
            ground,
            hatch: mix(ground, quiet, 0.9),
            fresh: rgb(theme.series[1]),
            watched: rgb(theme.ink),
            counts: (0..=32).map(of).collect(),
        }
    }
}

/// Pixels in work.
struct Picture {
    width: usize,
    bytes: Vec<u8>,
}

impl Picture {
    fn set(&mut self, x: usize, y: usize, [r, g, b]: Rgb) {
        if let Some(pixel) = self.bytes.get_mut(4 * (y * self.width + x)..4 * (y * self.width + x) + 4) {
            pixel.copy_from_slice(&[r, g, b, 255]);
        }
    }

    /// A filled square with `colour` by place.
    fn square(&mut self, (x, y): (usize, usize), side: usize, colour: impl Fn(usize, usize) -> Option<Rgb>) {
        for dy in 0..side {
            for dx in 0..side {
                if let Some(colour) = colour(dx, dy) {
                    self.set(x + dx, y + dy, colour);
                }
            }
        }
    }
}

/// Paints all genes as they are after a step.
fn paint(run: &CellRun, grid: &Grid, colours: &Colours, at: u32, watched: Option<u32>) -> Picture {
    let (width, height) = grid.size;
    let mut picture = Picture {
        width,
        bytes: colours.ground.iter().copied().chain([255]).cycle().take(4 * width * height).collect(),
    };
    let (side, line) = (grid.side - 1, (grid.side / 6).max(1));
    let is_edge = |dx: usize, dy: usize| dx < line || dy < line || dx + line >= side || dy + line >= side;
    for (position, gene) in run.order.iter().enumerate() {
        let Some((count, step)) = run.written.counts.get(*gene as usize).zip(run.written.revealed.get(*gene as usize))
        else {
            continue;
        };
        let (x, y) = grid.corner(position);
        if *step > at {
            // The stripes run on from square to square.
            picture.square((x, y), side, |dx, dy| (x + dx + y + dy).is_multiple_of(4).then_some(colours.hatch));
        } else {
            let fill = colours.counts[(32.0 * shade(*count)).round() as usize % 33];
            let is_fresh = *step == at && at > 0;
            picture.square((x, y), side, |dx, dy| Some(if is_fresh && is_edge(dx, dy) { colours.fresh } else { fill }));
        }
        if watched == Some(*gene) {
            // One pixel further out than the square, where no square is drawn.
            let (left, top) = (x.saturating_sub(line), y.saturating_sub(line));
            let side = side + 2 * line;
            let ring =
                |dx: usize, dy: usize| dx < 2 * line || dy < 2 * line || dx + 2 * line >= side || dy + 2 * line >= side;
            picture.square((left, top), side, |dx, dy| ring(dx, dy).then_some(colours.watched));
        }
    }
    picture
}

/// Puts a picture into the canvas at its own size.
fn show(node: NodeRef<Canvas>, picture: &mut Picture, scale: f64) -> Option<()> {
    let canvas = node.get_untracked()?;
    let height = picture.bytes.len() / 4 / picture.width.max(1);
    canvas.set_width(picture.width as u32);
    canvas.set_height(height as u32);
    let style = canvas.unchecked_ref::<web_sys::HtmlElement>().style();
    // A style that cannot be set leaves the picture stretched: still readable.
    let _ = style.set_property("width", &format!("{}px", picture.width as f64 / scale));
    let _ = style.set_property("height", &format!("{}px", height as f64 / scale));
    let context: CanvasRenderingContext2d = canvas.get_context("2d").ok()??.dyn_into().ok()?;
    let image = ImageData::new_with_u8_clamped_array(Clamped(&picture.bytes), picture.width as u32).ok()?;
    context.put_image_data(&image, 0.0, 0.0).ok()
}

#[component]
pub(super) fn CellGrid() -> impl IntoView {
    let store = use_store();
    let learn = store.learn;
    let (frame, node) = (NodeRef::<leptos::html::Div>::new(), NodeRef::<Canvas>::new());
    let drawn: StoredValue<Option<Grid>> = StoredValue::new(None);
    let size = resized();
    let (pointed, set_pointed) = signal(None::<u32>);
    Effect::new(move |_| {
        size.get();
        let (theme, at) = (theme(store), learn.at.get());
        let (Some(run), Some(room), Some(_)) = (learn.cell.get(), frame.get(), node.get()) else { return };
        let watched = watched(&run, runs::part(store, "learn.gene"));
        let room = ((f64::from(room.client_width()) * theme.scale) as usize, (HEIGHT * theme.scale) as usize);
        if room.0 < 20 {
            return;
        }
        let grid = Grid::new(run.order.len(), run.group_size, room);
        show(node, &mut paint(&run, &grid, &Colours::of(&theme), at, watched), theme.scale);
        drawn.set_value(Some(grid));
    });
    let under = move |event: &web_sys::MouseEvent| {
        let (x, y) = pointer(event, window().device_pixel_ratio().clamp(1.0, 3.0));
        let position = drawn.get_value()?.position(usize::try_from(x).ok()?, usize::try_from(y).ok()?)?;
        learn.cell.with_untracked(|run| run.as_ref()?.order.get(position).copied())
    };
    let pick = move |event: web_sys::MouseEvent| {
        let name = under(&event).and_then(|gene| learn.cell.get_untracked()?.card.genes.get(gene as usize).cloned());
        if let Some(name) = name {
            runs::set_part(store, "learn.gene", name);
        }
    };
    let words = move || {
        learn.cell.with(|run| {
            run.as_ref().map_or_else(String::new, |run| {
                let shown = run.written.shown(learn.at.get());
                format!(
                    "{} genes as squares in the network's groups: {shown} revealed, {} masked.",
                    run.order.len(),
                    run.order.len().saturating_sub(shown)
                )
            })
        })
    };
    let says = move || {
        let (Some(gene), Some(run)) = (pointed.get(), learn.cell.get()) else {
            return "Point at a square to read it, click to watch the gene.".to_owned();
        };
        let gene = gene as usize;
        let name = run.card.genes.get(gene).cloned().unwrap_or_default();
        match (run.written.revealed.get(gene), run.written.counts.get(gene)) {
            (Some(step), Some(count)) if *step <= learn.at.get() => {
                format!("{name}: count {count}, revealed in step {step}")
            }
            _ => format!("{name}: masked"),
        }
    };
    view! {
        <div class="cell-grid" node_ref=frame>
            <canvas node_ref=node role="img" aria-label=words data-testid="learn-grid" on:click=pick
                on:mousemove=move |event| set_pointed.set(under(&event)) on:mouseleave=move |_| set_pointed.set(None)></canvas>
        </div>
        <p class="note" aria-hidden="true">{says}</p>
        <ul class="legend cell-legend">
            <li><span class="square masked"></span>"masked"</li>
            <li><span class="square zero"></span>"count 0"</li>
            <li><span class="square some"></span>"higher count: stronger colour"</li>
            <li><span class="square fresh"></span>"revealed in this step"</li>
            <li><span class="square watched"></span>"watched gene"</li>
        </ul>
    }
}

/// Place of the watched gene.
fn watched(run: &CellRun, gene: Option<String>) -> Option<u32> {
    let gene = gene.or_else(|| run.card.markers.first().cloned())?;
    run.card.genes.iter().position(|own| *own == gene).map(|place| place as u32)
}
