//! Rows of an open matrix: counts, names and labels of a window.
//!
//! Does: reads windows of cells on the genes alone, each in the matrix's scale, and says what was found in the file.
//! Does not know: how the file was opened, which of its matrices was taken and why.
//! Flow: opened parts of a file → **window of cells, report** → `by_genes`, `whole`, callers.

use super::expression::{Convert, Expression, Scale, add_up, counts as summed};
use super::labelled::Labelled;
use super::layout::Layout;
use super::runs::runs;
use super::stored::Stored;
use crate::cells::CellsError;
use crate::counts::{Counts, CountsError};
use crate::features::repeated;
use crate::genes::{Genes, counted};
use crate::h5ad::error::H5adError;
use crate::h5ad::labels::LabelRows;
use crate::normalise::{Normalised, NormalisedError};
use crate::report::{LabelFound, LeftOut, Report};

/// What rows of cells are made of.
pub(super) struct Cells {
    pub(super) place: String,
    pub(super) layout: Layout,
    /// Names of the cells; none: their places.
    pub(super) names: Option<LabelRows>,
    pub(super) genes: Genes,
    pub(super) cells: usize,
    /// Labels; none in files that have none.
    pub(super) labels: Option<Labelled>,
    pub(super) convert: Convert,
}

/// An open file of cells.
///
/// ```
/// use std::collections::BTreeMap;
/// use std::io::Cursor;
///
/// use cells::h5ad::{CellRows, Matrix, ReadSeekSource, write_h5ad};
/// use cells::{Cells, Counts};
///
/// let counts = Counts::from_dense_rows(2, [[3_u32, 0], [1, 2]].iter().map(|row| row.as_slice()));
/// let names = ["cell-1", "cell-2"].map(str::to_owned).to_vec();
/// let cells = Cells::new(counts, vec!["CD14".into(), "ISG15".into()], names, BTreeMap::new())?;
/// let bytes = write_h5ad(&cells, &BTreeMap::new())?;
///
/// let rows = CellRows::open(ReadSeekSource::new(Cursor::new(bytes)).unwrap(), &Matrix::Auto)?;
/// assert_eq!((rows.cells(), rows.genes()), (2, cells.genes.as_slice()));
/// assert_eq!(rows.counts(1, 1)?, cells.counts.select_cells(&[1]));
/// assert!(rows.report().reason().starts_with("`X` holds counts"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct CellRows {
    pub(super) own: Cells,
    pub(super) report: Report,
}

impl CellRows {
    /// Puts rows together; what is known of the file besides is filled in by the caller.
    pub(super) fn new(own: Cells) -> Self {
        let labels = own.labels.clone().unwrap_or_default();
        let report = Report {
            cells: own.cells as u64,
            genes: own.genes.names.len() as u64,
            stored: own.layout.stored(),
            read_as: own.convert.words().to_owned(),
            symbols: own.genes.place.clone(),
            labels: labels.labels.keys().map(|key| LabelFound::named(key)).collect(),
            left_out: labels.left_out,
            notes: own.genes.notes.clone(),
            ..Report::default()
        };
        Self { own, report }
    }

    /// What was found in the file, which matrix was taken and why.
    pub fn report(&self) -> &Report {
        &self.report
    }

    /// The report with the values of all labels counted; labels that cannot be read are left out by name.
    ///
    /// # Errors
    /// Never for a damaged label; when the names of the cells are damaged.
    pub fn full_report(&self) -> Result<Report, H5adError> {
        let mut report = self.report.clone();
        report.labels.clear();
        for (key, label) in self.own.labels.iter().flat_map(|labels| &labels.labels) {
            match label.read(0, self.own.cells) {
                Ok(column) => report.labels.push(LabelFound::of(key, &column)),
                Err(error) => {
                    let place = label.place().to_owned();
                    report.left_out.push(LeftOut { place, why: error.of_column() });
                }
            }
        }
        let again = repeated(&self.names(0, self.own.cells)?);
        if again > 0 {
            report.notes.push(format!(
                "{} stand more than once; cells keep the names of the file.",
                counted(again, "cell name")
            ));
        }
        Ok(report)
    }

    /// Gene symbols in the file's order; a symbol that comes again carries `-1`, `-2` … as in scanpy.
    pub fn genes(&self) -> &[String] {
        &self.own.genes.names
    }

    /// Identifiers of the genes, where the file has them beside the symbols.
    pub fn identifiers(&self) -> Option<&[String]> {
        self.own.genes.identifiers.as_deref()
    }

    /// Number of cells.
    pub fn cells(&self) -> usize {
        self.own.cells
    }

    /// Place of the matrix in the file.
    pub fn place(&self) -> &str {
        &self.own.place
    }

    /// Labels that the file has.
    pub fn keys(&self) -> Vec<String> {
        self.own.labels.iter().flat_map(|labels| labels.labels.keys().cloned()).collect()
    }

    /// What the values are read as.
    pub fn scale(&self) -> Scale {
        self.own.convert.scale()
    }

    /// At most this many values are stored of every cell; 0 where the file does not tell (dense).
    ///
    /// # Errors
    /// When the file is damaged.
    pub fn stored_by_cell(&self) -> Result<Vec<usize>, H5adError> {
        match &self.own.layout {
            Layout::Cells(sparse) => {
                let starts = sparse.starts.wholes(0, self.own.cells + 1)?;
                let most = self.own.genes.columns.len() as i64;
                Ok(starts.windows(2).map(|pair| (pair[1] - pair[0]).clamp(0, most) as usize).collect())
            }
            _ => Ok(vec![0; self.own.cells]),
        }
    }

