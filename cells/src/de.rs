//! Differential expression: which genes shift between two sets of cells.
//!
//! Does: the two-sided Mann-Whitney U test per gene (normal approximation, corrected for ties and
//! continuity, as scipy computes it), Benjamini-Hochberg over the genes, log2 fold changes, and a
//! 95 % interval of the difference of means. Steppable, so that a caller can stop half-way.
//! Does not know: gene names, thresholds, figures.
//! Flow: two log-normalised sets → **shifts** → table, volcano, metrics.
//!
//! Zeros are never stored, so they are ranked as one block of ties: the cost is that of sorting the
//! non-zero values, and the control's are sorted once for all comparisons ([`Control`]).

pub mod paired;

use statrs::function::erf::erfc;
use thiserror::Error;

use crate::normalise::Normalised;

/// Added to both means of a fold change, so that a gene seen on one side only stays finite (pdex).
const PSEUDOCOUNT: f64 = 1e-9;

/// How one gene shifts from control to perturbed cells.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct GeneShift {
    /// Gene, by its place in the panel.
    pub gene: u32,
    /// expm1 of the mean log-normalised value in control cells (normalised counts).
    pub mean_control: f64,
    /// The same in perturbed cells.
    pub mean_perturbed: f64,
    /// log2 of the ratio of the two; 0 for a gene that is absent on both sides.
    pub log2_fold_change: f64,
    /// p-value of the rank test; 1 when the gene is constant.
    pub p: f64,
    /// Benjamini-Hochberg q-value over all genes of the comparison.
    pub q: f64,
    /// Difference of mean log-normalised values (natural log).
    pub difference: f64,
    /// Lower end of its 95 % interval (Welch's standard error, normal quantile).
    pub low: f64,
    /// Upper end.
    pub high: f64,
    /// Share of control cells with the gene.
    pub detected_control: f32,
    /// Share of perturbed cells with the gene.
    pub detected_perturbed: f32,
}

/// Two sets that cannot be compared.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum DeError {
    /// Different genes.
    #[error("the control cells have {control} genes and the perturbed cells {perturbed}; align both to one panel")]
    Genes {
        /// Genes of the controls.
        control: usize,
        /// Genes of the perturbed.
        perturbed: usize,
    },
    /// Cells that should be pairs.
    #[error("{control} control cells and {perturbed} perturbed cells are no pairs")]
    Pairs {
        /// Control cells.
        control: usize,
        /// Perturbed cells.
        perturbed: usize,
    },
    /// A side has no cells.
    #[error("there are no {0} cells to compare")]
    Empty(&'static str),
}

/// Non-zero values gene by gene, as the bits of their positive f32: these ascend as the values do, and integers sort
/// several times faster.
struct Columns {
    starts: Vec<usize>,
    bits: Vec<u32>,
}

impl Columns {
    fn new(data: &Normalised) -> Self {
        let mut starts = vec![0_usize; data.genes() + 1];
        for cell in 0..data.cells() {
            data.row(cell).0.iter().for_each(|gene| starts[*gene as usize + 1] += 1);
        }
        for gene in 0..data.genes() {
            starts[gene + 1] += starts[gene];
        }
        let mut next = starts.clone();
        let mut bits = vec![0; starts[data.genes()]];
        for cell in 0..data.cells() {
            let (genes, row) = data.row(cell);
            for (gene, value) in genes.iter().zip(row) {
                bits[next[*gene as usize]] = value.to_bits();
                next[*gene as usize] += 1;
            }
        }
        Self { starts, bits }
    }

    /// Values of a gene, ascending from the first time they are asked for.
    fn sorted(&mut self, gene: usize) -> &[u32] {
        let column = &mut self.bits[self.starts[gene]..self.starts[gene + 1]];
        // Sorting what is sorted costs one pass.
        column.sort_unstable();
        column
    }
}

/// One gene on one side.
#[derive(Clone, Copy)]
struct Column<'a> {
    /// Bits of the non-zero values, ascending.
    bits: &'a [u32],
    /// Mean of all values, zeros included.
    mean: f64,
    /// Unbiased variance.
    variance: f64,
    /// Σ t³ − t over equal non-zero values.
    ties: f64,
}

impl<'a> Column<'a> {
    fn new(bits: &'a [u32], cells: usize) -> Self {
        let n = cells as f64;
        let value = |bits: &u32| f64::from(f32::from_bits(*bits));
        // A sum of nothing is −0 in Rust; a gene that nobody has is at 0.
        let mean = bits.iter().map(value).sum::<f64>() / n + 0.0;
        let zeros = n - bits.len() as f64;
        let squares = bits.iter().map(|bits| (value(bits) - mean).powi(2)).sum::<f64>() + zeros * mean * mean;
        let variance = if cells > 1 { squares / (n - 1.0) } else { 0.0 };
        let ties = bits.chunk_by(|a, b| a == b).map(|run| tied(run.len())).sum();
        Self { bits, mean, variance, ties }
    }
}

