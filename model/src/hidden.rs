//! What the blocks know of a batch of cells, from which every gene is decoded.
//!
//! Does: holds hidden states, mixes those of several conditions (guidance, compositions), and keeps every gene's
//! log-mean, and the library size, in the range that measured cells show.
//! Does not know: how the states came about, tokens, draws.
//! Flow: blocks → **hidden** → decode.
//!
//! Guidance and compositions add differences of log-means. Without bounds, a gene that a cytokine raises 30-fold would
//! be raised 800,000-fold at w = 3; what they add to the largest single effect is at most a doubling. Within the range of
//! the training cells nothing changes; past it a shift is bent so that it exceeds the range by at most [`ROOM`]. And where
//! all genes together would leave the library sizes that the cell's condition has, they are scaled back as a whole.

use burn::tensor::{Device, Int, Tensor, TensorData};

use crate::constants::Constants;
use crate::network::Tables;
use crate::reading::Seen;
use crate::statistics::LARGEST_LOG_MEAN;

/// Most that a log-mean leaves the range of the training cells, natural log: a quarter of the mean.
pub(crate) const ROOM: f32 = 0.223_143_55;
/// Most that guidance and further perturbations add to the largest single effect on a gene's log-mean, natural log: a
/// doubling of its mean. A pathway that one cytokine drives as far as cells go is not driven as far again by a second
/// one, and a T cell at w = 1 does not make 300 counts of a chemokine of which none ever had more than 20.
pub(crate) const SATURATION: f32 = std::f32::consts::LN_2;
/// Fewest counts that hidden genes are expected to have together.
pub(crate) const LEAST_COUNTS: f32 = 1e-3;

/// What the blocks know of a batch of cells.
#[derive(Clone, Debug)]
pub struct Hidden {
    /// Groups of genes after the last norm [B, L, D].
    pub groups: Tensor<3>,
    /// Shift of every gene's log-mean in position order [B, L·S].
    pub shifts: Tensor<2>,
    /// Gates of the shape factors [B, U].
    pub shapes: Tensor<2>,
    /// Share of each summary factor's variance that visible genes leave unknown [B, Q]; none without a summary.
    pub unknown: Option<Tensor<2>>,
}

/// Library sizes that cells may have: counts.
#[derive(Clone, Debug)]
pub struct Totals {
    /// Smallest [B, 1].
    pub lowest: Tensor<2>,
    /// Largest [B, 1].
    pub highest: Tensor<2>,
}

impl Totals {
    /// Rows by their places, repeats allowed: [B] → [B'].
    pub(crate) fn select(&self, rows: Tensor<1, Int>) -> Self {
        Self { lowest: self.lowest.clone().select(0, rows.clone()), highest: self.highest.clone().select(0, rows) }
    }

    /// Smallest and largest library size of every cell [B].
    pub(crate) fn new(bounds: &[[f32; 2]], device: &Device) -> Self {
        let column = |side: usize| {
            let values: Vec<f32> = bounds.iter().map(|own| own[side]).collect();
            Tensor::<2>::from_data(TensorData::new(values, [bounds.len(), 1]), device)
        };
        Self { lowest: column(0), highest: column(1) }
    }
}

impl Hidden {
    /// Cells from `first` on, `count` of them.
    pub fn narrow(&self, first: usize, count: usize) -> Self {
        Self {
            groups: self.groups.clone().narrow(0, first, count),
            shifts: self.shifts.clone().narrow(0, first, count),
            shapes: self.shapes.clone().narrow(0, first, count),
            unknown: self.unknown.clone().map(|unknown| unknown.narrow(0, first, count)),
        }
    }

    /// Rows by their places, repeats allowed: [B] → [B'].
    #[must_use]
    pub(crate) fn select(&self, rows: Tensor<1, Int>) -> Self {
        Self {
            groups: self.groups.clone().select(0, rows.clone()),
            shifts: self.shifts.clone().select(0, rows.clone()),
            shapes: self.shapes.clone().select(0, rows.clone()),
            unknown: self.unknown.clone().map(|unknown| unknown.select(0, rows)),
        }
    }

    /// What is not known of the summary factors drawn, by standard normal numbers [B, Q].
    ///
    /// Genes that are revealed in one step are independent given the factors, and only then: with the posterior's mean in
    /// place of a draw, the genes of the first step would not vary together at all. The mean over draws is what it was:
    /// E exp(Λ·√u·ε − ½ Λ²·u) = 1.
    #[must_use]
    pub fn with_factors(mut self, tables: &Tables, numbers: Tensor<2>) -> Self {
        let variance = self.factor_variance(tables);
        let (Some((loadings, _)), Some(unknown), Some(variance)) = (&tables.loadings, self.unknown.take(), variance)
        else {
            return self;
        };
        let drawn = (unknown.sqrt() * numbers).matmul(loadings.clone().transpose());
        self.shifts = self.shifts + drawn - variance.mul_scalar(0.5);
        self
    }

