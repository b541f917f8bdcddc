//! Hands on the map: pointers, wheel and keys.
//!
//! Does: drag to pan, wheel and pinch to zoom about the pointer, draw a box or a lasso, hover; the same by keys.
//! Does not know: how anything is drawn.
//! Flow: events → **hands** → board.

use leptos::prelude::*;
use leptos::web_sys::{KeyboardEvent, MouseEvent, PointerEvent, WheelEvent};

use super::board::Board;
use crate::map_view::LayerId;

/// What dragging does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mode {
    /// Moves the map.
    Pan,
    /// Draws a box.
    Box,
    /// Draws a line around cells.
    Lasso,
}

/// Pixels that a drag must go to count as one.
const DRAG: f64 = 4.0;
/// Pixels that an arrow key moves the map.
const STEP: f64 = 40.0;
/// How much a key or a button zooms.
pub(super) const ZOOM: f64 = 1.35;

/// Pointers that are down.
#[derive(Clone, Debug, Default)]
struct Down {
    pointers: Vec<(i32, (f64, f64))>,
    /// Whether a region is being drawn, and whether it is a lasso.
    drawing: Option<bool>,
}

/// Hands; cheap to copy.
#[derive(Clone, Copy)]
pub(super) struct Hands {
    board: Board,
    pub(super) mode: RwSignal<Mode>,
    down: StoredValue<Down>,
}

/// Where an event is on the map.
fn at(event: &MouseEvent) -> (f64, f64) {
    (f64::from(event.offset_x()), f64::from(event.offset_y()))
}

/// Distance of two pixels.
fn apart(a: (f64, f64), b: (f64, f64)) -> f64 {
    (a.0 - b.0).hypot(a.1 - b.1)
}

/// Middle of two pixels.
fn between(a: (f64, f64), b: (f64, f64)) -> (f64, f64) {
    (0.5 * (a.0 + b.0), 0.5 * (a.1 + b.1))
}

impl Hands {
    pub(super) fn new(board: Board) -> Self {
        Self { board, mode: RwSignal::new(Mode::Pan), down: StoredValue::new(Down::default()) }
    }

    /// A pointer goes down.
    pub(super) fn press(self, event: &PointerEvent) {
        if event.button() != 0 {
            return;
        }
        if let Some(canvas) = self.board.canvas.get_untracked() {
            // Without capture a drag ends at the edge: still usable.
            let _ = canvas.set_pointer_capture(event.pointer_id());
        }
        let mode = self.mode.get_untracked();
        let mut down = self.down.get_value();
        down.pointers.retain(|(id, _)| *id != event.pointer_id());
        down.pointers.push((event.pointer_id(), at(event)));
        down.drawing =
            (down.pointers.len() == 1 && (event.shift_key() || mode != Mode::Pan)).then_some(mode == Mode::Lasso);
        let outline = down.drawing.map(|lasso| (lasso, vec![at(event)]));
        self.down.set_value(down);
        self.board.point_at(None);
        self.board.scene.update_value(|scene| scene.outline = outline);
    }

    /// A pointer moves.
    pub(super) fn drag(self, event: &PointerEvent) {
        let (board, mut down, now) = (self.board, self.down.get_value(), at(event));
        let Some(own) = down.pointers.iter().position(|(id, _)| *id == event.pointer_id()) else {
            let found = board.scene.try_update_value(|scene| scene.hit(now)).flatten();
            board.point_at(found);
            return;
        };
        let before = down.pointers[own].1;
        down.pointers[own].1 = now;
        // One finger scrolls the page (styles say so to the browser); two move the map.
        let scrolls = event.pointer_type() == "touch" && down.pointers.len() == 1 && down.drawing.is_none();
        if scrolls {
            self.down.set_value(down);
            return;
        }
        let other = down.pointers.iter().enumerate().find(|(place, _)| *place != own).map(|(_, (_, other))| *other);
        board.scene.update_value(|scene| match (down.drawing, other) {
            (Some(lasso), _) => {
                if let Some((_, corners)) = &mut scene.outline {
                    if !lasso {
                        corners.truncate(1);
                    }
                    corners.push(now);
                }
            }
            (None, Some(other)) => {
                let (old, new) = (between(before, other), between(now, other));
                scene.pan((new.0 - old.0, new.1 - old.1));
                scene.zoom(new, apart(now, other) / apart(before, other).max(1.0));
            }
            (None, None) => scene.pan((now.0 - before.0, now.1 - before.1)),
        });
        self.down.set_value(down);
        board.redraw();
    }

