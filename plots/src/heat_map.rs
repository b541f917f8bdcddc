//! A heat map: a matrix as colours, with the names of its rows and columns.
//!
//! Does: one coloured field per value, a scale with its unit, names of rows at the left and of columns below (columns
//! that stand side by side under one name share it), trees of rows and columns where they were clustered, a frame around
//! the chosen row; says which field is under a pixel.
//! Does not know: what is measured, how rows were put in order.
//! Flow: matrix → **heat map** → page, plate, SVG.

mod layout;
mod trees;

use plotters::coord::Shift;
use plotters::prelude::{Color, DrawingArea, DrawingBackend, PathElement, RGBColor};

use crate::frame::{Anchor, Area, PlotError, Taken, claim, drawn, ground, nothing, rectangle, text};
use crate::theme::Theme;
use crate::words::{brief, shortened, width_of, wrapped};
pub use layout::Layout;
use layout::edge;
use trees::GAP;

/// Usual height of a row, least height of one with many others, CSS pixels.
const ROW: f64 = 17.0;
const THIN: f64 = 4.0;
/// Rows above which they are drawn thinner.
const MANY: usize = 60;
/// Height of the title, of the scale, the space around everything, the widest field.
const TITLE: f64 = 22.0;
const SCALE: f64 = 34.0;
const MARGIN: f64 = 10.0;
const WIDEST: f64 = 72.0;
/// Room for a tree.
const TREE: f64 = 44.0;
/// Room for names of columns, at most.
const FOOT: f64 = 150.0;
/// Steps of the colour scale: fields of one step that touch are drawn as one.
const STEPS: f64 = 60.0;

/// A matrix and what it shows.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct HeatMap<'a> {
    /// Names of rows.
    pub rows: &'a [String],
    /// Names of columns.
    pub columns: &'a [String],
    /// Values, row after row [rows, columns]; not a number where there is none.
    pub values: &'a [f32],
    /// Ends of the scale; those of the values where it is not given.
    pub range: Option<(f32, f32)>,
    /// Whether the scale goes two ways from 0.
    pub diverging: bool,
    /// What values are, with their unit.
    pub unit: &'a str,
    /// Title; none where it is empty.
    pub title: &'a str,
    /// Chosen row.
    pub selected_row: Option<usize>,
    /// Trees over the rows (at the right) and over the columns (above), a fork each: places of both branches along the
    /// order (the middle of the first is 0.5), where both begin and where they join, as shares of the height; empty
    /// where there is none.
    pub trees: [&'a [[f32; 5]]; 2],
}

impl HeatMap<'_> {
    /// Ends of the scale.
    fn ends(&self) -> (f64, f64) {
        let finite = || self.values.iter().filter(|value| value.is_finite()).map(|value| f64::from(*value));
        let (low, high) = self.range.map_or_else(
            || (finite().fold(f64::INFINITY, f64::min), finite().fold(f64::NEG_INFINITY, f64::max)),
            |(low, high)| (f64::from(low), f64::from(high)),
        );
        if !(low.is_finite() && high.is_finite()) {
            return if self.diverging { (-1.0, 1.0) } else { (0.0, 1.0) };
        }
        if self.diverging {
            let most = low.abs().max(high.abs());
            let most = if most > 0.0 { most } else { 1.0 };
            return (-most, most);
        }
        if high > low { (low, high) } else { (low, low + 1.0) }
    }

    /// Whether some field has no value.
    fn has_holes(&self) -> bool {
        self.values.iter().any(|value| !value.is_finite())
    }

    /// The unit, and what a line stands for.
    fn unit_words(&self) -> String {
        if self.has_holes() { format!("{}; line: no value", self.unit) } else { self.unit.to_owned() }
    }

    /// Columns under one name: first, end, name.
    fn groups(&self) -> Vec<(usize, usize, &str)> {
        let mut groups: Vec<(usize, usize, &str)> = Vec::new();
        for (column, name) in self.columns.iter().enumerate() {
            match groups.last_mut() {
                Some((_, end, own)) if own == name => *end = column + 1,
                _ => groups.push((column, column + 1, name)),
            }
        }
        groups
    }
}

