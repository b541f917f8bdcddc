//! Puts what was measured into a network's parameters.
//!
//! Does: factors the effects of all condition values into gene factors and gates, sets the summary's loadings, and
//! measures the sizes that are left once both have been taken off.
//! Does not know: how effects and loadings are found.
//! Flow: effects [rows, G], loadings [G, Q] → **parameters** of a fresh network.

use burn::tensor::{Device, Tensor, TensorData};
use faer::{Mat, Side};
use model::card::Kind;
use model::network::{Labels, Network};
use model::quantise::{FIRST_CONDITION, MASK, dequantise};
use model::random::Draws;
use rayon::iter::{IntoParallelIterator, ParallelIterator};

use super::effects::Effects;
use super::factors::{Factors, chosen};
use super::sizes::{likelihoods, log_sizes};
use crate::data::TrainingSet;

/// Cells that sizes are measured on, and cells at once.
const MOST_CELLS: usize = 2000;
const BATCH: usize = 16;
/// Stream of the halves.
const STREAM: u64 = (1 << 43) + 2;

/// A matrix on a device.
fn tensor(rows: usize, columns: usize, device: &Device, value: impl Fn(usize, usize) -> f64) -> Tensor<2> {
    let values: Vec<f32> = (0..rows * columns).map(|i| value(i / columns, i % columns) as f32).collect();
    Tensor::<2>::from_data(TensorData::new(values, [rows, columns]), device)
}

/// Effect of every library-size bin, the same for all genes, in the rows of the condition values.
fn add_depths(set: &TrainingSet, known: &[f64], rows: &mut [Vec<f64>]) {
    for (slot, condition) in set.conditions.iter().enumerate().filter(|(_, own)| own.kind == Kind::Depth) {
        for value in &condition.values {
            let cell = (0..set.cells.len()).find(|cell| set.labels_of(*cell)[slot] == value.token);
            let effect = cell.map_or(0.0, |cell| known[cell].ln());
            rows[(value.token - FIRST_CONDITION) as usize].fill(effect);
        }
    }
}

/// Training cells that have each condition value [K]; of what is left open, all.
fn weights(set: &TrainingSet) -> Vec<f64> {
    let mut weights = vec![1.0; set.condition_values()];
    for condition in &set.conditions {
        for value in &condition.values {
            weights[(value.token - FIRST_CONDITION) as usize] = value.cells.max(1) as f64;
        }
        if let Some(open) = condition.unspecified {
            weights[(open - FIRST_CONDITION) as usize] = set.cells.len().max(1) as f64;
        }
    }
    weights
}

/// Sets response factors and gates: effects [rows, G] ≈ gates [rows, R] · factors [G, R]ᵀ, nearest where many cells have
/// the value and where a gene says much.
pub(super) fn responses(mut network: Network, set: &TrainingSet, effects: &Effects, known: &[f64]) -> Network {
    let (genes, values, rank) = (set.genes(), set.condition_values(), network.config.rank);
    let mut rows = effects.of_tokens(set);
    add_depths(set, known, &mut rows);
    rows.extend(effects.of_pairs(set));
    let mut weight: Vec<f64> = weights(set);
    weight.extend((0..set.pairs.len()).map(|pair| pair_cells(set, pair).max(1.0)));
    // The square root of the root: rare values count, only less.
    let weight: Vec<f64> = weight.into_iter().map(|cells| cells.powf(0.25)).collect();
    let says: Vec<f64> = effects
        .regression
        .fits
        .iter()
        .map(|fit| if fit.intercept.is_finite() { fit.intercept.exp() / fit.dispersion } else { 0.0 })
        .collect();
    let scaled = Mat::from_fn(rows.len(), genes, |row, gene| weight[row] * rows[row][gene] * says[gene].sqrt());
    let gram = &scaled * scaled.transpose();
    let Ok(eigen) = gram.self_adjoint_eigen(Side::Lower) else { return network };
    let count = rows.len();
    let kept = rank.min(count);
    // Gates of size about 1, so that one learning rate suits them and the factors.
    let size = weight.iter().map(|own| own * own).sum::<f64>().sqrt();
    let direction = |row: usize, r: usize| eigen.U()[(row, count - 1 - r)];
    let gate = |row: usize, r: usize| if r < kept { direction(row, r) * size / weight[row] } else { 0.0 };
    let device = network.device();
    let of_gene: Vec<Vec<f64>> = (0..genes)
        .into_par_iter()
        .map(|gene| {
            let of_direction =
                |r: usize| (0..count).map(|row| weight[row] * rows[row][gene] * direction(row, r)).sum::<f64>();
            (0..rank).map(|r| if r < kept { of_direction(r) / size } else { 0.0 }).collect()
        })
        .collect();
    network.gene_output = tensor(genes, rank, &device, |gene, r| of_gene[gene][r]);
    let gates = network.config.gates();
    network.gate_conditions = tensor(values, gates, &device, |row, r| if r < rank { gate(row, r) } else { 0.0 });
    network.gate_pairs =
        network.gate_pairs.map(|_| tensor(set.pairs.len(), rank, &device, |pair, r| gate(values + pair, r)));
    network
}

