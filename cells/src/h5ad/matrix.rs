//! Which matrix of a file is asked for.
//!
//! Does: names it by place, by modality or genome, or leaves the choice to the reader.
//! Does not know: what a file holds.
//! Flow: command line, Data view → **wish** → readers.

/// Which matrix of the file is taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Matrix {
    /// `X`.
    X,
    /// `layers/<name>`.
    Layer(String),
    /// `raw/X`, on the genes of `raw/var`.
    Raw,
    /// The best: counts before everything else, `X` before others.
    Auto,
    /// By its place (`layers/counts`, `mod/rna/X`), or by a modality or genome (`rna`, `GRCh38`). With ` rounded` at the
    /// end, corrected counts are rounded to whole numbers.
    Named(String),
}
