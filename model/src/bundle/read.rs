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
use crate::quantise::FIRST_CONDITION;
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
        // A table without rows may claim columns without end; no table is as long as the largest number.
        loadings: file.floats("loadings", genes.len().saturating_mul(components))?,
        reference: file.floats("reference", cells.saturating_mul(components))?,
        coordinates: file.floats("coordinates", cells.saturating_mul(2))?,
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
    let tokens = file.places("tokens", None, FIRST_CONDITION as usize)?;
    let cells = tokens.len() / card.model.genes;
    if cells == 0 || tokens.len() != cells * card.model.genes {
        let (found, expected) = (vec![tokens.len()], vec![cells.max(1), card.model.genes]);
        return Err(WeightsError::Shape { name: "tokens".to_owned(), found, expected });
    }
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

#[cfg(test)]
mod tests {
    // A test fails by panicking; that is what `unwrap` is for here.
    #![allow(clippy::unwrap_used)]
    use super::{read_golden, read_map};
    use crate::bundle::{Golden, Map};
    use crate::precomputed::tests::card;
    use crate::quantise::{FIRST_CONDITION, VOCABULARY};
    use crate::weights::{Precision, Tensors};

    #[test]
    fn tables_without_rows_claim_nothing() {
        let map = Map {
            genes: vec![0, 1],
            mean: vec![0.0; 2],
            loadings: vec![0.0; 4],
            components: 2,
            reference: vec![0.0; 6],
            coordinates: vec![0.0; 6],
            ..Map::default()
        };
        assert!(read_map(&map.serialise().unwrap(), &card()).is_ok());
        // Two genes times half of all numbers is none, where products run over.
        let half = 1 << (usize::BITS - 1);
        for (loadings, coordinates) in [([0, half], [3, 2]), ([2, 2], [half, 0])] {
            let mut file = Tensors::default();
            file.integers("genes", &[2], &[0, 1]);
            for (name, shape) in
                [("mean", [2, 1]), ("reference", [0, 0]), ("loadings", loadings), ("coordinates", coordinates)]
            {
                let values = shape.iter().fold(1_usize, |all, size| all.saturating_mul(*size));
                file.floats(name, &shape, &vec![0.0; if shape.contains(&0) { 0 } else { values }], Precision::Full);
            }
            assert!(read_map(&file.serialise().unwrap(), &card()).is_err());
        }
    }

    #[test]
    fn a_golden_pass_is_of_whole_cells_and_of_tokens_of_genes() {
        let golden = |tokens: Vec<u16>| {
            let whole =
                Golden { tokens, conditions: vec![282, 283, 285], genes: vec![0], logits: vec![0.0; VOCABULARY] };
            read_golden(&whole.serialise(5).unwrap(), &card())
        };
        assert!(golden(vec![0; 5]).is_ok());
        // The token of a condition value is none of a gene.
        assert!(golden(vec![0, 0, 0, 0, FIRST_CONDITION as u16]).is_err());
        let mut file = Tensors::default();
        file.integers("tokens", &[4], &[0; 4]);
        for name in ["conditions", "genes"] {
            file.integers(name, &[0], &[]);
        }
        file.floats("logits", &[0], &[], Precision::Full);
        assert!(read_golden(&file.serialise().unwrap(), &card()).is_err(), "four tokens are no cell of five genes");
    }
}
