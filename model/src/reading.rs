//! Cells as the network reads them: which genes are visible, and what their counts say.
//!
//! Does: turns tokens in gene order into counts and visibility in position order, and every token into a few smooth
//! features of its count; compares the visible counts with what the conditions let expect.
//! Does not know: weights, conditions.
//! Flow: tokens [B, G] → **seen [B, L·S]** → features of tokens → compressed [B, L, D]; and deviations → `summary`.
//!
//! A token's embedding is a mix of nine rows: one for "hidden", eight for counts on a scale of doublings, with straight
//! lines between them. Rare counts so share what their neighbours learned, and reading a cell is one matrix product
//! instead of a look-up of D numbers for every gene.

use burn::tensor::{Device, Int, Tensor, TensorData};

use crate::layout::Layout;
use crate::quantise::{MASK, dequantise};
use crate::statistics::{GeneStatistics, LARGEST_LOG_MEAN};

/// Features of a token.
pub const FEATURES: usize = 1 + KNOTS.len();
/// Doublings (log2(1 + count)) at which a feature is 1 and its neighbours 0.
const KNOTS: [f32; 8] = [0.0, 1.0, 2.0, 3.0, 4.0, 6.0, 8.0, 12.0];
/// Row of the feature table for positions without a gene: no feature at all.
const PADDING: usize = MASK as usize + 1;

/// Doublings of a token: log2(1 + count).
pub fn level(token: u16) -> f32 {
    f64::from(dequantise(token)).ln_1p() as f32 / std::f32::consts::LN_2
}

/// Features of a token that is a count or MASK.
pub(crate) fn features_of(token: u16) -> [f32; FEATURES] {
    if i32::from(token) < MASK {
        return features(level(token));
    }
    let mut hidden = [0.0; FEATURES];
    hidden[0] = 1.0;
    hidden
}

/// Features of one level between the knots.
fn features(level: f32) -> [f32; FEATURES] {
    let mut row = [0.0; FEATURES];
    let above = KNOTS.partition_point(|knot| *knot <= level);
    if above == KNOTS.len() {
        row[FEATURES - 1] = 1.0;
        return row;
    }
    let (low, high) = (KNOTS[above - 1], KNOTS[above]);
    let share = (level - low) / (high - low);
    // The first feature is "hidden".
    row[above] = 1.0 - share;
    row[above + 1] = share;
    row
}

/// Features of every token, of MASK and of the padding [V + 2, F].
pub(crate) fn feature_table(device: &Device) -> Tensor<2> {
    let mut values = Vec::with_capacity((PADDING + 1) * FEATURES);
    for token in 0..=MASK as u16 {
        values.extend(features_of(token));
    }
    values.extend([0.0; FEATURES]);
    Tensor::from_data(TensorData::new(values, [PADDING + 1, FEATURES]), device)
}

/// Some cells in position order.
#[derive(Clone, Debug)]
pub struct Seen {
    /// Rows of the feature table [B·L·S].
    pub(crate) rows: Tensor<1, Int>,
    /// Counts, 0 where hidden [B, L·S].
    pub(crate) counts: Tensor<2>,
    /// 1 where a gene is visible, 0 where it is hidden or there is none [B, L·S].
    pub(crate) visible: Tensor<2>,
}

impl Seen {
    /// From tokens in gene order, B × G.
    pub fn of(tokens: &[u16], layout: &Layout, device: &Device) -> Self {
        let (genes, places) = (layout.permutation().len(), layout.padded());
        let cells = tokens.len() / genes.max(1);
        let size = cells * places;
        let (mut rows, mut counts, mut visible) =
            (vec![PADDING as i32; size], vec![0.0_f32; size], vec![0.0_f32; size]);
        for (cell, own) in tokens.chunks(genes.max(1)).enumerate() {
            for (position, gene) in layout.permutation().iter().enumerate() {
                let (token, at) = (own[*gene as usize], cell * places + position);
                let is_visible = i32::from(token) < MASK;
                rows[at] = if is_visible { i32::from(token) } else { MASK };
                counts[at] = if is_visible { dequantise(token) as f32 } else { 0.0 };
                visible[at] = f32::from(u8::from(is_visible));
            }
        }
        let floats = |values| Tensor::<2>::from_data(TensorData::new(values, [cells, places]), device);
        Self {
            rows: Tensor::from_data(TensorData::new(rows, [size]), device),
            counts: floats(counts),
            visible: floats(visible),
        }
    }

