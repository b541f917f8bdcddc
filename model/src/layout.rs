//! Where each gene stands: the fixed random permutation and its groups.
//!
//! Does: draws and checks the permutation π of PAPER.md section 3, turns tokens in gene order into
//! rows of the folded embedding table, moves per-gene rows into position order.
//! Does not know: weights or conditions.
//! Flow: saved with the weights and fixed for ever; gene g stands at position p = l·S + s.

use burn::tensor::{Int, Tensor, TensorData};

use crate::random::Draws;

/// Stream of the permutation among a seed's streams; the parameters use small numbers.
const PERMUTATION_STREAM: u64 = u64::MAX - 1;

/// The permutation of genes into L groups of S positions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Layout {
    /// Gene standing at each position [G].
    permutation: Vec<u32>,
    /// Position of each gene [G].
    positions: Vec<u32>,
    /// S.
    group_size: usize,
}

impl Layout {
    /// A random permutation of `genes` genes.
    pub fn random(genes: usize, group_size: usize, seed: u64) -> Self {
        let mut permutation: Vec<u32> = (0..genes as u32).collect();
        Draws::new(seed, PERMUTATION_STREAM).shuffle(&mut permutation);
        let positions = inverse(&permutation);
        Self { permutation, positions, group_size }
    }

    /// A saved permutation; `None` when it does not hold every gene exactly once.
    pub fn from_permutation(permutation: Vec<u32>, group_size: usize) -> Option<Self> {
        let mut seen = vec![false; permutation.len()];
        for gene in &permutation {
            let place = seen.get_mut(*gene as usize)?;
            if std::mem::replace(place, true) {
                return None;
            }
        }
        let positions = inverse(&permutation);
        Some(Self { permutation, positions, group_size })
    }

    /// Gene at each position [G].
    pub fn permutation(&self) -> &[u32] {
        &self.permutation
    }

    /// Position of a gene.
    pub fn position(&self, gene: u32) -> usize {
        self.positions[gene as usize] as usize
    }

    /// Group l and slot s of a gene.
    pub fn group_and_slot(&self, gene: u32) -> (usize, usize) {
        let position = self.position(gene);
        (position / self.group_size, position % self.group_size)
    }

    /// S.
    pub fn group_size(&self) -> usize {
        self.group_size
    }

    /// L·S: positions with the padding at the end.
    pub fn padded(&self) -> usize {
        self.permutation.len().div_ceil(self.group_size) * self.group_size
    }

    /// Appends one cell's rows of the folded embedding table [L·S], from its tokens in gene order
    /// [G]; `tokens` of the table is T, so that row T of each slot is the padding row.
    pub fn table_rows(&self, cell: &[u16], tokens: usize, into: &mut Vec<i32>) {
        let stride = tokens as i32 + 1;
        for position in 0..self.padded() {
            let slot = (position % self.group_size) as i32;
            let token = self.permutation.get(position).map_or(tokens as i32, |gene| i32::from(cell[*gene as usize]));
            into.push(slot * stride + token);
        }
    }

    /// Rows in gene order [G, X] → rows in position order [L·S, X], zero in the padding.
    pub fn place_rows(&self, rows: Tensor<2>) -> Tensor<2> {
        let [genes, width] = rows.dims();
        let device = rows.device();
        let order: Vec<i32> = self.permutation.iter().map(|gene| *gene as i32).collect();
        let order = Tensor::<1, Int>::from_data(TensorData::new(order, [genes]), &device);
        let placed = rows.select(0, order);
        let padding = self.padded() - genes;
        if padding == 0 {
            return placed;
        }
        Tensor::cat(vec![placed, Tensor::zeros([padding, width], &device)], 0)
    }
}

/// positions[permutation[p]] = p.
fn inverse(permutation: &[u32]) -> Vec<u32> {
    let mut positions = vec![0; permutation.len()];
    for (position, gene) in permutation.iter().enumerate() {
        positions[*gene as usize] = position as u32;
    }
    positions
}

#[cfg(test)]
mod tests {
    use super::Layout;
    use proptest::prelude::{any, proptest};

    proptest! {
        #[test]
        fn the_permutation_comes_back(seed in any::<u64>(), genes in 1_usize..300, group_size in 1_usize..40) {
            let layout = Layout::random(genes, group_size, seed);
            for gene in 0..genes as u32 {
                assert_eq!(layout.permutation()[layout.position(gene)], gene);
                let (group, slot) = layout.group_and_slot(gene);
                assert_eq!(group * group_size + slot, layout.position(gene));
            }
            let again = Layout::from_permutation(layout.permutation().to_vec(), group_size);
            assert_eq!(again, Some(layout));
        }
    }

    #[test]
    fn a_damaged_permutation_is_refused() {
        assert_eq!(Layout::from_permutation(vec![0, 2, 2], 2), None);
        assert_eq!(Layout::from_permutation(vec![0, 3, 1], 2), None);
    }

    #[test]
    fn padding_has_its_own_row() {
        let layout = Layout::from_permutation(vec![2, 0, 1], 2).expect("a permutation");
        let mut rows = Vec::new();
        layout.table_rows(&[10, 11, 12], 100, &mut rows);
        assert_eq!(rows, [12, 101 + 10, 11, 101 + 100]);
    }
}
