//! From hidden states to gene values: logits of chosen genes, the inverse-CDF draw, and the expected count.
//!
//! Does: folds W_up and the head into one matrix per slot, decodes only the genes asked for and only the values that
//! their slot's ceiling allows, in chunks of bounded size; turns one uniform number per gene into a token.
//! Does not know: schedules, guidance, where the uniform numbers come from.
//! Flow: hidden (groups [B, L, D], shifts [B, L·S], shapes [B, U]) → rows of the wanted genes, by slot → logits [n, V] →
//! **tokens** and expected counts.
//!
//! Logit of value v of gene g: base_g(v) + count(v) · t(η) + fade_g(v) · correction, the correction bounded to ±4.

use burn::tensor::activation::softmax;
use burn::tensor::{FloatDType, Int, Tensor, TensorData};

use crate::constants::{ClassTable, Constants, LARGEST_CORRECTION};
use crate::hidden::Hidden;
use crate::layout::{Layout, WIDTHS};
use crate::network::Network;
use crate::quantise::VOCABULARY;
use crate::statistics::NEVER;

/// Values per block of the two-level search: no running sum is longer than this or than the number of blocks (a GPU
/// computes each running sum from scratch).
const BLOCK: usize = 16;
/// Widths up to this one are searched in one level.
const ONE_LEVEL: usize = 32;
/// The widest class.
const WIDEST: usize = WIDTHS[WIDTHS.len() - 1];

/// Decoding tables: made once per network, used for every step of every cell.
#[derive(Clone, Debug)]
pub struct Decoder {
    classes: Vec<Class>,
    /// Log of mean over size by position [L·S, 1].
    odds: Tensor<2>,
    /// Shape factors by position, zero in the padding [L·S, U].
    factors: Tensor<2>,
    layout: Layout,
}

/// Tables of the slots of one class.
#[derive(Clone, Debug)]
struct Class {
    /// Slot s: W_up of the slot times the head, above the shape basis [k, D + U, V].
    matrices: Tensor<3>,
    table: ClassTable,
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

/// What was decoded of a chunk, in the chunk's order [k·n].
#[derive(Clone, Debug)]
pub struct Drawn {
    /// Tokens.
    pub tokens: Tensor<1, Int>,
    /// Mean count of the distribution that each was drawn from, where it was asked for.
    pub expected: Option<Tensor<1>>,
}

impl Decoder {
    /// Tables of a network.
    pub fn new(network: &Network) -> Self {
        let (d, s) = (network.config.width, network.config.group_size);
        let up = network.decompress.clone().reshape([d, s, d]).swap_dims(0, 1);
        let class = |table: &ClassTable| {
            let (k, v) = (table.class.slots.len(), table.class.width);
            let own = up.clone().narrow(0, table.class.slots.start, k).reshape([k * d, d]);
            let folded = own.matmul(widened(network.head.clone(), v)).reshape([k, d, v]);
            let u = network.config.shape;
            let basis = widened(network.shape_basis.clone(), v).unsqueeze::<3>().expand([k, u, v]);
            let matrices = Tensor::cat(vec![folded, basis], 1);
            // Folded in f32, multiplied in the number type of the blocks ([`Network::halved`]).
            let matrices = if network.is_halved() { matrices.cast(FloatDType::F16) } else { matrices };
            Class { matrices, table: table.clone() }
        };
        Self {
            classes: network.constants.classes.iter().map(class).collect(),
            odds: network.constants.odds.clone().swap_dims(0, 1),
            factors: network.layout.place_rows(network.gene_shape.clone()),
            layout: network.layout.clone(),
        }
    }

    /// Bytes of logits that decoding `rows` padded rows of the whole vocabulary holds at once.
    pub const fn bytes(rows: usize) -> usize {
        rows * WIDEST * size_of::<f32>()
    }

    /// Sorts wanted genes by slot and cuts them into chunks that hold at most as many logits as `rows` rows of the whole
    /// vocabulary do.
    ///
    /// Slots of one class stand side by side in a chunk, each padded to the fullest, so that one batched matrix
    /// product serves them all. `rows` is raised to what the fullest single slot needs.
    pub fn plan(&self, wanted: &[Wanted], rows: usize) -> Vec<Chunk> {
        let mut slots: Vec<Vec<u32>> = vec![Vec::new(); self.layout.group_size()];
        for (index, want) in wanted.iter().enumerate() {
            slots[self.layout.group_and_slot(want.gene).1].push(index as u32);
        }
        let mut chunks = Vec::new();
        for (class, own) in self.classes.iter().enumerate() {
            let of_class = &own.table.class;
            let members = &slots[of_class.slots.clone()];
            let fullest = members.iter().map(Vec::len).max().unwrap_or(0);
            if fullest == 0 {
                continue;
            }
            let per_chunk = (rows * WIDEST / of_class.width / fullest).clamp(1, members.len());
            for (part, slots) in members.chunks(per_chunk).enumerate() {
                let first_slot = part * per_chunk;
                chunks.push(Chunk { class, first_slot, width: of_class.width, slots: slots.to_vec(), rows: fullest });
            }
        }
        chunks
    }

