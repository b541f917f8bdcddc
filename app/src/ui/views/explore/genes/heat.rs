//! The heat map of the watched genes.
//!
//! Does: asks the worker for a clustered matrix of genes × cells; shows it, or means of groups in the same order of
//! genes; as expression or as distance from each gene's mean.
//! Does not know: how clustering works, how fields are drawn.
//! Flow: list + worker's matrix → **heat map** → chosen gene.

use std::sync::Arc;

use leptos::prelude::*;
use plots::frame::Area;
use plots::heat_map::{HeatMap as Plot, Layout, draw, height};
use plots::{PlotError, Theme};
use plotters::prelude::DrawingBackend;

use super::list::{known, waits};
use crate::expression::{mean, standardised};
use crate::protocol::{Comparison, ToWorker};
use crate::sides;
use crate::ui::effects::worker;
use crate::ui::state::gene_choice::{chosen, groups};
use crate::ui::state::genes::Heat;
use crate::ui::state::store::{Store, use_store};
use crate::ui::widgets::figure::{Figure, panel};
use crate::ui::widgets::numbers::change;
use crate::ui::widgets::table_twin::Twin;

/// Ends of the scale in standard deviations: one cell in a hundred lies beyond them.
const REACH: f32 = 2.5;

/// Genes × cells or genes × groups.
struct Matrix {
    genes: Vec<String>,
    /// A name for every column.
    columns: Vec<String>,
    /// Values [genes, columns].
    values: Vec<f32>,
    /// Whether values are distances from each gene's mean.
    standardised: bool,
    /// Whether a column is a cell.
    single_cells: bool,
    chosen: Option<usize>,
}

impl Matrix {
    fn new(store: Store) -> Option<Self> {
        let heat = store.genes.heat.get()?;
        let (single_cells, scaled) = (store.genes.single_cells.get(), store.genes.standardised.get());
        let groups = groups(store);
        let (columns, values) =
            if single_cells { cells(&heat, &groups, scaled) } else { means(store, &heat, &groups, scaled) };
        let chosen = chosen(store).and_then(|gene| heat.genes.iter().position(|own| *own == gene));
        Some(Self { genes: heat.genes.clone(), columns, values, standardised: scaled, single_cells, chosen })
    }

    fn unit(&self) -> &'static str {
        match (self.standardised, self.single_cells) {
            (true, true) => "standard deviations from the gene's mean over the cells shown",
            (true, false) => "mean over cells, in standard deviations from the gene's mean",
            (false, true) => "log-normalised expression",
            (false, false) => "mean log-normalised expression",
        }
    }

    fn plot(&self) -> Plot<'_> {
        let range = (self.standardised && self.single_cells).then_some((-REACH, REACH));
        Plot {
            rows: &self.genes,
            columns: &self.columns,
            values: &self.values,
            range,
            diverging: self.standardised,
            unit: self.unit(),
            title: "",
            selected_row: self.chosen,
            trees: [&[], &[]],
        }
    }
}

/// Columns and values of single cells, control cells first.
fn cells(heat: &Heat, groups: &[String], scaled: bool) -> (Vec<String>, Vec<f32>) {
    let (control, perturbed) = heat.cells;
    let name = |place: usize| groups.get(place).cloned().unwrap_or_default();
    let columns = std::iter::repeat_n(name(0), control).chain(std::iter::repeat_n(name(1), perturbed)).collect();
    let values = match (control + perturbed, scaled) {
        (0, _) => Vec::new(),
        (cells, true) => heat.values.chunks(cells).flat_map(standardised).collect(),
        (_, false) => heat.values.clone(),
    };
    (columns, values)
}

/// Columns and means of groups over all their cells; none for genes whose values are not there yet.
fn means(store: Store, heat: &Heat, groups: &[String], scaled: bool) -> (Vec<String>, Vec<f32>) {
    let values = store.values.get();
    let of_gene = |gene: &String| {
        let Some(pair) = values.get(gene) else { return vec![f32::NAN; groups.len()] };
        let mut both = [pair.0.as_slice(), pair.1.as_slice()].concat();
        if scaled {
            both = standardised(&both);
        }
        let (control, perturbed) = both.split_at(pair.0.len());
        [control, perturbed].into_iter().take(groups.len()).map(|side| mean(side) as f32).collect()
    };
    (groups.to_vec(), heat.genes.iter().flat_map(of_gene).collect())
}

impl Figure for Matrix {
    type Geometry = Layout;

