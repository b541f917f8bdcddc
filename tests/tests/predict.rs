//! Measured cells through `predict`: what of a file stays, what is written, what is refused; and recipes that name what no
//! cell has.
//!
//! Does: predicts cells of the small trained bundle from a file that has another gene and lacks one.
//! Does not know: how cells are rewritten inside, the command line.
//! Flow: synthetic cells → h5ad → `predict` → h5ad → **what it holds**.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use burn::tensor::Device;
use cells::h5ad::{Matrix, read_h5ad, write_h5ad};
use cells::splits::Split;
use cells::synthetic::PERTURBED;
use cells::{Cells, Column};
use model::bundle::Bundle;
use model::card::Choices;
use model::sample::Effort;
use train_native::advise;
use train_native::data::TrainingSet;
use train_native::evaluate::Settings;
use train_native::evaluate::rewriting::{TITLE, rewriting};
use train_native::export::SPLIT;
use train_native::generate::read_bundle;
use train_native::predict::{Asked, CONTROL_TWIN, predict, predict_table};
use train_native::recipe::Recipe;

use crate::pipeline::{SPEC, trained};

/// The gene of the panel that the file lacks, and one that it has besides.
const LACKS: usize = 0;
const OUTSIDE: &str = "OUTSIDE";

fn bundle() -> Bundle {
    read_bundle(&trained().bundle, &Device::flex()).unwrap()
}

/// Control cells of the donor whose perturbed cells are held out, on other genes, their types under another name.
pub(crate) fn mine() -> Cells {
    let cells = &trained().cells;
    let of = |key: &str, value: &str| cells.indices_where(key, value).unwrap();
    let controls = of("condition", "control");
    let chosen: Vec<usize> =
        of("donor", "donor2").into_iter().filter(|cell| controls.contains(cell)).take(40).collect();
    let own = cells.select(&chosen);
    let mut genes = own.genes.clone();
    genes[LACKS] = OUTSIDE.to_owned();
    let mut labels = own.labels.clone();
    let types = labels.remove("cell_type").unwrap();
    let types: Vec<String> = (0..own.len()).map(|cell| types.text(cell).unwrap().to_uppercase()).collect();
    labels.insert("annotation".to_owned(), Column::categorical(&types));
    Cells::new(own.counts, genes, own.names, labels).unwrap()
}

