//! A bundle: everything that a trained model needs to be used, checked as it is read.
//!
//! Does: reads card, weights, map, reference statistics and golden pass from bytes, refusing a
//! wrong hash, version, panel or shape with a sentence; turns choices by name into a request; runs
//! the golden pass on the chosen device.
//! Does not know: where the bytes come from; figures; which device it is on.
//! Flow: export → **bundle** → page and batch tool.

use std::collections::BTreeMap;

use burn::tensor::Device;
use safetensors::tensor::SafeTensors;
use sha2::{Digest, Sha256};
use thiserror::Error;

use crate::card::{Card, Choices, FORMAT_VERSION, FileEntry};
use crate::network::Network;
use crate::precomputed::{self, PRECOMPUTED, Precomputed, PrecomputedError};
use crate::statistics::NEVER;
use crate::weights::{self, Precision, Tensors, WeightsError};

mod golden;

pub use golden::{Golden, golden_logits};

/// The card's file name.
pub const CARD: &str = "bundle.json";
/// Weights in f16, some gene tables in bytes.
pub const WEIGHTS: &str = "weights.safetensors";
/// Principal components and reference cells.
pub const MAP: &str = "map.safetensors";
/// Measured pseudobulks.
pub const REFERENCE: &str = "reference.safetensors";
/// A forward pass with its logits.
pub const GOLDEN: &str = "golden.safetensors";

/// Why a bundle was refused.
#[derive(Debug, Error)]
pub enum BundleError {
    /// The card cannot be read.
    #[error("bundle.json cannot be read: {0}")]
    Card(#[from] serde_json::Error),
    /// Another format.
    #[error("this bundle has format version {found}; this version of Wellplate reads {FORMAT_VERSION}")]
    Version {
        /// Found.
        found: u32,
    },
    /// A file is missing.
    #[error("the bundle's file {0} is missing")]
    MissingFile(String),
    /// A file is not what the card says.
    #[error("the bundle's file {name} was changed or damaged: its {what} is {found}, but the card says {expected}")]
    Tampered {
        /// File.
        name: String,
        /// Size or hash.
        what: &'static str,
        /// Found.
        found: String,
        /// By the card.
        expected: String,
    },
    /// The card contradicts itself.
    #[error("bundle.json contradicts itself: {0}")]
    Inconsistent(String),
    /// A file's content does not fit.
    #[error("the bundle's file {file} does not fit: {source}")]
    Content {
        /// File.
        file: &'static str,
        /// What is wrong.
        source: WeightsError,
    },
    /// The precomputed results do not fit.
    #[error("the bundle's file precomputed.safetensors does not fit: {0}")]
    Precomputed(#[from] PrecomputedError),
    /// A choice that the bundle does not have.
    #[error("this model has no {key} called {value:?}; it has {known}")]
    UnknownValue {
        /// Condition.
        key: String,
        /// Asked for.
        value: String,
        /// The values there are.
        known: String,
    },
    /// A condition that the bundle does not have.
    #[error("this model has no condition called {key:?}; it has {known}")]
    UnknownKey {
        /// Asked for.
        key: String,
        /// The keys there are.
        known: String,
    },
    /// Several values of one condition.
    #[error("this model takes one {key} at a time; {values} were chosen")]
    Several {
        /// Condition.
        key: String,
        /// How many.
        values: usize,
    },
    /// A gene that is not in the panel.
    #[error("the gene {0} is not among the genes of this model")]
    UnknownGene(String),
    /// A gene held above what it can show.
    #[error(
        "{gene} cannot be held at {count}: its ceiling is {ceiling}, a quarter above the largest count of the training cells"
    )]
    AboveCeiling {
        /// Gene.
        gene: String,
        /// Asked for.
        count: u32,
        /// Largest count that its ceiling allows.
        ceiling: u32,
    },
    /// A number out of range.
    #[error("{what} must be between {least} and {most}; it is {found}")]
    Range {
        /// Which number.
        what: &'static str,
        /// Smallest.
        least: f64,
        /// Largest.
        most: f64,
        /// Asked for.
        found: f64,
    },
}

