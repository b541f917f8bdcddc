//! What a training run is asked for, and how it ended.
//!
//! Does: holds both.
//! Does not know: how it is trained.
//! Flow: command line → **order** → `train` → **end** → command line.

use std::path::PathBuf;
use std::sync::Arc;

use crate::stop::Stop;

/// What `train` was asked to do.
pub struct Order {
    /// h5ad file or store.
    pub data: PathBuf,
    /// Recipe.
    pub recipe: PathBuf,
    /// Run folder.
    pub out: PathBuf,
    /// Steps between checkpoints.
    pub save_every: usize,
    /// Minutes after which one is written in between; none: never. The bits of a run do not hang on these.
    pub save_minutes: Option<f64>,
    /// Stop after this step as if interrupted (the run can be resumed).
    pub stop_after: Option<usize>,
    /// Set to stop after the step in work, with a checkpoint (Ctrl-C, SIGTERM).
    pub stop: Arc<Stop>,
}

/// How a session ended.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Ended {
    /// Steps done in all.
    pub step: usize,
    /// Smoothed loss.
    pub bits_per_gene: f32,
    /// Cells per second of this session.
    pub cells_per_second: f64,
    /// Share of this session's time that the device waited for cells.
    pub waited: f64,
    /// Whether it was asked to stop before the last step.
    pub stopped: bool,
}
