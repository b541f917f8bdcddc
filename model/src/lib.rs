//! The masked discrete diffusion model of single cells (Lingshu-Cell, arXiv 2603.25240).
//!
//! Does: tokens in, logits out, the walk back from noise, the loss, weights and bundles as bytes.
//! Does not know: files, the network, the web, which device it runs on (no backend is named here).
//! Flow: counts [cells, genes] → quantise → tokens [B, G] → mask → embed and compress [B, L, D] →
//! condition rows in front → blocks → decode the wanted genes → logits [B, g, V] → inverse-CDF draw
//! → tokens → counts.
//!
//! Letters in shapes: B cells, G genes, S genes per group, L groups, C condition tokens, D width,
//! H heads, V vocabulary, R rank of the per-gene output, N steps.

pub mod block;
pub mod bundle;
pub mod card;
mod choices;
pub mod config;
pub mod cost;
pub mod decode;
pub mod layout;
pub mod loss;
pub mod network;
pub mod precomputed;
pub mod quantise;
pub mod random;
pub mod sample;
pub mod schedule;
pub mod summary;
pub mod weights;
