//! Differential expression of one perturbation, measured and predicted, gene by gene.
//!
//! Does: picks the perturbations that change most genes and tests both sides.
//! Does not know: figures.
//! Flow: truth + predicted sides → **pairs** → volcano pairs, dot plot.

use std::collections::BTreeMap;

use anyhow::Result;
use cells::de::{GeneShift, compare};
use cells::referee::Side;
use cells::referee::shifts::significant;

use crate::judge::truth::Truth;

/// Tests of one perturbation.
#[derive(Clone)]
pub struct Pair {
    /// Perturbation and context.
    pub name: String,
    /// The perturbation.
    pub perturbation: String,
    /// Measured cells [G].
    pub measured: Vec<GeneShift>,
    /// Predicted cells [G].
    pub predicted: Vec<GeneShift>,
}

/// The `most` perturbations with the most genes that differ among the measured cells, and were predicted.
///
/// # Errors
/// When sides differ in genes.
pub fn pairs(truth: &Truth<'_>, sides: &BTreeMap<String, Side>, most: usize) -> Result<Vec<Pair>> {
    let mut found = Vec::new();
    for measured in &truth.contexts {
        let Some(side) = sides.get(&measured.context.name) else { continue };
        let digest = measured.digest();
        for (name, shifts) in digest.names().iter().zip(digest.shifts()) {
            if let (Some(real), Some(own)) = (measured.context.side.perturbed.get(name), side.perturbed.get(name)) {
                found.push((significant(shifts), name, &measured.context, side, real, own));
            }
        }
    }
    found.sort_by(|a, b| b.0.cmp(&a.0).then(a.1.cmp(b.1)).then(a.2.name.cmp(&b.2.name)));
    let pair = |(_, name, context, side, real, own): (_, &String, &crate::judge::sides::Context, &Side, _, _)| {
        Ok(Pair {
            name: format!("{name}, {}", context.name),
            perturbation: name.clone(),
            measured: compare(&context.side.control, real)?,
            predicted: compare(&side.control, own)?,
        })
    };
    found.into_iter().take(most).map(pair).collect()
}
