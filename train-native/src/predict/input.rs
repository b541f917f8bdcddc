//! The cells that are predicted: which of a file, on the model's panel, with the model's names.
//!
//! Does: chooses cells by labels, finds the panel's genes in the file by symbol or identifier, turns the file's cell types
//! and identities into those that the model knows, and says in sentences where cells are unlike those it was trained on.
//! Does not know: how cells are rewritten.
//! Flow: file + bundle + columns → **measured cells** → `rewriting`.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use anyhow::{Result, bail, ensure};
use cells::Cells;
use model::card::{Card, Condition, Kind};
use model::rewrite::{Measured, known_value};

use super::Asked;
use crate::panels::without;

/// Share of a panel at which little can be said of what the other genes do.
const HALF: f64 = 0.5;
/// Names that a sentence lists.
const SHOWN: usize = 8;

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
        let counts = self.places.iter().map(|place| place.map(|place| row[place])).collect();
        Measured { with: self.values[cell].clone(), counts }
    }
}

/// Chooses and translates the cells of a file; `identifiers` are those of its genes, where it has some.
pub(super) fn input(card: &Card, all: Cells, identifiers: Option<&[String]>, asked: &Asked<'_>) -> Result<Input> {
    let cells = chosen(all, asked.only)?;
    let (places, mut notes) = places(card, &cells, identifiers)?;
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
    notes.extend(unlike(card, &cells, &places));
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

/// Place of every gene of the panel in the file, with a sentence where many are missing.
fn places(card: &Card, cells: &Cells, identifiers: Option<&[String]>) -> Result<(Vec<Option<usize>>, Vec<String>)> {
    let by = |names: &[String]| -> Vec<Option<usize>> {
        // Of names that come again the first stands.
        let known: HashMap<&String, usize> = names.iter().enumerate().rev().map(|(place, own)| (own, place)).collect();
        card.genes.iter().map(|gene| known.get(gene).copied()).collect()
    };
    let found = |places: &[Option<usize>]| places.iter().flatten().count();
    let mut places = by(&cells.genes);
    if let Some(other) = identifiers.map(by).filter(|other| found(other) > found(&places)) {
        places = other;
    }
    let (shared, panel) = (found(&places), card.genes.len());
    ensure!(shared > 0, "{}", without("the cells", &cells.genes, "the model", &card.genes));
    let percent = 100.0 * shared as f64 / panel.max(1) as f64;
    let mut notes = Vec::new();
    if shared < panel {
        let (lacks, percent) = (panel - shared, percent.floor());
        notes.push(format!(
            "the file has {shared} of the model's {panel} genes ({percent} %); the other {lacks} are unknown to the model here and are not written"
        ));
    }
    if (shared as f64) <= HALF * panel as f64 {
        notes.push(
            "with half of the panel or less a prediction is a guess: compare it with other data first".to_owned(),
        );
    }
    Ok((places, notes))
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
    let mut known: HashMap<String, Option<&str>> = HashMap::new();
    let (mut without, mut unknown) = (0, BTreeSet::new());
    for (cell, own) in values.iter_mut().enumerate() {
        let text = label.text(cell).unwrap_or_default().into_owned();
        match *known.entry(text.clone()).or_insert_with(|| known_value(condition, &text)) {
            Some(value) => drop(own.insert(condition.key.clone(), value.to_owned())),
            None => {
                without += 1;
                unknown.insert(if text.is_empty() { "no value".to_owned() } else { text });
            }
        }
    }
    let model = listed(condition.values.iter().map(|own| own.value.as_str()));
    let theirs = listed(unknown.iter().map(String::as_str));
    ensure!(
        condition.kind != Kind::CellType || without < cells.len(),
        "the model knows none of the cell types in `{column}` ({theirs}); it knows {model}"
    );
    let left = format!(
        "{without} of {} cells have a value in `{column}` that the model does not know ({theirs}); their {} is left open",
        cells.len(),
        condition.key
    );
    Ok((without > 0).then_some(left))
}

/// Says how many cells the file itself calls perturbed.
fn already(card: &Card, cells: &Cells) -> Option<String> {
    let condition = card.of_kind(Kind::Perturbation)?;
    let (column, control) = (cells.labels.get(&condition.key)?, condition.control.as_ref()?);
    let perturbed = |cell: &usize| {
        let own = column.text(*cell).unwrap_or_default();
        own != control.as_str() && condition.token(&own).is_some()
    };
    let count = (0..cells.len()).filter(perturbed).count();
    let key = &condition.key;
    (count > 0).then(|| {
        format!(
            "{count} of {} cells are perturbed already by their `{key}`; --only {key}={control} takes control cells alone",
            cells.len()
        )
    })
}

/// Sentences with figures where cells are unlike the training cells.
fn unlike(card: &Card, cells: &Cells, places: &[Option<usize>]) -> Vec<String> {
    let mut is_shared = vec![false; cells.genes.len()];
    places.iter().flatten().for_each(|place| is_shared[*place] = true);
    let of_cell = |cell: usize| -> u64 {
        let (genes, counts) = cells.counts.row(cell);
        genes.iter().zip(counts).filter(|(gene, _)| is_shared[**gene as usize]).map(|(_, own)| u64::from(*own)).sum()
    };
    let sizes = cells.counts.library_sizes();
    let own: Vec<u64> = (0..cells.len()).map(of_cell).collect();
    let (all, panel) = (sizes.iter().sum::<u64>(), own.iter().sum::<u64>());
    let mut notes = vec![format!(
        "{:.0} % of the cells' counts are in genes of the model",
        100.0 * panel as f64 / all.max(1) as f64
    )];
    let [smallest, largest] = card.library_sizes.map(u64::from);
    let outside = own.iter().filter(|size| !(smallest..=largest).contains(*size)).count();
    if outside > 0 {
        notes.push(format!(
            "{outside} of {} cells have fewer or more counts in these genes than any training cell ({smallest} to {largest})",
            own.len()
        ));
    }
    notes
}

/// Names for a sentence, the first few.
fn listed<'a>(names: impl Iterator<Item = &'a str>) -> String {
    let all: Vec<&str> = names.collect();
    let more = all.len().saturating_sub(SHOWN);
    let rest = if more > 0 { format!(" and {more} more") } else { String::new() };
    match all.is_empty() {
        true => "nothing".to_owned(),
        false => format!("{}{rest}", all[..all.len().min(SHOWN)].join(", ")),
    }
}
