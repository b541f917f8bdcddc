//! Bars: how probability is shared among a few outcomes.
//!
//! Does: one bar per outcome from 0 up, numbers on the axis, one outcome marked by colour, a triangle and a word.
//! Does not know: what the outcomes are.
//! Flow: shares → **bars** → lesson.

use plotters::prelude::{Color, DrawingBackend, PathElement};

use crate::frame::{Anchor, Area, Frame, Marker, PlotError, drawn, ground, marker, nothing, rectangle, text};
use crate::theme::Theme;
use crate::ticks::labelled;
use crate::words::width_of;

/// One outcome.
#[derive(Clone, Debug, PartialEq)]
pub struct Bar {
    /// Name below it.
    pub name: String,
    /// Height; what is not finite or below 0 is drawn as 0.
    pub value: f64,
}

/// Draws the bars. The axis ends at `most` or at the highest bar; the outcome at place `marked` is called `mark`.
///
/// # Errors
/// When the surface fails.
pub fn draw<DB: DrawingBackend>(
    area: &Area<DB>,
    theme: &Theme,
    (x_title, y_title): (&str, &str),
    most: f64,
    (marked, mark): (Option<usize>, &str),
    bars: &[Bar],
) -> Result<(), PlotError> {
    ground(area, theme)?;
    if bars.is_empty() {
        return nothing(area, theme, "nothing to draw yet");
    }
    let value = |bar: &Bar| if bar.value.is_finite() { bar.value.max(0.0) } else { 0.0 };
    let top = bars.iter().map(value).fold(most.max(1e-9), f64::max);
    let (width, height) = area.dim_in_pixel();
    let frame = Frame {
        x: (0.0, bars.len() as f64),
        y: (0.0, top),
        pixels: (theme.px(64.0), theme.px(30.0), width as i32 - theme.px(14.0), height as i32 - theme.px(48.0)),
    };
    let names = spaced(theme, &frame, bars);
    frame.axes_at(area, theme, (x_title, y_title), &names, &labelled(frame.y, 4))?;
    for (place, bar) in bars.iter().enumerate() {
        let is_marked = marked == Some(place);
        let (left, y) = frame.pixel(place as f64 + 0.14, value(bar));
        let (right, bottom) = frame.pixel(place as f64 + 0.86, 0.0);
        let colour = theme.series[usize::from(is_marked)];
        // A bar of almost nothing is a line, so that it is seen that there is one.
        if y < bottom {
            rectangle(area, [(left, y), (right, bottom)], colour.to_rgba(), true)?;
        } else if bar.value > 0.0 {
            let line = colour.stroke_width(theme.px(1.0).max(1) as u32);
            drawn(area.draw(&PathElement::new(vec![(left, bottom), (right, bottom)], line)))?;
        }
        if is_marked {
            let x = (left + right) / 2;
            marker(area, Marker::Triangle, (x, y - theme.px(8.0)), theme.px(4.0), colour.to_rgba())?;
            // Words at the edge must not leave the picture.
            let half = width_of(theme, mark, 11.0) / 2;
            let x = x.clamp(frame.pixels.0 + half.min(width as i32 / 4), (width as i32 - half).max(half));
            text(area, theme, mark, (x, y - theme.px(14.0)), 11.0, Anchor::Above, theme.ink)?;
        }
    }
    Ok(())
}

/// Names of as many bars as there is room for, evenly, with the place of each.
fn spaced(theme: &Theme, frame: &Frame, bars: &[Bar]) -> Vec<(f64, String)> {
    let widest = bars.iter().map(|bar| width_of(theme, &bar.name, 11.0)).max().unwrap_or(1) + theme.px(6.0);
    let room = ((frame.pixels.2 - frame.pixels.0) / bars.len() as i32).max(1);
    let every = (widest.max(1) as usize).div_ceil(room as usize).max(1);
    let named = bars.iter().enumerate().step_by(every);
    named.map(|(place, bar)| (place as f64 + 0.5, bar.name.clone())).collect()
}

#[cfg(test)]
mod tests {
    // A test fails by panicking; that is what `unwrap` is for here.
    #![allow(clippy::unwrap_used)]
    use super::{Bar, draw};
    use crate::checks::{elements, filled, is_tidy, pictures, says};
    use crate::svg::render;
    use crate::theme::Theme;

    const TITLES: (&str, &str) = ("count", "probability");

    #[test]
    fn every_outcome_has_a_bar_and_one_is_marked() {
        for (theme, width) in pictures() {
            for bars in [2, 5, 15] {
                let shares: Vec<Bar> = (0..bars)
                    .map(|bar| Bar {
                        name: format!("{}–{}", 100 * bar, 100 * bar + 99),
                        value: 1.0 / f64::from(bar + 2),
                    })
                    .collect();
                let size = (width, theme.px(220.0) as u32);
                for marked in [0, bars as usize - 1] {
                    let svg = render(size, "", "", |area| {
                        draw(area, &theme, TITLES, 1.0, (Some(marked), "drawn: 7"), &shares)
                    })
                    .unwrap();
                    is_tidy(&svg, size);
                    assert!(says(&svg, "drawn: 7") && says(&svg, "probability") && says(&svg, "0–99"));
                    assert_eq!(filled(&svg, "rect", theme.series[0]), bars as usize - 1);
                    assert_eq!(filled(&svg, "rect", theme.series[1]), 1);
                }
            }
        }
    }

    #[test]
    fn heights_are_shares_of_the_axis() {
        let theme = Theme::light(1.0);
        let bars = [0.5, 0.25, 0.0, f64::NAN].map(|value| Bar { name: "x".into(), value });
        let svg = render((400, 278), "", "", |area| draw(area, &theme, TITLES, 1.0, (None, ""), &bars)).unwrap();
        let heights: Vec<f64> =
            elements(&svg).iter().filter(|own| own.tag == "rect").map(|own| own.number("height")).collect();
        // 200 pixels are 1.
        assert_eq!(heights.len(), 2);
        assert!((heights[0] - 100.0).abs() <= 1.0 && (heights[1] - 50.0).abs() <= 1.0, "{heights:?}");
        let empty = render((300, 200), "", "", |area| draw(area, &theme, TITLES, 1.0, (None, ""), &[])).unwrap();
        assert!(says(&empty, "nothing to draw yet"));
    }
}
