//! What commands that make cells of measured ones take alike.
//!
//! Does: names, help and defaults of cells, their columns, how many are made, and the file.
//! Does not know: what moves the cells.
//! Flow: words → **arguments** → `making`.

use std::path::PathBuf;

use clap::Args;

/// Cells, columns, numbers and file of `semisynthetic` and `from-means`.
#[derive(Args)]
pub(crate) struct Made {
    /// Measured cells with raw counts, controls among them.
    #[arg(long)]
    pub(crate) data: PathBuf,
    /// obs column of donors in the cells.
    #[arg(long, default_value = "donor")]
    pub(crate) donor_col: String,
    /// obs column of cell types in the cells.
    #[arg(long, default_value = "cell_type")]
    pub(crate) cell_type_col: String,
    /// obs column of perturbations in the cells.
    #[arg(long, default_value = "condition")]
    pub(crate) pert_col: String,
    /// Its value for control cells.
    #[arg(long, default_value = "ctrl")]
    pub(crate) control: String,
    /// Cells of each donor and made perturbation, in the donor's shares of cell types.
    #[arg(long, default_value_t = 50)]
    pub(crate) cells_per: usize,
    /// Share of every made cell that is drawn anew, so that none is a copy of a control cell.
    #[arg(long, default_value_t = 0.05)]
    pub(crate) renewed: f64,
    /// Seed.
    #[arg(long, default_value_t = 1)]
    pub(crate) seed: u64,
    /// h5ad file to write.
    #[arg(long, required_unless_present = "dry_run")]
    pub(crate) out: Option<PathBuf>,
    /// Print what would be made (perturbations, who responds, how many genes each moves, numbers of cells), and stop.
    #[arg(long)]
    pub(crate) dry_run: bool,
}
