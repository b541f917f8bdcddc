//! Measured cells rewritten under another condition: what would a perturbation do to these very cells?
//!
//! Does: finds the genes that a perturbation does not move, keeps them visible with their measured counts, masks the others
//! and asks for them under the perturbation, and once more under the control with the same draws.
//! Does not know: files, devices, how cells are drawn (`sample`).
//! Flow: measured cells (`panel`) + perturbation → [tokens with holes, condition tokens, library size] → **a pair of
//! requests** → `part`, `sample`.
//!
//! What moves a gene is what the network says of it before any gene is looked at: the difference of its log-mean between
//! perturbation and control, for the cell's type. Genes are ordered by the change of the square root of their mean, which
//! is the change in standard deviations of a count, so that a gene that is never counted does not pass for one that
//! answers. A share of the measured genes stays, the least moved first.

pub mod panel;
pub mod part;

use std::collections::BTreeMap;

use burn::tensor::ExecutionError;
use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::bundle::{Bundle, BundleError, sha256};
use crate::card::{Card, Choices, Condition, Kind, UNSPECIFIED};
use crate::choices::{self, LIBRARY_ROOM};
use crate::network::{Labels, Network, Tables};
use crate::quantise::{MASK, quantise};
use crate::sample::{Given, Prepared, Request};

/// Share of the measured genes that stays visible where nothing else is asked for: the best of 0.5, 0.8 and 0.95 by the
/// referee's score on training donors of the interferon bundle.
pub const KEEP: f32 = 0.5;

/// How cells are rewritten.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Setting {
    /// Perturbations by condition key, and values that hold for all cells in place of the cells' own.
    pub with: BTreeMap<String, Vec<String>>,
    /// Guidance scale w.
    pub guidance: f32,
    /// Sampling steps N.
    pub steps: usize,
    /// Seed.
    pub seed: u64,
    /// Share of the measured genes that stays visible, 0 (all are drawn) to 1 (the cell stays as it is).
    pub keep: f32,
}

/// A measured cell on the panel.
#[derive(Clone, Debug, PartialEq)]
pub struct Measured {
    /// Values by condition key (identity, cell type); what is left out or not known to the card is "unspecified", or drawn
    /// where the card has no such value.
    pub with: BTreeMap<String, String>,
    /// Count of every gene of the panel [G]; none where it was not measured: such a gene is always drawn.
    pub counts: Vec<Option<u32>>,
}

/// The cells under the perturbation and under the control.
#[derive(Clone, Debug, PartialEq)]
pub struct Pair {
    /// Under the perturbation.
    pub perturbed: Request,
    /// Under the control: the same genes, the same draws.
    pub control: Request,
    /// Genes of every cell that stay as they were measured [cells][G].
    pub kept: Vec<Vec<bool>>,
}

/// Why cells cannot be rewritten.
#[derive(Debug, Error)]
pub enum RewriteError {
    /// A choice that the bundle does not have, or a number out of range.
    #[error(transparent)]
    Choices(#[from] BundleError),
    /// Nothing to rewrite under.
    #[error("this model has no perturbation, so that it can say nothing of what one does to a cell")]
    NoPerturbation,
    /// No perturbation was named.
    #[error("no perturbation was chosen; this model has {known}")]
    NotChosen {
        /// Keys of its perturbations.
        known: String,
    },
    /// Library sizes cannot be chosen.
    #[error("{key} cannot be chosen here: a rewritten cell keeps its own library size")]
    OwnLibrary {
        /// Key of the condition.
        key: String,
    },
    /// A cell of another panel.
    #[error("a cell has {found} counts, but the model has {expected} genes")]
    Panel {
        /// Counts of the cell.
        found: usize,
        /// Genes of the model.
        expected: usize,
    },
    /// The device was lost.
    #[error("the device failed: {0}")]
    Device(ExecutionError),
}

/// Condition tokens [C], each row with a weight.
type WeightedLabels = Vec<(Vec<i32>, f64)>;

/// A model with a perturbation, ready to take cells.
pub struct Rewriting<'a> {
    card: &'a Card,
    network: &'a Network,
    setting: Setting,
    /// What all runs under the perturbation share, and all under the control.
    prepared: [Prepared; 2],
    /// The perturbation's request, cells aside.
    asked: Request,
    tables: Tables,
    /// Expected share of every gene in a cell [G].
    shares: Vec<f64>,
    /// How far each gene is moved [G], by condition tokens.
    moved: BTreeMap<Vec<i32>, Vec<f32>>,
    /// Control rows by what was chosen.
    rows: BTreeMap<BTreeMap<String, String>, WeightedLabels>,
}

