//! What the browser says of its GPU.
//!
//! Does: asks for an adapter and reads its name and whether a program pretends to be it.
//! Does not know: wgpu, which passes on only a part of this; drawing.
//! Flow: browser → **name, software or not** → `gpu`.

use js_sys::{Function, Promise, Reflect};
use leptos::prelude::window;
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;

use crate::device_choice::is_software;

/// Property of a JavaScript object that is there.
fn get(object: &JsValue, key: &str) -> Option<JsValue> {
    Reflect::get(object, &key.into()).ok().filter(|value| !value.is_undefined() && !value.is_null())
}

/// Name of the adapter, and whether it is a software GPU.
///
/// # Errors
/// Why there is none, as the rest of a sentence.
pub(super) async fn ask() -> Result<(String, bool), String> {
    let gpu = get(&window().navigator().into(), "gpu").ok_or("this browser offers no WebGPU here")?;
    let none = "the browser gives no GPU";
    let request: Function = get(&gpu, "requestAdapter").and_then(|own| own.dyn_into().ok()).ok_or(none)?;
    let promise: Promise = request.call0(&gpu).ok().and_then(|own| own.dyn_into().ok()).ok_or(none)?;
    let adapter = JsFuture::from(promise).await.map_err(|_| none)?;
    if adapter.is_null() || adapter.is_undefined() {
        return Err(none.to_owned());
    }
    let info = get(&adapter, "info").unwrap_or(JsValue::NULL);
    let word = |key: &str| get(&info, key).and_then(|value| value.as_string()).filter(|word| !word.trim().is_empty());
    let words: Vec<String> = ["vendor", "architecture", "description"].into_iter().filter_map(word).collect();
    let name = if words.is_empty() { "an unnamed GPU".to_owned() } else { words.join(" ") };
    let fallback = |object: &JsValue| get(object, "isFallbackAdapter").and_then(|own| own.as_bool()) == Some(true);
    let software = is_software(&name) || fallback(&info) || fallback(&adapter);
    Ok((name, software))
}
