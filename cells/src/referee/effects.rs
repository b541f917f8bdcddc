//! Metrics of pseudobulks and effects, as the public referee computes them.
//!
//! Does: errors of means, errors and correlation of effects, discrimination of perturbations, energy distance.
//! Does not know: differential expression, names of metrics.
//! Flow: pseudobulks → **numbers** → `referee`.

use crate::normalise::Normalised;
use crate::spread::Spread;

/// Distance between effects.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Distance {
    /// Sum of absolute differences.
    L1,
    /// Euclidean.
    L2,
    /// 1 − cosine of the angle.
    Cosine,
}

impl Distance {
    /// Distance of two effects, the gene `skip` left out.
    fn between(self, a: &[f64], b: &[f64], skip: Option<usize>) -> f64 {
        let pairs = || a.iter().zip(b).enumerate().filter(move |(gene, _)| Some(*gene) != skip).map(|(_, pair)| pair);
        match self {
            Self::L1 => pairs().map(|(a, b)| (a - b).abs()).sum(),
            Self::L2 => pairs().map(|(a, b)| (a - b).powi(2)).sum::<f64>().sqrt(),
            Self::Cosine => {
                let sums = pairs().fold([0.0; 3], |[ab, aa, bb], (a, b)| [ab + a * b, aa + a * a, bb + b * b]);
                // An effect of nothing has no direction: as far as two can be that have nothing in common.
                if sums[1] * sums[2] > 0.0 { 1.0 - sums[0] / (sums[1] * sums[2]).sqrt() } else { 1.0 }
            }
        }
    }
}

/// Mean squared error.
pub fn mean_squared_error(real: &[f64], predicted: &[f64]) -> f64 {
    real.iter().zip(predicted).map(|(a, b)| (a - b).powi(2)).sum::<f64>() / real.len().max(1) as f64
}

/// 1 − rank / n of the own real effect among all n real ones, nearest first, for every prediction. 1 is best, chance
/// is near 0.5. `targets` are places of genes that are left out, one per perturbation.
pub fn discrimination(
    real: &[Vec<f64>],
    predicted: &[Vec<f64>],
    targets: &[Option<usize>],
    distance: Distance,
    spread: Spread<'_>,
) -> Vec<f64> {
    let n = real.len().max(1) as f64;
    let of_own = |own: usize| {
        let skip = targets.get(own).copied().flatten();
        let distances: Vec<f64> = real.iter().map(|truth| distance.between(truth, &predicted[own], skip)).collect();
        let closer = distances.iter().filter(|other| **other < distances[own]).count() as f64;
        // The public referee leaves ties to the order of sorting; a middle rank is what that is on average. A
        // prediction without any effect ties with everything and must not look as if it had found itself.
        let tied = distances.iter().filter(|other| **other == distances[own]).count().saturating_sub(1) as f64;
        1.0 - (closer + tied / 2.0) / n
    };
    spread.map(predicted.len(), of_own)
}

/// Cells of a piece of work when distances are summed.
const PIECE: usize = 64;

/// Energy distance 2 E|x − y| − E|x − x'| − E|y − y'|, every pair counted, cells with themselves included. `own` is the
/// last term, which several groups x share.
pub fn energy_distance(x: &Normalised, y: &Normalised, own: f64, spread: Spread<'_>) -> f64 {
    2.0 * mean_distance(x, y, spread) - mean_distance(x, x, spread) - own
}

/// Mean Euclidean distance over all pairs of cells.
pub fn mean_distance(x: &Normalised, y: &Normalised, spread: Spread<'_>) -> f64 {
    let square = |data: &Normalised, cell: usize| data.row(cell).1.iter().map(|v| f64::from(*v).powi(2)).sum::<f64>();
    let squares: Vec<f64> = (0..y.cells()).map(|cell| square(y, cell)).collect();
    let sum = |piece: usize| {
        let mut dense = vec![0.0_f64; x.genes()];
        let mut total = 0.0;
        for cell in piece * PIECE..x.cells().min((piece + 1) * PIECE) {
            let (genes, values) = x.row(cell);
            genes.iter().zip(values).for_each(|(gene, value)| dense[*gene as usize] = f64::from(*value));
            let own = square(x, cell);
            for (other, squares) in squares.iter().enumerate() {
                let (genes, values) = y.row(other);
                let dot: f64 = genes.iter().zip(values).map(|(g, v)| dense[*g as usize] * f64::from(*v)).sum();
                total += (own + squares - 2.0 * dot).max(0.0).sqrt();
            }
            genes.iter().for_each(|gene| dense[*gene as usize] = 0.0);
        }
        total
    };
    let total: f64 = spread.map(x.cells().div_ceil(PIECE), sum).iter().sum();
    total / (x.cells() * y.cells()).max(1) as f64
}

#[cfg(test)]
mod tests {
    use super::{Distance, discrimination};
    use crate::spread::Spread;

    #[test]
    fn each_prediction_finds_its_own() {
        let real = vec![vec![1.0, 0.0], vec![0.0, 3.0], vec![-1.0, 0.0]];
        assert_eq!(discrimination(&real, &real, &[], Distance::L1, Spread::default()), [1.0, 1.0, 1.0]);
        let turned: Vec<Vec<f64>> = real.iter().rev().cloned().collect();
        // The first prediction is the third truth: one of three is closer than its own.
        assert!((discrimination(&real, &turned, &[], Distance::L1, Spread::default())[0] - 2.0 / 3.0).abs() < 1e-12);
        // An effect of nothing has no direction, so all are as far: the middle rank of three.
        let nothing = vec![vec![0.0, 0.0]; 3];
        let tied = discrimination(&real, &nothing, &[], Distance::Cosine, Spread::default());
        assert!(tied.iter().all(|score| (score - 2.0 / 3.0).abs() < 1e-12), "{tied:?}");
    }
}
