//! How each gene's mean answers to the conditions: the regression that a network starts from.
//!
//! Does: fits every gene's mean to donor or line, cell type, perturbation, and context × perturbation, with strengths of
//! the priors chosen by cross-validation over training donors; extends the effects to values that are left open.
//! Does not know: networks, how genes vary together.
//! Flow: sums over groups → strengths → **fits of all genes** → effects of condition tokens and pairs [rows, G] →
//! `assemble`.
//!
//! Nothing is chosen on held-out groups: the folds leave out the perturbed cells of one training donor at a time and ask
//! how likely their counts are by what the others say. Where there are no two donors with perturbed cells, halves of the
//! cells take their place.

use std::collections::BTreeMap;

use cells::glm::{Design, Factor, Fit, Sums};
use model::card::Kind;
use model::pairs::Pairs;
use model::quantise::FIRST_CONDITION;
use rayon::iter::{IntoParallelIterator, ParallelIterator};

use super::groups::Groups;
use crate::data::{TrainingSet, conditions};

/// Strengths that are tried for donors or lines, and for context × perturbation.
const IDENTITY_STRENGTHS: [f64; 4] = [8.0, 32.0, 128.0, 512.0];
const PAIR_STRENGTHS: [f64; 6] = [1.0, 4.0, 16.0, 64.0, 256.0, 1e6];
/// Strengths of cell types and of perturbations: their own cells say enough.
const TYPE_STRENGTH: f64 = 0.5;
const PERTURBATION_STRENGTH: f64 = 0.5;
/// Genes that cross-validation looks at, those with most counts among every hundred; and folds.
const MOST_GENES: usize = 1200;
const MOST_FOLDS: usize = 6;
/// Groups × genes × folds × strengths that are fitted at most, so that many perturbations do not take hours.
const MOST_WORK: usize = 40_000_000;

/// Regressions of all genes.
pub(super) struct Effects {
    /// By gene [G].
    pub(super) fits: Vec<Fit>,
    /// Context × perturbation.
    pub(super) pairs: Pairs,
    /// Chosen strengths: of donors or lines, and of pairs.
    pub(super) strengths: (f64, f64),
    design: Design,
    /// Condition token of every value of every factor of the design that is a slot; of pairs their places.
    tokens: Vec<Vec<i32>>,
}

/// What a factor of the design stands for.
struct Shape {
    design: Design,
    tokens: Vec<Vec<i32>>,
    pairs: Pairs,
}

/// Whether a token is a perturbation other than the control.
fn is_perturbed(set: &TrainingSet, slot: usize, token: i32) -> bool {
    conditions::is_perturbed(&set.conditions[slot], token)
}

/// The design of all groups at given strengths.
fn shape(set: &TrainingSet, groups: &Groups, (identity, pair): (f64, f64)) -> Shape {
    let (mut factors, mut tokens) = (Vec::new(), Vec::new());
    for (place, slot) in groups.slots.iter().enumerate() {
        let condition = &set.conditions[*slot];
        let own: Vec<i32> = condition.values.iter().map(|value| value.token).collect();
        let of_token: BTreeMap<i32, u32> = own.iter().enumerate().map(|(at, token)| (*token, at as u32)).collect();
        // The control is what perturbations are measured from: it has no effect of its own.
        let of_group = groups.labels.iter().map(|labels| {
            let token = labels[place];
            let counts = condition.kind != Kind::Perturbation || is_perturbed(set, *slot, token);
            of_token.get(&token).copied().filter(|_| counts)
        });
        let precision = match condition.kind {
            Kind::Identity => identity,
            Kind::Perturbation => PERTURBATION_STRENGTH,
            Kind::CellType | Kind::Depth => TYPE_STRENGTH,
        };
        factors.push(Factor { values: own.len(), of_group: of_group.collect(), precision });
        tokens.push(own);
    }
    let pairs = set.pairs.clone();
    if !pairs.is_empty() {
        let of_group = groups.labels.iter().map(|labels| pairs.of_cell(labels).first().map(|row| *row as u32));
        factors.push(Factor { values: pairs.len(), of_group: of_group.collect(), precision: pair });
        tokens.push(Vec::new());
    }
    Shape { design: Design { factors, groups: groups.len() }, tokens, pairs }
}

/// One fold: the groups that are left out, and asked about.
type Fold = Vec<bool>;

