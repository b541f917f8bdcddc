//! A population of generated cells beside a measured one, and beside another half of the measured cells.
//!
//! Does: brings both to the same genes and components and measures gene means, discrepancy, mixing, Wasserstein
//! distance, gene-gene correlations, how well the sides are told apart, cell types, depth, and memorisation.
//! Does not know: perturbations (`judge`), how cells were made.
//! Flow: samples of two or three files → `cells::population` → **measures** → table, report.

mod read;

use anyhow::{Context, Result, ensure};
use cells::normalise::Normalised;
use cells::pca::{fit_pca, highly_variable};
use cells::population::classify::{Classifier, held_out_accuracy, proportions, total_variation};
use cells::population::correlation::correlation_agreement;
use cells::population::depth::{Depth, depth};
use cells::population::discriminator::discriminate;
use cells::population::memorised::{NEAREST, exact_copies, memorisation};
use cells::population::{Points, discrepancy, mean_agreement, mixing, wasserstein};

pub use read::{Population, read, sample};

/// Most cells of a side: distances of all pairs are looked at.
pub const MOST: usize = 2000;
/// Genes of the components, components of the discrepancy, and of the mixing.
const GENES: usize = 2000;
const COMPONENTS: usize = 50;
const MIXED: usize = 20;
/// Genes whose correlations are compared.
const CORRELATED: usize = 200;
/// Inverse strength of the regressions' penalty (scikit-learn's default) and folds of their validation.
const PENALTY: f64 = 1.0;
const FOLDS: usize = 5;

/// What is said of one side against a half of the measured cells.
#[derive(Clone, Debug)]
pub struct Likeness {
    /// Name and value of every measure, in the order of [`MEASURES`]; none where there is no number.
    pub values: [Option<f64>; MEASURES.len()],
    /// Depths: the measured half, this side.
    pub depth: Option<Depth>,
    /// Share of every cell type that the classifier finds.
    pub types: Option<Vec<f64>>,
}

/// A measure of likeness.
pub struct Measure {
    /// Name.
    pub name: &'static str,
    /// The best value, in words.
    pub best: &'static str,
}

/// Every measure, in the order of [`Likeness::values`].
pub const MEASURES: [Measure; 13] = [
    Measure { name: "Pearson of gene means", best: "1" },
    Measure { name: "Spearman of gene means", best: "1" },
    Measure { name: "MMD², 50 components", best: "0" },
    Measure { name: "iLISI, 20 components", best: "1" },
    Measure { name: "1-Wasserstein distance, mean over genes", best: "0" },
    Measure { name: "told apart from measured cells (AUC)", best: "0.5" },
    Measure { name: "gene-gene correlations: agreement", best: "1" },
    Measure { name: "gene-gene correlations: mean difference", best: "0" },
    Measure { name: "cell types: total variation distance", best: "0" },
    Measure { name: "UMIs per cell: Kolmogorov-Smirnov distance", best: "0" },
    Measure { name: "detected genes: Kolmogorov-Smirnov distance", best: "0" },
    Measure { name: "cells nearer to training cells than 95 % of held-out ones", best: "0.05" },
    Measure { name: "exact copies of training cells", best: "0" },
];

/// The whole comparison.
#[derive(Clone, Debug)]
pub struct Measures {
    /// Cells on every side.
    pub cells: usize,
    /// Genes.
    pub genes: usize,
    /// Generated cells against one half of the measured.
    pub generated: Likeness,
    /// The other half against it.
    pub other_half: Likeness,
    /// Cell types, the share of each among the measured, and the share of held-out measured cells that the
    /// classifier names rightly.
    pub types: Option<(Vec<String>, Vec<f64>, f64)>,
}

/// The first `kept` of `components` columns.
fn narrowed(points: &[f32], components: usize, kept: usize) -> Vec<f32> {
    points.chunks_exact(components).flat_map(|point| point[..kept].iter().copied()).collect()
}

/// Number of components that cells and genes allow.
fn components(wanted: usize, genes: usize, cells: usize) -> usize {
    wanted.min(genes.saturating_sub(1)).min(cells.saturating_sub(1)).max(1)
}

