//! From hidden states to gene values: logits of chosen genes, and the inverse-CDF draw.
//!
//! Does: folds W_up and the head into one matrix per slot, decodes only the genes asked for in
//! chunks of bounded size, turns one uniform number per gene into a token.
//! Does not know: schedules, guidance, where the uniform numbers come from.
//! Flow: hidden (groups [B, L, D], gates [B, R]) → rows of the wanted genes, by slot → logits [n, V] → **tokens**.
//!
//! Everything after the last norm is linear, so guidance mixes hidden states instead of logits:
//! a₀ + (w+1)(a₁ − a₀) is decoded once.

use burn::tensor::activation::softmax;
use burn::tensor::{DType, FloatDType, Int, Tensor, TensorData};

use crate::layout::Layout;
use crate::network::{Hidden, Network};
use crate::quantise::VOCABULARY;

/// Vocabulary padded to whole blocks of the two-level search.
const PADDED: usize = 288;
/// Values per block of the two-level search: 18 blocks of 16 cover the vocabulary, and no running
/// sum is longer than 18 (a GPU computes each running sum from scratch).
const BLOCK: usize = 16;
/// Logit of the padding: its probability is exactly 0 in f32.
const NEVER: f32 = -1e9;

/// Decoding tables: made once per network, used for every step of every cell.
#[derive(Clone, Debug)]
pub struct Decoder {
    /// Slot s: W_up of the slot times the head, above the output basis [S, D + R, V padded].
    matrices: Tensor<3>,
    /// Bias of every gene [1, V padded].
    bias: Tensor<2>,
    /// Output factors by position, zero in the padding [L·S, R].
    factors: Tensor<2>,
    layout: Layout,
}

/// A gene to decode: which row of the hidden states, which gene, and its uniform number.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Wanted {
    /// Row of the cell (or of the cells that share it) among the hidden states [B].
    pub state: u32,
    /// Gene, by its place in the panel.
    pub gene: u32,
    /// Number in [0, 1) that decides the value.
    pub uniform: f32,
}

impl Decoder {
    /// Tables of a network.
    pub fn new(network: &Network) -> Self {
        let config = &network.config;
        let (d, s, r) = (config.width, config.group_size, config.rank);
        let device = network.device();
        let up = network.decompress.clone().reshape([d, s, d]).swap_dims(0, 1).reshape([s * d, d]);
        let folded = up.matmul(network.head.clone()).reshape([s, d, VOCABULARY]);
        let basis = network.output_basis.clone().unsqueeze::<3>().expand([s, r, VOCABULARY]);
        let matrices = Tensor::cat(vec![folded, basis], 1);
        let blank = Tensor::<3>::zeros([s, d + r, PADDED - VOCABULARY], &device);
        let never = Tensor::<2>::full([1, PADDED - VOCABULARY], NEVER, &device);
        let matrices = Tensor::cat(vec![matrices, blank], 2);
        // Folded in f32, multiplied in the number type of the blocks ([`Network::halved`]).
        let halved = network.blocks.first().is_some_and(|block| block.feed_in.dtype() == DType::F16);
        Self {
            matrices: if halved { matrices.cast(FloatDType::F16) } else { matrices },
            bias: Tensor::cat(vec![network.output_bias.clone(), never], 1),
            factors: network.layout.place_rows(network.gene_output.clone()),
            layout: network.layout.clone(),
        }
    }

    /// Bytes of logits that decoding `rows` padded rows holds at once.
    pub const fn bytes(rows: usize) -> usize {
        rows * PADDED * size_of::<f32>()
    }

    /// Sorts wanted genes by slot and cuts them into chunks of at most `rows` rows.
    ///
    /// Slots stand side by side in a chunk, each padded to the fullest, so that one batched matrix
    /// product serves them all. `rows` is raised to what the fullest single slot needs.
    pub fn plan(&self, wanted: &[Wanted], rows: usize) -> Vec<Chunk> {
        let mut slots: Vec<Vec<u32>> = vec![Vec::new(); self.layout.group_size()];
        for (index, want) in wanted.iter().enumerate() {
            slots[self.layout.group_and_slot(want.gene).1].push(index as u32);
        }
        let fullest = slots.iter().map(Vec::len).max().unwrap_or(0);
        if fullest == 0 {
            return Vec::new();
        }
        let per_chunk = (rows / fullest).clamp(1, slots.len());
        slots
            .chunks(per_chunk)
            .enumerate()
            .map(|(chunk, slots)| Chunk { first_slot: chunk * per_chunk, slots: slots.to_vec(), rows: fullest })
            .collect()
    }

