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
            classes: classes.into_iter().map(|class| ClassTable::new(class, layout, statistics, device)).collect(),
        }
    }

    /// Device that the tables are on.
    pub(crate) fn device(&self) -> Device {
        self.odds.device()
    }

    /// Slope of the logits in the count that a shift of the log-mean makes, and its derivative by the shift:
    /// t(η) = η − softplus(u + η) + softplus(u) with u the log of mean over size. `odds` is broadcast over cells.
    pub(crate) fn slope(shifts: &Tensor<2>, odds: &Tensor<2>) -> Tensor<2> {
        shifts.clone() - softplus(shifts.clone() + odds.clone(), 1.0) + softplus(odds.clone(), 1.0)
    }

    /// Derivative of [`Self::slope`] by the shift.
    pub(crate) fn slope_change(shifts: &Tensor<2>, odds: &Tensor<2>) -> Tensor<2> {
        sigmoid(shifts.clone() + odds.clone()).neg().add_scalar(1.0)
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
