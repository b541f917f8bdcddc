//! What measured cells say of each gene alone: its mean, its spread, and how large its count can be.
//!
//! Does: holds these numbers, states the rule of the ceiling, and turns them into the base measure of a gene: the
//! logarithm of a negative binomial over the values that its ceiling allows.
//! Does not know: networks, conditions, where the numbers come from (the trainer measures them).
//! Flow: training cells → **statistics [G]** → base tables → logits (`decode`, `loss`).
//!
//! The paper's head is a linear map to 281 tokens for every gene. Where no cell was ever counted, such a head has a tail
//! that is the difference of two large numbers, and a few per cent of one of them write impossible counts. Here the tail
//! is that of a negative binomial: a shift of its log-mean η adds count · (t(η) − t(0)) to its logits, linear in the
//! count with a slope below 0, so that the tail falls whatever η is; and values past the ceiling do not exist.

use crate::quantise::{OVERFLOW, dequantise, quantise};

/// Logit of a value that a gene cannot take: its probability is exactly 0 in f32.
pub(crate) const NEVER: f32 = -1e9;
/// Largest log-mean whose exponential is taken: it is far above any count.
pub(crate) const LARGEST_LOG_MEAN: f32 = 9.0;
/// Smallest mean that draws of a gene can have at most; for genes that can only be 0, whose share it divides.
const LEAST_MEAN: f32 = 1e-6;
/// Share of the largest count of the training cells that the ceiling lies above it.
pub const MARGIN: f64 = 0.25;
/// Largest size that is told from a Poisson distribution; above it the logarithms lose their digits.
pub const LARGEST_SIZE: f64 = 100.0;
/// Smallest size kept: a variance of 50 times the squared mean.
pub const SMALLEST_SIZE: f64 = 0.02;

/// Numbers of every gene of the panel, in panel order.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct GeneStatistics {
    /// Natural logarithm of the mean count over the training cells [G].
    pub log_mean: Vec<f32>,
    /// Natural logarithm of the negative binomial's size r (variance = mean + mean² / r) [G].
    pub log_size: Vec<f32>,
    /// Counts above which a further count says little of the cell: 1 or more [G].
    pub scale: Vec<f32>,
    /// Lowest shift of the log-mean that the training cells show [G].
    pub lowest: Vec<f32>,
    /// Highest shift of the log-mean that the training cells show [G].
    pub highest: Vec<f32>,
    /// Token of the largest count that the gene can show [G].
    pub ceiling: Vec<u16>,
}

/// Largest count that a gene can be given when `largest` is the largest that was measured: a quarter more, and 0 for a
/// gene that was never counted.
///
/// ```
/// use model::statistics::ceiling;
/// assert_eq!([0, 1, 4, 46, 2950].map(ceiling), [0, 2, 5, 58, 3688]);
/// ```
pub fn ceiling(largest: u32) -> u32 {
    largest.saturating_add((f64::from(largest) * MARGIN).ceil() as u32)
}

/// Token of the ceiling; the count that it stands for is never above [`ceiling`] by more than half a bin.
pub fn ceiling_token(largest: u32) -> u16 {
    quantise(ceiling(largest))
}

/// Natural logarithm of the width of a token's bin.
fn log_width(token: u16) -> f64 {
    match token {
        0..=99 => 0.0,
        100..=189 => 10.0_f64.ln(),
        190..OVERFLOW => 100.0_f64.ln(),
        _ => 1000.0_f64.ln(),
    }
}

impl GeneStatistics {
    /// Statistics that say nothing: every gene has a mean of 1, a size of 1 and no ceiling. For tests and as a start.
    pub fn flat(genes: usize) -> Self {
        Self {
            log_mean: vec![0.0; genes],
            log_size: vec![0.0; genes],
            scale: vec![1.0; genes],
            lowest: vec![-12.0; genes],
            highest: vec![12.0; genes],
            ceiling: vec![OVERFLOW; genes],
        }
    }

