//! How close a whole population of generated cells is to a measured one (PAPER.md section 11, unconditional).
//!
//! Does: agreement of gene means, maximum mean discrepancy, mixing of the two in neighbourhoods (iLISI), the
//! one-dimensional Wasserstein distance of every gene, distances to the nearest measured cell.
//! Does not know: which side is generated, how coordinates were made.
//! Flow: log-normalised cells, and coordinates of both on the same components → **numbers** beside those of two
//! halves of the measured cells.

use crate::metrics::{pearson, spearman};
use crate::neighbours::nearest;
use crate::normalise::Normalised;

/// Gaussian kernels of the discrepancy, and the factor between their bandwidths.
const KERNELS: i32 = 5;
/// Perplexity of a neighbourhood; three times as many neighbours are looked at.
const PERPLEXITY: usize = 30;
/// Halvings of the search for a neighbourhood's width, and how near its entropy must come.
const TRIES: usize = 50;
const TOLERANCE: f64 = 1e-5;

/// Pearson and Spearman correlation of gene means.
pub fn mean_agreement(a: &Normalised, b: &Normalised) -> (f64, f64) {
    let (a, b) = (a.mean(), b.mean());
    (pearson(&a, &b), spearman(&a, &b))
}

/// Squared Euclidean distance.
fn squared(a: &[f32], b: &[f32]) -> f64 {
    a.iter().zip(b).map(|(a, b)| f64::from(a - b).powi(2)).sum()
}

/// Squared maximum mean discrepancy of two sets of points [n, dimensions] and [m, dimensions], biased: a sum of five
/// Gaussian kernels exp(−d² / w) whose widths w are the mean squared distance of different points times ¼ … 4 (the
/// scDiffusion notebook).
pub fn discrepancy(a: &[f32], b: &[f32], dimensions: usize) -> f64 {
    let dimensions = dimensions.max(1);
    let points: Vec<&[f32]> = a.chunks_exact(dimensions).chain(b.chunks_exact(dimensions)).collect();
    let (n, total) = (a.len() / dimensions, points.len());
    let mut sum = 0.0;
    for (place, own) in points.iter().enumerate() {
        sum += 2.0 * points[..place].iter().map(|other| squared(own, other)).sum::<f64>();
    }
    let width = sum / (total * total.saturating_sub(1)).max(1) as f64;
    let widths: Vec<f64> = (0..KERNELS).map(|kernel| width * 2.0_f64.powi(kernel - KERNELS / 2)).collect();
    let kernel = |d: f64| widths.iter().map(|width| (-d / width).exp()).sum::<f64>();
    // Sums over a × a, b × b and a × b; a point with itself counts once.
    let mut sums = [0.0; 3];
    for (place, own) in points.iter().enumerate() {
        for (other, theirs) in points[..=place].iter().enumerate() {
            let weight = if other == place { 1.0 } else { 2.0 };
            let part = match (place < n, other < n) {
                (true, true) => 0,
                (false, false) => 1,
                _ => 2,
            };
            sums[part] += weight * kernel(squared(own, theirs));
        }
    }
    let (n, m) = (n as f64, (total - n) as f64);
    // The pairs a × b were counted twice, which is what the formula asks for.
    sums[0] / (n * n) + sums[1] / (m * m) - sums[2] / (n * m)
}

/// How well two sets of points mix: the median over all points of the inverse Simpson index of its neighbourhood's
/// sides, from 0 (apart) to 1 (half and half everywhere). Korsunsky et al. 2019; as harmonypy computes it.
pub fn mixing(a: &[f32], b: &[f32], dimensions: usize) -> f64 {
    let points = [a, b].concat();
    let first = a.len() / dimensions.max(1);
    // The nearest is the point itself.
    let found = nearest(&points, &points, dimensions, 3 * PERPLEXITY);
    let k = found.k;
    let mut indices: Vec<f64> = (0..points.len() / dimensions.max(1))
        .map(|point| {
            let own = point * k + 1..(point + 1) * k;
            let distances: Vec<f64> = found.distances[own.clone()].iter().map(|d| f64::from(*d)).collect();
            let shares = neighbourhood(&distances);
            let of_a: f64 =
                shares.iter().zip(&found.indices[own]).filter(|(_, i)| (**i as usize) < first).map(|(s, _)| s).sum();
            let all: f64 = shares.iter().sum();
            1.0 / (of_a * of_a + (all - of_a) * (all - of_a))
        })
        .collect();
    indices.sort_by(f64::total_cmp);
    let middle = indices.len() / 2;
    let median = match indices.len() {
        0 => f64::NAN,
        n if n % 2 == 1 => indices[middle],
        _ => 0.5 * (indices[middle - 1] + indices[middle]),
    };
    median - 1.0
}

