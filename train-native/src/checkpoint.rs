//! Checkpoints: everything that a run needs to go on as if it had never stopped.
//!
//! Does: saves weights, averages, moments and position in one safetensors file in f32 that holds its own hash, written
//! atomically; keeps the last few and the best; loads the newest that is whole and checks that it belongs to the same
//! recipe and data.
//! Does not know: when to save.
//! Flow: trainer → **checkpoint.safetensors** → trainer, export.

use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail, ensure};
use burn::tensor::{Device, Tensor, TensorData};
use model::config::ModelConfig;
use model::network::Network;
use model::weights::{self, Precision};
use safetensors::SafeTensors;
use safetensors::tensor::{Dtype, TensorView};
use serde::{Deserialize, Serialize};

use crate::files::write_atomic;
use crate::optimise::{Moments, Optimiser};
use crate::output::say;
use crate::sealed::{self, Seal};

/// The newest checkpoint in a run's folder; older ones carry their step in the name.
pub const FILE: &str = "checkpoint.safetensors";
/// The checkpoint with the lowest loss.
pub const BEST: &str = "best.safetensors";
/// What a newest checkpoint is called once it was found to be damaged: it must not be kept in the place of a whole one.
const DAMAGED: &str = "checkpoint.damaged";
/// Key of the position in a file's notes. It is the only one: several would be written in any order.
const POSITION: &str = "position";
/// Key of the weights as the last step left them.
const WEIGHTS: &str = "weights";
/// Longest header: a few kilobytes are usual, and a damaged length must not ask for memory.
const LONGEST_HEADER: u64 = 1 << 24;

/// Where a run stands.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Position {
    /// Optimiser steps done.
    pub step: usize,
    /// Smoothed loss in bits per gene; not a number before the first step. In f32, which comes back from text bit for bit;
    /// an f64 may not.
    #[serde(deserialize_with = "number_or_none")]
    pub bits_per_gene: f32,
    /// Lowest loss at a checkpoint so far: of the cells set aside, or smoothed where there are none.
    #[serde(default)]
    pub best: Option<f32>,
    /// The step that had it.
    #[serde(default)]
    pub best_step: usize,
    /// The last step whose loss `best` has looked at. A checkpoint that was written in between, because somebody asked
    /// to stop or time had passed, has no part in it: otherwise the bits of a run would hang on its interruptions.
    #[serde(default)]
    pub watched: usize,
    /// SHA-256 of recipe and data, so that a run never goes on with others.
    pub fingerprint: String,
}

/// A number; JSON has no word for what is none, and writes null.
fn number_or_none<'de, D: serde::Deserializer<'de>>(from: D) -> Result<f32, D::Error> {
    Ok(Option::<f32>::deserialize(from)?.unwrap_or(f32::NAN))
}

impl Position {
    /// Loss in bits per gene that a checkpoint is known by: the smoothed one, before the first step that of the cells set
    /// aside; 0 where there are none.
    pub fn loss(&self) -> f32 {
        if self.bits_per_gene.is_nan() { self.best.unwrap_or(0.0) } else { self.bits_per_gene }
    }
}

/// A position as it stands in a file, with the mark of the file's hash.
#[derive(Serialize, Deserialize)]
struct Noted {
    #[serde(flatten)]
    position: Position,
    /// None in files of earlier versions.
    #[serde(default)]
    seal: Option<String>,
}

/// Flat f32 values of a tensor as bytes.
fn bytes_of<const D: usize>(tensor: Tensor<D>) -> Vec<u8> {
    tensor.into_data().iter::<f32>().flat_map(f32::to_le_bytes).collect()
}

/// Saves a run; keeps `keep` checkpoints in all, and a copy of this one when it `is_best`.
///
/// # Errors
/// When weights are not finite or the file cannot be written; the last checkpoint then stays.
pub fn save(
    folder: &Path,
    network: &Network,
    optimiser: &Optimiser,
    position: &Position,
    (keep, is_best): (usize, bool),
) -> Result<()> {
    let best = is_best.then(|| serialise(network, optimiser, position, What::Averages)).transpose()?;
    let bytes = serialise(network, optimiser, position, What::Everything)?;
    write(folder, position.step, &bytes, (keep, best.as_deref()))
}

/// Writes the bytes of the checkpoint of a step as [`save`] does, and those of the best one where it is that.
///
/// # Errors
/// When a file cannot be written; the last checkpoint then stays.
pub fn write(folder: &Path, step: usize, bytes: &[u8], (keep, best): (usize, Option<&[u8]>)) -> Result<()> {
    let newest = folder.join(FILE);
    if keep > 1
        && let Ok(own) = step_of(&newest)
        && own != step
    {
        let older = folder.join(format!("checkpoint-{own:08}.safetensors"));
        // A link, not a move: there is a newest checkpoint at every moment. One that is there already was
        // linked by a session that ended before it could write the next; it may be the same file.
        if !older.exists() && std::fs::hard_link(&newest, &older).is_err() {
            write_atomic(&older, &std::fs::read(&newest)?)?;
        }
    }
    if let Some(best) = best {
        write_atomic(&folder.join(BEST), best)?;
    }
    write_atomic(&newest, bytes)?;
    for old in older(folder).into_iter().skip(keep.saturating_sub(1)) {
        std::fs::remove_file(&old).with_context(|| format!("cannot remove {}", old.display()))?;
    }
    Ok(())
}

