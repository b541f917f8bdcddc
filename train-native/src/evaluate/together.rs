//! What only a generator of whole cells can give: genes that vary together, programmes spread over cells, responders.
//!
//! Does: compares correlations of genes, spreads of programme scores and shares of responders within a cell type and
//! condition, of generated cells, of the regression's (which draws genes one by one), and of the other half of the
//! measured cells, each against one half of the measured cells.
//! Does not know: means and their effects (`mod`), how cells are made.
//! Flow: measured, generated and drawn cells + gene sets → **a summary** of a card.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Context, Result, ensure};
use cells::Cells;
use cells::normalise::{Normalised, Target, log_normalise, median};
use cells::pca::{fit_pca, highly_variable};
use cells::population::correlation::correlation_agreement;
use cells::population::programmes::{responders, scores, sets_of, spread};
use model::card::{Entry, Estimate, Summary};
use model::random::Draws;

use super::keys::Keys;

/// Title of the summary.
pub const TITLE: &str = "Genes together: within a cell type and condition";
/// Fewest measured cells of a cell type and condition: halves of fewer say nothing.
const FEWEST: usize = 60;
/// Genes whose correlations are compared: those with most counts.
const CORRELATED: usize = 100;
/// Components that programmes are made of where no sets are given, and genes on either side of one.
const COMPONENTS: usize = 20;
const OF_COMPONENT: usize = 30;
/// Variable genes of the components.
const VARIABLE: usize = 2000;
/// Fewest genes of a set on the panel.
const LEAST_GENES: usize = 10;
/// Genes that answer most: their score tells responders, above this quantile of the control cells.
const ANSWERING: usize = 20;
const QUANTILE: f64 = 0.95;
/// Streams of the halves.
const STREAM: u64 = (1 << 46) + 3;

/// Gene sets from a GMT file.
///
/// # Errors
/// When the file cannot be read or no set has enough genes of the panel.
pub fn read_sets(path: &Path, genes: &[String]) -> Result<Vec<Vec<u32>>> {
    let text = std::fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
    let sets: Vec<Vec<u32>> = sets_of(&text, genes, LEAST_GENES).into_iter().map(|(_, set)| set).collect();
    ensure!(!sets.is_empty(), "no set of {} has {LEAST_GENES} genes of the panel", path.display());
    Ok(sets)
}

/// Programmes of the training cells: the genes on either side of their leading components.
fn programmes(training: &Cells) -> Result<Vec<Vec<u32>>> {
    let sizes = training.counts.totals();
    let data = log_normalise(&training.counts, Target::Sum(median(&sizes)));
    let genes = highly_variable(&data, VARIABLE);
    let components = COMPONENTS.min(genes.len().saturating_sub(1)).min(data.cells().saturating_sub(1));
    let pca = fit_pca(&data, &genes, components).context("the components of the training cells cannot be fitted")?;
    let mut sets = Vec::new();
    for component in 0..components {
        let loading = |place: usize| pca.loadings[place * components + component];
        let mut order: Vec<usize> = (0..pca.genes.len()).collect();
        order.sort_by(|a, b| loading(*b).total_cmp(&loading(*a)));
        let take = OF_COMPONENT.min(order.len());
        sets.push(order[..take].iter().map(|place| pca.genes[*place]).collect());
        sets.push(order[order.len() - take..].iter().map(|place| pca.genes[*place]).collect());
    }
    Ok(sets)
}

/// Places of cells by cell type and condition.
fn groups(cells: &Cells, keys: &Keys) -> BTreeMap<(String, String), Vec<usize>> {
    let text = |key: Option<&String>, cell: usize| {
        let column = key.and_then(|key| cells.labels.get(key));
        column.and_then(|column| column.text(cell)).map_or_else(String::new, |text| text.into_owned())
    };
    let mut groups: BTreeMap<(String, String), Vec<usize>> = BTreeMap::new();
    for cell in 0..cells.len() {
        let group = (text(keys.cell_type.as_ref(), cell), text(Some(&keys.perturbation), cell));
        groups.entry(group).or_default().push(cell);
    }
    groups
}

/// One side: its cells, log-normalised, by group.
struct Side<'a> {
    name: &'a str,
    kind: &'a str,
    data: Normalised,
    groups: BTreeMap<(String, String), Vec<usize>>,
}

impl<'a> Side<'a> {
    fn new(name: &'a str, kind: &'a str, cells: &Cells, keys: &Keys, target: f64) -> Self {
        Self { name, kind, data: log_normalise(&cells.counts, Target::Sum(target)), groups: groups(cells, keys) }
    }

    /// `count` cells of a group; none where it has fewer.
    fn some(&self, group: &(String, String), count: usize, draws: &mut Draws) -> Option<Normalised> {
        let mut places = self.groups.get(group)?.clone();
        draws.shuffle(&mut places);
        (places.len() >= count).then(|| self.data.select(&places[..count]))
    }
}

/// Values by metric, to be averaged.
type Found = BTreeMap<&'static str, Vec<f64>>;

