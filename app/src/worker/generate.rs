//! A run: control cells, perturbed cells, shifts, with progress and cancel between steps.
//!
//! Does: drives the sampler's steps, places finished cells on the map at once, tests genes while
//! cells arrive and at the end.
//! Does not know: messages' encoding, devices.
//! Flow: request → steps → **cells, shifts, provenance**.

use cells::Counts;
use cells::de::{Differential, GeneShift};
use model::card::{Choices, Kind};
use model::sample::Run;

use super::session::{Current, Sampled, Session};
use super::{Stop, breathe, fail, measured, send};
use crate::protocol::{Array, FromWorker, Provenance, Request, Scenario};

/// Genes tested between looks at the queue.
const GENES_PER_BREATH: usize = 1000;
/// Milliseconds between tests while cells still arrive.
const RETEST: f64 = 2000.0;

/// Why a run ended early.
enum End {
    Cancelled(usize),
    Failed(String),
}

/// A run in work.
struct Work<'a> {
    run: u32,
    stop: &'a Stop,
    started: f64,
    /// Work units: a control cell is one, a guided cell two.
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

/// The sampler's choices for a request.
fn choices(session: &Session, request: &Request, perturbed: bool) -> Choices {
    let card = &session.bundle.card;
    let mut with = request.with.clone();
    if !perturbed && let Some(condition) = card.of_kind(Kind::Perturbation) {
        with.remove(&condition.key);
    }
    Choices {
        with,
        guidance: if perturbed { request.guidance } else { 0.0 },
        steps: request.steps as usize,
        cells: request.cells as usize,
        seed: u64::from(request.seed),
        clamp: request.clamp.clone(),
    }
}

/// Whether a perturbation other than the control is chosen.
fn is_perturbed(session: &Session, request: &Request) -> bool {
    session.bundle.card.of_kind(Kind::Perturbation).is_some_and(|condition| {
        let is_control = |value: &String| Some(value) == condition.control.as_ref();
        request.with.get(&condition.key).is_some_and(|values| !values.iter().all(is_control))
    })
}

/// Makes a run and reports all of it.
pub(crate) async fn generate(session: &mut Session, run: u32, request: &Request, stop: &Stop) {
    let perturbed = is_perturbed(session, request);
    let cells = f64::from(request.cells);
    let units = if perturbed { 3.0 * cells } else { cells };
    let mut work = Work { run, stop, started: js_sys::Date::now(), units_done: 0.0, units };
    match both(session, request, perturbed, &mut work).await {
        Ok(provenance) => {
            let seconds = (js_sys::Date::now() - work.started) / 1000.0;
            send(&FromWorker::Done { run, provenance, seconds }, &[]);
        }
        Err(End::Cancelled(cells)) => send(&FromWorker::Cancelled { run, cells: cells as u32 }, &[]),
        Err(End::Failed(sentence)) => fail(Some(run), sentence, false),
    }
}

/// Both scenarios.
async fn both(
    session: &mut Session,
    request: &Request,
    perturbed: bool,
    work: &mut Work<'_>,
) -> Result<Provenance, End> {
    let own = choices(session, request, false);
    let cached = session.control_cache.as_ref().filter(|(made_by, _)| *made_by == own).map(|(_, cells)| cells.clone());
    let control = match cached {
        Some(cells) => {
            show(work.run, Scenario::Control, 0, &cells.coordinates);
            cells
        }
        None => sample(session, &own, Scenario::Control, None, work).await?,
    };
    session.control_cache = Some((own.clone(), control.clone()));
    work.units_done += f64::from(request.cells);
    let wanted = choices(session, request, perturbed);
    let moved = if perturbed {
        sample(session, &wanted, Scenario::Perturbed, Some(&control.counts), work).await?
    } else {
        Sampled { counts: Counts::empty(session.bundle.card.genes.len()), labels: Vec::new(), coordinates: Vec::new() }
    };
    if perturbed {
        work.progress("testing genes", 2.0 * f64::from(request.cells));
        shifts(session, &control.counts, &moved.counts, work).await?;
        // A bundle that measured no such cells has nothing to show: that is no failure.
        let _ = measured::show(session, work.run, request, &control.counts, &moved.counts);
    }
    let provenance = provenance(session, &wanted);
    session.current = Some(Current { run: work.run, control, perturbed: moved, provenance: provenance.clone() });
    Ok(provenance)
}

/// Posts coordinates of finished cells.
fn show(run: u32, scenario: Scenario, first: usize, coordinates: &[f32]) {
    send(&FromWorker::Cells { run, scenario, first: first as u32 }, &[Array::F32(coordinates.to_vec())]);
}

