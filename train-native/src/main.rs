//! The trainer and the batch tool.
//!
//! Does: the command line; words go to standard error, data to files or standard output; exit codes
//! 0 (done), 1 (could not), 2 (wrong usage).
//! Does not know: the web.
//! Flow: h5ad + recipe → `train` → run → `export` → bundle → `sample`, `evaluate`, the page.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context as _;
use clap::{Parser, Subcommand};
use model::bundle::Bundle;
use model::card::Choices;
use model::sample::Effort;

use train_native::device::Backend;
use train_native::{bench, evaluate, export, files, generate, train};

/// Train, export, sample and evaluate Wellplate's models.
#[derive(Parser)]
#[command(name = "train-native", version)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Train from an h5ad file. Run the same command again to resume.
    ///
    /// Example: train-native train --data cells.h5ad --config train-native/recipes/pbmc-ifnb.toml --out runs/pbmc
    Train {
        /// Cells with raw counts.
        #[arg(long)]
        data: PathBuf,
        /// Recipe.
        #[arg(long)]
        config: PathBuf,
        /// Run folder.
        #[arg(long)]
        out: PathBuf,
        /// Device.
        #[arg(long, value_enum, default_value = "flex")]
        device: Backend,
        /// Steps between checkpoints.
        #[arg(long, default_value_t = 100)]
        save_every: usize,
        /// Stop after this step; the same command without it goes on.
        #[arg(long)]
        stop_after: Option<usize>,
    },
    /// Write the last checkpoint of a run as a bundle.
    ///
    /// Example: train-native export --run runs/pbmc --out assets/models/pbmc-ifnb
    Export {
        /// Run folder.
        #[arg(long)]
        run: PathBuf,
        /// Bundle folder.
        #[arg(long)]
        out: PathBuf,
    },
    /// Generate cells into an h5ad file.
    ///
    /// Example: train-native sample --bundle assets/models/pbmc-ifnb --with donor=1015
    /// --with "cell_type=CD14+ Monocytes" --with condition=IFN-beta --cells 200 --out cells.h5ad
    Sample {
        /// Bundle folder.
        #[arg(long)]
        bundle: PathBuf,
        /// KEY=VALUE of bundle.json; repeat for several keys.
        #[arg(long, value_parser = key_value)]
        with: Vec<(String, String)>,
        /// GENE=COUNT held throughout; repeat for several genes.
        #[arg(long, value_parser = key_value)]
        clamp: Vec<(String, String)>,
        /// Guidance scale w (the bundle's own when left out).
        #[arg(long)]
        guidance: Option<f32>,
        /// Sampling steps N (the bundle's own when left out).
        #[arg(long)]
        steps: Option<usize>,
        /// Cells.
        #[arg(long, default_value_t = 256)]
        cells: usize,
        /// Seed.
        #[arg(long, default_value_t = 1)]
        seed: u64,
        /// h5ad file to write.
        #[arg(long)]
        out: PathBuf,
        /// Device.
        #[arg(long, value_enum, default_value = "flex")]
        device: Backend,
    },
    /// Print what a generated cell costs: MFLOP, dispatches, milliseconds.
    ///
    /// Example: train-native bench --bundle assets/models/pbmc-ifnb
    Bench {
        /// Bundle folder.
        #[arg(long, default_value = "assets/models/pbmc-ifnb")]
        bundle: PathBuf,
        /// Cells.
        #[arg(long, default_value_t = 32)]
        cells: usize,
        /// Guidance scale w of the guided run.
        #[arg(long, default_value_t = 1.0)]
        guidance: f32,
        /// Sampling steps N (the bundle's own when left out).
        #[arg(long)]
        steps: Option<usize>,
        /// Device.
        #[arg(long, value_enum, default_value = "flex")]
        device: Backend,
    },
    /// Score a bundle on the donors that its run held out; prints a table.
    ///
    /// Example: train-native evaluate --bundle assets/models/pbmc-ifnb --run runs/pbmc --data cells.h5ad
    Evaluate {
        /// Bundle folder.
        #[arg(long)]
        bundle: PathBuf,
        /// Run folder, which knows what was held out.
        #[arg(long)]
        run: PathBuf,
        /// Measured cells.
        #[arg(long)]
        data: PathBuf,
        /// Guidance (the bundle's own when left out).
        #[arg(long)]
        guidance: Option<f32>,
        /// Steps (the bundle's own when left out).
        #[arg(long)]
        steps: Option<usize>,
        /// Seed.
        #[arg(long, default_value_t = 1)]
        seed: u64,
        /// Write the scores, and the guidance and steps they hold for, into the bundle's card.
        #[arg(long)]
        write: bool,
    },
}

