//! The tables of a bundle beside its weights: the map and the measured reference, and how they are written.
//!
//! Does: holds both and makes their files, in f16 where that is enough.
//! Does not know: cards, where the numbers come from.
//! Flow: export → **files**; readers (`read`) → **tables** → page.

use std::collections::BTreeMap;

use crate::weights::{Precision, Tensors, WeightsError};

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
