//! A recipe for a file of cells.
//!
//! Does: guesses conditions from labels, suggests what to hold out and sizes that fit the number of cells and genes, and
//! writes all of it as a commented recipe that `train` takes as it stands, with the minutes that this takes here.
//! Does not know: training.
//! Flow: file of cells → `columns`, `hold_out`, `minutes` → **TOML**.

mod columns;
mod hold_out;
mod minutes;

use std::fmt::Write as _;
use std::path::Path;

use anyhow::{Context, Result, ensure};
use cells::Cells;
use cells::normalise::{Target, log_normalise, median};
use cells::pca::highly_variable;

use crate::data::{TrainingSet, read_cells};
use crate::recipe::Recipe;
use columns::{Guess, Values, guess, table};
pub use minutes::{Pace, measured};

/// Genes that a page shows first.
const MARKERS: usize = 8;
/// Fewest cells that a recipe is written for.
const FEWEST: usize = 40;

/// Sizes and settings for a number of cells and genes.
struct Numbers {
    preset: &'static str,
    group_size: usize,
    width: usize,
    blocks: usize,
    feed_width: usize,
    rank: usize,
    summary: usize,
    steps: usize,
    validation: usize,
    bins: usize,
}

impl Numbers {
    fn of(cells: usize, genes: usize) -> Self {
        // (genes up to, genes of a group): about 40 to 300 groups.
        let groups = [(500, 8), (3000, 16), (15_000, 32), (usize::MAX, 64)];
        let group_size = groups.iter().find(|(most, _)| genes <= *most).map_or(32, |(_, size)| *size);
        let small = genes <= 3000;
        let preset = match cells {
            0..100_000 => "page",
            100_000..1_000_000 => "small",
            _ => "base",
        };
        // Every cell some forty times, but no fewer than 300 steps and no more than 1200.
        let steps = (40 * cells / 64).clamp(300, 1200).div_ceil(100) * 100;
        Self {
            preset,
            group_size,
            width: if small { 64 } else { 80 },
            blocks: if small { 3 } else { 4 },
            feed_width: if small { 192 } else { 320 },
            rank: if cells < 3000 { 40 } else { 48 },
            summary: if small { 24 } else { 32 },
            steps,
            validation: (cells / 10).clamp(1, 1000),
            bins: (cells / 100).clamp(2, 8),
        }
    }
}

/// A text in quotes as TOML has it.
fn quoted(text: &str) -> String {
    toml::Value::String(text.to_owned()).to_string()
}

/// A key as TOML has it.
fn bare(key: &str) -> String {
    let is_bare = !key.is_empty() && key.chars().all(|own| own.is_ascii_alphanumeric() || "-_".contains(own));
    if is_bare { key.to_owned() } else { quoted(key) }
}

/// Values of a column for a comment.
fn shown(own: &Values) -> String {
    let mut all: Vec<(&String, &usize)> = own.cells.iter().collect();
    all.sort_by(|a, b| b.1.cmp(a.1).then(a.0.cmp(b.0)));
    let first: Vec<String> = all.iter().take(6).map(|(value, count)| format!("{value} ({count})")).collect();
    let rest = if all.len() > 6 { format!(", and {} more", all.len() - 6) } else { String::new() };
    // A line end in a value would end the comment.
    format!("{}{rest}", first.join(", ")).replace(['\n', '\r'], " ")
}

/// Writes a recipe for a file; `out` is where it will stand, for the commands at its head. What training takes is
/// estimated on this machine.
///
/// # Errors
/// When the file cannot be read, has too few cells, or nothing says what a recipe needs.
pub fn recipe(data: &Path, out: Option<&Path>) -> Result<String> {
    recipe_at(data, out, &measured)
}

/// The same with a pace of training that is known.
///
/// # Errors
/// As [`recipe`].
pub fn recipe_at(data: &Path, out: Option<&Path>, pace: Pace<'_>) -> Result<String> {
    let cells = read_cells(data).with_context(|| {
        "a recipe is written for a file of cells; for a store take the recipe of one of its files and change the keys"
    })?;
    let failed = || format!("{} cannot be used for a recipe", data.display());
    ensure!(cells.len() >= FEWEST, "{}: it has {} cells; {FEWEST} are the least", failed(), cells.len());
    let file = data.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let out = out.unwrap_or(Path::new("recipe.toml"));
    let text = written(&cells, &file, &[data, out].map(|path| word(&path.to_string_lossy())))?;
    // What is written must be what `train` takes.
    let recipe = Recipe::parse(&text, Path::new(".")).with_context(failed)?;
    let genes = cells.genes.len();
    TrainingSet::new(cells, &recipe).with_context(failed)?;
    // Below the commands, where the first empty line ends the head.
    Ok(text.replacen("\n\n", &format!("\n#\n{}\n", minutes::line(&recipe, genes, pace)), 1))
}

