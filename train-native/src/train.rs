//! A training run.
//!
//! Does: takes the run folder, reads recipe and data, starts or resumes a run, names what it is doing meanwhile, and trains
//! until the last step or until asked to stop.
//! Does not know: how a step is computed (`replicas`), what happens between two steps (`session`), how state is saved in
//! time (`keeper`), what a bundle is (`export`).
//! Flow: recipe + h5ad or store → **run folder** → `export`.

mod keeper;
mod order;
mod session;

use std::time::SystemTime;

use anyhow::{Result, ensure};
use burn::tensor::Device;
use model::config::ModelConfig;
use model::network::Network;

use crate::checkpoint::{self, Position};
use crate::data::{Data, TrainingSet};
use crate::files;
use crate::optimise::{Optimiser, leave_out, tracked};
use crate::output::say;
use crate::plausible::Large;
use crate::recipe::Recipe;
use crate::replicas::{Replicas, tracking};
use crate::run_folder::{self, Note};
use crate::usage;
use crate::{batches, embedding, lock, progress, start};
use keeper::{Keeper, Live};
pub use order::{Ended, Order};
use session::Session;

pub use crate::run_folder::{EVENTS, RECIPE, RUN};

/// Sizes of a network for a training set.
pub fn model_config(recipe: &Recipe, set: &TrainingSet) -> ModelConfig {
    recipe.model.config(set.genes(), [set.conditions.len(), set.condition_values(), set.pairs.len()])
}

/// Everything that a run works on.
struct Work {
    set: TrainingSet,
    network: Network,
    optimiser: Optimiser,
    position: Position,
}

/// Refuses what this machine's memory cannot hold, before it is asked for: at least weights, gradients, moments and
/// averages where they lie in it, and the batches that wait.
fn refuse_too_large(config: &ModelConfig, recipe: &Recipe, device: &Device) -> Result<()> {
    let Some(memory) = usage::machine() else { return Ok(()) };
    let copies = if *device == Device::flex() { 4 + recipe.training.ema.len() as u64 } else { 1 };
    let weights = 4 * copies * config.parameters() as u64;
    // Targets and tokens of 16 bits; one batch in use and those ahead.
    let cells = 4 * (1 + batches::AHEAD as u64) * recipe.training.batch as u64 * config.genes as u64;
    let gigabytes = |bytes: u64| bytes as f64 / 1e9;
    ensure!(
        weights + cells <= memory,
        "a network of {} parameters and batches of {} cells of {} genes need more than {:.1} GB of memory, and this machine has {:.1} GB; lower [model] or training.batch",
        config.parameters(),
        recipe.training.batch,
        config.genes,
        gigabytes(weights + cells),
        gigabytes(memory)
    );
    Ok(())
}

/// Reads the data of a run: training cells, and the fingerprint of all of them.
fn read(order: &Order, recipe: &Recipe) -> Result<(TrainingSet, String)> {
    let reading = progress::phase(format!("reading {}", order.data.display()));
    let data = Data::open(&order.data)?;
    let cells = data.fingerprint(&order.data)?;
    drop(reading);
    let _choosing = progress::phase("choosing training cells and bringing them to tokens");
    let set = TrainingSet::open(data, recipe)?;
    let mut large = Large::default();
    for (cell, name) in set.cells.names.iter().enumerate() {
        let (genes, counts) = set.cells.counts.row(cell);
        large.add(name, genes, counts);
    }
    large.words(&set.cells.genes).iter().for_each(|words| say(words));
    Ok((set, cells))
}

/// Starts or resumes.
fn prepare(order: &Order, recipe: &Recipe, device: &Device) -> Result<Work> {
    let (set, cells) = read(order, recipe)?;
    let fingerprint = run_folder::fingerprint(recipe, &cells)?;
    let config = model_config(recipe, &set);
    config.check()?;
    let inner = device.clone().inner();
    refuse_too_large(&config, recipe, &inner)?;
    let mut optimiser = Optimiser::new(&recipe.training);
    let (network, position) = if checkpoint::exists(&order.out) {
        let _loading = progress::phase("reading the checkpoint");
        let saved = checkpoint::resume(&order.out, &config, &inner)?;
        saved.restore(&mut optimiser, &fingerprint)?;
        say(&format!("resuming at step {}", saved.position.step));
        (saved.network, saved.position)
    } else {
        let network = fresh(&set, &config, recipe, &inner)?;
        (network, Position { step: 0, bits_per_gene: f32::NAN, best: None, best_step: 0, watched: 0, fingerprint })
    };
    let note = Note { data: order.data.clone(), cells: Some(cells), config: config.clone() };
    run_folder::write(&order.out, recipe, &note)?;
    say(&format!(
        "{} training cells, {} genes, {} parameters ({} in the blocks)",
        set.count(),
        config.genes,
        config.parameters(),
        config.block_parameters()
    ));
    Ok(Work { network: tracked(network, device), set, optimiser, position })
}

/// Weights before the first step.
fn fresh(set: &TrainingSet, config: &ModelConfig, recipe: &Recipe, device: &Device) -> Result<Network> {
    let seed = recipe.training.seed;
    let _fitting = progress::phase(format!(
        "setting the starting weights from the data: how {} genes are distributed, respond and vary together",
        config.genes
    ));
    let mut started = start::initialise(config, set, seed, device)?;
    if let Some(table) = &recipe.training.gene_table {
        started = embedding::apply(started, &set.cells.genes, table, seed)?;
    }
    Ok(leave_out(started, &recipe.training.without))
}

/// Trains until the recipe's last step, or until asked to stop, on one device or on several together.
///
/// # Errors
/// When data, recipe, device or disk fail, somebody else trains in the folder, or the loss stops being finite; the last
/// checkpoint stays usable.
pub fn train(order: &Order, devices: &[Device]) -> Result<Ended> {
    let recipe = Recipe::read(&order.recipe)?;
    let parts = devices.len() * recipe.training.accumulate;
    ensure!(
        parts > 0 && recipe.training.batch.is_multiple_of(parts),
        "training.batch is {}; it must be a multiple of {} (devices times training.accumulate)",
        recipe.training.batch,
        parts
    );
    let _own = lock::take(&order.out, "train", SystemTime::now())?;
    files::sweep(&order.out);
    let devices = tracking(devices, &recipe.training);
    let Work { set, network, optimiser, position } = prepare(order, &recipe, &devices[0])?;
    let replicas = Replicas::new(network, optimiser, &devices, &recipe.training);
    let first = position.step;
    let last = recipe.training.steps.min(order.stop_after.unwrap_or(usize::MAX));
    let keeper = Keeper::new(&order.out, recipe.training.keep, &order.stop, Live { replicas, position });
    let mut session = Session::new(order, &set, &recipe, first)?;
    order.stop.holds_state();
    let stopped = std::thread::scope(|scope| {
        let _watched = keeper.watch(scope);
        let batches = batches::ahead(scope, &set, first..last);
        session.run(&keeper, &batches, first..last)
    })?;
    let position = keeper.live().position.clone();
    session.end(&position, stopped)
}
