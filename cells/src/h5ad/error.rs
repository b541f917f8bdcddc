//! What can be wrong with a file of cells, each with its place.
//!
//! Does: the error type of `h5ad`; every sentence says what was wrong, where, and what to do.
//! Does not know: how to mend a file.
//! Flow: from the readers to whoever shows the sentence.

use thiserror::Error;

use crate::cells::CellsError;
use crate::counts::CountsError;

/// How a file is saved so that it opens here.
pub(super) const SAVE_AGAIN: &str = "in Python: import anndata, hdf5plugin; anndata.read_h5ad(\"old.h5ad\").write_h5ad(\"new.h5ad\", compression=\"gzip\")";

/// Why a file of cells could not be read or written.
#[derive(Debug, Error)]
pub enum H5adError {
    /// Nothing in it.
    #[error("the file is empty (0 bytes); it was never written or copied to the end, so copy or download it again")]
    Empty,
    /// It ends before it should.
    #[error(
        "the file is cut off: {missing} of its {expected} bytes are missing (its first block says where it ends); copy or download it again"
    )]
    CutOff {
        /// Bytes by its first block.
        expected: u64,
        /// Bytes that are not there.
        missing: u64,
    },
    /// Not HDF5 at all.
    #[error("this is not a complete HDF5 file: {found}")]
    NotHdf5 {
        /// What it is instead, and what to do.
        found: String,
    },
    /// HDF5, but not of cells, or of cells in a form that is not read.
    #[error("this HDF5 file is {found}")]
    OtherFile {
        /// What it is, and what to do.
        found: String,
    },
    /// A group or data set cannot be read.
    #[error("cannot read `{place}`: {source}")]
    Unreadable {
        /// Path in the file.
        place: String,
        /// The library's word.
        source: hdf5_pure::Error,
    },
    /// Stored in a way that the library beneath does not know.
    #[error(
        "`{place}` is stored in a way of HDF5 that is not read here ({source}); save the file again ({SAVE_AGAIN}), without libver=\"latest\""
    )]
    Newer {
        /// Path in the file.
        place: String,
        /// The library's word.
        source: hdf5_pure::Error,
    },
    /// A group or data set is damaged.
    #[error("`{place}` is damaged: {what}; copy, download or save the file again")]
    Damaged {
        /// Path in the file.
        place: String,
        /// What does not fit.
        what: String,
    },
    /// Something that cells need is not there.
    #[error("`{place}` is missing; a file of cells needs it")]
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
    /// A column that cannot be a label.
    #[error("`{place}` cannot be a label: {why}")]
    NoLabel {
        /// Path in the file.
        place: String,
        /// Why not.
        why: String,
    },
    /// A compression filter that this version does not undo.
    #[error("`{place}` is compressed with {filter}, which is not read here; save the file again ({SAVE_AGAIN})")]
    Filter {
        /// Path in the file.
        place: String,
        /// The filter's name.
        filter: String,
    },
    /// A length that the file cannot hold.
    #[error(
        "`{place}` claims {claimed} bytes, but the file can hold no more than {most} there; the file is damaged, so copy or save it again"
    )]
    Claims {
        /// Path in the file.
        place: String,
        /// Bytes by its head.
        claimed: u64,
        /// Bytes that could be there.
        most: u64,
    },
    /// Row pointers that ran over.
    #[error(
        "`{place}` was written with 32-bit pointers that overflowed (entry {entry} is {value}): the matrix holds more than 2,147,483,647 values; go back to the source, make X.indptr 64-bit (X.indptr = X.indptr.astype(\"int64\")) and save again"
    )]
    Overflow {
        /// Path in the file.
        place: String,
        /// First entry that is wrong.
        entry: usize,
        /// Its value.
        value: i64,
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
    /// No matrix of the file is what is needed.
    #[error("no matrix of the file holds {wanted}: {found}. {advice}")]
    NoMatrix {
        /// What is needed.
        wanted: &'static str,
        /// Every matrix with what it holds.
        found: String,
        /// What to do.
        advice: String,
        /// What to ask for, where corrected counts could be rounded.
        rounding: Option<String>,
    },
    /// A matrix, genome or modality that the file does not have.
    #[error("the file has no `{asked}`; it has {known}")]
    NoSuchMatrix {
        /// Asked for.
        asked: String,
        /// What could have been asked for.
        known: String,
    },
    /// Features, but no genes.
    #[error(
        "`{place}` has no gene expression features, only {found}; choose the file or modality of gene expression (RNA)"
    )]
    NoGenes {
        /// Path in the file.
        place: String,
        /// Kinds of features.
        found: String,
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
    /// What to ask for ([`super::Matrix::Named`]) to have corrected counts rounded, where the file has nothing better.
    pub fn rounding(&self) -> Option<&str> {
        match self {
            Self::NoMatrix { rounding, .. } => rounding.as_deref(),
            _ => None,
        }
    }

    /// Why a column is left out, without the advice to save the file again: its cells are read all the same.
    pub(super) fn of_column(&self) -> String {
        match self {
            Self::Encoding { found, .. } => format!("it holds {found}"),
            Self::Shape { found, expected, .. } => format!("it is {found}, not {expected}"),
            other => other.to_string(),
        }
    }
}
