//! Results made ahead of time: what the page shows before it has made any cells of its own.
//!
//! Does: sets of generated cells in a few numbers (places on the map, means and detection of some genes), comparisons
//! of two sets (p, q, interval of the surest genes), and what made them, as one small file and back.
//! Does not know: how cells are generated or tested (`wellplate precompute` does, with the code that the page runs),
//! single cells' counts.
//! Flow: precompute → **file of the bundle** → page.
//!
//! A set of control cells stands once, however many comparisons it is part of. Numbers are rounded to f16: means to
//! 0.05 %, p and q to about 1 %.

use std::collections::BTreeMap;

use safetensors::tensor::SafeTensors;
use serde::{Deserialize, Serialize};
use thiserror::Error;

pub use crate::bundle::files::PRECOMPUTED;
use crate::bundle::files::WEIGHTS;
use crate::card::{Card, Kind};
use crate::weights::{self, Precision, Tensors, WeightsError};

/// −log10 of a p-value that is 0: nothing that is a number comes near it.
const NEVER: f32 = 400.0;

/// Why the file was refused.
#[derive(Debug, Error)]
pub enum PrecomputedError {
    /// A table is missing, damaged or of another length.
    #[error(transparent)]
    Table(#[from] WeightsError),
    /// Its list of contents cannot be read.
    #[error("its list of contents cannot be read: {0}")]
    Contents(#[from] serde_json::Error),
    /// It belongs to another bundle, or contradicts itself.
    #[error("{0}; make it anew with `wellplate precompute`")]
    Foreign(String),
}

/// What made the results.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Made {
    /// Version of the program that made them.
    pub version: String,
    /// Device.
    pub device: String,
    /// SHA-256 of the weights.
    pub weights: String,
    /// Seed of every set of cells.
    pub seed: u64,
    /// Guidance of perturbed cells; control cells have none.
    pub guidance: f32,
    /// Sampling steps.
    pub steps: usize,
    /// Cells of every set.
    pub cells: usize,
    /// Genes that were tested; the file holds the surest.
    pub tested: usize,
}

/// A set of generated cells.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Population {
    /// Value of every condition that was chosen, by key; for control cells that of the control.
    pub with: BTreeMap<String, String>,
    /// Places of some of its cells on the bundle's map [n, 2].
    pub points: Vec<f32>,
    /// Panel places of the genes that the file tells of, ascending [g].
    pub genes: Vec<u32>,
    /// expm1 of their mean log-normalised expression: normalised counts [g].
    pub mean: Vec<f32>,
    /// Cells with the gene [g].
    pub detected: Vec<u32>,
    /// Genes that are surely higher than in the other cell types, surest first; for bundles without perturbations.
    pub typical: Vec<u32>,
}

/// Control cells against perturbed cells; numbers are of the genes that the perturbed cells tell of [g].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Comparison {
    /// Place of the control cells among the sets.
    pub control: usize,
    /// Place of the perturbed cells.
    pub perturbed: usize,
    /// −log10 p of the rank test [g].
    pub p: Vec<f32>,
    /// −log10 q over all genes that were tested [g].
    pub q: Vec<f32>,
    /// Half the 95 % interval of the difference of mean log-normalised expression [g].
    pub margin: Vec<f32>,
    /// Genes of all that were tested with q below 0.05.
    pub shifted: usize,
}

/// The file.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Precomputed {
    /// What made it.
    pub made: Made,
    /// Sets of cells.
    pub populations: Vec<Population>,
    /// Comparisons.
    pub comparisons: Vec<Comparison>,
}

/// −log10 of a probability, as the file holds it; what is not a number counts as 1.
pub fn exponent(probability: f64) -> f32 {
    if probability == 0.0 {
        return NEVER;
    }
    let exponent = -probability.log10();
    // Of 1 it is −0.
    if exponent > 0.0 { exponent.min(f64::from(NEVER)) as f32 } else { 0.0 }
}

/// The probability behind [`exponent`].
pub fn probability(exponent: f32) -> f64 {
    10.0_f64.powf(-f64::from(exponent))
}

