//! One file of cells, read in runs.
//!
//! Does: opens a file of cells for reading a few at a time (a small one that is compressed by genes, and a Matrix Market
//! file, as a whole), brings runs of cells to the panel with their labels and roles.
//! Does not know: shards, the order of runs.
//! Flow: file → **runs of cells on the panel** → shard.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use cells::h5ad::{CellRows, H5adError, LabelRows, Matrix};
use cells::{Column, Counts};

use super::names::listed;
use super::panel::Panel;
use super::settings::{CELL_TYPE, Columns, DATASET, PERTURBATION, Settings};
use crate::data::files::{Wanted, rows, streamed};
use crate::store::shard::Shard;

/// Largest file that is read as a whole when it cannot be read in runs.
const LARGEST_WHOLE: u64 = 1 << 30;

/// Cells whose labels are looked at together.
const LABELS: usize = 1 << 16;

/// An open file.
pub struct SourceFile {
    /// Data set.
    pub dataset: String,
    /// Path.
    pub path: PathBuf,
    rows: CellRows,
    labels: BTreeMap<String, LabelRows>,
    columns: Columns,
    /// Which cells are taken; all when empty.
    taken: Vec<bool>,
    /// UMIs of every whole cell; the sums of the file's genes when empty.
    sizes: Vec<u64>,
    /// Place on the panel of every gene.
    places: Vec<Option<u32>>,
}

/// Which cells have the values that a data set's `only` asks for; none where it asks for nothing.
fn taken(rows: &CellRows, columns: &Columns) -> Result<Vec<bool>> {
    if columns.only.is_empty() {
        return Ok(Vec::new());
    }
    let mut taken = vec![true; rows.cells()];
    for (column, wanted) in &columns.only {
        let label = rows.label(column)?.read(0, rows.cells())?;
        for (cell, taken) in taken.iter_mut().enumerate() {
            *taken &= label.text(cell).is_some_and(|text| wanted.has(&text));
        }
        let there: BTreeSet<String> = (0..taken.len()).filter_map(|cell| label.text(cell)).map(Into::into).collect();
        ensure!(
            taken.contains(&true),
            "no cell has what `only` asks of the column {column} (and of those before it); there is {}",
            listed(&there.iter().map(String::as_str).collect())
        );
    }
    Ok(taken)
}

/// UMIs of every whole cell from the column that a data set names; none where it names no column.
fn sizes(rows: &CellRows, columns: &Columns) -> Result<Vec<u64>> {
    let Some(column) = &columns.sizes else { return Ok(Vec::new()) };
    let size = |size: i64| u64::try_from(size).ok().filter(|size| *size > 0);
    let whole = |size: f64| (size.fract() == 0.0 && size < 9e15).then_some(size as i64);
    let found: Option<Vec<u64>> = match rows.label(column)?.read(0, rows.cells())? {
        Column::Integer(sizes) => sizes.into_iter().map(size).collect(),
        Column::Float(sizes) => sizes.into_iter().map(|own| whole(own).and_then(size)).collect(),
        _ => None,
    };
    found
        .with_context(|| format!("the column {column} must give every cell's UMIs as a whole number above 0 (`sizes`)"))
}

/// The matrix that a data set names.
fn matrix(columns: &Columns) -> Matrix {
    match columns.matrix.as_deref() {
        None => Matrix::Auto,
        Some("X") => Matrix::X,
        Some("raw" | "raw/X") => Matrix::Raw,
        // A layer by its name alone, a place, a modality, a genome; ` rounded` at the end.
        Some(name) => Matrix::Named(name.to_owned()),
    }
}

impl SourceFile {
    /// Opens a file.
    ///
    /// # Errors
    /// When it cannot be read or lacks a label that the settings name.
    pub fn open(settings: &Settings, dataset: &str, path: &Path) -> Result<Self> {
        let columns = settings.columns(dataset);
        let failed = || format!("{} cannot be used", path.display());
        let rows = Self::rows(path, &columns)?;
        let mut labels = BTreeMap::new();
        for column in columns.labels.values() {
            labels.insert(column.clone(), rows.label(column).with_context(failed)?);
        }
        let taken = taken(&rows, &columns).with_context(failed)?;
        let sizes = sizes(&rows, &columns).with_context(failed)?;
        let (dataset, path) = (dataset.to_owned(), path.to_owned());
        Ok(Self { dataset, path, rows, labels, columns, taken, sizes, places: Vec::new() })
    }

    fn rows(path: &Path, columns: &Columns) -> Result<CellRows> {
        let failed = || format!("{} cannot be used", path.display());
        let matrix = matrix(columns);
        match streamed(path, &matrix, Wanted::Counts).with_context(failed)? {
            (Err(H5adError::ByGenes { .. }), size) if size <= LARGEST_WHOLE => {
                Ok(rows(path, &matrix, Wanted::Counts)?.0)
            }
            (found, _) => found.with_context(failed),
        }
    }

    /// Number of cells in the file.
    pub fn cells(&self) -> usize {
        self.rows.cells()
    }

    /// Number of cells that are taken.
    pub fn taken(&self) -> usize {
        match self.taken.is_empty() {
            true => self.cells(),
            false => self.taken.iter().filter(|taken| **taken).count(),
        }
    }

