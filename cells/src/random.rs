//! Draws from a few distributions, on one counter-based generator.
//!
//! Does: uniform, normal, gamma, Poisson, binomial and negative binomial numbers, places, random orders.
//! Does not know: what is drawn for.
//! Flow: a seed → **draws** → synthetic cells, baselines, moved cells.

use rand_chacha::ChaCha8Rng;
use rand_core::{RngCore, SeedableRng};

/// The generator and the distributions on it.
pub(crate) struct Random(ChaCha8Rng);

impl Random {
    /// Starts at a seed.
    pub(crate) fn new(seed: u64) -> Self {
        Self(ChaCha8Rng::seed_from_u64(seed))
    }

    /// Uniform on [0, 1), 53 bits.
    pub(crate) fn uniform(&mut self) -> f64 {
        (self.0.next_u64() >> 11) as f64 / 9_007_199_254_740_992.0
    }

    /// A place below `n`; 0 when there is none. Multiply-shift: a bias below n / 2³² of a share.
    pub(crate) fn below(&mut self, n: usize) -> usize {
        ((u64::from(self.0.next_u32()) * n as u64) >> 32) as usize
    }

    /// Puts places into a random order (Fisher and Yates).
    pub(crate) fn shuffle(&mut self, places: &mut [usize]) {
        for last in (1..places.len()).rev() {
            places.swap(last, self.below(last + 1));
        }
    }

    /// Standard normal (Box and Muller).
    pub(crate) fn normal(&mut self) -> f64 {
        let radius = (-2.0 * (1.0 - self.uniform()).ln()).sqrt();
        radius * (std::f64::consts::TAU * self.uniform()).cos()
    }

    /// Gamma of mean and variance `shape` (Marsaglia and Tsang 2000); 0 for a shape that is no positive number.
    pub(crate) fn gamma(&mut self, shape: f64) -> f64 {
        if !(shape.is_finite() && shape > 0.0) {
            return 0.0;
        }
        if shape < 1.0 {
            // Their remedy below 1: a draw of shape + 1, shrunk by a power of a uniform number that is never 0.
            return self.gamma(shape + 1.0) * (1.0 - self.uniform()).powf(1.0 / shape);
        }
        let d = shape - 1.0 / 3.0;
        let c = 1.0 / (9.0 * d).sqrt();
        loop {
            let x = self.normal();
            let v = (1.0 + c * x).powi(3);
            if v > 0.0 && self.uniform().ln() < 0.5 * x * x + d - d * v + d * v.ln() {
                return d * v;
            }
        }
    }

    /// Poisson: by products of uniforms below 30, by the rounded normal above.
    pub(crate) fn poisson(&mut self, mean: f64) -> u32 {
        if mean > 30.0 {
            return (mean + mean.sqrt() * self.normal()).round().max(0.0) as u32;
        }
        let (limit, mut product, mut count) = ((-mean).exp(), self.uniform(), 0);
        while product > limit {
            product *= self.uniform();
            count += 1;
        }
        count
    }

    /// Binomial: how many of `trials` succeed, each with probability `chance`.
    pub(crate) fn binomial(&mut self, trials: u32, chance: f64) -> u32 {
        (0..trials).map(|_| u32::from(self.uniform() < chance)).sum()
    }

    /// Negative binomial of variance mean + dispersion · mean²: a Poisson whose rate is gamma. Without dispersion it is
    /// the Poisson.
    pub(crate) fn negative_binomial(&mut self, mean: f64, dispersion: f64) -> u32 {
        let rate = if dispersion > 0.0 { mean * dispersion * self.gamma(1.0 / dispersion) } else { mean };
        self.poisson(rate)
    }
}

#[cfg(test)]
mod tests {
    use super::Random;

    const DRAWS: usize = 40_000;

    /// Mean and variance of draws.
    fn moments(mut one: impl FnMut() -> f64) -> (f64, f64) {
        let draws: Vec<f64> = (0..DRAWS).map(|_| one()).collect();
        let mean = draws.iter().sum::<f64>() / DRAWS as f64;
        (mean, draws.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / DRAWS as f64)
    }

