//! One optimiser step: gradients, clipping, AdamW, and the average of weights.
//!
//! Does: keeps AdamW's moments (burn-optim's AdamW, tensor by tensor) and the power-function averages
//! of Karras 2024 for every parameter by name; the learning rate's warm-up and cosine.
//! Does not know: data, files.
//! Flow: loss → gradients → clip to the global norm → **AdamW** → new weights → **average**.

use std::collections::BTreeMap;

use burn::optim::{AdamW, AdamWConfig, AdamWState, AdaptiveMomentumState, Optimizer};
use burn::tensor::{Device, Tensor};
use model::network::Network;

use crate::recipe::{PARTS, TrainingRecipe};

/// Learning rate of a step (from 0): linear warm-up, then a cosine down to the final rate.
pub fn learning_rate(recipe: &TrainingRecipe, step: usize) -> f64 {
    if step < recipe.warm_up {
        return recipe.peak_rate * (step + 1) as f64 / recipe.warm_up as f64;
    }
    let span = recipe.steps.saturating_sub(recipe.warm_up).max(1);
    let progress = ((step - recipe.warm_up) as f64 / span as f64).min(1.0);
    let cosine = 0.5 * (1.0 + (std::f64::consts::PI * progress).cos());
    recipe.final_rate + (recipe.peak_rate - recipe.final_rate) * cosine
}

/// γ of the power-function average whose relative width is σ: σ² = (γ+1) / ((γ+2)² (γ+3)).
pub fn ema_power(width: f64) -> f64 {
    let squared = |power: f64| (power + 1.0) / ((power + 2.0).powi(2) * (power + 3.0));
    let (mut low, mut high) = (0.0, 1e6);
    for _ in 0..200 {
        let middle = 0.5 * (low + high);
        // The width falls as the power grows.
        if squared(middle) > width * width { low = middle } else { high = middle }
    }
    0.5 * (low + high)
}

/// Share of the old average kept at step `step` (from 0): (1 − 1/t)^(γ+1), t in steps.
pub fn ema_keep(power: f64, step: usize) -> f64 {
    (1.0 - 1.0 / (step as f64 + 1.0)).powf(power + 1.0)
}

/// Moments of one parameter, flat.
#[derive(Clone)]
pub struct Moments {
    /// Steps taken.
    pub time: usize,
    /// First moment.
    pub first: Tensor<1>,
    /// Second moment.
    pub second: Tensor<1>,
}

/// Optimiser and average of a run.
#[derive(Clone)]
pub struct Optimiser {
    decayed: AdamW,
    plain: AdamW,
    clip: f64,
    powers: Vec<f64>,
    start_rate: f64,
    frozen: Vec<&'static str>,
    /// Moments by parameter.
    pub moments: BTreeMap<String, Moments>,
    /// Averages, one per width of the recipe, by parameter.
    pub averages: Vec<BTreeMap<String, Tensor<2>>>,
}

/// Parameters that the start is measured into (`start`).
const MEASURED: [&str; 4] = ["gene_output", "gate_conditions", "gate_pairs", "summary.loadings"];

/// Parameters without weight decay: norms, biases and the tables of genes and condition values, where a rare row would
/// decay to nothing between its gradients, or away from what was measured. Rows of `gene_embedding` have a gradient from
/// every cell.
fn is_decayed(name: &str) -> bool {
    !(name.ends_with("norm")
        || ["gene_output", "gene_shape", "shape_", "mean_", "token_", "condition_", "group_", "gate_", "summary"]
            .iter()
            .any(|start| name.starts_with(start)))
}

impl Optimiser {
    /// A fresh optimiser for a recipe.
    pub fn new(recipe: &TrainingRecipe) -> Self {
        let config = AdamWConfig::new().with_beta_1(0.9).with_beta_2(0.95).with_epsilon(1e-8);
        Self {
            decayed: config.clone().with_weight_decay(recipe.weight_decay as f32).build(),
            plain: config.with_weight_decay(0.0).build(),
            clip: recipe.clip,
            powers: recipe.ema.iter().map(|width| ema_power(*width)).collect(),
            start_rate: recipe.start_rate,
            frozen: frozen(&recipe.without).into_iter().map(|(name, _)| name).collect(),
            moments: BTreeMap::new(),
            averages: vec![BTreeMap::new(); recipe.ema.len()],
        }
    }

    /// Takes one step from gradients; returns the new weights and the gradient's norm before clipping.
    pub fn step(&mut self, network: Network, gradients: &Gradients, rate: f64, step: usize) -> (Network, f64) {
        let norm = global_norm(gradients);
        let scale = if norm > self.clip { self.clip / (norm + 1e-6) } else { 1.0 };
        let keeps: Vec<f64> = self.powers.iter().map(|power| ema_keep(*power, step)).collect();
        let next = network.map(|name, tensor| {
            let like = tensor.clone();
            let old = tensor.inner();
            let updated = match gradients.get(name).filter(|_| !self.frozen.contains(&name)) {
                Some(gradient) => {
                    let rate = if MEASURED.contains(&name) { rate * self.start_rate } else { rate };
                    self.update(name, old, gradient.clone().mul_scalar(scale), rate)
                }
                None => old,
            };
            for (average, keep) in self.averages.iter_mut().zip(&keeps) {
                blend(average, name, &updated, *keep);
            }
            leaf(updated, &like)
        });
        (next, norm)
    }

