//! Violins: how a gene's expression is spread in each group of cells.
//!
//! Does: one panel per gene, one violin per group: Gaussian kernel density (Silverman's width, cut
//! at the data), quartiles and median, the share of cells with the gene.
//! Does not know: what the groups are.
//! Flow: log-normalised values → **violins** → canvas or SVG.

use plotters::prelude::{Color, DrawingBackend, PathElement, Polygon};

use crate::frame::{Anchor, Area, Frame, Marker, PlotError, drawn, ground, legend, nothing, rectangle, text};
use crate::theme::Theme;
use crate::ticks::range;

/// Steps of a density curve.
const STEPS: usize = 48;

/// Values of one gene in every group.
#[derive(Clone, Debug, PartialEq)]
pub struct Panel<'a> {
    /// Gene.
    pub gene: &'a str,
    /// Log-normalised values of every group, in the order of the group names.
    pub groups: Vec<&'a [f32]>,
}

/// Usual height of a panel, CSS pixels.
const PANEL: f64 = 124.0;

/// Where panels stand.
struct Grid {
    left: i32,
    top: i32,
    columns: usize,
    cell: (i32, i32),
}

impl Grid {
    fn new(theme: &Theme, (width, height): (u32, u32), groups: usize, panels: usize) -> Self {
        let top = theme.px(17.0) * groups as i32 + theme.px(6.0);
        let left = theme.px(44.0);
        let columns = ((width as i32 - left) / theme.px(104.0)).clamp(1, panels.max(1) as i32) as usize;
        let rows = panels.div_ceil(columns).max(1);
        let cell = ((width as i32 - left) / columns as i32, (height as i32 - top) / rows as i32);
        Self { left, top, columns, cell }
    }

    fn corner(&self, panel: usize) -> (i32, i32) {
        let (column, row) = ((panel % self.columns) as i32, (panel / self.columns) as i32);
        (self.left + column * self.cell.0, self.top + row * self.cell.1)
    }
}

/// Height in device pixels at which panels have their usual height, for a figure of `width` device pixels.
pub fn height(theme: &Theme, width: u32, groups: usize, panels: usize) -> u32 {
    let grid = Grid::new(theme, (width, 0), groups, panels);
    (grid.top + theme.px(PANEL) * panels.div_ceil(grid.columns).max(1) as i32) as u32
}

/// Place of the panel under a pixel of a figure of `size` (width, height) device pixels.
pub fn panel_at(theme: &Theme, size: (u32, u32), groups: usize, panels: usize, (x, y): (i32, i32)) -> Option<usize> {
    let grid = Grid::new(theme, size, groups, panels);
    let (across, down) = (x - grid.left, y - grid.top);
    if across < 0 || down < 0 || grid.cell.0 <= 0 || grid.cell.1 <= 0 {
        return None;
    }
    let (column, row) = ((across / grid.cell.0) as usize, (down / grid.cell.1) as usize);
    Some(row * grid.columns + column).filter(|panel| column < grid.columns && *panel < panels)
}

