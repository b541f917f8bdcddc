//! Effects held back by what all genes say of a perturbation: adaptive shrinkage.
//!
//! Does: fits, over the genes of one value of a label, how effects are distributed (a share that is nothing, and normal
//! distributions of rising width), and gives every effect its mean under that distribution and its own error.
//! Does not know: counts, labels, how effects were fitted.
//! Flow: effects and standard errors of all genes → **held-back effects** → `regression`.
//!
//! A prior of one width for all effects either lets through the noise of the thousands of genes that do not answer, or
//! silences the few that do. Stephens 2017 (Biostatistics 18:275, "False discovery rates: a new deal") fits the prior
//! itself; this is that method with zero-centred normals.

/// Widths of the prior's parts, natural log; 0 is no effect at all.
const WIDTHS: [f64; 9] = [0.0, 0.05, 0.1, 0.2, 0.4, 0.8, 1.6, 3.2, 6.4];
/// A number for every part of the prior.
type Parts = [f64; WIDTHS.len()];
/// Genes that are taken to have been seen without an effect before any is looked at, as in the paper: where the data do
/// not say, effects are held back.
const NULL_GENES: f64 = 10.0;
/// Most rounds of expectation and maximisation, and the change of a share at which they end.
const MOST_ROUNDS: usize = 500;
const TOLERANCE: f64 = 1e-5;

/// Standard error of a fitted effect, natural log, from the counts that were expected without it: the width of the normal
/// distribution whose likelihood ratio between the effect and none is the Poisson's over its dispersion. Unlike the
/// curvature at the effect it is right where nothing was counted and much was expected. Infinite where nothing was
/// expected.
pub(super) fn standard_error(effect: f64, expected: f64, dispersion: f64) -> f64 {
    if expected <= 0.0 {
        return f64::INFINITY;
    }
    // (β e^β − e^β + 1) / β², which is ½ at no effect.
    let ratio = if effect.abs() < 1e-3 { 0.5 } else { (effect * effect.exp() - effect.exp_m1()) / (effect * effect) };
    (dispersion / (2.0 * expected * ratio)).sqrt()
}

/// Effects of all genes [G] with their standard errors, each held back by the distribution of all; 0 where an error is
/// not finite.
pub(super) fn held_back(effects: &[f64], errors: &[f64]) -> Vec<f64> {
    let likelihoods: Vec<Option<Parts>> = effects.iter().zip(errors).map(|own| parts(*own.0, *own.1)).collect();
    let shares = shares(&likelihoods);
    let mean = |((effect, error), parts): ((&f64, &f64), &Option<Parts>)| {
        let Some(parts) = parts else { return 0.0 };
        let (mut sum, mut all) = (0.0, 0.0);
        for ((part, share), width) in parts.iter().zip(&shares).zip(WIDTHS) {
            let weight = part * share;
            all += weight;
            sum += weight * width * width / (width * width + error * error);
        }
        if all > 0.0 { effect * sum / all } else { *effect }
    };
    effects.iter().zip(errors).zip(&likelihoods).map(mean).collect()
}

/// Likelihood of an effect under every part of the prior, relative to the largest; none where its error says nothing.
fn parts(effect: f64, error: f64) -> Option<Parts> {
    if !error.is_finite() || error <= 0.0 {
        return None;
    }
    let logs = WIDTHS.map(|width| {
        let variance = width * width + error * error;
        -0.5 * (effect * effect / variance + variance.ln())
    });
    let most = logs.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    Some(logs.map(|log| (log - most).exp()))
}

/// Shares of the prior's parts by expectation and maximisation.
fn shares(likelihoods: &[Option<Parts>]) -> Parts {
    let mut shares = [1.0 / WIDTHS.len() as f64; WIDTHS.len()];
    for _ in 0..MOST_ROUNDS {
        let mut sums = [0.0; WIDTHS.len()];
        sums[0] = NULL_GENES;
        for parts in likelihoods.iter().flatten() {
            let all: f64 = parts.iter().zip(&shares).map(|(part, share)| part * share).sum();
            let pairs = parts.iter().zip(&shares);
            sums.iter_mut()
                .zip(pairs)
                .for_each(|(sum, (part, share))| *sum += part * share / all.max(f64::MIN_POSITIVE));
        }
        let all: f64 = sums.iter().sum();
        let next = sums.map(|sum| sum / all);
        let change = next.iter().zip(&shares).fold(0.0, |most: f64, (a, b)| most.max((a - b).abs()));
        shares = next;
        if change < TOLERANCE {
            break;
        }
    }
    shares
}

#[cfg(test)]
mod tests {
    use super::{held_back, standard_error};
    use crate::random::Random;

    #[test]
    fn noise_is_silenced_and_strong_effects_stay() {
        // 500 genes measured with an error of .3; the first 20 answer by ±1.5.
        let mut random = Random::new(1);
        let truth: Vec<f64> = (0..500)
            .map(|gene| {
                if gene >= 20 {
                    0.0
                } else if gene % 2 == 0 {
                    1.5
                } else {
                    -1.5
                }
            })
            .collect();
        let errors = vec![0.3; 500];
        let seen: Vec<f64> = truth.iter().map(|effect| effect + 0.3 * random.normal()).collect();
        let found = held_back(&seen, &errors);
        let error = |values: &[f64], genes: std::ops::Range<usize>| {
            let squares = genes.clone().map(|gene| (values[gene] - truth[gene]).powi(2)).sum::<f64>();
            (squares / genes.len() as f64).sqrt()
        };
        assert!(error(&seen, 20..500) > 0.28 && error(&found, 20..500) < 0.06, "{}", error(&found, 20..500));
        assert!(error(&found, 0..20) < 1.2 * error(&seen, 0..20), "{}", error(&found, 0..20));
    }

    #[test]
    fn where_all_genes_answer_hardly_anything_is_held_back() {
        let mut random = Random::new(2);
        let seen: Vec<f64> = (0..300).map(|_| 1.0 * random.normal()).collect();
        let found = held_back(&seen, &[0.1; 300]);
        // A prior of the right width keeps 1 / 1.01 of an effect; small ones may be nothing.
        let kept = seen.iter().zip(&found).filter(|(seen, _)| seen.abs() > 0.5).map(|(seen, found)| found / seen);
        assert!(kept.clone().all(|share| share > 0.9 && share <= 1.0), "{:?}", kept.fold(1.0, f64::min));
    }

    #[test]
    fn genes_that_say_nothing_have_no_effect_and_errors_are_those_of_counts() {
        assert_eq!(held_back(&[3.0, 0.0], &[f64::INFINITY, f64::INFINITY]), [0.0, 0.0]);
        assert!(held_back(&[], &[]).is_empty());
        // Small effects: the standard error of the log of a Poisson count of 100.
        assert!((standard_error(1e-4, 100.0, 1.0) - 0.1).abs() < 1e-6);
        // 20 counts expected, next to none seen: a likelihood ratio of 2 · 20 (1 − 4 e^−3), six standard errors.
        let score = -3.0 / standard_error(-3.0, 20.0, 1.0);
        assert!((-6.0..-5.4).contains(&score), "{score}");
        assert_eq!(standard_error(1.0, 0.0, 1.0), f64::INFINITY);
    }
}
