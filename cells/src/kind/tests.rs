//! Tests of what values are taken for.
//!
//! Does: changes small counts in the ways of the field, and judges them.
//! Does not know: files.

use super::{Hints, Kind, Look, is_count};

/// Counts of 8 cells × 6 genes of different depths.
fn counts() -> Vec<Vec<f64>> {
    let count = |cell: usize, gene: usize| ((cell * 7 + gene * 5) % 4 + (cell + gene) % 2 * (1 + cell)) as f64;
    (0..8).map(|cell| (0..6).map(|gene| count(cell, gene)).collect()).collect()
}

fn judge(cells: &[Vec<f64>], hints: Hints) -> (Kind, String) {
    let mut look = Look::default();
    cells.iter().for_each(|cell| look.cell(cell));
    let judged = look.judge(hints);
    (judged.kind, judged.why)
}

fn each(change: impl Fn(&[f64], f64) -> f64) -> Vec<Vec<f64>> {
    let sum = |cell: &Vec<f64>| cell.iter().sum::<f64>();
    counts().iter().map(|cell| cell.iter().map(|value| change(&[*value], sum(cell))).collect()).collect()
}

#[test]
fn kinds_are_told_apart() {
    let none = Hints::default();
    let natural = Kind::LogNormalised { base: std::f64::consts::E };
    let cases: [(Vec<Vec<f64>>, Kind); 10] = [
        (counts(), Kind::Counts),
        (each(|v, sum| (v[0] / sum * 1e4).ln_1p()), natural),
        (each(|v, sum| (v[0] / sum * 1e6).ln_1p()), natural),
        (each(|v, sum| (v[0] / sum * 1e4 + 1.0).log2()), Kind::LogNormalised { base: 2.0 }),
        (each(|v, sum| (v[0] / sum * 1e4 + 1.0).log10()), Kind::LogNormalised { base: 10.0 }),
        (each(|v, sum| v[0] / sum * 1e6), Kind::Normalised { sum: 1e6 }),
        (each(|v, _| v[0] * 0.93), Kind::Corrected),
        (each(|v, _| (v[0] - 0.13).max(0.0)), Kind::Corrected),
        (each(|v, _| v[0] - 1.5), Kind::Scaled),
        (vec![vec![1.0, f64::NAN]], Kind::Other),
    ];
    for (number, (cells, kind)) in cases.iter().enumerate() {
        let (found, why) = judge(cells, none);
        // Sums are means, so they may be off by a rounding error.
        let found = if let Kind::Normalised { sum } = found { Kind::Normalised { sum: sum.round() } } else { found };
        assert_eq!(found, *kind, "case {number}: {why}");
        assert!(!why.is_empty());
    }
}

#[test]
fn a_part_of_the_genes_is_still_log_normalised() {
    // Sums over the chosen genes differ, but before the logarithm values are multiples of a cell's unit.
    let cells: Vec<Vec<f64>> =
        each(|v, sum| (v[0] / sum * 1e4).ln_1p()).into_iter().map(|cell| cell[..4].to_vec()).collect();
    assert!(matches!(judge(&cells, Hints::default()).0, Kind::LogNormalised { .. }));
    let twice = each(|v, sum| (v[0] / sum * 30.0 + 1.0).log2()).into_iter().map(|cell| cell[..4].to_vec());
    assert_eq!(judge(&twice.collect::<Vec<_>>(), Hints::default()).0, Kind::LogNormalised { base: 2.0 });
    let sizes = each(|v, sum| v[0] / sum * 40.0).into_iter().map(|cell| cell[..4].to_vec()).collect::<Vec<_>>();
    assert_eq!(judge(&sizes, Hints::default()).0, Kind::Normalised { sum: 0.0 });
}

#[test]
fn what_values_cannot_tell_hints_do() {
    let mut cells = vec![vec![1.0]; 64];
    cells.extend(vec![vec![2.5]; 28]);
    assert!(matches!(judge(&cells, Hints::default()).0, Kind::LogNormalised { .. }));
    let counted = Hints { counted: true, ..Hints::default() };
    assert_eq!(judge(&cells, counted).0, Kind::Corrected);
    let odd = vec![vec![0.31, 1.7, 2.2], vec![0.4, 0.9, 1.31]];
    assert_eq!(judge(&odd, Hints::default()).0, Kind::Corrected);
    assert!(matches!(judge(&odd, Hints { logged: true, counted: false }).0, Kind::LogNormalised { .. }));
    // Thousands of values, and none of them large.
    let many: Vec<Vec<f64>> = (0..900).map(|cell| odd[cell % 2].clone()).collect();
    assert!(matches!(judge(&many, Hints::default()).0, Kind::LogNormalised { .. }));
    assert_eq!(judge(&many, counted).0, Kind::Corrected);
}

#[test]
fn numbers_are_short() {
    let all = [9999.9996, 0.5, 1e6, 2.79, -2.22083, 0.0, 123_456.7, 0.000_12].map(super::short);
    assert_eq!(all, ["10000", "0.5", "1000000", "2.79", "-2.221", "0", "123457", "0.00012"]);
}

#[test]
fn counts_are_whole_and_small() {
    assert!(is_count(0.0) && is_count(4_294_967_295.0));
    assert!(!is_count(4_294_967_296.0) && !is_count(-1.0) && !is_count(0.5) && !is_count(f64::NAN));
}