/// Older checkpoints, the youngest first.
fn older(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let is_one = |path: &PathBuf| {
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        name.starts_with("checkpoint-") && name.ends_with(".safetensors")
    };
    let mut found: Vec<PathBuf> = entries.map(|entry| entry.path()).filter(is_one).collect();
    found.sort_unstable_by(|a, b| b.cmp(a));
    found
}

/// Every checkpoint of a run: the newest, older ones, the best.
pub fn all(folder: &Path) -> Vec<PathBuf> {
    let mut paths = vec![folder.join(FILE)];
    paths.extend(older(folder));
    paths.push(folder.join(BEST));
    paths.retain(|path| path.exists());
    paths
}

/// Where the newest checkpoint of a run that is whole stands.
///
/// # Errors
/// When there is none.
pub fn position(folder: &Path) -> Result<Position> {
    let mut first = None;
    for path in std::iter::once(folder.join(FILE)).chain(older(folder)) {
        let found = std::fs::read(&path).with_context(|| format!("cannot read {}", path.display()));
        match found.and_then(|bytes| checked(&bytes, &path)) {
            Ok(position) => return Ok(position),
            Err(error) => drop(first.get_or_insert(error)),
        }
    }
    Err(first.unwrap_or_else(|| anyhow::anyhow!("{} holds no checkpoint", folder.display())))
}

/// Step of a checkpoint, from its header alone.
fn step_of(path: &Path) -> Result<usize> {
    use std::io::Read;
    let mut file = std::fs::File::open(path)?;
    let mut head = vec![0; 8];
    file.read_exact(&mut head)?;
    let length = header_of(&head) - 8;
    file.take(length as u64).read_to_end(&mut head)?;
    let header: serde_json::Value = serde_json::from_slice(&head[8..])?;
    let note = header["__metadata__"][POSITION].as_str().context("it has no position")?;
    Ok(serde_json::from_str::<Noted>(note)?.position.step)
}

/// Bytes of a file's header with its length, by the length that it states.
fn header_of(bytes: &[u8]) -> usize {
    let stated = bytes.first_chunk().map_or(0, |length| u64::from_le_bytes(*length));
    8 + stated.min(LONGEST_HEADER) as usize
}

/// The position in a checkpoint whose bytes are what was written.
fn checked(bytes: &[u8], path: &Path) -> Result<Position> {
    let seal = sealed::check(bytes, header_of(bytes));
    let whole = || -> Result<Noted> {
        ensure!(seal != Seal::Broken, "its bytes are not those that were written (SHA-256)");
        let (_, metadata) = SafeTensors::read_metadata(bytes)?;
        let notes = metadata.metadata().as_ref().and_then(|notes| notes.get(POSITION));
        let noted: Noted = serde_json::from_str(notes.context("it has no position")?)?;
        ensure!(seal == Seal::Whole || noted.seal.is_none(), "its bytes are not those that were written (SHA-256)");
        Ok(noted)
    };
    let noted = whole().with_context(|| format!("the checkpoint {} is damaged", path.display()))?;
    if seal == Seal::Absent {
        say(&format!("{} is of an earlier version and without a hash; it is taken as it is", path.display()));
    }
    Ok(noted.position)
}

/// What a checkpoint holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum What {
    /// All that a run needs to go on.
    Everything,
    /// What is exported: a quarter of the bytes.
    Averages,
}

