//! The table twin of a figure.
//!
//! Does: shows a figure's numbers as a table, whose genes can be chosen as in the figure.
//! Does not know: the figure.
//! Flow: figure's numbers → **table** → chosen gene.

use leptos::prelude::*;

use crate::ui::state::gene_choice::choose;
use crate::ui::state::store::use_store;

/// What a figure shows, as a table.
pub(in crate::ui) struct Twin {
    /// What it is, and what was left out.
    pub(in crate::ui) caption: String,
    /// Heads of the columns after the gene's.
    pub(in crate::ui) heads: Vec<String>,
    /// Genes with their values.
    pub(in crate::ui) rows: Vec<(String, Vec<String>)>,
}

#[component]
pub(in crate::ui) fn TwinTable(twin: Twin) -> impl IntoView {
    let store = use_store();
    let heads: Vec<_> = twin.heads.into_iter().map(|head| view! { <th scope="col">{head}</th> }).collect();
    let row = |(gene, values): (String, Vec<String>)| {
        let (own, name) = (gene.clone(), gene.clone());
        let values: Vec<_> = values.into_iter().map(|value| view! { <td>{value}</td> }).collect();
        let is_chosen = move || store.state.with(|state| state.gene.as_deref() == Some(own.as_str()));
        view! {
            <tr class:chosen=is_chosen>
                <th scope="row"><button class="gene" on:click=move |_| choose(store, &name)>{gene}</button></th>{values}
            </tr>
        }
    };
    let rows: Vec<_> = twin.rows.into_iter().map(row).collect();
    view! {
        <div class="scroll twin" tabindex="0" role="region" aria-label="The figure as a table">
            <table data-testid="figure-table">
                <caption>{twin.caption}</caption>
                <thead><tr><th scope="col">"Gene"</th>{heads}</tr></thead>
                <tbody>{rows}</tbody>
            </table>
        </div>
    }
}
