//! Each maker and each of its refusals, by hand.

use std::collections::{BTreeMap, BTreeSet};
use std::slice::from_ref;

use super::{cells_of, condition, control, names, screen};
use crate::Column;
use crate::splits::{
    Choice, Condition, Control, Draw, ParseShape, Part, Rule, Split, SplitError, given, held_out_contexts,
    held_out_perturbations, parse,
};

fn values(list: &[&str]) -> Choice {
    Choice::Values(names(list))
}

/// Cytokines that a part holds out, by donor.
fn by_donor(conditions: &[Condition]) -> BTreeMap<&str, BTreeSet<&str>> {
    let mut found: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for condition in conditions {
        assert!(found.entry(&condition["donor"]).or_default().insert(&condition["cytokine"]));
    }
    found
}

#[test]
fn the_paper_s_split_has_the_paper_s_numbers() {
    let cells = screen(12, 90);
    let split = parse(&cells.labels, "donor", &control(), &ParseShape::default(), 1).unwrap();
    let (watching, testing) = (by_donor(&split.validation), by_donor(&split.test));
    assert_eq!((watching.len(), testing.len()), (2, 4));
    assert!(watching.values().all(|own| own.len() == 27), "70 % of 90 train");
    assert!(testing.values().all(|own| own.len() == 63), "27 of 90 train");
    assert!(watching.keys().all(|donor| !testing.contains_key(donor)));
    // One draw for all donors of a part, another one for the other part.
    let lists: Vec<_> = testing.values().collect();
    assert!(lists.windows(2).all(|pair| pair[0] == pair[1]));
    let (first, second) = (watching.values().next().unwrap(), lists[0]);
    assert!(!first.is_subset(second) && !first.is_disjoint(second), "the two draws should not hang together");
    let parts = split.apply(&cells).unwrap();
    // Two cells per condition: 2 donors × 27 and 4 donors × 63 conditions.
    assert_eq!((parts.validation.len(), parts.test.len()), (2 * 54, 2 * 252));
    assert_eq!(parts.training.len(), cells.len() - 2 * 306);
    assert_eq!(split.seed, Some(1));
    assert!(split.about.contains("PBS of every donor trains"), "{}", split.about);
    assert_ne!(parse(&cells.labels, "donor", &control(), &ParseShape::default(), 2).unwrap().test, split.test);
}

#[test]
fn a_seed_draws_the_same_in_every_version() {
    let shape = ParseShape { training_donors: 3, validation_donors: 1, test_donors: 2, ..ParseShape::default() };
    let split = parse(&screen(6, 5).labels, "donor", &control(), &shape, 7).unwrap();
    let (watching, testing) = (by_donor(&split.validation), by_donor(&split.test));
    let held_out = BTreeSet::from(["C01", "C03", "C04"]);
    assert_eq!(watching, [("D4", ["C02"].into())].into());
    assert_eq!(testing, [("D1", held_out.clone()), ("D3", held_out)].into());
}

#[test]
fn test_donors_can_be_named() {
    let cells = screen(12, 10);
    let public = names(&["D1", "D4", "D9", "D12"]);
    let shape = ParseShape { named_test_donors: Some(public.clone()), ..ParseShape::default() };
    let split = parse(&cells.labels, "donor", &control(), &shape, 3).unwrap();
    let expected: BTreeSet<&str> = public.iter().map(String::as_str).collect();
    assert_eq!(by_donor(&split.test).into_keys().collect::<BTreeSet<_>>(), expected);
    assert!(by_donor(&split.validation).keys().all(|donor| !expected.contains(donor)));
    let refuse = |named: &[&str]| {
        let shape = ParseShape { named_test_donors: Some(names(named)), ..ParseShape::default() };
        parse(&cells.labels, "donor", &control(), &shape, 3).unwrap_err()
    };
    let error = refuse(&["D1", "D4", "D9", "Donor12"]);
    assert!(matches!(&error, SplitError::UnknownValue { nearest, .. } if nearest[0] == "D12"), "{error}");
    assert_eq!(refuse(&["D1"]), SplitError::NamedDonors { named: 1, wanted: 4 });
    assert_eq!(refuse(&["D1", "D1", "D2", "D3"]), SplitError::Twice { part: Part::Test, what: "donor = D1".into() });
}

