//! The map on a 2D canvas.
//!
//! Does: draws the ground and points (where WebGPU does not), always the names of groups, the region being drawn and
//! the point pointed at. Each look of a point is drawn once and then copied.
//! Does not know: signals, the GPU.
//! Flow: scene → **canvas**.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::f64::consts::TAU;

use leptos::prelude::document;
use leptos::web_sys::{CanvasRenderingContext2d, HtmlCanvasElement, ImageData};
use plots::frame::Marker;
use plotters::style::RGBColor;
use wasm_bindgen::JsCast;

use super::copy::Picture;
use super::scene::{Layer, Scene};
use crate::map_view::colour::{HIDDEN, PLACE, SELECTED};
use crate::map_view::view::View;
use crate::map_view::{LayerId, point};

/// How far points that are not selected stand back.
const BACK: f64 = 0.22;

/// A look: place in the palette, layer, selected.
type Look = (u32, LayerId, bool);

/// Pictures of points.
#[derive(Default)]
pub(super) struct Pictures {
    of: HashMap<Look, HtmlCanvasElement>,
    /// The GPU's last picture of all points.
    pub(super) shown: Option<Shown>,
    /// Palette, size of points and scale that they are made for.
    made_for: (Vec<RGBColor>, f64, f64),
}

/// A colour as CSS.
pub(super) fn css(colour: RGBColor) -> String {
    format!("rgb({}, {}, {})", colour.0, colour.1, colour.2)
}

/// The 2D context of a canvas; `None` when it has another one.
pub(super) fn context(canvas: &HtmlCanvasElement) -> Option<CanvasRenderingContext2d> {
    canvas.get_context("2d").ok().flatten()?.dyn_into().ok()
}

/// The outline of a shape around the origin.
fn trace(context: &CanvasRenderingContext2d, marker: Marker, r: f64) {
    context.begin_path();
    let corners: &[(f64, f64)] = match marker {
        Marker::Triangle => &[(-1.0, 1.0), (1.0, 1.0), (0.0, -1.0)],
        Marker::Square => &[(-0.9, -0.9), (0.9, -0.9), (0.9, 0.9), (-0.9, 0.9)],
        Marker::Diamond => &[(0.0, -1.0), (1.0, 0.0), (0.0, 1.0), (-1.0, 0.0)],
        _ => &[],
    };
    for (place, (x, y)) in corners.iter().enumerate() {
        if place == 0 { context.move_to(x * r, y * r) } else { context.line_to(x * r, y * r) }
    }
    if corners.is_empty() {
        // An arc of a finite, positive radius cannot fail.
        let _ = context.arc(0.0, 0.0, r, 0.0, TAU);
    }
    context.close_path();
}

impl Pictures {
    /// The picture of a look, with half its side in device pixels.
    fn get(&mut self, scene: &Scene, look: Look) -> Option<(&HtmlCanvasElement, f64)> {
        let (_, growth, scale) = self.made_for;
        let (_, layer, selected) = look;
        let radius = Layer::radius(layer) * growth * scale * if selected { 1.25 } else { 1.0 };
        let half = (radius + 1.5 * scale).ceil();
        let picture = match self.of.entry(look) {
            Entry::Occupied(known) => known.into_mut(),
            Entry::Vacant(free) => free.insert(picture(scene, look, (radius, half, scale))?),
        };
        Some((picture, half))
    }

    /// Forgets pictures of other colours or sizes.
    fn prepare(&mut self, scene: &Scene, scale: f64) {
        let growth = scene.growth();
        if self.made_for.0 != scene.palette || (self.made_for.1, self.made_for.2) != (growth, scale) {
            self.of.clear();
            self.made_for = (scene.palette.clone(), growth, scale);
        }
    }
}

