//! The public referee's metrics of predicted perturbations (cell-eval; PAPER.md section 11).
//!
//! Does: every metric of cell-eval but clustering agreement, under its names, for each perturbation and as means; the
//! score of seven of them over a baseline. Agrees with cell-eval itself to rounding (`tests/referee.rs`).
//! Does not know: models, files, which cells are predictions.
//! Flow: measured and predicted cells by perturbation → **report** → `evaluate`, the page.

pub mod ceiling;
pub mod challenge;
pub mod effects;
pub mod shifts;

use std::borrow::Cow;
use std::collections::BTreeMap;

use rand_chacha::ChaCha8Rng;
use rand_core::{RngCore, SeedableRng};
use thiserror::Error;

use crate::de::{Control, DeError};
use crate::metrics::{effect, mean_absolute_error, pearson, pearson_delta};
use crate::normalise::Normalised;
use crate::spread::Spread;
use effects::{Distance, discrimination, energy_distance, mean_distance, mean_squared_error};
use shifts::{Convention, Shift, Strongest};

/// Numbers of strongest genes that are looked at besides all of them.
pub const TOPS: [usize; 4] = [50, 100, 200, 500];
/// The seven metrics that a score is made of, and whether 0 is their best value.
pub const SCORED: [(&str, bool); 7] = [
    ("overlap_at_N", false),
    ("discrimination_score_l1", false),
    ("mae", true),
    ("de_spearman_sig", false),
    ("de_spearman_lfc_sig", false),
    ("pr_auc", false),
    ("pearson_delta", false),
];

/// Resamples of an interval.
const RESAMPLES: usize = 1000;

/// Cells of one side, log-normalised over the whole side (the referee takes each side's own median library size).
#[derive(Clone, Debug)]
pub struct Side {
    /// Control cells.
    pub control: Normalised,
    /// Cells of every perturbation by name.
    pub perturbed: BTreeMap<String, Normalised>,
}

/// Metrics by their names in cell-eval; a metric that does not exist for a perturbation is left out.
pub type Values = BTreeMap<&'static str, f64>;

/// What the referee says.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Report {
    /// Metrics of every perturbation.
    pub perturbations: BTreeMap<String, Values>,
    /// Means over the perturbations that have a metric, and the metrics of all perturbations together.
    pub mean: Values,
}

/// Sides that cannot be compared.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum RefereeError {
    /// One side lacks a perturbation of the other.
    #[error("the perturbation {name} has {side} cells only; the referee needs both measured and predicted ones")]
    Perturbation {
        /// Its name.
        name: String,
        /// The side that has it.
        side: &'static str,
    },
    /// There is nothing to score.
    #[error("there is no perturbation besides the control; nothing can be scored")]
    Nothing,
    /// The number of gene names is not that of the cells' genes.
    #[error("{names} gene names stand against {genes} genes of the cells")]
    Genes {
        /// Names.
        names: usize,
        /// Genes.
        genes: usize,
    },
    /// Cells that were to be made for a perturbation could not be.
    #[error("no cells could be made for {name}: {reason}")]
    NotMade {
        /// Perturbation.
        name: String,
        /// Why.
        reason: String,
    },
    /// Cells cannot be compared.
    #[error("{name}: {source}")]
    Cells {
        /// Perturbation.
        name: String,
        /// Why.
        source: DeError,
    },
}

/// How cells are scored.
#[derive(Clone, Copy, Default)]
pub struct Rules<'a> {
    /// How tests are corrected.
    pub convention: Convention,
    /// Leaves out the energy distance, which looks at all pairs of cells.
    pub without_energy: bool,
    /// Who runs the perturbations.
    pub spread: Spread<'a>,
}

/// Everything about one side that metrics need: some numbers for every gene and perturbation, no cells.
#[derive(Clone, Debug)]
pub struct Digest {
    names: Vec<String>,
    bulks: Vec<Vec<f64>>,
    effects: Vec<Vec<f64>>,
    shifts: Vec<Vec<Shift>>,
    energies: Vec<f64>,
}

impl Digest {
    /// Means, effects and tests of every perturbation.
    ///
    /// # Errors
    /// When there are no control cells, or no cells of a perturbation.
    pub fn new(side: &Side, rules: Rules<'_>) -> Result<Self, RefereeError> {
        let groups: Vec<&Normalised> = side.perturbed.values().collect();
        let names = side.perturbed.keys().cloned().collect();
        Self::made(&side.control, names, rules, |place| Ok(Cow::Borrowed(groups[place])))
    }

