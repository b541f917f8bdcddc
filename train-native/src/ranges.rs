//! How far every gene's log-mean moves in training cells.
//!
//! Does: runs a trained network over training cells, masked and with labels dropped as in training, and notes the lowest
//! and highest shift of every gene: what the sampler holds guided, composed and unseen combinations to.
//! Does not know: what the sampler does with them (`model::hidden`).
//! Flow: averaged weights + training cells → **statistics with ranges** → bundle.

use model::loss::hidden_of;
use model::network::Network;

use crate::data::TrainingSet;

/// Cells looked at, and cells at once.
const CELLS: usize = 2048;
const BATCH: usize = 16;
/// First step whose masks are drawn: none that training used.
const FIRST_STEP: usize = 1 << 30;

/// The network with the ranges of its shifts among the statistics of its genes.
pub fn measured(network: Network, set: &TrainingSet) -> Network {
    let genes = set.genes();
    let (mut lowest, mut highest) = (vec![f32::INFINITY; genes], vec![f32::NEG_INFINITY; genes]);
    let tables = network.tables();
    let take = set.cells.len().clamp(1, CELLS);
    let cells: Vec<usize> = (0..take).map(|place| place * set.cells.len() / take).collect();
    for (step, part) in cells.chunks(BATCH).enumerate() {
        let targets = part.iter().flat_map(|cell| set.tokens_of(*cell).to_vec()).collect();
        let labels = part.iter().flat_map(|cell| set.labels_of(*cell).to_vec()).collect();
        let shifts = hidden_of(&network, &tables, &set.masked(FIRST_STEP + step, targets, labels)).shifts;
        let width = shifts.dims()[1];
        let shifts: Vec<f32> = shifts.into_data().iter::<f32>().collect();
        for row in shifts.chunks(width) {
            for gene in 0..genes {
                let shift = row[network.layout.position(gene as u32)];
                lowest[gene] = lowest[gene].min(shift);
                highest[gene] = highest[gene].max(shift);
            }
        }
    }
    let mut statistics = network.statistics.clone();
    statistics.lowest = lowest;
    statistics.highest = highest;
    network.with_statistics(statistics)
}
