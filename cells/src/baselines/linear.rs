//! A linear model of effects: ridge regression from context and perturbation to principal components.
//!
//! Does: fits components of training effects and of training controls, a ridge regression between them, and chooses its
//! penalty by leaving out one context after the other.
//! Does not know: cells, but that a prediction moves control cells.
//! Flow: responses of training contexts → **fitted model** → effect of a perturbation in a held-out context → cells.
//!
//! In the spirit of Ahlmann-Eltze, Huber and Anders (Nature Methods 2025; linear_perturbation_prediction-Paper,
//! `run_linear_pretrained_model.R`): Y ≈ G W Pᵀ + b, with Y the pseudobulk effects of perturbations in one context, G
//! and P the first 10 principal components of genes and of perturbed genes from the same pseudobulk, W a ridge solution
//! of penalty 0.1 on either side (both numbers their script's defaults), b the mean over perturbations. Theirs asks for
//! perturbed genes never seen, in a known context; a perturbation is told by the expression of its gene. Ours asks for
//! a context never seen, with perturbations that were (a cytokine has no gene of its own): a perturbation is told by
//! its name (one-hot), a context by components of its control pseudobulk. The penalty is chosen, not given. Context and
//! perturbation add up: a context moves the effects of all perturbations alike.

use std::collections::BTreeSet;

use faer::linalg::solvers::Solve;
use faer::{Mat, Side};

use super::task::{BaselineError, Response, Task, check_genes};
use crate::normalise::Normalised;
use crate::pca::principal;

/// Components along which lies less than this share of what lies along the first are rounding.
const NEGLIGIBLE: f64 = 1e-10;

/// How the model is fitted.
#[derive(Clone, Debug, PartialEq)]
pub struct Settings {
    /// Most components of effects. All that there are and a small penalty make it PerturbMean; the paper takes 10.
    pub effect_components: usize,
    /// Most components of controls: few, for there are no more contexts than donors and cell types.
    pub context_components: usize,
    /// Penalties to choose from.
    pub penalties: Vec<f64>,
}

impl Default for Settings {
    /// 50 and 3 components, penalties 0.01 … 100.
    fn default() -> Self {
        Self { effect_components: 50, context_components: 3, penalties: vec![0.01, 0.1, 1.0, 10.0, 100.0] }
    }
}

/// Principal components of vectors [G].
#[derive(Clone, Debug)]
struct Axes {
    mean: Vec<f64>,
    /// Directions [G, components].
    directions: Mat<f64>,
}

impl Axes {
    /// At most `most` components, and their scores [rows, components].
    fn fit(rows: &[&[f64]], genes: usize, most: usize) -> Result<(Self, Mat<f64>), BaselineError> {
        let mut mean = vec![0.0; genes];
        for row in rows {
            mean.iter_mut().zip(*row).for_each(|(sum, value)| *sum += value / rows.len() as f64);
        }
        let centred = Mat::from_fn(rows.len(), genes, |row, gene| rows[row][gene] - mean[gene]);
        let most = most.min(rows.len().saturating_sub(1)).min(genes);
        if most == 0 {
            return Ok((Self { mean, directions: Mat::zeros(genes, 0) }, Mat::zeros(rows.len(), 0)));
        }
        let (directions, sums) = principal(&centred, most).map_err(|_| BaselineError::NoConvergence)?;
        let kept = sums.iter().take_while(|sum| **sum > 0.0 && **sum > NEGLIGIBLE * sums[0]).count();
        let directions = Mat::from_fn(genes, kept, |gene, component| directions[(gene, component)]);
        let scores = &centred * &directions;
        Ok((Self { mean, directions }, scores))
    }

    fn components(&self) -> usize {
        self.directions.ncols()
    }

    /// Scores of one vector.
    fn scores(&self, row: &[f64]) -> Vec<f64> {
        let mut scores = vec![0.0; self.components()];
        for (component, score) in scores.iter_mut().enumerate() {
            let column = self.directions.col(component).iter();
            *score = column.zip(row.iter().zip(&self.mean)).map(|(axis, (value, mean))| axis * (value - mean)).sum();
        }
        scores
    }

    /// The vector of some scores.
    fn back(&self, scores: &[f64]) -> Vec<f64> {
        let mut row = self.mean.clone();
        for (component, score) in scores.iter().enumerate() {
            let column = self.directions.col(component).iter();
            row.iter_mut().zip(column).for_each(|(value, axis)| *value += score * axis);
        }
        row
    }
}

