//! Differential expression against scipy, and its corner cases.
//!
//! Does: compares with `fixtures/de.json`, written by `fixtures/make_de.py`.
//! Does not know: anything but the public functions of `de`.

// A test fails by panicking; that is what `unwrap` is for here.
#![allow(clippy::unwrap_used)]

use proptest::prelude::{Strategy, prop, prop_assert, prop_assert_eq, proptest};

use super::{Control, DeError, Differential, benjamini_hochberg, compare};
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
fn a_gene_that_nobody_has_is_at_zero() {
    let data =
        log_normalise(&Counts::from_dense_rows(2, [[3_u32, 0]].iter().map(|row| row.as_slice())), Target::Median);
    let shift = compare(&data, &data).unwrap()[1];
    // Not −0, which a table would show.
    assert!(shift.mean_control.is_sign_positive() && shift.mean_perturbed.is_sign_positive());
    assert_eq!((shift.p, shift.log2_fold_change), (1.0, 0.0));
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

/// Counts of up to a few dozen cells on one side; often the same, so that there are many ties.
fn side() -> impl Strategy<Value = Vec<Vec<u32>>> {
    prop::collection::vec(prop::collection::vec(0_u32..4, 3), 1..30)
}

/// The p-value by counting all pairs and all ties.
fn by_pairs(control: &[f32], perturbed: &[f32]) -> f64 {
    let (n, m) = (control.len() as f64, perturbed.len() as f64);
    let wins = |a: f32, b: f32| if a > b { 1.0 } else { f64::from(u8::from(a == b)) / 2.0 };
    let u: f64 = perturbed.iter().flat_map(|a| control.iter().map(move |b| wins(*a, *b))).sum();
    let all: Vec<f32> = control.iter().chain(perturbed).copied().collect();
    // Σ over values of t³ − t is Σ over cells of t² − 1, t being how many cells share the cell's value.
    let share = |value: &f32| all.iter().filter(|other| *other == value).count() as f64;
    let ties: f64 = all.iter().map(|value| share(value).powi(2) - 1.0).sum();
    let variance = n * m / 12.0 * ((n + m + 1.0) - ties / ((n + m) * (n + m - 1.0)));
    if variance.is_nan() || variance <= 0.0 {
        return 1.0;
    }
    let z = ((u - n * m / 2.0).abs() - 0.5) / variance.sqrt();
    statrs::function::erf::erfc(z / std::f64::consts::SQRT_2).clamp(0.0, 1.0)
}

proptest! {
    #[test]
    fn ranks_are_those_of_all_pairs(control in side(), perturbed in side()) {
        let data = |rows: &[Vec<u32>]| {
            log_normalise(&Counts::from_dense_rows(3, rows.iter().map(Vec::as_slice)), Target::Sum(10.0))
        };
        let (a, b) = (data(&control), data(&perturbed));
        let shifts = compare(&a, &b).unwrap();
        for (gene, shift) in shifts.iter().enumerate() {
            let expected = by_pairs(&a.gene(gene as u32), &b.gene(gene as u32));
            // The same sums in another order.
            prop_assert!((shift.p - expected).abs() < 1e-12, "gene {gene}: {} and {expected}", shift.p);
        }
        // Sorted once for many comparisons, or stepped: the same to the bit.
        prop_assert_eq!(&Control::new(&a).unwrap().compare(&b).unwrap(), &shifts);
        // Neither side goes first: p is that of the sides exchanged, differences turn round.
        for (own, turned) in shifts.iter().zip(compare(&b, &a).unwrap()) {
            prop_assert!((own.p - turned.p).abs() < 1e-12 && own.difference == -turned.difference);
        }
    }
}
