//! Metrics beside baselines and ceiling: what a number means next to those it must beat and can reach.
//!
//! Does: one row per entry (model, baselines, ceiling), one small panel per metric with its own range, values as
//! markers, intervals as whiskers, the number at the right of its row, a line where a value is possible or chance.
//! Does not know: how a metric or its interval was made.
//! Flow: values of entries → **intervals** → report.

use plotters::prelude::{Color, DrawingBackend, PathElement, RGBColor};

use crate::frame::{Anchor, Area, Frame, Marker, PlotError, drawn, ground, legend_lines, lines, marker, nothing, text};
use crate::theme::Theme;
use crate::ticks::{labelled, range};
use crate::words::{Names, brief, significant, width_of, wrapped};

/// Least width of a panel and usual height of a row, CSS pixels.
const PANEL: f64 = 170.0;
const ROW: f64 = 20.0;
/// Heights of a line of a title and of the words under it.
const TITLE: f64 = 16.0;
const UNDER: f64 = 14.0;
/// Space around everything.
const MARGIN: f64 = 10.0;

/// What an entry is: each has its own marker and colour.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// What is judged.
    Model,
    /// What it has to beat.
    Baseline,
    /// What measured cells reach among themselves.
    Ceiling,
}

impl Role {
    const ALL: [Self; 3] = [Self::Model, Self::Baseline, Self::Ceiling];

    fn look(self, theme: &Theme) -> (Marker, RGBColor, &'static str) {
        match self {
            Self::Model => (Marker::Disc, theme.series[1], "model"),
            Self::Baseline => (Marker::Triangle, theme.series[0], "baseline"),
            Self::Ceiling => (Marker::Diamond, theme.series[2], "ceiling"),
        }
    }
}

/// One row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Entry<'a> {
    /// Name at the left.
    pub name: &'a str,
    /// What it is.
    pub role: Role,
}

/// Which way a metric improves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Better {
    /// Larger values are better.
    Higher,
    /// Smaller values are better.
    Lower,
}

/// A value with its interval (low, high), in the metric's unit.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Estimate {
    /// Value; one that is not finite counts as none.
    pub value: f64,
    /// Interval; one that is not finite is not drawn.
    pub interval: Option<(f64, f64)>,
}

impl Estimate {
    fn ends(&self) -> Option<(f64, f64)> {
        self.interval.filter(|(low, high)| low.is_finite() && high.is_finite())
    }
}

/// One metric of every entry.
#[derive(Clone, Debug, PartialEq)]
pub struct Panel<'a> {
    /// Name and unit of the metric.
    pub metric: &'a str,
    /// Which way it improves.
    pub better: Better,
    /// Value of every entry, in their order; none where it does not apply.
    pub values: Vec<Option<Estimate>>,
    /// A value to compare with and what it is ("best", "chance").
    pub reference: Option<(f64, &'a str)>,
}

impl Panel<'_> {
    fn shown(&self) -> impl Iterator<Item = (usize, &Estimate)> {
        let some = self.values.iter().enumerate().filter_map(|(row, own)| own.as_ref().map(|own| (row, own)));
        some.filter(|(_, own)| own.value.is_finite())
    }

    fn line(&self) -> Option<(f64, &str)> {
        self.reference.filter(|(value, _)| value.is_finite())
    }

    /// What stands under the title.
    fn advice(&self) -> String {
        let way = match self.better {
            Better::Higher => "higher is better",
            Better::Lower => "lower is better",
        };
        match self.line() {
            Some((value, name)) => format!("{way}, line: {name} ({})", brief(value)),
            None => way.to_owned(),
        }
    }

    /// Range around all values, intervals and the line.
    fn range(&self) -> (f64, f64) {
        let ends = self.shown().filter_map(|(_, own)| own.ends()).flat_map(|(low, high)| [low, high]);
        range(self.shown().map(|(_, own)| own.value).chain(ends).chain(self.line().map(|line| line.0)), 0.06)
    }
}

/// Where things stand.
struct Layout {
    names: Names,
    side: i32,
    columns: usize,
    cell: i32,
    numbers: i32,
    /// Lines of the title and of the words under it of every panel, and how high both are in every band of panels.
    titles: Vec<(Vec<String>, Vec<String>)>,
    heads: Vec<i32>,
    foot: i32,
    legend: i32,
    margin: i32,
}

