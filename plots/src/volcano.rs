//! The volcano: how far each gene shifts against how sure that is, or (an MA plot) against how much there is of it.
//!
//! Does: points by log2 fold change and −log10 q or mean, cut-off lines, names of the strongest genes without overlaps,
//! a ring around the chosen gene; finds the gene nearest to a pixel.
//! Does not know: how shifts were tested.
//! Flow: shifts → **volcano, MA plot** → the page's gene picker, SVG.

use plotters::prelude::{Circle, Color, DrawingBackend, PathElement};

use crate::frame::{
    Anchor, Area, Frame, Marker, PlotError, Taken, claim, drawn, ground, legend, marker, nothing, text,
};
use crate::theme::Theme;
use crate::ticks::range;
use crate::words::width_of;

/// −log10 of the smallest q that is drawn apart; smaller ones stand on the upper edge.
const HIGHEST: f64 = 300.0;
/// Most names written.
const NAMED: usize = 14;
/// Size of a name, and what stays free around it, CSS pixels.
const NAME: (f64, f64) = (11.0, 3.0);

/// What fold changes are drawn against.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Against<'a> {
    /// −log10 q, upwards: a volcano. Genes that neither shift nor are sure of anything (q = 1 and no change at all, such
    /// as those without counts) are not drawn.
    Significance,
    /// Mean normalised counts of both sides [G], from left to right: an MA plot. Genes without counts are not drawn.
    Expression(&'a [f64]),
}

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
    /// The other axis.
    pub against: Against<'a>,
}

