//! Orders for the heat map, and the trees behind them.
//!
//! Does: clusters rows and columns of a matrix by average linkage.
//! Does not know: genes, wells.
//! Flow: matrix → **orders, trees** → message.

use cells::linkage::{Fork, average_linkage};

use crate::protocol::plate::Ordered;

/// Rows and columns of a matrix with so many columns, clustered.
pub(super) fn both(values: &[f32], columns: usize) -> [Ordered; 2] {
    let rows = values.len().checked_div(columns).unwrap_or(0);
    let turned: Vec<f32> =
        (0..columns).flat_map(|column| (0..rows).map(move |row| values[row * columns + column])).collect();
    let order = |values: &[f32], n, dimensions| {
        let found = average_linkage(values, n, dimensions);
        let fork = |own: &Fork| {
            let ([first, second], [from_first, from_second]) = (own.places, own.from);
            [first, second, from_first, from_second, own.height].map(|number| number as f32)
        };
        let tree = found.forks().iter().map(fork).collect();
        Ordered { order: found.order.into_iter().map(|place| place as u32).collect(), tree }
    };
    [order(values, rows, columns), order(&turned, columns, rows)]
}
