//! The table of genes that differ between the visitor's groups.
//!
//! Does: sorts, filters and shows the shifts; a click on a gene colours the map by it; CSV and TSV of all genes.
//! Does not know: how genes were tested.
//! Flow: worker's shifts → **table** → chosen gene, files.

use std::fmt::Write;
use std::sync::Arc;

use leptos::prelude::*;

use crate::fields::{field, remark};
use crate::own_data::thousands;
use crate::protocol::data::Colour;
use crate::ui::effects::data::colour;
use crate::ui::effects::download::text_file;
use crate::ui::state::data::OwnTable;
use crate::ui::state::store::{Store, use_store};
use crate::ui::widgets::numbers::{change, small};

/// What the table is sorted by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Order {
    Q,
    Change,
    Name,
    A,
    B,
}

/// Places of the genes whose symbols hold `name`, or that are `called` so, in order; genes that no cell has are left out.
fn rows(table: &OwnTable, genes: &[String], order: Order, name: &str, called: &[String]) -> Vec<usize> {
    let name = name.trim().to_uppercase();
    let passes = |gene: &usize| {
        (table.a[*gene] > 0.0 || table.b[*gene] > 0.0)
            && (name.is_empty() || genes[*gene].to_uppercase().contains(&name) || called.contains(&genes[*gene]))
    };
    let mut places: Vec<usize> = (0..table.q.len().min(genes.len())).filter(passes).collect();
    let strong = |a: &usize, b: &usize| table.change[*b].abs().total_cmp(&table.change[*a].abs());
    match order {
        Order::Q => places.sort_by(|a, b| {
            table.q[*a].total_cmp(&table.q[*b]).then(table.p[*a].total_cmp(&table.p[*b])).then(strong(a, b))
        }),
        // Among genes that differ for sure first: a gene seen once on one side has the largest change.
        Order::Change => places.sort_by(|a, b| (table.q[*a] >= 0.05).cmp(&(table.q[*b] >= 0.05)).then(strong(a, b))),
        Order::Name => places.sort_by(|a, b| genes[*a].cmp(&genes[*b])),
        Order::A => places.sort_by(|a, b| table.a[*b].total_cmp(&table.a[*a])),
        Order::B => places.sort_by(|a, b| table.b[*b].total_cmp(&table.b[*a])),
    }
    places
}

/// A fold change in words where one side has nothing.
fn fold(table: &OwnTable, gene: usize) -> String {
    match (table.a[gene] > 0.0, table.b[gene] > 0.0) {
        (false, true) => "only B".to_owned(),
        (true, false) => "only A".to_owned(),
        _ => change(table.change[gene]),
    }
}

#[component]
pub(super) fn Tested() -> impl IntoView {
    let store = use_store();
    let shown = move || store.data.table.get().map(|table| view! { <Shifts table/> });
    view! { {shown} }
}