impl<'a> Rewriting<'a> {
    /// Checks the setting.
    ///
    /// # Errors
    /// When the bundle has no perturbation, a value is not known, or a number is out of range.
    pub fn new(bundle: &'a Bundle, setting: Setting) -> Result<Self, RewriteError> {
        Self::of(&bundle.card, &bundle.network, setting)
    }

    /// The same of a card and a network, which is all that is needed of a bundle.
    ///
    /// # Errors
    /// As [`Rewriting::new`].
    pub fn of(card: &'a Card, network: &'a Network, setting: Setting) -> Result<Self, RewriteError> {
        let (what, least, most) = ("the share of genes that is kept", 0.0, 1.0);
        if !(least..=most).contains(&f64::from(setting.keep)) {
            return Err(BundleError::Range { what, least, most, found: f64::from(setting.keep) }.into());
        }
        let of_kind = |kind| card.conditions.iter().filter(move |own| own.kind == kind);
        if let Some(own) = of_kind(Kind::Depth).find(|own| setting.with.contains_key(&own.key)) {
            return Err(RewriteError::OwnLibrary { key: own.key.clone() });
        }
        let known: Vec<&str> = of_kind(Kind::Perturbation).map(|own| own.key.as_str()).collect();
        if known.is_empty() {
            return Err(RewriteError::NoPerturbation);
        }
        if !known.iter().any(|key| setting.with.contains_key(*key)) {
            return Err(RewriteError::NotChosen { known: known.join(", ") });
        }
        let asked = choices::request(card, &network.statistics, &chosen(&setting, setting.with.clone()))?;
        let means: Vec<f64> = network.statistics.log_mean.iter().map(|mean| f64::from(*mean).exp()).collect();
        let all = means.iter().sum::<f64>().max(f64::MIN_POSITIVE);
        Ok(Self {
            asked: Request { key: key(asked.key), expects: true, ..asked },
            tables: network.tables(),
            prepared: [Prepared::of(network), Prepared::of(network)],
            shares: means.into_iter().map(|mean| mean / all).collect(),
            moved: BTreeMap::new(),
            rows: BTreeMap::new(),
            card,
            network,
            setting,
        })
    }

    /// Both requests of some cells, of which the first has the number `first`: cells are drawn by their numbers, so any
    /// split of a file gives the same cells.
    ///
    /// # Errors
    /// When a cell is of another panel or needs a value that it does not have, or the device fails.
    pub async fn pair(&mut self, cells: &[Measured], first: usize) -> Result<Pair, RewriteError> {
        let (mut perturbed, mut control, mut kept) = (Vec::new(), Vec::new(), Vec::new());
        for cell in cells {
            let expected = self.card.genes.len();
            if cell.counts.len() != expected {
                return Err(RewriteError::Panel { found: cell.counts.len(), expected });
            }
            let size = self.library_size(cell);
            let rows = self.control_rows(cell, size)?;
            let class = self.class(rows.first().map(|(row, _)| row.as_slice()).unwrap_or_default());
            if !self.moved.contains_key(&class) {
                let moved = self.movement(&class).await?;
                self.moved.insert(class.clone(), moved);
            }
            let stays = calm(self.moved.get(&class).map_or(&[], Vec::as_slice), &cell.counts, self.setting.keep);
            let token = |(count, stays): (&Option<u32>, &bool)| count.filter(|_| *stays).map_or(MASK as u16, quantise);
            let tokens: Vec<u16> = cell.counts.iter().zip(&stays).map(token).collect();
            let totals = self.bounds(size);
            let under = rows.iter().map(|(row, weight)| (self.under(row), *weight)).collect();
            perturbed.push(Given { tokens: tokens.clone(), labels: under, totals });
            control.push(Given { tokens, labels: rows, totals });
            kept.push(stays);
        }
        let asked = Request { cells: cells.len(), first, given: Vec::new(), ..self.asked.clone() };
        // The control's rows stand at the control already: nothing is guided or composed.
        let control = Request { given: control, composed: None, guidance: 0.0, ..asked.clone() };
        Ok(Pair { perturbed: Request { given: perturbed, ..asked }, control, kept })
    }