/// Training cells of a pair.
fn pair_cells(set: &TrainingSet, pair: usize) -> f64 {
    (0..set.cells.len()).filter(|cell| set.pairs.of_cell(set.labels_of(*cell)).contains(&pair)).count() as f64
}

/// Sets the summary's loadings.
pub(super) fn summary(mut network: Network, factors: &Factors) -> Network {
    let (genes, rank) = (factors.loadings.nrows(), factors.loadings.ncols());
    let device = network.device();
    if let Some(summary) = &mut network.summary {
        summary.loadings = tensor(genes, rank, &device, |gene, q| factors.loadings[(gene, q)]);
    }
    network
}

/// Measures the sizes that are left once conditions and factors are taken off: half of a cell's genes are hidden, and
/// expected by what the other half says, then the other way round.
pub(super) fn sizes(network: Network, set: &TrainingSet, seed: u64) -> Network {
    // The blocks have learned nothing yet, and what they add is 0.
    let mut bare = network.clone();
    bare.blocks.clear();
    let genes = set.genes();
    let tables = bare.tables();
    let cells = chosen(set.cells.len(), MOST_CELLS);
    let mut pairs: Vec<Vec<(u32, f32)>> = vec![Vec::with_capacity(cells.len()); genes];
    let log_means = &bare.statistics.log_mean;
    let mut draws = Draws::new(seed, STREAM);
    for part in cells.chunks(BATCH) {
        let halves: Vec<bool> = (0..part.len() * genes).map(|_| draws.uniform() < 0.5).collect();
        let labels: Vec<i32> = part.iter().flat_map(|cell| set.labels_of(*cell).to_vec()).collect();
        for hidden in [true, false] {
            let mut tokens = Vec::with_capacity(halves.len());
            for (place, cell) in part.iter().enumerate() {
                let own = set.tokens_of(*cell).iter().enumerate();
                let is_hidden = |gene: usize| halves[place * genes + gene] == hidden || !set.is_measured(*cell, gene);
                tokens.extend(own.map(|(gene, token)| if is_hidden(gene) { MASK as u16 } else { *token }));
            }
            let shifts = bare.hidden(&tables, &bare.read(&tokens), Labels::of(&labels)).shifts;
            let width = shifts.dims()[1];
            let shifts: Vec<f32> = shifts.into_data().iter::<f32>().collect();
            for (place, cell) in part.iter().enumerate() {
                for (gene, token) in set.tokens_of(*cell).iter().enumerate() {
                    if halves[place * genes + gene] == hidden && set.is_measured(*cell, gene) {
                        let at = place * width + bare.layout.position(gene as u32);
                        let mean = (shifts[at] + log_means[gene]).exp().min(1e5);
                        pairs[gene].push((dequantise(*token), mean));
                    }
                }
            }
        }
    }
    let totals: Vec<f64> = pairs.iter().map(|own| own.iter().map(|(count, _)| f64::from(*count)).sum()).collect();
    let likelihoods: Vec<_> = (0..genes).into_par_iter().map(|gene| likelihoods(&pairs[gene])).collect();
    let mut statistics = network.statistics.clone();
    for (own, found) in statistics.log_size.iter_mut().zip(log_sizes(&likelihoods, &totals)) {
        *own = found as f32;
    }
    network.with_statistics(statistics)
}
