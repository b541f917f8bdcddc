//! `bundle.json`: what a bundle is, in words and numbers.
//!
//! Does: the typed form of the card, its choices by name, and the tokens they stand for.
//! Does not know: weights, files, how the card is shown.
//! Flow: recipe and training → **card** → page, command line, reports.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::config::ModelConfig;

/// Version of the bundle format that this code writes and reads.
///
/// 2: genes have ceilings and a base measure, conditions pairs, library sizes bounds. Bundles of version 1 are refused:
/// their heads can write impossible counts.
pub const FORMAT_VERSION: u32 = 2;

/// The card of a bundle.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Card {
    /// Always [`FORMAT_VERSION`].
    pub format_version: u32,
    /// Folder name.
    pub name: String,
    /// One line for people.
    pub title: String,
    /// A paragraph for people.
    pub description: String,
    /// Species in Latin.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub species: Option<String>,
    /// Where its training cells come from.
    #[serde(default)]
    pub origin: Origin,
    /// How cells that were not measured were made: formula, sources, seed; empty where all were measured.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub origin_note: String,
    /// Where the cells of its map come from, if not from where its training cells do.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub map_origin: Option<Origin>,
    /// Terms of the weights.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub licence: Option<String>,
    /// What it is for.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub intended_use: Vec<String>,
    /// Where it is known to fail.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub known_failures: Vec<String>,
    /// Sizes of the network.
    pub model: ModelConfig,
    /// Gene panel, symbols in order [G].
    pub genes: Vec<String>,
    /// Condition slots in order [C].
    pub conditions: Vec<Condition>,
    /// Marker genes that the page shows first.
    pub markers: Vec<String>,
    /// Guidance that the scores were measured at.
    pub guidance: f32,
    /// Largest guidance at which its cells were found sound.
    pub guidance_limit: f32,
    /// Whether the sampler draws what visible genes leave unknown of the summary factors.
    #[serde(default)]
    pub draws_factors: bool,
    /// Sampling steps that the scores were measured at.
    pub steps: usize,
    /// Library size that expression is normalised to before log(1 + x).
    pub target_sum: f64,
    /// Library sizes of the training cells: smallest and largest.
    pub library_sizes: [u32; 2],
    /// Rows of the reference statistics, in order.
    pub reference: Vec<ReferenceGroup>,
    /// Held-out scores beside baseline and ceiling.
    pub scores: Vec<Score>,
    /// The referee's metrics over all held-out groups: model, baselines and ceiling, with intervals.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub summaries: Vec<Summary>,
    /// How like generated populations are to measured ones that training never saw.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub populations: Vec<Population>,
    /// Whether its cells could be cells at all; bundles that were not evaluated say nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub plausibility: Option<Plausible>,
    /// Training cells of every combination of chosen values, by the values of the conditions other than
    /// library size, in their order, joined by "|". What is not here is an extrapolation.
    #[serde(default)]
    pub combinations: BTreeMap<String, usize>,
    /// How it was trained.
    pub training: Training,
    /// What it was trained on.
    pub data: Vec<Source>,
    /// What other models were reported to reach on the same groups, by others.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub published: Vec<Published>,
    /// What it must not be used for.
    pub not_for: Vec<String>,
    /// Every other file of the bundle.
    pub files: BTreeMap<String, FileEntry>,
}

/// Where cells come from, the least measured last.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Origin {
    /// Counted in an experiment.
    #[default]
    Measured,
    /// Measured cells that a published signature was applied to.
    SemiSynthetic,
    /// Made by a formula.
    Synthetic,
}

/// One condition slot.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Condition {
    /// Key in requests and in obs.
    pub key: String,
    /// Name for people.
    pub title: String,
    /// What it means to the sampler.
    pub kind: Kind,
    /// Value of the unguided branch, for perturbations.
    pub control: Option<String>,
    /// Values with their tokens.
    pub values: Vec<Value>,
    /// Token of "not said", trained by dropping the label at random.
    pub unspecified: Option<i32>,
    /// For library size: training cells per value, by "identity|cell type|perturbation" where there are enough, by "cell
    /// type|perturbation", and by "", which is everything.
    #[serde(default)]
    pub frequencies: BTreeMap<String, Vec<f64>>,
    /// For library size of a panel that is a part of the transcriptome: the obs column with the UMIs of whole cells, which
    /// the bins were made from and cells are scaled by. None: the sums over the panel.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sizes: Option<String>,
}

