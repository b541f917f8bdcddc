//! Differential expression against scipy, and its corner cases.
//!
//! Does: compares with `fixtures/de.json`, written by `fixtures/make_de.py`.
//! Does not know: anything but the public functions of `de`.

// A test fails by panicking; that is what `unwrap` is for here.
#![allow(clippy::unwrap_used)]

use super::{DeError, Differential, benjamini_hochberg, compare};
use crate::counts::Counts;
use crate::normalise::{Target, log_normalise};

#[derive(serde::Deserialize)]
struct Fixture {
    target: f64,
    control: Vec<Vec<u32>>,
    perturbed: Vec<Vec<u32>>,
    p: Vec<f64>,
    q: Vec<f64>,
    log2_fold_change: Vec<f64>,
}

#[test]
fn agrees_with_scipy() {
    let fixtures: Vec<Fixture> = serde_json::from_str(include_str!("../../fixtures/de.json")).unwrap();
    for fixture in &fixtures {
        let genes = fixture.p.len();
        let side = |rows: &[Vec<u32>]| {
            log_normalise(&Counts::from_dense_rows(genes, rows.iter().map(Vec::as_slice)), Target::Sum(fixture.target))
        };
        let shifts = compare(&side(&fixture.control), &side(&fixture.perturbed)).unwrap();
        for (gene, shift) in shifts.iter().enumerate() {
            // Relative 1e-9: the same formula in f64; ranks do not depend on f32 storage.
            let close = |a: f64, b: f64, tolerance: f64| (a - b).abs() <= tolerance * b.abs().max(1e-300);
            assert!(close(shift.p, fixture.p[gene], 1e-9), "gene {gene}: {} {}", shift.p, fixture.p[gene]);
            assert!(close(shift.q, fixture.q[gene], 1e-9), "gene {gene}: {} {}", shift.q, fixture.q[gene]);
            // Values are stored as f32: relative 1e-5 of the fold change, or absolute near 0.
            let expected = fixture.log2_fold_change[gene];
            assert!((shift.log2_fold_change - expected).abs() <= 1e-5 * expected.abs().max(1.0), "gene {gene}");
        }
    }
}

#[test]
fn stops_half_way_and_goes_on() {
    let rows: Vec<Vec<u32>> = (0..6).map(|cell| (0..10).map(|gene| (cell * gene) % 4).collect()).collect();
    let data = log_normalise(&Counts::from_dense_rows(10, rows.iter().map(Vec::as_slice)), Target::Sum(100.0));
    let mut work = Differential::new(&data, &data).unwrap();
    assert!((work.step(4) - 0.4).abs() < 1e-12);
    let shifts = work.finish();
    assert_eq!(shifts, compare(&data, &data).unwrap());
    // Nothing differs from itself.
    assert!(shifts.iter().all(|shift| shift.p > 0.9 && shift.log2_fold_change == 0.0));
}

#[test]
fn empty_sides_are_refused() {
    let data =
        log_normalise(&Counts::from_dense_rows(2, [[1_u32, 1]].iter().map(|row| row.as_slice())), Target::Median);
    let none = log_normalise(&Counts::empty(2), Target::Median);
    assert_eq!(Differential::new(&data, &none).err(), Some(DeError::Empty("perturbed")));
    assert!(Differential::new(&data, &log_normalise(&Counts::empty(3), Target::Median)).is_err());
    assert!(benjamini_hochberg(&[]).is_empty());
}
