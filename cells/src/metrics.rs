//! How close predicted effects are to measured ones.
//!
//! Does: the first metrics of the public referee cell-eval (PAPER.md section 11) as functions of
//! plain slices: MAE, Pearson, Pearson-Δ, Spearman; the area under the ROC curve.
//! Does not know: where the numbers come from; which cells are predicted.
//! Flow: pseudobulks of measured and generated cells → **scores** beside baselines.

/// Mean absolute difference of two pseudobulks (mean log-normalised values).
pub fn mean_absolute_error(real: &[f64], predicted: &[f64]) -> f64 {
    let total: f64 = real.iter().zip(predicted).map(|(a, b)| (a - b).abs()).sum();
    total / real.len().max(1) as f64
}

/// Pearson correlation; NaN when a side is constant.
pub fn pearson(a: &[f64], b: &[f64]) -> f64 {
    let n = a.len().min(b.len()).max(1) as f64;
    let (mean_a, mean_b) = (a.iter().sum::<f64>() / n, b.iter().sum::<f64>() / n);
    let (mut covariance, mut variance_a, mut variance_b) = (0.0, 0.0, 0.0);
    for (x, y) in a.iter().zip(b) {
        covariance += (x - mean_a) * (y - mean_b);
        variance_a += (x - mean_a).powi(2);
        variance_b += (y - mean_b).powi(2);
    }
    covariance / (variance_a * variance_b).sqrt()
}

/// Spearman correlation: Pearson of ranks, ties at their mean rank.
pub fn spearman(a: &[f64], b: &[f64]) -> f64 {
    pearson(&ranks(a), &ranks(b))
}

/// Ranks from 1, ties at their mean.
fn ranks(values: &[f64]) -> Vec<f64> {
    let mut order: Vec<usize> = (0..values.len()).collect();
    order.sort_by(|a, b| values[*a].total_cmp(&values[*b]));
    let mut ranks = vec![0.0; values.len()];
    let mut first = 0;
    while first < order.len() {
        let tied = order[first..].iter().take_while(|index| values[**index] == values[order[first]]).count();
        let rank = first as f64 + (tied as f64 + 1.0) / 2.0;
        order[first..first + tied].iter().for_each(|index| ranks[*index] = rank);
        first += tied;
    }
    ranks
}

/// Scored things by falling score, as counts (true, false) of each distinct score; none when all or none are true.
pub(crate) fn by_score(mut scored: Vec<(f64, bool)>) -> Option<Vec<(f64, f64)>> {
    let positives = scored.iter().filter(|(_, label)| *label).count();
    if positives == 0 || positives == scored.len() {
        return None;
    }
    scored.sort_unstable_by(|a, b| b.0.total_cmp(&a.0));
    let group = |same: &[(f64, bool)]| {
        let positives = same.iter().filter(|(_, label)| *label).count() as f64;
        (positives, same.len() as f64 - positives)
    };
    Some(scored.chunk_by(|a, b| a.0 == b.0).map(group).collect())
}

/// Area under the ROC curve by trapezes, so that tied scores count half: the chance that a true thing has a higher
/// score than a false one. None when all or none are true.
pub fn roc_area(scored: Vec<(f64, bool)>) -> Option<f64> {
    let groups = by_score(scored)?;
    let sum = |of: fn(&(f64, f64)) -> f64| groups.iter().map(of).sum::<f64>();
    let (positives, negatives) = (sum(|group| group.0), sum(|group| group.1));
    let (mut area, mut hits) = (0.0, 0.0);
    for (own, other) in groups {
        area += other * (hits + own / 2.0);
        hits += own;
    }
    Some(area / (positives * negatives))
}

/// Perturbed minus control pseudobulk.
pub fn effect(perturbed: &[f64], control: &[f64]) -> Vec<f64> {
    perturbed.iter().zip(control).map(|(a, b)| a - b).collect()
}

/// Pearson-Δ: correlation of signed effects; the prediction's effect is against its own controls.
pub fn pearson_delta(real_effect: &[f64], predicted_effect: &[f64]) -> f64 {
    pearson(real_effect, predicted_effect)
}

#[cfg(test)]
mod tests {
    use super::{mean_absolute_error, pearson, roc_area, spearman};

    #[test]
    fn correlations_by_hand() {
        // Computed by hand: covariance 4, variances 2 and 8 over (1,2,3) and (2,4,6).
        assert!((pearson(&[1.0, 2.0, 3.0], &[2.0, 4.0, 6.0]) - 1.0).abs() < 1e-12);
        assert!((pearson(&[1.0, 2.0, 3.0], &[3.0, 1.0, 2.0]) + 0.5).abs() < 1e-12);
        // Ranks (1, 2.5, 2.5, 4) against (1, 2, 3, 4): 4.5 / sqrt(4.5 · 5).
        let tied = spearman(&[0.0, 1.0, 1.0, 9.0], &[1.0, 2.0, 3.0, 4.0]);
        assert!((tied - 4.5 / 22.5_f64.sqrt()).abs() < 1e-12);
        assert!((mean_absolute_error(&[1.0, 2.0], &[2.0, 0.0]) - 1.5).abs() < 1e-12);
    }

    #[test]
    fn tied_scores_count_half() {
        // Pairs (true, false): 3 > 2, 3 > 1, 2 = 2 (half), 2 > 1: 3.5 of 4.
        let scored = vec![(3.0, true), (2.0, true), (2.0, false), (1.0, false)];
        assert_eq!(roc_area(scored), Some(0.875));
        assert_eq!(roc_area(vec![(0.0, true), (-0.0, false)]), Some(0.5));
        assert_eq!(roc_area(vec![(1.0, true)]), None);
    }
}
