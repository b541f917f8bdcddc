//! What a step sees of the training cells.
//!
//! Does: draws batches that depend on (seed, step) alone, so that a resumed run sees the same: which cells, which labels
//! are dropped, which genes masked; says which labels learn from which cells.
//! Does not know: where the cells come from, networks, devices.
//! Flow: tokens and condition tokens of the training set → **masked batches** → trainer.

use model::card::{Condition, Kind};
use model::loss::Masked;
use model::random::Draws;

use super::TrainingSet;
use super::conditions::is_perturbed;

/// Share of cells whose labels are dropped by one draw for all slots. With a draw for every slot, three slots of 0.1 would
/// be open together in one cell of a thousand, and cells of which nothing is said are what many people ask for first.
const TOGETHER: f32 = 0.5;
/// Streams of a seed: training uses those above the parameters'.
const EPOCH_STREAM: u64 = 1 << 40;
const STEP_STREAM: u64 = 1 << 41;
const VALIDATION_STREAM: u64 = 1 << 44;

impl TrainingSet {
    /// Cells of a step.
    pub(crate) fn batch_size(&self) -> usize {
        self.batch
    }

    /// The masked batch of a step of cells in memory: which cells, which labels dropped, which genes masked, all
    /// from (seed, step). Cells are visited in a new random order every epoch.
    pub(crate) fn held_batch(&self, step: usize) -> Masked {
        let n = self.cells.len();
        let (mut targets, mut labels) = (Vec::new(), Vec::new());
        let mut epoch = usize::MAX;
        let mut order: Vec<usize> = Vec::new();
        for position in step * self.batch..(step + 1) * self.batch {
            if position / n != epoch {
                epoch = position / n;
                order = (0..n).collect();
                Draws::new(self.seed, EPOCH_STREAM + epoch as u64).shuffle(&mut order);
            }
            let cell = order[position % n];
            targets.extend_from_slice(self.tokens_of(cell));
            labels.extend_from_slice(self.labels_of(cell));
        }
        self.masked(step, targets, labels)
    }

    /// Condition tokens of a training cell of a store by its number.
    pub(crate) fn stored_labels(&self, number: usize) -> &[i32] {
        let c = self.conditions.len();
        &self.labels[number * c..(number + 1) * c]
    }

    /// Drops labels and masks genes of the cells of a step.
    pub(crate) fn masked(&self, step: usize, targets: Vec<u16>, mut labels: Vec<i32>) -> Masked {
        let mut draws = Draws::new(self.seed, STEP_STREAM + step as u64);
        for own in labels.chunks_mut(self.conditions.len().max(1)) {
            let (together, shared) = (draws.uniform() < TOGETHER, draws.uniform());
            for ((label, condition), drop) in own.iter_mut().zip(&self.conditions).zip(&self.drops) {
                let single = draws.uniform();
                let dropped = f64::from(if together { shared } else { single }) < *drop;
                *label = condition.unspecified.filter(|_| dropped).unwrap_or(*label);
            }
        }
        let learns = self.learns(&labels);
        Masked { learns, ..Masked::draw(targets, labels, self.genes(), self.weighting, &mut draws) }
    }

    /// Which of [`Self::cells`] say something of their donor or line, and which slots are its: control cells alone where
    /// the recipe asks for that; none where it does not, or where nothing is perturbed.
    pub fn telling(&self) -> Option<(Vec<bool>, Vec<bool>)> {
        let learns = self.learns(&self.sampled);
        let identity: Vec<bool> = self.conditions.iter().map(|own| own.kind == Kind::Identity).collect();
        let slot = identity.iter().position(|own| *own)?;
        let cells: Vec<bool> =
            learns.chunks(self.conditions.len().max(1)).map(|own| own.get(slot) == Some(&1.0)).collect();
        (!cells.is_empty() && cells.contains(&false)).then_some((cells, identity))
    }

    /// Which condition tokens learn from cells with these labels, B × C: not the donor's where the cell is perturbed, if
    /// the recipe asks for that; nothing when all of them do.
    fn learns(&self, labels: &[i32]) -> Vec<f32> {
        if !self.identity_from_controls {
            return Vec::new();
        }
        let is_perturbed =
            |own: &[i32]| own.iter().zip(&self.conditions).any(|(token, condition)| is_perturbed(condition, *token));
        let of_cell = |own: &[i32]| {
            let perturbed = is_perturbed(own);
            let learns = |own: &Condition| f32::from(u8::from(!(perturbed && own.kind == Kind::Identity)));
            self.conditions.iter().map(learns).collect::<Vec<_>>()
        };
        labels.chunks(self.conditions.len().max(1)).flat_map(of_cell).collect()
    }

    /// The cells that were set aside, masked the same way every time, in parts of a batch each.
    pub fn validation(&self) -> Vec<Masked> {
        let (genes, slots) = (self.genes(), self.conditions.len());
        let (tokens, labels) = &self.validation;
        let parts = tokens.chunks(self.batch * genes).zip(labels.chunks((self.batch * slots).max(1)));
        parts
            .enumerate()
            .map(|(part, (tokens, labels))| {
                let mut draws = Draws::new(self.seed, VALIDATION_STREAM + part as u64);
                Masked::draw(tokens.to_vec(), labels.to_vec(), genes, self.weighting, &mut draws)
            })
            .collect()
    }
}
