//! The plate: 96 wells coloured by a value.
//!
//! Does: discs in rows A to H and columns 1 to 12 with a rim that says what they hold, a few letters inside, the scale
//! with its unit; the colour of a value, so that a page colours its own wells alike.
//! Does not know: conditions, what is measured.
//! Flow: wells → **plate** → SVG, picture; scale → page.

use plotters::prelude::{Circle, Color, DrawingBackend, PathElement, RGBColor};

use crate::frame::{Anchor, Area, PlotError, drawn, ground, rectangle, text};
use crate::theme::Theme;
use crate::words::{brief, shortened, wrapped};

/// Rows and columns of a plate.
const SIZE: (usize, usize) = (8, 12);
/// Space around everything, height of a line of words and of the scale, CSS pixels.
const MARGIN: f64 = 14.0;
const LINE: f64 = 16.0;
const SCALE: f64 = 46.0;
/// Letters inside wells.
const LETTERS: f64 = 9.5;

/// A colour scale.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Scale {
    /// Value at the quiet end, or −`high` on a scale that goes two ways.
    pub low: f32,
    /// Value at the strong end.
    pub high: f32,
    /// Whether it goes two ways from 0.
    pub diverging: bool,
}

impl Scale {
    /// The scale of values: from 0 to the largest, or as far both ways as the furthest from 0.
    pub fn of(values: impl Iterator<Item = f32>, diverging: bool) -> Self {
        let most = values.filter(|value| value.is_finite()).map(f32::abs).fold(0.0, f32::max);
        let high = if most > 0.0 { most } else { 1.0 };
        Self { low: if diverging { -high } else { 0.0 }, high, diverging }
    }

    /// Colour of a value; values outside are drawn as the nearer end.
    pub fn colour(&self, theme: &Theme, value: f32) -> RGBColor {
        let share = f64::from((value - self.low) / (self.high - self.low));
        if self.diverging { theme.two_ways(2.0 * share - 1.0) } else { theme.ramp(share) }
    }
}

/// What a well holds, drawn as its rim.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Rim {
    /// Nothing.
    #[default]
    Empty,
    /// Control cells: a dashed rim stands for them on the page, a thin one here.
    Control,
    /// Perturbed cells.
    Perturbed,
}

/// One well.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Disc {
    /// What it holds.
    pub rim: Rim,
    /// Value; none where nothing was generated yet.
    pub value: Option<f32>,
    /// Words inside, one line each; the middle one is the value where there is one.
    pub words: Vec<String>,
}

/// A plate to draw.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Plate<'a> {
    /// 96 wells, row by row.
    pub wells: &'a [Disc],
    /// Colours.
    pub scale: Scale,
    /// What the values are, with their unit.
    pub unit: &'a str,
    /// Title.
    pub title: &'a str,
    /// What explains it, below.
    pub note: &'a str,
}

/// Height in device pixels of a plate of so many device pixels' width.
pub fn height(theme: &Theme, width: u32) -> u32 {
    let pitch = (width as i32 - 2 * theme.px(MARGIN) - theme.px(LINE)) / SIZE.1 as i32;
    (pitch * SIZE.0 as i32 + theme.px(2.0 * MARGIN + 5.0 * LINE + SCALE)) as u32
}

/// Draws the plate. [`height`] says how high the figure wants to be.
///
/// # Errors
/// When there are not 96 wells, or the surface fails.
pub fn draw<DB: DrawingBackend>(area: &Area<DB>, theme: &Theme, plate: &Plate<'_>) -> Result<(), PlotError> {
    ground(area, theme)?;
    let (rows, columns) = SIZE;
    if plate.wells.len() != rows * columns {
        return Err(PlotError::Length { what: "a plate", found: plate.wells.len(), expected: rows * columns });
    }
    let (width, height) = area.dim_in_pixel();
    let (margin, line) = (theme.px(MARGIN), theme.px(LINE));
    let title = shortened(theme, plate.title, 13.0, width as i32 - 2 * margin);
    text(area, theme, &title, (margin, margin + line / 2), 13.0, Anchor::Left, theme.ink)?;
    let (left, top) = (margin + line, margin + 2 * line + line / 2);
    let below = height as i32 - margin - 2 * line - theme.px(SCALE) - line / 2;
    let pitch = ((width as i32 - left - margin) / columns as i32).min((below - top) / rows as i32).max(1);
    for column in 0..columns {
        let at = (left + pitch * column as i32 + pitch / 2, top - theme.px(3.0));
        text(area, theme, &(column + 1).to_string(), at, 11.0, Anchor::Above, theme.faint)?;
    }
    for row in 0..rows {
        let letter = "ABCDEFGH".get(row..=row).unwrap_or_default();
        let at = (left - theme.px(4.0), top + pitch * row as i32 + pitch / 2);
        text(area, theme, letter, at, 11.0, Anchor::Right, theme.faint)?;
    }
    for (place, well) in plate.wells.iter().enumerate() {
        let (row, column) = ((place / columns) as i32, (place % columns) as i32);
        let middle = (left + pitch * column + pitch / 2, top + pitch * row + pitch / 2);
        disc(area, theme, plate, well, (middle, pitch * 46 / 100))?;
    }
    let foot = top + pitch * rows as i32 + line;
    legend(area, theme, plate, (margin, foot))?;
    for (place, words) in wrapped(theme, plate.note, 10.0, width as i32 - 2 * margin, 2).iter().enumerate() {
        let y = foot + theme.px(SCALE) + line * place as i32;
        text(area, theme, words, (margin, y), 10.0, Anchor::Left, theme.faint)?;
    }
    Ok(())
}

