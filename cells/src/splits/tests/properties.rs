//! What holds for any screen and any seed.

use std::collections::BTreeMap;

use proptest::prelude::{Strategy, any, prop, prop_assume, proptest};

use super::{cells_of, control};
use crate::Cells;
use crate::splits::{
    Choice, Condition, Control, Draw, ParseShape, Part, Split, View, check, held_out_contexts, held_out_perturbations,
    parse,
};

/// A screen of some donors with PBS and some of nine cytokines each, and how its cells are to be shuffled.
fn screens() -> impl Strategy<Value = (Cells, Vec<usize>)> {
    let donors = prop::collection::vec(prop::collection::vec(0_usize..9, 2..14), 4..8);
    let rows = donors.prop_map(|donors| {
        let mut rows = Vec::new();
        for (donor, cytokines) in donors.iter().enumerate() {
            rows.push([format!("D{donor}"), "PBS".to_owned(), "B".to_owned()]);
            let kind = |at: usize| ["B", "T", "NK"][at % 3].to_owned();
            let own = cytokines.iter().enumerate();
            rows.extend(own.map(|(at, cytokine)| [format!("D{donor}"), format!("C{cytokine}"), kind(at)]));
        }
        rows
    });
    rows.prop_flat_map(|rows| {
        let order: Vec<usize> = (0..rows.len()).collect();
        (proptest::strategy::Just(cells_of(&rows)), proptest::strategy::Just(order).prop_shuffle())
    })
}

/// A share with two digits: readers of JSON may round the seventeenth.
fn percent(share: u32) -> f64 {
    f64::from(share) / 100.0
}

fn labels_of(cells: &Cells, cell: usize) -> Condition {
    let pairs = cells.labels.iter().map(|(key, column)| (key.clone(), column.text(cell).unwrap().into_owned()));
    pairs.collect()
}

/// Every split is whole, keeps the control, leaks nothing and survives being written.
fn holds(split: &Split, cells: &Cells) {
    let parts = split.apply(cells).unwrap();
    let mut part_of = BTreeMap::new();
    for (part, own) in
        [(Part::Training, &parts.training), (Part::Validation, &parts.validation), (Part::Test, &parts.test)]
    {
        assert!(own.windows(2).all(|pair| pair[0] < pair[1]), "{part} does not ascend");
        for cell in own {
            assert_eq!(part_of.insert(*cell, part), None, "cell {cell} is of two parts");
        }
    }
    assert_eq!(part_of.len(), cells.len(), "not every cell has a part");
    for (cell, part) in &part_of {
        let labels = labels_of(cells, *cell);
        assert_eq!(split.part_of(&labels), *part);
        // By the lists themselves and not by the code under test.
        let named = |list: &[Condition]| list.iter().any(|own| own.iter().all(|(key, value)| labels[key] == *value));
        if labels["cytokine"] == "PBS" && split.control.as_ref().is_some_and(|own| own.kept) {
            assert_eq!(*part, Part::Training, "a control cell is held out");
        } else {
            assert_eq!(named(&split.test), *part == Part::Test);
            assert_eq!(named(&split.validation), *part == Part::Validation);
        }
    }
    let checked = check(View::of(cells, &parts.training), View::of(cells, &parts.test), split).unwrap();
    assert!(checked.without_cells.is_empty() && checked.not_held_out == 0);
    assert_eq!((checked.training, checked.held_out), (parts.training.len(), parts.test.len()));
    let text = serde_json::to_string(split).unwrap();
    assert_eq!(serde_json::from_str::<Split>(&text).unwrap(), *split);
}

proptest! {
    #[test]
    fn the_paper_s_split_holds(
        (cells, order) in screens(), seed in any::<u64>(), kept in 20..70_u32, per_donor in any::<bool>(),
    ) {
        let donors = crate::splits::groups::distinct(&cells.labels, "donor").unwrap().len();
        let draw = if per_donor { Draw::PerDonor } else { Draw::Shared };
        let shape = ParseShape {
            training_donors: donors - 3, validation_donors: 1, test_donors: 2,
            validation_kept: percent(kept), test_kept: percent(kept), named_test_donors: None, draw,
        };
        let make = |cells: &Cells| parse(&cells.labels, "donor", &control(), &shape, seed);
        // A donor with one or two cytokines may have none to hold out; that is refused, and not of interest here.
        let split = make(&cells);
        prop_assume!(split.is_ok());
        let split = split.unwrap();
        holds(&split, &cells);
        assert_eq!(make(&cells.select(&order)).unwrap(), split);
    }

    #[test]
    fn held_out_values_hold(
        (cells, order) in screens(), seed in any::<u64>(), share in 15..40_u32, kept in any::<bool>(),
    ) {
        let control = Control { kept, ..control() };
        let share = Choice::Share(percent(share));
        let perturbations = |cells: &Cells| held_out_perturbations(&cells.labels, &control, &share, &share, seed);
        let contexts = |cells: &Cells| held_out_contexts(&cells.labels, "donor", Some(&control), &share, &share, seed);
        let other = cells.select(&order);
        for (first, again) in
            [(perturbations(&cells), perturbations(&other)), (contexts(&cells), contexts(&other))]
        {
            assert_eq!(first, again);
            // A share of few values may be none; that is refused.
            if let Ok(split) = first {
                holds(&split, &cells);
            }
        }
    }
}
