//! The arrays of a matrix.
//!
//! Does: finds out how a matrix is stored (compressed by cells or by genes, with or without a word about it, or every
//! value), checks its row pointers once, reads windows of cells.
//! Does not know: which columns are genes, what the values are.
//! Flow: group or data set → **stored values of a window**.

use super::expression::Expression;
use super::stored::Stored;
use crate::counts::CountsError;
use crate::h5ad::error::H5adError;
use crate::h5ad::store::{Array, Hdf5, below, numbers, text};

/// Row pointers that are looked at together.
const BAND: usize = 1 << 18;
/// A row may hold a gene more than once, but not as many entries as this over twice the genes.
const SPARE: u64 = 1024;

/// Arrays of a compressed matrix.
#[derive(Clone)]
pub(super) struct Sparse {
    pub(super) place: String,
    pub(super) starts: Array,
    pub(super) indices: Array,
    pub(super) values: Array,
}

/// How the values are stored.
#[derive(Clone)]
pub(super) enum Layout {
    /// Compressed by cells.
    Cells(Box<Sparse>),
    /// Compressed by genes. Read as a whole only (`by_genes`).
    Genes(Box<Sparse>),
    /// Every value.
    Dense(Box<Array>),
    /// Every value, genes in rows (loom). Read as a whole only (`by_genes`).
    Turned(Box<Array>),
    /// In memory.
    Held(Box<Expression>),
}

impl Sparse {
    /// The arrays of a matrix, whose row pointers go along `along` rows or columns of `across` entries; `start` is what
    /// stands before their names.
    ///
    /// # Errors
    /// When one is missing or damaged.
    fn open(file: &Hdf5, (place, start): (&str, &str), along: usize, across: usize) -> Result<Self, H5adError> {
        let part = |name: &str| file.array(&format!("{start}{name}"));
        let (starts, indices, values) = (part("indptr")?, part("indices")?, part("data")?);
        let own = Self { place: place.to_owned(), starts, indices, values };
        if own.starts.rows() != along + 1 {
            return Err(H5adError::Shape {
                place: own.starts.place().to_owned(),
                found: format!("{} long", own.starts.rows()),
                expected: format!("{} long", along + 1),
            });
        }
        own.check(across)?;
        Ok(own)
    }

    fn damaged(&self, source: CountsError) -> H5adError {
        H5adError::Sparse { place: self.place.clone(), source }
    }

    /// Stored values.
    pub(super) fn stored(&self) -> usize {
        self.indices.rows().min(self.values.rows())
    }

    /// Checks all row pointers, a band at a time.
    fn check(&self, across: usize) -> Result<(), H5adError> {
        let (stored, rows) = (self.stored(), self.starts.rows());
        if self.indices.rows() != self.values.rows() {
            let lengths = CountsError::Lengths { indices: self.indices.rows(), values: self.values.rows() };
            return Err(self.damaged(lengths));
        }
        let mut before = 0;
        for first in (0..rows).step_by(BAND) {
            for (offset, start) in self.starts.wholes(first, BAND.min(rows - first))?.into_iter().enumerate() {
                let entry = first + offset;
                let wrong = || self.damaged(CountsError::Starts { entry, stored });
                if start < before || (entry == 0 && start != 0) {
                    // A pointer past 2³¹ became negative, or fell, when it was written with 32 bits.
                    let ran_over = self.starts.is_short_signed() && (start < 0 || stored > i32::MAX as usize);
                    let place = self.starts.place().to_owned();
                    return Err(if ran_over && entry > 0 {
                        H5adError::Overflow { place, entry, value: start }
                    } else {
                        wrong()
                    });
                }
                if start as u64 > stored as u64 {
                    return Err(wrong());
                }
                if (start - before) as u64 > 2 * across as u64 + SPARE {
                    let what =
                        format!("row {} has {} entries, but there are {across} columns", entry - 1, start - before);
                    return Err(H5adError::Damaged { place: self.place.clone(), what });
                }
                before = start;
            }
        }
        Ok(())
    }

