//! The part of `bundle.json` that the page shows.
//!
//! Does: reads the card without knowing the model crate, so that the page never links burn.
//! Does not know: weights.
//! Flow: worker's `Ready` → **card** → controls and model view.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;

use crate::judged::Summary;

/// Training cells of a combination below which its support counts as thin.
pub const THIN: u32 = 20;

/// A card as the page reads it; fields that it does not show are left out.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
pub struct Card {
    /// Folder name.
    pub name: String,
    /// One line.
    pub title: String,
    /// A paragraph.
    pub description: String,
    /// Gene panel.
    pub genes: Vec<String>,
    /// Condition slots.
    pub conditions: Vec<Condition>,
    /// Genes to show first.
    pub markers: Vec<String>,
    /// Default guidance.
    pub guidance: f32,
    /// Largest guidance at which its cells were found sound.
    pub guidance_limit: f32,
    /// Default steps.
    pub steps: u32,
    /// Library sizes of the training cells: smallest and largest.
    #[serde(default)]
    pub library_sizes: [u32; 2],
    /// Whether its cells could be cells at all; bundles that were not evaluated say nothing.
    #[serde(default)]
    pub plausibility: Option<Plausible>,
    /// Held-out scores.
    pub scores: Vec<Score>,
    /// The referee's metrics over all held-out groups.
    #[serde(default)]
    pub summaries: Vec<Summary>,
    /// Training cells by combination of chosen values, joined by "|".
    #[serde(default)]
    pub combinations: BTreeMap<String, u32>,
    /// How it was trained.
    pub training: Training,
    /// Sources.
    pub data: Vec<Source>,
    /// What others reported of other models on the groups that are held out.
    #[serde(default)]
    pub published: Vec<Published>,
    /// Limits.
    pub not_for: Vec<String>,
    /// Full names and synonyms by symbol, where the bundle brings them.
    #[serde(default)]
    pub gene_names: BTreeMap<String, GeneName>,
    /// Species in Latin, such as "Homo sapiens"; human where the bundle does not say.
    #[serde(default)]
    pub species: Option<String>,
    /// Where its training cells come from.
    #[serde(default)]
    pub origin: Origin,
    /// Where the cells of its map come from, if not from where its training cells do.
    #[serde(default)]
    pub map_origin: Option<Origin>,
}

/// Where cells come from, the least measured last.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
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

/// What else a gene is called.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
pub struct GeneName {
    /// Full name.
    #[serde(default)]
    pub name: String,
    /// Older and other symbols.
    #[serde(default)]
    pub synonyms: Vec<String>,
}

/// A condition slot.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
pub struct Condition {
    /// Key.
    pub key: String,
    /// Name for people.
    pub title: String,
    /// `identity`, `cell_type`, `perturbation` or `depth`.
    pub kind: String,
    /// Control value of a perturbation.
    pub control: Option<String>,
    /// Values.
    pub values: Vec<Value>,
    /// Token of "not said", where the model was trained with one.
    #[serde(default)]
    pub unspecified: Option<i32>,
    /// Value when none is chosen, where the most common ones of all conditions never came together.
    #[serde(skip)]
    pub usual: Option<String>,
}

/// A value of a condition.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
pub struct Value {
    /// In requests.
    pub value: String,
    /// For people.
    pub display: String,
    /// Other names that people look for.
    #[serde(default)]
    pub aliases: Vec<String>,
    /// Where its cells come from, if not from where the bundle's do.
    #[serde(default)]
    pub origin: Option<Origin>,
    /// Training cells with it.
    pub cells: u32,
    /// For library size: smallest and largest of the training cells with it.
    #[serde(default)]
    pub library_sizes: Option<[u32; 2]>,
}

/// What raw numbers of generated cells say.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
pub struct Plausible {
    /// Cells looked at.
    pub cells: u32,
    /// Whether all of it is as in measured cells.
    pub sound: bool,
    /// The verdict.
    pub words: String,
}

/// Metrics of a predictor.
#[derive(Clone, Copy, Debug, Default, PartialEq, Deserialize)]
pub struct Metrics {
    /// Correlation of signed effects.
    pub pearson_delta: Option<f64>,
    /// Mean absolute error.
    pub mae: Option<f64>,
    /// Overlap of top genes.
    pub des: Option<f64>,
}

