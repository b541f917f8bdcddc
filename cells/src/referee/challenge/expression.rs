//! How far predicted mean expression is from the measured one, beyond what few cells explain.
//!
//! Does: squared errors of bulks less the jackknife variances of both sides, the prediction's bounded twice; the
//! squared effect of the measurement likewise; the ratio of both sums over all perturbations.
//! Does not know: cells, names.
//! Flow: bulks of all perturbations and of the control → **numbers** → `challenge`.
//!
//! A prediction may not subtract more than the measured cells of the same perturbation earn, and all perturbations
//! together no more than the predicted bulks spread among each other. Otherwise noisy cells with a fixed mean would be
//! paid for noise that their mean does not have. Every perturbation's own target is left out of its sums.

use super::sampling::Bulk;

/// Both sides of one perturbation.
#[derive(Clone, Copy)]
pub(super) struct Pair<'a> {
    pub(super) real: &'a Bulk,
    pub(super) predicted: &'a Bulk,
    /// The gene that is left out.
    pub(super) target: Option<usize>,
}

/// Numbers of one perturbation, means over genes; NaN without any gene.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Errors {
    /// Squared error less the variances of both sides.
    pub(super) unbounded: f64,
    /// The same with the prediction's variance bounded.
    pub(super) bounded: f64,
    /// Squared distance of the measured bulk to the control's, less both variances: what there was to predict.
    pub(super) distance: f64,
}

/// Numbers of every perturbation.
pub(super) fn errors(pairs: &[Pair], control: &Bulk) -> Vec<Errors> {
    let genes = control.means.len();
    let counted: Vec<f64> = pairs.iter().map(|pair| (genes - usize::from(pair.target.is_some())) as f64).collect();
    let weights: Vec<f64> = counted.iter().map(|genes| if *genes > 0.0 { 1.0 / genes } else { 0.0 }).collect();
    let claims: Vec<f64> = pairs.iter().map(|pair| pair.predicted.variance.min(pair.real.variance)).collect();
    let claim: f64 = claims.iter().zip(&weights).map(|(claim, weight)| claim * weight).sum();
    let share = if claim > 0.0 { (spread(pairs, &weights, genes) / claim).min(1.0) } else { 1.0 };
    let of_one = |((pair, claim), genes): ((&Pair, &f64), &f64)| {
        let mean = |sum: f64| if *genes > 0.0 { sum / genes } else { f64::NAN };
        let error = squared(&pair.predicted.means, &pair.real.means, pair.target);
        let effect = squared(&pair.real.means, &control.means, pair.target);
        Errors {
            unbounded: mean(error - pair.predicted.variance - pair.real.variance),
            bounded: mean(error - claim * share - pair.real.variance),
            distance: mean(effect - pair.real.variance - control.variance),
        }
    };
    pairs.iter().zip(&claims).zip(&counted).map(of_one).collect()
}

/// Squared distance without one gene.
fn squared(a: &[f64], b: &[f64], skip: Option<usize>) -> f64 {
    let square = |a: f64, b: f64| (a - b) * (a - b);
    let all: f64 = a.iter().zip(b).map(|(a, b)| square(*a, *b)).sum();
    all - skip.map_or(0.0, |gene| square(a[gene], b[gene]))
}

/// Weighted squared spread of the predicted bulks around their means over perturbations, summed over genes; a
/// perturbation does not count at its own target.
fn spread(pairs: &[Pair], weights: &[f64], genes: usize) -> f64 {
    let mut means = vec![0.0; genes];
    for pair in pairs {
        means.iter_mut().zip(&pair.predicted.means).for_each(|(mean, value)| *mean += value);
    }
    means.iter_mut().for_each(|mean| *mean /= pairs.len().max(1) as f64);
    let all: f64 = weights.iter().sum();
    // Per gene: Σ of weighted deviations, of their squares, of weights, of perturbations.
    let mut sums = vec![(0.0, 0.0, all, pairs.len()); genes];
    for (pair, weight) in pairs.iter().zip(weights) {
        for ((sum, value), mean) in sums.iter_mut().zip(&pair.predicted.means).zip(&means) {
            let deviation = value - mean;
            sum.0 += weight * deviation;
            sum.1 += weight * deviation * deviation;
        }
    }
    for (pair, weight) in pairs.iter().zip(weights) {
        if let Some(gene) = pair.target {
            let deviation = pair.predicted.means[gene] - means[gene];
            let sum = &mut sums[gene];
            sum.0 -= weight * deviation;
            sum.1 -= weight * deviation * deviation;
            sum.2 -= weight;
            sum.3 -= 1;
        }
    }
    let usable = sums.iter().filter(|(_, _, weight, count)| *count >= 2 && *weight > 0.0);
    usable.map(|(sum, square, weight, _)| (square - sum * sum / weight).max(0.0)).sum()
}

/// Σ bounded error over Σ distance of the perturbations that have both: 0 is perfect, 1 is predicting the control.
/// None when there is nothing to sum or the distances do not sum to more than zero.
pub(super) fn ratio(errors: &[Errors]) -> Option<f64> {
    let finite: Vec<&Errors> =
        errors.iter().filter(|errors| errors.bounded.is_finite() && errors.distance.is_finite()).collect();
    let error: f64 = finite.iter().map(|errors| errors.bounded).sum();
    let distance: f64 = finite.iter().map(|errors| errors.distance).sum();
    let value = error / distance;
    (distance > 0.0 && value.is_finite()).then_some(value)
}

#[cfg(test)]
mod tests {
    use super::{Pair, errors, ratio};
    use crate::referee::challenge::sampling::Bulk;

    #[test]
    fn a_prediction_of_one_bulk_for_all_may_subtract_nothing() {
        let bulk = |means: [f64; 2], variance: f64| Bulk { means: means.to_vec(), variance };
        let control = bulk([0.0, 0.0], 0.1);
        let real = [bulk([1.0, 1.0], 0.2), bulk([2.0, 0.0], 0.4)];
        let same = bulk([0.5, 0.5], 0.3);
        let pair = |real| Pair { real, predicted: &same, target: None };
        let found = errors(&[pair(&real[0]), pair(&real[1])], &control);
        // By hand: (0.25 + 0.25 − 0.3 − 0.2) / 2; the spread is 0, so nothing of 0.2 may be subtracted.
        assert!(found[0].unbounded.abs() < 1e-12);
        assert!((found[0].bounded - 0.15).abs() < 1e-12);
        assert!((found[0].distance - 0.85).abs() < 1e-12);
        // (2.25 + 0.25 − 0.4) / 2 and (4 − 0.4 − 0.1) / 2.
        assert!((found[1].bounded - 1.05).abs() < 1e-12);
        assert!((ratio(&found).unwrap_or(f64::NAN) - 1.2 / 2.6).abs() < 1e-12);
        // Two perturbations apart by (1, 1): their spread over two genes, 0.5, exceeds the claim, (0.2 + 0.3) / 2.
        let apart = [bulk([0.0, 0.0], 0.5), bulk([1.0, 1.0], 0.3)];
        let pairs = [0, 1].map(|place| Pair { real: &real[place], predicted: &apart[place], target: None });
        assert!((errors(&pairs, &control)[0].bounded - (2.0 - 0.2 - 0.2) / 2.0).abs() < 1e-12);
        // Nothing to predict.
        assert_eq!(ratio(&errors(&[Pair { real: &control, predicted: &same, target: None }], &control)), None);
    }
}