    /// The same of perturbations whose cells are made one at a time, in parallel, and forgotten: moved cells are dense
    /// and all of them would not fit.
    ///
    /// # Errors
    /// As [`Digest::new`], and those of `cells`, which makes the cells of the perturbation at a place of `names`.
    pub fn made<'a>(
        control: &Normalised,
        names: Vec<String>,
        rules: Rules<'_>,
        cells: impl Fn(usize) -> Result<Cow<'a, Normalised>, RefereeError> + Sync,
    ) -> Result<Self, RefereeError> {
        let refused = |name: &str, source| RefereeError::Cells { name: name.to_owned(), source };
        let ready = Control::new(control).map_err(|source| refused("the control", source))?;
        let mean = control.mean();
        let own = if rules.without_energy { None } else { Some(mean_distance(control, control, rules.spread)) };
        let work = |place: usize| {
            let group = cells(place)?;
            let table = ready.compare(&group).map_err(|source| refused(&names[place], source))?;
            let energy = own.map(|own| energy_distance(&group, control, own, rules.spread));
            Ok((group.mean(), (shifts::kept(rules.convention, &table), energy)))
        };
        let found = rules.spread.map(names.len(), work).into_iter().collect::<Result<Vec<_>, RefereeError>>()?;
        let (bulks, rest): (Vec<Vec<f64>>, Vec<_>) = found.into_iter().unzip();
        let (kept, energies): (Vec<_>, Vec<Option<f64>>) = rest.into_iter().unzip();
        Ok(Self {
            names,
            effects: bulks.iter().map(|bulk| effect(bulk, &mean)).collect(),
            bulks,
            shifts: shifts::correct(rules.convention, kept),
            energies: energies.into_iter().flatten().collect(),
        })
    }

    /// The named perturbations alone; q-values stay those of all.
    pub fn only(&self, wanted: impl Fn(&str) -> bool) -> Self {
        let kept: Vec<usize> = (0..self.names.len()).filter(|place| wanted(&self.names[*place])).collect();
        fn chosen<T: Clone>(kept: &[usize], list: &[T]) -> Vec<T> {
            kept.iter().filter_map(|place| list.get(*place).cloned()).collect()
        }
        Self {
            names: chosen(&kept, &self.names),
            bulks: chosen(&kept, &self.bulks),
            effects: chosen(&kept, &self.effects),
            shifts: chosen(&kept, &self.shifts),
            energies: chosen(&kept, &self.energies),
        }
    }

    /// Perturbations, in the order of every list.
    pub fn names(&self) -> &[String] {
        &self.names
    }

    /// Mean log-normalised expression of every perturbation [perturbations][G].
    pub fn bulks(&self) -> &[Vec<f64>] {
        &self.bulks
    }

    /// Perturbed minus control mean of every perturbation [perturbations][G].
    pub fn effects(&self) -> &[Vec<f64>] {
        &self.effects
    }

    /// Tests of every perturbation by the convention [perturbations][G].
    pub fn shifts(&self) -> &[Vec<Shift>] {
        &self.shifts
    }
}

/// Refuses sides that do not have the same perturbations or genes.
fn check(real: &Digest, predicted: &Digest, genes: &[String]) -> Result<(), RefereeError> {
    let only = |a: &Digest, b: &Digest| a.names.iter().find(|name| !b.names.contains(name)).cloned();
    if let Some(name) = only(real, predicted) {
        return Err(RefereeError::Perturbation { name, side: "measured" });
    }
    if let Some(name) = only(predicted, real) {
        return Err(RefereeError::Perturbation { name, side: "predicted" });
    }
    if real.names.is_empty() {
        return Err(RefereeError::Nothing);
    }
    match real.bulks.iter().chain(&predicted.bulks).find(|bulk| bulk.len() != genes.len()) {
        Some(bulk) => Err(RefereeError::Genes { names: genes.len(), genes: bulk.len() }),
        None => Ok(()),
    }
}

/// Scores predicted against measured cells. `genes` are the gene symbols [G]: a perturbation that bears a gene's name
/// is not told apart by that gene.
///
/// # Errors
/// When the sides differ in genes or perturbations, or one has no cells.
pub fn referee(real: &Side, predicted: &Side, genes: &[String], rules: Rules<'_>) -> Result<Report, RefereeError> {
    report(&Digest::new(real, rules)?, &Digest::new(predicted, rules)?, genes, rules.spread)
}

/// [`referee`] of sides that were digested before.
///
/// # Errors
/// When the sides differ in genes or perturbations.
pub fn report(real: &Digest, predicted: &Digest, genes: &[String], spread: Spread<'_>) -> Result<Report, RefereeError> {
    check(real, predicted, genes)?;
    let targets: Vec<Option<usize>> =
        real.names.iter().map(|name| genes.iter().position(|gene| gene == name)).collect();
    let discriminated = [
        ("discrimination_score_l1", Distance::L1),
        ("discrimination_score_l2", Distance::L2),
        ("discrimination_score_cosine", Distance::Cosine),
    ]
    .map(|(name, distance)| (name, discrimination(&real.effects, &predicted.effects, &targets, distance, spread)));
    let of_one = |place: usize| {
        let mut values = Values::from([
            ("pearson_delta", pearson_delta(&real.effects[place], &predicted.effects[place])),
            ("mae", mean_absolute_error(&real.bulks[place], &predicted.bulks[place])),
            ("mse", mean_squared_error(&real.bulks[place], &predicted.bulks[place])),
            ("mae_delta", mean_absolute_error(&real.effects[place], &predicted.effects[place])),
            ("mse_delta", mean_squared_error(&real.effects[place], &predicted.effects[place])),
        ]);
        values.extend(discriminated.iter().map(|(name, scores)| (*name, scores[place])));
        values.extend(of_shifts(&real.shifts[place], &predicted.shifts[place]));
        values
    };
    let values = spread.map(real.names.len(), of_one);
    let mut report = Report { perturbations: real.names.iter().cloned().zip(values).collect(), ..Report::default() };
    report.mean = means(report.perturbations.values());
    let significant =
        |tables: &[Vec<Shift>]| -> Vec<usize> { tables.iter().map(|table| shifts::significant(table)).collect() };
    report.mean.insert("de_spearman_sig", shifts::counts(&significant(&real.shifts), &significant(&predicted.shifts)));
    if !real.energies.is_empty() && !predicted.energies.is_empty() {
        report.mean.insert("pearson_edistance", pearson(&real.energies, &predicted.energies));
    }
    Ok(report)
}