/// The list of contents: everything that is not a long table.
#[derive(Serialize, Deserialize)]
struct Contents {
    made: Made,
    populations: Vec<PopulationHead>,
    comparisons: Vec<ComparisonHead>,
}

#[derive(Serialize, Deserialize)]
struct PopulationHead {
    with: BTreeMap<String, String>,
    points: usize,
    genes: usize,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    typical: Vec<u32>,
}

#[derive(Serialize, Deserialize)]
struct ComparisonHead {
    control: usize,
    perturbed: usize,
    shifted: usize,
}

/// One table of all entries, one after the other.
fn joined<'a, T, V: Copy + 'a>(entries: &'a [T], table: impl Fn(&'a T) -> &'a [V]) -> Vec<V> {
    entries.iter().flat_map(|entry| table(entry).iter().copied()).collect()
}

impl Precomputed {
    /// The file.
    ///
    /// # Errors
    /// When lengths disagree.
    pub fn serialise(&self) -> Result<Vec<u8>, PrecomputedError> {
        let (sets, compared) = (&self.populations, &self.comparisons);
        let contents = Contents {
            made: self.made.clone(),
            populations: sets
                .iter()
                .map(|own| PopulationHead {
                    with: own.with.clone(),
                    points: own.points.len() / 2,
                    genes: own.genes.len(),
                    typical: own.typical.clone(),
                })
                .collect(),
            comparisons: compared
                .iter()
                .map(|own| ComparisonHead { control: own.control, perturbed: own.perturbed, shifted: own.shifted })
                .collect(),
        };
        let mut file = Tensors::default();
        let contents = serde_json::to_vec(&contents)?;
        file.bytes("contents", &[contents.len()], contents);
        let whole = |file: &mut Tensors, name: &str, values: Vec<u32>| file.whole(name, &[values.len()], &values);
        let halves = |file: &mut Tensors, name: &str, values: Vec<f32>| {
            file.floats(name, &[values.len()], &values, Precision::Half)
        };
        halves(&mut file, "points", joined(sets, |own| &own.points));
        whole(&mut file, "genes", joined(sets, |own| &own.genes));
        halves(&mut file, "mean", joined(sets, |own| &own.mean));
        whole(&mut file, "detected", joined(sets, |own| &own.detected));
        halves(&mut file, "compared.p", joined(compared, |own| &own.p));
        halves(&mut file, "compared.q", joined(compared, |own| &own.q));
        halves(&mut file, "compared.margin", joined(compared, |own| &own.margin));
        Ok(file.serialise()?)
    }
}

/// A table that is handed out entry by entry.
struct Table<T> {
    values: std::vec::IntoIter<T>,
}

impl<T> Table<T> {
    fn new(name: &str, values: Vec<T>, expected: usize) -> Result<Self, WeightsError> {
        if values.len() != expected {
            let (found, expected) = (vec![values.len()], vec![expected]);
            return Err(WeightsError::Shape { name: name.to_owned(), found, expected });
        }
        Ok(Self { values: values.into_iter() })
    }

    fn next(&mut self, count: usize) -> Vec<T> {
        self.values.by_ref().take(count).collect()
    }
}

/// The file's tables by name.
struct Tables<'a>(SafeTensors<'a>);

impl Tables<'_> {
    fn floats(&self, name: &str, expected: usize) -> Result<Table<f32>, WeightsError> {
        let view = self.0.tensor(name).map_err(|_| WeightsError::Missing(name.to_owned()))?;
        let values = weights::floats(name, &view)?;
        if values.iter().any(|value| !value.is_finite()) {
            return Err(WeightsError::NotFinite(name.to_owned()));
        }
        Table::new(name, values, expected)
    }

    fn whole(&self, name: &str, expected: usize) -> Result<Table<u32>, WeightsError> {
        let view = self.0.tensor(name).map_err(|_| WeightsError::Missing(name.to_owned()))?;
        Table::new(name, weights::whole(name, &view)?, expected)
    }
}