#[test]
fn donors_can_draw_for_themselves_and_may_lack_cytokines() {
    let shape = ParseShape {
        training_donors: 1,
        validation_donors: 0,
        test_donors: 3,
        named_test_donors: Some(names(&["D1", "D2", "D3"])),
        draw: Draw::PerDonor,
        ..ParseShape::default()
    };
    let cells = screen(4, 40);
    let split = parse(&cells.labels, "donor", &control(), &shape, 5).unwrap();
    let testing = by_donor(&split.test);
    assert!(testing.values().all(|own| own.len() == 28));
    assert!(testing["D1"] != testing["D2"] && testing["D2"] != testing["D3"]);
    // D1 without C01 … C20 keeps 6 of the other 20.
    let rest: Vec<usize> = (0..cells.len())
        .filter(|cell| {
            let text = |key: &str| cells.labels[key].text(*cell).unwrap().into_owned();
            text("donor") != "D1" || !("C01".."C21").contains(&text("cytokine").as_str())
        })
        .collect();
    let split = parse(&cells.select(&rest).labels, "donor", &control(), &shape, 5).unwrap();
    let testing = by_donor(&split.test);
    assert_eq!((testing["D1"].len(), testing["D2"].len()), (14, 28));
    assert!(testing["D1"].iter().all(|value| *value > "C20"));
}

#[test]
fn the_paper_s_split_refuses_what_cannot_be() {
    let cells = screen(11, 4);
    let make = |shape: ParseShape| parse(&cells.labels, "donor", &control(), &shape, 1).unwrap_err();
    let error = make(ParseShape::default());
    assert_eq!(
        error.to_string(),
        "the cells have 11 values of `donor`, but the split divides 6 (training) + 2 (validation) + 4 (test); change the numbers so that they add up"
    );
    let eleven = ParseShape { training_donors: 5, ..ParseShape::default() };
    let error = make(ParseShape { test_kept: 1.2, ..eleven.clone() });
    assert!(matches!(&error, SplitError::Share { share, .. } if *share == 1.2), "{error}");
    assert!(matches!(make(ParseShape { test_kept: f64::NAN, ..eleven.clone() }), SplitError::Share { .. }));
    for (part, shape) in [
        (Part::Test, ParseShape { test_kept: 0.95, ..eleven.clone() }),
        (Part::Validation, ParseShape { validation_kept: 1.0, ..eleven.clone() }),
        (Part::Test, ParseShape { training_donors: 9, test_donors: 0, ..eleven.clone() }),
    ] {
        let error = make(shape);
        assert!(matches!(&error, SplitError::EmptyPart { part: own, .. } if *own == part), "{error}");
    }
    let error = parse(&cells.labels, "patient", &control(), &eleven, 1).unwrap_err();
    assert!(error.to_string().contains("no label `patient`; they have cell_type, cytokine, donor"), "{error}");
    let error = parse(&cells.labels, "donor", &Control::kept("cytokine", "PSB"), &eleven, 1).unwrap_err();
    assert!(matches!(&error, SplitError::UnknownValue { nearest, .. } if nearest[0] == "PBS"), "{error}");
    let loose = Control { kept: false, ..control() };
    let error = parse(&cells.labels, "donor", &loose, &eleven, 1).unwrap_err();
    assert!(matches!(error, SplitError::ControlHeldOut { .. }));
    // Without its PBS cells a held-out donor has nothing to measure effects against.
    let without: Vec<usize> = (0..cells.len())
        .filter(|cell| {
            cells.labels["donor"].text(*cell).as_deref() != Some("D3")
                || cells.labels["cytokine"].text(*cell).as_deref() != Some("PBS")
        })
        .collect();
    let named = ParseShape { named_test_donors: Some(names(&["D1", "D2", "D3", "D4"])), ..eleven };
    let error = parse(&cells.select(&without).labels, "donor", &control(), &named, 1).unwrap_err();
    assert!(error.to_string().starts_with("donor = D3 has no cell of the control `PBS`"), "{error}");
}

/// The split of a hand-written list.
fn lists(validation: &[Condition], test: &[Condition], control: Option<Control>) -> Result<Split, SplitError> {
    given(&screen(3, 3).labels, "by hand", "A list.", control, validation.to_vec(), test.to_vec())
}