    /// Library size that a cell would have over the whole panel: what was measured of it, over the share of a cell's
    /// counts that falls on the measured genes.
    pub fn library_size(&self, cell: &Measured) -> f64 {
        let measured = cell.counts.iter().zip(&self.shares).filter_map(|(count, share)| Some(((*count)?, share)));
        let (counts, share) =
            measured.fold((0.0, 0.0), |(counts, share), (count, own)| (counts + f64::from(count), share + own));
        if share > 0.0 { counts / share } else { 0.0 }
    }

    /// Library sizes that a cell may have: its own with the room that drawn cells have, within those of the training cells.
    fn bounds(&self, size: f64) -> [f32; 2] {
        let [smallest, largest] = self.card.library_sizes;
        let most = [smallest as f32 / LIBRARY_ROOM, largest as f32 * LIBRARY_ROOM];
        [size as f32 / LIBRARY_ROOM, size as f32 * LIBRARY_ROOM].map(|own| own.clamp(most[0], most[1].max(most[0])))
    }

    /// Condition tokens that the cell's control twin may have, with weights.
    fn control_rows(&mut self, cell: &Measured, size: f64) -> Result<Vec<(Vec<i32>, f64)>, RewriteError> {
        let card = self.card;
        let mut with = BTreeMap::new();
        for condition in card.conditions.iter().filter(|own| own.kind != Kind::Perturbation) {
            let for_all = self.setting.with.get(&condition.key).and_then(|values| values.first());
            let own = for_all.or_else(|| cell.with.get(&condition.key)).filter(|own| condition.token(own).is_some());
            let value = match condition.kind {
                Kind::Depth => bin(condition, size),
                _ => own.map(String::as_str),
            };
            let open = || condition.unspecified.map(|_| UNSPECIFIED);
            if let Some(value) = value.or_else(open) {
                with.insert(condition.key.clone(), value.to_owned());
            }
        }
        if let Some(rows) = self.rows.get(&with) {
            return Ok(rows.clone());
        }
        let own = with.iter().map(|(key, value)| (key.clone(), vec![value.clone()])).collect();
        let own = chosen(&Setting { guidance: 0.0, ..self.setting.clone() }, own);
        let rows = choices::request(card, &self.network.statistics, &own)?.labels;
        self.rows.insert(with, rows.clone());
        Ok(rows)
    }

    /// A control row under the perturbation.
    fn under(&self, row: &[i32]) -> Vec<i32> {
        let asked = self.asked.labels.first().map(|(labels, _)| labels.as_slice()).unwrap_or_default();
        let slots = self.card.conditions.iter().zip(row).zip(asked);
        slots.map(|((slot, own), asked)| if slot.kind == Kind::Perturbation { *asked } else { *own }).collect()
    }

    /// Tokens that the choice of genes hangs on: of identity and library size nothing is said, where that can be.
    fn class(&self, row: &[i32]) -> Vec<i32> {
        let slots = self.card.conditions.iter().zip(row);
        let open = |slot: &Condition| slot.unspecified.filter(|_| matches!(slot.kind, Kind::Identity | Kind::Depth));
        slots.map(|(slot, own)| open(slot).unwrap_or(*own)).collect()
    }

