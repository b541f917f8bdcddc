//! Scatter: one number of every point against another.
//!
//! Does: points of several series with their own markers, the diagonal where both axes mean the same, names of
//! chosen points without overlaps; many points are thinned so that the SVG stays small.
//! Does not know: what a point is.
//! Flow: x and y of points → **scatter** → report.

use std::collections::HashSet;

use plotters::prelude::{Color, DrawingBackend, PathElement};

use crate::frame::{
    Anchor, Area, Frame, Marker, PlotError, Taken, claim, drawn, ground, legend_lines, marker, nothing, rectangle, text,
};
use crate::theme::Theme;
use crate::ticks::range;
use crate::words::width_of;

/// Most points of which each is drawn; of more, each place of the picture is marked once per series.
pub const MOST_POINTS: usize = 4000;
/// Side of such a place in CSS pixels: nearer points are not told apart by eye.
const PLACE: f64 = 3.0;

/// Points of one kind.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Series<'a> {
    /// Name in the legend.
    pub name: &'a str,
    /// x of every point.
    pub x: &'a [f64],
    /// y of every point; points without finite x and y are counted in the legend.
    pub y: &'a [f64],
    /// Names of some points by their place; of names that would overlap the earlier one is written.
    pub labels: &'a [(usize, &'a str)],
}

impl Series<'_> {
    fn points(&self) -> impl Iterator<Item = (f64, f64)> {
        self.x.iter().copied().zip(self.y.iter().copied()).filter(|(x, y)| x.is_finite() && y.is_finite())
    }

    /// Name, and how many points have no place.
    fn words(&self) -> String {
        match self.x.len() - self.points().count() {
            0 => self.name.to_owned(),
            hidden => format!("{} ({hidden} not shown)", self.name),
        }
    }

    fn check(&self) -> Result<(), PlotError> {
        if self.x.len() != self.y.len() {
            return Err(PlotError::Length { what: "a scatter's y", found: self.y.len(), expected: self.x.len() });
        }
        match self.labels.iter().map(|(place, _)| place + 1).max() {
            Some(expected) if expected > self.x.len() => {
                Err(PlotError::Length { what: "a scatter series with a label", found: self.x.len(), expected })
            }
            _ => Ok(()),
        }
    }
}

