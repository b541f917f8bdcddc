//! What is in a store, counted while its shards are made.
//!
//! Does: cells of every label value and role; cells without a label, and counts that no sequencing gives, in sentences.
//! Does not know: files, settings.
//! Flow: shards → **tally** → index, words for people.

use std::collections::BTreeMap;

use crate::plausible::Large;
use crate::store::Index;
use crate::store::shard::Shard;

/// Counts what is in the shards, for the index.
#[derive(Default)]
pub(super) struct Tally {
    /// Cells of every value, by label in the order of the keys.
    pub(super) labels: Vec<BTreeMap<String, usize>>,
    /// Cells of every role.
    pub(super) roles: BTreeMap<String, usize>,
    large: Large,
}

impl Tally {
    /// Adds a shard.
    pub(super) fn add(&mut self, shard: &Shard) {
        let labels = &shard.labels;
        self.labels.resize(labels.texts.len(), BTreeMap::new());
        for (counts, texts) in self.labels.iter_mut().zip(&labels.texts) {
            for text in texts.iter().filter(|text| !text.is_empty()) {
                match counts.get_mut(text) {
                    Some(count) => *count += 1,
                    None => {
                        counts.insert(text.clone(), 1);
                    }
                }
            }
        }
        for role in &labels.roles {
            *self.roles.entry(role.name().to_owned()).or_default() += 1;
        }
        for cell in 0..shard.len() {
            let (genes, counts) = shard.row(cell);
            self.large.add(&shard.names[cell], genes, counts);
        }
    }

    /// What a reader must know of counts and labels of a finished store.
    pub(super) fn words(&self, index: &Index) -> Vec<String> {
        let mut words = Vec::from_iter(self.large.words(&index.genes));
        for key in index.labels.keys() {
            match index.unlabelled(key) {
                0 => {}
                cells if cells == index.cells() => words.push(format!("no cell has a label `{key}`")),
                cells => words.push(format!("{cells} of {} cells have no label `{key}`", index.cells())),
            }
        }
        words
    }
}