/// A classifier of cell types fitted to measured cells.
struct Types {
    pca: cells::pca::Pca,
    dimensions: usize,
    classifier: Classifier,
    shares: Vec<f64>,
    accuracy: f64,
}

impl Types {
    /// None where the cells have fewer than two types.
    fn fit(real: &Population, seed: u64) -> Result<Option<Self>> {
        let Some(types) = &real.types else { return Ok(None) };
        let distinct: std::collections::BTreeSet<&String> = types.iter().collect();
        if distinct.len() < 2 {
            return Ok(None);
        }
        let genes = highly_variable(&real.data, GENES);
        let dimensions = components(COMPONENTS, genes.len(), real.len());
        let pca = fit_pca(&real.data, &genes, dimensions).context("the components cannot be fitted")?;
        let projected = pca.project(&real.data);
        let points = Points::new(&projected, dimensions)?;
        let classifier = Classifier::fit(points, types, PENALTY)?;
        let accuracy = held_out_accuracy(points, types, PENALTY, FOLDS, seed)?.share;
        let known = classifier.names();
        let labels: Vec<usize> = types.iter().filter_map(|own| known.iter().position(|name| name == own)).collect();
        let shares = proportions(&labels, known.len());
        Ok(Some(Self { pca, dimensions, classifier, shares, accuracy }))
    }

    /// Shares of the types that are found in other cells.
    fn shares_of(&self, data: &Normalised) -> Result<Vec<f64>> {
        let projected = self.pca.project(data);
        let found = self.classifier.classify(Points::new(&projected, self.dimensions)?)?;
        Ok(proportions(&found, self.shares.len()))
    }
}

/// What is needed to tell whether training cells were learned by heart.
struct Memory {
    training: Population,
    /// Two halves of measured cells that the model was not trained on.
    held_out: [Population; 2],
}

/// Shares of cells nearer to training cells than 95 % of held-out measured ones are.
fn nearer(training: &Population, held_out: &Population, generated: &Population) -> Result<f64> {
    let genes = highly_variable(&training.data, GENES);
    let dimensions = components(MIXED, genes.len(), training.len());
    let pca = fit_pca(&training.data, &genes, dimensions).context("the components cannot be fitted")?;
    let [a, b, c] = [training, held_out, generated].map(|side| pca.project(&side.data));
    let points = |values| Points::new(values, dimensions);
    Ok(memorisation(points(&a)?, points(&b)?, points(&c)?)?.nearer[NEAREST.len() - 1])
}

/// Measures `other` against `real`.
fn likeness(
    real: &Population,
    other: &Population,
    types: Option<&Types>,
    memory: Option<(&Memory, &Population)>,
    seed: u64,
) -> Result<Likeness> {
    let mut both = real.data.clone();
    both.append(&other.data)?;
    let genes = highly_variable(&both, GENES);
    let dimensions = components(COMPONENTS, genes.len(), both.cells());
    let pca = fit_pca(&both, &genes, dimensions).context("the components cannot be fitted")?;
    let (a, b) = (pca.project(&real.data), pca.project(&other.data));
    let kept = MIXED.min(dimensions);
    let (near_a, near_b) = (narrowed(&a, dimensions, kept), narrowed(&b, dimensions, kept));
    let (pearson, spearman) = mean_agreement(&real.data, &other.data);
    let told = discriminate(Points::new(&a, dimensions)?, Points::new(&b, dimensions)?, PENALTY, FOLDS, seed)?;
    let correlated = highly_variable(&real.data, CORRELATED);
    let correlations = correlation_agreement(&real.data, &other.data, &correlated)?;
    let shares = types.map(|types| types.shares_of(&other.data)).transpose()?;
    let depth = real.counts.as_ref().zip(other.counts.as_ref()).map(|(a, b)| depth(a, b));
    let copied = match memory.and_then(|(memory, own)| memory.training.counts.as_ref().zip(own.counts.as_ref())) {
        Some((training, own)) => Some(exact_copies(training, own)? as f64),
        None => None,
    };
    let values = [
        Some(pearson),
        Some(spearman),
        Some(discrepancy(&a, &b, dimensions)),
        Some(mixing(&near_a, &near_b, kept)),
        Some(wasserstein(&real.data, &other.data)),
        Some(told.area),
        Some(correlations.agreement),
        Some(correlations.difference),
        types.zip(shares.as_ref()).map(|(types, shares)| total_variation(&types.shares, shares)),
        depth.map(|depth| depth.umis.kolmogorov_smirnov),
        depth.map(|depth| depth.genes.kolmogorov_smirnov),
        memory.map(|(memory, own)| nearer(&memory.training, &memory.held_out[0], own)).transpose()?,
        copied,
    ];
    Ok(Likeness { values: values.map(|value| value.filter(|value| value.is_finite())), depth, types: shares })
}

