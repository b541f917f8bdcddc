//! The masked-diffusion loss: how surprised the model is by the genes it could not see.
//!
//! Does: forward process (which genes are masked), the 1/t-weighted cross-entropy of PAPER.md
//! section 1, on all slots or on an unbiased random subset of them.
//! Does not know: optimisers, files, where cells come from.
//! Flow: true tokens [B, G] → masked tokens → hidden → logits of some slots → **loss**.
//!
//! Positions are a random permutation of genes, so a random subset of slots is a random subset of
//! genes; decoding n of S slots costs n/S of the head and stays unbiased.

use burn::tensor::activation::softmax;
use burn::tensor::{Int, Tensor, TensorData};

use crate::block::matmul_in;
use crate::layout::Layout;
use crate::network::{Hidden, Network, Tables};
use crate::quantise::{MASK, VOCABULARY};
use crate::random::Draws;

/// Target of a gene that was not measured in a cell: always masked, and no part of the loss.
pub const UNMEASURED: u16 = u16::MAX;

/// Lower end of the masking probability: p = (1 − ε) t + ε.
pub const SMALLEST_MASKING: f64 = 1e-3;

/// One training batch after the forward process.
#[derive(Clone, Debug, PartialEq)]
pub struct Masked {
    /// Tokens with MASK where the gene is hidden, B × G in gene order.
    pub tokens: Vec<u16>,
    /// The truth, B × G; [`UNMEASURED`] where there is none.
    pub targets: Vec<u16>,
    /// Weight of each cell's masked genes [B]: 1/p by the paper, see [`Masked::draw`].
    pub weight: Vec<f32>,
    /// Condition tokens, B × C.
    pub conditions: Vec<i32>,
    /// 1 where what belongs to a condition token learns from the cell, 0 where it does not, B × C; empty: 1 everywhere.
    pub learns: Vec<f32>,
    /// G.
    pub genes: usize,
}

impl Masked {
    /// Masks every gene of cell b with probability p_b, t spread evenly over the batch from one
    /// offset (stratified; the paper draws t independently, this has the same mean).
    ///
    /// A masked gene weighs p^−`power`. 1 is the paper's bound on the likelihood; 0 weighs every
    /// masked gene alike. The best prediction for each masked state is the same for every power; a
    /// small one spends less of a small batch's gradient on states with a handful of masked genes.
    ///
    /// Genes that were not measured are masked in any case, so that data sets with other panels train
    /// the same network and nobody takes "not looked for" for "not there".
    pub fn draw(targets: Vec<u16>, conditions: Vec<i32>, genes: usize, power: f32, draws: &mut Draws) -> Self {
        let cells = targets.len() / genes.max(1);
        let offset = f64::from(draws.uniform());
        let mut tokens = targets.clone();
        let mut weight = Vec::with_capacity(cells);
        for (cell, row) in tokens.chunks_mut(genes).enumerate() {
            let t = (offset + cell as f64 / cells as f64).fract();
            let p = ((1.0 - SMALLEST_MASKING) * t + SMALLEST_MASKING) as f32;
            for token in row.iter_mut() {
                // Drawn for every gene, so that a cell's mask does not hang on what was measured.
                let hidden = draws.uniform() < p;
                if hidden || *token == UNMEASURED {
                    *token = MASK as u16;
                }
            }
            weight.push(p.powf(-power));
        }
        Self { tokens, targets, weight, conditions, learns: Vec::new(), genes }
    }

    /// Cells from `first` on, `count` of them, as a batch of their own.
    pub fn part(&self, first: usize, count: usize) -> Self {
        let slots = self.conditions.len() / self.cells().max(1);
        let genes = first * self.genes..(first + count) * self.genes;
        Self {
            tokens: self.tokens[genes.clone()].to_vec(),
            targets: self.targets[genes].to_vec(),
            weight: self.weight[first..first + count].to_vec(),
            conditions: self.conditions[first * slots..(first + count) * slots].to_vec(),
            learns: self.learns.get(first * slots..(first + count) * slots).unwrap_or_default().to_vec(),
            genes: self.genes,
        }
    }

    /// B.
    pub fn cells(&self) -> usize {
        self.weight.len()
    }

