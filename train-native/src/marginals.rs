//! The per-gene output term at the start: what each gene looks like on average.
//!
//! Does: smoothed log-frequencies of tokens for every gene, factored; beside them the factored
//! responses to the conditions.
//! Does not know: training, how responses are fitted (`responses`).
//! Flow: tokens of the training cells → **gene_output [G, R], output_basis [R, V], bias [V] and
//! gates** (PAPER.md section 3, [ours]).

use burn::tensor::{Device, Tensor, TensorData};
use faer::{Mat, Side};
use model::network::Network;
use model::quantise::VOCABULARY;

use crate::data::TrainingSet;
use crate::responses::{responses, tilt};

/// Weight of a smooth geometric tail beside the counted frequencies, in cells.
const TAIL: f64 = 0.5;
/// Smallest frequency of a count of 0; below it the factorisation would spend its rank on values never
/// seen.
const FLOOR: f64 = 1e-5;
/// The floor falls by this much (natural log) for each doubling of the count, so that a response that
/// tilts the distribution upwards does not lift what was never seen above what was.
const FLOOR_SLOPE: f64 = 4.0;

/// Smoothed log-frequencies [G, V].
fn log_marginals(set: &TrainingSet) -> Mat<f64> {
    let genes = set.genes();
    let cells = set.cells.len();
    let mut counts = vec![0.0_f64; genes * VOCABULARY];
    let mut sums = vec![0.0_f64; genes];
    for cell in 0..cells {
        for (gene, token) in set.tokens_of(cell).iter().enumerate() {
            counts[gene * VOCABULARY + *token as usize] += 1.0;
            sums[gene] += f64::from(*token);
        }
    }
    Mat::from_fn(genes, VOCABULARY, |gene, token| {
        // The tail falls by the mean's geometric ratio: heavier for genes with high counts.
        let mean = sums[gene] / cells as f64;
        let ratio = (mean / (1.0 + mean)).max(1e-9);
        let tail = (1.0 - ratio) * ratio.powi(token as i32);
        let share = (counts[gene * VOCABULARY + token] + TAIL * tail) / (cells as f64 + TAIL);
        share.ln().max(FLOOR.ln() - FLOOR_SLOPE * tilt(token as u16))
    })
}

/// A matrix on a device.
fn tensor(rows: usize, columns: usize, device: &Device, value: impl Fn(usize, usize) -> f64) -> Tensor<2> {
    let values: Vec<f32> = (0..rows * columns).map(|i| value(i / columns, i % columns) as f32).collect();
    Tensor::<2>::from_data(TensorData::new(values, [rows, columns]), device)
}

/// Sets the output term of a fresh network: the first half of the factors to the training cells'
/// marginals, open in every cell; the second half to each gene's response to the conditions, opened by
/// them. So means are right for every condition from the first step, and training is left to learn
/// what genes have to do with each other.
pub fn initialise(mut network: Network, set: &TrainingSet, device: &Device) -> Network {
    let marginals = log_marginals(set);
    let (genes, rank, values) = (set.genes(), network.config.rank, set.condition_values());
    let fixed = rank.div_ceil(2);
    let bias: Vec<f64> =
        (0..VOCABULARY).map(|v| (0..genes).map(|g| marginals[(g, v)]).sum::<f64>() / genes as f64).collect();
    let centred = Mat::from_fn(genes, VOCABULARY, |g, v| marginals[(g, v)] - bias[v]);
    let gram = centred.transpose() * &centred;
    let Ok(eigen) = gram.self_adjoint_eigen(Side::Lower) else { return network };
    let basis = Mat::from_fn(VOCABULARY, fixed, |v, r| eigen.U()[(v, VOCABULARY - 1 - r)]);
    let factors = &centred * &basis;
    let responses = responses(set, rank - fixed);
    // Factors are scaled to the size of the other weights, so that one learning rate suits both.
    let scale = 0.1;
    network.gene_output = tensor(genes, rank, device, |g, r| {
        if r < fixed { factors[(g, r)] * scale } else { responses.factors[(g, r - fixed)] }
    });
    network.output_basis =
        tensor(rank, VOCABULARY, device, |r, v| if r < fixed { basis[(v, r)] / scale } else { tilt(v as u16) });
    network.output_bias = tensor(1, VOCABULARY, device, |_, v| bias[v]);
    network.gate_bias = tensor(1, rank, device, |_, r| f64::from(u8::from(r < fixed)));
    network.gate_conditions =
        tensor(values, rank, device, |k, r| if r < fixed { 0.0 } else { responses.gates[(k, r - fixed)] });
    network
}
