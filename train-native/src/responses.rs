//! How each gene's mean answers to each condition value, before any training.
//!
//! Does: a ridge-penalised log-linear (quasi-Poisson) model of every gene's counts on the condition
//! tokens, and its factorisation into per-gene factors and per-condition gates.
//! Does not know: networks, training.
//! Flow: tokens and labels of the training cells → **factors [G, Q], gates [K, Q]** → `marginals`.
//!
//! log μ_gi = log m_g + Σ_c β_g,c(i), with a standard normal prior on every β: values with few cells
//! stay near the mean. A change of the mean is reached by tilting the gene's distribution by
//! θ · log2(1 + count); θ follows from the covariance of the count with its tilt.

use faer::linalg::solvers::Solve;
use faer::{Col, Mat, MatRef, Side};
use model::quantise::{FIRST_CONDITION, dequantise};
use model::random::Draws;

use crate::data::TrainingSet;

/// Newton steps for one gene; the penalised likelihood is concave and smooth.
const NEWTON_STEPS: usize = 6;
/// Largest change of one coefficient in one Newton step, in natural-log units.
const LARGEST_STEP: f64 = 1.0;
/// Largest effect kept, in natural-log units (a factor of about 400).
const LARGEST_EFFECT: f64 = 6.0;

/// Factors of genes and gates of condition values, of rank Q.
pub struct Responses {
    /// [G, Q].
    pub factors: Mat<f64>,
    /// [K, Q].
    pub gates: Mat<f64>,
}

/// What a token counts for in the tilt: log2(1 + count).
pub fn tilt(token: u16) -> f64 {
    f64::from(dequantise(token)).ln_1p() / std::f64::consts::LN_2
}

/// One gene's fit.
struct Fit {
    /// Effects [K], natural log.
    effects: Vec<f64>,
    /// Information about an effect of 1, for the factorisation: mean over dispersion.
    information: f64,
    /// Tilt per unit of effect.
    slope: f64,
}

/// Condition places of every cell, cells × C, from 0.
fn places(set: &TrainingSet) -> Vec<Vec<usize>> {
    let place = |token: &i32| (token - FIRST_CONDITION) as usize;
    (0..set.cells.len()).map(|cell| set.labels_of(cell).iter().map(place).collect()).collect()
}

/// Expected counts of every cell.
fn expected(mean: f64, effects: &[f64], places: &[Vec<usize>]) -> Vec<f64> {
    let effect = |places: &Vec<usize>| places.iter().map(|place| effects[*place]).sum::<f64>();
    places.iter().map(|own| mean * effect(own).clamp(-LARGEST_EFFECT, LARGEST_EFFECT).exp()).collect()
}

/// Precision of the prior on a donor's effects where they are fitted apart: most genes differ by about an eighth between
/// donors, and a handful of counts in control cells must not become a factor of two.
const IDENTITY_PRECISION: f64 = 64.0;

/// Share of the largest eigenvalue below which a direction is rounding: sums of 1e4 genes in f64 leave about 1e-12.
const SILENT: f64 = 1e-9;
/// Stream of the draws of such directions.
const STREAM: u64 = (1 << 43) + 1;

/// What a fit looks at: cells, and of them the slots whose effects are fitted; the effects of the others stay.
#[derive(Clone, Copy)]
struct Part<'a> {
    places: &'a [Vec<usize>],
    /// By cell; none: all.
    cells: Option<&'a [bool]>,
    /// By slot; none: all.
    slots: Option<&'a [bool]>,
    /// Of the normal prior on every effect.
    precision: f64,
}

/// One Newton step on the penalised quasi-likelihood; the dispersion is re-estimated before it.
fn newton(counts: &[f64], mean: f64, effects: &mut [f64], part: Part<'_>) -> f64 {
    let k = effects.len();
    let expected = expected(mean, effects, part.places);
    let squares: f64 = counts.iter().zip(&expected).map(|(y, mu)| (y - mu).powi(2) / mu).sum();
    let dispersion = (squares / counts.len() as f64).max(1.0);
    let mut curvature = Mat::<f64>::identity(k, k) * faer::Scale(part.precision);
    let mut slope = Col::<f64>::from_fn(k, |place| -part.precision * effects[place]);
    let is_in = |slot: &usize| part.slots.is_none_or(|slots| slots[*slot]);
    let mut fitted: Vec<usize> = Vec::new();
    for (cell, ((y, mu), own)) in counts.iter().zip(&expected).zip(part.places).enumerate() {
        if part.cells.is_some_and(|cells| !cells[cell]) {
            continue;
        }
        fitted.clear();
        fitted.extend(own.iter().enumerate().filter(|(slot, _)| is_in(slot)).map(|(_, place)| *place));
        for a in &fitted {
            slope[*a] += (y - mu) / dispersion;
            for b in &fitted {
                curvature[(*a, *b)] += mu / dispersion;
            }
        }
    }
    // The prior pulls on what is fitted; what no cell speaks of stays where it is.
    let is_silent = |place: &usize| curvature[(*place, *place)] <= part.precision;
    (0..k).filter(is_silent).for_each(|place| slope[place] = 0.0);
    let Ok(factor) = curvature.llt(Side::Lower) else { return dispersion };
    let step = factor.solve(&slope);
    for (place, effect) in effects.iter_mut().enumerate() {
        *effect += step[place].clamp(-LARGEST_STEP, LARGEST_STEP);
    }
    dispersion
}

