//! Histograms: how a number per cell is spread on each side.
//!
//! Does: outlines of several series over the same bins, on a linear or a logarithmic axis, as shares of each series'
//! cells; markers on the outlines, so that they differ by more than colour.
//! Does not know: what the number is.
//! Flow: library sizes, detected genes, … → **histogram** → report.

use plotters::prelude::{Color, DrawingBackend, PathElement};

use crate::frame::{Area, Frame, Marker, PlotError, drawn, ground, legend_lines, marker, nothing};
use crate::theme::Theme;
use crate::ticks::{labelled, range};
use crate::words::width_of;

/// Markers along one outline.
const MARKS: usize = 8;

/// The x axis.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scale {
    /// As it is.
    Linear,
    /// Bins are equally wide in log10; values that are not above zero have no place.
    Log10,
}

impl Scale {
    /// Where a value stands; none where it cannot.
    fn place(self, value: f64) -> Option<f64> {
        let placed = match self {
            Self::Linear => value,
            Self::Log10 if value > 0.0 => value.log10(),
            Self::Log10 => f64::NAN,
        };
        placed.is_finite().then_some(placed)
    }

    /// Ticks that a width has room for.
    fn ticks(self, theme: &Theme, reach: (f64, f64), width: i32) -> Vec<(f64, String)> {
        let wanted = (width / theme.px(64.0).max(1)).clamp(2, 8) as usize;
        match self {
            Self::Linear => labelled(reach, wanted),
            Self::Log10 => log_ticks(reach, wanted),
        }
    }
}

/// Ticks at powers of ten, with their halves and fifths where that leaves too few.
fn log_ticks(reach: (f64, f64), wanted: usize) -> Vec<(f64, String)> {
    let (first, last) = (reach.0.floor() as i32, reach.1.ceil() as i32);
    let at = |parts: &[f64], every: usize| -> Vec<(f64, String)> {
        let powers = (first..=last).step_by(every).flat_map(|power| parts.iter().map(move |part| (*part, power)));
        let values = powers.map(|(part, power)| (part, power, part.log10() + f64::from(power)));
        let inside = values.filter(|(_, _, place)| (reach.0..=reach.1).contains(place));
        inside.map(|(part, power, place)| (place, log_label(part, power))).collect()
    };
    let fine = at(&[1.0, 2.0, 5.0], 1);
    if fine.len() <= wanted + 1 {
        // Within less than a factor of two or so there may be none: round numbers then serve as they are.
        if fine.len() >= 2 {
            return fine;
        }
        let linear = labelled((10.0_f64.powf(reach.0), 10.0_f64.powf(reach.1)), wanted);
        return linear.into_iter().filter(|tick| tick.0 > 0.0).map(|(value, words)| (value.log10(), words)).collect();
    }
    at(&[1.0], ((last - first) as usize).div_ceil(wanted).max(1))
}

/// `part` times a power of ten in digits, or as a power where they would be many.
fn log_label(part: f64, power: i32) -> String {
    if (-3..6).contains(&power) {
        format!("{:.*}", (-power).max(0) as usize, part * 10.0_f64.powi(power))
    } else {
        format!("{part}e{power}").replace('-', "−")
    }
}

/// One side.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Series<'a> {
    /// Name in the legend.
    pub name: &'a str,
    /// Value of every cell.
    pub values: &'a [f64],
}

impl Series<'_> {
    fn placed(&self, scale: Scale) -> impl Iterator<Item = f64> {
        self.values.iter().filter_map(move |value| scale.place(*value))
    }

    /// Share of all cells in each of `bins` equal parts of a range; cells without a place lower the shares.
    fn shares(&self, scale: Scale, (low, high): (f64, f64), bins: usize) -> Vec<f64> {
        let mut counts = vec![0_usize; bins];
        for value in self.placed(scale) {
            // The largest value belongs to the last bin.
            let bin = ((value - low) / (high - low) * bins as f64) as usize;
            counts[bin.min(bins - 1)] += 1;
        }
        counts.into_iter().map(|count| count as f64 / self.values.len().max(1) as f64).collect()
    }

    /// Name, cells, and how many have no place.
    fn words(&self, scale: Scale) -> String {
        let (all, hidden) = (self.values.len(), self.values.len() - self.placed(scale).count());
        match hidden {
            0 => format!("{}, {all} cells", self.name),
            _ => format!("{}, {all} cells ({hidden} not shown)", self.name),
        }
    }
}