/// Scores of a held-out group.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
pub struct Score {
    /// Donor.
    pub donor: String,
    /// Cell type or "all".
    pub cell_type: String,
    /// Perturbation.
    pub condition: String,
    /// Measured perturbed cells.
    pub cells: u32,
    /// The model.
    pub model: Metrics,
    /// PerturbMean.
    pub baseline: Metrics,
    /// The baseline with the highest Pearson-Δ on these cells, where the bundle says which.
    #[serde(default)]
    pub best: Option<Best>,
    /// Real against real as the bundle has it; [`Score::ceiling`] is what may be shown.
    pub ceiling: Metrics,
}

/// The best baseline of a held-out group.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
pub struct Best {
    /// Its name.
    pub name: String,
    /// Its metrics.
    pub metrics: Metrics,
}

impl Score {
    /// Name and metrics of the best baseline that is known of these cells.
    pub fn rival(&self) -> (&str, Metrics) {
        self.best.as_ref().map_or(("PerturbMean", self.baseline), |best| (best.name.as_str(), best.metrics))
    }

    /// The ceiling; what is below zero is none: halves of so few cells say nothing.
    pub fn ceiling(&self) -> Metrics {
        let own = |value: Option<f64>| value.filter(|value| *value >= 0.0);
        let Metrics { pearson_delta, mae, des } = self.ceiling;
        Metrics { pearson_delta: own(pearson_delta), mae: own(mae), des: own(des) }
    }
}

/// How it was trained.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
pub struct Training {
    /// Cells.
    pub cells: u32,
    /// Steps.
    pub steps: u32,
    /// Cells per step.
    pub batch: u32,
    /// Loss at the end.
    pub bits_per_gene: f64,
    /// What was held out.
    pub held_out: Vec<String>,
    /// Command.
    pub command: String,
}

/// A source.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
pub struct Source {
    /// Publication.
    pub source: String,
    /// Accession.
    pub accession: String,
    /// Terms.
    pub licence: String,
}

impl Condition {
    /// The control of a perturbation, else the value that the model has seen most of.
    fn most_common(&self) -> Option<&String> {
        let most = || self.values.iter().max_by_key(|value| value.cells);
        let control = self.values.iter().find(|value| self.control.as_ref() == Some(&value.value));
        control.or_else(most).map(|value| &value.value)
    }
}

/// A score of another model, reported by others.
#[derive(Clone, Debug, PartialEq, Deserialize)]
pub struct Published {
    /// Model, as its authors call it.
    pub model: String,
    /// Held-out group, for people.
    pub group: String,
    /// cell-eval's name of the metric.
    pub metric: String,
    /// Reported value.
    pub value: f64,
    /// Lower bound of its 95 % interval.
    #[serde(default)]
    pub low: Option<f64>,
    /// Upper bound.
    #[serde(default)]
    pub high: Option<f64>,
    /// Where it was reported, and what is different there.
    pub source: String,
}

impl Card {
    /// Reads `bundle.json`.
    ///
    /// # Errors
    /// When it is not a card.
    pub fn read(json: &str) -> Result<Self, serde_json::Error> {
        let mut card: Self = serde_json::from_str(json)?;
        card.settle();
        Ok(card)
    }

    /// Sees to it that what stands there at first is neither an extrapolation nor thin: where hardly any training cell had
    /// the most common value of every condition, the largest combination (of control cells) takes their place.
    fn settle(&mut self) {
        let first: Vec<String> = self.choosable().filter_map(Condition::most_common).cloned().collect();
        let Some(seen) = self.training_cells(&first).filter(|seen| *seen < THIN) else { return };
        let slots: Vec<&Condition> = self.choosable().collect();
        let is_control = |parts: &Vec<&str>| {
            parts.len() == slots.len()
                && slots.iter().zip(parts).all(|(slot, part)| {
                    slot.control.as_ref().is_none_or(|control| control == part)
                        && slot.values.iter().any(|value| value.value == *part)
                })
        };
        let split = |(names, cells): (&String, &u32)| (names.clone(), *cells);
        let largest = self
            .combinations
            .iter()
            .filter(|(names, _)| is_control(&names.split('|').collect()))
            .max_by_key(|(_, cells)| **cells)
            .map(split);
        let Some((names, cells)) = largest else { return };
        if cells <= seen {
            return;
        }
        let chosen = self.conditions.iter_mut().filter(|condition| condition.kind != "depth");
        chosen.zip(names.split('|')).for_each(|(condition, name)| condition.usual = Some(name.to_owned()));
    }

