//! How genes vary together beyond what the conditions explain, before any training.
//!
//! Does: compares the counts of training cells with what the regression expects of them, in standard deviations, and
//! finds the directions in which they vary together more than chance would have it.
//! Does not know: networks, training.
//! Flow: tokens, labels and fits of the training cells → **loadings [G, Q]** → `assemble`.
//!
//! With n cells and p genes of pure noise, correlations have eigenvalues up to (1 + √(p/n))². A direction
//! above that edge is kept with the strength that a spiked covariance model gives it (Baik, Ben Arous
//! and Péché 2005; Benaych-Georges and Nadakuditi 2011), the others start near nothing and are trained.
//!
//! A gene whose log-mean moves by λ with a factor has a standardised deviation that moves by λ √(μ / (1 + a μ)), a its
//! overdispersion; so λ is a direction's entry over that root. Rare genes have small roots and noisy entries: each λ is
//! pulled towards 0 by what noise alone would leave of it.

use std::collections::BTreeMap;

use faer::{Mat, MatRef, Side};
use model::quantise::dequantise;
use model::random::Draws;

use super::effects::Effects;
use crate::data::TrainingSet;

/// Cells used at most; more would not change the directions that matter.
const MOST_CELLS: usize = 4000;
/// Largest deviation, in standard deviations: one odd cell must not be a direction.
const CLIP: f64 = 6.0;
/// Genes seen in a smaller share of cells say nothing at the start.
const LEAST_SEEN: f64 = 0.005;
/// Largest loading at the start, natural log.
const LARGEST_LOADING: f64 = 1.5;
/// Rounds of subspace iteration, and directions besides the wanted ones.
const ROUNDS: usize = 12;
const EXTRA: usize = 8;
/// Stream of the random start.
const STREAM: u64 = 1 << 43;

/// What was found.
pub(super) struct Factors {
    /// What a standard deviation of each factor adds to every gene's log-mean [G, Q].
    pub(super) loadings: Mat<f64>,
    /// Factors above the edge of noise.
    pub(super) found: usize,
}

/// Cells to look at: all of them, or an even sample of `most`.
pub(super) fn chosen(all: usize, most: usize) -> Vec<usize> {
    let take = all.min(most);
    (0..take).map(|i| i * all / take).collect()
}

/// Deviations of some cells.
struct Deviations {
    /// [n, G], in standard deviations.
    values: Mat<f64>,
    /// Mean of √(μ / (1 + a μ)) [G].
    roots: Vec<f64>,
    /// Share of cells with a count [G].
    seen: Vec<f64>,
}

