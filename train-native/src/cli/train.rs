//! What `train` takes.
//!
//! Does: names, help and checks of arguments.
//! Does not know: how a run is trained.
//! Flow: words → **arguments** → `train`.

use std::path::PathBuf;

use clap::Args;
use train_native::device::{self, Backend};
use train_native::stop::GRACE;

/// What `train` takes.
#[derive(Args)]
pub(crate) struct Train {
    /// Cells with raw counts: an h5ad file, or a folder that `prepare` made.
    #[arg(long)]
    pub(crate) data: PathBuf,
    /// Recipe.
    #[arg(long)]
    pub(crate) config: PathBuf,
    /// Run folder.
    #[arg(long)]
    pub(crate) out: PathBuf,
    /// Device.
    #[arg(long, value_enum, default_value = "flex")]
    pub(crate) device: Backend,
    /// Devices of this machine that train together, each with a part of every batch; `auto`: the GPUs that Slurm
    /// or CUDA_VISIBLE_DEVICES gives. Left out: one GPU, or a thread for each core of the CPU (at most 8). Other numbers
    /// give the same weights but for rounding.
    #[arg(long, value_parser = device::replicas)]
    pub(crate) replicas: Option<usize>,
    /// Steps between checkpoints; at these the best one is looked for.
    #[arg(long, default_value_t = 100)]
    pub(crate) save_every: usize,
    /// Minutes after which a checkpoint is written in between, for slow steps; 0: never. The weights do not hang on it.
    #[arg(long, default_value_t = 15.0, value_parser = minutes)]
    pub(crate) save_minutes: f64,
    /// Stop after this step; the same command without it goes on. The exit code is 0: that is what was asked.
    #[arg(long)]
    pub(crate) stop_after: Option<usize>,
    /// Seconds that a step in work may take when a signal comes. A longer one is given up, and what the step before it
    /// left is saved.
    #[arg(long, default_value_t = GRACE.as_secs())]
    pub(crate) grace: u64,
    /// Read recipe and data, print what would be trained, and stop.
    #[arg(long)]
    pub(crate) dry_run: bool,
}

/// A span of time that is none before now.
fn minutes(text: &str) -> Result<f64, String> {
    let found = text.parse().ok().filter(|minutes: &f64| minutes.is_finite() && *minutes >= 0.0);
    found.ok_or_else(|| format!("{text:?} is not a number of minutes"))
}
