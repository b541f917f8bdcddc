//! Whether a prediction shifts genes the right way.
//!
//! Does: the share of calls with the measured sign over the larger of both sides' numbers of calls; how deep the
//! prediction's ranking of the measured genes stays right.
//! Does not know: how genes are tested, sizes of shifts beyond a tie-break, names.
//! Flow: tests of one perturbation, measured and predicted → **numbers** → `challenge`.

use super::agreement::{Pair, is_significant};
use super::genes::GeneTest;

/// Share of right signs that the top of a ranking must keep (REACH_PURITY_FLOOR of cell-eval2).
const PURITY: f64 = 0.9;

/// Whether the measurement says which way a gene goes.
fn is_decided(real: &GeneTest) -> bool {
    real.log2_fold_change != 0.0
}

/// Whether a prediction goes the measured way; a prediction of no change does not.
fn agrees(real: &GeneTest, own: &GeneTest) -> bool {
    own.log2_fold_change != 0.0 && (own.log2_fold_change > 0.0) == (real.log2_fold_change > 0.0)
}

/// Predicted significant genes of the measured sign, over the larger of the number of predicted ones (whose measured
/// sign is known) and of measured ones. None when there is neither.
pub(super) fn fidelity_yield(pair: Pair) -> Option<f64> {
    let called = || pair.genes().filter(|(_, real, own)| is_significant(own) && is_decided(real));
    let right = called().filter(|(_, real, own)| agrees(real, own)).count();
    let most = called().count().max(pair.measured().count());
    (most > 0).then(|| right as f64 / most as f64)
}

/// The significant measured genes by the prediction's confidence (q, then p, then |fold change|, then name): the
/// largest depth at which nine tenths have the measured sign, over their number. None without any. `ranks` order the
/// tested genes by name.
pub(super) fn reach(pair: Pair, ranks: &[u32]) -> Option<f64> {
    let mut ranked: Vec<(usize, &GeneTest, &GeneTest)> = pair.measured().collect();
    ranked.sort_by(|(place, _, a), (other, _, b)| {
        let by_confidence = a.q.total_cmp(&b.q).then(a.p.total_cmp(&b.p));
        let by_size = b.log2_fold_change.abs().total_cmp(&a.log2_fold_change.abs());
        by_confidence.then(by_size).then(ranks[*place].cmp(&ranks[*other]))
    });
    let (mut depth, mut right, mut deepest) = (0_usize, 0_usize, 0_usize);
    for (_, real, own) in ranked.iter().filter(|(_, real, _)| is_decided(real)) {
        depth += 1;
        right += usize::from(agrees(real, own));
        if right as f64 / depth as f64 >= PURITY {
            deepest = depth;
        }
    }
    (!ranked.is_empty()).then(|| deepest as f64 / ranked.len() as f64)
}
