//! Whether a prediction shifts the measured genes, and by how much.
//!
//! Does: overlap of the sets of significant genes, error of fold changes, both without the perturbed gene itself.
//! Does not know: how genes are tested, directions, names.
//! Flow: tests of one perturbation, measured and predicted → **numbers** → `challenge`.

use super::genes::GeneTest;

/// q-value below which a gene is significant.
pub(super) const SIGNIFICANT: f64 = 0.05;
/// Significant measured genes that an error of fold changes needs.
const FEWEST: usize = 10;

/// Tests of one perturbation on both sides, gene by gene.
#[derive(Clone, Copy)]
pub(super) struct Pair<'a> {
    pub(super) real: &'a [GeneTest],
    pub(super) predicted: &'a [GeneTest],
    /// Place of the perturbed gene itself: it says what was done, not what followed.
    pub(super) own: Option<usize>,
}

impl<'a> Pair<'a> {
    /// Place and both tests of every gene but the perturbed one.
    pub(super) fn genes(self) -> impl Iterator<Item = (usize, &'a GeneTest, &'a GeneTest)> {
        let genes = self.real.iter().zip(self.predicted).enumerate();
        genes.filter(move |(place, _)| Some(*place) != self.own).map(|(place, (real, own))| (place, real, own))
    }

    /// The significant measured ones of [`Pair::genes`].
    pub(super) fn measured(self) -> impl Iterator<Item = (usize, &'a GeneTest, &'a GeneTest)> {
        self.genes().filter(|(_, real, _)| is_significant(real))
    }
}

/// Whether a gene is differentially expressed.
pub(super) fn is_significant(test: &GeneTest) -> bool {
    test.q < SIGNIFICANT
}

/// Jaccard index of the significant genes of both sides; 1 when neither has any.
pub(super) fn jaccard(pair: Pair) -> f64 {
    let either = pair.genes().filter(|(_, real, own)| is_significant(real) || is_significant(own)).count();
    let both = pair.measured().filter(|(_, _, own)| is_significant(own)).count();
    if either == 0 { 1.0 } else { both as f64 / either as f64 }
}

/// Mean |predicted − measured| over mean |measured| log2 fold change of the significant measured genes: 0 is perfect,
/// 1 is no change at all. None for fewer than ten such genes or when none of them changes.
pub(super) fn fold_change_error(pair: Pair) -> Option<f64> {
    let sums = pair.measured().fold((0_usize, 0.0, 0.0), |(count, error, size), (_, real, own)| {
        let fold = real.log2_fold_change;
        (count + 1, error + (own.log2_fold_change - fold).abs(), size + fold.abs())
    });
    (sums.0 >= FEWEST && sums.2 > 0.0).then(|| sums.1 / sums.2)
}
