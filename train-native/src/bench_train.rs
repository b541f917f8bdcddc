//! What a training step costs.
//!
//! Does: takes steps of a preset's sizes and settings (or a bundle's sizes) on random cells, as the trainer would,
//! beside a matrix product that shows what the device can do at best; prints a table, or JSON for
//! `bench/compare.py`, which runs the same network in PyTorch.
//! Does not know: other implementations, real cells.
//! Flow: sizes → steps → **cells/s, share of the peak, memory**.

use std::time::Instant;

use anyhow::{Result, ensure};
use burn::tensor::{Device, FloatDType, Tensor};
use model::config::ModelConfig;
use model::loss::Masked;
use model::network::Network;
use model::pairs::Pairs;
use model::quantise::FIRST_CONDITION;
use model::random::Draws;
use model::statistics::{GeneStatistics, ceiling_token};
use serde_json::{Value, json};

use crate::optimise::{Optimiser, tracked};
use crate::presets;
use crate::recipe::{Precision, Sizes, TrainingRecipe};
use crate::replicas::{Replicas, tracking};
use crate::usage::memory;

/// Side of the square matrices whose product is the peak: of the CPU, and of a GPU.
const SIDES: [usize; 2] = [1024, 8192];
/// Condition slots, and values of each, of a network that no bundle gives.
const CONDITIONS: [usize; 2] = [4, 12];

/// What to measure.
pub struct Asked {
    /// Sizes.
    pub config: ModelConfig,
    /// Settings.
    pub recipe: TrainingRecipe,
    /// Steps timed, after one that is not.
    pub steps: usize,
}

impl Asked {
    /// Sizes of a network, settings of the `page` preset.
    ///
    /// # Errors
    /// When the preset is damaged.
    pub fn of_config(config: &ModelConfig) -> Result<Self> {
        Ok(Self { config: config.clone(), recipe: presets::table("page")?["training"].clone().try_into()?, steps: 4 })
    }

    /// Sizes and settings of a preset; batch and parts may be others.
    ///
    /// # Errors
    /// When there is no such preset, or the batch cannot be cut into its parts.
    pub fn of_preset(name: &str, genes: usize, batch: Option<usize>, accumulate: Option<usize>) -> Result<Self> {
        let table = presets::table(name)?;
        let sizes: Sizes = table["model"].clone().try_into()?;
        let mut recipe: TrainingRecipe = table["training"].clone().try_into()?;
        recipe.batch = batch.unwrap_or(recipe.batch);
        recipe.accumulate = accumulate.unwrap_or(if batch.is_some() { 1 } else { recipe.accumulate });
        ensure!(recipe.batch.is_multiple_of(recipe.accumulate.max(1)), "the batch must be a multiple of its parts");
        let config = sizes.config(genes, [CONDITIONS[0], CONDITIONS[0] * CONDITIONS[1], 0]);
        config.check()?;
        Ok(Self { config, recipe, steps: 4 })
    }

    /// Cells that devices share at a time.
    pub fn part(&self) -> usize {
        self.recipe.batch / self.recipe.accumulate.max(1)
    }
}

