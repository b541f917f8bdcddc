//! Where each gene stands: the fixed permutation and its groups.
//!
//! Does: draws and checks the permutation π of PAPER.md section 3, moves per-gene rows into position order, says how
//! many values each slot needs.
//! Does not know: weights or conditions.
//! Flow: saved with the weights and fixed for ever; gene g stands at position p = l·S + s.
//!
//! The paper's permutation is uniform. Here genes of like ceilings share a slot (which group a gene joins stays random):
//! most genes can only be counted 0 to 4 times, and a slot's matrix to the vocabulary is cut at its highest ceiling,
//! which leaves a twentieth of the logits.

use std::ops::Range;

use burn::tensor::{Device, Int, Tensor, TensorData};

use crate::random::Draws;

/// Stream of the permutation among a seed's streams; the parameters use small numbers.
const PERMUTATION_STREAM: u64 = u64::MAX - 1;

/// Widths that slots are cut at: few, so that a device compiles few kernels; the last one holds the whole vocabulary.
pub const WIDTHS: [usize; 4] = [8, 32, 96, 288];

/// Neighbouring slots whose genes take the same number of values.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ValueClass {
    /// Slots.
    pub slots: Range<usize>,
    /// V of these slots: values 0 to V − 1.
    pub width: usize,
}

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
    /// A random permutation in which genes of like ceilings share a slot; `ceilings` are tokens [G].
    pub fn by_ceiling(ceilings: &[u16], group_size: usize, seed: u64) -> Self {
        let genes = ceilings.len();
        let mut draws = Draws::new(seed, PERMUTATION_STREAM);
        let mut order: Vec<u32> = (0..genes as u32).collect();
        draws.shuffle(&mut order);
        // Stable: genes of one ceiling keep their random order.
        order.sort_by_key(|gene| ceilings[*gene as usize]);
        let mut permutation = vec![0; genes];
        let mut rest = order.as_mut_slice();
        for slot in 0..group_size.min(genes) {
            let positions = (slot..genes).step_by(group_size);
            let (own, others) = rest.split_at_mut(positions.len());
            draws.shuffle(own);
            positions.zip(own).for_each(|(position, gene)| permutation[position] = *gene);
            rest = others;
        }
        let positions = inverse(&permutation);
        Self { permutation, positions, group_size }
    }

    /// Slots by the number of values that their genes take, in order.
    pub fn value_classes(&self, ceilings: &[u16]) -> Vec<ValueClass> {
        let mut classes: Vec<ValueClass> = Vec::new();
        for slot in 0..self.group_size {
            let genes = self.permutation.iter().skip(slot).step_by(self.group_size);
            let needed = genes.map(|gene| usize::from(ceilings[*gene as usize]) + 1).max().unwrap_or(1);
            let width = WIDTHS.into_iter().find(|width| *width >= needed).unwrap_or(WIDTHS[WIDTHS.len() - 1]);
            match classes.last_mut().filter(|last| last.width == width) {
                Some(last) => last.slots.end = slot + 1,
                None => classes.push(ValueClass { slots: slot..slot + 1, width }),
            }
        }
        classes
    }

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

    /// A number of every gene in position order [1, L·S], `padding` where there is no gene.
    pub fn row(&self, of_gene: impl Fn(usize) -> f32, padding: f32, device: &Device) -> Tensor<2> {
        let mut values: Vec<f32> = self.permutation.iter().map(|gene| of_gene(*gene as usize)).collect();
        values.resize(self.padded(), padding);
        Tensor::from_data(TensorData::new(values, [1, self.padded()]), device)
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
    use super::{Layout, ValueClass};
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
    fn genes_of_like_ceilings_share_a_slot() {
        // 23 genes in groups of 4: the last group lacks one.
        let ceilings: Vec<u16> = (0..23).map(|gene| if gene == 5 { 200 } else { gene % 7 }).collect();
        let layout = Layout::by_ceiling(&ceilings, 4, 9);
        assert_eq!(Layout::from_permutation(layout.permutation().to_vec(), 4), Some(layout.clone()));
        let slot = |slot: usize| layout.permutation().iter().skip(slot).step_by(4).map(|gene| ceilings[*gene as usize]);
        for below in 0..3 {
            assert!(slot(below).max() <= slot(below + 1).min(), "slot {below}");
        }
        let classes = layout.value_classes(&ceilings);
        let expected = [ValueClass { slots: 0..3, width: 8 }, ValueClass { slots: 3..4, width: 288 }];
        assert_eq!(classes, expected);
        assert_ne!(layout, Layout::by_ceiling(&ceilings, 4, 10));
    }
}
