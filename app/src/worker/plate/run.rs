//! A plate's wells, one after the other.
//!
//! Does: generates the cells of the wells and, where they are not there yet, their control populations; tests all genes of a
//! well as soon as its cells are there, while helpers go on with the next; posts a summary and lets the cells go. Progress
//! and cancel between steps; finished wells stay finished.
//! Does not know: layouts, colours.
//! Flow: requests → steps → **summaries of wells**.

use std::rc::Rc;

use cells::Counts;
use cells::de::{Control, GeneShift};
use cells::normalise::Normalised;
use model::card::{Choices, Kind};

use super::super::outbox::{Stop, breathe, fail, send};
use super::super::pool::making::{Making, Wanted};
use super::super::session::Session;
use super::control::{self, Population};
use crate::origin;
use crate::plate::results::CUTS;
use crate::pool::turns::Order;
use crate::protocol::card::Card;
use crate::protocol::plate::{Tell, WellRequest};
use crate::protocol::{Array, FromWorker, Provenance, Request};

/// Why a task ended early.
enum End {
    Cancelled,
    Failed(String),
}

/// The wells in work.
struct Work<'a> {
    job: u32,
    seed: u32,
    stop: &'a Stop,
    wells: &'a [WellRequest],
    started: f64,
    /// Work units: a branch of the network for a cell is one.
    all: f64,
    /// Wells that are finished.
    finished: usize,
    /// What wells are compared with, as far as it is there; what is kept for other plates may be let go meanwhile.
    populations: Vec<(Choices, Rc<Population>)>,
}

impl Work<'_> {
    fn progress(&self, task: &Task, done: f64) {
        let share = (done / self.all).clamp(0.0, 1.0);
        let elapsed = (js_sys::Date::now() - self.started) / 1000.0;
        let seconds_left = (share > 0.02).then(|| elapsed * (1.0 - share) / share);
        let wells = self.wells.len();
        let well = format!("well {} of {wells}", (self.finished + 1).min(wells));
        let phase = if task.well.is_some() { well } else { format!("{well}: cells to compare it with") };
        send(&FromWorker::Progress { run: self.job, phase, share, seconds_left }, &[]);
    }

    fn tell(&self, well: usize, share: f64) {
        send(&FromWorker::Plate(Tell::Working { job: self.job, well: self.wells[well].well, share }), &[]);
    }
}

/// Cells of a well, or those that wells are compared with.
struct Task {
    choices: Choices,
    /// Place of the well among those asked for; none for a control population.
    well: Option<usize>,
    /// Cells so far.
    counts: Counts,
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

/// What has to be made, in order, each well after the control population that it is compared with; and the populations that
/// are there from earlier plates.
fn plan(session: &Session, wells: &[WellRequest], seed: u32) -> (Vec<Task>, Vec<(Choices, Rc<Population>)>) {
    let (mut tasks, mut populations): (Vec<Task>, Vec<(Choices, Rc<Population>)>) = Default::default();
    let task = |choices, well| Task { choices, well, counts: Counts::empty(session.bundle.card.genes.len()) };
    for (place, well) in wells.iter().enumerate() {
        let own = control::choices(session, &well.request, seed);
        let is_planned = tasks.iter().any(|task| task.well.is_none() && task.choices == own);
        if !is_planned && populations.iter().all(|(choices, _)| *choices != own) {
            match control::kept(session, &own) {
                Some(population) => populations.push((own, population)),
                None => tasks.push(task(own, None)),
            }
        }
        tasks.push(task(choices(session, &well.request), Some(place)));
    }
    (tasks, populations)
}

/// Fills wells and reports all of it.
pub(super) async fn run(session: &Session, job: u32, wells: &[WellRequest], seed: u32, stop: &Stop) {
    let (mut tasks, populations) = plan(session, wells, seed);
    let all: f64 = tasks.iter().map(|task| units(session, &task.choices)).sum();
    let (started, all) = (js_sys::Date::now(), all.max(1.0));
    let mut work = Work { job, seed, stop, wells, started, all, finished: 0, populations };
    match fill(session, &mut tasks, &mut work).await {
        Ok(()) => {}
        Err(End::Cancelled) => return send(&FromWorker::Cancelled { run: job, cells: 0 }, &[]),
        Err(End::Failed(sentence)) => return fail(Some(job), sentence, false),
    }
    let provenance = provenance(session, wells, seed);
    let seconds = (js_sys::Date::now() - work.started) / 1000.0;
    send(&FromWorker::Plate(Tell::Finished { job, provenance, seconds }), &[]);
}

/// Writes all cells, and finishes what has all of its own.
async fn fill(session: &Session, tasks: &mut [Task], work: &mut Work<'_>) -> Result<(), End> {
    let weight = |task: &Task| units(session, &task.choices) / task.choices.cells.max(1) as f64;
    let wanted = tasks.iter().map(|task| Wanted { choices: task.choices.clone(), weight: weight(task) }).collect();
    let mut making = Making::begin(session, Order::OneByOne, wanted).map_err(End::Failed)?;
    let mut first = 0;
    while !making.is_done() {
        breathe().await;
        if work.stop.get() == work.job {
            return Err(End::Cancelled);
        }
        let mut has_moved = making.step().await.map_err(End::Failed)?;
        while let Some(fresh) = making.take() {
            has_moved = true;
            let more = fresh.counts(&session.bundle.card);
            let counts = &mut tasks[fresh.task].counts;
            counts.append(&more).map_err(|error| End::Failed(format!("{error}.")))?;
        }
        // In their order: a well's control population stands before it.
        while first < tasks.len() && tasks[first].counts.cells() == tasks[first].choices.cells {
            finish(session, &mut tasks[first], work)?;
            first += 1;
        }
        if let Some(task) = tasks.get(first).filter(|_| has_moved) {
            work.progress(task, making.done());
            task.well.into_iter().for_each(|well| work.tell(well, making.share_of(first)));
        }
    }
    Ok(())
}

/// A control population to be kept, or a well to be tested; its cells are let go.
fn finish(session: &Session, task: &mut Task, work: &mut Work<'_>) -> Result<(), End> {
    let counts = std::mem::replace(&mut task.counts, Counts::empty(0));
    let cells = session.normalised(&counts);
    let Some(place) = task.well else {
        let control = Control::new(&cells).map_err(|error| End::Failed(format!("{error}.")))?;
        let made = Rc::new(Population { control, mean: cells.mean(), cells: cells.cells() as u32 });
        control::keep(session, &task.choices, &made);
        work.populations.push((task.choices.clone(), made));
        return Ok(());
    };
    let well = &work.wells[place];
    let own = control::choices(session, &well.request, work.seed);
    // The plan put it before the well.
    let Some((_, population)) = work.populations.iter().find(|(choices, _)| *choices == own) else { return Ok(()) };
    let shifts = population.control.compare(&cells).map_err(|error| End::Failed(format!("{error}.")))?;
    report(work.job, well.well, population, &cells, &shifts);
    work.finished += 1;
    Ok(())
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
