//! Cells of a file too large for memory, a window at a time.
//!
//! Does: opens an AnnData file or 10x Genomics' `.h5` over any source of bytes, reads the genes once, and
//! then counts, names and labels of a window of cells; what is in memory is the window.
//! Does not know: where the bytes come from (a file, a dropped file of a browser), which windows are asked for.
//! Flow: source of bytes → **window of cells** → `train-native prepare`.

use std::collections::HashSet;

use hdf5_pure::{DType, Dataset, File, Group, Source};

mod tenx;
mod whole;

use crate::column::Column;
use crate::counts::{Counts, CountsError};
use crate::h5ad::Matrix;
use crate::h5ad::error::H5adError;
use crate::h5ad::labels::{at, categories, column_keys, group, index, index_key, text};
use crate::h5ad::matrix::count;
use crate::normalise::{Normalised, NormalisedError};

/// Cells of the first window, which decides whether a matrix holds counts.
const PROBE: usize = 64;

/// How the counts are stored.
enum Layout {
    /// Compressed by cells: starts, indices, values.
    Sparse(Box<[Dataset; 3]>),
    /// Compressed by genes: starts, indices, values. Read as a whole only (`by_genes`).
    ByGenes(Box<[Dataset; 3]>),
    /// Every value.
    Dense(Dataset),
}

/// Where cell names are.
enum Names {
    Texts(Dataset),
    /// An index that is itself categorical, or none: names are made from the place.
    Made,
}

/// An open file of cells.
pub struct CellRows {
    file: File,
    place: String,
    /// Where the genes are described; none in 10x files.
    var: Option<String>,
    layout: Layout,
    names: Names,
    genes: Vec<String>,
    /// Gene of every column of the matrix; columns that are no genes (antibodies, guides) have none.
    columns: Vec<Option<u32>>,
    cells: usize,
    has_labels: bool,
    scale: Scale,
}

/// What the values of a matrix are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scale {
    /// UMI counts.
    Counts,
    /// Log-normalised expression.
    LogNormalised,
}

/// Cells of a window.
#[derive(Clone, Debug, PartialEq)]
pub enum Expression {
    /// UMI counts.
    Counts(Counts),
    /// Log-normalised expression.
    LogNormalised(Normalised),
}

/// A window as it is stored: row starts from 0, genes, values; columns that are no genes are left out.
struct Stored {
    starts: Vec<usize>,
    indices: Vec<u32>,
    values: Vec<f64>,
    /// Place of the first value in the file, for errors.
    first: usize,
}

