//! A run: the cells of one or two scenarios and their controls, over one or several seeds, with progress and cancel
//! between steps.
//!
//! Does: plans what has to be made and what is there from earlier runs, drives the steps, places finished cells on the map
//! at once, has genes tested while cells arrive and at the end.
//! Does not know: messages' encoding, devices, which worker writes which cells (`pool`), tests (`shifts`).
//! Flow: requests → steps → **cells, shifts, provenance**.

use std::collections::BTreeMap;

use model::card::{Choices, Kind};

use super::made::{Current, Made, Part, Sampled};
use super::outbox::{Stop, breathe, fail, send};
use super::pool::making::{Fresh, Making, Wanted};
use super::session::Session;
use super::shifts::Early;
use super::{measured, provenance, shifts};
use crate::pool::turns::Order;
use crate::protocol::{Array, Comparison, FromWorker, Provenance, Request, Scenario};

/// Milliseconds between tests while cells still arrive.
const RETEST: f64 = 2000.0;
/// Fewest cells that are tested before all are there.
const TESTABLE: usize = 12;

/// Why a run ended early.
enum End {
    Cancelled(usize),
    Failed(String),
}

/// A run in work.
struct Work<'a> {
    run: u32,
    stop: &'a Stop,
    replicates: u64,
    started: f64,
    /// When genes were last tested.
    tested: f64,
    /// Work units: a cell through one branch of the network is one.
    units_done: f64,
    units: f64,
}

impl Work<'_> {
    fn is_stopped(&self) -> bool {
        self.stop.get() == self.run
    }

    fn progress(&self, phase: &str, within: f64) {
        let share = ((self.units_done + within) / self.units).clamp(0.0, 1.0);
        let elapsed = (js_sys::Date::now() - self.started) / 1000.0;
        let seconds_left = (share > 0.02).then(|| elapsed * (1.0 - share) / share);
        send(&FromWorker::Progress { run: self.run, phase: phase.to_owned(), share, seconds_left }, &[]);
    }
}

/// The sampler's choices for a request. All scenarios are drawn from the same seeds: the cells of a seed are
/// counterparts of one another, and differences between scenarios are less noisy.
fn choices(session: &Session, request: &Request, perturbed: bool) -> Choices {
    let asked = Choices {
        with: request.with.clone(),
        guidance: request.guidance,
        steps: request.steps as usize,
        cells: request.cells as usize,
        seed: u64::from(request.seed),
        clamp: request.clamp.clone(),
    };
    if perturbed { asked } else { asked.of_control(&session.bundle.card) }
}

/// What has to be made for the scenarios A and B: a control that both share is made once.
fn plan(session: &Session, asked: &[Option<Request>; 2]) -> Made {
    let mut parts = BTreeMap::new();
    let mut shared: Option<Choices> = None;
    let places = [(Scenario::Control, Scenario::Perturbed), (Scenario::OtherControl, Scenario::Other)];
    for (request, (control, perturbed)) in asked.iter().zip(places) {
        let Some(request) = request else { continue };
        let mut add = |scenario, choices| {
            parts.insert(scenario, Part { choices, cells: Sampled::empty(session.bundle.card.genes.len()) });
        };
        let own = choices(session, request, false);
        if shared.as_ref() != Some(&own) {
            add(control, own.clone());
        }
        shared = Some(own);
        if session.is_perturbed(request) {
            add(perturbed, choices(session, request, true));
        }
    }
    let has_control = session.bundle.card.of_kind(Kind::Perturbation).is_some();
    Made { parts, has_other: asked[1].is_some(), has_control }
}

/// The choices of one replicate.
fn of_seed(choices: &Choices, replicate: u64) -> Choices {
    Choices { seed: choices.seed + replicate, ..choices.clone() }
}

/// Work units of a cell: branches of the network that it runs through.
fn weight(session: &Session, choices: &Choices) -> f64 {
    let key = session.bundle.card.of_kind(Kind::Perturbation).map(|condition| &condition.key);
    let together = key.and_then(|key| choices.with.get(key)).map_or(1, Vec::len).max(1);
    if choices.guidance == 0.0 && together == 1 { 1.0 } else { together as f64 + 1.0 }
}

