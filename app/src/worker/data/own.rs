//! The visitor's cells in memory.
//!
//! Does: holds values, names, labels, places and groups; log-normalises chosen cells on their own genes or on the
//! model's; colours.
//! Does not know: files, tests.
//! Flow: readers → **own cells** → places, groups, tests, exports.

use std::collections::BTreeMap;

use cells::normalise::{Normalised, Target, into_log_normalised};
use cells::{Column, Counts};

use super::outbox::tell;
use super::pace::End;
use crate::protocol::Array;
use crate::protocol::data::{Colour, Tell};

/// Values as the file has them.
pub(super) enum Values {
    /// UMI counts.
    Counts(Counts),
    /// Log-normalised expression.
    Logged(Normalised),
}

/// Cells of a group.
pub(super) struct Group {
    /// Places, ascending.
    pub(super) cells: Vec<usize>,
    /// What they are.
    pub(super) words: String,
}

/// The cells.
pub(super) struct Own {
    pub(super) title: String,
    /// Where the values stood in the file.
    pub(super) place: String,
    pub(super) cells_in_file: usize,
    pub(super) names: Vec<String>,
    pub(super) genes: Vec<String>,
    /// Other names of the same genes, where the file has some.
    pub(super) identifiers: Option<Vec<String>>,
    pub(super) labels: BTreeMap<String, Column>,
    pub(super) values: Values,
    /// What the visitor should know.
    pub(super) notes: Vec<String>,
    /// Place of each of the model's genes among the file's.
    pub(super) panel: Vec<Option<usize>>,
    /// Coordinates [2 n].
    pub(super) coordinates: Vec<f32>,
    /// Nearest type of every cell, a place among `type_names`.
    pub(super) types: Vec<u16>,
    pub(super) type_names: Vec<String>,
    /// Share of the nearest reference cells that have that type, for every cell.
    pub(super) confidence: Vec<f32>,
    /// Mean distance of every cell to its nearest reference cells; none without a map.
    pub(super) distances: Vec<f32>,
    /// The same of the reference cells among themselves: the middle one, and the one that 99 of 100 stay below.
    pub(super) usual: (f32, f32),
    pub(super) groups: [Option<Group>; 2],
    /// Label whose names were given meanings by hand for a prediction, and these.
    pub(super) named: Option<(String, BTreeMap<String, String>)>,
    /// What every cell's counts are scaled to, by the model's card.
    pub(super) target: f64,
}

impl Own {
    pub(super) fn new(
        title: &str,
        place: &str,
        (names, genes): (Vec<String>, Vec<String>),
        labels: BTreeMap<String, Column>,
        values: Values,
    ) -> Self {
        Self {
            title: title.to_owned(),
            place: place.to_owned(),
            cells_in_file: names.len(),
            names,
            genes,
            identifiers: None,
            labels,
            values,
            notes: Vec::new(),
            panel: Vec::new(),
            coordinates: Vec::new(),
            types: Vec::new(),
            type_names: Vec::new(),
            confidence: Vec::new(),
            distances: Vec::new(),
            usual: (0.0, 0.0),
            groups: [None, None],
            named: None,
            target: 1e4,
        }
    }

    /// Log-normalised expression of cells on the file's genes.
    pub(super) fn normalised(&self, cells: &[usize]) -> Normalised {
        match &self.values {
            Values::Counts(counts) => into_log_normalised(counts.select_cells(cells), Target::Sum(self.target)),
            Values::Logged(logged) => logged.select(cells),
        }
    }

    /// Log-normalised expression of cells on the model's genes, scaled over these as the model's own cells are.
    pub(super) fn on_panel(&self, cells: &[usize]) -> Normalised {
        self.on_panel_to(cells, self.target)
    }

    /// The same, scaled to another sum.
    pub(super) fn on_panel_to(&self, cells: &[usize], target: f64) -> Normalised {
        match &self.values {
            Values::Counts(counts) => {
                let chosen = counts.select_cells(cells).select_genes(&self.panel);
                into_log_normalised(chosen, Target::Sum(target))
            }
            Values::Logged(logged) => rescaled(&logged.select(cells).select_genes(&self.panel), target),
        }
    }

    /// Sum over all genes of a cell: counts, or what stands before the logarithm.
    fn size(&self, cell: usize) -> f64 {
        match &self.values {
            Values::Counts(counts) => counts.row(cell).1.iter().map(|count| f64::from(*count)).sum(),
            Values::Logged(logged) => logged.row(cell).1.iter().map(|value| f64::from(*value).exp_m1()).sum(),
        }
    }

