//! What can be wrong with an AnnData file, each with its place.
//!
//! Does: the error type of `h5ad`. Does not know: how to mend a file.
//! Flow: from the readers to whoever shows the sentence.

use thiserror::Error;

use crate::cells::CellsError;
use crate::counts::CountsError;

/// Why an `.h5ad` file could not be read or written.
#[derive(Debug, Error)]
pub enum H5adError {
    /// Not HDF5 at all, or cut off.
    #[error("this is not a complete HDF5 file: {source}")]
    NotHdf5 {
        /// The library's word.
        source: hdf5_pure::Error,
    },
    /// A group or data set is missing or cannot be read.
    #[error("cannot read `{place}`: {source}")]
    Unreadable {
        /// Path in the file.
        place: String,
        /// The library's word.
        source: hdf5_pure::Error,
    },
    /// Something AnnData needs is not there.
    #[error("`{place}` is missing; an AnnData file needs it")]
    Missing {
        /// Path in the file.
        place: String,
    },
    /// An encoding that this version does not read.
    #[error("`{place}` is encoded as {found}, which is not read here; save the file again with a current anndata")]
    Encoding {
        /// Path in the file.
        place: String,
        /// What was found.
        found: String,
    },
    /// A value that is not a count.
    #[error(
        "`{place}` holds {value} at stored value {at}, which is not a count; counts are whole numbers from 0 (choose a layer with raw counts)"
    )]
    NotACount {
        /// Path in the file.
        place: String,
        /// Place among the stored values.
        at: usize,
        /// The value.
        value: f64,
    },
    /// A value that is not log-normalised expression either.
    #[error(
        "`{place}` holds {value} at stored value {at}: neither counts (whole numbers from 0) nor log-normalised expression (from 0 to below 15); was it scaled or centred?"
    )]
    NotLogNormalised {
        /// Path in the file.
        place: String,
        /// Place among the stored values.
        at: usize,
        /// The value.
        value: f64,
    },
    /// Shapes disagree.
    #[error("`{place}` is {found}, but obs and var ask for {expected}")]
    Shape {
        /// Path in the file.
        place: String,
        /// Found shape.
        found: String,
        /// Expected shape.
        expected: String,
    },
    /// The sparse arrays are damaged.
    #[error("`{place}` is damaged: {source}")]
    Sparse {
        /// Path in the file.
        place: String,
        /// What is wrong.
        source: CountsError,
    },
    /// Compressed by genes, so that a few cells cannot be read without reading all.
    #[error(
        "`{place}` is compressed by genes (csc_matrix), so cells cannot be read a few at a time; save the file with X as csr_matrix"
    )]
    ByGenes {
        /// Path in the file.
        place: String,
    },
    /// 10x Genomics' older form with several genomes.
    #[error("the file holds cells of several genomes ({found}); save one genome's matrix as a file of its own")]
    Genomes {
        /// Their names.
        found: String,
    },
    /// Parts do not fit together.
    #[error(transparent)]
    Cells(#[from] CellsError),
    /// Writing failed.
    #[error("the file could not be put together: {source}")]
    Write {
        /// The library's word.
        source: hdf5_pure::Error,
    },
}

impl H5adError {
    /// Whether another matrix of the same file could still be right.
    pub(super) fn is_about_values(&self) -> bool {
        matches!(self, Self::NotACount { .. } | Self::Missing { .. } | Self::Encoding { .. })
    }
}