/// Makes a run and reports all of it. `asked` are the scenarios A and B.
pub(crate) async fn generate(
    session: &mut Session,
    run: u32,
    asked: [Option<Request>; 2],
    replicates: u32,
    stop: &Stop,
) {
    let (made, replicates) = (plan(session, &asked), u64::from(replicates.max(1)));
    let missing = |part: &Part| {
        let seeds = (0..replicates).filter(|replicate| !session.kept.has(&of_seed(&part.choices, *replicate)));
        seeds.count() as f64 * part.choices.cells as f64 * weight(session, &part.choices)
    };
    let units = made.parts.values().map(missing).sum::<f64>().max(1.0);
    let now = js_sys::Date::now();
    let mut work = Work { run, stop, replicates, started: now, tested: now, units_done: 0.0, units };
    match whole(session, &asked, made, &mut work).await {
        Ok(provenance) => {
            let seconds = (js_sys::Date::now() - work.started) / 1000.0;
            send(&FromWorker::Done { run, provenance, seconds }, &[]);
        }
        Err(End::Cancelled(cells)) => send(&FromWorker::Cancelled { run, cells: cells as u32 }, &[]),
        Err(End::Failed(sentence)) => fail(Some(run), sentence, false),
    }
}

/// All replicates, one after the other; within each, all scenarios in turns.
async fn whole(
    session: &mut Session,
    asked: &[Option<Request>; 2],
    mut made: Made,
    work: &mut Work<'_>,
) -> Result<Provenance, End> {
    for replicate in 0..work.replicates {
        replicate_of(session, &mut made, replicate, work).await?;
    }
    finish(session, asked, &made, work).await?;
    let provenance = provenance::of(session, asked, &made, work.replicates);
    session.current = Some(Current { run: work.run, made, provenance: provenance.clone() });
    Ok(provenance)
}

/// Tests every comparison that there is, now that all cells are there.
async fn finish(session: &Session, asked: &[Option<Request>; 2], made: &Made, work: &mut Work<'_>) -> Result<(), End> {
    for comparison in Comparison::ALL {
        let Some(sides) = made.sides(comparison) else { continue };
        work.progress("testing genes", 0.0);
        test(session, made, &[comparison], work).await?;
        // A bundle that measured no such cells has nothing to show: that is no failure.
        let _ = measured::show(session, work.run, comparison, asked, sides);
    }
    Ok(())
}

/// Tests genes of the comparisons that there are.
async fn test(session: &Session, made: &Made, comparisons: &[Comparison], work: &mut Work<'_>) -> Result<(), End> {
    for comparison in comparisons {
        let Some((control, moved)) = made.sides(*comparison) else { continue };
        let posted = shifts::post(session, work.run, *comparison, (control, moved), || work.is_stopped()).await;
        posted.map_err(|early| match early {
            Early::Stopped => End::Cancelled(moved.labels.len()),
            Early::Failed(sentence) => End::Failed(sentence),
        })?;
    }
    work.tested = js_sys::Date::now();
    Ok(())
}

/// Posts coordinates of finished cells.
fn show(run: u32, scenario: Scenario, first: usize, coordinates: &[f32]) {
    send(&FromWorker::Cells { run, scenario, first: first as u32 }, &[Array::F32(coordinates.to_vec())]);
}

/// What is being done, for people.
fn phase(made: &Made, scenario: Scenario, replicate: u64, work: &Work<'_>) -> String {
    let what = match (scenario, made.has_other) {
        (Scenario::Control, false) if !made.has_control => "writing cells",
        (Scenario::Control, true) if !made.has_control => "writing cells of A",
        (Scenario::OtherControl, _) if !made.has_control => "writing cells of B",
        (Scenario::Control, false) => "writing control cells",
        (Scenario::Perturbed, false) => "writing perturbed cells",
        (Scenario::Control, true) => "writing control cells of A",
        (Scenario::Perturbed, true) => "writing perturbed cells of A",
        (Scenario::OtherControl, _) => "writing control cells of B",
        (Scenario::Other, _) => "writing perturbed cells of B",
    };
    if work.replicates > 1 {
        return format!("{what}, replicate {} of {}", replicate + 1, work.replicates);
    }
    what.to_owned()
}

