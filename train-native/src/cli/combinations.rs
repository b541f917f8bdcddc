//! What `combinations` takes.
//!
//! Does: names, help and defaults of its arguments.
//! Does not know: how combinations are scored.
//! Flow: words → **arguments** → `scoring`.

use std::path::PathBuf;

use clap::Args;

use super::sampling::Sampling;

/// What `combinations` takes.
#[derive(Args)]
pub(crate) struct Combinations {
    /// Bundle folder.
    #[arg(long)]
    pub(crate) bundle: PathBuf,
    /// Cells that the bundle was trained and tested on, one perturbation at a time.
    #[arg(long)]
    pub(crate) data: PathBuf,
    /// Cells under several perturbations, whose names are joined by "+", and their controls.
    #[arg(long)]
    pub(crate) combined: PathBuf,
    /// Split file, whose test part says which identities are scored (the bundle's own when left out).
    #[arg(long)]
    pub(crate) split: Option<PathBuf>,
    /// How cells are generated.
    #[command(flatten)]
    pub(crate) sampling: Sampling,
    /// Write the summaries into the bundle's card, in place of earlier ones of this kind.
    #[arg(long)]
    pub(crate) write: bool,
}
