//! The table of shifted genes.
//!
//! Does: the most shifted genes first, sortable and filterable, each row choosing its gene; CSV of
//! all genes with what made them.
//! Does not know: how shifts were tested.
//! Flow: store's shifts → **table** → chosen gene, CSV.

use std::fmt::Write;
use std::sync::Arc;

use leptos::prelude::*;

use super::download::{byte_file, text_file};
use super::store::{ShiftTable, Store};
use super::{link, use_store};
use crate::protocol::ToWorker;

/// What the table is sorted by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Order {
    Q,
    Change,
    Name,
}

/// What a gene must be to stand in the table.
#[derive(Clone, Debug, PartialEq)]
struct Cuts {
    /// Part of its name.
    name: String,
    /// Largest q-value.
    q: f64,
    /// Smallest |log2 fold change|.
    change: f64,
}

/// Places of the genes that pass the cuts, in order.
fn rows(table: &ShiftTable, genes: &[String], order: Order, cuts: &Cuts) -> Vec<usize> {
    let name = cuts.name.trim().to_uppercase();
    let passes = |gene: &usize| {
        genes[*gene].to_uppercase().contains(&name)
            && (table.control[*gene] > 0.0 || table.perturbed[*gene] > 0.0)
            && table.q[*gene] <= cuts.q
            && table.change[*gene].abs() >= cuts.change
    };
    let mut places: Vec<usize> = (0..table.q.len().min(genes.len())).filter(passes).collect();
    match order {
        Order::Q => places.sort_by(|a, b| {
            table.q[*a]
                .total_cmp(&table.q[*b])
                .then(table.p[*a].total_cmp(&table.p[*b]))
                .then(table.change[*b].abs().total_cmp(&table.change[*a].abs()))
        }),
        // Among genes that shift for sure first: a gene seen once on one side has the largest change.
        Order::Change => places.sort_by(|a, b| {
            let sure = |gene: usize| table.q[gene] < 0.05;
            sure(*b).cmp(&sure(*a)).then(table.change[*b].abs().total_cmp(&table.change[*a].abs()))
        }),
        Order::Name => places.sort_by(|a, b| genes[*a].cmp(&genes[*b])),
    }
    places
}

/// A probability for a table cell.
pub(super) fn small(value: f64) -> String {
    let text = if value != 0.0 && value < 0.001 { format!("{value:.1e}") } else { format!("{value:.3}") };
    text.replace('-', "−")
}

/// A change for a table cell.
pub(super) fn change(value: f64) -> String {
    format!("{value:.2}").replace('-', "−")
}

/// A fold change in words where one side has no counts at all: the number is then only a convention.
pub(super) fn fold_change(table: &ShiftTable, gene: usize) -> String {
    match (table.control[gene] > 0.0, table.perturbed[gene] > 0.0) {
        (false, true) => "new".to_owned(),
        (true, false) => "gone".to_owned(),
        _ => change(table.change[gene]),
    }
}

