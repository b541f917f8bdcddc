//! The cells that are predicted: which of a file, on the model's panel, with the model's names.
//!
//! Does: chooses cells by labels, finds the panel's genes in the file by symbol or identifier, turns the file's cell types
//! and identities into those that the model knows, and says in sentences where cells are unlike those it was trained on.
//! Does not know: how cells are rewritten.
//! Flow: file + bundle + columns → **measured cells** → `rewriting`.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Result, bail, ensure};
use cells::Cells;
use model::card::{Card, Condition, Kind};
use model::rewrite::Measured;
use model::rewrite::panel::{Translated, Unlike, evenly, listed, on_panel, perturbed_already, places};

use super::asked::Asked;
use crate::panels::without;

/// Cells of a file, as the model takes them.
pub(super) struct Input {
    /// The chosen cells of the file, with all its genes and labels.
    pub(super) cells: Cells,
    /// Place of every gene of the panel in the file [G].
    pub(super) places: Vec<Option<usize>>,
    /// What the cells are, in the model's names.
    pub(super) values: Vec<BTreeMap<String, String>>,
    /// What a reader must know.
    pub(super) notes: Vec<String>,
}

impl Input {
    /// A cell on the panel; no count where the file lacks a gene.
    pub(super) fn measured(&self, cell: usize) -> Measured {
        let mut row = vec![0; self.cells.genes.len()];
        self.cells.counts.dense_row(cell, &mut row);
        Measured { with: self.values[cell].clone(), counts: on_panel(&row, &self.places) }
    }
}

/// Chooses and translates the cells of a file; `identifiers` are those of its genes, where it has some.
pub(super) fn input(card: &Card, all: Cells, identifiers: Option<&[String]>, asked: &Asked<'_>) -> Result<Input> {
    let cells = chosen(all, asked.only)?;
    let cells = match asked.at_most {
        Some(most) if most < cells.len() => cells.select(&evenly(cells.len(), most)),
        _ => cells,
    };
    let places = places(&card.genes, &cells.genes, identifiers);
    ensure!(places.iter().any(Option::is_some), "{}", without("the cells", &cells.genes, "the model", &card.genes));
    let unlike = unlike(card, &cells, &places);
    let mut notes = unlike.of_genes();
    let mut values: Vec<BTreeMap<String, String>> = vec![BTreeMap::new(); cells.len()];
    for condition in card.conditions.iter().filter(|own| !asked.with.contains_key(&own.key)) {
        let column = match condition.kind {
            Kind::CellType => Some(type_column(condition, &cells, asked.cell_type_col)?),
            Kind::Identity => identity_column(condition, &cells, asked.identity_col)?,
            Kind::Perturbation | Kind::Depth => None,
        };
        if let Some(column) = column {
            notes.extend(named(condition, &cells, &column, &mut values)?);
        } else if condition.kind == Kind::Identity {
            notes.push(format!("no column says which {} a cell is from: it is left open", condition.key));
        }
    }
    notes.extend(already(card, &cells));
    notes.extend(unlike.of_cells());
    Ok(Input { cells, places, values, notes })
}

/// Cells that have one of the named values in every named column.
fn chosen(cells: Cells, only: &[(String, String)]) -> Result<Cells> {
    if only.is_empty() {
        ensure!(!cells.is_empty(), "the file has no cells");
        return Ok(cells);
    }
    let mut wanted: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    only.iter().for_each(|(key, value)| {
        wanted.entry(key).or_default().insert(value);
    });
    let mut kept: Vec<usize> = (0..cells.len()).collect();
    for (key, values) in wanted {
        let column = cells.label(key)?;
        kept.retain(|cell| column.text(*cell).is_some_and(|own| values.contains(own.as_ref())));
        let there: BTreeSet<_> = (0..cells.len()).filter_map(|cell| column.text(cell)).collect();
        ensure!(
            !kept.is_empty(),
            "no cell has {key} = {}; there is {}",
            values.into_iter().collect::<Vec<_>>().join(" or "),
            listed(there.iter().map(AsRef::as_ref))
        );
    }
    Ok(cells.select(&kept))
}

/// The column of cell types: the one that was named, or one of the model's own name.
fn type_column(condition: &Condition, cells: &Cells, asked: Option<&str>) -> Result<String> {
    if let Some(key) = asked {
        cells.label(key)?;
        return Ok(key.to_owned());
    }
    if cells.labels.contains_key(&condition.key) {
        return Ok(condition.key.clone());
    }
    bail!(
        "the cells have no column `{}` with their cell types; name it with --cell-type-col (there is {}), or say one type for all with --with \"{}=…\" ({})",
        condition.key,
        listed(cells.labels.keys().map(String::as_str)),
        condition.key,
        listed(condition.values.iter().map(|own| own.value.as_str()))
    )
}

/// The column of identities, if there is one.
fn identity_column(condition: &Condition, cells: &Cells, asked: Option<&str>) -> Result<Option<String>> {
    if let Some(key) = asked {
        cells.label(key)?;
        return Ok(Some(key.to_owned()));
    }
    Ok(Some(condition.key.clone()).filter(|key| cells.labels.contains_key(key)))
}

/// Writes what a column says in the model's names into the cells' values; says which of its values the model lacks.
fn named(
    condition: &Condition,
    cells: &Cells,
    column: &str,
    values: &mut [BTreeMap<String, String>],
) -> Result<Option<String>> {
    let label = cells.label(column)?;
    let own = Translated::of(condition, (0..cells.len()).map(|cell| label.text(cell).unwrap_or_default()));
    if let Some(sentence) = own.refusal(condition, column) {
        bail!(sentence);
    }
    let note = own.note(condition, column);
    for (values, value) in values.iter_mut().zip(own.values) {
        values.extend(value.map(|value| (condition.key.clone(), value)));
    }
    Ok(note)
}

/// Says how many cells the file itself calls perturbed.
fn already(card: &Card, cells: &Cells) -> Option<String> {
    let condition = card.of_kind(Kind::Perturbation)?;
    let (column, control) = (cells.labels.get(&condition.key)?, condition.control.as_ref()?);
    let count = perturbed_already(condition, (0..cells.len()).map(|cell| column.text(cell).unwrap_or_default()));
    let key = &condition.key;
    (count > 0).then(|| {
        format!(
            "{count} of {} cells are perturbed already by their `{key}`; --only {key}={control} takes control cells alone",
            cells.len()
        )
    })
}

/// How far cells are unlike the training cells.
fn unlike(card: &Card, cells: &Cells, places: &[Option<usize>]) -> Unlike {
    let mut is_shared = vec![false; cells.genes.len()];
    places.iter().flatten().for_each(|place| is_shared[*place] = true);
    let of_cell = |cell: usize| -> (u64, u64) {
        let (genes, counts) = cells.counts.row(cell);
        let own = genes.iter().zip(counts).filter(|(gene, _)| is_shared[**gene as usize]);
        (counts.iter().map(|own| u64::from(*own)).sum(), own.map(|(_, own)| u64::from(*own)).sum())
    };
    Unlike::of(card, places, (0..cells.len()).map(of_cell))
}
