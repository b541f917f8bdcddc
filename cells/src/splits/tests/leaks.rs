//! Planted leaks, each found and named.

use super::{GENES, condition, control, screen};
use crate::splits::{
    Choice, LeakCheck, LeakError, Parts, Split, View, check, given, held_out_contexts, held_out_perturbations,
};
use crate::{Cells, Column, Counts};

/// A split of three donors and five cytokines that holds C02 out for validation and C04 for the test.
fn example() -> (Cells, Split, Parts) {
    let cells = screen(3, 5);
    let (validation, test) = (Choice::Values(vec!["C02".to_owned()]), Choice::Values(vec!["C04".to_owned()]));
    let split = held_out_perturbations(&cells.labels, &control(), &validation, &test, 1).unwrap();
    let parts = split.apply(&cells).unwrap();
    (cells, split, parts)
}

/// The training cells with the counts of `from` at place `to` of them.
fn with_counts(training: &Cells, to: usize, from: &Cells, cell: usize) -> Cells {
    let mut all = training.counts.clone();
    all.append(&from.counts.select_cells(&[cell])).unwrap();
    let mut order: Vec<usize> = (0..training.len()).collect();
    order[to] = training.len();
    Cells { counts: all.select_cells(&order), ..training.clone() }
}

#[test]
fn parts_of_a_split_are_apart() {
    let (cells, split, parts) = example();
    let checked = check(View::of(&cells, &parts.training), View::of(&cells, &parts.test), &split).unwrap();
    assert_eq!((checked.training, checked.held_out), (24, 6));
    assert_eq!(checked.warnings(), Vec::<String>::new());
    // The validation part, and both at once, can be looked at too.
    let mut both = [parts.validation.as_slice(), &parts.test].concat();
    for held_out in [&parts.validation, &both] {
        let checked = check(View::of(&cells, &parts.training), View::of(&cells, held_out), &split).unwrap();
        assert_eq!(checked.warnings(), Vec::<String>::new());
    }
    both.push(parts.training[0]);
    let checked = check(View::of(&cells, &parts.training[1..]), View::of(&cells, &both), &split).unwrap();
    assert_eq!(checked.not_held_out, 1);
    assert!(checked.warnings()[0].starts_with("1 held-out cells belong to the split's training part"));
}

#[test]
fn a_held_out_condition_in_training_is_found() {
    let (cells, split, parts) = example();
    // Renamed and with counts of their own, so that nothing but the labels gives them away.
    let mut training = cells.clone();
    training.names = (0..cells.len()).map(|cell| format!("new-{cell}")).collect();
    training.counts = Counts::from_dense_rows(GENES, (0..cells.len()).map(|_| [9_u32; GENES].as_slice()));
    let places = [parts.training.as_slice(), &parts.test[..2], &parts.validation[..1]].concat();
    let error = check(View::of(&training, &places), View::of(&cells, &parts.test), &split).unwrap_err();
    let LeakError::Leaks(leaks) = &error else { panic!("{error}") };
    let expected = [(condition(&[("cytokine", "C02")]), 1), (condition(&[("cytokine", "C04")]), 2)];
    assert_eq!(leaks.conditions, expected.into());
    assert_eq!((leaks.names.count, leaks.counts.count), (0, 0));
    assert_eq!(
        error.to_string(),
        "training and held-out cells are not apart; 2 held-out conditions appear in training: cytokine = C02 (1 cells), cytokine = C04 (2 cells): train only on the split's training part"
    );
}

#[test]
fn one_identifier_on_both_sides_is_found() {
    let (cells, mut split, parts) = example();
    let mut training = cells.select(&parts.training);
    training.names[7] = cells.names[parts.test[3]].clone();
    let test = cells.select(&parts.test);
    let error = check(View::whole(&training), View::whole(&test), &split).unwrap_err();
    let LeakError::Leaks(leaks) = &error else { panic!("{error}") };
    assert_eq!((leaks.names.count, leaks.counts.count, leaks.conditions.len()), (1, 0, 0));
    assert_eq!(leaks.names.examples, [format!("`{}`", test.names[3])]);
    assert!(error.to_string().contains("name its column in the split's `source`"), "{error}");
    // The same identifier in two data sets is two cells; in one data set it is not.
    let sourced = |cells: &Cells, name: &str| {
        let mut own = cells.clone();
        own.labels.insert("dataset".to_owned(), Column::categorical(&vec![name; cells.len()]));
        own
    };
    split.source = Some("dataset".to_owned());
    let (here, there) = (sourced(&training, "here"), sourced(&training, "there"));
    let test = sourced(&test, "there");
    assert!(check(View::whole(&here), View::whole(&test), &split).is_ok());
    let error = check(View::whole(&there), View::whole(&test), &split).unwrap_err();
    assert!(error.to_string().contains(" of there: take them out"), "{error}");
    let error = check(View::whole(&training), View::whole(&test), &split).unwrap_err();
    assert!(error.to_string().contains("no label `dataset`"), "{error}");
}

