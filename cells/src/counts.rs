//! Sparse UMI counts: one row a cell, one column a gene.
//!
//! Does: compressed sparse rows of `u32`, checked when built; selecting, aligning, appending.
//! Does not know: names of genes or cells.
//! Flow: the type that measured and generated cells share, under `Cells`.

use thiserror::Error;

/// Counts [cells, genes] in compressed sparse rows; no zero is stored, genes ascend in each row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Counts {
    genes: usize,
    starts: Vec<usize>,
    indices: Vec<u32>,
    values: Vec<u32>,
    /// UMIs of every whole cell; none where the genes are all that was counted.
    totals: Vec<u64>,
}

/// Why arrays are not a count matrix.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum CountsError {
    /// Row starts do not begin at 0, do not ascend, or do not end at the number of values.
    #[error(
        "the row pointer (indptr) is damaged at entry {entry}: it must start at 0, never fall, and end at {stored}"
    )]
    Starts {
        /// First entry that is wrong.
        entry: usize,
        /// Stored values.
        stored: usize,
    },
    /// Indices and values differ in number.
    #[error("{indices} column indices stand against {values} values")]
    Lengths {
        /// Column indices.
        indices: usize,
        /// Values.
        values: usize,
    },
    /// A gene past the last one.
    #[error("row {row} names column {column}, but there are only {genes} genes")]
    Column {
        /// Row (cell).
        row: usize,
        /// Column (gene).
        column: u32,
        /// Number of genes.
        genes: usize,
    },
    /// A gene twice in a row.
    #[error("row {row} holds column {column} twice")]
    Twice {
        /// Row (cell).
        row: usize,
        /// Column (gene).
        column: u32,
    },
    /// Two matrices that do not stand on the same genes.
    #[error("{right} genes cannot be appended to {left} genes; align both to one panel first")]
    Genes {
        /// Genes of the first.
        left: usize,
        /// Genes of the second.
        right: usize,
    },
}

impl Counts {
    /// Counts from compressed sparse rows. Rows need not be sorted; zeros are dropped.
    ///
    /// # Errors
    /// When the arrays do not describe a matrix with `genes` columns.
    pub fn new(genes: usize, starts: Vec<usize>, indices: Vec<u32>, values: Vec<u32>) -> Result<Self, CountsError> {
        Self::build(genes, starts, indices, values, None)
    }

    /// The same, but values that stand at one place are added up by `add`, which gives none when they cannot be.
    ///
    /// # Errors
    /// As [`Counts::new`], and when values cannot be added.
    pub(crate) fn summed(
        genes: usize,
        starts: Vec<usize>,
        indices: Vec<u32>,
        values: Vec<u32>,
        add: fn(u32, u32) -> Option<u32>,
    ) -> Result<Self, CountsError> {
        Self::build(genes, starts, indices, values, Some(add))
    }

    fn build(
        genes: usize,
        starts: Vec<usize>,
        indices: Vec<u32>,
        values: Vec<u32>,
        add: Option<fn(u32, u32) -> Option<u32>>,
    ) -> Result<Self, CountsError> {
        let stored = values.len();
        if indices.len() != stored {
            return Err(CountsError::Lengths { indices: indices.len(), values: stored });
        }
        check_starts(&starts, stored)?;
        // What is in order needs no copy.
        let in_order = |pair: &[usize]| {
            let row = &indices[pair[0]..pair[1]];
            row.windows(2).all(|two| two[0] < two[1]) && row.last().is_none_or(|last| (*last as usize) < genes)
        };
        if !values.contains(&0) && starts.windows(2).all(in_order) {
            return Ok(Self { genes, starts, indices, values, totals: Vec::new() });
        }
        let mut clean = Self::with_capacity(genes, starts.len().saturating_sub(1), stored);
        let mut entries: Vec<(u32, u32)> = Vec::new();
        for (row, window) in starts.windows(2).enumerate() {
            entries.clear();
            entries.extend(
                indices[window[0]..window[1]].iter().copied().zip(values[window[0]..window[1]].iter().copied()),
            );
            entries.sort_by_key(|(column, _)| *column);
            if let Some((column, _)) = entries.last().filter(|(column, _)| *column as usize >= genes) {
                return Err(CountsError::Column { row, column: *column, genes });
            }
            if let Some(pair) = entries.windows(2).find(|pair| pair[0].0 == pair[1].0) {
                let twice = CountsError::Twice { row, column: pair[0].0 };
                entries = add.and_then(|add| merged(&entries, add)).ok_or(twice)?;
            }
            clean.push_row(entries.iter().copied());
        }
        Ok(clean)
    }

    /// No cells of `genes` genes.
    pub fn empty(genes: usize) -> Self {
        Self { genes, starts: vec![0], indices: Vec::new(), values: Vec::new(), totals: Vec::new() }
    }

