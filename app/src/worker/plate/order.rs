//! Orders for the heat map.
//!
//! Does: clusters rows and columns of a matrix by average linkage.
//! Does not know: genes, wells.
//! Flow: matrix → **orders** → message.

use cells::linkage::average_linkage;

/// Orders of rows and of columns of a matrix with so many columns.
pub(super) fn both(values: &[f32], columns: usize) -> (Vec<u32>, Vec<u32>) {
    let rows = values.len().checked_div(columns).unwrap_or(0);
    let turned: Vec<f32> =
        (0..columns).flat_map(|column| (0..rows).map(move |row| values[row * columns + column])).collect();
    let order = |values: &[f32], n, dimensions| {
        average_linkage(values, n, dimensions).order.into_iter().map(|place| place as u32).collect()
    };
    (order(values, rows, columns), order(&turned, columns, rows))
}
