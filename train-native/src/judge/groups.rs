//! Cells of a file by context and perturbation.
//!
//! Does: reads an h5ad file a window at a time on all cores and sorts its cells into groups, so that a file is in
//! memory once, sparse; brings them to the genes of the measured side.
//! Does not know: normalising, what is measured, what is predicted.
//! Flow: h5ad file → **groups** → `sides`.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::Path;

use anyhow::{Context as _, Result, ensure};
use cells::h5ad::{CellRows, Expression, H5adError, Matrix, Scale};
use cells::normalise::Normalised;
use cells::splits::{Part, Split};
use cells::{Cells, Counts, CountsError};
use rayon::iter::{IntoParallelIterator, ParallelIterator};

use crate::data::files;

/// Cells of a window.
const WINDOW: usize = 256;
/// Windows that are read side by side before they are sorted into groups.
const BATCH: usize = 8;
/// Cell type of contexts that do not tell types apart.
pub const ALL: &str = "all";

/// Which obs columns say what a cell is.
#[derive(Clone, Debug, Default)]
pub struct Columns {
    /// Perturbations.
    pub perturbation: String,
    /// The value of control cells there.
    pub control: String,
    /// What makes a context: donor, cell type … none: the file is one context.
    pub context: Vec<String>,
    /// Which of those is the cell type, so that baselines are taken from contexts of the same type.
    pub cell_type: Option<String>,
    /// Only cells of this part of a split, control cells besides; none: all cells.
    pub part: Option<(Split, Part)>,
}

/// What the cells of a group share.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Key {
    /// Values of the context's columns, `all cells` without any.
    pub context: String,
    /// Cell type, or [`ALL`].
    pub cell_type: String,
    /// Perturbation, or the control.
    pub perturbation: String,
}

impl Key {
    /// For sentences.
    pub fn words(&self) -> String {
        format!("{} ({})", self.perturbation, self.context)
    }
}

/// Cells by group.
pub type Groups = BTreeMap<Key, Expression>;

/// What to read of a file.
#[derive(Clone, Copy, Default)]
pub struct Wanted<'a> {
    /// Genes to bring the cells to, all of which the file must have; none: its own.
    pub panel: Option<&'a [String]>,
    /// Groups to read besides control cells of their contexts; none: all.
    pub groups: Option<&'a BTreeSet<Key>>,
}

/// Group of every cell; none for cells that lack a label. `text` gives a column's values.
fn keys(
    columns: &Columns,
    cells: usize,
    text: impl Fn(&str) -> Result<Vec<Option<String>>>,
) -> Result<Vec<Option<Key>>> {
    let perturbations = text(&columns.perturbation)?;
    let contexts = columns.context.iter().map(|key| text(key)).collect::<Result<Vec<_>>>()?;
    let typed = columns.context.iter().position(|key| Some(key) == columns.cell_type.as_ref());
    let splitting = columns.part.as_ref().map(|(split, _)| split.columns.iter().map(|key| text(key)).collect());
    let splitting: Option<Vec<Vec<Option<String>>>> = splitting.transpose()?;
    let parted = columns.part.as_ref().zip(splitting.as_ref()).map(|((split, part), values)| {
        move |cell: usize| {
            let labels = split.columns.iter().zip(values);
            let labels = labels.filter_map(|(key, column)| Some((key.clone(), column[cell].clone()?))).collect();
            split.part_of(&labels) == *part
        }
    });
    let of_cell = |cell: usize| {
        let parts = contexts.iter().map(|column| column[cell].clone()).collect::<Option<Vec<String>>>()?;
        let perturbation = perturbations[cell].clone().filter(|text| !text.is_empty())?;
        let cell_type = typed.map_or_else(|| ALL.to_owned(), |place| parts[place].clone());
        let context = if parts.is_empty() { "all cells".to_owned() } else { parts.join(" · ") };
        let kept = perturbation == columns.control || parted.as_ref().is_none_or(|keep| keep(cell));
        kept.then_some(Key { context, cell_type, perturbation })
    };
    Ok((0..cells).map(of_cell).collect())
}