    /// Logits of a chunk [k, n, V padded].
    fn logits_of(&self, hidden: &Hidden, wanted: &[Wanted], chunk: &Chunk) -> Tensor<3> {
        let [b, groups, d] = hidden.groups.dims();
        let (k, n) = (chunk.slots.len(), chunk.rows);
        let [_, depth, v] = self.matrices.dims();
        let (mut cells, mut rows, mut places) = (Vec::new(), Vec::new(), Vec::new());
        for slot in &chunk.slots {
            for row in 0..n {
                // Padding repeats row 0; its result is never read.
                let want = slot.get(row).map(|index| wanted[*index as usize]);
                let group = want.map_or(0, |want| self.layout.group_and_slot(want.gene).0);
                cells.push(want.map_or(0, |want| want.state) as i32);
                rows.push(want.map_or(0, |want| want.state as usize * groups + group) as i32);
                places.push(want.map_or(0, |want| self.layout.position(want.gene)) as i32);
            }
        }
        let device = hidden.gates.device();
        let index = |values: Vec<i32>| Tensor::<1, Int>::from_data(TensorData::new(values, [k * n]), &device);
        let rows = hidden.groups.clone().reshape([b * groups, d]).select(0, index(rows));
        let gates = hidden.gates.clone().select(0, index(cells));
        let factors = self.factors.clone().select(0, index(places)) * gates;
        let rows = Tensor::cat(vec![rows, factors], 1).reshape([k, n, depth]);
        let matrices = self.matrices.clone().narrow(0, chunk.first_slot, k);
        let (own, other) = (rows.dtype(), matrices.dtype());
        let logits = if own == other { rows.matmul(matrices) } else { rows.cast(other).matmul(matrices).cast(own) };
        logits + self.bias.clone().reshape([1, 1, v])
    }

    /// Tokens drawn for a chunk [k·n], in the chunk's order.
    pub fn draw(&self, hidden: &Hidden, wanted: &[Wanted], chunk: &Chunk) -> Tensor<1, Int> {
        let (k, n) = (chunk.slots.len(), chunk.rows);
        let logits = self.logits_of(hidden, wanted, chunk);
        let uniforms: Vec<f32> = chunk
            .slots
            .iter()
            .flat_map(|slot| (0..n).map(|row| slot.get(row).map_or(0.5, |i| wanted[*i as usize].uniform)))
            .collect();
        let uniforms = Tensor::<2>::from_data(TensorData::new(uniforms, [k * n, 1]), &hidden.gates.device());
        inverse_cdf(softmax(logits, 2).reshape([k * n, PADDED]), uniforms)
    }

    /// Logits of the given genes of every cell [B, g, V].
    ///
    /// For golden passes, tests and lessons; sampling never holds logits of this shape.
    pub fn logits(&self, hidden: &Hidden, genes: &[u32]) -> Tensor<3> {
        let [b, _] = hidden.gates.dims();
        let device = hidden.gates.device();
        let wanted: Vec<Wanted> = (0..b as u32)
            .flat_map(|state| genes.iter().map(move |gene| Wanted { state, gene: *gene, uniform: 0.0 }))
            .collect();
        let mut pieces = Vec::new();
        let mut place = vec![0_i32; wanted.len()];
        let mut offset = 0;
        for chunk in self.plan(&wanted, wanted.len()) {
            let logits = self.logits_of(hidden, &wanted, &chunk);
            for (row, index) in chunk.placed() {
                place[index as usize] = (offset + row) as i32;
            }
            offset += chunk.len();
            pieces.push(logits.reshape([chunk.len(), PADDED]));
        }
        let order = Tensor::<1, Int>::from_data(TensorData::new(place, [wanted.len()]), &device);
        Tensor::cat(pieces, 0).select(0, order).narrow(1, 0, VOCABULARY).reshape([b, genes.len(), VOCABULARY])
    }
}

