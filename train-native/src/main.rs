//! The trainer and the batch tool.
//!
//! Does: carries out the commands of `cli`; words go to standard error, data to files or standard output; exit codes
//! 0 (done), 1 (could not), 2 (wrong usage), 128 and a signal's number (asked to stop before it was done: 130 by Ctrl-C,
//! 143 by SIGTERM, 129 by SIGHUP, 138 by SIGUSR1).
//! Does not know: the web.
//! Flow: h5ad + recipe → `train` → run → `export` → bundle → `sample`, `evaluate`, the page.

// What is said and printed goes through `output`: the macros panic where a pipe was closed.
#![warn(clippy::print_stdout, clippy::print_stderr)]

mod cli;
mod judging;
mod making;
mod scoring;
mod signals;
mod splitting;

use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;

use clap::Parser;
use model::bundle::Bundle;
use model::card::Choices;
use model::sample::Effort;

use train_native::device::Backend;
use train_native::output::{print, say};
use train_native::stop::{GRACE, Stopped};
use train_native::{
    advise, bench, bench_store, bench_train, export, files, generate, inspect, inspect_data, output, precompute,
    predict, prepare, progress, report, sample, sweep, train,
};

use crate::cli::{Cli, Command};

/// Environment variable with the seconds between two lines of progress where there is no terminal.
const INTERVAL: &str = "WELLPLATE_PROGRESS_SECONDS";

/// How a command ended.
enum Done {
    /// What was asked for was printed.
    Printed,
    /// What was asked for is in files; what was printed besides may be lost.
    Kept,
    /// It was asked to stop before, and can be gone on with: the exit code.
    Part(u8),
}

/// Hears signals for the commands that do not do so themselves.
fn hear(command: &Command) -> anyhow::Result<()> {
    match command {
        Command::Train(_) | Command::Prepare { .. } | Command::Precompute(_) => Ok(()),
        Command::Sample(_) => signals::end_at_once(
            "no file is half-written; of more than a thousand cells the parts that were finished are kept, and the same \
             command goes on from them",
        ),
        _ => signals::end_at_once("no file is half-written; the same command begins anew"),
    }
}

fn run(command: Command) -> anyhow::Result<Done> {
    hear(&command)?;
    match command {
        Command::Recipe(asked) => advised(&asked),
        Command::Train(asked) => trained(asked),
        Command::Prepare { config, out, dry_run } => prepared(&config, &out, dry_run),
        Command::Precompute(asked) => precomputed(asked),
        Command::Report { run, out } => {
            report::report(&run, &out)?;
            say(&out.display().to_string());
            Ok(Done::Kept)
        }
        Command::Inspect(cli::Inspect { data: Some(data), matrix, json, bundle, .. }) => {
            let asked = inspect_data::Asked { data: &data, matrix: matrix.as_deref(), bundle: bundle.as_ref(), json };
            print(&inspect_data::inspect(&asked)?);
            Ok(Done::Printed)
        }
        Command::Inspect(what) => {
            let (bundle, run, config) = (what.bundle.as_deref(), what.run.as_deref(), what.config.as_deref());
            print(&inspect::inspect(bundle, run, config, what.genes)?);
            if let (Some(bundle), Some(device)) = (bundle, what.device) {
                print(&inspect::agreement(bundle, &device.device()?)?);
            }
            Ok(Done::Printed)
        }
        Command::Export { run, out, best, ema, data } => {
            let card = export::export(&run, &out, &export::Choice { best, ema, data }, &Backend::Flex.device()?)?;
            let bytes: u64 = card.files.values().map(|file| file.bytes).sum();
            say(&format!("{}: {:.2} MB in {} files", out.display(), bytes as f64 / 1e6, card.files.len() + 1));
            Ok(Done::Kept)
        }
        Command::Sample(asked) => sampled(asked),
        Command::Predict(asked) => predicted(asked),
        Command::Sweep(asked) => swept(asked),
        Command::Bench { prepare: Some(cells), genes, folder, .. } => {
            print(&bench_store::bench(&folder, cells, genes)?);
            Ok(Done::Printed)
        }
        Command::Bench { preset: Some(preset), genes, batch, accumulate, replicas, json, device, .. } => {
            let asked = bench_train::Asked::of_preset(&preset, genes, batch, accumulate)?;
            let found = bench_train::measure(&asked, &device.sharing(replicas, asked.part())?)?;
            print(&if json { format!("{found}\n") } else { bench_train::table(&found) });
            Ok(Done::Printed)
        }
        Command::Bench { bundle, cells, guidance, steps, device, .. } => {
            let bundle = generate::read_bundle(&bundle, &device.device()?)?;
            let (steps, effort) = (defaults(&bundle, None, steps, 1).steps, effort_of(device));
            print(&bench::bench(&bundle, &bench::Settings { cells, steps, guidance, effort })?);
            let asked = bench_train::Asked::of_config(&bundle.card.model)?;
            print(&bench_train::table(&bench_train::measure(&asked, &device.sharing(None, asked.part())?)?));
            Ok(Done::Printed)
        }
        Command::Split(asked) => splitting::split(asked).map(|()| Done::Printed),
        Command::Semisynthetic(asked) => making::semisynthetic(asked).map(|()| Done::Printed),
        Command::FromMeans(asked) => making::from_means(asked).map(|()| Done::Printed),
        Command::Judge(asked) => judging::judge(asked).map(|()| Done::Printed),
        Command::Evaluate(asked) => scoring::evaluate(asked).map(|()| Done::Printed),
        Command::Combinations(asked) => scoring::combinations(asked).map(|()| Done::Printed),
        Command::Rewriting(asked) => scoring::rewriting(asked).map(|()| Done::Printed),
    }
}

