//! The file there and back, and files that must be refused.

// A test fails by panicking; that is what `unwrap` is for here.
#![allow(clippy::unwrap_used)]
use std::collections::BTreeMap;

use super::{Comparison, Made, Population, Precomputed, exponent, probability, read};
use crate::bundle::{MAP, preview, sha256};
use crate::card::Card;

/// The card of a model of five genes, with a donor, a drug and library sizes; it names weights of the hash "w".
pub(crate) fn card() -> Card {
    let value =
        |name: &str, token: i32| serde_json::json!({"value": name, "display": name, "token": token, "cells": 3});
    let condition = |key: &str, kind: &str, control: Option<&str>, values: Vec<serde_json::Value>| {
        let who = (key, kind, control);
        serde_json::json!({"key": who.0, "title": who.0, "kind": who.1, "control": who.2, "values": values, "unspecified": null})
    };
    let json = serde_json::json!({
        "format_version": 2, "name": "tiny", "title": "Tiny", "description": "",
        "model": {
            "genes": 5, "group_size": 8, "width": 16, "blocks": 1, "heads": 2, "feed_width": 32, "rank": 4, "summary": 2, "shape": 2,
            "condition_slots": 3, "condition_values": 5
        },
        "genes": ["A", "B", "C", "D", "E"],
        "conditions": [
            condition("donor", "identity", None, vec![value("d1", 282)]),
            condition("drug", "perturbation", Some("none"), vec![value("none", 283), value("X", 284)]),
            condition("depth", "depth", None, vec![value("low", 285)]),
        ],
        "markers": [], "guidance": 1.5, "guidance_limit": 3.0, "steps": 4, "target_sum": 100.0, "library_sizes": [50, 200], "reference": [], "scores": [],
        "training": {
            "cells": 3, "steps": 1, "batch": 1, "seed": 1, "bits_per_gene": 0.5, "held_out": [], "command": ""
        },
        "data": [], "not_for": [],
        "files": {"weights.safetensors": {"sha256": "w", "bytes": 1}},
    });
    serde_json::from_value(json).unwrap()
}

fn set(drug: &str, points: usize) -> Population {
    let with = [("donor", "d1"), ("drug", drug)].map(|(key, value)| (key.to_owned(), value.to_owned()));
    Population {
        with: BTreeMap::from(with),
        points: (0..2 * points).map(|at| at as f32 - 2.5).collect(),
        genes: vec![0, 2, 4],
        mean: vec![0.0, 1.5, 300.0],
        detected: vec![0, 7, 12],
        typical: Vec::new(),
    }
}

fn whole() -> Precomputed {
    Precomputed {
        made: Made {
            version: "0.1.0".to_owned(),
            device: "CPU".to_owned(),
            weights: "w".to_owned(),
            seed: 7,
            guidance: 1.5,
            steps: 4,
            cells: 12,
            tested: 5,
        },
        populations: vec![set("none", 4), Population { typical: vec![4, 1], ..set("X", 3) }],
        comparisons: vec![Comparison {
            control: 0,
            perturbed: 1,
            p: vec![0.5, 400.0, 0.0],
            q: vec![0.25, 399.0, 0.0],
            margin: vec![0.125, 2.0, 0.5],
            shifted: 1,
        }],
    }
}

/// Why a changed file is refused.
fn refused(change: impl Fn(&mut Precomputed)) -> String {
    let mut changed = whole();
    change(&mut changed);
    read(&changed.serialise().unwrap(), &card()).unwrap_err().to_string()
}

#[test]
fn what_is_written_is_read() {
    // All numbers of `whole` are numbers of f16.
    assert_eq!(read(&whole().serialise().unwrap(), &card()).unwrap(), whole());
    let empty = Precomputed { populations: Vec::new(), comparisons: Vec::new(), ..whole() };
    assert_eq!(read(&empty.serialise().unwrap(), &card()).unwrap(), empty);
}

