//! The dot plot of a prediction.
//!
//! Does: share of cells with each gene and its mean by cell type: measured cells, control twins, predicted cells; a field
//! for the genes.
//! Does not know: how they were counted.
//! Flow: genes → worker → store's dots → **dot plot** → chosen gene.

use leptos::prelude::*;

use super::asked::under;
use crate::own_data::thousands;
use crate::ui::effects::what_if::ask_dots;
use crate::ui::state::gene_choice::chosen;
use crate::ui::state::store::{Store, use_store};
use crate::ui::state::what_if::Shifts;
use crate::ui::widgets::dot_plot::{Dots, Group};
use crate::ui::widgets::figure::panel;

/// Genes that are shown where nobody chose any.
const FIRST: usize = 12;
/// q below which they are taken.
const SURE: f64 = 0.05;
/// What each type's rows are of.
const SIDES: [&str; 3] = ["measured", "control twin, predicted", "predicted"];

/// The surest genes, of equal ones those that move farthest.
fn surest(table: &Shifts) -> Vec<String> {
    let distance = |gene: usize| (table.low[gene] + table.high[gene]).abs();
    let mut order: Vec<usize> = (0..table.genes.len()).filter(|gene| table.q[*gene] < SURE).collect();
    order.sort_by(|a, b| table.q[*a].total_cmp(&table.q[*b]).then(distance(*b).total_cmp(&distance(*a))));
    order.into_iter().take(FIRST).map(|gene| table.genes[gene].clone()).collect()
}

/// Genes that are asked for.
fn genes(store: Store) -> Vec<String> {
    let own = store.data.what_if;
    own.genes.get().unwrap_or_else(|| own.shifts.with(|table| table.as_deref().map(surest).unwrap_or_default()))
}

/// Genes by cell type, three rows each.
fn dots(store: Store) -> Option<Dots> {
    let own = store.data.what_if.dots.get().filter(|own| !own.genes.is_empty() && !own.types.is_empty())?;
    let of_type = |(name, _): &(String, u32)| SIDES.map(|side| format!("{name}, {side}"));
    let names = own.types.iter().flat_map(of_type);
    let genes = own.genes.len();
    let rows = own.share.chunks_exact(genes).zip(own.mean.chunks_exact(genes)).zip(names);
    let groups = rows.map(|((share, mean), name)| Group { name, share: share.to_vec(), mean: mean.to_vec() }).collect();
    let types = own.types.iter().map(|(name, cells)| format!("{name} ({})", thousands((*cells).into())));
    Some(Dots {
        genes: own.genes.clone(),
        groups,
        together: SIDES.len(),
        chosen: chosen(store).and_then(|gene| own.genes.iter().position(|own| *own == gene)),
        file: "wellplate-predicted-dots",
        title: format!("Your cells by type: measured, and predicted under {}", under(store)),
        of: format!(
            "{} cell {}, three rows each (measured cells, their predicted control twins, predicted cells)",
            own.types.len(),
            if own.types.len() == 1 { "type" } else { "types" }
        ),
        caption: format!("Dot plot: {}", types.collect::<Vec<_>>().join(", ")),
    })
}

#[component]
pub(super) fn DotPlot() -> impl IntoView {
    let store = use_store();
    let own = store.data.what_if;
    let asked = Memo::new(move |_| genes(store));
    // Asked for again whenever there are other genes, or other cells.
    Effect::new(move |_| {
        let there = own.shifts.with(Option::is_some);
        let genes = asked.get();
        if there && !genes.is_empty() {
            ask_dots(store, genes);
        }
    });
    let change = move |event| {
        let typed = event_target_value(&event);
        let names: Vec<String> = typed
            .split([',', ';', ' ', '\t', '\n'])
            .map(str::trim)
            .filter(|name| !name.is_empty())
            .map(|name| {
                store
                    .data
                    .genes
                    .with(|all| all.iter().find(|own| own.eq_ignore_ascii_case(name)).cloned())
                    .unwrap_or(name.to_owned())
            })
            .collect();
        own.genes.set((!names.is_empty()).then_some(names));
    };
    let lacking = Memo::new(move |_| {
        let all = store.data.genes.get();
        let lacking: Vec<String> = asked.get().into_iter().filter(|gene| !all.contains(gene)).collect();
        (!lacking.is_empty()).then(|| format!("Not among the genes of your file: {}.", lacking.join(", ")))
    });
    let none = move || asked.with(Vec::is_empty);
    view! {
        <h3 id="predict-dots-title">"Genes by cell type"</h3>
        <label for="predict-dots-genes">"Genes (those with the smallest q unless you name others; separate by blanks or commas)"</label>
        <input id="predict-dots-genes" class="wide" data-testid="predict-dots-genes" type="text" autocomplete="off" spellcheck="false"
            prop:value=move || asked.with(|genes| genes.join(" ")) on:change=change/>
        <p class="note" role="status" data-testid="predict-dots-lacking" hidden=move || lacking.with(Option::is_none)>{move || lacking.get()}</p>
        <p class="note" hidden=move || !none()>"No gene has a q below 0.05: name some to see them."</p>
        <div class="figure">{panel(store, ("predict-dots", |_| String::new()), move || dots(store))}</div>
    }
}