    /// Variance of every log-mean by what is unknown of the summary factors [B, L·S]; none without a summary.
    pub fn factor_variance(&self, tables: &Tables) -> Option<Tensor<2>> {
        let (_, squares) = tables.loadings.as_ref()?;
        Some(self.unknown.clone()?.matmul(squares.clone().transpose()))
    }

    /// Mixes `branches` equal parts of the batch, the last of which is the unguided one a₀. What the blocks know and the
    /// shape gates add up, a₀ + Σₖ (aₖ − a₀); shifts of log-means are combined by [`Self::combined`] with strength w + 1
    /// (PAPER.md section 5). One branch stays as it is.
    #[must_use]
    pub fn composed(self, branches: usize, strength: f32) -> Self {
        if branches < 2 {
            return self;
        }
        let cells = self.shapes.dims()[0] / branches;
        let away = self.narrow((branches - 1) * cells, cells);
        let toward: Vec<Self> = (0..branches - 1).map(|part| self.narrow(part * cells, cells)).collect();
        let mut sum = away.clone();
        for own in &toward {
            sum.groups = sum.groups + (own.groups.clone() - away.groups.clone());
            sum.shapes = sum.shapes + (own.shapes.clone() - away.shapes.clone());
        }
        let effects: Vec<Tensor<2>> = toward.into_iter().map(|own| own.shifts - away.shifts.clone()).collect();
        let up = Self::combined(effects.iter().map(|own| own.clone().clamp_min(0.0)), strength);
        let down = Self::combined(effects.iter().map(|own| own.clone().neg().clamp_min(0.0)), strength);
        if let (Some(up), Some(down)) = (up, down) {
            sum.shifts = sum.shifts + up - down;
        }
        sum
    }

    /// Effects of one sign [B, L·S] each, together: the largest of them, and of what strength · Σ is past it at most
    /// [`SATURATION`]. One perturbation without guidance is what it is; small effects add up and are multiplied.
    fn combined(effects: impl Iterator<Item = Tensor<2>>, strength: f32) -> Option<Tensor<2>> {
        let (sum, largest) = effects.map(|own| (own.clone(), own)).reduce(|a, b| (a.0 + b.0, a.1.max_pair(b.1)))?;
        let past = (sum * strength - largest.clone()).clamp_min(0.0);
        Some(largest + bent(past, SATURATION))
    }

    /// Every log-mean within the range of the training cells, and with `totals` the library size within its own.
    #[must_use]
    pub(crate) fn bounded(mut self, constants: &Constants, totals: Option<(&Seen, &Totals)>) -> Self {
        let above = (self.shifts.clone() - constants.highest.clone()).clamp_min(0.0);
        let below = (constants.lowest.clone() - self.shifts.clone()).clamp_min(0.0);
        self.shifts = self.shifts - above.clone() + bent(above, ROOM) + below.clone() - bent(below, ROOM);
        if let Some((seen, totals)) = totals {
            self.shifts = self.shifts.clone() + self.total_shift(constants, seen, totals);
        }
        self
    }

    /// Shift of all log-means that brings the library size into its range [B, 1]: 0 where it is there.
    ///
    /// What is visible stays, so the hidden genes alone make up for what is wanted, V + M e^shift = T with V visible and M
    /// hidden counts. When V is most of T that could silence them or multiply them; so the shift is at most twice what
    /// it would be if V could be scaled as well.
    ///
    /// M sums what draws have for their mean, up to the ceilings ([`GeneStatistics::mean_of_draws`]). Without ceilings one
    /// gene that cannot go higher would be expected at many times what it is drawn at, and all others silenced for it.
    ///
    /// [`GeneStatistics::mean_of_draws`]: crate::statistics::GeneStatistics::mean_of_draws
    fn total_shift(&self, constants: &Constants, seen: &Seen, totals: &Totals) -> Tensor<2> {
        let means = (self.shifts.clone() + constants.readers.log_mean.clone()).clamp_max(LARGEST_LOG_MEAN).exp();
        let means = means.clone() / ((means / constants.fullest.clone()).square() + 1.0).sqrt();
        let hidden = (means * seen.visible.clone().neg().add_scalar(1.0)).sum_dim(1).clamp_min(LEAST_COUNTS);
        let visible = seen.counts.clone().sum_dim(1);
        let total = (hidden.clone() + visible.clone()).clamp_min(1.0);
        let wanted = total.clone().max_pair(totals.lowest.clone()).min_pair(totals.highest.clone());
        let of_all = (wanted.clone() / total.clone()).log();
        let of_hidden = ((wanted - visible).clamp_min(LEAST_COUNTS) / hidden).log();
        let (down, up) = (of_all.clone().clamp_max(0.0).mul_scalar(2.0), of_all.clone().clamp_min(0.0).mul_scalar(2.0));
        of_hidden.max_pair(down).min_pair(up)
    }
}

