//! Leading eigenvectors of a symmetric matrix.
//!
//! Does: the largest eigenvalues and their vectors, by faer's Lanczos iteration where few of many are wanted, and by
//! its full decomposition where many are, or where the iteration does not end in true ones.
//! Does not know: what the matrix is made of; eigenvalues are those of a Gram matrix, none below 0 but for rounding.
//! Flow: Gram matrix → **eigenvectors, eigenvalues** → principal components.
//!
//! A full decomposition of 2,000 rows takes some ten seconds on one core, fifty leading vectors a twentieth of that;
//! referees fit hundreds.

use faer::dyn_stack::{MemBuffer, MemStack};
use faer::matrix_free::eigen::{PartialEigenParams, partial_self_adjoint_eigen, partial_self_adjoint_eigen_scratch};
use faer::{Col, Mat, Par, Side};

use crate::random::Random;

/// Rows from which the iteration is tried; it needs room for several times the vectors that are wanted.
const FEWEST_ROWS: usize = 256;
const ROOM: usize = 6;
/// Largest residual ‖A v − λ v‖ at which a vector counts as found, of the sum of all eigenvalues; and the largest that
/// is taken in the end: rounding of the products alone is some 1e-14 of it.
const TOLERANCE: f64 = 1e-13;
const ACCEPTED: f64 = 1e-11;
/// Restarts of the iteration; a few are usual.
const MOST_RESTARTS: usize = 60;

/// The `count` largest eigenvalues, falling, and their vectors of unit length [n, count]; none when values are not
/// finite. `count` is at most n.
pub(crate) fn leading(matrix: &Mat<f64>, count: usize) -> Option<(Mat<f64>, Vec<f64>)> {
    let size = matrix.nrows();
    let sum: f64 = (0..size).map(|place| matrix[(place, place)]).sum();
    if !sum.is_finite() {
        return None;
    }
    if size >= FEWEST_ROWS
        && count * ROOM <= size
        && let Some(found) = by_iteration(matrix, count, sum)
    {
        return Some(found);
    }
    let eigen = matrix.self_adjoint_eigen(Side::Lower).ok()?;
    let vectors = Mat::from_fn(size, count, |row, column| eigen.U()[(row, size - 1 - column)]);
    Some((vectors, (0..count).map(|column| eigen.S()[size - 1 - column]).collect()))
}

/// By Lanczos iteration; none where it does not end, or in something else: a matrix of low rank stops it early.
fn by_iteration(matrix: &Mat<f64>, count: usize, sum: f64) -> Option<(Mat<f64>, Vec<f64>)> {
    let size = matrix.nrows();
    // No direction of a centred matrix is special to random numbers; that of equal entries would be lost.
    let mut random = Random::new(size as u64);
    let start = Col::from_fn(size, |_| random.normal());
    let params = PartialEigenParams {
        max_dim: count * (ROOM - 2),
        max_restarts: MOST_RESTARTS,
        ..PartialEigenParams::default()
    };
    let (mut vectors, mut values) = (Mat::zeros(size, count), vec![0.0; count]);
    let mut memory = MemBuffer::new(partial_self_adjoint_eigen_scratch(matrix, count, Par::Seq, params));
    let found = partial_self_adjoint_eigen(
        vectors.as_mut(),
        &mut values,
        matrix,
        start.as_ref(),
        TOLERANCE * sum,
        Par::Seq,
        MemStack::new(&mut memory),
        params,
    );
    (found.n_converged_eigen >= count && are_true(matrix, &vectors, &values, sum)).then_some((vectors, values))
}

/// Whether these are eigenvectors, each at right angles to the others, with falling values.
fn are_true(matrix: &Mat<f64>, vectors: &Mat<f64>, values: &[f64], sum: f64) -> bool {
    let (moved, squares) = (matrix * vectors, vectors.transpose() * vectors);
    let residual = |column: usize| {
        let pairs = moved.col(column).iter().zip(vectors.col(column).iter());
        pairs.map(|(moved, own)| (moved - values[column] * own).powi(2)).sum::<f64>().sqrt()
    };
    let count = values.len();
    let apart = |a: usize, b: usize| (squares[(a, b)] - f64::from(u8::from(a == b))).abs() < 1e-9;
    values.is_sorted_by(|a, b| a >= b)
        && (0..count).all(|column| residual(column) <= ACCEPTED * sum && (0..=column).all(|other| apart(column, other)))
}

#[cfg(test)]
mod tests {
    // A test fails by panicking; that is what `unwrap` is for here.
    #![allow(clippy::unwrap_used)]

    use faer::{Mat, Side};

    use super::{by_iteration, leading};
    use crate::random::Random;

    /// The Gram matrix of centred rows with some strong directions in noise, of a given rank.
    fn gram(size: usize, rank: usize, seed: u64) -> Mat<f64> {
        let mut random = Random::new(seed);
        let scale = |column: usize| if column < 8 { 20.0 / (1.0 + column as f64) } else { 1.0 };
        let mut rows = Mat::from_fn(size, rank, |_, column| scale(column) * random.normal());
        for column in 0..rank {
            let mean = rows.col(column).iter().sum::<f64>() / size as f64;
            (0..size).for_each(|row| rows[(row, column)] -= mean);
        }
        &rows * rows.transpose()
    }

    #[test]
    fn the_iteration_finds_what_the_full_decomposition_does() {
        let matrix = gram(400, 900, 1);
        let sum: f64 = (0..400).map(|place| matrix[(place, place)]).sum();
        let (vectors, values) = by_iteration(&matrix, 20, sum).unwrap();
        let full = matrix.self_adjoint_eigen(Side::Lower).unwrap();
        for (column, value) in values.iter().enumerate() {
            let truth = full.S()[399 - column];
            // Residuals of 1e-11 of the sum bound the error of a value; vectors 13 digits by the gaps of noise, some 1e-4.
            assert!((value / truth - 1.0).abs() < 1e-9, "{value} and {truth}");
            let product: f64 =
                vectors.col(column).iter().zip(full.U().col(399 - column).iter()).map(|(a, b)| a * b).sum();
            assert!((product.abs() - 1.0).abs() < 1e-6, "{product}");
        }
    }

    #[test]
    fn matrices_of_low_rank_and_small_ones_have_their_vectors_too() {
        for (size, rank, count) in [(400, 3, 10), (300, 1, 2), (12, 30, 12), (1, 1, 1), (256, 40, 40)] {
            let matrix = gram(size, rank, 2);
            let (vectors, values) = leading(&matrix, count).unwrap();
            let full = matrix.self_adjoint_eigen(Side::Lower).unwrap();
            let sum: f64 = values.iter().sum::<f64>().max(1e-9);
            assert_eq!((vectors.nrows(), values.len()), (size, count));
            for (column, value) in values.iter().enumerate() {
                assert!((value - full.S()[size - 1 - column]).abs() < 1e-9 * sum);
            }
        }
        assert!(leading(&Mat::from_fn(300, 300, |_, _| f64::NAN), 2).is_none());
    }
}