/// Sum of lengths; what does not fit into memory is no length.
fn total(lengths: impl Iterator<Item = usize>) -> usize {
    lengths.fold(0, usize::saturating_add)
}

/// Reads the file of a bundle.
///
/// # Errors
/// When it is damaged, was made with other weights, or names what the bundle does not have.
pub fn read(bytes: &[u8], card: &Card) -> Result<Precomputed, PrecomputedError> {
    let file = Tables(SafeTensors::deserialize(bytes).map_err(WeightsError::from)?);
    let contents = file.0.tensor("contents").map_err(|_| WeightsError::Missing("contents".to_owned()))?;
    let Contents { made, populations, comparisons } = serde_json::from_slice(contents.data())?;
    let genes = total(populations.iter().map(|own| own.genes));
    let mut points = file.floats("points", total(populations.iter().map(|own| own.points.saturating_mul(2))))?;
    let (mut places, mut mean) = (file.whole("genes", genes)?, file.floats("mean", genes)?);
    let mut detected = file.whole("detected", genes)?;
    // A set that is not there is refused below.
    let lengths: Vec<usize> = populations.iter().map(|own| own.genes).collect();
    let of = |place: usize| lengths.get(place).copied().unwrap_or(0);
    let genes = total(comparisons.iter().map(|own| of(own.perturbed)));
    let (mut p, mut q) = (file.floats("compared.p", genes)?, file.floats("compared.q", genes)?);
    let mut margin = file.floats("compared.margin", genes)?;
    let found = Precomputed {
        made,
        populations: populations
            .into_iter()
            .map(|own| Population {
                with: own.with,
                points: points.next(2 * own.points),
                genes: places.next(own.genes),
                mean: mean.next(own.genes),
                detected: detected.next(own.genes),
                typical: own.typical,
            })
            .collect(),
        comparisons: comparisons
            .into_iter()
            .map(|own| Comparison {
                control: own.control,
                perturbed: own.perturbed,
                p: p.next(of(own.perturbed)),
                q: q.next(of(own.perturbed)),
                margin: margin.next(of(own.perturbed)),
                shifted: own.shifted,
            })
            .collect(),
    };
    check(&found, card).map_err(PrecomputedError::Foreign)?;
    Ok(found)
}

/// Whether the file is of this bundle and tells of what it says.
fn check(found: &Precomputed, card: &Card) -> Result<(), String> {
    if card.files.get(WEIGHTS).is_none_or(|entry| entry.sha256 != found.made.weights) {
        return Err("it was made with other weights than the bundle's".to_owned());
    }
    if found.made.tested != card.genes.len() {
        return Err(format!("it is of {} genes, but the bundle has {}", found.made.tested, card.genes.len()));
    }
    let ascends = |genes: &[u32]| genes.is_sorted_by(|a, b| a < b);
    for own in &found.populations {
        for (key, value) in &own.with {
            let known = card.condition(key).filter(|condition| condition.kind != Kind::Depth);
            if known.is_none_or(|condition| condition.token(value).is_none()) {
                return Err(format!("it tells of {key} {value:?}, which the bundle does not have"));
            }
        }
        let beyond = |gene: &u32| *gene as usize >= card.genes.len();
        if !ascends(&own.genes) || own.genes.iter().chain(&own.typical).any(beyond) {
            return Err("its genes are not places in the bundle's panel, in order".to_owned());
        }
        if own.detected.iter().any(|cells| *cells as usize > found.made.cells) {
            return Err("it counts a gene in more cells than there are".to_owned());
        }
    }
    for own in &found.comparisons {
        let (Some(control), Some(perturbed)) =
            (found.populations.get(own.control), found.populations.get(own.perturbed))
        else {
            return Err("it compares cells that it does not tell of".to_owned());
        };
        if perturbed.genes.iter().any(|gene| control.genes.binary_search(gene).is_err()) {
            return Err("it compares genes that it does not tell of".to_owned());
        }
    }
    Ok(())
}

#[cfg(test)]
pub(crate) mod tests;