/// What is past a bound, bent so that it stays below a limit.
fn bent(past: Tensor<2>, limit: f32) -> Tensor<2> {
    past.div_scalar(limit).tanh().mul_scalar(limit)
}

#[cfg(test)]
mod tests {
    use burn::tensor::{Device, Tensor};

    use super::{Hidden, ROOM, Totals};
    use crate::constants::Constants;
    use crate::layout::Layout;
    use crate::quantise::{MASK, OVERFLOW, dequantise};
    use crate::reading::Seen;
    use crate::statistics::GeneStatistics;

    fn values(tensor: &Tensor<2>) -> Vec<f32> {
        tensor.clone().into_data().iter::<f32>().collect()
    }

    fn hidden(shift: f32, device: &Device) -> Hidden {
        Hidden {
            groups: Tensor::zeros([1, 2, 3], device),
            shifts: Tensor::full([1, 4], shift, device),
            shapes: Tensor::zeros([1, 1], device),
            unknown: None,
        }
    }

    #[test]
    fn guidance_and_further_perturbations_add_at_most_a_doubling() {
        let device = Device::flex();
        // Each branch and the unguided one, whose shift is 0.5.
        let composed = |effects: &[f32], strength: f32| {
            let shifts: Vec<f32> = effects.iter().map(|own| own + 0.5).chain([0.5]).flat_map(|own| [own; 4]).collect();
            let branches = effects.len() + 1;
            let batch = Hidden {
                groups: Tensor::zeros([branches, 2, 3], &device),
                shifts: Tensor::from_data(burn::tensor::TensorData::new(shifts, [branches, 4]), &device),
                shapes: Tensor::zeros([branches, 1], &device),
                unknown: None,
            };
            values(&batch.composed(branches, strength).shifts)[0] - 0.5
        };
        // tanh is a few ten-thousandths below 1 where effects are four times the limit.
        let is = |found: f32, expected: f32| assert!((found - expected).abs() < 1e-3, "{found}, not {expected}");
        // A perturbation without guidance is what it is.
        for effect in [3.0, 0.1, -2.0] {
            is(composed(&[effect], 1.0), effect);
        }
        // Small effects are multiplied and add up (to a fiftieth), large ones at most doubled.
        assert!((composed(&[0.05], 4.0) / 0.2 - 1.0).abs() < 0.02);
        assert!((composed(&[0.05, 0.08], 1.0) / 0.13 - 1.0).abs() < 0.02);
        is(composed(&[3.4], 4.0), 3.4 + 2.0_f32.ln());
        is(composed(&[3.0, 3.0, 2.9], 1.0), 3.0 + 2.0_f32.ln());
        is(composed(&[-3.0, -3.0], 1.0), -3.0 - 2.0_f32.ln());
        // What one perturbation raises and another lowers is neither.
        is(composed(&[2.0, -2.0], 1.0), 0.0);
        is(composed(&[2.0, -1.5], 1.0), 0.5);
    }

    #[test]
    fn shifts_stay_in_the_range_of_the_training_cells() {
        let device = Device::flex();
        let statistics = GeneStatistics { lowest: vec![-1.0; 4], highest: vec![2.0; 4], ..GeneStatistics::flat(4) };
        let constants = Constants::new(&Layout::random(4, 2, 1), &statistics, &device);
        let bounded = |shift: f32| values(&hidden(shift, &device).bounded(&constants, None).shifts)[0];
        assert_eq!([bounded(-1.0), bounded(0.3), bounded(2.0)], [-1.0, 0.3, 2.0]);
        assert!((2.05..2.1).contains(&bounded(2.1)), "{}", bounded(2.1));
        for (shift, limit) in [(50.0, 2.0 + ROOM), (-50.0, -1.0 - ROOM)] {
            // One rounding of f32 at 50.
            assert!((bounded(shift) - limit).abs() < 1e-5, "{}", bounded(shift));
        }
    }

