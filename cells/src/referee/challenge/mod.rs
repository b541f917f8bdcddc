//! The six metrics of the Virtual Cell Challenge 2026 (cell-eval2 0.20, preset vcc2026).
//!
//! Does: every scored metric under its name in cell-eval2, for each perturbation and over all, from counts of both
//! sides; the three diagnostics that one of them is made of; refuses what cell-eval2 refuses. Agrees with cell-eval2
//! itself to rounding (`tests/challenge.rs`).
//! Does not know: models, files, threads; how baselines and replicates are made.
//! Flow: counts of measured and predicted cells → `digest` of each group → **report** → `scoring`.
//!
//! Predicted cells are compared with the measured control cells (control_source "real"): predicted controls are not
//! looked at. Genes are tested as cell-eval2 does with pdex, its engine without a GPU; gpudge, its engine with one, has
//! the same formulas on f32 values. Without either it falls back to scanpy's test, which has no correction for
//! continuity and gives other numbers; that is not followed here.

mod agreement;
mod digest;
mod directions;
mod discrimination;
mod error;
mod expression;
mod genes;
mod sampling;
pub mod scoring;

use std::collections::BTreeMap;

use super::{Report, Values};
use crate::counts::Counts;
pub use digest::{Control, Digest, digest};
pub use error::{ChallengeError, MOST_COUNTS};
pub use genes::{GATE, GeneTest};

/// Counts of all cells that are judged, on one panel of genes.
#[derive(Clone, Debug)]
pub struct Sides {
    /// Measured control cells.
    pub control: Counts,
    /// Measured cells of every perturbation by name.
    pub real: BTreeMap<String, Counts>,
    /// Predicted cells of the same perturbations.
    pub predicted: BTreeMap<String, Counts>,
}

/// Judges all perturbations one after the other. `genes` are the gene symbols [G]: a perturbation that bears a gene's
/// name targets that gene. The same as [`digest()`] of each group and [`report`], which a caller may run in parallel.
///
/// # Errors
/// As [`Control::new`], [`digest()`] and [`report`].
pub fn judge(sides: &Sides, genes: &[String]) -> Result<Report, ChallengeError> {
    let control = Control::new(&sides.control, genes)?;
    let digests = |groups: &BTreeMap<String, Counts>| -> Result<Vec<Digest>, ChallengeError> {
        groups.iter().map(|(name, cells)| digest(&control, name, cells)).collect()
    };
    report(&control, &digests(&sides.real)?, &digests(&sides.predicted)?)
}

/// Metrics of all perturbations, from digests against the same control in any order. A metric that cell-eval2 leaves
/// out or calls NaN for a perturbation is left out. [`Report::mean`] holds the aggregates: means over the perturbations
/// that have a metric, and for `expr_mse_unbiased_capped_norm` the ratio of two sums.
///
/// # Errors
/// When the sides differ in perturbations, there is none, digests do not fit the control, none or all genes are
/// targets, or there is no measured effect beyond noise.
pub fn report(control: &Control, real: &[Digest], predicted: &[Digest]) -> Result<Report, ChallengeError> {
    let (real, predicted) = (by_name(control, real)?, by_name(control, predicted)?);
    let only = |a: &BTreeMap<&str, &Digest>, b: &BTreeMap<&str, &Digest>| {
        a.keys().find(|name| !b.contains_key(*name)).map(|name| (*name).to_owned())
    };
    if let Some(name) = only(&real, &predicted) {
        return Err(ChallengeError::Perturbation { name, side: "measured" });
    }
    if let Some(name) = only(&predicted, &real) {
        return Err(ChallengeError::Perturbation { name, side: "predicted" });
    }
    let pairs: Vec<(&Digest, &Digest)> = real.values().copied().zip(predicted.values().copied()).collect();
    let left_out = targets(control, &pairs)?;
    let bulks: Vec<(&[f64], &[f64])> =
        pairs.iter().map(|(real, own)| (real.bulk.means.as_slice(), own.bulk.means.as_slice())).collect();
    let discriminated = discrimination::discrimination(&bulks, &control.bulk.means, &left_out);
    let of_bulks: Vec<expression::Pair> = pairs
        .iter()
        .map(|(real, own)| expression::Pair { real: &real.bulk, predicted: &own.bulk, target: real.target })
        .collect();
    let errors = expression::errors(&of_bulks, &control.bulk);
    let mut report = Report::default();
    for (((real, own), discriminated), errors) in pairs.iter().zip(discriminated).zip(&errors) {
        let pair = agreement::Pair { real: &real.tests, predicted: &own.tests, own: control.own_place(real) };
        let optional = [
            ("pds_cosine", Some(discriminated)),
            ("expr_mse_unbiased", Some(errors.unbounded)),
            ("expr_mse_unbiased_capped", Some(errors.bounded)),
            ("expr_distance_unbiased", Some(errors.distance)),
            ("de_wilcoxon_lfc_nmae", agreement::fold_change_error(pair)),
            ("de_wilcoxon_direction_fidelity_yield_raw", directions::fidelity_yield(pair)),
            ("de_wilcoxon_direction_reach_raw", directions::reach(pair, control.name_ranks())),
            ("de_wilcoxon_sig_jaccard", Some(agreement::jaccard(pair))),
        ];
        let values: Values = optional.into_iter().filter_map(|(name, value)| Some((name, value?))).collect();
        report.perturbations.insert(real.name.clone(), values);
    }
    report.mean = super::means(report.perturbations.values());
    let ratio = expression::ratio(&errors).ok_or(ChallengeError::NoEffect)?;
    report.mean.insert("expr_mse_unbiased_capped_norm", ratio);
    Ok(report)
}

/// Digests by name.
fn by_name<'a>(control: &Control, digests: &'a [Digest]) -> Result<BTreeMap<&'a str, &'a Digest>, ChallengeError> {
    let mut named = BTreeMap::new();
    for digest in digests {
        let sizes = (digest.bulk.means.len(), digest.tests.len());
        if sizes != (control.bulk.means.len(), control.tested().len()) {
            return Err(ChallengeError::OtherControl(digest.name.clone()));
        }
        if named.insert(digest.name.as_str(), digest).is_some() {
            return Err(ChallengeError::TwicePerturbation(digest.name.clone()));
        }
    }
    Ok(named)
}

/// Marks the genes that some perturbation targets [G].
fn targets(control: &Control, pairs: &[(&Digest, &Digest)]) -> Result<Vec<bool>, ChallengeError> {
    if pairs.is_empty() {
        return Err(ChallengeError::Nothing);
    }
    let mut marked = vec![false; control.bulk.means.len()];
    pairs.iter().filter_map(|(real, _)| real.target).for_each(|gene| marked[gene] = true);
    if !marked.contains(&true) {
        return Err(ChallengeError::Targets { perturbations: pairs.len(), tested: "" });
    }
    if pairs.iter().all(|(real, _)| control.own_place(real).is_none()) {
        let tested = " that is tested (more than 5 counts per million in the control cells)";
        return Err(ChallengeError::Targets { perturbations: pairs.len(), tested });
    }
    if !marked.contains(&false) {
        return Err(ChallengeError::AllTargets(marked.len()));
    }
    Ok(marked)
}
