//! A plate's wells, one after the other.
//!
//! Does: generates the cells of a well and, where it is not there yet, its control population; tests all genes; posts a
//! summary and lets the cells go. Progress and cancel between steps; finished wells stay finished.
//! Does not know: layouts, colours.
//! Flow: requests → steps → **summaries of wells**.

use std::rc::Rc;

use cells::Counts;
use cells::de::{Control, GeneShift};
use cells::normalise::Normalised;
use model::card::{Choices, Kind};
use model::sample::Run;

use super::super::outbox::{Stop, breathe, fail, send};
use super::super::session::Session;
use super::control::{self, Population};
use crate::origin;
use crate::plate::results::CUTS;
use crate::protocol::card::Card;
use crate::protocol::plate::{Tell, WellRequest};
use crate::protocol::{Array, FromWorker, Provenance, Request};

/// Why a task ended early.
enum End {
    Cancelled,
    Failed(String),
}

/// A task in work.
struct Work<'a> {
    job: u32,
    stop: &'a Stop,
    started: f64,
    /// Work units: a branch of the network for a cell is one.
    done: f64,
    all: f64,
}

impl Work<'_> {
    fn progress(&self, phase: String, within: f64) {
        let share = ((self.done + within) / self.all).clamp(0.0, 1.0);
        let elapsed = (js_sys::Date::now() - self.started) / 1000.0;
        let seconds_left = (share > 0.02).then(|| elapsed * (1.0 - share) / share);
        send(&FromWorker::Progress { run: self.job, phase, share, seconds_left }, &[]);
    }
}

/// The sampler's choices for a well.
fn choices(session: &Session, request: &Request) -> Choices {
    Choices {
        with: request.with.clone(),
        // Without a perturbation there is nothing to guide to.
        guidance: if session.is_perturbed(request) { request.guidance } else { 0.0 },
        steps: request.steps as usize,
        cells: request.cells as usize,
        seed: u64::from(request.seed),
        clamp: request.clamp.clone(),
    }
}

/// Work units of choices.
fn units(session: &Session, choices: &Choices) -> f64 {
    let several = choices.with.iter().filter_map(|(key, values)| {
        let slot = session.bundle.card.condition(key).filter(|slot| slot.kind == Kind::Perturbation)?;
        Some(values.iter().filter(|value| Some(*value) != slot.control.as_ref()).count())
    });
    let together = several.max().unwrap_or(0).max(1);
    let branches = if choices.guidance > 0.0 || together > 1 { together + 1 } else { 1 };
    (branches * choices.cells) as f64
}

/// Fills wells and reports all of it.
pub(super) async fn run(session: &Session, job: u32, wells: &[WellRequest], seed: u32, stop: &Stop) {
    let mut controls: Vec<Choices> = Vec::new();
    for well in wells {
        let own = control::choices(session, &well.request, seed);
        if !controls.contains(&own) && control::kept(session, &own).is_none() {
            controls.push(own);
        }
    }
    let of_wells: f64 = wells.iter().map(|well| units(session, &choices(session, &well.request))).sum();
    let all = of_wells + controls.iter().map(|own| units(session, own)).sum::<f64>();
    let mut work = Work { job, stop, started: js_sys::Date::now(), done: 0.0, all: all.max(1.0) };
    for (place, well) in wells.iter().enumerate() {
        let phase = format!("well {} of {}", place + 1, wells.len());
        match one(session, well, seed, &phase, &mut work).await {
            Ok(()) => {}
            Err(End::Cancelled) => return send(&FromWorker::Cancelled { run: job, cells: 0 }, &[]),
            Err(End::Failed(sentence)) => return fail(Some(job), sentence, false),
        }
    }
    let provenance = provenance(session, wells, seed);
    let seconds = (js_sys::Date::now() - work.started) / 1000.0;
    send(&FromWorker::Plate(Tell::Finished { job, provenance, seconds }), &[]);
}

