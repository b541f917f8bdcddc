//! A loaded bundle on a device, and the cells of the last run.
//!
//! Does: loads and checks a bundle, runs its golden pass (and falls back to the CPU when a GPU
//! computes something else), normalises cells and places them on the map.
//! Does not know: how a run goes (`generate`), what its cells are asked for (`made`).
//! Flow: bundle folder → **session** → generate, values, export.

use std::collections::BTreeMap;

use burn::tensor::Device;
use cells::Counts;
use cells::normalise::{Normalised, Target, log_normalise};
use model::bundle::{Bundle, WEIGHTS};
use model::card::{Condition, Kind};
use model::sample::{Effort, Prepared};

use super::bundle_files::{self, End, Gathered};
use super::made::{Current, Kept};
use super::outbox::{Stop, send};
use super::pool::Pool;
use super::{device, probe};
use crate::device_choice::{self, Way};
use crate::protocol::{DeviceReport, FromWorker, MapName, Request, Wish, is_own_folder};

/// Largest difference from the golden logits that still counts as the same computation. Logits are of size 10: f32 in
/// another order of summation stays below 1e-3, and f16 rounding of weights is in both. Products in f16 round every
/// logit to steps of 0.008 and what leads to it as well.
fn golden_tolerance(way: Way) -> f32 {
    if way == Way::GpuHalf { 0.15 } else { 0.02 }
}

/// Fewest measured cells of a group that gets a name on the map.
const NAMED_GROUP: usize = 15;
/// Most perturbations, control included, that groups are named apart for: the names of forty would hide the map.
const TOLD_APART: usize = 9;

/// A loaded bundle.
pub(crate) struct Session {
    /// The bundle.
    pub(crate) bundle: Bundle,
    /// Its card as text.
    pub(crate) json: String,
    /// Device.
    pub(crate) report: DeviceReport,
    /// Whether it is a GPU.
    pub(crate) gpu: bool,
    /// What all runs of the network share.
    pub(crate) prepared: Prepared,
    /// Those who write cells beside this worker.
    pub(crate) pool: Pool,
    /// Cells by what made them, so that toggling repeats nothing.
    pub(crate) kept: Kept,
    /// The last run.
    pub(crate) current: Option<Current>,
}

/// Loads a bundle.
///
/// # Errors
/// A sentence, or that it was cancelled.
pub(crate) async fn load(folder: &str, wish: Wish, stop: &Stop) -> Result<Session, End> {
    if !is_own_folder(folder) {
        let sentence =
            format!("{folder:?} is not a folder of this site; bundles are loaded from the page's own origin only.");
        return Err(End::Failed(sentence));
    }
    let Gathered { json, mut files, tell } = bundle_files::gather(folder, stop).await?;
    bundle_files::loading("the device", 1, 1);
    let mut session = fastest_of(folder, &json, &files, wish).await?;
    if !session.gpu {
        session.report.workers = Some(1);
        session.pool = Pool::new(json, files.remove(WEIGHTS).unwrap_or_default());
    }
    send(&FromWorker::Bundle(tell), &[]);
    Ok(session)
}

/// Opens the bundle in every way that is worth trying and keeps the fastest that computes its known values.
async fn fastest_of(
    folder: &str,
    json: &[u8],
    files: &BTreeMap<String, Vec<u8>>,
    wish: Wish,
) -> Result<Session, String> {
    let facts = device::facts().await;
    let mut plan = device_choice::plan(wish, facts.as_ref());
    if !plan.ways.contains(&Way::Cpu) {
        // The way out when the GPU cannot be started or computes something else.
        plan.ways.push(Way::Cpu);
    }
    let is_slow = facts.as_ref().is_some_and(|facts| facts.software);
    let (mut measured, mut kept, mut refused) = (Vec::new(), None::<Session>, String::new());
    for way in &plan.ways {
        let asked_for = wish != Wish::Auto && kept.is_some();
        if asked_for || !device_choice::is_worth_trying(*way, &measured) {
            continue;
        }
        let report = device::report(*way, facts.as_ref(), plan.why.clone());
        let mut session = match device::start(*way).await {
            Ok(device) => open(folder, json, files, (*way, device, report)).await?,
            Err(sentence) => {
                refused.push_str(&format!(" {sentence}"));
                continue;
            }
        };
        let error = session.report.golden_error;
        if !error.le(&golden_tolerance(*way)) {
            refused
                .push_str(&format!(" {} does not compute the model's known values (off by {error:.3}).", way.name()));
            continue;
        }
        // On a software GPU even a probe takes long.
        if *way == Way::Cpu || !is_slow {
            let measured = probe::seconds_per_100(&session.bundle, &session.prepared, session.effort()).await?;
            session.report.seconds_per_100 = Some(measured);
        }
        measured.push((*way, session.report.seconds_per_100.unwrap_or(f64::INFINITY)));
        if device_choice::fastest(&measured) == Some(measured.len() - 1) {
            kept = Some(session);
        }
    }
    let mut session = kept.ok_or(format!("{folder} was refused:{refused}"))?;
    session.report.why.push_str(&refused);
    session.report.why.push_str(&device_choice::compared(&measured));
    Ok(session)
}

