//! Marker dots: which groups of cells have which genes, and how much of them.
//!
//! Does: one row per group, one column per gene; a dot's radius is the share of cells with the gene, its colour the
//! mean expression; legends for both; rows that belong together (measured, generated) on a common ground.
//! Does not know: how cells were grouped or genes chosen.
//! Flow: shares and means → **dots** → report.

use plotters::prelude::{Circle, Color, DrawingBackend, RGBColor};

use crate::frame::{Anchor, Area, Frame, PlotError, drawn, ground, lines, nothing, rectangle, text};
use crate::theme::Theme;
use crate::words::{Names, significant, width_of};

/// Least width of a column, most width of one, usual height of a row, CSS pixels.
const COLUMN: f64 = 16.0;
const WIDEST: f64 = 44.0;
const ROW: f64 = 22.0;
/// Height of the legends, of the line that explains a dash, the space around everything.
const LEGEND: f64 = 56.0;
const DASH: f64 = 18.0;
const MARGIN: f64 = 10.0;
/// Largest radius of a dot.
const RADIUS: f64 = 10.0;

/// One group of cells.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Row<'a> {
    /// Name at the left.
    pub name: &'a str,
    /// Share of cells with each gene [genes], 0 … 1; not a number where it was not measured.
    pub share: &'a [f64],
    /// Mean log-normalised expression of each gene [genes].
    pub mean: &'a [f64],
}

impl Row<'_> {
    /// Whether some gene was not measured.
    fn lacks(&self) -> bool {
        self.share.iter().chain(self.mean).any(|own| !own.is_finite())
    }
}

/// Where things stand.
struct Layout {
    names: Names,
    side: i32,
    columns: usize,
    cell: i32,
    upright: bool,
    foot: i32,
    legend: i32,
    margin: i32,
}