/// Fits one gene. `telling`: the cells that say something of their donor or line, and the slots that are its; then those
/// effects are fitted to these cells alone, after the others. A donor without perturbed cells would otherwise take the
/// part of "unperturbed" that the prior keeps from the control.
fn fit(
    counts: &[f64],
    tilts: &[f64],
    places: &[Vec<usize>],
    values: usize,
    telling: Option<(&[bool], &[bool])>,
) -> Fit {
    let mean = counts.iter().sum::<f64>() / counts.len().max(1) as f64;
    let mut effects = vec![0.0; values];
    if mean <= 0.0 {
        return Fit { effects, information: 0.0, slope: 0.0 };
    }
    let all = Part { places, cells: None, slots: None, precision: 1.0 };
    let others: Option<Vec<bool>> = telling.map(|(_, slots)| slots.iter().map(|own| !own).collect());
    let first = Part { slots: others.as_deref(), ..all };
    let mut dispersion = 1.0;
    for _ in 0..NEWTON_STEPS {
        dispersion = newton(counts, mean, &mut effects, first);
    }
    if let Some((cells, slots)) = telling {
        for _ in 0..NEWTON_STEPS {
            let second = Part { cells: Some(cells), slots: Some(slots), precision: IDENTITY_PRECISION, ..all };
            dispersion = newton(counts, mean, &mut effects, second);
        }
    }
    let expected = expected(mean, &effects, places);
    let covariance = counts.iter().zip(&expected).zip(tilts).map(|((y, mu), tilt)| (y - mu) * tilt).sum::<f64>()
        / counts.len() as f64;
    let slope = (mean / covariance.max(1e-9)).clamp(0.05, 3.0);
    Fit { effects, information: mean / dispersion, slope }
}

/// Slot of every condition value [K].
fn slots(set: &TrainingSet) -> Vec<usize> {
    let mut slots = vec![0; set.condition_values()];
    for (slot, condition) in set.conditions.iter().enumerate() {
        for token in condition.values.iter().map(|value| value.token).chain(condition.unspecified) {
            slots[(token - FIRST_CONDITION) as usize] = slot;
        }
    }
    slots
}

