//! Which side of a table the genes are.
//!
//! Does: looks for names of genes and barcodes along both sides, then for what the first column is called, then at sizes;
//! says why.
//! Does not know: values.
//! Flow: names of both sides → **side and reason**.

use crate::names::{is_barcode, is_gene};

/// Names of a side that are looked at.
const LOOKED_AT: usize = 4000;
/// Share of names that tells, and by how much it must outdo the other side.
const TELLS: f64 = 0.05;
const TIMES: f64 = 2.0;

/// How many names of a side are known.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Known {
    /// Names that were looked at.
    pub(super) looked: usize,
    /// Those of genes.
    pub(super) genes: usize,
    /// Those with a barcode.
    pub(super) barcodes: usize,
}

impl Known {
    /// Looks at names from the whole of a side.
    pub(super) fn of(names: &[String]) -> Self {
        let step = names.len().div_ceil(LOOKED_AT).max(1);
        let mut known = Self::default();
        for name in names.iter().step_by(step) {
            known.looked += 1;
            if is_barcode(name) {
                known.barcodes += 1;
            } else if is_gene(name) {
                known.genes += 1;
            }
        }
        known
    }

    /// Share of names of genes.
    pub(super) fn genes(self) -> f64 {
        self.genes as f64 / self.looked.max(1) as f64
    }

    /// Share of names with barcodes.
    pub(super) fn barcodes(self) -> f64 {
        self.barcodes as f64 / self.looked.max(1) as f64
    }
}

/// Which side was taken, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Side {
    /// Whether cells are rows.
    pub(super) cells_are_rows: bool,
    /// Why, in words.
    pub(super) why: String,
    /// Whether names told it.
    pub(super) is_sure: bool,
}

/// What is known of both sides.
pub(super) struct Sides {
    /// Names of rows.
    pub(super) rows: Known,
    /// Names of columns.
    pub(super) columns: Known,
    /// Number of rows and of columns.
    pub(super) sizes: (usize, usize),
    /// What the column of names says of the rows: genes or cells.
    pub(super) index: Option<bool>,
    /// Labels that only cells have.
    pub(super) labels: Vec<String>,
}

impl Sides {
    /// The side of the genes.
    pub(super) fn judge(&self, asked: Option<bool>) -> Side {
        let side = |cells_are_rows, why: String, is_sure| Side { cells_are_rows, why, is_sure };
        if let Some(cells_are_rows) = asked {
            return side(cells_are_rows, "as was asked for".to_owned(), true);
        }
        let (rows, columns) = (self.rows.genes(), self.columns.genes());
        let of = |known: Known, what: &str, where_: &str| {
            let count = if what == "genes" { known.genes } else { known.barcodes };
            format!("{count} of {} {where_} are known as names of {what}", known.looked)
        };
        if rows.max(columns) >= TELLS && (rows >= TIMES * columns || columns >= TIMES * rows) {
            let cells_are_rows = columns > rows;
            let names = [of(self.rows, "genes", "names of rows"), of(self.columns, "genes", "names of columns")];
            let [first, second] = if cells_are_rows { [1, 0] } else { [0, 1] };
            return side(cells_are_rows, format!("{}, and {}", names[first], names[second]), true);
        }
        let (rows, columns) = (self.rows.barcodes(), self.columns.barcodes());
        if rows.max(columns) >= 0.5 && (rows >= TIMES * columns || columns >= TIMES * rows) {
            let cells_are_rows = rows > columns;
            let (known, what) =
                if cells_are_rows { (self.rows, "names of rows") } else { (self.columns, "names of columns") };
            return side(cells_are_rows, of(known, "barcodes", what), true);
        }
        if let Some(genes) = self.index {
            let what = if genes { "genes" } else { "cells" };
            return side(!genes, format!("the column of names is called one of {what}"), true);
        }
        if let Some(label) = self.labels.first() {
            return side(true, format!("there are labels that cells have ({label})"), true);
        }
        let (rows, columns) = self.sizes;
        let cells_are_rows = columns > rows;
        let longer = if cells_are_rows { "columns than rows" } else { "rows than columns" };
        let why = if rows == columns {
            "the names tell nothing, and most tables have genes in rows".to_owned()
        } else {
            format!(
                "the names tell nothing, but there are more {longer} ({rows} × {columns}), as there are more genes than cells in most tables"
            )
        };
        side(cells_are_rows, why, false)
    }
}

#[cfg(test)]
mod tests {
    use super::{Known, Sides};

    fn names(list: &[&str]) -> Vec<String> {
        list.iter().map(|name| (*name).to_owned()).collect()
    }

    fn judge(rows: &[&str], columns: &[&str], index: Option<bool>, labels: &[&str]) -> (bool, bool, String) {
        let sides = Sides {
            rows: Known::of(&names(rows)),
            columns: Known::of(&names(columns)),
            sizes: (rows.len(), columns.len()),
            index,
            labels: names(labels),
        };
        let side = sides.judge(None);
        (side.cells_are_rows, side.is_sure, side.why)
    }

    #[test]
    fn names_tell_before_sizes_do() {
        let (genes, cells) = (["CD3D", "LYZ", "xyz"], ["a", "b", "c", "d"]);
        let found = judge(&genes, &cells, None, &[]);
        assert_eq!((found.0, found.1), (false, true));
        assert!(found.2.starts_with("2 of 3 names of rows are known as names of genes"), "{}", found.2);
        assert!(judge(&cells, &genes, Some(true), &[]).0, "names go before what the column is called");
        let barcodes = ["AAACATACAACCAC-1", "AAACATTGAGCTAC-1"];
        assert!(judge(&barcodes, &cells, None, &[]).0);
        assert!(!judge(&cells, &barcodes, None, &[]).0);
        assert!(!judge(&["x"], &cells, Some(true), &[]).0);
        assert!(judge(&["x", "y", "z", "w", "v"], &cells, None, &["cell_type"]).0);
        let sizes = judge(&["x"], &cells, None, &[]);
        assert_eq!((sizes.0, sizes.1), (true, false));
        assert!(sizes.2.contains("more columns than rows (1 × 4)"), "{}", sizes.2);
    }
}
