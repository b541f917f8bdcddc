//! A panel that is a part of the transcriptome: cells are scaled by what was counted of the whole cell.
//!
//! Does: keeps the genes that a perturbation raises and a few others, with every cell's whole library size as a label;
//! trains, exports and generates with and without that label.
//! Does not know: the command line, the browser.
//! Flow: synthetic cells, most genes taken away → recipe with `sizes` → **means of genes that nothing moved**.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use burn::tensor::Device;
use cells::h5ad::write_h5ad;
use cells::normalise::{Target, log_normalise};
use cells::referee::Rules;
use cells::synthetic::{CONTROL, PERTURBED, synthetic};
use cells::{Cells, Column, Counts};
use indicatif::ProgressBar;
use model::bundle::Bundle;
use model::card::Choices;
use model::sample::Effort;
use train_native::evaluate::{MOST_GENERATED, Settings, evaluate};
use train_native::export::{Choice, export};
use train_native::generate::{generate, read_bundle};
use train_native::pool::pool;
use train_native::recipe::Recipe;
use train_native::train::{Order, train};

use crate::pipeline::SPEC;

/// obs column of whole library sizes.
const SIZES: &str = "whole_cell";

/// Cells on a panel of the genes that the perturbation raises and twelve that nothing moves; places of the latter.
fn partial() -> (Cells, Vec<usize>) {
    let (all, truth) = synthetic(&SPEC, 3).unwrap();
    let is_free = |gene: &usize| !truth.shifted.contains(gene) && !truth.markers.iter().any(|own| own.contains(gene));
    let still: Vec<usize> = (0..SPEC.genes).filter(is_free).take(12).collect();
    let kept: Vec<usize> = truth.shifted.iter().chain(&still).copied().collect();
    let genes: Vec<String> = kept.iter().map(|gene| all.genes[*gene].clone()).collect();
    let sizes = all.counts.library_sizes().into_iter().map(|size| i64::try_from(size).unwrap()).collect();
    let mut cells = all.with_panel(&genes);
    cells.labels.insert(SIZES.to_owned(), Column::Integer(sizes));
    (cells, (12..24).collect())
}

/// Trains and exports into a folder.
fn bundle(folder: &Path, cells: &Cells, sizes: bool) -> Bundle {
    let text =
        std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("../train-native/recipes/synthetic.toml"))
            .unwrap();
    let own = if sizes { format!("bins = 4\nsizes = \"{SIZES}\"") } else { "bins = 4".to_owned() };
    let marker = format!("markers = [\"{}\"]", cells.genes[0]);
    let text: Vec<String> = text
        .replace("bins = 4", &own)
        .replace("steps = 400", "steps = 40")
        .lines()
        .map(|line| if line.starts_with("markers") { marker.clone() } else { line.to_owned() })
        .collect();
    let (data, recipe) = (folder.join("cells.h5ad"), folder.join("recipe.toml"));
    std::fs::write(&data, write_h5ad(cells, &BTreeMap::new()).unwrap()).unwrap();
    std::fs::write(&recipe, text.join("\n")).unwrap();
    let (run, out) = (folder.join("run"), folder.join("bundle"));
    let order = Order {
        data,
        recipe,
        out: run.clone(),
        save_every: 40,
        save_minutes: None,
        stop_after: None,
        stop: Arc::default(),
    };
    train(&order, &[Device::flex()]).unwrap();
    export(&run, &out, &Choice::default(), &Device::flex()).unwrap();
    read_bundle(&out, &Device::flex()).unwrap()
}

/// log2 of the mean of the genes in perturbed cells over control cells.
fn moved(control: &Counts, perturbed: &Counts, genes: &[usize]) -> f64 {
    let mean = |counts: &Counts| {
        let mean = log_normalise(counts, Target::Sum(600.0)).mean();
        genes.iter().map(|gene| mean[*gene]).sum::<f64>()
    };
    (mean(perturbed) / mean(control)).log2()
}

fn written(bundle: &Bundle, condition: &str) -> Cells {
    let pairs = [("donor", "donor1"), ("cell_type", "type1"), ("condition", condition)];
    let choices = Choices {
        with: pairs.into_iter().map(|(key, value)| (key.to_owned(), vec![value.to_owned()])).collect(),
        guidance: 0.0,
        steps: 4,
        cells: 300,
        seed: 5,
        clamp: Vec::new(),
    };
    generate(bundle, &choices, Effort::CPU, &ProgressBar::hidden()).unwrap()
}

#[test]
fn genes_that_nothing_moves_stay_where_the_panel_is_a_part() {
    let (cells, still) = partial();
    let folder = tempfile::tempdir().unwrap();
    let sized = bundle(folder.path(), &cells, true);
    let (control, perturbed) = (written(&sized, CONTROL), written(&sized, PERTURBED));
    assert!(control.counts.has_totals() && perturbed.labels.contains_key(SIZES));
    let own = moved(&control.counts, &perturbed.counts, &still);

    let measured = |condition: &str, whole: bool| {
        let of = |key: &str, value: &str| cells.indices_where(key, value).unwrap();
        let (donor, kind) = (of("donor", "donor1"), of("cell_type", "type1"));
        let chosen: Vec<usize> =
            of("condition", condition).into_iter().filter(|cell| donor.contains(cell) && kind.contains(cell)).collect();
        let Column::Integer(sizes) = &cells.labels[SIZES] else { unreachable!("written as numbers") };
        let totals = chosen.iter().map(|cell| u64::try_from(sizes[*cell]).unwrap()).collect();
        let counts = cells.counts.select_cells(&chosen);
        if whole { counts.with_totals(totals) } else { counts }
    };
    let truth = moved(&measured(CONTROL, true), &measured(PERTURBED, true), &still);
    let by_panel = moved(&measured(CONTROL, false), &measured(PERTURBED, false), &still);
    // The twelve raised genes are half of the panel: by its sum the others seem to fall, by the whole cell much less.
    assert!(by_panel < truth - 0.2, "{by_panel} by the panel, {truth} by whole cells");
    // 60 measured and 300 generated cells a side: a standard error of about .1.
    assert!((own - truth).abs() < 0.25, "generated {own}, measured {truth}");
}

#[test]
fn held_out_cells_are_scored_by_whole_cells() {
    let (cells, _) = partial();
    let folder = tempfile::tempdir().unwrap();
    let sized = bundle(folder.path(), &cells, true);
    let split = Recipe::read(&folder.path().join("run/recipe.toml")).unwrap().split().unwrap().unwrap();
    let settings =
        Settings { guidance: 0.0, steps: 4, seed: 1, most: MOST_GENERATED, times: 2, effort: Effort::CPU, sets: None };
    let rules = || Rules { spread: pool(), ..Rules::default() };
    let found = evaluate(&sized, &cells, split.clone(), None, &settings, rules()).unwrap();
    let all = found.scores.iter().find(|score| score.cell_type == "all").unwrap();
    // A fourfold shift of half of the panel is plain.
    assert!(all.model.pearson_delta.unwrap() > 0.8, "{:?}", all.model);
    let mut without = cells;
    without.labels.remove(SIZES);
    let error = evaluate(&sized, &without, split, None, &settings, rules()).err().unwrap();
    assert!(format!("{error:#}").contains(SIZES), "{error:#}");
}
