//! What a reader of the whole file asks of open cells: how much there is, and matrices that go gene by gene.
//!
//! Does: tells stored values before any is read, reads windows of genes into gathered entries, takes gene symbols
//! from another column when the index holds identifiers.
//! Does not know: how much memory there is.
//! Flow: source of bytes → **size and windows** → a visitor's own cells in the page.

use hdf5_pure::{Dataset, File, Source};

use super::{CellRows, Layout, PROBE, Scale, unique};
use crate::column::Column;
use crate::counts::CountsError;
use crate::gather::Gather;
use crate::h5ad::error::H5adError;
use crate::h5ad::labels::{at, column};
use crate::h5ad::matrix::count;

/// Names under which gene symbols stand beside an index of identifiers.
const SYMBOLS: [&str; 6] = ["gene_symbols", "feature_name", "gene_symbol", "gene_name", "symbol", "gene_names"];
/// Stored values of a matrix compressed by genes that decide whether it holds counts.
const PROBED_VALUES: u64 = 4096;

impl CellRows {
    /// Opens a file of counts, or log-normalised expression in `X`, that will be read as a whole: a matrix compressed
    /// by genes is taken too ([`CellRows::gather_genes`]).
    ///
    /// # Errors
    /// As [`CellRows::open`].
    pub fn open_whole<S: Source + Send + Sync + 'static>(source: S) -> Result<Self, H5adError> {
        let file = File::from_source(source).map_err(|source| H5adError::NotHdf5 { source })?;
        Self::find_any(file, true)
    }

    /// Place of the matrix in the file.
    pub fn place(&self) -> &str {
        &self.place
    }

    /// Whether the matrix is compressed by genes, so that only [`CellRows::gather_genes`] reads it.
    pub fn is_by_genes(&self) -> bool {
        matches!(self.layout, Layout::ByGenes(_))
    }

    /// About how many values are stored that are not zero: what the file says, or for a matrix of every value what
    /// its first cells let expect.
    ///
    /// # Errors
    /// When the file is damaged.
    pub fn stored_about(&self) -> Result<u64, H5adError> {
        match &self.layout {
            Layout::Sparse(parts) | Layout::ByGenes(parts) => {
                let length = at(&self.place, parts[2].shape())?.first().copied().unwrap_or(0);
                Ok(length)
            }
            Layout::Dense(_) => {
                let first = PROBE.min(self.cells);
                let stored = self.stored(0, first)?.values.iter().filter(|value| **value != 0.0).count();
                // A third more, for cells that hold more than the first ones.
                Ok((stored as f64 * self.cells as f64 / first.max(1) as f64 * 1.33).ceil() as u64)
            }
        }
    }

    /// Checks the first values of a matrix that is compressed by genes.
    pub(super) fn probe_genes(&self) -> Result<(), H5adError> {
        let Layout::ByGenes(parts) = &self.layout else { return Ok(()) };
        let length = at(&self.place, parts[2].shape())?.first().copied().unwrap_or(0).min(PROBED_VALUES);
        let values = at(&self.place, parts[2].read_f64_rows(0, length))?;
        values.into_iter().enumerate().try_for_each(|(offset, value)| self.bits(offset, value).map(drop))
    }

    /// A value as a count, or as the bits of its log-normalised f32.
    fn bits(&self, offset: usize, value: f64) -> Result<u32, H5adError> {
        match self.scale {
            Scale::Counts => count(&self.place, offset, value),
            Scale::LogNormalised if (0.0..15.0).contains(&value) => Ok((value as f32 + 0.0).to_bits()),
            Scale::LogNormalised => Err(H5adError::NotLogNormalised { place: self.place.clone(), at: offset, value }),
        }
    }

    /// Adds the values of `count_of` genes from `first` on; `keep` gives a cell's new place, or none for a cell that is
    /// left out. Log-normalised values are gathered as the bits of their f32.
    ///
    /// # Errors
    /// When the matrix is not compressed by genes, or is damaged there.
    pub fn gather_genes(
        &self,
        (first, count_of): (usize, usize),
        keep: &dyn Fn(u32) -> Option<u32>,
        into: &mut Gather,
    ) -> Result<(), H5adError> {
        let Layout::ByGenes(parts) = &self.layout else {
            return Err(H5adError::Encoding { place: self.place.clone(), found: "rows of cells".to_owned() });
        };
        let [starts, indices, values]: &[Dataset; 3] = parts;
        let place = &self.place;
        let starts = at(place, starts.read_u64_rows(first as u64, count_of as u64 + 1))?;
        let (Some(from), Some(to)) = (starts.first().copied(), starts.last().copied()) else { return Ok(()) };
        let length = to.saturating_sub(from);
        let indices = at(place, indices.read_i64_rows(from, length))?;
        let values = at(place, values.read_f64_rows(from, length))?;
        let stored = indices.len().min(values.len());
        for (gene, pair) in starts.windows(2).enumerate() {
            let range = pair[0].wrapping_sub(from) as usize..pair[1].wrapping_sub(from) as usize;
            if range.start > range.end || range.end > stored {
                return Err(self.damaged(CountsError::Starts { entry: first + gene + 1, stored }));
            }
            for offset in range {
                let cell = u32::try_from(indices[offset]).ok().filter(|cell| (*cell as usize) < self.cells);
                let cell = cell.ok_or_else(|| {
                    let column = u32::try_from(indices[offset]).unwrap_or(u32::MAX);
                    self.damaged(CountsError::Column { row: first + gene, column, genes: self.cells })
                })?;
                let value = self.bits(from as usize + offset, values[offset])?;
                if let Some(cell) = keep(cell) {
                    into.push(cell, (first + gene) as u32, value);
                }
            }
        }
        Ok(())
    }

    /// Where most genes are called by Ensembl identifiers and another column of the file holds symbols, takes these;
    /// tells the column. Genes without a symbol keep their identifier.
    pub fn take_symbols(&mut self) -> Option<String> {
        let is_id = |gene: &String| gene.starts_with("ENS") && gene.bytes().filter(u8::is_ascii_digit).count() >= 9;
        if 2 * self.genes.iter().filter(|gene| is_id(gene)).count() <= self.genes.len() {
            return None;
        }
        let var = self.var.clone()?;
        SYMBOLS.into_iter().find_map(|key| {
            let found: Column = column(&self.file, &var, key).filter(|found| found.len() == self.genes.len())?;
            let symbol = |place: usize| found.text(place).filter(|text| !text.is_empty() && text != "nan");
            let named: Vec<String> = (0..self.genes.len())
                .map(|place| symbol(place).map_or_else(|| self.genes[place].clone(), std::borrow::Cow::into_owned))
                .collect();
            self.genes = unique(named);
            Some(key.to_owned())
        })
    }
}
