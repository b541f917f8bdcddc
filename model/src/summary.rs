//! What the visible genes say of the cell, in a few numbers that every gene can hear at once.
//!
//! Does: holds the parameters of a linear factor model of log-counts and turns visible tokens into the
//! posterior means of its Q factors and how sure they are.
//! Does not know: where the parameters come from (the trainer starts them from a factor analysis of
//! the training cells), what the blocks do with the numbers.
//! Flow: tokens [B, G] → levels of the visible genes → **features [B, 2Q]** → gates of the output
//! factors, and condition rows of the blocks.
//!
//! Past the paper. W_down and W_up are shared by all groups of genes, so the blocks have to learn by
//! heart, pair by pair, which genes vary together; with few cells they learn marginals only (the test
//! `distribution` measures it). A factor model says it from the first step, and the blocks are left
//! with what is not linear. 2 B G Q multiply-adds per pass: nothing beside the blocks.

use burn::tensor::{Device, Tensor, TensorData};

use crate::config::ModelConfig;
use crate::quantise::{MASK, dequantise};
use crate::random::Draws;

/// A factor's mean is bent towards this many prior standard deviations: a gene held at a count that no
/// cell ever had must not carry all others with it.
const LARGEST: f32 = 3.0;

/// Parameters of the factors.
#[derive(Clone, Debug)]
pub struct Summary {
    /// Level at which a gene says nothing [1, G].
    pub centre: Tensor<2>,
    /// Spread of a gene's level around it [G, 1].
    pub spread: Tensor<2>,
    /// What each gene's deviation says of each factor: loading over spread [G, Q].
    pub factors: Tensor<2>,
    /// What a condition value does to the expected level of every gene: factored, [K, Q] ...
    pub effect_conditions: Tensor<2>,
    /// ... and [G, Q].
    pub effect_genes: Tensor<2>,
    /// How far each factor can be believed under a condition value, as a natural logarithm [K, Q]: where
    /// one is left open, what it explains is mistaken for a factor.
    pub trust: Tensor<2>,
    /// Features → gates of the output factors [2Q, R].
    pub to_gates: Tensor<2>,
    /// Features → condition rows [2Q, D].
    pub to_rows: Tensor<2>,
}

/// Level of a token: log2(1 + count). One more for each doubling.
pub fn level(token: u16) -> f32 {
    f64::from(dequantise(token)).ln_1p() as f32 / std::f32::consts::LN_2
}

/// The visible genes of some cells.
#[derive(Clone, Debug)]
pub struct Seen {
    /// Levels, 0 where masked [B, G].
    levels: Tensor<2>,
    /// 1 where visible, 0 where masked [B, G].
    visible: Tensor<2>,
}

impl Seen {
    /// From tokens in gene order, B × G.
    pub fn of(tokens: &[u16], genes: usize, device: &Device) -> Self {
        let cells = tokens.len() / genes.max(1);
        let is_seen = |token: u16| i32::from(token) < MASK;
        // A table: dequantising costs a logarithm.
        let table: Vec<f32> = (0..MASK as u16).map(level).collect();
        let levels: Vec<f32> = tokens.iter().map(|token| table.get(*token as usize).copied().unwrap_or(0.0)).collect();
        let visible: Vec<f32> = tokens.iter().map(|token| f32::from(u8::from(is_seen(*token)))).collect();
        let tensor = |values| Tensor::<2>::from_data(TensorData::new(values, [cells, genes]), device);
        Self { levels: tensor(levels), visible: tensor(visible) }
    }

    /// The same cells, `times` over.
    pub fn repeat(&self, times: usize) -> Self {
        let again = |tensor: &Tensor<2>| Tensor::cat(vec![tensor.clone(); times], 0);
        Self { levels: again(&self.levels), visible: again(&self.visible) }
    }
}

