//! Cross-validation: every cell is judged by a fit that did not see it.
//!
//! Does: deals cells over folds, class by class; class probabilities of every cell from the fit on the other folds.
//! Does not know: what the classes are.
//! Flow: points and classes → **held-out probabilities** → accuracy of the classifier, discriminator.

use super::error::PopulationError;
use super::logistic::Logistic;
use super::points::Points;
use crate::baselines::shuffled;

/// Fold 0 … `folds` − 1 of every cell, at random by the seed; folds differ by at most one cell of a class, and by at
/// most one cell in all.
///
/// # Errors
/// When there are fewer than two folds, or more than cells.
pub fn stratified_folds(labels: &[usize], folds: usize, seed: u64) -> Result<Vec<usize>, PopulationError> {
    if folds < 2 || folds > labels.len() {
        return Err(PopulationError::Folds { folds, cells: labels.len() });
    }
    let mut order = shuffled(&(0..labels.len()).collect::<Vec<_>>(), seed);
    // Stable: within a class the random order stays.
    order.sort_by_key(|cell| labels[*cell]);
    let mut fold_of = vec![0; labels.len()];
    order.iter().enumerate().for_each(|(turn, cell)| fold_of[*cell] = turn % folds);
    Ok(fold_of)
}

/// Class probabilities [n, classes] of every point, from the logistic regression on the points of the other folds
/// (standardised by those too). `c` as in [`Logistic::fit`].
///
/// # Errors
/// When there is not one label and one fold per point, folds are fewer than two or more than points, or the points
/// outside a fold cannot be fitted.
pub fn held_out_probabilities(
    points: Points,
    labels: &[usize],
    classes: usize,
    fold_of: &[usize],
    c: f64,
) -> Result<Vec<f64>, PopulationError> {
    for (what, given) in [("labels", labels.len()), ("folds", fold_of.len())] {
        if given != points.len() {
            return Err(PopulationError::PerPoint { what, given, points: points.len() });
        }
    }
    let folds = fold_of.iter().max().map_or(0, |last| last.saturating_add(1));
    if folds < 2 || folds > points.len() {
        return Err(PopulationError::Folds { folds, cells: points.len() });
    }
    let mut all = vec![0.0; points.len() * classes];
    for fold in 0..folds {
        let (own, others): (Vec<usize>, Vec<usize>) = (0..points.len()).partition(|point| fold_of[*point] == fold);
        if own.is_empty() {
            continue;
        }
        let (seen, unseen) = (points.select(&others), points.select(&own));
        let known: Vec<usize> = others.iter().map(|point| labels[*point]).collect();
        let model = Logistic::fit(Points::new(&seen, points.dimensions())?, &known, classes, c)?;
        let found = model.probabilities(Points::new(&unseen, points.dimensions())?)?;
        for (point, row) in own.iter().zip(found.chunks_exact(classes)) {
            all[point * classes..(point + 1) * classes].copy_from_slice(row);
        }
    }
    Ok(all)
}

#[cfg(test)]
mod tests {
    // A test fails by panicking; that is what `unwrap` is for here.
    #![allow(clippy::unwrap_used)]
    use super::stratified_folds;

    #[test]
    fn every_fold_has_its_share_of_every_class() {
        let labels: Vec<usize> = (0..103).map(|cell| if cell % 5 == 0 { 1 } else { 0 }).collect();
        let fold_of = stratified_folds(&labels, 5, 7).unwrap();
        for fold in 0..5 {
            let of = |class: usize| (0..103).filter(|cell| fold_of[*cell] == fold && labels[*cell] == class).count();
            // 82 and 21 cells over five folds.
            assert!([16, 17].contains(&of(0)) && [4, 5].contains(&of(1)) && [20, 21].contains(&(of(0) + of(1))));
        }
        assert_eq!(fold_of, stratified_folds(&labels, 5, 7).unwrap());
        assert_ne!(fold_of, stratified_folds(&labels, 5, 8).unwrap());
        assert!(stratified_folds(&labels, 1, 7).is_err() && stratified_folds(&labels, 104, 7).is_err());
    }
}
