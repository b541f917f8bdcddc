//! How genes vary together beyond what the conditions explain, before any training.
//!
//! Does: takes each gene's level (log2(1 + count)) apart into effects of the condition values and a
//! remainder, standardises the remainders, and finds the directions in which they vary together more
//! than chance would have it.
//! Does not know: networks, training.
//! Flow: tokens and labels of the training cells → **centres, spreads, loadings, effects** →
//! `marginals` sets the network's summary and output factors from them.
//!
//! With n cells and p genes of pure noise, correlations have eigenvalues up to (1 + √(p/n))². A direction
//! above that edge is kept with the strength that a spiked covariance model gives it (Baik, Ben Arous
//! and Péché 2005; Benaych-Georges and Nadakuditi 2011), the others start near nothing and are trained.

use faer::{Mat, MatRef, Side};
use model::quantise::FIRST_CONDITION;
use model::random::Draws;
use model::summary::level;

use crate::data::TrainingSet;

/// Cells used at most; more would not change the directions that matter.
const MOST_CELLS: usize = 4000;
/// Cells of weight that pull an effect of a condition value towards nothing.
const SHRINKAGE: f64 = 5.0;
/// Sweeps over the condition slots.
const SWEEPS: usize = 4;
/// Largest standardised remainder: one odd cell must not be a direction.
const CLIP: f64 = 5.0;
/// Genes seen in a smaller share of cells say nothing at the start.
const LEAST_SEEN: f64 = 0.005;
/// Rounds of subspace iteration, and directions besides the wanted ones.
const ROUNDS: usize = 12;
const EXTRA: usize = 8;
/// Stream of the random start.
const STREAM: u64 = 1 << 43;

/// What was found, for G genes, Q factors, K condition values.
pub struct Factors {
    /// Mean level of every gene [G].
    pub centre: Vec<f64>,
    /// Standard deviation of the remainder [G].
    pub spread: Vec<f64>,
    /// Standard deviation of the level itself [G].
    pub total: Vec<f64>,
    /// Loadings: correlation of a gene's remainder with each factor [G, Q].
    pub loadings: Mat<f64>,
    /// Effect of every condition value on every gene's level, factored: [K, Q] ...
    pub effect_conditions: Mat<f64>,
    /// ... and [G, Q].
    pub effect_genes: Mat<f64>,
    /// Natural logarithm of how far each factor can be believed under each condition value [K, Q].
    pub trust: Mat<f64>,
    /// Factors above the edge of noise.
    pub found: usize,
}

/// Levels of some cells less their effects.
struct Remainders {
    /// [n, G].
    values: Mat<f64>,
    centre: Vec<f64>,
    total: Vec<f64>,
    seen: Vec<f64>,
    effects: Mat<f64>,
}

/// Cells to look at: all of them, or an even sample.
fn chosen(set: &TrainingSet) -> Vec<usize> {
    let all = set.cells.len();
    let take = all.min(MOST_CELLS);
    (0..take).map(|i| i * all / take).collect()
}

/// Takes the levels apart by sweeping over the condition slots.
fn remainders(set: &TrainingSet) -> Remainders {
    let (cells, genes, values) = (chosen(set), set.genes(), set.condition_values());
    let n = cells.len() as f64;
    let is_measured = |row: usize, gene: usize| set.is_measured(cells[row], gene);
    let mut rest = Mat::from_fn(cells.len(), genes, |row, gene| match is_measured(row, gene) {
        true => f64::from(level(set.tokens_of(cells[row])[gene])),
        false => f64::NAN,
    });
    impute(&mut rest);
    let column =
        |rest: &Mat<f64>, gene: usize, f: fn(f64) -> f64| rest.col(gene).iter().map(|v| f(*v)).sum::<f64>() / n;
    let seen: Vec<f64> = (0..genes).map(|gene| column(&rest, gene, |v| f64::from(u8::from(v > 0.0)))).collect();
    let centre: Vec<f64> = (0..genes).map(|gene| column(&rest, gene, |v| v)).collect();
    for (gene, centre) in centre.iter().enumerate() {
        rest.col_mut(gene).iter_mut().for_each(|value| *value -= centre);
    }
    let total: Vec<f64> = (0..genes).map(|gene| column(&rest, gene, |v| v * v).sqrt()).collect();
    let place = |row: usize, slot: usize| (set.labels_of(cells[row])[slot] - FIRST_CONDITION) as usize;
    let mut effects = Mat::<f64>::zeros(values, genes);
    let telling = set.telling();
    let speaks: Option<Vec<bool>> = telling.as_ref().map(|(own, _)| cells.iter().map(|cell| own[*cell]).collect());
    let is_identity = |slot: usize| telling.as_ref().is_some_and(|(_, slots)| slots[slot]);
    for _ in 0..SWEEPS {
        // A donor's effects come last and from the cells that speak of it, so that they take nothing of what the
        // perturbation explains.
        let (last, first): (Vec<usize>, Vec<usize>) = (0..set.conditions.len()).partition(|slot| is_identity(*slot));
        for slot in first.into_iter().chain(last) {
            let places: Vec<usize> = (0..cells.len()).map(|row| place(row, slot)).collect();
            sweep(&mut rest, &mut effects, &places, speaks.as_deref().filter(|_| is_identity(slot)));
        }
    }
    Remainders { values: rest, centre, total, seen, effects }
}

