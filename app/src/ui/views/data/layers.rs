//! Which points of the map get which colour and shape.
//!
//! Does: sorts the visitor's cells into layers by category or by steps of a value; of very many cells takes every k-th
//! for the picture only.
//! Does not know: canvases.
//! Flow: coordinates and values → **layers** → map and its legend.

use plots::Theme;
use plots::frame::Marker;
use plotters::style::RGBColor;

use crate::own_data::thousands;
use crate::protocol::data::Colour;
use crate::ui::state::data::Coloured;

/// Most cells that are drawn; all are analysed.
pub(super) const MOST_DRAWN: usize = 20_000;
/// Categories with a colour of their own.
const CATEGORIES: usize = 12;
/// Steps of a value.
const STEPS: usize = 6;

/// Points of one colour.
#[derive(Clone)]
pub(super) struct OwnLayer {
    /// Words of the legend.
    pub(super) name: String,
    pub(super) colour: RGBColor,
    pub(super) marker: Marker,
    /// Coordinates [2 n].
    pub(super) points: Vec<f32>,
    /// Cells, also those that are not drawn.
    pub(super) cells: usize,
}

impl OwnLayer {
    /// The layer's shape as a letter for the legend.
    pub(super) fn sign(&self) -> &'static str {
        match self.marker {
            Marker::Disc => "●",
            Marker::Triangle => "▲",
            Marker::Square => "■",
            Marker::Cross => "✕",
            Marker::Diamond => "◆",
            Marker::Ring => "○",
        }
    }

    /// The layer's colour for a style.
    pub(super) fn css(&self) -> String {
        let RGBColor(red, green, blue) = self.colour;
        format!("rgb({red}, {green}, {blue})")
    }
}

/// What the colours mean, in words.
pub(super) fn meaning(by: &Colour) -> String {
    match by {
        Colour::Nearest => "type of the nearest measured cells".to_owned(),
        Colour::Groups => "groups A and B".to_owned(),
        Colour::Label(key) => key.clone(),
        Colour::Gene(gene) => format!("{gene}, log-normalised"),
    }
}

/// Layers of cells at these places.
pub(super) fn layers(theme: &Theme, places: &[f32], coloured: Option<&Coloured>) -> Vec<OwnLayer> {
    let Some(coloured) = coloured.filter(|coloured| coloured.values.len() * 2 == places.len()) else {
        let mut all = OwnLayer::empty("your cells".to_owned(), theme.series[1], Marker::Triangle);
        fill(places, std::slice::from_mut(&mut all), |_| Some(0));
        return vec![all];
    };
    if coloured.names.is_empty() { by_value(theme, places, &coloured.values) } else { by_name(theme, places, coloured) }
}

impl OwnLayer {
    fn empty(name: String, colour: RGBColor, marker: Marker) -> Self {
        Self { name, colour, marker, points: Vec::new(), cells: 0 }
    }
}

/// Puts each cell into its layer; every k-th is drawn.
fn fill(places: &[f32], layers: &mut [OwnLayer], of: impl Fn(usize) -> Option<usize>) {
    let stride = (places.len() / 2).div_ceil(MOST_DRAWN).max(1);
    for (cell, at) in places.chunks_exact(2).enumerate() {
        let Some(layer) = of(cell).and_then(|place| layers.get_mut(place)) else { continue };
        layer.cells += 1;
        if cell % stride == 0 {
            layer.points.extend_from_slice(at);
        }
    }
}

/// The commonest categories, each with its own colour and shape, then all others, then cells without.
fn by_name(theme: &Theme, places: &[f32], coloured: &Coloured) -> Vec<OwnLayer> {
    let code = |cell: usize| Some(coloured.values[cell]).filter(|value| *value >= 0.0).map(|value| value as usize);
    let mut cells = vec![0_usize; coloured.names.len()];
    (0..coloured.values.len()).filter_map(code).for_each(|own| {
        if let Some(count) = cells.get_mut(own) {
            *count += 1;
        }
    });
    let mut order: Vec<usize> = (0..cells.len()).filter(|own| cells[*own] > 0).collect();
    if coloured.by != Colour::Groups {
        order.sort_by(|a, b| cells[*b].cmp(&cells[*a]));
    }
    let others = order.split_off(order.len().min(CATEGORIES));
    let mut layers: Vec<OwnLayer> = order
        .iter()
        .enumerate()
        .map(|(place, own)| OwnLayer::empty(coloured.names[*own].clone(), theme.kind(place), Marker::of(place)))
        .collect();
    let (last, none) = (layers.len(), layers.len() + 1);
    layers.push(OwnLayer::empty(format!("{} others", others.len()), theme.faint, Marker::Ring));
    let missing = if coloured.by == Colour::Groups { "in neither" } else { "not given" };
    layers.push(OwnLayer::empty(missing.to_owned(), theme.faint, Marker::Ring));
    let mut places_of = vec![last; coloured.names.len()];
    order.iter().enumerate().for_each(|(place, own)| places_of[*own] = place);
    fill(places, &mut layers, |cell| Some(code(cell).map_or(none, |own| places_of.get(own).copied().unwrap_or(last))));
    layers.retain(|layer| layer.cells > 0);
    layers
}

/// Steps from the smallest to the largest value; darker (lighter on dark ground) is more.
fn by_value(theme: &Theme, places: &[f32], values: &[f32]) -> Vec<OwnLayer> {
    let finite = || values.iter().copied().filter(|value| value.is_finite());
    let (low, high) = (finite().fold(f32::INFINITY, f32::min), finite().fold(f32::NEG_INFINITY, f32::max));
    let step = if high > low { (high - low) / STEPS as f32 } else { 1.0 };
    let edge = |place: usize| {
        let value = low + step * place as f32;
        if step >= 10.0 { thousands(f64::from(value)) } else { format!("{value:.2}") }
    };
    let name = |place: usize| match place {
        _ if high <= low => edge(0),
        place => format!("{} – {}", edge(place), edge(place + 1)),
    };
    let mut layers: Vec<OwnLayer> = (0..STEPS)
        .map(|place| {
            let colour = theme.ramp(0.3 + 0.7 * place as f64 / (STEPS - 1) as f64);
            OwnLayer::empty(name(place), colour, if place == 0 { Marker::Ring } else { Marker::Disc })
        })
        .collect();
    layers.push(OwnLayer::empty("not given".to_owned(), theme.faint, Marker::Cross));
    fill(places, &mut layers, |cell| {
        let value = values[cell];
        Some(if value.is_finite() { (((value - low) / step) as usize).min(STEPS - 1) } else { STEPS })
    });
    layers.retain(|layer| layer.cells > 0);
    layers
}
