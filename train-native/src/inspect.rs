//! What a bundle, a run or a recipe is, in a table.
//!
//! Does: sizes, parameters, conditions, the cost of a cell, how far a run is; whether a device computes a bundle as
//! the CPU does.
//! Does not know: how devices are found.
//! Flow: folder or recipe → **text** on standard output.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;

use anyhow::{Context, Result, bail};
use burn::tensor::Device;
use indicatif::ProgressBar;
use model::bundle::{Bundle, CARD, read_card};
use model::card::{Choices, Condition};
use model::config::ModelConfig;
use model::decode::Decoder;
use model::sample::Effort;

use crate::checkpoint;
use crate::data::{Data, TrainingSet};
use crate::generate::{generate, read_bundle, wait};
use crate::recipe::Recipe;
use crate::run_folder;
use crate::train::model_config;

/// Cells generated to compare devices.
const AGREEMENT_CELLS: usize = 8;

/// Describes whichever is given.
///
/// # Errors
/// When nothing is given, or what is given cannot be read.
pub fn inspect(
    bundle: Option<&Path>,
    run: Option<&Path>,
    config: Option<&Path>,
    genes: Option<usize>,
) -> Result<String> {
    match (bundle, run, config) {
        (Some(folder), ..) => of_bundle(folder),
        (_, Some(folder), _) => of_run(folder),
        (_, _, Some(path)) => of_recipe(path, genes.context("a recipe needs --genes")?),
        _ => bail!("name a --bundle, a --run or a --config"),
    }
}

/// What `train` would train.
///
/// # Errors
/// When recipe or data cannot be used.
pub fn training(data: &Path, config: &Path) -> Result<String> {
    let recipe = Recipe::read(config)?;
    let set = TrainingSet::open(Data::open(data)?, &recipe)?;
    let sizes = model_config(&recipe, &set);
    sizes.check()?;
    let aside: usize = set.validation().iter().map(model::loss::Masked::cells).sum();
    let mut text = format!("training cells\t{}\ncells set aside\t{aside}\n", set.count());
    text.push_str(&settings(&recipe));
    text.push_str(&numbers(&sizes));
    text.push_str(&conditions(&set.conditions));
    Ok(text)
}

/// Sizes and costs.
fn numbers(config: &ModelConfig) -> String {
    let rows = crate::bench::ROWS;
    format!(
        "genes\t{}\ngroups\t{} of {}\nwidth\t{}\nblocks\t{} with {} heads, SwiGLU {}\nresponse factors\t{}\nsummary factors\t{}\npairs of conditions\t{}\n\
         parameters\t{}\nparameters in the blocks\t{}\nweights, f16\t{:.2} MB\n\
         MFLOP of the blocks\t{:.0}\nMFLOP to read a cell\t{:.0}\nlogits held at once\t{:.0} MB in chunks of {rows} rows\n",
        config.genes,
        config.groups(),
        config.group_size,
        config.width,
        config.blocks,
        config.heads,
        config.feed_width,
        config.rank,
        config.summary,
        config.pairs,
        config.parameters(),
        config.block_parameters(),
        2.0 * config.parameters() as f64 / 1e6,
        config.trunk_flops() / 1e6,
        config.reading_flops() / 1e6,
        Decoder::bytes(rows) as f64 / 1e6,
    )
}

/// How it is trained.
fn settings(recipe: &Recipe) -> String {
    let own = &recipe.training;
    format!(
        "steps\t{} of {} cells\nlearning rate\t{:e} to {:e}\naverages of weights\t{:?}\n",
        own.steps, own.batch, own.peak_rate, own.final_rate, own.ema
    )
}

/// Conditions with their values.
fn conditions(list: &[Condition]) -> String {
    let mut text = String::new();
    for condition in list {
        let values: Vec<String> =
            condition.values.iter().map(|value| format!("{} ({})", value.value, value.cells)).collect();
        let open = if condition.unspecified.is_some() { ", may be left open" } else { "" };
        text.push_str(&format!("condition {}\t{}{open}\n", condition.key, values.join(", ")));
    }
    text
}

fn of_bundle(folder: &Path) -> Result<String> {
    let path = folder.join(CARD);
    let json = std::fs::read(&path).with_context(|| format!("cannot read {}", path.display()))?;
    let card = read_card(&json).with_context(|| format!("{} cannot be used", path.display()))?;
    let mut text = format!("bundle\t{}: {}\n", card.name, card.title);
    text.push_str(&numbers(&card.model));
    text.push_str(&conditions(&card.conditions));
    let bytes: u64 = card.files.values().map(|file| file.bytes).sum();
    writeln!(text, "files\t{:.2} MB", bytes as f64 / 1e6)?;
    writeln!(text, "default\tguidance {}, {} steps", card.guidance, card.steps)?;
    for score in card.scores.iter().filter(|score| score.cell_type == "all") {
        let metric = |value: Option<f64>| value.map_or("-".to_owned(), |value| format!("{value:.3}"));
        let own = score.model;
        let figures = [metric(own.pearson_delta), metric(own.mae), metric(own.des)].join(" / ");
        writeln!(text, "held out {} {}\tPearson-delta / MAE / DES {figures}", score.donor, score.condition)?;
    }
    Ok(text)
}

/// A bundle on a device beside the CPU: its golden pass, and cells of the same seed.
///
/// # Errors
/// When the bundle cannot be read or the device fails.
pub fn agreement(folder: &Path, device: &Device) -> Result<String> {
    let own = read_bundle(folder, device)?;
    let error = wait(own.golden_error()).context("the device failed")?;
    let choices = Choices {
        with: BTreeMap::new(),
        guidance: 0.0,
        steps: own.card.steps,
        cells: AGREEMENT_CELLS,
        seed: 1,
        clamp: Vec::new(),
    };
    let cells = |bundle: &Bundle| generate(bundle, &choices, Effort::CPU, &ProgressBar::hidden());
    let (theirs, expected) = (cells(&own)?, cells(&read_bundle(folder, &Device::flex())?)?);
    let genes = own.card.genes.len();
    let (mut a, mut b) = (vec![0; genes], vec![0; genes]);
    let mut differing = 0;
    for cell in 0..AGREEMENT_CELLS {
        theirs.counts.dense_row(cell, &mut a);
        expected.counts.dense_row(cell, &mut b);
        differing += a.iter().zip(&b).filter(|(a, b)| a != b).count();
    }
    Ok(format!(
        "golden pass\tlogits differ by {error:.1e} at most\nsame seed\t{differing} of {} counts of {AGREEMENT_CELLS} cells differ from the CPU's\n",
        genes * AGREEMENT_CELLS
    ))
}

fn of_run(folder: &Path) -> Result<String> {
    let (recipe, note) = run_folder::read(folder)?;
    let position = checkpoint::position(folder)?;
    let done = format!("step {} of {}, {:.4} bits per gene", position.step, recipe.training.steps, position.loss());
    Ok(format!("run\t{}\ndone\t{done}\n{}{}", folder.display(), settings(&recipe), numbers(&note.config)))
}

fn of_recipe(path: &Path, genes: usize) -> Result<String> {
    let recipe = Recipe::read(path)?;
    // The data decides how many values there are; their rows hardly count.
    let config = recipe.model.config(genes, [recipe.conditions.len(), recipe.conditions.len(), 0]);
    config.check()?;
    Ok(format!("recipe\t{}\n{}{}", recipe.card.name, settings(&recipe), numbers(&config)))
}
