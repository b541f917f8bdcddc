//! What `precompute` takes.
//!
//! Does: names, help and defaults of its arguments.
//! Does not know: how results are made.
//! Flow: words → **arguments** → `main`.

use std::path::PathBuf;

use clap::Args;
use train_native::device::Backend;

/// What `precompute` takes.
#[derive(Args)]
pub(crate) struct Precompute {
    /// Bundle folder.
    #[arg(long)]
    pub(crate) bundle: PathBuf,
    /// Cells of every condition and of its control.
    #[arg(long, default_value_t = 128)]
    pub(crate) cells: usize,
    /// Genes that are kept of every condition, the surest, beside the bundle's markers.
    #[arg(long, default_value_t = 120)]
    pub(crate) top: usize,
    /// Most cells of a condition that are placed on the map.
    #[arg(long, default_value_t = 64)]
    pub(crate) points: usize,
    /// Identities (donors, cell lines) separated by commas, in this order; all, the page's default first, when left out.
    #[arg(long, value_delimiter = ',')]
    pub(crate) identities: Vec<String>,
    /// Most conditions.
    #[arg(long, default_value_t = 300)]
    pub(crate) most: usize,
    /// Seed; the page makes the same cells with it.
    #[arg(long, default_value_t = 1)]
    pub(crate) seed: u64,
    /// Device.
    #[arg(long, value_enum, default_value = "flex")]
    pub(crate) device: Backend,
    /// Print the conditions, and stop.
    #[arg(long)]
    pub(crate) dry_run: bool,
}