/// Where things stand.
struct Places {
    /// Room for the trees: right of the fields, above them.
    trees: [i32; 2],
    side: i32,
    head: i32,
    foot: i32,
    /// Lines of every name below, where they lie flat.
    flat: Option<Vec<Vec<String>>>,
    fields: i32,
    scale: Scale,
}

/// Where the scale and its unit stand.
struct Scale {
    /// Left and right end of the colours.
    colours: (i32, i32),
    /// Where the unit begins.
    unit: i32,
    /// Whether the unit has a line of its own.
    below: bool,
}

impl Scale {
    fn new(theme: &Theme, width: i32, heat: &HeatMap<'_>) -> Self {
        let (margin, (low, high)) = (theme.px(MARGIN), heat.ends());
        let from = margin + width_of(theme, &brief(low), 11.0) + theme.px(6.0);
        let to = (from + theme.px(120.0)).min(width * 60 / 100).max(from + 1);
        let after = to + theme.px(16.0) + width_of(theme, &brief(high), 11.0);
        let below = after + width_of(theme, &heat.unit_words(), 11.0) + margin > width;
        Self { colours: (from, to), unit: if below { margin } else { after }, below }
    }
}

impl Places {
    fn new(theme: &Theme, width: i32, heat: &HeatMap<'_>) -> Self {
        let margin = theme.px(MARGIN);
        let longest = heat.rows.iter().map(|name| width_of(theme, name, 11.0)).max().unwrap_or(0);
        let side = margin + longest.min(width * 30 / 100) + theme.px(8.0);
        let trees = heat.trees.map(|tree| if tree.is_empty() { 0 } else { theme.px(TREE + GAP) });
        let room = (width - side - margin - trees[0]).max(1);
        let fields = room.min(theme.px(WIDEST) * heat.columns.len() as i32);
        let title = if heat.title.is_empty() { 0 } else { theme.px(TITLE) };
        let scale = Scale::new(theme, width, heat);
        let head = margin + title + theme.px(SCALE) + if scale.below { theme.px(16.0) } else { 0 } + trees[1];
        let groups = heat.groups();
        let room = |first: usize, end: usize| {
            (i64::from(fields) * (end - first) as i64 / heat.columns.len().max(1) as i64) as i32 - theme.px(6.0)
        };
        let fits = |(first, end, name): &(usize, usize, &str)| {
            name.split_whitespace().all(|word| width_of(theme, word, 11.0) <= room(*first, *end))
        };
        let flat = groups.iter().all(fits).then(|| {
            let lines = |(first, end, name): &(usize, usize, &str)| wrapped(theme, name, 11.0, room(*first, *end), 3);
            groups.iter().map(lines).collect::<Vec<_>>()
        });
        let widest = groups.iter().map(|(_, _, name)| width_of(theme, name, 11.0)).max().unwrap_or(0);
        let foot = match &flat {
            Some(names) => theme.px(11.0) + theme.px(13.0) * names.iter().map(Vec::len).max().unwrap_or(1) as i32,
            None => widest.min(theme.px(FOOT)) + theme.px(12.0),
        };
        Self { trees, side, head, foot, flat, fields, scale }
    }
}

/// Height in device pixels at which rows have their usual height, for a figure of `width` device pixels.
pub fn height(theme: &Theme, width: u32, heat: &HeatMap<'_>) -> u32 {
    let places = Places::new(theme, width as i32, heat);
    let rows = heat.rows.len() as i32;
    let fields = (rows * theme.px(THIN)).max((MANY as i32).min(rows) * theme.px(ROW)).max(theme.px(ROW));
    (places.head + fields + places.foot + theme.px(MARGIN)) as u32
}

