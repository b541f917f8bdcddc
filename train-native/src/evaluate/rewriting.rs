//! Measured control cells rewritten under a perturbation, against cells that were measured under it.
//!
//! Does: takes the measured control cells of the groups that a split tests, has the bundle rewrite each of them, and scores
//! them beside the same cells drawn anew, the regression moving the same cells, and the other baselines; says which share
//! of the predicted cells a classifier of measured cells takes for their own type.
//! Does not know: how cells are rewritten (`model::rewrite`), how metrics are computed (`cells::referee`).
//! Flow: bundle + measured cells + split → **sections, shares of own types** → table, card.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use anyhow::{Result, ensure};
use cells::baselines::shuffled;
use cells::normalise::{Target, log_normalise, median};
use cells::pca::{fit_pca, highly_variable};
use cells::population::Points;
use cells::population::classify::Classifier;
use cells::referee::Rules;
use cells::signatures::AND;
use cells::splits::{Split, View, check};
use cells::{Cells, Column, Counts};
use model::bundle::Bundle;
use model::rewrite::part::Side;
use model::rewrite::{Measured, Setting};

use super::{Found, Keys, Kind, MEASURED_CONTROLS, Settings, beside_measured_controls, parted, regression, section};
use crate::judge::report::Section;
use crate::judge::table::{scores, telling};
use crate::panels::{aligned, sized};
use crate::predict::rewriting::rewrite;
use crate::progress;

/// What the sections' titles begin with.
pub const TITLE: &str = "Measured cells rewritten";
/// Name of the line whose cells keep nothing of the measured ones but type, donor and library size.
const ANEW: &str = "drawn anew";
/// Variable genes and components that cell types are told by.
const TOLD_BY: (usize, usize) = (1500, 30);

/// What was found.
pub struct Rewritten {
    /// By donor and cell type, and by donor.
    pub sections: Vec<Section>,
    /// Share of perturbed cells that a classifier of measured cells takes for their own type, by predictor; the measured
    /// perturbed cells last. Empty where the bundle has no cell types.
    pub own_types: Vec<(String, f64)>,
}

/// Control cells that are rewritten, each under one perturbation.
struct Controls {
    cells: Cells,
    perturbed: Vec<String>,
}

/// Measured control cells of every context in which a perturbation was measured, at most `most` of an identity.
fn controls(measured: &Cells, keys: &Keys, settings: &Settings) -> Result<Controls> {
    let text = |key: &Option<String>, cell: usize| {
        let column = key.as_ref().and_then(|key| measured.labels.get(key));
        column.and_then(|column| column.text(cell)).unwrap_or_default().into_owned()
    };
    let perturbation = Some(keys.perturbation.clone());
    let mut resting: BTreeMap<String, Vec<usize>> = BTreeMap::new();
    let mut wanted: BTreeMap<(String, String), BTreeSet<String>> = BTreeMap::new();
    for cell in 0..measured.len() {
        let (identity, own) = (text(&keys.identity, cell), text(&perturbation, cell));
        if own == keys.control {
            resting.entry(identity).or_default().push(cell);
        } else {
            wanted.entry((identity, own)).or_default().insert(text(&keys.cell_type, cell));
        }
    }
    let (mut places, mut perturbed) = (Vec::new(), Vec::new());
    for (number, ((identity, name), types)) in wanted.into_iter().enumerate() {
        let own = resting.get(&identity).map(Vec::as_slice).unwrap_or_default();
        let own: Vec<usize> =
            own.iter().copied().filter(|cell| types.contains(&text(&keys.cell_type, *cell))).collect();
        let mut taken = shuffled(&own, settings.seed.wrapping_add(number as u64));
        taken.truncate(settings.most);
        taken.sort_unstable();
        perturbed.extend(std::iter::repeat_n(name, taken.len()));
        places.extend(taken);
    }
    ensure!(!places.is_empty(), "no tested group has measured control cells that could be rewritten");
    Ok(Controls { cells: measured.select(&places), perturbed })
}