impl CellRows {
    /// Opens a file whose cells are compressed by rows (or dense) in `matrix`.
    ///
    /// # Errors
    /// When it is no such file; [`H5adError::ByGenes`] when the counts are compressed by genes, which
    /// cannot be read a few cells at a time.
    pub fn open<S: Source + Send + Sync + 'static>(source: S, matrix: &Matrix) -> Result<Self, H5adError> {
        let file = File::from_source(source).map_err(|source| H5adError::NotHdf5 { source })?;
        Self::find(file, matrix, Scale::Counts, false)
    }

    /// Opens a file whose `X` holds counts or, as other models write their predictions, log-normalised expression.
    /// The first cells decide ([`CellRows::scale`]); counts elsewhere in the file go before log-normalised ones in `X`.
    ///
    /// # Errors
    /// As [`CellRows::open`].
    pub fn open_any<S: Source + Send + Sync + 'static>(source: S) -> Result<Self, H5adError> {
        let file = File::from_source(source).map_err(|source| H5adError::NotHdf5 { source })?;
        Self::find_any(file, false)
    }

    /// Counts anywhere, else log-normalised expression in `X`; with `whole`, compressed by genes too.
    fn find_any(file: File, whole: bool) -> Result<Self, H5adError> {
        match Self::find(file.clone(), &Matrix::Auto, Scale::Counts, whole) {
            Err(error) if error.is_about_values() => Self::find(file, &Matrix::X, Scale::LogNormalised, whole),
            other => other,
        }
    }

    /// Finds the matrix of an open file that holds values of one scale.
    fn find(file: File, matrix: &Matrix, scale: Scale, whole: bool) -> Result<Self, H5adError> {
        if file.group("obs").is_err()
            && let Some(place) = tenx::place(&file)?
        {
            return Self::tenx(file, place);
        }
        let candidates: Vec<(String, &str)> = match matrix {
            Matrix::X => vec![("X".to_owned(), "var")],
            Matrix::Layer(name) => vec![(format!("layers/{name}"), "var")],
            Matrix::Raw => vec![("raw/X".to_owned(), "raw/var")],
            Matrix::Auto => {
                [("X", "var"), ("layers/counts", "var"), ("raw/X", "raw/var")].map(|(m, v)| (m.to_owned(), v)).to_vec()
            }
        };
        let mut first = None;
        for (place, var) in candidates {
            match Self::anndata(file.clone(), place, var, scale, whole) {
                Ok(rows) => return Ok(rows),
                Err(error) if error.is_about_values() => first = first.or(Some(error)),
                Err(error) => return Err(error),
            }
        }
        Err(first.unwrap_or_else(|| H5adError::Missing { place: "X".to_owned() }))
    }

    /// AnnData, on the matrix at `place`.
    fn anndata(file: File, place: String, var: &str, scale: Scale, whole: bool) -> Result<Self, H5adError> {
        let genes = unique(index(&file, var)?);
        let frame = group(&file, "obs")?;
        let key = index_key(&frame, "obs")?;
        let (names, length) = match frame.dataset(&key) {
            Ok(dataset) => {
                let length = at("obs", dataset.shape())?.first().copied().unwrap_or(0);
                (Names::Texts(dataset), length as usize)
            }
            Err(_) => (Names::Made, index(&file, "obs")?.len()),
        };
        let layout = match file.dataset(&place) {
            Ok(dataset) => {
                let shape = at(&place, dataset.shape())?;
                expect(&place, format!("{shape:?}"), format!("[{length}, {}]", genes.len()))?;
                Layout::Dense(dataset)
            }
            Err(_) => sparse(&group(&file, &place)?, &place, (length, genes.len()))?,
        };
        let columns = (0..genes.len() as u32).map(Some).collect();
        let var = Some(var.to_owned());
        let rows = Self { file, place, var, layout, names, genes, columns, cells: length, has_labels: true, scale };
        if whole && rows.is_by_genes() {
            rows.probe_genes()?;
        } else {
            rows.expression(0, PROBE.min(length))?;
        }
        Ok(rows)
    }

    /// Gene symbols in the file's order; a symbol that comes again carries `-1`, `-2` … as in scanpy.
    pub fn genes(&self) -> &[String] {
        &self.genes
    }

    /// Number of cells.
    pub fn cells(&self) -> usize {
        self.cells
    }

    /// Labels that the file has.
    ///
    /// # Errors
    /// When `obs` cannot be read.
    pub fn keys(&self) -> Result<Vec<String>, H5adError> {
        if self.has_labels { column_keys(&self.file, "obs") } else { Ok(Vec::new()) }
    }

    /// What the values are.
    pub fn scale(&self) -> Scale {
        self.scale
    }

    /// At most this many values are stored of every cell; 0 where the file does not tell (dense).
    ///
    /// # Errors
    /// When the file is damaged.
    pub fn stored_by_cell(&self) -> Result<Vec<usize>, H5adError> {
        let Layout::Sparse(parts) = &self.layout else { return Ok(vec![0; self.cells]) };
        let starts = at(&self.place, parts[0].read_u64())?;
        // A damaged pointer must not ask for memory that is not there; reading the cells names it.
        let most = self.columns.len() as u64;
        Ok(starts.windows(2).map(|pair| pair[1].saturating_sub(pair[0]).min(most) as usize).collect())
    }

    /// Counts of `count` cells from `first` on.
    ///
    /// # Errors
    /// When the file is damaged there or holds what is not a count.
    pub fn counts(&self, first: usize, count_of: usize) -> Result<Counts, H5adError> {
        let stored = self.stored(first, count_of)?;
        let as_count = |(offset, value)| count(&self.place, stored.first + offset, value);
        let values = stored.values.into_iter().enumerate().map(as_count).collect::<Result<Vec<u32>, _>>()?;
        Counts::new(self.genes.len(), stored.starts, stored.indices, values).map_err(|source| self.damaged(source))
    }

    /// `count` cells from `first` on, in the scale that the file was opened for.
    ///
    /// # Errors
    /// When the file is damaged there or a value is not of that scale.
    pub fn expression(&self, first: usize, count: usize) -> Result<Expression, H5adError> {
        if self.scale == Scale::Counts {
            return Ok(Expression::Counts(self.counts(first, count)?));
        }
        let stored = self.stored(first, count)?;
        let values = stored.values.iter().map(|value| *value as f32).collect();
        let found = Normalised::new(self.genes.len(), stored.starts, stored.indices, values);
        found.map(Expression::LogNormalised).map_err(|error| match error {
            NormalisedError::Value { at, value } => H5adError::NotLogNormalised {
                place: self.place.clone(),
                at: stored.first + at,
                value: f64::from(value),
            },
            NormalisedError::Pattern(source) => self.damaged(source),
        })
    }

    fn damaged(&self, source: CountsError) -> H5adError {
        H5adError::Sparse { place: self.place.clone(), source }
    }

    /// Values of `count` cells from `first` on.
    fn stored(&self, first: usize, count: usize) -> Result<Stored, H5adError> {
        let place = &self.place;
        match &self.layout {
            Layout::ByGenes(_) => Err(H5adError::ByGenes { place: place.clone() }),
            Layout::Dense(dataset) => {
                let values = at(place, dataset.read_f64_rows(first as u64, count as u64))?;
                let columns = self.columns.len();
                let starts = (0..=count).map(|row| row * columns).collect();
                let indices = (0..values.len()).map(|at| (at % columns.max(1)) as u32).collect();
                Ok(Stored { starts, indices, values, first: first * columns })
            }
            Layout::Sparse(parts) => {
                let [starts, indices, values] = parts.as_ref();
                let starts = at(place, starts.read_u64_rows(first as u64, count as u64 + 1))?;
                let (Some(from), Some(to)) = (starts.first().copied(), starts.last().copied()) else {
                    return Ok(Stored { starts: vec![0], indices: Vec::new(), values: Vec::new(), first: 0 });
                };
                let length = to.saturating_sub(from);
                let indices = at(place, indices.read_i64_rows(from, length))?;
                let values = at(place, values.read_f64_rows(from, length))?;
                self.window(&starts, &indices, values)
            }
        }
    }

    /// A window of compressed rows, columns that are no genes left out.
    fn window(&self, starts: &[u64], indices: &[i64], mut values: Vec<f64>) -> Result<Stored, H5adError> {
        let from = starts[0];
        let stored = indices.len().min(values.len());
        let mut kept = Stored { starts: vec![0], indices: Vec::with_capacity(stored), values: Vec::new(), first: 0 };
        let mut held = 0;
        for (row, pair) in starts.windows(2).enumerate() {
            let range = pair[0].wrapping_sub(from) as usize..pair[1].wrapping_sub(from) as usize;
            if range.start > range.end || range.end > stored {
                return Err(self.damaged(CountsError::Starts { entry: row + 1, stored }));
            }
            for offset in range {
                let gene = usize::try_from(indices[offset]).ok().and_then(|column| self.columns.get(column));
                let gene = gene.ok_or_else(|| {
                    let column = u32::try_from(indices[offset]).unwrap_or(u32::MAX);
                    self.damaged(CountsError::Column { row, column, genes: self.columns.len() })
                })?;
                if let Some(gene) = gene {
                    kept.indices.push(*gene);
                    values[held] = values[offset];
                    held += 1;
                }
            }
            kept.starts.push(held);
        }
        values.truncate(held);
        Ok(Stored { values, first: from as usize, ..kept })
    }

    /// Names of `count` cells from `first` on.
    ///
    /// # Errors
    /// When the file is damaged there.
    pub fn names(&self, first: usize, count: usize) -> Result<Vec<String>, H5adError> {
        match &self.names {
            Names::Texts(dataset) => at("obs", dataset.read_string_rows(first as u64, count as u64)),
            Names::Made => Ok((first..first + count).map(|cell| cell.to_string()).collect()),
        }
    }

    /// A label to read in windows.
    ///
    /// # Errors
    /// When the file has no such label; the error lists those that it has.
    pub fn label(&self, key: &str) -> Result<LabelRows, H5adError> {
        let missing = || -> H5adError {
            let known = self.keys().unwrap_or_default();
            crate::cells::CellsError::MissingLabel { key: key.to_owned(), known }.into()
        };
        if !self.has_labels {
            return Err(missing());
        }
        let frame = group(&self.file, "obs")?;
        let place = format!("obs/{key}");
        if let Ok(inner) = frame.group(key) {
            let codes = inner.dataset("codes").map_err(|_| H5adError::Encoding {
                place: place.clone(),
                found: "a group that is not categorical".to_owned(),
            })?;
            let categories = categories(&inner, &place)?;
            return Ok(LabelRows { place, codes: Some(categories), values: codes });
        }
        let values = frame.dataset(key).map_err(|_| missing())?;
        let categories = match frame.dataset(&format!("__categories/{key}")) {
            Ok(categories) => Some(at(&place, categories.read_string())?),
            Err(_) => None,
        };
        Ok(LabelRows { place, codes: categories, values })
    }
}

