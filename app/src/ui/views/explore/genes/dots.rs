//! The dot plot of the watched genes.
//!
//! Does: share of cells with each gene and mean expression, for control and perturbed cells.
//! Does not know: how dots are drawn.
//! Flow: store's values → **dot plot** → chosen gene.

use leptos::prelude::*;
use plots::dots::{Row, draw, gene_at, height, mark};
use plots::frame::Area;
use plots::{PlotError, Theme};
use plotters::prelude::DrawingBackend;

use super::list::{known, shown};
use crate::expression::{mean, share};
use crate::ui::state::gene_choice::{chosen, groups};
use crate::ui::state::store::{Store, use_store};
use crate::ui::widgets::figure::{Figure, panel};
use crate::ui::widgets::table_twin::Twin;

/// One group: name, share and mean of each gene.
struct Group {
    name: String,
    share: Vec<f64>,
    mean: Vec<f64>,
}

impl Group {
    fn row(&self) -> Row<'_> {
        Row { name: &self.name, share: &self.share, mean: &self.mean }
    }
}

/// Genes × groups.
struct Dots {
    genes: Vec<String>,
    groups: Vec<Group>,
    chosen: Option<usize>,
    /// Whether its numbers came with the bundle, for the title.
    ending: &'static str,
}

impl Dots {
    fn new(store: Store) -> Option<Self> {
        let values = shown(store);
        if values.is_empty() {
            return Self::ahead(store);
        }
        let group = |(place, name): (usize, String)| {
            let sides = || values.iter().map(move |(_, pair)| if place == 0 { &pair.0 } else { &pair.1 });
            Group { name, share: sides().map(|own| share(own)).collect(), mean: sides().map(|own| mean(own)).collect() }
        };
        let groups = groups(store).into_iter().enumerate().map(group).collect();
        let genes: Vec<String> = values.iter().map(|(gene, _)| gene.clone()).collect();
        let chosen = chosen(store).and_then(|gene| genes.iter().position(|own| *own == gene));
        Some(Self { genes, groups, chosen, ending: "" })
    }

    /// Of a precomputed result, which holds means and shares themselves.
    fn ahead(store: Store) -> Option<Self> {
        let (shown, card) = (store.ahead.shown()?, store.card.get()?);
        let of = |gene: String| {
            let place = card.genes.iter().position(|own| *own == gene)?;
            Some((gene, shown.gene(place)?))
        };
        let told: Vec<(String, Vec<(f64, f64)>)> = known(store).into_iter().filter_map(of).collect();
        let sides = told.first()?.1.len();
        let group = |(side, name): (usize, String)| {
            let (mean, share) = told.iter().map(|(_, sides)| sides[side]).unzip();
            Group { name, share, mean }
        };
        let groups = groups(store).into_iter().take(sides).enumerate().map(group).collect();
        let genes: Vec<String> = told.into_iter().map(|(gene, _)| gene).collect();
        let chosen = chosen(store).and_then(|gene| genes.iter().position(|own| *own == gene));
        Some(Self { genes, groups, chosen, ending: store.ahead.ending() })
    }

    /// What the figure takes.
    fn parts(&self) -> (Vec<&str>, Vec<Row<'_>>) {
        (self.genes.iter().map(String::as_str).collect(), self.groups.iter().map(Group::row).collect())
    }
}

impl Figure for Dots {
    type Geometry = (u32, u32);

    fn file(&self) -> &'static str {
        "wellplate-dot-plot"
    }

    fn title(&self) -> String {
        format!("Dot plot of generated cells{}", self.ending)
    }

    fn words(&self) -> String {
        let groups: Vec<&str> = self.groups.iter().map(|group| group.name.as_str()).collect();
        format!(
            "Dot plot of {} genes in {}: the size of a dot is the share of cells with the gene, its colour the mean log-normalised expression.",
            self.genes.len(),
            groups.join(" and ")
        )
    }

    fn height(&self, theme: &Theme, width: u32) -> Option<u32> {
        let (genes, rows) = self.parts();
        Some(height(theme, width, &genes, &rows))
    }

    fn draw<DB: DrawingBackend>(&self, area: &Area<DB>, theme: &Theme) -> Result<(u32, u32), PlotError> {
        let (genes, rows) = self.parts();
        draw(area, theme, &genes, &rows, 1)?;
        if let Some(gene) = self.chosen {
            mark(area, theme, &genes, &rows, gene)?;
        }
        Ok(area.dim_in_pixel())
    }

    fn pick(&self, size: &(u32, u32), theme: &Theme, at: (i32, i32)) -> Option<String> {
        let (genes, rows) = self.parts();
        gene_at(theme, *size, &genes, &rows, at).map(|gene| self.genes[gene].clone())
    }

    fn genes(&self) -> Vec<String> {
        self.genes.clone()
    }

    fn table(&self) -> Twin {
        let heads = self.groups.iter().flat_map(|group| {
            [format!("{}, cells with gene", group.name), format!("{}, mean log-normalised expression", group.name)]
        });
        let row = |(place, gene): (usize, &String)| {
            let values = self.groups.iter().flat_map(|group| {
                [format!("{:.0} %", 100.0 * group.share[place]), format!("{:.2}", group.mean[place])]
            });
            (gene.clone(), values.collect())
        };
        let rows = self.genes.iter().enumerate().map(row).collect();
        Twin { caption: format!("Dot plot: generated cells{}", self.ending), heads: heads.collect(), rows }
    }
}

#[component]
pub(super) fn DotPlot() -> impl IntoView {
    let store = use_store();
    let waiting = move || shown(store).is_empty() && !store.ahead.is_shown();
    // Genes of the list that a precomputed result does not tell of.
    let untold = move || {
        let (shown, card) = (store.ahead.shown()?, store.card.get()?);
        let place = |gene: &String| card.genes.iter().position(|own| own == gene);
        let is_untold = |gene: &String| place(gene).is_none_or(|place| shown.gene(place).is_none());
        let genes: Vec<String> = known(store).into_iter().filter(is_untold).collect();
        let words = format!("The precomputed result does not tell of {}: press Generate for them.", genes.join(", "));
        (!genes.is_empty()).then_some(words)
    };
    view! {
        <p class="empty" hidden=move || !waiting()>"Dots appear when the run is finished."</p>
        {panel(store, "dots", move || Dots::new(store))}
        {move || untold().map(|words| view! { <p class="note" data-testid="untold">{words}</p> })}
    }
}
