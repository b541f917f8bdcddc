//! What `from-means` takes.
//!
//! Does: names, help and defaults of its arguments.
//! Does not know: how cells are made.
//! Flow: words → **arguments** → `making`.

use std::path::PathBuf;

use cells::signatures::EffectRule;
use clap::Args;

use super::pairs::key_value;

/// What `from-means` takes.
#[derive(Args)]
pub(crate) struct FromMeans {
    /// Measured cells with raw counts, controls among them.
    #[arg(long)]
    pub(crate) data: PathBuf,
    /// h5ad file of means: X = mean over cells of log1p(counts per 10,000), a row per group and perturbation.
    #[arg(long)]
    pub(crate) means: PathBuf,
    /// obs column of groups in the file of means.
    #[arg(long, default_value = "cell_type")]
    pub(crate) group_col: String,
    /// obs column of perturbations in the file of means.
    #[arg(long, default_value = "condition")]
    pub(crate) means_pert_col: String,
    /// Its value for the control.
    #[arg(long, default_value = "control")]
    pub(crate) means_control: String,
    /// CELL_TYPE=GROUP: cells of this type follow this group of the table; repeat for several. Cells of other types stay
    /// controls.
    #[arg(long = "follows", value_parser = key_value, required = true)]
    pub(crate) follows: Vec<(String, String)>,
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
    /// Smallest |z| of an effect.
    #[arg(long, default_value_t = EffectRule::default().cut)]
    pub(crate) least_z: f64,
    /// Fewest genes that a perturbation moves in some group.
    #[arg(long, default_value_t = EffectRule::default().fewest)]
    pub(crate) fewest_genes: usize,
    /// Cells of each donor and perturbation, in the donor's shares of cell types.
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
    /// Print the perturbations and how many genes each moves, and stop.
    #[arg(long)]
    pub(crate) dry_run: bool,
}