    /// A pointer goes up; `done` is false when the browser took it away.
    pub(super) fn release(self, event: &PointerEvent, done: bool) {
        let mut down = self.down.get_value();
        down.pointers.retain(|(id, _)| *id != event.pointer_id());
        let drew = down.drawing.take();
        self.down.set_value(down);
        let outline = self.board.scene.try_update_value(|scene| scene.outline.take()).flatten();
        self.board.redraw();
        let (Some(lasso), Some((_, corners)), true) = (drew, outline, done) else { return };
        let moved = corners.first().is_some_and(|first| corners.iter().any(|corner| apart(*first, *corner) > DRAG));
        if !moved {
            return;
        }
        let Some(found) = self.board.scene.try_update_value(|scene| scene.inside(lasso, &corners)) else { return };
        let old = self.board.store.selection.get_untracked();
        // With Control or Command a region adds to the selection.
        self.board.select(if event.ctrl_key() || event.meta_key() { found.and(&old) } else { found });
    }

    /// The wheel turns.
    pub(super) fn wheel(self, event: &WheelEvent) {
        event.prevent_default();
        // Lines and pages in pixels; a pinch on a touch pad arrives as small steps with Control.
        let pixels = event.delta_y() * [1.0, 16.0, 400.0].get(event.delta_mode() as usize).copied().unwrap_or(1.0);
        let factor = (-pixels * if event.ctrl_key() { 0.01 } else { 0.0016 }).clamp(-1.5, 1.5).exp();
        self.board.scene.update_value(|scene| scene.zoom(at(event), factor));
        self.board.point_at(None);
        self.board.redraw();
    }

    /// All of the map.
    pub(super) fn fit(self) {
        self.board.scene.update_value(super::scene::Scene::fit);
        self.board.redraw();
    }

    /// Zooms about the middle.
    pub(super) fn zoom(self, factor: f64) {
        self.board.scene.update_value(|scene| scene.zoom(scene.middle(), factor));
        self.board.redraw();
    }

    /// A key on the focused map.
    pub(super) fn key(self, event: &KeyboardEvent) {
        if event.ctrl_key() || event.meta_key() || event.alt_key() {
            return;
        }
        let pan = |by: (f64, f64)| {
            self.board.scene.update_value(|scene| scene.pan(by));
            self.board.redraw();
        };
        match event.key().as_str() {
            "ArrowLeft" => pan((STEP, 0.0)),
            "ArrowRight" => pan((-STEP, 0.0)),
            "ArrowUp" => pan((0.0, STEP)),
            "ArrowDown" => pan((0.0, -STEP)),
            "+" | "=" => self.zoom(ZOOM),
            "-" => self.zoom(1.0 / ZOOM),
            "0" => self.fit(),
            "n" => self.step(true),
            "p" => self.step(false),
            "Escape" => {
                self.board.scene.update_value(|scene| scene.outline = None);
                self.board.point_at(None);
                self.board.spoken.set(String::new());
            }
            _ => return,
        }
        event.prevent_default();
        event.stop_propagation();
    }

    /// Points at the next or the one before of the selected cells; of generated ones when none is selected, of measured
    /// ones when there are no others.
    fn step(self, forward: bool) {
        let board = self.board;
        let selection = board.store.selection.get_untracked();
        let order: Vec<(LayerId, usize)> = board.scene.with_value(|scene| {
            let all = |generated: bool| {
                let layers = scene.layers.iter().filter(move |layer| layer.id.is_generated() == generated);
                layers.flat_map(|layer| (0..layer.cells()).map(move |index| (layer.id, index))).collect::<Vec<_>>()
            };
            let of = |(layer, points): (&LayerId, &Vec<u32>)| {
                let layer = *layer;
                points.iter().map(move |index| (layer, *index as usize)).collect::<Vec<_>>()
            };
            let selected: Vec<_> = selection.of.iter().flat_map(of).collect();
            if !selected.is_empty() {
                return selected;
            }
            let generated = all(true);
            if generated.is_empty() { all(false) } else { generated }
        });
        let marked = board.scene.with_value(|scene| scene.marked);
        let here = marked.and_then(|marked| order.iter().position(|own| *own == marked));
        let last = order.len().saturating_sub(1);
        let next = match (here, forward) {
            (None, true) => 0,
            (None, false) => last,
            (Some(here), true) => {
                if here == last {
                    0
                } else {
                    here + 1
                }
            }
            (Some(here), false) => here.checked_sub(1).unwrap_or(last),
        };
        let Some((layer, index)) = order.get(next).copied() else { return };
        self.bring_into_sight(layer, index);
        board.point_at(Some((layer, index)));
        board.spoken.set(format!("{} of {}: {}", next + 1, order.len(), board.describe(layer, index)));
    }

    /// Moves the map so that a cell can be seen.
    fn bring_into_sight(self, layer: LayerId, index: usize) {
        self.board.scene.update_value(|scene| {
            let Some((x, y)) = scene.at(layer, index).map(|at| scene.pixel(at)) else { return };
            if x < 0.0 || y < 0.0 || x > scene.size.0 || y > scene.size.1 {
                let middle = scene.middle();
                scene.pan((middle.0 - x, middle.1 - y));
            }
        });
    }
}
