//! The trainer and the batch tool, as a library that its command line and tests share.
//!
//! Does: files, devices, training, export, evaluation.
//! Does not know: the web.
//! Flow: h5ad → store; h5ad or store + recipe → run → bundle → generated cells and scores.

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
pub mod factors;
pub mod files;
pub mod generate;
pub mod html;
pub mod inspect;
pub mod inspect_data;
pub mod judge;
pub mod marginals;
pub mod optimise;
pub mod pool;
pub mod precompute;
pub mod prepare;
pub mod presets;
pub mod recipe;
pub mod replicas;
pub mod report;
pub mod responses;
pub mod sample;
pub mod semisynthetic;
pub mod store;
pub mod synthesis;
pub mod train;
pub mod usage;
