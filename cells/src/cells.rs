//! Cells: counts with the names of genes and cells and their labels.
//!
//! Does: keeps the parts in step, looks labels up, aligns to a gene panel.
//! Does not know: files, normalisation, models.
//! Flow: what every reader makes and every analysis takes.

use std::collections::{BTreeMap, HashMap};

use thiserror::Error;

use crate::column::Column;
use crate::counts::Counts;

/// Cells with their genes and labels.
#[derive(Clone, Debug, PartialEq)]
pub struct Cells {
    /// Counts [cells, genes].
    pub counts: Counts,
    /// Gene symbols [G], each once.
    pub genes: Vec<String>,
    /// Cell names (barcodes).
    pub names: Vec<String>,
    /// Labels by key.
    pub labels: BTreeMap<String, Column>,
}

/// Parts that do not belong together, or a label that is not there.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum CellsError {
    /// A gene symbol stands twice.
    #[error("the gene {gene} stands twice, at places {first} and {second}; make gene names unique first")]
    DuplicateGene {
        /// Symbol.
        gene: String,
        /// First place, from 0.
        first: usize,
        /// Second place, from 0.
        second: usize,
    },
    /// Lengths differ.
    #[error("{what} has {found} entries, but the count matrix needs {expected}")]
    Length {
        /// Which part.
        what: String,
        /// Its length.
        found: usize,
        /// Length by the counts.
        expected: usize,
    },
    /// Cells of two panels cannot stand in one matrix.
    #[error("the cells have different genes: at place {place} one side has {gene}; bring both to one panel first")]
    OtherPanel {
        /// Gene of the other side.
        gene: String,
        /// Its place, from 0.
        place: usize,
    },
    /// No such label.
    #[error("the cells have no label `{key}`; they have {}", known.join(", "))]
    MissingLabel {
        /// Asked for.
        key: String,
        /// Labels that exist.
        known: Vec<String>,
    },
}

impl Cells {
    /// Puts the parts together.
    ///
    /// # Errors
    /// When lengths differ or a gene stands twice.
    pub fn new(
        counts: Counts,
        genes: Vec<String>,
        names: Vec<String>,
        labels: BTreeMap<String, Column>,
    ) -> Result<Self, CellsError> {
        check_length("the list of genes", genes.len(), counts.genes())?;
        check_length("the list of cell names", names.len(), counts.cells())?;
        for (key, column) in &labels {
            check_length(&format!("the label `{key}`"), column.len(), counts.cells())?;
        }
        let mut seen: HashMap<&str, usize> = HashMap::with_capacity(genes.len());
        for (place, gene) in genes.iter().enumerate() {
            if let Some(first) = seen.insert(gene, place) {
                return Err(CellsError::DuplicateGene { gene: gene.clone(), first, second: place });
            }
        }
        Ok(Self { counts, genes, names, labels })
    }

    /// Number of cells.
    pub fn len(&self) -> usize {
        self.counts.cells()
    }

    /// Whether there are no cells.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// A label of every cell.
    ///
    /// # Errors
    /// When there is no such label; the error lists those that exist.
    pub fn label(&self, key: &str) -> Result<&Column, CellsError> {
        self.labels.get(key).ok_or_else(|| CellsError::MissingLabel {
            key: key.to_owned(),
            known: self.labels.keys().cloned().collect(),
        })
    }

