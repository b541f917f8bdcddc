//! Any model's predictions scored as the public referee scores them.
//!
//! Does: reads measured and predicted cells, scores the prediction beside simple baselines and a ceiling made of two
//! halves of the measured cells, prints a table or JSON.
//! Does not know: how the prediction was made.
//! Flow: two h5ad files → `cells::referee` → **table**.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use cells::Cells;
use cells::baselines::split_halves;
use cells::metrics::effect;
use cells::normalise::{Normalised, Target, log_normalise, median};
use cells::referee::shifts::Convention;
use cells::referee::{Report, SCORED, Side, intervals, referee, score};
use serde_json::json;

use crate::data::read_cells;

/// Seed of the halves.
const SEED: u64 = 1;

/// What to score.
pub struct Asked {
    /// Measured cells.
    pub real: PathBuf,
    /// Predicted cells.
    pub predicted: PathBuf,
    /// obs column of perturbations.
    pub pert_col: String,
    /// Control.
    pub control: String,
    /// How tests are corrected.
    pub convention: Convention,
}

/// One scored prediction.
pub struct Judged {
    /// Name.
    pub name: &'static str,
    /// Metrics.
    pub report: Report,
}

/// Cells by perturbation, every one scaled to the median library size of the file.
fn side(cells: &Cells, asked: &Asked) -> Result<Side> {
    let column = cells.label(&asked.pert_col)?;
    let target = Target::Sum(median(&cells.counts.library_sizes()));
    let mut groups: BTreeMap<String, Vec<usize>> = BTreeMap::new();
    for cell in 0..cells.len() {
        if let Some(text) = column.text(cell).filter(|text| !text.is_empty()) {
            groups.entry(text.into_owned()).or_default().push(cell);
        }
    }
    let control = groups.remove(&asked.control);
    let control = control.with_context(|| {
        let known = groups.keys().map(String::as_str).collect::<Vec<_>>().join(", ");
        format!("no cell has {} = {}; there is {known}", asked.pert_col, asked.control)
    })?;
    let data = log_normalise(&cells.counts, target);
    let perturbed = groups.into_iter().map(|(name, members)| (name, data.select(&members))).collect();
    Ok(Side { control: data.select(&control), perturbed })
}

/// Cells of a prediction on the measured genes.
///
/// # Errors
/// When the file cannot be read or lacks one of them.
pub fn aligned(path: &Path, real: &Cells) -> Result<Cells> {
    let cells = read_cells(path)?;
    let known: std::collections::HashSet<&String> = cells.genes.iter().collect();
    let missing: Vec<&String> = real.genes.iter().filter(|gene| !known.contains(gene)).collect();
    ensure!(
        missing.is_empty(),
        "{} lacks {} of the {} measured genes, {} among them; predict all of them",
        path.display(),
        missing.len(),
        real.genes.len(),
        missing.first().map_or("", |gene| gene.as_str())
    );
    Ok(cells.with_panel(&real.genes))
}

/// Measured cells without any that are neither control nor perturbed by something that was predicted.
fn shared(real: Side, predicted: &Side) -> Side {
    let kept = real.perturbed.into_iter().filter(|(name, _)| predicted.perturbed.contains_key(name)).collect();
    Side { control: real.control, perturbed: kept }
}

/// Control cells moved by one effect for every perturbation, as many as were measured of it (or all there are); none:
/// the control itself.
fn moved(real: &Side, shift: Option<&[f64]>) -> Side {
    let (first, second) = split_halves(&(0..real.control.cells()).collect::<Vec<_>>(), SEED);
    let order = [first, second].concat();
    let cells = |(place, (name, measured)): (usize, (&String, &Normalised))| {
        let count = measured.cells().min(order.len());
        // Other cells for every perturbation, as far as they go.
        let own: Vec<usize> = (0..count).map(|i| order[(place * count + i) % order.len()]).collect();
        let chosen = real.control.select(&own);
        (name.clone(), shift.map_or_else(|| chosen.clone(), |shift| chosen.shifted(shift)))
    };
    Side { control: real.control.clone(), perturbed: real.perturbed.iter().enumerate().map(cells).collect() }
}

