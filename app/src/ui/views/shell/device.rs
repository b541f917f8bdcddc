//! Which device runs the model, and the choice of another.
//!
//! Does: names the device with the reason and its speed, lets a person ask for another one.
//! Does not know: how a device is chosen or measured.
//! Flow: worker's report → **badge**; person → wish → worker.

use leptos::prelude::*;

use crate::protocol::{DeviceReport, Wish};
use crate::ui::effects::worker;
use crate::ui::state::store::{Phase, use_store};

/// What can be asked for, in words.
const WISHES: [(Wish, &str, &str); 4] = [
    (Wish::Auto, "auto", "The fastest (automatic)"),
    (Wish::WebGpuHalf, "webgpu-f16", "WebGPU, half precision"),
    (Wish::WebGpu, "webgpu", "WebGPU, single precision"),
    (Wish::Cpu, "cpu", "CPU"),
];

/// A duration for people.
fn seconds(value: f64) -> String {
    if value < 10.0 { format!("{value:.1} s") } else { format!("{value:.0} s") }
}

/// How fast the device is, by the short measurement at the start of one worker.
fn speed(device: &DeviceReport) -> String {
    let Some(probed) = device.seconds_per_100 else {
        return "A software GPU is not measured at the start: that alone would take long.".to_owned();
    };
    let alone = device.workers.map_or("", |_| " on one worker");
    let words =
        format!("About {} per 100 cells without guidance{alone}; guided cells take twice that.", seconds(probed));
    match device.workers {
        Some(workers) if workers > 1 => format!("{words} {workers} workers share the cells."),
        _ => words,
    }
}

/// What computes, beside its kind: workers where there are any.
fn name(device: &DeviceReport) -> String {
    match device.workers {
        Some(1) => format!("one worker, {}", device.name),
        Some(workers) => format!("{workers} workers, {}", device.name),
        None => device.name.clone(),
    }
}

#[component]
pub(super) fn DeviceBadge() -> impl IntoView {
    let store = use_store();
    let kind = move || store.device.get().map_or_else(|| "starting …".to_owned(), |device| device.kind.to_string());
    // Apart, because a phone has no room for it.
    let named = move || store.device.get().map_or_else(String::new, |device| format!(" · {}", name(&device)));
    let is_there = move || store.device.with(Option::is_some);
    let why = move || {
        store.device.get().map_or_else(String::new, |device| {
            format!("{} Known values agree within {:.0e}.", device.why, device.golden_error.max(1e-9))
        })
    };
    let pace = move || store.device.get().map_or_else(String::new, |device| speed(&device));
    let busy = move || store.phase.with(|phase| !matches!(phase, Phase::Idle | Phase::Refused));
    let wish = move || store.state.with(|state| state.device);
    let options: Vec<_> = WISHES
        .into_iter()
        .map(|(own, name, title)| view! { <option value=name selected=move || wish() == own>{title}</option> })
        .collect();
    let switch = move |event| {
        let value = event_target_value(&event);
        if let Some((wish, _, _)) = WISHES.into_iter().find(|(_, name, _)| *name == value) {
            store.change(|state| state.device = wish);
            worker::switch_device(store);
        }
    };
    view! {
        <details class="device">
            <summary data-testid="device-badge">
                <span class="dot" class:on=is_there aria-hidden="true"></span>
                <span>{kind}<span class="device-name">{named}</span></span>
            </summary>
            <div class="device-panel">
                <p data-testid="device-why">{why}</p>
                <p data-testid="device-pace">{pace}</p>
                <label for="device-wish">"Run the model on"</label>
                <select id="device-wish" data-testid="device-wish" disabled=busy on:change=switch>{options}</select>
            </div>
        </details>
    }
}
