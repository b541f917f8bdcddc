//! The masked-diffusion loss: how surprised the model is by the genes it could not see.
//!
//! Does: forward process (which genes are masked), the 1/t-weighted cross-entropy of PAPER.md
//! section 1, on all slots or on an unbiased random subset of them.
//! Does not know: optimisers, files, where cells come from.
//! Flow: true tokens [B, G] → masked tokens → hidden → logits of some slots → **loss**.
//!
//! A slot holds genes of like ceilings and is decoded up to its own highest ceiling: all slots together cost a
//! twentieth of what the whole vocabulary would. Any random subset of slots gives an unbiased loss.

use burn::tensor::activation::softmax;
use burn::tensor::{Int, Tensor, TensorData};

use crate::block::matmul_in;
use crate::constants::{ClassTable, Constants, LARGEST_CORRECTION};
use crate::decode::widened;
use crate::hidden::Hidden;
use crate::network::{Labels, Network, Tables};
use crate::quantise::MASK;
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

    /// Targets and weights of some of `chosen` slots, each [B·L·n]: weight S·w/(chosen·M·B) where masked, M the
    /// cell's measured genes; 0 elsewhere, where nothing was measured, and in the padding. A count above the gene's
    /// ceiling counts as the ceiling.
    fn targets_of(&self, network: &Network, slots: &[usize], chosen: usize) -> (Vec<i32>, Vec<f32>) {
        let (layout, ceilings) = (&network.layout, &network.statistics.ceiling);
        let s = layout.group_size();
        let groups = layout.padded() / s;
        let size = self.cells() * groups * slots.len();
        let (mut targets, mut weights) = (Vec::with_capacity(size), Vec::with_capacity(size));
        for cell in 0..self.cells() {
            let start = cell * self.genes;
            let truth = &self.targets[start..start + self.genes];
            let measured = truth.iter().filter(|target| **target != UNMEASURED).count().max(1);
            let share = s as f32 / chosen as f32 / (measured * self.cells()) as f32;
            for position in (0..groups).flat_map(|group| slots.iter().map(move |slot| group * s + slot)) {
                let gene = layout.permutation().get(position).map(|gene| start + *gene as usize);
                let masked =
                    gene.filter(|index| i32::from(self.tokens[*index]) == MASK && self.targets[*index] != UNMEASURED);
                targets.push(masked.map_or(0, |index| i32::from(self.targets[index].min(ceilings[index - start]))));
                weights.push(masked.map_or(0.0, |_| share * self.weight[cell]));
            }
        }
        (targets, weights)
    }
}

/// Hidden states of a masked batch.
pub fn hidden_of(network: &Network, tables: &Tables, batch: &Masked) -> Hidden {
    let labels = Labels { tokens: &batch.conditions, learns: &batch.learns };
    network.hidden(tables, &network.read(&batch.tokens), labels)
}

/// Loss in nats per gene [1], on the given slots (all of them: `0..S`), which stand in ascending order.
///
/// The value is exact; its gradient is written out and not traced: softmax minus one-hot, times the weight, summed over
/// values into a gradient of the correction and one of the shift. That saves the passes over [B·L·n, V] that automatic
/// differentiation would need.
pub fn loss(network: &Network, batch: &Masked, slots: &[usize]) -> Tensor<1> {
    let tables = network.tables();
    let hidden = hidden_of(network, &tables, batch);
    let parts = network.constants.classes.iter().filter_map(|table| {
        let own: Vec<usize> = slots.iter().copied().filter(|slot| table.class.slots.contains(slot)).collect();
        (!own.is_empty()).then(|| class_loss(network, &hidden, batch, table, &own, slots.len()))
    });
    Tensor::cat(parts.collect::<Vec<_>>(), 0).sum()
}

