//! What `rewriting` takes.
//!
//! Does: names, help and defaults of its arguments.
//! Does not know: how cells are rewritten or scored.
//! Flow: words → **arguments** → `scoring`.

use std::path::PathBuf;

use clap::Args;
use model::rewrite::KEEP;

use super::sampling::Sampling;

/// What `rewriting` takes.
#[derive(Args)]
pub(crate) struct Rewriting {
    /// Bundle folder.
    #[arg(long)]
    pub(crate) bundle: PathBuf,
    /// Measured cells, of training and test.
    #[arg(long)]
    pub(crate) data: PathBuf,
    /// Split file, whose test part is predicted (the bundle's own when left out).
    #[arg(long)]
    pub(crate) split: Option<PathBuf>,
    /// Shares of the measured genes that stay, one or several, separated by commas.
    #[arg(long, value_delimiter = ',', default_values_t = [KEEP])]
    pub(crate) keep: Vec<f32>,
    /// How cells are generated.
    #[command(flatten)]
    pub(crate) sampling: Sampling,
    /// Write the summaries into the bundle's card, in place of earlier ones of this kind.
    #[arg(long)]
    pub(crate) write: bool,
}
