//! Ways to open a file of cells.
//!
//! Does: opens the best matrix, or the one that was asked for, for what a caller can use: counts or also log-normalised
//! expression, in rows of cells or also compressed by genes.
//! Does not know: how a matrix is judged, how windows are read.
//! Flow: source of bytes → `find` → **rows of cells**.

use hdf5_pure::Source;

use super::cell_rows::CellRows;
use super::find::{Wanted, take};
use crate::h5ad::error::H5adError;
use crate::h5ad::matrix::Matrix;
use crate::h5ad::store::Hdf5;

impl CellRows {
    /// Opens a file of counts whose cells are compressed by rows (or dense).
    ///
    /// # Errors
    /// When it is no such file or holds no counts; [`H5adError::ByGenes`] when the counts are compressed by genes,
    /// which cannot be read a few cells at a time.
    pub fn open<S: Source + Send + Sync + 'static>(source: S, matrix: &Matrix) -> Result<Self, H5adError> {
        take(&Hdf5::open(source)?, matrix, Wanted { logged: false, by_genes: false, predicted: false })
    }

    /// Opens a file of counts or, as other models write their predictions, log-normalised expression
    /// ([`CellRows::scale`]); counts go before log-normalised expression, and small fractions of which nothing tells what
    /// they are count as log-normalised.
    ///
    /// # Errors
    /// As [`CellRows::open`].
    pub fn open_any<S: Source + Send + Sync + 'static>(source: S) -> Result<Self, H5adError> {
        let wanted = Wanted { logged: true, by_genes: false, predicted: true };
        take(&Hdf5::open(source)?, &Matrix::Auto, wanted)
    }

    /// Opens a file of counts or log-normalised expression that will be read as a whole: a matrix compressed by genes
    /// is taken too ([`CellRows::gather_genes`]).
    ///
    /// # Errors
    /// When it is no such file, or no matrix (or not the one that was asked for) can be used.
    pub fn open_whole<S: Source + Send + Sync + 'static>(source: S, matrix: &Matrix) -> Result<Self, H5adError> {
        take(&Hdf5::open(source)?, matrix, Wanted { logged: true, by_genes: true, predicted: false })
    }

    /// Opens a file of counts that will be read as a whole.
    ///
    /// # Errors
    /// As [`CellRows::open`], less [`H5adError::ByGenes`].
    pub fn open_counts<S: Source + Send + Sync + 'static>(source: S, matrix: &Matrix) -> Result<Self, H5adError> {
        take(&Hdf5::open(source)?, matrix, Wanted { logged: false, by_genes: true, predicted: false })
    }
}
