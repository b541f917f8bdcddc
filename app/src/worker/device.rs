//! The device: asked about before burn starts, then started.
//!
//! Does: asks the browser for an adapter and its facts, starts WebGPU or the CPU.
//! Does not know: models, how fast anything is (`probe`), which way is taken (`device_choice`).
//! Flow: **facts** → ways to try → **burn device**.

use std::cell::RefCell;

use burn::tensor::Device;
use js_sys::{Function, Promise, Reflect};
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;

use crate::device_choice::{AdapterFacts, Way, is_software};
use crate::protocol::DeviceReport;

/// Property of a JavaScript object.
fn get(object: &JsValue, key: &str) -> Option<JsValue> {
    Reflect::get(object, &key.into()).ok().filter(|value| !value.is_undefined() && !value.is_null())
}

/// Calls a method without or with one argument and waits for it if it is a promise.
async fn call(object: &JsValue, method: &str, argument: Option<&JsValue>) -> Option<JsValue> {
    let function: Function = get(object, method)?.dyn_into().ok()?;
    let result = match argument {
        Some(argument) => function.call1(object, argument),
        None => function.call0(object),
    };
    let value = result.ok()?;
    match value.dyn_into::<Promise>() {
        Ok(promise) => JsFuture::from(promise).await.ok().filter(|value| !value.is_null() && !value.is_undefined()),
        Err(value) => Some(value),
    }
}

/// Facts of the adapter that the browser would give; `None` when it gives none.
pub(crate) async fn facts() -> Option<AdapterFacts> {
    let navigator = get(&js_sys::global(), "navigator")?;
    let adapter = call(&get(&navigator, "gpu")?, "requestAdapter", None).await?;
    let info = get(&adapter, "info");
    let word = |key: &str| {
        info.as_ref().and_then(|info| get(info, key)).and_then(|value| value.as_string()).unwrap_or_default()
    };
    let parts: Vec<String> =
        ["vendor", "architecture", "description"].map(word).into_iter().filter(|word| !word.is_empty()).collect();
    let name = if parts.is_empty() { "an unnamed GPU".to_owned() } else { parts.join(" ") };
    let fallback =
        |object: &JsValue| get(object, "isFallbackAdapter").and_then(|value| value.as_bool()).unwrap_or(false);
    let software = is_software(&name) || fallback(&adapter) || info.as_ref().is_some_and(fallback);
    let features = get(&adapter, "features");
    let has = async |feature: &str| match &features {
        Some(features) => call(features, "has", Some(&feature.into())).await.and_then(|v| v.as_bool()).unwrap_or(false),
        None => false,
    };
    let (timestamps, half) = (has("timestamp-query").await, has("shader-f16").await);
    Some(AdapterFacts { name, software, timestamps, half })
}

thread_local! {
    /// burn starts a GPU once per worker.
    static GPU: RefCell<Option<Device>> = const { RefCell::new(None) };
}

/// Starts a way to run the model.
///
/// # Errors
/// A sentence, when the browser gives no working GPU after all.
pub(crate) async fn start(way: Way) -> Result<Device, String> {
    if way == Way::Cpu {
        return Ok(Device::flex());
    }
    if let Some(started) = GPU.with_borrow(Clone::clone) {
        return Ok(started);
    }
    let device =
        Device::wgpu_options().init_async().await.map_err(|error| format!("WebGPU could not be started ({error})."))?;
    GPU.set(Some(device.clone()));
    Ok(device)
}

/// What the page is told of a way.
pub(crate) fn report(way: Way, facts: Option<&AdapterFacts>, why: String) -> DeviceReport {
    let name = match (way, facts) {
        (Way::Cpu, _) | (_, None) => "WebAssembly SIMD".to_owned(),
        (_, Some(facts)) => facts.name.clone(),
    };
    DeviceReport { kind: way.name().into(), name, why, golden_error: 0.0, seconds_per_100: None, workers: None }
}
