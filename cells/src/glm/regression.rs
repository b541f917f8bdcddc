//! Log-linear regressions of all genes, with strengths chosen by cross-validation.
//!
//! Does: fits every gene's mean to donor or line, cell type, perturbation, and context × perturbation; chooses how
//! strongly donors and pairs are held back by leaving training donors out; gives means of any combination of labels.
//! Does not know: where cells come from, threads: pieces are run by a [`Spread`].
//! Flow: sums over groups → strengths → **fits of all genes** → the start of a network, and the referee's regression.
//!
//! Nothing is chosen on held-out groups: the folds leave out the perturbed cells of one training donor at a time and ask
//! how likely their counts are by what the others say. Where there are no two donors with perturbed cells, or the context
//! of the pairs is the donor or line itself, halves of the cells take their place, and combinations of line and
//! perturbation for the strength of lines.

use std::collections::{BTreeMap, BTreeSet};

use super::adaptive::{held_back, standard_error};
use super::design::{Design, Factor, Fit, Sums};
use super::grouped::{Grouped, Role, Scheme};
use crate::spread::Spread;

/// Strengths that are tried for donors or lines, and for context × perturbation.
const IDENTITY_STRENGTHS: [f64; 6] = [1.0, 8.0, 32.0, 128.0, 512.0, 2048.0];
const PAIR_STRENGTHS: [f64; 7] = [1.0, 4.0, 8.0, 16.0, 64.0, 256.0, 1e6];
/// Strength of perturbations. Chosen by likelihood it was 512 in screens and 128 for 31 cytokines, which most genes, that do
/// not answer, are better for, and which the few that do answer are lost by: the baseline must not be weaker than it can be.
const PERTURBATION_STRENGTH: f64 = 0.5;
/// Strength of cell types: their own cells say enough.
const TYPE_STRENGTH: f64 = 0.5;
/// Genes that cross-validation looks at, spread evenly from many counts to few; and folds.
const MOST_GENES: usize = 1200;
const MOST_FOLDS: usize = 6;
/// Fewest counts of such a gene.
const FEWEST_COUNTS: f64 = 20.0;
/// Groups × genes × folds × strengths that are fitted at most, so that many perturbations do not take hours.
const MOST_WORK: usize = 60_000_000;

/// How strongly effects are held back: precisions of their priors, in observed counts.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Strengths {
    /// Of donors or lines.
    pub identity: f64,
    /// Of perturbations.
    pub perturbation: f64,
    /// Of context × perturbation.
    pub pair: f64,
    /// How effects of perturbations, and of pairs, are held back once more, by how those of all genes are distributed.
    pub adaptive: Adaptive,
}

/// What effects of perturbations are held back towards by the distribution of all genes' effects.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Adaptive {
    /// They stay as they were fitted.
    Not,
    /// No effect.
    None,
    /// The mean effect of all perturbations, which is held back towards none itself.
    Mean,
}

impl Default for Strengths {
    /// Where nothing can be left out.
    fn default() -> Self {
        Self {
            identity: IDENTITY_STRENGTHS[3],
            perturbation: PERTURBATION_STRENGTH,
            pair: PAIR_STRENGTHS[3],
            adaptive: Adaptive::Not,
        }
    }
}

/// Regressions of all genes.
#[derive(Clone, Debug)]
pub struct Regression {
    /// Kinds of labels.
    pub scheme: Scheme,
    /// By gene [G].
    pub fits: Vec<Fit>,
    /// Context × perturbation: codes of both.
    pub pairs: Vec<[u32; 2]>,
    /// Chosen strengths.
    pub strengths: Strengths,
    row_of: BTreeMap<[u32; 2], u32>,
    design: Design,
}

/// Pairs that some group has.
fn pairs(grouped: &Grouped, scheme: &Scheme) -> Vec<[u32; 2]> {
    let Some((context, perturbation)) = scheme.paired() else { return Vec::new() };
    let perturbed = grouped.codes.iter().filter(|codes| scheme.is_perturbed(codes));
    let found: BTreeSet<[u32; 2]> =
        perturbed.filter_map(|codes| Some([codes[context]?, codes[perturbation]?])).collect();
    found.into_iter().collect()
}

