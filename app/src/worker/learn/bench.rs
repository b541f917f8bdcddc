//! What all lessons need of the model: cells, with progress and cancel, and what was measured.
//!
//! Does: writes groups of cells in steps, looks for cancel between them, finds the measured effect of a request.
//! Does not know: which lesson asks.
//! Flow: request → **cells** → write, guide, halves.

use cells::Counts;
use cells::metrics::pearson;
use cells::normalise::Normalised;
use model::card::{Choices, Kind};

use crate::pool::turns::Order;
use crate::protocol::{FromWorker, Request};
use crate::worker::outbox::{Stop, breathe, send};
use crate::worker::pool::making::{Making, Wanted};
use crate::worker::session::Session;

/// Why a task ended early.
pub(super) enum End {
    /// The person stopped it.
    Cancelled,
    /// A sentence.
    Failed(String),
}

/// A task in work.
pub(super) struct Bench<'a> {
    pub(super) session: &'a Session,
    pub(super) job: u32,
    stop: &'a Stop,
    pub(super) started: f64,
    /// Work done and work in all: passes of one cell, a guided one is two.
    done: f64,
    pub(super) total: f64,
}

/// What was measured of a request's cells.
pub(super) struct Measured {
    /// Cells: control, perturbed.
    pub(super) cells: (u32, u32),
    /// Perturbed minus control mean [G].
    pub(super) effect: Vec<f64>,
    /// Mean of perturbed cells [G].
    pub(super) perturbed: Vec<f32>,
}

impl<'a> Bench<'a> {
    pub(super) fn new(session: &'a Session, job: u32, stop: &'a Stop) -> Self {
        Self { session, job, stop, started: js_sys::Date::now(), done: 0.0, total: 1.0 }
    }

    /// Lets messages in and looks for cancel.
    pub(super) async fn pause(&self) -> Result<(), End> {
        breathe().await;
        if self.stop.get() == self.job { Err(End::Cancelled) } else { Ok(()) }
    }

    /// Adds finished work and says how far the task is.
    pub(super) fn advance(&mut self, phase: &str, work: f64) {
        self.done += work;
        let share = (self.done / self.total).clamp(0.0, 1.0);
        let elapsed = (js_sys::Date::now() - self.started) / 1000.0;
        let seconds_left = (share > 0.05).then(|| elapsed * (1.0 - share) / share);
        send(&FromWorker::Progress { run: self.job, phase: phase.to_owned(), share, seconds_left }, &[]);
    }

    /// Seconds since the task began.
    pub(super) fn seconds(&self) -> f64 {
        (js_sys::Date::now() - self.started) / 1000.0
    }

    /// The sampler's choices for a request, with its perturbation or at the control.
    pub(super) fn choices(&self, request: &Request, perturbed: bool, guidance: f32) -> Choices {
        let mut with = request.with.clone();
        if !perturbed && let Some(condition) = self.session.bundle.card.of_kind(Kind::Perturbation) {
            with.remove(&condition.key);
        }
        Choices {
            with,
            guidance,
            steps: request.steps as usize,
            cells: request.cells as usize,
            seed: u64::from(request.seed),
            clamp: request.clamp.clone(),
        }
    }

    /// Writes cells, on all workers.
    pub(super) async fn cells(&mut self, choices: Choices, phase: &str) -> Result<Normalised, End> {
        let weight = if choices.guidance > 0.0 { 2.0 } else { 1.0 };
        let genes = self.session.bundle.card.genes.len();
        let mut counts = Counts::empty(genes);
        let wanted = vec![Wanted { choices, weight }];
        let mut making = Making::begin(self.session, Order::OneByOne, wanted).map_err(End::Failed)?;
        let mut told = 0.0;
        while !making.is_done() {
            self.pause().await?;
            making.step().await.map_err(End::Failed)?;
            while let Some(fresh) = making.take() {
                counts
                    .append(&fresh.counts(&self.session.bundle.card))
                    .map_err(|error| End::Failed(format!("{error}.")))?;
            }
            let done = making.done();
            if done > told {
                self.advance(phase, done - told);
                told = done;
            }
        }
        Ok(self.session.normalised(&counts))
    }

    /// What the bundle measured of the request's cell type with and without its perturbation.
    pub(super) fn measured(&self, request: &Request) -> Option<Measured> {
        let card = &self.session.bundle.card;
        let changed = card.of_kind(Kind::Perturbation)?;
        let one = |key: &str| request.with.get(key).filter(|values| values.len() == 1)?.first();
        // Groups of a bundle without cell types have no name there.
        let cell_type = card.of_kind(Kind::CellType).map_or(Some(""), |types| one(&types.key).map(String::as_str))?;
        let (value, control) = (one(&changed.key)?, changed.control.as_ref()?);
        let group = |condition: &String| {
            let place = card.reference.iter().position(|g| g.cell_type == cell_type && g.condition == *condition)?;
            let genes = card.genes.len();
            let mean = self.session.bundle.reference.mean.get(place * genes..(place + 1) * genes)?;
            Some((card.reference[place].cells as u32, mean))
        };
        let ((control_cells, own), (cells, moved)) = (group(control)?, group(value)?);
        let effect = moved.iter().zip(own).map(|(moved, own)| f64::from(*moved) - f64::from(*own)).collect();
        Some(Measured { cells: (control_cells, cells), effect, perturbed: moved.to_vec() })
    }
}

/// The sentence of a failing device.
pub(super) fn device(error: impl std::fmt::Display) -> End {
    End::Failed(format!("The device failed while writing cells: {error}."))
}

/// Pearson correlation, where both sides have a spread.
pub(super) fn correlation(a: &[f64], b: &[f64]) -> Option<f64> {
    Some(pearson(a, b)).filter(|value| value.is_finite())
}