#[component]
fn Shifts(table: Arc<OwnTable>) -> impl IntoView {
    let store = use_store();
    let (order, set_order) = signal(Order::Q);
    let (name, set_name) = signal(String::new());
    let (most, set_most) = signal(20_usize);
    let own = StoredValue::new(table.clone());
    let found = Memo::new(move |_| {
        let genes = store.data.genes.get();
        let name = name.get();
        let called = if name.is_empty() { Vec::new() } else { store.gene_names.get().meant(name.trim(), &genes) };
        rows(&own.get_value(), &genes, order.get(), &name, &called)
    });
    let body = move || {
        let genes = store.data.genes.get();
        let table = own.get_value();
        found
            .get()
            .into_iter()
            .take(most.get())
            .map(|gene| row(store, &table, gene, genes[gene].clone()))
            .collect::<Vec<_>>()
    };
    let heading = move |words: &'static str, own: Order, direction: &'static str| {
        let sorted = move || if order.get() == own { direction } else { "none" };
        view! { <th scope="col" aria-sort=sorted><button class="sort" on:click=move |_| set_order.set(own)>{words}</button></th> }
    };
    let shifted = table.q.iter().filter(|q| **q < 0.05).count();
    let about = format!(
        "B ({}, {} cells) against A ({}, {} cells): {} genes with q below 0.05. log2 fold change of means of normalised counts; only A, only B: seen on one side.",
        table.words.1,
        thousands(table.cells.1.into()),
        table.words.0,
        thousands(table.cells.0.into()),
        thousands(shifted as f64)
    );
    view! {
        <section class="panel own-shifts" aria-labelledby="own-shifts">
            <div class="bar">
                <h2 id="own-shifts">"Genes that differ"</h2>
                <span class="own-files">
                    <button class="quiet" data-testid="own-csv" on:click=move |_| save(store, ',')>"CSV"</button>
                    <button class="quiet" data-testid="own-tsv" on:click=move |_| save(store, '\t')>"TSV"</button>
                </span>
            </div>
            <div class="bar">
                <input type="search" placeholder="Find a gene" aria-label="Find a gene" data-testid="own-filter"
                    on:input=move |event| set_name.set(event_target_value(&event))/>
                <label class="inline">"Show "
                    <select aria-label="Rows shown" on:change=move |event| set_most.set(event_target_value(&event).parse().unwrap_or(20))>
                        <option value="20">"20"</option><option value="100">"100"</option><option value="500">"500"</option>
                    </select>
                </label>
            </div>
            <p class="note" data-testid="own-tested" role="status">{about}</p>
            <div class="scroll" tabindex="0" role="region" aria-label="Genes that differ">
                <table data-testid="own-table">
                    <thead><tr>
                        {heading("Gene", Order::Name, "ascending")}{heading("log2 FC", Order::Change, "descending")}
                        {heading("Mean A", Order::A, "descending")}{heading("Mean B", Order::B, "descending")}
                        <th scope="col">"p"</th>{heading("q", Order::Q, "ascending")}
                    </tr></thead>
                    <tbody>{body}</tbody>
                </table>
            </div>
        </section>
    }
}

/// One gene; its name colours the map by it.
fn row(store: Store, table: &OwnTable, gene: usize, name: String) -> impl IntoView + use<> {
    let own = name.clone();
    let choose = move |_| {
        colour(store, Colour::Gene(own.clone()));
        store.change(|state| state.gene = Some(own.clone()));
    };
    let chosen = name.clone();
    let is_chosen = move || store.data.colour.with(|now| matches!(now, Colour::Gene(gene) if *gene == chosen));
    let mean = |value: f64| format!("{value:.2}");
    view! {
        <tr class:chosen=is_chosen>
            <th scope="row"><button class="gene" on:click=choose>{name}</button></th>
            <td>{fold(table, gene)}</td><td>{mean(table.a[gene])}</td><td>{mean(table.b[gene])}</td>
            <td>{small(table.p[gene])}</td><td>{small(table.q[gene])}</td>
        </tr>
    }
}

/// All genes as a table file; lines that start with # say what it is.
fn save(store: Store, apart: char) {
    let Some(table) = store.data.table.get_untracked() else { return };
    let title = store.data.summary.with_untracked(|summary| summary.as_ref().map(|summary| summary.title.clone()));
    let notes = [
        ("source", title.unwrap_or_default()),
        ("A", format!("{} ({} cells)", table.words.0, table.cells.0)),
        ("B", format!("{} ({} cells)", table.words.1, table.cells.1)),
        ("version", env!("CARGO_PKG_VERSION").to_owned()),
    ];
    let mut text: String = notes.iter().map(|(key, value)| remark(key, value, apart)).collect();
    // Writing to a string cannot fail, here and below.
    let heads = ["gene", "log2_fold_change", "p", "q", "mean_a", "mean_b", "difference_low_95", "difference_high_95"];
    let _ = writeln!(text, "{}", heads.join(&apart.to_string()));
    store.data.genes.with_untracked(|genes| {
        for (gene, name) in genes.iter().enumerate().take(table.q.len()) {
            let name = field(name, apart);
            let _ = writeln!(
                text,
                "{name}{apart}{}{apart}{:e}{apart}{:e}{apart}{}{apart}{}{apart}{}{apart}{}",
                table.change[gene],
                table.p[gene],
                table.q[gene],
                table.a[gene],
                table.b[gene],
                table.low[gene],
                table.high[gene]
            );
        }
    });
    let (file, kind) =
        if apart == ',' { ("own-genes.csv", "text/csv") } else { ("own-genes.tsv", "text/tab-separated-values") };
    text_file(file, kind, &text);
}
