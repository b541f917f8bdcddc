//! Synthetic cells with a known truth.
//!
//! Does: cell types with marker genes, gene programmes that vary together within a type, donors
//! with small effects, a perturbation that shifts known genes by a known factor, and counts drawn
//! from a gamma-Poisson of a known mean.
//! Does not know: models; what is measured on these cells is measured elsewhere.
//! Flow: a specification and a seed → **cells and their truth**, for tests and first steps.

use std::collections::BTreeMap;

use crate::cells::{Cells, CellsError};
use crate::column::Column;
use crate::counts::Counts;
use crate::random::Random;

/// Label of cells that were not perturbed.
pub const CONTROL: &str = "control";
/// Label of cells that were.
pub const PERTURBED: &str = "IFN-beta";

/// What to make.
#[derive(Clone, Debug, PartialEq)]
pub struct SyntheticSpec {
    /// Cells of each type, donor and condition.
    pub cells_per_group: usize,
    /// Genes; each programme, marker set and the perturbation takes some of the first ones.
    pub genes: usize,
    /// Cell types.
    pub types: usize,
    /// Donors.
    pub donors: usize,
    /// Genes that mark each type, eight times higher in it.
    pub markers: usize,
    /// Genes of each of two programmes that vary together (log-normal factor of deviation 0.7).
    pub programme: usize,
    /// Genes that the perturbation shifts.
    pub shifted: usize,
    /// By what factor.
    pub fold_change: f64,
    /// Mean UMIs per cell; cells vary by a log-normal factor of deviation 0.3.
    pub depth: f64,
}

/// What is true of the cells.
#[derive(Clone, Debug, PartialEq)]
pub struct Truth {
    /// Genes that the perturbation shifts.
    pub shifted: Vec<usize>,
    /// Genes of each programme.
    pub programmes: Vec<Vec<usize>>,
    /// Markers of each type.
    pub markers: Vec<Vec<usize>>,
    /// Expected share of each gene in a type's control cells [type][gene], before programmes.
    pub shares: Vec<Vec<f64>>,
}

/// Genes `first..first + count`, as far as there are genes.
fn block(first: usize, count: usize, genes: usize) -> Vec<usize> {
    (first.min(genes)..(first + count).min(genes)).collect()
}

impl SyntheticSpec {
    /// Which gene plays which part; shares are drawn from `random`.
    fn truth(&self, random: &mut Random) -> Truth {
        let markers: Vec<Vec<usize>> =
            (0..self.types).map(|kind| block(kind * self.markers, self.markers, self.genes)).collect();
        let after = self.types * self.markers;
        let programmes: Vec<Vec<usize>> =
            (0..2).map(|part| block(after + part * self.programme, self.programme, self.genes)).collect();
        let shifted = block(after + 2 * self.programme, self.shifted, self.genes);
        let base: Vec<f64> = (0..self.genes).map(|_| (1.2 * random.normal()).exp()).collect();
        let shares = markers
            .iter()
            .map(|own| {
                let mut share = base.clone();
                own.iter().for_each(|gene| share[*gene] *= 8.0);
                let total: f64 = share.iter().sum();
                share.iter().map(|value| value / total).collect()
            })
            .collect();
        Truth { shifted, programmes, markers, shares }
    }

    /// One cell's counts.
    fn cell(&self, random: &mut Random, truth: &Truth, kind: usize, donor: &[f64], perturbed: bool) -> Vec<u32> {
        let depth = self.depth * (0.3 * random.normal()).exp();
        let mut mean: Vec<f64> = truth.shares[kind].iter().zip(donor).map(|(share, own)| share * own * depth).collect();
        for programme in &truth.programmes {
            let factor = (0.7 * random.normal()).exp();
            programme.iter().for_each(|gene| mean[*gene] *= factor);
        }
        if perturbed {
            truth.shifted.iter().for_each(|gene| mean[*gene] *= self.fold_change);
        }
        // Shape 4: a coefficient of variation of one half besides the Poisson's.
        mean.into_iter()
            .map(|mean| {
                let rate = mean * random.gamma(4.0) / 4.0;
                random.poisson(rate)
            })
            .collect()
    }
}

/// Makes the cells; labels `donor`, `cell_type` and `condition`.
///
/// # Errors
/// Never for a sensible specification; passes on what `Cells::new` says.
pub fn synthetic(spec: &SyntheticSpec, seed: u64) -> Result<(Cells, Truth), CellsError> {
    let mut random = Random::new(seed);
    let truth = spec.truth(&mut random);
    let donors: Vec<Vec<f64>> =
        (0..spec.donors).map(|_| (0..spec.genes).map(|_| (0.1 * random.normal()).exp()).collect()).collect();
    let (mut rows, mut labels) = (Vec::new(), [Vec::new(), Vec::new(), Vec::new()]);
    for (donor, own) in donors.iter().enumerate() {
        for kind in 0..spec.types {
            for condition in [CONTROL, PERTURBED] {
                for _ in 0..spec.cells_per_group {
                    rows.push(spec.cell(&mut random, &truth, kind, own, condition == PERTURBED));
                    labels[0].push(format!("donor{}", donor + 1));
                    labels[1].push(format!("type{}", kind + 1));
                    labels[2].push(condition.to_owned());
                }
            }
        }
    }
    let counts = Counts::from_dense_rows(spec.genes, rows.iter().map(Vec::as_slice));
    let genes = (0..spec.genes).map(|gene| format!("G{gene:05}")).collect();
    let names = (0..rows.len()).map(|cell| format!("synthetic-{cell}")).collect();
    let keys = ["donor", "cell_type", "condition"];
    let labels: BTreeMap<String, Column> =
        keys.iter().zip(&labels).map(|(key, values)| ((*key).to_owned(), Column::categorical(values))).collect();
    Ok((Cells::new(counts, genes, names, labels)?, truth))
}

#[cfg(test)]
mod tests {
    // A test fails by panicking; that is what `unwrap` is for here.
    #![allow(clippy::unwrap_used)]
    use super::{CONTROL, PERTURBED, SyntheticSpec, synthetic};
    use crate::de::compare;
    use crate::normalise::{Target, log_normalise};

    #[test]
    fn the_shift_is_found_where_it_is() {
        let spec = SyntheticSpec {
            cells_per_group: 60,
            genes: 120,
            types: 2,
            donors: 2,
            markers: 8,
            programme: 10,
            shifted: 12,
            fold_change: 4.0,
            depth: 1500.0,
        };
        let (cells, truth) = synthetic(&spec, 5).unwrap();
        assert_eq!(cells.len(), 480);
        assert_eq!(synthetic(&spec, 5).unwrap().0, cells);
        let data = log_normalise(&cells.counts, Target::Median);
        let side = |value| data.select(&cells.indices_where("condition", value).unwrap());
        let shifts = compare(&side(CONTROL), &side(PERTURBED)).unwrap();
        let mut by_change: Vec<usize> = (0..120).collect();
        by_change.sort_by(|a, b| shifts[*b].log2_fold_change.total_cmp(&shifts[*a].log2_fold_change));
        let found = by_change[..12].iter().filter(|gene| truth.shifted.contains(gene)).count();
        assert!(found >= 11, "{found} of 12 shifted genes on top");
    }
}
