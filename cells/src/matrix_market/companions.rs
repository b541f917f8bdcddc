//! The texts beside a matrix: its genes and its cells.
//!
//! Does: reads `features.tsv`, the older `genes.tsv`, `barcodes.tsv` and Parse's `all_genes.csv` and `cell_metadata.csv`,
//! as tables that were fitted to the size of the matrix; finds out whether genes or cells are its rows.
//! Does not know: the values.
//! Flow: bytes and size → **names, genes, labels** → `Trio`.

use std::collections::BTreeMap;

use super::error::MtxError;
use super::fitted::{Fitted, fit};
use super::lines::Size;
use super::table::Table;
use crate::column::Column;
use crate::feature_kinds::{are_kinds, is_column, joined};
use crate::features::filled;
use crate::genes::{Described, Genes};

/// The names of a matrix.
#[derive(Clone, Debug, PartialEq)]
pub struct Companions {
    /// Its genes.
    pub genes: Genes,
    /// Its cells.
    pub names: Vec<String>,
    /// Labels of the cells, where the file of cells is a table.
    pub labels: BTreeMap<String, Column>,
    /// Whether cells are rows; 10x Genomics has genes in rows.
    pub cells_are_rows: bool,
    /// What the reader of the files should know.
    pub notes: Vec<String>,
}

/// A column of features.
fn described(table: &Fitted, file: &str) -> Described {
    let mut described = Described::default();
    let mut columns: Vec<(String, Vec<String>)> = Vec::new();
    for at in table.columns() {
        let (name, words) = (table.named(at), table.column(at));
        let plain = joined(name.unwrap_or_default());
        if is_column(&plain) || plain == "type" || (!columns.is_empty() && are_kinds(&words)) {
            described.kinds = Some(words);
        } else if plain == "genome" {
            described.genomes = Some(words);
        } else {
            columns
                .push((format!("{file}, {}", name.map_or_else(|| format!("column {}", at + 1), str::to_owned)), words));
        }
    }
    // 10x Genomics writes identifiers first and symbols second.
    if columns.len() > 1 {
        columns[1].1 = filled(&columns[1].1, &columns[0].1);
        columns.swap(0, 1);
    }
    described.columns = columns;
    described
}

/// A column of a table of cells: numbers where all are, else texts; empty ones are missing.
pub(crate) fn label_of(words: Vec<String>) -> Column {
    let is_missing = |word: &str| word.is_empty() || ["NA", "nan", "NaN", "None", "<NA>"].contains(&word);
    if let Ok(whole) = words.iter().map(|word| word.parse()).collect::<Result<Vec<i64>, _>>() {
        return Column::Integer(whole);
    }
    let number = |word: &String| if is_missing(word) { Some(f64::NAN) } else { word.parse().ok() };
    let some = words.iter().any(|word| !is_missing(word));
    if let Some(numbers) = words.iter().map(number).collect::<Option<Vec<f64>>>().filter(|_| some) {
        return Column::Float(numbers);
    }
    Column::with_missing(&words.iter().map(|word| (!is_missing(word)).then_some(word)).collect::<Vec<_>>())
}

/// Names and labels of cells.
fn cells(table: &Fitted) -> (Vec<String>, BTreeMap<String, Column>) {
    let columns = table.columns();
    let first = columns.first().copied().unwrap_or(0);
    let mut names = table.column(first);
    for (row, name) in names.iter_mut().enumerate().filter(|(_, name)| name.is_empty()) {
        *name = format!("unnamed-{}", row + 1);
    }
    let mut labels = BTreeMap::new();
    for at in columns.into_iter().skip(1) {
        if let Some(name) = table.named(at) {
            labels.insert(name.to_owned(), label_of(table.column(at)));
        }
    }
    (names, labels)
}

impl Companions {
    /// Reads both texts, packed or not, and fits them to the size of their matrix; with `genome`, of this one's genes.
    ///
    /// # Errors
    /// When one is no text, they do not fit the matrix, or the features are no genes.
    pub fn read(features: &[u8], barcodes: &[u8], size: Size, genome: Option<&str>) -> Result<Self, MtxError> {
        let (features, barcodes) = (Table::read("features.tsv", features)?, Table::read("barcodes.tsv", barcodes)?);
        let apart = || MtxError::Apart {
            rows: size.rows,
            columns: size.columns,
            features: features.lines.len(),
            barcodes: barcodes.lines.len(),
        };
        let both = |genes: u64, cells: u64| Some((fit(&features, genes)?, fit(&barcodes, cells)?));
        // 10x Genomics has genes in rows; Parse and others turn it round.
        let (by_genes, by_cells) = (both(size.rows, size.columns), both(size.columns, size.rows));
        let either = by_genes.is_some() && by_cells.is_some();
        let cells_are_rows = match (&by_genes, &by_cells) {
            (Some(_), Some((_, cells))) => cells.is_of_parse(),
            (found, _) => found.is_none(),
        };
        let (features, barcodes) = if cells_are_rows { by_cells } else { by_genes }.ok_or_else(apart)?;
        let mut notes = Vec::new();
        if either {
            let rows =
                if cells_are_rows { "cells, as Parse writes them" } else { "genes, as 10x Genomics writes them" };
            notes.push(format!("The matrix has as many rows as columns; its rows were taken as {rows}."));
        }
        for (file, table) in [("features", &features), ("barcodes", &barcodes)] {
            if table.skipped > 0 {
                notes.push(format!(
                    "{} empty lines of the {file} were skipped: without them, names fit the matrix.",
                    table.skipped
                ));
            }
        }
        let unnamed = |table: &Fitted| table.lines.iter().filter(|line| line.iter().all(String::is_empty)).count();
        if unnamed(&features) + unnamed(&barcodes) > 0 {
            notes.push(
                "Empty lines stand for rows of the matrix; they are called by the number of their row.".to_owned(),
            );
        }
        let (names, labels) = cells(&barcodes);
        let genes = Genes::of(described(&features, "features.tsv"), genome);
        let genes = genes.map_err(|found| MtxError::NoGenes { found })?;
        Ok(Self { genes, names, labels, cells_are_rows, notes })
    }
}
