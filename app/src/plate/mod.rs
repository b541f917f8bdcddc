//! A 96-well plate as data: what stands in which well, and all that is done with it.
//!
//! Does: gathers the layout and its edits, its form in addresses and spreadsheets, the example, the order of work,
//! what a model lacks of it, and what results are written as.
//! Does not know: the page, the worker, how wells look.
//! Flow: clicks, keys and pasted tables → **layout** → requests of wells → results → tables.

pub mod address;
pub mod example;
pub mod layout;
pub mod paste;
pub mod results;
pub mod table;
pub mod unknown;
pub mod wells;
pub mod work;

pub use layout::{Condition, Layout, Well};