/// Two disjoint halves of every group.
fn halves(real: &Side) -> [Side; 2] {
    let cut = |cells: &Normalised| {
        let (first, second) = split_halves(&(0..cells.cells()).collect::<Vec<_>>(), SEED);
        [cells.select(&first), cells.select(&second)]
    };
    let control = cut(&real.control);
    let perturbed: Vec<(String, [Normalised; 2])> =
        real.perturbed.iter().map(|(name, cells)| (name.clone(), cut(cells))).collect();
    [0, 1].map(|half| Side {
        control: control[half].clone(),
        perturbed: perturbed.iter().map(|(name, cells)| (name.clone(), cells[half].clone())).collect(),
    })
}

/// Scores a prediction, two baselines and the ceiling.
///
/// # Errors
/// When a file cannot be read, lacks the column, the control or genes, or nothing is in both.
pub fn judge(asked: &Asked) -> Result<Vec<Judged>> {
    let measured = read_cells(&asked.real)?;
    let predicted = side(&aligned(&asked.predicted, &measured)?, asked)
        .with_context(|| format!("{} cannot be used", asked.predicted.display()))?;
    let real = side(&measured, asked).with_context(|| format!("{} cannot be used", asked.real.display()))?;
    let real = shared(real, &predicted);
    let control = real.control.mean();
    let effects: Vec<Vec<f64>> = real.perturbed.values().map(|cells| effect(&cells.mean(), &control)).collect();
    let mean: Vec<f64> = (0..control.len())
        .map(|gene| effects.iter().map(|effect| effect[gene]).sum::<f64>() / effects.len().max(1) as f64)
        .collect();
    let against = |truth: &Side, own: &Side| referee(truth, own, &measured.genes, asked.convention);
    let [first, second] = halves(&real);
    Ok(vec![
        Judged { name: "prediction", report: against(&real, &predicted)? },
        Judged { name: "mean of perturbations", report: against(&real, &moved(&real, Some(&mean)))? },
        Judged { name: "control copy", report: against(&real, &moved(&real, None))? },
        Judged { name: "ceiling", report: against(&first, &second)? },
    ])
}

/// 95 % intervals by metric.
type Intervals = BTreeMap<&'static str, (f64, f64)>;

/// The means as a Markdown table, with 95 % intervals over resampled perturbations, the seven scored metrics first.
pub fn table(judged: &[Judged]) -> String {
    let header: Vec<&str> = judged.iter().map(|own| own.name).collect();
    let mut text = format!("| metric | {} |\n|---|{}\n", header.join(" | "), "---|".repeat(judged.len()));
    let found: Vec<Intervals> = judged.iter().map(|own| intervals(&own.report, SEED)).collect();
    let scored: Vec<&str> = SCORED.iter().map(|(name, _)| *name).collect();
    let others = judged.iter().flat_map(|own| own.report.mean.keys().copied()).filter(|name| !scored.contains(name));
    let others: std::collections::BTreeSet<&str> = others.collect();
    for metric in scored.iter().copied().chain(others) {
        let show = |(own, intervals): (&Judged, &Intervals)| {
            let value = own.report.mean.get(metric).filter(|value| !value.is_nan());
            let Some(value) = value else { return "–".to_owned() };
            let interval = intervals.get(metric).map(|(low, high)| format!(" ({low:.3}–{high:.3})"));
            format!("{value:.3}{}", interval.unwrap_or_default())
        };
        let cells = judged.iter().zip(&found).map(show).collect::<Vec<_>>().join(" | ");
        text.push_str(&format!("| {metric} | {cells} |\n"));
    }
    if let Some(baseline) = judged.iter().find(|own| own.name == "mean of perturbations") {
        let scores = judged.iter().map(|own| format!("{:.3}", score(&own.report.mean, &baseline.report.mean)));
        text.push_str(&format!("| score over the mean | {} |\n", scores.collect::<Vec<_>>().join(" | ")));
    }
    text
}

/// Everything, by perturbation, as JSON.
pub fn as_json(judged: &[Judged]) -> String {
    let of = |own: &Judged| {
        (
            own.name.to_owned(),
            json!({
                "mean": own.report.mean,
                "interval": intervals(&own.report, SEED),
                "perturbations": own.report.perturbations,
            }),
        )
    };
    serde_json::Value::Object(judged.iter().map(of).collect()).to_string()
}
