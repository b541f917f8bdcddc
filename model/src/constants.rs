//! What follows from a network's layout and the statistics of its genes, on its device.
//!
//! Does: the feature table, the numbers that reading needs, the range of log-mean shifts, and the base logits of every
//! class of slots; made once for a network.
//! Does not know: weights, cells.
//! Flow: layout + statistics → **constants** → `network`, `hidden`, `decode`, `loss`.

use burn::tensor::activation::{sigmoid, softplus};
use burn::tensor::{Device, Tensor, TensorData};

use crate::layout::{Layout, ValueClass};
use crate::quantise::dequantise;
use crate::reading::{Readers, feature_table};
use crate::statistics::{GeneStatistics, NEVER};

/// Largest size of the correction that the network adds to a base logit, before it fades towards the ceiling: it can
/// make a value at most e⁴ (55) times as likely or unlikely beside one that it leaves alone.
pub(crate) const LARGEST_CORRECTION: f32 = 4.0;

/// Base logits of the slots of one class; rows go group by group, slot by slot [L·k].
#[derive(Clone, Debug)]
pub(crate) struct ClassTable {
    /// Slots, and V of them.
    pub(crate) class: ValueClass,
    /// Logarithm of the negative binomial at no shift [L·k, V].
    pub(crate) base: Tensor<2>,
    /// How much of the correction a value takes [L·k, V].
    pub(crate) fade: Tensor<2>,
    /// Count of each value [1, V].
    pub(crate) counts: Tensor<2>,
}

/// Tables of a network's genes.
#[derive(Clone, Debug)]
pub(crate) struct Constants {
    /// Features of every token [V + 2, F].
    pub(crate) features: Tensor<2>,
    /// Numbers that reading needs.
    pub(crate) readers: Readers,
    /// Log of mean over size, in position order [1, L·S].
    pub(crate) odds: Tensor<2>,
    /// Lowest and highest shift that training cells show [1, L·S].
    pub(crate) lowest: Tensor<2>,
    pub(crate) highest: Tensor<2>,
    /// Largest mean that draws can have, up to the ceiling [1, L·S].
    pub(crate) fullest: Tensor<2>,
    /// Base logits by class of slots.
    pub(crate) classes: Vec<ClassTable>,
}

impl Constants {
    /// Tables of genes with these statistics in this layout.
    pub(crate) fn new(layout: &Layout, statistics: &GeneStatistics, device: &Device) -> Self {
        let row = |of_gene: &dyn Fn(usize) -> f32, padding: f32| layout.row(of_gene, padding, device);
        let classes = layout.value_classes(&statistics.ceiling);
        Self {
            features: feature_table(device),
            readers: Readers::new(statistics, layout, device),
            odds: row(&|gene| statistics.log_mean[gene] - statistics.log_size[gene], -20.0),
            lowest: row(&|gene| statistics.lowest[gene], 0.0),
            highest: row(&|gene| statistics.highest[gene], 0.0),
            fullest: row(&|gene| statistics.fullest(gene), 1.0),
            classes: classes.into_iter().map(|class| ClassTable::new(class, layout, statistics, device)).collect(),
        }
    }

    /// Device that the tables are on.
    pub(crate) fn device(&self) -> Device {
        self.odds.device()
    }

    /// Slope of the logits in the count that a shift of the log-mean makes:
    /// t(η) = η − softplus(u + η) + softplus(u) = softplus(−u) − softplus(−u − η), u the log of mean over size. `odds` is
    /// broadcast over cells.
    ///
    /// The second form keeps its digits where they matter: where u is large, genes have large counts, and these multiply
    /// the rounding of two large softpluses (at a mean of 7000 and a size of 1, a hundredth of the mean).
    pub(crate) fn slope(shifts: &Tensor<2>, odds: &Tensor<2>) -> Tensor<2> {
        let softplus = |x: Tensor<2>| softplus(x.neg(), 1.0);
        softplus(odds.clone()) - softplus(shifts.clone() + odds.clone())
    }

    /// Derivative of [`Self::slope`] by the shift.
    pub(crate) fn slope_change(shifts: &Tensor<2>, odds: &Tensor<2>) -> Tensor<2> {
        sigmoid((shifts.clone() + odds.clone()).neg())
    }
}

impl ClassTable {
    fn new(class: ValueClass, layout: &Layout, statistics: &GeneStatistics, device: &Device) -> Self {
        let groups = layout.padded() / layout.group_size();
        let rows = groups * class.slots.len();
        let (mut base, mut fade) = (Vec::with_capacity(rows * class.width), Vec::with_capacity(rows * class.width));
        for position in (0..groups).flat_map(|group| class.slots.clone().map(move |slot| (group, slot))) {
            let (group, slot) = position;
            match layout.permutation().get(group * layout.group_size() + slot) {
                Some(gene) => {
                    statistics.base(*gene as usize, class.width, &mut base);
                    statistics.fade(*gene as usize, class.width, &mut fade);
                }
                None => {
                    base.push(0.0);
                    base.extend(std::iter::repeat_n(NEVER, class.width - 1));
                    fade.extend(std::iter::repeat_n(0.0, class.width));
                }
            }
        }
        let counts: Vec<f32> = (0..class.width as u16).map(|value| dequantise(value) as f32).collect();
        let tensor = |values, rows| Tensor::<2>::from_data(TensorData::new(values, [rows, class.width]), device);
        Self { base: tensor(base, rows), fade: tensor(fade, rows), counts: tensor(counts, 1), class }
    }
}

#[cfg(test)]
mod tests {
    use burn::tensor::{Device, Tensor};

    use super::Constants;

    #[test]
    fn the_slope_keeps_its_digits_at_every_mean_and_size() {
        let device = Device::flex();
        let softplus = |x: f64| if x > 0.0 { x + (-x).exp().ln_1p() } else { x.exp().ln_1p() };
        for (mean, size) in [(7000.0_f64, 1.0_f64), (20.0, 0.05), (2000.0, 100.0), (1.0, 1.0), (1e-6, 100.0)] {
            for shift in [-3.0_f32, -0.1, 0.4, 5.0] {
                let odds = (mean / size).ln() as f32;
                let row = |value: f32| Tensor::<2>::full([1, 1], value, &device);
                let found: f32 = Constants::slope(&row(shift), &row(odds)).into_scalar();
                let exact = softplus(-f64::from(odds)) - softplus(-f64::from(odds) - f64::from(shift));
                // A few roundings of f32, as they show in the logit of a count of four means.
                let error = (f64::from(found) - exact).abs() * (4.0 * mean).max(1.0);
                assert!(error < 1e-5 * (1.0 + 4.0 * mean * exact.abs()), "{mean} {size} {shift}: {error}");
                let change: f32 = Constants::slope_change(&row(shift), &row(odds)).into_scalar();
                let exact = 1.0 / (1.0 + (f64::from(odds) + f64::from(shift)).exp());
                assert!((f64::from(change) / exact - 1.0).abs() < 1e-5, "{mean} {size} {shift}: {change}");
            }
        }
    }
}