/// Principal components and the fixed reference map.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Map {
    /// Panel places of the genes that components use [g].
    pub genes: Vec<u32>,
    /// Their means [g].
    pub mean: Vec<f32>,
    /// Loadings [g, components].
    pub loadings: Vec<f32>,
    /// Components.
    pub components: usize,
    /// Components of the reference cells [n, components].
    pub reference: Vec<f32>,
    /// Their coordinates [n, 2].
    pub coordinates: Vec<f32>,
    /// Codes of their labels by key [n]: places among the card's values of that key.
    pub labels: BTreeMap<String, Vec<u8>>,
}

/// Measured statistics of the card's reference groups.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Reference {
    /// Mean log-normalised expression [groups, G].
    pub mean: Vec<f32>,
    /// Share of cells with the gene [groups, G].
    pub detected: Vec<f32>,
}

/// A bundle in memory.
#[derive(Clone, Debug)]
pub struct Bundle {
    /// What it is.
    pub card: Card,
    /// SHA-256 of bundle.json: names the whole bundle, since the card names every file's hash.
    pub hash: String,
    /// Weights on the device.
    pub network: Network,
    /// Fixed map.
    pub map: Map,
    /// Measured statistics.
    pub reference: Reference,
    /// Known forward pass.
    pub golden: Golden,
    /// Results made ahead of time; bundles need not have any.
    pub precomputed: Option<Precomputed>,
}

/// Whether cells cannot be made or shown without a file of this name. Others (such as the split of the training cells)
/// travel with a bundle for those who train and evaluate.
pub fn is_needed(name: &str) -> bool {
    [WEIGHTS, MAP, REFERENCE, GOLDEN, PRECOMPUTED].contains(&name)
}

/// SHA-256 in lower-case hexadecimal.
pub fn sha256(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Reads and checks a card.
///
/// # Errors
/// When it cannot be read, has another version or contradicts itself.
pub fn read_card(json: &[u8]) -> Result<Card, BundleError> {
    #[derive(serde::Deserialize)]
    struct Versioned {
        format_version: u32,
    }
    // The version first: a later format may not even parse.
    let found = serde_json::from_slice::<Versioned>(json)?.format_version;
    if found != FORMAT_VERSION {
        return Err(BundleError::Version { found });
    }
    let card: Card = serde_json::from_slice(json)?;
    card.model.check().map_err(|error| BundleError::Inconsistent(error.to_string()))?;
    let equal = |what: &str, found: usize, expected: usize| {
        if found == expected {
            return Ok(());
        }
        Err(BundleError::Inconsistent(format!("{found} {what} are listed, but the model has {expected}")))
    };
    equal("genes", card.genes.len(), card.model.genes)?;
    equal("conditions", card.conditions.len(), card.model.condition_slots)?;
    let highest = card.model.tokens() as i32;
    for condition in &card.conditions {
        let tokens = condition.values.iter().map(|value| value.token).chain(condition.unspecified);
        if let Some(token) =
            tokens.into_iter().find(|token| !(crate::quantise::FIRST_CONDITION..highest).contains(token))
        {
            return Err(BundleError::Inconsistent(format!("{} uses the token {token}", condition.key)));
        }
    }
    for name in [WEIGHTS, MAP, REFERENCE, GOLDEN] {
        if !card.files.contains_key(name) {
            return Err(BundleError::MissingFile(name.to_owned()));
        }
    }
    Ok(card)
}

impl Bundle {
    /// Reads a bundle from its card and its other files, onto a device.
    ///
    /// # Errors
    /// When anything does not fit the card.
    pub fn read(json: &[u8], files: &BTreeMap<String, Vec<u8>>, device: &Device) -> Result<Self, BundleError> {
        let card = read_card(json)?;
        for (name, entry) in card.files.iter().filter(|(name, _)| is_needed(name) || files.contains_key(*name)) {
            let bytes = files.get(name).ok_or_else(|| BundleError::MissingFile(name.clone()))?;
            check_file(name, entry, bytes)?;
        }
        let content = |file: &'static str| move |source| BundleError::Content { file, source };
        let network = weights::load(&files[WEIGHTS], &card.model, device).map_err(content(WEIGHTS))?;
        let map = read_map(&files[MAP], &card).map_err(content(MAP))?;
        let reference = read_reference(&files[REFERENCE], &card).map_err(content(REFERENCE))?;
        let golden = read_golden(&files[GOLDEN], &card).map_err(content(GOLDEN))?;
        let precomputed = files.get(PRECOMPUTED).filter(|_| card.files.contains_key(PRECOMPUTED));
        let precomputed = precomputed.map(|bytes| precomputed::read(bytes, &card)).transpose()?;
        Ok(Self { hash: sha256(json), card, network, map, reference, golden, precomputed })
    }

    /// The same bundle with its products in f16 ([`Network::halved`]).
    pub fn halved(self) -> Self {
        Self { network: self.network.halved(), ..self }
    }

    /// The same bundle as a CPU runs it ([`Network::on_host`]).
    pub fn on_host(self) -> Self {
        Self { network: self.network.on_host(), ..self }
    }

    /// Largest difference between this device's logits and the golden ones.
    ///
    /// # Errors
    /// When the device fails to hand the values back.
    pub async fn golden_error(&self) -> Result<f32, burn::tensor::ExecutionError> {
        let logits = golden_logits(&self.network, &self.golden).into_data_async().await?;
        // Values past a ceiling have no logit to speak of, on any device.
        let is_never = |logit: f32| logit < 0.5 * NEVER;
        let difference = |a: f32, b: f32| match (is_never(a), is_never(b)) {
            (true, true) => 0.0,
            (false, false) => (a - b).abs(),
            _ => f32::INFINITY,
        };
        let pairs = logits.iter::<f32>().zip(&self.golden.logits);
        // A difference that is not a number must not pass as small.
        let worse = |worst: f32, error: f32| if error <= worst { worst } else { error };
        Ok(pairs.map(|(a, b)| difference(a, *b)).fold(0.0, worse))
    }

    /// A sampling request from choices by name; see [`Choices`].
    ///
    /// # Errors
    /// When a name is not known or a number is out of range.
    pub fn request(&self, choices: &Choices) -> Result<crate::sample::Request, BundleError> {
        crate::choices::request(&self.card, &self.network.statistics, choices)
    }
}

/// A file against its entry in the card.
pub(crate) fn check_file(name: &str, entry: &FileEntry, bytes: &[u8]) -> Result<(), BundleError> {
    let tampered =
        |what, found: String, expected: String| BundleError::Tampered { name: name.to_owned(), what, found, expected };
    if bytes.len() as u64 != entry.bytes {
        return Err(tampered("size", format!("{} bytes", bytes.len()), format!("{} bytes", entry.bytes)));
    }
    let hash = sha256(bytes);
    if hash != entry.sha256 {
        return Err(tampered("SHA-256", hash, entry.sha256.clone()));
    }
    Ok(())
}

/// Reads named tensors of a file with their expected lengths.
struct Reader<'a>(SafeTensors<'a>);

