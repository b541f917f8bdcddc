//! What the sampler needs to know of training cells: how far every gene's log-mean moves, and how much of its spread is
//! shared with other genes.
//!
//! Does: runs a trained network over training cells. Masked and with labels dropped as in training, it notes the lowest
//! and highest shift of every gene: what the sampler holds guided, composed and unseen combinations to. With half of the
//! genes visible, it takes the spread that the summary's factors still leave unknown out of every gene's own spread: the
//! sampler draws the factors, and what is drawn once must not be drawn twice.
//! Does not know: what the sampler does with them (`model::hidden`).
//! Flow: averaged weights + training cells → **statistics with ranges and sizes** → bundle.

use burn::tensor::{Tensor, TensorData};
use model::loss::hidden_of;
use model::network::{Labels, Network};
use model::quantise::MASK;
use model::random::Draws;
use model::statistics::{LARGEST_SIZE, SMALLEST_SIZE};

use crate::data::TrainingSet;

/// Cells looked at, and cells at once.
const CELLS: usize = 2048;
const BATCH: usize = 16;
/// First step whose masks are drawn: none that training used.
const FIRST_STEP: usize = 1 << 30;
/// Stream of the halves and of the factors.
const STREAM: u64 = (1 << 43) + 3;

/// Training cells that are looked at.
fn chosen(set: &TrainingSet) -> Vec<usize> {
    let take = set.cells.len().clamp(1, CELLS);
    (0..take).map(|place| place * set.cells.len() / take).collect()
}

/// Variance of every gene's log-mean that the factors leave unknown when half of the genes are visible, mean over
/// training cells [G]; none without a summary.
fn unknown_variance(network: &Network, set: &TrainingSet) -> Option<Vec<f64>> {
    network.summary.as_ref()?;
    let (genes, tables) = (set.genes(), network.tables());
    let mut draws = Draws::new(set.seed, STREAM);
    let (mut sums, mut count) = (vec![0.0; genes], 0.0);
    for part in chosen(set).chunks(BATCH) {
        let mut tokens: Vec<u16> = part.iter().flat_map(|cell| set.tokens_of(*cell).to_vec()).collect();
        tokens.iter_mut().filter(|_| draws.uniform() < 0.5).for_each(|token| *token = MASK as u16);
        let labels: Vec<i32> = part.iter().flat_map(|cell| set.labels_of(*cell).to_vec()).collect();
        let hidden = network.hidden(&tables, &network.read(&tokens), Labels::of(&labels));
        let variance = hidden.factor_variance(&tables)?.sum_dim(0);
        let of_places: Vec<f32> = variance.into_data().iter::<f32>().collect();
        for (gene, sum) in sums.iter_mut().enumerate() {
            *sum += f64::from(of_places[network.layout.position(gene as u32)]);
        }
        count += part.len() as f64;
    }
    sums.iter_mut().for_each(|sum| *sum /= count);
    Some(sums)
}

/// Sizes without the spread that the factors account for, where the sampler draws the factors.
///
/// A count is negative binomial around m·u, with u of mean 1 log-normal of variance v in the logarithm. Its variance is
/// m + m² (eᵛ/r′ + eᵛ − 1), which is to be the m + m²/r that was fitted to what is left when half of the genes are
/// visible: 1/r′ = (1/r − eᵛ + 1) e⁻ᵛ.
pub fn with_own_sizes(network: Network, set: &TrainingSet) -> Network {
    let Some(variance) = unknown_variance(&network, set) else { return network };
    let mut statistics = network.statistics.clone();
    for (size, variance) in statistics.log_size.iter_mut().zip(variance) {
        let growth = variance.exp();
        let spread = ((f64::from(-*size).exp() - growth + 1.0) / growth).max(1.0 / LARGEST_SIZE);
        *size = (1.0 / spread).clamp(SMALLEST_SIZE, LARGEST_SIZE).ln() as f32;
    }
    network.with_statistics(statistics)
}

/// The network with the ranges of its shifts among the statistics of its genes; with the factors drawn where the sampler
/// draws them.
pub fn measured(network: Network, set: &TrainingSet, draws_factors: bool) -> Network {
    let genes = set.genes();
    let (mut lowest, mut highest) = (vec![f32::INFINITY; genes], vec![f32::NEG_INFINITY; genes]);
    let tables = network.tables();
    let mut draws = Draws::new(set.seed, STREAM + 1);
    for (step, part) in chosen(set).chunks(BATCH).enumerate() {
        let targets = part.iter().flat_map(|cell| set.tokens_of(*cell).to_vec()).collect();
        let labels = part.iter().flat_map(|cell| set.labels_of(*cell).to_vec()).collect();
        let mut hidden = hidden_of(&network, &tables, &set.masked(FIRST_STEP + step, targets, labels));
        if draws_factors {
            let shape = [part.len(), network.config.summary];
            let numbers: Vec<f32> = (0..shape[0] * shape[1]).map(|_| draws.normal()).collect();
            let numbers = Tensor::<2>::from_data(TensorData::new(numbers, shape), &network.device());
            hidden = hidden.with_factors(&tables, numbers);
        }
        let shifts = hidden.shifts;
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
