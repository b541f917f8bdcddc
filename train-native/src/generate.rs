//! Bundles on disk, and cells generated from them.
//!
//! Does: reads a bundle folder, runs the sampler to the end, turns tokens into `Cells` with labels.
//! Does not know: scores.
//! Flow: bundle folder + choices → **cells** → h5ad or evaluation.

use std::collections::BTreeMap;
use std::future::Future;
use std::path::Path;
use std::pin::pin;
use std::task::{Context as TaskContext, Poll, Waker};

use anyhow::{Context, Result, bail};
use burn::tensor::Device;
use cells::signatures::AND;
use cells::{Cells, Column, Counts};
use indicatif::ProgressBar;
use model::bundle::{Bundle, CARD, read_card};
use model::card::Choices;
use model::sample::{Effort, Request, Run};

use crate::device::is_host;
use crate::runs::{Advance, shares, to_the_end};

/// Reads a bundle folder.
///
/// # Errors
/// When a file is missing, changed or does not fit.
pub fn read_bundle(folder: &Path, device: &Device) -> Result<Bundle> {
    read_bundle_without(folder, device, None)
}

/// [`read_bundle`] without a file that it need not have, for commands that make this file anew.
///
/// # Errors
/// As [`read_bundle`].
pub fn read_bundle_without(folder: &Path, device: &Device, left_out: Option<&str>) -> Result<Bundle> {
    let read = |name: &str| {
        let path = folder.join(name);
        std::fs::read(&path).with_context(|| format!("cannot read {}", path.display()))
    };
    let mut json = read(CARD)?;
    let mut card = read_card(&json).with_context(|| format!("the bundle {} cannot be used", folder.display()))?;
    if left_out.and_then(|name| card.files.remove(name)).is_some() {
        json = serde_json::to_vec(&card)?;
    }
    let mut files = BTreeMap::new();
    for name in card.files.keys() {
        if name.contains(['/', '\\']) || name.starts_with('.') {
            bail!("the bundle names the file {name:?}, which is not a plain file name");
        }
        files.insert(name.clone(), read(name)?);
    }
    let bundle = Bundle::read(&json, &files, device);
    let bundle = bundle.with_context(|| format!("the bundle {} cannot be used", folder.display()))?;
    Ok(if is_host(device) { bundle.on_host() } else { bundle })
}

/// Runs a future to its end; natively nothing in a step waits for anything but the device, which
/// answers within the call.
pub fn wait<F: Future>(future: F) -> F::Output {
    let mut future = pin!(future);
    let mut context = TaskContext::from_waker(Waker::noop());
    loop {
        if let Poll::Ready(output) = future.as_mut().poll(&mut context) {
            return output;
        }
        std::thread::yield_now();
    }
}

/// Generated cells.
pub struct Generated {
    /// Counts with labels.
    pub cells: Cells,
    /// Mean count of the distribution that every value was drawn from, cell by cell [cells × G]; empty where it was not
    /// asked for.
    pub expected: Vec<f32>,
}

/// Generates cells, with progress on standard error when `bar` is shown.
///
/// # Errors
/// When a choice is unknown or the device fails.
pub fn generate(bundle: &Bundle, choices: &Choices, effort: Effort, bar: &ProgressBar) -> Result<Cells> {
    bar.set_length(choices.cells as u64);
    let made = generate_part(bundle, choices, 0, effort, false, &mut |done| bar.set_position(done as u64))?;
    bar.finish_and_clear();
    Ok(made.cells)
}

