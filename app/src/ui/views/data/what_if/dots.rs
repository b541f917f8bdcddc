//! The dot plot of a prediction.
//!
//! Does: share of cells with each gene and its mean by cell type: measured cells, control twins, predicted cells; a field
//! for the genes.
//! Does not know: how they were counted.
//! Flow: genes → worker → store's dots → **dot plot** → chosen gene.

use std::sync::Arc;

use leptos::prelude::*;
use plots::dots::{Row, draw, gene_at, height, mark};
use plots::frame::Area;
use plots::{PlotError, Theme};
use plotters::prelude::DrawingBackend;

use super::asked::under;
use crate::own_data::thousands;
use crate::ui::effects::what_if::ask_dots;
use crate::ui::state::gene_choice::chosen;
use crate::ui::state::store::{Store, use_store};
use crate::ui::state::what_if::{Shifts, TypeDots};
use crate::ui::widgets::figure::{Figure, panel};
use crate::ui::widgets::table_twin::Twin;

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

/// Genes by cell type.
struct Dots {
    own: Arc<TypeDots>,
    /// Names of the rows.
    names: Vec<String>,
    chosen: Option<usize>,
    under: String,
}

impl Dots {
    fn new(store: Store) -> Option<Self> {
        let own = store.data.what_if.dots.get().filter(|own| !own.genes.is_empty() && !own.types.is_empty())?;
        let of_type = |(name, _): &(String, u32)| SIDES.map(|side| format!("{name}, {side}"));
        let names = own.types.iter().flat_map(of_type).collect();
        let chosen = chosen(store).and_then(|gene| own.genes.iter().position(|own| *own == gene));
        Some(Self { own, names, chosen, under: under(store) })
    }

    /// What the figure takes.
    fn parts(&self) -> (Vec<&str>, Vec<Row<'_>>) {
        let genes = self.own.genes.len();
        let rows = self.own.share.chunks_exact(genes).zip(self.own.mean.chunks_exact(genes)).zip(&self.names);
        let rows = rows.map(|((share, mean), name)| Row { name, share, mean }).collect();
        (self.own.genes.iter().map(String::as_str).collect(), rows)
    }
}

impl Figure for Dots {
    type Geometry = (u32, u32);

    fn file(&self) -> &'static str {
        "wellplate-predicted-dots"
    }

    fn title(&self) -> String {
        format!("Your cells by type: measured, and predicted under {}", self.under)
    }

    fn words(&self) -> String {
        format!(
            "Dot plot of {} genes in {} cell types, three rows each: measured cells, their predicted control twins, predicted cells. The size of a dot is the share of cells with the gene, its colour the mean log-normalised expression.",
            self.own.genes.len(),
            self.own.types.len()
        )
    }

    fn height(&self, theme: &Theme, width: u32) -> Option<u32> {
        let (genes, rows) = self.parts();
        Some(height(theme, width, &genes, &rows))
    }

    fn draw<DB: DrawingBackend>(&self, area: &Area<DB>, theme: &Theme) -> Result<(u32, u32), PlotError> {
        let (genes, rows) = self.parts();
        draw(area, theme, &genes, &rows, SIDES.len())?;
        if let Some(gene) = self.chosen {
            mark(area, theme, &genes, &rows, gene)?;
        }
        Ok(area.dim_in_pixel())
    }

    fn pick(&self, size: &(u32, u32), theme: &Theme, at: (i32, i32)) -> Option<String> {
        let (genes, rows) = self.parts();
        gene_at(theme, *size, &genes, &rows, at).map(|gene| self.own.genes[gene].clone())
    }

    fn genes(&self) -> Vec<String> {
        self.own.genes.clone()
    }

    fn table(&self) -> Twin {
        let (genes, rows) = self.parts();
        let heads = |row: &Row<'_>| {
            [format!("{}, cells with gene", row.name), format!("{}, mean log-normalised expression", row.name)]
        };
        let line = |(place, gene): (usize, &&str)| {
            let values = rows
                .iter()
                .flat_map(|row| [format!("{:.0} %", 100.0 * row.share[place]), format!("{:.2}", row.mean[place])]);
            ((*gene).to_owned(), values.collect())
        };
        let types = self.own.types.iter().map(|(name, cells)| format!("{name} ({})", thousands((*cells).into())));
        Twin {
            caption: format!("Dot plot: {}", types.collect::<Vec<_>>().join(", ")),
            heads: rows.iter().flat_map(heads).collect(),
            rows: genes.iter().enumerate().map(line).collect(),
        }
    }
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
        <div class="figure">{panel(store, "predict-dots", move || Dots::new(store))}</div>
    }
}
