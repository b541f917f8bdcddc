//! The table of genes of a prediction.
//!
//! Does: sorts, filters and shows predicted shifts beside measured means; a click on a gene colours the map by it; CSV of
//! all genes.
//! Does not know: how genes were tested.
//! Flow: store's shifts → **table** → chosen gene, file.

use std::fmt::Write;
use std::sync::Arc;

use leptos::prelude::*;

use crate::fields::{line, remark};
use crate::own_data::thousands;
use crate::protocol::data::Colour;
use crate::ui::effects::data::colour;
use crate::ui::effects::download::text_file;
use crate::ui::state::store::{Store, use_store};
use crate::ui::state::what_if::Shifts;
use crate::ui::widgets::numbers::{change, mean, small};
use crate::what_if::PAIRED;

/// What the table is sorted by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Order {
    Q,
    Change,
    Name,
    /// Mean of the measured cells, the twins or the predicted cells.
    Mean(usize),
}

/// Places of the genes whose symbols hold `name`, or that are `called` so, in order.
fn rows(table: &Shifts, order: Order, name: &str, called: &[String]) -> Vec<usize> {
    let name = name.trim().to_uppercase();
    let passes = |gene: &usize| {
        let own = &table.genes[*gene];
        name.is_empty() || own.to_uppercase().contains(&name) || called.contains(own)
    };
    let mut places: Vec<usize> = (0..table.genes.len()).filter(passes).collect();
    let strong = |a: &usize, b: &usize| table.change[*b].abs().total_cmp(&table.change[*a].abs());
    // Over many pairs the surest genes all have the smallest q there is: of these the one that moves farthest comes first.
    let distance = |gene: &usize| (table.low[*gene] + table.high[*gene]).abs();
    let far = |a: &usize, b: &usize| distance(b).total_cmp(&distance(a));
    match order {
        Order::Q => places.sort_by(|a, b| table.q[*a].total_cmp(&table.q[*b]).then(far(a, b))),
        // Among genes that move for sure first: a gene seen once on one side has the largest change.
        Order::Change => places.sort_by(|a, b| (table.q[*a] >= 0.05).cmp(&(table.q[*b] >= 0.05)).then(strong(a, b))),
        Order::Name => places.sort_by(|a, b| table.genes[*a].cmp(&table.genes[*b])),
        Order::Mean(of) => places.sort_by(|a, b| table.means[of][*b].total_cmp(&table.means[of][*a])),
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

#[component]
pub(super) fn Genes(table: Arc<Shifts>) -> impl IntoView {
    let store = use_store();
    let (order, set_order) = signal(Order::Q);
    let (name, set_name) = signal(String::new());
    let (most, set_most) = signal(20_usize);
    let own = StoredValue::new(table);
    let found = Memo::new(move |_| {
        let name = name.get();
        own.with_value(|table| {
            let called =
                if name.is_empty() { Vec::new() } else { store.gene_names.get().meant(name.trim(), &table.genes) };
            rows(table, order.get(), &name, &called)
        })
    });
    let body = move || {
        let shown = found.get().into_iter().take(most.get());
        own.with_value(|table| shown.map(|gene| row(store, table, gene)).collect::<Vec<_>>())
    };
    let heading = move |words: &'static str, own: Order, direction: &'static str| {
        let sorted = move || if order.get() == own { direction } else { "none" };
        view! { <th scope="col" aria-sort=sorted><button class="sort" on:click=move |_| set_order.set(own)>{words}</button></th> }
    };
    let kept = move || {
        let drawn = own.with_value(|table| table.genes.len());
        store.data.what_if.about.with(|about| {
            let shared = about.as_ref().map_or(0, |about| about.genes.0 as usize);
            format!(
                "{} genes were drawn in at least one cell. The other {} that model and file share stayed as measured in every cell and are not tested; genes that the model lacks stayed too.",
                thousands(drawn as f64),
                thousands(shared.saturating_sub(drawn) as f64)
            )
        })
    };
    view! {
        <div class="bar">
            <h3 id="predict-genes">"Genes"</h3>
            <span class="own-files"><button class="quiet" data-testid="predict-csv" on:click=move |_| save(store)>"CSV"</button></span>
        </div>
        <div class="bar">
            <input type="search" placeholder="Find a gene" aria-label="Find a predicted gene" data-testid="predict-filter"
                on:input=move |event| set_name.set(event_target_value(&event))/>
            <label class="inline">"Show "
                <select aria-label="Rows of predicted genes" on:change=move |event| set_most.set(event_target_value(&event).parse().unwrap_or(20))>
                    <option value="20">"20"</option><option value="100">"100"</option><option value="500">"500"</option>
                </select>
            </label>
        </div>
        <p class="note" data-testid="predict-kept">{kept}</p>
        <div class="scroll" tabindex="0" role="region" aria-labelledby="predict-genes">
            <table data-testid="predict-table">
                <thead><tr>
                    {heading("Gene", Order::Name, "ascending")}{heading("log2 FC, predicted", Order::Change, "descending")}
                    {heading("q", Order::Q, "ascending")}<th scope="col">"p"</th>
                    {heading("Mean, measured", Order::Mean(0), "descending")}
                    {heading("Mean, control twin (predicted)", Order::Mean(1), "descending")}
                    {heading("Mean, predicted", Order::Mean(2), "descending")}
                    <th scope="col">"Drawn in"</th>
                </tr></thead>
                <tbody>{body}</tbody>
            </table>
        </div>
    }
}

/// One gene; its name colours the map by it.
fn row(store: Store, table: &Shifts, gene: usize) -> impl IntoView + use<> {
    let name = table.genes[gene].clone();
    let (own, chosen) = (name.clone(), name.clone());
    let choose = move |_| {
        colour(store, Colour::Gene(own.clone()));
        store.change(|state| state.gene = Some(own.clone()));
    };
    let is_chosen = move || store.data.colour.with(|now| matches!(now, Colour::Gene(gene) if *gene == chosen));
    let means: Vec<_> = table.means.iter().map(|means| view! { <td>{mean(means[gene])}</td> }).collect();
    let drawn = format!("{:.0} %", 100.0 * table.drawn[gene]);
    view! {
        <tr class:chosen=is_chosen>
            <th scope="row"><button class="gene" on:click=choose>{name}</button></th>
            <td>{fold(table, gene)}</td><td>{small(table.q[gene])}</td><td>{small(table.p[gene])}</td>{means}<td>{drawn}</td>
        </tr>
    }
}

/// All genes as a table file; lines that start with # say what made it.
fn save(store: Store) {
    let own = store.data.what_if;
    let (Some(table), Some(provenance)) = (own.shifts.get_untracked(), own.provenance.get_untracked()) else { return };
    let mut text: String = provenance.entries.iter().map(|(key, value)| remark(key, value, ',')).collect();
    text.push_str(&remark("test", PAIRED, ','));
    let heads = [
        "gene",
        "log2_fold_change_predicted",
        "p",
        "q",
        "mean_measured",
        "mean_control_twin_predicted",
        "mean_predicted",
        "difference_low_95",
        "difference_high_95",
        "share_of_cells_drawn",
    ];
    text.push_str(&line(heads, ','));
    for (gene, name) in table.genes.iter().enumerate() {
        let [measured, twin, predicted] = table.means.each_ref().map(|means| means[gene].to_string());
        let [p, q] = [table.p[gene], table.q[gene]].map(|value| format!("{value:e}"));
        let [change, low, high, drawn] =
            [table.change[gene], table.low[gene], table.high[gene], table.drawn[gene]].map(|value| value.to_string());
        let fields = [name.as_str(), &change, &p, &q, &measured, &twin, &predicted, &low, &high, &drawn];
        // Writing to a string cannot fail.
        let _ = text.write_str(&line(fields, ','));
    }
    text_file("predicted-genes.csv", "text/csv", &text);
}
