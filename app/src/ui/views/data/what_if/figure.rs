//! The volcano of a prediction.
//!
//! Does: draws predicted shifts against their certainty, chooses the gene under a click, moves along the strongest genes
//! with the arrow keys.
//! Does not know: how shifts were tested.
//! Flow: store's shifts → **volcano** → chosen gene.

use std::sync::Arc;

use leptos::prelude::*;
use plots::frame::Area;
use plots::volcano::{Against, KEY, Shifts as Points, draw, key, nearest};
use plots::{Frame, PlotError, Theme};
use plotters::prelude::DrawingBackend;

use super::asked::under;
use crate::ui::state::gene_choice::chosen;
use crate::ui::state::store::{Store, use_store};
use crate::ui::state::what_if::Shifts;
use crate::ui::widgets::figure::{Figure, panel};
use crate::ui::widgets::numbers::{change, mean, small};
use crate::ui::widgets::table_twin::Twin;

/// FDR and |log2 fold change| of the cut-off lines.
const CUTS: (f64, f64) = (0.05, 0.5);
/// Most rows of the figure's table; all genes stand in the table of genes.
const TOLD: usize = 100;
/// How near a click must be to a gene, CSS pixels.
const NEAR: f64 = 14.0;

/// Predicted shifts.
struct Cloud {
    table: Arc<Shifts>,
    chosen: Option<usize>,
    under: String,
    cells: usize,
}

impl Cloud {
    fn new(store: Store) -> Option<Self> {
        let table = store.data.what_if.shifts.get()?;
        let chosen = chosen(store).and_then(|gene| table.genes.iter().position(|own| *own == gene));
        let cells = store.data.what_if.origins.with(|cells| cells.len());
        Some(Self { table, chosen, under: under(store), cells })
    }

    fn points(&self) -> Points<'_> {
        Points {
            genes: &self.table.genes,
            log2_fold_change: &self.table.change,
            q: &self.table.q,
            q_cut: CUTS.0,
            change_cut: CUTS.1,
            selected: self.chosen,
            against: Against::Significance,
        }
    }

    /// Genes with a q below the cut, surest first.
    fn sure(&self) -> Vec<usize> {
        let mut order: Vec<usize> = (0..self.table.genes.len()).filter(|gene| self.table.q[*gene] < CUTS.0).collect();
        order.sort_by(|a, b| self.table.q[*a].total_cmp(&self.table.q[*b]).then(a.cmp(b)));
        order
    }
}

impl Figure for Cloud {
    type Geometry = Frame;

    fn file(&self) -> &'static str {
        "wellplate-predicted-volcano"
    }

    fn title(&self) -> String {
        format!("Predicted: {} of your cells under {} against their control twins", self.cells, self.under)
    }

    fn words(&self) -> String {
        format!("Volcano of predicted gene shifts: {} genes with q below {}.", self.sure().len(), CUTS.0)
    }

    fn height(&self, _: &Theme, _: u32) -> Option<u32> {
        None
    }

    fn draw<DB: DrawingBackend>(&self, area: &Area<DB>, theme: &Theme) -> Result<Frame, PlotError> {
        let (strip, rest) = area.split_vertically(theme.px(KEY));
        key(&strip, theme, &self.points())?;
        draw(&rest, theme, &self.points())
    }

    fn pick(&self, frame: &Frame, theme: &Theme, (x, y): (i32, i32)) -> Option<String> {
        let found = nearest(frame, &self.points(), (x, y - theme.px(KEY)), theme.px(NEAR));
        found.map(|gene| self.table.genes[gene].clone())
    }

    fn genes(&self) -> Vec<String> {
        self.sure().into_iter().map(|gene| self.table.genes[gene].clone()).collect()
    }

    fn table(&self) -> Twin {
        let (table, sure) = (&self.table, self.sure());
        let row = |gene: &usize| {
            let [_, twin, predicted] = &table.means;
            let means = [twin, predicted].map(|means| mean(means[*gene]));
            let numbers = [change(table.change[*gene]), small(table.q[*gene])].into_iter().chain(means).collect();
            (table.genes[*gene].clone(), numbers)
        };
        let caption = format!(
            "Predicted volcano: the {} smallest q of {} genes with q below {}; |log2 fold change| is marked from {}",
            sure.len().min(TOLD),
            sure.len(),
            CUTS.0,
            change(CUTS.1)
        );
        let heads = ["log2 fold change", "q", "mean, control twins", "mean, predicted"].map(str::to_owned).into();
        Twin { caption, heads, rows: sure.iter().take(TOLD).map(row).collect() }
    }
}

#[component]
pub(super) fn Volcano() -> impl IntoView {
    let store = use_store();
    panel(store, ("predict-volcano", |_| String::new()), move || Cloud::new(store))
}
