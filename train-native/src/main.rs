//! The trainer and the batch tool.
//!
//! Does: the command line; words go to standard error, data to files or standard output; exit codes
//! 0 (done), 1 (could not), 2 (wrong usage).
//! Does not know: the web.
//! Flow: h5ad + recipe → `train` → run → `export` → bundle → `sample`, `evaluate`, the page.


use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

use train_native::device::Backend;
use train_native::train;

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
}

fn run(command: Command) -> anyhow::Result<()> {
    match command {
        Command::Train { data, config, out, device, save_every, stop_after } => {
            let order = train::Order { data, recipe: config, out, save_every, stop_after };
            train::train(&order, &device.device()?)
        }
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
