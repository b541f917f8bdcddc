//! Tables that are none of counts, by what they look like.
//!
//! Does: knows results of tests of genes, labels of cells, coordinates, lists of markers and matrices of each with each,
//! and says what to choose instead.
//! Does not know: values.
//! Flow: names and columns of a table → **a sentence**, or nothing.

use super::axes::Sides;
use super::body::{Body, FRACTION, NEGATIVE};
use super::error::DenseError;
use super::known::{is_label, plain};
use crate::names::is_gene;

/// Columns of a test of genes.
const TESTS: [&str; 26] = [
    "p_val",
    "p_value",
    "pvalue",
    "pval",
    "pvals",
    "p_val_adj",
    "padj",
    "pvals_adj",
    "adj_p_val",
    "fdr",
    "qvalue",
    "q_value",
    "log2foldchange",
    "avg_log2fc",
    "avg_logfc",
    "logfc",
    "log2fc",
    "logfoldchanges",
    "basemean",
    "lfcse",
    "stat",
    "statistic",
    "scores",
    "pct_1",
    "pct_2",
    "avg_diff",
];
/// Beginnings of the names of coordinates.
const COORDINATES: [&str; 12] =
    ["umap", "tsne", "t_sne", "pc", "pca", "harmony", "ica", "lsi", "dim", "x_umap", "x_pca", "spatial"];
/// A table of labels or other numbers has at most so many columns of numbers.
const FEW: usize = 30;

/// What is known of a table.
pub(super) struct Parts<'a> {
    pub(super) body: &'a Body,
    pub(super) sides: &'a Sides,
    /// Names of rows.
    pub(super) rows: &'a [String],
    /// Names of the columns of numbers.
    pub(super) values: &'a [String],
    /// Columns of texts.
    pub(super) texts: &'a [usize],
}

/// Whether a name is one of a coordinate.
fn is_coordinate(name: &str) -> bool {
    let own = plain(name);
    let stem = own.trim_end_matches(|letter: char| letter.is_ascii_digit() || letter == '_');
    (COORDINATES.contains(&stem) && stem.len() < own.len()) || own == "x" || own == "y" || own == "z"
}

/// A few names for a sentence.
fn some(names: impl Iterator<Item = String>) -> String {
    names.filter(|name| !name.is_empty()).take(3).collect::<Vec<_>>().join(", ")
}

impl Parts<'_> {
    /// Share of the words of text columns that are names of genes.
    fn markers(&self) -> f64 {
        let kept = self.texts.iter().filter_map(|at| self.body.kept.get(at));
        let words = kept.flat_map(|kept| kept.iter().take(200)).chain(self.rows.iter().take(200).map(String::as_str));
        let (mut all, mut genes) = (0_usize, 0_usize);
        words.filter(|word| !word.is_empty()).for_each(|word| {
            all += 1;
            genes += usize::from(is_gene(word));
        });
        genes as f64 / all.max(1) as f64
    }

    /// What a table is whose columns are known by their names.
    fn named(&self) -> Option<(String, &'static str)> {
        let header = self.body.head.header.iter().flatten();
        let tests: Vec<String> = header.filter(|name| TESTS.contains(&plain(name).as_str())).cloned().collect();
        if tests.len() >= 2 {
            let looks = format!("results of a test of genes ({})", some(tests.into_iter()));
            return Some((looks, "choose the table of counts that was tested"));
        }
        if self.values.len() > 2 && self.values == self.rows {
            let looks = "a matrix of each with each (the names of rows are those of columns), such as correlations";
            return Some((looks.to_owned(), "choose the table of counts"));
        }
        let coordinates = |name: &String| is_coordinate(name) || is_label(name);
        if self.values.iter().any(|name| is_coordinate(name)) && self.values.iter().all(coordinates) {
            let looks = format!("coordinates of cells ({})", some(self.values.iter().cloned()));
            return Some((looks, "choose the table of counts; coordinates are made anew"));
        }
        None
    }
}

/// Refuses a table that is none of counts.
///
/// # Errors
/// With what it looks like and what to do.
pub(super) fn refuse(parts: &Parts<'_>) -> Result<(), DenseError> {
    let not = |(looks, todo): (String, &'static str)| Err(DenseError::NotCounts { looks, todo });
    if let Some(named) = parts.named() {
        return not(named);
    }
    let (body, sides) = (parts.body, parts.sides);
    let markers = || {
        (
            "a list of genes, such as markers".to_owned(),
            "choose the table of counts, with a number for every gene and cell",
        )
    };
    let of_cells = || {
        let named = parts.texts.iter().map(|at| body.name(*at).to_owned()).chain(parts.values.iter().cloned());
        let looks = format!("a table of labels of cells ({}) without counts", some(named));
        (
            looks,
            "choose the table or matrix of counts; labels are read where they stand in the same table, or as obs of an h5ad",
        )
    };
    let one_label = |name: &String| is_label(name) && !name.contains(|letter: char| letter.is_ascii_digit());
    if parts.values.is_empty() || (parts.values.len() == 1 && parts.values.iter().all(one_label)) {
        return not(if parts.markers() >= 0.3 { markers() } else { of_cells() });
    }
    let known = sides.rows.genes().max(sides.columns.genes());
    let few = parts.values.len() <= FEW;
    if known < 0.05 && few && (!parts.texts.is_empty() || !sides.labels.is_empty()) {
        return not(of_cells());
    }
    if body.head.header.is_none() && parts.rows.is_empty() {
        let looks = "numbers alone, without names of genes".to_owned();
        return not((looks, "choose a table whose first line and first column name genes and cells"));
    }
    let of_counts = body.columns.iter().all(|column| column & (FRACTION | NEGATIVE) == 0);
    let barcodes = sides.rows.barcodes().max(sides.columns.barcodes());
    if known == 0.0 && barcodes == 0.0 && few && !of_counts && sides.index != Some(true) {
        let looks = format!("a table of other numbers ({})", some(parts.values.iter().cloned()));
        return not((looks, "choose a table of counts, with names of genes along one side"));
    }
    Ok(())
}