impl Shifts<'_> {
    fn height(&self, gene: usize) -> f64 {
        (-self.q[gene].max(0.0).log10()).clamp(0.0, HIGHEST)
    }

    fn is_drawn(&self, gene: usize) -> bool {
        let known = self.log2_fold_change[gene].is_finite() && !self.q[gene].is_nan();
        known
            && match self.against {
                Against::Significance => self.q[gene] < 1.0 || self.log2_fold_change[gene] != 0.0,
                Against::Expression(mean) => mean[gene] > 0.0 && mean[gene].is_finite(),
            }
    }

    /// Place in the units of the axes.
    fn point(&self, gene: usize) -> (f64, f64) {
        match self.against {
            Against::Significance => (self.log2_fold_change[gene], self.height(gene)),
            Against::Expression(mean) => (mean[gene].log10(), self.log2_fold_change[gene]),
        }
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

/// Frame of the figure.
pub fn frame<DB: DrawingBackend>(area: &Area<DB>, theme: &Theme, shifts: &Shifts<'_>) -> Frame {
    let (width, height) = area.dim_in_pixel();
    let reach = (-shifts.reach(), shifts.reach());
    let shown = || (0..shifts.genes.len()).filter(|gene| shifts.is_drawn(*gene)).map(|gene| shifts.point(gene));
    let (x, y) = match shifts.against {
        Against::Significance => (reach, (0.0, range(shown().map(|point| point.1), 0.08).1.max(2.0))),
        Against::Expression(_) => (range(shown().map(|point| point.0), 0.04), reach),
    };
    let pixels = (theme.px(52.0), theme.px(14.0), width as i32 - theme.px(14.0), height as i32 - theme.px(46.0));
    Frame { x, y, pixels }
}

/// Pixel of a gene; far values stand on the edges.
fn place(frame: &Frame, shifts: &Shifts<'_>, gene: usize) -> (i32, i32) {
    let (x, y) = shifts.point(gene);
    frame.pixel(x.clamp(frame.x.0, frame.x.1), y.clamp(frame.y.0, frame.y.1))
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

/// Draws the figure and returns its frame.
///
/// ```
/// use plots::volcano::{Against, Shifts, draw};
/// use plots::{Theme, svg};
///
/// let shifts = Shifts {
///     genes: &["ISG15".to_owned(), "ACTB".to_owned()],
///     log2_fold_change: &[4.1, 0.1],
///     q: &[1e-40, 0.7],
///     q_cut: 0.05,
///     change_cut: 0.25,
///     selected: None,
///     against: Against::Significance,
/// };
/// let picture = svg::render((640, 420), "Volcano", "Two genes.", |area| {
///     draw(area, &Theme::light(1.0), &shifts).map(drop)
/// })?;
/// assert!(picture.contains("ISG15"));
/// # Ok::<(), plots::PlotError>(())
/// ```
///
/// # Errors
/// When the slices differ in length or the surface fails.
pub fn draw<DB: DrawingBackend>(area: &Area<DB>, theme: &Theme, shifts: &Shifts<'_>) -> Result<Frame, PlotError> {
    let genes = shifts.genes.len();
    let means = if let Against::Expression(mean) = shifts.against { mean.len() } else { genes };
    for (what, found) in [("log2 fold change", shifts.log2_fold_change.len()), ("q", shifts.q.len()), ("mean", means)] {
        if found != genes {
            return Err(PlotError::Length { what, found, expected: genes });
        }
    }
    ground(area, theme)?;
    let frame = frame(area, theme, shifts);
    let (x_title, y_title) = match shifts.against {
        Against::Significance => ("log2 fold change", "−log10 q"),
        Against::Expression(_) => ("log10 of mean normalised counts", "log2 fold change"),
    };
    frame.axes(area, theme, x_title, y_title)?;
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

/// Height of [`key`] in CSS pixels.
pub const KEY: f64 = 22.0;

/// Draws what the marks mean, for a strip above the figure.
///
/// # Errors
/// When the surface fails.
pub fn key<DB: DrawingBackend>(area: &Area<DB>, theme: &Theme, shifts: &Shifts<'_>) -> Result<(), PlotError> {
    ground(area, theme)?;
    let y = theme.px(KEY / 2.0);
    let marks = [(Marker::Disc, 1, "up", 16.0), (Marker::Triangle, 0, "down", 62.0)];
    for (kind, series, words, x) in marks {
        legend(area, theme, &[(kind, theme.series[series], words.to_owned())], (theme.px(x), y))?;
    }
    let words = format!("q < {}, |log2 fold change| ≥ {}", shifts.q_cut, shifts.change_cut);
    text(area, theme, &words, (theme.px(120.0), y), 11.0, Anchor::Left, theme.faint)
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
    let line = |from: (i32, i32), to: (i32, i32)| drawn(area.draw(&PathElement::new(vec![from, to], quiet)));
    if let Against::Expression(_) = shifts.against {
        for change in [-shifts.change_cut, 0.0, shifts.change_cut] {
            let (_, y) = frame.pixel(frame.x.0, change);
            line((left, y), (right, y))?;
        }
        return Ok(());
    }
    for change in [-shifts.change_cut, shifts.change_cut] {
        let (x, _) = frame.pixel(change, 0.0);
        line((x, top), (x, bottom))?;
    }
    let height = -shifts.q_cut.max(1e-300).log10();
    if height < frame.y.1 {
        let (_, y) = frame.pixel(0.0, height);
        line((left, y), (right, y))?;
        text(area, theme, &cut_name(shifts), (right, y - theme.px(7.0)), 10.0, Anchor::Right, theme.faint)?;
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
    let reach = shifts.reach();
    let strength = |gene: usize| shifts.height(gene) * shifts.log2_fold_change[gene].abs().min(reach);
    order.sort_by(|a, b| strength(*b).total_cmp(&strength(*a)));
    if let Some(selected) = shifts.selected.filter(|gene| *gene < shifts.genes.len() && shifts.is_drawn(*gene)) {
        order.retain(|gene| *gene != selected);
        order.insert(0, selected);
    }
    let mut taken = Taken::from_iter(cut_words(theme, frame, shifts));
    let kept = taken.len();
    let (size, free) = (NAME.0, theme.px(NAME.1));
    for gene in order.into_iter().take(60) {
        let name = &shifts.genes[gene];
        let (x, y) = place(frame, shifts, gene);
        let (width, half) = (width_of(theme, name, size), theme.px(0.5 * size));
        // To the right of points on the left half, and the other way round: names stay inside.
        let to_right = 2 * x < frame.pixels.0 + frame.pixels.2;
        let start = if to_right { x + theme.px(6.0) } else { x - theme.px(6.0) - width };
        let own = (start - free, y - half - free, start + width + free, y + half + free);
        if own.0 < frame.pixels.0 || !claim(&mut taken, own) {
            continue;
        }
        let (at, anchor) = if to_right { (start, Anchor::Left) } else { (start + width, Anchor::Right) };
        text(area, theme, name, (at, y), size, anchor, theme.ink)?;
        if taken.len() == kept + NAMED {
            break;
        }
    }
    Ok(())
}

/// Where the words of the cut-off by q stand, when they are written.
fn cut_words(theme: &Theme, frame: &Frame, shifts: &Shifts<'_>) -> Option<(i32, i32, i32, i32)> {
    let height = -shifts.q_cut.max(1e-300).log10();
    if shifts.against != Against::Significance || height >= frame.y.1 {
        return None;
    }
    let (_, y) = frame.pixel(0.0, height);
    let right = frame.pixels.2;
    Some((right - width_of(theme, &cut_name(shifts), 10.0), y - theme.px(13.0), right, y))
}

/// Words of the cut-off by q.
fn cut_name(shifts: &Shifts<'_>) -> String {
    format!("q = {}", shifts.q_cut)
}

#[cfg(test)]
mod tests {
    // A test fails by panicking; that is what `unwrap` is for here.
    #![allow(clippy::unwrap_used)]
    use super::{Against, Shifts, draw, frame, nearest, place};
    use crate::frame::PlotError;
    use crate::svg::render;
    use crate::theme::Theme;

    const SIZE: (u32, u32) = (400, 300);

    /// Five genes: two that shift for sure, one that hardly does, one on one side only, one without counts.
    fn with<T>(means: &[f64], look: impl FnOnce(&Shifts<'_>) -> T) -> T {
        let genes: Vec<String> = ["UP", "DOWN", "STILL", "NEW", "NONE"].map(str::to_owned).into();
        let (log2_fold_change, q) = ([2.0, -1.5, 0.1, 40.0, 0.0], [1e-9, 1e-6, 1.0, 1e-3, 1.0]);
        let against = Against::Expression(means);
        look(&Shifts {
            genes: &genes,
            log2_fold_change: &log2_fold_change,
            q: &q,
            q_cut: 0.05,
            change_cut: 0.5,
            selected: None,
            against,
        })
    }

    const MEANS: [f64; 5] = [100.0, 1.0, 10.0, 0.1, 0.0];

    #[test]
    fn an_ma_plot_goes_from_rare_to_common_genes() {
        with(&MEANS, |shifts| {
            let theme = Theme::light(1.0);
            let mut places = Vec::new();
            let svg = render(SIZE, "MA", "", |area| {
                let frame = frame(area, &theme, shifts);
                places = (0..4).map(|gene| place(&frame, shifts, gene)).collect();
                // A click beside a gene finds it; one far from all finds none.
                let (x, y) = places[1];
                assert_eq!(nearest(&frame, shifts, (x + 3, y - 2), 10), Some(1));
                assert_eq!(nearest(&frame, shifts, (-500, -500), 10), None);
                draw(area, &theme, shifts).map(drop)
            })
            .unwrap();
            // NEW, DOWN, STILL, UP from left to right; DOWN lowest. What is seen on one side only stands on the edge.
            assert!(places[3].0 < places[1].0 && places[1].0 < places[2].0 && places[2].0 < places[0].0);
            assert!(places[1].1 > places[2].1 && places[2].1 > places[0].1 && places[0].1 > places[3].1);
            assert!(places.iter().all(|(x, y)| (0..400).contains(x) && (0..300).contains(y)));
            for words in ["mean normalised counts", "log2 fold change", "UP", "DOWN"] {
                assert!(svg.contains(words), "{words}");
            }
            assert!(!svg.contains("NONE") && !svg.contains("NaN"));
        });
    }

    #[test]
    fn a_volcano_without_a_sure_gene_shows_its_grey_points() {
        let genes: Vec<String> = ["STILL", "NONE"].map(str::to_owned).into();
        let shifts = Shifts {
            genes: &genes,
            log2_fold_change: &[0.4, 0.0],
            q: &[1.0, 1.0],
            q_cut: 0.05,
            change_cut: 0.5,
            selected: None,
            against: Against::Significance,
        };
        let mut found = Vec::new();
        let svg = render(SIZE, "", "", |area| {
            let frame = draw(area, &Theme::light(1.0), &shifts)?;
            found = (0..2).map(|gene| nearest(&frame, &shifts, place(&frame, &shifts, gene), 3)).collect();
            Ok(())
        });
        assert!(!crate::checks::says(&svg.unwrap(), "no gene shifts"));
        assert_eq!(found, [Some(0), None], "a gene that moves is there, one without counts is not");
    }

    #[test]
    fn names_never_lie_over_one_another() {
        // Forty sure genes in a crowd, with wide names.
        let genes: Vec<String> = (0..40).map(|gene| format!("WWMHLA-DRB{gene}")).collect();
        let change: Vec<f64> = (0..40).map(|gene| 1.0 + 0.05 * f64::from(gene)).collect();
        let q: Vec<f64> = (0..40).map(|gene| 10f64.powi(-3 - gene % 5)).collect();
        let shifts = Shifts {
            genes: &genes,
            log2_fold_change: &change,
            q: &q,
            q_cut: 0.05,
            change_cut: 0.5,
            selected: None,
            against: Against::Significance,
        };
        for scale in [1.0, 2.0] {
            let size = ((400.0 * scale) as u32, (300.0 * scale) as u32);
            let svg = render(size, "", "", |area| draw(area, &Theme::light(scale), &shifts).map(drop)).unwrap();
            crate::checks::is_tidy(&svg, size);
        }
    }

    #[test]
    fn the_key_says_what_is_marked() {
        with(&MEANS, |shifts| {
            let size = (340, 22);
            let svg = render(size, "", "", |area| super::key(area, &Theme::light(1.0), shifts)).unwrap();
            crate::checks::is_tidy(&svg, size);
            assert!(crate::checks::says(&svg, "q < 0.05, |log2 fold change| ≥ 0.5"));
        });
    }

    #[test]
    fn means_of_other_genes_are_refused() {
        with(&MEANS[..3], |shifts| {
            let drawn = render(SIZE, "MA", "", |area| draw(area, &Theme::light(1.0), shifts).map(drop));
            assert!(matches!(drawn, Err(PlotError::Length { what: "mean", found: 3, expected: 5 })));
        });
    }
}
