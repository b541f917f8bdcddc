//! Randomness as an argument: everything random is drawn here, on the host.
//!
//! Does: a counter-based generator keyed by (seed, stream), uniform numbers, normal numbers,
//! random orders; and the draws of one generated cell.
//! Does not know: devices. The same seed gives the same numbers everywhere.
//! Flow: feeds initialisation, the masks of training and the walk back from noise.

use rand_chacha::ChaCha8Rng;
use rand_core::{RngCore, SeedableRng};

/// Generator of one stream of one seed; streams of a seed never overlap.
pub struct Draws {
    generator: ChaCha8Rng,
}

impl Draws {
    /// The generator for (seed, stream). A stream is a cell, a training step or a parameter.
    pub fn new(seed: u64, stream: u64) -> Self {
        let mut generator = ChaCha8Rng::seed_from_u64(seed);
        generator.set_stream(stream);
        Self { generator }
    }

    /// The generator for (seed, key, stream): groups of cells with different keys share no number, whatever their seeds.
    pub fn keyed(seed: u64, key: u64, stream: u64) -> Self {
        let mut bytes = [0; 32];
        bytes[..8].copy_from_slice(&seed.to_le_bytes());
        bytes[8..16].copy_from_slice(&key.to_le_bytes());
        let mut generator = ChaCha8Rng::from_seed(bytes);
        generator.set_stream(stream);
        Self { generator }
    }

    /// Uniform in [0, 1) with 24 bits, exact in f32.
    pub fn uniform(&mut self) -> f32 {
        (self.generator.next_u32() >> 8) as f32 * (1.0 / 16_777_216.0)
    }

    /// Uniform whole number below `bound` (at least 1) by multiply-shift; the bias is below
    /// bound / 2³².
    pub fn below(&mut self, bound: u32) -> u32 {
        ((u64::from(self.generator.next_u32()) * u64::from(bound)) >> 32) as u32
    }

    /// Standard normal number (Box-Muller, one of the pair).
    pub fn normal(&mut self) -> f32 {
        let radius = (-2.0 * (1.0 - f64::from(self.uniform())).ln()).sqrt();
        let angle = std::f64::consts::TAU * f64::from(self.uniform());
        (radius * angle.cos()) as f32
    }

    /// Puts `values` into a uniformly random order (Fisher-Yates).
    pub fn shuffle<T>(&mut self, values: &mut [T]) {
        for last in (1..values.len()).rev() {
            let chosen = self.below(last as u32 + 1) as usize;
            values.swap(last, chosen);
        }
    }

    /// Index drawn in proportion to `weights`; the last one when they sum to nothing.
    pub fn weighted(&mut self, weights: &[f64]) -> usize {
        let total: f64 = weights.iter().sum();
        let mut rest = f64::from(self.uniform()) * total;
        for (index, weight) in weights.iter().enumerate() {
            rest -= weight;
            if rest < 0.0 {
                return index;
            }
        }
        weights.len().saturating_sub(1)
    }
}

/// Order in which a cell's genes are revealed, and the number that decides each value.
#[derive(Clone, Debug, PartialEq)]
pub struct CellDraws {
    /// Genes in the order of revealing [G minus the clamped ones].
    pub order: Vec<u32>,
    /// One uniform number in [0, 1) per gene of the panel [G], for the inverse CDF.
    pub uniforms: Vec<f32>,
    /// Standard normal numbers for what is unknown of the summary factors, step by step [N · Q]; empty where they are not
    /// drawn.
    pub factors: Vec<f32>,
}

impl CellDraws {
    /// Draws of a cell with `genes` genes of which `clamped[g]` are given and stay as they are, and of `factors` numbers
    /// for the summary.
    pub fn new(draws: &mut Draws, genes: usize, clamped: &[bool], factors: usize) -> Self {
        let mut order: Vec<u32> =
            (0..genes as u32).filter(|gene| !clamped.get(*gene as usize).copied().unwrap_or(false)).collect();
        draws.shuffle(&mut order);
        let uniforms = (0..genes).map(|_| draws.uniform()).collect();
        let factors = (0..factors).map(|_| draws.normal()).collect();
        Self { order, uniforms, factors }
    }
}

#[cfg(test)]
mod tests {
    use super::{CellDraws, Draws};
    use proptest::prelude::{any, proptest};

    #[test]
    fn the_first_numbers_never_change() {
        // A change here would change every published seed.
        let mut draws = Draws::new(7, 3);
        let first: Vec<u32> = (0..3).map(|_| draws.below(1000)).collect();
        let mut again = Draws::new(7, 3);
        assert_eq!(first, (0..3).map(|_| again.below(1000)).collect::<Vec<_>>());
        let mut other = Draws::new(7, 4);
        assert_ne!(first, (0..3).map(|_| other.below(1000)).collect::<Vec<_>>());
    }

    #[test]
    fn keys_share_no_numbers() {
        let numbers = |seed, key, stream| {
            let mut draws = Draws::keyed(seed, key, stream);
            (0..4).map(|_| draws.below(1 << 20)).collect::<Vec<_>>()
        };
        assert_eq!(numbers(1, 2, 3), numbers(1, 2, 3));
        let all = [numbers(1, 2, 3), numbers(2, 1, 3), numbers(1, 3, 2), numbers(1, 2, 4), numbers(1, 1, 3)];
        for (place, one) in all.iter().enumerate() {
            assert!(all[..place].iter().all(|other| other != one), "{all:?}");
        }
    }

    #[test]
    fn moments_of_the_numbers() {
        let mut draws = Draws::new(1, 0);
        let n = 40_000;
        let uniform: f64 = (0..n).map(|_| f64::from(draws.uniform())).sum::<f64>() / f64::from(n);
        // Standard errors: 0.0014 and 0.005; the tolerance is four of them.
        assert!((uniform - 0.5).abs() < 0.006);
        let normal: f64 = (0..n).map(|_| f64::from(draws.normal()).powi(2)).sum::<f64>() / f64::from(n);
        assert!((normal - 1.0).abs() < 0.03);
    }

    #[test]
    fn weights_are_kept() {
        let mut draws = Draws::new(5, 0);
        let mut seen = [0; 3];
        for _ in 0..6000 {
            seen[draws.weighted(&[1.0, 0.0, 2.0])] += 1;
        }
        assert_eq!(seen[1], 0);
        // Expected 2000, standard error 37.
        assert!((seen[0] - 2000_i32).abs() < 150);
    }

    proptest! {
        #[test]
        fn an_order_is_a_permutation(seed in any::<u64>(), genes in 0_usize..200) {
            let clamped: Vec<bool> = (0..genes).map(|gene| gene % 5 == 0).collect();
            let cell = CellDraws::new(&mut Draws::new(seed, 1), genes, &clamped, 3);
            let mut order = cell.order.clone();
            order.sort_unstable();
            let expected: Vec<u32> = (0..genes as u32).filter(|gene| gene % 5 != 0).collect();
            assert_eq!(order, expected);
            assert!(cell.uniforms.iter().all(|u| (0.0..1.0).contains(u)));
        }
    }
}
