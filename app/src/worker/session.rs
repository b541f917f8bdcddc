//! A loaded bundle on a device, and the cells of the last run.
//!
//! Does: loads and checks a bundle, runs its golden pass (and falls back to the CPU when a GPU
//! computes something else), hands out values of genes and h5ad files.
//! Does not know: how a run goes (`generate`).
//! Flow: bundle folder → **session** → generate, values, export.

use std::collections::BTreeMap;

use burn::tensor::Device;
use cells::normalise::{Normalised, Target, log_normalise};
use cells::{Cells, Column, Counts};
use model::bundle::{Bundle, CARD, read_card};
use model::card::{Choices, Kind};
use model::sample::Effort;

use super::{device, fetch, probe, send};
use crate::device_choice::{self, Way};
use crate::protocol::{Array, DeviceReport, FromWorker, MapName, Provenance, Wish, is_own_folder};

/// Largest difference from the golden logits that still counts as the same computation. Logits are of size 10: f32 in
/// another order of summation stays below 1e-3, and f16 rounding of weights is in both. Products in f16 round every
/// logit to steps of 0.008 and what leads to it as well.
fn golden_tolerance(way: Way) -> f32 {
    if way == Way::GpuHalf { 0.15 } else { 0.02 }
}

/// Fewest measured cells of a group that gets a name on the map.
const NAMED_GROUP: usize = 15;

/// Finished cells of one scenario.
#[derive(Clone)]
pub(crate) struct Sampled {
    /// Counts [n, G].
    pub(crate) counts: Counts,
    /// Condition tokens of each cell [C].
    pub(crate) labels: Vec<Vec<i32>>,
    /// Map coordinates [n, 2].
    pub(crate) coordinates: Vec<f32>,
}

/// The last run.
pub(crate) struct Current {
    /// Number.
    pub(crate) run: u32,
    /// Control cells.
    pub(crate) control: Sampled,
    /// Perturbed cells.
    pub(crate) perturbed: Sampled,
    /// What made them.
    pub(crate) provenance: Provenance,
}

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
    /// Control cells by what made them, so that toggling repeats nothing.
    pub(crate) control_cache: Option<(Choices, Sampled)>,
    /// The last run.
    pub(crate) current: Option<Current>,
}

/// Loads a bundle.
///
/// # Errors
/// A sentence.
pub(crate) async fn load(folder: &str, wish: Wish) -> Result<Session, String> {
    if !is_own_folder(folder) {
        return Err(format!(
            "{folder:?} is not a folder of this site; bundles are loaded from the page's own origin only."
        ));
    }
    let loading = |stage: &str, done: f64, total: f64| {
        send(&FromWorker::Loading { stage: stage.to_owned(), done, total }, &[]);
    };
    loading("the card", 0.0, 1.0);
    // The worker's address is that of its script, beside the page.
    let json = fetch::file(&format!("{folder}/{CARD}")).await?;
    let card = read_card(&json).map_err(|error| format!("{folder} was refused: {error}."))?;
    let total: u64 = card.files.values().map(|entry| entry.bytes).sum();
    let (mut files, mut done) = (BTreeMap::new(), 0);
    for (name, entry) in &card.files {
        if !is_own_folder(name) || name.contains('/') {
            return Err(format!("{folder} was refused: it names the file {name:?}."));
        }
        loading(name, done as f64, total as f64);
        files.insert(name.clone(), fetch::file(&format!("{folder}/{name}")).await?);
        done += entry.bytes;
    }
    loading("the device", total as f64, total as f64);
    fastest_of(folder, &json, &files, wish).await
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
            session.report.seconds_per_100 = Some(probe::seconds_per_100(&session.bundle, session.effort()).await?);
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
    let bundle = if way == Way::GpuHalf { bundle.halved() } else { bundle };
    let golden_error =
        bundle.golden_error().await.map_err(|error| format!("The device failed in the golden pass: {error}."))?;
    Ok(Session {
        bundle,
        json: String::from_utf8_lossy(json).into_owned(),
        report: DeviceReport { golden_error, ..report },
        gpu: way != Way::Cpu,
        control_cache: None,
        current: None,
    })
}

impl Session {
    /// How much the device does at once.
    pub(crate) fn effort(&self) -> Effort {
        if self.gpu { Effort::GPU } else { Effort::CPU }
    }

    /// Log-normalised expression.
    pub(crate) fn normalised(&self, counts: &Counts) -> Normalised {
        log_normalise(counts, Target::Sum(self.bundle.card.target_sum))
    }

    /// Names of the measured groups: cell types, apart for each perturbation.
    pub(crate) fn map_names(&self) -> Vec<MapName> {
        let (card, map) = (&self.bundle.card, &self.bundle.map);
        let Some(types) = card.of_kind(Kind::CellType) else { return Vec::new() };
        let Some(type_codes) = map.labels.get(&types.key) else { return Vec::new() };
        let changed = card.of_kind(Kind::Perturbation);
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
        let scores = pca.project(&self.normalised(counts));
        cells::place::place(&map.reference, &map.coordinates, &scores, map.components, cells::place::NEIGHBOURS)
    }

    /// Values of the known ones among `genes` in the cells of a run.
    pub(crate) fn values(&self, run: u32, genes: Vec<String>) -> Option<(Vec<String>, Vec<Array>)> {
        let current = self.current.as_ref().filter(|current| current.run == run)?;
        let sides = [&current.control, &current.perturbed].map(|side| self.normalised(&side.counts));
        let mut known = Vec::new();
        let mut values = Vec::new();
        for gene in genes {
            let Some(place) = self.bundle.card.genes.iter().position(|panel| *panel == gene) else { continue };
            known.push(gene);
            values.extend(sides.iter().map(|side| Array::F32(side.gene(place as u32))));
        }
        Some((known, values))
    }

    /// The run's cells as an h5ad file.
    ///
    /// # Errors
    /// A sentence.
    pub(crate) fn export(&self, run: u32) -> Result<(String, Vec<u8>), String> {
        let current = self
            .current
            .as_ref()
            .filter(|current| current.run == run)
            .ok_or("There are no cells of this run any more.")?;
        let mut counts = current.control.counts.clone();
        counts.append(&current.perturbed.counts).map_err(|error| error.to_string())?;
        let labels: Vec<&Vec<i32>> = current.control.labels.iter().chain(&current.perturbed.labels).collect();
        let mut columns = BTreeMap::new();
        for (slot, condition) in self.bundle.card.conditions.iter().enumerate() {
            let texts: Vec<&str> =
                labels.iter().map(|label| condition.value_of(label[slot]).unwrap_or("unspecified")).collect();
            columns.insert(condition.key.clone(), Column::categorical(&texts));
        }
        let names = (0..labels.len()).map(|cell| format!("generated-{cell}")).collect();
        let cells =
            Cells::new(counts, self.bundle.card.genes.clone(), names, columns).map_err(|error| error.to_string())?;
        let notes =
            current.provenance.entries.iter().map(|(key, value)| (format!("wellplate_{key}"), value.clone())).collect();
        let bytes = cells::h5ad::write_h5ad(&cells, &notes).map_err(|error| error.to_string())?;
        Ok(("wellplate-cells.h5ad".to_owned(), bytes))
    }
}