impl Layout {
    fn new(theme: &Theme, width: i32, entries: &[Entry<'_>], panels: &[Panel<'_>]) -> Self {
        let margin = theme.px(MARGIN);
        let names = Names::new(theme, entries.iter().map(|entry| entry.name), width * 34 / 100);
        let side = names.width + theme.px(8.0);
        let room = width - side - 2 * margin;
        let columns = (room / theme.px(PANEL).max(1)).clamp(1, panels.len().max(1) as i32) as usize;
        let cell = room / columns as i32;
        let words = panels.iter().flat_map(Panel::shown).map(|(_, own)| significant(own.value));
        let numbers = words.map(|words| width_of(theme, &words, 11.0)).max().unwrap_or(0) + theme.px(10.0);
        let wrap = |words: &str, size: f64, most: usize| wrapped(theme, words, size, cell - theme.px(12.0), most);
        let titles: Vec<_> =
            panels.iter().map(|panel| (wrap(panel.metric, 12.0, 3), wrap(&panel.advice(), 11.0, 2))).collect();
        let head = |lines: &(Vec<String>, Vec<String>)| {
            theme.px(TITLE) * lines.0.len() as i32 + theme.px(UNDER) * lines.1.len() as i32 + theme.px(6.0)
        };
        let heads = titles.chunks(columns).map(|band| band.iter().map(head).max().unwrap_or(0)).collect();
        let several = entries.iter().any(|entry| entry.role != entries[0].role);
        let legend = if several { theme.px(24.0) } else { 0 };
        Self { names, side, columns, cell, numbers, titles, heads, foot: theme.px(34.0), legend, margin }
    }

    /// Height of everything but the rows.
    fn fixed(&self) -> i32 {
        self.heads.iter().sum::<i32>() + self.foot * self.heads.len() as i32 + self.legend + 2 * self.margin
    }
}

/// Height in device pixels at which rows have their usual height, for a figure of `width` device pixels.
pub fn height(theme: &Theme, width: u32, entries: &[Entry<'_>], panels: &[Panel<'_>]) -> u32 {
    let layout = Layout::new(theme, width as i32, entries, panels);
    let rows = (entries.len() * layout.heads.len().max(1)) as i32;
    (layout.fixed() + rows * layout.names.row(theme, ROW)) as u32
}

