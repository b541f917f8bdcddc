//! A heat map of genes × cells of the last run.
//!
//! Does: picks cells evenly where there are many, clusters genes over all of them and cells within their side, hands
//! out log-normalised values in that order.
//! Does not know: how a run goes, how colours are chosen.
//! Flow: session's cells + genes → **ordered matrix** → page.

use cells::linkage::average_linkage;

use super::session::Session;
use crate::expression::standardised;
use crate::protocol::{Array, Comparison, FromWorker};

/// Most cells of a side: more are narrower than a pixel, and clustering takes their number squared.
const CELLS: usize = 120;
/// Most genes.
const GENES: usize = 200;

/// At most [`CELLS`] values, evenly over all; every gene's are those of the same cells.
fn picked(values: &[f32]) -> Vec<f32> {
    let shown = values.len().min(CELLS);
    (0..shown).map(|at| values[at * values.len() / shown]).collect()
}

/// Order of the columns `range` of a matrix [genes, cells] after clustering.
fn cell_order(rows: &[Vec<f32>], range: std::ops::Range<usize>) -> Vec<usize> {
    let profiles: Vec<f32> = range.clone().flat_map(|cell| rows.iter().map(move |row| row[cell])).collect();
    let found = average_linkage(&profiles, range.len(), rows.len());
    found.order.into_iter().map(|cell| range.start + cell).collect()
}

/// The matrix of the known ones among `genes`, over the cells that a comparison compares; `None` when the run's cells are gone.
pub(crate) fn answer(
    session: &Session,
    (run, comparison): (u32, Comparison),
    mut genes: Vec<String>,
) -> Option<(FromWorker, Array)> {
    genes.truncate(GENES);
    let (known, values) = session.values(run, genes)?;
    // Two sides of every comparison for each gene.
    let own = 2 * comparison as usize..2 * comparison as usize + 2;
    let of_gene = |sides: &[Array]| -> Option<Vec<Vec<f32>>> {
        Some(sides.get(own.clone())?.iter().map(|side| picked(&side.clone().f32())).collect())
    };
    let sides: Vec<Vec<Vec<f32>>> = values.chunks(2 * Comparison::ALL.len()).map(of_gene).collect::<Option<_>>()?;
    let control = sides.first().map_or(0, |sides| sides[0].len());
    let rows: Vec<Vec<f32>> = sides.iter().map(|sides| sides.concat()).collect();
    let cells = rows.first().map_or(0, Vec::len);
    // Genes are compared by where they are high and low, not by how much there is of them.
    let scaled: Vec<Vec<f32>> = rows.iter().map(|row| standardised(row)).collect();
    let gene_order = average_linkage(&scaled.concat(), rows.len(), cells).order;
    let columns = [cell_order(&scaled, 0..control), cell_order(&scaled, control..cells)].concat();
    let matrix: Vec<f32> = gene_order.iter().flat_map(|gene| columns.iter().map(|cell| rows[*gene][*cell])).collect();
    let genes = gene_order.into_iter().map(|gene| known[gene].clone()).collect();
    let cells = (control as u32, (cells - control) as u32);
    Some((FromWorker::HeatMap { run, comparison, genes, cells }, Array::F32(matrix)))
}