/// Everything about some training contexts that does not hang on the penalty.
#[derive(Clone, Debug)]
struct Frame {
    /// Perturbations, ascending: the one-hot features.
    perturbations: Vec<String>,
    contexts: Axes,
    /// What scores of contexts are multiplied with.
    scale: f64,
    effects: Axes,
    /// Means of the features over the rows [f].
    centre: Vec<f64>,
    /// Products of centred features [f, f], and of features and scores of effects [f, components].
    squares: Mat<f64>,
    products: Mat<f64>,
}

impl Frame {
    /// Rows are all pairs of context and perturbation that were measured.
    fn fit(training: &[&Response], genes: usize, settings: &Settings) -> Result<Self, BaselineError> {
        let training: Vec<&Response> =
            training.iter().copied().filter(|response| !response.effects.is_empty()).collect();
        let names: BTreeSet<&String> = training.iter().flat_map(|response| response.effects.keys()).collect();
        let perturbations: Vec<String> = names.into_iter().cloned().collect();
        let controls: Vec<&[f64]> = training.iter().map(|response| response.control.as_slice()).collect();
        let (contexts, context_scores) = Axes::fit(&controls, genes, settings.context_components)?;
        let (mut pairs, mut shifts) = (Vec::new(), Vec::new());
        for (context, response) in training.iter().enumerate() {
            for (name, effect) in &response.effects {
                // Every name of an effect is in the list.
                pairs.push((context, perturbations.binary_search(name).unwrap_or_default()));
                shifts.push(effect.shift.as_slice());
            }
        }
        let (effects, scores) = Axes::fit(&shifts, genes, settings.effect_components)?;
        let (rows, ones) = (pairs.len(), perturbations.len());
        let scale = scale(&pairs, &context_scores, ones);
        let mut features = Mat::from_fn(rows, ones + contexts.components(), |row, feature| {
            let (context, perturbation) = pairs[row];
            match feature.checked_sub(ones) {
                Some(component) => scale * context_scores[(context, component)],
                None => f64::from(u8::from(feature == perturbation)),
            }
        });
        let mut centre = vec![0.0; features.ncols()];
        for (feature, mean) in centre.iter_mut().enumerate() {
            *mean = features.col(feature).iter().sum::<f64>() / rows.max(1) as f64;
            (0..rows).for_each(|row| features[(row, feature)] -= *mean);
        }
        let squares = features.transpose() * &features;
        let products = features.transpose() * &scores;
        Ok(Self { perturbations, contexts, scale, effects, centre, squares, products })
    }

    /// Coefficients [f, components] that minimise ‖scores − features · coefficients‖² + penalty · ‖coefficients‖².
    fn solve(&self, penalty: f64) -> Result<Mat<f64>, BaselineError> {
        let mut damped = self.squares.clone();
        (0..damped.nrows()).for_each(|feature| damped[(feature, feature)] += penalty);
        let factor = damped.llt(Side::Lower).map_err(|_| BaselineError::NoConvergence)?;
        Ok(factor.solve(&self.products))
    }

    /// Effect [G] of a perturbation in a context of this control pseudobulk; none for a perturbation not seen.
    fn effect(&self, coefficients: &Mat<f64>, control: &[f64], perturbation: &str) -> Option<Vec<f64>> {
        let own = self.perturbations.iter().position(|name| name == perturbation)?;
        let mut features = vec![0.0; self.perturbations.len()];
        features[own] = 1.0;
        features.extend(self.contexts.scores(control).iter().map(|score| self.scale * score));
        features.iter_mut().zip(&self.centre).for_each(|(feature, mean)| *feature -= mean);
        let score =
            |component: usize| features.iter().zip(coefficients.col(component).iter()).map(|(a, b)| a * b).sum();
        let scores: Vec<f64> = (0..self.effects.components()).map(score).collect();
        Some(self.effects.back(&scores))
    }
}

/// Factor after which the first context component varies over the rows as much as one perturbation's feature does: its
/// sum of squares is the mean number of contexts of a perturbation. One penalty then asks the same of both: a context
/// is one observation of how contexts differ, however many perturbations it has.
fn scale(pairs: &[(usize, usize)], scores: &Mat<f64>, perturbations: usize) -> f64 {
    if scores.ncols() == 0 {
        return 1.0;
    }
    let mean = pairs.iter().map(|(context, _)| scores[(*context, 0)]).sum::<f64>() / pairs.len() as f64;
    let squares: f64 = pairs.iter().map(|(context, _)| (scores[(*context, 0)] - mean).powi(2)).sum();
    if squares > 0.0 { (pairs.len() as f64 / perturbations as f64 / squares).sqrt() } else { 1.0 }
}

/// The fitted model.
#[derive(Clone, Debug)]
pub struct LinearLatent {
    frame: Frame,
    coefficients: Mat<f64>,
    penalty: f64,
    contexts: usize,
    /// Context and perturbation of every row.
    rows: BTreeSet<(String, String)>,
}

