//! The training set: cells as tokens with their condition tokens.
//!
//! Does: reads an h5ad file, leaves the held-out groups out, builds the condition slots with their
//! tokens, draws batches that depend on (seed, step) alone, so that a resumed run sees the same.
//! Does not know: networks, devices.
//! Flow: cells + recipe → **tokens [cells, G] and conditions [cells, C]** → trainer.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Context, Result, bail, ensure};
use cells::h5ad::{Matrix, read_h5ad};
use cells::{Cells, Column};
use model::card::{Condition, Kind, Value};
use model::loss::Masked;
use model::quantise::{FIRST_CONDITION, quantise};
use model::random::Draws;

use crate::recipe::{ConditionRecipe, Recipe, TrainingRecipe};

/// Streams of a seed: training uses those above the parameters'.
const EPOCH_STREAM: u64 = 1 << 40;
const STEP_STREAM: u64 = 1 << 41;
const VALIDATION_STREAM: u64 = 1 << 44;
const CONTROL_STREAM: u64 = 1 << 45;

/// Cells ready for training.
pub struct TrainingSet {
    /// Training cells, held-out groups left out.
    pub cells: Cells,
    /// Condition slots with their tokens.
    pub conditions: Vec<Condition>,
    /// Tokens of every cell, cells × G.
    tokens: Vec<u16>,
    /// Condition tokens, cells × C.
    labels: Vec<i32>,
    /// Share of cells whose label is dropped [C].
    drops: Vec<f64>,
    /// Cells set aside: their tokens and condition tokens.
    validation: (Vec<u16>, Vec<i32>),
    seed: u64,
    batch: usize,
    weighting: f32,
}

/// Reads the cells of an h5ad file.
///
/// # Errors
/// When the file cannot be read or is not what it should be.
pub fn read_cells(path: &Path) -> Result<Cells> {
    let bytes = std::fs::read(path).with_context(|| format!("cannot read {}", path.display()))?;
    read_h5ad(bytes, &Matrix::Auto).with_context(|| format!("{} cannot be used", path.display()))
}

/// Whether a cell belongs to a held-out group.
fn is_held_out(cells: &Cells, cell: usize, groups: &[BTreeMap<String, String>]) -> bool {
    groups.iter().any(|group| {
        group.iter().all(|(key, value)| {
            cells.labels.get(key).and_then(|column| column.text(cell)).is_some_and(|text| text == value.as_str())
        })
    })
}

/// Splits cells into training and held-out ones, by place.
pub fn split(cells: &Cells, groups: &[BTreeMap<String, String>]) -> (Vec<usize>, Vec<usize>) {
    (0..cells.len()).partition(|cell| !is_held_out(cells, *cell, groups))
}

impl TrainingSet {
    /// Prepares the cells of a file for a recipe.
    ///
    /// # Errors
    /// When a label that the recipe names is missing, or nothing is left to train on.
    pub fn new(mut all: Cells, recipe: &Recipe) -> Result<Self> {
        for group in &recipe.hold_out {
            for key in group.keys() {
                all.label(key).with_context(|| format!("the recipe holds cells out by `{key}`"))?;
            }
        }
        for condition in recipe.conditions.iter().filter(|condition| condition.kind == Kind::Depth) {
            let kept = split(&all, &recipe.hold_out).0;
            let column = depth_bins(&all, &kept, condition.bins);
            all.labels.insert(condition.key.clone(), column);
        }
        let (kept, _) = split(&all, &recipe.hold_out);
        let kept = limit_controls(&all, kept, recipe)?;
        let (kept, aside) = set_aside(kept, &recipe.training);
        ensure!(
            !kept.is_empty(),
            "the recipe holds every cell out, or sets them aside for validation; nothing is left to train on"
        );
        let (cells, aside) = (all.select(&kept), all.select(&aside));
        let mut next = FIRST_CONDITION;
        let conditions = recipe
            .conditions
            .iter()
            .map(|condition| build_condition(&cells, condition, &mut next))
            .collect::<Result<Vec<_>>>()?;
        let mut set = Self {
            tokens: tokens_of(&cells),
            labels: Vec::new(),
            validation: (Vec::new(), Vec::new()),
            drops: recipe.conditions.iter().map(|condition| condition.drop).collect(),
            seed: recipe.training.seed,
            batch: recipe.training.batch,
            weighting: recipe.training.weighting,
            cells,
            conditions,
        };
        set.labels = label_tokens(&set.cells, &set.conditions)?;
        set.validation = (tokens_of(&aside), label_tokens(&aside, &set.conditions)?);
        set.count_depths();
        Ok(set)
    }

    /// G.
    pub fn genes(&self) -> usize {
        self.cells.genes.len()
    }