/// Weights of neighbours at these distances, exp(−β d) with β such that their perplexity is [`PERPLEXITY`].
fn neighbourhood(distances: &[f64]) -> Vec<f64> {
    let wanted = (PERPLEXITY as f64).ln();
    let (mut beta, mut low, mut high) = (1.0_f64, f64::NEG_INFINITY, f64::INFINITY);
    let mut shares = Vec::new();
    for _ in 0..=TRIES {
        let weights: Vec<f64> = distances.iter().map(|d| (-d * beta).exp()).collect();
        let sum: f64 = weights.iter().sum();
        if sum == 0.0 {
            return vec![0.0; distances.len()];
        }
        let weighted: f64 = weights.iter().zip(distances).map(|(w, d)| w * d).sum();
        let entropy = sum.ln() + beta * weighted / sum;
        shares = weights.iter().map(|weight| weight / sum).collect();
        let off = entropy - wanted;
        if off.abs() < TOLERANCE {
            break;
        }
        if off > 0.0 {
            low = beta;
            beta = if high.is_finite() { 0.5 * (beta + high) } else { beta * 2.0 };
        } else {
            high = beta;
            beta = if low.is_finite() { 0.5 * (beta + low) } else { beta / 2.0 };
        }
    }
    shares
}

/// Values of every gene that are not zero, ascending.
fn columns(data: &Normalised) -> Vec<Vec<f32>> {
    let mut columns = vec![Vec::new(); data.genes()];
    for cell in 0..data.cells() {
        let (genes, values) = data.row(cell);
        genes.iter().zip(values).for_each(|(gene, value)| columns[*gene as usize].push(*value));
    }
    columns.iter_mut().for_each(|values| values.sort_by(f32::total_cmp));
    columns
}

/// Mean over the genes of the one-dimensional Wasserstein distance of their values; zeros included.
pub fn wasserstein(a: &Normalised, b: &Normalised) -> f64 {
    let (columns_a, columns_b) = (columns(a), columns(b));
    let pairs = columns_a.iter().zip(&columns_b);
    pairs.map(|(own, other)| of_gene(own, a.cells(), other, b.cells())).sum::<f64>() / a.genes().max(1) as f64
}

/// ∫ |F − G| of two samples of positive values with zeros up to n and m.
fn of_gene(a: &[f32], n: usize, b: &[f32], m: usize) -> f64 {
    let share = |above: usize, all: usize| 1.0 - above as f64 / all.max(1) as f64;
    let (mut i, mut j, mut at, mut total) = (0, 0, 0.0_f64, 0.0);
    loop {
        let next = match (a.get(i), b.get(j)) {
            (Some(x), Some(y)) => x.min(*y),
            (Some(x), None) => *x,
            (None, Some(y)) => *y,
            (None, None) => return total,
        };
        // Between `at` and `next` both distribution functions are flat.
        let apart = (share(a.len() - i, n) - share(b.len() - j, m)).abs();
        total += apart * (f64::from(next) - at);
        at = f64::from(next);
        i += a[i..].iter().take_while(|value| **value == next).count();
        j += b[j..].iter().take_while(|value| **value == next).count();
    }
}

/// Distance of every point to the nearest of some others, ascending: generated cells that copy measured ones have
/// distances near 0.
pub fn nearest_distances(points: &[f32], others: &[f32], dimensions: usize) -> Vec<f32> {
    let mut distances = nearest(others, points, dimensions, 1).distances;
    distances.sort_by(f32::total_cmp);
    distances
}

#[cfg(test)]
mod tests {
    use super::{discrepancy, mixing, nearest_distances, of_gene};

    /// Every second point of a spiral, moved by `offset`.
    fn points(start: usize, offset: f32) -> Vec<f32> {
        (start..300)
            .step_by(2)
            .flat_map(|i| {
                let t = i as f32 * 0.7;
                [t.sin() * (1.0 + 0.01 * t) + offset, t.cos()]
            })
            .collect()
    }

    #[test]
    fn the_same_population_mixes_and_another_does_not() {
        let (a, b, far) = (points(0, 0.0), points(1, 0.0), points(1, 9.0));
        assert!(mixing(&a, &b, 2) > 0.8, "{}", mixing(&a, &b, 2));
        assert!(mixing(&a, &far, 2) < 1e-6);
        assert!(discrepancy(&a, &b, 2) < 0.1 && discrepancy(&a, &far, 2) > 1.0);
        assert!(discrepancy(&a, &a, 2).abs() < 1e-9);
        assert_eq!(nearest_distances(&a, &a, 2), vec![0.0; 150]);
    }

    #[test]
    fn wasserstein_by_hand() {
        // {0, 0, 2, 4} against {0, 1, 1, 4}: |F − G| is ¼ on (0, 1), ¼ on (1, 2), 0 after.
        assert!((of_gene(&[2.0, 4.0], 4, &[1.0, 1.0, 4.0], 4) - 0.5).abs() < 1e-12);
        // All mass moved by 3.
        assert!((of_gene(&[3.0, 3.0], 2, &[], 5) - 3.0).abs() < 1e-12);
        assert_eq!(of_gene(&[], 3, &[], 2), 0.0);
    }
}