    fn file(&self) -> &'static str {
        "wellplate-heat-map"
    }

    fn title(&self) -> String {
        let what = if self.single_cells { "cells" } else { "groups of cells" };
        format!("Heat map of genes and generated {what}")
    }

    fn words(&self) -> String {
        let what = if self.single_cells { "cells" } else { "groups of cells" };
        let (genes, columns) = (self.genes.len(), self.columns.len());
        format!("Heat map of {genes} genes and {columns} {what}, clustered; colour is {}.", self.unit())
    }

    fn height(&self, theme: &Theme, width: u32) -> Option<u32> {
        Some(height(theme, width, &self.plot()))
    }

    fn draw<DB: DrawingBackend>(&self, area: &Area<DB>, theme: &Theme) -> Result<Layout, PlotError> {
        draw(area, theme, &self.plot())
    }

    fn pick(&self, layout: &Layout, _: &Theme, (_, y): (i32, i32)) -> Option<String> {
        layout.row_at(y).and_then(|row| self.genes.get(row).cloned())
    }

    fn genes(&self) -> Vec<String> {
        self.genes.clone()
    }

    fn table(&self) -> Twin {
        let mut heads: Vec<String> = self.columns.clone();
        heads.dedup();
        let width = self.columns.len().max(1);
        let row = |(gene, values): (&String, &[f32])| {
            let of = |head: &String| {
                let own = values.iter().zip(&self.columns).filter(|(_, column)| *column == head);
                change(mean(&own.map(|(value, _)| *value).collect::<Vec<f32>>()))
            };
            (gene.clone(), heads.iter().map(of).collect())
        };
        let rows = self.genes.iter().zip(self.values.chunks(width)).map(row).collect();
        let which = if self.single_cells { "means over the cells shown" } else { "means over all cells" };
        Twin { caption: format!("Heat map: {which}, {}", self.unit()), heads, rows }
    }
}

/// Asks for a matrix whenever the list has changed.
fn ask(store: Store) {
    let asked = StoredValue::new((0_u32, Comparison::A, Vec::new()));
    Effect::new(move |_| {
        let mut genes = known(store);
        let finished = store.provenance.with(Option::is_some) && !store.is_running();
        if !finished || genes.is_empty() {
            return;
        }
        genes.sort_unstable();
        let (run, comparison) = (store.run.get_untracked(), store.shown.get());
        let there = store.genes.heat.with_untracked(|heat| {
            heat.as_ref().is_some_and(|heat| {
                let mut own = heat.genes.clone();
                own.sort_unstable();
                own == genes && heat.comparison == comparison
            })
        });
        let wanted = (run, comparison, genes.clone());
        if !there && asked.with_value(|asked| *asked != wanted) {
            asked.set_value(wanted);
            worker::send(store, &ToWorker::HeatMap { run, comparison, genes });
        }
    });
}

#[component]
pub(super) fn HeatMap() -> impl IntoView {
    let store = use_store();
    ask(store);
    let (single_cells, scaled) = (store.genes.single_cells, store.genes.standardised);
    let choice = move |signal: RwSignal<bool>, own: bool, words: &'static str, id: &'static str| {
        view! {
            <button class="choice" data-testid=id aria-pressed=move || (signal.get() == own).to_string()
                on:click=move |_| signal.set(own)>{words}</button>
        }
    };
    let told = move || {
        let heat: Option<Arc<Heat>> = store.genes.heat.get();
        heat.map(|heat| {
            let (control, perturbed) = heat.cells;
            let shown = match sides::of(heat.comparison).short {
                _ if perturbed == 0 => format!("{control} cells"),
                ["A", "B"] => format!("{control} cells of A and {perturbed} of B"),
                [a, b] => format!("{control} {a} and {perturbed} {b} cells"),
            };
            format!("{shown} are shown, evenly picked; genes, and cells within their group, are ordered by average-linkage clustering of standardised values.")
        })
    };
    let waiting = move || store.genes.heat.with(Option::is_none);
    view! {
        <div class="bar">
            <div class="choices" role="group" aria-label="Columns of the heat map">
                {choice(single_cells, true, "Cells", "heat-cells")}{choice(single_cells, false, "Groups", "heat-groups")}
            </div>
            <div class="choices" role="group" aria-label="Colour of the heat map">
                {choice(scaled, true, "z-score", "heat-z")}{choice(scaled, false, "Expression", "heat-log")}
            </div>
        </div>
        <p class="empty" hidden=move || !waiting()>{move || waits(store, "The heat map appears when the run is finished.")}</p>
        {panel(store, ("heat", |store| store.cells_words()), move || Matrix::new(store))}
        <p class="note" data-testid="heat-told">{told}</p>
    }
}