    /// These cells and then others of the same genes; labels that only one side has are left out.
    ///
    /// # Errors
    /// When the panels differ.
    pub fn joined(&self, other: &Self) -> Result<Self, CellsError> {
        check_length("the list of genes", other.genes.len(), self.genes.len())?;
        if let Some(place) = self.genes.iter().zip(&other.genes).position(|(own, theirs)| own != theirs) {
            let (gene, second) = (other.genes[place].clone(), place);
            return Err(CellsError::OtherPanel { gene, place: second });
        }
        let mut counts = self.counts.clone();
        // Panels of equal length cannot disagree.
        counts.append(&other.counts).map_err(|_| CellsError::OtherPanel { gene: "none".to_owned(), place: 0 })?;
        let shared = self.labels.iter().filter_map(|(key, own)| Some((key, own, other.labels.get(key)?)));
        let labels = shared.map(|(key, own, theirs)| {
            let text = |column: &Column, cell: usize| column.text(cell).unwrap_or_default().into_owned();
            let values: Vec<String> = (0..self.len())
                .map(|cell| text(own, cell))
                .chain((0..other.len()).map(|cell| text(theirs, cell)))
                .collect();
            (key.clone(), Column::categorical(&values))
        });
        let labels = labels.collect();
        let names = [self.names.as_slice(), other.names.as_slice()].concat();
        Self::new(counts, self.genes.clone(), names, labels)
    }

    /// Cells whose label `key` reads `value`.
    ///
    /// # Errors
    /// When there is no such label.
    pub fn indices_where(&self, key: &str, value: &str) -> Result<Vec<usize>, CellsError> {
        let column = self.label(key)?;
        Ok((0..self.len()).filter(|cell| column.text(*cell).as_deref() == Some(value)).collect())
    }

    /// The named cells, in that order.
    pub fn select(&self, cells: &[usize]) -> Self {
        Self {
            counts: self.counts.select_cells(cells),
            genes: self.genes.clone(),
            names: cells.iter().map(|cell| self.names[*cell].clone()).collect(),
            labels: self.labels.iter().map(|(key, column)| (key.clone(), column.select(cells))).collect(),
        }
    }

    /// The same cells on another list of genes; genes that were not measured are zero.
    pub fn with_panel(&self, panel: &[String]) -> Self {
        let places: HashMap<&str, usize> =
            self.genes.iter().enumerate().map(|(at, gene)| (gene.as_str(), at)).collect();
        let chosen: Vec<Option<usize>> = panel.iter().map(|gene| places.get(gene.as_str()).copied()).collect();
        Self {
            counts: self.counts.select_genes(&chosen),
            genes: panel.to_vec(),
            names: self.names.clone(),
            labels: self.labels.clone(),
        }
    }
}

/// One length against another.
fn check_length(what: &str, found: usize, expected: usize) -> Result<(), CellsError> {
    if found == expected {
        return Ok(());
    }
    Err(CellsError::Length { what: what.to_owned(), found, expected })
}

#[cfg(test)]
mod tests {
    // A test fails by panicking; that is what `unwrap` is for here.
    #![allow(clippy::unwrap_used)]
    use super::{Cells, CellsError};
    use crate::column::Column;
    use crate::counts::Counts;
    use std::collections::BTreeMap;

    fn three() -> Cells {
        let counts = Counts::from_dense_rows(2, [[1_u32, 0], [0, 2], [3, 4]].iter().map(|row| row.as_slice()));
        let labels = BTreeMap::from([("donor".to_owned(), Column::categorical(&["a", "b", "a"]))]);
        let names = ["x", "y", "z"].map(str::to_owned).to_vec();
        Cells::new(counts, vec!["CD14".into(), "ISG15".into()], names, labels).unwrap()
    }

    #[test]
    fn labels_and_panels() {
        let cells = three();
        assert_eq!(cells.indices_where("donor", "a").unwrap(), [0, 2]);
        let error = cells.label("batch").unwrap_err();
        assert!(error.to_string().contains("donor"));
        let aligned = cells.with_panel(&["ISG15".into(), "MX1".into()]);
        assert_eq!(aligned.counts.row(2), (&[0_u32][..], &[4_u32][..]));
        assert_eq!(cells.select(&[2]).names, ["z"]);
    }

    #[test]
    fn a_gene_twice_is_refused() {
        let counts = Counts::empty(2);
        let error = Cells::new(counts, vec!["A".into(), "A".into()], vec![], BTreeMap::new()).unwrap_err();
        assert_eq!(error, CellsError::DuplicateGene { gene: "A".into(), first: 0, second: 1 });
    }
}
