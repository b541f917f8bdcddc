//! The map: measured cells in grey, generated cells on top.
//!
//! Does: a frame with equal scales around the reference, the reference layer, layers of cells that
//! can be added while they are generated, the legend with counts; the same map as it is seen on a page: a part of it, any
//! colours, a legend of kinds or of a scale.
//! Does not know: how coordinates were made.
//! Flow: coordinates → **map** → canvas or SVG.

use plotters::prelude::{Color, DrawingBackend, RGBColor};

use crate::cividis::cividis;
use crate::frame::{
    Anchor, Area, Frame, Marker, PlotError, Taken, claim, ground, legend, marker, nothing, rectangle, text,
};
use crate::theme::Theme;
use crate::ticks::range;

/// Cells of one kind.
#[derive(Clone, Debug, PartialEq)]
pub struct Layer<'a> {
    /// Name in the legend.
    pub name: &'a str,
    /// Colour.
    pub colour: RGBColor,
    /// Shape.
    pub marker: Marker,
    /// Coordinates [n, 2].
    pub points: &'a [f32],
}

/// Name of a group of reference cells.
#[derive(Clone, Debug, PartialEq)]
pub struct Name {
    /// Words.
    pub text: String,
    /// Coordinates of the middle of its lower edge.
    pub at: (f32, f32),
}

/// Frame of the map: equal scales on both axes around the reference coordinates [n, 2].
pub fn frame<DB: DrawingBackend>(area: &Area<DB>, theme: &Theme, reference: &[f32]) -> Frame {
    let (width, height) = area.dim_in_pixel();
    let pixels = (theme.px(18.0), theme.px(12.0), width as i32 - theme.px(12.0), height as i32 - theme.px(30.0));
    let along = |axis: usize| range(reference.chunks_exact(2).map(|point| f64::from(point[axis])), 0.05);
    let (x, y) = (along(0), along(1));
    let (wide, high) = (f64::from((pixels.2 - pixels.0).max(1)), f64::from((pixels.3 - pixels.1).max(1)));
    // Units per pixel of the tighter axis serve both.
    let unit = ((x.1 - x.0) / wide).max((y.1 - y.0) / high);
    let around = |(low, high): (f64, f64), pixels: f64| {
        let middle = 0.5 * (low + high);
        (middle - 0.5 * unit * pixels, middle + 0.5 * unit * pixels)
    };
    Frame { x: around(x, wide), y: around(y, high), pixels }
}

/// Draws ground, axis names, the grey reference and the names of its groups; of two names that would
/// overlap the earlier one is written.
///
/// # Errors
/// When the surface fails.
pub fn reference<DB: DrawingBackend>(
    area: &Area<DB>,
    theme: &Theme,
    frame: &Frame,
    points: &[f32],
    names: &[Name],
) -> Result<(), PlotError> {
    ground(area, theme)?;
    if points.is_empty() {
        return nothing(area, theme, "no reference cells in this bundle");
    }
    let grey = theme.quiet.mix(0.7);
    for point in points.chunks_exact(2).filter(|point| point.iter().all(|v| v.is_finite())) {
        marker(area, Marker::Disc, frame.pixel(point[0].into(), point[1].into()), theme.px(1.6), grey)?;
    }
    write_names(area, theme, frame, names)?;
    let (left, top, right, bottom) = frame.pixels;
    text(area, theme, "UMAP 1", ((left + right) / 2, bottom + theme.px(10.0)), 11.0, Anchor::Below, theme.faint)?;
    text(area, theme, "UMAP 2", (left - theme.px(8.0), (top + bottom) / 2), 11.0, Anchor::Upwards, theme.faint)
}

/// Writes the names that do not overlap.
fn write_names<DB: DrawingBackend>(
    area: &Area<DB>,
    theme: &Theme,
    frame: &Frame,
    names: &[Name],
) -> Result<(), PlotError> {
    let mut taken = Taken::new();
    for name in names {
        let (x, y) = frame.pixel(name.at.0.into(), name.at.1.into());
        let half = theme.px(3.2) * name.text.chars().count() as i32;
        let (left, _, right, _) = frame.pixels;
        // Names of groups at the edge stay inside.
        let x = if left + half < right - half { x.clamp(left + half, right - half) } else { x };
        let own = (x - half, y - theme.px(16.0), x + half, y);
        if claim(&mut taken, own) {
            text(area, theme, &name.text, (x, y - theme.px(4.0)), 11.0, Anchor::Above, theme.faint)?;
        }
    }
    Ok(())
}

