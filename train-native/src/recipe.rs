//! A recipe: everything that decides a training run, in one TOML file.
//!
//! Does: the typed form, read (`read`) with all faults at once (`faults`); defaults of the paper.
//! Does not know: data, devices.
//! Flow: recipe → **settings** → data set, network, trainer, card.

pub mod faults;
mod read;

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use anyhow::{Context, Result};
use cells::splits::{self, Control, Rule, Split};
use model::card::{Kind, Origin, Published, Source};
use model::config::ModelConfig;
use serde::{Deserialize, Serialize};

/// A training recipe.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Recipe {
    /// What the bundle says about itself.
    pub card: CardText,
    /// Condition slots in order.
    pub conditions: Vec<ConditionRecipe>,
    /// Groups of cells that never enter training: every label of an entry must match.
    #[serde(default)]
    pub hold_out: Vec<BTreeMap<String, String>>,
    /// In place of `hold_out`: a split, or the path of a split file beside the recipe.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub split: Option<Split>,
    /// Sizes of the network.
    pub model: Sizes,
    /// Optimisation.
    pub training: TrainingRecipe,
}

/// Words of the card.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CardText {
    /// Folder name.
    pub name: String,
    /// One line.
    pub title: String,
    /// A paragraph.
    pub description: String,
    /// Species in Latin.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub species: Option<String>,
    /// Where the cells come from.
    #[serde(default)]
    pub origin: Origin,
    /// How cells that were not measured were made.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub origin_note: String,
    /// Terms of the weights.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub licence: Option<String>,
    /// What it is for.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub intended_use: Vec<String>,
    /// Where it is known to fail.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub known_failures: Vec<String>,
    /// Cells that the map is made of, by label and value; all when left out.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub map_of: BTreeMap<String, String>,
    /// Genes to show first.
    pub markers: Vec<String>,
    /// Default guidance.
    pub guidance: f32,
    /// Largest guidance that the bundle offers.
    #[serde(default = "three")]
    pub guidance_limit: f32,
    /// Whether the sampler draws what visible genes leave unknown of the summary factors; without it genes that are
    /// revealed together do not vary together.
    #[serde(default = "yes")]
    pub draws_factors: bool,
    /// Default sampling steps.
    pub steps: usize,
    /// What others reported of other models on the groups that are held out.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub published: Vec<Published>,
    /// What it must not be used for.
    pub not_for: Vec<String>,
    /// Sources.
    pub data: Vec<Source>,
}

/// One condition slot.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ConditionRecipe {
    /// Label in obs; `depth` is made from the library size.
    pub key: String,
    /// Name for people.
    pub title: String,
    /// What it means.
    pub kind: Kind,
    /// Control value of a perturbation.
    #[serde(default)]
    pub control: Option<String>,
    /// Names of values for people, where they differ.
    #[serde(default)]
    pub display: BTreeMap<String, String>,
    /// Other names of values that people look for.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub aliases: BTreeMap<String, Vec<String>>,
    /// Where the cells of a value come from, if not from where the others do.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub origins: BTreeMap<String, Origin>,
    /// Number of library size bins, for depth.
    #[serde(default)]
    pub bins: usize,
    /// Obs column with the whole cell's UMI counts, for depth of a panel that is a part of the transcriptome: there the
    /// sum over the panel moves with the perturbation. Left out, the sum over the panel.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sizes: Option<String>,
    /// Share of training cells whose label is replaced by "unspecified".
    #[serde(default)]
    pub drop: f64,
}

/// Sizes that do not follow from the data.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sizes {
    /// S.
    pub group_size: usize,
    /// D.
    pub width: usize,
    /// Blocks.
    pub blocks: usize,
    /// H.
    pub heads: usize,
    /// F.
    pub feed_width: usize,
    /// R.
    pub rank: usize,
    /// Q: factors of the summary.
    #[serde(default)]
    pub summary: usize,
    /// U: factors of the shape of a gene's distribution.
    #[serde(default = "four")]
    pub shape: usize,
}

impl Sizes {
    /// Sizes of a network of `genes` genes, C condition slots, K values in all and P pairs of them.
    pub fn config(&self, genes: usize, [condition_slots, condition_values, pairs]: [usize; 3]) -> ModelConfig {
        ModelConfig {
            genes,
            group_size: self.group_size,
            width: self.width,
            blocks: self.blocks,
            heads: self.heads,
            feed_width: self.feed_width,
            rank: self.rank,
            summary: self.summary,
            shape: self.shape,
            condition_slots,
            condition_values,
            pairs,
        }
    }
}