/// Draws the panels in rows.
///
/// # Errors
/// When a panel has another number of groups than names, or the surface fails.
pub fn draw<DB: DrawingBackend>(
    area: &Area<DB>,
    theme: &Theme,
    names: &[&str],
    panels: &[Panel<'_>],
) -> Result<(), PlotError> {
    ground(area, theme)?;
    if let Some(panel) = panels.iter().find(|panel| panel.groups.len() != names.len()) {
        return Err(PlotError::Length { what: "a violin panel", found: panel.groups.len(), expected: names.len() });
    }
    if panels.is_empty() || names.is_empty() {
        return nothing(area, theme, "no genes chosen");
    }
    let (width, height) = area.dim_in_pixel();
    let entries: Vec<_> = names
        .iter()
        .enumerate()
        .map(|(group, name)| (Marker::Disc, theme.series[group % 6], (*name).to_owned()))
        .collect();
    legend(area, theme, &entries, (theme.px(56.0), theme.px(10.0)))?;
    let grid = Grid::new(theme, (width, height), names.len(), panels.len());
    let highest =
        range(panels.iter().flat_map(|p| p.groups.iter().flat_map(|g| g.iter().map(|v| f64::from(*v)))), 0.0).1;
    for (index, panel) in panels.iter().enumerate() {
        let (x, y) = grid.corner(index);
        let pixels =
            (x + theme.px(6.0), y + theme.px(20.0), x + grid.cell.0 - theme.px(6.0), y + grid.cell.1 - theme.px(22.0));
        let frame = Frame { x: (0.0, names.len() as f64), y: (0.0, highest.max(0.5)), pixels };
        draw_panel(area, theme, &frame, panel, index % grid.columns == 0)?;
    }
    let side = (theme.px(10.0), grid.top + (height as i32 - grid.top) / 2);
    text(area, theme, "log-normalised expression", side, 11.0, Anchor::Upwards, theme.ink)
}

/// One gene.
fn draw_panel<DB: DrawingBackend>(
    area: &Area<DB>,
    theme: &Theme,
    frame: &Frame,
    panel: &Panel<'_>,
    first: bool,
) -> Result<(), PlotError> {
    let (left, top, right, bottom) = frame.pixels;
    let quiet = theme.quiet.stroke_width(1);
    drawn(area.draw(&PathElement::new(vec![(left, bottom), (right, bottom)], quiet)))?;
    text(area, theme, panel.gene, ((left + right) / 2, top - theme.px(4.0)), 12.0, Anchor::Above, theme.ink)?;
    for value in crate::ticks::ticks(frame.y, 3) {
        let (_, y) = frame.pixel(0.0, value);
        drawn(area.draw(&PathElement::new(vec![(left, y), (right, y)], theme.quiet.mix(0.4).stroke_width(1))))?;
        if first {
            text(area, theme, &format!("{value}"), (left - theme.px(4.0), y), 10.0, Anchor::Right, theme.faint)?;
        }
    }
    for (group, values) in panel.groups.iter().enumerate() {
        draw_violin(area, theme, frame, group, values)?;
    }
    Ok(())
}

/// One violin with its box and the share of cells that have the gene.
fn draw_violin<DB: DrawingBackend>(
    area: &Area<DB>,
    theme: &Theme,
    frame: &Frame,
    group: usize,
    values: &[f32],
) -> Result<(), PlotError> {
    let centre = group as f64 + 0.5;
    let mut sorted: Vec<f64> = values.iter().map(|v| f64::from(*v)).filter(|v| v.is_finite()).collect();
    sorted.sort_by(f64::total_cmp);
    let (Some(low), Some(high)) = (sorted.first().copied(), sorted.last().copied()) else { return Ok(()) };
    let colour = theme.series[group % 6];
    let density = density(&sorted, low, high);
    let peak = density.iter().map(|(_, d)| *d).fold(1e-12, f64::max);
    let side = |sign: f64| density.iter().map(move |(at, d)| (centre + sign * 0.42 * d / peak, *at));
    let outline: Vec<(i32, i32)> = side(-1.0).chain(side(1.0).rev()).map(|(x, y)| frame.pixel(x, y)).collect();
    drawn(area.draw(&Polygon::new(outline, colour.mix(0.55).filled())))?;
    let quantile = |share: f64| sorted[((sorted.len() - 1) as f64 * share).round() as usize];
    let (x, _) = frame.pixel(centre, 0.0);
    let half = theme.px(2.5);
    let (_, upper) = frame.pixel(centre, quantile(0.75));
    let (_, lower) = frame.pixel(centre, quantile(0.25));
    rectangle(area, [(x - half, upper), (x + half, lower)], theme.ink.to_rgba(), true)?;
    let (_, median) = frame.pixel(centre, quantile(0.5));
    rectangle(area, [(x - 2 * half, median - 1), (x + 2 * half, median + 1)], theme.ink.to_rgba(), true)?;
    let seen = sorted.iter().filter(|value| **value > 0.0).count() as f64 / sorted.len() as f64;
    let words = format!("{:.0}%", 100.0 * seen);
    text(area, theme, &words, (x, frame.pixels.3 + theme.px(5.0)), 10.0, Anchor::Below, theme.faint)
}

/// Gaussian kernel density of sorted values between the smallest and the largest: (value, density).
fn density(sorted: &[f64], low: f64, high: f64) -> Vec<(f64, f64)> {
    let n = sorted.len() as f64;
    let mean = sorted.iter().sum::<f64>() / n;
    let deviation = (sorted.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / n).sqrt();
    // Silverman's rule; never narrower than a pixel or so of the span.
    let width = (1.06 * deviation * n.powf(-0.2)).max((high - low).max(0.02) / 60.0);
    (0..=STEPS)
        .map(|step| {
            let at = low + (high - low) * step as f64 / STEPS as f64;
            let sum: f64 = sorted.iter().map(|value| (-0.5 * ((at - value) / width).powi(2)).exp()).sum();
            (at, sum / n)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::{Grid, height, panel_at};
    use crate::theme::Theme;

    #[test]
    fn a_pixel_finds_its_panel() {
        for (theme, width) in [(Theme::light(1.0), 860), (Theme::dark(2.0), 800), (Theme::light(1.0), 120)] {
            let size = (width, height(&theme, width, 2, 11));
            let grid = Grid::new(&theme, size, 2, 11);
            for panel in 0..11 {
                let (x, y) = grid.corner(panel);
                let middle = (x + grid.cell.0 / 2, y + grid.cell.1 / 2);
                assert_eq!(panel_at(&theme, size, 2, 11, middle), Some(panel));
            }
            assert_eq!(panel_at(&theme, size, 2, 11, (0, size.1 as i32 / 2)), None);
            assert_eq!(panel_at(&theme, size, 2, 11, (9000, 9000)), None);
            assert_eq!(panel_at(&theme, size, 2, 0, (60, 60)), None);
        }
    }
}
