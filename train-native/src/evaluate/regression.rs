//! Cells of a log-linear regression for the held-out groups: what a virtual cell has to beat.
//!
//! Does: fits the regression (donor, cell type, perturbation, cell type × perturbation; strengths by cross-validation
//! over training donors) to the training cells and draws negative binomial cells of the groups that the model wrote.
//! Does not know: networks, scores.
//! Flow: training cells + groups → **drawn cells** with labels → the same scoring as the model's.

use std::collections::BTreeMap;

use anyhow::{Context, Result};
use cells::baselines::{NegativeBinomial, moved_counts};
use cells::glm::{Grouped, Regression, Role, Scheme, leaves_donors_out};
use cells::signatures::AND;
use cells::{Cells, Column, Counts};

use super::keys::Keys;
use crate::data::TrainingSet;
use crate::pool::pool;
use crate::progress;

/// Name of the regression's line in the tables.
pub(super) const REGRESSION: &str = "regression";

/// Labels of some cells as the regression takes them.
struct Labels {
    /// Column, role and values of every kind of label.
    kinds: Vec<(String, Role, Vec<String>)>,
    scheme: Scheme,
}

impl Labels {
    /// Kinds of labels with the values that the training cells have.
    fn of(training: &Cells, keys: &Keys) -> Self {
        let named = [
            (keys.identity.as_ref(), Role::Identity),
            (keys.cell_type.as_ref(), Role::CellType),
            (Some(&keys.perturbation), Role::Perturbation),
        ];
        let mut kinds = Vec::new();
        for (key, role) in named.into_iter().filter_map(|(key, role)| Some((key?, role))) {
            let column = training.labels.get(key);
            let texts = (0..training.len()).filter_map(|cell| column?.text(cell)).map(|text| text.into_owned());
            let values: std::collections::BTreeSet<String> = texts.filter(|text| !text.is_empty()).collect();
            kinds.push((key.clone(), role, values.into_iter().collect::<Vec<_>>()));
        }
        let control = kinds.last().and_then(|(_, _, values)| values.iter().position(|own| *own == keys.control));
        let labels = kinds.iter().map(|(_, role, values)| (*role, values.len())).collect();
        Self { kinds, scheme: Scheme { labels, control: control.map(|code| code as u32) } }
    }

    /// Texts of a cell's labels; empty where it has none.
    fn texts(&self, cells: &Cells, cell: usize) -> Vec<String> {
        let text = |key: &String| cells.labels.get(key).and_then(|column| column.text(cell)).unwrap_or_default();
        self.kinds.iter().map(|(key, ..)| text(key).into_owned()).collect()
    }

    /// Codes of texts; none for a value that no training cell has.
    fn codes(&self, texts: &[String]) -> Vec<Option<u32>> {
        let code = |((_, _, values), text): (&(String, Role, Vec<String>), &String)| {
            values.binary_search(text).ok().map(|code| code as u32)
        };
        self.kinds.iter().zip(texts).map(code).collect()
    }
}

/// Measured control cells by the texts of their context (all labels but the perturbation).
fn controls_of(measured: &Cells, labels: &Labels, control: &str) -> BTreeMap<Vec<String>, Vec<usize>> {
    let mut found: BTreeMap<Vec<String>, Vec<usize>> = BTreeMap::new();
    for cell in 0..measured.len() {
        let mut texts = labels.texts(measured, cell);
        if texts.pop().as_deref() == Some(control) {
            found.entry(texts).or_default().push(cell);
        }
    }
    found
}

/// Mean of every gene under these labels [G]; of several perturbations at once, their effects one after another.
fn means(regression: &Regression, labels: &Labels, texts: &[String]) -> Vec<f64> {
    let Some((perturbation, context)) = texts.split_last() else { return Vec::new() };
    let of = |perturbation: &str| {
        let own: Vec<String> = context.iter().cloned().chain([perturbation.to_owned()]).collect();
        regression.means(&labels.codes(&own))
    };
    let parts: Vec<Vec<f64>> = perturbation.split(AND).map(of).collect();
    let [first, others @ ..] = parts.as_slice() else { return Vec::new() };
    // The control has no effect, and neither has a perturbation that no cell had.
    let resting = of("");
    let moved = |(gene, mean): (usize, &f64)| {
        others.iter().fold(*mean, |mean, own| mean * own[gene] / resting[gene].max(f64::MIN_POSITIVE))
    };
    first.iter().enumerate().map(moved).collect()
}

/// Cells that the regression is fitted to.
#[derive(Clone, Copy)]
pub(super) enum Known<'a> {
    /// Cells that measured every gene.
    Cells(&'a Cells),
    /// Those of a run on a store, whose sources measured different genes.
    Set(&'a TrainingSet),
}

impl Known<'_> {
    fn cells(&self) -> &Cells {
        match self {
            Self::Cells(cells) => cells,
            Self::Set(set) => &set.cells,
        }
    }

    /// Genes that were not measured in a cell.
    fn unmeasured(&self, cell: usize) -> Vec<usize> {
        match self {
            Self::Set(set) if !set.measures_all_of(cell) => {
                (0..set.genes()).filter(|gene| !set.is_measured(cell, *gene)).collect()
            }
            _ => Vec::new(),
        }
    }
}

