//! Files that the page hands to the visitor.
//!
//! Does: turns texts, bytes and figures (as PNG) into downloads without any request, and says that it did.
//! Does not know: what is in them.
//! Flow: export → **download**.

use std::cell::Cell;

use leptos::prelude::{Set, document};
use plots::{PlotError, Theme};
use plotters::coord::Shift;
use plotters::prelude::{DrawingArea, IntoDrawingArea};
use plotters_canvas::CanvasBackend;
use wasm_bindgen::prelude::Closure;
use wasm_bindgen::{JsCast, JsValue};
use web_sys::{Blob, BlobPropertyBag, HtmlAnchorElement, HtmlCanvasElement, Url};

use crate::ui::state::store::Store;

thread_local! {
    /// Who is told of downloads: a button that saves must not be silent.
    static TOLD: Cell<Option<Store>> = const { Cell::new(None) };
}

/// Tells a store of every download from now on.
pub(in crate::ui) fn tell_to(store: Store) {
    TOLD.set(Some(store));
}

/// A plotters surface on a canvas.
pub(in crate::ui) type Surface = DrawingArea<CanvasBackend, Shift>;

/// Pixels of a saved picture per CSS pixel.
const PIXELS: f64 = 2.0;

/// Hands out a text.
pub(in crate::ui) fn text_file(name: &str, kind: &str, text: &str) {
    hand_out(name, kind, &JsValue::from_str(text));
}

/// Hands out bytes.
pub(in crate::ui) fn byte_file(name: &str, bytes: &[u8]) {
    hand_out(name, "application/octet-stream", &js_sys::Uint8Array::from(bytes).into());
}

/// Hands out a figure of `size` (width, height) CSS pixels as PNG with twice as many pixels, on white.
///
/// # Errors
/// A sentence, when the browser gives no canvas of that size or the figure cannot be drawn.
pub(in crate::ui) fn png_figure(
    name: &str,
    size: (u32, u32),
    draw: impl FnOnce(&Surface, &Theme) -> Result<(), PlotError>,
) -> Result<(), String> {
    let refused = || format!("The browser gave no room for a picture of {} × {} points.", size.0, size.1);
    let element = document().create_element("canvas").map_err(|_| refused())?;
    let canvas: HtmlCanvasElement = element.unchecked_into();
    let pixels = |length: u32| (f64::from(length) * PIXELS).round() as u32;
    canvas.set_width(pixels(size.0));
    canvas.set_height(pixels(size.1));
    let surface = CanvasBackend::with_canvas_object(canvas.clone()).ok_or_else(refused)?.into_drawing_area();
    draw(&surface, &Theme::light(PIXELS)).map_err(|error| format!("The figure could not be saved: {error}."))?;
    png_canvas(name, &canvas).map_err(|()| refused())
}

/// Hands out what a canvas shows as PNG; a browser that writes no picture is told of, as a download is.
///
/// # Errors
/// When the browser refuses at once.
pub(in crate::ui) fn png_canvas(name: &str, canvas: &HtmlCanvasElement) -> Result<(), ()> {
    let name = name.to_owned();
    let done = Closure::once_into_js(move |blob: JsValue| match blob.dyn_into::<Blob>() {
        Ok(blob) => hand_out_blob(&name, &blob),
        Err(_) => not_written(&name),
    });
    canvas.to_blob(done.unchecked_ref()).map_err(|_| ())
}

/// Says that there is no file.
fn not_written(name: &str) {
    if let Some(store) = TOLD.get() {
        store.alert.set(Some(format!("The browser could not write {name}; save it in another form.")));
    }
}

fn hand_out(name: &str, kind: &str, content: &JsValue) {
    let options = BlobPropertyBag::new();
    options.set_type(kind);
    let blob = Blob::new_with_u8_array_sequence_and_options(&js_sys::Array::of1(content), &options);
    match blob {
        Ok(blob) => hand_out_blob(name, &blob),
        Err(_) => not_written(name),
    }
}

fn hand_out_blob(name: &str, blob: &Blob) {
    let Ok(address) = Url::create_object_url_with_blob(blob) else { return not_written(name) };
    if let Ok(element) = document().create_element("a") {
        let anchor: HtmlAnchorElement = element.unchecked_into();
        anchor.set_href(&address);
        anchor.set_download(name);
        anchor.click();
        if let Some(store) = TOLD.get() {
            store.tell(&format!("Saved {name}."));
        }
    }
    // The browser has taken the blob by now; an address that cannot be revoked ends with the page.
    let _ = Url::revoke_object_url(&address);
}
