//! A table of genes: found by name, sorted by a column, the first so many of them.
//!
//! Does: the field, the choice of rows, heads that sort, rows whose gene colours the map.
//! Does not know: what was tested, what stands in the cells.
//! Flow: genes and cells → **table** → person → chosen gene.

use std::sync::Arc;

use leptos::prelude::*;

use crate::protocol::data::Colour;
use crate::ui::effects::data::colour;
use crate::ui::state::store::{Store, use_store};

/// Rows that are shown at first.
const FIRST: usize = 20;

/// A column's head, and which way it sorts; none that does not.
pub(super) type Head = (&'static str, Option<&'static str>);

/// What is looked for: a part of a symbol, and the symbols that are called so otherwise.
pub(super) struct Sought {
    name: String,
    called: Vec<String>,
}

impl Sought {
    /// Whether a gene is one of them.
    pub(super) fn fits(&self, gene: &str) -> bool {
        self.name.is_empty()
            || gene.to_uppercase().contains(&self.name)
            || self.called.iter().any(|called| called == gene)
    }
}

/// The table. `id` begins its parts' names; `sorted` gives the genes in the order of a column, `cells` what stands beside
/// a gene's name.
#[component]
pub(super) fn GeneTable(
    id: &'static str,
    label: &'static str,
    heads: &'static [Head],
    first: usize,
    genes: Signal<Arc<Vec<String>>>,
    sorted: Callback<(usize, Arc<Sought>), Vec<usize>>,
    cells: Callback<usize, Vec<String>>,
    about: Signal<String>,
    about_id: &'static str,
) -> impl IntoView {
    let store = use_store();
    let (order, set_order) = signal(first);
    let (name, set_name) = signal(String::new());
    let (most, set_most) = signal(FIRST);
    let found = Memo::new(move |_| {
        let name = name.get().trim().to_owned();
        let called =
            if name.is_empty() { Vec::new() } else { genes.with(|genes| store.gene_names.get().meant(&name, genes)) };
        sorted.run((order.get(), Arc::new(Sought { name: name.to_uppercase(), called })))
    });
    let body = move || {
        let genes = genes.get();
        let shown = found.get().into_iter().take(most.get());
        shown.map(|gene| row(store, genes[gene].clone(), cells.run(gene))).collect::<Vec<_>>()
    };
    let heading = move |(place, (words, direction)): (usize, &Head)| {
        let (words, direction) = (*words, *direction);
        match direction {
            Some(direction) => {
                let is_sorted = move || if order.get() == place { direction } else { "none" };
                view! { <th scope="col" aria-sort=is_sorted><button class="sort" on:click=move |_| set_order.set(place)>{words}</button></th> }.into_any()
            }
            None => view! { <th scope="col">{words}</th> }.into_any(),
        }
    };
    let headings: Vec<_> = heads.iter().enumerate().map(heading).collect();
    view! {
        <div class="bar">
            <input type="search" placeholder="Find a gene" aria-label=format!("{label}: find a gene") data-testid=format!("{id}-filter")
                on:input=move |event| set_name.set(event_target_value(&event))/>
            <label class="inline">"Show "
                <select aria-label=format!("{label}: rows shown") on:change=move |event| set_most.set(event_target_value(&event).parse().unwrap_or(FIRST))>
                    <option value="20">"20"</option><option value="100">"100"</option><option value="500">"500"</option>
                </select>
            </label>
        </div>
        <p class="note" data-testid=about_id role="status">{about}</p>
        <div class="scroll" tabindex="0" role="region" aria-label=label>
            <table data-testid=format!("{id}-table")><thead><tr>{headings}</tr></thead><tbody>{body}</tbody></table>
        </div>
    }
}

/// One gene; its name colours the map by it.
fn row(store: Store, name: String, cells: Vec<String>) -> impl IntoView + use<> {
    let (own, chosen) = (name.clone(), name.clone());
    let choose = move |_| {
        colour(store, Colour::Gene(own.clone()));
        store.change(|state| state.gene = Some(own.clone()));
    };
    let is_chosen = move || store.data.colour.with(|now| matches!(now, Colour::Gene(gene) if *gene == chosen));
    let cells: Vec<_> = cells.into_iter().map(|words| view! { <td>{words}</td> }).collect();
    view! { <tr class:chosen=is_chosen><th scope="row"><button class="gene" on:click=choose>{name}</button></th>{cells}</tr> }
}