/// Draws one panel per metric, in as many columns as the width has room for; [`height`] says how high it wants to be.
///
/// # Errors
/// When a panel has another number of values than there are entries, or the surface fails.
pub fn draw<DB: DrawingBackend>(
    area: &Area<DB>,
    theme: &Theme,
    entries: &[Entry<'_>],
    panels: &[Panel<'_>],
) -> Result<(), PlotError> {
    ground(area, theme)?;
    if let Some(odd) = panels.iter().find(|panel| panel.values.len() != entries.len()) {
        let (found, expected) = (odd.values.len(), entries.len());
        return Err(PlotError::Length { what: "a panel of metrics", found, expected });
    }
    if panels.iter().all(|panel| panel.shown().next().is_none()) {
        return nothing(area, theme, "no metrics to show");
    }
    let (width, height) = area.dim_in_pixel();
    let layout = Layout::new(theme, width as i32, entries, panels);
    if layout.legend > 0 {
        let present = Role::ALL.into_iter().filter(|role| entries.iter().any(|entry| entry.role == *role));
        let looks: Vec<_> =
            present.map(|role| role.look(theme)).map(|(m, c, words)| (m, c, words.to_owned())).collect();
        let at = (layout.margin + theme.px(4.0), layout.margin + theme.px(6.0));
        legend_lines(area, theme, &looks, at, width as i32 - layout.margin)?;
    }
    let rows = (entries.len() * layout.heads.len()) as i32;
    let row = (height as i32 - layout.fixed()) / rows.max(1);
    let mut top = layout.margin + layout.legend;
    for (band, (own, head)) in panels.chunks(layout.columns).zip(&layout.heads).enumerate() {
        let bottom = top + head + row * entries.len() as i32;
        for (column, panel) in own.iter().enumerate() {
            let left = layout.margin + layout.side + column as i32 * layout.cell;
            let pixels = (left + theme.px(8.0), top + head, left + layout.cell - layout.numbers, bottom);
            let frame = Frame { x: panel.range(), y: (entries.len() as f64, 0.0), pixels };
            let titles = &layout.titles[band * layout.columns + column];
            write_head(area, theme, titles, (left + theme.px(4.0), top))?;
            draw_panel(area, theme, &frame, entries, panel)?;
        }
        for (place, name) in layout.names.lines.iter().enumerate() {
            let middle = top + head + row * place as i32 + row / 2;
            lines(area, theme, name, (layout.margin, middle))?;
        }
        top = bottom + layout.foot;
    }
    Ok(())
}

/// Title of a panel and which way is better.
fn write_head<DB: DrawingBackend>(
    area: &Area<DB>,
    theme: &Theme,
    (title, under): &(Vec<String>, Vec<String>),
    (x, top): (i32, i32),
) -> Result<(), PlotError> {
    let mut y = top + theme.px(TITLE) / 2;
    for line in title {
        text(area, theme, line, (x, y), 12.0, Anchor::Left, theme.ink)?;
        y += theme.px(TITLE);
    }
    for line in under {
        text(area, theme, line, (x, y), 11.0, Anchor::Left, theme.faint)?;
        y += theme.px(UNDER);
    }
    Ok(())
}

/// Guides, axis, the line to compare with, and every entry's value.
fn draw_panel<DB: DrawingBackend>(
    area: &Area<DB>,
    theme: &Theme,
    frame: &Frame,
    entries: &[Entry<'_>],
    panel: &Panel<'_>,
) -> Result<(), PlotError> {
    let (left, top, right, bottom) = frame.pixels;
    let thin = theme.px(1.0).max(1) as u32;
    let path = |points: Vec<(i32, i32)>, colour: RGBColor, width: u32| {
        drawn(area.draw(&PathElement::new(points, colour.stroke_width(width))))
    };
    path(vec![(left, bottom), (right, bottom)], theme.ink, thin)?;
    // A number needs about 50 pixels; one that would still touch the one before is left out.
    let mut free = i32::MIN;
    for (value, words) in labelled(frame.x, ((right - left) / theme.px(50.0).max(1)).clamp(1, 6) as usize) {
        let (x, _) = frame.pixel(value, 0.0);
        path(vec![(x, bottom), (x, bottom + theme.px(4.0))], theme.ink, thin)?;
        let half = width_of(theme, &words, 11.0) / 2;
        if x - half >= free {
            text(area, theme, &words, (x, bottom + theme.px(8.0)), 11.0, Anchor::Below, theme.faint)?;
            free = x + half + theme.px(6.0);
        }
    }
    if let Some((value, _)) = panel.line() {
        let (x, _) = frame.pixel(value, 0.0);
        path(vec![(x, top), (x, bottom)], theme.faint, thin)?;
    }
    for (row, entry) in entries.iter().enumerate() {
        let (_, y) = frame.pixel(0.0, row as f64 + 0.5);
        path(vec![(left, y), (right, y)], theme.quiet, 1)?;
        let end = (right + theme.px(6.0), y);
        let Some((_, own)) = panel.shown().find(|(place, _)| *place == row) else {
            text(area, theme, "–", end, 11.0, Anchor::Left, theme.faint)?;
            continue;
        };
        let (kind, colour, _) = entry.role.look(theme);
        if let Some((low, high)) = own.ends() {
            let (from, to) = (frame.pixel(low.min(high), 0.0).0, frame.pixel(low.max(high), 0.0).0);
            let cap = theme.px(3.0);
            path(vec![(from, y), (to, y)], colour, theme.px(2.0).max(1) as u32)?;
            for x in [from, to] {
                path(vec![(x, y - cap), (x, y + cap)], colour, thin)?;
            }
        }
        marker(area, kind, (frame.pixel(own.value, 0.0).0, y), theme.px(4.0), colour.to_rgba())?;
        text(area, theme, &significant(own.value), end, 11.0, Anchor::Left, theme.ink)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    // A test fails by panicking; that is what `unwrap` is for here.
    #![allow(clippy::unwrap_used)]
    use super::{Better, Entry, Estimate, Panel, Role, draw, height};
    use crate::checks::{elements, filled, is_tidy, pictures, says};
    use crate::frame::PlotError;
    use crate::svg::render;
    use crate::theme::Theme;

    const ENTRIES: [Entry<'static>; 4] = [
        Entry { name: "wellplate small, 20,000 steps", role: Role::Model },
        Entry { name: "measured control cells", role: Role::Baseline },
        Entry { name: "mean shift of other donors", role: Role::Baseline },
        Entry { name: "other half of the measured cells", role: Role::Ceiling },
    ];

    fn estimate(value: f64, half: f64) -> Option<Estimate> {
        Some(Estimate { value, interval: Some((value - half, value + half)) })
    }

    fn panels() -> Vec<Panel<'static>> {
        let panel = |metric, better, values, reference| Panel { metric, better, values, reference };
        let missing = Some(Estimate { value: f64::NAN, interval: None });
        let single = Some(Estimate { value: 0.61, interval: Some((f64::NAN, 0.7)) });
        vec![
            panel(
                "Pearson correlation of log2 fold changes",
                Better::Higher,
                vec![estimate(0.872, 0.02), None, single, estimate(0.951, 0.01)],
                Some((1.0, "best")),
            ),
            panel(
                "Maximum mean discrepancy",
                Better::Lower,
                vec![estimate(0.000_312, 0.000_05), estimate(0.004, 0.0004), missing, estimate(0.000_1, 0.000_02)],
                None,
            ),
            panel(
                "Discrimination",
                Better::Higher,
                vec![estimate(0.7, 0.04), estimate(0.5, 0.04), estimate(0.55, 0.04), estimate(0.9, 0.02)],
                Some((0.5, "chance")),
            ),
            panel("Library size, Wasserstein distance in counts", Better::Lower, vec![estimate(1234.0, 80.0); 4], None),
        ]
    }

    #[test]
    fn every_value_is_marked_and_written() {
        let panels = panels();
        for (theme, width) in pictures() {
            let size = (width, height(&theme, width, &ENTRIES, &panels));
            let svg = render(size, "Metrics", "", |area| draw(area, &theme, &ENTRIES, &panels)).unwrap();
            is_tidy(&svg, size);
            for words in ["0.872", "0.610", "3.1e−4", "1234", "Discrimination", "model", "baseline", "ceiling"] {
                assert!(says(&svg, words), "{words} is missing at {width}");
            }
            // Two of sixteen have no value; one disc, triangle and diamond more stand in the legend.
            assert_eq!(elements(&svg).iter().filter(|own| own.words == "–").count(), 2);
            assert_eq!(filled(&svg, "circle", theme.series[1]), 4 + 1);
            assert_eq!(filled(&svg, "polygon", theme.series[0]), 6 + 1);
            assert_eq!(filled(&svg, "polygon", theme.series[2]), 4 + 1);
            // Names stand once per band of panels.
            let bands = if width == 400 { 4 } else { 2 };
            let names = elements(&svg).iter().filter(|own| own.words.starts_with("wellplate")).count();
            assert_eq!(names, bands, "{width}");
        }
    }

    #[test]
    fn whiskers_end_where_the_interval_does() {
        let theme = Theme::light(1.0);
        let entries = &ENTRIES[..1];
        let values = vec![Some(Estimate { value: 0.5, interval: Some((0.8, 0.2)) })];
        let panels = [Panel { metric: "share", better: Better::Higher, values, reference: Some((0.0, "chance")) }];
        let svg = render((500, 100), "", "", |area| draw(area, &theme, entries, &panels)).unwrap();
        assert!(says(&svg, "higher is better, line: chance (0)") && !says(&svg, "model"));
        let elements = elements(&svg);
        let disc = elements.iter().find(|own| own.tag == "circle").unwrap().number("cx");
        let orange = elements.iter().filter(|own| own.attribute("stroke") == Some("#D55E00"));
        let (low, _, high, _) = orange.map(|own| own.reach()).next().unwrap();
        // The value is the middle of its interval; half a pixel of rounding on each side.
        assert!((0.5 * (low + high) - disc).abs() <= 1.0 && high - low > 100.0, "{low} {disc} {high}");
    }

    #[test]
    fn what_cannot_be_drawn_is_said() {
        let theme = Theme::light(1.0);
        let none = render((300, 100), "", "", |area| draw(area, &theme, &ENTRIES, &[])).unwrap();
        assert!(says(&none, "no metrics to show"));
        let empty = Panel { metric: "m", better: Better::Lower, values: vec![None; 4], reference: None };
        let blank =
            render((300, 100), "", "", |area| draw(area, &theme, &ENTRIES, std::slice::from_ref(&empty))).unwrap();
        assert!(says(&blank, "no metrics to show"));
        let odd = Panel { values: vec![None; 3], ..empty };
        let error = render((300, 100), "", "", |area| draw(area, &theme, &ENTRIES, &[odd])).unwrap_err();
        assert!(matches!(error, PlotError::Length { found: 3, expected: 4, .. }), "{error}");
        // Far too small is ugly, but no panic.
        assert!(render((5, 5), "", "", |area| draw(area, &theme, &ENTRIES, &panels())).is_ok());
    }
}