/// Folds over donors or lines with perturbed cells where there are two or more, else over halves of the cells; the second
/// says which.
pub(super) fn by_identity(set: &TrainingSet) -> bool {
    let slot = |kind| set.conditions.iter().position(|condition| condition.kind == kind);
    let (Some(identity), Some(perturbation)) = (slot(Kind::Identity), slot(Kind::Perturbation)) else { return false };
    // Where the context of the pairs is the line itself, leaving a line out would say nothing of its pairs.
    if slot(Kind::CellType).is_none() {
        return false;
    }
    let perturbed = (0..set.cells.len()).filter(|cell| is_perturbed(set, perturbation, set.labels_of(*cell)[perturbation]));
    let donors: std::collections::BTreeSet<i32> = perturbed.map(|cell| set.labels_of(cell)[identity]).collect();
    donors.len() >= 2
}

fn folds(set: &TrainingSet, groups: &Groups, by_identity: bool) -> Vec<Fold> {
    let slot_of = |kind| groups.slots.iter().position(|slot| set.conditions[*slot].kind == kind);
    let Some(perturbation) = slot_of(Kind::Perturbation) else { return Vec::new() };
    let perturbed: Vec<bool> = groups
        .labels
        .iter()
        .map(|labels| is_perturbed(set, groups.slots[perturbation], labels[perturbation]))
        .collect();
    if !by_identity {
        return (0..2)
            .map(|half| (0..groups.len()).map(|group| perturbed[group] && groups.half[group] == half).collect())
            .collect();
    }
    let Some(identity) = slot_of(Kind::Identity) else { return Vec::new() };
    let mut donors: BTreeMap<i32, usize> = BTreeMap::new();
    for (group, labels) in groups.labels.iter().enumerate().filter(|(group, _)| perturbed[*group]) {
        *donors.entry(labels[identity]).or_default() += groups.cells[group];
    }
    let mut donors: Vec<(usize, i32)> = donors.into_iter().map(|(donor, cells)| (cells, donor)).collect();
    donors.sort_unstable_by(|a, b| b.cmp(a));
    let of_donor = |(_, donor): (usize, i32)| {
        (0..groups.len()).map(|group| perturbed[group] && groups.labels[group][identity] == donor).collect()
    };
    donors.into_iter().take(MOST_FOLDS).map(of_donor).collect()
}

/// Log-likelihood of a gene's counts in the groups that a fold left out, by a fit to the others: quasi-Poisson, so that
/// a gene counts for as much as it says.
fn left_out(design: &Design, sums: &Sums, asked: &Sums) -> f64 {
    let fit = design.fit(sums);
    if !fit.intercept.is_finite() {
        return 0.0;
    }
    let of_group = |group: usize| {
        let mean = design.mean(&fit, group);
        asked.counts[group] * mean.max(1e-12).ln() - asked.exposures[group] * mean
    };
    (0..design.groups).map(of_group).sum::<f64>() / fit.dispersion
}

/// Strengths by cross-validation.
fn strengths(set: &TrainingSet, groups: &Groups, by_identity: bool) -> (f64, f64) {
    let folds = folds(set, groups, by_identity);
    let default = (IDENTITY_STRENGTHS[2], PAIR_STRENGTHS[2]);
    if folds.is_empty() {
        return default;
    }
    let tried = IDENTITY_STRENGTHS.len() * PAIR_STRENGTHS.len();
    let affordable = MOST_WORK / (groups.len() * folds.len() * tried).max(1);
    let mut genes: Vec<usize> = (0..set.genes()).collect();
    genes.sort_by(|a, b| groups.total(*b).total_cmp(&groups.total(*a)));
    // Of the genes with any counts to speak of, evenly from many counts to few.
    genes.retain(|gene| groups.total(*gene) >= 20.0);
    let take = genes.len().min(MOST_GENES).min(affordable.max(60));
    let genes: Vec<usize> = (0..take).map(|place| genes[place * genes.len() / take]).collect();
    let score = |strengths: (f64, f64)| -> f64 {
        let shape = shape(set, groups, strengths);
        let of_gene = |gene: &usize| -> f64 {
            let of_fold = |asked: &Fold| {
                let kept: Vec<bool> = asked.iter().map(|asked| !asked).collect();
                left_out(&shape.design, &groups.sums(*gene, &kept), &groups.sums(*gene, asked))
            };
            folds.iter().map(of_fold).sum()
        };
        let all: Vec<f64> = (0..genes.len()).into_par_iter().map(|place| of_gene(&genes[place])).collect();
        all.iter().sum()
    };
    // One after the other: the strengths hardly depend on each other.
    let best = |candidates: &[f64], of: &dyn Fn(f64) -> (f64, f64)| {
        let scored = candidates.iter().map(|own| (score(of(*own)), *own));
        scored.fold((f64::NEG_INFINITY, candidates[0]), |best, own| if own.0 > best.0 { own } else { best }).1
    };
    let identity = best(&IDENTITY_STRENGTHS, &|own| (own, default.1));
    let pair = best(&PAIR_STRENGTHS, &|own| (identity, own));
    (identity, pair)
}