/// Generates `choices.cells` cells from number `first` on, with expected counts where `expects`; `done` hears how many
/// are finished. Parts of a request are the cells of the whole.
///
/// # Errors
/// When a choice is unknown or the device fails.
pub fn generate_part(
    bundle: &Bundle,
    choices: &Choices,
    first: usize,
    effort: Effort,
    expects: bool,
    done: &mut dyn FnMut(usize),
) -> Result<Generated> {
    let request = Request { first, expects, ..bundle.request(choices)? };
    let key = request.key;
    let runs = written(bundle, &request, effort, done)?;
    let made: Vec<(&Run, usize)> = runs.iter().flat_map(|run| (0..run.done()).map(move |cell| (run, cell))).collect();
    let rows: Vec<Vec<u32>> = runs.iter().flat_map(|run| run.counts(0..run.done())).collect();
    let mut counts = Counts::from_dense_rows(bundle.card.genes.len(), rows.iter().map(Vec::as_slice));
    let mut labels = BTreeMap::new();
    let totals: Option<Vec<u64>> = made.iter().map(|(run, cell)| bundle.card.total_of(run.labels(*cell))).collect();
    let sizes = bundle.card.conditions.iter().find_map(|condition| condition.sizes.clone());
    if let (Some(totals), Some(key)) = (totals.filter(|_| choices.cells > 0), sizes) {
        // What a cell is scaled by goes with it, in memory and in files.
        labels.insert(key, Column::Integer(totals.iter().map(|total| *total as i64).collect()));
        counts = counts.with_totals(totals);
    }
    for (slot, condition) in bundle.card.conditions.iter().enumerate() {
        let together = choices.with.get(&condition.key).filter(|values| values.len() > 1).map(|v| v.join(AND));
        let own = |run: &Run, cell: usize| condition.value_of(run.labels(cell)[slot]).unwrap_or("unspecified");
        let texts: Vec<&str> =
            made.iter().map(|(run, cell)| together.as_deref().unwrap_or_else(|| own(run, *cell))).collect();
        labels.insert(condition.key.clone(), Column::categorical(&texts));
    }
    // The key names the conditions: names of cells are unique over all requests to a bundle.
    let name = |cell: usize| format!("generated-{key:016x}-{}-{}", choices.seed, first + cell);
    let names = (0..choices.cells).map(name).collect();
    let expected = made.iter().flat_map(|(run, cell)| run.expected(*cell).iter().copied()).collect();
    Ok(Generated { cells: Cells::new(counts, bundle.card.genes.clone(), names, labels)?, expected })
}

/// Runs of a request's cells, each to its end.
fn written(bundle: &Bundle, request: &Request, effort: Effort, done: &mut dyn FnMut(usize)) -> Result<Vec<Run>> {
    let ranges = shares(&bundle.network, request.cells);
    let runs = ranges.into_iter().map(|range| Run::new(&bundle.network, request.part(range), effort)).collect();
    let step = |run: &mut Run| -> Result<Advance> {
        if !run.is_finished() {
            wait(run.step(&bundle.network)).context("the device failed while sampling")?;
        }
        Ok(Advance { done: run.done(), finished: run.is_finished() })
    };
    to_the_end(runs, &step, done)
}

/// What every export carries (DESIGN.md decision 8).
pub fn provenance(bundle: &Bundle, choices: &Choices, device: &str) -> BTreeMap<String, String> {
    let with = choices.with.iter().map(|(key, values)| format!("{key}={}", values.join("+"))).collect::<Vec<_>>();
    let clamp = choices.clamp.iter().map(|(gene, count)| format!("{gene}={count}")).collect::<Vec<_>>();
    BTreeMap::from([
        ("wellplate_kind".to_owned(), "generated".to_owned()),
        ("wellplate_bundle".to_owned(), bundle.card.name.clone()),
        ("wellplate_bundle_sha256".to_owned(), bundle.hash.clone()),
        ("wellplate_seed".to_owned(), choices.seed.to_string()),
        ("wellplate_guidance".to_owned(), choices.guidance.to_string()),
        ("wellplate_steps".to_owned(), choices.steps.to_string()),
        ("wellplate_conditions".to_owned(), with.join("; ")),
        ("wellplate_clamp".to_owned(), clamp.join("; ")),
        ("wellplate_device".to_owned(), device.to_owned()),
        ("wellplate_version".to_owned(), env!("CARGO_PKG_VERSION").to_owned()),
    ])
}
