//! The golden pass: one forward pass whose logits are known.
//!
//! Does: computes it on the way that sampling takes, and says how far it is off.
//! Does not know: how much is too much.
//! Flow: tokens and condition tokens of a bundle's golden file → **logits** → compared with the file's.

use std::sync::Arc;

use burn::tensor::{Tensor, TensorData};

use super::{Bundle, Golden};
use crate::cpu::Engine;
use crate::decode::Decoder;
use crate::network::{Labels, Network};
use crate::quantise::VOCABULARY;
use crate::statistics::NEVER;

impl Bundle {
    /// Largest difference between this device's logits and the golden ones.
    ///
    /// # Errors
    /// When the device fails to hand the values back.
    pub async fn golden_error(&self) -> Result<f32, burn::tensor::ExecutionError> {
        let logits = golden_logits(&self.network, &self.golden).into_data_async().await?;
        // Values past a ceiling have no logit to speak of, on any device.
        let is_never = |logit: f32| logit < 0.5 * NEVER;
        let difference = |a: f32, b: f32| match (is_never(a), is_never(b)) {
            (true, true) => 0.0,
            (false, false) => (a - b).abs(),
            _ => f32::INFINITY,
        };
        let pairs = logits.iter::<f32>().zip(&self.golden.logits);
        // A difference that is not a number must not pass as small.
        let worse = |worst: f32, error: f32| if error <= worst { worst } else { error };
        Ok(pairs.map(|(a, b)| difference(a, *b)).fold(0.0, worse))
    }
}

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