#[component]
pub(super) fn GeneTable() -> impl IntoView {
    let store = use_store();
    let (order, set_order) = signal(Order::Q);
    let (cuts, set_cuts) = signal(Cuts { name: String::new(), q: 1.0, change: 0.0 });
    let (most, set_most) = signal(20_usize);
    let found = Memo::new(move |_| {
        let (Some(table), Some(card)) = (store.shifts.get(), store.card.get()) else { return Vec::new() };
        rows(&table, &card.genes, order.get(), &cuts.get())
    });
    let body = move || {
        let (Some(table), Some(card)) = (store.shifts.get(), store.card.get()) else { return Vec::new() };
        let places = found.get();
        let shown = places.into_iter().take(most.get());
        shown.map(|gene| view! { <Row table=table.clone() gene name=card.genes[gene].clone()/> }).collect()
    };
    let count = move || found.with(Vec::len);
    let told = move || match (count(), most.get()) {
        (0, _) => "No gene passes these cuts.".to_owned(),
        (all, most) if all > most => format!("The first {most} of {all} genes that pass."),
        (1, _) => "One gene passes.".to_owned(),
        (all, _) => format!("{all} genes pass."),
    };
    let number = |event: &web_sys::Event, otherwise: f64| event_target_value(event).parse().unwrap_or(otherwise);
    let heading = move |name: &'static str, own: Order| {
        let sorted = move || if order.get() == own { "ascending" } else { "none" };
        view! { <th scope="col" aria-sort=sorted><button class="sort" on:click=move |_| set_order.set(own)>{name}</button></th> }
    };
    let compared = move || {
        store.shifts.get().map_or_else(String::new, |table| {
            format!("{} control and {} perturbed generated cells; log2 fold change of means, Mann-Whitney p, Benjamini-Hochberg q. new, gone: counted on one side only", table.cells.0, table.cells.1)
        })
    };
    view! {
        <div class="bar">
            <input type="search" placeholder="Find a gene" aria-label="Find a gene" data-testid="filter"
                on:input=move |event| set_cuts.update(|cuts| cuts.name = event_target_value(&event))/>
            <label class="inline">"Show "
                <select aria-label="Rows shown" on:change=move |event| set_most.set(event_target_value(&event).parse().unwrap_or(20))>
                    <option value="20">"20"</option><option value="100">"100"</option><option value="500">"500"</option>
                </select>
            </label>
            <label class="inline">"q ≤ "
                <select data-testid="cut-q" aria-label="Largest q-value" on:change=move |event| set_cuts.update(|cuts| cuts.q = number(&event, 1.0))>
                    <option value="1">"any"</option><option value="0.05">"0.05"</option><option value="0.01">"0.01"</option><option value="0.001">"0.001"</option>
                </select>
            </label>
            <label class="inline">"|log2 FC| ≥ "
                <select data-testid="cut-change" aria-label="Smallest absolute log2 fold change" on:change=move |event| set_cuts.update(|cuts| cuts.change = number(&event, 0.0))>
                    <option value="0">"any"</option><option value="0.5">"0.5"</option><option value="1">"1"</option><option value="2">"2"</option>
                </select>
            </label>
            <button class="quiet" data-testid="save-csv" on:click=move |_| save_csv(store)>"CSV"</button>
            <button class="quiet" data-testid="save-h5ad" disabled=move || store.provenance.with(Option::is_none)
                on:click=move |_| link::send(store, &ToWorker::Export { run: store.run.get_untracked() })>"h5ad"</button>
        </div>
        <p class="note" id="shifts-about">{compared}</p>
        <p class="note" role="status" data-testid="shifts-count">{told}</p>
        <div class="scroll" tabindex="0" role="region" aria-label="Shifted genes">
            <table data-testid="shifts-table" aria-describedby="shifts-about">
                <thead><tr>
                    {heading("Gene", Order::Name)}{heading("log2 FC", Order::Change)}
                    <th scope="col" class="interval" title="95 % interval of the difference of mean log-normalised expression">"Δ, 95 %"</th>
                    <th scope="col">"p"</th>{heading("q", Order::Q)}
                </tr></thead>
                <tbody>{body}</tbody>
            </table>
        </div>
        <HandOut/>
    }
}

/// One gene; a click or Enter chooses it.
#[component]
fn Row(table: Arc<ShiftTable>, gene: usize, name: String) -> impl IntoView {
    let store = use_store();
    let (own, shown) = (name.clone(), name.clone());
    let is_chosen = move || store.state.with(|state| state.gene.as_deref() == Some(own.as_str()));
    let choose = {
        let name = name.clone();
        move |_| store.change(|state| state.gene = Some(name.clone()))
    };
    view! {
        <tr data-gene=name.clone() data-log2fc=format!("{:.4}", table.change[gene]) data-q=format!("{:e}", table.q[gene]) class:chosen=is_chosen>
            <th scope="row"><button class="gene" on:click=choose>{shown}</button></th>
            <td>{fold_change(&table, gene)}</td>
            <td class="interval">{format!("{} … {}", change(table.low[gene]), change(table.high[gene]))}</td>
            <td>{small(table.p[gene])}</td>
            <td>{small(table.q[gene])}</td>
        </tr>
    }
}

/// Hands out the file that the worker made.
#[component]
fn HandOut() -> impl IntoView {
    let store = use_store();
    Effect::new(move |_| {
        if let Some((name, bytes)) = store.download.get() {
            byte_file(&name, &bytes);
            store.download.set(None);
        }
    });
}

/// All genes as CSV; lines that start with # say what made them.
fn save_csv(store: Store) {
    let (Some(table), Some(card)) = (store.shifts.get_untracked(), store.card.get_untracked()) else { return };
    let mut csv = String::new();
    if let Some(provenance) = store.provenance.get_untracked() {
        for (key, value) in provenance.entries {
            // Writing to a string cannot fail, here and below.
            let _ = writeln!(csv, "# {key}: {value}");
        }
    }
    csv.push_str("gene,log2_fold_change,p,q,mean_control,mean_perturbed,difference_low_95,difference_high_95\n");
    for (gene, name) in card.genes.iter().enumerate().take(table.q.len()) {
        let _ = writeln!(
            csv,
            "{name},{},{:e},{:e},{},{},{},{}",
            table.change[gene],
            table.p[gene],
            table.q[gene],
            table.control[gene],
            table.perturbed[gene],
            table.low[gene],
            table.high[gene]
        );
    }
    text_file("wellplate-shifts.csv", "text/csv", &csv);
}
