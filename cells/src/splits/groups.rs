//! Cells by their values in a few columns.
//!
//! Does: finds the combinations of values that occur and which cell has which, so that what hangs on labels alone is
//! decided once per combination and not once per cell (ten million cells have a few thousand).
//! Does not know: what a combination means.
//! Flow: label columns → **groups** → parts of a split, makers, checks.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::{Condition, Part, Split, includes};
use crate::cells::CellsError;
use crate::column::Column;

/// Combinations of values and the cells that have them.
pub(super) struct Groups<'a> {
    columns: &'a [String],
    /// Values of every combination [groups][columns]; `None` is a missing label.
    values: Vec<Vec<Option<Cow<'a, str>>>>,
    /// Combination of every cell.
    pub(super) of_cell: Vec<usize>,
}

/// A column by name.
pub(super) fn column<'a>(labels: &'a BTreeMap<String, Column>, key: &str) -> Result<&'a Column, CellsError> {
    labels
        .get(key)
        .ok_or_else(|| CellsError::MissingLabel { key: key.to_owned(), known: labels.keys().cloned().collect() })
}

/// The label of a cell; an empty text is a missing label (joining cells writes one for it).
pub(super) fn text(column: &Column, cell: usize) -> Option<Cow<'_, str>> {
    column.text(cell).filter(|text| !text.is_empty())
}

/// Values that occur in a column.
pub(super) fn distinct(labels: &BTreeMap<String, Column>, key: &str) -> Result<BTreeSet<String>, CellsError> {
    Ok(Groups::of(labels, &[key.to_owned()])?.distinct(key))
}

impl<'a> Groups<'a> {
    /// Groups cells by these columns.
    pub(super) fn of(labels: &'a BTreeMap<String, Column>, keys: &'a [String]) -> Result<Self, CellsError> {
        let columns = keys.iter().map(|key| column(labels, key)).collect::<Result<Vec<_>, _>>()?;
        // Every column of cells has an entry for every cell, those that are not asked for too.
        let cells = labels.values().next().map_or(0, Column::len);
        for (key, column) in keys.iter().zip(&columns) {
            if column.len() != cells {
                let what = format!("the label `{key}`");
                return Err(CellsError::Length { what, found: column.len(), expected: cells });
            }
        }
        let mut places: HashMap<Vec<Option<Cow<'a, str>>>, usize> = HashMap::new();
        let mut values = Vec::new();
        let mut own = Vec::with_capacity(columns.len());
        let mut of_cell = Vec::with_capacity(cells);
        for cell in 0..cells {
            own.clear();
            own.extend(columns.iter().map(|column| text(column, cell)));
            let group = places.get(own.as_slice()).copied().unwrap_or_else(|| {
                places.insert(own.clone(), values.len());
                values.push(own.clone());
                values.len() - 1
            });
            of_cell.push(group);
        }
        Ok(Self { columns: keys, values, of_cell })
    }

    /// Number of combinations.
    pub(super) fn len(&self) -> usize {
        self.values.len()
    }

    /// Value of a combination in a column.
    pub(super) fn value(&self, group: usize, key: &str) -> Option<&str> {
        let place = self.columns.iter().position(|own| own == key)?;
        self.values[group][place].as_deref()
    }

    /// Values that occur in a column.
    pub(super) fn distinct(&self, key: &str) -> BTreeSet<String> {
        (0..self.len()).filter_map(|group| self.value(group, key)).map(str::to_owned).collect()
    }

    /// Whether a combination lacks a label.
    pub(super) fn lacks_a_label(&self, group: usize) -> bool {
        self.values[group].iter().any(Option::is_none)
    }

    /// Whether the cells of a combination belong to a condition.
    pub(super) fn is_in(&self, group: usize, condition: &Condition) -> bool {
        includes(condition, &|key: &str| self.value(group, key))
    }

    /// Part of every combination.
    pub(super) fn parts(&self, split: &Split) -> Vec<Part> {
        (0..self.len()).map(|group| split.part_by(|key| self.value(group, key))).collect()
    }
}