    /// Cells by their places, repeats allowed: [B] → [B'].
    pub(crate) fn select(&self, cells: Tensor<1, Int>) -> Self {
        let [rows, places] = self.counts.dims();
        let of_cell = self.rows.clone().reshape([rows, places]).select(0, cells.clone());
        let taken = of_cell.dims()[0];
        Self {
            rows: of_cell.reshape([taken * places]),
            counts: self.counts.clone().select(0, cells.clone()),
            visible: self.visible.clone().select(0, cells),
        }
    }

    /// The same cells, `times` over.
    pub fn repeat(&self, times: usize) -> Self {
        if times == 1 {
            return self.clone();
        }
        Self {
            rows: Tensor::cat(vec![self.rows.clone(); times], 0),
            counts: Tensor::cat(vec![self.counts.clone(); times], 0),
            visible: Tensor::cat(vec![self.visible.clone(); times], 0),
        }
    }
}

/// Smallest variance that a deviation is measured in: a gene that is hardly ever counted says next to nothing.
const LEAST_VARIANCE: f32 = 1e-4;
/// Largest deviation that the blocks see, in standard deviations.
pub(crate) const LARGEST_DEVIATION: f32 = 8.0;

/// What the conditions let expect of every gene, and how much a deviation from it says.
#[derive(Clone, Debug)]
pub(crate) struct Expectation {
    /// Expected reading E f [B, L·S].
    pub(crate) mean: Tensor<2>,
    /// Change of the expected reading with the log-mean, over its variance [B, L·S].
    pub(crate) weight: Tensor<2>,
    /// Information of a gene about its log-mean [B, L·S].
    pub(crate) information: Tensor<2>,
    /// One over the standard deviation of the reading [B, L·S].
    pub(crate) precision: Tensor<2>,
}

/// How visible genes deviate from what was expected; 0 where a gene is hidden.
#[derive(Clone, Debug)]
pub(crate) struct Deviations {
    /// In standard deviations, at most 8 [B, L·S].
    pub(crate) standard: Tensor<2>,
    /// Derivative of the log-likelihood by the log-mean [B, L·S].
    pub(crate) score: Tensor<2>,
    /// Expected information about the log-mean [B, L·S].
    pub(crate) information: Tensor<2>,
}

/// Numbers of every gene that reading needs, in position order [1, L·S].
#[derive(Clone, Debug)]
pub(crate) struct Readers {
    /// Natural logarithm of the mean.
    pub(crate) log_mean: Tensor<2>,
    /// Size of the negative binomial.
    size: Tensor<2>,
    /// One over the count at which a reading saturates.
    pub(crate) rate: Tensor<2>,
    /// 1 − exp(−rate) and 1 − exp(−2 rate).
    once: Tensor<2>,
    twice: Tensor<2>,
}

impl Readers {
    /// From the statistics of genes; positions without a gene have a mean of next to nothing.
    pub(crate) fn new(statistics: &GeneStatistics, layout: &Layout, device: &Device) -> Self {
        let row = |of_gene: &dyn Fn(usize) -> f32, padding: f32| layout.row(of_gene, padding, device);
        let rate = |gene: usize| 1.0 / statistics.scale[gene].max(1.0);
        Self {
            log_mean: row(&|gene| statistics.log_mean[gene], -20.0),
            size: row(&|gene| statistics.log_size[gene].exp(), 1.0),
            rate: row(&rate, 1.0),
            once: row(&|gene| -(-rate(gene)).exp_m1(), 0.5),
            twice: row(&|gene| -(-2.0 * rate(gene)).exp_m1(), 0.5),
        }
    }

    /// Expectation under shifts of the log-mean [B, L·S].
    ///
    /// A count x is read as f = 1 − exp(−x / scale): no count, however large, says more than "much". Under a negative
    /// binomial of mean m and size r, E exp(−a X) = (1 + (1 − e⁻ᵃ) m / r)⁻ʳ, which gives mean, variance and sensitivity
    /// of f in closed form.
    pub(crate) fn expectation(&self, shifts: Tensor<2>) -> Expectation {
        let mean = (shifts + self.log_mean.clone()).clamp_max(LARGEST_LOG_MEAN).exp();
        let log_of = |share: &Tensor<2>| (mean.clone() * share.clone() / self.size.clone()).log1p();
        let log = log_of(&self.once);
        let left = (log.clone() * self.size.clone()).neg().exp();
        let squared = (log_of(&self.twice) * self.size.clone()).neg().exp();
        let sensitivity = mean * self.once.clone() * left.clone() * log.neg().exp();
        let variance = (squared - left.clone().square()).clamp_min(LEAST_VARIANCE);
        let weight = sensitivity.clone() / variance.clone();
        Expectation {
            mean: left.neg().add_scalar(1.0),
            information: sensitivity * weight.clone(),
            weight,
            precision: variance.sqrt().recip(),
        }
    }