#[test]
fn a_given_list_is_kept_and_checked() {
    let one = condition(&[("donor", "D1"), ("cytokine", "C02")]);
    let other = condition(&[("donor", "D2"), ("cell_type", "B")]);
    let split = lists(from_ref(&one), from_ref(&other), Some(control())).unwrap();
    assert_eq!(split.columns, ["cell_type", "cytokine", "donor"]);
    assert_eq!((&split.rule, split.seed), (&Rule::Given, None));
    assert_eq!(
        split.part_of(&condition(&[("donor", "D1"), ("cytokine", "C02"), ("cell_type", "T")])),
        Part::Validation
    );
    assert_eq!(split.part_of(&condition(&[("donor", "D2"), ("cytokine", "C02"), ("cell_type", "B")])), Part::Test);
    // Kept control cells train whatever the list says; a cell without a label is not what a condition names.
    assert_eq!(split.part_of(&condition(&[("donor", "D2"), ("cytokine", "PBS"), ("cell_type", "B")])), Part::Training);
    assert_eq!(split.part_of(&condition(&[("donor", "D1")])), Part::Training);
    let loose = lists(&[], &[other], Some(Control { kept: false, ..control() })).unwrap();
    assert_eq!(loose.part_of(&condition(&[("donor", "D2"), ("cytokine", "PBS"), ("cell_type", "B")])), Part::Test);
}

#[test]
fn a_given_list_that_cannot_be_is_refused() {
    let one = condition(&[("donor", "D1"), ("cytokine", "C02")]);
    let sentence = |validation: &[Condition], test: &[Condition]| {
        lists(validation, test, Some(control())).unwrap_err().to_string()
    };
    let found = sentence(&[], &[condition(&[("cytokine", "c2")])]);
    assert_eq!(found, "no cell has cytokine = c2; the nearest of the 4 known values: C02, C01, C03");
    assert!(sentence(&[], &[condition(&[("batch", "1")])]).contains("no label `batch`"));
    assert!(sentence(&[], &[condition(&[("cytokine", "PBS")])]).contains("would hold out the control `PBS`"));
    assert!(sentence(&[], &[Condition::new()]).contains("names no column"));
    assert!(sentence(&[], &[condition(&[("donor", "")])]).contains("names a column without a value"));
    assert!(sentence(&[], &[one.clone(), one.clone()]).contains("cytokine = C02 and donor = D1 stands twice"));
    assert!(sentence(from_ref(&one), from_ref(&one)).contains("can be the same cell"));
    // Not the same condition, but a cell of D1 with C02 would be of both.
    let both = sentence(&[condition(&[("donor", "D1")])], &[condition(&[("cytokine", "C02")])]);
    assert!(both.contains("donor = D1 (validation) and cytokine = C02 (test)"), "{both}");
    assert!(sentence(&[one], &[]).starts_with("the test part would be empty"));
    // Both values are known, but no cell has both.
    let apart =
        cells_of(&[["D1", "C01", "B"], ["D2", "C02", "B"], ["D2", "PBS", "B"]].map(|row| row.map(str::to_owned)));
    let never = vec![condition(&[("donor", "D1"), ("cytokine", "C02")])];
    let error = given(&apart.labels, "by hand", "A list.", None, vec![], never).unwrap_err();
    assert!(error.to_string().contains("no cell belongs to any of its conditions"), "{error}");
    let half =
        vec![condition(&[("donor", "D2"), ("cytokine", "C02")]), condition(&[("donor", "D1"), ("cytokine", "C02")])];
    let error = given(&apart.labels, "by hand", "A list.", None, vec![], half).unwrap_err();
    assert!(error.to_string().contains("no cell is of cytokine = C02 and donor = D1"), "{error}");
    let all = ["D1", "D2"].map(|donor| condition(&[("donor", donor)])).to_vec();
    let error = given(&apart.labels, "by hand", "A list.", None, vec![], all).unwrap_err();
    assert!(error.to_string().starts_with("the training part would be empty"), "{error}");
}

