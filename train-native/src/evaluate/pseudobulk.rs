//! A bundle against the pseudobulk of a larger study: held-out donors, cell type by cell type.
//!
//! Does: fold changes of every donor and cell type from summed counts, those of generated cells, and how well they
//! agree, beside the mean of the training donors and single training donors; the size of the response by cell type.
//! Does not know: single measured cells (`evaluate`), significance.
//! Flow: bundle + sums [donor × type × condition, G] + split → **summaries** of a card.
//!
//! Sums of thousands of cells hold far less noise than the hundred held-out cells that are scored one by one, so that
//! an agreement below that of two donors says something of the model.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context, Result, ensure};
use cells::Cells;
use cells::metrics::{pearson, spearman};
use cells::splits::Split;
use model::bundle::Bundle;
use model::card::{Choices, Entry, Estimate, Summary};

use super::groups::With;
use super::{Keys, Settings};
use crate::generate::generate_part;
use crate::panels::without;
use crate::progress;

/// Added to counts per million before the logarithm, so that a gene with a handful of counts has no large fold change.
const PRIOR: f64 = 10.0;
/// Genes that are looked at: at least as many counts per million, as a mean over donors and conditions of a type.
const LEAST: f64 = 50.0;
/// Fewest summed counts of a donor, type and condition: about twenty cells.
const FEWEST: f64 = 20_000.0;
/// Genes whose mean fold change is the size of a type's response.
const ANSWERING: usize = 50;
/// Generated cells of a donor, type and condition.
pub const CELLS: usize = 128;
/// Sets the draws apart from those of the cells that are scored one by one.
const STREAM: u64 = 1 << 60;

/// Donor and cell type.
type Group = (String, String);

/// log2 fold changes [G] and mean counts per million [G] of a donor and cell type.
#[derive(Clone, Debug)]
struct Response {
    changes: Vec<f64>,
    level: Vec<f64>,
}

impl Response {
    /// From summed counts [G] of both conditions.
    fn of(perturbed: &[f64], control: &[f64]) -> Option<Self> {
        let (totals, millions) = ([perturbed, control].map(|sums| sums.iter().sum::<f64>()), 1e6);
        if totals.iter().any(|total| *total < FEWEST) {
            return None;
        }
        let (up, down) = (millions / totals[0], millions / totals[1]);
        let pairs = || perturbed.iter().zip(control).map(|(p, c)| (p * up, c * down));
        Some(Self {
            changes: pairs().map(|(p, c)| ((p + PRIOR) / (c + PRIOR)).log2()).collect(),
            level: pairs().map(|(p, c)| 0.5 * (p + c)).collect(),
        })
    }
}

/// Summed counts [G] of every group and condition.
fn sums(cells: &Cells, keys: &Keys) -> Result<Sums> {
    let text = |key: &str, cell: usize| -> Result<String> {
        Ok(cells.label(key)?.text(cell).map_or_else(String::new, |text| text.into_owned()))
    };
    let (donor, cell_type) = (keys.identity.as_deref(), keys.cell_type.as_deref());
    let (donor, cell_type) = donor.zip(cell_type).context("a pseudobulk is compared by donor and cell type")?;
    let mut sums = Sums::new();
    for cell in 0..cells.len() {
        let group = ((text(donor, cell)?, text(cell_type, cell)?), text(&keys.perturbation, cell)?);
        let sum = sums.entry(group).or_insert_with(|| vec![0.0; cells.genes.len()]);
        let (genes, counts) = cells.counts.row(cell);
        genes.iter().zip(counts).for_each(|(gene, count)| sum[*gene as usize] += f64::from(*count));
    }
    Ok(sums)
}

/// Summed counts [G] by group and condition.
type Sums = BTreeMap<(Group, String), Vec<f64>>;

/// Responses of all groups that have both conditions.
fn responses(sums: &Sums, control: &str, perturbation: &str) -> BTreeMap<Group, Response> {
    let perturbed = sums.iter().filter(|((_, condition), _)| condition == perturbation);
    let both = perturbed.filter_map(|((group, _), own)| {
        Some((group.clone(), Response::of(own, sums.get(&(group.clone(), control.to_owned()))?)?))
    });
    both.collect()
}

