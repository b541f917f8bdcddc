//! Pastes as people make them, and the plate's own tables back again.

// A test fails by panicking; that is what `unwrap` is for here.
#![allow(clippy::unwrap_used)]

use super::super::example::tests::card;
use super::super::layout::{Condition, Layout, Well};
use super::super::table::{grid, plate_map};
use super::read;

fn base() -> Condition {
    let mut base = Condition::default();
    for (key, value) in [("donor", "101"), ("cell_type", "B cells"), ("condition", "ctrl")] {
        base.with.insert(key.into(), vec![value.into()]);
    }
    base
}

fn words(well: Option<&Option<Well>>) -> String {
    let Some(Some(well)) = well else { return "-".to_owned() };
    let values: Vec<String> = well.condition.with.values().map(|values| values.join("+")).collect();
    format!("{} #{}", values.join(" "), well.replicate)
}

#[test]
fn a_grid_of_values_is_understood() {
    let text = "IFN-beta\tcd14+ monocytes\n\t102; Interferon beta (IFN-β); r3\nempty\tIFN-beta+TNF, B cells";
    let pasted = read(text, &card(), &base(), 13);
    assert_eq!(pasted.problems, []);
    let places: Vec<usize> = pasted.wells.iter().map(|(place, _)| *place).collect();
    assert_eq!(places, [13, 14, 26, 37, 38], "blank fields leave wells alone");
    let found: Vec<String> = pasted.wells.iter().map(|(_, well)| words(Some(well))).collect();
    assert_eq!(
        found,
        [
            "B cells IFN-beta 101 #1",
            "CD14+ Monocytes ctrl 101 #1",
            "B cells IFN-beta 102 #3",
            "-",
            "B cells IFN-beta+TNF 101 #1"
        ]
    );
    let named = read("\t3\t4\nB\tTNF\tIFN-beta", &card(), &base(), 90);
    assert_eq!(named.wells.iter().map(|(place, _)| *place).collect::<Vec<_>>(), [14, 15]);
}

#[test]
fn a_list_is_understood_in_any_order() {
    let text = "Cell type,well,Cytokine,dose,replicate,held\nB cells,a02,TNF,high,2,ISG15=0\nB cells,H12,,low,,";
    let pasted = read(text, &card(), &base(), 0);
    assert_eq!((pasted.problems.len(), pasted.ignored.as_slice()), (0, ["dose".to_owned()].as_slice()));
    assert_eq!(pasted.wells[0].0, 1);
    assert_eq!(words(Some(&pasted.wells[0].1)), "B cells TNF 101 #2");
    assert_eq!(pasted.wells[0].1.as_ref().unwrap().condition.clamp, [("ISG15".to_owned(), 0)]);
    assert_eq!((pasted.wells[1].0, words(Some(&pasted.wells[1].1))), (95, "B cells ctrl 101 #1".to_owned()));
}

#[test]
fn what_is_wrong_is_named_and_the_rest_is_kept() {
    let pasted = read("TNF\tIFN-gamma\nB cells\tnonsense; r2", &card(), &base(), 0);
    assert_eq!(pasted.wells.len(), 2);
    let sentences: Vec<String> = pasted.problems.iter().map(super::Problem::sentence).collect();
    assert!(sentences[0].starts_with("Line 1, column 2, “IFN-gamma”: “IFN-gamma” is no donor"), "{sentences:?}");
    assert!(sentences[1].starts_with("Line 2, column 2, “nonsense; r2”"), "{sentences:?}");
    let list =
        read("well\tcondition\tguidance\nA1\tTNF\t99\nZ9\tTNF\t1\nA3\tIFN-gamma\t1\n\tTNF\t1", &card(), &base(), 0);
    assert!(list.wells.is_empty());
    let at: Vec<(usize, usize)> = list.problems.iter().map(|problem| (problem.line, problem.column)).collect();
    assert_eq!(at, [(2, 3), (3, 1), (4, 2), (5, 1)]);
    assert!(list.problems[2].why.contains("it has ctrl, IFN-beta, TNF"), "{}", list.problems[2].why);
    let edge = read("TNF\tTNF", &card(), &base(), 11);
    assert_eq!((edge.wells.len(), edge.problems[0].why.as_str()), (1, "it lies past the plate's edge"));
    assert_eq!(read("", &card(), &base(), 0), super::Pasted::default());
}

#[test]
fn the_plates_own_tables_come_back() {
    let mut layout = Layout::default();
    layout.place(&[0, 1, 14], &base());
    let mut held = base();
    held.with.insert("condition".into(), vec!["IFN-beta".into(), "TNF".into()]);
    held.guidance = Some(1.5);
    held.clamp = vec![("ISG15".into(), 0), ("CD14".into(), 7)];
    layout.place(&[12, 95], &held);
    let mut open = base();
    open.with.remove("donor");
    layout.place(&[50], &open);
    let again = |text: &str, at: usize| {
        let pasted = read(text, &card(), &base(), at);
        assert_eq!(pasted.problems, [], "{text}");
        let mut layout = Layout::default();
        layout.take(&pasted.wells);
        layout
    };
    let notes = [("bundle".to_owned(), "x\ty".to_owned())];
    assert_eq!(again(&plate_map(&card(), &layout, &notes), 40), layout);
    let all: Vec<usize> = (0..96).collect();
    assert_eq!(again(&grid(&card(), &layout, &all), 0), layout);
    assert_eq!(again(&grid(&card(), &layout, &[12]), 12).get(12), layout.get(12));
}
