//! The public referee's metrics of predicted perturbations (cell-eval; PAPER.md section 11).
//!
//! Does: every metric of cell-eval but clustering agreement, under its names, for each perturbation and as means; the
//! score of seven of them over a baseline. Agrees with cell-eval itself to rounding (`tests/referee.rs`).
//! Does not know: models, files, which cells are predictions.
//! Flow: measured and predicted cells by perturbation → **report** → `evaluate`, the page.

pub mod challenge;
pub mod effects;
pub mod shifts;

use std::collections::BTreeMap;

use rand_chacha::ChaCha8Rng;
use rand_core::{RngCore, SeedableRng};
use thiserror::Error;

use crate::de::{DeError, GeneShift, compare};
use crate::metrics::{effect, mean_absolute_error, pearson, pearson_delta};
use crate::normalise::Normalised;
use effects::{Distance, discrimination, energy_distances, mean_squared_error};
use shifts::Convention;

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
    /// Cells cannot be compared.
    #[error("{name}: {source}")]
    Cells {
        /// Perturbation.
        name: String,
        /// Why.
        source: DeError,
    },
}

/// Everything about one side that metrics need.
struct Digest {
    bulks: Vec<Vec<f64>>,
    effects: Vec<Vec<f64>>,
    shifts: Vec<Vec<GeneShift>>,
    energies: Vec<f64>,
}

impl Digest {
    fn new(side: &Side, convention: Convention) -> Result<Self, RefereeError> {
        let control = side.control.mean();
        let bulks: Vec<Vec<f64>> = side.perturbed.values().map(Normalised::mean).collect();
        let mut tables = side
            .perturbed
            .iter()
            .map(|(name, cells)| {
                compare(&side.control, cells).map_err(|source| RefereeError::Cells { name: name.clone(), source })
            })
            .collect::<Result<Vec<_>, _>>()?;
        shifts::apply(convention, &mut tables);
        Ok(Self {
            effects: bulks.iter().map(|bulk| effect(bulk, &control)).collect(),
            bulks,
            shifts: tables,
            energies: energy_distances(side.perturbed.values(), &side.control),
        })
    }
}

/// Refuses sides that do not have the same perturbations.
fn check(real: &Side, predicted: &Side, genes: &[String]) -> Result<(), RefereeError> {
    let only = |a: &Side, b: &Side| a.perturbed.keys().find(|name| !b.perturbed.contains_key(*name)).cloned();
    if let Some(name) = only(real, predicted) {
        return Err(RefereeError::Perturbation { name, side: "measured" });
    }
    if let Some(name) = only(predicted, real) {
        return Err(RefereeError::Perturbation { name, side: "predicted" });
    }
    if real.perturbed.is_empty() {
        return Err(RefereeError::Nothing);
    }
    if genes.len() != real.control.genes() {
        return Err(RefereeError::Genes { names: genes.len(), genes: real.control.genes() });
    }
    Ok(())
}

/// Scores predicted against measured cells. `genes` are the gene symbols [G]: a perturbation that bears a gene's name
/// is not told apart by that gene.
///
/// # Errors
/// When the sides differ in genes or perturbations, or one has no cells.
pub fn referee(
    real: &Side,
    predicted: &Side,
    genes: &[String],
    convention: Convention,
) -> Result<Report, RefereeError> {
    check(real, predicted, genes)?;
    let names: Vec<&String> = real.perturbed.keys().collect();
    let targets: Vec<Option<usize>> = names.iter().map(|name| genes.iter().position(|gene| gene == *name)).collect();
    let (real, predicted) = (Digest::new(real, convention)?, Digest::new(predicted, convention)?);
    let discriminated = [
        ("discrimination_score_l1", Distance::L1),
        ("discrimination_score_l2", Distance::L2),
        ("discrimination_score_cosine", Distance::Cosine),
    ]
    .map(|(name, distance)| (name, discrimination(&real.effects, &predicted.effects, &targets, distance)));
    let mut report = Report::default();
    for (place, name) in names.iter().enumerate() {
        let mut values = Values::new();
        values.insert("pearson_delta", pearson_delta(&real.effects[place], &predicted.effects[place]));
        values.insert("mae", mean_absolute_error(&real.bulks[place], &predicted.bulks[place]));
        values.insert("mse", mean_squared_error(&real.bulks[place], &predicted.bulks[place]));
        values.insert("mae_delta", mean_absolute_error(&real.effects[place], &predicted.effects[place]));
        values.insert("mse_delta", mean_squared_error(&real.effects[place], &predicted.effects[place]));
        values.extend(discriminated.iter().map(|(name, scores)| (*name, scores[place])));
        values.extend(of_shifts(&real.shifts[place], &predicted.shifts[place]));
        report.perturbations.insert((*name).clone(), values);
    }
    report.mean = means(&report.perturbations);
    let significant =
        |tables: &[Vec<GeneShift>]| -> Vec<usize> { tables.iter().map(|table| shifts::significant(table)).collect() };
    report.mean.insert("de_spearman_sig", shifts::counts(&significant(&real.shifts), &significant(&predicted.shifts)));
    report.mean.insert("pearson_edistance", pearson(&real.energies, &predicted.energies));
    Ok(report)
}

/// Metrics of one perturbation's differential expression.
fn of_shifts(real: &[GeneShift], predicted: &[GeneShift]) -> Values {
    const OVERLAPS: [&str; 4] = ["overlap_at_50", "overlap_at_100", "overlap_at_200", "overlap_at_500"];
    const PRECISIONS: [&str; 4] = ["precision_at_50", "precision_at_100", "precision_at_200", "precision_at_500"];
    let mut values = Values::from([
        ("overlap_at_N", shifts::overlap(real, predicted, None)),
        ("precision_at_N", shifts::precision(real, predicted, None)),
        ("de_nsig_counts_real", shifts::significant(real) as f64),
        ("de_nsig_counts_pred", shifts::significant(predicted) as f64),
    ]);
    for ((overlap, precision), top) in OVERLAPS.iter().zip(PRECISIONS).zip(TOPS) {
        values.insert(overlap, shifts::overlap(real, predicted, Some(top)));
        values.insert(precision, shifts::precision(real, predicted, Some(top)));
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
fn means(perturbations: &BTreeMap<String, Values>) -> Values {
    let mut sums: BTreeMap<&'static str, (f64, f64)> = BTreeMap::new();
    for (name, value) in perturbations.values().flatten().filter(|(_, value)| !value.is_nan()) {
        let (sum, count) = sums.entry(name).or_default();
        *sum += value;
        *count += 1.0;
    }
    sums.into_iter().map(|(name, (sum, count))| (name, sum / count)).collect()
}

/// 95 % intervals of the means: percentiles over resampled perturbations. A metric that fewer than three perturbations
/// have is left out, and so are those of all perturbations together.
pub fn intervals(report: &Report, seed: u64) -> BTreeMap<&'static str, (f64, f64)> {
    let mut lists: BTreeMap<&'static str, Vec<f64>> = BTreeMap::new();
    for (name, value) in report.perturbations.values().flatten().filter(|(_, value)| !value.is_nan()) {
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
