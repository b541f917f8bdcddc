//! A bundle's tables from bytes, checked as they are read.
//!
//! Does: holds a file against its entry in the card; reads map, reference and golden pass, refusing what has another
//! shape than the card says or is no number.
//! Does not know: weights, where bytes come from.
//! Flow: bytes + card → **tables** → `Bundle`, preview.

use std::collections::BTreeMap;

use safetensors::tensor::SafeTensors;

use super::error::BundleError;
use super::files::sha256;
use super::golden::Golden;
use super::tables::{Map, Reference};
use crate::card::{Card, FileEntry};
use crate::weights::{self, WeightsError};

/// A file against its entry in the card.
pub(super) fn check_file(name: &str, entry: &FileEntry, bytes: &[u8]) -> Result<(), BundleError> {
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

pub(super) fn read_map(bytes: &[u8], card: &Card) -> Result<Map, WeightsError> {
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

pub(super) fn read_reference(bytes: &[u8], card: &Card) -> Result<Reference, WeightsError> {
    let file = Reader(SafeTensors::deserialize(bytes)?);
    let size = card.reference.len() * card.model.genes;
    Ok(Reference { mean: file.floats("mean", size)?, detected: file.floats("detected", size)? })
}

pub(super) fn read_golden(bytes: &[u8], card: &Card) -> Result<Golden, WeightsError> {
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