impl Summary {
    /// Factors that say nothing yet and wait to be trained or set.
    pub(crate) fn init(config: &ModelConfig, seed: u64, device: &Device) -> Self {
        let mut draws = Draws::new(seed, u64::MAX - 2);
        let mut normal = |rows: usize, columns: usize| {
            let values: Vec<f32> = (0..rows * columns).map(|_| 0.02 * draws.normal()).collect();
            Tensor::<2>::from_data(TensorData::new(values, [rows, columns]), device)
        };
        let (g, q, k) = (config.genes, config.summary, config.condition_values);
        Self {
            centre: Tensor::zeros([1, g], device),
            spread: Tensor::ones([g, 1], device),
            factors: normal(g, q),
            effect_conditions: normal(k, q),
            effect_genes: normal(g, q),
            trust: Tensor::zeros([k, q], device),
            to_gates: normal(2 * q, config.rank),
            to_rows: normal(2 * q, config.width),
        }
    }

    /// Parameters of the right shapes and no meaning.
    pub(crate) fn empty(config: &ModelConfig, device: &Device) -> Self {
        let zeros = |rows: usize, columns: usize| Tensor::<2>::zeros([rows, columns], device);
        let (g, q, k) = (config.genes, config.summary, config.condition_values);
        Self {
            centre: zeros(1, g),
            spread: zeros(g, 1),
            factors: zeros(g, q),
            effect_conditions: zeros(k, q),
            effect_genes: zeros(g, q),
            trust: zeros(k, q),
            to_gates: zeros(2 * q, config.rank),
            to_rows: zeros(2 * q, config.width),
        }
    }

    /// The same parameters with every tensor passed through `change` (name, tensor) → tensor.
    pub(crate) fn map(self, mut change: impl FnMut(&str, Tensor<2>) -> Tensor<2>) -> Self {
        Self {
            centre: change("summary.centre", self.centre),
            spread: change("summary.spread", self.spread),
            factors: change("summary.factors", self.factors),
            effect_conditions: change("summary.effect_conditions", self.effect_conditions),
            effect_genes: change("summary.effect_genes", self.effect_genes),
            trust: change("summary.trust", self.trust),
            to_gates: change("summary.to_gates", self.to_gates),
            to_rows: change("summary.to_rows", self.to_rows),
        }
    }

    /// What one visible gene adds to the precision of each factor: its squared loading [G, Q].
    pub(crate) fn precisions(&self) -> Tensor<2> {
        (self.factors.clone() * self.spread.clone()).square()
    }

    /// Posterior means of the factors and how much of their prior variance is gone, side by side
    /// [B, 2Q]. `effects` and `trust` are the sums of `effect_conditions` and `trust` over a cell's
    /// condition tokens [B, Q].
    ///
    /// With loadings that are orthogonal under the noise, the posterior of factor q given visible
    /// genes has mean Σ (deviation · loading / spread) / (1 + Σ loading²). A gene's deviation is from what
    /// the conditions let expect. The mean z is bent to z / √(1 + z²/9).
    pub(crate) fn features(
        &self,
        seen: &Seen,
        precisions: &Tensor<2>,
        effects: Tensor<2>,
        trust: Tensor<2>,
    ) -> Tensor<2> {
        let expected = effects.matmul(self.effect_genes.clone().transpose()) + self.centre.clone();
        let deviation = seen.levels.clone() - seen.visible.clone() * expected;
        let said = deviation.matmul(self.factors.clone());
        let precision = seen.visible.clone().matmul(precisions.clone());
        let total = precision.clone().add_scalar(1.0);
        let mean = said / total.clone() * trust.exp();
        let bound = mean.clone().square().mul_scalar(1.0 / (LARGEST * LARGEST)).add_scalar(1.0).sqrt();
        Tensor::cat(vec![mean / bound, precision / total], 1)
    }
}

#[cfg(test)]
mod tests {
    use super::level;
    use crate::quantise::quantise;

    #[test]
    fn a_level_is_one_more_for_each_doubling() {
        for (count, expected) in [(0, 0.0), (1, 1.0), (3, 2.0), (7, 3.0), (63, 6.0)] {
            // One f32 rounding of a logarithm.
            assert!((level(quantise(count)) - expected).abs() < 1e-6);
        }
    }
}
