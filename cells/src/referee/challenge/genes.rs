//! Which genes a perturbation shifts, as cell-eval2 tests them for the Virtual Cell Challenge 2026.
//!
//! Does: counts per million, the gate by the control cells' mean, fold changes of arithmetic means, the two-sided
//! Mann-Whitney U test of every gene past the gate, Benjamini-Hochberg within one perturbation.
//! Does not know: names of genes, sides, thresholds of significance.
//! Flow: counts of control cells → **reference**; counts of one perturbation against it → **tests** → `agreement`,
//! `directions`.
//!
//! Every perturbation of both sides meets the same control cells, so those are sorted once, gene by gene; a
//! perturbation's cells are then looked up among them. Zeros are never stored: they are one block of ties below
//! everything.
//!
//! cell-eval2 ranks log1p of counts per million in f64, where rounding parts about one in four hundred ties of equal
//! shares (2 of 2000 against 3 of 3000), and which ones hangs on the processor's logarithm. Here shares are ranked by
//! a single division, which IEEE arithmetic rounds the same for equal shares, so that ties are ties everywhere.

use statrs::function::erf::erfc;

use crate::counts::Counts;
use crate::de::benjamini_hochberg;

/// Mean counts per million above which, among the control cells, a gene is tested.
pub const GATE: f64 = 5.0;
/// Added to both means of a fold change.
const PSEUDOCOUNT: f64 = 1e-9;
/// Place of a gene that is not tested.
const ABSENT: u32 = u32::MAX;

/// One tested gene of one perturbation.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct GeneTest {
    /// log2 of the ratio of mean counts per million, perturbed over control.
    pub log2_fold_change: f64,
    /// Two-sided p-value of the Mann-Whitney U test.
    pub p: f64,
    /// Benjamini-Hochberg q-value among the tested genes of this perturbation.
    pub q: f64,
}

/// Shares of a cell's counts, gene by gene, ascending.
struct Columns {
    starts: Vec<usize>,
    shares: Vec<f64>,
}

impl Columns {
    /// `places` tell for every gene its column, or [`ABSENT`].
    fn new(cells: &Counts, places: &[u32], columns: usize) -> Self {
        let mut starts = vec![0_usize; columns + 1];
        let column = |gene: &u32| places[*gene as usize] as usize;
        for cell in 0..cells.cells() {
            let found = cells.row(cell).0.iter().map(column).filter(|column| *column < columns);
            found.for_each(|column| starts[column + 1] += 1);
        }
        for column in 0..columns {
            starts[column + 1] += starts[column];
        }
        let mut next = starts.clone();
        let mut shares = vec![0.0; starts[columns]];
        for (cell, depth) in cells.library_sizes().into_iter().enumerate() {
            let (genes, counts) = cells.row(cell);
            let entries = genes.iter().map(column).zip(counts).filter(|(column, _)| *column < columns);
            for (column, count) in entries {
                shares[next[column]] = f64::from(*count) / depth as f64;
                next[column] += 1;
            }
        }
        for range in starts.windows(2) {
            shares[range[0]..range[1]].sort_unstable_by(f64::total_cmp);
        }
        Self { starts, shares }
    }

    fn gene(&self, column: usize) -> &[f64] {
        &self.shares[self.starts[column]..self.starts[column + 1]]
    }
}

/// Control cells, ready to be compared with.
pub(super) struct Reference {
    cells: usize,
    tested: Vec<u32>,
    places: Vec<u32>,
    means: Vec<f64>,
    columns: Columns,
    ties: Vec<f64>,
}

impl Reference {
    pub(super) fn new(control: &Counts) -> Self {
        let means = means_per_million(control);
        let tested: Vec<u32> = (0..control.genes() as u32).filter(|gene| means[*gene as usize] > GATE).collect();
        let mut places = vec![ABSENT; control.genes()];
        tested.iter().enumerate().for_each(|(place, gene)| places[*gene as usize] = place as u32);
        let columns = Columns::new(control, &places, tested.len());
        let of_runs = |shares: &[f64]| shares.chunk_by(|a, b| a == b).map(|run| ties(run.len() as f64)).sum();
        Self {
            cells: control.cells(),
            means: tested.iter().map(|gene| means[*gene as usize]).collect(),
            ties: (0..tested.len()).map(|place| of_runs(columns.gene(place))).collect(),
            tested,
            places,
            columns,
        }
    }

    /// Genes past the gate, ascending.
    pub(super) fn tested(&self) -> &[u32] {
        &self.tested
    }

    /// Place of a gene among the tested ones.
    pub(super) fn place(&self, gene: u32) -> Option<usize> {
        self.places.get(gene as usize).filter(|place| **place != ABSENT).map(|place| *place as usize)
    }

    /// Tests of all genes past the gate, in their order.
    pub(super) fn compare(&self, perturbed: &Counts) -> Vec<GeneTest> {
        let means = means_per_million(perturbed);
        let columns = Columns::new(perturbed, &self.places, self.tested.len());
        let p: Vec<f64> =
            (0..self.tested.len()).map(|place| self.p_value(place, columns.gene(place), perturbed.cells())).collect();
        let q = benjamini_hochberg(&p);
        let folds = self
            .tested
            .iter()
            .zip(&self.means)
            .map(|(gene, control)| ((means[*gene as usize] + PSEUDOCOUNT) / (control + PSEUDOCOUNT)).log2());
        let tests = folds.zip(p).zip(q);
        tests.map(|((log2_fold_change, p), q)| GeneTest { log2_fold_change, p, q }).collect()
    }