    /// Starts, columns (or rows) and values of `count` rows (or columns) from `first` on; starts count from the first.
    ///
    /// # Errors
    /// When the file is damaged there; `across` bounds what the indices may name.
    pub(super) fn window(&self, first: usize, count: usize, across: usize) -> Result<Stored, H5adError> {
        let starts = self.starts.wholes(first, count + 1)?;
        // They were checked, so they ascend and end inside.
        let (from, to) = (starts[0] as usize, starts[count] as usize);
        let indices = self.indices.wholes(from, to - from)?;
        let values = self.values.floats(from, to - from)?;
        let starts: Vec<usize> = starts.into_iter().map(|start| start as usize - from).collect();
        let mut columns = Vec::with_capacity(indices.len());
        for (offset, index) in indices.into_iter().enumerate() {
            if index < 0 || index >= across as i64 {
                let row = first + starts.partition_point(|start| *start <= offset) - 1;
                let column = u32::try_from(index).unwrap_or(u32::MAX);
                return Err(self.damaged(CountsError::Column { row, column, genes: across }));
            }
            columns.push(index as u32);
        }
        Ok(Stored { starts, columns, values, first: from })
    }
}

/// What stands before the names of the arrays of a matrix that anndata wrote beside one another up to 0.5 (`X_csr_data`),
/// and whether genes are their rows; none where it did not.
pub(super) fn apart(file: &Hdf5, place: &str) -> Option<(String, bool)> {
    let starts = [("_csr_", false), ("_csc_", true)].map(|(word, by_genes)| (format!("{place}{word}"), by_genes));
    starts.into_iter().find(|(start, _)| file.has_array(&format!("{start}data")))
}

/// Which way a group of compressed arrays lies: by what it says, else by the lengths of its arrays.
fn is_by_genes(file: &Hdf5, place: &str, (cells, genes): (usize, usize)) -> Result<bool, H5adError> {
    let attributes = file.attributes(place);
    let said = text(attributes.get("encoding-type"))
        .or_else(|| text(attributes.get("h5sparse_format")))
        .map(|said| said.trim_end_matches("_matrix").to_owned());
    match said.as_deref() {
        Some("csr") => Ok(false),
        Some("csc") => Ok(true),
        Some(other) if !other.is_empty() => {
            Err(H5adError::Encoding { place: place.to_owned(), found: format!("`{other}`") })
        }
        _ => {
            let starts = file.array(&format!("{place}/indptr"))?.rows();
            Ok(starts != cells + 1 && starts == genes + 1)
        }
    }
}

/// The shape that a matrix says of itself.
fn said_shape(file: &Hdf5, place: &str) -> Option<Vec<u64>> {
    let attributes = file.attributes(place);
    numbers(attributes.get("shape").or(attributes.get("h5sparse_shape")))
}

/// Refuses a matrix that says of itself that it has another shape: its columns would stand with other genes.
fn check_shape(place: &str, said: Option<Vec<u64>>, expected: [usize; 2]) -> Result<(), H5adError> {
    match said.filter(|said| said.len() == 2 && *said != expected.map(|edge| edge as u64)) {
        None => Ok(()),
        Some(said) => Err(H5adError::Shape {
            place: place.to_owned(),
            found: format!("{said:?}"),
            expected: format!("{expected:?}"),
        }),
    }
}