/// Writes a recipe for a file.
fn advised(asked: &cli::WriteRecipe) -> anyhow::Result<Done> {
    let there = asked.out.as_ref().filter(|out| out.exists());
    anyhow::ensure!(
        there.is_none(),
        "{} is there already; a recipe that was worked on is not written over",
        there.map(|out| out.display().to_string()).unwrap_or_default()
    );
    let text = advise::recipe(&asked.data, asked.out.as_deref())?;
    let Some(out) = &asked.out else {
        print(&text);
        return Ok(Done::Printed);
    };
    files::write_atomic(out, text.as_bytes())?;
    say(&out.display().to_string());
    Ok(Done::Kept)
}

/// Trains, or says what would be trained.
fn trained(asked: cli::Train) -> anyhow::Result<Done> {
    if asked.dry_run {
        print(&inspect::training(&asked.data, &asked.config)?);
        return Ok(Done::Printed);
    }
    let stop = signals::listen("this step; the same command goes on", Duration::from_secs(asked.grace))?;
    let order = train::Order {
        data: asked.data,
        recipe: asked.config,
        out: asked.out,
        save_every: asked.save_every,
        save_minutes: Some(asked.save_minutes),
        stop_after: asked.stop_after,
        stop: std::sync::Arc::clone(&stop),
    };
    let recipe = train_native::recipe::Recipe::read(&order.recipe)?.training;
    let devices = asked.device.sharing(asked.replicas, recipe.batch / recipe.accumulate.max(1))?;
    let ended = train::train(&order, &devices)?;
    Ok(if ended.stopped { Done::Part(stop.code()) } else { Done::Kept })
}

/// Makes a store, or says what would be made.
fn prepared(config: &Path, out: &Path, dry_run: bool) -> anyhow::Result<Done> {
    if dry_run {
        print(&prepare::describe(config)?);
        return Ok(Done::Printed);
    }
    let stop = signals::listen("this shard; the same command goes on", GRACE)?;
    match prepare::prepare(config, out, &stop) {
        Ok(index) => {
            print(&prepare::summary(&index));
            Ok(Done::Kept)
        }
        Err(error) => stopped(error, stop.code()),
    }
}

/// An error, or that a command was asked to stop.
fn stopped(error: anyhow::Error, code: u8) -> anyhow::Result<Done> {
    match error.downcast_ref::<Stopped>() {
        Some(words) => {
            say(&words.to_string());
            Ok(Done::Part(code))
        }
        None => Err(error),
    }
}

