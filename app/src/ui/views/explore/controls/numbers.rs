//! How cells are generated: guidance, steps, cells, seeds.
//!
//! Does: fields with their limits, which refuse in words, the defaults of this model and of the paper marked, a way back to them.
//! Does not know: the sampler.
//! Flow: person → **fields** → store's state.

use leptos::prelude::*;

use crate::state::{CELLS, REPLICATES, STEPS, State};
use crate::ui::state::store::use_store;
use crate::ui::widgets::number_field::NumberField;

/// Guidance scales of the paper (PAPER.md, section 5), and what for.
const PAPER_GUIDANCE: [(f32, &str); 2] = [(2.0, "paper, knock-downs"), (3.0, "paper, cytokines")];
/// Sampling steps of the paper with guidance (PAPER.md, section 6).
const PAPER_STEPS: u32 = 3;

/// The numbers that a state begins with.
fn reset(state: &mut State) {
    let standard = State::default();
    (state.guidance, state.steps) = (standard.guidance, standard.steps);
    (state.cells, state.seed, state.replicates) = (standard.cells, standard.seed, standard.replicates);
}

/// Guidance, steps, cells and seeds; `standard` are the bundle's guidance and steps, `limit` the largest guidance at
/// which its cells were found sound.
#[component]
pub(super) fn Numbers(standard: (f32, u32), limit: f32, guided: bool) -> impl IntoView {
    let store = use_store();
    let (guidance, steps) = standard;
    let is_standard = move || {
        store.state.with(|state| {
            let mut other = state.clone();
            reset(&mut other);
            other == *state
        })
    };
    let in_all = move || {
        store.state.with(|state| match state.replicates {
            1 => "One replicate has no interval over seeds.".to_owned(),
            several => format!(
                "Seeds {} to {}: {} cells per scenario in all.",
                state.seed,
                u64::from(state.seed) + u64::from(several) - 1,
                u64::from(state.cells) * u64::from(several)
            ),
        })
    };
    view! {
        {guided.then(|| view! { <Guidance standard=guidance limit/> })}
        <details>
            <summary data-testid="numbers-open">"Steps, cells, seeds"</summary>
            <NumberField id="steps" title=format!("Sampling steps N (this model's default: {steps}; the paper's: {PAPER_STEPS})") name="Sampling steps" range=STEPS
                value=Signal::derive(move || store.steps()) change=Callback::new(move |value| store.change(|state| state.steps = Some(value)))/>
            <NumberField id="cells" title=format!("Cells per scenario and replicate ({} to {})", CELLS.0, CELLS.1) name="Cells per scenario and replicate" range=CELLS
                value=Signal::derive(move || store.state.with(|state| state.cells))
                change=Callback::new(move |value| store.change(|state| state.cells = value))/>
            <NumberField id="seed" title="Seed: the same seed gives the same cells".to_owned() name="Seed" range=(0, u32::MAX)
                value=Signal::derive(move || store.state.with(|state| state.seed))
                change=Callback::new(move |value| store.change(|state| state.seed = value))/>
            <button class="quiet" data-testid="new-seed" on:click=move |_| {
                let seed = (js_sys::Math::random() * 1e6) as u32;
                store.change(|state| state.seed = seed);
            }>"New seed"</button>
            <NumberField id="replicates" title="Replicates: all of it again with the next seeds".to_owned() name="Replicates" range=REPLICATES
                value=Signal::derive(move || store.state.with(|state| state.replicates))
                change=Callback::new(move |value| store.change(|state| state.replicates = value))/>
            <p class="note" data-testid="replicates-note">{in_all}</p>
        </details>
        <button class="quiet defaults" data-testid="defaults" disabled=is_standard
            on:click=move |_| store.change(reset)>"Back to defaults"</button>
    }
}

/// The guidance scale, with its defaults as marks that can be chosen.
#[component]
fn Guidance(standard: f32, limit: f32) -> impl IntoView {
    let store = use_store();
    // What is past the limit is not offered: such cells are not sound.
    let sound = PAPER_GUIDANCE.into_iter().filter(move |(value, _)| *value <= limit);
    let marks = std::iter::once((standard, "this model")).chain(sound);
    let ticks: Vec<_> =
        marks.clone().map(|(value, name)| view! { <option value=value.to_string() label=name></option> }).collect();
    let buttons: Vec<_> = marks
        .enumerate()
        .map(|(place, (value, name))| {
            let is_on = move || (store.guidance() - value).abs() < 1e-6;
            // The model's own is said by saying nothing.
            let own = (place > 0).then_some(value);
            view! {
                <button class="mark" data-testid=format!("guidance-mark-{place}") aria-pressed=move || is_on().to_string()
                    on:click=move |_| store.change(|state| state.guidance = own)>
                    <b>{value.to_string()}</b>" "{name}
                </button>
            }
        })
        .collect();
    view! {
        <label for="guidance">"Guidance scale w"</label>
        <div class="pair">
            <input id="guidance" type="range" min="0" max=limit.to_string() step="0.25" aria-describedby="guidance-limit" list="guidance-marks" data-testid="guidance"
                prop:value=move || store.guidance().to_string()
                on:input=move |event| {
                    let value = event_target_value(&event).parse().ok();
                    store.change(|state| state.guidance = value);
                }/>
            <output for="guidance">{move || store.guidance().to_string()}</output>
        </div>
        <datalist id="guidance-marks">{ticks}</datalist>
        <div class="marks" role="group" aria-label="Defaults of the guidance scale">{buttons}</div>
        <p class="note" id="guidance-limit" data-testid="guidance-limit">{format!("Up to {limit}: above that, this model's cells were not looked at. Guidance multiplies small effects (log fold changes) by w + 1, and at most doubles what a gene has at w = 0.")}</p>
    }
}
