//! The device: probed before burn starts, then started.
//!
//! Does: asks the browser for an adapter and its facts, starts WebGPU or the CPU as
//! `device_choice` decides.
//! Does not know: models.
//! Flow: wish → facts → choice → **burn device**.

use burn::tensor::Device;
use js_sys::{Function, Promise, Reflect};
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;

use crate::device_choice::{AdapterFacts, choose, is_software};
use crate::protocol::{DeviceReport, Wish};

/// A started device.
pub(crate) struct Started {
    /// For burn.
    pub(crate) device: Device,
    /// Whether it is a GPU.
    pub(crate) gpu: bool,
    /// For the page; the golden error is filled in later.
    pub(crate) report: DeviceReport,
}

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
async fn probe() -> Option<AdapterFacts> {
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
    let timestamps = match get(&adapter, "features") {
        Some(features) => {
            call(&features, "has", Some(&"timestamp-query".into())).await.and_then(|v| v.as_bool()).unwrap_or(false)
        }
        None => false,
    };
    Some(AdapterFacts { name, software, timestamps })
}

/// The CPU with a reason.
pub(crate) fn cpu(why: String) -> Started {
    let report = DeviceReport { kind: "CPU".into(), name: "one core, WebAssembly SIMD".into(), why, golden_error: 0.0 };
    Started { device: Device::flex(), gpu: false, report }
}

/// Probes and starts.
pub(crate) async fn start(wish: Wish) -> Started {
    let facts = probe().await;
    let choice = choose(wish, facts.as_ref());
    if !choice.gpu {
        return cpu(choice.why);
    }
    let name = facts.map(|facts| facts.name).unwrap_or_default();
    match Device::wgpu_options().init_async().await {
        Ok(device) => {
            let report = DeviceReport { kind: "WebGPU".into(), name, why: choice.why, golden_error: 0.0 };
            Started { device, gpu: true, report }
        }
        Err(error) => cpu(format!("WebGPU could not be started ({error}), so the model runs on the CPU.")),
    }
}
