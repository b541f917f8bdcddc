//! Scores of the Virtual Cell Challenge 2026: its six metrics between a baseline and the best that can be.
//!
//! Does: scales each member so that a baseline is 0 and perfection, or a replicate of the experiment, is 1; cuts as
//! cell-eval2's policies do; the mean of the six.
//! Does not know: how metrics are computed, where baselines and replicates come from.
//! Flow: aggregates of a prediction, of a baseline and of a replicate → **score** → `evaluate`, the page.

use thiserror::Error;

use crate::referee::Values;

/// The six metrics that are scored, by their names in cell-eval2, in its order.
pub const MEMBERS: [&str; 6] = [
    "pds_cosine",
    "expr_mse_unbiased_capped_norm",
    "de_wilcoxon_lfc_nmae",
    "de_wilcoxon_direction_fidelity_yield_raw",
    "de_wilcoxon_direction_reach_raw",
    "de_wilcoxon_sig_jaccard",
];

/// What holds a score from below.
#[derive(Clone, Copy)]
enum Floor {
    /// It is cut here, and a missing metric scores this.
    At(f64),
    /// It is not cut; a missing metric scores what this value of the metric would.
    Worst(f64),
}

/// How a metric is scaled.
#[derive(Clone, Copy)]
struct Policy {
    best: f64,
    lower_is_better: bool,
    floor: Floor,
    ceiling: f64,
}

/// What cannot be scaled.
#[derive(Clone, Debug, PartialEq, Error)]
pub enum ScoreError {
    /// Not one of the six.
    #[error("{0} is not one of the six scored metrics of the challenge")]
    Member(String),
    /// One end of a scale is missing.
    #[error("{end} has no {member}; without it that metric has no scale, and a mean of fewer metrics would mislead")]
    Missing {
        /// Metric.
        member: &'static str,
        /// Baseline or replicate.
        end: &'static str,
    },
    /// The ends of a scale do not span anything.
    #[error(
        "{member} cannot be scaled from {baseline} (score 0) to {best} (score 1); the second must be the better one"
    )]
    Scale {
        /// Metric.
        member: &'static str,
        /// Value of the baseline.
        baseline: f64,
        /// Value that scores 1.
        best: f64,
    },
}

/// Scores of the six metrics.
#[derive(Clone, Debug, PartialEq)]
pub struct Score {
    /// By their names in cell-eval2.
    pub members: Values,
    /// Their mean (avg_score).
    pub average: f64,
}

/// The policy of a member, and its name as a constant.
fn policy(member: &str) -> Result<(&'static str, Policy), ScoreError> {
    let name = MEMBERS.into_iter().find(|name| *name == member).ok_or_else(|| ScoreError::Member(member.to_owned()))?;
    let error = |floor, ceiling| Policy { best: 0.0, lower_is_better: true, floor: Floor::At(floor), ceiling };
    let policy = match name {
        "expr_mse_unbiased_capped_norm" => error(0.0, 1.0),
        "de_wilcoxon_lfc_nmae" => error(-6.0, f64::INFINITY),
        _ => Policy { best: 1.0, lower_is_better: false, floor: Floor::Worst(0.0), ceiling: f64::INFINITY },
    };
    Ok((name, policy))
}

/// Score of one metric: 0 at the baseline, 1 at perfection. A value that is missing or not finite scores the least that
/// the metric can.
///
/// # Errors
/// When `member` is none of [`MEMBERS`], or the baseline is perfect or worse than that.
pub fn from_baseline(member: &str, value: Option<f64>, baseline: f64) -> Result<f64, ScoreError> {
    let (name, policy) = policy(member)?;
    scaled(name, policy, value, baseline)
}

/// Score of one metric: 0 at the baseline, 1 at a replicate of the experiment, which may be passed.
///
/// # Errors
/// When `member` is none of [`MEMBERS`], or the replicate is not better than the baseline.
pub fn from_replicate(member: &str, value: Option<f64>, baseline: f64, replicate: f64) -> Result<f64, ScoreError> {
    let (name, policy) = policy(member)?;
    scaled(name, Policy { best: replicate, ..policy }, value, baseline)
}

/// Scores of all six and their mean, from aggregates ([`super::report`]'s means): from the baseline to a replicate, or
/// to perfection where no replicate is given. The challenge averages the former.
///
/// # Errors
/// When the baseline or the replicate lacks a metric or they do not span a scale.
pub fn score(values: &Values, baseline: &Values, replicate: Option<&Values>) -> Result<Score, ScoreError> {
    let mut members = Values::new();
    for member in MEMBERS {
        let end = |values: &Values, end| values.get(member).copied().ok_or(ScoreError::Missing { member, end });
        let (value, base) = (values.get(member).copied(), end(baseline, "the baseline")?);
        let score = match replicate {
            Some(replicate) => from_replicate(member, value, base, end(replicate, "the replicate")?)?,
            None => from_baseline(member, value, base)?,
        };
        members.insert(member, score);
    }
    let average = members.values().sum::<f64>() / MEMBERS.len() as f64;
    Ok(Score { members, average })
}

fn scaled(member: &'static str, policy: Policy, value: Option<f64>, baseline: f64) -> Result<f64, ScoreError> {
    let Policy { best, lower_is_better, floor, ceiling } = policy;
    let span = if lower_is_better { baseline - best } else { best - baseline };
    // In cell-eval2's order of operations.
    let score = |value: f64| {
        if lower_is_better { 1.0 - (value - best) / span } else { (value - baseline) / span }
    };
    let least = match floor {
        Floor::At(floor) => floor,
        Floor::Worst(worst) if worst < best => score(worst),
        Floor::Worst(_) => f64::NAN,
    };
    let spans = span.is_finite() && span > 0.0 && least.is_finite();
    if !spans {
        return Err(ScoreError::Scale { member, baseline, best });
    }
    let score = value.map(score).filter(|score| score.is_finite()).unwrap_or(least);
    Ok(match floor {
        Floor::At(floor) => score.clamp(floor, ceiling),
        Floor::Worst(_) => score.min(ceiling),
    })
}