/// Measures generated cells against one half of the measured cells, and the other half against it, as many cells on
/// every side. `memory`: cells that the model was trained on, and measured cells that it was not, for memorisation.
///
/// # Errors
/// When there are too few cells, or the genes differ.
pub fn measure(
    measured: &Population,
    generated: &Population,
    memory: Option<(&Population, &Population)>,
    seed: u64,
) -> Result<Measures> {
    let chosen = sample(measured.len(), 2 * MOST, seed);
    let (first, second) = chosen.split_at(chosen.len() / 2);
    let own = sample(generated.len(), MOST, seed);
    // The same number on every side, so that the rows compare.
    let count = first.len().min(second.len()).min(own.len());
    ensure!(count >= 2 * FOLDS, "{} measured and {} generated cells are too few to compare", measured.len(), own.len());
    let real = measured.select(&first[..count]);
    let memory = memory.map(|(training, held_out)| {
        let chosen = sample(held_out.len(), 2 * MOST, seed);
        let (first, second) = chosen.split_at(chosen.len() / 2);
        let training = training.select(&sample(training.len(), 2 * MOST, seed));
        Memory { training, held_out: [held_out.select(first), held_out.select(second)] }
    });
    let types = Types::fit(&real, seed)?;
    let (own, other) = (generated.select(&own[..count]), measured.select(&second[..count]));
    let against = |side: &Population, held_out: &Population| {
        likeness(&real, side, types.as_ref(), memory.as_ref().map(|memory| (memory, held_out)), seed)
    };
    let unseen = memory.as_ref().map_or(&other, |memory| &memory.held_out[1]);
    Ok(Measures {
        cells: count,
        genes: measured.data.genes(),
        generated: against(&own, &own)?,
        other_half: against(&other, unseen)?,
        types: types.map(|types| (types.classifier.names().to_vec(), types.shares, types.accuracy)),
    })
}

/// The measures as JSON.
pub fn as_json(measures: &Measures) -> serde_json::Value {
    let of = |own: &Likeness| -> serde_json::Map<String, serde_json::Value> {
        MEASURES.iter().zip(own.values).map(|(measure, value)| (measure.name.to_owned(), value.into())).collect()
    };
    serde_json::json!({
        "cells": measures.cells,
        "genes": measures.genes,
        "generated": of(&measures.generated),
        "other_half": of(&measures.other_half),
    })
}

/// The measures as a Markdown table.
pub fn markdown(measures: &Measures) -> String {
    let mut text = format!(
        "{} cells a side, {} genes\n\n| | generated | other half of the measured | best |\n|---|---|---|---|\n",
        measures.cells, measures.genes
    );
    let show = |value: Option<f64>| value.map_or_else(|| "–".to_owned(), |value| format!("{value:.4}"));
    for (place, measure) in MEASURES.iter().enumerate() {
        let (own, other) = (measures.generated.values[place], measures.other_half.values[place]);
        text.push_str(&format!("| {} | {} | {} | {} |\n", measure.name, show(own), show(other), measure.best));
    }
    if let Some((_, _, accuracy)) = &measures.types {
        text.push_str(&format!(
            "\nCell types by a classifier that names {:.1} % of held-out measured cells rightly.\n",
            100.0 * accuracy
        ));
    }
    text
}