    /// No cells, with room for so many and so many stored values.
    pub fn with_capacity(genes: usize, cells: usize, stored: usize) -> Self {
        let mut starts = Vec::with_capacity(cells + 1);
        starts.push(0);
        Self {
            genes,
            starts,
            indices: Vec::with_capacity(stored),
            values: Vec::with_capacity(stored),
            totals: Vec::new(),
        }
    }

    /// Counts from dense rows of `genes` values; longer rows are cut, shorter ones end in zeros.
    pub fn from_dense_rows<'a>(genes: usize, rows: impl IntoIterator<Item = &'a [u32]>) -> Self {
        let mut counts = Self::empty(genes);
        for row in rows {
            counts.push_row(row.iter().take(genes).enumerate().map(|(gene, count)| (gene as u32, *count)));
        }
        counts
    }

    /// Appends a row whose genes ascend.
    pub(crate) fn push_row(&mut self, entries: impl Iterator<Item = (u32, u32)>) {
        for (gene, count) in entries.filter(|(_, count)| *count > 0) {
            self.indices.push(gene);
            self.values.push(count);
        }
        self.starts.push(self.indices.len());
    }

    /// Number of cells.
    pub fn cells(&self) -> usize {
        self.starts.len() - 1
    }

    /// Number of genes.
    pub fn genes(&self) -> usize {
        self.genes
    }

    /// Number of stored (non-zero) values.
    pub fn stored(&self) -> usize {
        self.values.len()
    }

    /// Genes and counts of a cell, genes ascending.
    pub fn row(&self, cell: usize) -> (&[u32], &[u32]) {
        let range = self.starts[cell]..self.starts[cell + 1];
        (&self.indices[range.clone()], &self.values[range])
    }

    /// Writes a cell into a dense row of G values.
    pub fn dense_row(&self, cell: usize, into: &mut [u32]) {
        into.fill(0);
        let (genes, counts) = self.row(cell);
        for (gene, count) in genes.iter().zip(counts) {
            into[*gene as usize] = *count;
        }
    }

    /// Number of genes, row starts, genes and counts.
    pub(crate) fn into_parts(self) -> (usize, Vec<usize>, Vec<u32>, Vec<u32>) {
        (self.genes, self.starts, self.indices, self.values)
    }

    /// UMIs per cell.
    pub fn library_sizes(&self) -> Vec<u64> {
        (0..self.cells()).map(|cell| self.row(cell).1.iter().map(|count| u64::from(*count)).sum()).collect()
    }

    /// The same counts of cells that had `totals` UMIs over the whole transcriptome: of a panel that is a part of it the
    /// sum over the panel moves with what a perturbation does, and no cell can be scaled by it. Cells past the end of
    /// `totals` have the sum over the panel; so does a total that is smaller than it.
    ///
    /// ```
    /// use cells::Counts;
    /// use cells::normalise::{Target, log_normalise};
    ///
    /// let panel = Counts::from_dense_rows(2, [[5, 0].as_slice(), [10, 0].as_slice()]);
    /// let whole = panel.clone().with_totals(vec![1000, 1000]);
    /// // Scaled by the panel both cells are alike; by the whole cell the second has twice as much.
    /// assert_eq!(panel.totals(), [5, 10]);
    /// let data = log_normalise(&whole, Target::Sum(1000.0));
    /// assert!((data.row(1).1[0] - 11_f32.ln()).abs() < 1e-6 && (data.row(0).1[0] - 6_f32.ln()).abs() < 1e-6);
    /// ```
    #[must_use]
    pub fn with_totals(mut self, totals: Vec<u64>) -> Self {
        self.totals.clear();
        let sums = self.library_sizes();
        let given = totals.into_iter().map(Some).chain(std::iter::repeat(None));
        self.totals = sums.into_iter().zip(given).map(|(sum, total)| total.unwrap_or(sum).max(sum)).collect();
        self
    }

    /// UMIs of every whole cell: as they were given, else the sums over the genes.
    pub fn totals(&self) -> Vec<u64> {
        if self.totals.is_empty() { self.library_sizes() } else { self.totals.clone() }
    }

    /// Whether [`Self::totals`] were given.
    pub fn has_totals(&self) -> bool {
        !self.totals.is_empty()
    }

    /// The named cells, in that order.
    pub fn select_cells(&self, cells: &[usize]) -> Self {
        let mut chosen = Self::empty(self.genes);
        cells.iter().for_each(|cell| chosen.copy_row(self, *cell));
        if self.has_totals() {
            chosen.totals = cells.iter().map(|cell| self.totals[*cell]).collect();
        }
        chosen
    }

    /// Appends a cell of a matrix on the same genes.
    fn copy_row(&mut self, from: &Self, cell: usize) {
        let (genes, counts) = from.row(cell);
        self.indices.extend_from_slice(genes);
        self.values.extend_from_slice(counts);
        self.starts.push(self.indices.len());
    }

    /// New gene j is old gene `genes[j]`; `None` is a gene that was not measured (all zero).
    pub fn select_genes(&self, genes: &[Option<usize>]) -> Self {
        let mut places: Vec<Vec<u32>> = vec![Vec::new(); self.genes];
        for (new, old) in genes.iter().enumerate() {
            if let Some(list) = old.and_then(|old| places.get_mut(old)) {
                list.push(new as u32);
            }
        }
        let mut chosen = Self::empty(genes.len());
        let mut entries: Vec<(u32, u32)> = Vec::new();
        for cell in 0..self.cells() {
            let (old, counts) = self.row(cell);
            entries.clear();
            for (gene, count) in old.iter().zip(counts) {
                entries.extend(places[*gene as usize].iter().map(|new| (*new, *count)));
            }
            entries.sort_unstable();
            chosen.push_row(entries.iter().copied());
        }
        chosen.totals.clone_from(&self.totals);
        chosen
    }

    /// Appends the cells of `other`; where only one of both has totals, the sums of the other take their place.
    ///
    /// # Errors
    /// When the numbers of genes differ.
    pub fn append(&mut self, other: &Self) -> Result<(), CountsError> {
        if self.genes != other.genes {
            return Err(CountsError::Genes { left: self.genes, right: other.genes });
        }
        if self.has_totals() || other.has_totals() {
            let mut totals = self.totals();
            totals.extend(other.totals());
            self.totals = totals;
        }
        (0..other.cells()).for_each(|cell| self.copy_row(other, cell));
        Ok(())
    }
}

