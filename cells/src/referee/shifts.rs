//! Metrics of differential expression, as the public referee computes them.
//!
//! Does: overlap and precision of the strongest genes, direction, recall, rank correlation of fold changes, areas under
//! the precision-recall and the ROC curve; both conventions of correcting for the number of tests.
//! Does not know: how genes are tested (`de`), names of metrics.
//! Flow: shifts of one perturbation, real and predicted → **numbers** → `referee`.
//!
//! The referee keeps its tables in f32, so thresholds and orders are taken in f32 here too.

use crate::de::{GeneShift, benjamini_hochberg};
use crate::metrics::{self, by_score, spearman};

/// FDR below which a gene counts as differentially expressed.
pub const FDR: f32 = 0.05;
/// Smallest q-value that a score is made of.
const SMALLEST: f32 = 1e-10;

/// How p-values are corrected and fold changes cut (pdex's two generations).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Convention {
    /// pdex 0.2 and later as the referee calls it: Benjamini-Hochberg within each perturbation, fold changes as they
    /// are, infinite for a gene that is absent on one side.
    #[default]
    PerPerturbation,
    /// pdex 0.1: Benjamini-Hochberg over all pairs of perturbation and gene, fold changes cut to 1/20 … 20. The
    /// leaderboard of the Virtual Cell Challenge was computed so.
    AllPairs,
}

/// Largest fold change of [`Convention::AllPairs`].
const LARGEST_FOLD: f64 = 20.0;

/// What the referee keeps of a gene's shift.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Shift {
    /// log2 fold change by the convention; infinite where a gene is absent on one side.
    pub fold: f32,
    /// q-value by the convention.
    pub q: f32,
}

/// One perturbation's shifts by a convention, and its p-values where q-values hang on the other perturbations.
pub(super) fn kept(convention: Convention, table: &[GeneShift]) -> (Vec<Shift>, Vec<f64>) {
    let shift = |shift: &GeneShift| Shift { fold: fold_change(shift, convention).log2() as f32, q: shift.q as f32 };
    let p = match convention {
        Convention::PerPerturbation => Vec::new(),
        Convention::AllPairs => table.iter().map(|shift| shift.p).collect(),
    };
    (table.iter().map(shift).collect(), p)
}

/// Puts in q-values over all perturbations where the convention asks for them.
pub(super) fn correct(convention: Convention, kept: Vec<(Vec<Shift>, Vec<f64>)>) -> Vec<Vec<Shift>> {
    let (mut tables, p): (Vec<Vec<Shift>>, Vec<Vec<f64>>) = kept.into_iter().unzip();
    if convention == Convention::AllPairs {
        let q = benjamini_hochberg(&p.concat());
        tables.iter_mut().flatten().zip(q).for_each(|(shift, q)| shift.q = q as f32);
    }
    tables
}

/// Brings the tables of all perturbations to a convention.
pub fn apply(convention: Convention, tables: &[Vec<GeneShift>]) -> Vec<Vec<Shift>> {
    correct(convention, tables.iter().map(|table| kept(convention, table)).collect())
}

/// Fold change as pdex reports it: 1 for a gene absent on both sides; absent on one, it is infinite or nothing, and in
/// pdex 0.1 the largest or the smallest.
fn fold_change(shift: &GeneShift, convention: Convention) -> f64 {
    let limit = if convention == Convention::AllPairs { LARGEST_FOLD } else { f64::INFINITY };
    match (shift.mean_perturbed, shift.mean_control) {
        (0.0, 0.0) => 1.0,
        (_, 0.0) => limit,
        (0.0, _) => 1.0 / limit,
        (perturbed, control) => perturbed / control,
    }
}

/// Whether a gene is differentially expressed.
fn is_significant(shift: &Shift) -> bool {
    shift.q < FDR
}

/// Number of differentially expressed genes.
pub fn significant(shifts: &[Shift]) -> usize {
    shifts.iter().filter(|shift| is_significant(shift)).count()
}

/// Differentially expressed genes, largest |log2 fold change| first; among equals the first gene of the panel.
fn strongest(shifts: &[Shift]) -> Vec<u32> {
    let all = shifts.iter().enumerate().filter(|(_, shift)| is_significant(shift));
    let mut found: Vec<(f32, u32)> = all.map(|(gene, shift)| (shift.fold.abs(), gene as u32)).collect();
    found.sort_unstable_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
    found.into_iter().map(|(_, gene)| gene).collect()
}

/// The strongest genes of both sides, sorted once for every k.
pub struct Strongest {
    real: Vec<u32>,
    predicted: Vec<u32>,
}

impl Strongest {
    /// Differentially expressed genes of both sides.
    pub fn new(real: &[Shift], predicted: &[Shift]) -> Self {
        Self { real: strongest(real), predicted: strongest(predicted) }
    }

    /// Share of the k strongest real genes among the k strongest predicted ones; k is the number of real ones, or at
    /// most `top`. 0 when there are none.
    pub fn overlap(&self, top: Option<usize>) -> f64 {
        self.at(top.unwrap_or(self.real.len()).min(self.real.len()))
    }

