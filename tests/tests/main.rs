//! One integration binary over the public items of every room.
//!
//! Does: gathers the test modules. Does not know: private items.
//! Flow: `cargo xtask test` → here.

// A test fails by panicking; that is what `unwrap` is for here.
#![allow(clippy::unwrap_used)]

mod boundaries;
mod bounds;
mod browser;
mod combinations;
mod distribution;
mod gallery;
mod host;
mod judge;
mod networks;
mod overfit;
mod parity;
mod pipeline;
mod populations;
mod precompute;
mod predict;
mod python;
mod ranges;
mod replicas;
mod store;
mod training;
mod whole_cells;