/// What a condition slot means to the sampler.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// Donor or cell line.
    Identity,
    /// Cell type.
    CellType,
    /// Cytokine or knock-down; guided.
    Perturbation,
    /// Library size bin; drawn per cell when not said.
    Depth,
}

/// One value of a condition.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Value {
    /// In requests and obs.
    pub value: String,
    /// For people.
    pub display: String,
    /// Other names that people look for; older bundles have none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub aliases: Vec<String>,
    /// Where its cells come from, if not from where the bundle's do.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub origin: Option<Origin>,
    /// Condition token.
    pub token: i32,
    /// Training cells with it.
    pub cells: usize,
    /// For library size: smallest and largest of the training cells with it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub library_sizes: Option<[u32; 2]>,
    /// For library size of whole cells: their mean, UMIs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mean_total: Option<f64>,
}

/// A group of measured cells with reference statistics.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ReferenceGroup {
    /// Cell type.
    pub cell_type: String,
    /// Perturbation value.
    pub condition: String,
    /// Cells in it.
    pub cells: usize,
}

/// One predictor's metrics on one held-out group; absent where a metric is not defined.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Metrics {
    /// Correlation of signed effects.
    pub pearson_delta: Option<f64>,
    /// Mean absolute error of the pseudobulk.
    pub mae: Option<f64>,
    /// Overlap of the top differentially expressed genes.
    pub des: Option<f64>,
}

/// Held-out scores of one group of cells.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Score {
    /// Held-out donor.
    pub donor: String,
    /// Cell type, or "all".
    pub cell_type: String,
    /// Perturbation.
    pub condition: String,
    /// Measured perturbed cells.
    pub cells: usize,
    /// Measured control cells.
    pub control_cells: usize,
    /// The model.
    pub model: Metrics,
    /// PerturbMean.
    pub baseline: Metrics,
    /// Half of the measured cells against the other half.
    pub ceiling: Metrics,
}

/// The referee's metrics over all held-out groups of one kind.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Summary {
    /// What was scored together, such as "Cell type by cell type".
    pub title: String,
    /// Contexts × perturbations that were scored.
    pub groups: usize,
    /// Model, baselines, ceiling.
    pub entries: Vec<Entry>,
}

/// One predictor of a summary.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Entry {
    /// Name.
    pub name: String,
    /// "prediction", "baseline" or "ceiling".
    pub kind: String,
    /// Means by metric under cell-eval's names.
    pub metrics: BTreeMap<String, Estimate>,
}

/// A number with its 95 % interval, where there is one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Estimate {
    /// Mean over the groups.
    pub value: f64,
    /// Lower bound over resampled groups.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub low: Option<f64>,
    /// Upper bound.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub high: Option<f64>,
}

/// A score that others reported of another model on a group that this bundle holds out too. Cells, genes and training
/// differ in part: it stands beside the card's own scores, never among them.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Published {
    /// Model, as its authors call it.
    pub model: String,
    /// Held-out group, for people.
    pub group: String,
    /// cell-eval's name of the metric.
    pub metric: String,
    /// Reported value and, where there is one, its 95 % interval.
    pub value: f64,
    /// Lower bound.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub low: Option<f64>,
    /// Upper bound.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub high: Option<f64>,
    /// Where it was reported, with what is different there.
    pub source: String,
}

/// A generated population beside a measured one.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Population {
    /// Which cells, such as "Control cells set aside".
    pub title: String,
    /// Cells on either side.
    pub cells: usize,
    /// Every measure.
    pub measures: Vec<Likeness>,
}

/// One measure of likeness.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Likeness {
    /// Name.
    pub name: String,
    /// The best value, in words.
    pub best: String,
    /// Generated cells against one half of the measured.
    pub generated: Option<f64>,
    /// The other half of the measured against it: the ceiling.
    pub ceiling: Option<f64>,
}

