//! What can be wrong with a dense table.
//!
//! Does: the error type of `dense`; every sentence says what was wrong, in which line, and what to do.
//! Does not know: how to mend a file.
//! Flow: from the readers to whoever shows the sentence.

use thiserror::Error;

use crate::lines::Fault;
use crate::matrix_market::MtxError;

/// Longest line in bytes: names of ten million cells.
pub(super) const LONGEST: usize = 1 << 28;

/// What is wrong with a dense table.
#[derive(Debug, Error)]
pub enum DenseError {
    /// Not text.
    #[error("line {line} is no text (it holds zero bytes); is the file damaged, or packed in a way that is not read?")]
    NoText {
        /// Line, from 1.
        line: u64,
    },
    /// A line without an end.
    #[error("line {line} is longer than {most} bytes; is this a table of counts?")]
    Long {
        /// Line, from 1.
        line: u64,
        /// The most that is read.
        most: usize,
    },
    /// A line of another length.
    #[error(
        "line {line} holds {found} words where the lines before it hold {expected}; {}",
        if *last { "it is the last line: was the file cut off?" } else { "a name with the character that stands between words must stand in quotes" }
    )]
    Ragged {
        /// Line, from 1.
        line: u64,
        /// Words of it.
        found: usize,
        /// Words of the others.
        expected: usize,
        /// Whether the file ends in it.
        last: bool,
    },
    /// A header that does not fit.
    #[error(
        "the header (line {line}) holds {header} names, but the line after it {width} words; they must be as many, or one name fewer where the first column has none"
    )]
    Header {
        /// Line, from 1.
        line: u64,
        /// Names of the header.
        header: usize,
        /// Words of the next line.
        width: usize,
    },
    /// A place where a count must stand.
    #[error(
        "line {line} holds {found} in column {column}, where a count must stand; {}",
        if *missing { "write 0 where nothing was counted, or leave out what was not measured" } else { "correct it, or leave the column out" }
    )]
    Place {
        /// Line, from 1.
        line: u64,
        /// Name of the column, or its number.
        column: String,
        /// What stands there, in words.
        found: String,
        /// Whether it stands for nothing.
        missing: bool,
    },
    /// Another kind of text.
    #[error("this looks like {looks}; {todo}")]
    NotCounts {
        /// What it looks like.
        looks: String,
        /// What to do.
        todo: &'static str,
    },
    /// Another genome than there is.
    #[error("there is no `{asked}` among the names of the genes; choose \"table\", or leave the choice to the reader")]
    NoGenome {
        /// What was asked for.
        asked: String,
    },
    /// Two readings differ.
    #[error("the file changed while it was read; choose it again")]
    Changed,
    /// The packing is damaged, or the values are no counts.
    #[error(transparent)]
    Text(#[from] MtxError),
}

impl From<Fault> for DenseError {
    fn from(fault: Fault) -> Self {
        match fault {
            Fault::NoText(line) => Self::NoText { line },
            Fault::Long(line) => Self::Long { line, most: LONGEST },
        }
    }
}
