//! The masked discrete diffusion model of single cells (Lingshu-Cell, arXiv 2603.25240).
//!
//! Does: tokens in, logits out, the walk back from noise, the loss, weights and bundles as bytes.
//! Does not know: files, the network, the web, which device it runs on (no backend is named here).
//! Flow: counts [cells, genes] → quantise → tokens [B, G] → mask → embed and compress [B, L, D] →
//! condition rows in front → blocks → hidden: a shift of every gene's log-mean, bounded → decode the wanted genes
//! under their ceilings → logits [B, g, V] → inverse-CDF draw → tokens → counts.
//!
//! Letters in shapes: B cells, G genes, S genes per group, L groups, C condition tokens, K condition values, D width,
//! H heads, V vocabulary, R response factors, Q summary factors, U shape factors, P pairs of conditions, N steps.

pub mod block;
pub mod bundle;
pub mod card;
mod choices;
pub mod config;
mod constants;
pub mod cost;
mod cpu;
pub mod decode;
pub mod hidden;
pub mod layout;
pub mod loss;
pub mod network;
pub mod pairs;
pub mod precomputed;
pub mod quantise;
pub mod random;
pub mod reading;
pub mod rewrite;
pub mod sample;
pub mod schedule;
pub mod sealed;
pub mod statistics;
pub mod summary;
pub mod weights;
pub mod writer;