/// Entries of a row, those of one column added up; none when they cannot be.
fn merged(entries: &[(u32, u32)], add: fn(u32, u32) -> Option<u32>) -> Option<Vec<(u32, u32)>> {
    let mut all: Vec<(u32, u32)> = Vec::with_capacity(entries.len());
    for (column, value) in entries {
        match all.last_mut().filter(|(last, _)| last == column) {
            Some((_, sum)) => *sum = add(*sum, *value)?,
            None => all.push((*column, *value)),
        }
    }
    Some(all)
}

/// Checks a row pointer.
fn check_starts(starts: &[usize], stored: usize) -> Result<(), CountsError> {
    if starts.first() != Some(&0) {
        return Err(CountsError::Starts { entry: 0, stored });
    }
    if let Some(entry) = starts.windows(2).position(|pair| pair[1] < pair[0]) {
        return Err(CountsError::Starts { entry: entry + 1, stored });
    }
    if starts.last() != Some(&stored) {
        return Err(CountsError::Starts { entry: starts.len() - 1, stored });
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    // A test fails by panicking; that is what `unwrap` is for here.
    #![allow(clippy::unwrap_used)]
    use super::{Counts, CountsError};
    use proptest::prelude::{Strategy, prop, proptest};

    fn dense() -> impl Strategy<Value = Vec<Vec<u32>>> {
        prop::collection::vec(prop::collection::vec(0_u32..4, 7), 0..9)
    }

    proptest! {
        #[test]
        fn dense_rows_come_back(rows in dense()) {
            let counts = Counts::from_dense_rows(7, rows.iter().map(Vec::as_slice));
            let mut row = vec![0; 7];
            for (cell, expected) in rows.iter().enumerate() {
                counts.dense_row(cell, &mut row);
                assert_eq!(&row, expected);
            }
            let mut twice = counts.clone();
            twice.append(&counts).unwrap();
            assert_eq!(twice.select_cells(&(counts.cells()..2 * counts.cells()).collect::<Vec<_>>()), counts);
        }

        #[test]
        fn genes_are_aligned(rows in dense()) {
            let counts = Counts::from_dense_rows(7, rows.iter().map(Vec::as_slice));
            let chosen = counts.select_genes(&[Some(6), None, Some(0)]);
            let mut row = vec![9; 3];
            for (cell, expected) in rows.iter().enumerate() {
                chosen.dense_row(cell, &mut row);
                assert_eq!(row, [expected[6], 0, expected[0]]);
            }
        }
    }

    #[test]
    fn damaged_arrays_are_named() {
        assert_eq!(
            Counts::new(3, vec![0, 2, 1], vec![0, 1], vec![1, 1]),
            Err(CountsError::Starts { entry: 2, stored: 2 })
        );
        assert_eq!(
            Counts::new(3, vec![0, 1], vec![3], vec![1]),
            Err(CountsError::Column { row: 0, column: 3, genes: 3 })
        );
        assert_eq!(Counts::new(3, vec![0, 2], vec![1, 1], vec![1, 1]), Err(CountsError::Twice { row: 0, column: 1 }));
        assert!(Counts::new(3, vec![], vec![], vec![]).is_err());
        let sorted = Counts::new(3, vec![0, 2], vec![2, 0], vec![5, 0]).unwrap();
        assert_eq!(sorted.row(0), (&[2_u32][..], &[5_u32][..]));
    }
}
