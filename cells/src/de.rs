//! Differential expression: which genes shift between two sets of cells.
//!
//! Does: the two-sided Mann-Whitney U test per gene (normal approximation, corrected for ties and
//! continuity, as scipy computes it), Benjamini-Hochberg over the genes, log2 fold changes, and a
//! 95 % interval of the difference of means. Steppable, so that a caller can stop half-way.
//! Does not know: gene names, thresholds, figures.
//! Flow: two log-normalised sets → **shifts** → table, volcano, metrics.
//!
//! Zeros are never stored, so they are ranked as one block of ties: the cost is that of sorting the
//! non-zero values.

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
    /// A side has no cells.
    #[error("there are no {0} cells to compare")]
    Empty(&'static str),
}

/// Non-zero values gene by gene.
struct Columns {
    starts: Vec<usize>,
    values: Vec<f32>,
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
        let mut values = vec![0.0; starts[data.genes()]];
        for cell in 0..data.cells() {
            let (genes, row) = data.row(cell);
            for (gene, value) in genes.iter().zip(row) {
                values[next[*gene as usize]] = *value;
                next[*gene as usize] += 1;
            }
        }
        Self { starts, values }
    }

    fn gene(&self, gene: usize) -> &[f32] {
        &self.values[self.starts[gene]..self.starts[gene + 1]]
    }
}

/// A comparison in work.
pub struct Differential {
    control: Columns,
    perturbed: Columns,
    cells: [usize; 2],
    genes: usize,
    shifts: Vec<GeneShift>,
    ranked: Vec<(f32, bool)>,
}

impl Differential {
    /// Starts a comparison; nothing is tested yet.
    ///
    /// # Errors
    /// When the genes differ in number or a side is empty.
    pub fn new(control: &Normalised, perturbed: &Normalised) -> Result<Self, DeError> {
        if control.genes() != perturbed.genes() {
            return Err(DeError::Genes { control: control.genes(), perturbed: perturbed.genes() });
        }
        if control.cells() == 0 {
            return Err(DeError::Empty("control"));
        }
        if perturbed.cells() == 0 {
            return Err(DeError::Empty("perturbed"));
        }
        Ok(Self {
            cells: [control.cells(), perturbed.cells()],
            genes: control.genes(),
            control: Columns::new(control),
            perturbed: Columns::new(perturbed),
            shifts: Vec::with_capacity(control.genes()),
            ranked: Vec::new(),
        })
    }

    /// Tests up to `genes` further genes; returns the share done.
    pub fn step(&mut self, genes: usize) -> f64 {
        let first = self.shifts.len();
        for gene in first..self.genes.min(first + genes) {
            let shift = self.test(gene);
            self.shifts.push(shift);
        }
        if self.genes == 0 { 1.0 } else { self.shifts.len() as f64 / self.genes as f64 }
    }

    /// Finishes all genes and corrects for their number.
    pub fn finish(mut self) -> Vec<GeneShift> {
        self.step(self.genes);
        let p: Vec<f64> = self.shifts.iter().map(|shift| shift.p).collect();
        for (shift, q) in self.shifts.iter_mut().zip(benjamini_hochberg(&p)) {
            shift.q = q;
        }
        self.shifts
    }

    /// One gene.
    fn test(&mut self, gene: usize) -> GeneShift {
        let (control, perturbed) = (self.control.gene(gene), self.perturbed.gene(gene));
        let [n, m] = self.cells.map(|cells| cells as f64);
        let (mean_a, variance_a) = moments(control, n);
        let (mean_b, variance_b) = moments(perturbed, m);
        let p = mann_whitney(control, perturbed, self.cells, &mut self.ranked);
        let (normal_a, normal_b) = (mean_a.exp_m1(), mean_b.exp_m1());
        let log2_fold_change = if normal_a == 0.0 && normal_b == 0.0 {
            0.0
        } else {
            ((normal_b + PSEUDOCOUNT) / (normal_a + PSEUDOCOUNT)).log2()
        };
        let difference = mean_b - mean_a;
        let margin = 1.959_963_984_540_054 * (variance_a / n + variance_b / m).sqrt();
        GeneShift {
            gene: gene as u32,
            mean_control: normal_a,
            mean_perturbed: normal_b,
            log2_fold_change,
            p,
            q: 1.0,
            difference,
            low: difference - margin,
            high: difference + margin,
            detected_control: (control.len() as f64 / n) as f32,
            detected_perturbed: (perturbed.len() as f64 / m) as f32,
        }
    }
}

/// All genes at once.
///
/// # Errors
/// As [`Differential::new`].
pub fn compare(control: &Normalised, perturbed: &Normalised) -> Result<Vec<GeneShift>, DeError> {
    Ok(Differential::new(control, perturbed)?.finish())
}

/// Mean and unbiased variance of `values` with zeros up to n.
fn moments(values: &[f32], n: f64) -> (f64, f64) {
    let mean = values.iter().map(|value| f64::from(*value)).sum::<f64>() / n;
    let zeros = n - values.len() as f64;
    let squares: f64 = values.iter().map(|value| (f64::from(*value) - mean).powi(2)).sum::<f64>() + zeros * mean * mean;
    (mean, if n > 1.0 { squares / (n - 1.0) } else { 0.0 })
}

/// Two-sided p-value of the Mann-Whitney U test, as `scipy.stats.mannwhitneyu(…,
/// method="asymptotic", use_continuity=True)`; the slices hold the non-zero (positive) values.
fn mann_whitney(control: &[f32], perturbed: &[f32], cells: [usize; 2], ranked: &mut Vec<(f32, bool)>) -> f64 {
    let [n, m] = cells.map(|cells| cells as f64);
    let total = n + m;
    ranked.clear();
    ranked.extend(control.iter().map(|value| (*value, false)));
    ranked.extend(perturbed.iter().map(|value| (*value, true)));
    ranked.sort_unstable_by(|a, b| a.0.total_cmp(&b.0));
    let zeros = total - ranked.len() as f64;
    let zeros_perturbed = m - perturbed.len() as f64;
    // All zeros share the mean rank of the first block.
    let mut rank_sum = zeros_perturbed * (zeros + 1.0) / 2.0;
    let mut ties = zeros.powi(3) - zeros;
    let mut before = zeros;
    let mut rest = ranked.as_slice();
    while let Some(first) = rest.first() {
        let length = rest.iter().take_while(|entry| entry.0 == first.0).count();
        let tied = length as f64;
        let of_perturbed = rest[..length].iter().filter(|entry| entry.1).count() as f64;
        rank_sum += of_perturbed * (before + (tied + 1.0) / 2.0);
        ties += tied.powi(3) - tied;
        before += tied;
        rest = &rest[length..];
    }
    let u = rank_sum - m * (m + 1.0) / 2.0;
    let mean = n * m / 2.0;
    let variance = n * m / 12.0 * ((total + 1.0) - ties / (total * (total - 1.0)));
    if variance.is_nan() || variance <= 0.0 {
        return 1.0;
    }
    let z = ((u - mean).abs() - 0.5) / variance.sqrt();
    erfc(z / std::f64::consts::SQRT_2).clamp(0.0, 1.0)
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
