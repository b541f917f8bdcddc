//! Results of the lessons' runs.
//!
//! Does: holds what the worker sent for each lesson.
//! Does not know: how results are shown, what was chosen.
//! Flow: worker → **results** → panels.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::lessons::writing::Written;
use crate::protocol::Request;
use crate::protocol::card::Card;
use crate::protocol::learn::{Guided, HalfPoint};

/// What was recorded of a watched gene.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::ui) struct Record {
    /// Step that revealed it.
    pub(in crate::ui) step: u32,
    /// The lot that decided its count.
    pub(in crate::ui) uniform: f32,
    /// Probabilities before every step up to that one [steps, V].
    pub(in crate::ui) shares: Vec<f32>,
}

/// A cell that was written.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::ui) struct CellRun {
    pub(in crate::ui) card: Arc<Card>,
    pub(in crate::ui) request: Request,
    pub(in crate::ui) written: Written,
    /// Gene at each position of the network.
    pub(in crate::ui) order: Vec<u32>,
    pub(in crate::ui) group_size: usize,
    pub(in crate::ui) records: BTreeMap<String, Record>,
    pub(in crate::ui) labels: Vec<(String, String)>,
    pub(in crate::ui) seconds: f64,
    /// Whether a second run wrote the same counts; none before there was one.
    pub(in crate::ui) same: Option<bool>,
}

/// One guidance scale.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::ui) struct ScaleRun {
    pub(in crate::ui) guided: Guided,
    /// Effect on each followed gene.
    pub(in crate::ui) effect: Vec<f32>,
    /// Values of each followed gene, gene after gene.
    pub(in crate::ui) values: Vec<f32>,
}

/// Cells at several guidance scales.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::ui) struct GuideRun {
    pub(in crate::ui) card: Arc<Card>,
    pub(in crate::ui) request: Request,
    pub(in crate::ui) genes: Vec<String>,
    pub(in crate::ui) measured: Option<(u32, u32)>,
    /// Measured effect on each followed gene, or nothing.
    pub(in crate::ui) effect: Vec<f32>,
    /// Measured mean of each followed gene, or nothing.
    pub(in crate::ui) mean: Vec<f32>,
    /// Control cells' values, gene after gene.
    pub(in crate::ui) control: Vec<f32>,
    pub(in crate::ui) spread: f64,
    pub(in crate::ui) scales: Vec<ScaleRun>,
}

/// Halves against halves.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::ui) struct HalvesRun {
    pub(in crate::ui) card: Arc<Card>,
    pub(in crate::ui) request: Request,
    pub(in crate::ui) cells: u32,
    pub(in crate::ui) measured_cells: Option<(u32, u32)>,
    pub(in crate::ui) agreement: Option<f64>,
    pub(in crate::ui) points: Vec<HalfPoint>,
    /// Generated effect [G].
    pub(in crate::ui) effect: Vec<f64>,
    /// Measured effect [G], or nothing.
    pub(in crate::ui) measured: Vec<f64>,
}