    #[test]
    fn the_library_size_stays_in_its_range() {
        let device = Device::flex();
        let layout = Layout::random(4, 2, 1);
        let constants = Constants::new(&layout, &GeneStatistics::flat(4), &device);
        // Four hidden genes of mean 1, shifted by ln 8: 32 counts.
        let seen = Seen::of(&[MASK as u16; 4], &layout, &device);
        let total = |lowest: f32, highest: f32| {
            let bound = |value| Tensor::full([1, 1], value, &device);
            let totals = Totals { lowest: bound(lowest), highest: bound(highest) };
            let bounded = hidden(8.0_f32.ln(), &device).bounded(&constants, Some((&seen, &totals)));
            values(&bounded.shifts).iter().map(|shift| shift.exp()).sum::<f32>()
        };
        for (lowest, highest, expected) in [(1.0, 100.0, 32.0), (1.0, 8.0, 8.0), (64.0, 100.0, 64.0)] {
            assert!((total(lowest, highest) / expected - 1.0).abs() < 1e-5);
        }
    }

    #[test]
    fn hidden_genes_make_up_for_visible_ones() {
        let device = Device::flex();
        let layout = Layout::random(4, 2, 1);
        let constants = Constants::new(&layout, &GeneStatistics::flat(4), &device);
        let hidden_counts = |visible: u16, shift: f32, [lowest, highest]: [f32; 2]| {
            // Two genes are visible, two are hidden and of mean e^shift.
            let seen = Seen::of(&[MASK as u16, visible, visible, MASK as u16], &layout, &device);
            let bound = |value| Tensor::full([1, 1], value, &device);
            let totals = Totals { lowest: bound(lowest), highest: bound(highest) };
            2.0 * values(&hidden(shift, &device).bounded(&constants, Some((&seen, &totals))).shifts)[0].exp()
        };
        // 20 visible and 200 hidden counts, 60 wanted: 40 are left for the hidden ones. Draws of a gene of size 1 reach half
        // of its ceiling on average at most, which takes a little of a mean of 100.
        let cut = 100.0 / (0.5 * dequantise(OVERFLOW) as f32);
        let expected = 40.0 * (1.0 + cut * cut).sqrt();
        assert!((hidden_counts(10, 100.0_f32.ln(), [50.0, 60.0]) / expected - 1.0).abs() < 1e-5);
        // 20 visible and 2 hidden counts where 33 are wanted: more than twice the shift of both, which is ln 1.5.
        assert!((hidden_counts(10, 0.0, [33.0, 40.0]) / (2.0 * 2.25) - 1.0).abs() < 1e-5);
        // More visible than wanted: the hidden ones are fewer, but not silent.
        assert!((hidden_counts(40, 10.0_f32.ln(), [10.0, 50.0]) / (20.0 * 0.25) - 1.0).abs() < 1e-5);
        // Within the range nothing moves.
        assert_eq!(hidden_counts(10, 0.0, [15.0, 40.0]), 2.0);
    }

    #[test]
    fn a_gene_at_its_ceiling_does_not_silence_the_others() {
        let device = Device::flex();
        let layout = Layout::random(4, 2, 1);
        // One gene of four can be counted 20 times and has a size of a quarter: 4 on average at most.
        let mut statistics = GeneStatistics::flat(4);
        statistics.ceiling[2] = 20;
        statistics.log_size[2] = 0.25_f32.ln();
        let constants = Constants::new(&layout, &statistics, &device);
        let seen = Seen::of(&[MASK as u16; 4], &layout, &device);
        let bound = |value| Tensor::full([1, 1], value, &device);
        let mut own = vec![3.0_f32.ln(); 4];
        own[layout.position(2)] = 500.0_f32.ln();
        let shifted = |lowest: f32, highest: f32| {
            let shifts = Tensor::from_data(burn::tensor::TensorData::new(own.clone(), [1, 4]), &device);
            let totals = Totals { lowest: bound(lowest), highest: bound(highest) };
            let bounded = Hidden { shifts, ..hidden(0.0, &device) }.bounded(&constants, Some((&seen, &totals)));
            values(&bounded.shifts)[layout.position(0)].exp()
        };
        // 3 genes of 3 counts and one of 4: within 5 to 20 nothing is to be done, whatever 500 would be.
        assert!((shifted(5.0, 20.0) / 3.0 - 1.0).abs() < 1e-2, "{}", shifted(5.0, 20.0));
        // Half of them asked for.
        assert!((shifted(5.0, 6.5) / 1.5 - 1.0).abs() < 1e-2, "{}", shifted(5.0, 6.5));
    }
}
