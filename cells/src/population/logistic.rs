//! Logistic regression: class probabilities as a function of coordinates.
//!
//! Does: standardises the coordinates and fits multinomial logistic regression with an L2 penalty, by Newton's method
//! with conjugate gradients, to a tolerance of the gradient. No randomness: the same points give the same fit.
//! Does not know: what the classes are, how points are held out.
//! Flow: points and classes → **fit** → cell-type classifier, discriminator.
//!
//! The objective is that of scikit-learn's `LogisticRegression` behind a `StandardScaler`: mean log loss and
//! ‖W‖² / (2 C n), intercepts free, and for two classes one row of coefficients (the second class against the first).

use faer::{Mat, MatRef};

use super::error::PopulationError;
use super::points::Points;

/// Largest entry of the gradient of the objective (per cell) at which a fit is done.
const TOLERANCE: f64 = 1e-10;
/// Newton steps, and halvings of one step.
const STEPS: usize = 200;
const HALVINGS: usize = 40;
/// Share of the promised descent that a step must bring (Armijo).
const DESCENT: f64 = 1e-4;
/// Changes of the objective below this are rounding; then the gradient decides.
const ROUNDING: f64 = 1e-12;

/// A fitted logistic regression.
#[derive(Clone, Debug, PartialEq)]
pub struct Logistic {
    /// Coefficients of the standardised coordinates [rows, dimensions]: a row for every class that the fit saw, or one
    /// row (the second against the first) when it saw two.
    pub coefficients: Vec<f64>,
    /// Intercepts [rows].
    pub intercepts: Vec<f64>,
    /// Mean and standard deviation of every coordinate of the fit [dimensions]; a constant one is not scaled.
    mean: Vec<f64>,
    scale: Vec<f64>,
    /// Classes that the fit saw, ascending, out of so many.
    present: Vec<usize>,
    classes: usize,
}

impl Logistic {
    /// Fits on points with their classes 0 … `classes` − 1. `c` is the inverse strength of the penalty (scikit-learn's
    /// C, whose default is 1). A class without points keeps the probability 0.
    ///
    /// # Errors
    /// When there is not one class per point, fewer than two classes have points, `c` is not above 0, or the fit does
    /// not reach its tolerance.
    pub fn fit(points: Points, labels: &[usize], classes: usize, c: f64) -> Result<Self, PopulationError> {
        if labels.len() != points.len() {
            return Err(PopulationError::PerPoint { what: "labels", given: labels.len(), points: points.len() });
        }
        if let Some(point) = labels.iter().position(|label| *label >= classes) {
            return Err(PopulationError::Class { point, class: labels[point], classes });
        }
        if !c.is_finite() || c <= 0.0 {
            return Err(PopulationError::Penalty(c));
        }
        let mut seen = vec![false; classes];
        labels.iter().for_each(|label| seen[*label] = true);
        let present: Vec<usize> = (0..classes).filter(|class| seen[*class]).collect();
        if present.len() < 2 {
            return Err(PopulationError::Classes(present.len()));
        }
        let (mean, scale) = standard(points);
        let mut model = Self { coefficients: Vec::new(), intercepts: Vec::new(), mean, scale, present, classes };
        let problem = Problem {
            points: model.standardised(points),
            targets: labels.iter().map(|label| model.row_of(*label)).collect(),
            rows: model.rows(),
            penalty: 1.0 / (c * points.len() as f64),
        };
        let weights = problem.solve()?;
        let (rows, dimensions) = (problem.rows, points.dimensions());
        model.coefficients =
            (0..rows).flat_map(|r| (0..dimensions).map(move |d| d * rows + r)).map(|i| weights[i]).collect();
        model.intercepts = weights[rows * dimensions..].to_vec();
        Ok(model)
    }