/// Values of all factors of a cell with these codes: the labels', and the pair's.
fn values(scheme: &Scheme, row_of: &BTreeMap<[u32; 2], u32>, codes: &[Option<u32>]) -> Vec<Option<u32>> {
    let counts = |(code, (role, _)): (&Option<u32>, &(Role, usize))| {
        // The control is what perturbations are measured from.
        code.filter(|_| *role != Role::Perturbation || scheme.is_perturbed(codes))
    };
    let mut values: Vec<Option<u32>> = codes.iter().zip(&scheme.labels).map(counts).collect();
    if !row_of.is_empty() {
        let pair = scheme.paired().and_then(|(context, perturbation)| Some([codes[context]?, codes[perturbation]?]));
        values.push(pair.and_then(|pair| row_of.get(&pair).copied()));
    }
    values
}

/// The design of all groups at given strengths.
fn design(grouped: &Grouped, scheme: &Scheme, row_of: &BTreeMap<[u32; 2], u32>, strengths: Strengths) -> Design {
    let of_groups: Vec<Vec<Option<u32>>> = grouped.codes.iter().map(|codes| values(scheme, row_of, codes)).collect();
    let factor = |place: usize, values: usize, precision: f64| Factor {
        values,
        of_group: of_groups.iter().map(|own| own[place]).collect(),
        precision,
    };
    let strength = |role: Role| match role {
        Role::Identity => strengths.identity,
        Role::CellType => TYPE_STRENGTH,
        Role::Perturbation => strengths.perturbation,
    };
    let labels = scheme.labels.iter().enumerate();
    let mut factors: Vec<Factor> =
        labels.map(|(place, (role, count))| factor(place, *count, strength(*role))).collect();
    if !row_of.is_empty() {
        factors.push(factor(scheme.labels.len(), row_of.len(), strengths.pair));
    }
    Design { factors, groups: grouped.len() }
}

/// Whether folds leave donors out; otherwise they leave halves of the cells out, which [`Grouped`] must keep apart.
pub fn leaves_donors_out<'a>(scheme: &Scheme, cells: impl IntoIterator<Item = &'a [Option<u32>]>) -> bool {
    let (Some(identity), Some(_)) = (scheme.place(Role::Identity), scheme.place(Role::CellType)) else { return false };
    let perturbed = cells.into_iter().filter(|codes| scheme.is_perturbed(codes));
    perturbed.filter_map(|codes| codes[identity]).collect::<BTreeSet<u32>>().len() >= 2
}

/// Groups that every fold leaves out and asks about.
fn folds(grouped: &Grouped, scheme: &Scheme, by_donor: bool) -> Vec<Vec<bool>> {
    let perturbed: Vec<bool> = grouped.codes.iter().map(|codes| scheme.is_perturbed(codes)).collect();
    if !perturbed.contains(&true) {
        return Vec::new();
    }
    let of = |is_asked: &dyn Fn(usize) -> bool| -> Vec<bool> {
        (0..grouped.len()).map(|group| perturbed[group] && is_asked(group)).collect()
    };
    let Some(identity) = scheme.place(Role::Identity).filter(|_| by_donor) else {
        return (0..2).map(|half| of(&|group| grouped.half[group] == half)).collect();
    };
    let mut donors: BTreeMap<u32, usize> = BTreeMap::new();
    for (group, codes) in grouped.codes.iter().enumerate().filter(|(group, _)| perturbed[*group]) {
        if let Some(donor) = codes[identity] {
            *donors.entry(donor).or_default() += grouped.cells[group];
        }
    }
    let mut donors: Vec<(usize, u32)> = donors.into_iter().map(|(donor, cells)| (cells, donor)).collect();
    donors.sort_unstable_by(|a, b| b.cmp(a));
    let largest = donors.into_iter().take(MOST_FOLDS);
    largest.map(|(_, donor)| of(&|group| grouped.codes[group][identity] == Some(donor))).collect()
}

/// Log-likelihood of a gene's counts in the groups that a fold left out, by a fit to the others (Poisson).
fn left_out(design: &Design, fit: &Fit, asked: &Sums) -> f64 {
    if !fit.intercept.is_finite() {
        return 0.0;
    }
    let of_group = |group: usize| {
        let mean = design.mean(fit, group);
        asked.counts[group] * mean.max(1e-12).ln() - asked.exposures[group] * mean
    };
    (0..design.groups).map(of_group).sum()
}

