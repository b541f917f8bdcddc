//! Tests of splits: each maker and refusal by hand, properties over random screens, planted leaks, the written form.
//!
//! Does: makes small screens with known labels and counts that are unique to each cell.
//! Does not know: real data.

// A test fails by panicking; that is what `unwrap` is for here.
#![allow(clippy::unwrap_used)]

mod form;
mod leaks;
mod makers;
mod properties;

use std::collections::BTreeMap;

use super::{Condition, Control};
use crate::{Cells, Column, Counts};

/// Genes of a test cell, all of them detected.
const GENES: usize = 30;

fn condition(pairs: &[(&str, &str)]) -> Condition {
    pairs.iter().map(|(column, value)| ((*column).to_owned(), (*value).to_owned())).collect()
}

fn control() -> Control {
    Control::kept("cytokine", "PBS")
}

fn names(values: &[&str]) -> Vec<String> {
    values.iter().map(|value| (*value).to_owned()).collect()
}

/// Cells with these values of donor, cytokine and cell type; no two have the same counts.
fn cells_of(rows: &[[String; 3]]) -> Cells {
    // The last two genes spell the cell's number, the first ones make it large enough to be compared.
    let dense: Vec<Vec<u32>> = (0..rows.len() as u32)
        .map(|cell| (0..GENES as u32).map(|gene| if gene == 28 { 1 + cell % 50 } else { 1 + cell / 50 }).collect())
        .collect();
    let counts = Counts::from_dense_rows(GENES, dense.iter().map(Vec::as_slice));
    let column = |at: usize| Column::categorical(&rows.iter().map(|row| row[at].clone()).collect::<Vec<_>>());
    let labels: BTreeMap<String, Column> = ["donor", "cytokine", "cell_type"]
        .iter()
        .enumerate()
        .map(|(at, key)| ((*key).to_owned(), column(at)))
        .collect();
    let names = (0..rows.len()).map(|cell| format!("cell-{cell}")).collect();
    Cells::new(counts, (0..GENES).map(|gene| format!("G{gene}")).collect(), names, labels).unwrap()
}

/// One cell of each of two types for every donor (`D1`…) and cytokine (`C01`…, and PBS).
fn screen(donors: usize, cytokines: usize) -> Cells {
    let mut rows = Vec::new();
    for donor in 1..=donors {
        for cytokine in 0..=cytokines {
            for kind in ["B", "T"] {
                let cytokine = if cytokine == 0 { "PBS".to_owned() } else { format!("C{cytokine:02}") };
                rows.push([format!("D{donor}"), cytokine, kind.to_owned()]);
            }
        }
    }
    cells_of(&rows)
}