/// Metrics of one perturbation's differential expression.
fn of_shifts(real: &[Shift], predicted: &[Shift]) -> Values {
    const OVERLAPS: [&str; 4] = ["overlap_at_50", "overlap_at_100", "overlap_at_200", "overlap_at_500"];
    const PRECISIONS: [&str; 4] = ["precision_at_50", "precision_at_100", "precision_at_200", "precision_at_500"];
    let strongest = Strongest::new(real, predicted);
    let mut values = Values::from([
        ("overlap_at_N", strongest.overlap(None)),
        ("precision_at_N", strongest.precision(None)),
        ("de_nsig_counts_real", shifts::significant(real) as f64),
        ("de_nsig_counts_pred", shifts::significant(predicted) as f64),
    ]);
    for ((overlap, precision), top) in OVERLAPS.iter().zip(PRECISIONS).zip(TOPS) {
        values.insert(overlap, strongest.overlap(Some(top)));
        values.insert(precision, strongest.precision(Some(top)));
    }
    let optional = [
        ("de_direction_match", shifts::direction(real, predicted)),
        ("de_spearman_lfc_sig", shifts::fold_changes(real, predicted)),
        ("de_sig_genes_recall", shifts::recall(real, predicted)),
        ("pr_auc", shifts::precision_recall_area(real, predicted)),
        ("roc_auc", shifts::roc_area(real, predicted)),
    ];
    values.extend(optional.into_iter().filter_map(|(name, value)| Some((name, value?))));
    values
}

/// Means of every metric over the perturbations that have it.
pub fn means<'a>(units: impl IntoIterator<Item = &'a Values>) -> Values {
    let mut sums: BTreeMap<&'static str, (f64, f64)> = BTreeMap::new();
    for (name, value) in units.into_iter().flatten().filter(|(_, value)| !value.is_nan()) {
        let (sum, count) = sums.entry(name).or_default();
        *sum += value;
        *count += 1.0;
    }
    sums.into_iter().map(|(name, (sum, count))| (name, sum / count)).collect()
}

/// 95 % intervals of the means: percentiles over resampled units (perturbations, or those of several contexts). A
/// metric that fewer than three units have is left out, and so are those of all perturbations together.
pub fn intervals<'a>(units: impl IntoIterator<Item = &'a Values>, seed: u64) -> BTreeMap<&'static str, (f64, f64)> {
    let mut lists: BTreeMap<&'static str, Vec<f64>> = BTreeMap::new();
    for (name, value) in units.into_iter().flatten().filter(|(_, value)| !value.is_nan()) {
        lists.entry(name).or_default().push(*value);
    }
    let mut generator = ChaCha8Rng::seed_from_u64(seed);
    let mut interval = |values: &Vec<f64>| {
        let n = values.len() as u64;
        // Multiply-shift: a bias below n / 2³² of a share.
        let mut one = || values[((u64::from(generator.next_u32()) * n) >> 32) as usize];
        let mut means: Vec<f64> = (0..RESAMPLES).map(|_| (0..n).map(|_| one()).sum::<f64>() / n as f64).collect();
        means.sort_by(f64::total_cmp);
        (means[RESAMPLES / 40], means[RESAMPLES - 1 - RESAMPLES / 40])
    };
    lists.iter().filter(|(_, values)| values.len() >= 3).map(|(name, values)| (*name, interval(values))).collect()
}

/// Score over a baseline: mean of seven metrics, each rescaled so that the baseline is 0 and a perfect prediction 1,
/// cut at 0. A metric that either side lacks counts 0, as the referee has it.
pub fn score(model: &Values, baseline: &Values) -> f64 {
    let of_metric = |(name, zero_is_best): &(&str, bool)| {
        let (Some(own), Some(base)) = (model.get(name), baseline.get(name)) else { return 0.0 };
        let scaled = if *zero_is_best { (base - own) / base } else { (own - base) / (1.0 - base) };
        if scaled.is_finite() { scaled.max(0.0) } else { 0.0 }
    };
    SCORED.iter().map(of_metric).sum::<f64>() / SCORED.len() as f64
}
