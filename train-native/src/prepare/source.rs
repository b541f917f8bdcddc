//! One file of cells, read in runs.
//!
//! Does: opens an `.h5ad` or 10x `.h5` file for reading a few cells at a time (a small one that is compressed by
//! genes as a whole), brings runs of cells to the panel with their labels and roles.
//! Does not know: shards, the order of runs.
//! Flow: file → **runs of cells on the panel** → shard.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use cells::h5ad::{CellRows, H5adError, LabelRows, Matrix, ReadSeekSource};
use cells::{Cells, Column, Counts};

use super::panel::Panel;
use super::settings::{CELL_TYPE, Columns, DATASET, PERTURBATION, Settings};
use crate::data::read_cells;
use crate::store::shard::Shard;

/// Largest file that is read as a whole when it cannot be read in runs.
const LARGEST_WHOLE: u64 = 1 << 30;

/// The cells of a file.
enum Rows {
    Streamed(Box<CellRows>, BTreeMap<String, LabelRows>),
    Whole(Box<Cells>),
}

/// An open file.
pub struct SourceFile {
    /// Data set.
    pub dataset: String,
    /// Path.
    pub path: PathBuf,
    rows: Rows,
    columns: Columns,
    /// Place on the panel of every gene.
    places: Vec<Option<u32>>,
}

/// The matrix that a data set names.
fn matrix(columns: &Columns) -> Matrix {
    match columns.matrix.as_deref() {
        None => Matrix::Auto,
        Some("X") => Matrix::X,
        Some("raw" | "raw/X") => Matrix::Raw,
        Some(name) => Matrix::Layer(name.trim_start_matches("layers/").to_owned()),
    }
}

impl SourceFile {
    /// Opens a file.
    ///
    /// # Errors
    /// When it cannot be read or lacks a label that the settings name.
    pub fn open(settings: &Settings, dataset: &str, path: &Path) -> Result<Self> {
        let columns = settings.columns(dataset);
        let rows = Self::rows(path, &columns).with_context(|| format!("{} cannot be used", path.display()))?;
        Ok(Self { dataset: dataset.to_owned(), path: path.to_owned(), rows, columns, places: Vec::new() })
    }

    fn rows(path: &Path, columns: &Columns) -> Result<Rows> {
        let file = std::fs::File::open(path)?;
        let size = file.metadata()?.len();
        let source = ReadSeekSource::new(file).map_err(|error| anyhow::anyhow!("{error}"))?;
        let rows = match CellRows::open(source, &matrix(columns)) {
            Err(H5adError::ByGenes { .. }) if size <= LARGEST_WHOLE => {
                let cells = read_cells(path)?;
                for key in columns.labels.values() {
                    cells.label(key)?;
                }
                return Ok(Rows::Whole(Box::new(cells)));
            }
            other => other?,
        };
        let mut labels = BTreeMap::new();
        for column in columns.labels.values() {
            labels.insert(column.clone(), rows.label(column)?);
        }
        Ok(Rows::Streamed(Box::new(rows), labels))
    }

    /// Number of cells.
    pub fn cells(&self) -> usize {
        match &self.rows {
            Rows::Streamed(rows, _) => rows.cells(),
            Rows::Whole(cells) => cells.len(),
        }
    }

    /// Gene symbols.
    pub fn genes(&self) -> &[String] {
        match &self.rows {
            Rows::Streamed(rows, _) => rows.genes(),
            Rows::Whole(cells) => &cells.genes,
        }
    }

    /// Sets the panel; returns which of its genes the file measured.
    ///
    /// # Errors
    /// When the file has no gene of the panel.
    pub fn align(&mut self, panel: &Panel) -> Result<Vec<bool>> {
        self.places = panel.place(self.genes());
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
        for (cell, name) in names.into_iter().enumerate() {
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
            into.labels.depths.push(values.iter().map(|value| u64::from(*value)).sum());
            let text = |key: &str| self.text(settings, &columns, key, cell);
            into.labels.roles.push(settings.role(&self.dataset, &text(CELL_TYPE), &text(PERTURBATION)));
            for (key, list) in keys.iter().zip(&mut into.labels.texts) {
                list.push(text(key));
            }
        }
        Ok(())
    }

    /// Counts, names and labels by column of a run of cells.
    fn window(&self, first: usize, count: usize) -> Result<(Counts, Vec<String>, BTreeMap<String, Column>)> {
        Ok(match &self.rows {
            Rows::Streamed(rows, labels) => {
                let read = |(key, label): (&String, &LabelRows)| Ok((key.clone(), label.read(first, count)?));
                let labels = labels.iter().map(read).collect::<Result<_>>()?;
                (rows.counts(first, count)?, rows.names(first, count)?, labels)
            }
            Rows::Whole(cells) => {
                let part = cells.select(&(first..first + count).collect::<Vec<_>>());
                (part.counts, part.names, part.labels)
            }
        })
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
