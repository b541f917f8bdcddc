//! What `from-means` takes.
//!
//! Does: names, help and defaults of its arguments.
//! Does not know: how cells are made.
//! Flow: words → **arguments** → `making`.

use std::path::PathBuf;

use cells::signatures::EffectRule;
use clap::Args;

use super::made::Made;
use super::pairs::key_value;

/// What `from-means` takes.
#[derive(Args)]
pub(crate) struct FromMeans {
    /// Cells, columns, numbers and file.
    #[command(flatten)]
    pub(crate) made: Made,
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
    /// Smallest |z| of an effect.
    #[arg(long, default_value_t = EffectRule::default().cut)]
    pub(crate) least_z: f64,
    /// Fewest genes that a perturbation moves in some group.
    #[arg(long, default_value_t = EffectRule::default().fewest)]
    pub(crate) fewest_genes: usize,
}
