//! One session of a run: from where it stands to its last step, or to where it is asked to stop.
//!
//! Does: steps; shows and notes every one; watches the cells that were set aside; saves regularly, after so much time,
//! and at the end; ends in a sentence on a loss that is not finite.
//! Does not know: where data and weights come from (`train`), how a step is computed (`replicas`, `optimise`).
//! Flow: batches → **steps** → events and checkpoints.

use std::ops::Range;
use std::sync::mpsc::Receiver;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use model::loss::{Masked, loss};
use model::random::Draws;
use serde_json::json;

use super::keeper::{Keeper, Live};
use super::order::{Ended, Order};
use crate::checkpoint::Position;
use crate::data::TrainingSet;
use crate::optimise::learning_rate;
use crate::output::say;
use crate::progress::{self, Phase};
use crate::recipe::Recipe;
use crate::run_folder::Events;
use crate::usage::{device_memory, memory};

/// Stream of the slot choices.
const SLOT_STREAM: u64 = 1 << 42;

/// What the loop of one session knows.
pub(super) struct Session<'a> {
    order: &'a Order,
    set: &'a TrainingSet,
    recipe: &'a Recipe,
    events: Events,
    shown: Phase,
    started: Instant,
    /// When a checkpoint was last written, or the session began.
    saved: Instant,
    /// First step of this session.
    first: usize,
    /// Seconds that the loop waited for cells.
    waited: f64,
    /// GPU memory in use at the last checkpoint.
    held: Option<u64>,
}

/// Slots decoded in a step.
fn slots_of(recipe: &Recipe, step: usize) -> Vec<usize> {
    let mut slots: Vec<usize> = (0..recipe.model.group_size).collect();
    Draws::new(recipe.training.seed, SLOT_STREAM + step as u64).shuffle(&mut slots);
    slots.truncate(recipe.training.slots);
    slots.sort_unstable();
    slots
}

/// Loss in bits per gene, as a weighted mean over masking rates whatever the weighting: a masked gene
/// weighs p^−w and is masked with probability p, which sums to 1 / (2 − w) over p.
fn bits_per_gene(recipe: &Recipe, nats: f64) -> f64 {
    nats / std::f64::consts::LN_2 * (2.0 - f64::from(recipe.training.weighting))
}

impl<'a> Session<'a> {
    /// Begins at a step.
    pub(super) fn new(order: &'a Order, set: &'a TrainingSet, recipe: &'a Recipe, first: usize) -> Result<Self> {
        let shown = progress::counted("training", recipe.training.steps as u64, "steps");
        shown.goes_on_from(first as u64);
        let mut events = Events::open(&order.out)?;
        events.write(&json!({ "event": "start", "step": first, "cells": set.count() }))?;
        let now = Instant::now();
        Ok(Self { order, set, recipe, events, shown, started: now, saved: now, first, waited: 0.0, held: None })
    }

    /// Whether the best checkpoint is looked for at a step, and one is written whatever the time.
    fn is_regular(&self, step: usize) -> bool {
        step == self.recipe.training.steps || step.is_multiple_of(self.order.save_every.max(1))
    }

    /// Whether so much time has passed that a checkpoint is written in between.
    fn is_due(&self) -> bool {
        let minutes = self.order.save_minutes.filter(|minutes| *minutes > 0.0);
        minutes.is_some_and(|minutes| self.saved.elapsed().as_secs_f64() >= 60.0 * minutes)
    }

    /// Steps through a range; `true` when it was asked to stop before the end.
    pub(super) fn run(
        &mut self,
        keeper: &Keeper<'_>,
        batches: &Receiver<Result<Masked>>,
        steps: Range<usize>,
    ) -> Result<bool> {
        let Position { step, watched, best, .. } = keeper.live().position.clone();
        // The start is a checkpoint like any other: training that only makes it worse is not exported.
        let starts = step == 0 && best.is_none() && !self.set.validation().is_empty();
        if starts || watched != step && self.is_regular(step) {
            // Or the session before was asked to stop while it looked for the best checkpoint.
            self.save(keeper, true)?;
        }
        let last = steps.end;
        for step in steps {
            let asked = Instant::now();
            let batch = batches.recv().context("the thread that prepares cells has ended")??;
            self.waited += asked.elapsed().as_secs_f64();
            let (gradients, nats) = keeper.live().replicas.gradients(&batch, &slots_of(self.recipe, step))?;
            self.refuse_divergence(step, nats)?;
            let rate = learning_rate(&self.recipe.training, step);
            let mut live = keeper.change();
            let norm = live.replicas.step(&gradients, rate, step);
            self.note(&mut live.position, nats, rate, norm)?;
            drop(live);
            let (stops, regular) = (self.order.stop.asked(), self.is_regular(step + 1));
            if regular || stops || step + 1 == last || self.is_due() {
                self.save(keeper, regular)?;
            }
            if stops && step + 1 < last {
                return Ok(true);
            }
            let waited = step + 1 - keeper.live().position.best_step;
            if regular && (1..=waited).contains(&self.recipe.training.patience) {
                say(&format!("no better for {waited} steps; training ends at step {}", step + 1));
                return Ok(false);
            }
        }
        Ok(false)
    }

