//! Genes of a prediction by cell type.
//!
//! Does: share of cells with each gene and its mean, of the measured cells, their control twins and the predicted cells.
//! Does not know: how dots are drawn.
//! Flow: predicted cells + gene names → **shares and means** → page.

use cells::normalise::{Normalised, Target, log_normalise};

use super::super::outbox::tell;
use super::super::own::Own;
use super::made::Predicted;
use crate::protocol::Array;
use crate::protocol::data::Tell as DataTell;
use crate::protocol::what_if::Tell;

/// Most genes that are told at once.
const MOST: usize = 60;
/// Fewest cells of a type that get a row: of fewer a share says nothing.
const FEWEST: usize = 3;

/// Tells the page.
pub(in super::super) fn answer(own: &Own, predicted: &Predicted, genes: Vec<String>) {
    let found: Vec<(String, u32)> = genes
        .into_iter()
        .filter_map(|gene| own.genes.iter().position(|own| *own == gene).map(|place| (gene, place as u32)))
        .take(MOST)
        .collect();
    let [perturbed, control] = &predicted.written.sides;
    // All scaled alike, whole cells of the file's genes, as in the table of genes.
    let normalised = |counts| log_normalise(counts, Target::Sum(own.target));
    let sides = [own.normalised(&predicted.cells), normalised(control), normalised(perturbed)];
    let columns: Vec<Vec<Vec<f32>>> =
        sides.iter().map(|side: &Normalised| found.iter().map(|(_, place)| side.gene(*place)).collect()).collect();
    let (of_cells, names) = &predicted.types;
    let (mut types, mut shares, mut means) = (Vec::new(), Vec::new(), Vec::new());
    let open = (None, "type left open".to_owned());
    for (kind, name) in names.iter().cloned().enumerate().map(|(kind, name)| (Some(kind), name)).chain([open]) {
        let cells: Vec<usize> = (0..of_cells.len()).filter(|cell| of_cells[*cell] == kind).collect();
        if cells.len() < FEWEST {
            continue;
        }
        let all = cells.len() as f64;
        for column in columns.iter().flatten() {
            shares.push(cells.iter().filter(|cell| column[**cell] > 0.0).count() as f64 / all);
            means.push(cells.iter().map(|cell| f64::from(column[*cell])).sum::<f64>() / all);
        }
        types.push((name, cells.len() as u32));
    }
    let genes = found.into_iter().map(|(gene, _)| gene).collect();
    tell(DataTell::Predicted(Tell::Dots { genes, types }), &[Array::F64(shares), Array::F64(means)]);
}
