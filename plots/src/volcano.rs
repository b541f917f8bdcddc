//! The volcano: how far each gene shifts against how sure that is.
//!
//! Does: points by log2 fold change and −log10 q, cut-off lines, names of the strongest genes
//! without overlaps, a ring around the chosen gene; finds the gene nearest to a pixel.
//! Does not know: how shifts were tested.
//! Flow: shifts → **volcano** → the page's gene picker, SVG.

use plotters::prelude::{Circle, Color, DrawingBackend, PathElement};

use crate::frame::{Anchor, Area, Frame, Marker, PlotError, Taken, claim, drawn, ground, marker, nothing, text};
use crate::theme::Theme;
use crate::ticks::range;

/// −log10 of the smallest q that is drawn apart; smaller ones stand on the upper edge.
const HIGHEST: f64 = 300.0;
/// Most names written.
const NAMED: usize = 14;

/// Shifts of all genes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Shifts<'a> {
    /// Gene names [G].
    pub genes: &'a [String],
    /// log2 fold changes [G].
    pub log2_fold_change: &'a [f64],
    /// q-values [G].
    pub q: &'a [f64],
    /// FDR below which a gene is coloured.
    pub q_cut: f64,
    /// |log2 fold change| above which it is.
    pub change_cut: f64,
    /// Chosen gene, by its place.
    pub selected: Option<usize>,
}

impl Shifts<'_> {
    fn height(&self, gene: usize) -> f64 {
        (-self.q[gene].max(0.0).log10()).clamp(0.0, HIGHEST)
    }

    fn is_drawn(&self, gene: usize) -> bool {
        self.log2_fold_change[gene].is_finite() && !self.q[gene].is_nan() && self.q[gene] < 1.0
    }

    fn is_significant(&self, gene: usize) -> bool {
        self.q[gene] < self.q_cut && self.log2_fold_change[gene].abs() >= self.change_cut
    }

    /// Fold changes of genes that were seen on one side only are huge: they stand on the side edges.
    fn reach(&self) -> f64 {
        let mut sizes: Vec<f64> = (0..self.genes.len())
            .filter(|gene| self.is_significant(*gene))
            .map(|gene| self.log2_fold_change[gene].abs())
            .collect();
        sizes.sort_by(f64::total_cmp);
        let usual = sizes.get((sizes.len() * 95) / 100).or(sizes.last()).copied().unwrap_or(2.0);
        (usual * 1.15).clamp(2.0, 12.0)
    }
}

/// Frame of a volcano.
pub fn frame<DB: DrawingBackend>(area: &Area<DB>, theme: &Theme, shifts: &Shifts<'_>) -> Frame {
    let (width, height) = area.dim_in_pixel();
    let reach = shifts.reach();
    let heights = (0..shifts.genes.len()).filter(|gene| shifts.is_drawn(*gene)).map(|gene| shifts.height(gene));
    let top = range(heights, 0.08).1.max(2.0);
    Frame {
        x: (-reach, reach),
        y: (0.0, top),
        pixels: (theme.px(52.0), theme.px(14.0), width as i32 - theme.px(14.0), height as i32 - theme.px(46.0)),
    }
}

/// Pixel of a gene; far values stand on the edges.
fn place(frame: &Frame, shifts: &Shifts<'_>, gene: usize) -> (i32, i32) {
    let x = shifts.log2_fold_change[gene].clamp(frame.x.0, frame.x.1);
    frame.pixel(x, shifts.height(gene).min(frame.y.1))
}

/// The gene nearest to a pixel, within `within` device pixels.
pub fn nearest(frame: &Frame, shifts: &Shifts<'_>, (x, y): (i32, i32), within: i32) -> Option<usize> {
    let distance = |gene: usize| {
        let (px, py) = place(frame, shifts, gene);
        i64::from(px - x).pow(2) + i64::from(py - y).pow(2)
    };
    (0..shifts.genes.len())
        .filter(|gene| shifts.is_drawn(*gene))
        .map(|gene| (distance(gene), gene))
        .filter(|(distance, _)| *distance <= i64::from(within).pow(2))
        .min()
        .map(|(_, gene)| gene)
}