/// One well, with its control population where that is not there yet.
async fn one(session: &Session, well: &WellRequest, seed: u32, phase: &str, work: &mut Work<'_>) -> Result<(), End> {
    let job = work.job;
    let tell = |share: f64| send(&FromWorker::Plate(Tell::Working { job, well: well.well, share }), &[]);
    tell(0.0);
    let own = control::choices(session, &well.request, seed);
    let population = match control::kept(session, &own) {
        Some(population) => population,
        None => {
            let cells = sample(session, &own, &format!("{phase}: cells to compare it with"), work, &|_| ()).await?;
            let control = Control::new(&cells).map_err(|error| End::Failed(format!("{error}.")))?;
            let made = Population { control, mean: cells.mean(), cells: cells.cells() as u32 };
            let made = Rc::new(made);
            control::keep(session, &own, &made);
            made
        }
    };
    let cells = sample(session, &choices(session, &well.request), phase, work, &tell).await?;
    let shifts = population.control.compare(&cells).map_err(|error| End::Failed(format!("{error}.")))?;
    report(job, well.well, &population, &cells, &shifts);
    Ok(())
}

/// Log-normalised cells of choices; `tell` hears the share that is done.
async fn sample(
    session: &Session,
    choices: &Choices,
    phase: &str,
    work: &mut Work<'_>,
    tell: &dyn Fn(f64),
) -> Result<Normalised, End> {
    let request = session.bundle.request(choices).map_err(|error| End::Failed(format!("{error}.")))?;
    let network = &session.bundle.network;
    let mut run = Run::new(network, request, session.effort());
    let units = units(session, choices);
    while !run.is_finished() {
        breathe().await;
        if work.stop.get() == work.job {
            return Err(End::Cancelled);
        }
        let step = run
            .step(network)
            .await
            .map_err(|error| End::Failed(format!("The device failed while writing cells: {error}.")))?;
        let in_work = step.cells.len() as f64 * step.step as f64 / step.steps as f64;
        let cells = if step.finished.is_some() { step.done as f64 } else { step.done as f64 + in_work };
        let share = cells / choices.cells.max(1) as f64;
        work.progress(phase.to_owned(), units * share);
        tell(share);
    }
    work.done += units;
    let rows = run.counts(0..choices.cells);
    let counts = Counts::from_dense_rows(session.bundle.card.genes.len(), rows.iter().map(Vec::as_slice));
    Ok(session.normalised(&counts))
}

/// Posts the summary of a well.
fn report(job: u32, well: u32, population: &Population, cells: &Normalised, shifts: &[GeneShift]) {
    let mean = cells.mean();
    let difference: Vec<f64> = mean.iter().zip(&population.mean).map(|(own, control)| own - control).collect();
    let squares: f64 = difference.iter().map(|value| value * value).sum();
    let rms = (squares / difference.len().max(1) as f64).sqrt() as f32;
    // In the precision that the page holds, so that both count the same genes.
    let (change, q): (Vec<f32>, Vec<f32>) =
        shifts.iter().map(|shift| (shift.log2_fold_change as f32, shift.q as f32)).unzip();
    let genes_shifted =
        change.iter().zip(&q).filter(|(change, q)| **q < CUTS.0 && change.abs() > CUTS.1).count() as u32;
    let narrow = |values: &[f64]| Array::F32(values.iter().map(|value| *value as f32).collect());
    let arrays = [narrow(&mean), narrow(&difference), Array::F32(change), Array::F32(q)];
    let cells = (cells.cells() as u32, population.cells);
    send(&FromWorker::Plate(Tell::Well { job, well, cells, genes_shifted, rms }), &arrays);
}

/// What made all wells (DESIGN.md decision 8); conditions, replicates and their seeds stand with each well.
fn provenance(session: &Session, wells: &[WellRequest], seed: u32) -> Provenance {
    let of_first = |value: fn(&Request) -> u32| wells.first().map_or(0, |well| value(&well.request)).to_string();
    let entries = [
        ("kind", "generated".to_owned()),
        ("bundle", session.bundle.card.name.clone()),
        ("bundle_sha256", session.bundle.hash.clone()),
        ("steps", of_first(|request| request.steps)),
        ("cells_per_well", of_first(|request| request.cells)),
        ("seed", seed.to_string()),
        ("device", format!("{} ({})", session.report.kind, session.report.name)),
        ("version", env!("CARGO_PKG_VERSION").to_owned()),
    ];
    let mut entries: Vec<(String, String)> = entries.into_iter().map(|(key, value)| (key.to_owned(), value)).collect();
    let words = Card::read(&session.json).ok().and_then(|card| origin::sentence(&card));
    entries.extend(words.map(|words| ("training_origin".to_owned(), words)));
    Provenance { entries }
}
