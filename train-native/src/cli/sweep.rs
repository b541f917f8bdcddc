//! What `sweep` takes.
//!
//! Does: the arguments of the command. Does not know: what it looks at.
//! Flow: command line → **asked** → `sweep`.

use std::path::PathBuf;

use clap::Args;

use train_native::device::Backend;

/// What `sweep` takes.
#[derive(Args)]
pub(crate) struct Sweep {
    /// Bundle folder.
    #[arg(long)]
    pub(crate) bundle: PathBuf,
    /// Measured cells: counts are also held against the largest of their own type and perturbation.
    #[arg(long)]
    pub(crate) data: Option<PathBuf>,
    /// Cells of every choice; an eighth, and at least one, at 256 steps.
    #[arg(long, default_value_t = 8)]
    pub(crate) cells: usize,
    /// Every n-th value of a condition; 1 is all of them.
    #[arg(long, default_value_t = 1)]
    pub(crate) every: usize,
    /// Sampling steps of the longest run.
    #[arg(long, default_value_t = 256)]
    pub(crate) most_steps: usize,
    /// Seed.
    #[arg(long, default_value_t = 1)]
    pub(crate) seed: u64,
    /// Device.
    #[arg(long, value_enum, default_value = "flex")]
    pub(crate) device: Backend,
}
