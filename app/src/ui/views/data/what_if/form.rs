//! The form of a prediction.
//!
//! Does: cells, perturbation, types and numbers; the button with progress, time left and cancel; says what is missing, and
//! warns of a file that has half of the panel or less before anything is drawn.
//! Does not know: how cells are predicted.
//! Flow: person → **choices** → worker.

use leptos::prelude::*;

use super::asked::{perturbation, wanted};
use super::pick::{Cells, Kinds, Perturbed};
use crate::own_data::{capital, thousands};
use crate::state::STEPS;
use crate::ui::effects::what_if::{predict, watch};
use crate::ui::effects::worker;
use crate::ui::state::store::{Phase, use_store};
use crate::ui::widgets::number_field::NumberField;
use crate::what_if::{FIRST, KEEP, MOST};

/// Why nothing can be predicted; none when it can.
fn missing() -> Option<String> {
    let store = use_store();
    let counts = store.data.summary.with(|summary| summary.as_ref().is_some_and(|summary| summary.counts));
    if perturbation(store).is_none() {
        return Some(
            "This model has no perturbation, so that it can say nothing of what one does to a cell.".to_owned(),
        );
    }
    if !counts {
        return Some("The file holds log-normalised values, and the model rewrites counts: choose a matrix of counts above, or a file that has one.".to_owned());
    }
    wanted(store).is_none().then(|| "Choose a perturbation first.".to_owned())
}

/// A warning before anything is drawn.
fn few() -> Option<String> {
    let store = use_store();
    store.data.summary.with(|summary| {
        let own = summary.as_ref()?;
        (2 * own.shared <= own.panel).then(|| {
            format!(
                "The file has {} of the model's {} genes: with half of the panel or less a prediction is a guess.",
                thousands(own.shared.into()),
                thousands(own.panel.into())
            )
        })
    })
}

#[component]
pub(in super::super) fn Form() -> impl IntoView {
    let store = use_store();
    watch(store);
    let why = Memo::new(move |_| missing());
    let warned = Memo::new(move |_| few());
    let idle = move || store.phase.with(|phase| *phase == Phase::Idle);
    let has_choice = move || perturbation(store).is_some();
    let own = store.data.what_if;
    let ask = move |_| untrack(|| wanted(store)).into_iter().for_each(|wanted| predict(store, wanted));
    let ended = move || if own.is_working() { String::new() } else { own.ended.get() };
    view! {
        <section class="panel own-predict" aria-labelledby="own-predict">
            <h2 id="own-predict">"What if? Predict these cells"</h2>
            <p class="note">"Starts from your cells: what would they be like under a perturbation? Every number of it is predicted, none measured."</p>
            <div hidden=move || !has_choice()>
                <Cells/>
                <Perturbed/>
                <Kinds/>
                <Numbers/>
            </div>
            <p class="warnings" role="status" data-testid="predict-few" hidden=move || warned.with(Option::is_none)>{move || warned.get()}</p>
            <button class="primary" data-testid="predict" disabled=move || why.with(Option::is_some) || !idle()
                on:click=ask>"Predict"</button>
            <p class="note" data-testid="predict-missing" hidden=move || why.with(Option::is_none)>{move || why.get()}</p>
            <Working/>
            <p class="note" role="status" data-testid="predict-ended">{ended}</p>
        </section>
    }
}

/// Progress of the prediction.
#[component]
fn Working() -> impl IntoView {
    let store = use_store();
    let now = move || match store.phase.get() {
        Phase::Running { what, share, seconds_left } if store.data.what_if.is_working() => {
            Some((what, share, seconds_left))
        }
        _ => None,
    };
    let words = move || {
        now().map_or_else(String::new, |(what, share, seconds)| {
            let left = seconds.map_or_else(String::new, |seconds| format!(", about {:.0} s left", seconds.ceil()));
            format!("{}: {:.0} %{left}", capital(&what), 100.0 * share)
        })
    };
    view! {
        <div class="progress" hidden=move || now().is_none()>
            <p data-testid="predict-progress" aria-live="polite">{words}</p>
            <progress max="1" value=move || now().map_or(0.0, |(_, share, _)| share) aria-label="Progress of the prediction"></progress>
            <button data-testid="predict-cancel" on:click=move |_| worker::cancel(store)>"Cancel"</button>
        </div>
    }
}

/// How cells are predicted.
#[component]
fn Numbers() -> impl IntoView {
    let store = use_store();
    let own = store.data.what_if;
    let card = move || store.card.get();
    let guidance = move || own.guidance.get().or_else(|| card().map(|card| card.guidance)).unwrap_or(0.0);
    let limit = move || card().map_or(0.0, |card| card.guidance_limit);
    let steps = Signal::derive(move || own.steps.get().or_else(|| card().map(|card| card.steps)).unwrap_or(1));
    let percent = move || format!("{:.0} %", 100.0 * own.keep.get());
    let set_keep = move |event| {
        if let Ok(value) = event_target_value(&event).parse::<f32>() {
            own.keep.set((value / 100.0).clamp(0.0, 1.0));
        }
    };
    view! {
        <NumberField id="predict-most" title=format!("Cells at most ({FIRST} unless you ask for more, up to {})", thousands(MOST.into()))
            name="Cells" range=(1, MOST) value=own.most change=Callback::new(move |value| own.most.set(value))/>
        <p class="note">"Where there are more cells, this many are taken, spread evenly over the file."</p>
        <details>
            <summary data-testid="predict-numbers">"Share kept, guidance, steps, seed"</summary>
            <label for="predict-keep">"Share of genes kept as measured: those that the perturbation is predicted to change least"</label>
            <div class="pair">
                <input id="predict-keep" data-testid="predict-keep" type="range" min="0" max="100" step="5"
                    prop:value=move || (100.0 * own.keep.get()).round().to_string() on:input=set_keep/>
                <output for="predict-keep">{percent}</output>
            </div>
            <p class="note">{format!("{:.0} % worked best on the training donors of pbmc-ifnb. At 0 % every gene is generated anew; at 100 % nothing changes.", 100.0 * KEEP)}</p>
            <label for="predict-guidance">"Guidance scale w"</label>
            <div class="pair">
                <input id="predict-guidance" data-testid="predict-guidance" type="range" min="0" max=move || limit().to_string() step="0.25"
                    aria-describedby="predict-guidance-limit" prop:value=move || guidance().to_string()
                    on:input=move |event| own.guidance.set(event_target_value(&event).parse().ok())/>
                <output for="predict-guidance">{move || guidance().to_string()}</output>
            </div>
            <p class="note" id="predict-guidance-limit">{move || format!("Up to {}: above that, this model's cells were not looked at.", limit())}</p>
            <NumberField id="predict-steps" title="Sampling steps N".to_owned() name="Sampling steps" range=STEPS value=steps
                change=Callback::new(move |value| own.steps.set(Some(value)))/>
            <NumberField id="predict-seed" title="Seed: the same seed gives the same cells".to_owned() name="Seed" range=(0, u32::MAX)
                value=own.seed change=Callback::new(move |value| own.seed.set(value))/>
        </details>
    }
}