#[test]
fn equal_counts_under_another_name_are_found() {
    let (cells, split, parts) = example();
    let training = cells.select(&parts.training);
    let copied = with_counts(&training, 5, &cells, parts.test[2]);
    let error = check(View::whole(&copied), View::of(&cells, &parts.test), &split).unwrap_err();
    let LeakError::Leaks(leaks) = &error else { panic!("{error}") };
    assert_eq!((leaks.names.count, leaks.counts.count, leaks.conditions.len()), (0, 1, 0));
    let (own, other) = (&training.names[5], &cells.names[parts.test[2]]);
    assert_eq!(leaks.counts.examples, [format!("`{own}` is `{other}` (30 detected genes)")]);
    assert!(error.to_string().contains("take the copies out of training"), "{error}");
    // One count more is another cell.
    let mut row = [0; GENES];
    cells.counts.dense_row(parts.test[2], &mut row);
    row[0] += 1;
    let near = Cells { counts: Counts::from_dense_rows(GENES, [row.as_slice()]), ..cells.select(&[parts.training[5]]) };
    assert!(check(View::whole(&near), View::of(&cells, &parts.test), &split).is_ok());
}

#[test]
fn small_cells_are_not_compared_and_that_is_said() {
    let (cells, split, parts) = example();
    let detected = |genes: usize| {
        let row: Vec<u32> = (0..GENES).map(|gene| u32::from(gene < genes)).collect();
        let one = |place: usize| {
            let counts = Counts::from_dense_rows(GENES, [row.as_slice()]);
            Cells { counts, ..cells.select(&[place]) }
        };
        let (training, test) = (one(parts.training[0]), one(parts.test[0]));
        check(View::whole(&training), View::whole(&test), &split)
    };
    let checked = detected(19).unwrap();
    assert_eq!((checked.small_training, checked.small_held_out), (1, 1));
    assert!(checked.warnings()[0].starts_with("1 of 1 training cells have fewer than 20 detected genes"));
    assert!(detected(20).is_err());
}

#[test]
fn what_could_not_be_seen_is_said() {
    let (cells, split, parts) = example();
    let checked = check(View::of(&cells, &[]), View::of(&cells, &parts.test), &split).unwrap();
    assert_eq!(checked.warnings(), ["there was no training cell to look at, so nothing was checked"]);
    let checked = check(View::of(&cells, &parts.training), View::of(&cells, &[]), &split).unwrap();
    assert_eq!(checked.without_cells, [condition(&[("cytokine", "C04")])]);
    assert_eq!(checked.warnings().len(), 2);
    // A label is missing (code −1), and joined cells have an empty text for it.
    for missing in [Column::Categorical { codes: vec![-1; 36], categories: vec![] }, Column::categorical(&[""; 36])] {
        let mut blank = cells.clone();
        blank.labels.insert("cytokine".to_owned(), missing);
        assert_eq!(split.apply(&blank).unwrap().unlabelled, 36);
        let checked = check(View::of(&blank, &parts.training), View::of(&cells, &parts.test), &split).unwrap();
        assert_eq!(checked.unlabelled, 24);
        assert!(checked.warnings()[0].contains("lack a label"));
    }
}

#[test]
fn conditions_without_cells_are_warned_of() {
    let (cells, _, _) = example();
    let test = ["D1", "D2"].map(|donor| condition(&[("donor", donor), ("cytokine", "C04")])).to_vec();
    let split = given(&cells.labels, "two", "Two conditions.", Some(control()), vec![], test.clone()).unwrap();
    let parts = split.apply(&cells).unwrap();
    let checked = check(View::of(&cells, &parts.training), View::of(&cells, &parts.test[..2]), &split).unwrap();
    assert_eq!(checked.without_cells, test[1..]);
    assert_eq!(checked.warnings(), ["1 conditions of the split have no cells: cytokine = C04 and donor = D2"]);
}

#[test]
fn training_cells_come_in_shards() {
    let (cells, split, parts) = example();
    let training = cells.select(&parts.training);
    let copied = with_counts(&training, 20, &cells, parts.test[0]);
    let places: Vec<usize> = (0..copied.len()).collect();
    let run = |cells_: &Cells| {
        let mut check = LeakCheck::new(&split, View::of(&cells, &parts.test)).unwrap();
        for shard in places.chunks(5) {
            // A shard of its own, read and forgotten, as a store gives them.
            let shard = cells_.select(shard);
            check.training(View::whole(&shard)).unwrap();
        }
        check.finish()
    };
    assert_eq!(run(&training).unwrap().training, 24);
    let LeakError::Leaks(leaks) = run(&copied).unwrap_err() else { panic!("another error") };
    assert_eq!(leaks.counts.count, 1);
}

#[test]
fn other_genes_are_refused() {
    let (cells, split, parts) = example();
    let mut panel = cells.genes.clone();
    panel[3] = "other".to_owned();
    let other = cells.with_panel(&panel);
    let error = check(View::of(&other, &parts.training), View::of(&cells, &parts.test), &split).unwrap_err();
    assert_eq!(error, LeakError::Panel { place: 3 });
}

#[test]
fn a_whole_context_in_training_is_found_once() {
    let cells = screen(3, 2);
    let test = Choice::Values(vec!["D2".to_owned()]);
    let split = held_out_contexts(&cells.labels, "donor", Some(&control()), &Choice::none(), &test, 1).unwrap();
    let parts = split.apply(&cells).unwrap();
    let error = check(View::whole(&cells), View::of(&cells, &parts.test), &split).unwrap_err();
    let LeakError::Leaks(leaks) = error else { panic!("another error") };
    // Four perturbed cells of D2; its two control cells train and are no leak. Each cell is also found by its name,
    // and then not once more by its counts.
    assert_eq!(leaks.conditions, [(condition(&[("donor", "D2")]), 4)].into());
    assert_eq!((leaks.names.count, leaks.counts.count), (4, 0));
}
