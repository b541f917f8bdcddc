//! The blocks, on the rows of one cell.
//!
//! Does: norms, attention and SwiGLU of every block on [P, D], in buffers that are kept.
//! Does not know: genes, tokens, conditions.
//! Flow: condition rows and groups of genes [P, D] → **blocks** → final norm → the same rows.

use super::attention::{Attend, Room, Turns};
use super::maths::{Gate, Norm, fast};
use super::product::{Panels, Product};
use super::tensors::floats;
use crate::block::{Block, NORM_EPSILON, Rotary};
use crate::network::Network;

/// Rows that go through the feed-forward at once: few enough for their inner features to stay in a cache.
const FED: usize = 48;

/// Weights of one block.
#[derive(Clone, Debug)]
struct Layer {
    attention_norm: Vec<f32>,
    attention_in: Panels,
    attention_out: Panels,
    feed_norm: Vec<f32>,
    feed_in: Panels,
    feed_out: Panels,
}

/// Weights of all blocks.
#[derive(Clone, Debug)]
pub(super) struct Trunk {
    layers: Vec<Layer>,
    final_norm: Vec<f32>,
    turns: Turns,
    width: usize,
    heads: usize,
    inner: usize,
}

/// Buffers of a pass.
#[derive(Clone, Debug, Default)]
pub(super) struct Buffers {
    /// [P, D].
    normed: Vec<f32>,
    /// [P, 3 D].
    projected: Vec<f32>,
    /// [P, D].
    mixed: Vec<f32>,
    /// Some rows' inner features, gates and values side by side [.., 2 F], and together [.., F].
    doubled: Vec<f32>,
    inner: Vec<f32>,
    room: Room,
}

impl Layer {
    fn new(block: &Block, width: usize, inner: usize) -> Self {
        let panels = |tensor, depth, columns| Panels::of(&floats(tensor), depth, columns);
        Self {
            attention_norm: floats(&block.attention_norm),
            attention_in: panels(&block.attention_in, width, 3 * width),
            attention_out: panels(&block.attention_out, width, width),
            feed_norm: floats(&block.feed_norm),
            feed_in: panels(&block.feed_in, width, 2 * inner),
            feed_out: panels(&block.feed_out, inner, width),
        }
    }
}

impl Trunk {
    /// Weights of a network.
    pub(super) fn new(network: &Network) -> Self {
        let config = &network.config;
        let positions = config.groups() + config.condition_slots;
        let [cosine, sine] = Rotary::values(positions, config.head_width());
        Self {
            layers: network.blocks.iter().map(|own| Layer::new(own, config.width, config.feed_width)).collect(),
            final_norm: floats(&network.final_norm),
            turns: Turns { cosine, sine },
            width: config.width,
            heads: config.heads,
            inner: config.feed_width,
        }
    }

    /// Rows after all blocks and the last norm, in their place [P, D].
    pub(super) fn forward(&self, x: &mut [f32], buffers: &mut Buffers) {
        buffers.normed.resize(x.len(), 0.0);
        buffers.projected.resize(3 * x.len(), 0.0);
        buffers.mixed.resize(x.len(), 0.0);
        for layer in &self.layers {
            self.attend(layer, x, buffers);
            self.feed(layer, x, buffers);
        }
        let Buffers { normed, .. } = buffers;
        fast(Norm { rows: x, gain: &self.final_norm, epsilon: NORM_EPSILON, out: normed });
        x.copy_from_slice(normed);
    }

    /// x + attention(norm(x)).
    fn attend(&self, layer: &Layer, x: &mut [f32], buffers: &mut Buffers) {
        let Buffers { normed, projected, mixed, room, .. } = buffers;
        fast(Norm { rows: x, gain: &layer.attention_norm, epsilon: NORM_EPSILON, out: normed });
        fast(Product { rows: normed, weights: &layer.attention_in, out: projected, adds: false });
        let (heads, width, turns) = (self.heads, self.width, &self.turns);
        fast(Attend { projected, heads, width, turns, room, out: mixed });
        fast(Product { rows: mixed, weights: &layer.attention_out, out: x, adds: true });
    }

    /// x + feed(norm(x)), some rows at a time.
    fn feed(&self, layer: &Layer, x: &mut [f32], buffers: &mut Buffers) {
        let Buffers { normed, doubled, inner, .. } = buffers;
        doubled.resize(FED * 2 * self.inner, 0.0);
        inner.resize(FED * self.inner, 0.0);
        for x in x.chunks_mut(FED * self.width) {
            let rows = x.len() / self.width;
            let (normed, doubled) = (&mut normed[..x.len()], &mut doubled[..rows * 2 * self.inner]);
            let inner = &mut inner[..rows * self.inner];
            fast(Norm { rows: x, gain: &layer.feed_norm, epsilon: NORM_EPSILON, out: normed });
            fast(Product { rows: normed, weights: &layer.feed_in, out: doubled, adds: false });
            fast(Gate { rows: doubled, inner: self.inner, out: inner });
            fast(Product { rows: inner, weights: &layer.feed_out, out: x, adds: true });
        }
    }
}
