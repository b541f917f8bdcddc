//! Population metrics beside scipy, harmonypy and the scDiffusion notebook's formula.
//!
//! Does: reads points, counts and scores that `referee/make_population.py` made, and compares.
//! Does not know: Python.
//! Flow: fixture → **discrepancy, mixing, Wasserstein distance**.

// A test fails by panicking; that is what `unwrap` is for here.
#![allow(clippy::unwrap_used)]

use cells::Counts;
use cells::normalise::{Normalised, Target, log_normalise};
use cells::population::{discrepancy, mixing, wasserstein};
use serde_json::Value;

#[test]
fn population_metrics_are_those_of_the_packages() {
    let path = format!("{}/tests/referee/population.json", env!("CARGO_MANIFEST_DIR"));
    let fixture: Value = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    let points =
        |key: &str| -> Vec<f32> { serde_json::from_value::<Vec<Vec<f32>>>(fixture[key].clone()).unwrap().concat() };
    let (real, made) = (points("real"), points("made"));
    let near = |what: &str, own: f64, tolerance: f64| {
        let expected = fixture[what].as_f64().unwrap();
        assert!((own - expected).abs() < tolerance, "{what}: {own}, expected {expected}");
    };
    // Coordinates are f32 here.
    near("mmd", discrepancy(&real, &made, 5), 1e-6);
    // The width of a neighbourhood is found to 1e-5 of its entropy.
    near("ilisi", mixing(&real, &made, 5), 1e-4);
    let side = |place: usize| -> Normalised {
        let rows: Vec<Vec<u32>> = serde_json::from_value(fixture["counts"][place].clone()).unwrap();
        log_normalise(&Counts::from_dense_rows(12, rows.iter().map(Vec::as_slice)), Target::Sum(100.0))
    };
    near("wasserstein", wasserstein(&side(0), &side(1)), 1e-6);
}