    /// The same state on another device.
    pub fn on(&self, device: &Device) -> Self {
        let mut copy = self.clone();
        for moments in copy.moments.values_mut() {
            moments.first = moments.first.clone().to_device(device);
            moments.second = moments.second.clone().to_device(device);
        }
        for average in copy.averages.iter_mut().flat_map(BTreeMap::values_mut) {
            *average = average.clone().to_device(device);
        }
        copy
    }

    /// AdamW on one parameter.
    fn update(&mut self, name: &str, old: Tensor<2>, gradient: Tensor<2>, rate: f64) -> Tensor<2> {
        let dims = old.dims();
        let length = dims[0] * dims[1];
        let state = self.moments.remove(name).map(|moments| AdamWState {
            momentum: AdaptiveMomentumState {
                time: moments.time,
                moment_1: moments.first,
                moment_2: moments.second,
                max_moment_2: None,
            },
        });
        let rule = if is_decayed(name) { &self.decayed } else { &self.plain };
        let (updated, state) = rule.step::<1>(rate, old.reshape([length]), gradient.reshape([length]), state);
        if let Some(state) = state {
            let momentum = state.momentum;
            let moments = Moments { time: momentum.time, first: momentum.moment_1, second: momentum.moment_2 };
            self.moments.insert(name.to_owned(), moments);
        }
        updated.reshape(dims)
    }

    /// The network with the weights of average `place`.
    pub fn averaged(&self, network: &Network, place: usize) -> Network {
        let average = self.averages.get(place);
        network.clone().map(|name, tensor| {
            let averaged = average.and_then(|average| average.get(name)).cloned();
            averaged.unwrap_or_else(|| tensor.inner())
        })
    }
}

/// Moves the average of one parameter.
fn blend(average: &mut BTreeMap<String, Tensor<2>>, name: &str, value: &Tensor<2>, keep: f64) {
    let moved = match average.remove(name) {
        Some(average) => average.mul_scalar(keep) + value.clone().mul_scalar(1.0 - keep),
        None => value.clone(),
    };
    average.insert(name.to_owned(), moved);
}

/// Gradients by parameter.
pub type Gradients = BTreeMap<String, Tensor<2>>;

/// Gradients of a loss for every parameter that it depends on.
pub fn gradients(network: &Network, loss: &Tensor<1>) -> Gradients {
    let all = loss.backward();
    let own = |(name, tensor): (String, Tensor<2>)| tensor.grad(&all).map(|gradient| (name, gradient));
    network.parameters().into_iter().filter_map(own).collect()
}

/// Adds the gradients of another part of the same step.
pub fn add(sum: &mut Gradients, part: Gradients) {
    for (name, gradient) in part {
        let total = match sum.remove(&name) {
            Some(before) => before + gradient,
            None => gradient,
        };
        sum.insert(name, total);
    }
}

/// Parameters that are never trained, with the value they are held at.
fn frozen(without: &[String]) -> Vec<(&'static str, f32)> {
    let named = PARTS.iter().filter(|(part, ..)| without.iter().any(|name| name == part));
    named.flat_map(|(_, parameters, value)| parameters.iter().map(|name| (*name, *value))).collect()
}

/// The network with the parts that a recipe leaves out held at their neutral values.
pub fn leave_out(network: Network, without: &[String]) -> Network {
    let held = frozen(without);
    network.map(|name, tensor| match held.iter().find(|(held, _)| *held == name) {
        Some((_, value)) => tensor.zeros_like().add_scalar(*value),
        None => tensor,
    })
}

/// Weights that gradients flow to, on the tracking device.
pub fn tracked(network: Network, device: &Device) -> Network {
    network.map(|_, tensor| Tensor::from_data(tensor.into_data(), device).require_grad())
}

/// A weight that gradients flow to, tracked as `like` is.
pub(crate) fn leaf(value: Tensor<2>, like: &Tensor<2>) -> Tensor<2> {
    let tensor = Tensor::from_inner(value);
    // Enabling autodiff anew forgets that activations are to be recomputed.
    let tensor = match like.gradient_checkpointing_strategy() {
        Some(strategy) => tensor.with_gradient_checkpointing_strategy(strategy),
        None => tensor,
    };
    tensor.require_grad()
}

/// Norm over all gradients.
fn global_norm(gradients: &Gradients) -> f64 {
    let squares: Vec<Tensor<1>> = gradients.values().map(|gradient| gradient.clone().square().sum()).collect();
    if squares.is_empty() {
        return 0.0;
    }
    Tensor::cat(squares, 0).sum().into_scalar::<f32>().sqrt().into()
}

#[cfg(test)]
mod tests {
    use super::{ema_keep, ema_power};

    #[test]
    fn the_power_of_the_paper() {
        // PAPER.md section 8: σ_rel = 0.05 gives γ = 16.97.
        assert!((ema_power(0.05) - 16.97).abs() < 0.01);
        assert_eq!(ema_keep(16.97, 0), 0.0);
        assert!(ema_keep(16.97, 999) > 0.98);
    }
}
