//! A cell's counts under a cytokine.
//!
//! Does: turns z-scores into log2 fold changes, and moves the counts of one cell by them.
//! Does not know: which cell responds, where the scale comes from.
//! Flow: z-scores + rule → **log2 fold changes**; a control cell's counts + fold changes → **counts**.
//!
//! Formula, for gene g of a cell with n UMIs and mean share m_g of its cell type's control cells:
//! log2 fold = scale · z_g when |z_g| reaches the cut, else 0; at most ± largest. Of several cytokines at once the log2
//! folds add, again to ± largest at most: they act independently of one another, which is a formula, not a finding. Down: every UMI stays with probability
//! fold (binomial thinning, exact whatever the counts' distribution). Up: Poisson(n · max(e_g, floor) · (fold − 1)) UMIs
//! are added; the added ones do not know how the cell differs from its type. e_g is m_g, drawn to the mean of all types
//! by as many UMIs as the rule adds: a gene that 60 cells of a type happen to lack is rare in it, not absent. Before
//! that a share r of the cell may be renewed: UMIs stay with probability 1 − r, and Poisson(n · r · m_g) are added,
//! which leaves the type's mean as it is and no cell a copy of another. Library sizes are not brought back to what they
//! were.

use super::SignatureError;
use crate::cells::Cells;
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
    /// UMIs of the mean over all types that are added to a type's own when it is said how common a rising gene is.
    pub added_umis: f64,
    /// Standard deviation of the logarithm of a cell's strength, whose mean is 1; 0: all cells of a type alike.
    pub variation: f64,
    /// Share of a cell that is renewed from its type's mean.
    pub renewed: f64,
}

impl Default for ResponseRule {
    /// |z| ≥ 2 (for most signals some 200 of 4,556 genes), 64-fold at most, a floor of one UMI in a million, 20,000
    /// UMIs (some 15 cells) of all types, all cells alike, nothing renewed; the scale is about what interferon beta in
    /// PBMCs gives. Of the numbers of UMIs tried, 0 to 20,000, the last predicts that response best.
    fn default() -> Self {
        let (floor, added_umis) = (1e-6, 20_000.0);
        Self { scale: 0.27, cut: 2.0, largest: 6.0, floor, added_umis, variation: 0.0, renewed: 0.0 }
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
            own if !from(own.added_umis, 0.0, 1e12) => wrong("the number of added UMIs", own.added_umis, "0 or more"),
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

/// How common every gene is in a cell type.
#[derive(Clone, Debug, PartialEq)]
pub struct TypeMean {
    /// Share of the type's UMIs [G].
    pub own: Vec<f64>,
    /// The same, drawn to all types [G].
    pub expected: Vec<f64>,
}

impl TypeMean {
    /// Of the cells of a type at `places`; `all` are the shares over all types.
    pub fn of(cells: &Cells, places: &[usize], all: &[f64], rule: &ResponseRule) -> Self {
        let (mut own, total) = sums(cells, places);
        let weight = (total + rule.added_umis).max(1.0);
        let expected = own.iter().zip(all).map(|(sum, share)| (sum + rule.added_umis * share) / weight).collect();
        own.iter_mut().for_each(|sum| *sum /= total.max(1.0));
        Self { own, expected }
    }
}

/// Share of every gene [G] among all UMIs of the cells at `places`.
pub(super) fn shares(cells: &Cells, places: &[usize]) -> Vec<f64> {
    let (mut own, total) = sums(cells, places);
    own.iter_mut().for_each(|sum| *sum /= total.max(1.0));
    own
}

/// UMIs of every gene, and of all.
fn sums(cells: &Cells, places: &[usize]) -> (Vec<f64>, f64) {
    let mut sums = vec![0.0; cells.genes.len()];
    for place in places {
        let (genes, counts) = cells.counts.row(*place);
        genes.iter().zip(counts).for_each(|(gene, count)| sums[*gene as usize] += f64::from(*count));
    }
    let total = sums.iter().sum();
    (sums, total)
}

/// The counts of a cell, dense [G], moved; `mean` is its type's, `scores` are the z-scores on the panel [G] of every
/// cytokine that the cell has the receptor of. Every draw comes from `seed`.
pub fn respond(counts: &mut [u32], mean: &TypeMean, scores: &[&[f64]], rule: &ResponseRule, seed: u64) {
    let mut random = Random::new(seed);
    let size: f64 = counts.iter().map(|count| f64::from(*count)).sum();
    // A log-normal of mean 1.
    let deviation = rule.variation;
    let strength =
        if deviation > 0.0 { (deviation * random.normal() - deviation * deviation / 2.0).exp() } else { 1.0 };
    for (gene, count) in counts.iter_mut().enumerate() {
        if rule.renewed > 0.0 {
            *count = random.binomial(*count, 1.0 - rule.renewed) + random.poisson(size * rule.renewed * mean.own[gene]);
        }
        let sum: f64 = scores.iter().map(|own| rule.log2_fold(own[gene], strength)).sum();
        let log2 = sum.clamp(-rule.largest, rule.largest);
        if log2 < 0.0 {
            *count = random.binomial(*count, log2.exp2());
        } else if log2 > 0.0 {
            *count += random.poisson(size * mean.expected[gene].max(rule.floor) * (log2.exp2() - 1.0));
        }
    }
}
