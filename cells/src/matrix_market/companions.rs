//! The texts beside a matrix: its genes and its cells.
//!
//! Does: reads `features.tsv`, the older `genes.tsv`, `barcodes.tsv` and Parse's `all_genes.csv` and `cell_metadata.csv`,
//! with or without headers, row numbers and empty lines, and fits them to the size of the matrix, so that a name never
//! stands with another row than its own.
//! Does not know: the values.
//! Flow: bytes and size → **names, genes, labels** → `Trio`.

use std::collections::BTreeMap;

use super::error::MtxError;
use super::lines::Size;
use super::table::Table;
use crate::column::Column;
use crate::features::{filled, is_gene};
use crate::genes::{Described, Genes};

/// Words that stand in headers and are no names of genes or cells.
const HEADERS: [&str; 36] = [
    "gene_id",
    "gene_ids",
    "gene_name",
    "gene_names",
    "gene_symbol",
    "gene_symbols",
    "symbol",
    "symbols",
    "gene",
    "genes",
    "id",
    "ids",
    "name",
    "names",
    "feature",
    "features",
    "feature_id",
    "feature_name",
    "feature_type",
    "feature_types",
    "type",
    "genome",
    "ensembl",
    "ensembl_id",
    "ensembl_gene_id",
    "hgnc_symbol",
    "barcode",
    "barcodes",
    "cell",
    "cells",
    "cell_id",
    "cell_barcode",
    "cell_name",
    "bc_wells",
    "index",
    "gene_short_name",
];
/// Words that programs make up for headers of nothing, and that could be names.
const MADE_UP: [&str; 8] = ["", "0", "1", "x", "v1", "v2", "v3", "unnamed: 0"];

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

/// A table whose lines stand for rows of the matrix.
struct Fitted {
    header: Option<Vec<String>>,
    lines: Vec<Vec<String>>,
    /// Empty lines that were skipped.
    skipped: usize,
}

/// Whether a line is a header; `surely` only where its words could be nothing else.
fn is_header(line: &[String], surely: bool) -> bool {
    let plain: Vec<String> = line.iter().map(|word| word.to_ascii_lowercase().replace([' ', '.'], "_")).collect();
    let named = plain.iter().filter(|word| HEADERS.contains(&word.as_str())).count();
    let made_up = plain.iter().filter(|word| MADE_UP.contains(&word.as_str())).count();
    if surely { named >= 2 || (named == 1 && line.len() == 1) } else { named > 0 || made_up == line.len() }
}

/// Fits the lines of a table to `wanted` rows; none when they cannot stand for them.
fn fit(table: &Table, wanted: u64) -> Option<Fitted> {
    let empty = |line: &Vec<String>| line.iter().all(String::is_empty);
    let Some(first) = table.lines.iter().position(|line| !empty(line)) else {
        let none = || Fitted { header: None, lines: Vec::new(), skipped: table.lines.len() };
        return (wanted == 0).then(none);
    };
    let headed = is_header(&table.lines[first], false);
    let there: Vec<&Vec<String>> = table.lines.iter().filter(|line| !empty(line)).collect();
    let skipped = table.lines.len() - there.len();
    let own = |lines: &[&Vec<String>]| lines.iter().map(|line| (*line).clone()).collect::<Vec<_>>();
    let fits = |lines: usize| lines as u64 == wanted;
    let header = || Some(there[0].clone());
    // What is certain goes first: a header that can be nothing else is never a name.
    let sure = is_header(&table.lines[first], true);
    if fits(table.lines.len()) && !sure {
        // Every line has its row, an empty one too: that feature has no name.
        return Some(Fitted { header: None, lines: table.lines.clone(), skipped: 0 });
    }
    if headed && fits(table.lines.len() - first - 1) {
        return Some(Fitted { header: header(), lines: table.lines[first + 1..].to_vec(), skipped: 0 });
    }
    if fits(there.len()) && !sure {
        return Some(Fitted { header: None, lines: own(&there), skipped });
    }
    (headed && fits(there.len() - 1)).then(|| Fitted { header: header(), lines: own(&there[1..]), skipped })
}

impl Fitted {
    /// Number of columns.
    fn width(&self) -> usize {
        self.lines.iter().map(Vec::len).max().unwrap_or(0)
    }

    fn column(&self, at: usize) -> Vec<String> {
        self.lines.iter().map(|line| line.get(at).cloned().unwrap_or_default()).collect()
    }

    /// Name of a column by the header.
    fn named(&self, at: usize) -> Option<&str> {
        let header = self.header.as_ref()?;
        // R leaves out the header of row names.
        let shift = usize::from(header.len() + 1 == self.width());
        header.get(at.checked_sub(shift)?).map(String::as_str).filter(|name| !name.is_empty())
    }

    /// Columns that say something: R writes the numbers of the rows first.
    fn columns(&self) -> Vec<usize> {
        let numbers = self.column(0);
        let counts_from = |base: usize| numbers.iter().enumerate().all(|(at, word)| *word == (at + base).to_string());
        let numbered = self.width() > 1 && numbers.len() > 1 && (counts_from(0) || counts_from(1));
        (usize::from(numbered)..self.width()).collect()
    }
}

/// A column of features.
fn described(table: &Fitted, file: &str) -> Described {
    let mut described = Described::default();
    let mut columns: Vec<(String, Vec<String>)> = Vec::new();
    for at in table.columns() {
        let (name, words) = (table.named(at), table.column(at));
        let plain = name.unwrap_or_default().to_ascii_lowercase();
        let is_kind = plain.starts_with("feature_type") || plain == "type" || {
            let kinds = words.iter().filter(|word| word.eq_ignore_ascii_case("gene expression") || !is_gene(word));
            2 * kinds.count() > words.len()
        };
        if is_kind {
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
        let (cells_are_rows, (features, barcodes)) = match both(size.rows, size.columns) {
            Some(found) => (false, found),
            None => (true, both(size.columns, size.rows).ok_or_else(apart)?),
        };
        let mut notes = Vec::new();
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
