//! Dense tables of counts: comma- and tab-separated texts with names of genes along one side and of cells along the other.
//!
//! Does: reads a table twice as its bytes come: first what stands where (names, labels, which side the genes are, how many
//! values there are), then the values, of which zeros are not kept; tells what a text that is no such table looks like.
//! Does not know: files.
//! Flow: pieces of text → [`Scan`] → **`Table`** → pieces of text again → [`Values`] → entries → `Trio` → rows of cells.

mod axes;
mod body;
mod error;
mod found;
mod head;
mod known;
mod refuse;
mod scan;
mod values;
mod words;

pub use error::DenseError;
pub use found::Table;
pub use scan::Scan;
pub use values::Values;

#[cfg(test)]
mod tests;
