//! Canvases: sized for the screen's pixels, drawn by plotters.
//!
//! Does: gives figures a plotters surface of the canvas' size, a theme, and the pointer's place in
//! the canvas' pixels.
//! Does not know: which figure is drawn.
//! Flow: canvas element → **surface** → figure.

use leptos::html::Canvas;
use leptos::prelude::*;
use plots::{Palette, Theme};
use plotters::prelude::IntoDrawingArea;
use plotters_canvas::CanvasBackend;
use web_sys::MouseEvent;

use crate::ui::effects::download::Surface;
use crate::ui::effects::looks::shown_palette;
use crate::ui::state::store::{Store, use_store};

/// The theme for the screen.
pub(in crate::ui) fn theme(store: Store) -> Theme {
    let scale = window().device_pixel_ratio().clamp(1.0, 3.0);
    Theme::of(store.dark.get(), store.looks.palette.get(), scale)
}

/// The theme for exports: light, in the page's colours, at one pixel per unit.
pub(in crate::ui) fn export_theme() -> Theme {
    Theme::of(false, shown_palette(), 1.0)
}

/// The surface of a canvas at its size on the page; `None` while it has none.
pub(in crate::ui) fn surface(node: NodeRef<Canvas>, scale: f64) -> Option<Surface> {
    let canvas = node.get_untracked()?;
    let (width, height) = (f64::from(canvas.client_width()) * scale, f64::from(canvas.client_height()) * scale);
    if width < 20.0 || height < 20.0 {
        return None;
    }
    canvas.set_width(width as u32);
    canvas.set_height(height as u32);
    CanvasBackend::with_canvas_object(canvas).map(IntoDrawingArea::into_drawing_area)
}

/// Where a pointer event is, in the canvas' pixels.
pub(in crate::ui) fn pointer(event: &MouseEvent, scale: f64) -> (i32, i32) {
    ((f64::from(event.offset_x()) * scale) as i32, (f64::from(event.offset_y()) * scale) as i32)
}

/// The surface of a canvas as it is, to draw on top.
pub(in crate::ui) fn again(node: NodeRef<Canvas>) -> Option<Surface> {
    CanvasBackend::with_canvas_object(node.get_untracked()?).map(IntoDrawingArea::into_drawing_area)
}

/// A number that changes when the window's size or the palette does: figures read it to be drawn again.
pub(in crate::ui) fn resized() -> ReadSignal<u32> {
    let (count, bump) = signal(0);
    let handle = window_event_listener(leptos::ev::resize, move |_| bump.update(|count| *count += 1));
    on_cleanup(move || handle.remove());
    let palette = use_store().looks.palette;
    Effect::new(move |before: Option<Palette>| {
        let now = palette.get();
        if before.is_some_and(|before| before != now) {
            bump.update(|count| *count += 1);
        }
        now
    });
    count
}
