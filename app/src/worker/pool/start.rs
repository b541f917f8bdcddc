//! What a prediction starts from, and how cells travel to helpers and back.
//!
//! Does: keeps measured cells on the panel, gives those of a batch, turns them and rewritten cells into arrays and back.
//! Does not know: who rewrites which cells, jobs.
//! Flow: measured cells + setting → **batches ⇄ arrays** → `rewriting`, `member`.

use std::collections::BTreeMap;
use std::ops::Range;

use cells::Counts;
use model::rewrite::part::{Rewritten, Side};
use model::rewrite::{Measured, Setting};

use super::messages::ToMember;
use crate::pool::flat::{flat, rows, to_count, to_number};
use crate::pool::turns::Batch;
use crate::protocol::Array;

/// What a prediction starts from.
pub(crate) struct Start {
    /// How cells are rewritten.
    pub(crate) setting: Setting,
    /// Their counts on the panel [n, G]; 0 where a gene was not measured.
    pub(crate) counts: Counts,
    /// Whether the file has a gene of the panel [G].
    pub(crate) has: Vec<bool>,
    /// What each of them is, by condition key.
    pub(crate) with: Vec<BTreeMap<String, String>>,
}

impl Start {
    /// Genes of the panel.
    pub(super) fn genes(&self) -> usize {
        self.has.len()
    }

    /// Cells as the model takes them.
    pub(super) fn measured(&self, cells: Range<usize>) -> Vec<Measured> {
        let of = |cell: usize| {
            let mut row = vec![0; self.genes()];
            self.counts.dense_row(cell, &mut row);
            let counts = row.into_iter().zip(&self.has).map(|(count, has)| has.then_some(count)).collect();
            Measured { with: self.with[cell].clone(), counts }
        };
        cells.map(of).collect()
    }

    /// What a helper is told of a batch.
    pub(super) fn asked(&self, job: u32, batch: Batch) -> (ToMember, Array) {
        let cells = self.measured(batch.first..batch.first + batch.cells);
        let (with, counts): (Vec<_>, Vec<_>) = cells.into_iter().map(|own| (own.with, own.counts)).unzip();
        let message = ToMember::Rewrite { job, batch, setting: self.setting.clone(), with };
        (message, Array::F64(flat(&counts, to_number)))
    }
}

/// The cells of [`ToMember::Rewrite`].
pub(super) fn measured(with: Vec<BTreeMap<String, String>>, arrays: Vec<Array>, genes: usize) -> Vec<Measured> {
    let counts = arrays.into_iter().next().map(Array::f64).unwrap_or_default();
    with.into_iter().zip(rows(&counts, genes, to_count)).map(|(with, counts)| Measured { with, counts }).collect()
}

/// The arrays of [`super::messages::FromMember::Rewritten`].
pub(super) fn to_arrays(own: &Rewritten) -> [Array; 5] {
    let sides = [&own.perturbed, &own.control];
    let [perturbed, control] = sides.map(|side| Array::F64(flat(&side.counts, f64::from)));
    let [expected, expected_control] = sides.map(|side| Array::F32(side.expected.concat()));
    [perturbed, control, expected, expected_control, Array::U8(flat(&own.kept, u8::from))]
}

/// Rewritten cells of these arrays.
pub(super) fn of_arrays(arrays: Vec<Array>, genes: usize) -> Rewritten {
    let mut arrays = arrays.into_iter();
    let mut next = || arrays.next().unwrap_or(Array::U8(Vec::new()));
    let [perturbed, control] = [next().f64(), next().f64()];
    let [expected, expected_control] = [next().f32(), next().f32()];
    let side = |counts: &[f64], expected: &[f32]| Side {
        counts: rows(counts, genes, |own| own as u32),
        expected: rows(expected, genes, |own| own),
    };
    Rewritten {
        perturbed: side(&perturbed, &expected),
        control: side(&control, &expected_control),
        kept: rows(&next().bytes(), genes, |own| own > 0),
    }
}