/// Sums over cells that the bundle writes of every group under both conditions, of the genes at `places`: of drawn counts,
/// and of the mean counts of the distributions that they were drawn from.
fn written(
    bundle: &Bundle,
    keys: &Keys,
    wanted: &[Group],
    perturbation: &str,
    (places, settings): (&[usize], &Settings),
) -> Result<[Sums; 2]> {
    let mut sums = [Sums::new(), Sums::new()];
    let shown = progress::counted("writing cells of the pseudobulk's groups", (2 * wanted.len()) as u64, "groups");
    for (group, condition) in wanted.iter().flat_map(|group| [(group, perturbation), (group, keys.control.as_str())]) {
        let named = [(&keys.identity, &group.0), (&keys.cell_type, &group.1)];
        let mut with = With::from([(keys.perturbation.clone(), vec![condition.to_owned()])]);
        with.extend(named.into_iter().filter_map(|(key, value)| Some((key.clone()?, vec![value.clone()]))));
        let choices = Choices {
            with,
            guidance: settings.guidance,
            steps: settings.steps,
            cells: CELLS,
            seed: settings.seed.wrapping_add(STREAM),
            clamp: Vec::new(),
        };
        let made = generate_part(bundle, &choices, 0, settings.effort, true, &mut |_| {})?;
        let genes = bundle.card.genes.len();
        let (mut drawn, mut expected) = (vec![0.0; genes], vec![0.0; genes]);
        for cell in 0..made.cells.len() {
            let (own, counts) = made.cells.counts.row(cell);
            own.iter().zip(counts).for_each(|(gene, count)| drawn[*gene as usize] += f64::from(*count));
        }
        for row in made.expected.chunks_exact(genes) {
            expected.iter_mut().zip(row).for_each(|(sum, value)| *sum += f64::from(*value));
        }
        for (sums, own) in sums.iter_mut().zip([drawn, expected]) {
            let of_places = places.iter().map(|place| own[*place]).collect();
            sums.insert((group.clone(), condition.to_owned()), of_places);
        }
        shown.advance(1);
    }
    Ok(sums)
}

/// Mean of the changes of several groups [G].
fn mean<'a>(responses: impl Iterator<Item = &'a Response>) -> Option<Vec<f64>> {
    let mut count = 0.0;
    let mut sum: Vec<f64> = Vec::new();
    for own in responses {
        sum.resize(own.changes.len(), 0.0);
        sum.iter_mut().zip(&own.changes).for_each(|(sum, change)| *sum += change);
        count += 1.0;
    }
    (count > 0.0).then(|| sum.into_iter().map(|value| value / count).collect())
}

/// A line of a card.
fn entry(name: &str, kind: &str, values: BTreeMap<String, Vec<f64>>) -> Entry {
    let of = |values: Vec<f64>| values.iter().sum::<f64>() / values.len().max(1) as f64;
    let metrics = values.into_iter().map(|(name, own)| (name, Estimate { value: of(own), ..Estimate::default() }));
    Entry { name: name.to_owned(), kind: kind.to_owned(), metrics: metrics.collect() }
}

/// What is compared: measured and generated responses, and which donors train.
struct Sides {
    measured: BTreeMap<Group, Response>,
    /// Of drawn counts, and in expectation.
    generated: [BTreeMap<Group, Response>; 2],
    held_out: BTreeSet<String>,
}

/// Name of the model's line where mean counts are compared and not drawn ones.
const EXPECTED: &str = "model, in expectation";

/// A measure of agreement over genes.
type Measure = fn(&[f64], &[f64]) -> f64;

/// Mean absolute difference.
fn difference(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| (a - b).abs()).sum::<f64>() / a.len().max(1) as f64
}

