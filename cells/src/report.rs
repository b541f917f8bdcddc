//! What was found in a file of cells: the same words in the page and on the command line.
//!
//! Does: holds which matrices, genomes, modalities and labels a file has, which matrix was taken and why, what was left
//! out; writes it as lines of text.
//! Does not know: how it was found.
//! Flow: reader → **report** → `wellplate inspect`, Data view.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};

use crate::column::Column;
use crate::kind::Kind;

/// Values of a label that are listed.
const LISTED: usize = 60;
/// A column of numbers with at most so many different ones is listed.
const FEW_NUMBERS: usize = 20;
/// Values of a label that a line shows.
const SHOWN: usize = 8;

/// A matrix of the file.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct MatrixFound {
    /// Its name, by which it can be asked for.
    pub place: String,
    /// What it holds.
    #[serde(flatten)]
    pub kind: Kind,
    /// Why it is thought so, or why it cannot be read.
    pub why: String,
    /// Cells.
    pub cells: u64,
    /// Genes.
    pub genes: u64,
    /// Whether it can be taken.
    pub usable: bool,
}

/// A genome or a modality of the file, when there are several.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct GroupFound {
    /// Its name, by which it can be asked for.
    pub name: String,
    /// Genes, or features of another kind.
    pub genes: u64,
    /// Whether it is read.
    pub taken: bool,
}

/// A label of the cells.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct LabelFound {
    /// Its name.
    pub key: String,
    /// Whether its values are numbers.
    pub numeric: bool,
    /// How many different values there are; none when they were not counted.
    pub different: Option<u64>,
    /// Cells without a value.
    pub missing: u64,
    /// Values and their cells, the commonest first; empty for numbers with many values.
    pub values: Vec<(String, u64)>,
}

/// A column that cannot be a label.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct LeftOut {
    /// Path in the file.
    pub place: String,
    /// Why, as a sentence.
    pub why: String,
}

/// What was found.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Report {
    /// Form of the file.
    pub format: String,
    /// Cells.
    pub cells: u64,
    /// Genes.
    pub genes: u64,
    /// Stored values, about.
    pub stored: u64,
    /// The matrix that was taken.
    pub taken: MatrixFound,
    /// What the values are read as, and what is done to them.
    pub read_as: String,
    /// All matrices, in the order in which they were looked for.
    pub matrices: Vec<MatrixFound>,
    /// Genomes or modalities to choose from; empty when there is but one.
    pub groups: Vec<GroupFound>,
    /// Where the names of genes stood.
    pub symbols: String,
    /// Labels of the cells.
    pub labels: Vec<LabelFound>,
    /// Columns that cannot be labels.
    pub left_out: Vec<LeftOut>,
    /// What else the file holds and nobody reads here: coordinates, graphs, settings.
    #[serde(default)]
    pub beside: Vec<String>,
    /// What else should be known.
    pub notes: Vec<String>,
}

impl LabelFound {
    /// A label that was not read.
    pub fn named(key: &str) -> Self {
        Self { key: key.to_owned(), ..Self::default() }
    }

    /// A label with its values counted.
    pub fn of(key: &str, column: &Column) -> Self {
        let numeric = matches!(column, Column::Float(_) | Column::Integer(_));
        let mut counts: BTreeMap<String, u64> = BTreeMap::new();
        let mut missing = 0;
        if let Column::Categorical { codes, categories } = column {
            // Categories are counted by their codes; texts are made once.
            let mut by_code = vec![0_u64; categories.len()];
            for code in codes {
                match usize::try_from(*code).ok().and_then(|code| by_code.get_mut(code)) {
                    Some(count) => *count += 1,
                    None => missing += 1,
                }
            }
            counts.extend(categories.iter().cloned().zip(by_code).filter(|(_, cells)| *cells > 0));
        } else {
            for cell in 0..column.len() {
                match column.text(cell) {
                    Some(text) => *counts.entry(text.into_owned()).or_default() += 1,
                    None => missing += 1,
                }
            }
        }
        let different = counts.len();
        let mut values: Vec<(String, u64)> = counts.into_iter().collect();
        values.sort_by(|a, b| b.1.cmp(&a.1).then(a.0.cmp(&b.0)));
        values.truncate(if numeric && different > FEW_NUMBERS { 0 } else { LISTED });
        Self { key: key.to_owned(), numeric, different: Some(different as u64), missing, values }
    }