/// Levels that were not measured become the gene's mean: they say nothing.
fn impute(levels: &mut Mat<f64>) {
    for gene in 0..levels.ncols() {
        let known: Vec<f64> = levels.col(gene).iter().copied().filter(|level| !level.is_nan()).collect();
        if known.len() < levels.nrows() {
            let mean = known.iter().sum::<f64>() / known.len().max(1) as f64;
            levels.col_mut(gene).iter_mut().filter(|level| level.is_nan()).for_each(|level| *level = mean);
        }
    }
}

/// One slot's effects anew: put back, averaged with shrinkage over the cells that speak of it, taken off again.
fn sweep(rest: &mut Mat<f64>, effects: &mut Mat<f64>, places: &[usize], speaks: Option<&[bool]>) {
    let values = effects.nrows();
    let weight = |row: usize| speaks.map_or(1.0, |speaks| f64::from(u8::from(speaks[row])));
    let mut members = vec![0.0_f64; values];
    places.iter().enumerate().for_each(|(row, place)| members[*place] += weight(row));
    for gene in 0..rest.ncols() {
        let mut sums = vec![0.0_f64; values];
        for (row, place) in places.iter().enumerate() {
            rest[(row, gene)] += effects[(*place, gene)];
            sums[*place] += weight(row) * rest[(row, gene)];
        }
        for (place, cells) in members.iter().enumerate().filter(|(_, cells)| **cells > 0.0) {
            effects[(place, gene)] = sums[place] / (cells + SHRINKAGE);
        }
        for (row, place) in places.iter().enumerate() {
            rest[(row, gene)] -= effects[(*place, gene)];
        }
    }
}

/// Strength ℓ and reliability cos² of a direction whose sample eigenvalue is `eigenvalue`, at p/n = `ratio`.
fn spike(eigenvalue: f64, ratio: f64) -> Option<(f64, f64)> {
    let middle = eigenvalue - 1.0 - ratio;
    let discriminant = middle * middle - 4.0 * ratio;
    if middle <= 0.0 || discriminant <= 0.0 {
        return None;
    }
    let strength = 0.5 * (middle + discriminant.sqrt());
    let reliability = (1.0 - ratio / (strength * strength)) / (1.0 + ratio / strength);
    (reliability > 0.0).then_some((strength, reliability))
}

/// Leading eigenvalues of xᵀx / n and their eigenvectors [G, wanted], by subspace iteration.
fn leading(x: MatRef<'_, f64>, wanted: usize, seed: u64) -> Option<(Vec<f64>, Mat<f64>)> {
    let (n, genes) = (x.nrows(), x.ncols());
    let size = (wanted + EXTRA).min(n).min(genes);
    let mut draws = Draws::new(seed, STREAM);
    let mut basis = Mat::from_fn(genes, size, |_, _| f64::from(draws.normal()));
    for _ in 0..ROUNDS {
        let image = x.transpose() * (x * &basis);
        basis = image.qr().compute_thin_Q();
    }
    let projected = x * &basis;
    let gram = projected.transpose() * &projected;
    let eigen = gram.self_adjoint_eigen(Side::Lower).ok()?;
    let wanted = wanted.min(size);
    let values = (0..wanted).map(|q| eigen.S().column_vector()[size - 1 - q] / n as f64).collect();
    let rotation = Mat::from_fn(size, wanted, |i, q| eigen.U()[(i, size - 1 - q)]);
    Some((values, &basis * &rotation))
}

/// Effects [K, G] ≈ [K, rank] · [G, rank]ᵀ, nearest where a gene's spread is small.
fn factored(effects: &Mat<f64>, spread: &[f64], rank: usize) -> (Mat<f64>, Mat<f64>) {
    let (values, genes) = (effects.nrows(), effects.ncols());
    let scaled = Mat::from_fn(values, genes, |k, g| effects[(k, g)] / spread[g]);
    let gram = &scaled * scaled.transpose();
    let Ok(eigen) = gram.self_adjoint_eigen(Side::Lower) else {
        return (Mat::zeros(values, rank), Mat::zeros(genes, rank));
    };
    let direction = |k: usize, q: usize| if q < values { eigen.U()[(k, values - 1 - q)] } else { 0.0 };
    // Sizes near 1 on both sides, so that one learning rate suits them.
    let size = (values as f64).sqrt();
    let conditions = Mat::from_fn(values, rank, |k, q| direction(k, q) * size);
    let of_gene = |g: usize, q: usize| (0..values).map(|k| effects[(k, g)] * direction(k, q)).sum::<f64>() / size;
    (conditions, Mat::from_fn(genes, rank, of_gene))
}