/// Part of the loss that stands in some slots of one class, of `chosen` slots in all [1].
fn class_loss(
    network: &Network,
    hidden: &Hidden,
    batch: &Masked,
    table: &ClassTable,
    slots: &[usize],
    chosen: usize,
) -> Tensor<1> {
    let (b, l, n, v) = (batch.cells(), network.config.groups(), slots.len(), table.class.width);
    let (rows, device) = (b * l * n, network.device());
    let places: Vec<i32> = slots.iter().map(|slot| *slot as i32).collect();
    let places = Tensor::<1, Int>::from_data(TensorData::new(places, [n]), &device);
    let of_table = |values: &Tensor<2>| {
        let own = places.clone().sub_scalar(table.class.slots.start as i32);
        values.clone().reshape([l, table.class.slots.len(), v]).select(1, own).reshape([1, l * n, v])
    };
    let of_slots = |values: Tensor<2>| {
        let cells = values.dims()[0];
        values.reshape([cells, l, network.config.group_size]).select(2, places.clone()).reshape([cells, l * n])
    };
    let correction = corrections(network, hidden, &places, v);
    let shifts = of_slots(hidden.shifts.clone());
    let odds = of_slots(network.constants.odds.clone());
    let counts = table.counts.clone().reshape([1, 1, v]);

    // Nothing below is traced.
    let (raw, shift) = (correction.clone().detach(), shifts.clone().detach());
    let bounded = raw.clone().clamp(-LARGEST_CORRECTION, LARGEST_CORRECTION);
    let inside = raw.abs().lower_elem(LARGEST_CORRECTION).float();
    let fade = of_table(&table.fade);
    let slope = Constants::slope(&shift, &odds).reshape([b, l * n, 1]);
    let logits = of_table(&table.base) + slope * counts.clone() + bounded.reshape([b, l * n, v]) * fade.clone();
    let probabilities = softmax(logits, 2).reshape([rows, v]);
    let (targets, weights) = batch.targets_of(network, slots, chosen);
    let targets = Tensor::<2, Int>::from_data(TensorData::new(targets, [rows, 1]), &device);
    let weights = Tensor::<2>::from_data(TensorData::new(weights, [rows, 1]), &device);
    let of_target = probabilities.clone().gather(1, targets.clone());
    // 1e-30 keeps a vanished probability finite: a loss of 69 nats for that gene.
    let value = (of_target.clamp_min(1e-30).log() * weights.clone()).sum().neg();
    let one_less = Tensor::<2>::full([rows, 1], -1.0, &device);
    let by_logit = probabilities.scatter(1, targets, one_less, burn::tensor::IndexingUpdateOp::Add) * weights;
    let by_logit = by_logit.reshape([b, l * n, v]);
    let by_slope = (by_logit.clone() * counts).sum_dim(2).reshape([b, l * n]);
    let by_shift = by_slope * Constants::slope_change(&shift, &odds);
    let by_correction = (by_logit * fade).reshape([rows, v]) * inside;
    let surrogate = (shifts * by_shift).sum() + (correction * by_correction).sum();
    surrogate.clone() - surrogate.detach() + value
}

/// Corrections of every gene in the chosen slots before they are bounded [B·L·n, V].
fn corrections(network: &Network, hidden: &Hidden, slots: &Tensor<1, Int>, v: usize) -> Tensor<2> {
    let config = &network.config;
    let (d, s, l, n, u) = (config.width, config.group_size, config.groups(), slots.dims()[0], config.shape);
    let [b, _] = hidden.shapes.dims();
    // [D, S, D] → the chosen slots → [D·n, D] · head → [D, n·V]: one matrix for all of them.
    let up = network.decompress.clone().reshape([d, s, d]).select(1, slots.clone()).reshape([d * n, d]);
    let matrix = up.matmul(widened(network.head.clone(), v)).reshape([d, n * v]);
    let own = matmul_in(hidden.groups.clone().reshape([b * l, d]), matrix).reshape([b * l * n, v]);
    let factors = network.layout.place_rows(network.gene_shape.clone());
    let factors = factors.reshape([l, s, u]).select(1, slots.clone()).reshape([1, l * n, u]);
    let gated = factors * hidden.shapes.clone().reshape([b, 1, u]);
    own + gated.reshape([b * l * n, u]).matmul(widened(network.shape_basis.clone(), v))
}
