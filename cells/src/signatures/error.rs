//! What can be wrong with signatures, cytokines, and an order for cells made from them.
//!
//! Does: sentences.
//! Does not know: files.
//! Flow: every function of `signatures` → **errors**.

use thiserror::Error;

use crate::cells::CellsError;

/// Why no cells can be made.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum SignatureError {
    /// A line of a table cannot be read.
    #[error("line {line} of the table of {table} cannot be read: {what}")]
    Line {
        /// Which table.
        table: &'static str,
        /// Line, from 1.
        line: u64,
        /// What is wrong.
        what: String,
    },
    /// A column is missing.
    #[error("the table of {table} has no column `{column}`; it has {found}")]
    Column {
        /// Which table.
        table: &'static str,
        /// The missing one.
        column: String,
        /// Columns there are.
        found: String,
    },
    /// A signal that the signatures lack.
    #[error("there is no signature of {signal}; there are {}", known.join(", "))]
    Signal {
        /// Asked for.
        signal: String,
        /// Signals there are.
        known: Vec<String>,
    },
    /// A measured cytokine that the table of cytokines lacks.
    #[error("the table of cytokines has no {name}; write the name as the table and the cells do")]
    Cytokine {
        /// Asked for.
        name: String,
    },
    /// A number that makes no sense.
    #[error("{what} is {value}; it must be {range}")]
    Setting {
        /// Which.
        what: &'static str,
        /// Its value.
        value: String,
        /// What it may be.
        range: &'static str,
    },
    /// Nothing to calibrate on.
    #[error(
        "the response to {name} cannot be calibrated: no cell type has {fewest} control cells and {fewest} cells of {name} in the chosen donors, and genes of the signature {signal}; ask for fewer cells, choose other donors or give the scale"
    )]
    NoCalibration {
        /// Measured cytokine.
        name: String,
        /// Its signal.
        signal: String,
        /// Fewest cells of a type.
        fewest: usize,
    },
    /// No control cells.
    #[error("no cell has {column} = {control}, so there is nothing to make cells from; name the control")]
    NoControl {
        /// Column of conditions.
        column: String,
        /// Its control value.
        control: String,
    },
    /// A label is missing, or parts do not fit.
    #[error(transparent)]
    Cells(#[from] CellsError),
}
