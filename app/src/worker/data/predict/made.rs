//! Cells that were predicted.
//!
//! Does: puts what was drawn in the place of what was measured, part by part; keeps predicted cells and control twins.
//! Does not know: how cells are rewritten.
//! Flow: drawn cells → **predicted cells on the file's genes** → `genes`, `hand_out`.

use std::collections::BTreeMap;

use cells::Counts;
use model::rewrite::panel::put;
use model::rewrite::part::Rewritten;

use super::super::pace::{End, sentence};
use super::chosen::Chosen;
use crate::protocol::Provenance;

/// Cells that were predicted.
pub(in super::super) struct Predicted {
    /// Places among the visitor's cells.
    pub(super) cells: Vec<usize>,
    /// Place of every gene of the panel in the file [G].
    pub(super) places: Vec<Option<usize>>,
    /// Type of each cell, a place among the names; none where it was left open.
    pub(super) types: (Vec<Option<usize>>, Vec<String>),
    pub(super) written: Written,
    /// Labels that say what was predicted.
    pub(super) labels: BTreeMap<String, Vec<String>>,
    pub(super) provenance: Provenance,
}

/// Cells so far.
pub(super) struct Written {
    /// Counts on the file's genes: predicted cells, control twins.
    pub(super) sides: [Counts; 2],
    /// Mean of the distribution that each drawn count is from, for the genes that were drawn of each cell, in panel order:
    /// predicted cells, control twins.
    pub(super) expected: [Vec<Vec<f32>>; 2],
    /// Whether a gene of the panel stayed as it was measured [cells][G].
    pub(super) kept: Vec<Vec<bool>>,
    /// Cells in which each gene of the panel was drawn.
    pub(super) drawn: Vec<u32>,
}

impl Written {
    /// Of a file with so many genes and a panel with so many.
    pub(super) fn new(genes: usize, panel: usize) -> Self {
        let empty = || Counts::empty(genes);
        Self { sides: [empty(), empty()], expected: Default::default(), kept: Vec::new(), drawn: vec![0; panel] }
    }

    /// Takes a part; gives its predicted cells.
    pub(super) fn take(
        &mut self,
        counts: &Counts,
        chosen: &Chosen,
        first: usize,
        found: Rewritten,
    ) -> Result<Counts, End> {
        let genes = counts.genes();
        let side = |counts_of: &[Vec<u32>]| -> Counts {
            let row = |(place, kept): (usize, &Vec<bool>)| {
                let mut row = vec![0; genes];
                counts.dense_row(chosen.cells[first + place], &mut row);
                put(&mut row, &chosen.places, kept, &counts_of[place]);
                row
            };
            let rows: Vec<Vec<u32>> = found.kept.iter().enumerate().map(row).collect();
            Counts::from_dense_rows(genes, rows.iter().map(Vec::as_slice))
        };
        let sides = [side(&found.perturbed.counts), side(&found.control.counts)];
        for (all, part) in self.sides.iter_mut().zip(&sides) {
            all.append(part).map_err(sentence)?;
        }
        let expected = [found.perturbed.expected, found.control.expected];
        for (all, part) in self.expected.iter_mut().zip(expected) {
            let drawn = |(row, kept): (Vec<f32>, &Vec<bool>)| -> Vec<f32> {
                row.into_iter().zip(kept).filter(|(_, kept)| !**kept).map(|(own, _)| own).collect()
            };
            all.extend(part.into_iter().zip(&found.kept).map(drawn));
        }
        for kept in &found.kept {
            self.drawn.iter_mut().zip(kept).for_each(|(drawn, kept)| *drawn += u32::from(!kept));
        }
        self.kept.extend(found.kept);
        let [predicted, _] = sides;
        Ok(predicted)
    }

    /// Expected counts of a side (0: predicted cells, 1: control twins) on the file's genes, cell by cell [cells × genes];
    /// where nothing was drawn the measured count stands, which the side's counts have too.
    pub(super) fn expected_on(&self, side: usize, places: &[Option<usize>]) -> Vec<f32> {
        let counts = &self.sides[side];
        let (mut all, mut row) = (Vec::with_capacity(counts.cells() * counts.genes()), vec![0; counts.genes()]);
        for (cell, (kept, drawn)) in self.kept.iter().zip(&self.expected[side]).enumerate() {
            counts.dense_row(cell, &mut row);
            let begins = all.len();
            all.extend(row.iter().map(|count| *count as f32));
            let genes = places.iter().zip(kept).filter(|(_, kept)| !**kept).map(|(place, _)| place);
            for (place, own) in genes.zip(drawn).filter_map(|(place, own)| Some(((*place)?, own))) {
                all[begins + place] = *own;
            }
        }
        all
    }
}
