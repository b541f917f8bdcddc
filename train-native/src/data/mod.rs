//! The training set: cells as tokens with their condition tokens.
//!
//! Does: takes cells in memory or a store on disk, leaves the held-out groups out, builds the condition slots
//! with their tokens; what a step sees of them stands in `steps`.
//! Does not know: networks, devices.
//! Flow: cells or store + recipe → **tokens [cells, G] and conditions [cells, C]** → trainer.

mod choose;
pub(crate) mod conditions;
mod faults;
pub mod files;
mod influence;
mod labels;
mod steps;
mod stored;

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Context, Result, ensure};
use cells::{Cells, Column, Counts};
use model::bundle::sha256;
use model::card::{Condition, Kind};
use model::loss::UNMEASURED;
use model::pairs::Pairs;
use model::quantise::quantise;

use files::has_matrix;
pub use files::read_cells;
use labels::Labels;

use crate::recipe::Recipe;
use crate::store::Store;
use crate::store::stream::Chosen;
use stored::{read_labels, read_sample, tokens_of_chosen};

/// Cells of a store that statistics are taken from: the start of the weights, the bundle's map and reference.
pub const SAMPLE: usize = 8192;

/// Cells that measured every gene stand for all where they are one in so many.
const LEAST_WHOLE: usize = 4;

/// Where training cells come from.
pub enum Data {
    /// Memory.
    Held(Box<Cells>),
    /// Disk.
    Stored(Store),
}

impl Data {
    /// Opens a store, or reads a file of cells (or a folder of a matrix with its texts).
    ///
    /// # Errors
    /// When it is neither.
    pub fn open(path: &Path) -> Result<Self> {
        if path.is_dir() && !has_matrix(path) {
            return Ok(Self::Stored(Store::open(path)?));
        }
        Ok(Self::Held(Box::new(read_cells(path)?)))
    }

    /// SHA-256 of what the cells are.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn fingerprint(&self, path: &Path) -> Result<String> {
        match self {
            Self::Held(_) => {
                let mut bytes = Vec::new();
                for path in files::members(path)? {
                    bytes.extend(std::fs::read(&path).with_context(|| format!("cannot read {}", path.display()))?);
                }
                Ok(sha256(&bytes))
            }
            Self::Stored(store) => Ok(sha256(&serde_json::to_vec(&store.index)?)),
        }
    }
}

/// Where the tokens of training cells are.
enum Tokens {
    /// Those of [`TrainingSet::cells`].
    Held,
    /// In a store.
    Stored(Box<Chosen>),
}

/// Cells ready for training.
pub struct TrainingSet {
    /// Training cells, held-out groups left out: all of them, or [`SAMPLE`] of a store's.
    pub cells: Cells,
    /// Size of every cell of `cells`: of the whole cell where the recipe names a label for it, else over the panel.
    sizes: Vec<u64>,
    /// Condition slots with their tokens.
    pub conditions: Vec<Condition>,
    /// Training cells of every combination of donor, cell type and perturbation.
    pub combinations: BTreeMap<String, usize>,
    /// What is held out, in words.
    pub held_out: Vec<String>,
    /// Context × perturbation.
    pub pairs: Pairs,
    /// Smallest and largest library size of the training cells.
    pub library_sizes: [u32; 2],
    /// Tokens of `cells`, cells × G: of counts that no single cell holds most of its group's of (`influence`), for cells in memory.
    tokens: Vec<u16>,
    /// Condition tokens of `cells`, cells × C.
    sampled: Vec<i32>,
    /// Condition tokens of every training cell × C; none when they are those of `cells`.
    labels: Vec<i32>,
    source: Tokens,
    /// Share of cells whose label is dropped [C].
    drops: Vec<f64>,
    /// Whether identity learns from control cells only.
    identity_from_controls: bool,
    /// Cells set aside: their tokens and condition tokens.
    validation: (Vec<u16>, Vec<i32>),
    pub(crate) seed: u64,
    batch: usize,
    weighting: f32,
}

/// Places of the cells that a recipe trains on, and of those that it sets aside, which training never sees.
///
/// # Errors
/// When a label that the recipe names is missing, or nothing is left to train on.
pub fn parts(cells: &Cells, recipe: &Recipe) -> Result<(Vec<usize>, Vec<usize>)> {
    let mut labels = cells.labels.clone();
    let unlimited = choose::unheld(&labels, cells.len(), recipe)?;
    with_depths(&mut labels, &sizes_of(cells, recipe), recipe, &unlimited);
    choose::choose(&labels, cells.len(), None, recipe)
}