    /// Conditions that a person chooses (library size is drawn).
    pub fn choosable(&self) -> impl Iterator<Item = &Condition> {
        self.conditions.iter().filter(|condition| condition.kind != "depth")
    }

    /// Training cells with all of these values, which stand in the order of [`Card::choosable`]; `None`
    /// when the bundle does not say.
    pub fn training_cells(&self, values: &[String]) -> Option<u32> {
        (!self.combinations.is_empty()).then(|| self.combinations.get(&values.join("|")).copied().unwrap_or(0))
    }

    /// Scores that say most about a choice: its own held-out group, else all held-out cells of its
    /// perturbation pooled over types. Several perturbations are one condition, in whatever order they are named.
    pub fn scores_for<'a>(&'a self, donor: &str, cell_type: &str, perturbations: &[&str]) -> Option<&'a Score> {
        let wanted: BTreeSet<&str> = perturbations.iter().copied().collect();
        let known = |s: &&Score| match perturbations {
            [one] => s.condition == *one,
            _ => s.condition.split('+').collect::<BTreeSet<&str>>() == wanted,
        };
        let condition = self.scores.iter().find(known)?.condition.as_str();
        let of = |d: &str, t: &str| {
            self.scores.iter().find(|s| s.condition == condition && s.donor == d && s.cell_type == t)
        };
        let typed = self.scores.iter().find(|s| s.condition == condition && s.cell_type == cell_type);
        of(donor, cell_type)
            .or(typed)
            .or_else(|| of(donor, "all"))
            .or_else(|| self.scores.iter().find(|s| s.condition == condition && s.cell_type == "all"))
    }
}

#[cfg(test)]
mod tests {
    use super::Card;

    #[test]
    fn what_stands_there_at_first_was_seen_in_training() {
        let json = |combinations: &str| {
            format!(
                r#"{{"name": "", "title": "", "description": "", "genes": [], "markers": [], "guidance": 0, "guidance_limit": 3, "steps": 1,
                "scores": [], "data": [], "not_for": [], "combinations": {combinations},
                "training": {{"cells": 9, "steps": 1, "batch": 1, "bits_per_gene": 1, "held_out": [], "command": ""}},
                "conditions": [
                {{"key": "tissue", "title": "Tissue", "kind": "identity", "control": null, "values": [
                    {{"value": "liver", "display": "Liver", "cells": 5}}, {{"value": "lung", "display": "Lung", "cells": 4}}]}},
                {{"key": "type", "title": "Type", "kind": "cell_type", "control": null, "values": [
                    {{"value": "B", "display": "B", "cells": 3}}, {{"value": "T", "display": "T", "cells": 6}}]}}]}}"#
            )
        };
        let usual = |combinations: &str| {
            let card = Card::read(&json(combinations)).unwrap_or_default();
            assert_eq!(card.conditions.len(), 2, "the card is read");
            card.conditions.into_iter().map(|own| own.usual.unwrap_or_default()).collect::<Vec<_>>()
        };
        assert_eq!(usual(r#"{"liver|B": 3, "lung|T": 4, "x|T": 9}"#), ["lung", "T"], "nobody had liver and T");
        assert_eq!(usual(r#"{"liver|T": 1, "lung|T": 4}"#), ["lung", "T"], "one cell is too thin to begin with");
        assert_eq!(usual(r#"{"liver|T": 20, "lung|T": 400}"#), ["", ""], "enough is enough");
        assert_eq!(usual(r#"{"liver|T": 4, "lung|T": 4}"#), ["", ""], "nothing better is there");
        assert_eq!(usual("{}"), ["", ""], "a bundle that does not say changes nothing");
    }
}