/// Counts of the chosen cells against what is expected of them; 0 where a gene was not measured.
fn deviations(set: &TrainingSet, effects: &Effects, known: &[f64]) -> Deviations {
    let (whole, genes) = (set.whole(), set.genes());
    let cells: Vec<usize> = chosen(whole.len(), MOST_CELLS).into_iter().map(|place| whole[place]).collect();
    let mut means: BTreeMap<&[i32], Vec<f64>> = BTreeMap::new();
    for cell in &cells {
        let labels = set.labels_of(*cell);
        means.entry(labels).or_insert_with(|| effects.means(set, labels));
    }
    let mut values = Mat::<f64>::zeros(cells.len(), genes);
    let (mut roots, mut seen) = (vec![0.0; genes], vec![0.0; genes]);
    for (row, cell) in cells.iter().enumerate() {
        let (of_label, tokens) = (&means[set.labels_of(*cell)], set.tokens_of(*cell));
        for gene in 0..genes {
            let mean = of_label[gene] * known[*cell];
            let root = (mean / (1.0 + effects.regression.fits[gene].overdispersion * mean)).sqrt();
            roots[gene] += root;
            if mean > 0.0 && set.is_measured(*cell, gene) {
                let count = f64::from(dequantise(tokens[gene]));
                seen[gene] += f64::from(u8::from(count > 0.0));
                values[(row, gene)] = ((count / mean - 1.0) * root).clamp(-CLIP, CLIP);
            }
        }
    }
    let share = |list: Vec<f64>| list.into_iter().map(|value| value / cells.len().max(1) as f64).collect();
    Deviations { values, roots: share(roots), seen: share(seen) }
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

/// Finds `rank` factors.
pub(super) fn factors(set: &TrainingSet, effects: &Effects, known: &[f64], rank: usize, seed: u64) -> Factors {
    let Deviations { mut values, roots, seen } = deviations(set, effects, known);
    let (n, genes) = (values.nrows(), values.ncols());
    let mut scales = vec![0.0_f64; genes];
    for gene in 0..genes {
        let mean = values.col(gene).iter().sum::<f64>() / n as f64;
        let square = values.col(gene).iter().map(|v| (v - mean).powi(2)).sum::<f64>() / n as f64;
        scales[gene] = if seen[gene] >= LEAST_SEEN { square.sqrt() } else { 0.0 };
        let scale = if scales[gene] > 0.0 { 1.0 / scales[gene] } else { 0.0 };
        values.col_mut(gene).iter_mut().for_each(|v| *v = (*v - mean) * scale);
    }
    let counted = scales.iter().filter(|scale| **scale > 0.0).count();
    let mut draws = Draws::new(seed, STREAM + 1);
    let mut loadings = Mat::from_fn(genes, rank, |_, _| 0.01 * f64::from(draws.normal()));
    let ratio = counted as f64 / n.max(1) as f64;
    let mut found = 0;
    if let Some((eigenvalues, vectors)) = leading(values.as_ref(), rank, seed) {
        for (q, eigenvalue) in eigenvalues.iter().enumerate() {
            let Some((strength, reliability)) = spike(*eigenvalue, ratio) else { break };
            let size = (strength * reliability).sqrt();
            let entry = |gene: usize| vectors[(gene, q)] * size;
            // What noise alone leaves in an entry: what the strength does not explain of the unit length.
            let noise = strength * (1.0 - reliability) / counted.max(1) as f64;
            let pulled = pulled(genes, entry, &scales, &roots, noise);
            for (gene, loading) in pulled.into_iter().enumerate().filter(|(gene, _)| scales[*gene] > 0.0) {
                loadings[(gene, q)] = loading.clamp(-LARGEST_LOADING, LARGEST_LOADING);
            }
            found = q + 1;
        }
    }
    Factors { loadings, found }
}

/// Loadings from a direction's entries, each pulled to 0 by its noise: the variance of true loadings is estimated over
/// all genes, weighted by how well they are known.
fn pulled(genes: usize, entry: impl Fn(usize) -> f64, scales: &[f64], roots: &[f64], noise: f64) -> Vec<f64> {
    let of_gene = |gene: usize| {
        let per_entry = scales[gene] / roots[gene].max(1e-3);
        (entry(gene) * per_entry, noise * per_entry * per_entry)
    };
    let (mut sum, mut all) = (0.0, 0.0);
    for (loading, error) in (0..genes).filter(|gene| scales[*gene] > 0.0).map(of_gene) {
        let weight = 1.0 / (error * error).max(1e-12);
        sum += weight * (loading * loading - error);
        all += weight;
    }
    let variance = (sum / f64::max(all, f64::MIN_POSITIVE)).max(1e-6);
    (0..genes)
        .map(|gene| {
            let (loading, error) = of_gene(gene);
            loading * variance / (variance + error)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    // A test fails by panicking; that is what `unwrap` is for here.
    #![allow(clippy::unwrap_used)]
    use super::{leading, pulled, spike};
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

    #[test]
    fn loadings_of_rare_genes_are_pulled_towards_nothing() {
        // Ten genes that are well known, ten rare ones of the same entries.
        let roots: Vec<f64> = (0..20).map(|gene| if gene < 10 { 1.0 } else { 0.05 }).collect();
        let entry = |gene: usize| if gene.is_multiple_of(2) { 0.3 } else { -0.3 };
        let found = pulled(20, entry, &[1.0; 20], &roots, 0.01);
        assert!((found[0] - 0.3).abs() < 0.05 && found[10].abs() < 0.3, "{found:?}");
        assert!(found[1] < 0.0 && found[11] < 0.0);
    }
}
