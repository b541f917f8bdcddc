//! How much is seen in a cell, on both sides.
//!
//! Does: library sizes and numbers of detected genes: quartiles, Kolmogorov-Smirnov statistic, Wasserstein distance.
//! Does not know: which side is generated; composition, which normalising keeps and this does not look at.
//! Flow: counts of both sides → **numbers** beside those of two halves of the measured cells.

use super::distributions::{apart, quantile};
use crate::counts::Counts;

/// Quartiles of a number per cell, linear between the two nearest cells (numpy's default); NaN without cells.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Quartiles {
    /// A quarter of the cells is below.
    pub lower: f64,
    /// Half of the cells is below.
    pub median: f64,
    /// Three quarters of the cells are below.
    pub upper: f64,
}

/// A number per cell on two sides.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Spread {
    /// Quartiles of the first side.
    pub a: Quartiles,
    /// Quartiles of the second side.
    pub b: Quartiles,
    /// Two-sample Kolmogorov-Smirnov statistic: the largest gap of the distribution functions, from 0 (the same) to 1
    /// (nothing overlaps). NaN when a side has no cells.
    pub kolmogorov_smirnov: f64,
    /// One-dimensional Wasserstein distance, in the unit of the number. NaN when a side has no cells.
    pub wasserstein: f64,
}

/// What is seen in cells of two sides.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Depth {
    /// Library size, in UMIs per cell.
    pub umis: Spread,
    /// Genes with at least one UMI, per cell.
    pub genes: Spread,
}

/// Compares what is seen in cells of two sides. The panels may differ in size, but then so do the numbers of genes.
pub fn depth(a: &Counts, b: &Counts) -> Depth {
    // Whole numbers below 2⁵³ are exact in f64.
    let umis = |counts: &Counts| counts.library_sizes().iter().map(|size| *size as f64).collect();
    let genes = |counts: &Counts| (0..counts.cells()).map(|cell| counts.row(cell).0.len() as f64).collect();
    Depth { umis: spread(umis(a), umis(b)), genes: spread(genes(a), genes(b)) }
}

/// Compares a number per cell.
fn spread(mut a: Vec<f64>, mut b: Vec<f64>) -> Spread {
    a.sort_by(f64::total_cmp);
    b.sort_by(f64::total_cmp);
    let found = (!a.is_empty() && !b.is_empty()).then(|| apart(&a, a.len(), &b, b.len()));
    Spread {
        a: quartiles(&a),
        b: quartiles(&b),
        kolmogorov_smirnov: found.map_or(f64::NAN, |found| found.gap),
        wasserstein: found.map_or(f64::NAN, |found| found.area),
    }
}

fn quartiles(ascending: &[f64]) -> Quartiles {
    let [lower, median, upper] = [0.25, 0.5, 0.75].map(|share| quantile(ascending, share));
    Quartiles { lower, median, upper }
}

#[cfg(test)]
mod tests {
    use super::{Quartiles, depth};
    use crate::counts::Counts;

    #[test]
    fn depth_by_hand() {
        let rows = |rows: &[[u32; 3]]| Counts::from_dense_rows(3, rows.iter().map(|row| row.as_slice()));
        let found = depth(&rows(&[[0, 0, 0], [2, 0, 0], [1, 1, 4]]), &rows(&[[2, 2, 2]]));
        assert_eq!(found.umis.a, Quartiles { lower: 1.0, median: 2.0, upper: 4.0 });
        assert_eq!(found.genes.b, Quartiles { lower: 3.0, median: 3.0, upper: 3.0 });
        // {0, 2, 6} against {6}: two thirds stand apart, by 6 and by 4; {0, 1, 3} against {3}.
        assert!((found.umis.kolmogorov_smirnov - 2.0 / 3.0).abs() < 1e-12);
        assert!((found.umis.wasserstein - 10.0 / 3.0).abs() < 1e-12);
        assert!((found.genes.wasserstein - 5.0 / 3.0).abs() < 1e-12);
        let nothing = depth(&rows(&[]), &rows(&[[2, 2, 2]]));
        assert!(nothing.umis.a.median.is_nan() && nothing.umis.wasserstein.is_nan());
        assert!(nothing.genes.kolmogorov_smirnov.is_nan() && nothing.genes.b.median == 3.0);
    }
}
