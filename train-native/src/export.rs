//! A run into a bundle.
//!
//! Does: averaged weights in f16, the fixed map of the training cells, measured reference
//! statistics, the golden pass on the very weights that ship, and the card with hashes.
//! Does not know: scores; `evaluate` writes them into the card afterwards.
//! Flow: run folder + h5ad → **bundle folder**.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use anyhow::{Context, Result, bail, ensure};
use burn::tensor::Device;
use cells::normalise::{Target, log_normalise, median};
use cells::pca::{fit_pca, highly_variable};
use cells::splits::Split;
use cells::umap::umap;
use model::bundle::{CARD, GOLDEN, Golden, MAP, Map, REFERENCE, Reference, WEIGHTS, golden_logits, sha256};
use model::card::{Card, FORMAT_VERSION, FileEntry, Kind, Origin, ReferenceGroup, Training};
use model::loss::UNMEASURED;
use model::network::Network;
use model::quantise::MASK;
use model::random::Draws;
use model::weights::{self, Precision};

use crate::checkpoint;
use crate::data::TrainingSet;
use crate::files::in_hand;
use crate::folders::write_together;
use crate::output::say;
use crate::recipe::Recipe;
use crate::synthesis::synthesise;
use crate::train::model_config;
use crate::{lock, progress, ranges, run_folder};

/// Name of the split that a bundle carries.
pub const SPLIT: &str = "split.json";
/// Variable genes that the map's components use.
const MAP_GENES: usize = 2000;
/// Components of the map.
const COMPONENTS: usize = 30;
/// Neighbours of the map's graph.
const MAP_NEIGHBOURS: usize = 15;
/// Most bytes of the reference statistics: four for a group and gene. A page downloads them with the weights.
const REFERENCE_BYTES: usize = 1_200_000;
/// Genes of the golden pass.
const GOLDEN_GENES: usize = 32;

/// Bundle files in memory, before they are hashed.
type Files = BTreeMap<String, Vec<u8>>;

/// Which weights of a run to export.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Choice {
    /// The best checkpoint in place of the last.
    pub best: bool,
    /// Width of the average (the recipe's first when left out); any width, kept or not.
    pub ema: Option<f64>,
    /// Where the run's cells are now, if not where it was trained; they are told by their content.
    pub data: Option<PathBuf>,
}

/// The average of the asked-for width: kept, or put together from those that were.
fn average(
    run: &Path,
    saved: &checkpoint::Checkpoint,
    widths: &[f64],
    choice: &Choice,
    device: &Device,
) -> Result<Network> {
    // Widths are typed by people: equal to a thousandth.
    let place = choice.ema.map_or(Some(0), |wanted| widths.iter().position(|width| (width - wanted).abs() < 1e-3));
    match (place, choice.ema) {
        (Some(place), _) => saved.averages.get(place).cloned().context("the checkpoint lacks an average"),
        (None, Some(wanted)) => {
            ensure!(!choice.best, "the best checkpoint keeps the widths {widths:?}; others are made for the last one");
            say(&format!("the run kept the widths {widths:?}; {wanted} is put together from them"));
            synthesise(run, &saved.network.config, widths, wanted, device)
        }
        (None, None) => bail!("the run keeps no average"),
    }
}