/// Draws the heat map and returns where its fields are. [`height`] says how high the figure wants to be.
///
/// # Errors
/// When there are more or fewer values than rows times columns, or the surface fails.
pub fn draw<DB: DrawingBackend>(
    area: &DrawingArea<DB, Shift>,
    theme: &Theme,
    heat: &HeatMap<'_>,
) -> Result<Layout, PlotError> {
    ground(area, theme)?;
    let (rows, columns) = (heat.rows.len(), heat.columns.len());
    if heat.values.len() != rows * columns {
        return Err(PlotError::Length { what: "a heat map", found: heat.values.len(), expected: rows * columns });
    }
    if heat.values.is_empty() {
        nothing(area, theme, if rows == 0 { "no rows to show" } else { "no columns to show" })?;
        return Ok(Layout::default());
    }
    let (width, height) = area.dim_in_pixel();
    let places = Places::new(theme, width as i32, heat);
    let bottom = (height as i32 - places.foot - theme.px(MARGIN)).max(places.head + 1);
    let layout = Layout { pixels: (places.side, places.head, places.side + places.fields, bottom), rows, columns };
    draw_scale(area, theme, heat, (&places.scale, width as i32))?;
    draw_fields(area, theme, heat, &layout)?;
    draw_rows(area, theme, heat, &layout)?;
    draw_columns(area, theme, heat, (&layout, &places))?;
    trees::draw(area, theme, heat.trees, (&layout, places.trees))?;
    Ok(layout)
}

/// Colour of a value on a scale.
fn colour(theme: &Theme, diverging: bool, (low, high): (f64, f64), value: f64) -> RGBColor {
    let share = ((value - low) / (high - low)).clamp(0.0, 1.0);
    let step = (share * STEPS).round() / STEPS;
    if diverging { theme.two_ways(2.0 * step - 1.0) } else { theme.ramp(step) }
}

/// All fields; neighbours of one colour as one.
fn draw_fields<DB: DrawingBackend>(
    area: &Area<DB>,
    theme: &Theme,
    heat: &HeatMap<'_>,
    layout: &Layout,
) -> Result<(), PlotError> {
    let ends = heat.ends();
    let of = |value: f32| value.is_finite().then(|| colour(theme, heat.diverging, ends, f64::from(value)));
    for (row, values) in heat.values.chunks(layout.columns).enumerate() {
        let (top, bottom) = (layout.row_edge(row), layout.row_edge(row + 1));
        let mut first = 0;
        while first < values.len() {
            let own = of(values[first]);
            let alike = values[first..].iter().take_while(|value| of(**value) == own).count();
            let (left, right) = (layout.column_edge(first), layout.column_edge(first + alike));
            match own {
                Some(own) => rectangle(area, [(left, top), (right, bottom)], own.to_rgba(), true)?,
                None => hole(area, theme, (left, top, right, bottom))?,
            }
            first += alike;
        }
    }
    Ok(())
}

/// A line through fields without a value, so that they are no value's colour.
fn hole<DB: DrawingBackend>(
    area: &Area<DB>,
    theme: &Theme,
    (left, top, right, bottom): (i32, i32, i32, i32),
) -> Result<(), PlotError> {
    let middle = (top + bottom) / 2;
    let inset = theme.px(2.0).min((right - left) / 4);
    let line = PathElement::new(vec![(left + inset, middle), (right - inset, middle)], theme.quiet.stroke_width(1));
    drawn(area.draw(&line))
}

