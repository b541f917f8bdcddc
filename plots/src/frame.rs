//! Axes, ticks and the way between data and pixels, shared by all figures.
//!
//! Does: places a rectangle of data on a rectangle of pixels, draws axes, markers, text and legends;
//! keeps the geometry so that a page can find what is under the pointer.
//! Does not know: what the points mean.
//! Flow: ranges → **frame** → every figure.

use plotters::coord::Shift;
use plotters::prelude::{
    Circle, Color, DrawingArea, DrawingBackend, IntoFont, PathElement, Polygon, RGBAColor, RGBColor, Rectangle, Text,
};
use plotters::style::text_anchor::{HPos, Pos, VPos};
use plotters::style::{FontTransform, TextStyle};
use thiserror::Error;

use crate::theme::Theme;
use crate::ticks::labelled;
use crate::words::{shortened, width_of};

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
    /// Centred on the point.
    Middle,
    /// Centred, turned to read upwards.
    Upwards,
    /// Turned to read upwards, ends at the point.
    UpTo,
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
        Anchor::Middle | Anchor::Upwards => (HPos::Center, VPos::Center),
        Anchor::UpTo => (HPos::Right, VPos::Center),
    };
    let mut font = ("sans-serif", size * theme.scale).into_font();
    if matches!(anchor, Anchor::Upwards | Anchor::UpTo) {
        font = font.transform(FontTransform::Rotate270);
    }
    let style = TextStyle::from(font).color(&colour).pos(Pos::new(h, v));
    drawn(area.draw(&Text::new(words.to_owned(), at, style)))
}

/// Writes lines of 12 CSS pixels from x to the right, together centred on a height.
pub(crate) fn lines<DB: DrawingBackend>(
    area: &Area<DB>,
    theme: &Theme,
    words: &[String],
    (x, middle): (i32, i32),
) -> Result<(), PlotError> {
    let step = theme.px(12.0);
    let first = middle - step * (words.len() as i32 - 1) / 2;
    for (place, line) in words.iter().enumerate() {
        text(area, theme, line, (x, first + step * place as i32), 12.0, Anchor::Left, theme.ink)?;
    }
    Ok(())
}

/// A rectangle of data on a rectangle of pixels; y grows upwards, a range from high to low the other way.
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
        let along = |value: f64, (low, high): (f64, f64)| {
            let span = high - low;
            if span.abs() > 0.0 { (value - low) / span } else { 0.5 }
        };
        let px = f64::from(left) + along(x, self.x) * f64::from(right - left);
        let py = f64::from(bottom) - along(y, self.y) * f64::from(bottom - top);
        (px.clamp(-1e6, 1e6).round() as i32, py.clamp(-1e6, 1e6).round() as i32)
    }

    /// Axes at the left and bottom with round ticks and titles.
    pub(crate) fn axes<DB: DrawingBackend>(
        &self,
        area: &Area<DB>,
        theme: &Theme,
        x_title: &str,
        y_title: &str,
    ) -> Result<(), PlotError> {
        self.axes_at(area, theme, (x_title, y_title), &labelled(self.x, 6), &labelled(self.y, 5))
    }

    /// Axes at the left and bottom with given ticks (value, words) and titles.
    pub(crate) fn axes_at<DB: DrawingBackend>(
        &self,
        area: &Area<DB>,
        theme: &Theme,
        (x_title, y_title): (&str, &str),
        x_ticks: &[(f64, String)],
        y_ticks: &[(f64, String)],
    ) -> Result<(), PlotError> {
        let (left, top, right, bottom) = self.pixels;
        let line = theme.ink.stroke_width(theme.px(1.0).max(1) as u32);
        drawn(area.draw(&PathElement::new(vec![(left, top), (left, bottom), (right, bottom)], line)))?;
        let tick = theme.px(4.0);
        for (value, words) in x_ticks {
            let (x, _) = self.pixel(*value, self.y.0);
            drawn(area.draw(&PathElement::new(vec![(x, bottom), (x, bottom + tick)], line)))?;
            text(area, theme, words, (x, bottom + 2 * tick), 11.0, Anchor::Below, theme.faint)?;
        }
        for (value, words) in y_ticks {
            let (_, y) = self.pixel(self.x.0, *value);
            drawn(area.draw(&PathElement::new(vec![(left - tick, y), (left, y)], line)))?;
            text(area, theme, words, (left - 2 * tick, y), 11.0, Anchor::Right, theme.faint)?;
        }
        let middle = ((left + right) / 2, bottom + theme.px(24.0));
        text(area, theme, x_title, middle, 12.0, Anchor::Below, theme.ink)?;
        // The title stands clear of the widest number.
        let widest = y_ticks.iter().map(|(_, words)| width_of(theme, words, 11.0)).max().unwrap_or(0);
        let side = left - theme.px(40.0).max(2 * tick + widest + theme.px(10.0));
        text(area, theme, y_title, (side, (top + bottom) / 2), 12.0, Anchor::Upwards, theme.ink)
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
    /// A square.
    Square,
    /// A square on its corner.
    Diamond,
    /// An empty circle.
    Ring,
}

