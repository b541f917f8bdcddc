//! The per-gene output term at the start: what each gene looks like on average.
//!
//! Does: smoothed log-frequencies of tokens for every gene, factored; beside them the factored
//! responses to the conditions, and what genes have to do with each other.
//! Does not know: training, how responses and factors are fitted (`responses`, `factors`).
//! Flow: tokens of the training cells → **gene_output [G, R], output_basis [R, V], bias [V], gates
//! and summary** (PAPER.md section 3, [ours]).

use burn::tensor::{Device, Tensor, TensorData};
use faer::{Mat, Side};
use model::loss::UNMEASURED;
use model::network::Network;
use model::quantise::VOCABULARY;
use model::summary::Summary;

use crate::data::TrainingSet;
use crate::factors::{Factors, factors};
use crate::output::say;
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
    let mut counts = vec![0.0_f64; genes * VOCABULARY];
    let mut sums = vec![0.0_f64; genes];
    let mut measured = vec![0.0_f64; genes];
    for cell in 0..set.cells.len() {
        let tokens = set.tokens_of(cell).iter().enumerate();
        for (gene, token) in tokens.filter(|(_, token)| **token != UNMEASURED) {
            measured[gene] += 1.0;
            counts[gene * VOCABULARY + *token as usize] += 1.0;
            sums[gene] += f64::from(*token);
        }
    }
    Mat::from_fn(genes, VOCABULARY, |gene, token| {
        // The tail falls by the mean's geometric ratio: heavier for genes with high counts.
        let mean = sums[gene] / measured[gene].max(1.0);
        let ratio = (mean / (1.0 + mean)).max(1e-9);
        let tail = (1.0 - ratio) * ratio.powi(token as i32);
        let share = (counts[gene * VOCABULARY + token] + TAIL * tail) / (measured[gene] + TAIL);
        share.ln().max(FLOOR.ln() - FLOOR_SLOPE * tilt(token as u16))
    })
}

/// A matrix on a device.
fn tensor(rows: usize, columns: usize, device: &Device, value: impl Fn(usize, usize) -> f64) -> Tensor<2> {
    let values: Vec<f32> = (0..rows * columns).map(|i| value(i / columns, i % columns) as f32).collect();
    Tensor::<2>::from_data(TensorData::new(values, [rows, columns]), device)
}

/// Sets the output term of a fresh network, and its summary if it has one: some factors to the training
/// cells' marginals, open in every cell; as many to each gene's response to the conditions, opened by
/// them; the last Q to what genes have to do with each other, opened by what is visible. So means are
/// right for every condition from the first step, and related genes agree.
pub fn initialise(mut network: Network, set: &TrainingSet, seed: u64, device: &Device) -> Network {
    let marginals = log_marginals(set);
    let (genes, rank, values) = (set.genes(), network.config.rank, set.condition_values());
    let shared = network.config.summary;
    let fixed = (rank - shared).div_ceil(2);
    let answers = rank - shared - fixed;
    let bias: Vec<f64> =
        (0..VOCABULARY).map(|v| (0..genes).map(|g| marginals[(g, v)]).sum::<f64>() / genes as f64).collect();
    let centred = Mat::from_fn(genes, VOCABULARY, |g, v| marginals[(g, v)] - bias[v]);
    let gram = centred.transpose() * &centred;
    let Ok(eigen) = gram.self_adjoint_eigen(Side::Lower) else { return network };
    let basis = Mat::from_fn(VOCABULARY, fixed, |v, r| eigen.U()[(v, VOCABULARY - 1 - r)]);
    let projected = &centred * &basis;
    let responses = responses(set, answers);
    let factors = factors(set, shared, seed);
    if shared > 0 {
        say(&format!("{} of {shared} factors stand above the noise", factors.found));
    }
    // Factors are scaled to the size of the other weights, so that one learning rate suits both.
    let scale = 0.1;
    network.gene_output = tensor(genes, rank, device, |g, r| {
        if r < fixed {
            projected[(g, r)] * scale
        } else if r < fixed + answers {
            responses.factors[(g, r - fixed)]
        } else {
            // A tilt of θ moves the mean level by θ times its variance.
            factors.loadings[(g, r - fixed - answers)] * factors.spread[g] / factors.total[g].max(0.02).powi(2)
        }
    });
    network.output_basis =
        tensor(rank, VOCABULARY, device, |r, v| if r < fixed { basis[(v, r)] / scale } else { tilt(v as u16) });
    network.output_bias = tensor(1, VOCABULARY, device, |_, v| bias[v]);
    network.gate_bias = tensor(1, rank, device, |_, r| f64::from(u8::from(r < fixed)));
    network.gate_conditions = tensor(values, rank, device, |k, r| {
        if r < fixed || r >= fixed + answers { 0.0 } else { responses.gates[(k, r - fixed)] }
    });
    network.summary = network.summary.map(|summary| summarised(summary, &factors, fixed + answers, device));
    network
}

/// A summary set from factors whose gates stand from `first` on.
fn summarised(mut summary: Summary, factors: &Factors, first: usize, device: &Device) -> Summary {
    let (genes, shared) = (factors.centre.len(), factors.loadings.ncols());
    let [_, rank] = summary.to_gates.dims();
    let says = |g: usize, q: usize| factors.loadings[(g, q)] / factors.spread[g];
    summary.centre = tensor(1, genes, device, |_, g| factors.centre[g]);
    summary.spread = tensor(genes, 1, device, |g, _| factors.spread[g]);
    summary.factors = tensor(genes, shared, device, says);
    let values = factors.effect_conditions.nrows();
    summary.effect_conditions = tensor(values, shared, device, |k, q| factors.effect_conditions[(k, q)]);
    summary.effect_genes = tensor(genes, shared, device, |g, q| factors.effect_genes[(g, q)]);
    summary.trust = tensor(values, shared, device, |k, q| factors.trust[(k, q)]);
    summary.to_gates =
        tensor(2 * shared, rank, device, |from, to| f64::from(u8::from(from < shared && to == first + from)));
    summary
}
