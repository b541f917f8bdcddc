//! The trainer and the batch tool.
//!
//! Does: carries out the commands of `cli`; words go to standard error, data to files or standard output; exit codes
//! 0 (done), 1 (could not), 2 (wrong usage).
//! Does not know: the web.
//! Flow: h5ad + recipe → `train` → run → `export` → bundle → `sample`, `evaluate`, the page.

mod cli;
mod making;
mod scoring;
mod splitting;

use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use clap::Parser;
use model::bundle::Bundle;
use model::card::Choices;
use model::sample::Effort;

use train_native::device::Backend;
use train_native::{
    bench, bench_store, bench_train, export, generate, inspect, inspect_data, precompute, prepare, report, sample,
    train,
};

use crate::cli::{Cli, Command};

fn run(command: Command) -> anyhow::Result<()> {
    match command {
        Command::Train { data, config, out, device, replicas, save_every, stop_after, dry_run } => {
            if dry_run {
                print!("{}", inspect::training(&data, &config)?);
                return Ok(());
            }
            let order =
                train::Order { data, recipe: config, out, save_every, stop_after, stop: stop_on_ctrl_c("this step")? };
            train::train(&order, &device.devices(replicas)?).map(|_| ())
        }
        Command::Prepare { config, out, dry_run } => {
            if dry_run {
                print!("{}", prepare::describe(&config)?);
                return Ok(());
            }
            let index = prepare::prepare(&config, &out, &*stop_on_ctrl_c("this shard")?)?;
            print!("{}", prepare::summary(&index));
            Ok(())
        }
        Command::Report { run, out } => {
            report::report(&run, &out)?;
            eprintln!("{}", out.display());
            Ok(())
        }
        Command::Inspect(cli::Inspect { data: Some(data), matrix, json, bundle, .. }) => {
            let asked = inspect_data::Asked { data: &data, matrix: matrix.as_deref(), bundle: bundle.as_ref(), json };
            print!("{}", inspect_data::inspect(&asked)?);
            Ok(())
        }
        Command::Inspect(what) => {
            print!(
                "{}",
                inspect::inspect(what.bundle.as_deref(), what.run.as_deref(), what.config.as_deref(), what.genes)?
            );
            if let (Some(bundle), Some(device)) = (&what.bundle, what.device) {
                print!("{}", inspect::agreement(bundle, &device.device()?)?);
            }
            Ok(())
        }
        Command::Export { run, out, best, ema } => {
            let card = export::export(&run, &out, &export::Choice { best, ema }, &Backend::Flex.device()?)?;
            let bytes: u64 = card.files.values().map(|file| file.bytes).sum();
            eprintln!("{}: {:.2} MB in {} files", out.display(), bytes as f64 / 1e6, card.files.len() + 1);
            Ok(())
        }
        Command::Sample(asked) => sampled(asked),
        Command::Precompute(asked) => precomputed(asked),
        Command::Bench { prepare: Some(cells), genes, folder, .. } => {
            print!("{}", bench_store::bench(&folder, cells, genes)?);
            Ok(())
        }
        Command::Bench { preset: Some(preset), genes, batch, accumulate, replicas, json, device, .. } => {
            let asked = bench_train::Asked::of_preset(&preset, genes, batch, accumulate)?;
            let found = bench_train::measure(&asked, &device.devices(replicas)?)?;
            if json {
                println!("{found}")
            } else {
                print!("{}", bench_train::table(&found))
            }
            Ok(())
        }
        Command::Bench { bundle, cells, guidance, steps, device, .. } => {
            let bundle = generate::read_bundle(&bundle, &device.device()?)?;
            let (steps, effort) = (defaults(&bundle, None, steps, 1).steps, effort_of(device));
            print!("{}", bench::bench(&bundle, &bench::Settings { cells, steps, guidance, effort })?);
            let asked = bench_train::Asked::of_config(&bundle.card.model)?;
            print!("{}", bench_train::table(&bench_train::measure(&asked, &device.devices(1)?)?));
            Ok(())
        }
        Command::Split(asked) => splitting::split(asked),
        Command::Semisynthetic(asked) => making::semisynthetic(asked),
        Command::Judge(asked) => scoring::judge(asked),
        Command::Evaluate(asked) => scoring::evaluate(asked),
        Command::Combinations(asked) => scoring::combinations(asked),
    }
}

/// Set by Ctrl-C; a second one ends the program at once.
fn stop_on_ctrl_c(after: &'static str) -> anyhow::Result<Arc<AtomicBool>> {
    let stop = Arc::new(AtomicBool::new(false));
    let asked = Arc::clone(&stop);
    ctrlc::set_handler(move || {
        if asked.swap(true, Ordering::Relaxed) {
            std::process::exit(1);
        }
        eprintln!("\nstopping after {after}; once more to stop at once");
    })?;
    Ok(stop)
}

/// Resolves what `sample` was asked and does it.
fn sampled(asked: cli::Sample) -> anyhow::Result<()> {
    let bundle = generate::read_bundle(&asked.bundle, &asked.device.device()?)?;
    let mut choices = defaults(&bundle, asked.guidance, asked.steps, asked.seed);
    choices.cells = asked.cells;
    for (key, value) in asked.with {
        choices.with.entry(key).or_default().push(value);
    }
    choices.clamp = sample::clamps(&asked.clamp)?;
    let prior = sample::Prior { genes: asked.prior_genes, tables: asked.prior_table, target: asked.prior_target };
    choices.clamp.extend(prior.held(&bundle)?);
    let wanted = sample::wanted(&bundle, &choices, asked.tsv.as_deref())?;
    if asked.dry_run {
        print!("{}", sample::describe(&wanted));
        return Ok(());
    }
    let device = format!("{:?}", asked.device).to_lowercase();
    sample::write(&bundle, &wanted, effort_of(asked.device), &device, &asked.out)
}

/// Makes a bundle's results ahead of time.
fn precomputed(asked: cli::Precompute) -> anyhow::Result<()> {
    // Without those that it has: they are replaced, and may be of other weights.
    let left_out = Some(model::precomputed::PRECOMPUTED);
    let mut bundle = generate::read_bundle_without(&asked.bundle, &asked.device.device()?, left_out)?;
    let settings = precompute::Settings {
        cells: asked.cells,
        top: asked.top,
        most: asked.most,
        points: asked.points,
        seed: asked.seed,
        identities: asked.identities,
        effort: effort_of(asked.device),
        device: asked.device.words().to_owned(),
    };
    if asked.dry_run {
        print!("{}", precompute::plan(&bundle.card, &settings)?.describe());
        return Ok(());
    }
    let found = precompute::precompute(&bundle, &settings, &*stop_on_ctrl_c("this set of cells")?)?;
    let bytes = precompute::write(&asked.bundle, &mut bundle.card, &found)?;
    eprintln!("{}: {}", asked.bundle.display(), precompute::summary(&found, bytes));
    Ok(())
}

/// How much a device does at once.
fn effort_of(device: Backend) -> Effort {
    if device == Backend::Flex { Effort::CPU } else { Effort::GPU }
}

/// Choices with the bundle's own guidance and steps where none are given.
fn defaults(bundle: &Bundle, guidance: Option<f32>, steps: Option<usize>, seed: u64) -> Choices {
    Choices {
        with: std::collections::BTreeMap::new(),
        guidance: guidance.unwrap_or(bundle.card.guidance),
        steps: steps.unwrap_or(bundle.card.steps),
        cells: 1,
        seed,
        clamp: Vec::new(),
    }
}

fn main() -> ExitCode {
    match run(Cli::parse().command) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::from(1)
        }
    }
}