/// A word as a shell takes it.
fn word(text: &str) -> String {
    let is_plain = !text.is_empty() && text.chars().all(|own| own.is_alphanumeric() || "-_./+=:,@".contains(own));
    // The words stand in a comment, which ends with its line.
    let text = text.replace(['\n', '\r'], " ");
    if is_plain { text } else { format!("'{}'", text.replace('\'', "'\\''")) }
}

/// The commands that come next.
fn commands(guess: &Guess, [data, out]: &[String; 2]) -> String {
    let other = |(own, control): &(Values, String)| {
        let most = own.cells.iter().filter(|(value, _)| *value != control).max_by_key(|(_, cells)| **cells);
        most.map(|(value, _)| format!(" --with {}", word(&format!("{}={value}", own.key))))
    };
    let with = guess.perturbation.as_ref().and_then(other).unwrap_or_default();
    let lines = [
        format!("train --data {data} --config {out} --out run"),
        "export --run run --out bundle".to_owned(),
        format!("sample --bundle bundle{with} --cells 200 --out generated.h5ad"),
        format!("evaluate --bundle bundle --run run --data {data} --report verdict --write"),
    ];
    lines.map(|line| format!("# wellplate {line}\n")).concat()
}

/// The recipe as text.
fn written(cells: &Cells, file: &str, paths: &[String; 2]) -> Result<String> {
    let guess = guess(cells);
    let numbers = Numbers::of(cells.len(), cells.genes.len());
    let mut text = format!(
        "# A recipe for {file}: {} cells of {} genes. Everything here was guessed from the file; lines with \"look\" want\n# your eye. The trainer's README explains every setting.\n#\n{}\n",
        cells.len(),
        cells.genes.len(),
        commands(&guess, paths)
    );
    writeln!(text, "# Sizes and settings that are not stated below.\npreset = {}\n", quoted(numbers.preset))?;
    card(&mut text, cells, file, &guess)?;
    conditions(&mut text, &guess, &numbers)?;
    let held = held_out(&mut text, cells, &guess)?;
    settings(&mut text, &numbers, held && guess.identity.is_some())?;
    Ok(text)
}

/// [card].
fn card(text: &mut String, cells: &Cells, file: &str, guess: &Guess) -> Result<()> {
    let stem = file.split('.').next().unwrap_or_default();
    let name: String = stem.chars().map(|own| if own.is_ascii_alphanumeric() { own } else { '-' }).collect();
    let name = if name.is_empty() { "cells".to_owned() } else { name };
    let species = species(&cells.genes);
    let target = Target::Sum(median(&cells.counts.library_sizes()));
    let markers = highly_variable(&log_normalise(&cells.counts, target), MARKERS);
    let markers: Vec<String> = markers.iter().map(|gene| quoted(&cells.genes[*gene as usize])).collect();
    let about = match &guess.perturbation {
        Some((own, _)) => format!(" under {} values of {}", own.cells.len(), own.key),
        None => String::new(),
    };
    let description = format!("{} cells of {} genes{about}, from {file}.", cells.len(), cells.genes.len());
    writeln!(
        text,
        "[card]\nname = {}\ntitle = {}\ndescription = {}",
        quoted(&name),
        quoted(stem),
        quoted(&description)
    )?;
    if let Some(species) = species {
        writeln!(text, "# By the form of the gene symbols; look.\nspecies = {}", quoted(species))?;
    }
    writeln!(text, "origin = \"measured\"\nlicence = \"not stated\"")?;
    writeln!(text, "# The most variable genes; name those that people look for.\nmarkers = [{}]", markers.join(", "))?;
    writeln!(
        text,
        "guidance = 0.0\nguidance_limit = 3.0\nsteps = {}",
        if guess.perturbation.is_some() { 4 } else { 12 }
    )?;
    writeln!(text, "intended_use = [\"Exploring these cells.\"]\nknown_failures = []")?;
    writeln!(text, "not_for = [\"Diagnosis, treatment or any decision about a patient.\"]\n")?;
    writeln!(text, "[[card.data]]\nsource = {}\naccession = \"none\"\nlicence = \"not stated\"\n", quoted(file))?;
    Ok(())
}

/// Species by the form of most symbols, where it tells.
fn species(genes: &[String]) -> Option<&'static str> {
    let letters = |gene: &str| gene.chars().filter(char::is_ascii_alphabetic).collect::<String>();
    let is_upper =
        |gene: &&String| letters(gene).chars().all(|own| own.is_ascii_uppercase()) && letters(gene).len() > 1;
    let is_title = |gene: &&String| {
        let own = letters(gene);
        own.len() > 1
            && own.starts_with(|own: char| own.is_ascii_uppercase())
            && own[1..].chars().all(|own| own.is_ascii_lowercase())
    };
    let share = |count: usize| 10 * count > 7 * genes.len();
    if share(genes.iter().filter(is_upper).count()) && !genes.iter().any(|gene| gene.starts_with("ENSMUSG")) {
        return Some("Homo sapiens");
    }
    share(genes.iter().filter(is_title).count()).then_some("Mus musculus")
}

