//! One or many files of cells into a store.
//!
//! Does: plans which short runs of cells go into which shard, fills, writes and checks shard after shard, and
//! writes the index last; what is in memory is one shard, whatever the number of cells.
//! Does not know: training, how a file is read in runs (`source`), how a shard is laid out (`store::shard`), what a
//! folder held before (`folder`).
//! Flow: TOML + h5ad and 10x files → **store folder** → `train`.
//!
//! A shard is a function of the settings, the files and its number. So an interrupted `prepare` goes on where it
//! stopped, a damaged shard is made anew alone, and the same settings give the same bytes.
//!
//! Files are usually sorted by perturbation or donor; training needs cells in random order. A shard therefore
//! holds runs of [`RUN`] cells from random places of all files, and training mixes the cells of several shards:
//! nearly as random as single cells, at the price of sequential reading.

mod content;
mod folder;
mod groups;
mod names;
pub mod panel;
pub mod settings;
pub mod source;
mod tally;

use std::fmt::Write as _;
use std::path::Path;
use std::time::SystemTime;

use anyhow::{Result, ensure};
use model::bundle::sha256;
use model::random::Draws;

use crate::files::write_atomic;
use crate::output::say;
use crate::stop::{Stop, Stopped};
use crate::store::shard::{self, Shard};
use crate::store::{Entry, Index, Source, VERSION, ranges};
use crate::{lock, panels, progress};
use folder::{Claim, Journal};
use panel::Panel;
pub use settings::RUN;
use settings::Settings;
use source::SourceFile;
use tally::Tally;

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
}

/// Opens the files and decides what goes where.
fn plan(settings: Settings) -> Result<Plan> {
    let mut files = Vec::new();
    for (dataset, path) in settings.files()? {
        let _opening = progress::phase(format!("opening {}", path.display()));
        files.push(SourceFile::open(&settings, &dataset, &path)?);
    }
    let genes: Vec<Vec<String>> = files.iter().map(|file| file.genes().to_vec()).collect();
    let datasets: Vec<&str> = files.iter().map(|file| file.dataset.as_str()).collect();
    let panel = Panel::new(&settings, &datasets, &genes)?;
    let mut sources = Vec::new();
    let mut measured = Vec::new();
    for file in &mut files {
        let own = file.align(&panel)?;
        sources.push(Source {
            dataset: file.dataset.clone(),
            file: file.path.file_name().unwrap_or_default().to_string_lossy().into_owned(),
            cells: file.taken(),
            unmeasured: ranges(&own),
        });
        measured.push(own);
    }
    refuse_strangers(&files, &measured, &panel)?;
    groups::check(&settings, &files)?;
    let (shards, keys) = (shards_of(&files, &settings), settings.keys());
    Ok(Plan { settings, files, sources, panel, keys, shards })
}

/// Refuses a file that shares no gene with any other: a union of such panels is two data sets side by side.
fn refuse_strangers(files: &[SourceFile], measured: &[Vec<bool>], panel: &Panel) -> Result<()> {
    let mut with = vec![0_u32; panel.genes.len()];
    for own in measured {
        with.iter_mut().zip(own).for_each(|(with, measured)| *with += u32::from(*measured));
    }
    let is_stranger = |own: &Vec<bool>| !own.iter().zip(&with).any(|(measured, with)| *measured && *with > 1);
    if let Some(place) = measured.iter().position(is_stranger).filter(|_| files.len() > 1) {
        let (own, other) = (&files[place], &files[usize::from(place == 0)]);
        let (what, whose) = (own.path.display().to_string(), "any other file of [datasets]");
        anyhow::bail!("{}; `aliases` can translate them", panels::without(&what, own.genes(), whose, other.genes()));
    }
    Ok(())
}

/// What the store is made of: settings, panel, and the files' contents.
fn fingerprint(plan: &Plan) -> Result<String> {
    let size = |file: &SourceFile| std::fs::metadata(&file.path).map_or(0, |about| about.len());
    let bytes = plan.files.iter().map(size).sum();
    let reading = progress::counted("reading the files once, to know them by their content", bytes, "bytes");
    let mut marks = String::new();
    for (file, source) in plan.files.iter().zip(&plan.sources) {
        writeln!(
            marks,
            "{} {} {} {}",
            file.dataset,
            source.file,
            content::digest(&file.path, &reading)?,
            file.cells()
        )?;
    }
    let text = toml::to_string(&plan.settings)?;
    Ok(sha256(format!("{VERSION} {RUN}\n{text}\n{marks}\n{}", plan.panel.genes.join("\n")).as_bytes()))
}

