//! The count matrix of an AnnData file.
//!
//! Does: reads sparse rows, sparse columns and dense matrices of any number type, and refuses what
//! is not a count: negative, fractional, not a number, too large.
//! Does not know: genes' and cells' names.
//! Flow: `X`, `layers/…`, `raw/X` → `Counts`.

use hdf5_pure::{Dataset, File, Group};

use super::error::H5adError;
use super::labels::{at, group, text};
use crate::counts::{Counts, CountsError};

/// Largest count read: sums of a cell's counts then stay exact in f64.
const LARGEST: f64 = u32::MAX as f64;

/// Reads the matrix at `place`, which must be [cells, genes].
pub(super) fn read(file: &File, place: &str, cells: usize, genes: usize) -> Result<Counts, H5adError> {
    if let Ok(dataset) = file.dataset(place) {
        return dense(&dataset, place, cells, genes);
    }
    let matrix = group(file, place)?;
    let attributes = at(place, matrix.attrs())?;
    let format = text(attributes.get("encoding-type"))
        .or_else(|| text(attributes.get("h5sparse_format")).map(|short| format!("{short}_matrix")))
        .unwrap_or_default();
    match format.as_str() {
        "csr_matrix" => sparse(&matrix, place, cells, genes),
        "csc_matrix" => Ok(transpose(&sparse(&matrix, place, genes, cells)?)),
        other => Err(H5adError::Encoding { place: place.to_owned(), found: format!("`{other}`") }),
    }
}

/// Compressed rows: [rows, columns].
fn sparse(matrix: &Group, place: &str, rows: usize, columns: usize) -> Result<Counts, H5adError> {
    let part = |name: &str| {
        let full = format!("{place}/{name}");
        matrix.dataset(name).map(|dataset| (dataset, full.clone())).map_err(|_| H5adError::Missing { place: full })
    };
    let (starts, starts_place) = part("indptr")?;
    let starts: Vec<usize> = at(&starts_place, starts.read_u64())?.into_iter().map(|start| start as usize).collect();
    if starts.len() != rows + 1 {
        return Err(H5adError::Shape {
            place: starts_place,
            found: format!("for {} rows", starts.len().saturating_sub(1)),
            expected: format!("{rows} rows"),
        });
    }
    let (indices, indices_place) = part("indices")?;
    let indices = at(&indices_place, indices.read_u64())?;
    let indices: Vec<u32> = indices.into_iter().map(|index| u32::try_from(index).unwrap_or(u32::MAX)).collect();
    let (values, values_place) = part("data")?;
    let values = whole_numbers(&values, &values_place)?;
    Counts::new(columns, starts, indices, values)
        .map_err(|source| H5adError::Sparse { place: place.to_owned(), source })
}

/// A dense matrix, read in bands of rows so that only the counts stay in memory.
fn dense(dataset: &Dataset, place: &str, cells: usize, genes: usize) -> Result<Counts, H5adError> {
    let shape = at(place, dataset.shape())?;
    if shape != [cells as u64, genes as u64] {
        return Err(H5adError::Shape {
            place: place.to_owned(),
            found: format!("{shape:?}"),
            expected: format!("[{cells}, {genes}]"),
        });
    }
    let mut counts = Counts::empty(genes);
    let band = (4_000_000 / genes.max(1)).max(1);
    for first in (0..cells).step_by(band) {
        let rows = band.min(cells - first);
        let values = at(place, dataset.read_f64_rows(first as u64, rows as u64))?;
        let values = values
            .into_iter()
            .enumerate()
            .map(|(offset, value)| count(place, first * genes + offset, value))
            .collect::<Result<Vec<u32>, _>>()?;
        let part = Counts::from_dense_rows(genes, values.chunks(genes.max(1)));
        counts.append(&part).map_err(|source: CountsError| H5adError::Sparse { place: place.to_owned(), source })?;
    }
    Ok(counts)
}

/// A data set of whole numbers, whatever its type.
fn whole_numbers(dataset: &Dataset, place: &str) -> Result<Vec<u32>, H5adError> {
    let values = at(place, dataset.read_f64())?;
    values.into_iter().enumerate().map(|(offset, value)| count(place, offset, value)).collect()
}

/// One value as a count.
pub(super) fn count(place: &str, at: usize, value: f64) -> Result<u32, H5adError> {
    // A cast cuts the fraction off and stops at the ends of the range, so only a count comes back as it was.
    if value <= LARGEST && f64::from(value as u32) == value {
        return Ok(value as u32);
    }
    Err(H5adError::NotACount { place: place.to_owned(), at, value })
}

/// Rows become columns.
fn transpose(counts: &Counts) -> Counts {
    let (rows, columns) = (counts.cells(), counts.genes());
    let mut starts = vec![0_usize; columns + 1];
    for row in 0..rows {
        for column in counts.row(row).0 {
            starts[*column as usize + 1] += 1;
        }
    }
    for column in 0..columns {
        starts[column + 1] += starts[column];
    }
    let mut next = starts.clone();
    let (mut indices, mut values) = (vec![0; counts.stored()], vec![0; counts.stored()]);
    for row in 0..rows {
        let (places, row_values) = counts.row(row);
        for (column, value) in places.iter().zip(row_values) {
            let place = &mut next[*column as usize];
            indices[*place] = row as u32;
            values[*place] = *value;
            *place += 1;
        }
    }
    Counts::new(rows, starts, indices, values).unwrap_or_else(|_| Counts::empty(rows))
}