#[test]
fn wide_numbers_keep_their_width() {
    let mut wide = whole();
    wide.made.cells = 70_000;
    wide.populations[0].detected = vec![0, 255, 70_000];
    assert_eq!(read(&wide.serialise().unwrap(), &card()).unwrap(), wide);
}

#[test]
fn damaged_files_are_refused_with_a_sentence() {
    let bytes = whole().serialise().unwrap();
    for length in [0, 7, 40, bytes.len() / 2, bytes.len() - 1] {
        assert!(read(&bytes[..length], &card()).is_err(), "cut to {length} bytes");
    }
    assert!(refused(|file| file.made.weights = "other".to_owned()).contains("other weights"));
    assert!(refused(|file| file.made.weights = "other".to_owned()).contains("wellplate precompute"));
    assert!(refused(|file| file.made.tested = 6).contains("6 genes"));
    assert!(refused(|file| file.populations[0].genes = vec![0, 2, 5]).contains("places"));
    assert!(refused(|file| file.populations[0].genes = vec![2, 0, 4]).contains("in order"));
    assert!(refused(|file| file.populations[1].typical = vec![9]).contains("places"));
    assert!(refused(|file| file.populations[0].detected[1] = 13).contains("more cells"));
    assert!(refused(|file| file.comparisons[0].control = 2).contains("cells that it does not tell of"));
    assert!(refused(|file| file.populations[0].genes = vec![0, 1, 4]).contains("genes that it does not tell of"));
    assert!(refused(|file| file.populations[1].mean[0] = f32::INFINITY).contains("not finite"));
    assert!(refused(|file| file.populations[1].mean.truncate(2)).contains("shape"));
    let with = |key: &'static str, value: &'static str| {
        refused(move |file| drop(file.populations[0].with.insert(key.to_owned(), value.to_owned())))
    };
    assert!(with("drug", "Y").contains("\"Y\"") && with("dose", "1").contains("dose"));
    assert!(with("depth", "low").contains("depth"), "library sizes are drawn, nobody chooses one");
}

#[test]
fn probabilities_survive_their_exponent() {
    assert_eq!((exponent(1.0), exponent(0.0), exponent(f64::NAN)), (0.0, 400.0, 0.0));
    assert_eq!((probability(0.0), probability(400.0)), (1.0, 0.0));
    for p in [0.5, 1e-3, 1e-43, 1e-300] {
        // One rounding of the exponent to f32, of at most 300.
        assert!((probability(exponent(p)) / p - 1.0).abs() < 1e-4, "{p}");
    }
}

#[test]
fn an_older_bundle_has_nothing_to_show_ahead() {
    assert!(preview(&card(), &BTreeMap::new()).unwrap().is_none());
    // A file that the card does not name is not the bundle's.
    let bytes = whole().serialise().unwrap();
    let files = BTreeMap::from([(super::PRECOMPUTED.to_owned(), bytes.clone())]);
    assert!(preview(&card(), &files).unwrap().is_none());
    // One that it names waits for the map, and a wrong one is refused.
    let mut named = card();
    let entry = |bytes: &[u8]| crate::card::FileEntry { sha256: sha256(bytes), bytes: bytes.len() as u64 };
    named.files.insert(super::PRECOMPUTED.to_owned(), entry(&bytes));
    assert!(preview(&named, &files).unwrap().is_none());
    let map = crate::bundle::Map { components: 1, ..Default::default() }.serialise().unwrap();
    named.files.insert(MAP.to_owned(), entry(&map));
    let mut both = files;
    both.insert(MAP.to_owned(), map);
    assert_eq!(preview(&named, &both).unwrap().unwrap().1, whole());
    both.insert(super::PRECOMPUTED.to_owned(), vec![0; bytes.len()]);
    assert!(preview(&named, &both).unwrap_err().to_string().contains("changed or damaged"));
}