/// Part of a step's wanted genes: some neighbouring slots, each padded to the same number of rows.
#[derive(Clone, Debug)]
pub struct Chunk {
    first_slot: usize,
    slots: Vec<Vec<u32>>,
    rows: usize,
}

impl Chunk {
    /// Rows with the padding.
    pub fn len(&self) -> usize {
        self.slots.len() * self.rows
    }

    /// Whether there is nothing to decode.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// (row in the chunk, index into the wanted genes) for every row that is not padding.
    pub fn placed(&self) -> impl Iterator<Item = (usize, u32)> + '_ {
        self.slots.iter().enumerate().flat_map(move |(slot, indices)| {
            indices.iter().enumerate().map(move |(row, index)| (slot * self.rows + row, *index))
        })
    }
}

/// Number of values whose cumulative probability is at most u: [n, V padded], [n, 1] → [n].
///
/// Two levels: first the block, by the running sum over block sums, then the value within it.
fn inverse_cdf(probabilities: Tensor<2>, uniforms: Tensor<2>) -> Tensor<1, Int> {
    let [n, v] = probabilities.dims();
    let blocks = v / BLOCK;
    let device = probabilities.device();
    let blocked = probabilities.reshape([n * blocks, BLOCK]);
    let sums = blocked.clone().sum_dim(1).reshape([n, blocks]);
    let running = sums.clone().cumsum(1);
    // Scaling u by the total keeps rounding of the softmax from pushing a draw past the end.
    let target = uniforms * running.clone().narrow(1, blocks - 1, 1);
    let block = running.clone().lower_equal(target.clone()).int().sum_dim(1).clamp_max(blocks as i32 - 1);
    let before = (running - sums).gather(1, block.clone());
    let first = Tensor::<1, Int>::arange(0..n as i64, &device).mul_scalar(blocks as i32).reshape([n, 1]);
    let inside = blocked.select(0, (first + block.clone()).reshape([n])).cumsum(1) + before;
    let value = inside.lower_equal(target).int().sum_dim(1).clamp_max(BLOCK as i32 - 1);
    (block.mul_scalar(BLOCK as i32) + value).clamp_max(VOCABULARY as i32 - 1).reshape([n])
}

#[cfg(test)]
mod tests {
    use super::{PADDED, inverse_cdf};
    use crate::quantise::VOCABULARY;
    use crate::random::Draws;
    use burn::tensor::{Device, Tensor, TensorData};

    #[test]
    fn the_draw_is_the_inverse_of_the_cumulative_distribution() {
        let device = Device::flex();
        let mut draws = Draws::new(11, 0);
        let rows = 200;
        let mut probabilities = vec![0.0_f32; rows * PADDED];
        for row in probabilities.chunks_mut(PADDED) {
            // A few zero entries, a heavy first one: like gene counts.
            row[0] = 3.0 * draws.uniform();
            for value in row.iter_mut().take(VOCABULARY).skip(1) {
                *value = if draws.uniform() < 0.3 { 0.0 } else { draws.uniform().powi(6) };
            }
            let total: f32 = row.iter().sum();
            row.iter_mut().for_each(|value| *value /= total);
        }
        let uniforms: Vec<f32> = (0..rows).map(|_| draws.uniform()).collect();
        let tokens = inverse_cdf(
            Tensor::<2>::from_data(TensorData::new(probabilities.clone(), [rows, PADDED]), &device),
            Tensor::<2>::from_data(TensorData::new(uniforms.clone(), [rows, 1]), &device),
        );
        let tokens = tokens.into_data().iter::<i32>().collect::<Vec<_>>();
        for (row, token) in tokens.iter().enumerate() {
            let values = &probabilities[row * PADDED..(row + 1) * PADDED];
            let below: f64 = values[..*token as usize].iter().map(|p| f64::from(*p)).sum();
            let upto = below + f64::from(values[*token as usize]);
            let u = f64::from(uniforms[row]);
            // f32 running sums of up to 34 terms: errors stay under 1e-5.
            assert!(below - 1e-5 <= u && u <= upto + 1e-5, "row {row}: {below} {u} {upto}");
            assert!(values[*token as usize] > 0.0, "row {row} drew an impossible value");
        }
    }
}