impl LinearLatent {
    /// Fits the model to training contexts, once for many tasks.
    ///
    /// The penalty is the one with the smallest squared error over contexts that were left out, one after the other,
    /// with all components fitted anew; the larger of equals. Where leaving out a context leaves nothing to check (one
    /// context, or perturbations in one context each) it is the middle one. Work grows with contexts × min(rows, G)² ×
    /// max(rows, G) for rows pairs of context and perturbation.
    ///
    /// # Errors
    /// When no context has an effect, genes differ, penalties are not positive, or values are not finite.
    pub fn fit(training: &[&Response], settings: &Settings) -> Result<Self, BaselineError> {
        let mut penalties = settings.penalties.clone();
        penalties.sort_by(f64::total_cmp);
        if penalties.is_empty() || penalties.iter().any(|penalty| !(penalty.is_finite() && *penalty > 0.0)) {
            return Err(BaselineError::Penalties);
        }
        let genes = training.first().map_or(0, |response| response.control.len());
        for response in training {
            check_genes(response, genes)?;
            let mut values = response.effects.values().flat_map(|effect| &effect.shift).chain(&response.control);
            if values.any(|value| !value.is_finite()) {
                return Err(BaselineError::NotFinite { context: response.name.clone() });
            }
        }
        if training.iter().all(|response| response.effects.is_empty()) {
            return Err(BaselineError::NoTraining);
        }
        let errors = left_out_errors(training, genes, settings, &penalties)?;
        let mut chosen = penalties[penalties.len() / 2];
        let mut least = f64::INFINITY;
        for (penalty, error) in penalties.iter().zip(errors.unwrap_or_default()) {
            if error <= least {
                (chosen, least) = (*penalty, error);
            }
        }
        let frame = Frame::fit(training, genes, settings)?;
        let coefficients = frame.solve(chosen)?;
        let rows = training.iter().flat_map(|response| {
            response.effects.keys().map(|perturbation| (response.name.clone(), perturbation.clone()))
        });
        Ok(Self { frame, coefficients, penalty: chosen, contexts: training.len(), rows: rows.collect() })
    }

    /// The chosen penalty.
    pub fn penalty(&self) -> f64 {
        self.penalty
    }

    /// Effect [G] of a perturbation in a context of this control pseudobulk [G].
    ///
    /// # Errors
    /// When the perturbation was not seen in training or genes differ.
    pub fn effect(&self, control: &[f64], perturbation: &str) -> Result<Vec<f64>, BaselineError> {
        let expected = self.frame.effects.mean.len();
        if control.len() != expected {
            let context = "the held-out context".to_owned();
            return Err(BaselineError::Genes { context, found: control.len(), expected });
        }
        let unseen = || BaselineError::Unseen { perturbation: perturbation.to_owned(), contexts: self.contexts };
        self.frame.effect(&self.coefficients, control, perturbation).ok_or_else(unseen)
    }

    /// The held-out context's control cells moved by that effect. Training contexts of the task are not looked at.
    ///
    /// # Errors
    /// When the question cannot be asked, the model was fitted to its answer, or the perturbation was not seen.
    pub fn cells(&self, task: &Task) -> Result<Normalised, BaselineError> {
        task.checked()?;
        let asked = (task.context.to_owned(), task.perturbation.to_owned());
        if self.rows.contains(&asked) {
            return Err(BaselineError::Leak { context: asked.0, perturbation: asked.1 });
        }
        Ok(task.moved(&self.effect(&task.control.mean(), task.perturbation)?))
    }
}

/// Squared error of every penalty, summed over contexts left out; none when nothing could be checked.
fn left_out_errors(
    training: &[&Response],
    genes: usize,
    settings: &Settings,
    penalties: &[f64],
) -> Result<Option<Vec<f64>>, BaselineError> {
    let mut errors = vec![0.0; penalties.len()];
    let mut checked = false;
    for (left_out, response) in training.iter().enumerate() {
        let others: Vec<&Response> =
            training.iter().enumerate().filter(|(place, _)| *place != left_out).map(|(_, other)| *other).collect();
        let known = |name: &String| others.iter().any(|other| other.effects.contains_key(name));
        if !response.effects.keys().any(known) {
            continue;
        }
        checked = true;
        let frame = Frame::fit(&others, genes, settings)?;
        for (penalty, error) in penalties.iter().zip(&mut errors) {
            let coefficients = frame.solve(*penalty)?;
            for (name, truth) in &response.effects {
                if let Some(effect) = frame.effect(&coefficients, &response.control, name) {
                    *error += effect.iter().zip(&truth.shift).map(|(a, b)| (a - b).powi(2)).sum::<f64>();
                }
            }
        }
    }
    Ok(checked.then_some(errors))
}