    /// Class probabilities [n, classes] of points.
    ///
    /// # Errors
    /// When the points have other dimensions than those of the fit.
    pub fn probabilities(&self, points: Points) -> Result<Vec<f64>, PopulationError> {
        points.same_space(self.mean.len())?;
        let mut all = vec![0.0; points.len() * self.classes];
        let coefficients = MatRef::from_row_major_slice(&self.coefficients, self.rows(), self.mean.len());
        let standardised = self.standardised(points);
        let mut logits = coefficients * standardised.subrows(0, self.mean.len());
        for (point, row) in all.chunks_exact_mut(self.classes).enumerate() {
            for (place, intercept) in self.intercepts.iter().enumerate() {
                logits[(place, point)] += intercept;
            }
            soften(&mut logits, point);
            let of_rows: f64 = (0..self.rows()).map(|place| logits[(place, point)]).sum();
            for class in &self.present {
                // The first of two classes has no row of its own.
                row[*class] = self.row_of(*class).map_or(1.0 - of_rows, |place| logits[(place, point)]);
            }
        }
        Ok(all)
    }

    /// Number of classes, those without points included.
    pub fn classes(&self) -> usize {
        self.classes
    }

    /// Rows of coefficients.
    fn rows(&self) -> usize {
        if self.present.len() == 2 { 1 } else { self.present.len() }
    }

    /// Row of a class; none for the first of two, whose logit is 0, and for a class that the fit did not see.
    fn row_of(&self, class: usize) -> Option<usize> {
        let place = self.present.binary_search(&class).ok()?;
        if self.present.len() == 2 { place.checked_sub(1) } else { Some(place) }
    }

    /// Standardised coordinates, a column per point, and below them a row of ones [dimensions + 1, n].
    fn standardised(&self, points: Points) -> Mat<f64> {
        let dimensions = self.mean.len();
        Mat::from_fn(dimensions + 1, points.len(), |d, point| {
            if d == dimensions { 1.0 } else { (f64::from(points.row(point)[d]) - self.mean[d]) / self.scale[d] }
        })
    }
}

/// Mean and standard deviation (over n, as `StandardScaler`) of every coordinate; 1 for a constant one.
fn standard(points: Points) -> (Vec<f64>, Vec<f64>) {
    let n = points.len().max(1) as f64;
    let rows = || points.values().chunks_exact(points.dimensions());
    (0..points.dimensions())
        .map(|d| {
            let mean = rows().map(|row| f64::from(row[d])).sum::<f64>() / n;
            let variance = rows().map(|row| (f64::from(row[d]) - mean).powi(2)).sum::<f64>() / n;
            // Not by the variance: a mean that was rounded leaves a trace of one.
            let constant = rows().all(|row| row[d] == points.values()[d]);
            (mean, if constant { 1.0 } else { variance.sqrt() })
        })
        .unzip()
}

/// Turns the logits of a point (a column) into probabilities, and returns ln Σ exp. A single row stands against a
/// logit of 0.
fn soften(logits: &mut Mat<f64>, point: usize) -> f64 {
    let rows = logits.nrows();
    let against = if rows == 1 { 0.0 } else { f64::NEG_INFINITY };
    let highest = (0..rows).map(|row| logits[(row, point)]).fold(against, f64::max);
    let sum = (against - highest).exp() + (0..rows).map(|row| (logits[(row, point)] - highest).exp()).sum::<f64>();
    for row in 0..rows {
        let value = &mut logits[(row, point)];
        *value = (*value - highest).exp() / sum;
    }
    highest + sum.ln()
}

/// What is minimised. Weights are [rows, dimensions + 1], column by column, so that the intercepts stand last.
struct Problem {
    /// [dimensions + 1, n].
    points: Mat<f64>,
    /// Row of every point's class.
    targets: Vec<Option<usize>>,
    rows: usize,
    penalty: f64,
}

/// The objective at some weights.
struct State {
    weights: Vec<f64>,
    objective: f64,
    gradient: Vec<f64>,
    /// [rows, n].
    probabilities: Mat<f64>,
}

impl Problem {
    /// Newton's method from zero weights.
    fn solve(&self) -> Result<Vec<f64>, PopulationError> {
        let mut state = self.at(vec![0.0; self.rows * self.points.nrows()]);
        for _ in 0..STEPS {
            if largest(&state.gradient) <= TOLERANCE {
                return Ok(state.weights);
            }
            state = self.descend(&state)?;
        }
        Err(PopulationError::NoConvergence { gradient: largest(&state.gradient) })
    }

