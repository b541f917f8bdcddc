//! AnnData files (`.h5ad`) from and to bytes.
//!
//! Does: a thin AnnData layer over a pure-Rust HDF5 library; reads the layouts of AnnData 0.7–0.12
//! that hold counts, writes one that scanpy and cell-eval open unchanged.
//! Does not know: files on disk, normalised data (it refuses what is not a count).
//! Flow: bytes → **Cells**; Cells → **bytes**.

mod error;
mod labels;
mod matrix;
mod rows;
mod write;

pub use error::H5adError;
pub use hdf5_pure::{ReadSeekSource, Source};
pub use rows::{CellRows, Expression, LabelRows, Scale, unique};
pub use write::write_h5ad;

use hdf5_pure::File;

use crate::cells::Cells;

/// Which matrix of the file holds the counts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Matrix {
    /// `X`.
    X,
    /// `layers/<name>`.
    Layer(String),
    /// `raw/X`, on the genes of `raw/var`.
    Raw,
    /// The first of `X`, `layers/counts`, `raw/X` that holds counts.
    Auto,
}

/// Reads cells from the bytes of an `.h5ad` file.
///
/// # Errors
/// When the bytes are not such a file, or it holds no counts where asked; the error names the place.
pub fn read_h5ad(bytes: Vec<u8>, matrix: &Matrix) -> Result<Cells, H5adError> {
    let file = File::from_bytes(bytes).map_err(|source| H5adError::NotHdf5 { source })?;
    match matrix {
        Matrix::X => read_from(&file, "X", "var"),
        Matrix::Layer(name) => read_from(&file, &format!("layers/{name}"), "var"),
        Matrix::Raw => read_from(&file, "raw/X", "raw/var"),
        Matrix::Auto => read_first(&file),
    }
}

/// Tries the places where counts usually are; reports what was wrong with `X` when none fits.
fn read_first(file: &File) -> Result<Cells, H5adError> {
    let first = match read_from(file, "X", "var") {
        Ok(cells) => return Ok(cells),
        Err(error) if error.is_about_values() => error,
        Err(error) => return Err(error),
    };
    for (place, genes) in [("layers/counts", "var"), ("raw/X", "raw/var")] {
        if let Ok(cells) = read_from(file, place, genes) {
            return Ok(cells);
        }
    }
    Err(first)
}

/// Reads the matrix at `place` on the genes of `var`, with all of obs.
fn read_from(file: &File, place: &str, var: &str) -> Result<Cells, H5adError> {
    let genes = labels::index(file, var)?;
    let names = labels::index(file, "obs")?;
    let counts = matrix::read(file, place, names.len(), genes.len())?;
    let columns = labels::columns(file, "obs", names.len())?;
    Ok(Cells::new(counts, genes, names, columns)?)
}

#[cfg(test)]
mod tests;
