//! Values of a matrix that arrive in any order.
//!
//! Does: gathers (cell, gene, value) and sorts them by cell once, by counting; where it is known how many values each cell
//! has, puts them to their cell at once.
//! Does not know: files.
//! Flow: Matrix Market lines, matrices compressed by genes → **`Counts`**, or log-normalised values.

use crate::counts::{Counts, CountsError};
use crate::normalise::{Normalised, NormalisedError};

/// Row starts, genes and values with fractions.
pub(crate) type Floats = (Vec<usize>, Vec<u32>, Vec<f32>);
/// Row starts, genes and values.
type Sorted = (Vec<usize>, Vec<u32>, Vec<u32>);

/// Gathered values.
#[derive(Clone, Debug)]
pub struct Gather {
    cells: usize,
    genes: usize,
    rows: Vec<u32>,
    columns: Vec<u32>,
    values: Vec<u32>,
    /// Where each cell begins and where its next value goes, when it is known how many values each has.
    places: Option<(Vec<usize>, Vec<usize>)>,
    /// Whether a cell had more values than was said.
    over: bool,
}

impl Gather {
    /// Bytes held for each value while gathering and sorting.
    pub const BYTES_PER_VALUE: u64 = 20;

    /// Nothing yet, of so many cells and genes; room for `stored` values is taken if it can be had.
    pub fn new(cells: usize, genes: usize, stored: usize) -> Self {
        let room = || {
            let mut list: Vec<u32> = Vec::new();
            // Without room at once the list grows as values come; a file must not end the program by its claims.
            let _ = list.try_reserve_exact(stored);
            list
        };
        Self { cells, genes, rows: room(), columns: room(), values: room(), places: None, over: false }
    }

    /// Nothing yet, of cells that have so many values at most: values need no sorting, and 8 bytes each.
    pub fn placed(genes: usize, sizes: &[u32]) -> Self {
        let mut starts = vec![0; sizes.len() + 1];
        for (cell, size) in sizes.iter().enumerate() {
            starts[cell + 1] = starts[cell] + *size as usize;
        }
        let stored = starts[sizes.len()];
        let (columns, values) = (vec![0; stored], vec![0; stored]);
        let places = Some((starts.clone(), starts));
        Self { cells: sizes.len(), genes, rows: Vec::new(), columns, values, places, over: false }
    }

    /// Adds a value; cells and genes count from 0.
    pub fn push(&mut self, cell: u32, gene: u32, value: u32) {
        if let Some((starts, next)) = &mut self.places {
            match (next.get_mut(cell as usize), starts.get(cell as usize + 1)) {
                (Some(place), Some(end)) if *place < *end => {
                    (self.columns[*place], self.values[*place]) = (gene, value);
                    *place += 1;
                }
                _ => self.over = true,
            }
            return;
        }
        self.rows.push(cell);
        self.columns.push(gene);
        self.values.push(value);
    }