/// Group of every cell in memory.
fn keys_of(cells: &Cells, columns: &Columns) -> Result<Vec<Option<Key>>> {
    keys(columns, cells.len(), |key| {
        let column = cells.label(key)?;
        Ok((0..cells.len()).map(|cell| column.text(cell).map(|text| text.into_owned())).collect())
    })
}

/// Forgets cells that were not asked for.
fn narrow(keys: &mut [Option<Key>], columns: &Columns, wanted: Wanted<'_>) {
    let Some(groups) = wanted.groups else { return };
    let contexts: BTreeSet<&String> = groups.iter().map(|key| &key.context).collect();
    for key in keys {
        let kept = |own: &Key| {
            groups.contains(own) || (own.perturbation == columns.control && contexts.contains(&own.context))
        };
        if !key.as_ref().is_some_and(kept) {
            *key = None;
        }
    }
}

/// The cells of a window by group.
fn parted(window: &Expression, keys: &[Option<Key>]) -> Vec<(Key, Expression)> {
    let mut members: HashMap<&Key, Vec<usize>> = HashMap::new();
    for (cell, key) in keys.iter().enumerate() {
        if let Some(key) = key {
            members.entry(key).or_default().push(cell);
        }
    }
    let chosen = |members: &[usize]| match window {
        Expression::Counts(own) => Expression::Counts(own.select_cells(members)),
        Expression::LogNormalised(own) => Expression::LogNormalised(own.select(members)),
    };
    members.into_iter().map(|(key, members)| (key.clone(), chosen(&members))).collect()
}

/// Appends the parts of one window to the groups; all windows of a file are of one scale.
fn gather(parts: Vec<(Key, Expression)>, groups: &mut Groups) -> Result<(), CountsError> {
    for (key, part) in parts {
        match (groups.get_mut(&key), part) {
            (Some(Expression::Counts(group)), Expression::Counts(own)) => group.append(&own)?,
            (Some(Expression::LogNormalised(group)), Expression::LogNormalised(own)) => group.append(&own)?,
            (_, part) => drop(groups.insert(key, part)),
        }
    }
    Ok(())
}

/// Empty groups with room for what the file stores of them: groups that grow by doubling hold up to twice their size.
fn empty(rows: &CellRows, genes: usize, keys: &[Option<Key>]) -> Result<Groups, H5adError> {
    let mut sizes: BTreeMap<&Key, (usize, usize)> = BTreeMap::new();
    for (key, stored) in keys.iter().zip(rows.stored_by_cell()?) {
        if let Some(key) = key {
            let (cells, values) = sizes.entry(key).or_default();
            (*cells, *values) = (*cells + 1, *values + stored);
        }
    }
    let empty = |(cells, values)| match rows.scale() {
        Scale::Counts => Expression::Counts(Counts::with_capacity(genes, cells, values)),
        Scale::LogNormalised => Expression::LogNormalised(Normalised::with_capacity(genes, cells, values)),
    };
    Ok(sizes.into_iter().map(|(key, size)| (key.clone(), empty(size))).collect())
}

/// The window on the genes of the panel.
fn aligned(window: Expression, places: Option<&[Option<usize>]>) -> Expression {
    let Some(places) = places else { return window };
    match window {
        Expression::Counts(counts) => Expression::Counts(counts.select_genes(places)),
        Expression::LogNormalised(data) => Expression::LogNormalised(data.select_genes(places)),
    }
}