/// t³ − t.
fn tied(count: usize) -> f64 {
    let t = count as f64;
    t * t * t - t
}

/// Control cells made ready for many comparisons: sorted, with their moments.
pub struct Control {
    columns: Columns,
    /// Mean, variance and ties of every gene.
    facts: Vec<[f64; 3]>,
    cells: usize,
}

impl Control {
    /// Sorts the control cells gene by gene.
    ///
    /// # Errors
    /// When there are none.
    pub fn new(control: &Normalised) -> Result<Self, DeError> {
        if control.cells() == 0 {
            return Err(DeError::Empty("control"));
        }
        let (mut columns, cells) = (Columns::new(control), control.cells());
        let fact = |gene| {
            let column = Column::new(columns.sorted(gene), cells);
            [column.mean, column.variance, column.ties]
        };
        let facts = (0..control.genes()).map(fact).collect();
        Ok(Self { columns, facts, cells })
    }

    fn column(&self, gene: usize) -> Column<'_> {
        let [mean, variance, ties] = self.facts[gene];
        let bits = &self.columns.bits[self.columns.starts[gene]..self.columns.starts[gene + 1]];
        Column { bits, mean, variance, ties }
    }

    /// Compares perturbed cells with these.
    ///
    /// # Errors
    /// When the genes differ in number or there are no perturbed cells.
    pub fn compare(&self, perturbed: &Normalised) -> Result<Vec<GeneShift>, DeError> {
        check(self.facts.len(), self.cells, perturbed)?;
        let mut columns = Columns::new(perturbed);
        let cells = [self.cells, perturbed.cells()];
        let test = |gene| test(gene, self.column(gene), Column::new(columns.sorted(gene), cells[1]), cells);
        Ok(corrected((0..self.facts.len()).map(test).collect()))
    }
}

/// Refuses sides that cannot be compared.
fn check(genes: usize, control: usize, perturbed: &Normalised) -> Result<(), DeError> {
    if genes != perturbed.genes() {
        return Err(DeError::Genes { control: genes, perturbed: perturbed.genes() });
    }
    if control == 0 {
        return Err(DeError::Empty("control"));
    }
    if perturbed.cells() == 0 {
        return Err(DeError::Empty("perturbed"));
    }
    Ok(())
}

/// A comparison in work.
pub struct Differential {
    control: Columns,
    perturbed: Columns,
    cells: [usize; 2],
    genes: usize,
    shifts: Vec<GeneShift>,
}

impl Differential {
    /// Starts a comparison; nothing is tested yet.
    ///
    /// # Errors
    /// When the genes differ in number or a side is empty.
    pub fn new(control: &Normalised, perturbed: &Normalised) -> Result<Self, DeError> {
        check(control.genes(), control.cells(), perturbed)?;
        Ok(Self {
            cells: [control.cells(), perturbed.cells()],
            genes: control.genes(),
            control: Columns::new(control),
            perturbed: Columns::new(perturbed),
            shifts: Vec::with_capacity(control.genes()),
        })
    }

    /// Tests up to `genes` further genes; returns the share done.
    pub fn step(&mut self, genes: usize) -> f64 {
        let first = self.shifts.len();
        for gene in first..self.genes.min(first + genes) {
            let control = Column::new(self.control.sorted(gene), self.cells[0]);
            let perturbed = Column::new(self.perturbed.sorted(gene), self.cells[1]);
            self.shifts.push(test(gene, control, perturbed, self.cells));
        }
        if self.genes == 0 { 1.0 } else { self.shifts.len() as f64 / self.genes as f64 }
    }

    /// Finishes all genes and corrects for their number.
    pub fn finish(mut self) -> Vec<GeneShift> {
        self.step(self.genes);
        corrected(self.shifts)
    }
}

/// All genes at once.
///
/// ```
/// use cells::Counts;
/// use cells::de::compare;
/// use cells::normalise::{Target, log_normalise};
///
/// // Ten cells a side; the first gene is in the perturbed cells alone.
/// let ten = |row: &[u32]| {
///     let counts = Counts::from_dense_rows(2, std::iter::repeat_n(row, 10));
///     log_normalise(&counts, Target::Sum(10_000.0))
/// };
/// let shifts = compare(&ten(&[0, 9]), &ten(&[9, 9]))?;
/// assert!(shifts[0].q < 0.001 && shifts[0].log2_fold_change > 0.0);
/// # Ok::<(), cells::de::DeError>(())
/// ```
///
/// # Errors
/// As [`Differential::new`].
pub fn compare(control: &Normalised, perturbed: &Normalised) -> Result<Vec<GeneShift>, DeError> {
    Ok(Differential::new(control, perturbed)?.finish())
}

