//! Cells of a file of any size, a window at a time: the one reader of trainer, judge and page.
//!
//! Does: opens AnnData, MuData and 10x Genomics' `.h5` over any source of bytes (or cells in memory), takes the best
//! matrix or the one that was asked for, reads counts, names and labels of a window; says what it took and why.
//! Does not know: where the bytes come from (a file, a dropped file of a browser), which windows are asked for.
//! Flow: source of bytes → **window of cells and a report** → `train-native`, Data view.

mod by_genes;
mod candidates;
mod cell_rows;
mod expression;
mod find;
mod held;
mod labelled;
mod layout;
mod open;
mod runs;
mod stored;
mod whole;

pub use cell_rows::CellRows;
pub use expression::{Convert, Expression, Scale};
pub use held::Held;

#[cfg(test)]
mod tests;