impl Effects {
    /// Fits every gene of a training set.
    pub(super) fn fit(set: &TrainingSet, sizes: &[f64]) -> Self {
        let by_identity = by_identity(set);
        let has_pairs = set.conditions.iter().any(|condition| condition.kind == Kind::Perturbation);
        let strengths = strengths(set, &Groups::new(set, sizes, has_pairs && !by_identity), by_identity);
        let groups = Groups::new(set, sizes, false);
        let Shape { design, tokens, pairs } = shape(set, &groups, strengths);
        let all = vec![true; groups.len()];
        let fits = (0..set.genes()).into_par_iter().map(|gene| design.fit(&groups.sums(gene, &all))).collect();
        Self { fits, pairs, strengths, design, tokens }
    }

    /// Values of the design's factors for condition tokens [C] of a cell.
    fn values(&self, set: &TrainingSet, labels: &[i32]) -> Vec<Option<u32>> {
        let slots = (0..labels.len()).filter(|slot| set.conditions[*slot].kind != Kind::Depth);
        let mut values: Vec<Option<u32>> = slots
            .zip(&self.tokens)
            .map(|(slot, tokens)| {
                let token = labels[slot];
                let counts = set.conditions[slot].kind != Kind::Perturbation || is_perturbed(set, slot, token);
                tokens.iter().position(|own| *own == token).filter(|_| counts).map(|at| at as u32)
            })
            .collect();
        if !self.pairs.is_empty() {
            values.push(self.pairs.of_cell(labels).first().map(|row| *row as u32));
        }
        values
    }

    /// Mean of every gene in a cell of size factor 1 with these condition tokens [G].
    pub(super) fn means(&self, set: &TrainingSet, labels: &[i32]) -> Vec<f64> {
        let values = self.values(set, labels);
        self.fits.iter().map(|fit| fit.mean(values.iter().copied())).collect()
    }

    /// Highest mean of a gene over the groups of the training cells, at size factor 1.
    pub(super) fn highest(&self, gene: usize) -> f64 {
        (0..self.design.groups).map(|group| self.design.mean(&self.fits[gene], group)).fold(0.0, f64::max)
    }

    /// Effect of every condition token on every gene [K][G], natural log; what is left open has the effect that gives
    /// its cells the mean of all of them.
    pub(super) fn of_tokens(&self, set: &TrainingSet) -> Vec<Vec<f64>> {
        let mut rows = vec![vec![0.0; set.genes()]; set.condition_values()];
        let row = |token: i32| (token - FIRST_CONDITION) as usize;
        let slots: Vec<usize> =
            (0..set.conditions.len()).filter(|slot| set.conditions[*slot].kind != Kind::Depth).collect();
        for (factor, slot) in slots.iter().enumerate() {
            for (value, token) in self.tokens[factor].iter().enumerate() {
                for (gene, fit) in self.fits.iter().enumerate() {
                    rows[row(*token)][gene] = fit.effects[factor][value];
                }
            }
            if let Some(open) = set.conditions[*slot].unspecified {
                let weights: Vec<f64> = set.conditions[*slot].values.iter().map(|value| value.cells as f64).collect();
                let all: f64 = weights.iter().sum();
                for (gene, fit) in self.fits.iter().enumerate() {
                    let mean: f64 = fit.effects[factor].iter().zip(&weights).map(|(own, cells)| own.exp() * cells).sum();
                    rows[row(open)][gene] = (mean / all.max(1.0)).ln();
                }
            }
        }
        rows
    }

    /// Effect of every pair beyond the sum of both of its values [P][G], natural log.
    pub(super) fn of_pairs(&self) -> Vec<Vec<f64>> {
        let Some(factor) = self.design.factors.len().checked_sub(1).filter(|_| !self.pairs.is_empty()) else {
            return Vec::new();
        };
        (0..self.pairs.len()).map(|pair| self.fits.iter().map(|fit| fit.effects[factor][pair]).collect()).collect()
    }
}
