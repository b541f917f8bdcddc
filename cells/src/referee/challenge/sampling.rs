//! Mean expression of a group of cells and how far it would move with other cells.
//!
//! Does: log1p of summed counts scaled to one total (cell-eval2's bulk_lognorm), and the delete-one jackknife of its
//! variance summed over genes, which is subtracted from squared distances.
//! Does not know: names, sides, which distances are taken.
//! Flow: counts of a group → **bulk** → `expression`, `discrimination`.
//!
//! Leaving out cell i with l of the group's S counts, y of them of gene g (of which the group has P), moves the bulk by
//!
//! ```text
//! ln(1 + T (P − y) / (S − l)) − ln(1 + T P / S) = ln(1 + u w / (1 − u)) + ln(1 − T y / (S − l + T P)),
//! u = l / S,  w = T P / (S + T P),
//! ```
//!
//! whose second part is zero unless the cell has the gene. Its first part depends on the cell by u alone and is
//! Σₖ uᵏ cₖ with cₖ = (1 − (1 − w)ᵏ) / k, so that sums over all cells of it and of its square come from Σ uᵏ. The cost
//! is that of the stored counts and of the genes, not of their product. Cells with more than a twentieth of the counts
//! (there are at most twenty) are summed one by one.

use crate::counts::Counts;

/// Total that summed counts are scaled to (bulk_target_sum of the preset vcc2026).
const TOTAL: f64 = 50_000.0;
/// Share of the group's counts above which a cell is summed alone.
const HEAVY: f64 = 0.05;
/// Terms of the series: 0.05¹⁴ is below f64's precision.
const TERMS: usize = 14;

/// A group of cells as one.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Bulk {
    /// ln(1 + 50 000 · share of the summed counts) [G]; zeros for a group without counts.
    pub(super) means: Vec<f64>,
    /// Delete-one jackknife variance of `means`, summed over genes; 0 for fewer than two cells.
    pub(super) variance: f64,
}

impl Bulk {
    pub(super) fn new(cells: &Counts) -> Self {
        let mut sums = vec![0_u64; cells.genes()];
        for cell in 0..cells.cells() {
            let (genes, counts) = cells.row(cell);
            genes.iter().zip(counts).for_each(|(gene, count)| sums[*gene as usize] += u64::from(*count));
        }
        let sums: Vec<f64> = sums.into_iter().map(|sum| sum as f64).collect();
        let total: f64 = sums.iter().sum();
        let scale = if total > 0.0 { TOTAL / total } else { 0.0 };
        let variance = if cells.cells() < 2 || total == 0.0 { 0.0 } else { jackknife(cells, &sums, total) };
        Self { means: sums.iter().map(|sum| (sum * scale).ln_1p()).collect(), variance }
    }
}

/// Σ and Σ of squares over the cells left out, one pair a gene.
struct Moves {
    sums: Vec<f64>,
    squares: Vec<f64>,
}

/// Delete-one jackknife variance summed over genes. `sums` are the summed counts [G], `total` is theirs.
fn jackknife(cells: &Counts, sums: &[f64], total: f64) -> f64 {
    let n = cells.cells() as f64;
    let depths = cells.library_sizes();
    let shares: Vec<f64> = depths.iter().map(|depth| *depth as f64 / total).collect();
    let weights: Vec<f64> = sums.iter().map(|sum| TOTAL * sum / (total + TOTAL * sum)).collect();
    let light = shares.iter().copied().filter(|share| *share <= HEAVY);
    let mut moves = of_light(light, &weights);
    for share in shares.iter().copied().filter(|share| *share > HEAVY) {
        for (gene, weight) in weights.iter().enumerate() {
            // Without the cell that has all counts nothing is left, which is a bulk of zeros.
            let step = if share < 1.0 { without(share, *weight) } else { (1.0 - weight).ln() };
            moves.sums[gene] += step;
            moves.squares[gene] += step * step;
        }
    }
    for (cell, share) in shares.iter().enumerate().filter(|(_, share)| **share < 1.0) {
        let (genes, counts) = cells.row(cell);
        let left = total - depths[cell] as f64;
        for (gene, count) in genes.iter().map(|gene| *gene as usize).zip(counts) {
            let first = without(*share, weights[gene]);
            let second = (-TOTAL * f64::from(*count) / (left + TOTAL * sums[gene])).ln_1p();
            moves.sums[gene] += second;
            moves.squares[gene] += second * (2.0 * first + second);
        }
    }
    let deviations: f64 = moves.sums.iter().zip(&moves.squares).map(|(sum, square)| square - sum * sum / n).sum();
    ((n - 1.0) / n * deviations).max(0.0)
}

