//! Figures as functions of plain slices onto any plotters backend.
//!
//! Does: the map of cells, the volcano of gene shifts, violins of expression, heat maps; for reports of an evaluation, metrics
//! beside baselines and ceiling (intervals), scatter, bars, marker dots, proportions of cell types, histograms, curves; the
//! same code draws on a page's canvas, into an SVG export and into native reports.
//! Does not know: models, the web, where numbers come from.
//! Flow: cells and shifts → **figures** with legends and units, and the geometry to pick from them.

pub mod bars;
#[cfg(test)]
mod checks;
pub mod cividis;
pub mod curves;
pub mod dots;
pub mod frame;
pub mod heat_map;
pub mod histogram;
pub mod intervals;
pub mod map;
pub mod plate;
pub mod proportions;
pub mod scatter;
pub mod svg;
pub mod theme;
mod ticks;
pub mod violin;
pub mod volcano;
mod words;

pub use frame::{Frame, PlotError};
pub use theme::{PALETTES, Palette, Theme};