/// Reads the files onto a device and runs the golden pass.
async fn open(
    folder: &str,
    json: &[u8],
    files: &BTreeMap<String, Vec<u8>>,
    (way, device, report): (Way, Device, DeviceReport),
) -> Result<Session, String> {
    let bundle = Bundle::read(json, files, &device).map_err(|error| format!("{folder} was refused: {error}."))?;
    let bundle = match way {
        Way::GpuHalf => bundle.halved(),
        Way::Cpu => bundle.on_host(),
        Way::Gpu => bundle,
    };
    let golden_error =
        bundle.golden_error().await.map_err(|error| format!("The device failed in the golden pass: {error}."))?;
    Ok(Session {
        prepared: Prepared::of(&bundle.network),
        pool: Pool::alone(),
        bundle,
        json: String::from_utf8_lossy(json).into_owned(),
        report: DeviceReport { golden_error, ..report },
        gpu: way != Way::Cpu,
        kept: Kept::default(),
        current: None,
    })
}

impl Session {
    /// Whether a perturbation other than the control is chosen.
    pub(crate) fn is_perturbed(&self, request: &Request) -> bool {
        self.bundle.card.conditions.iter().filter(|slot| slot.kind == Kind::Perturbation).any(|slot| {
            let values = request.with.get(&slot.key).map(Vec::as_slice).unwrap_or_default();
            values.iter().any(|value| Some(value) != slot.control.as_ref())
        })
    }

    /// How much the device does at once.
    pub(crate) fn effort(&self) -> Effort {
        if self.gpu { Effort::GPU } else { Effort::CPU }
    }

    /// Log-normalised expression.
    pub(crate) fn normalised(&self, counts: &Counts) -> Normalised {
        log_normalise(counts, Target::Sum(self.bundle.card.target_sum))
    }

    /// Names of the measured groups: cell types (or whose cells they are), apart for each perturbation where there are
    /// few.
    pub(crate) fn map_names(&self) -> Vec<MapName> {
        // Where types are too many and too small for names, whose cells they are says something.
        let by = |kind: Kind| self.bundle.card.of_kind(kind).map(|types| self.names_of(types));
        let found = by(Kind::CellType).filter(|names| !names.is_empty());
        found.or_else(|| by(Kind::Identity)).unwrap_or_default()
    }

    /// Names of the groups by the values of a condition.
    fn names_of(&self, types: &Condition) -> Vec<MapName> {
        let (card, map) = (&self.bundle.card, &self.bundle.map);
        let Some(type_codes) = map.labels.get(&types.key) else { return Vec::new() };
        let changed = card.of_kind(Kind::Perturbation).filter(|condition| condition.values.len() <= TOLD_APART);
        let change_codes = changed.and_then(|condition| map.labels.get(&condition.key));
        let name = |cell: usize| {
            let kind = types.values.get(usize::from(type_codes[cell]))?;
            let change = changed.zip(change_codes.and_then(|codes| codes.get(cell))).and_then(|(condition, code)| {
                let value = condition.values.get(usize::from(*code))?;
                (condition.control.as_ref() != Some(&value.value)).then_some(value)
            });
            Some(change.map_or_else(|| kind.display.clone(), |value| format!("{} + {}", kind.display, value.value)))
        };
        let of_cells: Vec<Option<String>> = (0..type_codes.len()).map(name).collect();
        let mut names: Vec<String> = of_cells.iter().flatten().cloned().collect();
        names.sort_unstable();
        names.dedup();
        let groups: Vec<Option<usize>> =
            of_cells.iter().map(|name| name.as_ref().and_then(|name| names.binary_search(name).ok())).collect();
        cells::place::summits(&map.coordinates, &groups, NAMED_GROUP)
            .into_iter()
            .map(|(group, x, y)| MapName { text: names[group].clone(), at: (x, y) })
            .collect()
    }

    /// Map coordinates of cells.
    pub(crate) fn coordinates(&self, counts: &Counts) -> Vec<f32> {
        let map = &self.bundle.map;
        let pca = cells::pca::Pca {
            genes: map.genes.clone(),
            mean: map.mean.clone(),
            loadings: map.loadings.clone(),
            components: map.components,
        };
        cells::place::onto(&pca, &map.reference, &map.coordinates, &self.normalised(counts))
    }
}