/// The same of one source of a store that a run trained on: which cells the recipe set aside, the store decides; in the
/// source they have the same names.
///
/// # Errors
/// When a label that the recipe names is missing, or a shard is damaged.
pub fn parts_of_source(cells: &Cells, recipe: &Recipe, store: &Store) -> Result<(Vec<usize>, Vec<usize>)> {
    let aside = stored::aside(store, recipe)?;
    let unheld = choose::unheld(&cells.labels, cells.len(), recipe)?;
    let (aside, training) = unheld.into_iter().partition(|cell| aside.contains(&cells.names[*cell]));
    Ok((training, aside))
}

/// Groups that a recipe holds out, in words.
fn words(recipe: &Recipe) -> Vec<String> {
    // A drawn split may hold hundreds of groups out; its own sentence says it.
    if let Some(split) = recipe.split.as_ref().filter(|split| split.test.len() + split.validation.len() > 12) {
        return vec![split.about.clone()];
    }
    let group = |group: &BTreeMap<String, String>| {
        group.iter().map(|(key, value)| format!("{key} = {value}")).collect::<Vec<_>>().join(", ")
    };
    let listed = recipe.split.iter().flat_map(|split| split.validation.iter().chain(&split.test));
    let aside = recipe.training.validation;
    let aside = (aside > 0).then(|| format!("{aside} cells of the others, drawn at random"));
    recipe.hold_out.iter().chain(listed).map(group).chain(aside).collect()
}

/// Size of every cell: the label that the recipe names (`faults::check` has looked at it), else the sum over the panel.
fn sizes_of(cells: &Cells, recipe: &Recipe) -> Vec<u64> {
    let named = recipe.conditions.iter().find_map(|condition| condition.sizes.as_ref());
    match named.and_then(|key| cells.labels.get(key)) {
        Some(Column::Integer(sizes)) => sizes.iter().map(|size| u64::try_from(*size).unwrap_or(1).max(1)).collect(),
        _ => cells.counts.library_sizes(),
    }
}

/// Puts the bins of library sizes among the labels, where a recipe asks for them.
fn with_depths(labels: &mut Labels, depths: &[u64], recipe: &Recipe, chosen: &[usize]) {
    for condition in recipe.conditions.iter().filter(|condition| condition.kind == Kind::Depth) {
        labels.insert(condition.key.clone(), conditions::depth_bins(depths, chosen, condition.bins));
    }
}

impl TrainingSet {
    /// Prepares cells in memory or on disk.
    ///
    /// # Errors
    /// When a label that the recipe names is missing, nothing is left to train on, or a shard is damaged.
    pub fn open(data: Data, recipe: &Recipe) -> Result<Self> {
        match data {
            Data::Held(cells) => Self::new(*cells, recipe),
            Data::Stored(store) => Self::stored(store, recipe),
        }
    }

    /// Prepares cells in memory.
    ///
    /// # Errors
    /// When a label that the recipe names is missing, or nothing is left to train on.
    pub fn new(mut all: Cells, recipe: &Recipe) -> Result<Self> {
        faults::check(&all.labels, all.len(), recipe)?;
        let unlimited = choose::unheld(&all.labels, all.len(), recipe)?;
        let sizes = sizes_of(&all, recipe);
        with_depths(&mut all.labels, &sizes, recipe, &unlimited);
        let (kept, aside) = choose::choose(&all.labels, all.len(), None, recipe)?;
        let mut conditions = conditions::build(&all.labels, &kept, recipe)?;
        let sampled = conditions::tokens(&all.labels, &kept, &conditions)?;
        conditions::count_depths(&mut conditions, &all.labels, &kept, &sampled);
        let validation = (tokens_of(&all.select(&aside).counts), conditions::tokens(&all.labels, &aside, &conditions)?);
        let combinations = conditions::combinations(&conditions, &all.labels, &kept)?;
        let mut cells = all.select(&kept);
        // What a cell of a bin may hold in the panel, whatever the bins were made from.
        let libraries = cells.counts.library_sizes();
        conditions::measure_depths(&mut conditions, &sampled, |cell| libraries[cell]);
        let sizes: Vec<u64> = kept.iter().map(|cell| sizes[*cell]).collect();
        conditions::measure_totals(&mut conditions, &sampled, &sizes);
        if recipe.conditions.iter().any(|condition| condition.sizes.is_some()) {
            cells.counts = cells.counts.with_totals(sizes.clone());
        }
        let held_out = words(recipe);
        let tokens = tokens_of(&influence::limited(&cells, &conditions, &sampled, &sizes));
        let parts = (cells, tokens, sampled);
        let notes = (combinations, held_out, range(libraries.into_iter()));
        Ok(Self::put((parts, sizes), (Vec::new(), Tokens::Held), validation, recipe, conditions, notes))
    }

