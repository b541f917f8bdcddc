//! Matrices that go gene by gene.
//!
//! Does: reads windows of genes into gathered entries; looks at such a matrix before it is taken, as a whole when it is
//! small, else at some of its genes.
//! Does not know: how much memory there is.
//! Flow: matrix compressed by genes → **gathered entries** → a visitor's own cells, cells in memory.

use super::cell_rows::CellRows;
use super::expression::Scale;
use super::layout::Layout;
use super::stored::Stored;
use crate::gather::Gather;
use crate::h5ad::error::H5adError;
use crate::kind::Look;

/// Values that are read together.
const WINDOW: usize = 1 << 18;
/// Genes of a large matrix that are looked at: so many runs.
const RUNS: usize = 16;

/// Windows of genes of about so many values, by the row pointers where there are any.
fn windows(layout: &Layout, from: usize, to: usize, cells: usize) -> Result<Vec<(usize, usize)>, H5adError> {
    let Layout::Genes(sparse) = layout else {
        let step = (WINDOW / cells.max(1)).max(1);
        return Ok((from..to).step_by(step).map(|first| (first, step.min(to - first))).collect());
    };
    let starts = sparse.starts.wholes(from, to - from + 1)?;
    let (mut all, mut first) = (Vec::new(), 0);
    for gene in 1..starts.len() {
        if gene + 1 == starts.len() || (starts[gene + 1] - starts[first]) as usize > WINDOW {
            all.push((from + first, gene - first));
            first = gene;
        }
    }
    Ok(all)
}

/// Looks at a matrix whose rows are genes: at its cells when it has at most `whole` values, else at genes from all of it,
/// whose values tell less.
pub(super) fn look(
    layout: &Layout,
    (cells, genes): (usize, usize),
    is_gene: &dyn Fn(u32) -> bool,
    whole: usize,
    look: &mut Look,
) -> Result<(), H5adError> {
    let window = |first, count| layout.genes(first, count, cells).unwrap_or_else(|| Ok(Stored::default()));
    let all = layout.stored() as usize;
    if all > whole {
        let length = (WINDOW.saturating_mul(genes) / all / 4).clamp(1, genes.max(1));
        for run in 0..RUNS {
            let first = run * (genes - length) / (RUNS - 1);
            let stored = window(first, length.min(genes - first))?;
            let own = stored.starts.windows(2).enumerate().filter(|(gene, _)| is_gene((first + gene) as u32));
            let values: Vec<f64> = own.flat_map(|(_, pair)| stored.values[pair[0]..pair[1]].to_vec()).collect();
            // As one cell each: sums tell nothing here, values do.
            look.cell(&values);
        }
        return Ok(());
    }
    // Which cell each value is of decides its sum, so values are sorted by cells first.
    let mut by_cell: Vec<(u32, f64)> = Vec::new();
    for (first, count) in windows(layout, 0, genes, cells)? {
        let stored = window(first, count)?;
        for (gene, pair) in stored.starts.windows(2).enumerate() {
            if is_gene((first + gene) as u32) {
                by_cell.extend(
                    stored.columns[pair[0]..pair[1]]
                        .iter()
                        .copied()
                        .zip(stored.values[pair[0]..pair[1]].iter().copied()),
                );
            }
        }
    }
    by_cell.sort_by_key(|(cell, _)| *cell);
    for cell in by_cell.chunk_by(|a, b| a.0 == b.0) {
        look.cell(&cell.iter().map(|(_, value)| *value).collect::<Vec<_>>());
    }
    Ok(())
}

impl CellRows {
    /// Whether the matrix is compressed by genes, so that only [`CellRows::gather_genes`] reads it.
    pub fn is_by_genes(&self) -> bool {
        self.own.layout.is_by_genes()
    }

    /// Number of features of the matrix, those that are no genes among them; what [`CellRows::gather_genes`] counts.
    pub fn features(&self) -> usize {
        self.own.genes.columns.len()
    }

    /// Adds the values of `count` features from `first` on; `keep` gives a cell's new place, or none for a cell that is
    /// left out. Log-normalised values are gathered as the bits of their f32.
    ///
    /// # Errors
    /// When the matrix is not compressed by genes, or is damaged there.
    pub fn gather_genes(
        &self,
        (first, count): (usize, usize),
        keep: &dyn Fn(u32) -> Option<u32>,
        into: &mut Gather,
    ) -> Result<(), H5adError> {
        if first.checked_add(count).is_none_or(|end| end > self.features()) {
            let what = format!("genes {first} to {} are asked of {}", first.saturating_add(count), self.features());
            return Err(H5adError::Damaged { place: self.own.place.clone(), what });
        }
        for (first, count) in windows(&self.own.layout, first, first + count, self.cells())? {
            let Some(stored) = self.own.layout.genes(first, count, self.cells()) else {
                return Err(H5adError::Encoding { place: self.own.place.clone(), found: "rows of cells".to_owned() });
            };
            let stored = stored?;
            for (feature, pair) in stored.starts.windows(2).enumerate() {
                let Some(gene) = self.own.genes.columns[first + feature] else { continue };
                for offset in pair[0]..pair[1] {
                    let value = self.own.convert.value(stored.values[offset]);
                    let value = value.ok_or_else(|| self.odd(stored.first + offset, stored.values[offset]))?;
                    let bits =
                        if self.scale() == Scale::Counts { value as u32 } else { (value as f32 + 0.0).to_bits() };
                    if let Some(cell) = keep(stored.columns[offset]) {
                        into.push(cell, gene, bits);
                    }
                }
            }
        }
        Ok(())
    }
}