/// Folds that ask what is wanted of lines or replicates without cell types: a perturbation in one of them that was seen in
/// others. Each of two leaves out every other combination, as on a chessboard; none where cell types are told apart, or
/// fewer than two identities have perturbed cells. Halves of the cells would not do: effects of pairs, which a combination
/// that is left out lacks, would stand in for those of lines.
fn of_combinations(grouped: &Grouped, scheme: &Scheme) -> Option<Vec<Vec<bool>>> {
    let (identity, perturbation) = (scheme.place(Role::Identity)?, scheme.place(Role::Perturbation)?);
    let perturbed = grouped.codes.iter().filter(|codes| scheme.is_perturbed(codes));
    let many = perturbed.filter_map(|codes| codes[identity]).collect::<BTreeSet<u32>>().len() >= 2;
    if !many || scheme.place(Role::CellType).is_some() {
        return None;
    }
    let of = |fold: u32| {
        let is_asked = |codes: &Vec<Option<u32>>| {
            scheme.is_perturbed(codes)
                && codes[identity].zip(codes[perturbation]).is_some_and(|(line, change)| (line + change) % 2 == fold)
        };
        grouped.codes.iter().map(is_asked).collect()
    };
    Some(vec![of(0), of(1)])
}

/// What strengths are compared on: some genes, the folds, and how much each gene says.
struct Trial<'a> {
    grouped: &'a Grouped,
    scheme: &'a Scheme,
    row_of: &'a BTreeMap<[u32; 2], u32>,
    genes: Vec<usize>,
    dispersions: Vec<f64>,
    spread: &'a Spread<'a>,
}

impl<'a> Trial<'a> {
    /// Genes spread evenly from many counts to few, as many as can be afforded; none where no gene has enough counts.
    fn new(
        grouped: &'a Grouped,
        scheme: &'a Scheme,
        row_of: &'a BTreeMap<[u32; 2], u32>,
        folds: usize,
        spread: &'a Spread<'a>,
    ) -> Option<Self> {
        let mut genes: Vec<usize> = (0..grouped.genes()).filter(|gene| grouped.total(*gene) >= FEWEST_COUNTS).collect();
        if genes.is_empty() {
            return None;
        }
        let tried = IDENTITY_STRENGTHS.len() + PAIR_STRENGTHS.len();
        let affordable = MOST_WORK / (grouped.len() * folds * tried).max(1);
        genes.sort_by(|a, b| grouped.total(*b).total_cmp(&grouped.total(*a)));
        let take = genes.len().min(MOST_GENES).min(affordable.max(100));
        let genes: Vec<usize> = (0..take).map(|place| genes[place * genes.len() / take]).collect();
        // A gene counts for as much as it says, by a dispersion that is the same for all strengths.
        let first = design(grouped, scheme, row_of, Strengths::default());
        let all = vec![true; grouped.len()];
        let dispersions = spread.map(genes.len(), |place| first.fit(&grouped.sums(genes[place], &all)).dispersion);
        Some(Self { grouped, scheme, row_of, genes, dispersions, spread })
    }

    /// Log-likelihood of what the folds leave out, at each of some strengths.
    fn scores(&self, folds: &[Vec<bool>], candidates: &[Strengths]) -> Vec<f64> {
        let designs: Vec<Design> =
            candidates.iter().map(|own| design(self.grouped, self.scheme, self.row_of, *own)).collect();
        let of_gene = |place: usize| -> Vec<f64> {
            let sums = |groups: &[bool]| self.grouped.sums(self.genes[place], groups);
            let mut scores = vec![0.0; designs.len()];
            for asked in folds {
                let kept: Vec<bool> = asked.iter().map(|asked| !asked).collect();
                let (kept, asked) = (sums(&kept), sums(asked));
                let mut last = None;
                for (design, score) in designs.iter().zip(&mut scores) {
                    let fit = design.fit_from(&kept, last.take());
                    *score += left_out(design, &fit, &asked) / self.dispersions[place];
                    last = Some(fit);
                }
            }
            scores
        };
        let of_genes = self.spread.map(self.genes.len(), of_gene);
        (0..designs.len()).map(|candidate| of_genes.iter().map(|scores| scores[candidate]).sum()).collect()
    }

