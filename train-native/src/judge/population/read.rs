//! A sample of the cells of a file.
//!
//! Does: reads cells chosen at random, on the genes asked for, a window at a time, so that a file of any size does;
//! counts and log-normalised expression alike.
//! Does not know: what the cells are compared with.
//! Flow: h5ad file → **population** → `measure`.

use std::path::Path;

use anyhow::{Context, Result};
use cells::baselines::shuffled;
use cells::h5ad::{Expression, Scale};
use cells::normalise::{Normalised, Target, log_normalise};
use cells::{Cells, Counts};

use crate::judge::groups::{opened, places};

/// Library size that counts are scaled to (the scDiffusion notebook's).
pub(super) const TARGET: Target = Target::Sum(1e4);
/// Cells of a window.
const WINDOW: usize = 512;

/// Cells of one kind.
#[derive(Clone, Debug)]
pub struct Population {
    /// Log-normalised expression [cells, G].
    pub data: Normalised,
    /// Counts, where the cells came with them.
    pub counts: Option<Counts>,
    /// Cell type of every cell, where the cells have one.
    pub types: Option<Vec<String>>,
}

impl Population {
    /// Cells in memory. `key`: their label of cell types.
    pub fn of(cells: &Cells, key: Option<&str>) -> Self {
        let column = key.and_then(|key| cells.labels.get(key));
        let text =
            |cell| column.and_then(|column| column.text(cell)).map_or_else(String::new, |text| text.into_owned());
        Self {
            data: log_normalise(&cells.counts, TARGET),
            counts: Some(cells.counts.clone()),
            types: column.is_some().then(|| (0..cells.len()).map(text).collect()),
        }
    }

    /// Number of cells.
    pub fn len(&self) -> usize {
        self.data.cells()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The named cells.
    pub fn select(&self, chosen: &[usize]) -> Self {
        Self {
            data: self.data.select(chosen),
            counts: self.counts.as_ref().map(|counts| counts.select_cells(chosen)),
            types: self.types.as_ref().map(|types| chosen.iter().map(|cell| types[*cell].clone()).collect()),
        }
    }
}

/// At most `most` places below n, in random order.
pub fn sample(n: usize, most: usize, seed: u64) -> Vec<usize> {
    let mut order = shuffled(&(0..n).collect::<Vec<_>>(), seed);
    order.truncate(most);
    order
}

/// Reads at most `most` cells of a file, chosen at random. `panel`: genes that it must have; none: its own.
///
/// # Errors
/// When the file cannot be read, or lacks genes or the label of cell types.
pub fn read(
    path: &Path,
    panel: Option<&[String]>,
    key: Option<&str>,
    most: usize,
    seed: u64,
) -> Result<(Vec<String>, Population)> {
    let failed = || format!("{} cannot be used", path.display());
    let rows = opened(path)?;
    let places = places(rows.genes(), panel).with_context(failed)?;
    let places = places.unwrap_or_else(|| (0..rows.genes().len()).map(Some).collect());
    let mut chosen = sample(rows.cells(), most, seed);
    chosen.sort_unstable();
    let genes = panel.unwrap_or(rows.genes()).to_vec();
    let (mut counts, mut data) = (Counts::empty(genes.len()), Normalised::with_capacity(genes.len(), 0, 0));
    for first in (0..rows.cells()).step_by(WINDOW) {
        let inside = chosen.iter().filter(|cell| (first..first + WINDOW).contains(*cell)).map(|cell| cell - first);
        let inside: Vec<usize> = inside.collect();
        if inside.is_empty() {
            continue;
        }
        match rows.expression(first, WINDOW.min(rows.cells() - first)).with_context(failed)? {
            Expression::Counts(own) => counts.append(&own.select_cells(&inside).select_genes(&places))?,
            Expression::LogNormalised(own) => data.append(&own.select(&inside).select_genes(&places))?,
        }
    }
    let types = key
        .map(|key| -> Result<Vec<String>> {
            let column = rows.label(key)?.read(0, rows.cells())?;
            Ok(chosen
                .iter()
                .map(|cell| column.text(*cell).map_or_else(String::new, |text| text.into_owned()))
                .collect())
        })
        .transpose()
        .with_context(failed)?;
    let counts = (rows.scale() == Scale::Counts).then_some(counts);
    let data = counts.as_ref().map_or(data, |counts| log_normalise(counts, TARGET));
    Ok((genes, Population { data, counts, types }))
}