/// [[conditions]].
fn conditions(text: &mut String, guess: &Guess, numbers: &Numbers) -> Result<()> {
    writeln!(
        text,
        "# What the model is told of a cell. `drop`: share of cells whose label is hidden in training, so that it may be\n# left open later.\n"
    )?;
    for (own, kind, title) in
        [(&guess.identity, "identity", "Donor or line"), (&guess.cell_type, "cell_type", "Cell type")]
    {
        match own {
            Some(own) => {
                let (key, values) = (quoted(&own.key), shown(own));
                writeln!(
                    text,
                    "# {values}\n[[conditions]]\nkey = {key}\ntitle = {key}\nkind = \"{kind}\"\ndrop = 0.1\n"
                )?;
            }
            None => writeln!(text, "# {title}: no column with several values was found (kind = \"{kind}\").\n")?,
        }
    }
    match &guess.perturbation {
        Some((own, control)) => {
            let (key, values, by) = (quoted(&own.key), shown(own), guess.control_by);
            writeln!(text, "# {values}\n[[conditions]]\nkey = {key}\ntitle = {key}\nkind = \"perturbation\"")?;
            writeln!(text, "# {by}\ncontrol = {}", quoted(control))?;
            if own.missing > 0 {
                writeln!(text, "# {} cells have no value.\ndrop = 0.05", own.missing)?;
            }
            text.push('\n');
        }
        None => writeln!(
            text,
            "# Perturbation: no column with control cells was found (kind = \"perturbation\", control = …).\n"
        )?,
    }
    writeln!(
        text,
        "# Library size, made from the counts.\n[[conditions]]\nkey = \"depth\"\ntitle = \"Library size\"\nkind = \"depth\"\nbins = {}\ndrop = 0.1\n",
        numbers.bins
    )?;
    guess.notes.iter().try_for_each(|note| writeln!(text, "# {note}.\n"))?;
    Ok(())
}

/// [[hold_out]]; whether anything is held out.
fn held_out(text: &mut String, cells: &Cells, guess: &Guess) -> Result<bool> {
    let context = guess.identity.as_ref().or(guess.cell_type.as_ref());
    let (Some((own, control)), Some(context)) = (&guess.perturbation, context) else {
        writeln!(
            text,
            "# Nothing is held out: that takes perturbations, and donors, lines or cell types that share them. The cells set\n# aside below are what `evaluate` compares with.\n"
        )?;
        return Ok(false);
    };
    let held = hold_out::suggested(&table(cells, &context.key, &own.key), control);
    if held.is_empty() {
        writeln!(
            text,
            "# Nothing is held out: no {} has 15 cells of a perturbation that another one has too, and as many controls.\n",
            context.key
        )?;
        return Ok(false);
    }
    writeln!(text, "# Never seen in training, and scored by `evaluate`; the control cells stay.")?;
    for (value, perturbation) in &held {
        writeln!(
            text,
            "[[hold_out]]\n{} = {}\n{} = {}\n",
            bare(&context.key),
            quoted(value),
            bare(&own.key),
            quoted(perturbation)
        )?;
    }
    Ok(true)
}

/// [model] and [training].
fn settings(text: &mut String, own: &Numbers, identity_from_controls: bool) -> Result<()> {
    if own.preset == "page" {
        writeln!(
            text,
            "[model]\ngroup_size = {}\nwidth = {}\nblocks = {}\nheads = 4\nfeed_width = {}\nrank = {}\nsummary = {}\n",
            own.group_size, own.width, own.blocks, own.feed_width, own.rank, own.summary
        )?;
    } else {
        writeln!(text, "[model]\ngroup_size = {}\n", own.group_size)?;
    }
    writeln!(text, "[training]\nstart_rate = 0.1")?;
    if own.preset == "page" {
        writeln!(
            text,
            "steps = {}\nbatch = 64\npeak_rate = 1e-3\nfinal_rate = 1e-4\nwarm_up = 60\nweight_decay = 0.1\nclip = 1.0",
            own.steps
        )?;
        writeln!(text, "ema = 0.15\nweighting = 0.0")?;
    }
    writeln!(text, "# All of a group's slots.\nslots = {}", own.group_size)?;
    writeln!(text, "# Cells that watch the loss and that no step sees.\nvalidation = {}", own.validation)?;
    if identity_from_controls {
        writeln!(
            text,
            "# A donor whose perturbed cells are held out must not be learned as one that does not respond.\nidentity_from_controls = true"
        )?;
    }
    writeln!(text, "seed = 1")?;
    Ok(())
}