/// Adds the points of a layer from the `first` on, without redrawing anything else.
///
/// # Errors
/// When the surface fails.
pub fn add<DB: DrawingBackend>(
    area: &Area<DB>,
    theme: &Theme,
    frame: &Frame,
    layer: &Layer<'_>,
    first: usize,
) -> Result<(), PlotError> {
    let points = layer.points.chunks_exact(2).skip(first);
    for point in points.filter(|point| point.iter().all(|value| value.is_finite())) {
        let at = frame.pixel(point[0].into(), point[1].into());
        marker(area, layer.marker, at, theme.px(3.0), layer.colour.mix(0.85))?;
    }
    Ok(())
}

/// The legend with the number of cells of every layer.
///
/// # Errors
/// When the surface fails.
pub fn add_legend<DB: DrawingBackend>(
    area: &Area<DB>,
    theme: &Theme,
    frame: &Frame,
    reference: usize,
    layers: &[Layer<'_>],
) -> Result<(), PlotError> {
    let mut entries = vec![(Marker::Disc, theme.quiet, format!("measured, {reference} cells"))];
    for layer in layers.iter().filter(|layer| !layer.points.is_empty()) {
        entries.push((layer.marker, layer.colour, format!("{}, {} cells", layer.name, layer.points.len() / 2)));
    }
    legend(area, theme, &entries, (frame.pixels.0 + theme.px(10.0), frame.pixels.1 + theme.px(8.0)))
}

/// The whole map at once.
///
/// # Errors
/// When the surface fails.
pub fn draw<DB: DrawingBackend>(
    area: &Area<DB>,
    theme: &Theme,
    points: &[f32],
    names: &[Name],
    layers: &[Layer<'_>],
) -> Result<Frame, PlotError> {
    let frame = frame(area, theme, points);
    reference(area, theme, &frame, points, names)?;
    for layer in layers {
        add(area, theme, &frame, layer, 0)?;
    }
    add_legend(area, theme, &frame, points.len() / 2, layers)?;
    Ok(frame)
}

/// Cells with a colour each.
#[derive(Clone, Debug)]
pub struct Cells<'a> {
    /// Shape.
    pub marker: Marker,
    /// Radius in CSS pixels.
    pub radius: f64,
    /// Coordinates [n, 2].
    pub points: &'a [f32],
    /// Colours [n]; cells without one are hidden.
    pub colours: &'a [Option<RGBColor>],
}

/// A map as a page shows it.
#[derive(Clone, Debug)]
pub struct Seen<'a> {
    /// Layers, the lowest first.
    pub cells: &'a [Cells<'a>],
    /// Names of groups.
    pub names: &'a [Name],
    /// Legend.
    pub legend: &'a [(Marker, RGBColor, String)],
    /// Words of a scale with its ends.
    pub scale: Option<(String, f64, f64)>,
}

/// Frame that shows `span` (width, height) of the map around a place, and as much more as the surface's shape asks.
pub fn frame_around<DB: DrawingBackend>(area: &Area<DB>, theme: &Theme, centre: (f64, f64), span: (f64, f64)) -> Frame {
    let (width, height) = area.dim_in_pixel();
    let pixels = (theme.px(18.0), theme.px(12.0), width as i32 - theme.px(12.0), height as i32 - theme.px(30.0));
    let (wide, high) = (f64::from((pixels.2 - pixels.0).max(1)), f64::from((pixels.3 - pixels.1).max(1)));
    let unit = (span.0 / wide).max(span.1 / high).max(1e-12);
    let around = |middle: f64, pixels: f64| (middle - 0.5 * unit * pixels, middle + 0.5 * unit * pixels);
    Frame { x: around(centre.0, wide), y: around(centre.1, high), pixels }
}