/// Place of every panel gene in a file; none when they are the file's own in its order.
///
/// # Errors
/// When it lacks one of them.
pub fn places(genes: &[String], panel: Option<&[String]>) -> Result<Option<Vec<Option<usize>>>> {
    let Some(panel) = panel.filter(|panel| *panel != genes) else { return Ok(None) };
    let known: HashMap<&String, usize> = genes.iter().enumerate().map(|(place, gene)| (gene, place)).collect();
    let places: Vec<Option<usize>> = panel.iter().map(|gene| known.get(gene).copied()).collect();
    let missing: Vec<&String> =
        panel.iter().zip(&places).filter(|(_, place)| place.is_none()).map(|(gene, _)| gene).collect();
    ensure!(
        missing.is_empty(),
        "it lacks {} of the {} measured genes, {} among them; predict all of them",
        missing.len(),
        panel.len(),
        missing.first().map_or("", |gene| gene.as_str())
    );
    Ok(Some(places))
}

/// An open file of counts or log-normalised expression.
pub(super) fn opened(path: &Path) -> Result<CellRows> {
    Ok(files::rows(path, &Matrix::Auto, files::Wanted::Predicted)?.0)
}

/// Group of every cell of an open file.
fn keys_in(rows: &CellRows, columns: &Columns) -> Result<Vec<Option<Key>>> {
    keys(columns, rows.cells(), |key| {
        let column = rows.label(key)?.read(0, rows.cells())?;
        Ok((0..rows.cells()).map(|cell| column.text(cell).map(|text| text.into_owned())).collect())
    })
}

/// Groups that a file has, read from its labels alone.
///
/// # Errors
/// When the file cannot be read or lacks a column.
pub fn names(path: &Path, columns: &Columns) -> Result<BTreeSet<Key>> {
    let keys = keys_in(&opened(path)?, columns).with_context(|| format!("{} cannot be used", path.display()))?;
    Ok(keys.into_iter().flatten().collect())
}

/// Cells of a file by group, and its genes.
///
/// # Errors
/// When the file cannot be read, or lacks a column or a gene of the panel.
pub fn read(path: &Path, columns: &Columns, wanted: Wanted<'_>) -> Result<(Vec<String>, Groups)> {
    windows(&opened(path)?, columns, wanted).with_context(|| format!("{} cannot be used", path.display()))
}

/// Reads an open file window by window.
fn windows(rows: &CellRows, columns: &Columns, wanted: Wanted<'_>) -> Result<(Vec<String>, Groups)> {
    let cells = rows.cells();
    let mut keys = keys_in(rows, columns)?;
    narrow(&mut keys, columns, wanted);
    let places = places(rows.genes(), wanted.panel)?;
    let genes = wanted.panel.unwrap_or(rows.genes());
    let mut groups = empty(rows, genes.len(), &keys)?;
    let windows = cells.div_ceil(WINDOW);
    for first in (0..windows).step_by(BATCH) {
        let read = |window: usize| {
            let (from, to) = (window * WINDOW, cells.min((window + 1) * WINDOW));
            if keys[from..to].iter().all(Option::is_none) {
                return Ok(Vec::new());
            }
            let window = aligned(rows.expression(from, to - from)?, places.as_deref());
            Ok(parted(&window, &keys[from..to]))
        };
        let batch = (first..windows.min(first + BATCH)).into_par_iter().map(read);
        for parts in batch.collect::<Result<Vec<_>, H5adError>>()? {
            gather(parts, &mut groups)?;
        }
    }
    Ok((genes.to_vec(), groups))
}

/// Cells in memory by group.
///
/// # Errors
/// When they lack a column or a gene of the panel.
pub fn of_cells(cells: &Cells, columns: &Columns, wanted: Wanted<'_>) -> Result<(Vec<String>, Groups)> {
    let mut keys = keys_of(cells, columns)?;
    narrow(&mut keys, columns, wanted);
    let places = places(&cells.genes, wanted.panel)?;
    let window = aligned(Expression::Counts(cells.counts.clone()), places.as_deref());
    Ok((wanted.panel.unwrap_or(&cells.genes).to_vec(), parted(&window, &keys).into_iter().collect()))
}
