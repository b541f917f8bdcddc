//! The per-gene output term at the start: what each gene looks like on average.
//!
//! Does: smoothed log-frequencies of tokens for every gene, factored to rank R.
//! Does not know: training.
//! Flow: tokens of the training cells → **gene_output [G, R], output_basis [R, V], bias [V]**, so that
//! marginals are right from the first step (PAPER.md section 3, [ours]).

use burn::tensor::{Device, Tensor, TensorData};
use faer::{Mat, Side};
use model::network::Network;
use model::quantise::VOCABULARY;

use crate::data::TrainingSet;

/// Weight of a smooth geometric tail beside the counted frequencies, in cells.
const TAIL: f64 = 0.5;
/// Smallest frequency; below it the factorisation would spend its rank on values never seen.
const FLOOR: f64 = 1e-5;

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
        share.max(FLOOR).ln()
    })
}

/// Sets the output term of a fresh network to the training cells' marginals.
pub fn initialise(mut network: Network, set: &TrainingSet, device: &Device) -> Network {
    let marginals = log_marginals(set);
    let (genes, rank) = (set.genes(), network.config.rank.min(VOCABULARY));
    let bias: Vec<f64> =
        (0..VOCABULARY).map(|v| (0..genes).map(|g| marginals[(g, v)]).sum::<f64>() / genes as f64).collect();
    let centred = Mat::from_fn(genes, VOCABULARY, |g, v| marginals[(g, v)] - bias[v]);
    let gram = centred.transpose() * &centred;
    let Ok(eigen) = gram.self_adjoint_eigen(Side::Lower) else { return network };
    let basis =
        Mat::from_fn(
            VOCABULARY,
            network.config.rank,
            |v, r| {
                if r < rank { eigen.U()[(v, VOCABULARY - 1 - r)] } else { 0.0 }
            },
        );
    let factors = &centred * &basis;
    let tensor = |rows: usize, columns: usize, value: &dyn Fn(usize, usize) -> f64| {
        let values: Vec<f32> = (0..rows * columns).map(|i| value(i / columns, i % columns) as f32).collect();
        Tensor::<2>::from_data(TensorData::new(values, [rows, columns]), device)
    };
    // Factors are scaled to the size of the other weights, so that one learning rate suits both.
    let scale = 0.1;
    network.gene_output = tensor(genes, network.config.rank, &|g, r| factors[(g, r)] * scale);
    network.output_basis = tensor(network.config.rank, VOCABULARY, &|r, v| basis[(v, r)] / scale);
    network.output_bias = tensor(1, VOCABULARY, &|_, v| bias[v]);
    network
}
