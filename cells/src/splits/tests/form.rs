//! The written form, through JSON: what comes back, and what is refused.

use serde_json::{Value, json};

use super::{condition, control, screen};
use crate::splits::{Choice, ParseShape, Split, SplitError, held_out_perturbations, parse};

/// A split as JSON.
fn written() -> Value {
    let shape = ParseShape { training_donors: 1, validation_donors: 1, test_donors: 1, ..ParseShape::default() };
    serde_json::to_value(parse(&screen(3, 4).labels, "donor", &control(), &shape, 1).unwrap()).unwrap()
}

/// Why a changed split is refused.
fn refused(change: impl FnOnce(&mut Value)) -> String {
    let mut value = written();
    change(&mut value);
    serde_json::from_str::<Split>(&value.to_string()).unwrap_err().to_string()
}

#[test]
fn a_split_comes_back_as_it_was() {
    let cells = screen(4, 6);
    let share = Choice::Share(0.34);
    let mut split = held_out_perturbations(&cells.labels, &control(), &share, &share, u64::MAX).unwrap();
    split.fingerprint = Some(split.fingerprint_of(&cells).unwrap());
    split.source = Some("cell_type".to_owned());
    let text = serde_json::to_string_pretty(&split).unwrap();
    assert_eq!(serde_json::from_str::<Split>(&text).unwrap(), split);
    assert!(text.starts_with("{\n  \"version\": 1,"), "the version must stand first: {text}");
}

#[test]
fn the_form_is_the_one_that_files_have() {
    let text = r#"{
        "version": 1, "name": "two donors", "about": "IFN-beta of two donors is held out.",
        "columns": ["donor", "condition"],
        "control": {"column": "condition", "value": "control", "kept": true},
        "rule": "given",
        "validation": [],
        "test": [{"donor": "101", "condition": "IFN-beta"}, {"donor": "1488", "condition": "IFN-beta"}]
    }"#;
    let split: Split = serde_json::from_str(text).unwrap();
    assert_eq!(split.test[1], condition(&[("donor", "1488"), ("condition", "IFN-beta")]));
    assert_eq!((split.seed, split.source, split.fingerprint), (None, None, None));
    let value = written();
    assert_eq!(value["rule"]["parse"]["donor"], "donor");
    assert_eq!(value["rule"]["parse"]["shape"]["draw"], "shared");
}

#[test]
fn another_version_is_refused_as_that() {
    // A later form has fields that this one does not know; what is said first is that it is later.
    let text = r#"{"version": 2, "weights": [1.0], "name": "later"}"#;
    let error = serde_json::from_str::<Split>(text).unwrap_err().to_string();
    assert!(error.starts_with("the split has version 2, but this program reads version 1"), "{error}");
}

#[test]
fn what_is_not_known_or_missing_is_refused() {
    assert!(refused(|value| value["weights"] = json!([])).contains("unknown field `weights`"));
    assert!(refused(|value| value["control"]["keep"] = json!(true)).contains("unknown field `keep`"));
    assert!(refused(|value| value["rule"]["parse"]["shape"]["donors"] = json!(3)).contains("unknown field `donors`"));
    assert!(refused(|value| value["rule"] = json!("random")).contains("unknown variant `random`"));
    let sentence = refused(|value| drop(value.as_object_mut().unwrap().remove("test")));
    assert!(sentence.contains("missing field `test`"), "{sentence}");
}

#[test]
fn contradictions_are_refused_with_sentences() {
    let both = refused(|value| value["validation"] = value["test"].clone());
    assert!(both.contains("can be the same cell, which would then be of both parts"), "{both}");
    let wide = refused(|value| value["validation"] = json!([{ "donor": value["test"][0]["donor"] }]));
    assert!(wide.contains("can be the same cell"), "{wide}");
    let control = refused(|value| value["test"][0]["cytokine"] = json!("PBS"));
    assert!(control.contains("would hold out the control `PBS`"), "{control}");
    let other = refused(|value| value["test"][0]["batch"] = json!("1"));
    assert!(other.contains("the column `batch` of batch = 1 and "), "{other}");
    assert!(refused(|value| value["test"][0] = json!({})).contains("condition 1 of the test part names no column"));
    assert!(refused(|value| value["test"][0] = value["test"][1].clone()).contains("stands twice in the test part"));
    let columns = refused(|value| value["columns"] = json!(["donor", "donor", "cytokine"]));
    assert!(columns.contains("the column `donor` of the list must stand in the split's `columns` exactly once"));
    assert!(refused(|value| value["columns"] = json!(["donor"])).contains("the column `cytokine` of the control"));
    assert!(refused(|value| value["control"]["value"] = json!("")).contains("no value of the control"));
    assert!(refused(|value| value["name"] = json!(" ")).contains("the split has no name"));
    assert!(refused(|value| value["source"] = json!("")).contains("the split has no name in `source`"));
    assert!(refused(|value| drop(value.as_object_mut().unwrap().remove("seed"))).contains("states no seed"));
}

#[test]
fn a_changed_split_is_checked_when_asked() {
    let mut split: Split = serde_json::from_value(written()).unwrap();
    split.version = 9;
    assert_eq!(split.validate(), Err(SplitError::Version { found: 9 }));
}

#[test]
fn fingerprints_tell_other_cells() {
    let cells = screen(3, 4);
    let mut split: Split = serde_json::from_value(written()).unwrap();
    assert_eq!(split.differences(&cells), Ok(vec![]));
    split.fingerprint = Some(split.fingerprint_of(&cells).unwrap());
    let print = split.fingerprint.clone().unwrap();
    assert_eq!(print.training.cells + print.validation.cells + print.test.cells, cells.len());
    assert!(print.test.conditions.iter().all(|own| own.cells == 2));
    // The order of cells does not matter.
    let backwards: Vec<usize> = (0..cells.len()).rev().collect();
    assert_eq!(split.differences(&cells.select(&backwards)), Ok(vec![]));
    let test = split.apply(&cells).unwrap().test;
    let mut renamed = cells.clone();
    renamed.names[test[0]] = "another".to_owned();
    let sentences = split.differences(&renamed).unwrap();
    assert_eq!(sentences, ["the test part has other cells than when the split was made"]);
    // Two test cells of different conditions change places, so that only the counts of the conditions differ.
    let mut order: Vec<usize> = (0..cells.len()).collect();
    order.swap(test[0], *test.last().unwrap());
    let mut swapped = cells.clone();
    swapped.counts = cells.counts.select_cells(&order);
    let sentences = split.differences(&swapped).unwrap();
    assert_eq!(sentences.len(), 2, "{sentences:?}");
    assert!(sentences[0].ends_with("(test part), or their counts, are not the same"), "{sentences:?}");
    let mut fewer: Vec<usize> = (0..cells.len()).collect();
    fewer.remove(test[0]);
    let sentences = split.differences(&cells.select(&fewer)).unwrap();
    assert!(sentences[0].starts_with(&format!("the test part has {} cells, but had", test.len() - 1)));
    let mut genes = cells.clone();
    genes.genes.swap(0, 1);
    assert!(split.differences(&genes).unwrap()[0].starts_with("the genes"));
    // A fingerprint of another list is refused.
    split.test.pop();
    let error = split.validate().unwrap_err().to_string();
    assert!(error.contains("the fingerprint of the test part speaks of"), "{error}");
    let damaged = refused(|value| {
        value["fingerprint"] = serde_json::to_value(&print).unwrap();
        value["fingerprint"]["genes"] = json!("fnv1a64:12");
    });
    assert!(damaged.contains("16 hexadecimal digits"), "{damaged}");
}
