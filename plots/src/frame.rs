//! Axes, ticks and the way between data and pixels, shared by all figures.
//!
//! Does: places a rectangle of data on a rectangle of pixels, draws axes with round ticks, text and
//! legends; keeps the geometry so that a page can find what is under the pointer.
//! Does not know: what the points mean.
//! Flow: ranges → **frame** → map, volcano, violins.

use plotters::coord::Shift;
use plotters::prelude::{
    Circle, Color, DrawingArea, DrawingBackend, IntoFont, PathElement, RGBAColor, RGBColor, Rectangle, Text,
};
use plotters::style::text_anchor::{HPos, Pos, VPos};
use plotters::style::{FontTransform, TextStyle};
use thiserror::Error;

use crate::theme::Theme;

/// A figure that could not be drawn.
#[derive(Debug, Error)]
pub enum PlotError {
    /// The surface failed.
    #[error("the figure could not be drawn: {0}")]
    Surface(String),
    /// Slices that belong together differ in length.
    #[error("{what} has {found} values, but {expected} are needed")]
    Length {
        /// Which slice.
        what: &'static str,
        /// Its length.
        found: usize,
        /// Needed.
        expected: usize,
    },
}

/// Any plotters surface.
pub type Area<DB> = DrawingArea<DB, Shift>;

/// Turns a backend's error into a sentence.
pub(crate) fn drawn<T, E: std::fmt::Display>(result: Result<T, E>) -> Result<T, PlotError> {
    result.map_err(|error| PlotError::Surface(error.to_string()))
}

/// Where a text sits relative to its point.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Anchor {
    /// Starts at the point, centred on its height.
    Left,
    /// Ends at the point.
    Right,
    /// Centred above the point.
    Above,
    /// Centred below the point.
    Below,
    /// Centred, turned to read upwards.
    Upwards,
}

/// Writes a text of `size` CSS pixels.
pub(crate) fn text<DB: DrawingBackend>(
    area: &Area<DB>,
    theme: &Theme,
    words: &str,
    at: (i32, i32),
    size: f64,
    anchor: Anchor,
    colour: RGBColor,
) -> Result<(), PlotError> {
    let (h, v) = match anchor {
        Anchor::Left => (HPos::Left, VPos::Center),
        Anchor::Right => (HPos::Right, VPos::Center),
        Anchor::Above => (HPos::Center, VPos::Bottom),
        Anchor::Below => (HPos::Center, VPos::Top),
        Anchor::Upwards => (HPos::Center, VPos::Center),
    };
    let mut font = ("sans-serif", size * theme.scale).into_font();
    if anchor == Anchor::Upwards {
        font = font.transform(FontTransform::Rotate270);
    }
    let style = TextStyle::from(font).color(&colour).pos(Pos::new(h, v));
    drawn(area.draw(&Text::new(words.to_owned(), at, style)))
}

/// A rectangle of data on a rectangle of pixels; y grows upwards.
#[derive(Clone, Debug, PartialEq)]
pub struct Frame {
    /// Data range of x.
    pub x: (f64, f64),
    /// Data range of y.
    pub y: (f64, f64),
    /// Left, top, right, bottom in device pixels.
    pub pixels: (i32, i32, i32, i32),
}

impl Frame {
    /// Pixel of a point.
    pub fn pixel(&self, x: f64, y: f64) -> (i32, i32) {
        let (left, top, right, bottom) = self.pixels;
        let along = |value: f64, (low, high): (f64, f64)| if high > low { (value - low) / (high - low) } else { 0.5 };
        let px = f64::from(left) + along(x, self.x) * f64::from(right - left);
        let py = f64::from(bottom) - along(y, self.y) * f64::from(bottom - top);
        (px.clamp(-1e6, 1e6).round() as i32, py.clamp(-1e6, 1e6).round() as i32)
    }

    /// Axes at the left and bottom with ticks and titles.
    pub(crate) fn axes<DB: DrawingBackend>(
        &self,
        area: &Area<DB>,
        theme: &Theme,
        x_title: &str,
        y_title: &str,
    ) -> Result<(), PlotError> {
        let (left, top, right, bottom) = self.pixels;
        let line = theme.ink.stroke_width(theme.px(1.0).max(1) as u32);
        drawn(area.draw(&PathElement::new(vec![(left, top), (left, bottom), (right, bottom)], line)))?;
        let tick = theme.px(4.0);
        for value in ticks(self.x, 6) {
            let (x, _) = self.pixel(value, self.y.0);
            drawn(area.draw(&PathElement::new(vec![(x, bottom), (x, bottom + tick)], line)))?;
            text(area, theme, &label(value), (x, bottom + 2 * tick), 11.0, Anchor::Below, theme.faint)?;
        }
        for value in ticks(self.y, 5) {
            let (_, y) = self.pixel(self.x.0, value);
            drawn(area.draw(&PathElement::new(vec![(left - tick, y), (left, y)], line)))?;
            text(area, theme, &label(value), (left - 2 * tick, y), 11.0, Anchor::Right, theme.faint)?;
        }
        let middle = ((left + right) / 2, bottom + theme.px(24.0));
        text(area, theme, x_title, middle, 12.0, Anchor::Below, theme.ink)?;
        let side = (left - theme.px(40.0), (top + bottom) / 2);
        text(area, theme, y_title, side, 12.0, Anchor::Upwards, theme.ink)
    }
}

/// Marker shapes, so that series differ by more than colour.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Marker {
    /// A disc.
    Disc,
    /// A cross.
    Cross,
    /// A triangle.
    Triangle,
}