    /// K: condition values with the unspecified ones.
    pub fn condition_values(&self) -> usize {
        self.conditions
            .iter()
            .map(|condition| condition.values.len() + usize::from(condition.unspecified.is_some()))
            .sum()
    }

    /// Condition tokens of a training cell [C].
    pub fn labels_of(&self, cell: usize) -> &[i32] {
        let c = self.conditions.len();
        &self.labels[cell * c..(cell + 1) * c]
    }

    /// Tokens of a training cell [G].
    pub fn tokens_of(&self, cell: usize) -> &[u16] {
        let genes = self.genes();
        &self.tokens[cell * genes..(cell + 1) * genes]
    }

    /// Writes how library sizes are distributed, for every cell type and perturbation, into the card.
    fn count_depths(&mut self) {
        let text = |kind: Kind, cell: usize| -> String {
            let condition = self.conditions.iter().find(|condition| condition.kind == kind);
            let column = condition.and_then(|condition| self.cells.labels.get(&condition.key));
            column.and_then(|column| column.text(cell)).unwrap_or_default().into_owned()
        };
        let keys: Vec<String> = (0..self.cells.len())
            .map(|cell| format!("{}|{}", text(Kind::CellType, cell), text(Kind::Perturbation, cell)))
            .collect();
        let c = self.conditions.len();
        for (slot, condition) in self.conditions.iter_mut().enumerate().filter(|(_, c)| c.kind == Kind::Depth) {
            let mut frequencies: BTreeMap<String, Vec<f64>> = BTreeMap::new();
            for (cell, key) in keys.iter().enumerate() {
                let token = self.labels[cell * c + slot];
                let Some(place) = condition.values.iter().position(|value| value.token == token) else { continue };
                for key in [key.as_str(), ""] {
                    let list = frequencies.entry(key.to_owned()).or_insert_with(|| vec![0.0; condition.values.len()]);
                    list[place] += 1.0;
                }
            }
            condition.frequencies = frequencies;
        }
    }

    /// The masked batch of a step: which cells, which labels dropped, which genes masked, all from
    /// (seed, step). Cells are visited in a new random order every epoch.
    pub fn batch(&self, step: usize) -> Masked {
        let n = self.cells.len();
        let mut draws = Draws::new(self.seed, STEP_STREAM + step as u64);
        let (mut targets, mut conditions) = (Vec::new(), Vec::new());
        let mut epoch = usize::MAX;
        let mut order: Vec<usize> = Vec::new();
        for position in step * self.batch..(step + 1) * self.batch {
            if position / n != epoch {
                epoch = position / n;
                order = (0..n).collect();
                Draws::new(self.seed, EPOCH_STREAM + epoch as u64).shuffle(&mut order);
            }
            let cell = order[position % n];
            targets.extend_from_slice(self.tokens_of(cell));
            for ((label, condition), drop) in self.labels_of(cell).iter().zip(&self.conditions).zip(&self.drops) {
                let dropped = f64::from(draws.uniform()) < *drop;
                conditions.push(condition.unspecified.filter(|_| dropped).unwrap_or(*label));
            }
        }
        Masked::draw(targets, conditions, self.genes(), self.weighting, &mut draws)
    }

    /// The cells that were set aside, masked the same way every time, in parts of a batch each.
    pub fn validation(&self) -> Vec<Masked> {
        let (genes, slots) = (self.genes(), self.conditions.len());
        let (tokens, labels) = &self.validation;
        let parts = tokens.chunks(self.batch * genes).zip(labels.chunks((self.batch * slots).max(1)));
        parts
            .enumerate()
            .map(|(part, (tokens, labels))| {
                let mut draws = Draws::new(self.seed, VALIDATION_STREAM + part as u64);
                Masked::draw(tokens.to_vec(), labels.to_vec(), genes, self.weighting, &mut draws)
            })
            .collect()
    }
}

/// Condition tokens of every cell.
fn label_tokens(cells: &Cells, conditions: &[Condition]) -> Result<Vec<i32>> {
    let mut labels = Vec::with_capacity(cells.len() * conditions.len());
    for cell in 0..cells.len() {
        for condition in conditions {
            let value = cells.label(&condition.key)?.text(cell);
            let token = value.as_deref().and_then(|value| condition.token(value)).or(condition.unspecified);
            let Some(token) = token else {
                bail!("the cell {} has no `{}` that training cells have", cells.names[cell], condition.key);
            };
            labels.push(token);
        }
    }
    Ok(labels)
}

