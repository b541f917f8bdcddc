//! The golden pass: one forward pass whose logits are known.
//!
//! Does: computes it on the way that sampling takes, and makes its file.
//! Does not know: what the logits should be.
//! Flow: tokens and condition tokens of a bundle's golden file → **logits** → compared with the file's.

use burn::tensor::{Tensor, TensorData};

use crate::cpu::Engine;
use crate::decode::Decoder;
use crate::network::{Labels, Network};
use crate::quantise::VOCABULARY;
use crate::weights::{Precision, Tensors, WeightsError};

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

impl Golden {
    /// The golden pass's file.
    ///
    /// # Errors
    /// When lengths disagree.
    pub fn serialise(&self, genes: usize) -> Result<Vec<u8>, WeightsError> {
        let cells = self.tokens.len() / genes.max(1);
        let mut file = Tensors::default();
        let tokens: Vec<i32> = self.tokens.iter().map(|token| i32::from(*token)).collect();
        file.integers("tokens", &[cells, genes], &tokens);
        file.integers("conditions", &[cells, self.conditions.len() / cells.max(1)], &self.conditions);
        let places: Vec<i32> = self.genes.iter().map(|gene| *gene as i32).collect();
        file.integers("genes", &[places.len()], &places);
        let shape = [cells, self.genes.len(), VOCABULARY];
        file.floats("logits", &shape, &self.logits, Precision::Full);
        file.serialise()
    }
}
