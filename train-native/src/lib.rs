//! The trainer and the batch tool, as a library that its command line and tests share.
//!
//! Does: files, devices, training, export, evaluation.
//! Does not know: the web.
//! Flow: h5ad → store; h5ad or store + recipe → run → bundle → generated cells and scores.

// What is said and printed goes through `output`: the macros panic where a pipe was closed.
#![warn(clippy::print_stdout, clippy::print_stderr)]

pub mod advise;
pub mod batches;
pub mod bench;
pub mod bench_store;
pub mod bench_train;
pub mod checkpoint;
pub mod data;
pub mod device;
pub mod embedding;
pub mod evaluate;
pub mod export;
pub mod files;
pub mod folders;
pub mod generate;
pub mod html;
pub mod inspect;
pub mod inspect_data;
pub mod judge;
pub mod limits;
pub mod lock;
pub mod optimise;
pub mod output;
pub mod panels;
pub mod plausible;
pub mod pool;
pub mod precompute;
pub mod predict;
pub mod prepare;
pub mod presets;
pub mod progress;
pub mod ranges;
pub mod recipe;
pub mod replicas;
pub mod report;
pub mod run_folder;
pub mod runs;
pub mod sample;
pub mod semisynthetic;
pub mod start;
pub mod stop;
pub mod store;
pub mod sweep;
pub mod synthesis;
mod terminal;
pub mod train;
pub mod usage;

pub use model::sealed;
