//! The golden pass: one forward pass whose logits are known.
//!
//! Does: computes it on the way that sampling takes.
//! Does not know: what the logits should be.
//! Flow: tokens and condition tokens of a bundle's golden file → **logits** → compared with the file's.

use burn::tensor::{Tensor, TensorData};

use crate::cpu::Engine;
use crate::decode::Decoder;
use crate::network::{Labels, Network};
use crate::quantise::VOCABULARY;

/// A forward pass whose logits are known.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Golden {
    /// Tokens [B, G].
    pub tokens: Vec<u16>,
    /// Condition tokens [B, C].
    pub conditions: Vec<i32>,
    /// Genes decoded [g].
    pub genes: Vec<u32>,
    /// Logits [B, g, V].
    pub logits: Vec<f32>,
}

/// Logits of the golden pass [B, g, V].
pub fn golden_logits(network: &Network, golden: &Golden) -> Tensor<3> {
    let Some(mut engine) = Engine::of(network) else {
        let hidden = network.hidden(&network.tables(), &network.read(&golden.tokens), Labels::of(&golden.conditions));
        return Decoder::new(network).logits(&hidden.bounded(&network.constants, None), &golden.genes);
    };
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