/// One scenario's cells; with `control` the genes are tested while cells arrive.
async fn sample(
    session: &Session,
    choices: &Choices,
    scenario: Scenario,
    control: Option<&Counts>,
    work: &mut Work<'_>,
) -> Result<Sampled, End> {
    let failed = |error: String| End::Failed(error);
    let request = session.bundle.request(choices).map_err(|error| failed(format!("{error}.")))?;
    let network = &session.bundle.network;
    let mut run = Run::new(network, request, session.effort());
    let mut made =
        Sampled { counts: Counts::empty(session.bundle.card.genes.len()), labels: Vec::new(), coordinates: Vec::new() };
    let mut tested = js_sys::Date::now();
    let (phase, weight) = match scenario {
        Scenario::Control => ("writing control cells", 1.0),
        Scenario::Perturbed => ("writing perturbed cells", 2.0),
    };
    work.progress(phase, 0.0);
    while !run.is_finished() {
        breathe().await;
        if work.is_stopped() {
            return Err(End::Cancelled(made.labels.len()));
        }
        let step = run
            .step(network)
            .await
            .map_err(|error| failed(format!("The device failed while writing cells: {error}.")))?;
        let in_work = step.cells.len() as f64 * step.step as f64 / step.steps as f64;
        let within = if step.finished.is_some() { step.done as f64 } else { step.done as f64 + in_work };
        work.progress(phase, weight * within);
        if let Some(cells) = step.finished {
            let rows = run.counts(cells.clone());
            let counts = Counts::from_dense_rows(made.counts.genes(), rows.iter().map(Vec::as_slice));
            let coordinates = session.coordinates(&counts);
            show(work.run, scenario, cells.start, &coordinates);
            made.coordinates.extend(coordinates);
            made.labels.extend(cells.map(|cell| run.labels(cell).to_vec()));
            made.counts.append(&counts).map_err(|error| failed(error.to_string()))?;
            if let Some(control) = control.filter(|_| made.labels.len() >= 12 && js_sys::Date::now() - tested > RETEST)
            {
                shifts(session, control, &made.counts, work).await?;
                tested = js_sys::Date::now();
            }
        }
    }
    Ok(made)
}

/// Tests all genes and posts them.
async fn shifts(session: &Session, control: &Counts, perturbed: &Counts, work: &Work<'_>) -> Result<(), End> {
    let sides = (session.normalised(control), session.normalised(perturbed));
    let mut test = Differential::new(&sides.0, &sides.1).map_err(|error| End::Failed(format!("{error}.")))?;
    while test.step(GENES_PER_BREATH) < 1.0 {
        breathe().await;
        if work.is_stopped() {
            return Err(End::Cancelled(perturbed.cells()));
        }
    }
    let found = test.finish();
    let column = |value: fn(&GeneShift) -> f64| Array::F64(found.iter().map(value).collect());
    let arrays = [
        column(|shift| shift.log2_fold_change),
        column(|shift| shift.p),
        column(|shift| shift.q),
        column(|shift| shift.mean_control),
        column(|shift| shift.mean_perturbed),
        column(|shift| shift.difference),
        column(|shift| shift.low),
        column(|shift| shift.high),
    ];
    let cells = (control.cells() as u32, perturbed.cells() as u32);
    send(&FromWorker::Shifts { run: work.run, cells }, &arrays);
    Ok(())
}

/// What made a run (DESIGN.md decision 8), and the command that repeats it.
fn provenance(session: &Session, choices: &Choices) -> Provenance {
    let with: Vec<String> = choices.with.iter().map(|(key, values)| format!("{key}={}", values.join("+"))).collect();
    let clamp: Vec<String> = choices.clamp.iter().map(|(gene, count)| format!("{gene}={count}")).collect();
    let mut command = format!("train-native sample --bundle assets/models/{}", session.bundle.card.name);
    with.iter().for_each(|pair| command.push_str(&format!(" --with \"{pair}\"")));
    clamp.iter().for_each(|pair| command.push_str(&format!(" --clamp {pair}")));
    command.push_str(&format!(
        " --guidance {} --steps {} --cells {} --seed {} --out cells.h5ad",
        choices.guidance, choices.steps, choices.cells, choices.seed
    ));
    let entries = [
        ("kind", "generated".to_owned()),
        ("bundle", session.bundle.card.name.clone()),
        ("bundle_sha256", session.bundle.hash.clone()),
        ("conditions", with.join("; ")),
        ("clamp", clamp.join("; ")),
        ("guidance", choices.guidance.to_string()),
        ("steps", choices.steps.to_string()),
        ("cells", choices.cells.to_string()),
        ("seed", choices.seed.to_string()),
        ("device", format!("{} ({})", session.report.kind, session.report.name)),
        ("version", env!("CARGO_PKG_VERSION").to_owned()),
        ("command", command),
    ];
    Provenance { entries: entries.into_iter().map(|(key, value)| (key.to_owned(), value)).collect() }
}
