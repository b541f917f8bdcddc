//! The referee beside the public one: the same numbers on the same cells.
//!
//! Does: reads cells and scores that `referee/make_fixture.py` made with cell-eval, scores the cells, compares.
//! Does not know: Python.
//! Flow: fixture → **every metric of every perturbation**.

// A test fails by panicking; that is what `unwrap` is for here.
#![allow(clippy::unwrap_used)]

use std::collections::BTreeMap;

use cells::normalise::{Target, log_normalise, median};
use cells::referee::shifts::{Convention, apply};
use cells::referee::{Digest, RefereeError, Rules, Side, intervals, referee, score};
use cells::spread::Spread;
use cells::{Counts, de};
use serde_json::Value;

struct Fixture(Value);

impl Fixture {
    fn read(name: &str) -> Self {
        let path = format!("{}/tests/referee/{name}.json", env!("CARGO_MANIFEST_DIR"));
        Self(serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap())
    }

    fn texts(&self, key: &str) -> Vec<String> {
        self.0[key].as_array().unwrap().iter().map(|text| text.as_str().unwrap().to_owned()).collect()
    }

    fn side(&self, key: &str) -> Side {
        let rows: Vec<Vec<u32>> = serde_json::from_value(self.0[key].clone()).unwrap();
        let counts = Counts::from_dense_rows(self.texts("genes").len(), rows.iter().map(Vec::as_slice));
        let (labels, target) = (self.texts("labels"), median(&counts.library_sizes()));
        let of = |label: &str| {
            let cells: Vec<usize> = (0..labels.len()).filter(|cell| labels[*cell] == label).collect();
            log_normalise(&counts.select_cells(&cells), Target::Sum(target))
        };
        let names: std::collections::BTreeSet<&String> = labels.iter().filter(|label| *label != "control").collect();
        Side { control: of("control"), perturbed: names.into_iter().map(|name| (name.clone(), of(name))).collect() }
    }
}

fn rules(convention: Convention) -> Rules<'static> {
    Rules { convention, ..Rules::default() }
}

/// Every metric that the fixture has, beside ours. The public one computes means, q-values and fold changes in f32.
fn agrees(name: &str, convention: Convention) {
    let fixture = Fixture::read(name);
    let report =
        referee(&fixture.side("real"), &fixture.side("pred"), &fixture.texts("genes"), rules(convention)).unwrap();
    let mut compared = 0;
    for (perturbation, metrics) in fixture.0["metrics"].as_object().unwrap() {
        for (metric, expected) in metrics.as_object().unwrap() {
            let own = report.perturbations[perturbation].get(metric.as_str());
            let own = own.or_else(|| report.mean.get(metric.as_str()).filter(|_| !is_of_one(metric))).copied();
            // Null where the public one has no number, or NaN.
            match (own.filter(|value| !value.is_nan()), expected.as_f64()) {
                (Some(own), Some(expected)) => {
                    assert!((own - expected).abs() < 2e-6, "{perturbation} {metric}: {own}, cell-eval {expected}");
                    compared += 1;
                }
                (None, None) => {}
                other => panic!("{perturbation} {metric}: {other:?}"),
            }
        }
    }
    assert!(compared > 100, "{compared} numbers compared");
}

/// Metrics that each perturbation has of its own; the others are of all perturbations together.
fn is_of_one(metric: &str) -> bool {
    !["de_spearman_sig", "pearson_edistance"].contains(&metric)
}

#[test]
fn every_metric_is_that_of_the_current_referee() {
    agrees("current", Convention::PerPerturbation);
}

#[test]
fn every_metric_is_that_of_the_leaderboard() {
    agrees("leaderboard", Convention::AllPairs);
}

#[test]
fn shifts_are_those_of_both_generations_of_pdex() {
    shifts_agree("current", Convention::PerPerturbation);
    shifts_agree("leaderboard", Convention::AllPairs);
}

fn shifts_agree(name: &str, convention: Convention) {
    let fixture = Fixture::read(name);
    let (side, genes) = (fixture.side("real"), fixture.texts("genes"));
    let names: Vec<&String> = side.perturbed.keys().collect();
    let tables: Vec<_> = side.perturbed.values().map(|cells| de::compare(&side.control, cells).unwrap()).collect();
    let kept = apply(convention, &tables);
    let of_one = names.iter().map(|name| name.as_str()).zip(tables.iter().zip(&kept));
    let by_name: BTreeMap<&str, _> = of_one.collect();
    let rows = fixture.0["shifts"].as_array().unwrap();
    assert_eq!(rows.len(), names.len() * genes.len());
    // p and fold changes of all genes first: one wrong p moves every q.
    for (what, row) in [3, 2, 4].into_iter().flat_map(|what| rows.iter().map(move |row| (what, row))) {
        let (target, gene) = (row[0].as_str().unwrap(), row[1].as_str().unwrap());
        let place = genes.iter().position(|own| own == gene).unwrap();
        let (table, kept) = by_name[target];
        let own = [f64::from(kept[place].fold), table[place].p, f64::from(kept[place].q)][what - 2];
        let expected = row[what].as_f64().unwrap();
        if own.is_infinite() {
            assert_eq!(own.signum() * 1e300, expected, "{target} {gene}, column {what}");
            continue;
        }
        // f32 tables hold seven digits. numpy's log1p in f32 hangs on the processor in its last bit, which makes or
        // parts a tie here and there: one pair of ties among 72 cells moves the variance by 2e-5 of itself.
        let near = (own - expected).abs() < if what == 2 { 2e-6 * expected.abs().max(1.0) } else { 2e-5 };
        assert!(near, "{target} {gene}, column {what}: {own}, {expected}");
    }
}

