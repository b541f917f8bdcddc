//! The card of the chosen gene.
//!
//! Does: says how the gene shifts, in words and numbers with their units, where it stands among all genes, and where to
//! read on.
//! Does not know: how shifts were tested; it looks nothing up, the links are followed by whoever clicks them.
//! Flow: store's shifts + chosen gene → **card**.

use leptos::prelude::*;

use crate::gene_links::{HUMAN, elsewhere};
use crate::origin;
use crate::protocol::card::Origin;
use crate::sides::{self, new_and_gone};
use crate::ui::state::store::use_store;
use crate::ui::state::tables::ShiftTable;
use crate::ui::widgets::numbers::{change, fold_change, mean, small};

/// Place of a gene by q, then by p: 1 is the surest shift.
fn rank(table: &ShiftTable, gene: usize) -> usize {
    let before = |other: &usize| {
        table.q[*other].total_cmp(&table.q[gene]).then(table.p[*other].total_cmp(&table.p[gene])).is_lt()
    };
    1 + (0..table.q.len()).filter(before).count()
}

#[component]
pub(super) fn GeneCard() -> impl IntoView {
    let store = use_store();
    let found = move || {
        let (table, card) = (store.shifts.get()?, store.card.get()?);
        let name = store.state.with(|state| state.gene.clone())?;
        let gene = card.genes.iter().position(|own| *own == name).filter(|gene| *gene < table.q.len())?;
        Some((name, gene, table, card))
    };
    move || {
        let (name, gene, table, card) = found()?;
        // A gene that a precomputed result does not tell of has no numbers; where it would stand is not known either.
        let is_told = !table.q[gene].is_nan();
        let [base, moved] = match sides::of(store.shown.get()).short {
            ["A", "B"] => ["Mean, cells of A", "Mean, cells of B"],
            _ => ["Mean, control cells", "Mean, perturbed cells"],
        };
        let rows = [
            (base, mean(table.control[gene])),
            (moved, mean(table.perturbed[gene])),
            ("log2 fold change", fold_change(&table, gene)),
            ("Δ log(1 + x), 95 % over cells", format!("{} … {}", change(table.low[gene]), change(table.high[gene]))),
            ("p, Mann-Whitney", small(table.p[gene])),
            ("q, Benjamini-Hochberg", small(table.q[gene])),
            ("Rank by q", format!("{} of {} genes", rank(&table, gene), table.q.len())),
        ];
        let ahead = store.ahead.is_shown();
        // A word in the place of a number is explained where it stands.
        let one_sided = is_told && (table.control[gene] > 0.0) != (table.perturbed[gene] > 0.0);
        let [base, moved] = sides::of(store.shown.get()).cells;
        let one_sided =
            one_sided.then(|| view! { <p class="note" data-testid="one-sided">{new_and_gone(base, moved)}</p> });
        let rows = rows.into_iter().filter(move |(what, _)| is_told && !(ahead && *what == "Rank by q"));
        let shown = store.shown.get();
        let truth = match store.with_results(|state| origin::of_comparison(&card, state, shown)) {
            Origin::Measured => "Measured Δ log(1 + x)",
            Origin::SemiSynthetic => "Semi-synthetic Δ log(1 + x)",
            Origin::Synthetic => "Synthetic Δ log(1 + x)",
        };
        let measured = store.measured.get().and_then(|measured| {
            let (control, perturbed) = (*measured.control.get(gene)?, *measured.perturbed.get(gene)?);
            let of = |value: f32| change(f64::from(value));
            Some((truth, format!("{} ({} → {})", of(perturbed - control), of(control), of(perturbed))))
        });
        let seeds = (table.seeds > 1).then(|| {
            let ends = format!("{} … {}", change(table.seeds_low[gene]), change(table.seeds_high[gene]));
            ("Δ over replicate seeds, 95 %", format!("{ends} ({} seeds)", table.seeds))
        });
        let row = |(what, value): (&'static str, String)| view! { <div><dt>{what}</dt><dd>{value}</dd></div> };
        let rows: Vec<_> = rows.chain(seeds).chain(measured).map(row).collect();
        let species = card.species.clone().unwrap_or_else(|| HUMAN.to_owned());
        let called = store.gene_names.get().of(&name).map(|named| named.words(&name)).filter(|words| !words.is_empty());
        let called = called.map(|words| view! { <p class="called" data-testid="gene-names">{words}</p> });
        let unnamed = store.gene_names.missing.get().map(|why| view! { <p class="note">{why}</p> });
        let links: Vec<_> = elsewhere(&species, &name)
            .into_iter()
            .map(|(place, address)| {
                view! { <li><a href=address target="_blank" rel="noopener noreferrer">{place}</a></li> }
            })
            .collect();
        Some(view! {
            <section class="gene-card" aria-labelledby="gene-title" data-testid="gene-card">
                <h3 id="gene-title">{name.clone()}</h3>
                {called}{unnamed}
                {(!is_told).then_some(view! { <p data-testid="not-told">"The precomputed result holds only the genes with the smallest q, and this one is not among them: press Generate for cells of your own."</p> })}
                <p class="note">"Means are normalised counts of generated cells, all scaled to the bundle's library size."</p>
                <dl>{rows}</dl>
                {one_sided}
                <p class="note" id="read-on">{format!("Read on about this gene of {species}, in a new tab:")}</p>
                <ul class="links" aria-labelledby="read-on">{links}</ul>
            </section>
        })
    }
}