impl Marker {
    /// Shape of the series at a place: as many shapes as a theme has series colours.
    pub fn of(place: usize) -> Self {
        [Self::Disc, Self::Triangle, Self::Square, Self::Cross, Self::Diamond, Self::Ring][place % 6]
    }
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
            drawn(area.draw(&Polygon::new(corners, colour.filled())))
        }
        Marker::Square => rectangle(area, [(x - r, y - r), (x + r, y + r)], colour, true),
        Marker::Diamond => {
            let corners = vec![(x - r, y), (x, y + r), (x + r, y), (x, y - r)];
            drawn(area.draw(&Polygon::new(corners, colour.filled())))
        }
        Marker::Ring => {
            let stroke = colour.stroke_width((r / 3).max(1) as u32);
            drawn(area.draw(&Circle::new((x, y), r, stroke)))
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

/// Legend entries in lines from `x` to at most `right`; returns the middle of the line below them.
pub(crate) fn legend_lines<DB: DrawingBackend>(
    area: &Area<DB>,
    theme: &Theme,
    entries: &[(Marker, RGBColor, String)],
    (x, y): (i32, i32),
    right: i32,
) -> Result<i32, PlotError> {
    let (mut at, mut line) = (x, y);
    for entry in entries {
        let width = theme.px(10.0) + width_of(theme, &entry.2, 12.0);
        if at > x && at + width > right {
            (at, line) = (x, line + theme.px(17.0));
        }
        legend(area, theme, std::slice::from_ref(entry), (at, line))?;
        at += width + theme.px(18.0);
    }
    Ok(line + theme.px(17.0))
}

/// Left, top, right and bottom of what is already written.
pub(crate) type Taken = Vec<(i32, i32, i32, i32)>;

/// Takes a place (left, top, right, bottom) unless it overlaps one that is taken.
pub(crate) fn claim(taken: &mut Taken, own: (i32, i32, i32, i32)) -> bool {
    let free = taken.iter().all(|o| own.2 < o.0 || o.2 < own.0 || own.3 < o.1 || o.3 < own.1);
    if free {
        taken.push(own);
    }
    free
}

/// Fills the ground.
pub(crate) fn ground<DB: DrawingBackend>(area: &Area<DB>, theme: &Theme) -> Result<(), PlotError> {
    drawn(area.fill(&theme.ground))
}

/// Height of a title above a figure, CSS pixels.
const TITLE: f64 = 28.0;

/// Writes a title above a figure and returns the part below it, for files that stand alone.
///
/// # Errors
/// When the surface fails.
pub fn titled<DB: DrawingBackend>(area: &Area<DB>, theme: &Theme, title: &str) -> Result<Area<DB>, PlotError> {
    ground(area, theme)?;
    let (width, _) = area.dim_in_pixel();
    let words = shortened(theme, title, 14.0, width as i32 - theme.px(20.0));
    text(area, theme, &words, (theme.px(10.0), theme.px(TITLE / 2.0)), 14.0, Anchor::Left, theme.ink)?;
    Ok(area.split_vertically(theme.px(TITLE)).1)
}

/// Height of [`titled`]'s title in device pixels.
pub fn title_height(theme: &Theme) -> u32 {
    theme.px(TITLE) as u32
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

#[cfg(test)]
mod tests {
    use super::{Frame, claim};

    #[test]
    fn points_land_on_their_pixels() {
        let frame = Frame { x: (0.0, 10.0), y: (-1.0, 1.0), pixels: (100, 20, 300, 220) };
        assert_eq!(frame.pixel(0.0, -1.0), (100, 220));
        assert_eq!(frame.pixel(10.0, 1.0), (300, 20));
        assert_eq!(frame.pixel(5.0, 0.0), (200, 120));
        assert!(frame.pixel(f64::INFINITY, f64::NEG_INFINITY).0 > 300);
        // Rows are counted from the top.
        let rows = Frame { y: (4.0, 0.0), ..frame };
        assert_eq!((rows.pixel(0.0, 0.0).1, rows.pixel(0.0, 3.0).1), (20, 170));
    }

    #[test]
    fn a_taken_place_is_not_given_twice() {
        let mut taken = Vec::new();
        assert!(
            claim(&mut taken, (0, 0, 10, 10))
                && !claim(&mut taken, (5, 5, 20, 20))
                && claim(&mut taken, (11, 0, 20, 10))
        );
        assert_eq!(taken.len(), 2);
    }
}
