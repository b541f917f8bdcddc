//! Training cells as the regression takes them.
//!
//! Does: gives every cell its size factor, and its condition tokens as codes; sums cells over groups.
//! Does not know: what is fitted to the sums.
//! Flow: tokens and labels of the training cells → **groups** → `effects`.

use std::collections::BTreeMap;

use cells::glm::{Grouped, Role, Scheme};
use model::card::Kind;
use model::quantise::dequantise;

use crate::data::TrainingSet;

/// Size of every cell over the mean size.
pub(super) fn size_factors(set: &TrainingSet) -> Vec<f64> {
    let sizes: Vec<f64> = set.sizes().iter().map(|size| size.max(1.0)).collect();
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
    let of_cell = |cell: usize| {
        let (sum, cells) = bins[&set.labels_of(cell)[slot]];
        sum / cells
    };
    (0..own.len()).map(of_cell).collect()
}

/// Condition slots that the regression knows, with their roles: all but library size.
pub(super) fn slots(set: &TrainingSet) -> Vec<(usize, Role)> {
    let role = |kind| match kind {
        Kind::Identity => Some(Role::Identity),
        Kind::CellType => Some(Role::CellType),
        Kind::Perturbation => Some(Role::Perturbation),
        Kind::Depth => None,
    };
    set.conditions.iter().enumerate().filter_map(|(slot, own)| Some((slot, role(own.kind)?))).collect()
}

/// Kinds of labels of a training set: codes are places of the conditions' values.
pub(super) fn scheme(set: &TrainingSet) -> Scheme {
    let slots = slots(set);
    let control = slots.iter().find(|(_, role)| *role == Role::Perturbation).and_then(|(slot, _)| {
        let condition = &set.conditions[*slot];
        condition.values.iter().position(|value| Some(&value.value) == condition.control.as_ref())
    });
    let labels = slots.iter().map(|(slot, role)| (*role, set.conditions[*slot].values.len())).collect();
    Scheme { labels, control: control.map(|code| code as u32) }
}

/// Codes of condition tokens [C]; none where a label is left open.
pub(super) fn codes(set: &TrainingSet, labels: &[i32]) -> Vec<Option<u32>> {
    let code = |(slot, _): (usize, Role)| {
        let values = &set.conditions[slot].values;
        values.iter().position(|value| value.token == labels[slot]).map(|code| code as u32)
    };
    slots(set).into_iter().map(code).collect()
}

/// Sums of the cells of a training set over groups.
pub(super) fn grouped(set: &TrainingSet, sizes: &[f64], halves: bool) -> Grouped {
    let mut grouped = Grouped::new(set.genes(), halves);
    let whole = set.measures_all();
    for (cell, size) in sizes.iter().enumerate() {
        let tokens = set.tokens_of(cell).iter().enumerate();
        let measured = |gene: &usize| whole || set.is_measured(cell, *gene);
        let counts = tokens
            .filter(|(gene, token)| **token > 0 && measured(gene))
            .map(|(gene, token)| (gene, dequantise(*token)));
        let unmeasured = (0..if whole { 0 } else { set.genes() }).filter(|gene| !measured(gene));
        grouped.add(&codes(set, set.labels_of(cell)), *size, counts, unmeasured);
    }
    grouped
}
