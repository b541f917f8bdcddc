//! Log-normalised expression.
//!
//! Does: scales each cell to one library size (of the whole cell where it is known, `Counts::with_totals`) and takes log(1 + x), as scanpy's normalize_total and
//! log1p do; keeps the sparse pattern; means per gene.
//! Does not know: genes' names or groups of cells beyond lists of places.
//! Flow: counts → **log-normalised** → effects, principal components, figures.

use thiserror::Error;

use crate::counts::{Counts, CountsError};

/// Log-normalised values stay below this (cell-eval's bound: e¹⁵ is more than any cell's counts).
const LARGEST: f32 = 15.0;

/// Arrays that are not log-normalised expression.
#[derive(Clone, Debug, PartialEq, Error)]
pub enum NormalisedError {
    /// A value outside the range.
    #[error("value {at} is {value}; log-normalised expression is at least 0 and below 15. Was it scaled or centred?")]
    Value {
        /// Place among the stored values.
        at: usize,
        /// The value.
        value: f32,
    },
    /// Not a matrix.
    #[error(transparent)]
    Pattern(#[from] CountsError),
}

/// Library size that every cell is scaled to.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Target {
    /// The median of these cells (cell-eval's rule, PAPER.md section 11).
    Median,
    /// A given sum.
    Sum(f64),
}

/// log1p(count · target / library size) [cells, genes], sparse rows.
#[derive(Clone, Debug, PartialEq)]
pub struct Normalised {
    genes: usize,
    starts: Vec<usize>,
    indices: Vec<u32>,
    values: Vec<f32>,
}

/// Scales and takes logs. Cells without counts stay zero.
///
/// ```
/// use cells::Counts;
/// use cells::normalise::{Target, log_normalise};
///
/// let counts = Counts::from_dense_rows(2, [&[1, 3][..], &[0, 8][..]]);
/// let normalised = log_normalise(&counts, Target::Sum(10_000.0));
/// // A quarter of the first cell's counts: log(1 + 2,500).
/// assert!((normalised.gene(0)[0] - 2501.0_f32.ln()).abs() < 1e-5);
/// ```
pub fn log_normalise(counts: &Counts, target: Target) -> Normalised {
    into_log_normalised(counts.clone(), target)
}

/// [`log_normalise`] in the place of the counts, for matrices that should not be in memory twice.
pub fn into_log_normalised(counts: Counts, target: Target) -> Normalised {
    let sizes = counts.totals();
    let target = match target {
        Target::Sum(sum) => sum,
        Target::Median => median(&sizes),
    };
    let (genes, starts, mut indices, values) = counts.into_parts();
    let mut cells = sizes.iter().zip(starts.windows(2));
    let (mut scale, mut left) = (Scale::new(1.0), 0);
    let scaled = |count| {
        while left == 0 {
            let Some((size, row)) = cells.next() else { break };
            // In f32 and in scanpy's order: which values are equal, and so tied in a rank test, hangs on the rounding.
            (scale, left) = (Scale::new(*size as f32 / target as f32), row[1] - row[0]);
        }
        left = left.saturating_sub(1);
        scale.of(count)
    };
    // Collected into the memory of the counts.
    let mut values: Vec<f32> = values.into_iter().map(scaled).collect();
    indices.shrink_to_fit();
    values.shrink_to_fit();
    Normalised { genes, starts, indices, values }
}

/// Logarithms of one cell's counts; the small ones, which are most, are taken once.
struct Scale {
    share: f32,
    known: [f32; Self::KNOWN],
}

impl Scale {
    /// Counts below this are looked up.
    const KNOWN: usize = 16;

    /// A cell of `share` times the target's library size.
    fn new(share: f32) -> Self {
        let known = std::array::from_fn(|count| Self::log(count as u32, share));
        Self { share, known }
    }

    fn log(count: u32, share: f32) -> f32 {
        f64::from(count as f32 / share).ln_1p() as f32
    }

    fn of(&self, count: u32) -> f32 {
        self.known.get(count as usize).copied().unwrap_or_else(|| Self::log(count, self.share))
    }
}

/// Median library size of the cells that have counts; 1 when none has (scanpy leaves empty cells out).
pub fn median(sizes: &[u64]) -> f64 {
    let mut sizes: Vec<u64> = sizes.iter().copied().filter(|size| *size > 0).collect();
    sizes.sort_unstable();
    let middle = sizes.len() / 2;
    match sizes.len() {
        0 => 1.0,
        n if n % 2 == 1 => sizes[middle] as f64,
        _ => (sizes[middle - 1] as f64 + sizes[middle] as f64) / 2.0,
    }
}

impl Normalised {
    /// Log-normalised values that came so, [cells, genes] in compressed sparse rows, genes ascending in each row.
    ///
    /// # Errors
    /// When the arrays are no such matrix, or a value is not in the range of log-normalised expression (cell-eval's:
    /// from 0 to below 15).
    pub fn new(genes: usize, starts: Vec<usize>, indices: Vec<u32>, values: Vec<f32>) -> Result<Self, NormalisedError> {
        if let Some(at) = values.iter().position(|value| !(0.0..LARGEST).contains(value)) {
            return Err(NormalisedError::Value { at, value: values[at] });
        }
        // The pattern is checked as that of counts is, with bits in their place; adding 0 makes −0 a zero, which is not kept.
        let counts =
            Counts::new(genes, starts, indices, values.into_iter().map(|value| (value + 0.0).to_bits()).collect())?;
        let (genes, starts, indices, bits) = counts.into_parts();
        Ok(Self { genes, starts, indices, values: bits.into_iter().map(f32::from_bits).collect() })
    }

