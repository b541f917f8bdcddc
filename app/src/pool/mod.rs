//! Several workers that write the cells of one task.
//!
//! Does: says how many workers there should be (`size`), which of them writes which cells (`turns`), and how cells of many
//! genes travel as one array (`flat`).
//! Does not know: browsers, models, messages; `worker::pool` starts workers and hands them what is decided here.
//! Flow: cores, memory → **number of workers**; cells wanted → **batches** → cells in order.

pub mod flat;
pub mod size;
pub mod turns;

/// Number of a worker. Numbers are never used again.
pub type Who = u32;

/// The worker that the page talks to. It shares out the cells and writes some itself.
pub const LEAD: Who = 0;
