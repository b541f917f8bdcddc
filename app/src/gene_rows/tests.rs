//! Cuts, orders, windows, keys and texts of the table of genes.

// A test fails by panicking; that is what `unwrap` is for here.
#![allow(clippy::unwrap_used)]

use super::{Column, Columns, Cuts, Direction, MARGIN, Order, moved, names, rows, scrolled_to, surest, text, window};

const CHANGE: [f64; 5] = [2.0, -3.0, 0.1, 0.0, 2.0];
const P: [f64; 5] = [1e-9, 1e-6, 0.5, 1.0, 1e-10];
const Q: [f64; 5] = [1e-6, 1e-3, 1.0, 1.0, 1e-6];
const CONTROL: [f64; 5] = [1.0, 4.0, 2.0, 0.0, 1.0];
const PERTURBED: [f64; 5] = [4.0, 0.5, 2.1, 0.0, 4.0];
const LOW: [f64; 5] = [0.5, -1.5, -0.2, 0.0, 0.4];
const HIGH: [f64; 5] = [1.5, -0.5, 0.4, 0.0, 1.4];
const MEASURED: ([f32; 5], [f32; 5]) = ([0.0, 1.0, f32::NAN, 0.0, 0.5], [1.0, 0.5, 1.0, 0.0, 0.5]);