    /// Number of values.
    pub fn len(&self) -> usize {
        let placed =
            |(starts, next): &(Vec<usize>, Vec<usize>)| next.iter().zip(starts).map(|(next, start)| next - start).sum();
        self.places.as_ref().map_or(self.values.len(), placed)
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Changes all values so far.
    pub(crate) fn change_values(&mut self, change: impl Fn(u32) -> u32) {
        self.values.iter_mut().for_each(|value| *value = change(*value));
    }

    /// Values that are bits of f32; those of one cell and gene are added up.
    pub(crate) fn floats(self) -> Result<Floats, CountsError> {
        let genes = self.genes;
        let (starts, columns, values) = self.sorted()?;
        let add = |a: u32, b: u32| Some((f32::from_bits(a) + f32::from_bits(b)).to_bits());
        let (_, starts, columns, bits) = Counts::summed(genes, starts, columns, values, add)?.into_parts();
        Ok((starts, columns, bits.into_iter().map(f32::from_bits).collect()))
    }

    /// Placed values without the gaps that cells with fewer values left.
    fn closed(mut self, starts: &[usize], next: &[usize]) -> Result<Sorted, CountsError> {
        if self.over {
            return Err(CountsError::Starts { entry: self.cells, stored: self.values.len() });
        }
        let mut closed = vec![0; self.cells + 1];
        for cell in 0..self.cells {
            let (range, to) = (starts[cell]..next[cell], closed[cell]);
            closed[cell + 1] = to + range.len();
            if range.start != to {
                self.columns.copy_within(range.clone(), to);
                self.values.copy_within(range, to);
            }
        }
        self.columns.truncate(closed[self.cells]);
        self.values.truncate(closed[self.cells]);
        Ok((closed, self.columns, self.values))
    }

    fn sorted(mut self) -> Result<Sorted, CountsError> {
        if let Some((starts, next)) = self.places.take() {
            return self.closed(&starts, &next);
        }
        let mut starts = vec![0_usize; self.cells + 1];
        for (entry, row) in self.rows.iter().enumerate() {
            let Some(slot) = starts.get_mut(*row as usize + 1) else {
                return Err(CountsError::Starts { entry, stored: self.values.len() });
            };
            *slot += 1;
        }
        for row in 0..self.cells {
            starts[row + 1] += starts[row];
        }
        if self.rows.is_sorted() {
            return Ok((starts, self.columns, self.values));
        }
        let mut next = starts.clone();
        let (mut columns, mut values) = (vec![0; self.values.len()], vec![0; self.values.len()]);
        for (entry, row) in self.rows.iter().enumerate() {
            let place = &mut next[*row as usize];
            (columns[*place], values[*place]) = (self.columns[entry], self.values[entry]);
            *place += 1;
        }
        Ok((starts, columns, values))
    }

    /// As counts; values that came for one cell and gene are added up, as scipy does.
    ///
    /// # Errors
    /// When a cell or gene lies outside, or a sum is no count any more.
    pub fn counts(self) -> Result<Counts, CountsError> {
        let genes = self.genes;
        let (starts, columns, values) = self.sorted()?;
        Counts::summed(genes, starts, columns, values, u32::checked_add)
    }

    /// As log-normalised expression, from the bits of its f32.
    ///
    /// # Errors
    /// As [`Gather::counts`], and when a value is not log-normalised.
    pub fn normalised(self) -> Result<Normalised, NormalisedError> {
        let genes = self.genes;
        let (starts, columns, values) = self.floats()?;
        Normalised::new(genes, starts, columns, values)
    }
}

#[cfg(test)]
mod tests {
    // A test fails by panicking; that is what `unwrap` is for here.
    #![allow(clippy::unwrap_used)]
    use super::Gather;
    use crate::counts::Counts;

    #[test]
    fn any_order_gives_the_same_counts() {
        let entries = [(0, 1, 5), (0, 2, 1), (2, 0, 7)];
        let expected = Counts::from_dense_rows(3, [[0_u32, 5, 1], [0; 3], [7, 0, 0]].iter().map(|row| row.as_slice()));
        for order in [[0, 1, 2], [2, 0, 1], [1, 2, 0]] {
            let mut gather = Gather::new(3, 3, 3);
            order.iter().for_each(|at| gather.push(entries[*at].0, entries[*at].1, entries[*at].2));
            assert_eq!(gather.counts().unwrap(), expected);
        }
        let mut twice = Gather::new(1, 2, 0);
        [(0, 1, 2), (0, 1, 3)].iter().for_each(|own| twice.push(own.0, own.1, own.2));
        assert_eq!(twice.counts().unwrap().row(0), (&[1_u32][..], &[5_u32][..]));
        let mut too_many = Gather::new(1, 1, 0);
        (0..2).for_each(|_| too_many.push(0, 0, u32::MAX));
        assert!(too_many.counts().is_err());
        let mut outside = Gather::new(1, 1, 0);
        outside.push(1, 0, 1);
        assert!(outside.counts().is_err());
        let mut placed = Gather::placed(3, &[2, 1, 3]);
        entries.iter().rev().for_each(|own| placed.push(own.0, own.1, own.2));
        assert_eq!((placed.len(), placed.clone().counts().unwrap()), (3, expected));
        placed.push(1, 0, 1);
        placed.push(1, 1, 1);
        assert!(placed.counts().is_err(), "more values than were said");
        let mut floats = Gather::new(1, 2, usize::MAX);
        floats.push(0, 1, 1.5_f32.to_bits());
        assert_eq!(floats.normalised().unwrap().gene(1), [1.5]);
    }
}
