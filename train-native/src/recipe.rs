//! A recipe: everything that decides a training run, in one TOML file.
//!
//! Does: the typed form, read with errors that name the line; defaults of the paper.
//! Does not know: data, devices.
//! Flow: recipe → **settings** → data set, network, trainer, card.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Context, Result, ensure};
use model::card::{Kind, Source};
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
    /// Genes to show first.
    pub markers: Vec<String>,
    /// Default guidance.
    pub guidance: f32,
    /// Default sampling steps.
    pub steps: usize,
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
    /// Number of library size bins, for depth.
    #[serde(default)]
    pub bins: usize,
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
    /// Q: factors of the summary; they take Q of the R output factors.
    #[serde(default)]
    pub summary: usize,
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
    /// σ_rel of the power-function average of weights.
    pub ema: f64,
    /// Power of 1/p in the loss: 1 is the paper's, 0 weighs every masked gene alike.
    #[serde(default = "paper_weighting")]
    pub weighting: f32,
    /// Seed.
    pub seed: u64,
}

/// The paper's weighting.
fn paper_weighting() -> f32 {
    1.0
}

impl Recipe {
    /// Reads and checks a recipe.
    ///
    /// # Errors
    /// When the file cannot be read or a setting makes no sense.
    pub fn read(path: &Path) -> Result<Self> {
        let text =
            std::fs::read_to_string(path).with_context(|| format!("cannot read the recipe {}", path.display()))?;
        let recipe: Self =
            toml::from_str(&text).with_context(|| format!("the recipe {} is not valid", path.display()))?;
        recipe.check().with_context(|| format!("the recipe {} cannot be used", path.display()))?;
        Ok(recipe)
    }

    fn check(&self) -> Result<()> {
        let training = &self.training;
        ensure!(training.steps > 0 && training.batch > 0, "training.steps and training.batch must be at least 1");
        ensure!(
            (1..=self.model.group_size).contains(&training.slots),
            "training.slots is {}, but there are {} slots per group",
            training.slots,
            self.model.group_size
        );
        ensure!(
            2 * self.model.summary <= self.model.rank,
            "model.summary is {}; it takes as many of the {} output factors (model.rank), and at most half",
            self.model.summary,
            self.model.rank
        );
        ensure!(!self.conditions.is_empty(), "a recipe needs at least one condition");
        for condition in &self.conditions {
            let key = &condition.key;
            ensure!((0.0..1.0).contains(&condition.drop), "the drop of {key} must be from 0 to below 1");
            ensure!(
                (condition.kind == Kind::Perturbation) == condition.control.is_some(),
                "a perturbation needs a control value, and only a perturbation has one; look at {key}"
            );
            ensure!(
                (condition.kind == Kind::Depth) == (condition.bins > 0),
                "depth, and only depth, needs bins; look at {key}"
            );
        }
        ensure!(
            self.card.name.chars().all(|c| c.is_ascii_alphanumeric() || "-_.".contains(c)),
            "card.name is a folder name: letters, digits, - _ ."
        );
        Ok(())
    }
}
