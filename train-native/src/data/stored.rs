//! Cells of a store as a training set takes them.
//!
//! Does: reads labels, sizes and roles of all cells, counts and tokens of some.
//! Does not know: recipes, conditions, the order of training.
//! Flow: store + chosen cells → **labels, cells, tokens** → training set.

use std::collections::{BTreeMap, HashSet};

use anyhow::Result;
use cells::{Cells, Column, Counts};

use super::choose::choose;
use super::labels::Labels;
use crate::recipe::Recipe;
use crate::store::Store;
use crate::store::shard::Shard;
use crate::store::stream::Chosen;

/// Labels, depths and roles of every cell of a store.
pub(super) fn read_labels(store: &Store) -> Result<(Labels, Vec<u64>, Vec<crate::store::Role>)> {
    let keys = store.label_keys();
    let known: Vec<BTreeMap<&str, i32>> = store
        .index
        .labels
        .values()
        .map(|values| values.keys().enumerate().map(|(code, text)| (text.as_str(), code as i32)).collect())
        .collect();
    let mut codes = vec![Vec::with_capacity(store.index.cells()); keys.len()];
    let (mut depths, mut roles) = (Vec::new(), Vec::new());
    for shard in 0..store.index.shards.len() {
        let labels = store.labels(shard)?;
        depths.extend(labels.depths);
        roles.extend(labels.roles);
        for ((codes, known), texts) in codes.iter_mut().zip(&known).zip(&labels.texts) {
            codes.extend(texts.iter().map(|text| known.get(text.as_str()).copied().unwrap_or(-1)));
        }
    }
    let columns = keys.into_iter().zip(codes).zip(store.index.labels.values());
    let columns = columns.map(|((key, codes), values)| {
        (key, Column::Categorical { codes, categories: values.keys().cloned().collect() })
    });
    Ok((columns.collect(), depths, roles))
}

/// Names of the cells of a store that a recipe sets aside.
pub(super) fn aside(store: &Store, recipe: &Recipe) -> Result<HashSet<String>> {
    let (labels, _, roles) = read_labels(store)?;
    let (_, aside) = choose(&labels, roles.len(), Some(&roles), recipe)?;
    let watching = Chosen::new(store.clone(), &aside, recipe.training.seed);
    let mut names = HashSet::new();
    watching.read(&(0..aside.len()).collect::<Vec<_>>(), |shard, row, _| {
        names.insert(shard.names[row].clone());
    })?;
    Ok(names)
}

/// Tokens of the chosen cells with these numbers (ascending) [cells, G].
pub(super) fn tokens_of_chosen(chosen: &Chosen, numbers: &[usize]) -> Result<Vec<u16>> {
    let mut tokens = Vec::new();
    chosen.read(numbers, |shard, row, number| chosen.tokens(shard, row, number, &mut tokens))?;
    Ok(tokens)
}

/// Cells of a store in memory: those with these numbers among the chosen ones, `places` in the store; with their tokens
/// [cells, G] and sizes: the sum over the panel where the source measured all of it, else the size that the store holds of the whole cell.
pub(super) fn read_sample(
    store: &Store,
    chosen: &Chosen,
    numbers: &[usize],
    places: &[usize],
    labels: &Labels,
) -> Result<(Cells, Vec<u16>, Vec<u64>)> {
    let genes = store.index.genes.len();
    let (mut starts, mut indices, mut values) = (vec![0], Vec::new(), Vec::new());
    let (mut names, mut tokens, mut sizes) = (Vec::new(), Vec::new(), Vec::new());
    let take = |shard: &Shard, row: usize, number: usize| {
        let (own, counts) = shard.row(row);
        indices.extend_from_slice(own);
        values.extend_from_slice(counts);
        starts.push(indices.len());
        names.push(shard.names[row].clone());
        chosen.tokens(shard, row, number, &mut tokens);
        sizes.push(match chosen.measures_all(shard, row) {
            true => counts.iter().map(|count| u64::from(*count)).sum(),
            false => shard.labels.depths[row],
        });
    };
    chosen.read(numbers, take)?;
    let labels = labels.iter().map(|(key, column)| (key.clone(), column.select(places))).collect();
    let counts = Counts::new(genes, starts, indices, values)?;
    Ok((Cells::new(counts, store.index.genes.clone(), names, labels)?, tokens, sizes))
}