/// Puts in q-values over all genes.
fn corrected(mut shifts: Vec<GeneShift>) -> Vec<GeneShift> {
    let p: Vec<f64> = shifts.iter().map(|shift| shift.p).collect();
    for (shift, q) in shifts.iter_mut().zip(benjamini_hochberg(&p)) {
        shift.q = q;
    }
    shifts
}

/// log2 of the ratio of perturbed to control mean normalised counts; 0 for a gene that is absent on both sides.
pub fn log2_fold_change(control: f64, perturbed: f64) -> f64 {
    if control == 0.0 && perturbed == 0.0 {
        return 0.0;
    }
    ((perturbed + PSEUDOCOUNT) / (control + PSEUDOCOUNT)).log2()
}

/// One gene.
fn test(gene: usize, control: Column<'_>, perturbed: Column<'_>, cells: [usize; 2]) -> GeneShift {
    let [n, m] = cells.map(|cells| cells as f64);
    let (normal_a, normal_b) = (control.mean.exp_m1(), perturbed.mean.exp_m1());
    let difference = perturbed.mean - control.mean;
    let margin = 1.959_963_984_540_054 * (control.variance / n + perturbed.variance / m).sqrt();
    GeneShift {
        gene: gene as u32,
        mean_control: normal_a,
        mean_perturbed: normal_b,
        log2_fold_change: log2_fold_change(normal_a, normal_b),
        p: mann_whitney(control, perturbed, cells),
        q: 1.0,
        difference,
        low: difference - margin,
        high: difference + margin,
        detected_control: (control.bits.len() as f64 / n) as f32,
        detected_perturbed: (perturbed.bits.len() as f64 / m) as f32,
    }
}

/// Two-sided p-value of the Mann-Whitney U test, as `scipy.stats.mannwhitneyu(…, method="asymptotic",
/// use_continuity=True)`.
///
/// U counts pairs: every perturbed value wins against the zeros and the smaller values of the control, and half against
/// equal ones. The control is walked through once, in leaps, so that few perturbed cells against many controls cost
/// little. All sums are of whole or half numbers and exact.
fn mann_whitney(control: Column<'_>, perturbed: Column<'_>, cells: [usize; 2]) -> f64 {
    let [n, m] = cells.map(|cells| cells as f64);
    let total = n + m;
    let zeros = [n - control.bits.len() as f64, m - perturbed.bits.len() as f64];
    let mut u = zeros[1] * zeros[0] / 2.0;
    let mut ties = tied((zeros[0] + zeros[1]) as usize) + control.ties;
    let mut below = 0;
    for run in perturbed.bits.chunk_by(|a, b| a == b) {
        below += leap(&control.bits[below..], |value| value < run[0]);
        let equal = leap(&control.bits[below..], |value| value == run[0]);
        u += run.len() as f64 * (zeros[0] + below as f64 + equal as f64 / 2.0);
        ties += tied(run.len() + equal) - tied(equal);
    }
    let mean = n * m / 2.0;
    let variance = n * m / 12.0 * ((total + 1.0) - ties / (total * (total - 1.0)));
    if variance.is_nan() || variance <= 0.0 {
        return 1.0;
    }
    let z = ((u - mean).abs() - 0.5) / variance.sqrt();
    erfc(z / std::f64::consts::SQRT_2).clamp(0.0, 1.0)
}

/// How many of the first values fulfil `first`, which none does after one that does not: doubling strides, then halving.
fn leap(sorted: &[u32], first: impl Fn(u32) -> bool) -> usize {
    let mut stride = 1;
    while stride <= sorted.len() && first(sorted[stride - 1]) {
        stride *= 2;
    }
    let (from, to) = (stride / 2, (stride - 1).min(sorted.len()));
    from + sorted[from..to].partition_point(|value| first(*value))
}

/// q-values of Benjamini and Hochberg, in the order given; not-a-number counts as 1.
pub fn benjamini_hochberg(p: &[f64]) -> Vec<f64> {
    let clean = |value: f64| if value.is_nan() { 1.0 } else { value };
    let mut order: Vec<usize> = (0..p.len()).collect();
    order.sort_by(|a, b| clean(p[*b]).total_cmp(&clean(p[*a])));
    let mut q = vec![1.0; p.len()];
    let mut smallest = 1.0_f64;
    for (from_top, index) in order.iter().enumerate() {
        let rank = (p.len() - from_top) as f64;
        smallest = smallest.min(clean(p[*index]) * p.len() as f64 / rank);
        q[*index] = smallest;
    }
    q
}

#[cfg(test)]
mod tests;
