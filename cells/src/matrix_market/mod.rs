//! Matrix Market files (`matrix.mtx`), a piece at a time, and the texts that stand beside them.
//!
//! Does: takes bytes as they come, tells the size as soon as its line is there, hands out one entry after the other;
//! unpacks `.gz`; reads the genes and cells of the folders of 10x Genomics, STARsolo and Parse; writes 10x's form.
//! Does not know: files, how many bytes are still to come.
//! Flow: pieces of bytes → **entries** → `Trio` → rows of cells.

mod companions;
mod error;
mod fitted;
mod inflate;
mod lines;
mod table;
mod trio;

pub use crate::h5ad::Held;
pub use companions::Companions;
pub(crate) use companions::label_of;
pub use error::MtxError;
pub use inflate::{Inflate, form_inside};
pub use lines::{Entry, Odd, Reader, Size};
pub use trio::{Trio, genome, is_rounded};

use std::fmt::Write;

use crate::counts::Counts;

/// Counts as a Matrix Market file: genes in rows, cells in columns, as 10x Genomics writes them.
pub fn write(counts: &Counts) -> String {
    let mut text = String::from("%%MatrixMarket matrix coordinate integer general\n");
    // Writing to a string cannot fail, here and below.
    let _ = writeln!(text, "{} {} {}", counts.genes(), counts.cells(), counts.stored());
    for cell in 0..counts.cells() {
        let (genes, values) = counts.row(cell);
        for (gene, value) in genes.iter().zip(values) {
            let _ = writeln!(text, "{} {} {value}", gene + 1, cell + 1);
        }
    }
    text
}

#[cfg(test)]
mod tests;
