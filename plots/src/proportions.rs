//! Proportions: of which types the cells of each side are.
//!
//! Does: one stacked horizontal bar per side (measured, generated, …), types in the same order and colour, bounds of
//! neighbouring bars joined; names and numbers in the segments and a legend with percentages, because many colours
//! are hard to tell apart.
//! Does not know: how types were found.
//! Flow: amounts per type → **proportions** → report.

use plotters::prelude::{Color, DrawingBackend, PathElement};

use crate::frame::{Anchor, Area, Frame, PlotError, drawn, ground, lines, nothing, rectangle, text};
use crate::theme::Theme;
use crate::words::{Names, percent, shortened, width_of};

/// Usual height of a bar with its gap, of a line of the legend, of the axis; the space around everything.
const BAR: f64 = 44.0;
const LINE: f64 = 18.0;
const AXIS: f64 = 46.0;
const MARGIN: f64 = 10.0;
/// Width of a type's swatch and of one percentage in the legend.
const SWATCH: f64 = 28.0;
const NUMBER: f64 = 48.0;

/// One side.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Bar<'a> {
    /// Name at the left.
    pub name: &'a str,
    /// Cells, or shares of cells, of every type [types]; what is negative or not a number counts as none.
    pub amounts: &'a [f64],
}

impl Bar<'_> {
    /// Shares of all types; none where there are no cells.
    fn shares(&self) -> Option<Vec<f64>> {
        let amounts = self.amounts.iter().map(|own| if own.is_finite() { own.max(0.0) } else { 0.0 });
        let total: f64 = amounts.clone().sum();
        (total > 0.0 && total.is_finite()).then(|| amounts.map(|own| own / total).collect())
    }
}

/// Where things stand.
struct Layout {
    names: Names,
    side: i32,
    columns: usize,
    column: i32,
    margin: i32,
}

