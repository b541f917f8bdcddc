//! The metrics of the Virtual Cell Challenge 2026 against cell-eval2 itself.
//!
//! Does: compares every scored metric of every perturbation, the aggregates, the tests of genes and the scores with
//! `referee/challenge.json`, written by `referee/make_challenge.py` from cell-eval2 0.20.0 with pdex 0.3.0; asks that
//! what cell-eval2 refuses is refused.
//! Does not know: anything but the public functions of `cells`.

// A test fails by panicking; that is what `unwrap` is for here.
#![allow(clippy::unwrap_used)]

use std::collections::BTreeMap;

use cells::Counts;
use cells::referee::challenge::scoring::{MEMBERS, ScoreError, from_baseline, from_replicate, score};
use cells::referee::challenge::{ChallengeError, Control, Digest, Sides, digest, judge, report};
use cells::referee::{Report, Values};
use serde_json::Value;

const CONTROL: &str = "non-targeting";

fn fixture() -> Value {
    let path = format!("{}/tests/referee/challenge.json", env!("CARGO_MANIFEST_DIR"));
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

fn texts(value: &Value) -> Vec<String> {
    serde_json::from_value(value.clone()).unwrap()
}

/// Cells by label.
fn groups(rows: &[Vec<u32>], labels: &[String], genes: usize) -> BTreeMap<String, Counts> {
    let counts = Counts::from_dense_rows(genes, rows.iter().map(Vec::as_slice));
    let of = |label: &String| {
        let cells: Vec<usize> = (0..labels.len()).filter(|cell| labels[*cell] == *label).collect();
        (label.clone(), counts.select_cells(&cells))
    };
    labels.iter().map(of).collect()
}

/// Sides from groups; predicted controls are dropped.
fn sides(mut real: BTreeMap<String, Counts>, mut predicted: BTreeMap<String, Counts>) -> Sides {
    let control = real.remove(CONTROL).unwrap();
    predicted.remove(CONTROL);
    Sides { control, real, predicted }
}

/// Cells and genes of a data set.
fn read(set: &Value) -> (Sides, Vec<String>) {
    let genes = texts(&set["genes"]);
    let side = |name: &str| {
        let rows: Vec<Vec<u32>> = serde_json::from_value(set[name].clone()).unwrap();
        groups(&rows, &texts(&set[format!("{name}_labels")]), genes.len())
    };
    (sides(side("real"), side("predicted")), genes)
}

/// Every value that cell-eval2 has, and no other. 1e-9 of the value, or absolute below 1: both sides compute in f64,
/// in other orders; a jackknife variance of cell-eval2 is itself good to about 1e-12.
fn compare(own: &Values, expected: &Value, of: &str) -> usize {
    let expected: BTreeMap<String, Option<f64>> = serde_json::from_value(expected.clone()).unwrap();
    // Null where cell-eval2 has NaN.
    let expected: BTreeMap<&str, f64> =
        expected.iter().filter_map(|(name, value)| Some((name.as_str(), (*value)?))).collect();
    assert_eq!(own.keys().copied().collect::<Vec<_>>(), expected.keys().copied().collect::<Vec<_>>(), "{of}");
    for (name, value) in own {
        let near = (value - expected[name]).abs() <= 1e-9 * expected[name].abs().max(1.0);
        assert!(near, "{of} {name}: {value}, cell-eval2 {}", expected[name]);
    }
    own.len()
}

#[test]
fn every_metric_is_that_of_cell_eval2() {
    let fixture = fixture();
    assert_eq!(texts(&fixture["members"]), MEMBERS);
    let mut compared = 0;
    for (name, set) in fixture["sets"].as_object().unwrap() {
        let (mut sides, genes) = read(set["like"].as_str().map_or(set, |other| &fixture["sets"][other]));
        if set["like"].is_string() {
            sides.predicted = sides.real.clone();
        }
        let report = judge(&sides, &genes).unwrap();
        let perturbations = set["values"].as_object().unwrap();
        assert!(report.perturbations.keys().eq(perturbations.keys()), "{name}");
        for (label, values) in perturbations {
            compared += compare(&report.perturbations[label], values, &format!("{name}, {label}"));
        }
        compared += compare(&report.mean, &set["aggregates"], name);
    }
    assert!(compared > 150, "{compared} numbers compared");
}

/// Tests of genes. Relative 1e-9 of p and q: the same formula on the same ranks, another error function. Fold changes:
/// absolute 1e-9, sums in f64.
#[test]
fn every_test_of_a_gene_is_that_of_cell_eval2() {
    let fixture = fixture();
    let mut compared = 0;
    for set in fixture["sets"].as_object().unwrap().values().filter(|set| set["tests"].is_object()) {
        let (sides, genes) = read(set);
        let control = Control::new(&sides.control, &genes).unwrap();
        for (side, groups) in [("real", &sides.real), ("predicted", &sides.predicted)] {
            for (label, cells) in groups {
                let (names, folds, p, q): (Vec<String>, Vec<f64>, Vec<f64>, Vec<f64>) =
                    serde_json::from_value(set["tests"][side][label].clone()).unwrap();
                let tested: Vec<&String> = control.tested().iter().map(|gene| &genes[*gene as usize]).collect();
                assert!(tested.iter().copied().eq(&names));
                for (place, test) in digest(&control, label, cells).unwrap().tests().iter().enumerate() {
                    let of = format!("{side} {label} {}", names[place]);
                    assert!((test.p - p[place]).abs() <= 1e-9 * p[place], "{of}: p {}, {}", test.p, p[place]);
                    assert!((test.q - q[place]).abs() <= 1e-9 * q[place], "{of}: q {}, {}", test.q, q[place]);
                    let off = (test.log2_fold_change - folds[place]).abs();
                    assert!(off <= 1e-9, "{of}: fold change {}, {}", test.log2_fold_change, folds[place]);
                    compared += 1;
                }
            }
        }
    }
    assert!(compared > 600, "{compared} tests compared");
}

#[test]
fn digests_may_come_in_any_order() {
    let fixture = fixture();
    let (sides, genes) = read(&fixture["sets"]["ties"]);
    let control = Control::new(&sides.control, &genes).unwrap();
    let reversed = |groups: &BTreeMap<String, Counts>| -> Vec<Digest> {
        groups.iter().rev().map(|(name, cells)| digest(&control, name, cells).unwrap()).collect()
    };
    let (real, predicted) = (reversed(&sides.real), reversed(&sides.predicted));
    assert_eq!(report(&control, &real, &predicted), judge(&sides, &genes));
    let other = Control::new(&sides.real["G03"], &genes).unwrap();
    assert_eq!(report(&other, &real, &predicted), Err(ChallengeError::OtherControl("other".to_owned())));
    let twice = [predicted.clone(), predicted.clone()].concat();
    assert_eq!(report(&control, &real, &twice), Err(ChallengeError::TwicePerturbation("other".to_owned())));
}

/// What cell-eval2 refuses, as `make_challenge.py` builds it.
#[test]
fn what_cell_eval2_refuses_is_refused() {
    let genes: Vec<String> = (0..12).map(|gene| format!("G{gene}")).collect();
    let rows: Vec<Vec<u32>> =
        (0..20_u32).map(|cell| (0..12).map(|gene| 1 + (7 * cell * gene + cell + gene) % 9).collect()).collect();
    let labels = |names: [&str; 2]| -> Vec<String> {
        (0..20).map(|cell| [CONTROL, names[0], names[1]][(cell + 1) / 8].to_owned()).collect()
    };
    let changed = |cells: std::ops::Range<usize>, columns: std::ops::Range<usize>, value: u32| {
        let mut rows = rows.clone();
        rows[cells].iter_mut().for_each(|row| row[columns.clone()].fill(value));
        rows
    };
    let cut = |genes: usize| -> Vec<Vec<u32>> { rows.iter().map(|row| row[..genes].to_vec()).collect() };
    let own = labels(["G0", "G1"]);
    let split = |rows: &[Vec<u32>], labels: &[String]| groups(rows, labels, rows[0].len());
    let judged = |real: &[Vec<u32>], predicted: &[Vec<u32>], of: &[String], others: &[String], panel: &[String]| {
        judge(&sides(split(real, of), split(predicted, others)), panel)
    };
    let same = |names: [&str; 2]| judged(&rows, &rows, &labels(names), &labels(names), &genes);
    let alone = vec![CONTROL.to_owned(); 20];
    let mut named_twice = genes.clone();
    named_twice[1] = "G0".to_owned();
    let copied: Vec<Vec<u32>> = (0..20).map(|cell| rows[cell % 7].clone()).collect();
    let (deep, none) = (changed(9..10, 3..4, 1_000_001), changed(0..8, 0..12, 0));
    let found: BTreeMap<&str, Result<Report, ChallengeError>> = BTreeMap::from([
        ("nothing but control", judged(&rows, &rows, &alone, &alone, &genes)),
        ("other perturbations", judged(&rows, &rows, &own, &labels(["G0", "G2"]), &genes)),
        ("no name of a gene", same(["A", "B"])),
        ("no name of a tested gene", judged(&changed(0..8, 0..2, 0), &rows, &own, &own, &genes)),
        ("all genes are targets", judged(&cut(2), &cut(2), &own, &own, &genes[..2])),
        ("a gene twice", judged(&rows, &rows, &own, &own, &named_twice)),
        ("control without counts", judged(&none, &rows, &own, &own, &genes)),
        ("a measured cell too deep", judged(&deep, &rows, &own, &own, &genes)),
        ("a predicted cell too deep", judged(&rows, &deep, &own, &own, &genes)),
        ("fewer genes", judged(&rows, &cut(11), &own, &own, &genes)),
        ("no effect", judged(&copied, &rows, &own, &own, &genes)),
    ]);
    let fixture = fixture();
    assert!(found.keys().eq(fixture["refused"].as_object().unwrap().keys()));
    let errors: Vec<ChallengeError> = found.into_values().map(Result::unwrap_err).collect();
    let lacks = |tested: &'static str| ChallengeError::Targets { perturbations: 2, tested };
    let too_deep = || ChallengeError::Counts {
        group: "G0".to_owned(),
        cell: 2,
        counts: deep[9].iter().map(|count| u64::from(*count)).sum(),
    };
    let tested = " that is tested (more than 5 counts per million in the control cells)";
    assert_eq!(
        errors,
        [
            ChallengeError::TwiceGene("G0".to_owned()),
            too_deep(),
            too_deep(),
            ChallengeError::AllTargets(2),
            ChallengeError::Gate,
            ChallengeError::Genes { group: "G0".to_owned(), genes: 11, control: 12 },
            ChallengeError::NoEffect,
            lacks(""),
            lacks(tested),
            ChallengeError::Nothing,
            ChallengeError::Perturbation { name: "G1".to_owned(), side: "measured" },
        ]
    );
    // Cells that cannot be had in one table: no cells, and names for other genes.
    let none = Counts::empty(12);
    let names = ChallengeError::Names { names: 11, genes: 12 };
    assert_eq!(Control::new(&none, &genes[1..]).err(), Some(names));
    assert_eq!(Control::new(&none, &genes).err(), Some(ChallengeError::Empty("the control".to_owned())));
    let control = Control::new(&split(&rows, &own)[CONTROL], &genes).unwrap();
    assert_eq!(digest(&control, "G3", &none).err(), Some(ChallengeError::Empty("G3".to_owned())));
}

#[test]
fn every_score_is_that_of_cell_eval2() {
    type Row = (usize, Option<f64>, f64, Option<f64>, Option<f64>);
    let rows: Vec<Row> = serde_json::from_value(fixture()["scored"].clone()).unwrap();
    assert!(rows.iter().filter(|row| row.4.is_some()).count() > 100);
    for (place, value, baseline, replicate, expected) in rows {
        let own = match replicate {
            Some(replicate) => from_replicate(MEMBERS[place], value, baseline, replicate),
            None => from_baseline(MEMBERS[place], value, baseline),
        };
        // The same operations in f64.
        let near = match (&own, expected) {
            (Ok(own), Some(expected)) => (own - expected).abs() <= 1e-12 * expected.abs().max(1.0),
            (Err(ScoreError::Scale { .. }), None) => true,
            _ => false,
        };
        assert!(near, "{} {value:?} {baseline} {replicate:?}: {own:?}, cell-eval2 {expected:?}", MEMBERS[place]);
    }
}

#[test]
fn a_score_is_the_mean_of_six() {
    let fixture = fixture();
    let (mut sides, genes) = read(&fixture["sets"]["ties"]);
    let model = judge(&sides, &genes).unwrap().mean;
    sides.predicted = sides.real.clone();
    let perfect = judge(&sides, &genes).unwrap().mean;
    // Every member of the model lies between 0 and perfection here; lower is better in two.
    let (own, best) = (score(&model, &model, None).unwrap(), score(&perfect, &model, None).unwrap());
    assert!(own.members.len() == 6 && own.members.values().all(|score| *score == 0.0) && own.average == 0.0);
    assert!((best.average - 1.0).abs() < 1e-12, "{best:?}");
    assert!((score(&perfect, &model, Some(&perfect)).unwrap().average - 1.0).abs() < 1e-12);
    // A missing metric scores its least: −6 of one member, here.
    let mut lacking = perfect.clone();
    lacking.remove("de_wilcoxon_lfc_nmae");
    assert!((score(&lacking, &model, None).unwrap().average - (5.0 - 6.0) / 6.0).abs() < 1e-12);
    let missing = ScoreError::Missing { member: "de_wilcoxon_lfc_nmae", end: "the baseline" };
    let mut without = model.clone();
    without.remove("de_wilcoxon_lfc_nmae");
    assert_eq!(score(&perfect, &without, None), Err(missing));
    assert_eq!(from_baseline("mae", Some(0.1), 0.2), Err(ScoreError::Member("mae".to_owned())));
}
