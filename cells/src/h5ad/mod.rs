//! HDF5 files of cells: AnnData (`.h5ad`), MuData, 10x Genomics (`.h5`), from and to bytes.
//!
//! Does: a thin layer over a pure-Rust HDF5 library; reads what anndata has written since 0.6, judges which matrix holds
//! counts, writes a layout that scanpy and cell-eval open unchanged.
//! Does not know: files on disk.
//! Flow: bytes → **Cells**; Cells → **bytes**.

mod error;
mod frame;
mod labels;
mod rows;
mod store;
mod write;

pub use crate::features::unique;
pub use error::H5adError;
pub use frame::LeftOut;
pub use hdf5_pure::{ReadSeekSource, Source};
pub use labels::LabelRows;
pub use rows::{CellRows, Convert, Expression, Scale};
pub use store::Shared;
pub use write::{Layer, write_h5ad, write_h5ad_with_layers};

use std::io::Cursor;

use crate::cells::Cells;

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

/// Reads cells from the bytes of a file of counts.
///
/// # Errors
/// When the bytes are not such a file, or it holds no counts where asked; the error names the place.
pub fn read_h5ad(bytes: Vec<u8>, matrix: &Matrix) -> Result<Cells, H5adError> {
    let size = bytes.len() as u64;
    let source = ReadSeekSource::new(Cursor::new(bytes));
    let source = source.map_err(|error| H5adError::NotHdf5 { found: format!("its bytes cannot be read ({error})") })?;
    CellRows::open_counts(source, matrix)?.all(size)
}

#[cfg(test)]
mod tests;
