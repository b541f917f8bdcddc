//! Which genes go together, on both sides.
//!
//! Does: gene-gene correlations of log-normalised values, and how far those of two sides agree.
//! Does not know: which side is generated, how genes were chosen.
//! Flow: log-normalised cells and a list of genes → **agreement** beside that of two halves of the measured cells.
//!
//! Zeros are not stored and not looked at: the cost is that of the pairs of chosen genes that are seen in a cell, and
//! the memory that of the pairs of chosen genes.

use super::error::PopulationError;
use crate::metrics::{mean_absolute_error, pearson};
use crate::normalise::Normalised;

/// How far gene-gene correlations of two sides agree.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct CorrelationAgreement {
    /// Pearson correlation over the pairs of genes of the two sides' correlations; NaN with fewer than two pairs.
    pub agreement: f64,
    /// Mean absolute difference of the correlations over the pairs; 0 without pairs.
    pub difference: f64,
    /// Genes that vary on both sides; all pairs of them are compared.
    pub genes: usize,
    /// Genes that are left out because a side has the same value of them in every cell (mostly: never sees them).
    pub constant: usize,
}

/// Compares the correlations of `genes` (places in the panel; repeated ones count once) on two sides.
///
/// # Errors
/// When the sides differ in genes, a gene is not in the panel, or a side has no cells.
pub fn correlation_agreement(
    a: &Normalised,
    b: &Normalised,
    genes: &[u32],
) -> Result<CorrelationAgreement, PopulationError> {
    if a.genes() != b.genes() {
        return Err(PopulationError::Genes { left: a.genes(), right: b.genes() });
    }
    if let Some(gene) = genes.iter().find(|gene| **gene as usize >= a.genes()) {
        return Err(PopulationError::Gene { gene: *gene, genes: a.genes() });
    }
    for (side, name) in [(a, "first"), (b, "second")] {
        if side.cells() == 0 {
            return Err(PopulationError::Empty(name));
        }
    }
    let mut chosen = genes.to_vec();
    chosen.sort_unstable();
    chosen.dedup();
    let of_a = Moments::new(a, &chosen);
    let of_b = Moments::new(b, &chosen);
    let varying: Vec<usize> = (0..chosen.len()).filter(|gene| of_a.varies(*gene) && of_b.varies(*gene)).collect();
    let (on_a, on_b) = (of_a.correlations(&varying), of_b.correlations(&varying));
    Ok(CorrelationAgreement {
        agreement: pearson(&on_a, &on_b),
        difference: mean_absolute_error(&on_a, &on_b),
        genes: varying.len(),
        constant: chosen.len() - varying.len(),
    })
}

/// Sums over the cells of one side, for g chosen genes.
struct Moments {
    cells: f64,
    mean: Vec<f64>,
    lowest: Vec<f32>,
    highest: Vec<f32>,
    /// Σ (x − mean)² [g].
    squares: Vec<f64>,
    /// Σ x · y of gene pairs [g, g], the first before the second.
    products: Vec<f64>,
}

impl Moments {
    /// Sums of `chosen` genes, which ascend.
    fn new(data: &Normalised, chosen: &[u32]) -> Self {
        let (g, cells) = (chosen.len(), data.cells() as f64);
        let all = data.mean();
        let mean: Vec<f64> = chosen.iter().map(|gene| all[*gene as usize]).collect();
        let (mut lowest, mut highest) = (vec![f32::INFINITY; g], vec![f32::NEG_INFINITY; g]);
        let (mut seen, mut squares, mut products) = (vec![0_usize; g], vec![0.0; g], vec![0.0; g * g]);
        let mut places = vec![usize::MAX; data.genes()];
        chosen.iter().enumerate().for_each(|(place, gene)| places[*gene as usize] = place);
        let mut own: Vec<(usize, f64)> = Vec::with_capacity(g);
        for cell in 0..data.cells() {
            let (genes, values) = data.row(cell);
            own.clear();
            for (gene, value) in genes.iter().zip(values).filter(|(gene, _)| places[**gene as usize] != usize::MAX) {
                let place = places[*gene as usize];
                lowest[place] = lowest[place].min(*value);
                highest[place] = highest[place].max(*value);
                seen[place] += 1;
                squares[place] += (f64::from(*value) - mean[place]).powi(2);
                own.push((place, f64::from(*value)));
            }
            for (rank, (place, value)) in own.iter().enumerate() {
                own[rank + 1..].iter().for_each(|(other, theirs)| products[place * g + other] += value * theirs);
            }
        }
        for place in 0..g {
            let zeros = data.cells() - seen[place];
            if zeros > 0 {
                lowest[place] = lowest[place].min(0.0);
                highest[place] = highest[place].max(0.0);
                squares[place] += zeros as f64 * mean[place].powi(2);
            }
        }
        Self { cells, mean, lowest, highest, squares, products }
    }

