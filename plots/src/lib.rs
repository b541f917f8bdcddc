//! Figures as functions of plain slices onto any plotters backend.
//!
//! Does: the map of cells, the volcano of gene shifts, violins of expression; the same code draws on
//! a page's canvas, into an SVG export and into native reports.
//! Does not know: models, the web, where numbers come from.
//! Flow: cells and shifts → **figures** with legends and units, and the geometry to pick from them.

pub mod curves;
pub mod frame;
pub mod map;
pub mod svg;
pub mod theme;
pub mod violin;
pub mod volcano;

pub use frame::{Frame, PlotError};
pub use theme::Theme;