#[test]
fn a_perfect_prediction_scores_one_and_the_baseline_nothing() {
    let fixture = Fixture::read("current");
    let (real, genes) = (fixture.side("real"), fixture.texts("genes"));
    let perfect = referee(&real, &real, &genes, rules(Convention::AllPairs)).unwrap();
    let other = referee(&real, &fixture.side("pred"), &genes, rules(Convention::AllPairs)).unwrap();
    assert_eq!(perfect.mean["mae"], 0.0);
    // Where there is no gene to find, overlap counts 0, as the public referee has it.
    let found = perfect.perturbations.values().filter(|values| values["de_nsig_counts_real"] > 0.0).count() as f64;
    assert!((perfect.mean["overlap_at_N"] - found / 5.0).abs() < 1e-12 && (1.0..5.0).contains(&found));
    assert_eq!(score(&other.mean, &other.mean), 0.0);
    assert!(score(&perfect.mean, &other.mean) > score(&other.mean, &perfect.mean));
}

#[test]
fn intervals_hold_the_mean_and_narrow_to_it() {
    let fixture = Fixture::read("current");
    let (real, genes) = (fixture.side("real"), fixture.texts("genes"));
    let report = referee(&real, &fixture.side("pred"), &genes, Rules::default()).unwrap();
    let found = intervals(report.perturbations.values(), 7);
    for (name, (low, high)) in &found {
        assert!(*low <= report.mean[name] && report.mean[name] <= *high, "{name}: {low} to {high}");
    }
    let (low, high) = found["pearson_delta"];
    let values: Vec<f64> = report.perturbations.values().map(|own| own["pearson_delta"]).collect();
    let extreme = (values.iter().copied().fold(f64::INFINITY, f64::min), values.iter().copied().fold(0.0, f64::max));
    assert!(low > extreme.0 && high < extreme.1 && high - low > 0.1, "{low} to {high} of {values:?}");
    assert_eq!(found, intervals(report.perturbations.values(), 7));
    assert!(!found.contains_key("de_spearman_sig"));
}

#[test]
fn sides_that_differ_are_refused_by_name() {
    let fixture = Fixture::read("current");
    let (real, genes) = (fixture.side("real"), fixture.texts("genes"));
    let judged = |predicted: &Side| referee(&real, predicted, &genes, Rules::default());
    let mut fewer = real.clone();
    fewer.perturbed.remove("TNF");
    let error = judged(&fewer).unwrap_err();
    assert_eq!(error, RefereeError::Perturbation { name: "TNF".to_owned(), side: "measured" });
    let none = Side { control: real.control.clone(), perturbed: BTreeMap::new() };
    assert_eq!(referee(&none, &none, &genes, Rules::default()), Err(RefereeError::Nothing));
    assert!(referee(&real, &real, &genes[1..], Rules::default()).is_err());
    // One perturbation only, and a single cell of it.
    let one = |side: &Side| {
        let cells = log_normalise(&Counts::from_dense_rows(genes.len(), [[3; 140].as_slice()]), Target::Median);
        Side { control: side.control.clone(), perturbed: BTreeMap::from([("TNF".to_owned(), cells)]) }
    };
    let single = referee(&one(&real), &one(&real), &genes, Rules::default()).unwrap();
    assert_eq!(single.perturbations["TNF"]["discrimination_score_l1"], 1.0);
}

#[test]
fn the_order_of_work_changes_nothing() {
    let fixture = Fixture::read("current");
    let (real, predicted, genes) = (fixture.side("real"), fixture.side("pred"), fixture.texts("genes"));
    let backwards = |n: usize, piece: &(dyn Fn(usize) + Sync)| (0..n).rev().for_each(piece);
    for convention in [Convention::PerPerturbation, Convention::AllPairs] {
        let turned = Rules { spread: Spread::new(&backwards), ..rules(convention) };
        let own = referee(&real, &predicted, &genes, rules(convention)).unwrap();
        assert_eq!(referee(&real, &predicted, &genes, turned).unwrap(), own);
        // A perturbation that is left out changes no other one's own metrics, but for q-values over all pairs.
        let mut fewer = real.clone();
        fewer.perturbed.remove("TNF");
        let whole = Digest::new(&real, rules(convention)).unwrap().only(|name| name != "TNF");
        assert_eq!(whole.effects(), Digest::new(&fewer, rules(convention)).unwrap().effects());
    }
}
