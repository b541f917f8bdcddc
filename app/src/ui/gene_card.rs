//! The card of the chosen gene.
//!
//! Does: says how the gene shifts, in words and numbers with their units, where it stands among all genes, and where to
//! read on.
//! Does not know: how shifts were tested; it looks nothing up, the links are followed by whoever clicks them.
//! Flow: store's shifts + chosen gene → **card**.

use leptos::prelude::*;

use super::genes::{change, fold_change, small};
use super::store::ShiftTable;
use super::use_store;

/// Where people read on about a human gene: name, address before the symbol and after it.
const ELSEWHERE: [(&str, &str, &str); 3] = [
    ("Ensembl", "https://www.ensembl.org/Human/Search/Results?q=", ""),
    ("GeneCards", "https://www.genecards.org/cgi-bin/carddisp.pl?gene=", ""),
    ("NCBI Gene", "https://www.ncbi.nlm.nih.gov/gene/?term=human%5Borgn%5D+AND+", "%5Bsym%5D"),
];

/// Place of a gene by q, then by p: 1 is the surest shift.
fn rank(table: &ShiftTable, gene: usize) -> usize {
    let before = |other: &usize| {
        table.q[*other].total_cmp(&table.q[gene]).then(table.p[*other].total_cmp(&table.p[gene])).is_lt()
    };
    1 + (0..table.q.len()).filter(before).count()
}

/// A mean of normalised counts.
fn mean(value: f64) -> String {
    if value > 0.0 && value < 0.01 { "< 0.01".to_owned() } else { format!("{value:.2}") }
}

#[component]
pub(super) fn GeneCard() -> impl IntoView {
    let store = use_store();
    let found = move || {
        let (table, card) = (store.shifts.get()?, store.card.get()?);
        let name = store.state.with(|state| state.gene.clone())?;
        let gene = card.genes.iter().position(|own| *own == name).filter(|gene| *gene < table.q.len())?;
        Some((name, gene, table))
    };
    move || {
        let (name, gene, table) = found()?;
        let rows = [
            ("Mean, control cells", mean(table.control[gene])),
            ("Mean, perturbed cells", mean(table.perturbed[gene])),
            ("log2 fold change", fold_change(&table, gene)),
            ("Δ log(1 + x), 95 %", format!("{} … {}", change(table.low[gene]), change(table.high[gene]))),
            ("p, Mann-Whitney", small(table.p[gene])),
            ("q, Benjamini-Hochberg", small(table.q[gene])),
            ("Place by q", format!("{} of {} genes", rank(&table, gene), table.q.len())),
        ];
        let measured = store.measured.get().and_then(|measured| {
            let (control, perturbed) = (*measured.control.get(gene)?, *measured.perturbed.get(gene)?);
            let of = |value: f32| change(f64::from(value));
            Some((
                "Measured Δ log(1 + x)",
                format!("{} ({} → {})", of(perturbed - control), of(control), of(perturbed)),
            ))
        });
        let seeds = (table.seeds > 1).then(|| {
            let ends = format!("{} … {}", change(table.seeds_low[gene]), change(table.seeds_high[gene]));
            ("Δ over replicate seeds, 95 %", format!("{ends} ({} seeds)", table.seeds))
        });
        let row = |(what, value): (&'static str, String)| view! { <div><dt>{what}</dt><dd>{value}</dd></div> };
        let rows: Vec<_> = rows.into_iter().chain(seeds).chain(measured).map(row).collect();
        let links: Vec<_> = ELSEWHERE
            .into_iter()
            .map(|(place, before, after)| {
                let address = format!("{before}{name}{after}");
                view! { <li><a href=address target="_blank" rel="noopener noreferrer">{place}</a></li> }
            })
            .collect();
        Some(view! {
            <section class="gene-card" aria-labelledby="gene-title" data-testid="gene-card">
                <h3 id="gene-title">{name.clone()}</h3>
                <p class="note">"Means are normalised counts of generated cells, all scaled to the bundle's library size."</p>
                <dl>{rows}</dl>
                <p class="note" id="read-on">"Read on about the human gene, in a new tab:"</p>
                <ul class="links" aria-labelledby="read-on">{links}</ul>
            </section>
        })
    }
}
