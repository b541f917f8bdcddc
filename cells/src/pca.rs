//! Principal components of log-normalised cells.
//!
//! Does: chooses variable genes, fits centred components exactly, projects other cells onto them.
//! Does not know: maps or labels.
//! Flow: log-normalised → **components** [cells, components] → neighbours → map.

use faer::Mat;
use thiserror::Error;

use crate::eigen::leading;
use crate::normalise::Normalised;

/// Components fitted on some genes.
#[derive(Clone, Debug, PartialEq)]
pub struct Pca {
    /// Genes used, places in the panel [g].
    pub genes: Vec<u32>,
    /// Their means [g].
    pub mean: Vec<f32>,
    /// Loadings [g, components], columns of unit length.
    pub loadings: Vec<f32>,
    /// Number of components.
    pub components: usize,
}

/// Why components could not be fitted.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum PcaError {
    /// Too little data.
    #[error(
        "{components} components need more than {components} cells and genes; there are {cells} cells and {genes} variable genes"
    )]
    TooSmall {
        /// Asked for.
        components: usize,
        /// Cells.
        cells: usize,
        /// Genes.
        genes: usize,
    },
    /// The eigenvalue problem did not converge.
    #[error("the principal components did not converge; the data may hold values that are not finite")]
    NoConvergence,
}

/// The `n` most variable genes, by variance of the log-normalised values over what is expected at
/// their mean (mean variance of genes in the same of 20 bins by mean), in panel order.
pub fn highly_variable(data: &Normalised, n: usize) -> Vec<u32> {
    let cells = data.cells().max(1) as f64;
    let mean = data.mean();
    let mut squares = vec![0.0_f64; data.genes()];
    for cell in 0..data.cells() {
        let (genes, values) = data.row(cell);
        for (gene, value) in genes.iter().zip(values) {
            squares[*gene as usize] += f64::from(*value) * f64::from(*value);
        }
    }
    let variance: Vec<f64> = squares.iter().zip(&mean).map(|(s, m)| (s / cells - m * m).max(0.0)).collect();
    let mut order: Vec<usize> = (0..data.genes()).filter(|gene| mean[*gene] > 0.0).collect();
    order.sort_by(|a, b| mean[*a].total_cmp(&mean[*b]).then(a.cmp(b)));
    let bin = order.len().div_ceil(20).max(1);
    let mut scored: Vec<(f64, usize)> = Vec::with_capacity(order.len());
    for genes in order.chunks(bin) {
        let expected = genes.iter().map(|gene| variance[*gene]).sum::<f64>() / genes.len() as f64;
        scored.extend(genes.iter().map(|gene| (variance[*gene] / expected.max(1e-12), *gene)));
    }
    // Above its bin alone would favour rare genes with a handful of counts: weigh by the root of the mean.
    scored.iter_mut().for_each(|(score, gene)| *score *= mean[*gene].sqrt());
    scored.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
    let mut chosen: Vec<u32> = scored.iter().take(n).map(|(_, gene)| *gene as u32).collect();
    chosen.sort_unstable();
    chosen
}

/// Values of the chosen genes, centred [cells, g].
fn centred(data: &Normalised, genes: &[u32], mean: &[f32]) -> Mat<f64> {
    let mut places = vec![usize::MAX; data.genes()];
    for (place, gene) in genes.iter().enumerate() {
        places[*gene as usize] = place;
    }
    let mut matrix = Mat::from_fn(data.cells(), genes.len(), |_, place| -f64::from(mean[place]));
    for cell in 0..data.cells() {
        let (row, values) = data.row(cell);
        for (gene, value) in row.iter().zip(values) {
            let place = places[*gene as usize];
            if place != usize::MAX {
                matrix[(cell, place)] += f64::from(*value);
            }
        }
    }
    matrix
}

/// The first `components` directions of centred rows [columns, components], of unit length, their largest entry
/// positive, and the sums of squares along them; by the smaller of the two Gram matrices. Directions along which there
/// is next to nothing (below about 1e-12 of the largest sum) are noise.
///
/// # Errors
/// When values are not finite. There must be as many rows and columns as components.
pub(crate) fn principal(matrix: &Mat<f64>, components: usize) -> Result<(Mat<f64>, Vec<f64>), PcaError> {
    let by_rows = matrix.nrows() < matrix.ncols();
    let gram = if by_rows { matrix * matrix.transpose() } else { matrix.transpose() * matrix };
    let (top, sums) = leading(&gram, components).ok_or(PcaError::NoConvergence)?;
    let mut directions = if by_rows { matrix.transpose() * &top } else { top };
    for component in 0..components {
        let column: Vec<f64> = (0..matrix.ncols()).map(|place| directions[(place, component)]).collect();
        let length = column.iter().map(|v| v * v).sum::<f64>().sqrt().max(1e-300);
        let largest = column.iter().copied().fold(0.0_f64, |a, b| if b.abs() > a.abs() { b } else { a });
        let sign = if largest < 0.0 { -1.0 } else { 1.0 };
        for (place, value) in column.iter().enumerate() {
            directions[(place, component)] = sign * value / length;
        }
    }
    Ok((directions, sums))
}

