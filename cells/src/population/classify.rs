//! Cell types of generated cells, as a classifier that learned from measured cells names them.
//!
//! Does: fits and applies the classifier, proportions of the types, distances between two sets of proportions, and how
//! good the classifier is on measured cells that it did not see.
//! Does not know: which cells are generated, how coordinates were made.
//! Flow: components and types of measured cells → **classifier** → types of generated cells → proportions.
//!
//! A classifier knows only the types that it was shown: a cell of any other kind is given one of them. So compare the
//! types of generated cells with those that the same classifier gives to held-out measured cells, not with the labels.

use std::collections::BTreeSet;

use super::error::PopulationError;
use super::folds::{held_out_probabilities, stratified_folds};
use super::logistic::Logistic;
use super::points::Points;

/// A classifier of cells by their principal components: multinomial logistic regression with an L2 penalty
/// (scikit-learn's `LogisticRegression` behind a `StandardScaler`).
#[derive(Clone, Debug, PartialEq)]
pub struct Classifier {
    names: Vec<String>,
    model: Logistic,
}

impl Classifier {
    /// Learns from points and the name of each one's type. `c` is the inverse strength of the penalty; 1 is
    /// scikit-learn's.
    ///
    /// # Errors
    /// As [`Logistic::fit`].
    pub fn fit<S: AsRef<str>>(points: Points, labels: &[S], c: f64) -> Result<Self, PopulationError> {
        let (names, codes) = coded(labels);
        let model = Logistic::fit(points, &codes, names.len(), c)?;
        Ok(Self { names, model })
    }

    /// Names of the types, ascending; a type is known by its place here.
    pub fn names(&self) -> &[String] {
        &self.names
    }

    /// The regression on the standardised coordinates.
    pub fn model(&self) -> &Logistic {
        &self.model
    }

    /// Probabilities of the types [n, types].
    ///
    /// # Errors
    /// When the points have other dimensions than those learned from.
    pub fn probabilities(&self, points: Points) -> Result<Vec<f64>, PopulationError> {
        self.model.probabilities(points)
    }

    /// The likeliest type of every point [n]; the first of equals.
    ///
    /// # Errors
    /// When the points have other dimensions than those learned from.
    pub fn classify(&self, points: Points) -> Result<Vec<usize>, PopulationError> {
        Ok(likeliest(&self.probabilities(points)?, self.names.len()))
    }
}

/// Names ascending, and the place of every label among them.
fn coded<S: AsRef<str>>(labels: &[S]) -> (Vec<String>, Vec<usize>) {
    let names: BTreeSet<&str> = labels.iter().map(AsRef::as_ref).collect();
    let names: Vec<&str> = names.into_iter().collect();
    let code = |label: &S| names.partition_point(|name| *name < label.as_ref());
    let codes = labels.iter().map(code).collect();
    (names.into_iter().map(str::to_owned).collect(), codes)
}

/// Class of the largest of each row's probabilities.
fn likeliest(probabilities: &[f64], classes: usize) -> Vec<usize> {
    let of_row = |row: &[f64]| (1..classes).fold(0, |best, class| if row[class] > row[best] { class } else { best });
    probabilities.chunks_exact(classes.max(1)).map(of_row).collect()
}

/// Share of every class among labels 0 … `classes` − 1 [classes]; zeros when there are no labels.
pub fn proportions(labels: &[usize], classes: usize) -> Vec<f64> {
    let mut shares = vec![0.0; classes];
    let known = labels.iter().filter(|label| **label < classes);
    known.for_each(|label| shares[*label] += 1.0 / labels.len() as f64);
    shares
}

/// Shares of both scaled to the sum 1; none when they differ in length or one side has no mass.
fn as_shares(p: &[f64], q: &[f64]) -> Option<Vec<(f64, f64)>> {
    let (of_p, of_q) = (p.iter().sum::<f64>(), q.iter().sum::<f64>());
    (p.len() == q.len() && of_p > 0.0 && of_q > 0.0)
        .then(|| p.iter().zip(q).map(|(p, q)| (p / of_p, q / of_q)).collect())
}