impl Layout {
    /// How the matrix at `place` of so many cells and genes is stored; of a matrix of every value that is `turned`, genes
    /// are rows.
    ///
    /// # Errors
    /// When it is missing, damaged, or of another shape.
    pub(super) fn open(
        file: &Hdf5,
        place: &str,
        (cells, genes): (usize, usize),
        turned: bool,
    ) -> Result<Self, H5adError> {
        let compressed = if file.has_group(place) {
            Some((below(place, ""), is_by_genes(file, place, (cells, genes))?, said_shape(file, place)))
        } else {
            apart(file, place).map(|(start, by_genes)| {
                let said = file.array(&format!("{start}shape")).and_then(|shape| shape.wholes(0, shape.rows().min(2)));
                (start, by_genes, said.ok().map(|said| said.into_iter().map(|edge| edge as u64).collect()))
            })
        };
        if let Some((start, by_genes, said)) = compressed {
            check_shape(place, said, [cells, genes])?;
            let (along, across) = if by_genes { (genes, cells) } else { (cells, genes) };
            let sparse = Box::new(Sparse::open(file, (place, &start), along, across)?);
            return Ok(if by_genes { Self::Genes(sparse) } else { Self::Cells(sparse) });
        }
        let array = file.array(place)?;
        let edges = if turned { [genes, cells] } else { [cells, genes] };
        // anndata up to 0.6 wrote a matrix of one gene, or of one cell, as a line.
        let line = |along: usize| array.shape() == [along as u64];
        if array.shape() == edges.map(|edge| edge as u64) || (genes == 1 && line(cells)) || (cells == 1 && line(genes))
        {
            let by_genes = turned || (genes != 1 && array.shape().len() == 1);
            let array = Box::new(array);
            return Ok(if by_genes { Self::Turned(array) } else { Self::Dense(array) });
        }
        let (place, found) = (place.to_owned(), format!("{:?}", array.shape()));
        Err(H5adError::Shape { place, found, expected: format!("{edges:?}") })
    }

    /// Values stored in the file; for a matrix of every value, all of them.
    pub(super) fn stored(&self) -> u64 {
        match self {
            Self::Cells(sparse) | Self::Genes(sparse) => sparse.stored() as u64,
            Self::Dense(array) | Self::Turned(array) => array.shape().iter().product(),
            Self::Held(held) => held.stored() as u64,
        }
    }

    /// Values of `count` cells from `first` on, of `columns` columns.
    ///
    /// # Errors
    /// When the matrix is compressed by genes, or damaged there.
    pub(super) fn window(&self, place: &str, first: usize, count: usize, columns: usize) -> Result<Stored, H5adError> {
        match self {
            Self::Cells(sparse) => sparse.window(first, count, columns),
            Self::Genes(_) | Self::Turned(_) => Err(H5adError::ByGenes { place: place.to_owned() }),
            Self::Dense(array) => rows_of(array, first, count, columns),
            Self::Held(held) => Ok(held.window(first, count)),
        }
    }

    /// Whether genes are rows.
    pub(super) fn is_by_genes(&self) -> bool {
        matches!(self, Self::Genes(_) | Self::Turned(_))
    }

    /// Values of `count` genes from `first` on, of `cells` cells; none where cells are rows.
    ///
    /// # Errors
    /// When the matrix is damaged there.
    pub(super) fn genes(&self, first: usize, count: usize, cells: usize) -> Option<Result<Stored, H5adError>> {
        match self {
            Self::Genes(sparse) => Some(sparse.window(first, count, cells)),
            Self::Turned(array) => Some(rows_of(array, first, count, cells)),
            _ => None,
        }
    }
}

/// Values that are not zero of `count` rows of an array of every value.
fn rows_of(array: &Array, first: usize, count: usize, columns: usize) -> Result<Stored, H5adError> {
    let mut stored = Stored { starts: vec![0], first: first * columns, ..Stored::default() };
    for row in array.floats(first, count)?.chunks(columns.max(1)) {
        let there = row.iter().enumerate().filter(|(_, value)| **value != 0.0);
        for (column, value) in there {
            stored.columns.push(column as u32);
            stored.values.push(*value);
        }
        stored.starts.push(stored.values.len());
    }
    stored.starts.resize(count + 1, stored.values.len());
    Ok(stored)
}
