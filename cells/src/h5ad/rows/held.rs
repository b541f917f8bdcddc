//! Cells in memory that are read as rows of a file are.
//!
//! Does: holds what another reader (Matrix Market) has gathered with what it found, and makes rows of it.
//! Does not know: where it came from.
//! Flow: gathered cells → **`Held`** → `CellRows`.

use std::collections::BTreeMap;

use super::cell_rows::{CellRows, Cells};
use super::expression::{Convert, Expression};
use super::labelled::Labelled;
use super::layout::Layout;
use crate::column::Column;
use crate::genes::Genes;
use crate::h5ad::labels::LabelRows;
use crate::report::Report;

/// Cells in memory with what was found of them.
pub struct Held {
    /// What the values are read as.
    pub expression: Expression,
    /// The genes.
    pub genes: Genes,
    /// Names of the cells.
    pub names: Vec<String>,
    /// Labels of the cells.
    pub labels: BTreeMap<String, Column>,
    /// What was found.
    pub report: Report,
}

impl Held {
    /// As rows of cells, which are read like those of any other file.
    pub fn into_rows(self) -> CellRows {
        let Self { expression, mut genes, names, labels, report } = self;
        let cells = names.len();
        // The values stand on the genes alone already.
        genes.columns = (0..genes.names.len() as u32).map(Some).collect();
        let convert = match expression {
            Expression::Counts(_) => Convert::Count,
            Expression::LogNormalised(_) => Convert::Logged(1.0),
        };
        let names = LabelRows::held("barcodes", Column::with_missing(&names.iter().map(Some).collect::<Vec<_>>()));
        let labels = labels.into_iter().map(|(key, column)| (key.clone(), LabelRows::held(&key, column)));
        let labels = Some(Labelled { labels: labels.collect(), left_out: Vec::new() });
        let (place, layout) = (report.taken.place.clone(), Layout::Held(Box::new(expression)));
        let own = CellRows::new(Cells { place, layout, names: Some(names), genes, cells, labels, convert });
        let labels = own.report.labels.clone();
        CellRows { report: Report { labels, ..report }, ..own }
    }
}
