//! Curves over steps: losses, learning rates, speeds.
//!
//! Does: several series over one axis, each as a line and, where asked, a running mean on top.
//! Does not know: what a step is.
//! Flow: points → **curves** → report.

use plotters::prelude::{Color, DrawingBackend, PathElement};

use crate::frame::{Area, Frame, Marker, PlotError, drawn, ground, legend, nothing};
use crate::theme::Theme;
use crate::ticks::range;

/// Most points of a line; longer series are thinned evenly.
const MOST_POINTS: usize = 2000;

/// One series.
#[derive(Clone, Debug, PartialEq)]
pub struct Series<'a> {
    /// Name in the legend.
    pub name: &'a str,
    /// x of every point, rising.
    pub x: &'a [f64],
    /// y of every point; values that are not finite leave a gap.
    pub y: &'a [f64],
    /// Drawn thin and pale, behind the others.
    pub pale: bool,
}

/// Draws the series over one pair of axes.
///
/// # Errors
/// When x and y of a series differ in length, or the surface fails.
pub fn draw<DB: DrawingBackend>(
    area: &Area<DB>,
    theme: &Theme,
    (x_title, y_title): (&str, &str),
    series: &[Series<'_>],
) -> Result<(), PlotError> {
    ground(area, theme)?;
    if let Some(odd) = series.iter().find(|own| own.x.len() != own.y.len()) {
        return Err(PlotError::Length { what: "a curve", found: odd.y.len(), expected: odd.x.len() });
    }
    let finite = |values: &'_ [f64]| values.iter().copied().filter(|v| v.is_finite()).collect::<Vec<f64>>();
    if series.iter().all(|own| finite(own.y).is_empty()) {
        return nothing(area, theme, "nothing to draw yet");
    }
    let (width, height) = area.dim_in_pixel();
    let top = theme.px(17.0) * series.len() as i32 + theme.px(8.0);
    let frame = Frame {
        x: range(series.iter().flat_map(|own| finite(own.x)), 0.0),
        y: range(series.iter().flat_map(|own| finite(own.y)), 0.04),
        pixels: (theme.px(64.0), top, width as i32 - theme.px(16.0), height as i32 - theme.px(48.0)),
    };
    frame.axes(area, theme, x_title, y_title)?;
    for (place, own) in series.iter().enumerate() {
        let colour = theme.series[place % theme.series.len()];
        let (strength, thick) = if own.pale { (0.35, 1.0) } else { (1.0, 2.0) };
        let style = colour.mix(strength).stroke_width(theme.px(thick).max(1) as u32);
        let every = own.x.len().div_ceil(MOST_POINTS).max(1);
        let points = own.x.iter().zip(own.y).step_by(every);
        let line: Vec<(i32, i32)> = points.filter(|(_, y)| y.is_finite()).map(|(x, y)| frame.pixel(*x, *y)).collect();
        drawn(area.draw(&PathElement::new(line, style)))?;
    }
    let entries: Vec<_> = series
        .iter()
        .enumerate()
        .map(|(place, own)| (Marker::Disc, theme.series[place % theme.series.len()], own.name.to_owned()))
        .collect();
    legend(area, theme, &entries, (theme.px(76.0), theme.px(12.0)))
}

#[cfg(test)]
mod tests {
    // A test fails by panicking; that is what `unwrap` is for here.
    #![allow(clippy::unwrap_used)]
    use super::{Series, draw};
    use crate::svg::render;
    use crate::theme::Theme;

    #[test]
    fn curves_have_axes_a_legend_and_gaps() {
        let x: Vec<f64> = (0..5000).map(f64::from).collect();
        let y: Vec<f64> = x.iter().map(|x| if *x == 7.0 { f64::NAN } else { 1.0 / (1.0 + x) }).collect();
        let series = [Series { name: "bits per gene", x: &x, y: &y, pale: false }];
        let drawn = |series: &[Series<'_>]| {
            render((500, 300), "Loss", "", |area| draw(area, &Theme::light(1.0), ("step", "bits per gene"), series))
        };
        let svg = drawn(&series).unwrap();
        assert!(svg.contains("bits per gene") && svg.contains("step") && !svg.contains("NaN"));
        assert!(svg.len() < 80_000, "5,000 points are thinned: {} bytes", svg.len());
        assert!(drawn(&[]).unwrap().contains("nothing to draw yet"));
        assert!(drawn(&[Series { name: "odd", x: &x, y: &y[..3], pale: true }]).is_err());
    }
}
