//! Results that came with a bundle, shown while its weights are on their way.
//!
//! Does: reads them and the map as soon as both files are there, works out what follows from them with the page's own
//! formulas (fold changes, ends of intervals), posts all of it at once.
//! Does not know: the device; none is needed.
//! Flow: bundle's files → **message** → page.

use std::collections::BTreeMap;

use cells::de::log2_fold_change;
use model::bundle::{BundleError, preview, sha256};
use model::card::Card;
use model::precomputed::{Comparison, Population, Precomputed, probability};

use super::outbox::send;
use crate::protocol::precomputed::{Compared, Made, Set, Tell};
use crate::protocol::{Array, FromWorker};

/// Posts the results, when there are some and their files are there; whether it did.
///
/// # Errors
/// When they do not fit the card.
pub(crate) fn show(
    folder: &str,
    json: &[u8],
    card: &Card,
    files: &BTreeMap<String, Vec<u8>>,
) -> Result<bool, BundleError> {
    let Some((map, found)) = preview(card, files)? else { return Ok(false) };
    let made = Made {
        version: found.made.version.clone(),
        device: found.made.device.clone(),
        seed: found.made.seed.to_string(),
        guidance: found.made.guidance,
        steps: found.made.steps as u32,
        cells: found.made.cells as u32,
        tested: found.made.tested as u32,
        bundle: sha256(json),
    };
    let tell = Tell {
        folder: folder.to_owned(),
        card: String::from_utf8_lossy(json).into_owned(),
        made,
        sets: found.populations.iter().map(set).collect(),
        comparisons: found.comparisons.iter().map(|own| compared(own, &found.populations[own.perturbed])).collect(),
    };
    let mut arrays = vec![Array::F32(map.coordinates)];
    arrays.extend(of_sets(&found));
    arrays.extend(of_comparisons(&found));
    send(&FromWorker::Precomputed(tell), &arrays);
    Ok(true)
}

fn set(own: &Population) -> Set {
    Set {
        with: own.with.clone(),
        points: (own.points.len() / 2) as u32,
        genes: own.genes.len() as u32,
        typical: own.typical.clone(),
    }
}

fn compared(own: &Comparison, perturbed: &Population) -> Compared {
    Compared {
        control: own.control as u32,
        perturbed: own.perturbed as u32,
        genes: perturbed.genes.len() as u32,
        shifted: own.shifted as u32,
    }
}

/// Coordinates, genes, means, shares.
fn of_sets(found: &Precomputed) -> [Array; 4] {
    let sets = &found.populations;
    let cells = found.made.cells.max(1) as f32;
    [
        Array::F32(sets.iter().flat_map(|own| own.points.iter().copied()).collect()),
        Array::F32(sets.iter().flat_map(|own| own.genes.iter().map(|gene| *gene as f32)).collect()),
        Array::F32(sets.iter().flat_map(|own| own.mean.iter().map(|mean| mean.ln_1p())).collect()),
        Array::F32(sets.iter().flat_map(|own| own.detected.iter().map(move |count| *count as f32 / cells)).collect()),
    ]
}

/// Mean of a gene that the set tells of (reading made sure of it).
fn mean(set: &Population, gene: u32) -> f64 {
    set.genes.binary_search(&gene).map_or(0.0, |at| f64::from(set.mean[at]))
}

/// Genes and their numbers.
fn of_comparisons(found: &Precomputed) -> [Array; 8] {
    let mut genes = Vec::new();
    let mut columns: [Vec<f64>; 7] = Default::default();
    for own in &found.comparisons {
        let (control, perturbed) = (&found.populations[own.control], &found.populations[own.perturbed]);
        for (at, gene) in perturbed.genes.iter().enumerate() {
            let (a, b) = (mean(control, *gene), mean(perturbed, *gene));
            let (difference, margin) = (b.ln_1p() - a.ln_1p(), f64::from(own.margin[at]));
            let (p, q) = (probability(own.p[at]), probability(own.q[at]));
            let row = [log2_fold_change(a, b), p, q, a, b, difference - margin, difference + margin];
            genes.push(*gene as f32);
            columns.iter_mut().zip(row).for_each(|(column, value)| column.push(value));
        }
    }
    let [change, p, q, control, perturbed, low, high] = columns.map(Array::F64);
    [Array::F32(genes), change, p, q, control, perturbed, low, high]
}