    /// Ends the session in a sentence when the loss is not finite.
    fn refuse_divergence(&mut self, step: usize, nats: f64) -> Result<()> {
        if nats.is_finite() {
            return Ok(());
        }
        self.events.write(&json!({ "event": "stopped", "step": step, "reason": "loss is not finite" }))?;
        bail!(
            "the loss is not finite at step {step}; the checkpoint of an earlier step is unharmed. Lower training.peak_rate and train into another --out folder."
        )
    }

    /// Cells per second so far.
    fn speed(&self, position: &Position) -> f64 {
        let cells = (position.step - self.first) * self.recipe.training.batch;
        cells as f64 / self.started.elapsed().as_secs_f64().max(1e-9)
    }

    /// Moves the position on by a step and shows it.
    fn note(&mut self, position: &mut Position, nats: f64, rate: f64, norm: f64) -> Result<()> {
        let bits = bits_per_gene(self.recipe, nats) as f32;
        let smoothed = position.bits_per_gene;
        position.bits_per_gene = if smoothed.is_nan() { bits } else { 0.98 * smoothed + 0.02 * bits };
        position.step += 1;
        let speed = self.speed(position);
        self.shown.reach(position.step as u64);
        let held = self.held.map_or(String::new(), |bytes| format!(", GPU {:.1} GB", bytes as f64 / 1e9));
        let loss = position.bits_per_gene;
        self.shown.note(format!("{loss:.4} bits/gene, rate {rate:.1e}, {speed:.1} cells/s{held}"));
        self.events.write(&json!({ "event": "step", "step": position.step, "bits_per_gene": bits,
            "smoothed": position.bits_per_gene, "rate": rate, "norm": norm, "cells_per_second": speed }))
    }

    /// Saves, after a look at the cells that were set aside when it is a `regular` checkpoint.
    fn save(&mut self, keeper: &Keeper<'_>, regular: bool) -> Result<()> {
        let validation = if regular { self.validation(&keeper.live()) } else { None };
        let mut is_best = false;
        if regular {
            let mut live = keeper.change();
            let position = &mut live.position;
            let watched = validation.unwrap_or(position.bits_per_gene);
            // Before the first step there is no loss but that of cells set aside.
            is_best = !watched.is_nan() && position.best.is_none_or(|best| watched < best);
            if is_best {
                (position.best, position.best_step) = (Some(watched), position.step);
            }
            position.watched = position.step;
        }
        self.held = device_memory();
        keeper.save(is_best)?;
        self.saved = Instant::now();
        let step = keeper.live().position.step;
        self.events.write(&json!({ "event": "checkpoint", "step": step, "validation": validation,
            "best": is_best, "waited": self.waited, "memory": memory(), "device_memory": self.held }))
    }

    /// Bits per gene of the averaged weights on the cells that were set aside, if there are any.
    fn validation(&self, live: &Live) -> Option<f32> {
        let averaged = live.replicas.optimiser().averaged(live.replicas.network(), 0);
        let slots: Vec<usize> = (0..self.recipe.model.group_size).collect();
        let parts = self.set.validation();
        let cells: usize = parts.iter().map(Masked::cells).sum();
        let of_part =
            |part: &Masked| f64::from(loss(&averaged, part, &slots).into_scalar::<f32>()) * part.cells() as f64;
        let nats = parts.iter().map(of_part).sum::<f64>() / cells as f64;
        (cells > 0).then(|| bits_per_gene(self.recipe, nats) as f32)
    }

    /// Says how the session ended.
    pub(super) fn end(mut self, position: &Position, stopped: bool) -> Result<Ended> {
        self.events.write(&json!({ "event": "end", "step": position.step, "stopped": stopped }))?;
        let seconds = self.started.elapsed().max(Duration::from_nanos(1)).as_secs_f64();
        let ended = Ended {
            step: position.step,
            bits_per_gene: position.bits_per_gene,
            cells_per_second: self.speed(position),
            waited: self.waited / seconds,
            stopped,
        };
        drop(self.shown);
        say(&format!(
            "step {} of {}: {:.4} bits per gene, {:.1} cells/s, {:.1} % of the time waiting for cells, in {}{}",
            ended.step,
            self.recipe.training.steps,
            ended.bits_per_gene,
            ended.cells_per_second,
            100.0 * ended.waited,
            self.order.out.display(),
            if stopped { "; stopped, run the same command to go on" } else { "" }
        ));
        Ok(ended)
    }
}
