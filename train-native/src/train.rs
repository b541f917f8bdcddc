//! The training loop.
//!
//! Does: starts or resumes a run, steps, shows progress with the time left, writes one JSON line per
//! event, saves checkpoints, stops in order on Ctrl-C-like limits and on a loss that is not finite.
//! Does not know: how a step is computed (`optimise`), what a bundle is (`export`).
//! Flow: recipe + h5ad → **run folder**: recipe.toml, events.jsonl, checkpoint.safetensors.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::Instant;

use anyhow::{Context, Result, bail};
use burn::tensor::Device;
use indicatif::{ProgressBar, ProgressStyle};
use model::bundle::sha256;
use model::config::ModelConfig;
use model::loss::loss;
use model::network::Network;
use model::random::Draws;
use serde_json::json;

use crate::checkpoint::{self, Position};
use crate::data::{TrainingSet, read_cells};
use crate::files::write_atomic;
use crate::marginals;
use crate::optimise::{Optimiser, learning_rate, tracked};
use crate::recipe::Recipe;

/// Name of the recipe in a run's folder.
pub const RECIPE: &str = "recipe.toml";
/// Where a run notes which data it uses.
pub const RUN: &str = "run.json";
/// Stream of the slot choices.
const SLOT_STREAM: u64 = 1 << 42;

/// What `train` was asked to do.
pub struct Order {
    /// h5ad file.
    pub data: PathBuf,
    /// Recipe.
    pub recipe: PathBuf,
    /// Run folder.
    pub out: PathBuf,
    /// Steps between checkpoints.
    pub save_every: usize,
    /// Stop after this step as if interrupted (the run can be resumed).
    pub stop_after: Option<usize>,
}

/// Sizes of a network for a training set.
pub fn model_config(recipe: &Recipe, set: &TrainingSet) -> ModelConfig {
    ModelConfig {
        genes: set.genes(),
        group_size: recipe.model.group_size,
        width: recipe.model.width,
        blocks: recipe.model.blocks,
        heads: recipe.model.heads,
        feed_width: recipe.model.feed_width,
        rank: recipe.model.rank,
        summary: recipe.model.summary,
        condition_slots: set.conditions.len(),
        condition_values: set.condition_values(),
    }
}

/// One line per event.
struct Events(std::fs::File);

impl Events {
    fn open(folder: &Path) -> Result<Self> {
        let path = folder.join("events.jsonl");
        let file = std::fs::OpenOptions::new().create(true).append(true).open(&path);
        Ok(Self(file.with_context(|| format!("cannot write {}", path.display()))?))
    }

    fn write(&mut self, event: &serde_json::Value) -> Result<()> {
        writeln!(self.0, "{event}").context("cannot write the run's events (is the disk full?)")
    }
}

/// Everything that a run works on.
struct Work {
    recipe: Recipe,
    set: TrainingSet,
    network: Network,
    optimiser: Optimiser,
    position: Position,
}

/// Starts or resumes.
fn prepare(order: &Order, device: &Device) -> Result<Work> {
    let recipe = Recipe::read(&order.recipe)?;
    let data = std::fs::read(&order.data).with_context(|| format!("cannot read {}", order.data.display()))?;
    let text = toml::to_string(&recipe)?;
    let fingerprint = sha256(format!("{}{}", sha256(text.as_bytes()), sha256(&data)).as_bytes());
    drop(data);
    let set = TrainingSet::new(read_cells(&order.data)?, &recipe)?;
    let config = model_config(&recipe, &set);
    config.check()?;
    let inner = device.clone().inner();
    let mut optimiser = Optimiser::new(&recipe.training);
    let (network, position) = if order.out.join(checkpoint::FILE).exists() {
        let saved = checkpoint::load(&order.out, &config, &inner)?;
        saved.restore(&mut optimiser, &fingerprint)?;
        eprintln!("resuming at step {}", saved.position.step);
        (saved.network, saved.position)
    } else {
        let fresh = Network::init(&config, recipe.training.seed, &inner);
        let position = Position { step: 0, bits_per_gene: f32::NAN, fingerprint };
        (marginals::initialise(fresh, &set, recipe.training.seed, &inner), position)
    };
    write_atomic(&order.out.join(RECIPE), text.as_bytes())?;
    let note = json!({ "data": order.data, "config": config });
    write_atomic(&order.out.join(RUN), serde_json::to_string_pretty(&note)?.as_bytes())?;
    eprintln!(
        "{} training cells, {} genes, {} parameters ({} in the blocks)",
        set.cells.len(),
        config.genes,
        config.parameters(),
        config.block_parameters()
    );
    Ok(Work { network: tracked(network, device), recipe, set, optimiser, position })
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

/// Trains until the recipe's last step.
///
/// # Errors
/// When data, recipe or disk fail, or the loss stops being finite; the last checkpoint stays usable.
pub fn train(order: &Order, device: &Device) -> Result<()> {
    let device = device.clone().autodiff();
    let mut work = prepare(order, &device)?;
    let mut events = Events::open(&order.out)?;
    let last = work.recipe.training.steps.min(order.stop_after.unwrap_or(usize::MAX));
    let bar = progress_bar(work.recipe.training.steps, work.position.step);
    let started = Instant::now();
    let first = work.position.step;
    events.write(&json!({ "event": "start", "step": first, "cells": work.set.cells.len() }))?;
    for step in first..last {
        let rate = learning_rate(&work.recipe.training, step);
        let value = loss(&work.network, &work.set.batch(step), &slots_of(&work.recipe, step));
        let nats: f64 = value.clone().into_scalar::<f32>().into();
        if !nats.is_finite() {
            events.write(&json!({ "event": "stopped", "step": step, "reason": "loss is not finite" }))?;
            bail!(
                "the loss is not finite at step {step}; the checkpoint of an earlier step is unharmed. Lower training.peak_rate and run the same command again."
            );
        }
        let (network, norm) = work.optimiser.step(work.network, &value, rate, step);
        work.network = network;
        let bits = bits_per_gene(&work.recipe, nats) as f32;
        let smoothed = work.position.bits_per_gene;
        work.position.bits_per_gene = if smoothed.is_nan() { bits } else { 0.98 * smoothed + 0.02 * bits };
        work.position.step = step + 1;
        let speed = ((step + 1 - first) * work.recipe.training.batch) as f64 / started.elapsed().as_secs_f64();
        bar.set_position(step as u64 + 1);
        bar.set_message(format!("{:.4} bits/gene, {speed:.1} cells/s", work.position.bits_per_gene));
        events.write(&json!({ "event": "step", "step": step + 1, "bits_per_gene": bits,
            "smoothed": work.position.bits_per_gene, "rate": rate, "norm": norm, "cells_per_second": speed }))?;
        if (step + 1) % order.save_every.max(1) == 0 || step + 1 == last {
            checkpoint::save(&order.out, &work.network, &work.optimiser, &work.position)?;
            events.write(&json!({ "event": "checkpoint", "step": step + 1 }))?;
        }
    }
    bar.abandon();
    events.write(&json!({ "event": "end", "step": work.position.step }))?;
    eprintln!(
        "step {}: {:.4} bits per gene, in {}",
        work.position.step,
        work.position.bits_per_gene,
        order.out.display()
    );
    Ok(())
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