/// Draws the volcano and returns its frame.
///
/// # Errors
/// When the slices differ in length or the surface fails.
pub fn draw<DB: DrawingBackend>(area: &Area<DB>, theme: &Theme, shifts: &Shifts<'_>) -> Result<Frame, PlotError> {
    let genes = shifts.genes.len();
    for (what, found) in [("log2 fold change", shifts.log2_fold_change.len()), ("q", shifts.q.len())] {
        if found != genes {
            return Err(PlotError::Length { what, found, expected: genes });
        }
    }
    ground(area, theme)?;
    let frame = frame(area, theme, shifts);
    frame.axes(area, theme, "log2 fold change", "−log10 q")?;
    if !(0..genes).any(|gene| shifts.is_drawn(gene)) {
        nothing(area, theme, "no gene shifts")?;
        return Ok(frame);
    }
    cut_lines(area, theme, &frame, shifts)?;
    for gene in (0..genes).filter(|gene| shifts.is_drawn(*gene)) {
        let at = place(&frame, shifts, gene);
        if shifts.is_significant(gene) {
            let up = shifts.log2_fold_change[gene] > 0.0;
            let (kind, colour) = if up { (Marker::Disc, theme.series[1]) } else { (Marker::Triangle, theme.series[0]) };
            marker(area, kind, at, theme.px(2.6), colour.mix(0.9))?;
        } else {
            marker(area, Marker::Disc, at, theme.px(1.6), theme.quiet.mix(0.8))?;
        }
    }
    names(area, theme, &frame, shifts)?;
    if let Some(gene) = shifts.selected.filter(|gene| *gene < genes && shifts.is_drawn(*gene)) {
        let ring = Circle::new(
            place(&frame, shifts, gene),
            theme.px(7.0),
            theme.ink.stroke_width(theme.px(1.5).max(1) as u32),
        );
        drawn(area.draw(&ring))?;
    }
    Ok(frame)
}

/// Dashed-looking quiet lines at the cut-offs.
fn cut_lines<DB: DrawingBackend>(
    area: &Area<DB>,
    theme: &Theme,
    frame: &Frame,
    shifts: &Shifts<'_>,
) -> Result<(), PlotError> {
    let quiet = theme.quiet.stroke_width(1);
    let (left, top, right, bottom) = frame.pixels;
    let height = -shifts.q_cut.max(1e-300).log10();
    if height < frame.y.1 {
        let (_, y) = frame.pixel(0.0, height);
        drawn(area.draw(&PathElement::new(vec![(left, y), (right, y)], quiet)))?;
        let words = format!("q = {}", shifts.q_cut);
        text(area, theme, &words, (right, y - theme.px(7.0)), 10.0, Anchor::Right, theme.faint)?;
    }
    for change in [-shifts.change_cut, shifts.change_cut] {
        let (x, _) = frame.pixel(change, 0.0);
        drawn(area.draw(&PathElement::new(vec![(x, top), (x, bottom)], quiet)))?;
    }
    Ok(())
}

/// Names of the strongest genes, each only where it overlaps no other name.
fn names<DB: DrawingBackend>(
    area: &Area<DB>,
    theme: &Theme,
    frame: &Frame,
    shifts: &Shifts<'_>,
) -> Result<(), PlotError> {
    let mut order: Vec<usize> =
        (0..shifts.genes.len()).filter(|gene| shifts.is_drawn(*gene) && shifts.is_significant(*gene)).collect();
    let strength = |gene: usize| shifts.height(gene) * shifts.log2_fold_change[gene].abs().min(frame.x.1);
    order.sort_by(|a, b| strength(*b).total_cmp(&strength(*a)));
    if let Some(selected) = shifts.selected.filter(|gene| *gene < shifts.genes.len() && shifts.is_drawn(*gene)) {
        order.retain(|gene| *gene != selected);
        order.insert(0, selected);
    }
    let mut taken = Taken::new();
    for gene in order.into_iter().take(60) {
        let name = &shifts.genes[gene];
        let (x, y) = place(frame, shifts, gene);
        let (width, half) = (theme.px(6.4) * name.len() as i32, theme.px(7.0));
        // To the right of points on the left half, and the other way round: names stay inside.
        let to_right = shifts.log2_fold_change[gene] < 0.0;
        let start = if to_right { x + theme.px(6.0) } else { x - theme.px(6.0) - width };
        let own = (start, y - half, start + width, y + half);
        if own.0 < frame.pixels.0 || !claim(&mut taken, own) {
            continue;
        }
        let (at, anchor) = if to_right { (own.0, Anchor::Left) } else { (own.2, Anchor::Right) };
        text(area, theme, name, (at, y), 11.0, anchor, theme.ink)?;
        if taken.len() == NAMED {
            break;
        }
    }
    Ok(())
}