/// Draws one marker of `radius` device pixels.
pub(crate) fn marker<DB: DrawingBackend>(
    area: &Area<DB>,
    kind: Marker,
    (x, y): (i32, i32),
    radius: i32,
    colour: RGBAColor,
) -> Result<(), PlotError> {
    let r = radius.max(1);
    match kind {
        Marker::Disc => drawn(area.draw(&Circle::new((x, y), r, colour.filled()))),
        Marker::Cross => {
            let width = (r / 2).max(1) as u32;
            let stroke = colour.stroke_width(width);
            drawn(area.draw(&PathElement::new(vec![(x - r, y - r), (x + r, y + r)], stroke)))?;
            drawn(area.draw(&PathElement::new(vec![(x - r, y + r), (x + r, y - r)], stroke)))
        }
        Marker::Triangle => {
            let corners = vec![(x - r, y + r), (x + r, y + r), (x, y - r)];
            drawn(area.draw(&plotters::prelude::Polygon::new(corners, colour.filled())))
        }
    }
}

/// Legend entries down the right of a point: marker and words.
pub(crate) fn legend<DB: DrawingBackend>(
    area: &Area<DB>,
    theme: &Theme,
    entries: &[(Marker, RGBColor, String)],
    (x, y): (i32, i32),
) -> Result<(), PlotError> {
    for (row, (kind, colour, words)) in entries.iter().enumerate() {
        let y = y + theme.px(17.0) * row as i32;
        marker(area, *kind, (x, y), theme.px(4.0), colour.to_rgba())?;
        text(area, theme, words, (x + theme.px(10.0), y), 12.0, Anchor::Left, theme.ink)?;
    }
    Ok(())
}

/// Fills the ground.
pub(crate) fn ground<DB: DrawingBackend>(area: &Area<DB>, theme: &Theme) -> Result<(), PlotError> {
    drawn(area.fill(&theme.ground))
}

/// A filled or outlined rectangle.
pub(crate) fn rectangle<DB: DrawingBackend>(
    area: &Area<DB>,
    corners: [(i32, i32); 2],
    colour: RGBAColor,
    filled: bool,
) -> Result<(), PlotError> {
    let style = if filled { colour.filled() } else { colour.stroke_width(1) };
    drawn(area.draw(&Rectangle::new(corners, style)))
}

/// A sentence in the middle of an empty figure.
pub(crate) fn nothing<DB: DrawingBackend>(area: &Area<DB>, theme: &Theme, words: &str) -> Result<(), PlotError> {
    let (width, height) = area.dim_in_pixel();
    text(area, theme, words, (width as i32 / 2, height as i32 / 2), 13.0, Anchor::Above, theme.faint)
}

/// Smallest and largest finite value, widened by `margin` of the span; (0, 1) when there is none.
pub(crate) fn range(values: impl Iterator<Item = f64>, margin: f64) -> (f64, f64) {
    let (mut low, mut high) = (f64::INFINITY, f64::NEG_INFINITY);
    for value in values.filter(|value| value.is_finite()) {
        low = low.min(value);
        high = high.max(value);
    }
    if low > high {
        return (0.0, 1.0);
    }
    let widening = ((high - low) * margin).max(1e-3);
    (low - widening, high + widening)
}

/// Round tick values inside a range, about `wanted` of them.
pub(crate) fn ticks((low, high): (f64, f64), wanted: usize) -> Vec<f64> {
    let span = high - low;
    if !span.is_finite() || span <= 0.0 {
        return Vec::new();
    }
    let raw = span / wanted.max(1) as f64;
    let power = 10.0_f64.powf(raw.log10().floor());
    let step = [1.0, 2.0, 5.0, 10.0].into_iter().map(|s| s * power).find(|s| *s >= raw).unwrap_or(raw);
    let first = (low / step).ceil() as i64;
    let last = (high / step).floor() as i64;
    (first..=last).take(50).map(|at| at as f64 * step).collect()
}

/// A tick's number without needless digits: ticks are 1, 2 or 5 times a power of ten apart, so four
/// significant digits tell them apart.
fn label(value: f64) -> String {
    if value == 0.0 {
        return "0".to_owned();
    }
    let power = value.abs().log10().floor();
    if power < -3.0 {
        return format!("{value:.0e}").replace('-', "−");
    }
    let digits = (3.0 - power).clamp(0.0, 6.0) as usize;
    let text = format!("{value:.digits$}");
    let trimmed = if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.') } else { &text };
    trimmed.replace('-', "−")
}

#[cfg(test)]
mod tests {
    use super::{Frame, label, range, ticks};

    #[test]
    fn points_land_on_their_pixels() {
        let frame = Frame { x: (0.0, 10.0), y: (-1.0, 1.0), pixels: (100, 20, 300, 220) };
        assert_eq!(frame.pixel(0.0, -1.0), (100, 220));
        assert_eq!(frame.pixel(10.0, 1.0), (300, 20));
        assert_eq!(frame.pixel(5.0, 0.0), (200, 120));
        assert!(frame.pixel(f64::INFINITY, f64::NEG_INFINITY).0 > 300);
    }

    #[test]
    fn ticks_are_round_and_inside() {
        assert_eq!(ticks((-1.3, 4.2), 5), [0.0, 2.0, 4.0]);
        assert!(ticks((1.0, 1.0), 5).is_empty() && ticks((f64::NAN, 1.0), 5).is_empty());
        assert_eq!(range([f64::NAN, 2.0].into_iter(), 0.0).0, 2.0 - 1e-3);
        assert_eq!(range(std::iter::empty(), 0.1), (0.0, 1.0));
        assert_eq!(label(-2.5), "−2.5");
        assert_eq!(label(-10.0), "−10");
        assert_eq!([0.002, 0.15, 12.5, 1200.0, 0.0].map(label), ["0.002", "0.15", "12.5", "1200", "0"]);
        assert_eq!([0.0002, -0.00001].map(label), ["2e−4", "−1e−5"]);
    }
}