    /// Whether a gene has more than one value. Not by its variance, which rounding keeps above 0.
    fn varies(&self, gene: usize) -> bool {
        self.lowest[gene] < self.highest[gene]
    }

    /// Pearson correlations of all pairs of the named genes (ascending), row by row of the upper triangle.
    fn correlations(&self, genes: &[usize]) -> Vec<f64> {
        let of_pair = |a: usize, b: usize| {
            let covariance = self.products[a * self.mean.len() + b] - self.cells * self.mean[a] * self.mean[b];
            (covariance / (self.squares[a] * self.squares[b]).sqrt()).clamp(-1.0, 1.0)
        };
        let pairs = genes.iter().enumerate().flat_map(|(rank, a)| genes[rank + 1..].iter().map(move |b| (*a, *b)));
        pairs.map(|(a, b)| of_pair(a, b)).collect()
    }
}

#[cfg(test)]
mod tests {
    // A test fails by panicking; that is what `unwrap` is for here.
    #![allow(clippy::unwrap_used)]
    use super::{Moments, correlation_agreement};
    use crate::counts::Counts;
    use crate::normalise::{Normalised, Target, log_normalise};
    use crate::population::PopulationError;

    /// Rows of four genes that sum to 12, so that a target of 12 leaves counts as they are.
    fn side(rows: &[[u32; 4]]) -> Normalised {
        log_normalise(&Counts::from_dense_rows(4, rows.iter().map(|row| row.as_slice())), Target::Sum(12.0))
    }

    #[test]
    fn correlations_by_hand_and_constant_genes_left_out() {
        // ln(1 + count): genes 0 and 1 move against each other, gene 2 never moves, gene 3 with gene 0.
        let a = side(&[[0, 7, 3, 2], [7, 0, 3, 2], [0, 7, 3, 2], [7, 0, 3, 2]]);
        let moments = Moments::new(&a, &[0, 1, 2, 3]);
        assert!(moments.varies(0) && moments.varies(1) && !moments.varies(2) && !moments.varies(3));
        // Exact up to rounding.
        assert!((moments.correlations(&[0, 1])[0] + 1.0).abs() < 1e-12);
        let b = side(&[[1, 5, 3, 3], [5, 1, 1, 5], [1, 5, 6, 0], [5, 1, 3, 3]]);
        let found = correlation_agreement(&a, &b, &[1, 0, 3, 2, 1]).unwrap();
        assert_eq!((found.genes, found.constant), (2, 2));
        // One pair is −1 on both sides, and one pair has no correlation with anything.
        assert!(found.agreement.is_nan() && found.difference < 1e-12);
        let same = correlation_agreement(&b, &b, &[0, 1, 2, 3]).unwrap();
        assert_eq!((same.genes, same.constant, same.difference), (4, 0, 0.0));
        assert!((same.agreement - 1.0).abs() < 1e-12);
    }

    #[test]
    fn sides_that_do_not_compare_are_refused() {
        let a = side(&[[1, 5, 3, 3]]);
        assert_eq!(correlation_agreement(&a, &a, &[4]), Err(PopulationError::Gene { gene: 4, genes: 4 }));
        assert_eq!(correlation_agreement(&a, &side(&[]), &[1]), Err(PopulationError::Empty("second")));
        let fewer = log_normalise(&Counts::empty(3), Target::Median);
        assert_eq!(correlation_agreement(&a, &fewer, &[1]), Err(PopulationError::Genes { left: 4, right: 3 }));
        // One cell: every gene is constant.
        let one = correlation_agreement(&a, &a, &[0, 1]).unwrap();
        assert_eq!((one.genes, one.constant), (0, 2));
        assert!(one.agreement.is_nan());
    }
}