    /// Prepares the cells of a store: labels of all of them are read, counts of a sample.
    fn stored(store: Store, recipe: &Recipe) -> Result<Self> {
        ensure!(
            recipe.conditions.iter().all(|condition| condition.sizes.is_none()),
            "a store keeps the sums over its panel as library sizes: `sizes` can be named for a single file only"
        );
        let (mut labels, depths, roles) = read_labels(&store)?;
        faults::check(&labels, roles.len(), recipe)?;
        let unlimited: Vec<usize> = (0..roles.len()).filter(|cell| roles[*cell] == crate::store::Role::Train).collect();
        with_depths(&mut labels, &depths, recipe, &unlimited);
        let (kept, aside) = choose::choose(&labels, roles.len(), Some(&roles), recipe)?;
        let mut conditions = conditions::build(&labels, &kept, recipe)?;
        let tokens = conditions::tokens(&labels, &kept, &conditions)?;
        conditions::count_depths(&mut conditions, &labels, &kept, &tokens);
        let combinations = conditions::combinations(&conditions, &labels, &kept)?;
        conditions::measure_depths(&mut conditions, &tokens, |place| depths[kept[place]]);
        let library_sizes = range(kept.iter().map(|cell| depths[*cell]));
        let held_out = [store.index.held_out.clone(), words(recipe)].concat();
        let seed = recipe.training.seed;

        let mut chosen = Chosen::new(store.clone(), &kept, seed);
        // Whole shards, as many as it takes: each is a fair sample of the data.
        let numbers: Vec<usize> = (0..kept.len().min(SAMPLE)).collect();
        let sample: Vec<usize> = numbers.iter().map(|number| kept[*number]).collect();
        let (mut cells, mut sample_tokens, sizes) = read_sample(&store, &chosen, &numbers, &sample, &labels)?;
        let sampled = tokens[..numbers.len() * conditions.len()].to_vec();
        if numbers.len() == kept.len() {
            let limits = influence::limits(&cells, &conditions, &sampled, &sizes);
            let genes = cells.genes.len();
            for (cell, own) in &limits {
                own.iter().for_each(|(gene, token)| sample_tokens[cell * genes + *gene as usize] = *token);
            }
            chosen.limit(limits);
        }
        if sizes != cells.counts.library_sizes() {
            cells.counts = cells.counts.with_totals(sizes.clone());
        }

        let watching = Chosen::new(store, &aside, seed);
        let watched = tokens_of_chosen(&watching, &(0..aside.len()).collect::<Vec<_>>())?;
        let validation = (watched, conditions::tokens(&labels, &aside, &conditions)?);
        let parts = ((cells, sample_tokens, sampled), sizes);
        Ok(Self::put(
            parts,
            (tokens, Tokens::Stored(Box::new(chosen))),
            validation,
            recipe,
            conditions,
            (combinations, held_out, library_sizes),
        ))
    }

    /// Puts the parts together.
    fn put(
        ((cells, tokens, sampled), sizes): ((Cells, Vec<u16>, Vec<i32>), Vec<u64>),
        (labels, source): (Vec<i32>, Tokens),
        validation: (Vec<u16>, Vec<i32>),
        recipe: &Recipe,
        conditions: Vec<Condition>,
        (combinations, held_out, library_sizes): (BTreeMap<String, usize>, Vec<String>, [u32; 2]),
    ) -> Self {
        let all = if labels.is_empty() { &sampled } else { &labels };
        Self {
            pairs: conditions::pairs(&conditions, all),
            library_sizes,
            cells,
            sizes,
            conditions,
            combinations,
            held_out,
            tokens,
            sampled,
            labels,
            source,
            drops: recipe.conditions.iter().map(|condition| condition.drop).collect(),
            identity_from_controls: recipe.training.identity_from_controls,
            validation,
            seed: recipe.training.seed,
            batch: recipe.training.batch,
            weighting: recipe.training.weighting,
        }
    }

