//! A population of generated cells beside a measured one, and beside two halves of the measured cells.
//!
//! Does: brings both to the same genes, library size and components, and prints gene-mean agreement, discrepancy,
//! mixing, Wasserstein distance, and how near generated cells come to measured ones.
//! Does not know: perturbations (`judge`), how cells were made.
//! Flow: two h5ad files → `cells::population` → **table**.

use std::path::Path;

use anyhow::{Context, Result, ensure};
use cells::Cells;
use cells::baselines::split_halves;
use cells::normalise::{Normalised, Target, log_normalise};
use cells::pca::{fit_pca, highly_variable};
use cells::population::{discrepancy, mean_agreement, mixing, nearest_distances, wasserstein};

use crate::data::read_cells;

/// Library size that cells are scaled to (the scDiffusion notebook's).
const TARGET: Target = Target::Sum(1e4);
/// Most cells of a side: distances of all pairs are looked at.
const MOST: usize = 4000;
/// Genes of the components, components of the discrepancy, and of the mixing.
const GENES: usize = 2000;
const COMPONENTS: usize = 50;
const MIXED: usize = 20;
/// Seed of the sample and the halves.
const SEED: u64 = 1;

/// One side against another.
struct Figures {
    name: &'static str,
    values: [f64; 6],
}

/// Cells of a file on the measured genes.
fn aligned(path: &Path, real: &Cells) -> Result<Cells> {
    let cells = read_cells(path)?;
    let known: std::collections::HashSet<&String> = cells.genes.iter().collect();
    let missing = real.genes.iter().filter(|gene| !known.contains(gene)).count();
    ensure!(missing == 0, "{} lacks {missing} of the {} measured genes", path.display(), real.genes.len());
    Ok(cells.with_panel(&real.genes))
}

/// The first `kept` of `components` columns.
fn narrowed(points: &[f32], components: usize, kept: usize) -> Vec<f32> {
    points.chunks_exact(components).flat_map(|point| point[..kept].iter().copied()).collect()
}

/// Scores `other` against `real`, on components fitted to both.
fn figures(name: &'static str, real: &Normalised, other: &Normalised) -> Result<Figures> {
    let mut both = real.clone();
    both.append(other)?;
    let genes = highly_variable(&both, GENES);
    let components = COMPONENTS.min(genes.len().saturating_sub(1)).min(both.cells().saturating_sub(1));
    let pca = fit_pca(&both, &genes, components).context("the components cannot be fitted")?;
    let (a, b) = (pca.project(real), pca.project(other));
    let kept = MIXED.min(components);
    let (pearson, spearman) = mean_agreement(real, other);
    let (near_a, near_b) = (narrowed(&a, components, kept), narrowed(&b, components, kept));
    let distances = nearest_distances(&near_b, &near_a, kept);
    let median = distances.get(distances.len() / 2).copied().map_or(f64::NAN, f64::from);
    let values = [
        pearson,
        spearman,
        discrepancy(&a, &b, components),
        mixing(&near_a, &near_b, kept),
        wasserstein(real, other),
        median,
    ];
    Ok(Figures { name, values })
}

/// At most [`MOST`] of the cells, chosen at random.
fn sample(cells: &Cells) -> Vec<usize> {
    let (first, second) = split_halves(&(0..cells.len()).collect::<Vec<_>>(), SEED);
    [first, second].concat().into_iter().take(2 * MOST).collect()
}

/// Judges generated against measured cells, as a Markdown table.
///
/// # Errors
/// When a file cannot be read or lacks genes.
pub fn judge_population(real: &Path, predicted: &Path) -> Result<String> {
    let measured = read_cells(real)?;
    let generated = aligned(predicted, &measured)?;
    let normal = |cells: &Cells, chosen: &[usize]| log_normalise(&cells.counts.select_cells(chosen), TARGET);
    let chosen = sample(&measured);
    let (first, second) = chosen.split_at(chosen.len() / 2);
    let own = sample(&generated);
    // The same number on every side, so that the rows compare.
    let count = first.len().min(second.len()).min(own.len());
    let half = normal(&measured, &first[..count]);
    let rows = [
        figures("generated", &half, &normal(&generated, &own[..count]))?,
        figures("other half of the measured", &half, &normal(&measured, &second[..count]))?,
    ];
    let mut text = format!(
        "{count} cells a side, {} genes\n\n| | Pearson | Spearman | MMD² | iLISI | 1-WD | median distance to the nearest measured cell |\n|---|---|---|---|---|---|---|\n",
        measured.genes.len()
    );
    for row in rows {
        let shown: Vec<String> = row.values.iter().map(|value| format!("{value:.4}")).collect();
        text.push_str(&format!("| {} | {} |\n", row.name, shown.join(" | ")));
    }
    Ok(text)
}
