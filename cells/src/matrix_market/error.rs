//! What can be wrong with a Matrix Market file or the texts beside it.
//!
//! Does: the error type of `matrix_market`; every sentence says what was wrong, where, and what to do.
//! Does not know: how to mend a file.
//! Flow: from the readers to whoever shows the sentence.

use thiserror::Error;

use crate::cells::CellsError;
use crate::counts::CountsError;
use crate::lines::Fault;
use crate::normalise::NormalisedError;

/// What is wrong with a Matrix Market file or its companions.
#[derive(Debug, Error)]
pub enum MtxError {
    /// The first line is not that of a matrix that is read here.
    #[error(
        "line {line} must read `%%MatrixMarket matrix coordinate integer general` (or real, or float); it reads `{found}`; save the counts as a coordinate matrix"
    )]
    Header {
        /// Line, from 1.
        line: u64,
        /// The line.
        found: String,
    },
    /// Not text.
    #[error("line {line} is {what}; is the file damaged, or packed in a way that is not read?")]
    NoText {
        /// Line, from 1.
        line: u64,
        /// What it is instead.
        what: &'static str,
    },
    /// The size line is not one.
    #[error("line {line} must hold rows, columns and the number of values; it reads `{found}`")]
    Size {
        /// Line, from 1.
        line: u64,
        /// The line.
        found: String,
    },
    /// A line that is no entry.
    #[error(
        "line {line} must hold a row from 1 to {rows}, a column from 1 to {columns} and a count; it reads `{found}`"
    )]
    Entry {
        /// Line, from 1.
        line: u64,
        /// The line.
        found: String,
        /// Rows by the size line.
        rows: u64,
        /// Columns by the size line.
        columns: u64,
    },
    /// A line of several values.
    #[error(
        "line {line} holds {values} values, `{found}`, as Velocyto's matrices of spliced, unspliced and ambiguous counts do; choose the folder Gene or GeneFull, or one matrix for each kind"
    )]
    Several {
        /// Line, from 1.
        line: u64,
        /// Values.
        values: usize,
        /// The line.
        found: String,
    },
    /// Values that are no counts.
    #[error(
        "the matrix holds {kind}, not counts: line {line} holds {value} ({why}); {}",
        if *rounding { "they are rounded to whole numbers where that is asked for (matrix \"rounded\"), or choose the matrix before the correction" } else { "choose the matrix of raw counts" }
    )]
    Values {
        /// Line of the first value that is no count, from 1.
        line: u64,
        /// That value.
        value: f64,
        /// What the matrix holds.
        kind: &'static str,
        /// Why.
        why: String,
        /// Whether rounding makes counts of them.
        rounding: bool,
    },
    /// Features, but no genes.
    #[error("features.tsv: there are no gene expression features, only {found}; choose the matrix of gene expression")]
    NoGenes {
        /// Kinds of features.
        found: String,
    },
    /// Cut off.
    #[error("the size line promises {expected} values, but the file ends after {found}; was it cut off?")]
    Short {
        /// By the size line.
        expected: u64,
        /// Found.
        found: u64,
    },
    /// Not text, or packed otherwise.
    #[error("the file cannot be unpacked ({0}); is it a whole .gz file?")]
    Packed(String),
    /// A companion with a line that is not one.
    #[error("{file}: {what}")]
    Companion {
        /// Which file.
        file: &'static str,
        /// What is wrong.
        what: String,
    },
    /// The three files do not belong together.
    #[error(
        "the matrix is {rows} × {columns}, but there are {features} features and {barcodes} barcodes; do the three files come from one folder, and does no line miss or stand too much?"
    )]
    Apart {
        /// Rows of the matrix.
        rows: u64,
        /// Columns of the matrix.
        columns: u64,
        /// Lines of the features.
        features: usize,
        /// Lines of the barcodes.
        barcodes: usize,
    },
    /// Values out of range.
    #[error("the values are no log-normalised expression: {0}")]
    Normalised(#[from] NormalisedError),
    /// The entries are no matrix.
    #[error("the entries are no matrix: {0}")]
    Matrix(#[from] CountsError),
    /// The parts are no cells.
    #[error(transparent)]
    Cells(#[from] CellsError),
}

impl From<Fault> for MtxError {
    fn from(fault: Fault) -> Self {
        match fault {
            Fault::NoText(line) => Self::NoText { line, what: "no text (it holds zero bytes)" },
            Fault::Long(line) => Self::NoText { line, what: "longer than any line of a matrix" },
        }
    }
}