    /// The best way to hold effects back by the distribution of all genes' effects.
    fn adaptive(&self, folds: &[Vec<bool>], strengths: Strengths) -> Adaptive {
        let design = design(self.grouped, self.scheme, self.row_of, strengths);
        let ways = [Adaptive::Not, Adaptive::None, Adaptive::Mean];
        let mut scores = [0.0; 3];
        for asked in folds {
            let kept: Vec<bool> = asked.iter().map(|asked| !asked).collect();
            let sums = |place: usize, groups: &[bool]| self.grouped.sums(self.genes[place], groups);
            let fits = self.spread.map(self.genes.len(), |place| design.fit(&sums(place, &kept)));
            for (score, way) in scores.iter_mut().zip(ways) {
                let mut held = fits.clone();
                hold_back(&mut held, way, &design, self.scheme, |place| sums(place, &kept), self.spread);
                let of_gene =
                    |place: usize| left_out(&design, &held[place], &sums(place, asked)) / self.dispersions[place];
                *score += (0..held.len()).map(of_gene).sum::<f64>();
            }
        }
        // Of equal ones the first, which does least.
        let best = scores.into_iter().zip(ways).rev().max_by(|a, b| a.0.total_cmp(&b.0));
        best.map_or(Adaptive::Not, |(_, way)| way)
    }

    /// The best of some strengths.
    fn best(&self, folds: &[Vec<bool>], candidates: impl IntoIterator<Item = Strengths>) -> Option<Strengths> {
        let candidates: Vec<Strengths> = candidates.into_iter().collect();
        let scored = self.scores(folds, &candidates).into_iter().zip(candidates);
        // Of equal ones the first, which holds back least.
        scored.rev().max_by(|a, b| a.0.total_cmp(&b.0)).map(|(_, own)| own)
    }
}

/// Strengths by cross-validation, one after the other: they hardly depend on each other.
fn strengths(
    grouped: &Grouped,
    scheme: &Scheme,
    row_of: &BTreeMap<[u32; 2], u32>,
    by_donor: bool,
    spread: &Spread<'_>,
) -> Strengths {
    let mut found = Strengths::default();
    let folds = folds(grouped, scheme, by_donor);
    let Some(trial) = Trial::new(grouped, scheme, row_of, folds.len(), spread).filter(|_| !folds.is_empty()) else {
        return found;
    };
    let combinations = of_combinations(grouped, scheme);
    let asked = combinations.as_ref().unwrap_or(&folds);
    if scheme.place(Role::Identity).is_some() {
        let tried = IDENTITY_STRENGTHS.map(|identity| Strengths { identity, ..found });
        found = trial.best(asked, tried).unwrap_or(found);
    }
    if !row_of.is_empty() {
        found = trial.best(&folds, PAIR_STRENGTHS.map(|pair| Strengths { pair, ..found })).unwrap_or(found);
    }
    // With cell types an effect is seen in many groups, and small ones are worth keeping: held back by all genes' effects,
    // as likelihood asks for there too, the responding genes of 31 cytokines were lost.
    let adaptive = combinations.as_ref().map_or(Adaptive::Not, |asked| trial.adaptive(asked, found));
    Strengths { adaptive, ..found }
}

