//! How close a whole population of generated cells is to a measured one (PAPER.md section 11, unconditional).
//!
//! Does: agreement of gene means, maximum mean discrepancy, mixing of the two in neighbourhoods (iLISI), the
//! one-dimensional Wasserstein distance of every gene, distances to the nearest measured cell. Below: cell types,
//! telling the two apart, gene-gene correlations, depth, memorisation.
//! Does not know: which side is generated, how coordinates were made.
//! Flow: log-normalised cells, and coordinates of both on the same components → **numbers** beside those of two
//! halves of the measured cells.

pub mod classify;
pub mod correlation;
pub mod depth;
pub mod discriminator;
mod distributions;
mod error;
pub mod folds;
pub mod logistic;
pub mod memorised;
mod points;
pub mod programmes;

pub use error::PopulationError;
pub use points::Points;

use crate::metrics::{pearson, spearman};
use crate::neighbours::nearest;
use crate::normalise::Normalised;
use distributions::{apart, quantile};

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

/// Both sides as points; none when one is empty, or coordinates are not finite or do not divide into points.
fn both<'a>(a: &'a [f32], b: &'a [f32], dimensions: usize) -> Option<[Points<'a>; 2]> {
    let sides = [Points::new(a, dimensions).ok()?, Points::new(b, dimensions).ok()?];
    sides.iter().all(|side| !side.is_empty()).then_some(sides)
}

/// Squared Euclidean distance.
fn squared(a: &[f32], b: &[f32]) -> f64 {
    a.iter().zip(b).map(|(a, b)| f64::from(a - b).powi(2)).sum()
}