/// Looks at one side against half of the measured cells.
fn looked(reference: &Normalised, own: &Normalised, sets: &[Vec<u32>], found: &mut Found) -> Result<()> {
    let mean = reference.mean();
    let mut order: Vec<u32> = (0..reference.genes() as u32).collect();
    order.sort_by(|a, b| mean[*b as usize].total_cmp(&mean[*a as usize]));
    order.truncate(CORRELATED);
    let correlations = correlation_agreement(reference, own, &order)?;
    let spread = spread(reference, own, sets);
    let mut add = |name: &'static str, value: f64| found.entry(name).or_default().push(value);
    add("correlations of genes: agreement", correlations.agreement);
    add("correlations of genes: mean difference", correlations.difference);
    add("programme scores: Kolmogorov-Smirnov distance", spread.distance);
    add("programme scores: variance over the measured", spread.variance_ratio);
    Ok(())
}

/// Genes that answer most in a cell type, by the measured cells.
fn answering(perturbed: &Normalised, control: &Normalised) -> Vec<u32> {
    let (up, down) = (perturbed.mean(), control.mean());
    let mut order: Vec<u32> = (0..up.len() as u32).collect();
    let change = |gene: &u32| up[*gene as usize] - down[*gene as usize];
    order.sort_by(|a, b| change(b).total_cmp(&change(a)));
    order.truncate(ANSWERING);
    order
}

/// Compares all sides; none where no cell type and condition has enough measured cells.
///
/// # Errors
/// When sides cannot be compared.
pub(super) fn together(
    measured: &Cells,
    training: &Cells,
    predicted: &[(&str, &str, &Cells)],
    keys: &Keys,
    sets: Option<&[Vec<u32>]>,
    seed: u64,
) -> Result<Option<Summary>> {
    let target = median(&measured.counts.totals());
    let truth = Side::new("other half of the measured cells", "ceiling", measured, keys, target);
    let large: Vec<_> = truth.groups.iter().filter(|(_, cells)| cells.len() >= FEWEST).collect();
    if large.is_empty() {
        return Ok(None);
    }
    let own;
    let sets = match sets {
        Some(sets) => sets,
        None => {
            own = programmes(training)?;
            &own
        }
    };
    let sides: Vec<Side<'_>> =
        predicted.iter().map(|(name, kind, cells)| Side::new(name, kind, cells, keys, target)).collect();
    let mut found: Vec<Found> = vec![Found::new(); sides.len() + 1];
    for (place, (group, cells)) in large.iter().enumerate() {
        let mut draws = Draws::new(seed, STREAM + place as u64);
        let mut order = (*cells).clone();
        draws.shuffle(&mut order);
        let half = order.len() / 2;
        let reference = truth.data.select(&order[..half]);
        let other = truth.data.select(&order[half..2 * half]);
        looked(&reference, &other, sets, &mut found[sides.len()])?;
        for (side, found) in sides.iter().zip(&mut found) {
            if let Some(own) = side.some(group, half, &mut draws) {
                looked(&reference, &own, sets, found)?;
            }
        }
        // Responders are told by the measured control cells of the same type.
        let control = (group.0.clone(), keys.control.clone());
        let Some(resting) = truth.groups.get(&control).filter(|_| group.1 != keys.control) else { continue };
        let resting = truth.data.select(resting);
        let genes = answering(&reference, &resting);
        let share = |data: &Normalised| responders(&scores(data, &genes), &scores(&resting, &genes), QUANTILE);
        let wanted = share(&reference);
        let name = "share of responders: difference";
        found[sides.len()].entry(name).or_default().push((share(&other) - wanted).abs());
        for (side, found) in sides.iter().zip(&mut found) {
            if let Some(own) = side.some(group, half, &mut draws) {
                found.entry(name).or_default().push((share(&own) - wanted).abs());
            }
        }
    }
    let entry = |(side, found): (&Side<'_>, Found)| {
        let mean = |values: Vec<f64>| values.iter().sum::<f64>() / values.len().max(1) as f64;
        let of = |(name, values): (&'static str, Vec<f64>)| {
            (name.to_owned(), Estimate { value: mean(values), ..Estimate::default() })
        };
        Entry { name: side.name.to_owned(), kind: side.kind.to_owned(), metrics: found.into_iter().map(of).collect() }
    };
    let entries = sides.iter().chain([&truth]).zip(found).map(entry).collect();
    Ok(Some(Summary { title: TITLE.to_owned(), groups: large.len(), entries }))
}

/// The summary as a Markdown table.
pub fn markdown(summary: &Summary) -> String {
    let head: Vec<&str> = summary.entries.iter().map(|own| own.name.as_str()).collect();
    let mut text = format!("## {}\n\n| | {} |\n|---|{}\n", summary.title, head.join(" | "), "---|".repeat(head.len()));
    let names: std::collections::BTreeSet<&String> =
        summary.entries.iter().flat_map(|own| own.metrics.keys()).collect();
    for name in names {
        let value = |own: &Entry| own.metrics.get(name).map_or("–".to_owned(), |own| format!("{:.3}", own.value));
        text.push_str(&format!("| {name} | {} |\n", summary.entries.iter().map(value).collect::<Vec<_>>().join(" | ")));
    }
    text.push('\n');
    text
}
