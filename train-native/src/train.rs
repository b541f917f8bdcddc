//! The training loop.
//!
//! Does: starts or resumes a run, steps, shows progress with the time left, writes one JSON line per
//! event, watches the cells that were set aside, saves checkpoints, stops in order when asked to and
//! on a loss that is not finite.
//! Does not know: how a step is computed (`optimise`), what a bundle is (`export`).
//! Flow: recipe + h5ad → **run folder**: recipe.toml, events.jsonl, checkpoint.safetensors.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use anyhow::{Context, Result, bail, ensure};
use burn::tensor::Device;
use indicatif::{ProgressBar, ProgressStyle};
use model::bundle::sha256;
use model::config::ModelConfig;
use model::loss::{Masked, loss};
use model::network::Network;
use model::random::Draws;
use serde_json::json;

use crate::batches;
use crate::checkpoint::{self, Position};
use crate::data::{Data, TrainingSet};
use crate::files::write_atomic;
use crate::optimise::{Optimiser, learning_rate, leave_out, tracked};
use crate::recipe::Recipe;
use crate::replicas::{Replicas, tracking};
use crate::usage::{device_memory, memory};
use crate::{embedding, start};

/// Name of the recipe in a run's folder.
pub const RECIPE: &str = "recipe.toml";
/// Where a run notes which data it uses.
pub const RUN: &str = "run.json";
/// One JSON object per event.
pub const EVENTS: &str = "events.jsonl";
/// Stream of the slot choices.
const SLOT_STREAM: u64 = 1 << 42;

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
    /// Stop after this step as if interrupted (the run can be resumed).
    pub stop_after: Option<usize>,
    /// Set to stop after the step in work, with a checkpoint (Ctrl-C).
    pub stop: Arc<AtomicBool>,
}

/// Sizes of a network for a training set.
pub fn model_config(recipe: &Recipe, set: &TrainingSet) -> ModelConfig {
    recipe.model.config(set.genes(), [set.conditions.len(), set.condition_values(), set.pairs.len()])
}

/// One line per event.
struct Events(std::fs::File);

impl Events {
    fn open(folder: &Path) -> Result<Self> {
        let path = folder.join(EVENTS);
        let file = std::fs::OpenOptions::new().create(true).append(true).open(&path);
        Ok(Self(file.with_context(|| format!("cannot write {}", path.display()))?))
    }

    fn write(&mut self, event: &serde_json::Value) -> Result<()> {
        writeln!(self.0, "{event}").context("cannot write the run's events (is the disk full?)")
    }
}

/// Everything that a run works on.
struct Work {
    set: TrainingSet,
    network: Network,
    optimiser: Optimiser,
    position: Position,
}

