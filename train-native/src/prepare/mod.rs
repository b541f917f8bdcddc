//! One or many files of cells into a store.
//!
//! Does: plans which short runs of cells go into which shard, fills, writes and checks shard after shard, and
//! writes the index last; what is in memory is one shard, whatever the number of cells.
//! Does not know: training, how a file is read in runs (`source`), how a shard is laid out (`store::shard`).
//! Flow: TOML + h5ad and 10x files → **store folder** → `train`.
//!
//! A shard is a function of the settings, the files and its number. So an interrupted `prepare` goes on where it
//! stopped, a damaged shard is made anew alone, and the same settings give the same bytes.
//!
//! Files are usually sorted by perturbation or donor; training needs cells in random order. A shard therefore
//! holds runs of [`RUN`] cells from random places of all files, and training mixes the cells of several shards:
//! nearly as random as single cells, at the price of sequential reading.

pub mod panel;
pub mod settings;
pub mod source;

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};

use anyhow::{Context, Result, bail, ensure};
use indicatif::{ProgressBar, ProgressStyle};
use model::bundle::sha256;
use model::random::Draws;
use serde_json::json;

use crate::files::write_atomic;
use crate::store::shard::{self, Labels, Shard};
use crate::store::{Entry, INDEX, Index, Source, Store, VERSION, ranges};
use panel::Panel;
use settings::Settings;
use source::SourceFile;

/// Cells that are read together.
pub const RUN: usize = 64;
/// What the store is going to be, while it is being made.
const PLAN: &str = "plan.json";
/// Stream of the order of runs.
const STREAM: u64 = 1 << 48;

/// Runs of cells in the order of the shards: source, first cell, cells.
type Runs = Vec<(u32, u64, u32)>;

/// Opened and aligned files.
struct Plan {
    settings: Settings,
    files: Vec<SourceFile>,
    sources: Vec<Source>,
    panel: Panel,
    keys: Vec<String>,
    /// Runs of every shard.
    shards: Vec<Runs>,
    fingerprint: String,
}

/// Opens the files and decides what goes where.
fn plan(path: &Path) -> Result<Plan> {
    let settings = Settings::read(path)?;
    let mut files = Vec::new();
    for (dataset, path) in settings.files()? {
        files.push(SourceFile::open(&settings, &dataset, &path)?);
    }
    let genes: Vec<Vec<String>> = files.iter().map(|file| file.genes().to_vec()).collect();
    let panel = Panel::new(&settings, &genes)?;
    let mut sources = Vec::new();
    let mut marks = String::new();
    for file in &mut files {
        let measured = file.align(&panel)?;
        let name = file.path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let about = std::fs::metadata(&file.path)?;
        // Size and time of change stand for the content: hashing terabytes would take longer than preparing them.
        let changed = about.modified().ok().and_then(|time| time.duration_since(std::time::UNIX_EPOCH).ok());
        writeln!(marks, "{} {name} {} {:?} {}", file.dataset, about.len(), changed, file.cells())?;
        sources.push(Source {
            dataset: file.dataset.clone(),
            file: name,
            cells: file.cells(),
            unmeasured: ranges(&measured),
        });
    }
    let shards = shards_of(&files, &settings);
    let text = toml::to_string(&settings)?;
    let fingerprint = sha256(format!("{VERSION} {RUN}\n{text}\n{marks}\n{}", panel.genes.join("\n")).as_bytes());
    let keys = settings.keys();
    Ok(Plan { settings, files, sources, panel, keys, shards, fingerprint })
}

/// Runs of all files in random order, cut into shards.
fn shards_of(files: &[SourceFile], settings: &Settings) -> Vec<Runs> {
    let mut runs: Runs = Vec::new();
    for (number, file) in files.iter().enumerate() {
        let starts = (0..file.cells()).step_by(RUN);
        runs.extend(starts.map(|first| (number as u32, first as u64, RUN.min(file.cells() - first) as u32)));
    }
    Draws::new(settings.seed, STREAM).shuffle(&mut runs);
    let mut shards: Vec<Runs> = Vec::new();
    let mut cells = usize::MAX;
    for run in runs {
        if cells >= settings.shard_cells {
            shards.push(Runs::new());
            cells = 0;
        }
        cells += run.2 as usize;
        if let Some(shard) = shards.last_mut() {
            shard.push(run);
        }
    }
    shards
}

/// Counts what is in the shards, for the index.
#[derive(Default)]
struct Tally {
    labels: Vec<BTreeMap<String, usize>>,
    roles: BTreeMap<String, usize>,
}

impl Tally {
    fn add(&mut self, labels: &Labels) {
        self.labels.resize(labels.texts.len(), BTreeMap::new());
        for (counts, texts) in self.labels.iter_mut().zip(&labels.texts) {
            for text in texts.iter().filter(|text| !text.is_empty()) {
                match counts.get_mut(text) {
                    Some(count) => *count += 1,
                    None => {
                        counts.insert(text.clone(), 1);
                    }
                }
            }
        }
        for role in &labels.roles {
            *self.roles.entry(role.name().to_owned()).or_default() += 1;
        }
    }
}

/// Name of a shard's file.
fn name_of(shard: usize) -> String {
    format!("{shard:06}.parquet")
}

/// Reads the runs of a shard. They are read in the order of the files, which is kind to the disk.
fn fill(plan: &Plan, shard: usize) -> Result<Shard> {
    let mut runs = plan.shards[shard].clone();
    runs.sort_unstable();
    let mut cells = Shard::default();
    for (number, first, count) in runs {
        let file = &plan.files[number as usize];
        file.run(&plan.settings, number as usize, (first as usize, count as usize), &plan.keys, &mut cells)?;
    }
    Ok(cells)
}