    /// Deviations of the visible genes.
    pub(crate) fn deviations(&self, seen: &Seen, expected: &Expectation) -> Deviations {
        let reading = (seen.counts.clone() * self.rate.clone()).neg().exp().neg().add_scalar(1.0);
        let difference = (reading - expected.mean.clone()) * seen.visible.clone();
        let standard = difference.clone() * expected.precision.clone();
        Deviations {
            standard: standard.clamp(-LARGEST_DEVIATION, LARGEST_DEVIATION),
            score: difference * expected.weight.clone(),
            information: expected.information.clone() * seen.visible.clone(),
        }
    }
}

#[cfg(test)]
mod tests {
    use burn::tensor::{Device, Tensor};

    use super::{FEATURES, Readers, Seen, features, level};
    use crate::layout::Layout;
    use crate::quantise::{MASK, VOCABULARY, dequantise, quantise};
    use crate::statistics::GeneStatistics;

    fn values(tensor: Tensor<2>) -> Vec<f32> {
        tensor.into_data().iter::<f32>().collect()
    }

    #[test]
    fn deviations_are_zero_on_average_at_any_shift() {
        // One gene of mean 3 and size 0.7 whose log-mean is shifted: over its own negative binomial, deviations have a
        // mean of 0 and a variance of 1, and the score's variance is the information.
        let device = Device::flex();
        let statistics = GeneStatistics {
            log_mean: vec![3.0_f32.ln()],
            log_size: vec![0.7_f32.ln()],
            scale: vec![4.0],
            ..GeneStatistics::flat(1)
        };
        let layout = Layout::random(1, 1, 1);
        let readers = Readers::new(&statistics, &layout, &device);
        for shift in [-2.0_f32, 0.0, 1.0] {
            let shifted = GeneStatistics { log_mean: vec![3.0_f32.ln() + shift], ..statistics.clone() };
            let mut base = Vec::new();
            shifted.base(0, 190, &mut base);
            let expected = readers.expectation(Tensor::full([1, 1], shift, &device));
            let tokens: Vec<u16> = (0..190).collect();
            let deviations = readers.deviations(&Seen::of(&tokens, &layout, &device), &expected);
            let shares: Vec<f64> = base.iter().map(|logit| f64::from(*logit).exp()).collect();
            let mean = |values: &[f32]| -> f64 { values.iter().zip(&shares).map(|(v, p)| f64::from(*v) * p).sum() };
            let (standard, score) = (values(deviations.standard), values(deviations.score));
            let square = |list: &[f32]| list.iter().map(|value| value * value).collect::<Vec<_>>();
            // Bins above 100 counts, and f32.
            assert!(mean(&standard).abs() < 2e-3, "shift {shift}: {}", mean(&standard));
            assert!((mean(&square(&standard)) - 1.0).abs() < 5e-3);
            let information = f64::from(values(deviations.information)[0]);
            assert!((mean(&square(&score)) / information - 1.0).abs() < 5e-3);
            assert!(tokens.iter().all(|token| dequantise(*token) < 1100));
        }
    }

    #[test]
    fn hidden_genes_and_padding_say_nothing() {
        let device = Device::flex();
        let (statistics, layout) = (GeneStatistics::flat(3), Layout::random(3, 2, 4));
        let readers = Readers::new(&statistics, &layout, &device);
        let seen = Seen::of(&[MASK as u16, 280, 0], &layout, &device);
        let deviations = readers.deviations(&seen, &readers.expectation(Tensor::zeros([1, 4], &device)));
        let at = |gene: u32| layout.position(gene);
        for list in [values(deviations.standard), values(deviations.score), values(deviations.information)] {
            assert_eq!((list[at(0)], list[3]), (0.0, 0.0));
            assert!(list[at(1)] != 0.0 && list[at(2)] != 0.0 && list.iter().all(|value| value.is_finite()));
        }
    }

    #[test]
    fn a_level_is_one_more_for_each_doubling() {
        for (count, expected) in [(0, 0.0), (1, 1.0), (3, 2.0), (7, 3.0), (63, 6.0)] {
            // One f32 rounding of a logarithm.
            assert!((level(quantise(count)) - expected).abs() < 1e-6);
        }
    }

    #[test]
    fn features_share_a_count_between_two_neighbours() {
        for token in 0..VOCABULARY as u16 {
            let row = features(level(token));
            let total: f32 = row.iter().sum();
            assert!((total - 1.0).abs() < 1e-6 && row[0] == 0.0);
            assert!(row.iter().filter(|value| **value != 0.0).count() <= 2, "{row:?}");
        }
        assert_eq!(features(level(0))[1], 1.0);
        assert_eq!(features(12.5)[FEATURES - 1], 1.0);
    }
}
