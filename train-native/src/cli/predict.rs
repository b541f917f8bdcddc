//! What `predict` takes.
//!
//! Does: names, help and checks of its arguments.
//! Does not know: how cells are predicted.
//! Flow: words → **arguments** → `main`.

use std::path::PathBuf;

use clap::Args;
use model::rewrite::KEEP;
use train_native::device::Backend;

use super::pairs::key_value;

/// What `predict` takes.
#[derive(Args)]
pub(crate) struct Predict {
    /// Bundle folder.
    #[arg(long)]
    pub(crate) bundle: PathBuf,
    /// Measured cells: an .h5ad or .h5 file, or a folder with matrix.mtx.
    #[arg(long)]
    pub(crate) cells: PathBuf,
    /// The matrix to take, where the file has several (X, layers/counts, raw/X).
    #[arg(long)]
    pub(crate) matrix: Option<String>,
    /// KEY=VALUE of the perturbation; repeat for several at once. Another key of bundle.json says what all cells are, in
    /// place of a column.
    #[arg(long, required_unless_present = "table", value_parser = key_value)]
    pub(crate) with: Vec<(String, String)>,
    /// Table of perturbations and numbers of cells (perturbation<TAB>num_cells, with or without a header; A+B composes):
    /// so many of the chosen cells are predicted under each.
    #[arg(long, conflicts_with = "dry_run")]
    pub(crate) table: Option<PathBuf>,
    /// obs column of cell types (the bundle's own name when left out).
    #[arg(long)]
    pub(crate) cell_type_col: Option<String>,
    /// obs column of donors or lines (the bundle's own name when left out; cells of others than the bundle's are of an
    /// unspecified one).
    #[arg(long)]
    pub(crate) identity_col: Option<String>,
    /// LABEL=VALUE of the cells to take; repeat for several values or labels.
    #[arg(long, value_parser = key_value)]
    pub(crate) only: Vec<(String, String)>,
    /// Most cells to take, evenly from those of the file (all when left out).
    #[arg(long)]
    pub(crate) at_most: Option<usize>,
    /// Share of the measured genes that stays as it is, those that the perturbation moves least; 0 draws every gene anew.
    #[arg(long, default_value_t = KEEP)]
    pub(crate) keep: f32,
    /// Guidance scale w (the bundle's own when left out), up to the bundle's limit.
    #[arg(long, allow_negative_numbers = true)]
    pub(crate) guidance: Option<f32>,
    /// Sampling steps N (the bundle's own when left out).
    #[arg(long)]
    pub(crate) steps: Option<usize>,
    /// Seed.
    #[arg(long, default_value_t = 1)]
    pub(crate) seed: u64,
    /// h5ad file to write.
    #[arg(long)]
    pub(crate) out: PathBuf,
    /// Device.
    #[arg(long, value_enum, default_value = "flex")]
    pub(crate) device: Backend,
    /// Read the cells, print what would be predicted, and stop.
    #[arg(long)]
    pub(crate) dry_run: bool,
}