/// Holds the effects of perturbations and of pairs back by how those of all genes are distributed, value by value; `sums`
/// gives what each fit was made from.
fn hold_back(
    fits: &mut [Fit],
    way: Adaptive,
    design: &Design,
    scheme: &Scheme,
    sums: impl Fn(usize) -> Sums + Sync,
    spread: &Spread<'_>,
) {
    if way == Adaptive::Not {
        return;
    }
    let perturbation = scheme.place(Role::Perturbation);
    // Effects of pairs stand behind those of the labels.
    for factor in perturbation.into_iter().chain(scheme.labels.len()..design.factors.len()) {
        let errors = spread.map(fits.len(), |gene| {
            let fit = &fits[gene];
            let expected = design.expected_without(factor, &sums(gene).exposures, fit);
            let own = expected.iter().zip(&fit.effects[factor]);
            own.map(|(expected, effect)| standard_error(*effect, *expected, fit.dispersion)).collect::<Vec<f64>>()
        });
        let towards = if way == Adaptive::Mean && Some(factor) == perturbation {
            mean_effects(fits, factor, &errors)
        } else {
            vec![0.0; fits.len()]
        };
        let of_value = |value: usize| -> Vec<f64> {
            let apart = fits.iter().zip(&towards).map(|(fit, mean)| fit.effects[factor][value] - mean);
            let own: Vec<f64> = errors.iter().map(|own| own[value]).collect();
            held_back(&apart.collect::<Vec<f64>>(), &own)
        };
        let held = spread.map(design.factors[factor].values, of_value);
        for (value, effects) in held.iter().enumerate() {
            let own = fits.iter_mut().zip(effects.iter().zip(&towards));
            own.for_each(|(fit, (effect, mean))| fit.effects[factor][value] = mean + effect);
        }
    }
}

/// Mean effect over the values of a factor that have one, by their precision, held back towards none [G].
fn mean_effects(fits: &[Fit], factor: usize, errors: &[Vec<f64>]) -> Vec<f64> {
    let of_gene = |(fit, errors): (&Fit, &Vec<f64>)| {
        let precisions = errors.iter().map(|error| error.powi(-2));
        let all: f64 = precisions.clone().sum();
        let sum: f64 = precisions.zip(&fit.effects[factor]).map(|(precision, effect)| precision * effect).sum();
        if all > 0.0 { (sum / all, all.sqrt().recip()) } else { (0.0, f64::INFINITY) }
    };
    let (means, errors): (Vec<f64>, Vec<f64>) = fits.iter().zip(errors).map(of_gene).unzip();
    held_back(&means, &errors)
}

impl Regression {
    /// Fits every gene. `grouped` keeps halves apart unless folds leave donors out ([`leaves_donors_out`]).
    pub fn fit(grouped: &Grouped, scheme: &Scheme, by_donor: bool, spread: &Spread<'_>) -> Self {
        Self::fit_holding(grouped, scheme, by_donor, 0.0, spread)
    }

    /// [`Regression::fit`] with donors or lines held back at least this strongly, whatever likelihood asks for.
    pub fn fit_holding(
        grouped: &Grouped,
        scheme: &Scheme,
        by_donor: bool,
        least_identity: f64,
        spread: &Spread<'_>,
    ) -> Self {
        let pairs = pairs(grouped, scheme);
        let row_of: BTreeMap<[u32; 2], u32> = pairs.iter().enumerate().map(|(row, pair)| (*pair, row as u32)).collect();
        let mut strengths = strengths(grouped, scheme, &row_of, by_donor, spread);
        strengths.identity = strengths.identity.max(least_identity);
        let design = design(grouped, scheme, &row_of, strengths);
        let all = vec![true; grouped.len()];
        let mut fits = spread.map(grouped.genes(), |gene| design.fit(&grouped.sums(gene, &all)));
        hold_back(&mut fits, strengths.adaptive, &design, scheme, |gene| grouped.sums(gene, &all), spread);
        Self { scheme: scheme.clone(), fits, pairs, strengths, row_of, design }
    }

    /// Mean of every gene in a cell of size factor 1 with these codes [G].
    pub fn means(&self, codes: &[Option<u32>]) -> Vec<f64> {
        let values = values(&self.scheme, &self.row_of, codes);
        self.fits.iter().map(|fit| fit.mean(values.iter().copied())).collect()
    }

    /// Highest mean of a gene over the groups it was fitted to, at size factor 1.
    pub fn highest(&self, gene: usize) -> f64 {
        (0..self.design.groups).map(|group| self.design.mean(&self.fits[gene], group)).fold(0.0, f64::max)
    }

    /// Effect of a value of a kind of label on every gene [G], natural log.
    pub fn effects(&self, label: usize, value: usize) -> Vec<f64> {
        self.fits.iter().map(|fit| fit.effects[label][value]).collect()
    }

    /// Effect of a pair on every gene beyond the sum of both of its values [G], natural log.
    pub fn pair_effects(&self, pair: usize) -> Vec<f64> {
        self.effects(self.scheme.labels.len(), pair)
    }
}

#[cfg(test)]
mod tests;
