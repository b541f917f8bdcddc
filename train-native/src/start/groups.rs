//! Training cells summed over groups that share all labels but the library size.
//!
//! Does: groups cells, gives every cell its size factor, sums counts, squares and exposures of every gene in every group.
//! Does not know: what is fitted to the sums.
//! Flow: tokens and labels of the training cells → **sums [J, G]** → `effects`.

use std::collections::BTreeMap;

use cells::glm::Sums;
use model::card::Kind;
use model::quantise::dequantise;

use crate::data::TrainingSet;

/// Groups of training cells.
pub(super) struct Groups {
    /// Condition tokens of every group, library size left out [J][C′].
    pub(super) labels: Vec<Vec<i32>>,
    /// Half of the cells that a group stands for, where halves are kept apart; 0 otherwise [J].
    pub(super) half: Vec<usize>,
    /// Cells of every group [J].
    pub(super) cells: Vec<usize>,
    /// Condition slots other than library size, in order [C′].
    pub(super) slots: Vec<usize>,
    genes: usize,
    counts: Vec<f32>,
    squares: Vec<f32>,
    /// By group [J], and by group and gene [J, G] where panels differ.
    exposures: Vec<f64>,
    own_exposures: Option<Vec<f32>>,
    measured: Vec<f64>,
}

/// Library size of every cell over the mean library size.
pub(super) fn size_factors(set: &TrainingSet) -> Vec<f64> {
    let sizes: Vec<f64> = set.libraries().iter().map(|size| size.max(1.0)).collect();
    let mean = sizes.iter().sum::<f64>() / sizes.len().max(1) as f64;
    sizes.into_iter().map(|size| size / mean).collect()
}

/// Size factor that a network can know of every cell: the mean of its library-size bin; 1 without such a condition.
pub(super) fn known_size_factors(set: &TrainingSet, own: &[f64]) -> Vec<f64> {
    let Some(slot) = set.conditions.iter().position(|condition| condition.kind == Kind::Depth) else {
        return vec![1.0; own.len()];
    };
    let mut bins: BTreeMap<i32, (f64, f64)> = BTreeMap::new();
    for (cell, size) in own.iter().enumerate() {
        let bin = bins.entry(set.labels_of(cell)[slot]).or_default();
        *bin = (bin.0 + size, bin.1 + 1.0);
    }
    (0..own.len())
        .map(|cell| {
            let (sum, cells) = bins[&set.labels_of(cell)[slot]];
            sum / cells
        })
        .collect()
}

impl Groups {
    /// Groups the cells of a training set; `halves`: every group twice, for its even and its odd cells.
    pub(super) fn new(set: &TrainingSet, sizes: &[f64], halves: bool) -> Self {
        let slots: Vec<usize> =
            (0..set.conditions.len()).filter(|slot| set.conditions[*slot].kind != Kind::Depth).collect();
        let genes = set.genes();
        let mut places: BTreeMap<(Vec<i32>, usize), usize> = BTreeMap::new();
        let (mut labels, mut half, mut cells) = (Vec::new(), Vec::new(), Vec::new());
        let mut seen: BTreeMap<Vec<i32>, usize> = BTreeMap::new();
        let mut of_cell = Vec::with_capacity(set.cells.len());
        for cell in 0..set.cells.len() {
            let own: Vec<i32> = slots.iter().map(|slot| set.labels_of(cell)[*slot]).collect();
            let before = seen.entry(own.clone()).or_default();
            let part = if halves { *before % 2 } else { 0 };
            *before += 1;
            let group = *places.entry((own.clone(), part)).or_insert_with(|| {
                labels.push(own);
                half.push(part);
                cells.push(0);
                labels.len() - 1
            });
            cells[group] += 1;
            of_cell.push(group);
        }
        let size = labels.len() * genes;
        let mut groups = Self {
            exposures: vec![0.0; labels.len()],
            labels,
            half,
            cells,
            slots,
            genes,
            counts: vec![0.0; size],
            squares: vec![0.0; size],
            own_exposures: None,
            measured: vec![0.0; genes],
        };
        groups.sum(set, sizes, &of_cell);
        groups
    }

    /// J.
    pub(super) fn len(&self) -> usize {
        self.labels.len()
    }

    fn sum(&mut self, set: &TrainingSet, sizes: &[f64], of_cell: &[usize]) {
        let whole = set.measures_all();
        let mut own = if whole { None } else { Some(vec![0.0_f32; self.counts.len()]) };
        for (cell, group) in of_cell.iter().enumerate() {
            self.exposures[*group] += sizes[cell];
            let start = group * self.genes;
            for (gene, token) in set.tokens_of(cell).iter().enumerate() {
                if !whole {
                    if !set.is_measured(cell, gene) {
                        continue;
                    }
                    if let Some(own) = &mut own {
                        own[start + gene] += sizes[cell] as f32;
                    }
                    self.measured[gene] += 1.0;
                }
                if *token > 0 {
                    let count = f64::from(dequantise(*token));
                    self.counts[start + gene] += count as f32;
                    self.squares[start + gene] += (count * count / sizes[cell]) as f32;
                }
            }
        }
        if whole {
            self.measured = vec![of_cell.len() as f64; self.genes];
        }
        self.own_exposures = own;
    }

    /// One gene's sums in the groups that `kept` says.
    pub(super) fn sums(&self, gene: usize, kept: &[bool]) -> Sums {
        let of = |group: usize| group * self.genes + gene;
        let mut sums = Sums::default();
        let mut cells = 0_usize;
        for group in 0..self.len() {
            let keep = f64::from(u8::from(kept[group]));
            sums.counts.push(keep * f64::from(self.counts[of(group)]));
            sums.squares.push(keep * f64::from(self.squares[of(group)]));
            let exposure = self.own_exposures.as_ref().map_or(self.exposures[group], |own| f64::from(own[of(group)]));
            sums.exposures.push(keep * exposure);
            cells += if kept[group] { self.cells[group] } else { 0 };
        }
        let all = self.cells.iter().sum::<usize>().max(1) as f64;
        sums.cells = self.measured[gene] * cells as f64 / all;
        sums
    }

    /// Counts of a gene over all groups.
    pub(super) fn total(&self, gene: usize) -> f64 {
        (0..self.len()).map(|group| f64::from(self.counts[group * self.genes + gene])).sum()
    }
}