/// What raw numbers of generated cells say: a verdict that logarithms and medians cannot hide.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Plausible {
    /// Cells looked at.
    pub cells: usize,
    /// Cells with a count above the ceiling of its gene.
    pub above: usize,
    /// Cells whose library size no measured cell comes near.
    pub outside: usize,
    /// Share of counts that stand at the ceiling of their gene.
    pub leaning: f64,
    /// Smallest, median and largest library size.
    pub library_sizes: [u64; 3],
    /// Mean difference of the shares of cells with a gene, generated and measured.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub detection: Option<f64>,
    /// Whether all of it is as in measured cells.
    pub sound: bool,
    /// The verdict.
    pub words: String,
}

/// How a bundle was trained.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Training {
    /// Cells in training.
    pub cells: usize,
    /// Optimiser steps.
    pub steps: usize,
    /// Cells per step.
    pub batch: usize,
    /// Seed.
    pub seed: u64,
    /// Last smoothed loss in bits per gene.
    pub bits_per_gene: f64,
    /// What was held out, in words.
    pub held_out: Vec<String>,
    /// Command that made it.
    pub command: String,
}

/// A source of training data.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Source {
    /// Publication or collection.
    pub source: String,
    /// Accession.
    pub accession: String,
    /// Terms.
    pub licence: String,
}

/// Size and hash of a file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileEntry {
    /// SHA-256, lower-case hexadecimal.
    pub sha256: String,
    /// Bytes.
    pub bytes: u64,
}

impl Card {
    /// The condition of a key.
    pub fn condition(&self, key: &str) -> Option<&Condition> {
        self.conditions.iter().find(|condition| condition.key == key)
    }

    /// The first condition of a kind.
    pub fn of_kind(&self, kind: Kind) -> Option<&Condition> {
        self.conditions.iter().find(|condition| condition.kind == kind)
    }

    /// UMIs of a whole cell with these condition tokens [C]: the mean of its library-size bin, or of all training cells
    /// where that is left open. None where the panel is all that was counted.
    pub fn total_of(&self, labels: &[i32]) -> Option<u64> {
        let (condition, token) = self.conditions.iter().zip(labels).find(|(condition, _)| condition.sizes.is_some())?;
        let known = || condition.values.iter().filter_map(|value| Some((value, value.mean_total?)));
        let own = known().find(|(value, _)| value.token == *token).map(|(_, total)| total);
        let cells: f64 = known().map(|(value, _)| value.cells as f64).sum();
        let mean = || known().map(|(value, total)| total * value.cells as f64).sum::<f64>() / cells;
        own.or_else(|| Some(mean()).filter(|mean| mean.is_finite())).map(|total| total.round() as u64)
    }
}

/// Name of a value that stands for "not said": the token that training drops labels to.
pub const UNSPECIFIED: &str = "unspecified";

impl Condition {
    /// Token of a value by name.
    pub fn token(&self, value: &str) -> Option<i32> {
        self.values.iter().find(|known| known.value == value).map(|known| known.token)
    }

    /// Value that a token stands for.
    pub fn value_of(&self, token: i32) -> Option<&str> {
        self.values.iter().find(|known| known.token == token).map(|known| known.value.as_str())
    }
}

/// What a person chose, by name.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Choices {
    /// Chosen values by condition key; keys that are left out are filled by the card's defaults.
    pub with: BTreeMap<String, Vec<String>>,
    /// Guidance scale w; 0 is plain conditional sampling.
    pub guidance: f32,
    /// Sampling steps N.
    pub steps: usize,
    /// Cells.
    pub cells: usize,
    /// Seed.
    pub seed: u64,
    /// Genes held at a count: (symbol, count).
    pub clamp: Vec<(String, u32)>,
}

impl Choices {
    /// The same choices without what perturbs the cells: what the page and the precomputed results compare with. Draws
    /// are keyed by the conditions besides the seed, so these are other cells and not twins of the perturbed ones: tests
    /// take cells for independent.
    pub fn of_control(&self, card: &Card) -> Self {
        let mut control = Self { guidance: 0.0, ..self.clone() };
        if let Some(condition) = card.of_kind(Kind::Perturbation) {
            control.with.remove(&condition.key);
        }
        control
    }
}
