//! Baselines that carry a mean effect over to the held-out context.
//!
//! Does: control copy, mean of all perturbations, PerturbMean, context mean, transfer from the nearest context; the
//! mean effects themselves.
//! Does not know: where responses come from.
//! Flow: responses of training contexts + control cells → **cells**.

use std::collections::BTreeSet;

use super::task::{BaselineError, Effect, Response, Task};
use crate::counts::Counts;
use crate::metrics::pearson;
use crate::normalise::{Normalised, Target, log_normalise};
use crate::random::Random;

/// Weighted mean of vectors of one length; none when there are none.
fn mean_of<'a>(vectors: impl Iterator<Item = (&'a [f64], f64)>) -> Option<Vec<f64>> {
    let mut sums: Option<(Vec<f64>, f64)> = None;
    for (vector, weight) in vectors {
        let (sum, total) = sums.get_or_insert_with(|| (vec![0.0; vector.len()], 0.0));
        sum.iter_mut().zip(vector).for_each(|(sum, value)| *sum += weight * value);
        *total += weight;
    }
    sums.map(|(sum, total)| sum.into_iter().map(|value| value / total).collect())
}

/// Mean effect of a perturbation over the contexts that have it [G]: the offset of STATE's `PerturbMean`, each context
/// counting once however many cells it has. None when no context has it.
pub fn mean_effect(training: &[&Response], perturbation: &str) -> Option<Vec<f64>> {
    let found = training.iter().filter_map(|response| response.effects.get(perturbation));
    mean_of(found.map(|effect| (effect.shift.as_slice(), 1.0)))
}

/// Mean over all perturbations of their mean effects [G], each perturbation counting once. None without any effect.
pub fn overall_effect(training: &[&Response]) -> Option<Vec<f64>> {
    let names: BTreeSet<&String> = training.iter().flat_map(|response| response.effects.keys()).collect();
    let means: Vec<Vec<f64>> = names.into_iter().filter_map(|name| mean_effect(training, name)).collect();
    mean_of(means.iter().map(|mean| (mean.as_slice(), 1.0)))
}

/// Places of `count` of so many cells: each once before any comes again.
fn drawn(cells: usize, count: usize, seed: u64) -> Vec<usize> {
    let mut random = Random::new(seed);
    let mut chosen = Vec::with_capacity(count);
    while chosen.len() < count && cells > 0 {
        let mut order: Vec<usize> = (0..cells).collect();
        random.shuffle(&mut order);
        order.truncate(count - chosen.len());
        chosen.extend(order);
    }
    chosen
}

impl Task<'_> {
    /// Whether the question can be asked.
    pub(super) fn checked(&self) -> Result<(), BaselineError> {
        self.check(self.control.cells(), self.control.genes())
    }

    /// The wanted number of own control cells, moved and cut at zero.
    pub(super) fn moved(&self, shift: &[f64]) -> Normalised {
        self.own().shifted(shift)
    }

    fn own(&self) -> Normalised {
        self.control.select(&drawn(self.control.cells(), self.count, self.seed))
    }
}

/// Control copy: the context's own control cells, none twice before all were taken.
///
/// # Errors
/// When the question cannot be asked (no control cells, other genes, a leak).
pub fn control_copy(task: &Task) -> Result<Normalised, BaselineError> {
    task.checked()?;
    Ok(task.own())
}

/// Mean of perturbations: control cells moved by [`overall_effect`], whatever was asked. It is what cell-eval's
/// mean baseline is after (`build_base_mean_adata`), with three differences: that one averages the perturbations'
/// mean profiles (and, unless told to take effects, the control's among them), knows one context only, and gives every
/// cell that same profile.
///
/// # Errors
/// When the question cannot be asked or there are no training effects.
pub fn mean_perturbation(task: &Task) -> Result<Normalised, BaselineError> {
    task.checked()?;
    Ok(task.moved(&overall_effect(&task.training).ok_or(BaselineError::NoTraining)?))
}

/// PerturbMean: control cells moved by [`mean_effect`] (STATE, `PerturbMeanPerturbationModel`: a control cell plus the
/// mean over cell types of perturbed mean − control mean). Differences: STATE does not cut at zero, and gives a
/// perturbation it never saw an effect of zero; here that is [`BaselineError::Unseen`], and the caller may take
/// [`control_copy`] for it.
///
/// # Errors
/// When the question cannot be asked or no training context has the perturbation.
pub fn perturb_mean_cells(task: &Task) -> Result<Normalised, BaselineError> {
    task.checked()?;
    Ok(task.moved(&mean_effect(&task.training, task.perturbation).ok_or_else(|| task.unseen())?))
}

/// Context mean: the mean over all perturbed training cells of the same cell type, each cell counting once, given
/// `count` times (STATE, `ContextMeanPerturbationModel`, which also gives one profile to all cells). A cell type of
/// which no perturbed cells were seen gets the mean of its control cells, as there.
///
/// # Errors
/// When the question cannot be asked.
pub fn context_mean(task: &Task) -> Result<Normalised, BaselineError> {
    task.checked()?;
    let narrowed = task.of_same_cell_type();
    let profile = |response: &Response, effect: &Effect| {
        let sum: Vec<f64> =
            response.control.iter().zip(&effect.shift).map(|(control, shift)| control + shift).collect();
        (sum, effect.cells as f64)
    };
    let profiles: Vec<(Vec<f64>, f64)> = narrowed
        .training
        .iter()
        .flat_map(|response| response.effects.values().map(|effect| profile(response, effect)))
        .collect();
    let mean = mean_of(profiles.iter().map(|(profile, cells)| (profile.as_slice(), *cells)));
    let mean = mean.unwrap_or_else(|| task.control.mean());
    // Cells without counts, moved to the profile.
    let empty = Counts::from_dense_rows(task.control.genes(), std::iter::repeat_n([].as_slice(), task.count));
    Ok(log_normalise(&empty, Target::Sum(1.0)).shifted(&mean))
}

/// The training context with the perturbation whose control pseudobulk is nearest by 1 − Pearson correlation over the
/// genes; the earlier of equals. Without a correlation (a constant control) the distance is 1.
///
/// # Errors
/// When the question cannot be asked or no training context has the perturbation.
pub fn nearest_context<'a>(task: &Task<'a>) -> Result<&'a Response, BaselineError> {
    task.checked()?;
    let own = task.control.mean();
    let mut nearest: Option<(f64, &Response)> = None;
    for response in task.training.iter().filter(|response| response.effects.contains_key(task.perturbation)) {
        let correlation = pearson(&own, &response.control);
        let distance = if correlation.is_nan() { 1.0 } else { 1.0 - correlation };
        if nearest.is_none_or(|(least, _)| distance < least) {
            nearest = Some((distance, response));
        }
    }
    nearest.map(|(_, response)| response).ok_or_else(|| task.unseen())
}

/// Transfer: control cells moved by the effect in [`nearest_context`].
///
/// # Errors
/// When the question cannot be asked or no training context has the perturbation.
pub fn nearest_transfer(task: &Task) -> Result<Normalised, BaselineError> {
    let effect = nearest_context(task)?.effects.get(task.perturbation).ok_or_else(|| task.unseen())?;
    Ok(task.moved(&effect.shift))
}

#[cfg(test)]
mod tests;