/// The regression fitted to training cells.
fn fitted(known: Known<'_>, keys: &Keys) -> (Labels, Regression) {
    let training = known.cells();
    let _fitting = progress::phase("fitting the regression that the model is held against");
    let labels = Labels::of(training, keys);
    let sizes = training.counts.totals();
    let mean = sizes.iter().sum::<u64>() as f64 / sizes.len().max(1) as f64;
    let all: Vec<Vec<Option<u32>>> =
        (0..training.len()).map(|cell| labels.codes(&labels.texts(training, cell))).collect();
    let by_donor = leaves_donors_out(&labels.scheme, all.iter().map(Vec::as_slice));
    let mut grouped = Grouped::new(training.genes.len(), !by_donor);
    for (cell, codes) in all.iter().enumerate() {
        let (genes, counts) = training.counts.row(cell);
        let counts = genes.iter().zip(counts).map(|(gene, count)| (*gene as usize, *count));
        grouped.add(codes, sizes[cell].max(1) as f64 / mean.max(1.0), counts, known.unmeasured(cell));
    }
    let regression = Regression::fit(&grouped, &labels.scheme, by_donor, &pool());
    (labels, regression)
}

/// Control cells moved by the regression's fold changes between perturbation and control, each from its own counts.
/// Labels of the perturbation are those of `perturbed` [cells].
///
/// # Errors
/// When the cells are of another panel than the training cells.
pub(super) fn moved(training: &Cells, controls: &Cells, perturbed: &[String], keys: &Keys, seed: u64) -> Result<Cells> {
    let (labels, regression) = fitted(Known::Cells(training), keys);
    let mut known: BTreeMap<Vec<String>, (Vec<f64>, Vec<f64>)> = BTreeMap::new();
    let mut rows = Vec::with_capacity(controls.len());
    for (cell, perturbation) in perturbed.iter().enumerate() {
        let context = labels.texts(controls, cell);
        let under = |value: &String| {
            context[..context.len() - 1].iter().cloned().chain([value.clone()]).collect::<Vec<String>>()
        };
        let (shares, folds) = known.entry(under(perturbation)).or_insert_with(|| {
            let resting = means(&regression, &labels, &under(&keys.control));
            let total = resting.iter().sum::<f64>().max(f64::MIN_POSITIVE);
            let moved = means(&regression, &labels, &under(perturbation));
            let folds = moved.iter().zip(&resting).map(|(own, rest)| own / rest.max(f64::MIN_POSITIVE)).collect();
            (resting.iter().map(|mean| mean / total).collect(), folds)
        });
        let mut row = vec![0; controls.genes.len()];
        controls.counts.dense_row(cell, &mut row);
        moved_counts(&mut row, shares, folds, seed.wrapping_add((cell as u64) << 32));
        rows.push(row);
    }
    let mut counts = Counts::from_dense_rows(controls.genes.len(), rows.iter().map(Vec::as_slice));
    if controls.counts.has_totals() {
        counts = counts.with_totals(controls.counts.totals());
    }
    let mut columns = controls.labels.clone();
    columns.insert(keys.perturbation.clone(), Column::categorical(perturbed));
    Ok(Cells::new(counts, controls.genes.clone(), controls.names.clone(), columns)?)
}

/// Cells of the regression, as many of every group as `like` has; library sizes are those of the measured control cells
/// of the same context.
///
/// # Errors
/// When nothing can be drawn.
pub(super) fn drawn(from: Known<'_>, measured: &Cells, like: &Cells, keys: &Keys, seed: u64) -> Result<Cells> {
    let (labels, regression) = fitted(from, keys);
    let training = from.cells();
    let known = controls_of(measured, &labels, &keys.control);
    let every: Vec<usize> = known.values().flatten().copied().collect();
    let mut groups: BTreeMap<Vec<String>, usize> = BTreeMap::new();
    for cell in 0..like.len() {
        *groups.entry(labels.texts(like, cell)).or_default() += 1;
    }
    let totals = training.counts.totals();
    let mean_total = (totals.iter().sum::<u64>() as f64 / totals.len().max(1) as f64).max(1.0);
    let dispersions: Vec<f64> = regression.fits.iter().map(|fit| fit.overdispersion).collect();
    let mut joined: Option<Cells> = None;
    for (number, (texts, count)) in groups.into_iter().enumerate() {
        let means = means(&regression, &labels, &texts);
        // Of whole cells the panel is a part, and its share moves with the perturbation; else the shares add up to 1.
        let total = match measured.counts.has_totals() {
            true => mean_total,
            false => means.iter().sum::<f64>().max(f64::MIN_POSITIVE),
        };
        let shares = means.into_iter().map(|mean| mean / total).collect();
        let sizes = measured.counts.select_cells(known.get(&texts[..texts.len() - 1]).unwrap_or(&every));
        let fitted = NegativeBinomial { shares, dispersions: dispersions.clone() };
        let counts = fitted.draw_like(&sizes, count, seed.wrapping_add((number as u64) << 32));
        let names = (0..count).map(|cell| format!("regression-{number}-{cell}")).collect();
        let columns = labels.kinds.iter().zip(&texts);
        let columns =
            columns.map(|((key, ..), text)| (key.clone(), Column::categorical(&vec![text.as_str(); count]))).collect();
        let own = Cells::new(counts, training.genes.clone(), names, columns)?;
        joined = Some(match joined {
            Some(before) => before.joined(&own)?,
            None => own,
        });
    }
    joined.context("no group to draw cells of")
}