impl Layout {
    fn new(theme: &Theme, width: i32, types: &[&str], bars: &[Bar<'_>]) -> Self {
        let margin = theme.px(MARGIN);
        let names = Names::new(theme, bars.iter().map(|bar| bar.name), width * 30 / 100);
        let side = names.width + theme.px(10.0);
        let longest = types.iter().map(|name| width_of(theme, name, 12.0)).max().unwrap_or(0);
        let numbers = theme.px(NUMBER) * bars.len() as i32;
        let wanted = theme.px(SWATCH) + longest + numbers + theme.px(20.0);
        let room = (width - 2 * margin).max(1);
        let columns = (room / wanted.max(1)).clamp(1, types.len().max(1) as i32);
        let column = wanted.min(room / columns);
        Self { names, side, columns: columns as usize, column, margin }
    }

    fn legend(&self, theme: &Theme, types: usize) -> i32 {
        theme.px(LINE) * (types.div_ceil(self.columns) as i32 + 1)
    }
}

/// Height in device pixels at which bars have their usual height, for a figure of `width` device pixels.
pub fn height(theme: &Theme, width: u32, types: &[&str], bars: &[Bar<'_>]) -> u32 {
    let layout = Layout::new(theme, width as i32, types, bars);
    let bars = theme.px(BAR) * bars.len() as i32;
    (bars + theme.px(AXIS) + layout.legend(theme, types.len()) + 2 * layout.margin) as u32
}

/// Draws the bars and under them the legend; [`height`] says how high the figure wants to be. Up to six types have
/// the theme's series colours, more have mixtures of them.
///
/// # Errors
/// When a bar has another number of amounts than there are types, or the surface fails.
pub fn draw<DB: DrawingBackend>(
    area: &Area<DB>,
    theme: &Theme,
    types: &[&str],
    bars: &[Bar<'_>],
) -> Result<(), PlotError> {
    ground(area, theme)?;
    if let Some(odd) = bars.iter().find(|bar| bar.amounts.len() != types.len()) {
        return Err(PlotError::Length { what: "a bar of types", found: odd.amounts.len(), expected: types.len() });
    }
    let shares: Vec<Option<Vec<f64>>> = bars.iter().map(Bar::shares).collect();
    if shares.iter().all(Option::is_none) {
        return nothing(area, theme, "no cells to compare");
    }
    let (width, height) = area.dim_in_pixel();
    let layout = Layout::new(theme, width as i32, types, bars);
    let (left, top) = (layout.margin + layout.side, layout.margin);
    // The last label, 100%, is centred on the right end.
    let right = width as i32 - layout.margin - theme.px(12.0);
    let bottom = height as i32 - layout.margin - layout.legend(theme, types.len()) - theme.px(AXIS);
    let frame = Frame { x: (0.0, 1.0), y: (bars.len() as f64, 0.0), pixels: (left, top, right, bottom) };
    for (row, own) in shares.iter().enumerate() {
        let (_, y) = frame.pixel(0.0, row as f64 + 0.5);
        lines(area, theme, &layout.names.lines[row], (layout.margin, y))?;
        match own {
            Some(own) => draw_bar(area, theme, &frame, types, (row, own))?,
            None => text(area, theme, "no cells", (left, y), 12.0, Anchor::Left, theme.faint)?,
        }
        if let (Some(own), Some(Some(next))) = (own, shares.get(row + 1)) {
            join(area, theme, &frame, row, (own, next))?;
        }
    }
    draw_axis(area, theme, &frame)?;
    draw_legend(area, theme, &layout, types, &shares, bottom + theme.px(AXIS))
}

/// Shares summed up to each type, from 0.
fn bounds(shares: &[f64]) -> Vec<f64> {
    let sums = shares.iter().scan(0.0, |sum, own| {
        *sum += own;
        Some(*sum)
    });
    std::iter::once(0.0).chain(sums).collect()
}

/// Upper and lower edge of a bar.
fn edges(frame: &Frame, row: usize) -> (i32, i32) {
    (frame.pixel(0.0, row as f64 + 0.16).1, frame.pixel(0.0, row as f64 + 0.84).1)
}

/// Segments with a gap between them; the type's name where it fits, else its number, else nothing.
fn draw_bar<DB: DrawingBackend>(
    area: &Area<DB>,
    theme: &Theme,
    frame: &Frame,
    types: &[&str],
    (row, shares): (usize, &[f64]),
) -> Result<(), PlotError> {
    let (upper, lower) = edges(frame, row);
    for (place, (ends, name)) in bounds(shares).windows(2).zip(types).enumerate() {
        let (from, to) = (frame.pixel(ends[0], 0.0).0, frame.pixel(ends[1], 0.0).0);
        if to <= from {
            continue;
        }
        let gap = if to - from > theme.px(3.0) { theme.px(1.0).max(1) } else { 0 };
        let colour = theme.kind(place);
        rectangle(area, [(from, upper), (to - gap, lower)], colour.to_rgba(), true)?;
        let room = to - from - theme.px(6.0);
        let words = [(*name).to_owned(), (place + 1).to_string()];
        if let Some(words) = words.into_iter().find(|words| width_of(theme, words, 11.0) <= room) {
            let at = ((from + to) / 2, (upper + lower) / 2);
            text(area, theme, &words, at, 11.0, Anchor::Middle, theme.on(colour))?;
        }
    }
    Ok(())
}

/// Thin lines between the same bounds of a bar and the next.
fn join<DB: DrawingBackend>(
    area: &Area<DB>,
    theme: &Theme,
    frame: &Frame,
    row: usize,
    (own, next): (&[f64], &[f64]),
) -> Result<(), PlotError> {
    let (from, to) = (edges(frame, row).1, edges(frame, row + 1).0);
    for (a, b) in bounds(own).into_iter().zip(bounds(next)) {
        let line = vec![(frame.pixel(a, 0.0).0, from), (frame.pixel(b, 0.0).0, to)];
        drawn(area.draw(&PathElement::new(line, theme.quiet.stroke_width(1))))?;
    }
    Ok(())
}

/// Quarters of all cells under the bars.
fn draw_axis<DB: DrawingBackend>(area: &Area<DB>, theme: &Theme, frame: &Frame) -> Result<(), PlotError> {
    let (left, _, right, bottom) = frame.pixels;
    let line = theme.ink.stroke_width(theme.px(1.0).max(1) as u32);
    drawn(area.draw(&PathElement::new(vec![(left, bottom), (right, bottom)], line)))?;
    for quarter in [0.0, 0.25, 0.5, 0.75, 1.0] {
        let (x, _) = frame.pixel(quarter, 0.0);
        drawn(area.draw(&PathElement::new(vec![(x, bottom), (x, bottom + theme.px(4.0))], line)))?;
        let words = format!("{:.0}%", 100.0 * quarter);
        text(area, theme, &words, (x, bottom + theme.px(8.0)), 11.0, Anchor::Below, theme.faint)?;
    }
    let middle = ((left + right) / 2, bottom + theme.px(24.0));
    text(area, theme, "share of cells", middle, 12.0, Anchor::Below, theme.ink)
}

/// One line per type: swatch with its number, name, percentage in every bar.
fn draw_legend<DB: DrawingBackend>(
    area: &Area<DB>,
    theme: &Theme,
    layout: &Layout,
    types: &[&str],
    shares: &[Option<Vec<f64>>],
    top: i32,
) -> Result<(), PlotError> {
    let line = theme.px(LINE);
    let words = match shares.len() {
        1 => "percentage of each type",
        _ => "percentages of each type in the order of the bars",
    };
    text(area, theme, words, (layout.margin, top + line / 2), 11.0, Anchor::Left, theme.faint)?;
    let rows = types.len().div_ceil(layout.columns);
    let number = theme.px(NUMBER);
    for (place, name) in types.iter().enumerate() {
        let x = layout.margin + (place / rows) as i32 * layout.column;
        let y = top + line * (place % rows) as i32 + line * 3 / 2;
        let colour = theme.kind(place);
        let half = theme.px(7.0);
        rectangle(area, [(x, y - half), (x + theme.px(20.0), y + half)], colour.to_rgba(), true)?;
        let own = (place + 1).to_string();
        text(area, theme, &own, (x + theme.px(10.0), y), 11.0, Anchor::Middle, theme.on(colour))?;
        let end = x + layout.column - theme.px(20.0);
        let room = end - x - theme.px(SWATCH) - number * shares.len() as i32;
        let name = shortened(theme, name, 12.0, room);
        text(area, theme, &name, (x + theme.px(SWATCH), y), 12.0, Anchor::Left, theme.ink)?;
        for (bar, own) in shares.iter().enumerate() {
            let words = own.as_ref().map_or_else(|| "–".to_owned(), |own| percent(own[place]));
            let at = (end - number * (shares.len() - 1 - bar) as i32, y);
            text(area, theme, &words, at, 11.0, Anchor::Right, theme.faint)?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    // A test fails by panicking; that is what `unwrap` is for here.
    #![allow(clippy::unwrap_used)]
    use super::{Bar, draw, height};
    use crate::checks::{elements, filled, is_tidy, pictures, says};
    use crate::frame::PlotError;
    use crate::svg::render;
    use crate::theme::Theme;

    const TYPES: [&str; 14] = [
        "CD4 T cells",
        "CD14+ monocytes",
        "B cells",
        "CD8 T cells",
        "NK cells",
        "FCGR3A+ monocytes",
        "dendritic cells",
        "megakaryocytes",
        "plasma cells",
        "plasmacytoid dendritic cells",
        "ILC",
        "MAIT",
        "Treg",
        "HSPC",
    ];

    #[test]
    fn many_types_are_named_and_counted() {
        let measured: Vec<f64> = (0..14).map(|place| 900.0 / f64::from(place + 1)).collect();
        let generated: Vec<f64> = (0..14).map(|place| 0.2 / f64::from(14 - place).max(2.0)).collect();
        let bars = [
            Bar { name: "measured", amounts: &measured },
            Bar { name: "generated", amounts: &generated },
            Bar { name: "other half of the measured cells", amounts: &[f64::NAN; 14] },
        ];
        for (theme, width) in pictures() {
            let size = (width, height(&theme, width, &TYPES, &bars));
            let svg = render(size, "", "", |area| draw(area, &theme, &TYPES, &bars)).unwrap();
            is_tidy(&svg, size);
            for words in ["measured", "generated", "no cells", "share of cells", "Treg", "14", "–"] {
                assert!(says(&svg, words), "{words} is missing at {width}");
            }
            // 1 over the fourteenth harmonic number is 30.8%.
            assert!(says(&svg, "30.8%"));
            // Every type has a segment in both bars and a swatch.
            for place in 0..14 {
                assert_eq!(filled(&svg, "rect", theme.kind(place)), 3, "type {place} at {width}");
            }
        }
    }

    #[test]
    fn segments_are_as_wide_as_shares() {
        let theme = Theme::dark(1.0);
        let bars = [Bar { name: "a", amounts: &[3.0, -1.0, 1.0] }];
        let svg = render((600, 160), "", "", |area| draw(area, &theme, &["one", "two", "three"], &bars)).unwrap();
        let elements = elements(&svg);
        let bar: Vec<_> =
            elements.iter().filter(|own| own.tag == "rect").take(2).map(|own| own.number("width")).collect();
        // A pixel of gap and half a pixel of rounding at each end.
        assert!((bar[0] + 1.0 - 3.0 * (bar[1] + 1.0)).abs() <= 3.0, "{bar:?}");
        assert!(says(&svg, "75.0%") && says(&svg, "0%") && says(&svg, "percentage of each type"));
        // "two" has no segment; it stands in the legend only.
        assert_eq!(elements.iter().filter(|own| own.words == "two").count(), 1);
        assert_eq!(elements.iter().filter(|own| own.words == "one").count(), 2);
    }

    #[test]
    fn what_cannot_be_drawn_is_said() {
        let theme = Theme::light(1.0);
        let draws =
            |types: &[&str], bars: &[Bar<'_>]| render((300, 200), "", "", |area| draw(area, &theme, types, bars));
        assert!(says(&draws(&["a"], &[]).unwrap(), "no cells to compare"));
        assert!(says(&draws(&["a"], &[Bar { name: "m", amounts: &[0.0] }]).unwrap(), "no cells to compare"));
        let odd = draws(&["a"], &[Bar { name: "m", amounts: &[1.0, 2.0] }]);
        assert!(matches!(odd, Err(PlotError::Length { found: 2, expected: 1, .. })));
        let bar = Bar { name: "measured", amounts: &[1.0] };
        assert!(render((5, 5), "", "", |area| draw(area, &theme, &["a"], &[bar])).is_ok());
    }
}