fn with<T>(look: impl FnOnce(&Columns<'_>) -> T) -> T {
    let genes: Vec<String> = ["ISG15", "CD14", "IL6", "NONE", "IFI6"].map(str::to_owned).into();
    look(&Columns {
        genes: &genes,
        change: &CHANGE,
        p: &P,
        q: &Q,
        control: &CONTROL,
        perturbed: &PERTURBED,
        low: &LOW,
        high: &HIGH,
        measured: Some((&MEASURED.0, &MEASURED.1)),
    })
}

#[test]
fn every_column_sorts_both_ways() {
    with(|columns| {
        let sorted = |column, descending| rows(columns, Order { column, descending }, &Cuts::default());
        // IFI6 and ISG15 tie by q: the smaller p goes first, in either direction.
        assert_eq!(sorted(Column::Q, false), [4, 0, 1, 2]);
        assert_eq!(sorted(Column::Q, true), [2, 1, 4, 0]);
        assert_eq!(sorted(Column::P, false), [4, 0, 1, 2]);
        assert_eq!(sorted(Column::Gene, false), [1, 4, 2, 0]);
        assert_eq!(sorted(Column::Gene, true), [0, 2, 4, 1]);
        assert_eq!(sorted(Column::Change, true), [4, 0, 2, 1]);
        assert_eq!(sorted(Column::Change, false), [1, 2, 4, 0]);
        assert_eq!(sorted(Column::Difference, true), [0, 4, 2, 1]);
        assert_eq!(sorted(Column::Control, true), [1, 2, 4, 0]);
        assert_eq!(sorted(Column::Perturbed, false), [1, 2, 4, 0]);
        // IL6 has no measured difference: last either way.
        assert_eq!(sorted(Column::Measured, true), [0, 4, 1, 2]);
        assert_eq!(sorted(Column::Measured, false), [1, 4, 0, 2]);
    });
    let order = Order::default();
    assert_eq!(order.clicked(Column::Q), Order { column: Column::Q, descending: true });
    assert_eq!(
        order.clicked(Column::Change).clicked(Column::Change),
        Order { column: Column::Change, descending: false }
    );
    assert!(!order.clicked(Column::Gene).descending && order.clicked(Column::Control).descending);
}

#[test]
fn cuts_leave_what_passes_all_of_them() {
    with(|columns| {
        let passing = |cuts: Cuts| rows(columns, Order { column: Column::Gene, descending: false }, &cuts);
        let all = Cuts::default;
        assert_eq!(passing(Cuts { q: 0.05, ..all() }), [1, 4, 0]);
        assert_eq!(passing(Cuts { change: 2.5, ..all() }), [1]);
        assert_eq!(passing(Cuts { direction: Direction::Up, ..all() }), [4, 2, 0]);
        assert_eq!(passing(Cuts { direction: Direction::Down, ..all() }), [1]);
        assert_eq!(passing(Cuts { names: names("isg, cd14"), ..all() }), [1, 0]);
        assert_eq!(passing(Cuts { genes: names("IFI6"), ..all() }), [4], "called so, by its whole symbol");
        assert!(passing(Cuts { names: names("NONE"), ..all() }).is_empty(), "no cell has it");
        assert_eq!(surest(columns, 0.05, 2), [4, 0]);
        // Too short a column shortens the table instead of ending the page.
        assert_eq!(rows(&Columns { q: &Q[..1], ..*columns }, Order::default(), &all()), [0]);
    });
    assert!(rows(&Columns::default(), Order::default(), &Cuts::default()).is_empty());
}

#[test]
fn lists_are_read_as_people_write_them() {
    assert_eq!(names(" isg15,CD14;  \"MX1\"\nISG15\t'hla-dra' ,,"), ["ISG15", "CD14", "MX1", "HLA-DRA"]);
    assert!(names(" , \n").is_empty());
}

#[test]
fn a_window_holds_what_is_in_sight_and_the_heights_add_up() {
    for rows in [0, 1, 5, 40, 9015, 19_526] {
        for scrolled in [-20.0, 0.0, 13.0, 500.0, 26.0 * 9000.0, 1e9] {
            let seen = window(scrolled, 330.0, 26.0, rows);
            assert!(seen.first <= seen.end && seen.end <= rows);
            assert!(seen.end - seen.first <= 330 / 26 + 2 + 2 * MARGIN + 1, "{seen:?}");
            let height = seen.above + (seen.end - seen.first) as f64 * 26.0 + seen.below;
            assert!((height - rows as f64 * 26.0).abs() < 1e-6, "{seen:?}");
            // What the box shows is among the rows.
            let top = (scrolled.max(0.0) / 26.0) as usize;
            if top + 14 < rows {
                assert!(seen.first <= top && top + 13 < seen.end, "{scrolled}: {seen:?}");
            } else if rows > 0 {
                assert_eq!(seen.end, rows);
            }
        }
    }
    assert_eq!(window(f64::NAN, f64::NAN, f64::NAN, 3).end, 3);
}

#[test]
fn keys_move_within_the_rows() {
    let moves = [
        ("ArrowDown", None, Some(0)),
        ("ArrowDown", Some(3), Some(4)),
        ("ArrowDown", Some(99), Some(99)),
        ("ArrowUp", Some(0), Some(0)),
        ("PageDown", Some(3), Some(13)),
        ("PageDown", Some(95), Some(99)),
        ("PageUp", Some(5), Some(0)),
        ("Home", Some(50), Some(0)),
        ("End", None, Some(99)),
        ("a", Some(1), None),
    ];
    for (key, now, next) in moves {
        assert_eq!(moved(key, now, 100, 10), next, "{key} from {now:?}");
    }
    assert_eq!(moved("End", None, 0, 10), None);
}

#[test]
fn a_row_is_scrolled_into_sight_and_no_further() {
    let to = |at, scrolled| scrolled_to(at, scrolled, (330.0, 30.0), 25.0);
    assert_eq!(to(0, 500.0), 0.0);
    assert_eq!(to(10, 100.0), 100.0);
    assert_eq!(to(20, 100.0), 21.0 * 25.0 - 300.0);
    assert_eq!(to(19, 500.0), 475.0);
}

#[test]
fn the_text_has_every_gene_and_what_made_it() {
    with(|columns| {
        let notes = [("seed".to_owned(), "7".to_owned())];
        for separator in [',', '\t'] {
            let text = text(columns, ["control", "perturbed"], &notes, separator);
            let lines: Vec<&str> = text.lines().collect();
            assert_eq!((lines[0], lines.len()), ("# seed: 7", 7));
            let fields = |line: &str| line.split(separator).map(str::to_owned).collect::<Vec<_>>();
            assert_eq!(fields(lines[1])[..2], ["gene", "log2_fold_change"]);
            assert_eq!(fields(lines[1]).len(), 10);
            assert_eq!(fields(lines[3])[..4], ["CD14", "-3", "1e-6", "1e-3"]);
            assert!(lines[1..].iter().all(|line| fields(line).len() == 10));
        }
        let other = text(&Columns { measured: None, ..*columns }, ["A", "B"], &notes, ',');
        assert!(!other.contains("measured") && other.contains(",mean_a,mean_b,") && !other.contains("control"));
    });
}

#[test]
fn no_name_is_computed_or_takes_a_line_apart() {
    with(|columns| {
        let mut genes = columns.genes.to_vec();
        (genes[0], genes[1], genes[2], genes[3]) = ("=1+1".into(), "a,b\tc".into(), "@x".into(), "-y".into());
        let notes = [("source".to_owned(), "cells,=cmd,+1+1".to_owned())];
        for (separator, quoted) in [(',', "\"a,b\tc\","), ('\t', "\"a,b\tc\"\t")] {
            let text = text(&Columns { genes: &genes, ..*columns }, ["control", "perturbed"], &notes, separator);
            assert!(text.contains(quoted), "{text}");
            for marked in ["'=1+1", "'@x", "'-y"] {
                assert!(text.contains(&format!("\n{marked}{separator}")), "{marked} in {text}");
            }
            assert_eq!(text.starts_with("# source: cells,'=cmd,'+1+1\n"), separator == ',', "{text}");
        }
    });
}
