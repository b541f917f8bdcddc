//! What cells are asked for, and what made them.
//!
//! Does: the words of a request, and what every export carries.
//! Does not know: who asks.
//! Flow: choices → **request** → worker → **provenance** → files.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// What to generate, by the card's names.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Request {
    /// Chosen values by condition key; keys left out are open, several perturbations are composed.
    pub with: BTreeMap<String, Vec<String>>,
    /// Guidance scale w.
    pub guidance: f32,
    /// Sampling steps N.
    pub steps: u32,
    /// Cells per scenario.
    pub cells: u32,
    /// Seed of the first replicate.
    pub seed: u32,
    /// Genes held at a count.
    pub clamp: Vec<(String, u32)>,
}

/// What every export carries.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Provenance {
    /// Key and value, in order.
    pub entries: Vec<(String, String)>,
}
