//! The volcano, and the MA plot, as a gene picker.
//!
//! Does: draws the shifts against their certainty or the genes' means, chooses the gene under a click, moves along the
//! strongest genes with the arrow keys.
//! Does not know: how shifts were tested.
//! Flow: store's shifts → **volcano, MA plot** → chosen gene.

use std::sync::Arc;

use leptos::prelude::*;
use plots::frame::Area;
use plots::volcano::{Against, KEY, Shifts, draw, key, nearest};
use plots::{Frame, PlotError, Theme};
use plotters::prelude::DrawingBackend;

use crate::protocol::card::Card;
use crate::sides::{self, Sides};
use crate::ui::state::gene_choice::chosen;
use crate::ui::state::store::{Store, use_store};
use crate::ui::state::tables::ShiftTable;
use crate::ui::widgets::figure::{Figure, panel};
use crate::ui::widgets::numbers::{change, fold_change, mean, small};
use crate::ui::widgets::table_twin::Twin;

/// FDR and |log2 fold change| of the cut-off lines.
const CUTS: (f64, f64) = (0.05, 0.5);
/// Most rows of the figure's table; all genes stand in the table of shifts.
const TOLD: usize = 100;
/// How near a click must be to a gene, CSS pixels.
const NEAR: f64 = 14.0;

/// What fold changes are shown against.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Axis {
    /// How sure they are.
    Significance,
    /// How much there is of a gene.
    Expression,
}

/// Shifts of all genes.
struct Cloud {
    table: Arc<ShiftTable>,
    card: Arc<Card>,
    /// Mean over both sides of every gene.
    means: Vec<f64>,
    axis: Axis,
    /// What is compared with what.
    sides: Sides,
    chosen: Option<usize>,
    /// Whether its numbers came with the bundle, for the title, and what they then are of.
    ahead: (&'static str, Option<String>),
}

impl Cloud {
    fn new(store: Store, axis: Axis) -> Option<Self> {
        let (table, card) = (store.shifts.get()?, store.card.get()?);
        let means = table.control.iter().zip(&table.perturbed).map(|(a, b)| 0.5 * (a + b)).collect();
        let chosen = chosen(store).and_then(|gene| card.genes.iter().position(|own| *own == gene));
        let ahead = (store.ahead.ending(), store.ahead.genes_words());
        Some(Self { table, card, means, axis, sides: sides::of(store.shown.get()), chosen, ahead })
    }

    /// What the figure takes.
    fn shifts(&self) -> Shifts<'_> {
        let against =
            if self.axis == Axis::Expression { Against::Expression(&self.means) } else { Against::Significance };
        let (q_cut, change_cut) = CUTS;
        Shifts {
            genes: &self.card.genes,
            log2_fold_change: &self.table.change,
            q: &self.table.q,
            q_cut,
            change_cut,
            selected: self.chosen,
            against,
        }
    }

    /// Genes with a q below the cut, surest first.
    fn sure(&self) -> Vec<usize> {
        let genes = self.table.q.len().min(self.card.genes.len());
        let mut order: Vec<usize> = (0..genes).filter(|gene| self.table.q[*gene] < CUTS.0).collect();
        order.sort_by(|a, b| self.table.q[*a].total_cmp(&self.table.q[*b]).then(a.cmp(b)));
        order
    }

    fn name(&self) -> &'static str {
        if self.axis == Axis::Expression { "MA plot" } else { "Volcano" }
    }
}

impl Figure for Cloud {
    type Geometry = Frame;

    fn file(&self) -> &'static str {
        if self.axis == Axis::Expression { "wellplate-ma" } else { "wellplate-volcano" }
    }

    fn title(&self) -> String {
        format!("{}: {}{}", self.name(), self.sides.counted(self.table.cells), self.ahead.0)
    }

    fn words(&self) -> String {
        let words = match &self.ahead.1 {
            Some(words) => words.clone(),
            None => format!("{} genes with q below {}.", self.sure().len(), CUTS.0),
        };
        format!("{} of gene shifts: {words}", self.name())
    }

    fn height(&self, _: &Theme, _: u32) -> Option<u32> {
        None
    }

    fn draw<DB: DrawingBackend>(&self, area: &Area<DB>, theme: &Theme) -> Result<Frame, PlotError> {
        let (strip, rest) = area.split_vertically(theme.px(KEY));
        key(&strip, theme, &self.shifts())?;
        draw(&rest, theme, &self.shifts())
    }

    fn pick(&self, frame: &Frame, theme: &Theme, (x, y): (i32, i32)) -> Option<String> {
        nearest(frame, &self.shifts(), (x, y - theme.px(KEY)), theme.px(NEAR)).map(|gene| self.card.genes[gene].clone())
    }

    fn genes(&self) -> Vec<String> {
        self.sure().into_iter().map(|gene| self.card.genes[gene].clone()).collect()
    }

    fn table(&self) -> Twin {
        let sure = self.sure();
        let row = |gene: &usize| {
            let table = &self.table;
            let numbers = vec![fold_change(table, *gene), small(table.q[*gene]), mean(self.means[*gene])];
            (self.card.genes[*gene].clone(), numbers)
        };
        let held = self.ahead.1.as_ref().map_or_else(String::new, |words| format!(" {words}"));
        let caption = format!(
            "{}: the {} smallest q of {} genes with q below {}; |log2 fold change| is marked from {}.{held}",
            self.name(),
            sure.len().min(TOLD),
            sure.len(),
            CUTS.0,
            change(CUTS.1)
        );
        let heads = ["log2 fold change", "q", "mean normalised counts"].map(str::to_owned).into();
        Twin { caption, heads, rows: sure.iter().take(TOLD).map(row).collect() }
    }
}

/// The figure; without shifts a sentence stands in its place.
#[component]
pub(super) fn Volcano(axis: Axis) -> impl IntoView {
    let store = use_store();
    let waiting = move || store.shifts.with(Option::is_none);
    view! {
        <p class="empty" hidden=move || !waiting()>"Nothing is compared yet: the plot appears once there are cells of both sides."</p>
        {panel(store, ("volcano", |store| store.cells_words()), move || Cloud::new(store, axis))}
    }
}
