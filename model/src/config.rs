//! The numbers that fix a network's shape.
//!
//! Does: states every size, checks that they fit together, counts parameters.
//! Does not know: devices, weights, what the conditions mean.
//! Flow: read from a recipe or a bundle, then everything else is built from it.

use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::quantise::{FIRST_CONDITION, VOCABULARY};
use crate::reading::FEATURES;

/// Sizes of the network (PAPER.md sections 3 and 4).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ModelConfig {
    /// G: genes in the panel.
    pub genes: usize,
    /// S: genes per group.
    pub group_size: usize,
    /// D: width of the residual stream.
    pub width: usize,
    /// Transformer blocks.
    pub blocks: usize,
    /// H: attention heads; each is D / H wide, and that must be even for rotary positions.
    pub heads: usize,
    /// F: inner width of the SwiGLU feed-forward.
    pub feed_width: usize,
    /// R: factors of a gene's response to the conditions, and gates of a cell that open them.
    pub rank: usize,
    /// Q: factors of how genes vary together, estimated from the visible genes of a cell; 0 leaves the summary out.
    #[serde(default)]
    pub summary: usize,
    /// U: factors of the shape of a gene's distribution around its mean.
    pub shape: usize,
    /// C: condition tokens in front of the genes.
    pub condition_slots: usize,
    /// K: condition values over all slots; they follow the expression tokens.
    pub condition_values: usize,
    /// P: pairs of condition values whose joint effect is more than the sum of both (context × perturbation).
    #[serde(default)]
    pub pairs: usize,
}

/// Sizes that do not fit together.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum ConfigError {
    /// A size is zero.
    #[error("the model's `{0}` is 0; it must be at least 1")]
    Zero(&'static str),
    /// The width does not divide into heads of even width.
    #[error("a width of {width} does not divide into {heads} heads of even width; choose a width that is a multiple of {}", 2 * heads)]
    Heads {
        /// D.
        width: usize,
        /// H.
        heads: usize,
    },
    /// A size is past what any device can hold.
    #[error("the model's `{name}` is {value}, above the limit of {limit}")]
    TooLarge {
        /// The field.
        name: &'static str,
        /// Its value.
        value: usize,
        /// The largest accepted.
        limit: usize,
    },
}

/// A size to multiply with: sizes within [`LIMIT`] cannot overflow so.
fn wide(size: usize) -> u128 {
    size as u128
}

/// A number of parameters.
fn counted(parameters: u128) -> usize {
    usize::try_from(parameters).unwrap_or(usize::MAX)
}

/// Highest value accepted for any single size: a guard against damaged files, far above any use.
const LIMIT: usize = 1 << 20;

impl ModelConfig {
    /// Checks the sizes against each other.
    ///
    /// # Errors
    /// When a size is zero or absurdly large, or the heads do not divide the width.
    pub fn check(&self) -> Result<(), ConfigError> {
        let sizes = [
            ("genes", self.genes),
            ("group_size", self.group_size),
            ("width", self.width),
            ("blocks", self.blocks),
            ("heads", self.heads),
            ("feed_width", self.feed_width),
            ("rank", self.rank),
            ("shape", self.shape),
            ("condition_slots", self.condition_slots),
            ("condition_values", self.condition_values),
        ];
        for (name, value) in sizes {
            if value == 0 {
                return Err(ConfigError::Zero(name));
            }
        }
        for (name, value) in sizes.into_iter().chain([("summary", self.summary), ("pairs", self.pairs)]) {
            if value > LIMIT {
                return Err(ConfigError::TooLarge { name, value, limit: LIMIT });
            }
        }
        if !self.width.is_multiple_of(2 * self.heads) {
            return Err(ConfigError::Heads { width: self.width, heads: self.heads });
        }
        Ok(())
    }

    /// L: groups of genes, the last one padded.
    pub fn groups(&self) -> usize {
        self.genes.div_ceil(self.group_size)
    }

    /// One more than the largest condition token.
    pub fn tokens(&self) -> usize {
        FIRST_CONDITION as usize + self.condition_values
    }

    /// Gates of a cell: those of the R responses, the Q summary factors and the U shape factors.
    pub fn gates(&self) -> usize {
        self.rank + self.summary + self.shape
    }