    /// Appends the cells of `other`, which must have the same genes.
    ///
    /// # Errors
    /// When they have not.
    pub fn append(&mut self, other: &Self) -> Result<(), CountsError> {
        if self.genes != other.genes {
            return Err(CountsError::Genes { left: self.genes, right: other.genes });
        }
        for cell in 0..other.cells() {
            let (genes, values) = other.row(cell);
            self.indices.extend_from_slice(genes);
            self.values.extend_from_slice(values);
            self.starts.push(self.indices.len());
        }
        Ok(())
    }

    /// New gene j is old gene `genes[j]`; `None` is a gene that was not measured (all zero).
    pub fn select_genes(&self, genes: &[Option<usize>]) -> Self {
        // Bits are whole numbers, positive values have none that is zero: the pattern moves as counts do.
        let bits = self.values.iter().map(|value| value.to_bits()).collect();
        let counts = Counts::new(self.genes, self.starts.clone(), self.indices.clone(), bits);
        let moved = counts.map_or_else(|_| Counts::empty(genes.len()), |counts| counts.select_genes(genes));
        let (genes, starts, indices, bits) = moved.into_parts();
        Self { genes, starts, indices, values: bits.into_iter().map(f32::from_bits).collect() }
    }

    /// No cells, with room for so many and so many stored values.
    pub fn with_capacity(genes: usize, cells: usize, stored: usize) -> Self {
        let mut starts = Vec::with_capacity(cells + 1);
        starts.push(0);
        Self { genes, starts, indices: Vec::with_capacity(stored), values: Vec::with_capacity(stored) }
    }

    /// Number of cells.
    pub fn cells(&self) -> usize {
        self.starts.len() - 1
    }

    /// Number of genes.
    pub fn genes(&self) -> usize {
        self.genes
    }

    /// Genes and values of a cell.
    pub fn row(&self, cell: usize) -> (&[u32], &[f32]) {
        let range = self.starts[cell]..self.starts[cell + 1];
        (&self.indices[range.clone()], &self.values[range])
    }

    /// Values of one gene over all cells, zeros included.
    pub fn gene(&self, gene: u32) -> Vec<f32> {
        (0..self.cells())
            .map(|cell| {
                let (genes, values) = self.row(cell);
                genes.binary_search(&gene).map_or(0.0, |at| values[at])
            })
            .collect()
    }

    /// Mean per gene over the named cells; zero when there are none.
    pub fn mean_over(&self, cells: impl IntoIterator<Item = usize>) -> Vec<f64> {
        let mut sums = vec![0.0; self.genes];
        let mut count = 0_usize;
        for cell in cells {
            let (genes, values) = self.row(cell);
            for (gene, value) in genes.iter().zip(values) {
                sums[*gene as usize] += f64::from(*value);
            }
            count += 1;
        }
        sums.iter_mut().for_each(|sum| *sum /= count.max(1) as f64);
        sums
    }

    /// Mean per gene over all cells: the pseudobulk of cell-eval.
    pub fn mean(&self) -> Vec<f64> {
        self.mean_over(0..self.cells())
    }

    /// Every cell moved by the same shift per gene and cut at zero: PerturbMean's prediction as cells.
    pub fn shifted(&self, shift: &[f64]) -> Self {
        let mut moved = Self { genes: self.genes, starts: vec![0], indices: Vec::new(), values: Vec::new() };
        let mut dense = vec![0.0_f32; self.genes];
        for cell in 0..self.cells() {
            dense.iter_mut().zip(shift).for_each(|(value, shift)| *value = *shift as f32);
            let (genes, values) = self.row(cell);
            genes.iter().zip(values).for_each(|(gene, value)| dense[*gene as usize] += value);
            for (gene, value) in dense.iter().enumerate().filter(|(_, value)| **value > 0.0) {
                moved.indices.push(gene as u32);
                moved.values.push(*value);
            }
            moved.starts.push(moved.indices.len());
        }
        moved
    }

    /// The named cells, in that order.
    pub fn select(&self, cells: &[usize]) -> Self {
        let mut chosen = Self { genes: self.genes, starts: vec![0], indices: Vec::new(), values: Vec::new() };
        for cell in cells {
            let (genes, values) = self.row(*cell);
            chosen.indices.extend_from_slice(genes);
            chosen.values.extend_from_slice(values);
            chosen.starts.push(chosen.indices.len());
        }
        chosen
    }
}

#[cfg(test)]
mod tests {
    use super::{Target, log_normalise};
    use crate::counts::Counts;

    #[test]
    fn scales_to_the_target_and_takes_logs() {
        let rows = [[1_u32, 3], [0, 0], [10, 10]];
        let counts = Counts::from_dense_rows(2, rows.iter().map(|row| row.as_slice()));
        let data = log_normalise(&counts, Target::Sum(8.0));
        // Exact up to f32 storage.
        assert!((f64::from(data.gene(0)[0]) - 3.0_f64.ln()).abs() < 1e-6);
        assert!((f64::from(data.gene(1)[2]) - 5.0_f64.ln()).abs() < 1e-6);
        assert_eq!(data.gene(0)[1], 0.0);
        // The median of 4 and 20; the empty cell does not count.
        let median = log_normalise(&counts, Target::Median);
        assert!((f64::from(median.gene(0)[0]) - 4.0_f64.ln()).abs() < 1e-6);
    }
}