/// Optimisation (PAPER.md section 8).
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TrainingRecipe {
    /// Optimiser steps.
    pub steps: usize,
    /// Cells per step.
    pub batch: usize,
    /// Highest learning rate.
    pub peak_rate: f64,
    /// Learning rate at the end.
    pub final_rate: f64,
    /// Steps of linear warm-up.
    pub warm_up: usize,
    /// Decoupled weight decay on matrices.
    pub weight_decay: f64,
    /// Largest global gradient norm.
    pub clip: f64,
    /// Slots decoded per step (n of S).
    pub slots: usize,
    /// σ_rel of the power-function averages of weights, one or several; all are kept, `export` takes the
    /// first unless told otherwise.
    #[serde(deserialize_with = "one_or_several")]
    pub ema: Vec<f64>,
    /// Power of 1/p in the loss: 1 is the paper's, 0 weighs every masked gene alike.
    #[serde(default = "paper_weighting")]
    pub weighting: f32,
    /// Learning rate of what the start was measured from the data, as a share of that of the rest: responses, gates of
    /// conditions and pairs, loadings.
    #[serde(default = "tenth")]
    pub start_rate: f64,
    /// Steps without a better loss on the cells set aside after which training ends; 0 never ends it early.
    #[serde(default)]
    pub patience: usize,
    /// Parts that a step is computed in, one after the other: less memory, the same step.
    #[serde(default = "one")]
    pub accumulate: usize,
    /// Number type of the large matrix products; weights, their averages and the optimiser stay in f32.
    #[serde(default)]
    pub precision: Precision,
    /// Forget activations on the way forward and compute them again on the way back: less memory, more time.
    #[serde(default)]
    pub checkpointing: bool,
    /// Table of gene embeddings to start from (gene, then numbers), a path as the shell sees it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gene_table: Option<PathBuf>,
    /// Training cells set aside to watch the loss on cells that training does not see.
    #[serde(default)]
    pub validation: usize,
    /// Checkpoints kept besides the best one.
    #[serde(default = "two")]
    pub keep: usize,
    /// Parts of the network left out, to see what they are worth: their parameters start neutral and are
    /// never trained. See [`PARTS`].
    #[serde(default)]
    pub without: Vec<String>,
    /// What belongs to a donor or line (identity) learns from control cells only. Otherwise donors of whom no
    /// perturbed cell is in training learn that they do not respond.
    #[serde(default)]
    pub identity_from_controls: bool,
    /// Most control cells of a source as a share of its cells; the paper's is 0.1.
    #[serde(default)]
    pub control_share: Option<ControlShare>,
    /// Seed.
    pub seed: u64,
}

/// Number type of matrix products.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Precision {
    /// 32 bits.
    #[default]
    F32,
    /// 16 bits with the range of 32.
    Bf16,
}

/// A limit on control cells (PAPER.md section 5).
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ControlShare {
    /// Label in obs that names a cell's source (data set, line or batch).
    pub source: String,
    /// Largest share, above 0 and below 1.
    pub most: f64,
}

/// Parts that `training.without` may name: a start of parameter names, and the value they are held at.
pub const PARTS: [(&str, &[&str], f32); 5] = [
    ("gene_embedding", &["gene_embedding"], 0.0),
    ("responses", &["gene_output"], 0.0),
    ("pairs", &["gate_pairs"], 0.0),
    ("correction", &["head", "shape_basis"], 0.0),
    ("summary", &["summary.loadings", "summary.to_rows"], 0.0),
];

fn one() -> usize {
    1
}

fn two() -> usize {
    2
}

fn tenth() -> f64 {
    0.1
}

fn yes() -> bool {
    true
}

fn three() -> f32 {
    3.0
}

fn four() -> usize {
    4
}

/// A number or a list of numbers.
fn one_or_several<'de, D: serde::Deserializer<'de>>(input: D) -> Result<Vec<f64>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Either {
        One(f64),
        Several(Vec<f64>),
    }
    Ok(match Either::deserialize(input)? {
        Either::One(value) => vec![value],
        Either::Several(values) => values,
    })
}

/// The paper's weighting.
fn paper_weighting() -> f32 {
    1.0
}

impl Recipe {
    /// What the recipe keeps out of training; none when nothing is.
    ///
    /// # Errors
    /// When the held-out groups contradict each other.
    pub fn split(&self) -> Result<Option<Split>> {
        if self.split.is_some() || self.hold_out.is_empty() {
            return Ok(self.split.clone());
        }
        let control = self.conditions.iter().find_map(|own| Some((own.key.clone(), own.control.clone()?)));
        let control = control.map(|(column, value)| Control { column, value, kept: false });
        let named = self.hold_out.iter().flat_map(BTreeMap::keys).chain(control.iter().map(|own| &own.column));
        let columns: BTreeSet<String> = named.cloned().collect();
        let split = Split {
            version: splits::VERSION,
            name: format!("{}-held-out", self.card.name),
            about: "Groups that the recipe holds out of training.".to_owned(),
            columns: columns.into_iter().collect(),
            control,
            source: None,
            rule: Rule::Given,
            seed: None,
            validation: Vec::new(),
            test: self.hold_out.clone(),
            fingerprint: None,
        };
        split.validate().context("the groups of [[hold_out]] are no split")?;
        Ok(Some(split))
    }
}