/// Resolves what `sample` was asked and does it.
fn sampled(asked: cli::Sample) -> anyhow::Result<Done> {
    let reading = progress::phase(format!("reading the bundle {}", asked.bundle.display()));
    let bundle = generate::read_bundle(&asked.bundle, &asked.device.device()?)?;
    drop(reading);
    let mut choices = defaults(&bundle, asked.guidance, asked.steps, asked.seed);
    choices.cells = asked.cells;
    for (key, value) in asked.with {
        choices.with.entry(key).or_default().push(value);
    }
    choices.clamp = sample::clamps(&asked.clamp)?;
    let prior = sample::Prior { genes: asked.prior_genes, tables: asked.prior_table, target: asked.prior_target };
    choices.clamp.extend(prior.held(&bundle)?);
    let tables = sample::Tables { grid: asked.grid, perturbations: asked.tsv };
    let wanted = sample::wanted(&bundle, &choices, &tables)?;
    if asked.dry_run {
        print(&sample::describe(&wanted));
        return Ok(Done::Printed);
    }
    let device = format!("{:?}", asked.device).to_lowercase();
    let effort = effort_of(asked.device);
    let output = sample::Output { effort, device: &device, out: &asked.out, expects: asked.expected };
    sample::write(&bundle, &wanted, &output)?;
    Ok(Done::Kept)
}

/// Resolves what `predict` was asked and does it.
fn predicted(asked: cli::Predict) -> anyhow::Result<Done> {
    let reading = progress::phase(format!("reading the bundle {}", asked.bundle.display()));
    let bundle = generate::read_bundle(&asked.bundle, &asked.device.device()?)?;
    drop(reading);
    let mut with = std::collections::BTreeMap::<String, Vec<String>>::new();
    for (key, value) in asked.with {
        with.entry(key).or_default().push(value);
    }
    let wanted = predict::Asked {
        data: &asked.cells,
        matrix: asked.matrix.as_deref(),
        with: &with,
        cell_type_col: asked.cell_type_col.as_deref(),
        identity_col: asked.identity_col.as_deref(),
        only: &asked.only,
        at_most: asked.at_most,
        keep: asked.keep,
        choices: &defaults(&bundle, asked.guidance, asked.steps, asked.seed),
        effort: effort_of(asked.device),
        device: &format!("{:?}", asked.device).to_lowercase(),
    };
    if asked.dry_run {
        print(&predict::describe(&bundle, &wanted)?);
        return Ok(Done::Printed);
    }
    match &asked.table {
        Some(table) => predict::predict_table(&bundle, &wanted, table, &asked.out)?,
        None => predict::predict(&bundle, &wanted, &asked.out)?,
    }
    Ok(Done::Kept)
}

/// Looks at cells of every choice of a bundle.
fn swept(asked: cli::Sweep) -> anyhow::Result<Done> {
    let bundle = generate::read_bundle(&asked.bundle, &asked.device.device()?)?;
    let settings = sweep::Settings {
        cells: asked.cells,
        every: asked.every,
        most_steps: asked.most_steps,
        seed: asked.seed,
        effort: effort_of(asked.device),
    };
    let measured = asked.data.as_deref().map(train_native::data::read_cells).transpose()?;
    let found = sweep::sweep(&bundle, settings, measured.as_ref())?;
    print(&found.table());
    anyhow::ensure!(
        found.is_sound(),
        "{} of {} cells of {} could not be cells, lean on their ceilings, or hold counts of another type",
        found.broken(),
        found.cells(),
        bundle.card.name
    );
    say(&format!("{}: all {} cells are plausible", bundle.card.name, found.cells()));
    Ok(Done::Printed)
}

/// Makes a bundle's results ahead of time.
fn precomputed(asked: cli::Precompute) -> anyhow::Result<Done> {
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
        print(&precompute::plan(&bundle.card, &settings)?.describe());
        return Ok(Done::Printed);
    }
    let stop = signals::listen("this set of cells", GRACE)?;
    stop.finishes_pieces();
    let found = match precompute::precompute(&bundle, &settings, stop.flag()) {
        Ok(found) => found,
        Err(error) => return stopped(error, stop.code()),
    };
    let bytes = precompute::write(&asked.bundle, &mut bundle.card, &found)?;
    say(&format!("{}: {}", asked.bundle.display(), precompute::summary(&found, bytes)));
    Ok(Done::Kept)
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
    let command = Cli::parse().command;
    let seconds = std::env::var(INTERVAL).ok().and_then(|text| text.parse().ok()).map(Duration::from_secs);
    progress::begin(seconds.unwrap_or(progress::INTERVAL));
    match run(command) {
        Ok(Done::Printed) if output::lost() => {
            say("error: standard output could not be written in full (is the disk full?)");
            ExitCode::from(1)
        }
        Ok(Done::Printed | Done::Kept) => ExitCode::SUCCESS,
        Ok(Done::Part(code)) => ExitCode::from(code),
        Err(error) => {
            say(&format!("error: {error:#}"));
            ExitCode::from(1)
        }
    }
}
