//! A bundle: everything that a trained model needs to be used, checked as it is read.
//!
//! Does: reads card, weights, map, reference statistics and golden pass from bytes, refusing a
//! wrong hash, version, panel or shape with a sentence; turns choices by name into a request; runs
//! the golden pass on the chosen device.
//! Does not know: where the bytes come from; figures; which device it is on.
//! Flow: export → **bundle** → page and batch tool.

use std::collections::BTreeMap;

use burn::tensor::Device;

use crate::card::{Card, Choices, FORMAT_VERSION};
use crate::network::Network;
use crate::precomputed::{self, Precomputed};
use crate::sealed::{self, Seal};
use crate::statistics::NEVER;
use crate::weights;

pub(crate) mod error;
pub(crate) mod files;
mod golden;
mod preview;
mod read;
mod tables;

pub use error::BundleError;
pub use files::{CARD, GOLDEN, MAP, REFERENCE, WEIGHTS, is_needed, sha256};
pub use golden::{Golden, golden_logits};
pub use preview::preview;
pub use tables::{Map, Reference};

use files::PRECOMPUTED;
use read::{check_file, read_golden, read_map, read_reference};

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

/// A card as a sealed file: it knows when a bit of it has changed.
///
/// # Errors
/// When a number of it is none.
pub fn write_card(card: &Card) -> Result<Vec<u8>, BundleError> {
    Ok(sealed::to_text(&serde_json::to_string(card)?))
}

/// Reads and checks a card. Cards of earlier versions have no seal and are read as they are.
///
/// # Errors
/// When it cannot be read, was changed, has another version or contradicts itself.
pub fn read_card(json: &[u8]) -> Result<Card, BundleError> {
    #[derive(serde::Deserialize)]
    struct Head {
        format_version: u32,
        seal: Option<serde_json::Value>,
    }
    // The version first: a later format may not even parse, or be sealed in another way.
    let head: Head = serde_json::from_slice(json)?;
    let found = head.format_version;
    if found != FORMAT_VERSION {
        return Err(BundleError::Version { found });
    }
    if sealed::check_with_key(json, head.seal.is_some()) == Seal::Broken {
        return Err(BundleError::Broken);
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
