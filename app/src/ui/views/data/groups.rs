//! Two groups of cells, chosen without a pointer.
//!
//! Does: a choice by label, nearest type or all others for each group; says how many cells it has; starts the test.
//! Does not know: how a group is drawn on the map.
//! Flow: person → **groups** → worker.

use leptos::prelude::*;

use crate::own_data::thousands;
use crate::protocol::data::{Ask, Cut, Export, Summary};
use crate::ui::effects::data::ask;
use crate::ui::state::store::{Phase, use_store};

/// Letters of the groups and what they stand for.
pub(super) const SIDES: [(&str, &str); 2] = [("A", "Group A (control)"), ("B", "Group B (perturbed)")];

/// Fewest cells of a value that is offered: fewer cannot be tested.
const FEWEST: u32 = 3;
/// Most values of a label that is offered: a list of more (barcodes, clones) cannot be chosen from.
const MOST: usize = 300;

/// All choices: words, cut, heading.
pub(super) fn choices(summary: &Summary) -> Vec<(String, Vec<(String, Cut)>)> {
    let mut lists: Vec<(String, Vec<(String, Cut)>)> = summary
        .labels
        .iter()
        // A name of every single cell makes no groups.
        .filter(|label| (2..=MOST).contains(&label.values.len()) && label.values[0].1 >= FEWEST)
        .map(|label| {
            let cut = |value: &String| Cut::Label { key: label.key.clone(), value: value.clone() };
            let enough = label.values.iter().filter(|(_, cells)| *cells >= FEWEST);
            let values = enough.map(|(value, cells)| {
                (format!("{} = {value} ({})", label.key, thousands((*cells).into())), cut(value))
            });
            (label.key.clone(), values.collect())
        })
        .collect();
    let types = summary
        .types
        .iter()
        .map(|(name, cells)| (format!("{name} ({})", thousands((*cells).into())), Cut::Nearest(name.clone())));
    lists.push(("Nearest measured type".to_owned(), types.collect()));
    lists.push(("Rest".to_owned(), vec![("All other cells".to_owned(), Cut::Others)]));
    lists
}

#[component]
pub(super) fn Groups() -> impl IntoView {
    let store = use_store();
    let sides = [0, 1].map(|side| view! { <Side side/> });
    let ready = move || store.data.groups.with(|groups| groups.iter().all(Option::is_some));
    let blocked = move || !ready() || store.phase.with(|phase| *phase != Phase::Idle);
    let test = move |_| {
        let job = store.begin_job("testing genes");
        ask(store, Ask::Test { job });
    };
    view! {
        <section class="panel own-groups" aria-labelledby="own-groups">
            <h2 id="own-groups">"Compare two groups"</h2>
            {sides}
            <button class="primary" data-testid="data-test" disabled=blocked on:click=test>"Test B against A"</button>
            <p class="note">"By label here, or drawn on the map. Every gene of the file is tested (Mann-Whitney; q-values by Benjamini-Hochberg). The test treats cells as independent, but cells of one donor are not: for statements about donors these q-values are too small."</p>
        </section>
    }
}

#[component]
fn Side(side: usize) -> impl IntoView {
    let store = use_store();
    let (letter, title) = SIDES[side];
    let id = format!("group-{}", letter.to_lowercase());
    let lists = Memo::new(move |_| store.data.summary.get().map(|summary| choices(&summary)).unwrap_or_default());
    let options = move || {
        let mut place = 0;
        let lists = lists.get().into_iter().map(|(heading, values)| {
            let values: Vec<_> = values
                .into_iter()
                .map(|(words, _)| {
                    place += 1;
                    view! { <option value=place.to_string()>{words}</option> }
                })
                .collect();
            view! { <optgroup label=heading>{values}</optgroup> }
        });
        lists.collect::<Vec<_>>()
    };
    let choose = move |event| {
        let place: usize = event_target_value(&event).parse().unwrap_or(0);
        let cut = lists.with_untracked(|lists| {
            let all = lists.iter().flat_map(|(_, values)| values);
            place.checked_sub(1).and_then(|place| all.clone().nth(place)).map(|(_, cut)| cut.clone())
        });
        ask(store, Ask::Group { side: side as u8, cut: cut.unwrap_or(Cut::Nobody) });
    };
    let about = move || store.data.groups.with(|groups| groups[side].clone());
    let words = move || {
        about().map_or_else(
            || "no cells yet".to_owned(),
            |(cells, words)| format!("{} cells, {words}", thousands(cells.into())),
        )
    };
    let drawn = move || about().is_some_and(|(_, words)| words == "drawn on the map");
    view! {
        <div class="own-group">
            <label for=id.clone()><span class=format!("letter {}", letter.to_lowercase())>{letter}</span>{title}</label>
            <select id=id.clone() data-testid=id.clone() on:change=choose>
                <option value="0" prop:selected=drawn>{move || if drawn() { "drawn on the map" } else { "choose …" }}</option>
                {options}
            </select>
            <p class="note" data-testid=format!("{id}-about") aria-live="polite">{words}
                <button class="quiet" hidden=move || about().is_none() aria-label=format!("Save group {letter} as h5ad")
                    on:click=move |_| ask(store, Ask::Export(Export::Group(side as u8)))>"h5ad"</button>
            </p>
        </div>
    }
}