/// The controls rewritten with a share of their genes kept, and their control twins.
fn rewritten(
    bundle: &Bundle,
    controls: &Controls,
    known: &[bool],
    keys: &Keys,
    (keep, settings): (f32, &Settings),
) -> Result<Cells> {
    let Controls { cells, perturbed } = controls;
    let of_cell = |cell: usize| {
        let mut row = vec![0; cells.genes.len()];
        cells.counts.dense_row(cell, &mut row);
        let own = [&keys.identity, &keys.cell_type].into_iter().flatten();
        let own = own.filter_map(|key| Some((key.clone(), cells.labels.get(key)?.text(cell)?.into_owned())));
        let counts = row.into_iter().zip(known).map(|(count, known)| known.then_some(count)).collect();
        Measured { with: own.collect(), counts }
    };
    let shown = progress::counted("rewriting cells", cells.len() as u64, "cells");
    let mut all: Option<Cells> = None;
    let mut done = 0;
    for name in perturbed.iter().collect::<BTreeSet<_>>() {
        let own: Vec<usize> = (0..cells.len()).filter(|cell| perturbed[*cell] == *name).collect();
        let values = name.split(AND).map(str::to_owned).collect();
        let with = BTreeMap::from([(keys.perturbation.clone(), values)]);
        let Settings { guidance, steps, seed, effort, .. } = *settings;
        let setting = Setting { with, guidance, steps, seed, keep };
        rewrite(bundle, &setting, (own.len(), &|cell| of_cell(own[cell])), effort, &mut |first, part| {
            let places = &own[first..first + part.kept.len()];
            for (side, value) in [(&part.perturbed, name), (&part.control, &keys.control)] {
                let made = labelled(cells, places, side, keys, value)?;
                all = Some(match all.take() {
                    Some(before) => before.joined(&made)?,
                    None => made,
                });
            }
            done += part.kept.len();
            shown.reach(done as u64);
            Ok(())
        })?;
    }
    all.ok_or_else(|| anyhow::anyhow!("no cell was rewritten"))
}

/// One side as cells with the labels of the measured ones and another perturbation.
fn labelled(cells: &Cells, places: &[usize], side: &Side, keys: &Keys, value: &String) -> Result<Cells> {
    let own = cells.select(places);
    let mut labels = own.labels;
    labels.insert(keys.perturbation.clone(), Column::categorical(&vec![value; places.len()]));
    let mut counts = Counts::from_dense_rows(cells.genes.len(), side.counts.iter().map(Vec::as_slice));
    if own.counts.has_totals() {
        counts = counts.with_totals(own.counts.totals());
    }
    Ok(Cells::new(counts, own.genes, own.names, labels)?)
}

/// Scores rewritten control cells on the test part of a split, with each of some shares of genes kept.
///
/// # Errors
/// When the bundle lacks a perturbation, labels are missing, training and test cells overlap, or too few cells were
/// measured.
pub fn rewriting(
    bundle: &Bundle,
    cells: &Cells,
    split: &Split,
    (keeps, settings): (&[f32], &Settings),
    rules: Rules<'_>,
) -> Result<Rewritten> {
    let keys = Keys::of(bundle)?;
    let there: HashSet<&String> = cells.genes.iter().collect();
    let known: Vec<bool> = bundle.card.genes.iter().map(|gene| there.contains(gene)).collect();
    let cells = sized(aligned(cells, &bundle.card.genes, "the measured cells", "the bundle")?, &bundle.card)?;
    let (measured, training, test) = parted(&cells, split, &keys)?;
    check(View::of(&cells, &training), View::of(&cells, &test), split)?;
    let training = cells.select(&training);
    let controls = controls(&measured, &keys, settings)?;
    let columns = keys.columns(&[&keys.identity]);
    let mut predicted = Vec::new();
    for keep in keeps.iter().chain(&[0.0]) {
        let name = if *keep > 0.0 { format!("rewritten, {keep} kept") } else { ANEW.to_owned() };
        let made = rewritten(bundle, &controls, &known, &keys, (*keep, settings))?;
        let beside = beside_measured_controls(&made, &measured, &columns)?;
        predicted.push((name.clone(), Kind::Prediction, made));
        predicted.push((format!("{name}{MEASURED_CONTROLS}"), Kind::Prediction, beside));
    }
    let moved = regression::moved(&training, &controls.cells, &controls.perturbed, &keys, settings.seed)?;
    let moved = moved.joined(&controls.cells)?;
    predicted.push(("regression on the same cells".to_owned(), Kind::Baseline, moved));
    let own_types = own_types(&predicted, &measured, &training, &keys)?;
    let found = Found { measured: &measured, training: &training, predicted };
    let (whole, typed) = (keys.columns(&[&keys.identity]), keys.columns(&[&keys.identity, &keys.cell_type]));
    let mut sections = Vec::new();
    if keys.cell_type.is_some() {
        sections.extend(section(&format!("{TITLE}, cell type by cell type"), &typed, &found, rules)?);
    }
    sections.extend(section(&format!("{TITLE}, all cell types together"), &whole, &found, rules)?);
    let sections: Vec<Section> = sections.into_iter().map(|(section, _)| section).collect();
    ensure!(!sections.is_empty(), "no tested group has {} measured cells and as many controls", super::FEWEST);
    Ok(Rewritten { sections, own_types })
}

