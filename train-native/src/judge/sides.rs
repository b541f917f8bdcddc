//! Cells of a file by context and perturbation, log-normalised as the referee does it.
//!
//! Does: reads an h5ad file a window at a time on all cores and sorts its cells into groups, so that a file is in
//! memory once, sparse; brings them to the genes of the measured side; normalises counts to the median library size of
//! their context and takes log-normalised expression (other models' predictions) as it is.
//! Does not know: what is measured, what is predicted.
//! Flow: h5ad file → **sides** → `judge`.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fs::File;
use std::path::Path;

use anyhow::{Context as _, Result, ensure};
use cells::h5ad::{CellRows, Expression, H5adError, ReadSeekSource, Scale};
use cells::normalise::{Normalised, Target, into_log_normalised, median};
use cells::referee::Side;
use cells::{Cells, Counts, CountsError};
use rayon::iter::{IntoParallelIterator, ParallelIterator};

use crate::data::read_cells;

/// Cells of a window.
const WINDOW: usize = 256;
/// Windows that are read side by side before they are sorted into groups.
const BATCH: usize = 8;

/// Which obs columns say what a cell is.
#[derive(Clone, Debug, Default)]
pub struct Columns {
    /// Perturbations.
    pub perturbation: String,
    /// The value of control cells there.
    pub control: String,
    /// What makes a context: donor, cell type … none: the file is one context.
    pub context: Vec<String>,
}

/// Control and perturbed cells of one context.
pub struct Context {
    /// Values of the context's columns, `all cells` without any.
    pub name: String,
    /// The cells.
    pub side: Side,
    /// Counts of the control cells, where the file has counts.
    pub control_counts: Option<Counts>,
}

/// Cells of a file, grouped.
pub struct Sorted {
    /// Gene symbols [G].
    pub genes: Vec<String>,
    /// Contexts that have control cells.
    pub contexts: Vec<Context>,
    /// Contexts without control cells, which cannot be scored.
    pub without_control: Vec<String>,
}

/// Context and perturbation.
pub type Key = (String, String);

/// Group of every cell; none for cells that lack a label.
fn keys(
    columns: &Columns,
    cells: usize,
    text: impl Fn(&str) -> Result<Vec<Option<String>>>,
) -> Result<Vec<Option<Key>>> {
    let perturbations = text(&columns.perturbation)?;
    let contexts = columns.context.iter().map(|key| text(key)).collect::<Result<Vec<_>>>()?;
    let of_cell = |cell: usize| {
        let parts: Option<Vec<String>> = contexts.iter().map(|column| column[cell].clone()).collect();
        let parts = parts?;
        let name = if parts.is_empty() { "all cells".to_owned() } else { parts.join(" · ") };
        Some((name, perturbations[cell].clone().filter(|text| !text.is_empty())?))
    };
    Ok((0..cells).map(of_cell).collect())
}

/// Cells of one group, in one scale.
type Group = (Key, Expression);

/// The cells of a window by group.
fn parted(window: &Expression, keys: &[Option<Key>]) -> Vec<Group> {
    let mut members: HashMap<&Key, Vec<usize>> = HashMap::new();
    keys.iter().enumerate().for_each(|(cell, key)| {
        if let Some(key) = key {
            members.entry(key).or_default().push(cell);
        }
    });
    let chosen = |members: &[usize]| match window {
        Expression::Counts(own) => Expression::Counts(own.select_cells(members)),
        Expression::LogNormalised(own) => Expression::LogNormalised(own.select(members)),
    };
    members.into_iter().map(|(key, members)| (key.clone(), chosen(&members))).collect()
}