impl Sides {
    /// Measured responses of training donors in a cell type.
    fn trained<'a>(&'a self, cell_type: &'a str) -> impl Iterator<Item = &'a Response> + Clone {
        let own =
            self.measured.iter().filter(move |((donor, own), _)| own == cell_type && !self.held_out.contains(donor));
        own.map(|(_, response)| response)
    }

    /// Places of the genes that are looked at in a cell type: those with enough counts in the measured donors.
    fn genes(&self, cell_type: &str) -> Vec<usize> {
        let levels: Vec<&Vec<f64>> =
            self.measured.iter().filter(|((_, own), _)| own == cell_type).map(|(_, own)| &own.level).collect();
        let genes = levels.first().map_or(0, |own| own.len());
        let mean = |gene: usize| levels.iter().map(|own| own[gene]).sum::<f64>() / levels.len().max(1) as f64;
        (0..genes).filter(|gene| mean(*gene) >= LEAST).collect()
    }

    /// A measure of how fold changes agree, by cell type, as means over the held-out donors.
    fn agreement(&self, what: &str, measure: Measure) -> Summary {
        let mut values: [BTreeMap<String, Vec<f64>>; 4] = Default::default();
        let mut groups = 0;
        for ((donor, cell_type), drawn) in &self.generated[0] {
            let group = (donor.clone(), cell_type.clone());
            let (Some(truth), Some(expected)) = (self.measured.get(&group), self.generated[1].get(&group)) else {
                continue;
            };
            let Some(trained) = mean(self.trained(cell_type)) else { continue };
            let genes = self.genes(cell_type);
            let of = |changes: &[f64]| genes.iter().map(|gene| changes[*gene]).collect::<Vec<_>>();
            let own = of(&truth.changes);
            let single: Vec<f64> = self.trained(cell_type).map(|other| measure(&own, &of(&other.changes))).collect();
            let single = single.iter().sum::<f64>() / single.len().max(1) as f64;
            let of_own = |changes: &[f64]| measure(&own, &of(changes));
            let found = [of_own(&drawn.changes), of_own(&expected.changes), of_own(&trained), single];
            for (place, value) in found.into_iter().enumerate().filter(|(_, value)| value.is_finite()) {
                values[place].entry(cell_type.clone()).or_default().push(value);
                values[place].entry("all groups".to_owned()).or_default().push(value);
            }
            groups += 1;
        }
        let [model, expected, baseline, ceiling] = values;
        Summary {
            title: format!("{what} of log2 fold changes with the pseudobulk of the full study, by cell type"),
            groups,
            entries: vec![
                entry(super::MODEL, "prediction", model),
                entry(EXPECTED, "prediction", expected),
                entry("mean of the training donors' pseudobulk", "baseline", baseline),
                entry("another donor (mean over them)", "ceiling", ceiling),
            ],
        }
    }

    /// Mean fold change of the genes that answer most in the training donors, by cell type; and whether cell types are
    /// ordered alike.
    fn size(&self) -> Option<Summary> {
        let all = self.measured.iter().filter(|((donor, _), _)| !self.held_out.contains(donor));
        let total = mean(all.map(|(_, own)| own))?;
        let mut order: Vec<usize> = (0..total.len()).collect();
        order.sort_by(|a, b| total[*b].total_cmp(&total[*a]));
        order.truncate(ANSWERING);
        let strength = |own: &Response| order.iter().map(|gene| own.changes[*gene]).sum::<f64>() / order.len() as f64;
        let mut values: [BTreeMap<String, Vec<f64>>; 2] = Default::default();
        for (group, own) in &self.generated[1] {
            let Some(truth) = self.measured.get(group) else { continue };
            for (values, own) in values.iter_mut().zip([own, truth]) {
                values.entry(group.1.clone()).or_default().push(strength(own));
            }
        }
        let [model, measured] = values.map(|own| entry("", "", own));
        let list = |own: &Entry| own.metrics.values().map(|own| own.value).collect::<Vec<_>>();
        let alike = Estimate { value: spearman(&list(&model), &list(&measured)), ..Estimate::default() };
        let mut model = Entry { name: super::MODEL.to_owned(), kind: "prediction".to_owned(), ..model };
        if alike.value.is_finite() {
            model.metrics.insert("Spearman over cell types".to_owned(), alike);
        }
        Some(Summary {
            title: format!(
                "Mean log2 fold change of the {ANSWERING} genes that answer most in training donors, by cell type"
            ),
            groups: self.generated[1].len(),
            entries: vec![model, Entry { name: "measured".to_owned(), kind: "ceiling".to_owned(), ..measured }],
        })
    }
}