/// Runs of all files in random order, those without a cell that is taken left out, cut into shards.
fn shards_of(files: &[SourceFile], settings: &Settings) -> Vec<Runs> {
    let mut runs: Runs = Vec::new();
    for (number, file) in files.iter().enumerate() {
        let starts = (0..file.cells()).step_by(RUN);
        let runs_of = starts.map(|first| (first, RUN.min(file.cells() - first)));
        let with_cells = runs_of.filter(|(first, count)| file.taken_of(*first, *count) > 0);
        runs.extend(with_cells.map(|(first, count)| (number as u32, first as u64, count as u32)));
    }
    Draws::new(settings.seed, STREAM).shuffle(&mut runs);
    let mut shards: Vec<Runs> = Vec::new();
    let mut cells = usize::MAX;
    for run in runs {
        if cells >= settings.shard_cells {
            shards.push(Runs::new());
            cells = 0;
        }
        cells += files[run.0 as usize].taken_of(run.1 as usize, run.2 as usize);
        if let Some(shard) = shards.last_mut() {
            shard.push(run);
        }
    }
    shards
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

/// A shard that is there already as it was written.
fn existing(out: &Path, plan: &Plan, shard: usize, known: Option<&Entry>) -> Option<(Entry, Shard)> {
    let known = known.filter(|known| known.file == name_of(shard))?;
    let bytes = std::fs::read(out.join(&known.file)).ok()?;
    if sha256(&bytes) != known.sha256 {
        return None;
    }
    let read = shard::read(bytes, &plan.keys).ok().filter(|read| read.len() == known.cells)?;
    Some((known.clone(), read))
}

/// Makes a shard.
fn made(out: &Path, plan: &Plan, shard: usize) -> Result<(Entry, Shard)> {
    let cells = fill(plan, shard)?;
    let bytes = shard::write(&cells, &plan.keys)?;
    write_atomic(&out.join(name_of(shard)), &bytes)?;
    let entry = Entry {
        file: name_of(shard),
        cells: cells.len(),
        bytes: bytes.len() as u64,
        sha256: sha256(&bytes),
        labels: Some(cells.labels.digest()),
    };
    Ok((entry, cells))
}

/// Makes the shards that are not there; `stop` ends it after the shard in work.
fn shards(out: &Path, plan: &Plan, journal: &mut Journal, stop: &Stop) -> Result<(Tally, Vec<Entry>)> {
    let cells = plan.files.iter().map(|file| file.taken() as u64).sum();
    let shown = progress::counted("preparing", cells, "cells");
    let (mut tally, mut entries) = (Tally::default(), Vec::new());
    stop.finishes_pieces();
    for number in 0..plan.shards.len() {
        let there = existing(out, plan, number, journal.known(number));
        let (is_new, (entry, cells)) = match there {
            Some(found) => (false, found),
            None => (true, made(out, plan, number)?),
        };
        if is_new {
            journal.add(number, &entry)?;
        }
        tally.add(&cells);
        shown.advance(entry.cells as u64);
        entries.push(entry);
        if is_new && stop.asked() && number + 1 < plan.shards.len() {
            let done =
                format!("stopped after {} of {} shards; the same command goes on", number + 1, plan.shards.len());
            return Err(Stopped(done).into());
        }
    }
    Ok((tally, entries))
}

/// Makes a store, or goes on with one; `stop` ends it after the shard in work.
///
/// # Errors
/// When settings, files or disk fail, somebody else prepares there, or it was stopped; what is done stays and need not be
/// done again.
pub fn prepare(config: &Path, out: &Path, stop: &Stop) -> Result<Index> {
    let settings = Settings::read(config)?;
    let _own = lock::take(out, "prepare", SystemTime::now())?;
    let plan = plan(settings)?;
    let fingerprint = fingerprint(&plan)?;
    let cells = plan.files.iter().map(SourceFile::taken).sum();
    folder::claim(out, &Claim { fingerprint: &fingerprint, shards: plan.shards.len(), cells })?;
    let mut journal = Journal::open(out, &fingerprint)?;
    let (tally, entries) = shards(out, &plan, &mut journal, stop)?;
    ensure!(!entries.is_empty(), "the files of [datasets] hold no cells");
    let index = Index {
        version: VERSION,
        fingerprint,
        labels: plan.keys.iter().cloned().zip(tally.labels.iter().cloned()).collect(),
        roles: tally.roles.clone(),
        held_out: plan.settings.held_out(),
        genes: plan.panel.genes,
        sources: plan.sources,
        shards: entries,
    };
    index.write(out)?;
    journal.finish(out);
    tally.words(&index).iter().for_each(|words| say(words));
    Ok(index)
}

/// What would be prepared, as a table.
///
/// # Errors
/// When settings or files cannot be used.
pub fn describe(config: &Path) -> Result<String> {
    let plan = plan(Settings::read(config)?)?;
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
        let without = match index.unlabelled(key) {
            0 => String::new(),
            cells => format!(", {cells} cells without"),
        };
        text.push_str(&format!("{key}\t{} values{without}\n", values.len()));
    }
    text
}
