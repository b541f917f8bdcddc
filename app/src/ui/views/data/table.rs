//! The table of genes that differ between the visitor's groups.
//!
//! Does: sorts the shifts, says them in words; CSV and TSV of all genes.
//! Does not know: how genes were tested.
//! Flow: worker's shifts → **table** → files.

use std::sync::Arc;

use leptos::prelude::*;

use super::gene_table::{GeneTable, Head, Sought};
use super::summary::origin_words;
use crate::gene_file;
use crate::own_data::thousands;
use crate::ui::effects::download::text_file;
use crate::ui::state::data::OwnTable;
use crate::ui::state::store::{Store, use_store};
use crate::ui::widgets::numbers::{change, small};

/// Heads of the table.
const HEADS: [Head; 6] = [
    ("Gene", Some("ascending")),
    ("log2 FC", Some("descending")),
    ("Mean A", Some("descending")),
    ("Mean B", Some("descending")),
    ("p", None),
    ("q", Some("ascending")),
];
/// The column that the table begins with.
const BY_Q: usize = 5;

/// Genes that are sought, in the order of a column; genes that no cell has are left out.
fn sorted(table: &OwnTable, genes: &[String], column: usize, sought: &Sought) -> Vec<usize> {
    let passes = |gene: &usize| (table.a[*gene] > 0.0 || table.b[*gene] > 0.0) && sought.fits(&genes[*gene]);
    let mut places: Vec<usize> = (0..table.q.len().min(genes.len())).filter(passes).collect();
    let strong = |a: &usize, b: &usize| table.change[*b].abs().total_cmp(&table.change[*a].abs());
    match column {
        0 => places.sort_by(|a, b| genes[*a].cmp(&genes[*b])),
        // Among genes that differ for sure first: a gene seen once on one side has the largest change.
        1 => places.sort_by(|a, b| (table.q[*a] >= 0.05).cmp(&(table.q[*b] >= 0.05)).then(strong(a, b))),
        2 => places.sort_by(|a, b| table.a[*b].total_cmp(&table.a[*a])),
        3 => places.sort_by(|a, b| table.b[*b].total_cmp(&table.b[*a])),
        _ => places.sort_by(|a, b| {
            table.q[*a].total_cmp(&table.q[*b]).then(table.p[*a].total_cmp(&table.p[*b])).then(strong(a, b))
        }),
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
    let shifted = table.q.iter().filter(|q| **q < 0.05).count();
    let about = format!(
        "B ({}, {} cells) against A ({}, {} cells): {} genes with q below 0.05. log2 fold change of means of normalised counts; only A, only B: seen on one side.",
        table.words.1,
        thousands(table.cells.1.into()),
        table.words.0,
        thousands(table.cells.0.into()),
        thousands(shifted as f64)
    );
    let genes = Signal::derive(move || store.data.genes.get());
    let about = Signal::derive(move || about.clone());
    let own = StoredValue::new(table);
    let order = Callback::new(move |(column, sought): (usize, Arc<Sought>)| {
        own.with_value(|table| genes.with(|genes| sorted(table, genes, column, &sought)))
    });
    let cells = Callback::new(move |gene: usize| {
        let mean = |value: f64| format!("{value:.2}");
        own.with_value(|table| {
            let (a, b) = (mean(table.a[gene]), mean(table.b[gene]));
            vec![fold(table, gene), a, b, small(table.p[gene]), small(table.q[gene])]
        })
    });
    view! {
        <section class="panel own-shifts" aria-labelledby="own-shifts">
            <div class="bar">
                <h2 id="own-shifts">"Genes that differ"</h2>
                <span class="own-files">
                    <button class="quiet" data-testid="own-csv" on:click=move |_| save(store, ',')>"CSV"</button>
                    <button class="quiet" data-testid="own-tsv" on:click=move |_| save(store, '\t')>"TSV"</button>
                </span>
            </div>
            <GeneTable id="own" label="Genes that differ" heads=&HEADS first=BY_Q genes sorted=order cells about about_id="own-tested"/>
        </section>
    }
}

/// All genes as a table file; lines that start with # say what it is.
fn save(store: Store, apart: char) {
    let Some(table) = store.data.table.get_untracked() else { return };
    let of_file = store.data.summary.with_untracked(|summary| {
        summary.as_ref().map(|summary| (summary.title.clone(), origin_words(summary).to_owned()))
    });
    let (title, origin) = of_file.unwrap_or_default();
    let notes = [
        ("source", title),
        ("cells", origin),
        ("A", format!("{} ({} cells)", table.words.0, table.cells.0)),
        ("B", format!("{} ({} cells)", table.words.1, table.cells.1)),
        ("log2_fold_change", "B against A, of means of normalised counts".to_owned()),
        ("version", env!("CARGO_PKG_VERSION").to_owned()),
    ];
    let notes = notes.map(|(key, value)| (key.to_owned(), value));
    let columns: [gene_file::Numbers<'_>; 7] = [
        ("log2_fold_change", &table.change),
        ("p", &table.p),
        ("q", &table.q),
        ("mean_a", &table.a),
        ("mean_b", &table.b),
        ("difference_low_95", &table.low),
        ("difference_high_95", &table.high),
    ];
    let text = store.data.genes.with_untracked(|genes| gene_file::text(&notes, genes, &columns, apart));
    let (file, kind) =
        if apart == ',' { ("own-genes.csv", "text/csv") } else { ("own-genes.tsv", "text/tab-separated-values") };
    text_file(file, kind, &text);
}