/// Exports a checkpoint of a run.
///
/// # Errors
/// When the run, its data or the target folder cannot be used.
pub fn export(run: &Path, out: &Path, choice: &Choice, device: &Device) -> Result<Card> {
    let (recipe, mut note) = run_folder::read(run)?;
    note.data = choice.data.clone().unwrap_or(note.data);
    let set = TrainingSet::open(note.open()?, &recipe)?;
    let config = model_config(&recipe, &set);
    let saved = match choice.best {
        true => checkpoint::load_file(&run.join(checkpoint::BEST), &config, device)?,
        false => checkpoint::load(run, &config, device)?,
    };
    say(&checkpoint::words(&saved.position, recipe.training.steps, choice.best));
    let _making = progress::phase("making the bundle: weights, map, reference");
    let average = average(run, &saved, &recipe.training.ema, choice, device)?;
    let draws_factors = recipe.card.draws_factors;
    let average = if draws_factors { ranges::with_own_sizes(average, &set) } else { average };
    let average = ranges::measured(average, &set, draws_factors);
    let mut files = Files::new();
    let shipped = weights::save(&average, Precision::Bytes)?;
    // The golden pass runs on the rounded weights, as the page will.
    let rounded = weights::load(&shipped, &config, device)?;
    files.insert(WEIGHTS.into(), shipped);
    files.insert(GOLDEN.into(), golden(&rounded, &set, recipe.training.seed).serialise(config.genes)?);
    let target = median(&set.cells.counts.totals());
    let map = map(&set, target, &recipe)?;
    let map_origin = origin_of(&map, &set, recipe.card.origin);
    files.insert(MAP.into(), map.serialise()?);
    let (groups, statistics) = reference(&set, target);
    files.insert(REFERENCE.into(), statistics.serialise(groups.len())?);
    if let Some(split) = recipe.split()? {
        files.insert(SPLIT.into(), serde_json::to_vec_pretty(&split)?);
    }
    let card = Card {
        format_version: FORMAT_VERSION,
        name: recipe.card.name.clone(),
        title: recipe.card.title.clone(),
        description: recipe.card.description.clone(),
        species: recipe.card.species.clone(),
        origin: recipe.card.origin,
        origin_note: recipe.card.origin_note.clone(),
        map_origin: (map_origin != recipe.card.origin).then_some(map_origin),
        licence: recipe.card.licence.clone(),
        intended_use: recipe.card.intended_use.clone(),
        known_failures: recipe.card.known_failures.clone(),
        model: config,
        genes: set.cells.genes.clone(),
        conditions: set.conditions.clone(),
        markers: recipe.card.markers.iter().filter(|gene| set.cells.genes.contains(gene)).cloned().collect(),
        guidance: recipe.card.guidance,
        guidance_limit: recipe.card.guidance_limit,
        draws_factors,
        steps: recipe.card.steps,
        target_sum: target,
        library_sizes: set.library_sizes,
        reference: groups,
        scores: Vec::new(),
        summaries: Vec::new(),
        populations: Vec::new(),
        plausibility: None,
        combinations: set.combinations.clone(),
        training: Training {
            cells: set.count(),
            steps: saved.position.step,
            batch: recipe.training.batch,
            seed: recipe.training.seed,
            bits_per_gene: f64::from(saved.position.loss()),
            held_out: set.held_out.clone(),
            command: command(&note.data, &recipe.card.name),
        },
        data: recipe.card.data.clone(),
        published: recipe.card.published.clone(),
        not_for: recipe.card.not_for.clone(),
        files: BTreeMap::new(),
    };
    write_bundle(out, card, &files)
}

/// The command that trained a bundle, with the file's own name: where it lies is nobody's business.
fn command(data: &Path, name: &str) -> String {
    let file = data.file_name().map_or_else(|| "CELLS.h5ad".to_owned(), |name| name.to_string_lossy().into_owned());
    format!("wellplate train --data {file} --config {name}.toml --out runs/{name}")
}

/// Writes files, then the card that names their hashes: a reader never sees a card without files.
fn write_bundle(out: &Path, mut card: Card, files: &Files) -> Result<Card> {
    for (name, bytes) in files {
        card.files.insert(name.clone(), FileEntry { sha256: sha256(bytes), bytes: bytes.len() as u64 });
    }
    write_with_card(out, &card, files.iter().map(|(name, bytes)| (name.as_str(), bytes.as_slice())))?;
    Ok(card)
}

/// Writes files of a bundle and the card that names them: together and the card last, so that a kill leaves the old bundle
/// or the new one.
fn write_with_card<'a>(out: &Path, card: &Card, files: impl Iterator<Item = (&'a str, &'a [u8])>) -> Result<()> {
    // The lock is a file too.
    let _in_hand = in_hand();
    let _own = lock::take(out, "export", SystemTime::now())?;
    let card = model::bundle::write_card(card)?;
    let mut all: Vec<(&str, &[u8])> = files.collect();
    all.push((CARD, &card));
    write_together(out, &all)
}

/// Writes a split into a bundle, and the card that names it.
///
/// # Errors
/// When the folder cannot be written.
pub fn write_split(out: &Path, card: &mut Card, split: &Split) -> Result<()> {
    write_file(out, card, SPLIT, &serde_json::to_vec_pretty(split)?)
}

/// Writes one file of a bundle, in the place of an older one of the name, and the card that names it.
///
/// # Errors
/// When the folder cannot be written.
pub fn write_file(out: &Path, card: &mut Card, name: &str, bytes: &[u8]) -> Result<()> {
    card.files.insert(name.to_owned(), FileEntry { sha256: sha256(bytes), bytes: bytes.len() as u64 });
    write_with_card(out, card, std::iter::once((name, bytes)))
}

/// Writes the card alone.
///
/// # Errors
/// When the folder cannot be written.
pub fn write_card(out: &Path, card: &Card) -> Result<()> {
    write_with_card(out, card, std::iter::empty())
}

/// A forward pass on one half-masked training cell.
fn golden(network: &model::network::Network, set: &TrainingSet, seed: u64) -> Golden {
    let mut draws = Draws::new(seed, u64::MAX - 7);
    let hidden = |token: u16, draw: f32| if draw < 0.5 || token == UNMEASURED { MASK as u16 } else { token };
    // One that measured every gene: of many visible ones the pass says most.
    let cell = set.whole().first().copied().unwrap_or(0);
    let tokens = set.tokens_of(cell).iter().map(|token| hidden(*token, draws.uniform())).collect();
    let mut genes: Vec<u32> = (0..set.genes() as u32).collect();
    draws.shuffle(&mut genes);
    genes.truncate(GOLDEN_GENES);
    let mut golden = Golden { tokens, conditions: set.labels_of(cell).to_vec(), genes, logits: Vec::new() };
    golden.logits = golden_logits(network, &golden).into_data().iter::<f32>().collect();
    golden
}