/// Fits every gene and keeps the Q directions of condition space that carry most information.
pub fn responses(set: &TrainingSet, rank: usize) -> Responses {
    let (genes, values, cells) = (set.genes(), set.condition_values(), set.cells.len());
    let places = places(set);
    let telling = set.telling();
    let fits: Vec<Fit> = (0..genes)
        .map(|gene| {
            let measured: Vec<usize> = (0..cells).filter(|cell| set.is_measured(*cell, gene)).collect();
            let tokens = measured.iter().map(|cell| set.tokens_of(*cell)[gene]);
            let counts: Vec<f64> = tokens.clone().map(|token| f64::from(dequantise(token))).collect();
            let tilts: Vec<f64> = tokens.map(tilt).collect();
            if measured.len() == cells {
                let telling = telling.as_ref().map(|(cells, slots)| (cells.as_slice(), slots.as_slice()));
                return fit(&counts, &tilts, &places, values, telling);
            }
            let own: Vec<Vec<usize>> = measured.iter().map(|cell| places[*cell].clone()).collect();
            let told: Option<Vec<bool>> =
                telling.as_ref().map(|(cells, _)| measured.iter().map(|cell| cells[*cell]).collect());
            let telling = told.as_deref().zip(telling.as_ref().map(|(_, slots)| slots.as_slice()));
            fit(&counts, &tilts, &own, values, telling)
        })
        .collect();
    let weighted = Mat::from_fn(genes, values, |g, k| fits[g].effects[k] * fits[g].information.sqrt());
    let all = weighted.transpose() * &weighted;
    // Directions of one slot at a time where donors are fitted apart: a direction of several slots would carry what a
    // perturbation does over to the donors that happen to load on it. Otherwise fewer directions say the same.
    let slots = slots(set);
    let together = |a: usize, b: usize| telling.is_none() || slots[a] == slots[b];
    let gram = Mat::from_fn(values, values, |a, b| if together(a, b) { all[(a, b)] } else { 0.0 });
    let kept = rank.min(values);
    let Ok(eigen) = gram.self_adjoint_eigen(Side::Lower) else {
        return Responses { factors: Mat::zeros(genes, rank), gates: Mat::zeros(values, rank) };
    };
    let open: Vec<usize> = set
        .conditions
        .iter()
        .filter_map(|own| own.unspecified)
        .map(|token| (token - FIRST_CONDITION) as usize)
        .collect();
    let directions = directions(eigen.U(), &(0..values).map(|k| eigen.S()[k]).collect::<Vec<f64>>(), kept, &open);
    let direction = |k: usize, q: usize| if q < kept { directions[q][k] } else { 0.0 };
    // Gates of size about 1, so that one learning rate suits them and the factors.
    let size = (values as f64).sqrt();
    let projected = |g: usize, q: usize| (0..values).map(|k| fits[g].effects[k] * direction(k, q)).sum::<f64>();
    Responses {
        factors: Mat::from_fn(genes, rank, |g, q| fits[g].slope * projected(g, q) / size),
        gates: Mat::from_fn(values, rank, |k, q| direction(k, q) * size),
    }
}

/// Orthonormal directions of condition space [Q][K], those that carry most first, from eigenvectors [K, K] and
/// eigenvalues [K], ascending; `open`: places of the tokens of slots that were left open.
///
/// A direction that no gene answers to is any vector of its space: rounding would choose it, and training would start
/// elsewhere after a change in the order of sums. They are chosen here instead, and not left out, because their gates
/// are what training finds further responses with: first what is left open, whose effects are 0 by definition and
/// which the network has to tell from everything that is given, then seeded draws.
fn directions(vectors: MatRef<'_, f64>, sizes: &[f64], kept: usize, open: &[usize]) -> Vec<Vec<f64>> {
    let values = sizes.len();
    let silent = SILENT * sizes.last().copied().unwrap_or(0.0).max(f64::MIN_POSITIVE);
    let mut draws = Draws::new(0, STREAM);
    let telling = (0..kept).map(|q| values - 1 - q).filter(|place| sizes[*place] > silent);
    let mut found: Vec<Vec<f64>> = telling.map(|place| (0..values).map(|k| vectors[(k, place)]).collect()).collect();
    let mut open = open.iter();
    while found.len() < kept {
        let mut own: Vec<f64> = match open.next() {
            Some(token) => (0..values).map(|k| if k == *token { 1.0 } else { 0.0 }).collect(),
            None => (0..values).map(|_| f64::from(draws.uniform()) - 0.5).collect(),
        };
        let before = norm(&own);
        // Twice: what rounding leaves of the others after the first time is gone after the second.
        for other in found.iter().chain(&found) {
            let share: f64 = own.iter().zip(other).map(|(a, b)| a * b).sum();
            own.iter_mut().zip(other).for_each(|(a, b)| *a -= share * b);
        }
        // Of a token whose direction is there already next to nothing is left.
        let left = norm(&own);
        if left > 1e-3 * before {
            found.push(own.into_iter().map(|value| value / left).collect());
        }
    }
    found
}

/// Length of a vector.
fn norm(vector: &[f64]) -> f64 {
    vector.iter().map(|value| value * value).sum::<f64>().sqrt()
}

#[cfg(test)]
mod tests {
    use faer::Mat;

    use super::{directions, fit, norm, tilt};
    use model::quantise::quantise;

    /// Counts of cells in three groups: the first around 2, the second around 8, the third has two cells.
    fn cells() -> (Vec<f64>, Vec<f64>, Vec<Vec<usize>>) {
        let (mut counts, mut places) = (Vec::new(), Vec::new());
        for cell in 0..200 {
            let group = cell % 2;
            let spread = f64::from(cell / 2 % 5) - 2.0;
            counts.push(if group == 0 { 2.0 + spread } else { 8.0 + 2.0 * spread });
            places.push(vec![group as usize, 3]);
        }
        counts.extend([40.0, 0.0]);
        places.extend([vec![2, 3], vec![2, 3]]);
        let tilts = counts.iter().map(|count| tilt(quantise(*count as u32))).collect();
        (counts, tilts, places)
    }