/// One label of an open file.
pub struct LabelRows {
    place: String,
    /// Texts that codes stand for.
    codes: Option<Vec<String>>,
    values: Dataset,
}

impl LabelRows {
    /// The label of `count` cells from `first` on.
    ///
    /// # Errors
    /// When the file is damaged there.
    pub fn read(&self, first: usize, count: usize) -> Result<Column, H5adError> {
        let (place, first, count) = (&self.place, first as u64, count as u64);
        if let Some(categories) = &self.codes {
            let codes = at(place, self.values.read_i64_rows(first, count))?;
            let known = categories.len() as i64;
            let codes = codes.into_iter().map(|code| if code < known { code.max(-1) as i32 } else { -1 }).collect();
            return Ok(Column::Categorical { codes, categories: categories.clone() });
        }
        let found = match at(place, self.values.dtype())? {
            DType::F32 | DType::F64 => Column::Float(at(place, self.values.read_f64_rows(first, count))?),
            DType::String | DType::VariableLengthString => {
                Column::categorical(&at(place, self.values.read_string_rows(first, count))?)
            }
            DType::Enum(_) => {
                let bytes = at(place, self.values.read_raw_rows(first, count))?;
                Column::Boolean(bytes.iter().map(|byte| *byte != 0).collect())
            }
            _ => Column::Integer(at(place, self.values.read_i64_rows(first, count))?),
        };
        Ok(found)
    }
}

