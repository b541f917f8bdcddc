//! Violins of the watched genes.
//!
//! Does: draws the spread of expression of control and perturbed cells, gives the numbers behind it.
//! Does not know: how expression was normalised, which genes are watched (`genes::list` does).
//! Flow: store's values → **violins** → chosen gene.

use leptos::prelude::*;
use plots::frame::Area;
use plots::violin::{Panel, draw, height, mark, panel_at};
use plots::{PlotError, Theme};
use plotters::prelude::DrawingBackend;

use super::list::{shown, waits};
use crate::expression::{mean, share};
use crate::ui::state::gene_choice::{chosen, groups};
use crate::ui::state::store::{Store, use_store};
use crate::ui::state::tables::GeneValues;
use crate::ui::widgets::figure::{Figure, panel};
use crate::ui::widgets::table_twin::Twin;

/// Values of genes in groups of cells.
struct Spread {
    genes: Vec<(String, GeneValues)>,
    groups: Vec<String>,
    chosen: Option<usize>,
}

impl Spread {
    fn new(store: Store) -> Option<Self> {
        let genes = shown(store);
        let chosen = chosen(store).and_then(|gene| genes.iter().position(|(own, _)| *own == gene));
        (!genes.is_empty()).then(|| Self { genes, groups: groups(store), chosen })
    }

    /// Values of a gene in every group.
    fn sides<'a>(&self, pair: &'a GeneValues) -> Vec<&'a [f32]> {
        [pair.0.as_slice(), pair.1.as_slice()].into_iter().take(self.groups.len()).collect()
    }
}

impl Figure for Spread {
    type Geometry = (u32, u32);

    fn file(&self) -> &'static str {
        "wellplate-violins"
    }

    fn title(&self) -> String {
        "Expression in generated cells".to_owned()
    }

    fn words(&self) -> String {
        let means = |(gene, pair): &(String, GeneValues)| {
            let of: Vec<String> = self.sides(pair).into_iter().map(|side| format!("{:.2}", mean(side))).collect();
            format!("{gene} {}", of.join(" to "))
        };
        let parts: Vec<String> = self.genes.iter().map(means).collect();
        let means = match self.groups.as_slice() {
            [from, to] => format!("means from “{from}” to “{to}”"),
            _ => "means".to_owned(),
        };
        format!("Violins of log-normalised expression; {means}: {}.", parts.join(", "))
    }

    fn height(&self, theme: &Theme, width: u32) -> Option<u32> {
        Some(height(theme, width, self.groups.len(), self.genes.len()))
    }

    fn draw<DB: DrawingBackend>(&self, area: &Area<DB>, theme: &Theme) -> Result<(u32, u32), PlotError> {
        let names: Vec<&str> = self.groups.iter().map(String::as_str).collect();
        let panels: Vec<Panel<'_>> =
            self.genes.iter().map(|(gene, pair)| Panel { gene, groups: self.sides(pair) }).collect();
        draw(area, theme, &names, &panels)?;
        if let Some(gene) = self.chosen {
            mark(area, theme, names.len(), panels.len(), gene)?;
        }
        Ok(area.dim_in_pixel())
    }

    fn pick(&self, size: &(u32, u32), theme: &Theme, at: (i32, i32)) -> Option<String> {
        let place = panel_at(theme, *size, self.groups.len(), self.genes.len(), at)?;
        self.genes.get(place).map(|(gene, _)| gene.clone())
    }

    fn genes(&self) -> Vec<String> {
        self.genes.iter().map(|(gene, _)| gene.clone()).collect()
    }

    fn table(&self) -> Twin {
        let heads = self
            .groups
            .iter()
            .flat_map(|group| ["mean", "median", "cells with gene"].map(|what| format!("{group}, {what}")));
        let numbers = |side: &[f32]| {
            let mut sorted = side.to_vec();
            sorted.sort_by(f32::total_cmp);
            let median = sorted.get(sorted.len() / 2).copied().unwrap_or(f32::NAN);
            [format!("{:.2}", mean(side)), format!("{median:.2}"), format!("{:.0} %", 100.0 * share(side))]
        };
        let rows = self
            .genes
            .iter()
            .map(|(gene, pair)| (gene.clone(), self.sides(pair).into_iter().flat_map(numbers).collect()));
        Twin {
            caption: "Log-normalised expression of generated cells".to_owned(),
            heads: heads.collect(),
            rows: rows.collect(),
        }
    }
}

#[component]
pub(super) fn Violins() -> impl IntoView {
    let store = use_store();
    let waiting = move || shown(store).is_empty();
    view! {
        <p class="empty" hidden=move || !waiting()>{move || waits(store, "Violins appear when the run is finished.")}</p>
        {panel(store, ("violins", |store| store.cells_words()), move || Spread::new(store))}
    }
}