/// KEY=VALUE.
fn key_value(text: &str) -> Result<(String, String), String> {
    text.split_once('=')
        .map(|(key, value)| (key.trim().to_owned(), value.trim().to_owned()))
        .ok_or_else(|| format!("{text:?} is not KEY=VALUE"))
}

fn run(command: Command) -> anyhow::Result<()> {
    match command {
        Command::Train { data, config, out, device, save_every, stop_after } => {
            let order = train::Order { data, recipe: config, out, save_every, stop_after };
            train::train(&order, &device.device()?)
        }
        Command::Export { run, out } => {
            let card = export::export(&run, &out, &Backend::Flex.device()?)?;
            let bytes: u64 = card.files.values().map(|file| file.bytes).sum();
            eprintln!("{}: {:.2} MB in {} files", out.display(), bytes as f64 / 1e6, card.files.len() + 1);
            Ok(())
        }
        Command::Sample { bundle, with, clamp, guidance, steps, cells, seed, out, device } => {
            let bundle = generate::read_bundle(&bundle, &device.device()?)?;
            let mut choices = defaults(&bundle, guidance, steps, seed);
            choices.cells = cells;
            for (key, value) in with {
                choices.with.entry(key).or_default().push(value);
            }
            for (gene, count) in clamp {
                let count = count.parse().with_context(|| format!("{gene}={count} is not GENE=COUNT"))?;
                choices.clamp.push((gene, count));
            }
            sample(&bundle, &choices, &out, device)
        }
        Command::Bench { bundle, cells, guidance, steps, device } => {
            let bundle = generate::read_bundle(&bundle, &device.device()?)?;
            let (steps, effort) = (defaults(&bundle, None, steps, 1).steps, effort_of(device));
            print!("{}", bench::bench(&bundle, &bench::Settings { cells, steps, guidance, effort })?);
            Ok(())
        }
        Command::Evaluate { bundle: folder, run, data, guidance, steps, seed, write } => {
            let bundle = generate::read_bundle(&folder, &Backend::Flex.device()?)?;
            let choices = defaults(&bundle, guidance, steps, seed);
            let settings = evaluate::Settings { guidance: choices.guidance, steps: choices.steps, seed };
            let held_out = evaluate::held_out_of(&run, &bundle)?;
            let scores = evaluate::evaluate(&bundle, &train_native::data::read_cells(&data)?, &held_out, &settings)?;
            println!(
                "guidance {}, {} steps, seed {seed}\n\n{}",
                settings.guidance,
                settings.steps,
                evaluate::table(&scores)
            );
            if write {
                let mut card = bundle.card;
                (card.scores, card.guidance, card.steps) = (scores, settings.guidance, settings.steps);
                export::write_card(&folder, &card)?;
            }
            Ok(())
        }
    }
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

/// Generates and writes an h5ad file.
fn sample(bundle: &Bundle, choices: &Choices, out: &std::path::Path, device: Backend) -> anyhow::Result<()> {
    let cells = generate::generate(bundle, choices, effort_of(device), &indicatif::ProgressBar::new(0))?;
    let notes = generate::provenance(bundle, choices, &format!("{device:?}").to_lowercase());
    let bytes = cells::h5ad::write_h5ad(&cells, &notes)?;
    files::write_atomic(out, &bytes)?;
    eprintln!("{} cells in {}", cells.len(), out.display());
    Ok(())
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