    /// How far the perturbation moves every gene of cells of these control tokens: the change of the square root of its
    /// mean [G].
    async fn movement(&self, control: &[i32]) -> Result<Vec<f32>, RewriteError> {
        let network = self.network;
        let masked = network.read(&vec![MASK as u16; network.config.genes]);
        // Perturbations in branches, and the control behind them.
        let branches = self.asked.branches();
        let mut all: Vec<i32> = (0..branches).flat_map(|part| self.asked.branch(&self.under(control), part)).collect();
        all.extend_from_slice(control);
        let hidden = network.hidden(&self.tables, &masked.repeat(branches + 1), Labels::of(&all));
        let asked = hidden.narrow(0, branches).composed(branches, self.asked.guidance + 1.0);
        let means = |shifts: Vec<f32>| -> Vec<f32> {
            let of_gene = |(gene, mean): (usize, &f32)| {
                network.statistics.mean_of_draws(gene, mean + shifts[network.layout.position(gene as u32)])
            };
            network.statistics.log_mean.iter().enumerate().map(of_gene).collect()
        };
        let mut found = Vec::new();
        for own in [asked, hidden.narrow(branches, 1)] {
            let shifts = own.bounded(&network.constants, None).shifts;
            let shifts = shifts.into_data_async().await.map_err(RewriteError::Device)?;
            found.push(means(shifts.iter::<f32>().collect()));
        }
        Ok(found[0]
            .iter()
            .zip(&found[1])
            .map(|(perturbed, control)| (perturbed.sqrt() - control.sqrt()).abs())
            .collect())
    }
}

/// Choices of one cell.
fn chosen(setting: &Setting, with: BTreeMap<String, Vec<String>>) -> Choices {
    let (guidance, steps, seed) = (setting.guidance, setting.steps, setting.seed);
    Choices { with, guidance, steps, cells: 1, seed, clamp: Vec::new() }
}

/// Key of the draws: not that of cells that are made from nothing under the same perturbation.
fn key(own: u64) -> u64 {
    u64::from_str_radix(&sha256(format!("rewritten\u{3}{own:016x}").as_bytes())[..16], 16).unwrap_or(0)
}

/// Name of the library-size bin of a cell: the first that reaches its size, or the last.
fn bin(condition: &Condition, size: f64) -> Option<&str> {
    let known = || condition.values.iter().filter_map(|value| Some((value, value.library_sizes?)));
    let own = known().find(|(_, [_, largest])| size <= f64::from(*largest)).or_else(|| known().next_back());
    own.map(|(value, _)| value.value.as_str())
}

/// Genes that stay: of those that were measured the share `keep` that is moved least; of equal ones the first.
fn calm(moved: &[f32], counts: &[Option<u32>], keep: f32) -> Vec<bool> {
    let mut order: Vec<usize> = (0..counts.len()).filter(|gene| counts[*gene].is_some()).collect();
    let of = |gene: &usize| moved.get(*gene).copied().unwrap_or(0.0);
    order.sort_by(|a, b| of(a).total_cmp(&of(b)));
    let count = (f64::from(keep) * order.len() as f64).round() as usize;
    let mut stays = vec![false; counts.len()];
    order.iter().take(count).for_each(|gene| stays[*gene] = true);
    stays
}

/// The value of a condition that a name from elsewhere stands for: itself, or whose name for people or other name it is,
/// in any case of letters.
pub fn known_value<'a>(condition: &'a Condition, name: &str) -> Option<&'a str> {
    let exact = condition.values.iter().find(|own| own.value == name);
    let like = |other: &String| other.to_lowercase() == name.trim().to_lowercase();
    let loose =
        || condition.values.iter().find(|own| like(&own.value) || like(&own.display) || own.aliases.iter().any(like));
    exact.or_else(loose).map(|own| own.value.as_str())
}

#[cfg(test)]
mod tests;
