//! Which genes stand in the table.
//!
//! Does: fields for names or parts of them, cut-offs by q and fold change, a direction; they stand in the address, so
//! that a link, undo and a reload keep them.
//! Does not know: the genes, what the fields mean (`gene_rows`).
//! Flow: person ⇄ state's parts → **cuts** → table.

use leptos::html::Input;
use leptos::prelude::*;

use crate::gene_rows::{CHANGE, Cuts, DIRECTION, FIND, Q, largest_q, smallest_change};
use crate::gene_search::{Standing, meant, missing};
use crate::ui::state::gene_choice::columns;
use crate::ui::state::store::{Store, use_store};

/// The cuts that the address asks for. A name that is no symbol of the model stands for the genes that are called so.
pub(super) fn cuts(store: Store) -> Memo<Cuts> {
    Memo::new(move |_| {
        let mut cuts = store.state.with(|state| Cuts::of(&state.parts));
        let Some(card) = store.card.get().filter(|_| !cuts.names.is_empty()) else { return cuts };
        let names = store.gene_names.get();
        let text = store.state.with(|state| state.parts.get(FIND).cloned()).unwrap_or_default();
        let meant = meant(&text, &card.genes, &names);
        (cuts.names, cuts.genes) = (meant.names, meant.genes);
        cuts
    })
}

/// Sentences on names that find no row.
pub(super) fn told(store: Store) -> Vec<String> {
    let text = store.state.with(|state| state.parts.get(FIND).cloned()).unwrap_or_default();
    let (Some(table), Some(card)) = (store.shifts.get(), store.card.get()) else { return Vec::new() };
    if text.trim().is_empty() {
        return Vec::new();
    }
    let numbers = columns(&table, &card, None);
    let standing = |gene: usize| match () {
        () if gene >= numbers.len() || numbers.q[gene].is_nan() => Standing::NotShipped,
        () if !numbers.is_counted(gene) => Standing::Unseen,
        () => Standing::Told,
    };
    missing(&text, &card.genes, &store.gene_names.get(), &standing)
}

/// Keeps a part of the address, or takes it out where nothing is left of it.
pub(super) fn keep(store: Store, key: &str, value: Option<String>) {
    store.set_part(key, value.filter(|value| !value.trim().is_empty()));
}

/// A field that follows a part of the address, on undo too. What is half typed ("0.") means the same as what is kept and is
/// left alone.
fn bound(store: Store, key: &'static str, same: fn(&str, &str) -> bool) -> NodeRef<Input> {
    let node = NodeRef::<Input>::new();
    let kept = Memo::new(move |_| store.state.with(|state| state.parts.get(key).cloned().unwrap_or_default()));
    Effect::new(move |_| {
        let kept = kept.get();
        if let Some(node) = node.get().filter(|node| !same(&node.value(), &kept)) {
            node.set_value(&kept);
        }
    });
    node
}

fn same_text(one: &str, other: &str) -> bool {
    one.trim() == other.trim()
}

fn same_number(one: &str, other: &str) -> bool {
    let number = |text: &str| text.trim().parse::<f64>().ok();
    number(one) == number(other)
}

/// Keeps a number that a field asks for; what could be none is refused in words, and what is kept stays.
fn keep_number(
    store: Store,
    key: &str,
    read: fn(&str) -> Result<f64, String>,
    told: RwSignal<String>,
    event: &web_sys::Event,
) {
    let typed = event_target_value(event);
    // A browser gives nothing for what it cannot read as a number, as for an empty field.
    match if typed.trim().is_empty() { Ok(0.0) } else { read(&typed) } {
        Ok(_) => {
            told.set(String::new());
            keep(store, key, Some(typed));
        }
        Err(words) => {
            let kept = store.state.with_untracked(|state| state.parts.get(key).cloned());
            let stays = kept.map_or("No cut is made.".to_owned(), |kept| format!("It stays {kept}."));
            told.set(format!("{words} {stays}"));
        }
    }
}

#[component]
pub(super) fn Filters() -> impl IntoView {
    let store = use_store();
    let told = RwSignal::new(String::new());
    let find = bound(store, FIND, same_text);
    let on_find = move |event: web_sys::Event| keep(store, FIND, Some(event_target_value(&event)));
    let q = bound(store, Q, same_number);
    let on_q = move |event| keep_number(store, Q, largest_q, told, &event);
    let change = bound(store, CHANGE, same_number);
    let on_change = move |event| keep_number(store, CHANGE, smallest_change, told, &event);
    let direction = move |event| {
        let direction = event_target_value(&event);
        keep(store, DIRECTION, (direction != "both").then_some(direction));
    };
    let is = move |own: &'static str| {
        move || store.state.with(|state| state.parts.get(DIRECTION).is_some_and(|now| now == own))
    };
    view! {
        <div class="bar filters">
            <input node_ref=find type="search" placeholder="Find genes: ISG15, PD-L1 …" aria-label="Find genes by symbol, part of it, synonym or full name; several are separated by blanks or commas"
                autocomplete="off" spellcheck="false" data-testid="filter" on:input=on_find/>
            <label class="inline">"q ≤ "
                <input node_ref=q type="number" min="0" max="1" step="0.01" placeholder="any" data-testid="cut-q" aria-label="Largest q-value" on:input=on_q/>
            </label>
            <label class="inline">"|log2 FC| ≥ "
                <input node_ref=change type="number" min="0" step="0.25" placeholder="any" data-testid="cut-change" aria-label="Smallest absolute log2 fold change" on:input=on_change/>
            </label>
            <label class="inline">"Shift "
                <select data-testid="cut-direction" aria-label="Direction of the shift" on:change=direction>
                    <option value="both">"up and down"</option>
                    <option value="up" prop:selected=is("up")>"up"</option>
                    <option value="down" prop:selected=is("down")>"down"</option>
                </select>
            </label>
        </div>
        <p class="note" role="status" data-testid="cuts-told">{told}</p>
    }
}