impl Reader<'_> {
    fn floats(&self, name: &str, expected: usize) -> Result<Vec<f32>, WeightsError> {
        let view = self.0.tensor(name).map_err(|_| WeightsError::Missing(name.to_owned()))?;
        let values = weights::floats(name, &view)?;
        if values.iter().any(|value| !value.is_finite()) {
            return Err(WeightsError::NotFinite(name.to_owned()));
        }
        self.length(name, values, expected)
    }

    fn places(&self, name: &str, expected: Option<usize>, below: usize) -> Result<Vec<u32>, WeightsError> {
        let view = self.0.tensor(name).map_err(|_| WeightsError::Missing(name.to_owned()))?;
        let values = weights::integers(name, &view)?;
        let bound = |found: i32| WeightsError::Shape {
            name: name.to_owned(),
            found: vec![found as usize],
            expected: vec![below],
        };
        let places = values
            .iter()
            .map(|value| u32::try_from(*value).ok().filter(|at| (*at as usize) < below).ok_or_else(|| bound(*value)))
            .collect::<Result<Vec<u32>, _>>()?;
        let expected = expected.unwrap_or(places.len());
        self.length(name, places, expected)
    }

    fn length<T>(&self, name: &str, values: Vec<T>, expected: usize) -> Result<Vec<T>, WeightsError> {
        if values.len() == expected {
            return Ok(values);
        }
        Err(WeightsError::Shape { name: name.to_owned(), found: vec![values.len()], expected: vec![expected] })
    }
}