    /// Targets and weights of the chosen slots, each [B·L·n]: weight S·w/(n·M·B) where masked, M the
    /// cell's measured genes; 0 elsewhere, where nothing was measured, and in the padding.
    fn targets_of(&self, layout: &Layout, slots: &[usize]) -> (Vec<i32>, Vec<f32>) {
        let s = layout.group_size();
        let groups = layout.padded() / s;
        let size = self.cells() * groups * slots.len();
        let (mut targets, mut weights) = (Vec::with_capacity(size), Vec::with_capacity(size));
        for cell in 0..self.cells() {
            let start = cell * self.genes;
            let truth = &self.targets[start..start + self.genes];
            let measured = truth.iter().filter(|target| **target != UNMEASURED).count().max(1);
            let share = s as f32 / slots.len() as f32 / (measured * self.cells()) as f32;
            for position in (0..groups).flat_map(|group| slots.iter().map(move |slot| group * s + slot)) {
                let gene = layout.permutation().get(position).map(|gene| start + *gene as usize);
                let masked =
                    gene.filter(|index| i32::from(self.tokens[*index]) == MASK && self.targets[*index] != UNMEASURED);
                targets.push(masked.map_or(0, |index| i32::from(self.targets[index])));
                weights.push(masked.map_or(0.0, |_| share * self.weight[cell]));
            }
        }
        (targets, weights)
    }
}

/// Hidden states of a masked batch.
pub fn hidden_of(network: &Network, tables: &Tables, batch: &Masked) -> Hidden {
    let shape = [batch.cells(), network.config.condition_slots];
    let device = network.device();
    let conditions = Tensor::<2, Int>::from_data(TensorData::new(batch.conditions.clone(), shape), &device);
    let learns = (!batch.learns.is_empty())
        .then(|| Tensor::<2>::from_data(TensorData::new(batch.learns.clone(), shape), &device));
    network.hidden_learning(tables, network.read(tables, &batch.tokens), conditions, learns.as_ref())
}

/// Loss in nats per gene [1], on the given slots (all of them: `0..S`).
///
/// The value is exact; its gradient is written out (softmax minus one-hot, times the weight) and
/// not traced, which saves the passes over [B·L·n, V] that automatic differentiation would need.
pub fn loss(network: &Network, batch: &Masked, slots: &[usize]) -> Tensor<1> {
    let tables = network.tables();
    let hidden = hidden_of(network, &tables, batch);
    let logits = slot_logits(network, &hidden, slots);
    let (targets, weights) = batch.targets_of(&network.layout, slots);
    let rows = targets.len();
    let device = network.device();
    let targets = Tensor::<2, Int>::from_data(TensorData::new(targets, [rows, 1]), &device);
    let weights = Tensor::<2>::from_data(TensorData::new(weights, [rows, 1]), &device);

    let probabilities = softmax(logits.clone().detach(), 1);
    let of_target = probabilities.clone().gather(1, targets.clone());
    // 1e-30 keeps a vanished probability finite: a loss of 69 nats for that gene.
    let value = (of_target.clamp_min(1e-30).log() * weights.clone()).sum().neg();
    let one_less = Tensor::<2>::full([rows, 1], -1.0, &device);
    let gradient = probabilities.scatter(1, targets, one_less, burn::tensor::IndexingUpdateOp::Add) * weights;
    let surrogate = (logits * gradient.detach()).sum();
    surrogate.clone() - surrogate.detach() + value.detach()
}

/// Logits of every gene in the chosen slots [B·L·n, V].
fn slot_logits(network: &Network, hidden: &Hidden, slots: &[usize]) -> Tensor<2> {
    let config = &network.config;
    let (d, s, l, n, r) = (config.width, config.group_size, config.groups(), slots.len(), config.rank);
    let [b, _] = hidden.gates.dims();
    let device = network.device();
    let chosen: Vec<i32> = slots.iter().map(|slot| *slot as i32).collect();
    let chosen = Tensor::<1, Int>::from_data(TensorData::new(chosen, [n]), &device);
    // [D, S, D] → the chosen slots → [D·n, D] · head → [D, n·V]: one matrix for all of them.
    let up = network.decompress.clone().reshape([d, s, d]).select(1, chosen.clone()).reshape([d * n, d]);
    let matrix = up.matmul(network.head.clone()).reshape([d, n * VOCABULARY]);
    let logits = matmul_in(hidden.groups.clone().reshape([b * l, d]), matrix);
    let factors = network.layout.place_rows(network.gene_output.clone());
    let factors = factors.reshape([l, s, r]).select(1, chosen).reshape([1, l * n, r]);
    let gated = factors * hidden.gates.clone().reshape([b, 1, r]);
    let of_genes = gated.reshape([b * l * n, r]).matmul(network.output_basis.clone());
    logits.reshape([b * l * n, VOCABULARY]) + of_genes + network.output_bias.clone()
}
