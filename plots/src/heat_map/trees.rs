//! Trees beside a heat map.
//!
//! Does: draws the forks of a clustering at the right of the rows and above the columns.
//! Does not know: how anything was clustered.
//! Flow: forks + where the fields are → **lines**.

use plotters::prelude::{Color, DrawingBackend, PathElement};

use super::layout::Layout;
use crate::frame::{Area, PlotError, drawn};
use crate::theme::Theme;

/// Room between a tree and the fields, CSS pixels.
pub(super) const GAP: f64 = 4.0;

/// A place along an order, in pixels between the two ends of the fields.
fn along((from, to): (i32, i32), place: f32, count: usize) -> i32 {
    from + (f64::from(to - from) * f64::from(place) / count.max(1) as f64).round() as i32
}

/// Draws both trees into the room that is theirs.
pub(super) fn draw<DB: DrawingBackend>(
    area: &Area<DB>,
    theme: &Theme,
    [rows, columns]: [&[[f32; 5]]; 2],
    (layout, room): (&Layout, [i32; 2]),
) -> Result<(), PlotError> {
    let (left, top, right, bottom) = layout.pixels;
    let gap = theme.px(GAP);
    let style = || theme.faint.stroke_width(theme.px(1.0).max(1) as u32);
    let away =
        |share: f32, room: i32| gap + (f64::from(share.clamp(0.0, 1.0)) * f64::from(room - gap - 1)).round() as i32;
    for [first, second, from_first, from_second, height] in rows.iter().copied() {
        let x = |share: f32| right + away(share, room[0]);
        let y = |place: f32| along((top, bottom), place, layout.rows);
        let points = [(from_first, first), (height, first), (height, second), (from_second, second)];
        drawn(area.draw(&PathElement::new(points.map(|(share, place)| (x(share), y(place))).to_vec(), style())))?;
    }
    for [first, second, from_first, from_second, height] in columns.iter().copied() {
        let x = |place: f32| along((left, right), place, layout.columns);
        let y = |share: f32| top - away(share, room[1]);
        let points = [(first, from_first), (first, height), (second, height), (second, from_second)];
        drawn(area.draw(&PathElement::new(points.map(|(place, share)| (x(place), y(share))).to_vec(), style())))?;
    }
    Ok(())
}
