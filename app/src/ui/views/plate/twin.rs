//! The plate as a table.
//!
//! Does: one line per filled well, with its condition and its result; a line's button moves to the well.
//! Does not know: colours.
//! Flow: layout + results → **table**.

use leptos::prelude::*;

use super::desk::use_desk;
use super::words::{brief, sentence};
use crate::plate::wells::name;

#[component]
pub(super) fn Twin() -> impl IntoView {
    let desk = use_desk();
    let (is_open, set_open) = signal(false);
    let rows = move || {
        if !is_open.get() {
            return Vec::new();
        }
        let (card, layout) = (desk.card(), desk.layout.get());
        let row = |(place, well): (usize, &crate::plate::Well)| {
            let result = desk.result(place);
            let of = |value: Option<f32>| value.map_or("–".to_owned(), brief);
            let (genes, rms) =
                (result.as_ref().map(|own| own.genes_shifted as f32), result.as_ref().map(|own| own.rms));
            let shown = desk.shown(place);
            view! {
                <tr data-well=name(place)>
                    <th scope="row"><button class="gene" on:click=move |_| desk.select_one(place)>{name(place)}</button></th>
                    <td class="plate-words">{sentence(&card, &well.condition)}</td>
                    <td>{well.replicate}</td><td>{of(genes)}</td><td>{of(rms)}</td><td>{of(shown)}</td>
                </tr>
            }
        };
        layout.filled().map(row).collect()
    };
    let toggled = move |event: web_sys::Event| {
        let open = event.target().and_then(|target| js_sys::Reflect::get(&target, &"open".into()).ok());
        set_open.set(open.and_then(|open| open.as_bool()).unwrap_or(false));
    };
    view! {
        <details class="plate-twin" on:toggle=toggled>
            <summary data-testid="plate-table-open">"The plate as a table"</summary>
            <div class="scroll" tabindex="0" role="region" aria-label="The plate as a table">
                <table data-testid="plate-table">
                    <thead><tr>
                        <th scope="col">"Well"</th><th scope="col" class="plate-words">"Condition"</th><th scope="col">"Replicate"</th>
                        <th scope="col">"Shifted genes"</th><th scope="col">"RMS Δ"</th><th scope="col">{move || desk.unit()}</th>
                    </tr></thead>
                    <tbody>{rows}</tbody>
                </table>
            </div>
        </details>
    }
}
