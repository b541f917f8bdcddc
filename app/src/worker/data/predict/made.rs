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
    /// Counts on the file's genes: predicted cells, control twins.
    pub(super) sides: [Counts; 2],
    /// Genes of each cell that stayed as measured.
    pub(super) kept: Vec<i64>,
    /// Labels that say what was predicted.
    pub(super) labels: BTreeMap<String, Vec<String>>,
    pub(super) provenance: Provenance,
}

/// Cells so far.
pub(super) struct Written {
    pub(super) sides: [Counts; 2],
    pub(super) kept: Vec<i64>,
    /// Cells in which each gene of the panel was drawn.
    pub(super) drawn: Vec<u32>,
}

impl Written {
    /// Takes a part; gives its predicted cells.
    pub(super) fn take(
        &mut self,
        counts: &Counts,
        chosen: &Chosen,
        first: usize,
        found: &Rewritten,
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
        for kept in &found.kept {
            self.kept.push(kept.iter().filter(|kept| **kept).count() as i64);
            self.drawn.iter_mut().zip(kept).for_each(|(drawn, kept)| *drawn += u32::from(!kept));
        }
        let [predicted, _] = sides;
        Ok(predicted)
    }
}