/// Keeps no more control cells of each source than the recipe allows, chosen at random.
fn limit_controls(all: &Cells, kept: Vec<usize>, recipe: &Recipe) -> Result<Vec<usize>> {
    let Some(limit) = &recipe.training.control_share else { return Ok(kept) };
    let source = all.label(&limit.source).context("training.control_share names the sources")?;
    let perturbation = recipe.conditions.iter().find_map(|c| c.control.as_ref().map(|control| (&c.key, control)));
    let (key, control) = perturbation.context("training.control_share needs a condition with a control")?;
    let column = all.label(key)?;
    let mut sources: BTreeMap<String, (Vec<usize>, usize)> = BTreeMap::new();
    for cell in &kept {
        let (controls, others) = sources.entry(source.text(*cell).unwrap_or_default().into_owned()).or_default();
        if column.text(*cell).as_deref() == Some(control) { controls.push(*cell) } else { *others += 1 }
    }
    let mut dropped = std::collections::BTreeSet::new();
    for (place, (controls, others)) in sources.values_mut().enumerate() {
        Draws::new(recipe.training.seed, CONTROL_STREAM + place as u64).shuffle(controls);
        let most = (limit.most / (1.0 - limit.most) * *others as f64).floor() as usize;
        dropped.extend(controls.iter().skip(most).copied());
    }
    Ok(kept.into_iter().filter(|cell| !dropped.contains(cell)).collect())
}

/// Splits off the cells that only watch the loss.
fn set_aside(kept: Vec<usize>, training: &TrainingRecipe) -> (Vec<usize>, Vec<usize>) {
    let mut order = kept;
    Draws::new(training.seed, VALIDATION_STREAM - 1).shuffle(&mut order);
    let mut rest = order.split_off(training.validation.min(order.len()));
    rest.sort_unstable();
    order.sort_unstable();
    (rest, order)
}

/// Tokens of every cell in panel order.
pub fn tokens_of(cells: &Cells) -> Vec<u16> {
    let genes = cells.genes.len();
    let mut tokens = vec![0; cells.len() * genes];
    for (cell, row) in tokens.chunks_mut(genes).enumerate() {
        let (places, counts) = cells.counts.row(cell);
        for (place, count) in places.iter().zip(counts) {
            row[*place as usize] = quantise(*count);
        }
    }
    tokens
}

/// Library sizes in bins of equal numbers of the `kept` cells; others fall into the same bins.
fn depth_bins(cells: &Cells, kept: &[usize], bins: usize) -> Column {
    let sizes = cells.counts.library_sizes();
    let mut sorted: Vec<u64> = kept.iter().map(|cell| sizes[*cell]).collect();
    sorted.sort_unstable();
    let edges: Vec<u64> = (1..bins).filter_map(|bin| sorted.get(bin * sorted.len() / bins).copied()).collect();
    let mut names: Vec<String> = Vec::with_capacity(bins);
    for bin in 0..=edges.len() {
        names.push(match (bin.checked_sub(1).map(|below| edges[below]), edges.get(bin)) {
            (None, None) => "any".to_owned(),
            (None, Some(upper)) => format!("<{upper}"),
            (Some(lower), Some(upper)) => format!("{lower}-{}", upper.saturating_sub(1).max(lower)),
            (Some(lower), None) => format!(">={lower}"),
        });
    }
    let codes = sizes.iter().map(|size| edges.partition_point(|edge| edge <= size) as i32).collect();
    Column::Categorical { codes, categories: names }
}

/// The slot of a condition with its values and tokens.
fn build_condition(cells: &Cells, recipe: &ConditionRecipe, next: &mut i32) -> Result<Condition> {
    let column = cells.label(&recipe.key).context("the recipe names a condition that the cells lack")?;
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    for cell in 0..cells.len() {
        if let Some(text) = column.text(cell) {
            *counts.entry(text.into_owned()).or_default() += 1;
        }
    }
    if let Some(control) = recipe.control.as_ref().filter(|control| !counts.contains_key(*control)) {
        bail!("no training cell has {} = {control}, the control of the recipe", recipe.key);
    }
    let names: Vec<String> = match column {
        // Bins keep their order; names are sorted.
        Column::Categorical { categories, .. } if recipe.kind == Kind::Depth => categories.clone(),
        _ => counts.keys().cloned().collect(),
    };
    let mut token = || {
        *next += 1;
        *next - 1
    };
    let values = names
        .into_iter()
        .map(|value| Value {
            display: recipe.display.get(&value).cloned().unwrap_or_else(|| value.clone()),
            token: token(),
            cells: counts.get(&value).copied().unwrap_or(0),
            value,
        })
        .collect();
    Ok(Condition {
        key: recipe.key.clone(),
        title: recipe.title.clone(),
        kind: recipe.kind,
        control: recipe.control.clone(),
        values,
        unspecified: (recipe.drop > 0.0).then(&mut token),
        frequencies: BTreeMap::new(),
    })
}
