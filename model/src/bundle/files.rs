//! Names of a bundle's files, and the hash by which each is known.
//!
//! Does: names them, says which are needed to make and show cells, hashes bytes.
//! Does not know: what stands in them.
//! Flow: **names, hash** → card, readers, export.

use sha2::{Digest, Sha256};

/// The card's file name.
pub const CARD: &str = "bundle.json";
/// Weights in f16, some gene tables in bytes.
pub const WEIGHTS: &str = "weights.safetensors";
/// Principal components and reference cells.
pub const MAP: &str = "map.safetensors";
/// Measured pseudobulks.
pub const REFERENCE: &str = "reference.safetensors";
/// A forward pass with its logits.
pub const GOLDEN: &str = "golden.safetensors";
/// Results made ahead of time.
pub const PRECOMPUTED: &str = "precomputed.safetensors";

/// Whether cells cannot be made or shown without a file of this name. Others (such as the split of the training cells)
/// travel with a bundle for those who train and evaluate.
pub fn is_needed(name: &str) -> bool {
    [WEIGHTS, MAP, REFERENCE, GOLDEN, PRECOMPUTED].contains(&name)
}

/// SHA-256 in lower-case hexadecimal.
pub fn sha256(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}