/// Components and UMAP of the training cells, or of those that the recipe names.
fn map(set: &TrainingSet, target: f64, recipe: &Recipe) -> Result<Map> {
    // A cell that measured half of the genes lies beside its like, not among its type.
    let mut places = set.whole();
    for (key, value) in &recipe.card.map_of {
        let column = set.cells.label(key).context("card.map_of names the cells of the map")?;
        places.retain(|cell| column.text(*cell).as_deref() == Some(value));
    }
    let cells = set.cells.select(&places);
    let data = log_normalise(&cells.counts, Target::Sum(target));
    let genes = highly_variable(&data, MAP_GENES);
    let components = COMPONENTS.min(genes.len().saturating_sub(1)).min(data.cells().saturating_sub(1));
    let pca = fit_pca(&data, &genes, components).context("the map's components cannot be fitted")?;
    let reference = pca.project(&data);
    ensure!(cells.len() >= 3, "a map needs at least three cells; there are {}", cells.len());
    let coordinates = umap(&reference, components, MAP_NEIGHBOURS, recipe.training.seed);
    let mut labels = BTreeMap::new();
    for condition in set.conditions.iter().filter(|condition| condition.values.len() < 255) {
        let column = cells.label(&condition.key)?;
        let code = |cell| {
            let text = column.text(cell)?;
            condition.values.iter().position(|value| value.value == text)
        };
        let codes = (0..cells.len()).map(|cell| code(cell).map_or(255, |at| at as u8)).collect();
        labels.insert(condition.key.clone(), codes);
    }
    Ok(Map { genes: pca.genes, mean: pca.mean, loadings: pca.loadings, components, reference, coordinates, labels })
}

/// Where the cells of a map come from: the least measured of them tells.
fn origin_of(map: &Map, set: &TrainingSet, others: Origin) -> Origin {
    let slot = set.conditions.iter().find(|condition| condition.kind == Kind::Perturbation);
    let Some((slot, codes)) = slot.and_then(|slot| Some((slot, map.labels.get(&slot.key)?))) else { return others };
    let value = |code: &u8| slot.values.get(usize::from(*code));
    codes.iter().map(|code| value(code).and_then(|value| value.origin).unwrap_or(others)).max().unwrap_or(others)
}

/// Mean expression and detection of every cell type × perturbation of the training cells; where there are more groups
/// than a page should download, of those with most cells.
fn reference(set: &TrainingSet, target: f64) -> (Vec<ReferenceGroup>, Reference) {
    let data = log_normalise(&set.cells.counts, Target::Sum(target));
    let text = |kind: Kind, cell: usize| -> String {
        let condition = set.conditions.iter().find(|condition| condition.kind == kind);
        let column = condition.and_then(|condition| set.cells.labels.get(&condition.key));
        column.and_then(|column| column.text(cell)).unwrap_or_default().into_owned()
    };
    let mut members: BTreeMap<(String, String), Vec<usize>> = BTreeMap::new();
    for cell in 0..set.cells.len() {
        members.entry((text(Kind::CellType, cell), text(Kind::Perturbation, cell))).or_default().push(cell);
    }
    let most = (REFERENCE_BYTES / (4 * set.genes().max(1))).max(1);
    let mut sizes: Vec<usize> = members.values().map(Vec::len).collect();
    sizes.sort_unstable_by(|a, b| b.cmp(a));
    let fewest = sizes.get(most - 1).copied().unwrap_or(0);
    let mut groups = Vec::new();
    let mut statistics = Reference::default();
    for ((cell_type, condition), cells) in members {
        if cells.len() < fewest || groups.len() == most {
            continue;
        }
        groups.push(ReferenceGroup { cell_type, condition, cells: cells.len() });
        // Of the cells that measured the gene: with several sources these differ.
        let measured: Vec<f64> = (0..set.genes())
            .map(|gene| cells.iter().filter(|cell| set.is_measured(**cell, gene)).count() as f64)
            .collect();
        let all = cells.len() as f64;
        let means = data.mean_over(cells.iter().copied());
        let scaled = means.iter().zip(&measured).map(|(mean, measured)| (mean * (all / measured.max(1.0))) as f32);
        statistics.mean.extend(scaled);
        let mut seen = vec![0_u32; set.genes()];
        for cell in &cells {
            set.cells.counts.row(*cell).0.iter().for_each(|gene| seen[*gene as usize] += 1);
        }
        let shares = seen.iter().zip(&measured).map(|(seen, measured)| (f64::from(*seen) / measured.max(1.0)) as f32);
        statistics.detected.extend(shares);
    }
    (groups, statistics)
}