    /// G.
    pub fn genes(&self) -> usize {
        self.ceiling.len()
    }

    /// Largest count of a gene.
    pub fn largest(&self, gene: usize) -> u32 {
        dequantise(self.ceiling[gene])
    }

    /// Mean of a gene's draws when its log-mean grows without bound: below the ceiling T the probabilities of a negative
    /// binomial of size r then go as x^(r − 1), and their mean is T r / (r + 1).
    pub(crate) fn fullest(&self, gene: usize) -> f32 {
        let size = self.log_size[gene].exp();
        (self.largest(gene) as f32 * size / (size + 1.0)).max(LEAST_MEAN)
    }

    /// Mean of a gene's draws at a log-mean, to a fifth: that of the negative binomial, m, while it is far below that of
    /// the fullest draws, f, and f far above: m / √(1 + (m / f)²).
    pub(crate) fn mean_of_draws(&self, gene: usize, log_mean: f32) -> f32 {
        let mean = log_mean.min(LARGEST_LOG_MEAN).exp();
        let ratio = mean / self.fullest(gene);
        mean / (1.0 + ratio * ratio).sqrt()
    }

    /// Appends a gene's base logits over `width` values [width]: log NB(value; mean, size) and the width of the value's
    /// bin; [`NEVER`] above the ceiling.
    pub(crate) fn base(&self, gene: usize, width: usize, into: &mut Vec<f32>) {
        let (mean, size) = (f64::from(self.log_mean[gene]).exp(), f64::from(self.log_size[gene]).exp());
        let per_count = mean.ln() - (size + mean).ln();
        let at_zero = size * (size.ln() - (size + mean).ln());
        // ln Γ(x + r) − ln Γ(r) − ln x!, one count after the other.
        let (mut ways, mut counted) = (0.0, 0_u32);
        for value in 0..width as u16 {
            if value > self.ceiling[gene] {
                into.push(NEVER);
                continue;
            }
            let count = dequantise(value);
            while counted < count {
                ways += ((f64::from(counted) + size) / f64::from(counted + 1)).ln();
                counted += 1;
            }
            into.push((at_zero + ways + f64::from(count) * per_count + log_width(value)) as f32);
        }
    }