    /// About how many values are stored that are not zero: what the file says, or for a matrix of every value what
    /// cells from all of it let expect.
    ///
    /// # Errors
    /// When the file is damaged.
    pub fn stored_about(&self) -> Result<u64, H5adError> {
        let (all, features) = (self.own.cells, self.own.genes.columns.len());
        let (rows, columns) = match &self.own.layout {
            Layout::Dense(_) => (all, features),
            Layout::Turned(_) => (features, all),
            other => return Ok(other.stored()),
        };
        let (mut looked, mut stored) = (0, 0);
        for (first, count) in runs(rows, columns) {
            looked += count;
            stored += match self.own.layout.genes(first, count, all) {
                Some(found) => found?.values.len(),
                None => self.stored(first, count)?.values.len(),
            };
        }
        // A third more, for rows that hold more than those.
        Ok((stored as f64 * rows as f64 / looked.max(1) as f64 * 1.33).ceil() as u64)
    }

    pub(super) fn damaged(&self, source: CountsError) -> H5adError {
        H5adError::Sparse { place: self.own.place.clone(), source }
    }

    /// Why a value is not what it should be.
    pub(super) fn odd(&self, at: usize, value: f64) -> H5adError {
        let place = self.own.place.clone();
        match self.scale() {
            Scale::Counts => H5adError::NotACount { place, at, value },
            Scale::LogNormalised => H5adError::NotLogNormalised { place, at, value },
        }
    }

    /// Values of `count` cells from `first` on as they are read; columns that are no genes are left out.
    fn stored(&self, first: usize, count: usize) -> Result<Stored, H5adError> {
        if first.checked_add(count).is_none_or(|end| end > self.own.cells) {
            let what = format!("cells {first} to {} are asked of {}", first.saturating_add(count), self.own.cells);
            return Err(H5adError::Damaged { place: self.own.place.clone(), what });
        }
        let columns = &self.own.genes.columns;
        let mut stored = self.own.layout.window(&self.own.place, first, count, columns.len())?;
        let mut held = 0;
        let mut begin = 0;
        for end in stored.starts.iter_mut().skip(1) {
            let row = begin..*end;
            begin = *end;
            for offset in row {
                let Some(gene) = columns.get(stored.columns[offset] as usize).copied().flatten() else { continue };
                (stored.columns[held], stored.values[held]) = (gene, stored.values[offset]);
                held += 1;
            }
            *end = held;
        }
        stored.columns.truncate(held);
        stored.values.truncate(held);
        add_up(&mut stored);
        for at in 0..stored.values.len() {
            let value = stored.values[at];
            stored.values[at] = self.own.convert.value(value).ok_or_else(|| self.odd(stored.first + at, value))?;
        }
        Ok(stored)
    }

    /// Counts of `count` cells from `first` on.
    ///
    /// # Errors
    /// When the file is damaged there or holds what is not a count, or holds no counts.
    pub fn counts(&self, first: usize, count: usize) -> Result<Counts, H5adError> {
        if let Scale::Counts = self.scale()
            && let Expression::Counts(counts) = self.expression(first, count)?
        {
            return Ok(counts);
        }
        Err(H5adError::NoMatrix {
            wanted: "counts",
            found: self.report.taken.words(),
            advice: "Save the file with raw counts, for example as layers/counts".to_owned(),
            rounding: None,
        })
    }

    /// `count` cells from `first` on, in the file's scale.
    ///
    /// # Errors
    /// When the file is damaged there or a value is not of that scale.
    pub fn expression(&self, first: usize, count: usize) -> Result<Expression, H5adError> {
        let stored = self.stored(first, count)?;
        let genes = self.own.genes.names.len();
        if self.scale() == Scale::Counts {
            let found = summed(genes, stored).map_err(|source| self.damaged(source))?;
            return Ok(Expression::Counts(found));
        }
        let (at, values) = (stored.first, stored.values.iter().map(|value| *value as f32).collect());
        let found = Normalised::new(genes, stored.starts, stored.columns, values);
        found.map(Expression::LogNormalised).map_err(|error| match error {
            NormalisedError::Value { at: place, value } => self.odd(at + place, f64::from(value)),
            NormalisedError::Pattern(source) => self.damaged(source),
        })
    }

    /// Names of `count` cells from `first` on; cells without a name are called by their place.
    ///
    /// # Errors
    /// When the file is damaged there.
    pub fn names(&self, first: usize, count: usize) -> Result<Vec<String>, H5adError> {
        let Some(names) = &self.own.names else {
            return Ok((first..first + count).map(|cell| cell.to_string()).collect());
        };
        let column = names.read(first, count)?;
        let text = |cell: usize| column.text(cell).map(std::borrow::Cow::into_owned).filter(|text| !text.is_empty());
        Ok((0..count).map(|cell| text(cell).unwrap_or_else(|| (first + cell).to_string())).collect())
    }

    /// A label to read in windows.
    ///
    /// # Errors
    /// When the file has no such label; the error lists those that it has, or says why the column cannot be one.
    pub fn label(&self, key: &str) -> Result<LabelRows, H5adError> {
        if let Some(label) = self.own.labels.as_ref().and_then(|labels| labels.labels.get(key)) {
            return Ok(label.clone());
        }
        if let Some(column) = self.report.left_out.iter().find(|own| own.place.ends_with(&format!("/{key}"))) {
            return Err(H5adError::NoLabel { place: column.place.clone(), why: column.why.clone() });
        }
        Err(CellsError::MissingLabel { key: key.to_owned(), known: self.keys() }.into())
    }
}