    /// p-value of the Mann-Whitney U test, normal approximation with corrections for ties and continuity (as pdex and
    /// gpudge compute it for cell-eval2, and scipy.stats.mannwhitneyu with method="asymptotic"). `own` are the
    /// ascending non-zero shares of `cells` perturbed cells.
    fn p_value(&self, place: usize, own: &[f64], cells: usize) -> f64 {
        let (n, m) = (self.cells as f64, cells as f64);
        let mut rest = self.columns.gene(place);
        let zeros = n - rest.len() as f64;
        let zeros_own = m - own.len() as f64;
        let mut tied = self.ties[place] + ties(zeros + zeros_own);
        // Control cells below each perturbed one, halves for equal ones.
        let mut u = zeros_own * zeros / 2.0;
        let mut below = zeros;
        for run in own.chunk_by(|a, b| a == b) {
            let lower = rest.partition_point(|share| *share < run[0]);
            let equal = rest[lower..].partition_point(|share| *share == run[0]);
            let (length, same) = (run.len() as f64, equal as f64);
            u += length * (below + lower as f64 + same / 2.0);
            tied += ties(same + length) - ties(same);
            below += (lower + equal) as f64;
            rest = &rest[lower + equal..];
        }
        let total = n + m;
        let variance = n * m / 12.0 * ((total + 1.0) - tied / (total * (total - 1.0)));
        if variance.is_nan() || variance <= 0.0 {
            return 1.0;
        }
        let z = ((u - n * m / 2.0).abs() - 0.5) / variance.sqrt();
        erfc(z / std::f64::consts::SQRT_2).clamp(0.0, 1.0)
    }
}

/// What a run of tied values adds to the correction for ties: t³ − t.
fn ties(length: f64) -> f64 {
    length.powi(3) - length
}

/// Mean counts per million of every gene; a cell without counts counts as zeros. In the package's order of
/// operations, so that two groups of equal cells have equal means in both or in neither.
fn means_per_million(cells: &Counts) -> Vec<f64> {
    let mut means = vec![0.0; cells.genes()];
    let weight = 1.0 / cells.cells().max(1) as f64;
    for (cell, depth) in cells.library_sizes().into_iter().enumerate() {
        let (genes, counts) = cells.row(cell);
        let depth = depth as f64 / 1e6;
        genes.iter().zip(counts).for_each(|(gene, count)| means[*gene as usize] += f64::from(*count) / depth * weight);
    }
    means
}

#[cfg(test)]
mod tests {
    use super::{Reference, means_per_million};
    use crate::counts::Counts;
    use crate::de::compare;
    use crate::normalise::{Target, log_normalise};

    #[test]
    fn p_values_are_those_of_the_other_way_to_rank() {
        // Equal depths: then f32 logarithms (`de`) tie exactly the cells that shares tie.
        let cells = |of: u32| -> Vec<Vec<u32>> {
            let row = |cell: u32| {
                let counts: Vec<u32> = (0..9).map(|gene| (cell * (gene + of) + gene * gene) % (3 + gene)).collect();
                let rest = 100 - counts.iter().sum::<u32>();
                [counts, vec![rest]].concat()
            };
            (0..17 + of).map(row).collect()
        };
        let counts = |rows: &[Vec<u32>]| Counts::from_dense_rows(10, rows.iter().map(Vec::as_slice));
        let (control, perturbed) = (counts(&cells(0)), counts(&cells(4)));
        let reference = Reference::new(&control);
        let tests = reference.compare(&perturbed);
        let others = compare(&log_normalise(&control, Target::Sum(1e4)), &log_normalise(&perturbed, Target::Sum(1e4)));
        let others = others.unwrap_or_default();
        assert_eq!(reference.tested().len(), tests.len());
        assert!(tests.len() >= 9, "{}", tests.len());
        for (gene, test) in reference.tested().iter().zip(&tests) {
            // The same formula on the same ranks.
            let p = others[*gene as usize].p;
            assert!((test.p - p).abs() < 1e-12, "gene {gene}: {} {p}", test.p);
        }
        assert!(tests.iter().any(|test| test.p < 0.5));
    }

    #[test]
    fn equal_shares_of_cells_of_any_depth_are_ties() {
        let cells = |depths: std::ops::Range<u32>| {
            let rows: Vec<[u32; 2]> = depths.map(|depth| [depth, 48 * depth]).collect();
            Counts::from_dense_rows(2, rows.iter().map(|row| row.as_slice()))
        };
        // One of 49, two of 98, …: all tied, so that nothing differs at all.
        let tests = Reference::new(&cells(1..40)).compare(&cells(40..90));
        assert!(tests.len() == 2 && tests.iter().all(|test| test.p == 1.0 && test.log2_fold_change.abs() < 1e-12));
    }

    #[test]
    fn the_gate_asks_for_more_than_five() {
        // 5, 6 and the rest per million in every cell; a cell without counts halves them.
        let rows = [[5_u32, 6, 999_989], [5, 6, 999_989]];
        let full = Counts::from_dense_rows(3, rows.iter().map(|row| row.as_slice()));
        assert_eq!(means_per_million(&full), [5.0, 6.0, 999_989.0]);
        assert_eq!(Reference::new(&full).tested(), [1, 2]);
        let halved = Counts::from_dense_rows(3, [rows[0], [0; 3]].iter().map(|row| row.as_slice()));
        assert_eq!(Reference::new(&halved).tested(), [2]);
    }
}