/// Cells of one scenario and one seed that are being made.
struct Task {
    scenario: Scenario,
    choices: Choices,
    fresh: Sampled,
    weight: f64,
    phase: String,
}

/// One replicate: cells of earlier runs are taken, the others made in turns, so that there is something to compare as
/// soon as each side has its first cells.
async fn replicate_of(session: &mut Session, made: &mut Made, replicate: u64, work: &mut Work<'_>) -> Result<(), End> {
    let scenarios: Vec<Scenario> = made.parts.keys().copied().collect();
    let mut tasks: Vec<Task> = Vec::new();
    for scenario in scenarios {
        tasks.extend(begin(session, made, scenario, replicate, work)?);
    }
    write(session, made, &mut tasks, work).await?;
    for task in tasks {
        let mut fresh = task.fresh;
        fresh.means.push(session.normalised(&fresh.counts).mean());
        if let Some(part) = made.parts.get_mut(&task.scenario) {
            part.cells.means.extend_from_slice(&fresh.means);
        }
        session.kept.keep(task.choices, fresh);
    }
    Ok(())
}

/// A scenario's cells of one seed: those of an earlier run, or what is to be made.
fn begin(
    session: &Session,
    made: &mut Made,
    scenario: Scenario,
    replicate: u64,
    work: &Work<'_>,
) -> Result<Option<Task>, End> {
    let phase = phase(made, scenario, replicate, work);
    let Some(part) = made.parts.get_mut(&scenario) else { return Ok(None) };
    let choices = of_seed(&part.choices, replicate);
    if let Some(cells) = session.kept.get(&choices) {
        show(work.run, scenario, part.cells.labels.len(), &cells.coordinates);
        return part.cells.append(cells).map(|()| None).map_err(End::Failed);
    }
    let fresh = Sampled::empty(session.bundle.card.genes.len());
    let weight = weight(session, &choices);
    Ok(Some(Task { scenario, choices, fresh, weight, phase }))
}

/// Writes the cells of all tasks; they are shown and tested while others go on.
async fn write(session: &Session, made: &mut Made, tasks: &mut [Task], work: &mut Work<'_>) -> Result<(), End> {
    let wanted = tasks.iter().map(|task| Wanted { choices: task.choices.clone(), weight: task.weight }).collect();
    let mut making = Making::begin(session, Order::Turns, wanted).map_err(End::Failed)?;
    let mut place = 0;
    while !making.is_done() {
        breathe().await;
        if work.is_stopped() {
            let finished = made.parts.get(&tasks[place].scenario).map_or(0, |part| part.cells.labels.len());
            return Err(End::Cancelled(finished));
        }
        let mut has_moved = making.step().await.map_err(End::Failed)?;
        place = making.task().unwrap_or(place);
        while let Some(fresh) = making.take() {
            has_moved = true;
            arrived(session, made, &mut tasks[fresh.task], fresh, work).await?;
        }
        if has_moved {
            work.progress(&tasks[place].phase, making.done());
        }
    }
    work.units_done += making.done();
    Ok(())
}

/// New cells of a task: placed on the map, added to their scenario; genes are tested while cells arrive.
async fn arrived(
    session: &Session,
    made: &mut Made,
    task: &mut Task,
    fresh: Fresh,
    work: &mut Work<'_>,
) -> Result<(), End> {
    let new = placed(session, fresh, task.choices.seed);
    task.fresh.append(&new).map_err(End::Failed)?;
    let Some(part) = made.parts.get_mut(&task.scenario) else { return Ok(()) };
    show(work.run, task.scenario, part.cells.labels.len(), &new.coordinates);
    part.cells.append(&new).map_err(End::Failed)?;
    let is_enough = part.cells.labels.len() >= TESTABLE;
    if is_enough && js_sys::Date::now() - work.tested > RETEST {
        test(session, made, made.compared_by(task.scenario), work).await?;
    }
    Ok(())
}

/// Finished cells, on the map.
fn placed(session: &Session, fresh: Fresh, seed: u64) -> Sampled {
    let counts = fresh.counts(&session.bundle.card);
    Sampled {
        coordinates: session.coordinates(&counts),
        seeds: vec![seed; fresh.labels.len()],
        counts,
        labels: fresh.labels,
        means: Vec::new(),
    }
}