    /// Logits of a chunk [k·n, V].
    fn logits_of(&self, hidden: &Hidden, wanted: &[Wanted], chunk: &Chunk) -> Tensor<2> {
        let [b, groups, d] = hidden.groups.dims();
        let class = &self.classes[chunk.class];
        let (slots, start) = (class.table.class.slots.len(), class.table.class.slots.start);
        let (k, n, v) = (chunk.slots.len(), chunk.rows, chunk.width);
        let size = k * n;
        let padded = self.layout.padded();
        let mut places = Places::with_capacity(size);
        for (place, slot) in chunk.slots.iter().enumerate() {
            for row in 0..n {
                // Padding repeats the first group of cell 0; its result is never read.
                let want = slot.get(row).map(|index| wanted[*index as usize]);
                let state = want.map_or(0, |want| want.state as usize);
                let group = want.map_or(0, |want| self.layout.group_and_slot(want.gene).0);
                let own = chunk.first_slot + place;
                let position = group * self.layout.group_size() + start + own;
                places.states.push(state as i32);
                places.groups.push((state * groups + group) as i32);
                places.positions.push(position as i32);
                places.shifts.push((state * padded + position) as i32);
                places.bases.push((group * slots + own) as i32);
            }
        }
        let device = hidden.shapes.device();
        let index = |values: Vec<i32>| Tensor::<1, Int>::from_data(TensorData::new(values, [size]), &device);
        let rows = hidden.groups.clone().reshape([b * groups, d]).select(0, index(places.groups));
        let gates = hidden.shapes.clone().select(0, index(places.states));
        let positions = index(places.positions);
        let factors = self.factors.clone().select(0, positions.clone()) * gates;
        let rows = Tensor::cat(vec![rows, factors], 1);
        let depth = rows.dims()[1];
        let rows = rows.reshape([k, n, depth]);
        let matrices = class.matrices.clone().narrow(0, chunk.first_slot, k);
        let (own, other) = (rows.dtype(), matrices.dtype());
        let product = if own == other { rows.matmul(matrices) } else { rows.cast(other).matmul(matrices).cast(own) };
        let correction = product.reshape([size, v]).clamp(-LARGEST_CORRECTION, LARGEST_CORRECTION);
        let shifts = hidden.shifts.clone().reshape([b * padded, 1]).select(0, index(places.shifts));
        let slope = Constants::slope(&shifts, &self.odds.clone().select(0, positions));
        let bases = index(places.bases);
        let base = class.table.base.clone().select(0, bases.clone());
        base + slope * class.table.counts.clone() + class.table.fade.clone().select(0, bases) * correction
    }

    /// Tokens drawn for a chunk, and with `expects` the mean counts of the distributions that they are drawn from.
    pub fn draw(&self, hidden: &Hidden, wanted: &[Wanted], chunk: &Chunk, expects: bool) -> Drawn {
        let (k, n) = (chunk.slots.len(), chunk.rows);
        let probabilities = softmax(self.logits_of(hidden, wanted, chunk), 1);
        let uniforms: Vec<f32> = chunk
            .slots
            .iter()
            .flat_map(|slot| (0..n).map(|row| slot.get(row).map_or(0.5, |i| wanted[*i as usize].uniform)))
            .collect();
        let uniforms = Tensor::<2>::from_data(TensorData::new(uniforms, [k * n, 1]), &hidden.shapes.device());
        let counts = &self.classes[chunk.class].table.counts;
        let expected = expects.then(|| (probabilities.clone() * counts.clone()).sum_dim(1).reshape([k * n]));
        Drawn { tokens: inverse_cdf(probabilities, uniforms), expected }
    }

