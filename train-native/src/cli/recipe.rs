//! What `recipe` takes.
//!
//! Does: names and help of its arguments.
//! Does not know: how a recipe is made.
//! Flow: words → **arguments** → `main`.

use std::path::PathBuf;

use clap::Args;

/// What `recipe` takes.
#[derive(Args)]
pub(crate) struct WriteRecipe {
    /// Cells with raw counts and labels.
    #[arg(long)]
    pub(crate) data: PathBuf,
    /// Recipe to write, which must not be there yet; standard output when left out.
    #[arg(long)]
    pub(crate) out: Option<PathBuf>,
}