impl Layout {
    fn new(theme: &Theme, width: i32, genes: &[&str], rows: &[Row<'_>]) -> Self {
        let margin = theme.px(MARGIN);
        let names = Names::new(theme, rows.iter().map(|row| row.name), width * 40 / 100);
        let side = names.width + theme.px(10.0);
        let room = (width - side - 2 * margin).max(1);
        let most = (room / theme.px(COLUMN).max(1)).max(1) as usize;
        // Genes that do not fit go on in further bands, evenly.
        let columns = genes.len().div_ceil(genes.len().div_ceil(most).max(1)).max(1);
        let cell = (room / columns as i32).min(theme.px(WIDEST));
        let legend = theme.px(if rows.iter().any(Row::lacks) { LEGEND + DASH } else { LEGEND });
        let longest = genes.iter().map(|gene| width_of(theme, gene, 12.0)).max().unwrap_or(0);
        let upright = longest > cell - theme.px(4.0);
        let foot = if upright { longest + theme.px(16.0) } else { theme.px(28.0) };
        Self { names, side, columns, cell, upright, foot, legend, margin }
    }
}

/// Height in device pixels at which rows have their usual height, for a figure of `width` device pixels.
pub fn height(theme: &Theme, width: u32, genes: &[&str], rows: &[Row<'_>]) -> u32 {
    let layout = Layout::new(theme, width as i32, genes, rows);
    let band = layout.names.row(theme, ROW) * rows.len() as i32 + layout.foot;
    (genes.len().div_ceil(layout.columns).max(1) as i32 * band + layout.legend + 2 * layout.margin) as u32
}

/// Place of the gene whose column is under a pixel of a figure of `size` (width, height) device pixels.
pub fn gene_at(
    theme: &Theme,
    (width, height): (u32, u32),
    genes: &[&str],
    rows: &[Row<'_>],
    (x, y): (i32, i32),
) -> Option<usize> {
    let layout = Layout::new(theme, width as i32, genes, rows);
    let bands = genes.len().div_ceil(layout.columns).max(1) as i32;
    let band = (height as i32 - layout.legend - 2 * layout.margin) / bands;
    let (across, down) = (x - layout.margin - layout.side, y - layout.margin - layout.legend);
    if across < 0 || down < 0 || band <= 0 || layout.cell <= 0 {
        return None;
    }
    let (column, band) = ((across / layout.cell) as usize, (down / band) as usize);
    let gene = band * layout.columns + column;
    (column < layout.columns && gene < genes.len()).then_some(gene)
}

/// Draws a frame around a gene's column, on top of a figure of the same genes and rows.
///
/// # Errors
/// When the surface fails.
pub fn mark<DB: DrawingBackend>(
    area: &Area<DB>,
    theme: &Theme,
    genes: &[&str],
    rows: &[Row<'_>],
    gene: usize,
) -> Result<(), PlotError> {
    let (width, height) = area.dim_in_pixel();
    let layout = Layout::new(theme, width as i32, genes, rows);
    let bands = genes.len().div_ceil(layout.columns).max(1) as i32;
    let band = (height as i32 - layout.legend - 2 * layout.margin) / bands;
    let (place, column) = ((gene / layout.columns) as i32, (gene % layout.columns) as i32);
    let left = layout.margin + layout.side + layout.cell * column;
    let top = layout.margin + layout.legend + place * band;
    let corners = [(left, top), (left + layout.cell, top + band - theme.px(6.0))];
    rectangle(area, corners, theme.faint.to_rgba(), false)
}

/// Draws the dots; genes that do not fit beside each other go on below. `together` rows at a time share a ground: 2
/// where measured and generated rows alternate, 1 for none. [`height`] says how high the figure wants to be.
///
/// # Errors
/// When a row has another number of shares or means than there are genes, or the surface fails.
pub fn draw<DB: DrawingBackend>(
    area: &Area<DB>,
    theme: &Theme,
    genes: &[&str],
    rows: &[Row<'_>],
    together: usize,
) -> Result<(), PlotError> {
    ground(area, theme)?;
    for row in rows {
        for (what, found) in [("shares of a row of dots", row.share.len()), ("means of a row of dots", row.mean.len())]
        {
            if found != genes.len() {
                return Err(PlotError::Length { what, found, expected: genes.len() });
            }
        }
    }
    if genes.is_empty() || rows.is_empty() {
        return nothing(area, theme, if rows.is_empty() { "no groups of cells" } else { "no genes chosen" });
    }
    let (width, height) = area.dim_in_pixel();
    let layout = Layout::new(theme, width as i32, genes, rows);
    let (margin, legend) = (layout.margin, layout.legend);
    let band = (height as i32 - legend - 2 * margin) / genes.len().div_ceil(layout.columns) as i32;
    let line = (band - layout.foot) / rows.len() as i32;
    let scale = Scale {
        radius: (layout.cell.min(line) / 2 - 1).clamp(1, theme.px(RADIUS)),
        highest: rows
            .iter()
            .flat_map(|row| row.mean.iter().copied())
            .filter(|mean| mean.is_finite())
            .fold(0.0, f64::max),
    };
    scale.legends(area, theme, (margin, margin))?;
    if rows.iter().any(Row::lacks) {
        let at = (margin + theme.px(14.0), margin + theme.px(LEGEND));
        scale.dot(area, theme, at, f64::NAN, f64::NAN)?;
        text(area, theme, "not measured", (at.0 + theme.px(12.0), at.1), 11.0, Anchor::Left, theme.faint)?;
    }
    for (place, part) in genes.chunks(layout.columns).enumerate() {
        let (left, top) = (margin + layout.side, margin + legend + place as i32 * band);
        let pixels = (left, top, left + layout.cell * part.len() as i32, top + line * rows.len() as i32);
        let frame = Frame { x: (0.0, part.len() as f64), y: (rows.len() as f64, 0.0), pixels };
        draw_names(area, theme, &frame, &layout, part, (rows.len(), together.max(1)))?;
        for (row, own) in rows.iter().enumerate() {
            for column in 0..part.len() {
                let gene = place * layout.columns + column;
                let at = frame.pixel(column as f64 + 0.5, row as f64 + 0.5);
                scale.dot(area, theme, at, own.share[gene], own.mean[gene])?;
            }
        }
    }
    Ok(())
}

/// Grounds and names of rows, names of genes.
fn draw_names<DB: DrawingBackend>(
    area: &Area<DB>,
    theme: &Theme,
    frame: &Frame,
    layout: &Layout,
    genes: &[&str],
    (rows, together): (usize, usize),
) -> Result<(), PlotError> {
    let (_, _, right, bottom) = frame.pixels;
    for row in 0..rows {
        if together > 1 && (row / together) % 2 == 0 {
            let (upper, lower) = (frame.pixel(0.0, row as f64).1, frame.pixel(0.0, row as f64 + 1.0).1);
            rectangle(area, [(layout.margin / 2, upper), (right, lower)], theme.quiet.mix(0.28), true)?;
        }
        let (_, y) = frame.pixel(0.0, row as f64 + 0.5);
        lines(area, theme, &layout.names.lines[row], (layout.margin, y))?;
    }
    for (column, gene) in genes.iter().enumerate() {
        let (x, _) = frame.pixel(column as f64 + 0.5, 0.0);
        let anchor = if layout.upright { Anchor::UpTo } else { Anchor::Below };
        text(area, theme, gene, (x, bottom + theme.px(6.0)), 12.0, anchor, theme.ink)?;
    }
    Ok(())
}

/// What radius and colour mean.
struct Scale {
    radius: i32,
    highest: f64,
}

impl Scale {
    fn colour(&self, theme: &Theme, mean: f64) -> RGBColor {
        theme.ramp(if self.highest > 0.0 { mean / self.highest } else { 0.0 })
    }

    /// One dot; nothing where no cell has the gene, a dash where that was not measured.
    fn dot<DB: DrawingBackend>(
        &self,
        area: &Area<DB>,
        theme: &Theme,
        at: (i32, i32),
        share: f64,
        mean: f64,
    ) -> Result<(), PlotError> {
        if !share.is_finite() || !mean.is_finite() {
            let half = theme.px(2.0);
            let corners = [(at.0 - half, at.1), (at.0 + half, at.1 + theme.px(1.0).max(1))];
            return rectangle(area, corners, theme.faint.to_rgba(), true);
        }
        if share <= 0.0 {
            return Ok(());
        }
        // A few cells are never drawn as none.
        let radius = ((share.min(1.0) * f64::from(self.radius)).round() as i32).max(1);
        drawn(area.draw(&Circle::new(at, radius, self.colour(theme, mean).filled())))?;
        // The edge shows how far pale dots reach.
        drawn(area.draw(&Circle::new(at, radius, theme.faint.stroke_width(1))))
    }

    /// Both legends side by side.
    fn legends<DB: DrawingBackend>(&self, area: &Area<DB>, theme: &Theme, (x, y): (i32, i32)) -> Result<(), PlotError> {
        let (title, middle, below) = (y + theme.px(5.0), y + theme.px(22.0), y + theme.px(34.0));
        text(area, theme, "share of cells with gene", (x, title), 11.0, Anchor::Left, theme.ink)?;
        for (place, share) in [0.25, 0.5, 0.75, 1.0].into_iter().enumerate() {
            let at = (x + theme.px(14.0 + 38.0 * place as f64), middle);
            self.dot(area, theme, at, share, 0.5 * self.highest)?;
            text(area, theme, &format!("{:.0}%", 100.0 * share), (at.0, below), 11.0, Anchor::Below, theme.faint)?;
        }
        // On a narrow figure the second legend comes closer, and is as wide as there is room.
        let (words, edge) = ("mean log-normalised expression", area.dim_in_pixel().0 as i32 - theme.px(14.0));
        let left = x + theme.px(190.0).min(edge - x - width_of(theme, words, 11.0)).max(theme.px(150.0));
        let right = (left + theme.px(150.0)).min(edge).max(left + 1);
        text(area, theme, words, (left, title), 11.0, Anchor::Left, theme.ink)?;
        let steps = 30;
        let edge = |step: i32| left + (right - left) * step / steps;
        for step in 0..steps {
            let colour = theme.ramp((f64::from(step) + 0.5) / f64::from(steps));
            // Each step reaches to the end and is covered by the next: no seam is left between them.
            let corners = [(edge(step), middle - theme.px(6.0)), (right, middle + theme.px(6.0))];
            rectangle(area, corners, colour.to_rgba(), true)?;
        }
        text(area, theme, "0", (left, below), 11.0, Anchor::Below, theme.faint)?;
        text(area, theme, &significant(self.highest), (right, below), 11.0, Anchor::Below, theme.faint)
    }
}

#[cfg(test)]
mod tests {
    // A test fails by panicking; that is what `unwrap` is for here.
    #![allow(clippy::unwrap_used)]
    use super::{Row, draw, gene_at, height};
    use crate::checks::{elements, is_tidy, pictures, says};
    use crate::frame::PlotError;
    use crate::svg::render;
    use crate::theme::Theme;

    const GENES: [&str; 24] = [
        "CD3D", "CD3E", "IL7R", "CD8A", "CD8B", "NKG7", "GNLY", "PRF1", "MS4A1", "CD79A", "CD79B", "CD14", "LYZ",
        "S100A8", "FCGR3A", "MS4A7", "FCER1A", "CST3", "PPBP", "HLA-DPB1", "ISG15", "IFIT3", "CXCL10", "IL1RN",
    ];
    const NAMES: [&str; 6] = [
        "B cells, measured",
        "B cells, generated",
        "NK cells, measured",
        "NK cells, generated",
        "CD14+ monocytes, measured",
        "CD14+ monocytes, generated",
    ];

    #[test]
    fn every_gene_of_every_group_has_a_dot() {
        let value = |row: usize, gene: usize| ((row / 2 * 31 + gene * 17 + row % 2) % 20) as f64 / 20.0;
        let shares: Vec<Vec<f64>> = (0..6).map(|row| (0..24).map(|gene| value(row, gene)).collect()).collect();
        let means: Vec<Vec<f64>> = shares.iter().map(|row| row.iter().map(|share| 3.5 * share).collect()).collect();
        let rows: Vec<Row<'_>> =
            (0..6).map(|row| Row { name: NAMES[row], share: &shares[row], mean: &means[row] }).collect();
        let none = shares.iter().flatten().filter(|share| **share == 0.0).count();
        // The last is as narrow as a telephone's page leaves it.
        for (theme, width) in pictures().into_iter().chain([(Theme::light(1.0), 345)]) {
            let size = (width, height(&theme, width, &GENES, &rows));
            let svg = render(size, "", "", |area| draw(area, &theme, &GENES, &rows, 2)).unwrap();
            is_tidy(&svg, size);
            assert!(GENES.iter().all(|gene| says(&svg, gene)));
            assert!(says(&svg, "B cells, measured") && says(&svg, "share of cells with gene"));
            assert!(says(&svg, "mean log-normalised expression") && says(&svg, "3.32"));
            // Each dot is a disc and its edge; four stand in the legend.
            let discs = elements(&svg).iter().filter(|own| own.tag == "circle").count();
            assert_eq!(discs, 2 * (6 * 24 - none + 4));
            // Bands of genes repeat the names: two on a telephone, one on a page.
            let bands = elements(&svg).iter().filter(|own| own.words == NAMES[0]).count();
            assert_eq!(bands, if width <= 400 { 2 } else { 1 });
        }
    }

    #[test]
    fn radius_is_the_share_and_colour_the_mean() {
        let theme = Theme::light(1.0);
        let rows = [
            Row { name: "a", share: &[1.0, 0.5, 0.001, 0.0, f64::NAN], mean: &[2.0, 1.0, 0.0, 0.0, 1.0] },
            Row { name: "b", share: &[0.0; 5], mean: &[0.0; 5] },
        ];
        let genes = ["A", "B", "C", "D", "E"];
        let size = (500, height(&theme, 500, &genes, &rows));
        let svg = render(size, "", "", |area| draw(area, &theme, &genes, &rows, 1)).unwrap();
        let elements = elements(&svg);
        let dots: Vec<_> = elements
            .iter()
            .filter(|own| own.tag == "circle" && own.attribute("fill") != Some("none"))
            .skip(4)
            .collect();
        let radius = [1.0, 0.5, 0.001].map(|share: f64| (share * 10.0).round().max(1.0));
        assert_eq!(dots.iter().map(|own| own.number("r")).collect::<Vec<_>>(), radius);
        let colour = |at: f64| {
            let c = theme.ramp(at);
            format!("#{:02X}{:02X}{:02X}", c.0, c.1, c.2)
        };
        assert_eq!(
            dots.iter().map(|own| own.attribute("fill").unwrap().to_owned()).collect::<Vec<_>>(),
            [1.0, 0.5, 0.0].map(colour)
        );
        // Short names of genes lie flat.
        assert!(elements.iter().all(|own| own.attribute("transform").is_none()));
        assert!(says(&svg, "not measured") && !svg.contains("NaN"));
    }

    #[test]
    fn a_pixel_finds_its_gene_in_every_band() {
        let zero = [0.5; 24];
        let rows =
            [Row { name: "control", share: &zero, mean: &zero }, Row { name: "IFN-β", share: &zero, mean: &zero }];
        for (theme, width) in pictures() {
            let size = (width, height(&theme, width, &GENES, &rows));
            let svg = render(size, "", "", |area| draw(area, &theme, &GENES, &rows, 1)).unwrap();
            let edges: Vec<_> = elements(&svg);
            // Discs after the four of the legend, each followed by its edge, band by band and row by row.
            let found: Vec<usize> = edges
                .iter()
                .filter(|own| own.tag == "circle" && own.attribute("fill") != Some("none"))
                .skip(4)
                .map(|own| (own.number("cx") as i32, own.number("cy") as i32))
                .map(|at| gene_at(&theme, size, &GENES, &rows, at).unwrap())
                .collect();
            let mut counts = [0; 24];
            found.into_iter().for_each(|gene| counts[gene] += 1);
            assert_eq!(counts, [2; 24]);
            assert_eq!(gene_at(&theme, size, &GENES, &rows, (0, 0)), None);
            assert_eq!(gene_at(&theme, size, &GENES, &rows, (width as i32 + 900, size.1 as i32 / 2)), None);
        }
    }

    #[test]
    fn what_cannot_be_drawn_is_said() {
        let theme = Theme::light(1.0);
        let draws =
            |genes: &[&str], rows: &[Row<'_>]| render((300, 200), "", "", |area| draw(area, &theme, genes, rows, 2));
        assert!(says(&draws(&["A"], &[]).unwrap(), "no groups of cells"));
        let empty = Row { name: "a", share: &[], mean: &[] };
        assert!(says(&draws(&[], &[empty]).unwrap(), "no genes chosen"));
        assert!(matches!(draws(&["A"], &[empty]), Err(PlotError::Length { found: 0, expected: 1, .. })));
        let zero = Row { name: "a", share: &[0.0], mean: &[0.0] };
        assert!(!draws(&["A"], &[zero]).unwrap().contains("NaN"));
        assert!(render((5, 5), "", "", |area| draw(area, &theme, &["A"], &[zero], 0)).is_ok());
    }
}
