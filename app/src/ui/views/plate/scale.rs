//! What colours mean, and the choice of it.
//!
//! Does: response strength or a gene, the definition in words, the scale with its unit.
//! Does not know: wells.
//! Flow: person → state's parts → **legend**.

use leptos::prelude::*;

use super::desk::{AHEAD_MARK, Show as By, use_desk};
use super::words::{brief, css};
use crate::choices::perturbation;
use crate::lacks::Lacks;
use crate::plate::results::Strength;
use crate::protocol::precomputed::Made;
use crate::ui::widgets::canvas::theme;

/// Stops of the gradient.
const STOPS: u32 = 12;

#[component]
pub(super) fn Legend() -> impl IntoView {
    let desk = use_desk();
    let gradient = move || {
        let (scale, theme) = (desk.scale.get(), theme(desk.store));
        let stop = |at: u32| css(scale.colour(&theme, scale.low + (scale.high - scale.low) * at as f32 / STOPS as f32));
        let stops: Vec<String> = (0..=STOPS).map(stop).collect();
        format!("linear-gradient(to right,{})", stops.join(","))
    };
    let colour = move |event| {
        // What is shown where nobody chose depends on what there is: a choice is kept as it is.
        desk.set_part("plate.colour", Some(event_target_value(&event)));
    };
    let by = move |event| desk.set_part("plate.by", Some(event_target_value(&event)).filter(|value| value == "rms"));
    let take_gene = move |event| match desk.store.gene_names.find(
        &event_target_value(&event),
        &desk.card().genes,
        "this model's",
    ) {
        Ok(gene) => desk.store.change(|state| state.gene = Some(gene)),
        Err(why) => desk.store.alert.set(Some(why)),
    };
    let about = move || {
        let card = desk.card();
        let reference = Lacks::of(&card).reference(&card);
        match desk.show.get() {
            By::Strength => desk.strength.get().definition(&reference),
            By::Ahead => desk.store.ahead.held.with(|held| {
                let Made { cells, seed, .. } = held.as_ref().map(|held| held.made.clone()).unwrap_or_default();
                format!("Precomputed: these came with the model. Genes with q < 0.05 of all that were tested, {cells} generated cells on either side, seed {seed}; {reference} of the same make. Run makes this plate's own cells of every well.")
            }),
            By::Mean => "Mean log-normalised expression over the cells of the well.".to_owned(),
            By::Shift => format!("Difference of mean log-normalised expression from {reference}."),
        }
    };
    let (against, plain) = if perturbation(&desk.card()).is_some() {
        ("a gene's shift against control", "control cells")
    } else {
        ("a gene's shift against the rest", "cells as they are")
    };
    let acting = perturbation(&desk.card()).is_some();
    let has_ahead = move || desk.ahead.with(|own| !own.is_empty());
    let marked = move || desk.looks.with(|looks| looks.iter().any(|look| look.ahead));
    let is = move |own: By| desk.show.get() == own;
    view! {
        <div class="plate-legend" data-testid="plate-legend">
            <label class="inline">"Colour by "
                <select data-testid="plate-colour" on:change=colour>
                    <option value="ahead" selected=move || is(By::Ahead) hidden=move || !has_ahead()>"precomputed response"</option>
                    <option value="strength" selected=move || is(By::Strength)>"response strength"</option>
                    <option value="shift" selected=move || is(By::Shift)>{against}</option>
                    <option value="mean" selected=move || is(By::Mean)>"a gene's mean"</option>
                </select>
            </label>
            <Show when=move || is(By::Strength)
                fallback=move || view! {
                    <label class="inline" hidden=move || is(By::Ahead)>"Gene "
                        <input data-testid="plate-gene" prop:value=move || desk.gene.get().map(|(name, _)| name).unwrap_or_default() on:change=take_gene/>
                    </label>
                }>
                <label class="inline">"measured as "
                    <select data-testid="plate-by" on:change=by>
                        <option value="genes" selected=move || desk.strength.get() == Strength::Genes>"shifted genes"</option>
                        <option value="rms" selected=move || desk.strength.get() == Strength::Rms>"size of the shift"</option>
                    </select>
                </label>
            </Show>
            <div class="plate-scale">
                <span>{move || brief(desk.scale.get().low)}</span>
                <span class="plate-ramp" style:background=gradient aria-hidden="true"></span>
                <span>{move || brief(desk.scale.get().high)}</span>
                <span class="note">{move || desk.unit()}</span>
            </div>
            <ul class="legend">
                <li><span class="plate-key" aria-hidden="true"></span>{plain}</li>
                {acting.then(|| view! { <li><span class="plate-key acts" aria-hidden="true"></span>"perturbed cells"</li> })}
                <li>"·2: replicate 2, not run yet"</li>
                <li hidden=move || !marked()>{format!("37{AHEAD_MARK}: not run yet; precomputed, 37 genes with q < 0.05, not on this scale")}</li>
            </ul>
            <p class="note" data-testid="plate-definition">{about}</p>
        </div>
    }
}
