//! One row of the table of genes.
//!
//! Does: a gene's numbers; a click chooses the gene.
//! Does not know: where the row stands in the document.
//! Flow: place + store's shifts → **row** → chosen gene.

use leptos::prelude::*;

use crate::ui::state::gene_choice::{choose, chosen, columns};
use crate::ui::state::store::use_store;
use crate::ui::widgets::numbers::{change, fold_change, mean, small};

/// A row: which gene, at which place, of which numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Place {
    /// Gene.
    pub(super) gene: usize,
    /// Place among the rows that pass.
    pub(super) position: usize,
    /// Which table its numbers are of.
    pub(super) version: usize,
    /// Whether measured numbers are there.
    pub(super) measured: bool,
}

#[component]
pub(super) fn Row(place: Place, at: RwSignal<Option<usize>>) -> impl IntoView {
    let store = use_store();
    let (table, card) = (store.shifts.get_untracked()?, store.card.get_untracked()?);
    let measured = store.measured.get_untracked();
    let numbers = columns(&table, &card, measured.as_deref());
    let gene = place.gene;
    if gene >= numbers.len() {
        return None;
    }
    let name = StoredValue::new(card.genes[gene].clone());
    let is_chosen = Memo::new(move |_| chosen(store).is_some_and(|own| name.with_value(|name| *name == own)));
    let choose = move |_| {
        at.set(Some(place.position));
        name.with_value(|name| choose(store, name));
    };
    let measured = measured.is_some().then(|| view! { <td>{change(numbers.measured_difference(gene))}</td> });
    Some(view! {
        <tr id=format!("shift-{gene}") aria-rowindex=place.position + 2 data-gene=name.get_value()
            data-log2fc=format!("{:.4}", table.change[gene]) data-q=format!("{:e}", table.q[gene])
            aria-selected=move || is_chosen.get().to_string() class:chosen=is_chosen
            class:active=move || at.get() == Some(place.position) on:click=choose>
            <th scope="row"><button class="gene" tabindex="-1">{name.get_value()}</button></th>
            <td>{fold_change(&table, gene)}</td>
            <td>{small(table.q[gene])}</td>
            <td class="interval">{format!("{} … {}", change(table.low[gene]), change(table.high[gene]))}</td>
            <td>{small(table.p[gene])}</td>
            <td>{mean(table.control[gene])}</td>
            <td>{mean(table.perturbed[gene])}</td>
            {measured}
        </tr>
    })
}