#[test]
fn perturbations_are_held_out_everywhere() {
    let cells = screen(2, 20);
    let make = |validation: Choice, test: Choice, seed| {
        held_out_perturbations(&cells.labels, &control(), &validation, &test, seed)
    };
    let split = make(values(&["C05"]), values(&["C07", "C03"]), 1).unwrap();
    assert_eq!(split.validation, [condition(&[("cytokine", "C05")])]);
    assert_eq!(split.test, [condition(&[("cytokine", "C03")]), condition(&[("cytokine", "C07")])]);
    assert_eq!(split.seed, None, "nothing was drawn");
    // Two donors, two cell types.
    assert_eq!(split.apply(&cells).unwrap().test.len(), 8);
    let drawn = make(Choice::Share(0.1), Choice::Share(0.25), 4).unwrap();
    assert_eq!((drawn.validation.len(), drawn.test.len(), drawn.seed), (2, 5, Some(4)));
    assert_ne!(make(Choice::Share(0.1), Choice::Share(0.25), 5).unwrap().test, drawn.test);
    // A named value is not drawn for the other part.
    for seed in 0..20 {
        let split = make(values(&["C05"]), Choice::Share(0.9), seed).unwrap();
        assert_eq!(split.test.len(), 18);
        assert!(!split.test.contains(&split.validation[0]));
    }
    let sentence = |validation: Choice, test: Choice| make(validation, test, 1).unwrap_err().to_string();
    assert!(sentence(Choice::none(), values(&["PBS"])).contains("would hold out the control"));
    assert!(sentence(Choice::none(), values(&["C7"])).contains("the nearest of the 20 known values: C07"));
    assert!(sentence(values(&["C01"]), values(&["C01"])).contains("can be the same cell"));
    assert!(sentence(Choice::none(), values(&["C01", "C01"])).contains("stands twice in the test part"));
    assert!(sentence(Choice::none(), Choice::Share(0.01)).contains("a share of 0.01 of 20 values of cytokine is none"));
    assert!(sentence(Choice::none(), Choice::none()).starts_with("the test part would be empty"));
    assert!(sentence(Choice::Share(0.5), Choice::Share(0.5)).contains("all 20 values of cytokine are held out"));
    assert!(sentence(Choice::none(), Choice::Share(-0.1)).contains("is -0.1; a share is from 0 to 1"));
}

#[test]
fn contexts_are_held_out_with_or_without_their_control() {
    let cells = screen(3, 4);
    let make = |control: Option<&Control>, test: Choice| {
        held_out_contexts(&cells.labels, "donor", control, &Choice::none(), &test, 1)
    };
    // Each donor has 5 conditions of two cells.
    let kept = make(Some(&control()), values(&["D2"])).unwrap();
    assert_eq!(kept.apply(&cells).unwrap().test.len(), 8);
    assert!(kept.about.contains("the control PBS of each trains"), "{}", kept.about);
    let loose = Control { kept: false, ..control() };
    let whole = make(Some(&loose), values(&["D2"])).unwrap();
    assert_eq!(whole.apply(&cells).unwrap().test.len(), 10);
    assert!(whole.about.contains("their control PBS too"), "{}", whole.about);
    assert_eq!(make(None, values(&["D2"])).unwrap().apply(&cells).unwrap().test.len(), 10);
    let kinds = held_out_contexts(&cells.labels, "cell_type", Some(&control()), &Choice::none(), &values(&["B"]), 1);
    assert_eq!(kinds.unwrap().apply(&cells).unwrap().test.len(), 12);
    assert!(make(None, values(&["2"])).unwrap_err().to_string().contains("the nearest of the 3 known values: D2"));
    assert!(make(None, Choice::Share(1.0)).unwrap_err().to_string().contains("all 3 values of donor"));
    let error = held_out_contexts(&cells.labels, "cytokine", Some(&control()), &Choice::none(), &values(&["C01"]), 1);
    assert!(matches!(error.unwrap_err(), SplitError::ControlHeldOut { .. }));
    let rows = [["D1", "PBS", "B"], ["D1", "C01", "B"], ["D2", "C01", "B"]].map(|row| row.map(str::to_owned));
    let poor = cells_of(&rows);
    let held = |control: &Control| {
        held_out_contexts(&poor.labels, "donor", Some(control), &Choice::none(), &values(&["D2"]), 1)
    };
    assert!(matches!(held(&control()).unwrap_err(), SplitError::NoControl { .. }));
    assert!(held(&loose).is_ok());
}

#[test]
fn columns_of_different_lengths_are_refused() {
    let mut labels = screen(3, 3).labels;
    labels.insert("donor".to_owned(), Column::Integer(vec![1, 2]));
    let error = held_out_contexts(&labels, "donor", None, &Choice::none(), &values(&["1"]), 1).unwrap_err();
    assert!(error.to_string().contains("the label `donor` has 2 entries"), "{error}");
}
