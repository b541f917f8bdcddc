//! A cell's counts under a cytokine.
//!
//! Does: turns z-scores into log2 fold changes, and moves the counts of one cell by them.
//! Does not know: which cell responds, where the scale comes from.
//! Flow: z-scores + rule → **log2 fold changes**; a control cell's counts + fold changes → **counts**.
//!
//! Formula, for gene g of a cell with n UMIs and mean share m_g of its cell type's control cells:
//! log2 fold = scale · z_g when |z_g| reaches the cut, else 0; at most ± largest. Down: every UMI stays with probability
//! fold (binomial thinning, exact whatever the counts' distribution). Up: Poisson(n · max(m_g, floor) · (fold − 1)) UMIs
//! are added; the added ones do not know how the cell differs from its type. Before that a share r of the cell may be
//! renewed: UMIs stay with probability 1 − r, and Poisson(n · r · m_g) are added, which leaves the type's mean as it is
//! and no cell a copy of another. Library sizes are not brought back to what they were.

use super::SignatureError;
use crate::random::Random;

/// How z-scores move counts.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ResponseRule {
    /// log2 fold change per unit of z.
    pub scale: f64,
    /// Smallest |z| that moves a gene.
    pub cut: f64,
    /// Largest |log2 fold change|.
    pub largest: f64,
    /// Smallest share of a cell's UMIs that a rising gene starts from, so that genes silent in controls can appear.
    pub floor: f64,
    /// Standard deviation of the logarithm of a cell's strength, whose mean is 1; 0: all cells of a type alike.
    pub variation: f64,
    /// Share of a cell that is renewed from its type's mean.
    pub renewed: f64,
}

impl Default for ResponseRule {
    /// |z| ≥ 2 (for most signals some 200 of 4,556 genes), 32-fold at most, a floor of one UMI in a million, all cells
    /// alike, nothing renewed; the scale is about what interferon beta in PBMCs gives.
    fn default() -> Self {
        Self { scale: 0.27, cut: 2.0, largest: 5.0, floor: 1e-6, variation: 0.0, renewed: 0.0 }
    }
}

impl ResponseRule {
    /// Whether the numbers make sense.
    ///
    /// # Errors
    /// Names the first that does not.
    pub fn check(&self) -> Result<(), SignatureError> {
        let wrong = |what, value: f64, range| Err(SignatureError::Setting { what, value: value.to_string(), range });
        let from = |value: f64, least: f64, most: f64| (least..=most).contains(&value);
        match self {
            own if !from(own.scale, 0.0, 10.0) => wrong("the scale", own.scale, "from 0 to 10"),
            own if !from(own.cut, 0.0, 1e6) => wrong("the smallest |z|", own.cut, "0 or more"),
            own if !from(own.largest, 0.0, 10.0) => wrong("the largest log2 fold change", own.largest, "from 0 to 10"),
            own if !from(own.floor, 0.0, 0.01) => wrong("the floor", own.floor, "from 0 to 0.01"),
            own if !from(own.variation, 0.0, 2.0) => wrong("the variation of cells", own.variation, "from 0 to 2"),
            own if !from(own.renewed, 0.0, 0.5) => wrong("the renewed share", own.renewed, "from 0 to 0.5"),
            _ => Ok(()),
        }
    }

    /// log2 fold change of a gene of score `z` in a cell of strength `strength`.
    pub fn log2_fold(&self, z: f64, strength: f64) -> f64 {
        if z.abs() < self.cut { 0.0 } else { (self.scale * strength * z).clamp(-self.largest, self.largest) }
    }
}

/// The counts of a cell, dense [G], moved; `shares` are the mean shares of its type, `scores` the z-scores on the panel,
/// none for a cell without the receptor. Every draw comes from `seed`.
pub fn respond(counts: &mut [u32], shares: &[f64], scores: Option<&[f64]>, rule: &ResponseRule, seed: u64) {
    let mut random = Random::new(seed);
    let size: f64 = counts.iter().map(|count| f64::from(*count)).sum();
    // A log-normal of mean 1.
    let deviation = rule.variation;
    let strength = if deviation > 0.0 { (deviation * random.normal() - deviation * deviation / 2.0).exp() } else { 1.0 };
    for (gene, (count, share)) in counts.iter_mut().zip(shares).enumerate() {
        if rule.renewed > 0.0 {
            *count = random.binomial(*count, 1.0 - rule.renewed) + random.poisson(size * rule.renewed * share);
        }
        let log2 = scores.map_or(0.0, |scores| rule.log2_fold(scores[gene], strength));
        if log2 < 0.0 {
            *count = random.binomial(*count, log2.exp2());
        } else if log2 > 0.0 {
            *count += random.poisson(size * share.max(rule.floor) * (log2.exp2() - 1.0));
        }
    }
}
