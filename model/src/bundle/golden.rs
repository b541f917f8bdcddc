//! The golden pass: one forward pass whose logits are known.
//!
//! Does: computes it on the way that sampling takes.
//! Does not know: what the logits should be.
//! Flow: tokens and condition tokens of a bundle's golden file → **logits** → compared with the file's.

use std::sync::Arc;

use burn::tensor::{Tensor, TensorData};

use super::Golden;
use crate::cpu::Engine;
use crate::decode::Decoder;
use crate::network::{Labels, Network};
use crate::quantise::VOCABULARY;

/// Logits of the golden pass [B, g, V].
pub fn golden_logits(network: &Network, golden: &Golden) -> Tensor<3> {
    let Some(host) = &network.host else {
        let hidden = network.hidden(&network.tables(), &network.read(&golden.tokens), Labels::of(&golden.conditions));
        return Decoder::new(network).logits(&hidden.bounded(&network.constants, None), &golden.genes);
    };
    let mut engine = Engine::new(Arc::clone(host));
    let tokens = golden.tokens.chunks_exact(network.config.genes);
    let labels = golden.conditions.chunks_exact(network.config.condition_slots);
    let mut logits = Vec::new();
    for (tokens, labels) in tokens.zip(labels) {
        let state = engine.state(network, tokens, labels, 1.0);
        logits.extend(engine.logits(&engine.row(&state, None, None), &golden.genes));
    }
    let cells = golden.conditions.len() / network.config.condition_slots;
    Tensor::from_data(TensorData::new(logits, [cells, golden.genes.len(), VOCABULARY]), &network.device())
}