/// Share of perturbed cells that a classifier takes for their own type, by predictor and of the measured ones. It learns
/// from the training cells of both sides, on their components.
fn own_types(
    predicted: &[(String, Kind, Cells)],
    measured: &Cells,
    training: &Cells,
    keys: &Keys,
) -> Result<Vec<(String, f64)>> {
    let Some(key) = &keys.cell_type else { return Ok(Vec::new()) };
    let _telling = progress::phase("telling cell types");
    let target = Target::Sum(median(&training.counts.totals()));
    let data = log_normalise(&training.counts, target);
    let (genes, components) = TOLD_BY;
    let genes = highly_variable(&data, genes);
    let pca = fit_pca(&data, &genes, components.min(genes.len().saturating_sub(1)).max(1))?;
    let text = |cells: &Cells, key: &str, cell: usize| {
        cells.labels.get(key).and_then(|column| column.text(cell)).unwrap_or_default().into_owned()
    };
    let named: Vec<usize> = (0..training.len()).filter(|cell| !text(training, key, *cell).is_empty()).collect();
    let types: Vec<String> = named.iter().map(|cell| text(training, key, *cell)).collect();
    let points = pca.project(&data.select(&named));
    let classifier = Classifier::fit(Points::new(&points, pca.components)?, &types, 1.0)?;
    let share = |cells: &Cells| -> Result<f64> {
        let own: Vec<usize> =
            (0..cells.len()).filter(|cell| text(cells, &keys.perturbation, *cell) != keys.control).collect();
        let points = pca.project(&log_normalise(&cells.counts.select_cells(&own), target));
        let found = classifier.classify(Points::new(&points, pca.components)?)?;
        let right =
            own.iter().zip(&found).filter(|(cell, code)| classifier.names()[**code] == text(cells, key, **cell));
        Ok(right.count() as f64 / own.len().max(1) as f64)
    };
    let lines = predicted.iter().filter(|(name, ..)| !name.ends_with(MEASURED_CONTROLS));
    let mut found = lines.map(|(name, _, cells)| Ok((name.clone(), share(cells)?))).collect::<Result<Vec<_>>>()?;
    found.push(("measured".to_owned(), share(measured)?));
    Ok(found)
}

/// What was found, as Markdown: a line for each predictor.
pub fn markdown(found: &Rewritten) -> String {
    let mut text = String::new();
    for section in &found.sections {
        let entries = &section.verdict.entries;
        let telling = telling(entries);
        let head: Vec<&str> = telling.iter().map(|(_, name, _)| *name).collect();
        text.push_str(&format!("## {}\n\n| | score | {} |\n", section.title, head.join(" | ")));
        text.push_str(&format!("|---|---|{}\n", "---|".repeat(head.len())));
        for (entry, score) in entries.iter().zip(scores(entries)) {
            let value = |metric: &str| entry.mean.get(metric).filter(|value| value.is_finite());
            let shown = |value: Option<f64>| value.map_or_else(|| "–".to_owned(), |value| format!("{value:.3}"));
            let values: Vec<String> = telling.iter().map(|(metric, ..)| shown(value(metric).copied())).collect();
            text.push_str(&format!("| {} | {} | {} |\n", entry.name, shown(score), values.join(" | ")));
        }
        section.verdict.notes.iter().for_each(|note| text.push_str(&format!("\n{note}.\n")));
        text.push('\n');
    }
    if !found.own_types.is_empty() {
        text.push_str("## Cells taken for their own type\n\n| | share |\n|---|---|\n");
        found.own_types.iter().for_each(|(name, share)| text.push_str(&format!("| {name} | {share:.3} |\n")));
    }
    text
}