/// Starts or resumes.
fn prepare(order: &Order, recipe: &Recipe, device: &Device) -> Result<Work> {
    let text = toml::to_string(recipe)?;
    // What a bundle says of itself may be put in better words while it trains, or afterwards.
    let mut asked = toml::Table::try_from(recipe)?;
    asked.remove("card");
    let asked = sha256(toml::to_string(&asked)?.as_bytes());
    let data = Data::open(&order.data)?;
    let fingerprint = sha256(format!("{asked}{}", data.fingerprint(&order.data)?).as_bytes());
    let set = TrainingSet::open(data, recipe)?;
    let config = model_config(recipe, &set);
    config.check()?;
    let inner = device.clone().inner();
    let mut optimiser = Optimiser::new(&recipe.training);
    let (network, position) = if checkpoint::exists(&order.out) {
        let saved = checkpoint::load(&order.out, &config, &inner)?;
        saved.restore(&mut optimiser, &fingerprint)?;
        eprintln!("resuming at step {}", saved.position.step);
        (saved.network, saved.position)
    } else {
        let position = Position { step: 0, bits_per_gene: f32::NAN, best: None, fingerprint };
        let mut started = start::initialise(&config, &set, recipe.training.seed, &inner)?;
        if let Some(table) = &recipe.training.gene_table {
            started = embedding::apply(started, &set.cells.genes, table, recipe.training.seed)?;
        }
        (leave_out(started, &recipe.training.without), position)
    };
    write_atomic(&order.out.join(RECIPE), text.as_bytes())?;
    let note = json!({ "data": order.data, "config": config });
    write_atomic(&order.out.join(RUN), serde_json::to_string_pretty(&note)?.as_bytes())?;
    eprintln!(
        "{} training cells, {} genes, {} parameters ({} in the blocks)",
        set.count(),
        config.genes,
        config.parameters(),
        config.block_parameters()
    );
    Ok(Work { network: tracked(network, device), set, optimiser, position })
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

/// What the loop of one session knows.
struct Session<'a> {
    order: &'a Order,
    set: &'a TrainingSet,
    recipe: &'a Recipe,
    events: Events,
    bar: ProgressBar,
    started: Instant,
    /// First step of this session.
    first: usize,
    /// Seconds that the loop waited for cells.
    waited: f64,
    /// GPU memory in use at the last checkpoint.
    held: Option<u64>,
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

/// Trains until the recipe's last step, or until asked to stop, on one device or on several together.
///
/// # Errors
/// When data, recipe, device or disk fail, or the loss stops being finite; the last checkpoint stays usable.
pub fn train(order: &Order, devices: &[Device]) -> Result<Ended> {
    let recipe = Recipe::read(&order.recipe)?;
    let parts = devices.len() * recipe.training.accumulate;
    ensure!(
        parts > 0 && recipe.training.batch.is_multiple_of(parts),
        "training.batch is {}; it must be a multiple of {} (devices times training.accumulate)",
        recipe.training.batch,
        parts
    );
    let devices = tracking(devices, &recipe.training);
    let Work { set, network, optimiser, mut position } = prepare(order, &recipe, &devices[0])?;
    let mut replicas = Replicas::new(network, optimiser, &devices, &recipe.training);
    let last = recipe.training.steps.min(order.stop_after.unwrap_or(usize::MAX));
    let first = position.step;
    let mut session = Session {
        events: Events::open(&order.out)?,
        bar: progress_bar(recipe.training.steps, first),
        started: Instant::now(),
        waited: 0.0,
        held: None,
        order,
        set: &set,
        recipe: &recipe,
        first,
    };
    session.events.write(&json!({ "event": "start", "step": first, "cells": set.count() }))?;
    let mut stopped = false;
    std::thread::scope(|scope| -> Result<()> {
        let batches = batches::ahead(scope, &set, first..last);
        for step in first..last {
            let asked = Instant::now();
            let batch = batches.recv().context("the thread that prepares cells has ended")??;
            session.waited += asked.elapsed().as_secs_f64();
            let rate = learning_rate(&recipe.training, step);
            let (gradients, nats) = replicas.gradients(&batch, &slots_of(&recipe, step))?;
            session.refuse_divergence(step, nats)?;
            let norm = replicas.step(&gradients, rate, step);
            session.note(&mut position, nats, rate, norm)?;
            stopped = order.stop.load(Ordering::Relaxed);
            if (step + 1) % order.save_every.max(1) == 0 || step + 1 == last || stopped {
                session.save(replicas.network(), replicas.optimiser(), &mut position)?;
            }
            if stopped {
                break;
            }
        }
        Ok(())
    })?;
    session.bar.abandon();
    session.end(&position, stopped)
}

impl Session<'_> {
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
        self.bar.set_position(position.step as u64);
        let held = self.held.map_or(String::new(), |bytes| format!(", GPU {:.1} GB", bytes as f64 / 1e9));
        let loss = position.bits_per_gene;
        self.bar.set_message(format!("{loss:.4} bits/gene, rate {rate:.1e}, {speed:.1} cells/s{held}"));
        self.events.write(&json!({ "event": "step", "step": position.step, "bits_per_gene": bits,
            "smoothed": position.bits_per_gene, "rate": rate, "norm": norm, "cells_per_second": speed }))
    }

    /// Saves, after a look at the cells that were set aside.
    fn save(&mut self, network: &Network, optimiser: &Optimiser, position: &mut Position) -> Result<()> {
        let validation = self.validation(network, optimiser);
        let watched = validation.unwrap_or(position.bits_per_gene);
        let is_best = position.best.is_none_or(|best| watched < best);
        if is_best {
            position.best = Some(watched);
        }
        self.held = device_memory();
        checkpoint::save(&self.order.out, network, optimiser, position, (self.recipe.training.keep, is_best))?;
        self.events.write(&json!({ "event": "checkpoint", "step": position.step, "validation": validation,
            "best": is_best, "waited": self.waited, "memory": memory(), "device_memory": self.held }))
    }

    /// Bits per gene of the averaged weights on the cells that were set aside, if there are any.
    fn validation(&self, network: &Network, optimiser: &Optimiser) -> Option<f32> {
        let averaged = optimiser.averaged(network, 0);
        let slots: Vec<usize> = (0..self.recipe.model.group_size).collect();
        let parts = self.set.validation();
        let cells: usize = parts.iter().map(Masked::cells).sum();
        let of_part =
            |part: &Masked| f64::from(loss(&averaged, part, &slots).into_scalar::<f32>()) * part.cells() as f64;
        let nats = parts.iter().map(of_part).sum::<f64>() / cells as f64;
        (cells > 0).then(|| bits_per_gene(self.recipe, nats) as f32)
    }

    /// Says how the session ended.
    fn end(mut self, position: &Position, stopped: bool) -> Result<Ended> {
        self.events.write(&json!({ "event": "end", "step": position.step, "stopped": stopped }))?;
        let seconds = self.started.elapsed().as_secs_f64().max(1e-9);
        let ended = Ended {
            step: position.step,
            bits_per_gene: position.bits_per_gene,
            cells_per_second: self.speed(position),
            waited: self.waited / seconds,
            stopped,
        };
        eprintln!(
            "step {}: {:.4} bits per gene, {:.1} cells/s, {:.1} % of the time waiting for cells, in {}{}",
            ended.step,
            ended.bits_per_gene,
            ended.cells_per_second,
            100.0 * ended.waited,
            self.order.out.display(),
            if stopped { "; stopped, run the same command to go on" } else { "" }
        );
        Ok(ended)
    }
}

/// A bar with the time left, on standard error.
fn progress_bar(steps: usize, done: usize) -> ProgressBar {
    let bar = ProgressBar::new(steps as u64);
    if let Ok(style) = ProgressStyle::with_template("{bar:30} {pos}/{len} steps, {eta} left, {msg}") {
        bar.set_style(style);
    }
    bar.set_position(done as u64);
    bar.reset_eta();
    bar
}