    /// Whether a cell is taken.
    fn takes(&self, cell: usize) -> bool {
        self.taken.get(cell).copied().unwrap_or(true)
    }

    /// How many cells of a run are taken.
    pub fn taken_of(&self, first: usize, count: usize) -> usize {
        (first..first + count).filter(|cell| self.takes(*cell)).count()
    }

    /// Gene symbols.
    pub fn genes(&self) -> &[String] {
        self.rows.genes()
    }

    /// Sets the panel; returns which of its genes the file measured.
    ///
    /// # Errors
    /// When the file has no gene of the panel.
    pub fn align(&mut self, panel: &Panel) -> Result<Vec<bool>> {
        self.places = panel.place(self.genes());
        // A panel of identifiers is found by those of the file.
        if let Some(identifiers) = self.rows.identifiers() {
            let places = panel.place(identifiers);
            if places.iter().flatten().count() > self.places.iter().flatten().count() {
                self.places = places;
            }
        }
        let mut measured = vec![false; panel.genes.len()];
        self.places.iter().flatten().for_each(|place| measured[*place as usize] = true);
        ensure!(
            measured.contains(&true),
            "{} has no gene of the panel; are its names Ensembl identifiers? `aliases` can translate them",
            self.path.display()
        );
        Ok(measured)
    }

    /// A run of cells into a shard; `number` is the place of this file among the sources.
    ///
    /// # Errors
    /// When the file is damaged there.
    pub fn run(
        &self,
        settings: &Settings,
        number: usize,
        (first, count): (usize, usize),
        keys: &[String],
        into: &mut Shard,
    ) -> Result<()> {
        let failed = || format!("{} cannot be used (cells {first} to {})", self.path.display(), first + count - 1);
        let (counts, names, columns) = self.window(first, count).with_context(failed)?;
        let mut entries: Vec<(u32, u32)> = Vec::new();
        if into.starts.is_empty() {
            into.starts.push(0);
        }
        into.labels.texts.resize(keys.len(), Vec::new());
        for (cell, name) in names.into_iter().enumerate().filter(|(cell, _)| self.takes(first + cell)) {
            let (genes, values) = counts.row(cell);
            entries.clear();
            entries.extend(
                genes.iter().zip(values).filter_map(|(gene, value)| Some((self.places[*gene as usize]?, *value))),
            );
            entries.sort_unstable();
            into.genes.extend(entries.iter().map(|(gene, _)| *gene));
            into.counts.extend(entries.iter().map(|(_, value)| *value));
            into.starts.push(into.genes.len());
            into.sources.push(number as u32);
            into.rows.push((first + cell) as u64);
            into.names.push(name);
            let counted = || values.iter().map(|value| u64::from(*value)).sum();
            into.labels.depths.push(self.sizes.get(first + cell).copied().unwrap_or_else(counted));
            let text = |key: &str| self.text(settings, &columns, key, cell);
            into.labels.roles.push(settings.role(&self.dataset, &text(CELL_TYPE), &text(PERTURBATION)));
            for (key, list) in keys.iter().zip(&mut into.labels.texts) {
                list.push(text(key));
            }
        }
        Ok(())
    }

    /// Cell types and perturbations that occur together; empty texts where there is no such label.
    ///
    /// # Errors
    /// When the file is damaged.
    pub fn groups(&self, settings: &Settings) -> Result<BTreeSet<(String, String)>> {
        let mut found = BTreeSet::new();
        for first in (0..self.cells()).step_by(LABELS) {
            let count = LABELS.min(self.cells() - first);
            let wanted = [CELL_TYPE, PERTURBATION].map(|key| self.columns.labels.get(key));
            let read = |(key, label): (&String, &LabelRows)| Ok((key.clone(), label.read(first, count)?));
            let own = self.labels.iter().filter(|(key, _)| wanted.contains(&Some(*key)));
            let columns: BTreeMap<String, Column> = own.map(read).collect::<Result<_>>()?;
            for cell in (0..count).filter(|cell| self.takes(first + cell)) {
                let text = |key: &str| self.text(settings, &columns, key, cell);
                found.insert((text(CELL_TYPE), text(PERTURBATION)));
            }
        }
        Ok(found)
    }

    /// Counts, names and labels by column of a run of cells.
    fn window(&self, first: usize, count: usize) -> Result<(Counts, Vec<String>, BTreeMap<String, Column>)> {
        let read = |(key, label): (&String, &LabelRows)| Ok((key.clone(), label.read(first, count)?));
        let labels = self.labels.iter().map(read).collect::<Result<_>>()?;
        Ok((self.rows.counts(first, count)?, self.rows.names(first, count)?, labels))
    }

    /// A label of a cell of a run; empty where it is missing.
    fn text(&self, settings: &Settings, columns: &BTreeMap<String, Column>, key: &str, cell: usize) -> String {
        if key == DATASET {
            return self.dataset.clone();
        }
        if let Some(value) = self.columns.constant.get(key) {
            return value.clone();
        }
        let column = self.columns.labels.get(key).and_then(|name| columns.get(name));
        let text = column.and_then(|column| column.text(cell)).unwrap_or_default().into_owned();
        // Controls have one name in the store, whatever a data set calls them.
        if key == PERTURBATION && Some(&text) == self.columns.control_pert.as_ref() {
            return settings.control_pert.clone().unwrap_or(text);
        }
        text
    }
}