/// Draws a look in the middle of a canvas of its own; lengths are radius, half a side and scale.
fn picture(
    scene: &Scene,
    (place, layer, selected): Look,
    (radius, half, scale): (f64, f64, f64),
) -> Option<HtmlCanvasElement> {
    let canvas: HtmlCanvasElement = document().create_element("canvas").ok()?.dyn_into().ok()?;
    canvas.set_width(2 * half as u32);
    canvas.set_height(2 * half as u32);
    let context = context(&canvas)?;
    context.translate(half, half).ok()?;
    trace(&context, Layer::marker(layer), radius);
    context.set_fill_style_str(&css(*scene.palette.get(place as usize)?));
    context.fill();
    if selected {
        context.set_stroke_style_str(&css(scene.theme.ink));
        context.set_line_width(scale);
        context.stroke();
    }
    Some(canvas)
}

/// What lies under names and regions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ground {
    /// Points, drawn here.
    Points,
    /// A picture of them that a GPU drew.
    Picture,
    /// Nothing: a GPU draws on the canvas below.
    Clear,
}

/// A picture of points on a canvas of its own.
pub(super) struct Shown {
    canvas: HtmlCanvasElement,
    width: f64,
    height: f64,
    view: View,
}

impl Shown {
    /// Keeps a picture.
    pub(super) fn new(picture: &Picture) -> Option<Self> {
        let canvas: HtmlCanvasElement = document().create_element("canvas").ok()?.dyn_into().ok()?;
        canvas.set_width(picture.row);
        canvas.set_height(picture.height);
        let bytes = wasm_bindgen::Clamped(picture.bytes.as_slice());
        let data = ImageData::new_with_u8_clamped_array_and_sh(bytes, picture.row, picture.height).ok()?;
        context(&canvas)?.put_image_data(&data, 0.0, 0.0).ok()?;
        Some(Self { canvas, width: f64::from(picture.width), height: f64::from(picture.height), view: picture.view })
    }

    /// Draws it where it belongs in the present view: a moved map moves at once, and a new picture follows.
    fn draw(&self, context: &CanvasRenderingContext2d, scene: &Scene) -> Option<()> {
        let (x, y) = scene.view.pixel(scene.size, self.view.place(scene.size, (0.0, 0.0)));
        let larger = self.view.unit / scene.view.unit;
        let (width, height) = (scene.size.0 * larger, scene.size.1 * larger);
        context
            .draw_image_with_html_canvas_element_and_sw_and_sh_and_dx_and_dy_and_dw_and_dh(
                &self.canvas,
                0.0,
                0.0,
                self.width,
                self.height,
                x,
                y,
                width,
                height,
            )
            .ok()
    }
}

/// Draws the map at `scale` device pixels per CSS pixel.
pub(super) fn draw(
    context: &CanvasRenderingContext2d,
    scene: &Scene,
    pictures: &mut Pictures,
    scale: f64,
    ground: Ground,
) -> Option<()> {
    let (width, height) = (scene.size.0 * scale, scene.size.1 * scale);
    context.reset_transform().ok()?;
    context.set_global_alpha(1.0);
    context.clear_rect(0.0, 0.0, width, height);
    if ground != Ground::Clear {
        context.set_fill_style_str(&css(scene.theme.ground));
        context.fill_rect(0.0, 0.0, width, height);
    }
    if ground == Ground::Points {
        pictures.prepare(scene, scale);
        for layer in &scene.layers {
            points(context, scene, layer, pictures, scale, false);
            if scene.selecting {
                points(context, scene, layer, pictures, scale, true);
            }
        }
    }
    context.set_global_alpha(1.0);
    context.scale(scale, scale).ok()?;
    if let (Ground::Picture, Some(shown)) = (ground, &pictures.shown) {
        shown.draw(context, scene);
    }
    names(context, scene);
    outline(context, scene);
    mark(context, scene);
    Some(())
}

