//! Which genes stand in the table.
//!
//! Does: names or parts of them, cut-offs by q and fold change, a direction.
//! Does not know: the genes.
//! Flow: person → **cuts** → table.

use leptos::prelude::*;

use crate::gene_rows::{Cuts, Direction, names};

#[component]
pub(super) fn Filters(cuts: RwSignal<Cuts>) -> impl IntoView {
    // An empty field cuts nothing.
    let number = |event: &web_sys::Event, otherwise: f64| {
        event_target_value(event).trim().parse().ok().filter(|value: &f64| value.is_finite()).unwrap_or(otherwise)
    };
    let direction = move |event| {
        let direction = match event_target_value(&event).as_str() {
            "up" => Direction::Up,
            "down" => Direction::Down,
            _ => Direction::Both,
        };
        cuts.update(|cuts| cuts.direction = direction);
    };
    view! {
        <div class="bar filters">
            <input type="search" placeholder="Find genes: ISG15, CD14 …" aria-label="Find genes by name; several are separated by blanks or commas"
                autocomplete="off" spellcheck="false" data-testid="filter"
                on:input=move |event| cuts.update(|cuts| cuts.names = names(&event_target_value(&event)))/>
            <label class="inline">"q ≤ "
                <input type="number" min="0" max="1" step="0.01" placeholder="any" data-testid="cut-q" aria-label="Largest q-value"
                    on:input=move |event| cuts.update(|cuts| cuts.q = number(&event, 1.0))/>
            </label>
            <label class="inline">"|log2 FC| ≥ "
                <input type="number" min="0" step="0.25" placeholder="any" data-testid="cut-change" aria-label="Smallest absolute log2 fold change"
                    on:input=move |event| cuts.update(|cuts| cuts.change = number(&event, 0.0))/>
            </label>
            <label class="inline">"Shift "
                <select data-testid="cut-direction" aria-label="Direction of the shift" on:change=direction>
                    <option value="both">"up and down"</option><option value="up">"up"</option><option value="down">"down"</option>
                </select>
            </label>
        </div>
    }
}
