//! Any model's cells in the referee's table.
//!
//! Does: judges cells of the same kind, cells that never respond, and files that do not fit.
//! Does not know: the public referee; `cells/tests/referee.rs` compares with it.
//! Flow: two h5ad files → **table**.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use cells::h5ad::write_h5ad;
use cells::referee::shifts::Convention;
use cells::synthetic::{CONTROL, PERTURBED, synthetic};
use cells::{Cells, Column};
use train_native::judge::{Asked, Judged, as_json, judge, table};
use train_native::judge_population::judge_population;

use crate::pipeline::SPEC;

fn write(folder: &Path, name: &str, cells: &Cells) -> PathBuf {
    let path = folder.join(name);
    std::fs::write(&path, write_h5ad(cells, &BTreeMap::new()).unwrap()).unwrap();
    path
}

fn asked(real: PathBuf, predicted: PathBuf) -> Asked {
    let (pert_col, control) = ("condition".to_owned(), CONTROL.to_owned());
    Asked { real, predicted, pert_col, control, convention: Convention::PerPerturbation }
}

/// A metric's mean.
fn mean(judged: &[Judged], name: &str, metric: &str) -> f64 {
    judged.iter().find(|own| own.name == name).unwrap().report.mean[metric]
}

#[test]
fn cells_of_the_same_kind_reach_the_ceiling_and_a_copy_does_not() {
    let folder = tempfile::tempdir().unwrap();
    let (real, same) = (synthetic(&SPEC, 2).unwrap().0, synthetic(&SPEC, 2).unwrap().0);
    let half = |part: usize| (0..real.len()).filter(|cell| cell % 2 == part).collect::<Vec<_>>();
    let truth = write(folder.path(), "truth.h5ad", &real.select(&half(0)));
    let good = write(folder.path(), "good.h5ad", &same.select(&half(1)));
    // Control cells under both names: a model that knows no response.
    let controls = real.select(&real.indices_where("condition", CONTROL).unwrap());
    let mut copy = controls.joined(&controls).unwrap();
    let names = [vec![CONTROL; controls.len()], vec![PERTURBED; controls.len()]].concat();
    copy.labels.insert("condition".to_owned(), Column::categorical(&names));
    let copy = write(folder.path(), "copy.h5ad", &copy);

    let found = judge(&asked(truth.clone(), good)).unwrap();
    for metric in ["pearson_delta", "overlap_at_N"] {
        let (own, ceiling) = (mean(&found, "prediction", metric), mean(&found, "ceiling", metric));
        // The ceiling's halves are half as large, so noisier.
        assert!(own > ceiling - 0.05 && own > 0.6, "{metric}: {own}, ceiling {ceiling}");
    }
    assert!(table(&found).contains("| pearson_delta |") && table(&found).contains("score over the mean"));
    let json: serde_json::Value = serde_json::from_str(&as_json(&found)).unwrap();
    assert!(json["prediction"]["perturbations"][PERTURBED]["mae"].is_f64());

    let poor = judge(&asked(truth.clone(), copy)).unwrap();
    assert_eq!(mean(&poor, "prediction", "overlap_at_N"), 0.0);
    assert!(mean(&poor, "prediction", "mae") > 2.0 * mean(&found, "prediction", "mae"));
    assert!(mean(&found, "control copy", "overlap_at_N") < 1e-12);

    let population = judge_population(&truth, &folder.path().join("good.h5ad")).unwrap();
    let figure = |row: &str, column: usize| -> f64 {
        let line = population.lines().find(|line| line.starts_with(&format!("| {row}"))).unwrap();
        line.split('|').nth(column).unwrap().trim().parse().unwrap()
    };
    // Both rows are halves of one population: gene means, mixing, distances. MMD² of 120 cells a side has a bias of
    // about five kernels over 120.
    for row in ["generated", "other half"] {
        assert!(figure(row, 2) > 0.99 && figure(row, 5) > 0.7 && figure(row, 4) < 0.1, "{row}: {population}");
    }
    assert!((figure("generated", 6) - figure("other half", 6)).abs() < 0.05, "{population}");

    let fewer = write(folder.path(), "fewer.h5ad", &real.with_panel(&real.genes[1..]));
    let error = judge(&asked(truth.clone(), fewer)).err().unwrap();
    assert!(error.to_string().contains("lacks 1 of the"), "{error:#}");
    let other = Asked { control: "DMSO".to_owned(), ..asked(truth.clone(), truth) };
    assert!(format!("{:#}", judge(&other).err().unwrap()).contains("DMSO"));
}