/// Draws the series over one pair of axes and returns the frame; with `diagonal` both axes have the same range and
/// the line y = x is drawn.
///
/// # Errors
/// When x and y of a series differ in length, a label is past the end of its series, or the surface fails.
pub fn draw<DB: DrawingBackend>(
    area: &Area<DB>,
    theme: &Theme,
    (x_title, y_title): (&str, &str),
    diagonal: bool,
    series: &[Series<'_>],
) -> Result<Option<Frame>, PlotError> {
    ground(area, theme)?;
    series.iter().try_for_each(Series::check)?;
    if series.iter().all(|own| own.points().next().is_none()) {
        nothing(area, theme, "no points to show")?;
        return Ok(None);
    }
    let (width, height) = area.dim_in_pixel();
    let (left, right) = (theme.px(64.0), width as i32 - theme.px(20.0));
    let looks = series.iter().enumerate();
    let entries: Vec<_> = looks.map(|(place, own)| (Marker::of(place), theme.series[place % 6], own.words())).collect();
    let top = legend_lines(area, theme, &entries, (left, theme.px(14.0)), right)?;
    let along = |pick: fn((f64, f64)) -> f64| range(series.iter().flat_map(|own| own.points().map(pick)), 0.04);
    let (mut x, mut y) = (along(|point| point.0), along(|point| point.1));
    if diagonal {
        x = (x.0.min(y.0), x.1.max(y.1));
        y = x;
    }
    let frame = Frame { x, y, pixels: (left, top, right, height as i32 - theme.px(48.0)) };
    frame.axes(area, theme, x_title, y_title)?;
    draw_points(area, theme, &frame, series)?;
    if diagonal {
        // Over the points: a dense cloud would hide it.
        let line = theme.ink.stroke_width(theme.px(1.0).max(1) as u32);
        drawn(area.draw(&PathElement::new(vec![frame.pixel(x.0, x.0), frame.pixel(x.1, x.1)], line)))?;
    }
    write_labels(area, theme, &frame, diagonal, series)?;
    Ok(Some(frame))
}

/// All points, or one per place where there are too many.
fn draw_points<DB: DrawingBackend>(
    area: &Area<DB>,
    theme: &Theme,
    frame: &Frame,
    series: &[Series<'_>],
) -> Result<(), PlotError> {
    let many = series.iter().map(|own| own.x.len()).sum::<usize>() > MOST_POINTS;
    let (radius, strength) = if many { (theme.px(1.6), 0.8) } else { (theme.px(3.0), 0.7) };
    let side = theme.px(PLACE).max(1);
    for (place, own) in series.iter().enumerate() {
        let mut seen = HashSet::new();
        for (x, y) in own.points() {
            let at = frame.pixel(x, y);
            if !many || seen.insert((at.0.div_euclid(side), at.1.div_euclid(side))) {
                marker(area, Marker::of(place), at, radius, theme.series[place % 6].mix(strength))?;
            }
        }
    }
    Ok(())
}

/// Names of chosen points at their right, or at their left where there is no room, and of the diagonal.
fn write_labels<DB: DrawingBackend>(
    area: &Area<DB>,
    theme: &Theme,
    frame: &Frame,
    diagonal: bool,
    series: &[Series<'_>],
) -> Result<(), PlotError> {
    let (left, top, right, bottom) = frame.pixels;
    let mut taken = Taken::new();
    let (half, gap) = (theme.px(7.0), theme.px(6.0));
    if diagonal {
        let (width, y) = (width_of(theme, "y = x", 11.0), top + theme.px(14.0));
        // Left of where the line is as far down as the words' lower edge.
        let x = right - (right - left) * theme.px(21.0) / (bottom - top).max(1) - gap;
        taken.push((x - width, y - half, x, y + half));
        text(area, theme, "y = x", (x - width, y), 11.0, Anchor::Left, theme.ink)?;
    }
    for (place, name) in series.iter().flat_map(|own| own.labels.iter().map(move |label| ((own, label.0), label.1))) {
        let (own, place) = place;
        let (x, y) = (own.x[place], own.y[place]);
        if !x.is_finite() || !y.is_finite() {
            continue;
        }
        let (x, y) = frame.pixel(x, y);
        let width = width_of(theme, name, 11.0);
        let sides = [(x + gap, x + gap + width), (x - gap - width, x - gap)];
        let inside = sides.into_iter().filter(|side| side.0 >= left && side.1 <= right);
        let mut boxes = inside.map(|side| (side.0, y - half, side.1, y + half));
        if let Some(own) = boxes.find(|own| claim(&mut taken, *own)) {
            write_over(area, theme, name, own)?;
        }
    }
    Ok(())
}

/// Words on a pale ground, so that they are read over points.
fn write_over<DB: DrawingBackend>(
    area: &Area<DB>,
    theme: &Theme,
    words: &str,
    (left, top, right, bottom): (i32, i32, i32, i32),
) -> Result<(), PlotError> {
    // Hides no more than the words need.
    let edge = theme.px(2.0);
    rectangle(area, [(left, top + edge), (right, bottom - edge)], theme.ground.mix(0.55), true)?;
    text(area, theme, words, (left, (top + bottom) / 2), 11.0, Anchor::Left, theme.ink)
}

#[cfg(test)]
mod tests {
    // A test fails by panicking; that is what `unwrap` is for here.
    #![allow(clippy::unwrap_used)]
    use super::{Series, draw};
    use crate::checks::{elements, filled, is_tidy, pictures, says};
    use crate::frame::PlotError;
    use crate::svg::render;
    use crate::theme::Theme;

    const TITLES: (&str, &str) = ("measured mean", "generated mean");

    fn cloud(points: u32) -> (Vec<f64>, Vec<f64>) {
        let x: Vec<f64> = (0..points).map(|i| f64::from((i * 7919) % 1009) / 200.0).collect();
        let y = x.iter().zip(0..points).map(|(x, i)| x + f64::from((i * 104_729) % 331) / 500.0 - 0.3).collect();
        (x, y)
    }

    #[test]
    fn points_names_and_diagonal_are_drawn() {
        let (x, mut y) = cloud(300);
        y[7] = f64::NAN;
        let labels = [(3, "ISG15"), (3, "ISG15 again"), (7, "NOWHERE"), (20, "CXCL10")];
        let series = [
            Series { name: "B cells", x: &x, y: &y, labels: &labels },
            Series { name: "NK cells", x: &x[..50], y: &x[..50], labels: &[] },
        ];
        for (theme, width) in pictures() {
            let (size, mut frame) = ((width, theme.px(420.0) as u32), None);
            let svg = render(size, "", "", |area| {
                frame = draw(area, &theme, TITLES, true, &series)?;
                Ok(())
            })
            .unwrap();
            is_tidy(&svg, size);
            for words in ["measured mean", "generated mean", "ISG15", "CXCL10", "y = x", "NK cells"] {
                assert!(says(&svg, words), "{words} is missing at {width}");
            }
            assert!(says(&svg, "B cells (1 not shown)") && !says(&svg, "NOWHERE"));
            let frame = frame.unwrap();
            assert_eq!(frame.x, frame.y);
            // One marker of each series more stands in the legend.
            assert_eq!(filled(&svg, "circle", theme.series[0]), 299 + 1);
            assert_eq!(filled(&svg, "polygon", theme.series[1]), 50 + 1);
            let (left, top, right, bottom) = frame.pixels;
            for disc in elements(&svg).iter().filter(|own| own.tag == "circle").skip(1) {
                let (x, y) = (disc.number("cx"), disc.number("cy"));
                assert!(x >= left.into() && x <= right.into() && y >= top.into() && y <= bottom.into());
            }
        }
    }

    #[test]
    fn names_do_not_overlap() {
        let labels = [(0, "first"), (1, "second"), (2, "third")];
        let series = [Series { name: "s", x: &[1.0, 1.0, 1.0], y: &[1.0, 1.0, 2.0], labels: &labels }];
        let size = (400, 300);
        let svg =
            render(size, "", "", |area| draw(area, &Theme::light(1.0), TITLES, false, &series).map(|_| ())).unwrap();
        is_tidy(&svg, size);
        // The second stands left of the point that the first is right of.
        assert!(says(&svg, "first") && says(&svg, "second") && says(&svg, "third") && !says(&svg, "y = x"));
        let crowd = [(0, "first"), (1, "second"), (0, "one too many")];
        let series = [Series { labels: &crowd, ..series[0] }];
        let svg =
            render(size, "", "", |area| draw(area, &Theme::light(1.0), TITLES, false, &series).map(|_| ())).unwrap();
        assert!(says(&svg, "second") && !says(&svg, "one too many"));
    }

    #[test]
    fn a_place_of_many_points_is_marked_once() {
        let (x, y) = cloud(40_000);
        let theme = Theme::light(1.0);
        let series = [Series { name: "genes", x: &x, y: &y, labels: &[] }];
        let svg = render((860, 500), "", "", |area| draw(area, &theme, TITLES, true, &series).map(|_| ())).unwrap();
        let discs = elements(&svg).into_iter().filter(|own| own.tag == "circle").skip(1);
        let places: Vec<_> =
            discs.map(|own| ((own.number("cx") / 3.0) as i32, (own.number("cy") / 3.0) as i32)).collect();
        let different: std::collections::HashSet<_> = places.iter().collect();
        assert_eq!(places.len(), different.len());
        // The cloud is a band that covers an eighth of the frame: some 5,000 places at most, 120 bytes each.
        assert!(places.len() > 2000 && svg.len() < 600_000, "{} places, {} bytes", places.len(), svg.len());
    }

    #[test]
    fn what_cannot_be_drawn_is_said() {
        let theme = Theme::light(1.0);
        let draws = |series: &[Series<'_>]| {
            render((300, 200), "", "", |area| draw(area, &theme, TITLES, false, series).map(|_| ()))
        };
        assert!(says(&draws(&[]).unwrap(), "no points to show"));
        let odd = Series { name: "odd", x: &[1.0, 2.0], y: &[1.0], labels: &[] };
        assert!(matches!(draws(&[odd]), Err(PlotError::Length { found: 1, expected: 2, .. })));
        let past = Series { name: "past", x: &[1.0], y: &[f64::INFINITY], labels: &[(4, "fifth")] };
        assert!(matches!(draws(&[past]), Err(PlotError::Length { found: 1, expected: 5, .. })));
        let nowhere = Series { labels: &[], ..past };
        assert!(says(&draws(&[nowhere]).unwrap(), "no points to show"));
        let one = Series { name: "one", x: &[0.0], y: &[0.0], labels: &[] };
        assert!(!draws(&[one]).unwrap().contains("NaN"));
    }
}