    /// One Newton step, halved until the objective falls.
    fn descend(&self, state: &State) -> Result<State, PopulationError> {
        let step = self.newton_step(state);
        let slope = dot(&state.gradient, &step);
        let mut length = 1.0;
        for _ in 0..HALVINGS {
            let next = self.at(moved(&state.weights, length, &step));
            let change = next.objective - state.objective;
            let flat = change.abs() <= ROUNDING * (1.0 + state.objective);
            let nearer = flat && largest(&next.gradient) < largest(&state.gradient);
            if change <= DESCENT * length * slope || nearer {
                return Ok(next);
            }
            length *= 0.5;
        }
        Err(PopulationError::NoConvergence { gradient: largest(&state.gradient) })
    }

    /// Objective, gradient and probabilities.
    fn at(&self, weights: Vec<f64>) -> State {
        let n = self.points.ncols() as f64;
        let mut probabilities =
            MatRef::from_column_major_slice(&weights, self.rows, self.points.nrows()) * &self.points;
        let mut loss = 0.0;
        for (point, target) in self.targets.iter().enumerate() {
            let own = target.map_or(0.0, |row| probabilities[(row, point)]);
            loss += soften(&mut probabilities, point) - own;
        }
        let mut residual = probabilities.clone();
        for (point, target) in self.targets.iter().enumerate() {
            if let Some(row) = target {
                residual[(*row, point)] -= 1.0;
            }
        }
        let gradient = self.back(&residual, &weights);
        let penalised = self.penalised(&weights);
        let objective = loss / n + 0.5 * self.penalty * dot(penalised, penalised);
        State { weights, objective, gradient, probabilities }
    }

    /// Weights that bear the penalty: all but the intercepts.
    fn penalised<'a>(&self, weights: &'a [f64]) -> &'a [f64] {
        &weights[..weights.len() - self.rows]
    }

    /// Values of points [rows, n] carried back to weights, Σ value · coordinate / n, and the penalty's part at
    /// `weights`.
    fn back(&self, values: &Mat<f64>, weights: &[f64]) -> Vec<f64> {
        let n = self.points.ncols() as f64;
        let product = values * self.points.transpose();
        let entries = (0..product.ncols()).flat_map(|column| (0..self.rows).map(move |row| (row, column)));
        let mut all: Vec<f64> = entries.map(|place| product[place] / n).collect();
        all.iter_mut().zip(self.penalised(weights)).for_each(|(value, weight)| *value += self.penalty * weight);
        all
    }

    /// Hessian times a direction.
    fn curvature(&self, state: &State, direction: &[f64]) -> Vec<f64> {
        let mut values = MatRef::from_column_major_slice(direction, self.rows, self.points.nrows()) * &self.points;
        for point in 0..self.points.ncols() {
            let mean: f64 = (0..self.rows).map(|row| state.probabilities[(row, point)] * values[(row, point)]).sum();
            for row in 0..self.rows {
                values[(row, point)] = state.probabilities[(row, point)] * (values[(row, point)] - mean);
            }
        }
        self.back(&values, direction)
    }

    /// Solves Hessian · step = −gradient by conjugate gradients, the nearer to the minimum the more exactly.
    fn newton_step(&self, state: &State) -> Vec<f64> {
        let mut residual: Vec<f64> = state.gradient.iter().map(|value| -value).collect();
        let mut along = residual.clone();
        let mut step = vec![0.0; residual.len()];
        let mut size = dot(&residual, &residual);
        let goal = size * size.sqrt().min(0.25);
        for turn in 0..residual.len() {
            let curved = self.curvature(state, &along);
            let bend = dot(&along, &curved);
            if bend.is_nan() || bend <= 0.0 {
                // Flat to rounding: what is there is a descent already; at first, the gradient is.
                return if turn == 0 { residual } else { step };
            }
            step = moved(&step, size / bend, &along);
            residual = moved(&residual, -size / bend, &curved);
            let next = dot(&residual, &residual);
            if next <= goal {
                break;
            }
            along = moved(&residual, next / size, &along);
            size = next;
        }
        step
    }
}

/// from + length · direction.
fn moved(from: &[f64], length: f64, direction: &[f64]) -> Vec<f64> {
    from.iter().zip(direction).map(|(value, step)| value + length * step).collect()
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

/// Largest absolute value.
fn largest(values: &[f64]) -> f64 {
    values.iter().fold(0.0, |largest, value| value.abs().max(largest))
}