/// Fits `components` components on `genes`, exactly, by the smaller of the two Gram matrices.
/// The sign of each component makes its largest loading positive.
///
/// ```
/// use cells::Counts;
/// use cells::normalise::{Target, log_normalise};
/// use cells::pca::fit_pca;
///
/// let counts = Counts::from_dense_rows(3, [&[9, 0, 1][..], &[8, 1, 1][..], &[0, 9, 1][..], &[1, 8, 1][..]]);
/// let normalised = log_normalise(&counts, Target::Median);
/// let pca = fit_pca(&normalised, &[0, 1, 2], 1)?;
/// // The first two cells stand on one side, the others on the other.
/// let places = pca.project(&normalised);
/// assert!(places[0] * places[1] > 0.0 && places[0] * places[2] < 0.0);
/// # Ok::<(), cells::pca::PcaError>(())
/// ```
///
/// # Errors
/// When there are fewer cells or genes than components, or values are not finite.
pub fn fit_pca(data: &Normalised, genes: &[u32], components: usize) -> Result<Pca, PcaError> {
    let (cells, g) = (data.cells(), genes.len());
    if components == 0 || cells <= components || g <= components {
        return Err(PcaError::TooSmall { components, cells, genes: g });
    }
    let all = data.mean();
    let mean: Vec<f32> = genes.iter().map(|gene| all[*gene as usize] as f32).collect();
    let matrix = centred(data, genes, &mean);
    let (directions, _) = principal(&matrix, components)?;
    let mut loadings = vec![0.0_f32; g * components];
    for component in 0..components {
        for gene in 0..g {
            loadings[gene * components + component] = directions[(gene, component)] as f32;
        }
    }
    Ok(Pca { genes: genes.to_vec(), mean, loadings, components })
}

impl Pca {
    /// Components of cells [cells, components].
    pub fn project(&self, data: &Normalised) -> Vec<f32> {
        let mut places = vec![usize::MAX; data.genes()];
        for (place, gene) in self.genes.iter().enumerate() {
            if let Some(slot) = places.get_mut(*gene as usize) {
                *slot = place;
            }
        }
        // Projecting the mean once keeps the work on the non-zero values.
        let mut origin = vec![0.0_f64; self.components];
        for (mean, row) in self.mean.iter().zip(self.loadings.chunks_exact(self.components)) {
            origin.iter_mut().zip(row).for_each(|(sum, loading)| *sum += f64::from(*mean) * f64::from(*loading));
        }
        let mut projected = Vec::with_capacity(data.cells() * self.components);
        for cell in 0..data.cells() {
            let mut sums: Vec<f64> = origin.iter().map(|value| -value).collect();
            let (genes, values) = data.row(cell);
            for (gene, value) in genes.iter().zip(values) {
                let place = places[*gene as usize];
                if place == usize::MAX {
                    continue;
                }
                let row = &self.loadings[place * self.components..(place + 1) * self.components];
                sums.iter_mut().zip(row).for_each(|(sum, loading)| *sum += f64::from(*value) * f64::from(*loading));
            }
            projected.extend(sums.iter().map(|sum| *sum as f32));
        }
        projected
    }
}

#[cfg(test)]
mod tests {
    // A test fails by panicking; that is what `unwrap` is for here.
    #![allow(clippy::unwrap_used)]
    use super::{fit_pca, highly_variable};
    use crate::counts::Counts;
    use crate::normalise::{Target, log_normalise};

    /// Two kinds of cells that differ in genes 0–4 of 12, on a little deterministic noise.
    fn two_kinds(cells: usize) -> Counts {
        let rows: Vec<Vec<u32>> = (0..cells)
            .map(|cell| {
                (0..12)
                    .map(|gene| {
                        let high = gene < 5 && cell % 2 == 0;
                        10 + 40 * u32::from(high) + ((cell * 7 + gene * 13) % 5) as u32
                    })
                    .collect()
            })
            .collect();
        Counts::from_dense_rows(12, rows.iter().map(Vec::as_slice))
    }

    #[test]
    fn the_first_component_is_the_difference_both_ways() {
        for cells in [8, 40] {
            let data = log_normalise(&two_kinds(cells), Target::Sum(1000.0));
            let genes: Vec<u32> = (0..12).collect();
            let pca = fit_pca(&data, &genes, 3).unwrap();
            let scores = pca.project(&data);
            let side = |cell: usize| scores[cell * 3] > 0.0;
            assert!((0..cells).all(|cell| side(cell) == side(cell % 2)), "{cells} cells");
            assert_ne!(side(0), side(1));
            for component in 0..3 {
                let length: f32 = (0..12).map(|gene| pca.loadings[gene * 3 + component].powi(2)).sum();
                // Unit length up to f32 rounding.
                assert!((length - 1.0).abs() < 1e-5);
            }
        }
    }

    #[test]
    fn variable_genes_are_found_and_too_little_data_is_refused() {
        let data = log_normalise(&two_kinds(30), Target::Sum(1000.0));
        assert!(highly_variable(&data, 5).iter().filter(|gene| **gene < 5).count() >= 4);
        assert!(fit_pca(&data, &[0, 1], 2).is_err());
    }
}