/// Takes the steps.
///
/// # Errors
/// When a device fails.
pub fn measure(asked: &Asked, devices: &[Device]) -> Result<Value> {
    let (config, recipe) = (&asked.config, &asked.recipe);
    let tracking = tracking(devices, recipe);
    let peak = peak(&devices[0], recipe.precision);
    let network = Network::init(config, typical(config.genes), Pairs::default(), 1, &devices[0].clone().inner());
    // Evenly from those of the lowest ceilings to those of the highest: what random ones cost on average.
    let count = recipe.slots.clamp(1, config.group_size);
    let slots: Vec<usize> = (0..count).map(|place| (2 * place + 1) * config.group_size / (2 * count)).collect();
    let widths: Vec<usize> = slots.iter().map(|slot| network.values(&[*slot]) / config.groups()).collect();
    let decoded = network.values(&slots) as f64;
    let network = tracked(network, &tracking[0]);
    let mut replicas = Replicas::new(network, Optimiser::new(recipe), &tracking, recipe);
    let (mut seconds, mut preparing, mut nats) = (0.0, 0.0, f64::NAN);
    for step in 0..=asked.steps {
        let started = Instant::now();
        let batch = batch(config, recipe, step);
        let prepared = started.elapsed().as_secs_f64();
        let found;
        (found, nats) = replicas.gradients(&batch, &slots)?;
        replicas.step(&found, 1e-4, step);
        // Reading a weight waits for the device.
        let _ = replicas.network().mean_gain.clone().into_data();
        if step > 0 {
            seconds += started.elapsed().as_secs_f64() - prepared;
            preparing += prepared;
        }
    }
    // Backward costs twice the forward pass.
    let of_cell = config.trunk_flops() + config.reading_flops() + decoded * config.value_flops();
    let flops = 3.0 * recipe.batch as f64 * of_cell;
    let per_step = seconds / asked.steps as f64;
    Ok(json!({
        "config": config, "batch": recipe.batch, "accumulate": recipe.accumulate, "slots": slots.len(),
        "chosen": slots, "widths": widths, "weighting": recipe.weighting,
        "precision": recipe.precision, "devices": devices.len(), "steps": asked.steps, "nats": nats,
        "cells_per_second": recipe.batch as f64 / per_step,
        "gflops": flops / per_step / 1e9,
        "peak_gflops": peak / 1e9,
        "prepare_ms": 1e3 * preparing / asked.steps as f64,
        "memory_gb": memory().map(|bytes| bytes as f64 / 1e9),
    }))
}

/// What was measured, in Markdown.
pub fn table(found: &Value) -> String {
    let number = |key: &str| found[key].as_f64().unwrap_or(f64::NAN);
    let held = found["memory_gb"].as_f64().map_or("-".to_owned(), |bytes| format!("{bytes:.2}"));
    format!(
        "\n{} cells per step in {} parts, {} of {} slots decoded, {}; a matrix product reaches {:.1} GFLOP/s\n\n\
         | | cells/s | GFLOP/s | share of the product's | ms to prepare a batch (beside the step) | most memory, GB |\n\
         |---|---|---|---|---|---|\n| training | {:.1} | {:.1} | {:.0} % | {:.1} | {held} |\n",
        found["batch"],
        found["accumulate"],
        found["slots"],
        found["config"]["group_size"],
        found["precision"].as_str().unwrap_or_default(),
        number("peak_gflops"),
        number("cells_per_second"),
        number("gflops"),
        100.0 * number("gflops") / number("peak_gflops"),
        number("prepare_ms"),
    )
}

/// Statistics of genes as a measured transcriptome has them: most are counted up to a handful, a few to hundreds.
fn typical(genes: usize) -> GeneStatistics {
    let mut statistics = GeneStatistics::flat(genes);
    for gene in 0..genes {
        let rest = 1.0 - gene as f64 / genes as f64;
        let largest = (1.0 + 0.4 * rest.powf(-0.95)).min(3000.0);
        statistics.ceiling[gene] = ceiling_token(largest as u32);
        statistics.log_mean[gene] = (0.05 * largest).ln() as f32;
    }
    statistics
}

/// Random cells: mostly zeros, as measured ones are.
fn batch(config: &ModelConfig, recipe: &TrainingRecipe, step: usize) -> Masked {
    let mut draws = Draws::new(1, step as u64);
    let targets = (0..recipe.batch * config.genes).map(|_| draws.below(100).saturating_sub(90) as u16).collect();
    let values = (config.condition_values / config.condition_slots.max(1)).max(1) as i32;
    let slots = (0..recipe.batch).flat_map(|_| 0..config.condition_slots as i32);
    let conditions = slots.map(|slot| FIRST_CONDITION + slot * values).collect();
    Masked::draw(targets, conditions, config.genes, recipe.weighting, &mut draws)
}

/// Floating-point operations per second of a plain matrix product in a number type, the best of a few.
fn peak(device: &Device, precision: Precision) -> f64 {
    let device = device.clone().inner();
    let side = SIDES[usize::from(device != Device::flex())];
    let ones = Tensor::<2>::ones([side, side], &device);
    let matrix = if precision == Precision::Bf16 { ones.cast(FloatDType::BF16) } else { ones };
    let once = || {
        let started = Instant::now();
        // Reading one number waits for the product without moving all of it.
        let _ = matrix.clone().matmul(matrix.clone()).slice([0..1, 0..1]).into_data();
        2.0 * (side as f64).powi(3) / started.elapsed().as_secs_f64()
    };
    (0..5).map(|_| once()).fold(0.0, f64::max)
}
