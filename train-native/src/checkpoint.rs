//! Checkpoints: everything that a run needs to go on as if it had never stopped.
//!
//! Does: saves weights, average, moments and position in one safetensors file in f32, written
//! atomically; loads it and checks that it belongs to the same recipe and data.
//! Does not know: when to save.
//! Flow: trainer → **checkpoint.safetensors** → trainer, export.

use std::collections::{BTreeMap, HashMap};
use std::path::Path;

use anyhow::{Context, Result, ensure};
use burn::tensor::{Device, Tensor, TensorData};
use model::network::Network;
use model::weights::{self, Precision};
use safetensors::SafeTensors;
use safetensors::tensor::{Dtype, TensorView};
use serde::{Deserialize, Serialize};

use crate::files::write_atomic;
use crate::optimise::{Moments, Optimiser};

/// File in a run's folder.
pub const FILE: &str = "checkpoint.safetensors";

/// Where a run stands.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Position {
    /// Optimiser steps done.
    pub step: usize,
    /// Smoothed loss in bits per gene. In f32, which comes back from text bit for bit; an f64 may not.
    pub bits_per_gene: f32,
    /// SHA-256 of recipe and data, so that a run never goes on with others.
    pub fingerprint: String,
}

/// Flat f32 values of a tensor as bytes.
fn bytes_of<const D: usize>(tensor: Tensor<D>) -> Vec<u8> {
    tensor.into_data().iter::<f32>().flat_map(f32::to_le_bytes).collect()
}

/// Saves a run.
///
/// # Errors
/// When weights are not finite or the file cannot be written; the last checkpoint then stays.
pub fn save(folder: &Path, network: &Network, optimiser: &Optimiser, position: &Position) -> Result<()> {
    let own = network.clone().map(|_, tensor| tensor.inner());
    let current = weights::save(&own, Precision::Full)?;
    let average = weights::save(&optimiser.averaged(network), Precision::Full)?;
    let mut entries: BTreeMap<String, (Dtype, Vec<u8>)> = BTreeMap::new();
    entries.insert("weights".into(), (Dtype::U8, current));
    entries.insert("average".into(), (Dtype::U8, average));
    for (name, moments) in &optimiser.moments {
        entries.insert(format!("first.{name}"), (Dtype::F32, bytes_of(moments.first.clone())));
        entries.insert(format!("second.{name}"), (Dtype::F32, bytes_of(moments.second.clone())));
        entries.insert(format!("time.{name}"), (Dtype::U8, (moments.time as u64).to_le_bytes().to_vec()));
    }
    let views = entries
        .iter()
        .map(|(name, (dtype, bytes))| {
            let length = if *dtype == Dtype::F32 { bytes.len() / 4 } else { bytes.len() };
            Ok((name.as_str(), TensorView::new(*dtype, vec![length], bytes)?))
        })
        .collect::<Result<Vec<_>, safetensors::SafeTensorError>>()?;
    let notes = HashMap::from([("position".to_owned(), serde_json::to_string(position)?)]);
    write_atomic(&folder.join(FILE), &safetensors::serialize(views, Some(notes))?)
}

/// A loaded checkpoint.
pub struct Checkpoint {
    /// Where it stands.
    pub position: Position,
    /// Current weights.
    pub network: Network,
    /// Averaged weights.
    pub average: Network,
    moments: BTreeMap<String, Moments>,
}

/// Loads a run's checkpoint.
///
/// # Errors
/// When it is damaged or belongs to a network of other sizes.
pub fn load(folder: &Path, config: &model::config::ModelConfig, device: &Device) -> Result<Checkpoint> {
    let path = folder.join(FILE);
    let bytes = std::fs::read(&path).with_context(|| format!("cannot read {}", path.display()))?;
    read(&bytes, config, device).with_context(|| format!("the checkpoint {} cannot be used", path.display()))
}

fn read(bytes: &[u8], config: &model::config::ModelConfig, device: &Device) -> Result<Checkpoint> {
    let (_, metadata) = SafeTensors::read_metadata(bytes)?;
    let notes = metadata.metadata().as_ref().and_then(|notes| notes.get("position"));
    let position: Position = serde_json::from_str(notes.context("it has no position")?)?;
    let file = SafeTensors::deserialize(bytes)?;
    let network = weights::load(file.tensor("weights")?.data(), config, device)?;
    let average = weights::load(file.tensor("average")?.data(), config, device)?;
    let mut moments = BTreeMap::new();
    for (name, _) in network.parameters() {
        let Ok(first) = file.tensor(&format!("first.{name}")) else { continue };
        let flat = |view: TensorView<'_>| {
            let values: Vec<f32> =
                view.data().chunks_exact(4).map(|b| f32::from_le_bytes([b[0], b[1], b[2], b[3]])).collect();
            let length = values.len();
            Tensor::<1>::from_data(TensorData::new(values, [length]), device)
        };
        let time = file.tensor(&format!("time.{name}"))?;
        let time: [u8; 8] = time.data().try_into().context("a step count is damaged")?;
        let second = flat(file.tensor(&format!("second.{name}"))?);
        moments.insert(name, Moments { time: u64::from_le_bytes(time) as usize, first: flat(first), second });
    }
    Ok(Checkpoint { position, network, average, moments })
}

impl Checkpoint {
    /// Hands moments and average to an optimiser.
    ///
    /// # Errors
    /// When the checkpoint was made from another recipe or other data.
    pub fn restore(&self, optimiser: &mut Optimiser, fingerprint: &str) -> Result<()> {
        ensure!(
            self.position.fingerprint == fingerprint,
            "this run was started with another recipe or other data; choose another --out folder or remove it"
        );
        optimiser.moments = self.moments.clone();
        optimiser.average = self.average.parameters().into_iter().collect();
        Ok(())
    }
}
