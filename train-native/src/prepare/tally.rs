//! What is in a store, counted while its shards are made.
//!
//! Does: cells of every label value and role; cells without a label, and counts that no sequencing gives, in sentences.
//! Does not know: files, settings.
//! Flow: shards → **tally** → index, words for people.

use std::collections::BTreeMap;

use crate::store::Index;
use crate::store::shard::Shard;

/// Counts from which on programs that take them for signed numbers see negative ones; no cell has as many molecules.
const LARGE: u32 = 1 << 31;

/// Counts what is in the shards, for the index.
#[derive(Default)]
pub(super) struct Tally {
    /// Cells of every value, by label in the order of the keys.
    pub(super) labels: Vec<BTreeMap<String, usize>>,
    /// Cells of every role.
    pub(super) roles: BTreeMap<String, usize>,
    /// Counts past 2³¹, and the largest of them with its cell and its place on the panel.
    large: (usize, Option<(u32, String, u32)>),
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
        if shard.counts.iter().any(|count| *count >= LARGE) {
            self.add_large(shard);
        }
    }

    fn add_large(&mut self, shard: &Shard) {
        for cell in 0..shard.len() {
            let (genes, counts) = shard.row(cell);
            for (gene, count) in genes.iter().zip(counts).filter(|(_, count)| **count >= LARGE) {
                self.large.0 += 1;
                if self.large.1.as_ref().is_none_or(|(most, ..)| count > most) {
                    self.large.1 = Some((*count, shard.names[cell].clone(), *gene));
                }
            }
        }
    }

    /// What a reader must know of counts and labels of a finished store.
    pub(super) fn words(&self, index: &Index) -> Vec<String> {
        let mut words = Vec::new();
        if let (number, Some((most, cell, gene))) = &self.large {
            let gene = index.genes.get(*gene as usize).map_or("", String::as_str);
            words.push(format!(
                "{number} counts are past 2^31, the largest {most} of {gene} in the cell {cell}; no cell has as many molecules: are these raw counts?"
            ));
        }
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