/// Squared maximum mean discrepancy of two sets of points [n, dimensions] and [m, dimensions], biased: a sum of five
/// Gaussian kernels exp(−d² / w) whose widths w are the mean squared distance of different points times ¼ … 4 (the
/// scDiffusion notebook). 0 when all points are the same.
///
/// NaN when a side has no points (its mean kernel is 0 / 0), or coordinates are not finite or do not divide into
/// points.
pub fn discrepancy(a: &[f32], b: &[f32], dimensions: usize) -> f64 {
    let Some([a, b]) = both(a, b, dimensions) else { return f64::NAN };
    let points: Vec<&[f32]> = [a, b].iter().flat_map(|side| side.values().chunks_exact(dimensions)).collect();
    let (n, total) = (a.len(), points.len());
    let mut sum = 0.0;
    for (place, own) in points.iter().enumerate() {
        sum += 2.0 * points[..place].iter().map(|other| squared(own, other)).sum::<f64>();
    }
    let width = sum / (total * (total - 1)) as f64;
    if width == 0.0 {
        // No distance to measure kernels by, and none between the sides.
        return 0.0;
    }
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
/// sides, from 0 (apart) to 1 (half and half everywhere). Korsunsky et al. 2019; as harmonypy computes it. A point
/// whose whole neighbourhood is in its own place has all points of that place as its neighbourhood, not the first few.
///
/// NaN when a side has no points (nothing can mix), when there are fewer than 90 points in all (three times the
/// perplexity, the neighbours that are looked at; harmonypy refuses them), or coordinates are not finite or do not
/// divide into points.
pub fn mixing(a: &[f32], b: &[f32], dimensions: usize) -> f64 {
    let k = 3 * PERPLEXITY;
    let Some(sides) = both(a, b, dimensions) else { return f64::NAN };
    let (first, count) = (sides[0].len(), sides[0].len() + sides[1].len());
    if count < k {
        return f64::NAN;
    }
    let points = [a, b].concat();
    let found = nearest(&points, &points, dimensions, k);
    let mut indices: Vec<f64> = (0..count)
        .map(|point| {
            let row = point * k..(point + 1) * k;
            // Among more than k points in one place a point need not find itself.
            let others = found.indices[row.clone()].iter().zip(&found.distances[row]);
            let others: Vec<(usize, f64)> = others
                .map(|(other, distance)| (*other as usize, f64::from(*distance)))
                .filter(|(other, _)| *other != point)
                .take(k - 1)
                .collect();
            let of_a = if others.iter().all(|(_, distance)| *distance == 0.0) {
                share_in_place(&points, dimensions, point, first)
            } else {
                let distances: Vec<f64> = others.iter().map(|(_, distance)| *distance).collect();
                let shares = neighbourhood(&distances);
                shares.iter().zip(&others).filter(|(_, (other, _))| *other < first).map(|(share, _)| share).sum()
            };
            1.0 / (of_a * of_a + (1.0 - of_a) * (1.0 - of_a))
        })
        .collect();
    indices.sort_by(f64::total_cmp);
    quantile(&indices, 0.5) - 1.0
}

/// Share of the first side among the other points in a point's own place.
fn share_in_place(points: &[f32], dimensions: usize, point: usize, first: usize) -> f64 {
    let own = &points[point * dimensions..(point + 1) * dimensions];
    // In f32, as distances are: what is in one place there must be in one place here.
    let here = |other: &[f32]| own.iter().zip(other).map(|(a, b)| (a - b) * (a - b)).sum::<f32>() == 0.0;
    let all = points.chunks_exact(dimensions).enumerate();
    let (of_a, of_b) = all
        .filter(|(other, place)| *other != point && here(place))
        .fold((0.0, 0.0), |(a, b), (other, _)| if other < first { (a + 1.0, b) } else { (a, b + 1.0) });
    of_a / (of_a + of_b)
}

/// Shares of neighbours at these distances, exp(−β d) with β such that their perplexity is [`PERPLEXITY`], or as near
/// to it as ties let it come.
fn neighbourhood(distances: &[f64]) -> Vec<f64> {
    let wanted = (PERPLEXITY as f64).ln();
    let (mut beta, mut low, mut high) = (1.0_f64, f64::NEG_INFINITY, f64::INFINITY);
    // From the nearest on: shares and their entropy stay the same, and weights do not all vanish far away.
    let nearest = distances.iter().copied().fold(f64::INFINITY, f64::min);
    let distances: Vec<f64> = distances.iter().map(|d| d - nearest).collect();
    let mut shares = Vec::new();
    for _ in 0..=TRIES {
        let weights: Vec<f64> = distances.iter().map(|d| (-d * beta).exp()).collect();
        let sum: f64 = weights.iter().sum();
        let weighted: f64 = weights.iter().zip(&distances).map(|(w, d)| w * d).sum();
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

/// Mean over the genes of the one-dimensional Wasserstein distance of their values; zeros included. NaN when a side has
/// no cells.
pub fn wasserstein(a: &Normalised, b: &Normalised) -> f64 {
    if a.cells() == 0 || b.cells() == 0 {
        return f64::NAN;
    }
    let (columns_a, columns_b) = (columns(a), columns(b));
    let pairs = columns_a.iter().zip(&columns_b);
    pairs.map(|(own, other)| apart(own, a.cells(), other, b.cells()).area).sum::<f64>() / a.genes().max(1) as f64
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
    use super::{discrepancy, mixing, nearest_distances};

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
    fn nothing_to_compare_is_not_a_number() {
        let (a, none) = (points(0, 0.0), Vec::new());
        for (own, other) in [(&a, &none), (&none, &a), (&none, &none)] {
            assert!(mixing(own, other, 2).is_nan() && discrepancy(own, other, 2).is_nan());
        }
        // Dimensions of 0, half a point, a coordinate that is not a number.
        let mut broken = a.clone();
        broken[7] = f32::NAN;
        for (other, dimensions) in [(&a, 0), (&a, 7), (&broken, 2)] {
            assert!(mixing(&a, other, dimensions).is_nan() && discrepancy(&a, other, dimensions).is_nan());
        }
        // 89 points are too few neighbours to look at, 90 are not; a discrepancy they have.
        let few = |n: usize| (mixing(&a[..2 * n], &a[2 * n..180], 2), mixing(&a[..2 * n], &a[2 * n..178], 2));
        assert!(few(45).0.is_finite() && few(45).1.is_nan());
        assert!(discrepancy(&a[..2], &a[2..4], 2).is_finite());
        assert!(nearest_distances(&none, &a, 2).is_empty() && nearest_distances(&a, &none, 2).is_empty());
    }

    #[test]
    fn identical_points_mix_and_do_not_differ() {
        let same = |points: usize| vec![1.5_f32; 3 * points];
        assert_eq!(discrepancy(&same(40), &same(60), 3), 0.0);
        // 100 points a side in one place, more than are looked at: every point has 99 of its own and 100 others.
        assert!((mixing(&same(100), &same(100), 3) - 1.0).abs() < 1e-4);
        // 150 against 50: 1 / (¾² + ¼²) − 1, but for the point itself.
        assert!((mixing(&same(150), &same(50), 3) - 0.6).abs() < 0.01);
        // A place of each side's own.
        let apart: Vec<f32> = same(100).iter().map(|value| value + 1.0).collect();
        assert_eq!(mixing(&same(100), &apart, 3), 0.0);
        assert!(discrepancy(&same(100), &apart, 3) > 1.0);
        // So far apart that no weight of exp(−d) is above 0.
        let far: Vec<f32> = points(0, 0.0).iter().map(|value| value * 1e6).collect();
        let near = mixing(&points(0, 0.0), &points(0, 0.0), 2);
        assert!((mixing(&far, &far, 2) - near).abs() < 1e-3, "{near}");
    }
}
