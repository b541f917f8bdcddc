//! The table of genes of a prediction.
//!
//! Does: sorts predicted shifts, says them in words beside measured means; CSV of all genes.
//! Does not know: how genes were tested.
//! Flow: store's shifts → **table** → file.

use std::sync::Arc;

use leptos::prelude::*;

use super::super::gene_table::{GeneTable, Head, Sought};
use crate::gene_file;
use crate::own_data::thousands;
use crate::ui::effects::download::text_file;
use crate::ui::state::store::{Store, use_store};
use crate::ui::state::what_if::Shifts;
use crate::ui::widgets::numbers::{change, mean, small};
use crate::what_if::PAIRED;

/// Heads of the table.
const HEADS: [Head; 8] = [
    ("Gene", Some("ascending")),
    ("log2 FC, predicted", Some("descending")),
    ("q", Some("ascending")),
    ("p", None),
    ("Mean, measured", Some("descending")),
    ("Mean, control twin (predicted)", Some("descending")),
    ("Mean, predicted", Some("descending")),
    ("Drawn in", None),
];
/// The column that the table begins with.
const BY_Q: usize = 2;
/// The first of the columns of means.
const MEANS: usize = 4;

/// Genes that are sought, in the order of a column.
fn sorted(table: &Shifts, column: usize, sought: &Sought) -> Vec<usize> {
    let mut places: Vec<usize> = (0..table.genes.len()).filter(|gene| sought.fits(&table.genes[*gene])).collect();
    let strong = |a: &usize, b: &usize| table.change[*b].abs().total_cmp(&table.change[*a].abs());
    // Over many pairs the surest genes all have the smallest q there is: of these the one that moves farthest comes first.
    let distance = |gene: &usize| (table.low[*gene] + table.high[*gene]).abs();
    let far = |a: &usize, b: &usize| distance(b).total_cmp(&distance(a));
    match (column, column.checked_sub(MEANS).and_then(|of| table.means.get(of))) {
        (_, Some(means)) => places.sort_by(|a, b| means[*b].total_cmp(&means[*a])),
        (0, _) => places.sort_by(|a, b| table.genes[*a].cmp(&table.genes[*b])),
        // Among genes that move for sure first: a gene seen once on one side has the largest change.
        (1, _) => places.sort_by(|a, b| (table.q[*a] >= 0.05).cmp(&(table.q[*b] >= 0.05)).then(strong(a, b))),
        _ => places.sort_by(|a, b| table.q[*a].total_cmp(&table.q[*b]).then(far(a, b))),
    }
    places
}

/// A fold change in words where one side has nothing.
fn fold(table: &Shifts, gene: usize) -> String {
    match (table.means[1][gene] > 0.0, table.means[2][gene] > 0.0) {
        (false, true) => "new".to_owned(),
        (true, false) => "gone".to_owned(),
        _ => change(table.change[gene]),
    }
}

/// What stands beside a gene's name.
fn cells(table: &Shifts, gene: usize) -> Vec<String> {
    let [measured, twin, predicted] = table.means.each_ref().map(|means| mean(means[gene]));
    let drawn = format!("{:.0} %", 100.0 * table.drawn[gene]);
    vec![fold(table, gene), small(table.q[gene]), small(table.p[gene]), measured, twin, predicted, drawn]
}

#[component]
pub(super) fn Genes(table: Arc<Shifts>) -> impl IntoView {
    let store = use_store();
    let names = Arc::new(table.genes.clone());
    let genes = Signal::derive(move || names.clone());
    let own = StoredValue::new(table);
    let order = Callback::new(move |(column, sought): (usize, Arc<Sought>)| {
        own.with_value(|table| sorted(table, column, &sought))
    });
    let cells = Callback::new(move |gene: usize| own.with_value(|table| cells(table, gene)));
    let kept = Signal::derive(move || {
        let drawn = own.with_value(|table| table.genes.len());
        store.data.what_if.about.with(|about| {
            let shared = about.as_ref().map_or(0, |about| about.genes.0 as usize);
            format!(
                "{} genes were drawn in at least one cell. The other {} that model and file share stayed as measured in every cell and are not tested; genes that the model lacks stayed too.",
                thousands(drawn as f64),
                thousands(shared.saturating_sub(drawn) as f64)
            )
        })
    });
    view! {
        <div class="bar">
            <h3>"Genes"</h3>
            <span class="own-files"><button class="quiet" data-testid="predict-csv" on:click=move |_| save(store)>"CSV"</button></span>
        </div>
        <GeneTable id="predict" label="Predicted genes" heads=&HEADS first=BY_Q genes sorted=order cells about=kept about_id="predict-kept"/>
    }
}

/// All genes as a table file; lines that start with # say what made it.
fn save(store: Store) {
    let own = store.data.what_if;
    let (Some(table), Some(provenance)) = (own.shifts.get_untracked(), own.provenance.get_untracked()) else { return };
    let mut notes = provenance.entries.clone();
    notes.push(("test".to_owned(), PAIRED.to_owned()));
    let [measured, twin, predicted] = &table.means;
    let columns: [gene_file::Numbers<'_>; 9] = [
        ("log2_fold_change_predicted", &table.change),
        ("p", &table.p),
        ("q", &table.q),
        ("mean_measured", measured),
        ("mean_control_twin_predicted", twin),
        ("mean_predicted", predicted),
        ("difference_low_95", &table.low),
        ("difference_high_95", &table.high),
        ("share_of_cells_drawn", &table.drawn),
    ];
    text_file("predicted-genes.csv", "text/csv", &gene_file::text(&notes, &table.genes, &columns, ','));
}