/// Compares a bundle with sums over the cells of a larger study: obs holds donor, cell type and perturbation under the
/// bundle's keys, X the summed counts.
///
/// # Errors
/// When labels are missing, nothing that was held out is there, or the device fails.
pub fn pseudobulk(bundle: &Bundle, cells: &Cells, split: &Split, settings: &Settings) -> Result<Vec<Summary>> {
    let keys = Keys::of(bundle)?;
    let places: Vec<String> = cells.genes.iter().filter(|gene| bundle.card.genes.contains(gene)).cloned().collect();
    ensure!(!places.is_empty(), "{}", without("the sums", &cells.genes, "the bundle", &bundle.card.genes));
    let cells = cells.with_panel(&places);
    let in_panel: Vec<usize> =
        places.iter().filter_map(|gene| bundle.card.genes.iter().position(|own| own == gene)).collect();
    let identity = keys.identity.clone().context("a pseudobulk is compared by donor, and the bundle has none")?;
    let tested = split.test.iter().filter_map(|group| Some((group.get(&identity)?, group.get(&keys.perturbation)?)));
    let tested: Vec<(String, String)> = tested.map(|(donor, own)| (donor.clone(), own.clone())).collect();
    let names: BTreeSet<&String> = tested.iter().map(|(_, own)| own).collect();
    let mut summaries = Vec::new();
    for perturbation in names {
        let held_out: BTreeSet<String> =
            tested.iter().filter(|(_, own)| own == perturbation).map(|(donor, _)| donor.clone()).collect();
        let measured = responses(&sums(&cells, &keys)?, &keys.control, perturbation);
        let known = |key: &Option<String>, value: &str| {
            key.as_ref().and_then(|key| bundle.card.condition(key)).is_some_and(|own| own.token(value).is_some())
        };
        let groups: Vec<Group> = measured
            .keys()
            .filter(|(donor, own)| {
                held_out.contains(donor) && known(&keys.identity, donor) && known(&keys.cell_type, own)
            })
            .cloned()
            .collect();
        if groups.is_empty() {
            continue;
        }
        let made = written(bundle, &keys, &groups, perturbation, (&in_panel, settings))?;
        let generated = made.map(|sums| responses(&sums, &keys.control, perturbation));
        let sides = Sides { generated, measured, held_out };
        summaries.push(sides.agreement("Pearson", pearson));
        summaries.push(sides.agreement("Mean absolute error", difference));
        summaries.extend(sides.size());
    }
    ensure!(!summaries.is_empty(), "the pseudobulk holds no donor and perturbation that were held out");
    Ok(summaries)
}

/// Summaries as Markdown tables, cell types as columns.
pub fn markdown(summaries: &[Summary]) -> String {
    let mut text = String::new();
    for summary in summaries {
        let names: BTreeSet<&String> = summary.entries.iter().flat_map(|own| own.metrics.keys()).collect();
        let head: Vec<&str> = names.iter().map(|name| name.as_str()).collect();
        text.push_str(&format!(
            "## {}\n\n| | {} |\n|---|{}\n",
            summary.title,
            head.join(" | "),
            "---|".repeat(head.len())
        ));
        for entry in &summary.entries {
            let value =
                |name: &&String| entry.metrics.get(*name).map_or("–".to_owned(), |own| format!("{:.3}", own.value));
            text.push_str(&format!(
                "| {} | {} |\n",
                entry.name,
                names.iter().map(value).collect::<Vec<_>>().join(" | ")
            ));
        }
        text.push('\n');
    }
    text
}
