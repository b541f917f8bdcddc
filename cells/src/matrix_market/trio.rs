//! A matrix and its two companions, put together.
//!
//! Does: finds out which way the matrix lies, gathers its entries on genes alone and on the cells that are kept, makes
//! `Cells` of them.
//! Does not know: where entries come from.
//! Flow: size, genes, barcodes, entries → **`Cells`**.

use std::collections::BTreeMap;

use super::{Entry, Features, MtxError, Size};
use crate::cells::Cells;
use crate::gather::Gather;

/// Mark of a cell that is left out.
const LEFT_OUT: u32 = u32::MAX;

/// A matrix in the making.
pub struct Trio {
    features: Features,
    names: Vec<String>,
    /// New place of every barcode.
    places: Vec<u32>,
    /// Whether cells are rows.
    cells_are_rows: bool,
    gather: Gather,
}

impl Trio {
    /// Before the first entry; with `kept` (ascending places) only these cells stay.
    ///
    /// # Errors
    /// When the sizes do not fit.
    pub fn new(
        size: Size,
        features: Features,
        barcodes: Vec<String>,
        kept: Option<&[usize]>,
    ) -> Result<Self, MtxError> {
        let (lines, cells) = (features.columns.len(), barcodes.len());
        let fits = |rows: usize, columns: usize| size.rows == rows as u64 && size.columns == columns as u64;
        // 10x Genomics has genes in rows; others turn it round.
        let cells_are_rows = match (fits(lines, cells), fits(cells, lines)) {
            (true, _) => false,
            (false, true) => true,
            (false, false) => {
                let (rows, columns) = (size.rows, size.columns);
                return Err(MtxError::Apart { rows, columns, features: lines, barcodes: cells });
            }
        };
        let share = kept.map_or(1.0, |kept| kept.len() as f64 / cells.max(1) as f64);
        let stored = (size.stored as f64 * share).ceil() as usize;
        let (names, places) = match kept {
            None => (barcodes, (0..cells as u32).collect()),
            Some(kept) => {
                let mut places = vec![LEFT_OUT; cells];
                let inside = kept.iter().filter(|cell| **cell < cells);
                let names = inside.enumerate().map(|(new, old)| {
                    places[*old] = new as u32;
                    barcodes[*old].clone()
                });
                (names.collect::<Vec<_>>(), places)
            }
        };
        let gather = Gather::new(names.len(), features.genes.len(), stored);
        Ok(Self { features, names, places, cells_are_rows, gather })
    }

    /// Takes an entry of the matrix.
    pub fn take(&mut self, entry: Entry) {
        let (gene, cell) = if self.cells_are_rows { (entry.column, entry.row) } else { (entry.row, entry.column) };
        // The reader has checked both against the size, which fits the names.
        let gene = self.features.columns.get(gene as usize).copied().flatten();
        let cell = self.places.get(cell as usize).copied().filter(|place| *place != LEFT_OUT);
        if let (Some(gene), Some(cell)) = (gene, cell) {
            self.gather.push(cell, gene, entry.value);
        }
    }

    /// The cells.
    ///
    /// # Errors
    /// When an entry came twice.
    pub fn finish(self) -> Result<Cells, MtxError> {
        Ok(Cells::new(self.gather.counts()?, self.features.genes, self.names, BTreeMap::new())?)
    }
}
