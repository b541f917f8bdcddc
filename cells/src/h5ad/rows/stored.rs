//! Values of a window as a file stores them.
//!
//! Does: holds row starts, columns and values side by side, with the place of the first in the file.
//! Does not know: which columns are genes, what the values mean.
//! Flow: `layout` → **stored values** → `expression`.

/// Values as they are stored: row starts from 0, columns, values.
#[derive(Default)]
pub(super) struct Stored {
    pub(super) starts: Vec<usize>,
    pub(super) columns: Vec<u32>,
    pub(super) values: Vec<f64>,
    /// Place of the first value in the file, for errors.
    pub(super) first: usize,
}