    #[test]
    fn gamma_has_its_moments_below_and_above_one() {
        let mut random = Random::new(1);
        for shape in [0.05, 0.3, 1.0, 4.0] {
            let (mean, variance) = moments(|| random.gamma(shape));
            // Five standard errors: the mean's variance is k / n, the variance's (2 k² + 6 k) / n.
            let error = |of_one: f64| 5.0 * (of_one / DRAWS as f64).sqrt();
            assert!((mean - shape).abs() < error(shape), "{shape}: mean {mean}");
            assert!(
                (variance - shape).abs() < error(2.0 * shape * shape + 6.0 * shape),
                "{shape}: variance {variance}"
            );
        }
        assert_eq!([0.0, -1.0, f64::NAN, f64::INFINITY].map(|shape| random.gamma(shape)), [0.0; 4]);
        // So small a shape that nearly all draws underflow: no endless loop, nothing that is not a number.
        assert!((0..100).all(|_| random.gamma(1e-6).is_finite()));
    }

    #[test]
    fn negative_binomial_has_its_moments() {
        let mut random = Random::new(2);
        for (mean, dispersion) in [(0.4, 0.0), (2.0, 0.25), (1.5, 3.0), (40.0, 0.5)] {
            let (own, variance) = moments(|| f64::from(random.negative_binomial(mean, dispersion)));
            let expected = mean + dispersion * mean * mean;
            assert!((own - mean).abs() < 5.0 * (expected / DRAWS as f64).sqrt(), "{mean}, {dispersion}: {own}");
            // Excess kurtosis of the negative binomial is 6 φ + 1 / variance; five standard errors again. The rounded
            // normal adds 1/12.
            let kurtosis = 2.0 + 6.0 * dispersion + 1.0 / expected;
            let error = 5.0 * expected * (kurtosis / DRAWS as f64).sqrt() + 1.0 / 12.0;
            assert!((variance - expected).abs() < error, "{mean}, {dispersion}: {variance}, {expected}");
        }
        assert_eq!([0.0, f64::NAN].map(|mean| random.negative_binomial(mean, 0.5)), [0; 2]);
    }

    #[test]
    fn binomial_has_its_moments() {
        let mut random = Random::new(4);
        for (trials, chance) in [(1, 0.3), (7, 0.5), (40, 0.9)] {
            let (mean, variance) = moments(|| f64::from(random.binomial(trials, chance)));
            let (expected, spread) = (f64::from(trials) * chance, f64::from(trials) * chance * (1.0 - chance));
            assert!((mean - expected).abs() < 5.0 * (spread / DRAWS as f64).sqrt(), "{trials}, {chance}: {mean}");
            // Excess kurtosis (1 − 6 p q) / (n p q); five standard errors of a variance.
            let kurtosis = 2.0 + (1.0 - 6.0 * chance * (1.0 - chance)) / spread;
            let error = 5.0 * spread * (kurtosis / DRAWS as f64).sqrt();
            assert!((variance - spread).abs() < error, "{trials}, {chance}: {variance}, {spread}");
        }
        assert_eq!([random.binomial(5, 0.0), random.binomial(5, 1.0), random.binomial(0, 0.5)], [0, 5, 0]);
    }

    #[test]
    fn orders_are_whole_and_places_below() {
        let mut random = Random::new(3);
        let mut order: Vec<usize> = (0..20).collect();
        random.shuffle(&mut order);
        assert_ne!(order, (0..20).collect::<Vec<_>>());
        order.sort_unstable();
        assert_eq!(order, (0..20).collect::<Vec<_>>());
        let mut seen = [0; 3];
        (0..3000).for_each(|_| seen[random.below(3)] += 1);
        // 1000 each; five standard deviations of a binomial are 130.
        assert!(seen.iter().all(|count| (870..1130).contains(count)), "{seen:?}");
        assert_eq!(random.below(0), 0);
    }
}