/// How far a gene's bulk rises without a cell that lacks it.
fn without(share: f64, weight: f64) -> f64 {
    (share * weight / (1.0 - share)).ln_1p()
}

/// Sums over the light cells as if none had any gene.
fn of_light(shares: impl Iterator<Item = f64>, weights: &[f64]) -> Moves {
    // Σ uᵏ at place k.
    let mut powers = [0.0; TERMS + 1];
    for share in shares {
        let mut power = 1.0;
        for sum in &mut powers[1..] {
            power *= share;
            *sum += power;
        }
    }
    let of_gene = |weight: &f64| {
        let mut factors = [0.0; TERMS + 1];
        // 1 − (1 − w)ᵏ = w (1 + (1 − w) + … + (1 − w)ᵏ⁻¹): nothing cancels.
        let (mut series, mut power) = (0.0, 1.0);
        for (k, factor) in factors.iter_mut().enumerate().skip(1) {
            series += power;
            power *= 1.0 - weight;
            *factor = weight * series / k as f64;
        }
        let sum: f64 = factors.iter().zip(&powers).map(|(factor, power)| factor * power).sum();
        let pair = |degree: usize| -> f64 { (1..degree).map(|k| factors[k] * factors[degree - k]).sum() };
        let square: f64 = (2..=TERMS).map(|degree| pair(degree) * powers[degree]).sum();
        (sum, square)
    };
    let (sums, squares) = weights.iter().map(of_gene).unzip();
    Moves { sums, squares }
}

#[cfg(test)]
mod tests {
    use super::{Bulk, TOTAL};
    use crate::counts::Counts;

    /// The definition, one bulk for every cell left out.
    fn plainly(rows: &[Vec<u32>]) -> f64 {
        let n = rows.len() as f64;
        let bulk = |skip: usize| -> Vec<f64> {
            let kept = || rows.iter().enumerate().filter(|(cell, _)| *cell != skip).map(|(_, row)| row);
            let total: u32 = kept().flatten().sum();
            let of_gene = |gene: usize| kept().map(|row| f64::from(row[gene])).sum::<f64>();
            let share = |sum: f64| if total > 0 { sum / f64::from(total) } else { 0.0 };
            (0..rows[0].len()).map(|gene| (TOTAL * share(of_gene(gene))).ln_1p()).collect()
        };
        let bulks: Vec<Vec<f64>> = (0..rows.len()).map(bulk).collect();
        let of_gene = |gene: usize| {
            let mean = bulks.iter().map(|bulk| bulk[gene]).sum::<f64>() / n;
            bulks.iter().map(|bulk| (bulk[gene] - mean).powi(2)).sum::<f64>()
        };
        (n - 1.0) / n * (0..rows[0].len()).map(of_gene).sum::<f64>()
    }

    fn agrees(rows: &[Vec<u32>]) {
        let counts = Counts::from_dense_rows(rows[0].len(), rows.iter().map(Vec::as_slice));
        let (own, expected) = (Bulk::new(&counts).variance, plainly(rows));
        // The definition itself loses digits where the bulk hardly moves.
        assert!((own - expected).abs() <= 1e-10 * expected.max(1e-3), "{own}, by definition {expected}");
    }

    #[test]
    fn the_variance_is_that_of_leaving_out_each_cell() {
        let many = |cell: u32| (0..30).map(|gene| (cell * (gene + 3) + gene) % (2 + gene * gene)).collect();
        agrees(&(0..90).map(many).collect::<Vec<_>>());
        // Few cells, one with most counts, one without any.
        agrees(&[vec![900, 3, 0, 50], vec![1, 0, 2, 0], vec![0; 4], vec![0, 1, 1, 1]]);
        // One cell with all counts, and a gene that only one cell has.
        agrees(&[vec![5, 0, 7], vec![0; 3], vec![0; 3]]);
        agrees(&[vec![5, 0, 7], vec![0, 2, 3]]);
    }

    #[test]
    fn groups_without_spread_have_none() {
        let variance =
            |rows: &[[u32; 2]]| Bulk::new(&Counts::from_dense_rows(2, rows.iter().map(|row| row.as_slice()))).variance;
        assert_eq!(variance(&[[3, 4]]), 0.0);
        assert_eq!(variance(&[[0, 0], [0, 0]]), 0.0);
        assert!(variance(&[[3, 4], [6, 8], [3, 4]]) < 1e-15);
        let empty = Bulk::new(&Counts::from_dense_rows(2, [[0_u32, 0]].iter().map(|row| row.as_slice())));
        assert_eq!(empty.means, [0.0, 0.0]);
    }
}