/// Appends the parts of one window to the groups; all windows of a file are of one scale.
fn gather(parts: Vec<Group>, groups: &mut BTreeMap<Key, Expression>) -> Result<(), CountsError> {
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
fn empty(rows: &CellRows, genes: usize, keys: &[Option<Key>]) -> Result<BTreeMap<Key, Expression>, H5adError> {
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

/// Place of every panel gene in the file; none when they are the file's own in its order.
fn places(path: &Path, genes: &[String], panel: Option<&[String]>) -> Result<Option<Vec<Option<usize>>>> {
    let Some(panel) = panel.filter(|panel| *panel != genes) else { return Ok(None) };
    let known: HashMap<&String, usize> = genes.iter().enumerate().map(|(place, gene)| (gene, place)).collect();
    let places: Vec<Option<usize>> = panel.iter().map(|gene| known.get(gene).copied()).collect();
    let missing: Vec<&String> =
        panel.iter().zip(&places).filter(|(_, at)| at.is_none()).map(|(gene, _)| gene).collect();
    ensure!(
        missing.is_empty(),
        "{} lacks {} of the {} measured genes, {} among them; predict all of them",
        path.display(),
        missing.len(),
        panel.len(),
        missing.first().map_or("", |gene| gene.as_str())
    );
    Ok(Some(places))
}

/// What to read of a file.
#[derive(Clone, Copy, Default)]
pub struct Wanted<'a> {
    /// Genes to bring the cells to, all of which the file must have; none: its own.
    pub panel: Option<&'a [String]>,
    /// Groups to read besides control cells; none: all.
    pub groups: Option<&'a BTreeSet<Key>>,
}

/// An open file and the group of every cell.
fn opened(path: &Path, columns: &Columns) -> Result<Result<(CellRows, Vec<Option<Key>>), H5adError>> {
    let source = ReadSeekSource::new(File::open(path)?).map_err(|error| anyhow::anyhow!("{error}"))?;
    let rows = match CellRows::open_any(source) {
        Ok(rows) => rows,
        Err(error) => return Ok(Err(error)),
    };
    let cells = rows.cells();
    let keys = keys(columns, cells, |key| {
        let column = rows.label(key)?.read(0, cells)?;
        Ok((0..cells).map(|cell| column.text(cell).map(|text| text.into_owned())).collect())
    })?;
    Ok(Ok((rows, keys)))
}

/// Groups that a file has, read from its labels alone.
///
/// # Errors
/// When the file cannot be read or lacks a column.
pub fn names(path: &Path, columns: &Columns) -> Result<BTreeSet<Key>> {
    let failed = || format!("{} cannot be used", path.display());
    let keys = match opened(path, columns).with_context(failed)? {
        Ok((_, keys)) => keys,
        Err(H5adError::ByGenes { .. }) => whole_keys(&read_cells(path)?, columns)?,
        Err(other) => return Err(other).with_context(failed),
    };
    Ok(keys.into_iter().flatten().collect())
}

/// Cells of a file by group, and its genes.
fn groups(path: &Path, columns: &Columns, wanted: Wanted<'_>) -> Result<(Vec<String>, BTreeMap<Key, Expression>)> {
    let panel = wanted.panel;
    let (rows, mut keys) = match opened(path, columns)? {
        Err(H5adError::ByGenes { .. }) => return whole(path, columns, wanted),
        other => other?,
    };
    let cells = rows.cells();
    narrow(&mut keys, columns, wanted);
    let places = places(path, rows.genes(), panel)?;
    let mut groups = empty(&rows, panel.unwrap_or(rows.genes()).len(), &keys)?;
    let windows = cells.div_ceil(WINDOW);
    for first in (0..windows).step_by(BATCH) {
        let read = |window: usize| {
            let (from, to) = (window * WINDOW, cells.min((window + 1) * WINDOW));
            let window = aligned(rows.expression(from, to - from)?, places.as_deref());
            Ok(parted(&window, &keys[from..to]))
        };
        let batch =
            (first..windows.min(first + BATCH)).into_par_iter().map(read).collect::<Result<Vec<_>, H5adError>>()?;
        for parts in batch {
            gather(parts, &mut groups)?;
        }
    }
    Ok((panel.unwrap_or(rows.genes()).to_vec(), groups))
}

/// Forgets cells that were not asked for.
fn narrow(keys: &mut [Option<Key>], columns: &Columns, wanted: Wanted<'_>) {
    let Some(groups) = wanted.groups else { return };
    let contexts: BTreeSet<&String> = groups.iter().map(|(context, _)| context).collect();
    for key in keys {
        let kept = |own: &Key| groups.contains(own) || (own.1 == columns.control && contexts.contains(&own.0));
        if !key.as_ref().is_some_and(kept) {
            *key = None;
        }
    }
}

/// Group of every cell of a file in memory.
fn whole_keys(cells: &Cells, columns: &Columns) -> Result<Vec<Option<Key>>> {
    keys(columns, cells.len(), |key| {
        let column = cells.label(key)?;
        Ok((0..cells.len()).map(|cell| column.text(cell).map(|text| text.into_owned())).collect())
    })
}

/// The same from a file compressed by genes, which has to be read whole.
fn whole(path: &Path, columns: &Columns, wanted: Wanted<'_>) -> Result<(Vec<String>, BTreeMap<Key, Expression>)> {
    let (cells, panel) = (read_cells(path)?, wanted.panel);
    let mut keys = whole_keys(&cells, columns)?;
    narrow(&mut keys, columns, wanted);
    let places = places(path, &cells.genes, panel)?;
    let parts = parted(&aligned(Expression::Counts(cells.counts), places.as_deref()), &keys);
    let groups = parts.into_iter().collect();
    Ok((panel.map_or(cells.genes, <[String]>::to_vec), groups))
}

/// Log-normalises the groups of a context in place; none without control cells.
fn context(name: String, control: &str, groups: Vec<(String, Expression)>) -> Option<Context> {
    let size = |group: &Expression| match group {
        Expression::Counts(counts) => counts.library_sizes(),
        Expression::LogNormalised(_) => Vec::new(),
    };
    let target = Target::Sum(median(&groups.iter().flat_map(|(_, group)| size(group)).collect::<Vec<_>>()));
    let control_counts = groups.iter().find_map(|(name, group)| match group {
        Expression::Counts(counts) if name == control => Some(counts.clone()),
        _ => None,
    });
    let normalised = |(name, group): (String, Expression)| match group {
        Expression::Counts(counts) => (name, into_log_normalised(counts, target)),
        Expression::LogNormalised(data) => (name, data),
    };
    let mut perturbed: BTreeMap<String, Normalised> = groups.into_par_iter().map(normalised).collect();
    Some(Context { name, side: Side { control: perturbed.remove(control)?, perturbed }, control_counts })
}

/// Reads a file.
///
/// # Errors
/// When the file cannot be read, lacks a column or a gene of the panel, or has no control cells.
pub fn read(path: &Path, columns: &Columns, wanted: Wanted<'_>) -> Result<Sorted> {
    let failed = || format!("{} cannot be used", path.display());
    let (genes, groups) = groups(path, columns, wanted).with_context(failed)?;
    let known: BTreeSet<String> = groups.keys().map(|(_, perturbation)| perturbation.clone()).collect();
    let mut by_context: BTreeMap<String, Vec<(String, Expression)>> = BTreeMap::new();
    for ((context, perturbation), group) in groups {
        by_context.entry(context).or_default().push((perturbation, group));
    }
    let (mut contexts, mut without_control) = (Vec::new(), Vec::new());
    for (name, groups) in by_context {
        match context(name.clone(), &columns.control, groups) {
            Some(context) => contexts.push(context),
            None => without_control.push(name),
        }
    }
    ensure!(
        !contexts.is_empty(),
        "{} cannot be used: no cell has {} = {}; there is {}",
        path.display(),
        columns.perturbation,
        columns.control,
        known.into_iter().take(20).collect::<Vec<_>>().join(", ")
    );
    Ok(Sorted { genes, contexts, without_control })
}