/// Draws those points of a layer that are selected, or those that are not.
fn points(
    context: &CanvasRenderingContext2d,
    scene: &Scene,
    layer: &Layer,
    pictures: &mut Pictures,
    scale: f64,
    selected: bool,
) {
    let alpha = Layer::alpha(layer.id);
    context.set_global_alpha(match (scene.selecting, selected) {
        (true, false) => alpha * BACK,
        (true, true) => 1.0,
        _ => alpha,
    });
    for (index, code) in layer.codes.iter().enumerate() {
        if code & HIDDEN != 0 || (code & SELECTED != 0) != selected {
            continue;
        }
        let Some(at) = point(&layer.points, index) else { continue };
        let (x, y) = scene.pixel(at);
        if x < -10.0 || y < -10.0 || x > scene.size.0 + 10.0 || y > scene.size.1 + 10.0 {
            continue;
        }
        if let Some((picture, half)) = pictures.get(scene, (code & PLACE, layer.id, selected)) {
            // A picture that is there can be copied.
            let _ = context.draw_image_with_html_canvas_element(picture, x * scale - half, y * scale - half);
        }
    }
}

/// Writes the names of groups that do not overlap, with a rim of ground.
fn names(context: &CanvasRenderingContext2d, scene: &Scene) {
    context.set_font("12px system-ui, sans-serif");
    context.set_text_align("center");
    context.set_text_baseline("bottom");
    context.set_line_join("round");
    context.set_line_width(3.0);
    context.set_stroke_style_str(&css(scene.theme.ground));
    context.set_fill_style_str(&css(scene.theme.ink));
    let mut taken: Vec<(f64, f64, f64, f64)> = Vec::new();
    for (name, at) in &scene.names {
        let (x, y) = scene.pixel(*at);
        let half = context.measure_text(name).map_or(0.0, |size| 0.5 * size.width()) + 2.0;
        if x < 0.0 || y < 0.0 || x > scene.size.0 || y > scene.size.1 + 12.0 || 2.0 * half > scene.size.0 {
            continue;
        }
        // Names of groups at the edge stay inside.
        let (x, y) = (x.clamp(half, scene.size.0 - half), (y - 4.0).max(16.0));
        let own = (x - half, y - 15.0, x + half, y);
        if taken.iter().all(|o| own.2 < o.0 || o.2 < own.0 || own.3 < o.1 || o.3 < own.1) {
            taken.push(own);
            // Text is drawn wherever it can be.
            let _ = context.stroke_text(name, x, y);
            let _ = context.fill_text(name, x, y);
        }
    }
}

/// Draws the region that a person is drawing.
fn outline(context: &CanvasRenderingContext2d, scene: &Scene) {
    let Some((lasso, corners)) = &scene.outline else { return };
    let (Some(first), Some(last)) = (corners.first(), corners.last()) else { return };
    context.begin_path();
    if *lasso {
        context.move_to(first.0, first.1);
        corners.iter().skip(1).for_each(|corner| context.line_to(corner.0, corner.1));
        context.close_path();
    } else {
        context.rect(first.0, first.1, last.0 - first.0, last.1 - first.1);
    }
    context.set_fill_style_str(&css(scene.theme.series[0]));
    context.set_global_alpha(0.12);
    context.fill();
    context.set_global_alpha(1.0);
    context.set_line_width(1.5);
    context.set_stroke_style_str(&css(scene.theme.ink));
    context.stroke();
}

/// Rings the point that is pointed at.
fn mark(context: &CanvasRenderingContext2d, scene: &Scene) {
    let Some((layer, index)) = scene.marked else { return };
    let Some(at) = scene.at(layer, index) else { return };
    let (x, y) = scene.pixel(at);
    let radius = Layer::radius(layer) * scene.growth() + 3.0;
    for (width, colour) in [(4.0, scene.theme.ground), (2.0, scene.theme.ink)] {
        context.begin_path();
        // A ring of a finite, positive radius cannot fail.
        let _ = context.arc(x, y, radius, 0.0, TAU);
        context.set_line_width(width);
        context.set_stroke_style_str(&css(colour));
        context.stroke();
    }
}
