//! One optimiser step: gradients, clipping, AdamW, and the average of weights.
//!
//! Does: keeps AdamW's moments (burn-optim's AdamW, tensor by tensor) and the power-function average
//! of Karras 2024 for every parameter by name; the learning rate's warm-up and cosine.
//! Does not know: data, files.
//! Flow: loss → gradients → clip to the global norm → **AdamW** → new weights → **average**.

use std::collections::BTreeMap;

use burn::optim::{AdamW, AdamWConfig, AdamWState, AdaptiveMomentumState, Optimizer};
use burn::tensor::{Device, Tensor};
use model::network::Network;

use crate::recipe::TrainingRecipe;

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
pub struct Optimiser {
    decayed: AdamW,
    plain: AdamW,
    clip: f64,
    power: f64,
    /// Moments by parameter.
    pub moments: BTreeMap<String, Moments>,
    /// Average by parameter.
    pub average: BTreeMap<String, Tensor<2>>,
}

/// Parameters without weight decay: norms, biases and the tables of genes and tokens, where a rare
/// row would decay to nothing between its gradients.
fn is_decayed(name: &str) -> bool {
    !(name.ends_with("norm") || ["output", "gene_", "token_", "gate_", "summary"].iter().any(|start| name.starts_with(start)))
}

impl Optimiser {
    /// A fresh optimiser for a recipe.
    pub fn new(recipe: &TrainingRecipe) -> Self {
        let config = AdamWConfig::new().with_beta_1(0.9).with_beta_2(0.95).with_epsilon(1e-8);
        Self {
            decayed: config.clone().with_weight_decay(recipe.weight_decay as f32).build(),
            plain: config.with_weight_decay(0.0).build(),
            clip: recipe.clip,
            power: ema_power(recipe.ema),
            moments: BTreeMap::new(),
            average: BTreeMap::new(),
        }
    }

    /// Takes one step from a loss; returns the new weights and the gradient's norm before clipping.
    pub fn step(&mut self, network: Network, loss: &Tensor<1>, rate: f64, step: usize) -> (Network, f64) {
        let gradients = loss.backward();
        let by_name: BTreeMap<String, Tensor<2>> = network
            .parameters()
            .into_iter()
            .filter_map(|(name, tensor)| tensor.grad(&gradients).map(|gradient| (name, gradient)))
            .collect();
        let norm = global_norm(&by_name);
        let scale = if norm > self.clip { self.clip / (norm + 1e-6) } else { 1.0 };
        let keep = ema_keep(self.power, step);
        let next = network.map(|name, tensor| {
            let old = tensor.inner();
            let updated = match by_name.get(name) {
                Some(gradient) => self.update(name, old, gradient.clone().mul_scalar(scale), rate),
                None => old,
            };
            self.blend(name, &updated, keep);
            Tensor::from_inner(updated).require_grad()
        });
        (next, norm)
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

    /// Moves the average of one parameter.
    fn blend(&mut self, name: &str, value: &Tensor<2>, keep: f64) {
        let average = match self.average.remove(name) {
            Some(average) => average.mul_scalar(keep) + value.clone().mul_scalar(1.0 - keep),
            None => value.clone(),
        };
        self.average.insert(name.to_owned(), average);
    }

    /// The network with averaged weights.
    pub fn averaged(&self, network: &Network) -> Network {
        network.clone().map(|name, tensor| self.average.get(name).cloned().unwrap_or_else(|| tensor.inner()))
    }
}

/// Weights that gradients flow to, on the tracking device.
pub fn tracked(network: Network, device: &Device) -> Network {
    network.map(|_, tensor| Tensor::from_data(tensor.into_data(), device).require_grad())
}

/// Norm over all gradients.
fn global_norm(gradients: &BTreeMap<String, Tensor<2>>) -> f64 {
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