/// A checkpoint's bytes.
///
/// # Errors
/// When weights are not finite.
pub fn serialise(network: &Network, optimiser: &Optimiser, position: &Position, what: What) -> Result<Vec<u8>> {
    let mut entries: BTreeMap<String, (Dtype, Vec<u8>)> = BTreeMap::new();
    if what == What::Everything {
        let own = network.clone().map(|_, tensor| tensor.inner());
        entries.insert(WEIGHTS.into(), (Dtype::U8, weights::save(&own, Precision::Full)?));
    }
    for place in 0..optimiser.averages.len() {
        let average = weights::save(&optimiser.averaged(network, place), Precision::Full)?;
        entries.insert(format!("average.{place}"), (Dtype::U8, average));
    }
    let moments = optimiser.moments.iter().filter(|_| what == What::Everything);
    for (name, moments) in moments {
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
    let noted = Noted { position: position.clone(), seal: Some(sealed::mark()) };
    let notes = HashMap::from([(POSITION.to_owned(), serde_json::to_string(&noted)?)]);
    let mut bytes = safetensors::serialize(views, Some(notes))?;
    let header = header_of(&bytes);
    sealed::seal(&mut bytes, header);
    Ok(bytes)
}

/// A loaded checkpoint.
pub struct Checkpoint {
    /// Where it stands.
    pub position: Position,
    /// Current weights.
    pub network: Network,
    /// Averaged weights, one network per width of the recipe.
    pub averages: Vec<Network>,
    moments: BTreeMap<String, Moments>,
}

/// Whether a folder holds a run that can be resumed.
pub fn exists(folder: &Path) -> bool {
    folder.join(FILE).exists() || !older(folder).is_empty()
}

/// Loads a run's newest checkpoint that is whole; says so on standard error when that is an older one.
///
/// # Errors
/// When none is, or they belong to a network of other sizes; the error is the newest one's.
pub fn load(folder: &Path, config: &ModelConfig, device: &Device) -> Result<Checkpoint> {
    Ok(found(folder, config, device)?.0)
}

/// As [`load`], for the trainer that goes on with it: a damaged newest one is set aside, or it would be kept in the place
/// of a whole one when the next is written.
///
/// # Errors
/// As [`load`], or when it cannot be set aside.
pub fn resume(folder: &Path, config: &ModelConfig, device: &Device) -> Result<Checkpoint> {
    let (checkpoint, is_newest) = found(folder, config, device)?;
    let newest = folder.join(FILE);
    if !is_newest && newest.exists() {
        std::fs::rename(&newest, folder.join(DAMAGED))
            .with_context(|| format!("cannot rename {}", newest.display()))?;
    }
    Ok(checkpoint)
}

/// The newest checkpoint that is whole, and whether it is the newest of all.
fn found(folder: &Path, config: &ModelConfig, device: &Device) -> Result<(Checkpoint, bool)> {
    let first = match load_file(&folder.join(FILE), config, device) {
        Ok(checkpoint) => return Ok((checkpoint, true)),
        Err(error) => error,
    };
    let mut passed = format!("{first:#}");
    for path in older(folder) {
        match load_file(&path, config, device) {
            Ok(checkpoint) => {
                say(&format!("{passed}; going on from {}, step {}", path.display(), checkpoint.position.step));
                return Ok((checkpoint, false));
            }
            Err(error) => passed.push_str(&format!("; {error:#}")),
        }
    }
    if !folder.join(FILE).exists() {
        bail!(first.context(format!("{} holds no checkpoint", folder.display())));
    }
    Err(first)
}

/// Loads one checkpoint.
///
/// # Errors
/// When it is damaged or belongs to a network of other sizes.
pub fn load_file(path: &Path, config: &ModelConfig, device: &Device) -> Result<Checkpoint> {
    let bytes = std::fs::read(path).with_context(|| format!("cannot read {}", path.display()))?;
    let position = checked(&bytes, path)?;
    read(&bytes, position, config, device).with_context(|| format!("the checkpoint {} cannot be used", path.display()))
}

/// What an export takes, in a sentence.
pub fn words(position: &Position, steps: usize, best: bool) -> String {
    let (step, bits_per_gene) = (&position.step, position.loss());
    let which = if best { "the best checkpoint" } else { "the newest checkpoint" };
    let unfinished = if *step < steps && !best { "; the run is not finished" } else { "" };
    format!("{which}: step {step} of {steps}, {bits_per_gene:.4} bits per gene{unfinished}")
}

fn read(bytes: &[u8], position: Position, config: &ModelConfig, device: &Device) -> Result<Checkpoint> {
    let file = SafeTensors::deserialize(bytes)?;
    // The best checkpoint holds averages alone.
    let own = file.tensor(WEIGHTS).or_else(|_| file.tensor("average.0"))?;
    let network = weights::load(own.data(), config, device)?;
    let mut averages = Vec::new();
    while let Ok(average) = file.tensor(&format!("average.{}", averages.len())) {
        averages.push(weights::load(average.data(), config, device)?);
    }
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
    Ok(Checkpoint { position, network, averages, moments })
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
        optimiser.averages = self.averages.iter().map(|own| own.parameters().into_iter().collect()).collect();
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::Position;

    #[test]
    #[allow(clippy::unwrap_used)]
    fn a_position_before_the_first_step_comes_back() {
        let position = Position {
            step: 0,
            bits_per_gene: f32::NAN,
            best: Some(0.25),
            best_step: 0,
            watched: 0,
            fingerprint: "f".to_owned(),
        };
        let text = serde_json::to_string(&position).unwrap();
        let back: Position = serde_json::from_str(&text).unwrap();
        assert!(back.bits_per_gene.is_nan());
        assert_eq!((back.loss(), back.best), (0.25, Some(0.25)));
        assert_eq!(Position { bits_per_gene: 0.5, ..back }.loss(), 0.5);
    }
}
