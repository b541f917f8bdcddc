//! Can generated cells be told from measured ones?
//!
//! Does: the area under the ROC curve of a logistic regression that learns to tell the two apart, on cells that it did
//! not see.
//! Does not know: how coordinates were made.
//! Flow: components of both sides, fitted on both together → folds → **area**.
//!
//! 0.5 means that a straight cut through these components does no better than chance; it does not mean that nothing
//! could. Two halves of the measured cells give the value to compare with: with few cells it scatters around 0.5, below
//! it too.

use super::error::PopulationError;
use super::folds::{held_out_probabilities, stratified_folds};
use super::points::Points;
use crate::metrics::roc_area;

/// How well two sides can be told apart.
#[derive(Clone, Debug, PartialEq)]
pub struct Told {
    /// Mean area under the ROC curve over the folds, from 0.5 (chance) to 1 (always).
    pub area: f64,
    /// Area of every fold.
    pub folds: Vec<f64>,
}

/// Tells `generated` [m, dimensions] from `real` points [n, dimensions] by logistic regression with the inverse penalty
/// `c` (1 is scikit-learn's), cross-validated over `folds` folds that the seed deals out.
///
/// # Errors
/// When the sides have different dimensions, a side has fewer cells than folds, or a fit fails.
pub fn discriminate(real: Points, generated: Points, c: f64, folds: usize, seed: u64) -> Result<Told, PopulationError> {
    real.same_space(generated.dimensions())?;
    let cells = real.len().min(generated.len());
    if folds > cells {
        return Err(PopulationError::Folds { folds, cells });
    }
    let both = [real.values(), generated.values()].concat();
    let labels: Vec<usize> = (0..real.len() + generated.len()).map(|cell| usize::from(cell >= real.len())).collect();
    let fold_of = stratified_folds(&labels, folds, seed)?;
    discriminate_over(Points::new(&both, real.dimensions())?, &labels, &fold_of, c)
}

/// The same on given folds: points of both sides [n, dimensions], 0 or 1 for the side of each, and its fold 0, 1 ….
/// Areas are taken fold by fold, as probabilities of different fits do not compare (scikit-learn's `cross_val_score`).
///
/// # Errors
/// When there is not one side and one fold per point, a fold lacks a side, or a fit fails.
pub fn discriminate_over(points: Points, sides: &[usize], fold_of: &[usize], c: f64) -> Result<Told, PopulationError> {
    let probabilities = held_out_probabilities(points, sides, 2, fold_of, c)?;
    let of_fold = |fold: usize| {
        let own = (0..points.len()).filter(|point| fold_of[*point] == fold);
        let scored = own.map(|point| (probabilities[2 * point + 1], sides[point] == 1)).collect();
        roc_area(scored).ok_or(PopulationError::OneSided(fold))
    };
    let last = fold_of.iter().max().map_or(0, |last| last + 1);
    let folds = (0..last).map(of_fold).collect::<Result<Vec<f64>, _>>()?;
    Ok(Told { area: folds.iter().sum::<f64>() / folds.len() as f64, folds })
}
