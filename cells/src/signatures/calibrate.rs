//! How strong a signature is in these cells.
//!
//! Does: finds the one number that turns the z-scores of a signal into the log2 fold changes that were measured for its
//! cytokine, and says how well they fit.
//! Does not know: other signals. That one scale holds for all of them is an assumption: z-scores of a signal grow with
//! the number of its experiments as well as with its strength.
//! Flow: control and treated cells + z-scores → **scale and fit** → `response`.
//!
//! Measured: log2((s + f) / (c + f)) of the gene's share of all UMIs of a cell type's treated (s) and control cells (c),
//! f = 5 · 10⁻⁵. Predicted: the same of the share c moved by the rule of `response`, so that floors and caps bias neither.
//! The scale makes the squared difference least, averaged over genes whose |z| reaches the cut and that f does not
//! drown, then over cell types, each of which weighs the same.

use super::SignatureError;
use super::response::{ResponseRule, TypeMean, shares};
use crate::cells::Cells;
use crate::metrics::pearson;

/// Share added to both sides of a fold change: half a UMI in ten thousand, some five UMIs of a rare type's cells.
pub const ADDED_SHARE: f64 = 5e-5;
/// Largest scale that is looked for; at 1, a gene of z = 5 would change 32-fold.
const LARGEST: f64 = 1.0;
/// Steps of the first look, and halvings of the interval after it.
const STEPS: usize = 50;
const HALVINGS: usize = 40;

/// Cells to calibrate on.
#[derive(Clone, Debug, PartialEq)]
pub struct Pair {
    /// Cell type.
    pub kind: String,
    /// Its control cells.
    pub control: Vec<usize>,
    /// Its treated cells.
    pub treated: Vec<usize>,
}

/// How a signature fits a cell type.
#[derive(Clone, Debug, PartialEq)]
pub struct KindFit {
    /// Cell type.
    pub kind: String,
    /// Control and treated cells.
    pub cells: (usize, usize),
    /// Genes compared.
    pub genes: usize,
    /// The scale that this type alone would have.
    pub scale: f64,
    /// Slope of measured on predicted log2 fold changes at the common scale, through 0.
    pub slope: f64,
    /// Their Pearson correlation.
    pub pearson: f64,
}

/// The common scale and how it fits.
#[derive(Clone, Debug, PartialEq)]
pub struct Fit {
    /// log2 fold change per unit of z.
    pub scale: f64,
    /// Mean slope over types.
    pub slope: f64,
    /// Mean Pearson correlation over types.
    pub pearson: f64,
    /// By cell type.
    pub kinds: Vec<KindFit>,
}

/// A gene of a type.
struct Gene {
    /// Share in control cells.
    share: f64,
    /// The share that a rise starts from.
    expected: f64,
    z: f64,
    /// Measured log2 fold change.
    measured: f64,
}

/// Genes of a type that can be compared.
struct Measured {
    genes: Vec<Gene>,
}

impl Measured {
    fn of(cells: &Cells, pair: &Pair, all: &[f64], scores: &[f64], rule: &ResponseRule) -> Self {
        let (control, treated) = (TypeMean::of(cells, &pair.control, all, rule), shares(cells, &pair.treated));
        let gene = |at: usize| {
            let (share, after) = (control.own[at], treated[at]);
            let measured = ((after + ADDED_SHARE) / (share + ADDED_SHARE)).log2();
            Gene { share, expected: control.expected[at], z: scores[at], measured }
        };
        let compared = |at: &usize| {
            scores[*at] != 0.0 && scores[*at].abs() >= rule.cut && control.own[*at] + treated[*at] > 2.0 * ADDED_SHARE
        };
        Self { genes: (0..scores.len()).filter(compared).map(gene).collect() }
    }

    /// Predicted log2 fold changes.
    fn predicted(&self, rule: &ResponseRule) -> Vec<f64> {
        let one = |gene: &Gene| {
            let log2 = rule.log2_fold(gene.z, 1.0);
            let from = if log2 > 0.0 { gene.expected.max(rule.floor) } else { gene.share };
            ((gene.share + from * (log2.exp2() - 1.0) + ADDED_SHARE) / (gene.share + ADDED_SHARE)).log2()
        };
        self.genes.iter().map(one).collect()
    }

    /// Mean squared difference.
    fn error(&self, rule: &ResponseRule) -> f64 {
        let squares = self.genes.iter().zip(self.predicted(rule)).map(|(gene, guess)| (gene.measured - guess).powi(2));
        squares.sum::<f64>() / self.genes.len().max(1) as f64
    }
}

/// The scale at which z-scores predict best what was measured in the pairs, and how well; cut, cap and floor are the
/// rule's. `None` when no pair has a gene to compare. Scales from 0 to 1 are looked at.
///
/// # Errors
/// When the rule makes no sense.
pub fn calibrate(
    cells: &Cells,
    pairs: &[Pair],
    scores: &[f64],
    rule: &ResponseRule,
) -> Result<Option<Fit>, SignatureError> {
    rule.check()?;
    let all: Vec<usize> = pairs.iter().flat_map(|pair| pair.control.iter().copied()).collect();
    let all = shares(cells, &all);
    let measured: Vec<(&Pair, Measured)> = pairs
        .iter()
        .map(|pair| (pair, Measured::of(cells, pair, &all, scores, rule)))
        .filter(|(_, measured)| measured.genes.len() > 1)
        .collect();
    if measured.is_empty() {
        return Ok(None);
    }
    let scale = best(|scale| measured.iter().map(|(_, own)| own.error(&ResponseRule { scale, ..*rule })).sum());
    let common = ResponseRule { scale, ..*rule };
    let kinds: Vec<KindFit> = measured
        .iter()
        .map(|(pair, own)| {
            let (guess, truth) =
                (own.predicted(&common), own.genes.iter().map(|gene| gene.measured).collect::<Vec<_>>());
            let product = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>();
            KindFit {
                kind: pair.kind.clone(),
                cells: (pair.control.len(), pair.treated.len()),
                genes: own.genes.len(),
                scale: best(|scale| own.error(&ResponseRule { scale, ..*rule })),
                slope: product(&guess, &truth) / product(&guess, &guess),
                pearson: pearson(&guess, &truth),
            }
        })
        .collect();
    let mean = |of: fn(&KindFit) -> f64| kinds.iter().map(of).sum::<f64>() / kinds.len() as f64;
    Ok(Some(Fit { scale, slope: mean(|own| own.slope), pearson: mean(|own| own.pearson), kinds }))
}

/// Where `error` is least between 0 and the largest scale: a look at even steps, then the interval around the best of
/// them halved.
fn best(error: impl Fn(f64) -> f64) -> f64 {
    let step = LARGEST / STEPS as f64;
    let start = (0..=STEPS).map(|at| at as f64 * step).min_by(|a, b| error(*a).total_cmp(&error(*b))).unwrap_or(0.0);
    let (mut low, mut high) = ((start - step).max(0.0), (start + step).min(LARGEST));
    for _ in 0..HALVINGS {
        let quarter = (high - low) / 4.0;
        // Of two points left and right of the middle the worse one's outer quarter cannot hold the least.
        if error(low + quarter) < error(high - quarter) { high -= quarter } else { low += quarter }
    }
    (low + high) / 2.0
}
