//! All cells of an open file in memory.
//!
//! Does: reads window after window, or gathers the genes of a matrix that is compressed by genes, with all labels; refuses
//! what would unpack to far more than the file.
//! Does not know: files, progress.
//! Flow: open rows → **`Cells`** → trainer.

use std::collections::BTreeMap;

use super::cell_rows::CellRows;
use super::expression::{Convert, Expression, Scale};
use super::layout::Layout;
use crate::cells::Cells;
use crate::counts::Counts;
use crate::gather::Gather;
use crate::h5ad::error::H5adError;
use crate::normalise::NormalisedError;

/// Stored values of a window.
const WINDOW: u64 = 1 << 20;
/// Bytes of a count in memory: gene and value.
const BYTES: u64 = 8;
/// A file may unpack to so many times its size, and to this much in any case. What it claims above that is refused; below
/// it room is taken as values come, so that memory follows what a file holds and not what it says of itself. No smaller
/// bound can be promised: nearly empty matrices of every value pack a hundredfold.
const UNPACKED: u64 = 100;
const ANYWAY: u64 = 1 << 30;

impl CellRows {
    /// All cells with their counts and labels; columns that cannot be labels are left out ([`CellRows::report`]).
    ///
    /// `size` is the file's size in bytes, which bounds what may unpack from it.
    ///
    /// # Errors
    /// When the file is damaged, holds no counts, or unpacks to far more than its size.
    pub fn all(&self, size: u64) -> Result<Cells, H5adError> {
        let (cells, genes) = (self.cells(), self.genes().len());
        let stored = self.check_size(size)?;
        let counts = if self.is_by_genes() { self.gathered(stored)? } else { self.by_windows(stored)? };
        debug_assert_eq!((counts.cells(), counts.genes()), (cells, genes));
        let mut labels = BTreeMap::new();
        for (key, label) in self.own.labels.iter().flat_map(|labels| &labels.labels) {
            // A damaged column must not take the others with it.
            if let Ok(column) = label.read(0, cells) {
                labels.insert(key.clone(), column);
            }
        }
        Ok(Cells::new(counts, self.genes().to_vec(), self.names(0, cells)?, labels)?)
    }

    /// The same rows where a matrix compressed by genes was gathered in memory, so that every window can be read; others
    /// stay as they are. `size` is the file's size in bytes, which bounds what may unpack from it.
    ///
    /// # Errors
    /// When the file is damaged, or unpacks to far more than its size.
    pub fn in_rows(mut self, size: u64) -> Result<Self, H5adError> {
        if !self.is_by_genes() {
            return Ok(self);
        }
        let stored = self.check_size(size)?;
        let all = self.gather(stored)?;
        let held = if self.scale() == Scale::Counts {
            self.own.convert = Convert::Count;
            Expression::Counts(all.counts().map_err(|source| self.damaged(source))?)
        } else {
            self.own.convert = Convert::Logged(1.0);
            Expression::LogNormalised(all.normalised().map_err(|error| match error {
                NormalisedError::Value { at, value } => self.odd(at, f64::from(value)),
                NormalisedError::Pattern(source) => self.damaged(source),
            })?)
        };
        self.own.layout = Layout::Held(Box::new(held));
        self.own.genes.columns = (0..self.own.genes.names.len() as u32).map(Some).collect();
        Ok(self)
    }

    /// Stored values, when what they take is in proportion to the file.
    fn check_size(&self, size: u64) -> Result<u64, H5adError> {
        let stored = self.stored_about()?;
        let (claimed, most) = (stored.saturating_mul(BYTES), ANYWAY.max(size.saturating_mul(UNPACKED)));
        if claimed > most {
            return Err(H5adError::Claims { place: self.own.place.clone(), claimed, most });
        }
        Ok(stored)
    }

    fn by_windows(&self, stored: u64) -> Result<Counts, H5adError> {
        let cells = self.cells();
        // Room is taken as cells come: a file must not end the program by what it claims.
        let mut all = Counts::empty(self.genes().len());
        let each = match &self.own.layout {
            Layout::Dense(_) => self.own.genes.columns.len() as u64,
            _ => stored / cells.max(1) as u64 + 1,
        };
        let window = (WINDOW / each.max(1)).clamp(1, 1 << 16) as usize;
        for first in (0..cells).step_by(window) {
            let part = self.counts(first, window.min(cells - first))?;
            all.append(&part).map_err(|source| self.damaged(source))?;
        }
        Ok(all)
    }

    fn gathered(&self, stored: u64) -> Result<Counts, H5adError> {
        if self.scale() != Scale::Counts {
            // Says why, as for rows of cells.
            return self.counts(0, 0);
        }
        self.gather(stored)?.counts().map_err(|source| self.damaged(source))
    }

    /// All values of a matrix that is compressed by genes.
    fn gather(&self, stored: u64) -> Result<Gather, H5adError> {
        let features = self.features();
        let mut all = Gather::new(self.cells(), self.genes().len(), 0);
        let window = (WINDOW * features as u64 / stored.max(1)).clamp(1, 1 << 14) as usize;
        for first in (0..features).step_by(window) {
            self.gather_genes((first, window.min(features - first)), &Some, &mut all)?;
        }
        Ok(all)
    }
}

impl Expression {
    /// The counts, where these are counts.
    pub fn into_counts(self) -> Option<Counts> {
        match self {
            Self::Counts(counts) => Some(counts),
            Self::LogNormalised(_) => None,
        }
    }
}
