//! Messages of the lessons.
//!
//! Does: typed questions and answers; long arrays travel beside them.
//! Does not know: Leptos, burn.
//! Flow: page → [`Ask`] → worker → [`Tell`] → page.

use serde::{Deserialize, Serialize};

use super::request::Request;

/// From the page. A request's `cells` and `seed` hold for every group of cells that the task needs.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Ask {
    /// Write one cell, keep every step, and record what the model thinks of some genes.
    Write {
        /// Number of the task.
        job: u32,
        /// What; the number of cells is not used.
        request: Request,
        /// Genes to watch.
        watch: Vec<String>,
    },
    /// Write control cells once, and perturbed cells of the same seed at each guidance scale.
    Guide {
        /// Number of the task.
        job: u32,
        /// What; its own guidance is not used.
        request: Request,
        /// Guidance scales w.
        scales: Vec<f32>,
    },
    /// Write control and perturbed cells, and compare halves of them with one another.
    Halves {
        /// Number of the task.
        job: u32,
        /// What.
        request: Request,
    },
}

/// A watched gene.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Watched {
    /// Symbol.
    pub gene: String,
    /// Step that revealed it, from 1.
    pub step: u32,
    /// The number in [0, 1) that decides its count, drawn before the first step.
    pub uniform: f32,
}

/// What cells written at one guidance scale are like.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Guided {
    /// w.
    pub scale: f32,
    /// Size of the generated effect against the measured one: slope through the origin over the responding genes.
    pub size: Option<f64>,
    /// Pearson correlation of the generated and the measured effect over all genes.
    pub agreement: Option<f64>,
    /// Root mean square distance of cells from their mean, over all genes of log-normalised expression.
    pub spread: f64,
}

/// How well halves agree at a number of cells.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct HalfPoint {
    /// Cells of each half, on each side (control and perturbed).
    pub cells: u32,
    /// Mean Pearson-Δ of one half against the other over the partitions.
    pub halves: f64,
    /// Smallest and largest among the partitions.
    pub range: (f64, f64),
    /// Mean Pearson-Δ of a half against the measured effect.
    pub measured: Option<f64>,
}

/// From the worker.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Tell {
    /// The cell is written. Arrays: counts f32 [G], step that revealed each gene f32 [G] (0: held), the gene at each
    /// position of the network f32 [G]; then of every watched gene its probabilities f32 [step, V] before each step
    /// up to the one that revealed it.
    Written {
        /// Task.
        job: u32,
        /// N.
        steps: u32,
        /// S: genes that the network folds into one position.
        group_size: u32,
        /// Watched genes.
        watched: Vec<Watched>,
        /// What the cell is: conditions and values, the drawn ones too.
        labels: Vec<(String, String)>,
        /// Seconds it took.
        seconds: f64,
    },
    /// Control cells and what was measured. Arrays: measured effect f32 [g] (empty when nothing was measured),
    /// measured mean of perturbed cells f32 [g] (or empty), control cells' values f32 [g, n].
    GuideGround {
        /// Task.
        job: u32,
        /// Genes that the lesson follows.
        genes: Vec<String>,
        /// Measured cells: control, perturbed.
        measured: Option<(u32, u32)>,
        /// Spread of control cells, as in [`Guided`].
        spread: f64,
    },
    /// Cells of one scale. Arrays: effect on the followed genes f32 [g], their values f32 [g, n].
    Guided {
        /// Task.
        job: u32,
        /// Numbers.
        guided: Guided,
        /// Whether it was the last scale.
        last: bool,
    },
    /// Halves are compared. Arrays: generated effect f64 [G], measured effect f64 [G] (or empty).
    Halves {
        /// Task.
        job: u32,
        /// Cells written on each side.
        cells: u32,
        /// Measured cells: control, perturbed.
        measured: Option<(u32, u32)>,
        /// Pearson-Δ of all generated cells against the measured effect.
        agreement: Option<f64>,
        /// By rising number of cells.
        points: Vec<HalfPoint>,
    },
}

impl Ask {
    /// Number of the task.
    pub fn job(&self) -> u32 {
        match self {
            Self::Write { job, .. } | Self::Guide { job, .. } | Self::Halves { job, .. } => *job,
        }
    }
}