/// Title, colour scale, unit.
fn draw_scale<DB: DrawingBackend>(
    area: &Area<DB>,
    theme: &Theme,
    heat: &HeatMap<'_>,
    (scale, width): (&Scale, i32),
) -> Result<(), PlotError> {
    let left = theme.px(MARGIN);
    let mut y = theme.px(MARGIN);
    if !heat.title.is_empty() {
        let title = shortened(theme, heat.title, 13.0, width - 2 * left);
        text(area, theme, &title, (left, y + theme.px(6.0)), 13.0, Anchor::Left, theme.ink)?;
        y += theme.px(TITLE);
    }
    let (low, high) = heat.ends();
    let ((from, to), middle) = (scale.colours, y + theme.px(7.0));
    text(area, theme, &brief(low), (left, middle), 11.0, Anchor::Left, theme.faint)?;
    let steps = 30;
    for step in 0..steps {
        let at = low + (high - low) * (step as f64 + 0.5) / steps as f64;
        let start = edge((from, to), step, steps);
        // Each step reaches to the end and is covered by the next: no seam is left between them.
        let corners = [(start, middle - theme.px(6.0)), (to, middle + theme.px(6.0))];
        rectangle(area, corners, colour(theme, heat.diverging, (low, high), at).to_rgba(), true)?;
    }
    text(area, theme, &brief(high), (to + theme.px(6.0), middle), 11.0, Anchor::Left, theme.faint)?;
    let unit = shortened(theme, &heat.unit_words(), 11.0, width - left - scale.unit);
    let line = if scale.below { middle + theme.px(17.0) } else { middle };
    text(area, theme, &unit, (scale.unit, line), 11.0, Anchor::Left, theme.ink)
}

/// Names of rows, where they have room; a frame around the chosen one.
fn draw_rows<DB: DrawingBackend>(
    area: &Area<DB>,
    theme: &Theme,
    heat: &HeatMap<'_>,
    layout: &Layout,
) -> Result<(), PlotError> {
    let (left, top, right, bottom) = layout.pixels;
    let room = left - theme.px(8.0) - theme.px(MARGIN);
    let chosen = heat.selected_row.filter(|row| *row < layout.rows);
    let mut taken = Taken::new();
    // The chosen row is named before those that it may leave no room for.
    for row in chosen.into_iter().chain((0..layout.rows).filter(|row| Some(*row) != chosen)) {
        let middle = (layout.row_edge(row) + layout.row_edge(row + 1)) / 2;
        let half = theme.px(6.0);
        let inside = middle - half >= top - theme.px(4.0) && middle + half <= bottom + theme.px(8.0);
        if inside && claim(&mut taken, (0, middle - half, 1, middle + half)) {
            let name = shortened(theme, &heat.rows[row], 11.0, room);
            text(area, theme, &name, (left - theme.px(6.0), middle), 11.0, Anchor::Right, theme.ink)?;
        }
    }
    if let Some(row) = chosen {
        let style = theme.ink.stroke_width(theme.px(2.0).max(1) as u32);
        let (top, bottom) = (layout.row_edge(row), layout.row_edge(row + 1));
        let corners = vec![(left, top), (right, top), (right, bottom), (left, bottom), (left, top)];
        drawn(area.draw(&PathElement::new(corners, style)))?;
    }
    Ok(())
}

/// Names of columns, where they have room, and lines between groups of several columns.
fn draw_columns<DB: DrawingBackend>(
    area: &Area<DB>,
    theme: &Theme,
    heat: &HeatMap<'_>,
    (layout, places): (&Layout, &Places),
) -> Result<(), PlotError> {
    let (_, top, _, bottom) = layout.pixels;
    let groups = heat.groups();
    let several = groups.iter().any(|(first, end, _)| end - first > 1);
    let mut taken = Taken::new();
    for (place, (first, end, name)) in groups.into_iter().enumerate() {
        let (left, right) = (layout.column_edge(first), layout.column_edge(end));
        if several && first > 0 {
            let line = theme.ground.stroke_width(theme.px(2.0).max(1) as u32);
            drawn(area.draw(&PathElement::new(vec![(left, top), (left, bottom)], line)))?;
        }
        let (middle, below) = ((left + right) / 2, bottom + theme.px(6.0));
        let half = theme.px(6.0);
        if let Some(names) = &places.flat {
            for (line, words) in names[place].iter().enumerate() {
                let y = below + theme.px(13.0) * line as i32;
                text(area, theme, words, (middle, y), 11.0, Anchor::Below, theme.ink)?;
            }
        } else if claim(&mut taken, (middle - half, 0, middle + half, 1)) {
            let short = shortened(theme, name, 11.0, places.foot - theme.px(10.0));
            text(area, theme, &short, (middle, below), 11.0, Anchor::UpTo, theme.ink)?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests;
