//! What a generated cell costs, and a training step.
//!
//! Does: runs the sampler on a bundle and prints arithmetic, dispatches and time per cell, for plain and
//! for guided sampling; takes training steps of the same sizes beside a matrix product that shows what
//! the device can do at best.
//! Does not know: what the cells mean; other implementations.
//! Flow: bundle → sampler → **table**.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::time::Instant;

use anyhow::{Context, Result};
use burn::tensor::{Device, Tensor};
use model::bundle::Bundle;
use model::card::{Choices, Kind};
use model::loss::{Masked, loss};
use model::random::Draws;
use model::sample::{Effort, Run};

use crate::generate::wait;
use crate::optimise::{Optimiser, gradients, tracked};
use crate::presets;
use crate::recipe::TrainingRecipe;
use crate::train::memory;

/// Rows of logits held at once on a GPU.
pub const ROWS: usize = Effort::GPU.rows;
/// Steps timed, after one that is not.
const STEPS: usize = 4;
/// Side of the square matrices whose product is the peak.
const SIDE: usize = 1024;

/// What `bench` was asked to do.
pub struct Settings {
    /// Cells of each run.
    pub cells: usize,
    /// Sampling steps.
    pub steps: usize,
    /// Guidance of the guided run.
    pub guidance: f32,
    /// How much at once.
    pub effort: Effort,
}

/// Runs both ways and returns the table, in Markdown.
///
/// # Errors
/// When the device fails.
pub fn bench(bundle: &Bundle, settings: &Settings) -> Result<String> {
    let config = &bundle.card.model;
    let mut text = format!(
        "{}: {} parameters, {} genes, {} cells at {} steps, {} cells and {} rows at once\n\n\
         | | MFLOP per cell | dispatches per cell | ms per cell | GFLOP/s |\n|---|---|---|---|---|\n",
        bundle.card.name,
        config.parameters(),
        config.genes,
        settings.cells,
        settings.steps,
        settings.effort.cells,
        settings.effort.rows
    );
    for (name, with, guidance) in [("plain", BTreeMap::new(), 0.0), ("guided", perturbation(bundle), settings.guidance)]
    {
        let choices =
            Choices { with, guidance, steps: settings.steps, cells: settings.cells, seed: 1, clamp: Vec::new() };
        let request = bundle.request(&choices)?;
        let started = Instant::now();
        let mut run = Run::new(&bundle.network, request, settings.effort);
        while !run.is_finished() {
            wait(run.step(&bundle.network)).context("the device failed while sampling")?;
        }
        let seconds = started.elapsed().as_secs_f64();
        let cells = settings.cells as f64;
        let (flops, dispatches) = (run.work().flops(config), run.work().dispatches(config));
        writeln!(
            text,
            "| {name} | {:.0} | {:.0} | {:.1} | {:.1} |",
            flops / cells / 1e6,
            dispatches / cells,
            1e3 * seconds / cells,
            flops / seconds / 1e9
        )?;
    }
    Ok(text)
}

/// Takes training steps on random cells, with the sizes of a bundle and the settings of the `page` preset.
///
/// # Errors
/// When the device fails.
pub fn bench_training(bundle: &Bundle, device: &Device) -> Result<String> {
    let recipe: TrainingRecipe = presets::table("page")?["training"].clone().try_into()?;
    let config = &bundle.card.model;
    let peak = peak(device);
    let mut network = tracked(bundle.network.clone(), &device.clone().autodiff());
    let mut optimiser = Optimiser::new(&recipe);
    let slots: Vec<usize> = (0..recipe.slots.min(config.group_size)).collect();
    let (mut seconds, mut preparing) = (0.0, 0.0);
    for step in 0..=STEPS {
        let started = Instant::now();
        let batch = batch(bundle, recipe.batch, step);
        let prepared = started.elapsed().as_secs_f64();
        let value = loss(&network, &batch, &slots);
        let found = gradients(&network, &value);
        (network, _) = optimiser.step(network, &found, 1e-4, step);
        // Reading a weight waits for the device.
        let _ = network.output_bias.clone().into_data();
        if step > 0 {
            seconds += started.elapsed().as_secs_f64() - prepared;
            preparing += prepared;
        }
    }
    // Backward costs twice the forward pass.
    let decoded = config.genes as f64 * slots.len() as f64 / config.group_size as f64;
    let flops = 3.0 * recipe.batch as f64 * (config.trunk_flops() + decoded * config.gene_flops());
    let per_step = seconds / STEPS as f64;
    let held = memory().map_or("-".to_owned(), |bytes| format!("{:.2}", bytes as f64 / 1e9));
    Ok(format!(
        "\n{} cells per step, {} of {} slots decoded; a {SIDE} x {SIDE} matrix product reaches {:.1} GFLOP/s\n\n\
         | | cells/s | GFLOP/s | share of the product's | ms to prepare a batch (beside the step) | most memory, GB |\n\
         |---|---|---|---|---|---|\n| training | {:.1} | {:.1} | {:.0} % | {:.1} | {held} |\n",
        recipe.batch,
        slots.len(),
        config.group_size,
        peak / 1e9,
        recipe.batch as f64 / per_step,
        flops / per_step / 1e9,
        100.0 * flops / per_step / peak,
        1e3 * preparing / STEPS as f64,
    ))
}

/// Random cells: mostly zeros, as measured ones are.
fn batch(bundle: &Bundle, cells: usize, step: usize) -> Masked {
    let mut draws = Draws::new(1, step as u64);
    let genes = bundle.card.model.genes;
    let targets = (0..cells * genes).map(|_| draws.below(100).saturating_sub(90) as u16).collect();
    let conditions = (0..cells).flat_map(|_| bundle.card.conditions.iter().map(|own| own.values[0].token)).collect();
    Masked::draw(targets, conditions, genes, 0.0, &mut draws)
}

/// Floating-point operations per second of a plain matrix product, the best of a few.
fn peak(device: &Device) -> f64 {
    let matrix = Tensor::<2>::ones([SIDE, SIDE], device);
    let once = || {
        let started = Instant::now();
        let _ = matrix.clone().matmul(matrix.clone()).into_data();
        2.0 * (SIDE as f64).powi(3) / started.elapsed().as_secs_f64()
    };
    (0..5).map(|_| once()).fold(0.0, f64::max)
}

/// The first perturbation that is not the control.
fn perturbation(bundle: &Bundle) -> BTreeMap<String, Vec<String>> {
    let condition = bundle.card.of_kind(Kind::Perturbation);
    let value = condition.and_then(|condition| {
        let value = condition.values.iter().find(|value| Some(&value.value) != condition.control.as_ref())?;
        Some((condition.key.clone(), vec![value.value.clone()]))
    });
    value.into_iter().collect()
}
