//! What the visible genes say of the cell, in a few numbers that every gene can hear at once.
//!
//! Does: holds the parameters of a factor model of log-means and turns deviations of visible counts into the posterior
//! means of its Q factors and how much of each is known.
//! Does not know: where the parameters come from (the trainer starts them from the training cells), how the deviations
//! are computed (`reading`), what the blocks do with the numbers.
//! Flow: deviations [B, L·S] → **posterior [B, Q] twice** → log-means of all genes, and condition rows of the blocks.
//!
//! Past the paper. W_down and W_up are shared by all groups of genes, so the blocks would have to learn pair by pair
//! which genes vary together; with few cells they learn marginals only (the test `distribution` measures it). The factor
//! model says it from the first step. Gene g has the mean m_g · exp(Λ_g · z) with z standard normal, m_g the mean that the
//! conditions let expect; given visible genes, z has mean ẑ and the share s of its variance is gone. Then the mean of a
//! hidden gene is m_g · exp(Λ_g · ẑ − ½ Λ_g² · s): over all cells of a condition this is m_g again, at any share of
//! visible genes. The same loadings read and write, so what is expected is what the head draws, and a cell does not
//! drift away on its own draws. 4 B G Q multiply-adds per pass: nothing beside the blocks.

use burn::tensor::{Device, Tensor, TensorData};

use crate::config::ModelConfig;
use crate::random::Draws;
use crate::reading::Deviations;

/// A factor's mean is bent towards this many prior standard deviations: a gene held at a count that no
/// cell ever had must not carry all others with it.
pub(crate) const LARGEST: f32 = 3.0;

/// Parameters of the factors.
#[derive(Clone, Debug)]
pub struct Summary {
    /// What a standard deviation of each factor adds to every gene's log-mean [G, Q].
    pub loadings: Tensor<2>,
    /// How far each factor can be believed under a condition value, as a natural logarithm [K, Q]: where
    /// one is left open, what it explains is mistaken for a factor.
    pub trust: Tensor<2>,
    /// Posterior means and known shares → condition rows [2Q, D].
    pub to_rows: Tensor<2>,
}

/// Posterior of the factors of some cells.
#[derive(Clone, Debug)]
pub(crate) struct Posterior {
    /// Means in prior standard deviations, bent to at most 3 [B, Q].
    pub(crate) means: Tensor<2>,
    /// Share of the prior variance that the means explain [B, Q].
    pub(crate) known: Tensor<2>,
}

impl Posterior {
    /// Means and shares side by side [B, 2Q].
    pub(crate) fn features(&self) -> Tensor<2> {
        Tensor::cat(vec![self.means.clone(), self.known.clone()], 1)
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
        Self { loadings: normal(g, q), trust: Tensor::zeros([k, q], device), to_rows: normal(2 * q, config.width) }
    }

    /// Parameters of the right shapes and no meaning.
    pub(crate) fn empty(config: &ModelConfig, device: &Device) -> Self {
        let zeros = |rows: usize, columns: usize| Tensor::<2>::zeros([rows, columns], device);
        let (g, q, k) = (config.genes, config.summary, config.condition_values);
        Self { loadings: zeros(g, q), trust: zeros(k, q), to_rows: zeros(2 * q, config.width) }
    }

    /// The same parameters with every tensor passed through `change` (name, tensor) → tensor.
    pub(crate) fn map(self, mut change: impl FnMut(&str, Tensor<2>) -> Tensor<2>) -> Self {
        Self {
            loadings: change("summary.loadings", self.loadings),
            trust: change("summary.trust", self.trust),
            to_rows: change("summary.to_rows", self.to_rows),
        }
    }

    /// Posterior of the factors: `loadings` [L·S, Q] and their `squares` in position order, `trust` [B, Q] the sum of
    /// [`Self::trust`] over a cell's condition tokens.
    ///
    /// One step of Fisher scoring from the prior mean, with the loadings taken for orthogonal under the information of
    /// the visible genes (the trainer starts them so): mean = score / (1 + information). The mean z is bent to
    /// z / √(1 + z²/9).
    pub(crate) fn posterior(
        deviations: &Deviations,
        loadings: Tensor<2>,
        squares: Tensor<2>,
        trust: Tensor<2>,
    ) -> Posterior {
        let score = deviations.score.clone().matmul(loadings);
        let information = deviations.information.clone().matmul(squares);
        let total = information.clone().add_scalar(1.0);
        let trust = trust.exp();
        let means = score / total.clone() * trust.clone();
        let bound = means.clone().square().mul_scalar(1.0 / (LARGEST * LARGEST)).add_scalar(1.0).sqrt();
        Posterior { means: means / bound, known: information / total * trust.square() }
    }
}
