//! Averages of weights of any width, after training.
//!
//! Does: combines the averages that a run's checkpoints hold (several widths, several steps) into the average of a
//! width that was not kept, by least squares between power functions (Karras et al. 2024, appendix C).
//! Does not know: how averages are made (`optimise`), bundles.
//! Flow: checkpoints → **average of a chosen width** → export.
//!
//! The average of width σ at step t weighs the weights of step τ by τ^γ up to t. Such profiles span each other well,
//! so few snapshots give any width between the kept ones.

use std::path::Path;

use anyhow::{Context, Result, ensure};
use burn::tensor::{Device, Tensor};
use faer::linalg::solvers::Solve;
use faer::{Col, Mat};
use model::config::ModelConfig;
use model::network::Network;

use crate::checkpoint;
use crate::optimise::ema_power;

/// Share of the diagonal that is added to it: nearly equal snapshots must not cancel each other with large weights.
const RIDGE: f64 = 1e-9;

/// A power-function profile: steps, and γ.
type Profile = (f64, f64);

/// ∫ of the product of two normalised profiles.
fn overlap((t_a, gamma_a): Profile, (t_b, gamma_b): Profile) -> f64 {
    let exponent = if t_a < t_b { gamma_b } else { -gamma_a };
    let shared = (gamma_a + 1.0) * (gamma_b + 1.0) * (t_a / t_b).powf(exponent);
    shared / ((gamma_a + gamma_b + 1.0) * t_a.max(t_b))
}

/// Weights of the profiles whose sum is nearest to the wanted one; they sum to 1.
fn weights(profiles: &[Profile], wanted: Profile) -> Vec<f64> {
    let n = profiles.len();
    let ridge = |i: usize, j: usize| if i == j { 1.0 + RIDGE } else { 1.0 };
    let gram = Mat::from_fn(n, n, |i, j| overlap(profiles[i], profiles[j]) * ridge(i, j));
    let target = Col::from_fn(n, |i| overlap(profiles[i], wanted));
    let solution = gram.full_piv_lu().solve(&target);
    let sum: f64 = solution.iter().sum();
    solution.iter().map(|weight| weight / sum).collect()
}

/// The average of width `width` at the newest checkpoint of a run whose recipe keeps `kept` widths.
///
/// # Errors
/// When no checkpoint can be read, or the width is none that a power function has.
pub fn synthesise(run: &Path, config: &ModelConfig, kept: &[f64], width: f64, device: &Device) -> Result<Network> {
    ensure!((0.001..0.28).contains(&width), "--ema {width} must be from 0.001 to 0.28");
    let newest = checkpoint::load(run, config, device)?;
    let wanted = (newest.position.step as f64, ema_power(width));
    let mut checkpoints = vec![newest];
    for path in checkpoint::all(run) {
        // A damaged older one is one snapshot less.
        if let Ok(own) = checkpoint::load_file(&path, config, device) {
            let known = checkpoints.iter().any(|other| other.position.step == own.position.step);
            if !known && (own.position.step as f64) < wanted.0 {
                checkpoints.push(own);
            }
        }
    }
    let snapshots: Vec<(Profile, &Network)> = checkpoints
        .iter()
        .flat_map(|own| {
            let step = own.position.step as f64;
            kept.iter().zip(&own.averages).map(move |(kept, network)| ((step, ema_power(*kept)), network))
        })
        .collect();
    let shares = weights(&snapshots.iter().map(|(profile, _)| *profile).collect::<Vec<_>>(), wanted);
    combined(&snapshots.iter().map(|(_, network)| *network).collect::<Vec<_>>(), &shares)
}

/// Weighted sum of networks of the same sizes.
fn combined(networks: &[&Network], shares: &[f64]) -> Result<Network> {
    let parameters: Vec<Vec<(String, Tensor<2>)>> = networks.iter().map(|network| network.parameters()).collect();
    let first = *networks.first().context("the run has no averages")?;
    let mut place = 0;
    Ok(first.clone().map(|_, tensor| {
        let parts = parameters.iter().zip(shares).map(|(own, share)| own[place].1.clone().mul_scalar(*share));
        let sum = parts.reduce(|sum, part| sum + part).unwrap_or(tensor);
        place += 1;
        sum
    }))
}

#[cfg(test)]
mod tests {
    use super::{overlap, weights};
    use crate::optimise::ema_power;

    #[test]
    fn overlaps_are_the_integrals() {
        // Profiles of γ = 1 at t = 2 and γ = 2 at t = 1: ∫₀¹ (2τ/4)(3τ²) dτ = 3/8.
        assert!((overlap((2.0, 1.0), (1.0, 2.0)) - 0.375).abs() < 1e-12);
        assert!((overlap((1.0, 2.0), (2.0, 1.0)) - 0.375).abs() < 1e-12);
    }

    #[test]
    fn a_width_that_was_kept_is_taken_as_it_is() {
        let kept = [(1000.0, ema_power(0.05)), (1000.0, ema_power(0.1)), (500.0, ema_power(0.1))];
        let found = weights(&kept, kept[1]);
        for (share, expected) in found.iter().zip([0.0, 1.0, 0.0]) {
            // The ridge moves a billionth, the solution of a nearly singular system a little more.
            assert!((share - expected).abs() < 1e-4, "{found:?}");
        }
    }
}