/// Draws the outlines over `bins` (at least one) shared bins and returns the frame, whose x is log10 of the values on
/// the logarithmic axis.
///
/// # Errors
/// When the surface fails.
pub fn draw<DB: DrawingBackend>(
    area: &Area<DB>,
    theme: &Theme,
    x_title: &str,
    (scale, bins): (Scale, usize),
    series: &[Series<'_>],
) -> Result<Option<Frame>, PlotError> {
    ground(area, theme)?;
    if series.iter().all(|own| own.placed(scale).next().is_none()) {
        nothing(area, theme, "no values to show")?;
        return Ok(None);
    }
    let bins = bins.max(1);
    let reach = range(series.iter().flat_map(|own| own.placed(scale)), 0.0);
    let shares: Vec<Vec<f64>> = series.iter().map(|own| own.shares(scale, reach, bins)).collect();
    let (width, height) = area.dim_in_pixel();
    let (left, right) = (theme.px(64.0), width as i32 - theme.px(24.0));
    let looks = series.iter().enumerate();
    let entries: Vec<_> =
        looks.map(|(place, own)| (Marker::of(place), theme.series[place % 6], own.words(scale))).collect();
    let top = legend_lines(area, theme, &entries, (left, theme.px(14.0)), right)?;
    let highest = shares.iter().flatten().copied().fold(0.0, f64::max);
    let pixels = (left, top, right, height as i32 - theme.px(48.0));
    let frame = Frame { x: reach, y: (0.0, 1.06 * highest), pixels };
    let mut x_ticks = scale.ticks(theme, reach, right - left);
    // A number at the right end must not leave the picture.
    let room = width as i32;
    x_ticks.retain(|(value, words)| frame.pixel(*value, 0.0).0 + width_of(theme, words, 11.0) / 2 < room);
    frame.axes_at(area, theme, (x_title, "share of cells"), &x_ticks, &labelled(frame.y, 5))?;
    for (place, (own, shares)) in series.iter().zip(&shares).enumerate() {
        if own.placed(scale).next().is_some() {
            draw_outline(area, theme, &frame, (place, series.len()), shares)?;
        }
    }
    Ok(Some(frame))
}

/// Steps over the bins and some markers on them.
fn draw_outline<DB: DrawingBackend>(
    area: &Area<DB>,
    theme: &Theme,
    frame: &Frame,
    (place, of): (usize, usize),
    shares: &[f64],
) -> Result<(), PlotError> {
    let colour = theme.series[place % 6];
    let bins = shares.len();
    let at = |bin: f64| frame.x.0 + (frame.x.1 - frame.x.0) * bin / bins as f64;
    let steps = shares.iter().enumerate();
    let tops = steps.flat_map(|(bin, share)| [0.0, 1.0].map(|edge| frame.pixel(at(bin as f64 + edge), *share)));
    let mut outline = vec![frame.pixel(frame.x.0, 0.0)];
    outline.extend(tops);
    outline.push(frame.pixel(frame.x.1, 0.0));
    // Bins of the same height need no point between them.
    outline.dedup();
    drawn(area.draw(&PathElement::new(outline, colour.stroke_width(theme.px(2.0).max(1) as u32))))?;
    // Every series marks other bins, so that markers of the same height do not hide each other.
    let every = bins.div_ceil(MARKS).max(1);
    let first = every * place / of.max(1);
    for (bin, share) in shares.iter().enumerate().skip(first).step_by(every).filter(|(_, share)| **share > 0.0) {
        marker(area, Marker::of(place), frame.pixel(at(bin as f64 + 0.5), *share), theme.px(4.0), colour.to_rgba())?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    // A test fails by panicking; that is what `unwrap` is for here.
    #![allow(clippy::unwrap_used)]
    use super::{Scale, Series, draw, log_ticks};
    use crate::checks::{elements, is_tidy, pictures, says};
    use crate::svg::render;
    use crate::theme::Theme;

    fn sizes(cells: u32, shift: f64) -> Vec<f64> {
        // Roughly bell-shaped in log10 around 3.2: the sum of three even spreads.
        let even = |i: u32, by: u32| f64::from(i.wrapping_mul(by) % 997) / 997.0;
        (0..cells)
            .map(|i| 10.0_f64.powf(2.4 + shift + 0.5 * (even(i, 7919) + even(i, 104_729) + even(i, 31))))
            .collect()
    }

    #[test]
    fn outlines_share_bins_and_axes() {
        let (measured, mut generated) = (sizes(3000, 0.0), sizes(2000, 0.1));
        generated[0] = 0.0;
        let series = [Series { name: "measured", values: &measured }, Series { name: "generated", values: &generated }];
        for (theme, width) in pictures() {
            for scale in [Scale::Linear, Scale::Log10] {
                let (size, mut frame) = ((width, theme.px(340.0) as u32), None);
                let svg = render(size, "", "", |area| {
                    frame = draw(area, &theme, "counts per cell", (scale, 40), &series)?;
                    Ok(())
                })
                .unwrap();
                is_tidy(&svg, size);
                assert!(says(&svg, "measured, 3000 cells") && says(&svg, "counts per cell"));
                assert!(says(&svg, "share of cells"));
                let hidden = "generated, 2000 cells (1 not shown)";
                assert_eq!(says(&svg, hidden), scale == Scale::Log10);
                let ((left, top, right, bottom), thick) = (frame.unwrap().pixels, theme.px(2.0).to_string());
                let elements = elements(&svg);
                let outlines: Vec<_> =
                    elements.iter().filter(|own| own.attribute("stroke-width") == Some(&thick)).collect();
                assert_eq!(outlines.len(), 2);
                for own in &outlines {
                    let (l, t, r, b) = own.reach();
                    assert_eq!((l, r, b), (left.into(), right.into(), bottom.into()));
                    assert!(t >= top.into());
                }
            }
        }
    }

    #[test]
    fn shares_are_of_all_cells() {
        let own = Series { name: "own", values: &[1.0, 1.0, 10.0, 100.0, -1.0] };
        assert_eq!(own.shares(Scale::Log10, (0.0, 2.0), 2), [0.4, 0.4]);
        assert_eq!(own.shares(Scale::Linear, (-1.0, 100.0), 101), {
            let mut shares = vec![0.0; 101];
            (shares[0], shares[2], shares[11], shares[100]) = (0.2, 0.4, 0.2, 0.2);
            shares
        });
    }

    #[test]
    fn logarithmic_ticks_are_round_and_enough() {
        let words = |reach, wanted| log_ticks(reach, wanted).into_iter().map(|(_, words)| words).collect::<Vec<_>>();
        assert_eq!(words((2.0, 5.1), 5), ["100", "1000", "10000", "100000"]);
        assert_eq!(words((2.2, 3.8), 6), ["200", "500", "1000", "2000", "5000"]);
        assert_eq!(words((3.31, 3.38), 4), ["2100", "2200", "2300"]);
        assert_eq!(words((-9.0, 9.0), 4), ["1e−9", "1e−4", "10", "1e6"]);
    }

    #[test]
    fn what_cannot_be_drawn_is_said() {
        let theme = Theme::light(1.0);
        let draws = |scale, series: &[Series<'_>], bins| {
            render((300, 200), "", "", |area| draw(area, &theme, "x", (scale, bins), series).map(|_| ())).unwrap()
        };
        assert!(says(&draws(Scale::Linear, &[], 10), "no values to show"));
        assert!(says(&draws(Scale::Log10, &[Series { name: "a", values: &[0.0, f64::NAN] }], 10), "no values to show"));
        // One value, no bins asked for: still a picture.
        let same = Series { name: "same", values: &[5.0; 3] };
        let svg = draws(Scale::Linear, &[same], 0);
        assert!(says(&svg, "same, 3 cells") && !svg.contains("NaN"));
    }
}
