//! One transformer block: pre-norm attention with rotary positions, then SwiGLU.
//!
//! Does: the arithmetic of PAPER.md section 4 on [B, L, D] activations.
//! Does not know: genes, tokens, conditions, masks; attention is full in both directions.
//! Flow: compressed groups with condition rows in front → **blocks** → final norm → decode.

use burn::tensor::activation::silu;
use burn::tensor::module::attention;
use burn::tensor::ops::AttentionModuleOptions;
use burn::tensor::{Device, Tensor, TensorData};

/// Added to the mean square before the root; the paper leaves it open.
pub(crate) const NORM_EPSILON: f32 = 1e-5;
/// Base of the rotary frequencies; the paper leaves it open.
const ROTARY_BASE: f64 = 10_000.0;

/// Weights of one block; matrices are [in, out].
#[derive(Clone, Debug)]
pub struct Block {
    /// Gain of the norm before attention [1, D].
    pub attention_norm: Tensor<2>,
    /// Query, key and value side by side [D, 3 D].
    pub attention_in: Tensor<2>,
    /// Back to the residual stream [D, D].
    pub attention_out: Tensor<2>,
    /// Gain of the norm before the feed-forward [1, D].
    pub feed_norm: Tensor<2>,
    /// Gate and value side by side [D, 2 F].
    pub feed_in: Tensor<2>,
    /// Back to the residual stream [F, D].
    pub feed_out: Tensor<2>,
}

/// Cosines and sines of the rotary positions, [1, 1, positions, d / 2] each.
#[derive(Clone, Debug)]
pub struct Rotary {
    cosine: Tensor<4>,
    sine: Tensor<4>,
}

impl Rotary {
    /// Table for `positions` positions and heads of `head_width` (even).
    pub fn new(positions: usize, head_width: usize, device: &Device) -> Self {
        let [cosine, sine] = Self::values(positions, head_width)
            .map(|values| Tensor::<4>::from_data(TensorData::new(values, [1, 1, positions, head_width / 2]), device));
        Self { cosine, sine }
    }

    /// Cosines and sines [positions, d / 2] each.
    pub(crate) fn values(positions: usize, head_width: usize) -> [Vec<f32>; 2] {
        let half = head_width / 2;
        let angle = |index: usize| {
            let (position, pair) = (index / half, index % half);
            position as f64 * ROTARY_BASE.powf(-2.0 * pair as f64 / head_width as f64)
        };
        [f64::cos, f64::sin].map(|function| (0..positions * half).map(|i| function(angle(i)) as f32).collect())
    }

    /// Rotates [B, H, positions, d]: dimension i pairs with i + d/2.
    fn rotate(&self, x: Tensor<4>) -> Tensor<4> {
        let half = x.dims()[3] / 2;
        let first = x.clone().narrow(3, 0, half);
        let second = x.narrow(3, half, half);
        let turned_first = first.clone() * self.cosine.clone() - second.clone() * self.sine.clone();
        let turned_second = second * self.cosine.clone() + first * self.sine.clone();
        Tensor::cat(vec![turned_first, turned_second], 3)
    }
}

/// x / sqrt(mean(x²) + ε) · gain over the last axis; gain is [1, D].
pub(crate) fn root_mean_square_norm(x: Tensor<3>, gain: &Tensor<2>) -> Tensor<3> {
    let scale = (x.clone().square().mean_dim(2) + NORM_EPSILON).powf_scalar(-0.5);
    x * scale * gain.clone().unsqueeze::<3>()
}

/// [B, L, in] × [in, out] as one flat matrix product: one dispatch, whatever B is.
pub(crate) fn matmul_rows(x: Tensor<3>, weight: Tensor<2>) -> Tensor<3> {
    let [b, l, d] = x.dims();
    let out = weight.dims()[1];
    matmul_in(x.reshape([b * l, d]), weight).reshape([b, l, out])
}

/// x · weight computed in the weight's number type, given back in x's. The trainer lowers matrices to bf16 where
/// asked to; activations, norms and sums stay in f32.
pub(crate) fn matmul_in(x: Tensor<2>, weight: Tensor<2>) -> Tensor<2> {
    let (own, other) = (x.dtype(), weight.dtype());
    if own == other {
        return x.matmul(weight);
    }
    x.cast(other).matmul(weight).cast(own)
}

impl Block {
    /// [B, positions, D] → [B, positions, D].
    pub fn forward(&self, x: Tensor<3>, rotary: &Rotary, heads: usize) -> Tensor<3> {
        let attended = self.attention(root_mean_square_norm(x.clone(), &self.attention_norm), rotary, heads);
        let x = x + attended;
        let fed = self.feed(root_mean_square_norm(x.clone(), &self.feed_norm));
        x + fed
    }

    /// Softmax attention over all positions; `x` is normed. [B, positions, D] → same.
    pub fn attention(&self, x: Tensor<3>, rotary: &Rotary, heads: usize) -> Tensor<3> {
        let [b, l, d] = x.dims();
        let (queries_keys, v) = self.queries_keys_values(x, heads);
        // Queries and keys turn together: half the dispatches.
        let turned = rotary.rotate(queries_keys);
        let (own, other) = (turned.dtype(), self.attention_in.dtype());
        let lowered = |x: Tensor<4>| if own == other { x } else { x.cast(other) };
        let (turned, v) = (lowered(turned), lowered(v));
        let (q, k) = (turned.clone().narrow(1, 0, heads), turned.narrow(1, heads, heads));
        let mixed = attention(q, k, v, None, None, AttentionModuleOptions::default());
        let mixed = if own == other { mixed } else { mixed.cast(own) };
        let rows = mixed.swap_dims(1, 2).reshape([b, l, d]);
        matmul_rows(rows, self.attention_out.clone())
    }

    /// Queries and keys before rotation [B, 2 H, positions, d], and values [B, H, positions, d].
    fn queries_keys_values(&self, x: Tensor<3>, heads: usize) -> (Tensor<4>, Tensor<4>) {
        let [b, l, d] = x.dims();
        let projected = matmul_rows(x, self.attention_in.clone()).reshape([b, l, 3 * heads, d / heads]).swap_dims(1, 2);
        (projected.clone().narrow(1, 0, 2 * heads), projected.narrow(1, 2 * heads, heads))
    }

    /// (silu(gate) · value) → D; `x` is normed. [B, positions, D] → same.
    pub fn feed(&self, x: Tensor<3>) -> Tensor<3> {
        let projected = matmul_rows(x, self.feed_in.clone());
        let inner = projected.dims()[2] / 2;
        let gate = projected.clone().narrow(2, 0, inner);
        let value = projected.narrow(2, inner, inner);
        matmul_rows(silu(gate) * value, self.feed_out.clone())
    }
}