pub(crate) fn read_map(bytes: &[u8], card: &Card) -> Result<Map, WeightsError> {
    let file = Reader(SafeTensors::deserialize(bytes)?);
    let genes = file.places("genes", None, card.model.genes)?;
    let shape = file.0.tensor("loadings").map_err(|_| WeightsError::Missing("loadings".into()))?.shape().to_vec();
    let components = shape.get(1).copied().unwrap_or(0).max(1);
    let cells = file.0.tensor("coordinates").map_err(|_| WeightsError::Missing("coordinates".into()))?.shape().to_vec();
    let cells = cells.first().copied().unwrap_or(0);
    let mut labels = BTreeMap::new();
    for condition in &card.conditions {
        let name = format!("label.{}", condition.key);
        if let Ok(view) = file.0.tensor(&name) {
            labels.insert(condition.key.clone(), file.length(&name, view.data().to_vec(), cells)?);
        }
    }
    Ok(Map {
        mean: file.floats("mean", genes.len())?,
        loadings: file.floats("loadings", genes.len() * components)?,
        reference: file.floats("reference", cells * components)?,
        coordinates: file.floats("coordinates", cells * 2)?,
        genes,
        components,
        labels,
    })
}

fn read_reference(bytes: &[u8], card: &Card) -> Result<Reference, WeightsError> {
    let file = Reader(SafeTensors::deserialize(bytes)?);
    let size = card.reference.len() * card.model.genes;
    Ok(Reference { mean: file.floats("mean", size)?, detected: file.floats("detected", size)? })
}

fn read_golden(bytes: &[u8], card: &Card) -> Result<Golden, WeightsError> {
    let file = Reader(SafeTensors::deserialize(bytes)?);
    let tokens = file.places("tokens", None, card.model.tokens())?;
    let cells = tokens.len() / card.model.genes;
    let conditions = file.places("conditions", Some(cells * card.model.condition_slots), card.model.tokens())?;
    let genes = file.places("genes", None, card.model.genes)?;
    let logits = file.floats("logits", cells * genes.len() * crate::quantise::VOCABULARY)?;
    Ok(Golden {
        tokens: tokens.iter().map(|token| *token as u16).collect(),
        conditions: conditions.iter().map(|token| *token as i32).collect(),
        genes,
        logits,
    })
}

impl Map {
    /// The map's file; components and loadings in f16.
    ///
    /// # Errors
    /// When lengths disagree.
    pub fn serialise(&self) -> Result<Vec<u8>, WeightsError> {
        let (g, cells) = (self.genes.len(), self.coordinates.len() / 2);
        let mut file = Tensors::default();
        file.integers("genes", &[g], &self.genes.iter().map(|gene| *gene as i32).collect::<Vec<_>>());
        file.floats("mean", &[g], &self.mean, Precision::Half);
        file.floats("loadings", &[g, self.components], &self.loadings, Precision::Half);
        file.floats("reference", &[cells, self.components], &self.reference, Precision::Half);
        file.floats("coordinates", &[cells, 2], &self.coordinates, Precision::Half);
        for (key, codes) in &self.labels {
            file.bytes(&format!("label.{key}"), &[cells], codes.clone());
        }
        file.serialise()
    }
}

impl Reference {
    /// The reference's file in f16.
    ///
    /// # Errors
    /// When lengths disagree.
    pub fn serialise(&self, groups: usize) -> Result<Vec<u8>, WeightsError> {
        let genes = self.mean.len() / groups.max(1);
        let mut file = Tensors::default();
        file.floats("mean", &[groups, genes], &self.mean, Precision::Half);
        file.floats("detected", &[groups, genes], &self.detected, Precision::Half);
        file.serialise()
    }
}

impl Golden {
    /// The golden pass's file.
    ///
    /// # Errors
    /// When lengths disagree.
    pub fn serialise(&self, genes: usize) -> Result<Vec<u8>, WeightsError> {
        let cells = self.tokens.len() / genes.max(1);
        let mut file = Tensors::default();
        let tokens: Vec<i32> = self.tokens.iter().map(|token| i32::from(*token)).collect();
        file.integers("tokens", &[cells, genes], &tokens);
        file.integers("conditions", &[cells, self.conditions.len() / cells.max(1)], &self.conditions);
        let places: Vec<i32> = self.genes.iter().map(|gene| *gene as i32).collect();
        file.integers("genes", &[places.len()], &places);
        let shape = [cells, self.genes.len(), crate::quantise::VOCABULARY];
        file.floats("logits", &shape, &self.logits, Precision::Full);
        file.serialise()
    }
}
