//! A dot plot: genes across, groups of cells below one another.
//!
//! Does: draws share and mean of every gene in every group, finds the gene at a point, writes the same as a table.
//! Does not know: which cells they are, where the numbers come from.
//! Flow: groups → **dot plot** → chosen gene, file, table.

use plots::dots::{Row, draw, gene_at, height, mark};
use plots::frame::Area;
use plots::{PlotError, Theme};
use plotters::prelude::DrawingBackend;

use crate::ui::widgets::figure::Figure;
use crate::ui::widgets::table_twin::Twin;

/// One row: name, share and mean of each gene.
pub(in crate::ui) struct Group {
    pub(in crate::ui) name: String,
    pub(in crate::ui) share: Vec<f64>,
    pub(in crate::ui) mean: Vec<f64>,
}

impl Group {
    fn row(&self) -> Row<'_> {
        Row { name: &self.name, share: &self.share, mean: &self.mean }
    }
}

/// Genes × groups.
pub(in crate::ui) struct Dots {
    pub(in crate::ui) genes: Vec<String>,
    pub(in crate::ui) groups: Vec<Group>,
    /// Rows that stand together.
    pub(in crate::ui) together: usize,
    /// Place of the gene that is marked.
    pub(in crate::ui) chosen: Option<usize>,
    /// Name of its file, without ending.
    pub(in crate::ui) file: &'static str,
    /// Its title in a file.
    pub(in crate::ui) title: String,
    /// Which groups, in words.
    pub(in crate::ui) of: String,
    /// The table's caption.
    pub(in crate::ui) caption: String,
}

impl Dots {
    /// What the figure takes.
    fn parts(&self) -> (Vec<&str>, Vec<Row<'_>>) {
        (self.genes.iter().map(String::as_str).collect(), self.groups.iter().map(Group::row).collect())
    }
}

impl Figure for Dots {
    type Geometry = (u32, u32);

    fn file(&self) -> &'static str {
        self.file
    }

    fn title(&self) -> String {
        self.title.clone()
    }

    fn words(&self) -> String {
        format!(
            "Dot plot of {} {} in {}: the size of a dot is the share of cells with the gene, its colour the mean log-normalised expression.",
            self.genes.len(),
            if self.genes.len() == 1 { "gene" } else { "genes" },
            self.of
        )
    }

    fn height(&self, theme: &Theme, width: u32) -> Option<u32> {
        let (genes, rows) = self.parts();
        Some(height(theme, width, &genes, &rows))
    }

    fn draw<DB: DrawingBackend>(&self, area: &Area<DB>, theme: &Theme) -> Result<(u32, u32), PlotError> {
        let (genes, rows) = self.parts();
        draw(area, theme, &genes, &rows, self.together)?;
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
        Twin { caption: self.caption.clone(), heads: heads.collect(), rows }
    }
}