/// Total variation ½ Σ |p − q| of two sets of proportions, from 0 (the same) to 1 (nothing shared): the share of cells
/// that would have to change their type. NaN when they differ in length or one is all zeros.
pub fn total_variation(p: &[f64], q: &[f64]) -> f64 {
    as_shares(p, q).map_or(f64::NAN, |pairs| 0.5 * pairs.iter().map(|(p, q)| (p - q).abs()).sum::<f64>())
}

/// Jensen-Shannon distance of two sets of proportions: the root of the mean divergence from their middle, in bits, so
/// from 0 (the same) to 1 (nothing shared); scipy's `jensenshannon` with base 2. NaN when they differ in length or one
/// is all zeros.
pub fn jensen_shannon(p: &[f64], q: &[f64]) -> f64 {
    let part = |share: f64, middle: f64| if share > 0.0 { share * (share / middle).log2() } else { 0.0 };
    let divergence = |pairs: Vec<(f64, f64)>| -> f64 {
        pairs.iter().map(|(p, q)| 0.5 * (part(*p, 0.5 * (p + q)) + part(*q, 0.5 * (p + q)))).sum()
    };
    as_shares(p, q).map_or(f64::NAN, |pairs| divergence(pairs).max(0.0).sqrt())
}

/// How often a classifier is right.
#[derive(Clone, Debug, PartialEq)]
pub struct Accuracy {
    /// Share of cells whose class is found.
    pub share: f64,
    /// Share that naming the commonest class everywhere would reach.
    pub commonest: f64,
    /// Mean of the recalls over the classes that have cells (balanced accuracy): rare types count as much as common
    /// ones.
    pub balanced: f64,
    /// Share of each class's cells that are found [classes]; NaN for a class without cells.
    pub recalls: Vec<f64>,
}

/// Compares predicted with true classes 0 … `classes` − 1, cell by cell; NaN everywhere without cells.
///
/// # Errors
/// When there is not one prediction per cell, or a class is past the last one.
pub fn accuracy(truth: &[usize], predicted: &[usize], classes: usize) -> Result<Accuracy, PopulationError> {
    if truth.len() != predicted.len() {
        return Err(PopulationError::PerPoint { what: "predictions", given: predicted.len(), points: truth.len() });
    }
    if let Some(point) = truth.iter().position(|class| *class >= classes) {
        return Err(PopulationError::Class { point, class: truth[point], classes });
    }
    let (mut cells, mut found) = (vec![0.0; classes], vec![0.0; classes]);
    for (truth, predicted) in truth.iter().zip(predicted) {
        cells[*truth] += 1.0;
        found[*truth] += f64::from(u8::from(truth == predicted));
    }
    // 0 / 0 is NaN: without cells there is nothing to be right about.
    let recalls: Vec<f64> = found.iter().zip(&cells).map(|(found, cells)| found / cells).collect();
    let counted = recalls.iter().filter(|recall| !recall.is_nan());
    let n = truth.len() as f64;
    Ok(Accuracy {
        share: found.iter().sum::<f64>() / n,
        commonest: cells.iter().copied().fold(0.0, f64::max) / n,
        balanced: counted.clone().sum::<f64>() / counted.count() as f64,
        recalls,
    })
}

/// How good the classifier itself is: its accuracy on measured cells held out of the fit, over `folds` folds. The
/// recalls stand in the order of [`Classifier::names`].
///
/// # Errors
/// When there is not one label per point, folds cannot be made, or a fit fails.
pub fn held_out_accuracy<S: AsRef<str>>(
    points: Points,
    labels: &[S],
    c: f64,
    folds: usize,
    seed: u64,
) -> Result<Accuracy, PopulationError> {
    let (names, codes) = coded(labels);
    let fold_of = stratified_folds(&codes, folds, seed)?;
    let probabilities = held_out_probabilities(points, &codes, names.len(), &fold_of, c)?;
    accuracy(&codes, &likeliest(&probabilities, names.len()), names.len())
}