/// Draws a map as a page shows it; what lies outside the frame is left out.
///
/// # Errors
/// When the surface fails.
pub fn draw_seen<DB: DrawingBackend>(
    area: &Area<DB>,
    theme: &Theme,
    frame: &Frame,
    seen: &Seen<'_>,
) -> Result<(), PlotError> {
    ground(area, theme)?;
    let inside = |point: &[f32]| {
        let (x, y) = (f64::from(point[0]), f64::from(point[1]));
        frame.x.0 <= x && x <= frame.x.1 && frame.y.0 <= y && y <= frame.y.1
    };
    for cells in seen.cells {
        let radius = theme.px(cells.radius);
        for (point, colour) in cells.points.chunks_exact(2).zip(cells.colours).filter(|(point, _)| inside(point)) {
            if let Some(colour) = colour {
                let at = frame.pixel(point[0].into(), point[1].into());
                marker(area, cells.marker, at, radius, colour.mix(0.85))?;
            }
        }
    }
    let names: Vec<Name> = seen.names.iter().filter(|name| inside(&[name.at.0, name.at.1])).cloned().collect();
    write_names(area, theme, frame, &names)?;
    let (left, top, right, bottom) = frame.pixels;
    legend(area, theme, seen.legend, (left + theme.px(10.0), top + theme.px(8.0)))?;
    if let Some(scale) = &seen.scale {
        let below = top + theme.px(8.0 + 17.0 * seen.legend.len() as f64);
        draw_scale(area, theme, scale, (left + theme.px(6.0), below))?;
    }
    text(area, theme, "UMAP 1", ((left + right) / 2, bottom + theme.px(10.0)), 11.0, Anchor::Below, theme.faint)?;
    text(area, theme, "UMAP 2", (left - theme.px(8.0), (top + bottom) / 2), 11.0, Anchor::Upwards, theme.faint)
}

/// A bar of the scale's colours with its ends and words.
fn draw_scale<DB: DrawingBackend>(
    area: &Area<DB>,
    theme: &Theme,
    (words, low, high): &(String, f64, f64),
    (left, top): (i32, i32),
) -> Result<(), PlotError> {
    const STEPS: i32 = 32;
    let (wide, tall) = (theme.px(4.0).max(1), theme.px(9.0));
    for step in 0..STEPS {
        let colour = cividis(theme, f64::from(step) / f64::from(STEPS - 1)).mix(1.0);
        let x = left + step * wide;
        rectangle(area, [(x, top), (x + wide, top + tall)], colour, true)?;
    }
    let middle = top + tall / 2;
    let end = left + STEPS * wide + theme.px(6.0);
    text(area, theme, &format!("{words}: {low} to {high:.2}"), (end, middle), 12.0, Anchor::Left, theme.ink)
}

#[cfg(test)]
mod tests {
    // A test fails by panicking; that is what `unwrap` is for here.
    #![allow(clippy::unwrap_used)]
    use super::{Cells, Marker, Name, Seen, draw_seen, frame_around};
    use crate::checks::elements;
    use crate::svg::render;
    use crate::theme::Theme;

    #[test]
    fn only_what_is_seen_is_drawn() {
        let theme = Theme::light(1.0);
        let points = [0.0, 0.0, 0.4, 0.4, 9.0, 9.0, f32::NAN, 0.0];
        let blue = Some(theme.series[0]);
        let colours = [blue, None, blue, blue];
        let cells = [Cells { marker: Marker::Disc, radius: 3.0, points: &points, colours: &colours }];
        let names = [Name { text: "near".to_owned(), at: (0.1, 0.1) }, Name { text: "far".to_owned(), at: (9.0, 9.0) }];
        let legend = [(Marker::Disc, theme.series[0], "B cells, 3".to_owned())];
        let scale = Some(("ISG15, log(1 + x)".to_owned(), 0.0, 2.5));
        let seen = Seen { cells: &cells, names: &names, legend: &legend, scale };
        let svg = render((400, 300), "Map", "", |area| {
            let frame = frame_around(area, &theme, (0.0, 0.0), (1.0, 1.0));
            draw_seen(area, &theme, &frame, &seen)
        })
        .unwrap();
        // One cell and one legend line: one is hidden, one outside, one nowhere.
        assert_eq!(elements(&svg).iter().filter(|own| own.tag == "circle").count(), 2);
        assert!(svg.contains("near") && !svg.contains("far") && svg.contains("ISG15, log(1 + x): 0 to 2.50"));
        assert!(!svg.contains("NaN"));
    }
}