    /// Logits of the given genes of every cell [B, g, V]; values past a slot's ceiling have a probability of 0.
    ///
    /// For golden passes, tests and lessons; sampling never holds logits of this shape.
    pub fn logits(&self, hidden: &Hidden, genes: &[u32]) -> Tensor<3> {
        let [b, _] = hidden.shapes.dims();
        let device = hidden.shapes.device();
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
            let missing = WIDEST - chunk.width;
            let never = Tensor::<2>::full([chunk.len(), missing.max(1)], NEVER, &device);
            pieces.push(if missing > 0 { Tensor::cat(vec![logits, never], 1) } else { logits });
        }
        let order = Tensor::<1, Int>::from_data(TensorData::new(place, [wanted.len()]), &device);
        Tensor::cat(pieces, 0).select(0, order).narrow(1, 0, VOCABULARY).reshape([b, genes.len(), VOCABULARY])
    }
}

/// Where the rows of a chunk are looked up [k·n] each.
struct Places {
    states: Vec<i32>,
    groups: Vec<i32>,
    positions: Vec<i32>,
    shifts: Vec<i32>,
    bases: Vec<i32>,
}

impl Places {
    fn with_capacity(size: usize) -> Self {
        let list = || Vec::with_capacity(size);
        Self { states: list(), groups: list(), positions: list(), shifts: list(), bases: list() }
    }
}

/// The first `width` columns of a table [X, V]; columns of zeros past the vocabulary.
pub(crate) fn widened(table: Tensor<2>, width: usize) -> Tensor<2> {
    let columns = table.dims()[1];
    if width <= columns {
        return table.narrow(1, 0, width);
    }
    // Of the table's own number type: the trainer may have lowered it.
    let missing = table.clone().narrow(1, 0, width - columns).zeros_like();
    Tensor::cat(vec![table, missing], 1)
}

/// Part of a step's wanted genes: some neighbouring slots of one class, each padded to the same number of rows.
#[derive(Clone, Debug)]
pub struct Chunk {
    class: usize,
    /// Within the class.
    first_slot: usize,
    width: usize,
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

    /// Logits with the padding.
    pub fn values(&self) -> usize {
        self.len() * self.width
    }

    /// (row in the chunk, index into the wanted genes) for every row that is not padding.
    pub fn placed(&self) -> impl Iterator<Item = (usize, u32)> + '_ {
        self.slots.iter().enumerate().flat_map(move |(slot, indices)| {
            indices.iter().enumerate().map(move |(row, index)| (slot * self.rows + row, *index))
        })
    }
}

/// Number of values whose cumulative probability is at most u: [n, V], [n, 1] → [n].
///
/// Where V is large, in two levels: first the block, by the running sum over block sums, then the value within it.
fn inverse_cdf(probabilities: Tensor<2>, uniforms: Tensor<2>) -> Tensor<1, Int> {
    let [n, v] = probabilities.dims();
    if v <= ONE_LEVEL {
        let running = probabilities.cumsum(1);
        let target = uniforms * running.clone().narrow(1, v - 1, 1);
        return running.lower_equal(target).int().sum_dim(1).clamp_max(v as i32 - 1).reshape([n]);
    }
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
    use super::inverse_cdf;
    use crate::layout::WIDTHS;
    use crate::quantise::VOCABULARY;
    use crate::random::Draws;
    use burn::tensor::{Device, Tensor, TensorData};

    #[test]
    fn the_draw_is_the_inverse_of_the_cumulative_distribution() {
        let device = Device::flex();
        let mut draws = Draws::new(11, 0);
        let rows = 200;
        for width in WIDTHS {
            let mut probabilities = vec![0.0_f32; rows * width];
            for row in probabilities.chunks_mut(width) {
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
                Tensor::<2>::from_data(TensorData::new(probabilities.clone(), [rows, width]), &device),
                Tensor::<2>::from_data(TensorData::new(uniforms.clone(), [rows, 1]), &device),
            );
            let tokens = tokens.into_data().iter::<i32>().collect::<Vec<_>>();
            for (row, token) in tokens.iter().enumerate() {
                let values = &probabilities[row * width..(row + 1) * width];
                let below: f64 = values[..*token as usize].iter().map(|p| f64::from(*p)).sum();
                let upto = below + f64::from(values[*token as usize]);
                let u = f64::from(uniforms[row]);
                // f32 running sums of up to 34 terms: errors stay under 1e-5.
                assert!(below - 1e-5 <= u && u <= upto + 1e-5, "row {row} of {width}: {below} {u} {upto}");
                assert!(values[*token as usize] > 0.0, "row {row} of {width} drew an impossible value");
            }
        }
    }
}
