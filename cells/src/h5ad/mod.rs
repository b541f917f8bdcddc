//! HDF5 files of cells: AnnData (`.h5ad`), MuData, loom, 10x Genomics (`.h5`), from and to bytes.
//!
//! Does: a thin layer over a pure-Rust HDF5 library; reads what anndata has written since 0.6, judges which matrix holds
//! counts, writes a layout that scanpy and cell-eval open unchanged.
//! Does not know: files on disk.
//! Flow: bytes → **Cells**; Cells → **bytes**.

mod error;
mod frame;
mod labels;
mod matrix;
mod rows;
mod store;
mod write;

pub use crate::features::unique;
pub use crate::report::LeftOut;
pub use error::H5adError;
pub use hdf5_pure::{ReadSeekSource, Source};
pub use labels::LabelRows;
pub use matrix::Matrix;
pub use rows::{CellRows, Convert, Expression, Held, Scale};
pub use store::Shared;
pub use write::{Layer, write_h5ad, write_h5ad_with_layers};

use std::io::Cursor;

use crate::cells::Cells;

/// Reads cells from the bytes of a file of counts.
///
/// ```
/// use std::collections::BTreeMap;
///
/// use cells::h5ad::{Matrix, read_h5ad, write_h5ad};
/// use cells::{Cells, Column, Counts};
///
/// let counts = Counts::from_dense_rows(2, [&[3, 0][..], &[0, 7][..]]);
/// let types = Column::categorical(&["B", "T"]);
/// let genes = vec!["CD19".to_owned(), "CD3E".to_owned()];
/// let names = vec!["cell-1".to_owned(), "cell-2".to_owned()];
/// let cells = Cells::new(counts, genes, names, BTreeMap::from([("cell_type".to_owned(), types)]))?;
///
/// // A file's bytes are what `std::fs::read` gives.
/// let bytes = write_h5ad(&cells, &BTreeMap::new())?;
/// let read = read_h5ad(bytes, &Matrix::Auto)?;
/// assert_eq!(read.genes, ["CD19", "CD3E"]);
/// assert_eq!(read.indices_where("cell_type", "T")?, [1]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
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