    /// Width of one attention head.
    pub fn head_width(&self) -> usize {
        self.width / self.heads
    }

    /// Parameters of the transformer blocks' matrices: blocks × (4 D² + 3 D F); the largest number where they are more.
    pub fn block_parameters(&self) -> usize {
        counted(self.in_blocks())
    }

    fn in_blocks(&self) -> u128 {
        let [blocks, d, f] = [self.blocks, self.width, self.feed_width].map(wide);
        blocks * (4 * d * d + 3 * d * f)
    }

    /// All parameters; the largest number where they are more.
    pub fn parameters(&self) -> usize {
        let [d, s, v, g, q] = [self.width, self.group_size, VOCABULARY, self.genes, self.summary].map(wide);
        let [values, groups, gates] = [self.condition_values, self.groups(), self.gates()].map(wide);
        let [blocks, rank, u, pairs] = [self.blocks, self.rank, self.shape, self.pairs].map(wide);
        let norms = (2 * blocks + 1) * d;
        let reading = (wide(FEATURES) + values + groups) * d + g * d + s * d * d;
        let shape = s * d * d + d * v + g * u + u * v;
        let responses = g * (rank + q) + gates * (1 + values + d) + pairs * rank;
        let summary = if q > 0 { values * q + 2 * q * d } else { 0 };
        counted(self.in_blocks() + norms + reading + shape + responses + d + summary)
    }

    /// Multiply-adds × 2 of one trunk pass for one cell: blocks with attention, without the
    /// embedding (a table look-up) and without the head.
    pub fn trunk_flops(&self) -> f64 {
        let positions = (self.groups() + self.condition_slots) as f64;
        let attention = 4.0 * positions * positions * self.width as f64 * self.blocks as f64;
        2.0 * positions * self.block_parameters() as f64 + attention
    }

    /// Multiply-adds × 2 of everything around the blocks for one cell: reading its tokens, the summary of its visible
    /// genes, and the log-mean of every gene.
    pub fn reading_flops(&self) -> f64 {
        let (g, d) = (self.genes as f64, self.width as f64);
        let compression = g * FEATURES as f64 * d;
        let factors = g * (2 * self.rank + 6 * self.summary) as f64;
        2.0 * (compression + 2.0 * g * d + factors)
    }

    /// Multiply-adds × 2 of decoding one value of one gene of one cell; a gene has as many values as its ceiling allows.
    pub fn value_flops(&self) -> f64 {
        2.0 * (self.width + self.shape) as f64
    }
}

#[cfg(test)]
mod tests {
    use super::{ConfigError, ModelConfig};

    fn paper() -> ModelConfig {
        ModelConfig {
            genes: 18_080,
            group_size: 8,
            width: 640,
            blocks: 13,
            heads: 10,
            feed_width: 2560,
            rank: 32,
            summary: 0,
            shape: 4,
            condition_slots: 2,
            condition_values: 100,
            pairs: 0,
        }
    }

    #[test]
    fn the_blocks_of_the_paper_hold_85_million() {
        assert_eq!(paper().block_parameters(), 85_196_800);
        assert_eq!(paper().groups(), 2260);
        assert_eq!(ModelConfig { group_size: 32, ..paper() }.groups(), 565);
        assert!(paper().check().is_ok());
    }

    #[test]
    fn sizes_that_do_not_fit_are_refused() {
        let odd = ModelConfig { heads: 7, ..paper() };
        assert_eq!(odd.check(), Err(ConfigError::Heads { width: 640, heads: 7 }));
        assert_eq!(ModelConfig { genes: 0, ..paper() }.check(), Err(ConfigError::Zero("genes")));
        assert!(ModelConfig { genes: usize::MAX, ..paper() }.check().is_err());
    }

    #[test]
    fn the_largest_sizes_are_counted_without_overflow() {
        let limit = 1 << 20;
        let all =
            ModelConfig { width: limit, blocks: limit, heads: 1, feed_width: limit, group_size: limit, ..paper() };
        assert!(all.check().is_ok());
        // 2²⁰ × (4 + 3) × 2⁴⁰ = 7 × 2⁶⁰ still fits, and more does not with what stands around the blocks.
        assert_eq!(all.block_parameters(), 7 << 60);
        assert!(all.parameters() > 7 << 60);
    }
}