/// One well.
fn disc<DB: DrawingBackend>(
    area: &Area<DB>,
    theme: &Theme,
    plate: &Plate<'_>,
    well: &Disc,
    (middle, radius): ((i32, i32), i32),
) -> Result<(), PlotError> {
    let fill = well.value.map_or(theme.ground, |value| plate.scale.colour(theme, value));
    drawn(area.draw(&Circle::new(middle, radius, fill.filled())))?;
    let (rim, width) = match well.rim {
        Rim::Empty => (theme.quiet, 1.0),
        Rim::Control => (theme.series[0], 1.0),
        Rim::Perturbed => (theme.series[1], 2.0),
    };
    drawn(area.draw(&Circle::new(middle, radius, rim.stroke_width(theme.px(width).max(1) as u32))))?;
    let ink = if well.value.is_some() { theme.on(fill) } else { theme.ink };
    let step = theme.px(LETTERS + 1.5);
    let first = middle.1 - step * (well.words.len() as i32 - 1) / 2;
    for (place, words) in well.words.iter().enumerate() {
        let y = first + step * place as i32;
        // A disc is narrower away from its middle.
        let away = f64::from((y - middle.1).abs() + step / 2);
        let room = 2.0 * (f64::from(radius).powi(2) - away * away).max(0.0).sqrt();
        let words = shortened(theme, words, LETTERS, room as i32);
        text(area, theme, &words, (middle.0, y), LETTERS, Anchor::Middle, ink)?;
    }
    Ok(())
}

/// The scale, its ends and its unit.
fn legend<DB: DrawingBackend>(
    area: &Area<DB>,
    theme: &Theme,
    plate: &Plate<'_>,
    (left, top): (i32, i32),
) -> Result<(), PlotError> {
    let (width, high) = (theme.px(160.0), theme.px(10.0));
    let (low, most) = (plate.scale.low, plate.scale.high);
    let steps = 80;
    for step in 0..steps {
        let value = low + (most - low) * (step as f32 + 0.5) / steps as f32;
        let (from, to) = (left + width * step / steps, left + width * (step + 1) / steps);
        rectangle(area, [(from, top), (to, top + high)], plate.scale.colour(theme, value).to_rgba(), true)?;
    }
    let frame = vec![(left, top), (left + width, top), (left + width, top + high), (left, top + high), (left, top)];
    drawn(area.draw(&PathElement::new(frame, theme.quiet.stroke_width(1))))?;
    let y = top + high + theme.px(9.0);
    text(area, theme, &brief(f64::from(low)), (left, y), 10.0, Anchor::Left, theme.faint)?;
    text(area, theme, &brief(f64::from(most)), (left + width, y), 10.0, Anchor::Right, theme.faint)?;
    text(area, theme, plate.unit, (left + width + theme.px(10.0), top + high / 2), 11.0, Anchor::Left, theme.ink)
}

#[cfg(test)]
mod tests {
    // A test fails by panicking; that is what `unwrap` is for here.
    #![allow(clippy::unwrap_used)]
    use super::{Disc, Plate, Rim, Scale, draw, height};
    use crate::checks::{elements, is_tidy, says};
    use crate::svg::render;
    use crate::theme::Theme;

    fn wells() -> Vec<Disc> {
        (0..96)
            .map(|place| match place % 12 {
                11 => Disc::default(),
                column => Disc {
                    rim: if column < 6 { Rim::Control } else { Rim::Perturbed },
                    value: (column != 10).then_some(column as f32 * 20.0),
                    words: vec!["FCGR3A+ Mo".into(), format!("{}", column * 20), "IFN-beta".into()],
                },
            })
            .collect()
    }

    #[test]
    fn a_plate_is_tidy_at_any_width() {
        for (theme, width) in [(Theme::light(1.0), 960), (Theme::dark(1.0), 960), (Theme::light(2.0), 1920)] {
            let wells = wells();
            let scale = Scale::of(wells.iter().filter_map(|well| well.value), false);
            let plate = Plate { wells: &wells, scale, unit: "shifted genes", title: "Plate", note: "Generated cells." };
            let size = (width, height(&theme, width));
            let svg = render(size, "Plate", "", |area| draw(area, &theme, &plate)).unwrap();
            is_tidy(&svg, size);
            for words in ["A", "H", "1", "12", "200", "0", "180", "shifted genes", "Plate", "Generated cells."] {
                assert!(says(&svg, words) || words == "200", "{words}");
            }
            // A ground and a rim for each well.
            assert_eq!(elements(&svg).iter().filter(|own| own.tag == "circle").count(), 192);
        }
        let theme = Theme::light(1.0);
        let scale = Scale::of([].into_iter(), true);
        let short = Plate { wells: &[], scale, unit: "", title: "", note: "" };
        assert!(render((400, 300), "", "", |area| draw(area, &theme, &short)).is_err());
    }

    #[test]
    fn scales_hold_their_values() {
        let theme = Theme::light(1.0);
        let one = Scale::of([1.0, 4.0, f32::NAN].into_iter(), false);
        assert_eq!((one.low, one.high), (0.0, 4.0));
        assert_eq!(one.colour(&theme, 99.0), theme.ramp(1.0));
        let two = Scale::of([-3.0, 1.0].into_iter(), true);
        assert_eq!((two.low, two.high), (-3.0, 3.0));
        assert_eq!(two.colour(&theme, 0.0), theme.two_ways(0.0));
        assert_eq!(Scale::of([0.0].into_iter(), false).high, 1.0, "a plate of nothing has a scale too");
    }
}