    #[test]
    fn effects_are_ratios_of_means_and_rare_values_are_held_back() {
        let (counts, tilts, places) = cells();
        let found = fit(&counts, &tilts, &places, 4, None);
        let ratio = (found.effects[1] - found.effects[0]).exp();
        // The prior pulls the ratio of 4 down a little: 200 cells leave it above 3.5.
        assert!((3.5..4.05).contains(&ratio), "ratio {ratio}");
        // Two cells with a mean of 20, four times the average, are far less sure.
        assert!((0.0..20.0_f64.ln()).contains(&found.effects[2]), "{:?}", found.effects);
        assert!(found.slope > 0.0 && found.information > 0.0);
    }

    #[test]
    fn a_donor_without_perturbed_cells_is_not_taken_for_one_that_does_not_respond() {
        // Slots: two donors (0, 1), control and perturbed (2, 3). The gene is silent in controls; the second donor has
        // no other cells.
        let (mut counts, mut places) = (Vec::new(), Vec::new());
        for cell in 0..120 {
            let (donor, perturbed) = (usize::from(cell % 3 == 0), cell % 3 == 1);
            counts.push(if perturbed { 2.0 + f64::from(cell % 5) } else { f64::from(u8::from(cell % 40 == 2)) });
            places.push(vec![donor, if perturbed { 3 } else { 2 }]);
        }
        let tilts: Vec<f64> = counts.iter().map(|count| tilt(quantise(*count as u32))).collect();
        let controls: Vec<bool> = places.iter().map(|own| own[1] == 2).collect();
        let joint = fit(&counts, &tilts, &places, 4, None).effects;
        let apart = fit(&counts, &tilts, &places, 4, Some((&controls, &[true, false]))).effects;
        // Fitted together, the donor carries a part of what the control explains.
        assert!(joint[1] - joint[0] < -0.3, "{joint:?}");
        assert!((apart[1] - apart[0]).abs() < 0.3 * (joint[1] - joint[0]).abs(), "{apart:?} and {joint:?}");
        // And the effect itself is no smaller.
        assert!(apart[3] - apart[2] > joint[3] - joint[2], "{apart:?} and {joint:?}");
    }

    #[test]
    fn silent_directions_do_not_hang_on_the_vectors_that_rounding_left() {
        // Five values; one direction tells of the first two, the last value is "open". The other four are any basis of
        // what is left: two of them, turned against one another.
        let half = 0.5_f64.sqrt();
        let basis = |angle: f64| {
            let (sine, cosine) = angle.sin_cos();
            let columns = [
                [half * cosine, half * cosine, sine, 0.0, 0.0],
                [-half * sine, -half * sine, cosine, 0.0, 0.0],
                [0.0, 0.0, 0.0, cosine, sine],
                [0.0, 0.0, 0.0, -sine, cosine],
                [half, -half, 0.0, 0.0, 0.0],
            ];
            Mat::from_fn(5, 5, |row, column| columns[column][row])
        };
        let found = |angle: f64| directions(basis(angle).as_ref(), &[0.0, 1e-17, 1e-16, 2e-16, 3.0], 5, &[4]);
        let (first, second) = (found(0.3), found(1.1));
        for (a, b) in first.iter().zip(&second) {
            assert!(a.iter().zip(b).all(|(a, b)| (a - b).abs() < 1e-12), "{a:?} and {b:?}");
        }
        assert_eq!(first.len(), 5);
        assert_eq!(first[1], [0.0, 0.0, 0.0, 0.0, 1.0], "what is left open comes first");
        for (place, own) in first.iter().enumerate() {
            assert!((norm(own) - 1.0).abs() < 1e-12);
            for other in &first[..place] {
                assert!(own.iter().zip(other).map(|(a, b)| a * b).sum::<f64>().abs() < 1e-12);
            }
        }
    }

    #[test]
    fn a_gene_without_counts_answers_to_nothing() {
        let found = fit(&[0.0; 6], &[0.0; 6], &[vec![0], vec![1], vec![0], vec![1], vec![0], vec![1]], 2, None);
        assert_eq!((found.effects, found.information, found.slope), (vec![0.0; 2], 0.0, 0.0));
    }

    #[test]
    fn the_tilt_grows_by_one_with_each_doubling() {
        for (count, expected) in [(0, 0.0), (1, 1.0), (3, 2.0), (7, 3.0), (63, 6.0)] {
            assert!((tilt(quantise(count)) - expected).abs() < 1e-12);
        }
    }
}