    /// Appends how much of the network's correction a gene's values take [width]: all of it up to half of the ceiling,
    /// nothing at the ceiling, in proportion between. A gene that can only be 0 takes none.
    pub(crate) fn fade(&self, gene: usize, width: usize, into: &mut Vec<f32>) {
        let top = f64::from(self.largest(gene));
        for value in 0..width as u16 {
            let share = (top - f64::from(dequantise(value))) / (0.5 * top);
            into.push(if top > 0.0 { share.clamp(0.0, 1.0) as f32 } else { 0.0 });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{GeneStatistics, NEVER, ceiling, ceiling_token};
    use crate::quantise::dequantise;

    /// Mean of what is drawn of a gene at a shift of its log-mean, from its logits.
    fn drawn(statistics: &GeneStatistics, shift: f64) -> f64 {
        let odds = f64::from(statistics.log_mean[0]) - f64::from(statistics.log_size[0]);
        let slope = shift - (odds + shift).exp().ln_1p() + odds.exp().ln_1p();
        let width = usize::from(statistics.ceiling[0]) + 1;
        let mut base = Vec::new();
        statistics.base(0, width, &mut base);
        let counts = (0..width as u16).map(|value| f64::from(dequantise(value)));
        let (mut sum, mut mean) = (0.0, 0.0);
        for (count, logit) in counts.zip(base) {
            let p = (f64::from(logit) + count * slope).exp();
            (sum, mean) = (sum + p, mean + p * count);
        }
        mean / sum
    }

    #[test]
    fn means_of_draws_hold_up_to_the_ceiling() {
        for (mean, size, largest) in [(0.3, 0.1, 20), (2.0, 0.3, 60), (1.0, 1.0, 12), (5.0, 5.0, 40), (30.0, 2.0, 400)]
        {
            let statistics = one(mean, size, largest);
            for shift in [-2.0_f64, -1.0, 0.0, 1.0, 2.0, 3.0, 4.0, 5.0] {
                let found = f64::from(statistics.mean_of_draws(0, (mean.ln() + shift) as f32));
                let exact = drawn(&statistics, shift);
                assert!((found / exact - 1.0).abs() < 0.2, "{mean} {size} {largest} {shift}: {found} {exact}");
            }
        }
        // A gene that can only be 0.
        assert!(one(1e-3, 1.0, 0).mean_of_draws(0, 3.0) <= 1e-6);
    }

    fn one(mean: f64, size: f64, largest: u32) -> GeneStatistics {
        GeneStatistics {
            log_mean: vec![mean.ln() as f32],
            log_size: vec![size.ln() as f32],
            ceiling: vec![ceiling_token(largest)],
            ..GeneStatistics::flat(1)
        }
    }

    #[test]
    fn the_base_is_a_negative_binomial() {
        let mut base = Vec::new();
        one(2.0, 0.5, 40).base(0, 64, &mut base);
        // By scipy.stats.nbinom(0.5, 0.5 / 2.5).logpmf([0, 1, 7, 50]); f32 keeps seven digits.
        for (value, expected) in [(0, -0.804_719), (1, -1.721_01), (7, -3.929_886), (50, -14.492_77)] {
            assert!((base[value] - expected).abs() < 2e-5, "{value}: {}", base[value]);
        }
        assert_eq!(base[51], NEVER);
        let total: f64 = base.iter().map(|logit| f64::from(*logit).exp()).sum();
        assert!((total - 1.0).abs() < 1e-4, "{total}");
    }

    #[test]
    fn bins_of_several_counts_hold_their_counts() {
        let mut base = Vec::new();
        one(150.0, 3.0, 4000).base(0, 281, &mut base);
        let total: f64 = base.iter().map(|logit| f64::from(*logit).exp()).sum();
        // The middle of a bin stands for its ten or hundred counts.
        assert!((total - 1.0).abs() < 0.01, "{total}");
    }

    #[test]
    fn the_tail_falls_whatever_the_shift() {
        let statistics = one(1.5, 0.8, 300);
        let mut base = Vec::new();
        statistics.base(0, 281, &mut base);
        let softplus = |x: f64| x.exp().ln_1p();
        let odds = f64::from(statistics.log_mean[0]) - f64::from(statistics.log_size[0]);
        for shift in [-4.0, 0.0, 2.0, 8.0] {
            let slope = shift - softplus(odds + shift) + softplus(odds);
            let logits: Vec<f64> = (0..=usize::from(statistics.ceiling[0]))
                .map(|value| f64::from(base[value]) + slope * f64::from(dequantise(value as u16)))
                .collect();
            // Size 0.8 is below 1: the most likely count is 0 for every mean. Bins of ten hold ten counts.
            assert!(logits[..100].windows(2).all(|pair| pair[1] < pair[0]), "shift {shift}");
            assert!(logits[100..].windows(2).all(|pair| pair[1] < pair[0]), "shift {shift}");
        }
    }

    #[test]
    fn ceilings_leave_a_quarter_and_fade_to_nothing() {
        assert_eq!([0, 1, 2, 3, 100].map(ceiling), [0, 2, 3, 4, 125]);
        let mut fade = Vec::new();
        one(1.0, 1.0, 8).fade(0, 12, &mut fade);
        assert_eq!(&fade[..6], [1.0; 6]);
        assert_eq!((fade[10], fade[11]), (0.0, 0.0));
        assert!((fade[8] - 0.4).abs() < 1e-6);
        let mut none = Vec::new();
        one(1e-3, 1.0, 0).fade(0, 4, &mut none);
        assert_eq!(none, [0.0; 4]);
    }
}