    /// Share of the k strongest predicted genes among the k strongest real ones; k is the number of predicted ones, or
    /// at most `top`. 0 when there are none.
    pub fn precision(&self, top: Option<usize>) -> f64 {
        self.at(top.unwrap_or(self.predicted.len()).min(self.predicted.len()))
    }

    /// Shared share of the first k of both lists.
    fn at(&self, k: usize) -> f64 {
        if k == 0 {
            return 0.0;
        }
        let known: std::collections::HashSet<&u32> = self.real.iter().take(k).collect();
        self.predicted.iter().take(k).filter(|gene| known.contains(gene)).count() as f64 / k as f64
    }
}

/// Pairs of fold changes of the real differentially expressed genes.
fn paired(real: &[Shift], predicted: &[Shift]) -> (Vec<f64>, Vec<f64>) {
    let fold = |shift: &Shift| f64::from(shift.fold);
    let pairs = real.iter().zip(predicted).filter(|(real, _)| is_significant(real));
    pairs.map(|(real, predicted)| (fold(real), fold(predicted))).unzip()
}

/// Share of the real differentially expressed genes whose predicted shift has the same sign; none without any.
pub fn direction(real: &[Shift], predicted: &[Shift]) -> Option<f64> {
    let (a, b) = paired(real, predicted);
    // The sign of 0 is 0.
    let sign = |value: f64| if value == 0.0 { 0.0 } else { value.signum() };
    let same = a.iter().zip(&b).filter(|(a, b)| sign(**a) == sign(**b)).count();
    (!a.is_empty()).then(|| same as f64 / a.len() as f64)
}

/// Spearman correlation of the fold changes of the real differentially expressed genes; none without any.
pub fn fold_changes(real: &[Shift], predicted: &[Shift]) -> Option<f64> {
    let (a, b) = paired(real, predicted);
    (!a.is_empty()).then(|| spearman(&a, &b))
}

/// Share of the real differentially expressed genes that are predicted to be; none without any.
pub fn recall(real: &[Shift], predicted: &[Shift]) -> Option<f64> {
    let both = real.iter().zip(predicted).filter(|(real, own)| is_significant(real) && is_significant(own)).count();
    let all = significant(real);
    (all > 0).then(|| both as f64 / all as f64)
}

/// Genes with the score −log10 of the predicted q-value, and whether they are really differentially expressed.
fn scored(real: &[Shift], predicted: &[Shift]) -> Vec<(f64, bool)> {
    let score = |shift: &Shift| f64::from(-shift.q.clamp(SMALLEST, 1.0).log10());
    predicted.iter().map(score).zip(real.iter().map(is_significant)).collect()
}

/// Average precision: Σ over thresholds of (gain of recall) · precision; none when all or no genes are really
/// differentially expressed.
pub fn precision_recall_area(real: &[Shift], predicted: &[Shift]) -> Option<f64> {
    let groups = by_score(scored(real, predicted))?;
    let all: f64 = groups.iter().map(|(positives, _)| positives).sum();
    let (mut area, mut hits, mut seen) = (0.0, 0.0, 0.0);
    for (positives, negatives) in groups {
        hits += positives;
        seen += positives + negatives;
        area += positives / all * (hits / seen);
    }
    Some(area)
}

/// Area under the ROC curve; none when all or no genes are really differentially expressed.
pub fn roc_area(real: &[Shift], predicted: &[Shift]) -> Option<f64> {
    metrics::roc_area(scored(real, predicted))
}

/// Spearman correlation over perturbations of the numbers of differentially expressed genes; perturbations without a
/// real one are left out. 1 when none is left.
pub fn counts(real: &[usize], predicted: &[usize]) -> f64 {
    let pairs: Vec<(f64, f64)> =
        real.iter().zip(predicted).filter(|(real, _)| **real > 0).map(|(a, b)| (*a as f64, *b as f64)).collect();
    if pairs.is_empty() {
        return 1.0;
    }
    let (a, b): (Vec<f64>, Vec<f64>) = pairs.into_iter().unzip();
    spearman(&a, &b)
}

#[cfg(test)]
mod tests {
    use super::{Shift, Strongest};

    #[test]
    fn overlap_counts_the_top_k() {
        let shift = |fold, q| Shift { fold, q };
        let real = [shift(3.0, 0.01), shift(-2.0, 0.01), shift(1.0, 0.9)];
        let predicted = [shift(0.5, 0.01), shift(-4.0, 0.01), shift(2.0, 0.01)];
        // Two real DEGs (0, 1); the two strongest predicted are 1 and 2: one shared. Of the three predicted ones the
        // two real ones are found.
        let both = Strongest::new(&real, &predicted);
        assert_eq!([both.overlap(None), both.overlap(Some(1)), both.precision(None)], [0.5, 0.0, 2.0 / 3.0]);
        assert_eq!(Strongest::new(&[shift(1.0, 0.5)], &predicted[..1]).overlap(None), 0.0);
    }
}