/// Predicts a file's cells and reads what was written: the predicted counts and those of the twins.
pub(crate) fn predicted(
    folder: &Path,
    cells: &Cells,
    keep: f32,
    change: impl Fn(&mut Asked<'_>),
) -> anyhow::Result<(Cells, Cells)> {
    let (data, out): (PathBuf, PathBuf) = (folder.join("mine.h5ad"), folder.join(format!("{keep}.h5ad")));
    std::fs::write(&data, write_h5ad(cells, &BTreeMap::new())?)?;
    let with = BTreeMap::from([("condition".to_owned(), vec![PERTURBED.to_owned()])]);
    let choices = Choices { with: BTreeMap::new(), guidance: 0.0, steps: 4, cells: 1, seed: 3, clamp: Vec::new() };
    let mut asked = Asked {
        data: &data,
        matrix: None,
        with: &with,
        cell_type_col: Some("annotation"),
        identity_col: None,
        only: &[],
        at_most: None,
        keep,
        choices: &choices,
        effort: Effort::CPU,
        device: "flex",
    };
    change(&mut asked);
    predict(&bundle(), &asked, &out)?;
    let bytes = std::fs::read(&out)?;
    let twins = read_h5ad(bytes.clone(), &Matrix::Layer(CONTROL_TWIN.to_owned()))?;
    Ok((read_h5ad(bytes, &Matrix::X)?, twins))
}

#[test]
fn what_is_not_moved_stays_and_what_is_moved_is_drawn() {
    let (folder, own) = (tempfile::tempdir().unwrap(), mine());
    let (found, twins) = predicted(folder.path(), &own, 0.5, |_| {}).unwrap();
    assert_eq!((&found.genes, &found.names, &twins.genes), (&own.genes, &own.names, &own.genes));
    for (key, column) in &own.labels {
        let texts =
            |column: &Column| (0..own.len()).map(|cell| column.text(cell).unwrap().into_owned()).collect::<Vec<_>>();
        assert_eq!(texts(column), texts(&found.labels[key]), "{key}");
    }
    assert_eq!(found.label("predicted_cell_type").unwrap().text(0).as_deref(), Some("type1"));
    assert_eq!(found.label("predicted_condition").unwrap().text(0).as_deref(), Some(PERTURBED));
    let mut changed = vec![0; own.genes.len()];
    let (mut a, mut b, mut c) = (vec![0; own.genes.len()], vec![0; own.genes.len()], vec![0; own.genes.len()]);
    let mut sums = [0_u64; 2];
    let shifted = trained().truth_of_shifts();
    for cell in 0..own.len() {
        own.counts.dense_row(cell, &mut a);
        found.counts.dense_row(cell, &mut b);
        twins.counts.dense_row(cell, &mut c);
        assert_eq!((a[LACKS], a[LACKS]), (b[LACKS], c[LACKS]), "a gene outside the panel stays");
        for gene in 0..a.len() {
            changed[gene] += usize::from(a[gene] != b[gene] || a[gene] != c[gene]);
            if shifted.contains(&gene) && gene != LACKS {
                sums[0] += u64::from(b[gene]);
                sums[1] += u64::from(c[gene]);
            }
        }
    }
    // Half of the 95 shared genes are drawn, for either type; the others stay in every cell.
    let drawn = changed.iter().filter(|count| **count > 0).count();
    assert!((30..=2 * 48).contains(&drawn), "{drawn} genes were drawn");
    assert!(changed.iter().filter(|count| **count == 0).count() >= 20);
    // Fourfold in the data; the twins share all draws.
    let fold = sums[0] as f64 / sums[1] as f64;
    assert!((2.0..7.0).contains(&fold), "shifted genes are raised {fold}-fold");
    // Everything kept: nothing changes.
    let (same, twins) = predicted(folder.path(), &own, 1.0, |_| {}).unwrap();
    assert!(same.counts == own.counts && twins.counts == own.counts);
}

#[test]
fn cells_that_cannot_be_predicted_are_refused_in_a_sentence() {
    let (folder, own) = (tempfile::tempdir().unwrap(), mine());
    let refused = |cells: &Cells, change: &dyn Fn(&mut Asked<'_>)| {
        format!("{:#}", predicted(folder.path(), cells, 0.5, change).map(drop).unwrap_err())
    };
    assert!(refused(&own, &|asked| asked.cell_type_col = None).contains("--cell-type-col"));
    assert!(refused(&own, &|asked| asked.cell_type_col = Some("nothing")).contains("annotation"));
    assert!(refused(&own, &|asked| asked.cell_type_col = Some("donor")).contains("none of the cell types"));
    assert!(refused(&own, &|asked| asked.keep = 2.0).contains("share of genes"));
    let other = [("donor".to_owned(), "donor7".to_owned())];
    let sentence = {
        let data = folder.path().join("mine.h5ad");
        std::fs::write(&data, write_h5ad(&own, &BTreeMap::new()).unwrap()).unwrap();
        let with = BTreeMap::from([("condition".to_owned(), vec![PERTURBED.to_owned()])]);
        let choices = Choices { with: BTreeMap::new(), guidance: 0.0, steps: 4, cells: 1, seed: 3, clamp: Vec::new() };
        let asked = Asked {
            data: &data,
            matrix: None,
            with: &with,
            cell_type_col: Some("annotation"),
            identity_col: None,
            only: &other,
            at_most: None,
            keep: 0.5,
            choices: &choices,
            effort: Effort::CPU,
            device: "flex",
        };
        format!("{:#}", predict(&bundle(), &asked, &folder.path().join("x.h5ad")).unwrap_err())
    };
    assert!(sentence.contains("no cell has donor = donor7; there is donor2"), "{sentence}");
    let strange: Vec<String> = (0..own.genes.len()).map(|gene| format!("ENSG{gene:011}")).collect();
    let strange = Cells { genes: strange, ..own.clone() };
    assert!(refused(&strange, &|_| {}).contains("share no gene"));
    // A prediction is no measured cell.
    let (again, _) = predicted(folder.path(), &own, 0.5, |_| {}).unwrap();
    assert!(refused(&again, &|_| {}).contains("predicted cells"));
}

#[test]
fn a_table_of_perturbations_predicts_so_many_cells_of_each() {
    let (folder, own) = (tempfile::tempdir().unwrap(), mine());
    let (data, table, out) =
        (folder.path().join("mine.h5ad"), folder.path().join("table.tsv"), folder.path().join("out.h5ad"));
    std::fs::write(&data, write_h5ad(&own, &BTreeMap::new()).unwrap()).unwrap();
    let (with, choices) = (
        BTreeMap::new(),
        Choices { with: BTreeMap::new(), guidance: 0.0, steps: 4, cells: 1, seed: 3, clamp: Vec::new() },
    );
    let asked = Asked {
        data: &data,
        matrix: None,
        with: &with,
        cell_type_col: Some("annotation"),
        identity_col: None,
        only: &[],
        at_most: None,
        keep: 0.5,
        choices: &choices,
        effort: Effort::CPU,
        device: "flex",
    };
    let written = |text: &str| {
        std::fs::write(&table, text).unwrap();
        predict_table(&bundle(), &asked, &table, &out)
    };
    written(&format!("perturbation\tnum_cells\n{PERTURBED}\t20\ncontrol\t7\n")).unwrap();
    let found = read_h5ad(std::fs::read(&out).unwrap(), &Matrix::X).unwrap();
    assert_eq!(found.len(), 27);
    let label = found.label("predicted_condition").unwrap();
    let of = |value: &str| (0..27).filter(|cell| label.text(*cell).as_deref() == Some(value)).count();
    assert_eq!((of(PERTURBED), of("control")), (20, 7));
    // Each cell says which of the file it was, and under what; its own labels stay with it.
    let first = own.names.iter().position(|name| found.names[1] == format!("{name}|{PERTURBED}")).unwrap();
    assert_eq!(first, 2, "evenly from 40 cells");
    assert_eq!(found.label("annotation").unwrap().text(1), own.label("annotation").unwrap().text(first));
    // A fourfold shift.
    let shifted = trained().truth_of_shifts();
    let sum = |cells: std::ops::Range<usize>| -> f64 {
        let mut row = vec![0; found.genes.len()];
        let of_cell = |cell: usize, row: &mut Vec<u32>| {
            found.counts.dense_row(cell, row);
            shifted.iter().filter(|gene| **gene != LACKS).map(|gene| f64::from(row[*gene])).sum::<f64>()
        };
        let count = cells.len() as f64;
        cells.map(|cell| of_cell(cell, &mut row)).sum::<f64>() / count
    };
    assert!(sum(0..20) > 1.8 * sum(20..27), "{} and {}", sum(0..20), sum(20..27));
    let refused = |text: &str| format!("{:#}", written(text).unwrap_err());
    assert!(refused(&format!("{PERTURBED}\t41\n")).contains("only 40 were chosen"));
    assert!(refused("nothing\t5\n").contains("nothing"));
}

#[test]
fn what_is_not_carried_over_is_named() {
    let (folder, own) = (tempfile::tempdir().unwrap(), mine());
    let notes = BTreeMap::from([("my_setting".to_owned(), "7".to_owned())]);
    let data = folder.path().join("mine.h5ad");
    std::fs::write(&data, write_h5ad(&own, &notes).unwrap()).unwrap();
    let with = BTreeMap::from([("condition".to_owned(), vec![PERTURBED.to_owned()])]);
    let choices = Choices { with: BTreeMap::new(), guidance: 0.0, steps: 4, cells: 1, seed: 3, clamp: Vec::new() };
    let asked = Asked {
        data: &data,
        matrix: None,
        with: &with,
        cell_type_col: Some("annotation"),
        identity_col: None,
        only: &[],
        at_most: Some(4),
        keep: 0.5,
        choices: &choices,
        effort: Effort::CPU,
        device: "flex",
    };
    let said = train_native::predict::describe(&bundle(), &asked).unwrap();
    assert!(said.contains("not carried into the predicted file: uns/my_setting"), "{said}");
}

#[test]
fn rewritten_cells_are_scored_beside_cells_drawn_anew() {
    let split: Split = serde_json::from_slice(&std::fs::read(trained().bundle.join(SPLIT)).unwrap()).unwrap();
    let settings = Settings { guidance: 0.0, steps: 4, seed: 1, most: 40, times: 2, effort: Effort::CPU, sets: None };
    let rules = cells::referee::Rules { spread: train_native::pool::pool(), ..Default::default() };
    let found = rewriting(&bundle(), &trained().cells, &split, (&[0.5], &settings), rules).unwrap();
    assert_eq!(found.sections.len(), 2);
    let section = &found.sections[1];
    assert!(section.title.starts_with(TITLE));
    let of = |name: &str| {
        let entry = section.verdict.entries.iter().find(|own| own.name == name);
        entry.unwrap_or_else(|| panic!("{name} is missing")).mean["pearson_delta"]
    };
    // A fourfold shift of twelve genes is plain to everybody.
    for name in [
        "rewritten, 0.5 kept",
        "rewritten, 0.5 kept, measured controls",
        "drawn anew",
        "regression on the same cells",
        "PerturbMean",
    ] {
        assert!(of(name) > 0.6, "{name}: {}", of(name));
    }
    let share = |name: &str| found.own_types.iter().find(|(own, _)| own == name).unwrap().1;
    assert!(share("measured") > 0.8 && share("rewritten, 0.5 kept") > 0.8, "{:?}", found.own_types);
}

#[test]
fn a_recipe_for_a_file_trains_as_it_stands_and_others_say_what_no_cell_has() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("cells.h5ad");
    std::fs::write(&data, write_h5ad(&trained().cells, &BTreeMap::new()).unwrap()).unwrap();
    // At 64 cells a second, 300 to 1200 steps of 64 take 5 to 20 minutes; the real pace is measured where none is given.
    let text = advise::recipe_at(&data, None, &|_, _| Ok(64.0)).unwrap();
    let steps: f64 =
        text.lines().find_map(|line| line.strip_prefix("steps = ")?.parse().ok().filter(|own| *own > 12.0)).unwrap();
    assert!(text.contains(&format!("take about {:.0} minutes on the CPU", steps / 60.0)), "{text}");
    let measured = advise::recipe(&data, None).unwrap();
    assert!(measured.lines().any(|line| line.contains("on the CPU of this machine: an estimate")), "{measured}");
    // The commands at its head name the file and a perturbation.
    assert!(text.contains(&format!("train --data {} --config recipe.toml", data.display())), "{text}");
    assert!(text.contains("sample --bundle bundle --with condition="), "{text}");
    let path = folder.path().join("recipe.toml");
    let read = |text: &str| {
        std::fs::write(&path, text).unwrap();
        Recipe::read(&path)
    };
    let recipe = read(&text).unwrap();
    let keys: Vec<&str> = recipe.conditions.iter().map(|own| own.key.as_str()).collect();
    assert_eq!(keys, ["donor", "cell_type", "condition", "depth"]);
    assert_eq!(recipe.conditions[2].control.as_deref(), Some("control"));
    assert_eq!(recipe.hold_out.len(), 1, "{text}");
    assert!(recipe.model.group_size == recipe.training.slots && recipe.training.identity_from_controls);
    let set = TrainingSet::new(trained().cells.clone(), &recipe).unwrap();
    assert_eq!(set.genes(), SPEC.genes);
    // A control and a group that no cell has, both said.
    let wrong =
        text.replace("control = \"control\"", "control = \"contrl\"").replace("donor = \"donor", "donor = \"doner");
    let error =
        format!("{:#}", TrainingSet::new(trained().cells.clone(), &read(&wrong).unwrap()).map(drop).unwrap_err());
    assert!(error.contains("2 things") && error.contains("condition = contrl") && error.contains("doner"), "{error}");
}