    /// Number of training cells.
    pub fn count(&self) -> usize {
        match &self.source {
            Tokens::Held => self.cells.len(),
            Tokens::Stored(chosen) => chosen.len(),
        }
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

    /// Condition tokens of a cell of [`Self::cells`] [C].
    pub fn labels_of(&self, cell: usize) -> &[i32] {
        let c = self.conditions.len();
        &self.sampled[cell * c..(cell + 1) * c]
    }

    /// Tokens of a cell of [`Self::cells`] [G]; [`UNMEASURED`] where its source did not measure the gene.
    pub fn tokens_of(&self, cell: usize) -> &[u16] {
        let genes = self.genes();
        &self.tokens[cell * genes..(cell + 1) * genes]
    }

    /// Sizes of [`Self::cells`] that effects are measured against, UMI counts: those of the whole cells where the recipe
    /// names a label that holds them, else the sums over the panel.
    pub fn sizes(&self) -> Vec<f64> {
        self.sizes.iter().map(|size| *size as f64).collect()
    }

    /// Whether every cell of [`Self::cells`] measured every gene.
    pub fn measures_all(&self) -> bool {
        !self.tokens.contains(&UNMEASURED)
    }

    /// Whether a cell of [`Self::cells`] measured every gene.
    pub fn measures_all_of(&self, cell: usize) -> bool {
        !self.tokens_of(cell).contains(&UNMEASURED)
    }

    /// Cells of [`Self::cells`] that how genes vary together is taken from: those that measured every gene where they are
    /// one in [`LEAST_WHOLE`], else all of them. A gene that half of the cells did not measure would seem to vary less, and
    /// with fewer others.
    pub fn whole(&self) -> Vec<usize> {
        let whole: Vec<usize> = (0..self.cells.len()).filter(|cell| self.measures_all_of(*cell)).collect();
        if whole.len() * LEAST_WHOLE >= self.cells.len() { whole } else { (0..self.cells.len()).collect() }
    }

    /// Largest count of every gene over all training cells [G].
    ///
    /// # Errors
    /// When a store's shard cannot be read.
    pub fn largest(&self) -> Result<Vec<u32>> {
        let mut largest = vec![0; self.genes()];
        let mut look = |genes: &[u32], counts: &[u32]| {
            genes.iter().zip(counts).for_each(|(gene, count)| {
                let own: &mut u32 = &mut largest[*gene as usize];
                *own = (*own).max(*count);
            });
        };
        match &self.source {
            Tokens::Held => (0..self.cells.len()).for_each(|cell| {
                let (genes, counts) = self.cells.counts.row(cell);
                look(genes, counts);
            }),
            Tokens::Stored(chosen) => {
                let all: Vec<usize> = (0..chosen.len()).collect();
                chosen.read(&all, |shard, row, _| {
                    let (genes, counts) = shard.row(row);
                    look(genes, counts);
                })?;
            }
        }
        Ok(largest)
    }

    /// Whether a gene was measured in a cell of [`Self::cells`].
    pub fn is_measured(&self, cell: usize, gene: usize) -> bool {
        self.tokens_of(cell)[gene] != UNMEASURED
    }

    /// The chosen cells of a store, if that is where they are.
    pub(crate) fn chosen(&self) -> Option<&Chosen> {
        match &self.source {
            Tokens::Held => None,
            Tokens::Stored(chosen) => Some(chosen),
        }
    }
}

/// Smallest and largest of some library sizes.
fn range(sizes: impl Iterator<Item = u64>) -> [u32; 2] {
    let sizes = sizes.map(|size| u32::try_from(size).unwrap_or(u32::MAX));
    let [low, high] = sizes.fold([u32::MAX, 0], |[low, high], size| [low.min(size), high.max(size)]);
    [low.min(high), high]
}

/// Tokens of counts [cells, G], cell by cell in panel order.
pub fn tokens_of(counts: &Counts) -> Vec<u16> {
    let genes = counts.genes();
    let mut tokens = vec![0; counts.cells() * genes];
    for (cell, row) in tokens.chunks_mut(genes).enumerate() {
        let (places, counts) = counts.row(cell);
        for (place, count) in places.iter().zip(counts) {
            row[*place as usize] = quantise(*count);
        }
    }
    tokens
}