/// Refuses a folder in which another store stands.
fn claim(out: &Path, plan: &Plan) -> Result<()> {
    let path = out.join(PLAN);
    if let Ok(text) = std::fs::read_to_string(&path) {
        let found: serde_json::Value = serde_json::from_str(&text).unwrap_or_default();
        ensure!(
            found["fingerprint"] == plan.fingerprint,
            "{} holds a store of other settings or files; choose another --out or remove it",
            out.display()
        );
        return Ok(());
    }
    let occupied = std::fs::read_dir(out).is_ok_and(|mut entries| entries.next().is_some());
    ensure!(!occupied, "{} is not empty and holds no store; choose another --out", out.display());
    let cells: usize = plan.files.iter().map(SourceFile::cells).sum();
    let note = json!({ "fingerprint": plan.fingerprint, "shards": plan.shards.len(), "cells": cells });
    write_atomic(&path, serde_json::to_string_pretty(&note)?.as_bytes())
}

/// A shard that is there already and whole: its entry, its labels counted.
fn existing(out: &Path, plan: &Plan, shard: usize, known: Option<&Entry>, tally: &mut Tally) -> Option<Entry> {
    let bytes = std::fs::read(out.join(name_of(shard))).ok()?;
    let entry = Entry {
        file: name_of(shard),
        cells: plan.shards[shard].iter().map(|run| run.2 as usize).sum(),
        bytes: bytes.len() as u64,
        sha256: sha256(&bytes),
    };
    if known.is_some_and(|known| known.sha256 != entry.sha256) {
        return None;
    }
    let read = shard::read(bytes, &plan.keys).ok().filter(|read| read.len() == entry.cells)?;
    tally.add(&read.labels);
    Some(entry)
}

/// Makes a store, or goes on with one; `stop` ends it after the shard in work.
///
/// # Errors
/// When settings, files or disk fail, or it was stopped; what is done stays and need not be done again.
pub fn prepare(config: &Path, out: &Path, stop: &AtomicBool) -> Result<Index> {
    let plan = plan(config)?;
    claim(out, &plan)?;
    // A finished store knows its checksums: a shard that no longer has its own is made anew.
    let known = Store::open(out).ok().filter(|store| store.index.fingerprint == plan.fingerprint);
    let bar = bar(&plan);
    let (mut tally, mut entries) = (Tally::default(), Vec::new());
    for number in 0..plan.shards.len() {
        let known = known.as_ref().and_then(|store| store.index.shards.get(number));
        let there = existing(out, &plan, number, known, &mut tally);
        let made = there.is_none();
        let entry = match there {
            Some(entry) => entry,
            None => {
                let cells = fill(&plan, number)?;
                tally.add(&cells.labels);
                let bytes = shard::write(&cells, &plan.keys)?;
                write_atomic(&out.join(name_of(number)), &bytes)?;
                Entry { file: name_of(number), cells: cells.len(), bytes: bytes.len() as u64, sha256: sha256(&bytes) }
            }
        };
        bar.inc(entry.cells as u64);
        entries.push(entry);
        if made && stop.load(Ordering::Relaxed) && number + 1 < plan.shards.len() {
            bail!("stopped after {} of {} shards; the same command goes on", number + 1, plan.shards.len());
        }
    }
    bar.finish_and_clear();
    let labels = plan.keys.iter().cloned().zip(tally.labels).collect();
    let index = Index {
        version: VERSION,
        fingerprint: plan.fingerprint,
        genes: plan.panel.genes,
        sources: plan.sources,
        labels,
        roles: tally.roles,
        held_out: plan.settings.held_out(),
        shards: entries,
    };
    write_atomic(&out.join(INDEX), &serde_json::to_vec(&index)?).context("the index could not be written")?;
    Ok(index)
}

fn bar(plan: &Plan) -> ProgressBar {
    let bar = ProgressBar::new(plan.files.iter().map(|file| file.cells() as u64).sum());
    if let Ok(style) = ProgressStyle::with_template("{bar:30} {pos}/{len} cells, {per_sec}, {eta} left") {
        bar.set_style(style);
    }
    bar
}

/// What would be prepared, as a table.
///
/// # Errors
/// When settings or files cannot be used.
pub fn describe(config: &Path) -> Result<String> {
    let plan = plan(config)?;
    let mut text = format!("genes\t{}\nshards\t{}\n", plan.panel.genes.len(), plan.shards.len());
    for source in &plan.sources {
        let missing: u32 = source.unmeasured.iter().map(|(first, end)| end - first).sum();
        writeln!(
            text,
            "{}\t{}\t{} cells\t{} genes of the panel",
            source.dataset,
            source.file,
            source.cells,
            plan.panel.genes.len() - missing as usize
        )?;
    }
    Ok(text + &format!("labels\t{}\n", plan.keys.join(", ")))
}

/// A finished store, as a table.
pub fn summary(index: &Index) -> String {
    let bytes: u64 = index.shards.iter().map(|shard| shard.bytes).sum();
    let mut text = format!(
        "cells\t{}\ngenes\t{}\nshards\t{}\nmegabytes\t{:.1}\n",
        index.cells(),
        index.genes.len(),
        index.shards.len(),
        bytes as f64 / 1e6
    );
    if let Some(bytes) = crate::usage::memory() {
        text.push_str(&format!("most memory held, MB\t{:.0}\n", bytes as f64 / 1e6));
    }
    for (role, cells) in &index.roles {
        text.push_str(&format!("{role}\t{cells}\n"));
    }
    for (key, values) in &index.labels {
        text.push_str(&format!("{key}\t{} values\n", values.len()));
    }
    text
}