/// How far factors can be believed where a condition is left open. Its effects then pass for deviations
/// and move the factor's mean by an offset e that differs from cell to cell; the best estimate from
/// factor plus offset is 1 / (1 + e²) of it.
fn trust(set: &TrainingSet, effects: &Mat<f64>, loadings: &Mat<f64>, spread: &[f64]) -> Mat<f64> {
    let (genes, rank) = (loadings.nrows(), loadings.ncols());
    let says = Mat::from_fn(genes, rank, |g, q| loadings[(g, q)] / spread[g]);
    let offsets = effects * &says;
    let mut trust = Mat::zeros(effects.nrows(), rank);
    for condition in &set.conditions {
        let Some(open) = condition.unspecified else { continue };
        let cells: usize = condition.values.iter().map(|value| value.cells).sum();
        for q in 0..rank {
            let total: f64 = 1.0 + (0..genes).map(|g| loadings[(g, q)].powi(2)).sum::<f64>();
            let square = |value: &model::card::Value| {
                let offset = offsets[((value.token - FIRST_CONDITION) as usize, q)] / total;
                value.cells as f64 * offset * offset
            };
            let spread = condition.values.iter().map(square).sum::<f64>() / cells.max(1) as f64;
            trust[((open - FIRST_CONDITION) as usize, q)] = -spread.ln_1p();
        }
    }
    trust
}

/// Finds `rank` factors.
pub fn factors(set: &TrainingSet, rank: usize, seed: u64) -> Factors {
    let Remainders { mut values, centre, total, seen, effects } = remainders(set);
    let (n, genes) = (values.nrows(), values.ncols());
    let mut spread = vec![0.0_f64; genes];
    let mut counted = 0_usize;
    for gene in 0..genes {
        let square = values.col(gene).iter().map(|v| v * v).sum::<f64>() / n as f64;
        // A gene that is hardly ever seen keeps a spread, so that nothing is divided by nothing.
        spread[gene] = square.sqrt().max(0.02);
        let says = seen[gene] >= LEAST_SEEN;
        counted += usize::from(says);
        let scale = if says { 1.0 / spread[gene] } else { 0.0 };
        values.col_mut(gene).iter_mut().for_each(|v| *v = (*v * scale).clamp(-CLIP, CLIP));
    }
    let mut draws = Draws::new(seed, STREAM + 1);
    let mut loadings = Mat::from_fn(genes, rank, |_, _| 0.01 * f64::from(draws.normal()));
    let ratio = counted as f64 / n as f64;
    let mut found = 0;
    if let Some((eigenvalues, vectors)) = leading(values.as_ref(), rank, seed) {
        for (q, eigenvalue) in eigenvalues.iter().enumerate() {
            let Some((strength, reliability)) = spike(*eigenvalue, ratio) else { break };
            let size = (strength * reliability).sqrt();
            for gene in 0..genes {
                // A loading is a correlation.
                loadings[(gene, q)] = (vectors[(gene, q)] * size).clamp(-0.95, 0.95);
            }
            found = q + 1;
        }
    }
    let (effect_conditions, effect_genes) = factored(&effects, &spread, rank);
    let trust = trust(set, &effects, &loadings, &spread);
    Factors { centre, spread, total, loadings, effect_conditions, effect_genes, trust, found }
}

#[cfg(test)]
mod tests {
    // A test fails by panicking; that is what `unwrap` is for here.
    #![allow(clippy::unwrap_used)]
    use super::{leading, spike};
    use faer::Mat;
    use model::random::Draws;

    #[test]
    fn noise_is_no_factor_and_a_spike_is_measured() {
        let mut draws = Draws::new(4, 1);
        let (cells, genes) = (400, 100);
        let factor: Vec<f64> = (0..cells).map(|_| f64::from(draws.normal())).collect();
        // The first twenty genes share a factor with loading 0.6: strength 20 · 0.36 = 7.2.
        let x = Mat::from_fn(cells, genes, |cell, gene| {
            let own = f64::from(draws.normal());
            if gene < 20 { 0.6 * factor[cell] + 0.8 * own } else { own }
        });
        let (values, vectors) = leading(x.as_ref(), 3, 1).unwrap();
        let (strength, reliability) = spike(values[0], 0.25).unwrap();
        // 400 cells leave a standard error of about a tenth.
        assert!((6.0..8.5).contains(&strength), "{strength}");
        assert!((0.9..1.0).contains(&reliability), "{reliability}");
        let share: f64 = (0..20).map(|gene| vectors[(gene, 0)].powi(2)).sum();
        assert!(share > 0.9, "{share}");
        // The edge of noise is (1 + ½)² = 2.25; the next eigenvalue is at most a little above it.
        assert!(values[1] < 2.5, "{values:?}");
        assert_eq!(spike(2.2, 0.25), None);
    }
}