    /// How far cells lie from the reference cells: how many lie farther than 99 of 100 reference cells from theirs, and how
    /// many times as far as a reference cell the middle one lies.
    pub(super) fn apart(&self, cells: &[usize]) -> Option<(u32, f64)> {
        let mut own: Vec<f32> = cells.iter().filter_map(|cell| self.distances.get(*cell).copied()).collect();
        own.sort_by(f32::total_cmp);
        let (middle, most) = self.usual;
        let far = own.iter().filter(|distance| **distance > most).count() as u32;
        let median = own.get(own.len() / 2).filter(|_| middle > 0.0)?;
        Some((far, f64::from(*median) / f64::from(middle)))
    }

    /// Counts (or normalised counts) and genes of every cell.
    pub(super) fn sizes(&self) -> (Vec<f64>, Vec<f64>) {
        let genes = |cell: usize| match &self.values {
            Values::Counts(counts) => counts.row(cell).0.len() as f64,
            Values::Logged(logged) => logged.row(cell).0.len() as f64,
        };
        (0..self.names.len()).map(|cell| (self.size(cell), genes(cell))).unzip()
    }

    /// Log-normalised values of one gene in all cells.
    fn gene(&self, gene: usize) -> Vec<f32> {
        match &self.values {
            Values::Logged(logged) => logged.gene(gene as u32),
            Values::Counts(counts) => (0..counts.cells())
                .map(|cell| {
                    let (genes, values) = counts.row(cell);
                    let Ok(at) = genes.binary_search(&(gene as u32)) else { return 0.0 };
                    (f64::from(values[at]) * self.target / self.size(cell)).ln_1p() as f32
                })
                .collect(),
        }
    }

    /// Sends the values that colour the cells.
    pub(super) fn colour(&self, by: Colour) -> Result<(), End> {
        let (names, values): (Vec<String>, Vec<f32>) = match &by {
            Colour::Nearest => (self.type_names.clone(), self.types.iter().map(|kind| f32::from(*kind)).collect()),
            Colour::Gene(name) => {
                let place = self.genes.iter().position(|gene| gene == name);
                let place = place.ok_or_else(|| format!("{name:?} is not among the genes of {}.", self.title))?;
                (Vec::new(), self.gene(place))
            }
            Colour::Label(key) => match self.labels.get(key) {
                Some(column) => label_values(column),
                None => return Err(End::Failed(format!("{} has no label {key:?}.", self.title))),
            },
            Colour::Groups => {
                let mut values = vec![-1.0; self.names.len()];
                let mut names = Vec::new();
                for (side, group) in self.groups.iter().enumerate() {
                    let letter = ["A", "B"][side];
                    names.push(format!("{letter}: {}", group.as_ref().map_or("no cells", |group| &group.words)));
                    for cell in group.iter().flat_map(|group| &group.cells) {
                        values[*cell] = side as f32;
                    }
                }
                (names, values)
            }
        };
        tell(Tell::Coloured { by, names }, &[Array::F32(values)]);
        Ok(())
    }
}

/// Names and places of a label, or numbers.
fn label_values(column: &Column) -> (Vec<String>, Vec<f32>) {
    match column {
        Column::Float(values) => {
            (Vec::new(), values.iter().map(|v| if v.is_nan() { f32::NAN } else { *v as f32 }).collect())
        }
        Column::Integer(values) => (Vec::new(), values.iter().map(|value| *value as f32).collect()),
        Column::Boolean(values) => {
            (vec!["false".to_owned(), "true".to_owned()], values.iter().map(|yes| f32::from(u8::from(*yes))).collect())
        }
        Column::Categorical { codes, categories } => (categories.clone(), codes.iter().map(|c| *c as f32).collect()),
    }
}

/// Log-normalised expression scaled anew, so that every cell sums to `target` before the logarithm.
fn rescaled(data: &Normalised, target: f64) -> Normalised {
    let (mut starts, mut indices, mut values) = (vec![0], Vec::new(), Vec::new());
    for cell in 0..data.cells() {
        let (genes, row) = data.row(cell);
        let sum: f64 = row.iter().map(|value| f64::from(*value).exp_m1()).sum();
        let factor = if sum > 0.0 { target / sum } else { 0.0 };
        indices.extend_from_slice(genes);
        values.extend(row.iter().map(|value| (f64::from(*value).exp_m1() * factor).ln_1p() as f32));
        starts.push(indices.len());
    }
    // The pattern is that of a matrix; a value past the range can only come from one that was.
    Normalised::new(data.genes(), starts, indices, values).unwrap_or_else(|_| data.clone())
}