    /// The commonest values in words.
    pub fn words(&self) -> String {
        let Some(different) = self.different else { return String::new() };
        let missing = if self.missing > 0 { format!(", missing ({})", self.missing) } else { String::new() };
        if self.values.is_empty() {
            return format!("{different} different {}{missing}", if self.numeric { "numbers" } else { "values" });
        }
        let shown: Vec<String> =
            self.values.iter().take(SHOWN).map(|(value, cells)| format!("{value} ({cells})")).collect();
        let more = different.saturating_sub(shown.len() as u64);
        let more = if more > 0 { format!(", and {more} more") } else { String::new() };
        format!("{different}: {}{more}{missing}", shown.join(", "))
    }
}

impl MatrixFound {
    /// What it holds and why, in words.
    pub fn words(&self) -> String {
        match self.kind {
            Kind::Other => format!("`{}` cannot be used ({})", self.place, self.why),
            kind => format!("`{}` holds {} ({})", self.place, kind.words(), self.why),
        }
    }
}

impl Report {
    /// Why the matrix was taken, as a sentence.
    pub fn reason(&self) -> String {
        let better = "it is the best of the file's matrices";
        let why = match self.matrices.iter().filter(|own| own.usable).count() {
            0 | 1 => "it is the only one that can be used",
            _ => better,
        };
        format!("{}; {why}.", self.taken.words())
    }

    /// The matrices that were not taken.
    pub fn others(&self) -> impl Iterator<Item = &MatrixFound> {
        self.matrices.iter().filter(|own| own.place != self.taken.place)
    }
}

impl fmt::Display for Report {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(out, "file\t{}", self.format)?;
        writeln!(out, "cells\t{}", self.cells)?;
        writeln!(out, "genes\t{}, named by {}", self.genes, self.symbols)?;
        writeln!(out, "stored values\t{}", self.stored)?;
        writeln!(out, "matrix\t{}", self.reason())?;
        writeln!(out, "read as\t{}", self.read_as)?;
        for own in self.others() {
            let size = format!("{} cells × {} genes", own.cells, own.genes);
            writeln!(out, "not taken\t{}, {size}", own.words())?;
        }
        for group in &self.groups {
            let taken = if group.taken { ", read" } else { "" };
            writeln!(out, "to choose from\t{} ({} genes{taken})", group.name, group.genes)?;
        }
        for label in &self.labels {
            writeln!(out, "label {}\t{}", label.key, label.words())?;
        }
        for column in &self.left_out {
            writeln!(out, "left out\t{}: {}", column.place, column.why)?;
        }
        if !self.beside.is_empty() {
            writeln!(out, "not read\t{}", self.beside.join(", "))?;
        }
        self.notes.iter().try_for_each(|note| writeln!(out, "note\t{note}"))
    }
}

#[cfg(test)]
mod tests {
    use super::{LabelFound, MatrixFound, Report};
    use crate::column::Column;
    use crate::kind::Kind;

    #[test]
    fn missing_values_are_shown_as_such() {
        let column =
            Column::Categorical { codes: vec![0, 1, 0, -1, 1], categories: vec!["B".into(), "T".into(), "NK".into()] };
        let label = LabelFound::of("sample", &column);
        assert_eq!((label.different, label.missing), (Some(2), 1));
        assert_eq!(label.words(), "2: B (2), T (2), missing (1)");
        let numbers = LabelFound::of("score", &Column::Float((0..30).map(f64::from).chain([f64::NAN]).collect()));
        assert_eq!(numbers.words(), "30 different numbers, missing (1)");
    }

    #[test]
    fn a_report_says_what_was_taken_and_what_else_there_is() {
        let matrix = |place: &str, kind, why: &str| MatrixFound {
            place: place.to_owned(),
            kind,
            why: why.to_owned(),
            usable: true,
            ..MatrixFound::default()
        };
        let (x, layer) = (
            matrix("X", Kind::Scaled, "values below 0"),
            matrix("layers/counts", Kind::Counts, "whole numbers up to 4"),
        );
        let report = Report { taken: layer.clone(), matrices: vec![x, layer], ..Report::default() };
        let text = report.to_string();
        assert!(text.contains("matrix\t`layers/counts` holds counts (whole numbers up to 4)"), "{text}");
        assert!(text.contains("not taken\t`X` holds scaled values (values below 0)"), "{text}");
    }
}
