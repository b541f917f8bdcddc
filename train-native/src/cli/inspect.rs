//! What `inspect` is asked.
//!
//! Does: names what is looked at: cells, a bundle, a run or a recipe.
//! Does not know: how it is looked at.
//! Flow: command line → **question** → `inspect`, `inspect_data`.

use std::path::PathBuf;

use clap::Args;
use train_native::device::Backend;

/// What `inspect` takes: one of four.
#[derive(Args)]
pub(crate) struct Inspect {
    /// Cells: an .h5ad, .h5mu or .h5 file (packed as .gz or not), or a folder with matrix.mtx; with --bundle, how much of
    /// its panel they have.
    #[arg(long, conflicts_with_all = ["run", "config", "device"])]
    pub(crate) data: Option<PathBuf>,
    /// The matrix to take (X, layers/counts, raw/X, mod/rna), or a genome; with ` rounded` at the end, corrected counts
    /// are rounded.
    #[arg(long, requires = "data")]
    pub(crate) matrix: Option<String>,
    /// JSON, for `--data`.
    #[arg(long, requires = "data")]
    pub(crate) json: bool,
    /// Bundle folder.
    #[arg(long, group = "what", required_unless_present_any = ["run", "config", "data"])]
    pub(crate) bundle: Option<PathBuf>,
    /// Run folder.
    #[arg(long, group = "what")]
    pub(crate) run: Option<PathBuf>,
    /// Recipe; its sizes need the number of genes.
    #[arg(long, group = "what", requires = "genes")]
    pub(crate) config: Option<PathBuf>,
    /// Genes, for a recipe.
    #[arg(long)]
    pub(crate) genes: Option<usize>,
    /// Compare this device with the CPU, for a bundle.
    #[arg(long, value_enum, requires = "bundle")]
    pub(crate) device: Option<Backend>,
}
