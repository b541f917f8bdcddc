//! A step on one device or several: data parallel training.
//!
//! Does: splits a batch over copies of the network, computes gradients side by side, brings their sum to every copy,
//! and steps every copy alike. CUDA devices exchange gradients by burn's all-reduce (NCCL); burn has no collective
//! operations for the CPU, so there the parts are threads of one copy and their gradients are added up.
//! Does not know: data, files, learning rates, when to stop.
//! Flow: batch → **gradients of the parts → their sum** → optimiser of each copy.
//!
//! Burn 0.22 joins the GPUs of one process: one machine. The result is that of one device but for rounding, since
//! every part weighs alike.

use anyhow::{Context, Result};
use burn::tensor::distributed::{ReduceOperation, all_reduce};
use burn::tensor::{Device, FloatDType, Tensor};
use model::loss::{Masked, loss};
use model::network::Network;

use crate::optimise::{Gradients, Optimiser, add, gradients, leaf, tracked};
use crate::recipe::{Precision, TrainingRecipe};

/// Matrices that are multiplied with many rows, the ones that bf16 pays for.
const LOWERED: [&str; 6] = ["attention_in", "attention_out", "feed_in", "feed_out", "decompress", "head"];

/// Copies of a network that are trained together.
pub struct Replicas {
    copies: Vec<(Network, Optimiser)>,
    /// Devices of the copies, without autodiff.
    devices: Vec<Device>,
    /// Parts of a batch that are computed side by side: copies, or threads of the only one.
    side_by_side: usize,
    precision: Precision,
    accumulate: usize,
}

/// Devices that keep track of gradients, as a recipe asks for it.
pub fn tracking(devices: &[Device], recipe: &TrainingRecipe) -> Vec<Device> {
    let own = |device: &Device| {
        let device = device.clone().autodiff();
        if recipe.checkpointing { device.gradient_checkpointing() } else { device }
    };
    devices.iter().map(own).collect()
}

/// The network as its products are computed; gradients flow back to the f32 weights.
pub fn lowered(network: &Network, precision: Precision) -> Network {
    let is_lowered = |name: &str| LOWERED.contains(&name.rsplit('.').next().unwrap_or(name));
    match precision {
        Precision::F32 => network.clone(),
        Precision::Bf16 => network.clone().map(|name, tensor| match is_lowered(name) {
            true => tensor.cast(FloatDType::BF16),
            false => tensor,
        }),
    }
}

impl Replicas {
    /// Copies of a tracked network with its optimiser, one on each device. Several devices that are the CPU are
    /// threads of one copy.
    pub fn new(network: Network, optimiser: Optimiser, devices: &[Device], recipe: &TrainingRecipe) -> Self {
        let inner: Vec<Device> = devices.iter().map(|device| device.clone().inner()).collect();
        let collective = inner.iter().skip(1).any(|device| *device != inner[0]);
        let mut copies = Vec::new();
        if collective {
            for device in devices.iter().skip(1) {
                let own = tracked(network.clone(), device);
                copies.push((own, optimiser.on(&device.clone().inner())));
            }
        }
        copies.insert(0, (network, optimiser));
        Self {
            devices: if collective { inner } else { inner.into_iter().take(1).collect() },
            copies,
            side_by_side: devices.len().max(1),
            precision: recipe.precision,
            accumulate: recipe.accumulate,
        }
    }

    /// The first copy; the others are the same.
    pub fn network(&self) -> &Network {
        &self.copies[0].0
    }

    /// Its optimiser.
    pub fn optimiser(&self) -> &Optimiser {
        &self.copies[0].1
    }

    /// Gradients for every copy, and the loss in nats per gene.
    ///
    /// # Errors
    /// When a device fails.
    pub fn gradients(&self, batch: &Masked, slots: &[usize]) -> Result<(Vec<Gradients>, f64)> {
        if self.side_by_side == 1 {
            let (found, nats) = self.part(0, batch, slots);
            return Ok((vec![found], nats));
        }
        let parts = std::thread::scope(|scope| {
            let start = |part| scope.spawn(move || self.part(part, batch, slots));
            let running: Vec<_> = (0..self.side_by_side).map(start).collect();
            running.into_iter().map(|part| part.join().ok()).collect::<Option<Vec<_>>>()
        });
        let parts = parts.context("a device failed while it computed gradients")?;
        let nats = parts.iter().map(|(_, nats)| nats).sum();
        let mut parts = parts.into_iter().map(|(found, _)| found);
        if self.copies.len() > 1 {
            return Ok((parts.collect(), nats));
        }
        let mut sum = parts.next().unwrap_or_default();
        parts.for_each(|part| add(&mut sum, part));
        Ok((vec![sum], nats))
    }

    /// Gradients of the cells of one part: summed over all copies already where there are several.
    fn part(&self, part: usize, batch: &Masked, slots: &[usize]) -> (Gradients, f64) {
        let (network, _) = &self.copies[part.min(self.copies.len() - 1)];
        // Threads of one copy track gradients apart (the values are shared): burn locks a graph while it walks
        // back, and two walks through the same leaves would wait for each other.
        let apart = self.side_by_side > self.copies.len();
        let own = apart.then(|| network.clone().map(|_, tensor| leaf(tensor.clone().inner(), &tensor)));
        let network = own.as_ref().unwrap_or(network);
        let all = self.side_by_side * self.accumulate;
        let count = batch.cells() / all;
        let (mut sum, mut nats) = (Gradients::new(), 0.0);
        for turn in 0..self.accumulate {
            let cut = (all > 1).then(|| batch.part((part * self.accumulate + turn) * count, count));
            let working = lowered(network, self.precision);
            let value = loss(&working, cut.as_ref().unwrap_or(batch), slots).div_scalar(all as f32);
            nats += f64::from(value.clone().into_scalar::<f32>());
            add(&mut sum, gradients(network, &value));
        }
        if self.copies.len() > 1 {
            // Every copy asks in the same order of names, as NCCL needs.
            let reduce = |tensor: Tensor<2>| all_reduce(tensor, ReduceOperation::Sum, self.devices.clone()).resolve();
            sum = sum.into_iter().map(|(name, gradient)| (name, reduce(gradient))).collect();
        }
        (sum, nats)
    }

    /// Steps every copy with its gradients; returns the norm before clipping.
    pub fn step(&mut self, gradients: &[Gradients], rate: f64, step: usize) -> f64 {
        let mut norm = 0.0;
        let copies = std::mem::take(&mut self.copies);
        for ((network, mut optimiser), own) in copies.into_iter().zip(gradients) {
            let (next, own_norm) = optimiser.step(network, own, rate, step);
            norm = own_norm;
            self.copies.push((next, optimiser));
        }
        norm
    }
}