/// The arrays of a compressed matrix at `place` of so many cells and genes.
fn sparse(matrix: &Group, place: &str, (cells, genes): (usize, usize)) -> Result<Layout, H5adError> {
    let attributes = at(place, matrix.attrs())?;
    let format = text(attributes.get("encoding-type"))
        .or_else(|| text(attributes.get("h5sparse_format")).map(|short| format!("{short}_matrix")))
        .unwrap_or_default();
    let (by_genes, along) = match format.as_str() {
        "csr_matrix" => (false, cells),
        "csc_matrix" => (true, genes),
        other => return Err(H5adError::Encoding { place: place.to_owned(), found: format!("`{other}`") }),
    };
    let part = |name: &str| {
        let full = format!("{place}/{name}");
        matrix.dataset(name).map_err(|_| H5adError::Missing { place: full })
    };
    let starts = part("indptr")?;
    let rows = at(place, starts.shape())?.first().copied().unwrap_or(0) as usize;
    expect(&format!("{place}/indptr"), format!("{rows} long"), format!("{} long", along + 1))?;
    let parts = Box::new([starts, part("indices")?, part("data")?]);
    Ok(if by_genes { Layout::ByGenes(parts) } else { Layout::Sparse(parts) })
}

/// Refuses a shape that is not the expected one.
fn expect(place: &str, found: String, expected: String) -> Result<(), H5adError> {
    if found == expected {
        return Ok(());
    }
    Err(H5adError::Shape { place: place.to_owned(), found, expected })
}

/// Symbols made unique as scanpy does: the first stays, the next become `A-1`, `A-2`.
pub fn unique(symbols: Vec<String>) -> Vec<String> {
    let mut taken: HashSet<String> = HashSet::with_capacity(symbols.len());
    let all: HashSet<String> = symbols.iter().cloned().collect();
    symbols
        .into_iter()
        .map(|symbol| {
            if taken.insert(symbol.clone()) {
                return symbol;
            }
            let mut number = 1;
            loop {
                let next = format!("{symbol}-{number}");
                if !all.contains(&next) && taken.insert(next.clone()) {
                    return next;
                }
                number += 1;
            }
        })
        .collect()
}

#[cfg(test)]
mod tests;
