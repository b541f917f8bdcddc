//! Requests of a small card: what is chosen, left open, composed, held and refused.

// A test fails by panicking; that is what `unwrap` is for here.
#![allow(clippy::unwrap_used)]
use std::collections::BTreeMap;
use std::future::Future;
use std::pin::pin;
use std::task::{Context, Poll, Waker};

use burn::tensor::Device;
use serde_json::{Value, json};

use super::request;
use crate::bundle::BundleError;
use crate::card::{Card, Choices};
use crate::network::Network;
use crate::pairs::Pairs;
use crate::quantise::quantise;
use crate::sample::{Effort, Request, Run};
use crate::statistics::GeneStatistics;

/// Tokens of the card's values.
pub(crate) const DONORS: [i32; 4] = [282, 283, 284, 285];
pub(crate) const TYPES: [i32; 3] = [286, 287, 288];
pub(crate) const DRUGS: [i32; 8] = [289, 290, 291, 292, 293, 294, 295, 296];
pub(crate) const DEPTHS: [i32; 2] = [297, 298];

/// Donors d1, d2 and d3, of whom no cell is known, or nothing said; types T and B or nothing said; no drug or one of
/// seven; library sizes low and high.
pub(crate) fn card() -> Card {
    let value = |name: &str, token: i32| json!({"value": name, "display": name, "token": token, "cells": 3});
    let values = |names: &[&str], tokens: &[i32]| -> Vec<Value> {
        names.iter().zip(tokens).map(|(name, token)| value(name, *token)).collect()
    };
    let condition = |key: &str, kind: &str, control: Option<&str>, values: Vec<Value>, open: Option<i32>| {
        let who = (key, kind, control);
        json!({"key": who.0, "title": who.0, "kind": who.1, "control": who.2, "values": values, "unspecified": open})
    };
    let drugs = values(&["none", "P", "Q", "R", "S", "U", "X", "Y"], &DRUGS);
    let mut depth = condition("depth", "depth", None, values(&["low", "high"], &DEPTHS), None);
    depth["values"][0]["library_sizes"] = json!([100, 200]);
    depth["frequencies"] = json!({
        "": [60.0, 40.0], "T|none": [50.0, 20.0], "d1|T|none": [30.0, 0.0], "B|none": [5.0, 15.0], "T|X": [4.0, 16.0],
        "T|Y": [9.0, 1.0]
    });
    let json = json!({
        "format_version": 2, "name": "tiny", "title": "Tiny", "description": "",
        "model": {
            "genes": 12, "group_size": 4, "width": 8, "blocks": 1, "heads": 2, "feed_width": 8, "rank": 3, "summary": 2,
            "shape": 2, "condition_slots": 4, "condition_values": 17
        },
        "genes": (0..12).map(|gene| format!("G{gene}")).collect::<Vec<_>>(),
        "conditions": [
            condition("donor", "identity", None, values(&["d1", "d2", "d3"], &DONORS), Some(DONORS[3])),
            condition("cell_type", "cell_type", None, values(&["T", "B"], &TYPES), Some(TYPES[2])),
            condition("drug", "perturbation", Some("none"), drugs, None),
            depth,
        ],
        "markers": [], "guidance": 1.5, "guidance_limit": 3.0, "steps": 4, "target_sum": 100.0,
        "library_sizes": [80, 500], "reference": [], "scores": [],
        "combinations": {"d1|T|none": 30, "d1|B|none": 10, "d1|T|X": 20, "d2|T|none": 40, "d2|B|none": 5},
        "training": {
            "cells": 3, "steps": 1, "batch": 1, "seed": 1, "bits_per_gene": 0.5, "held_out": [], "command": ""
        },
        "data": [], "not_for": [], "files": {},
    });
    serde_json::from_value(json).unwrap()
}

/// Gene g can show g counts; G11 what is left of 3688 in bins.
pub(crate) fn statistics() -> GeneStatistics {
    let ceiling = (0..12).map(|gene| if gene == 11 { quantise(3688) } else { gene }).collect();
    GeneStatistics { ceiling, ..GeneStatistics::flat(12) }
}

fn choices(with: &[(&str, &[&str])]) -> Choices {
    let list = |values: &[&str]| values.iter().map(|value| (*value).to_owned()).collect();
    Choices {
        with: with.iter().map(|(key, values)| ((*key).to_owned(), list(values))).collect(),
        guidance: 1.0,
        steps: 4,
        cells: 6,
        seed: 3,
        clamp: Vec::new(),
    }
}

fn asked(with: &[(&str, &[&str])]) -> Request {
    request(&card(), &statistics(), &choices(with)).unwrap()
}

fn refused(choices: &Choices) -> BundleError {
    request(&card(), &statistics(), choices).unwrap_err()
}

/// Weights of a request's labels.
fn weights(request: &Request) -> BTreeMap<Vec<i32>, f64> {
    let mut sums = BTreeMap::new();
    for (row, weight) in &request.labels {
        *sums.entry(row.clone()).or_insert(0.0) += weight;
    }
    sums
}

/// The same weights but for a rounding.
fn are(request: &Request, expected: &[([i32; 4], f64)]) {
    let found = weights(request);
    assert_eq!(found.len(), expected.len(), "{found:?}");
    for (row, weight) in expected {
        assert!((found[row.as_slice()] - weight).abs() < 1e-9, "{row:?}: {found:?}");
    }
}

/// Library sizes of T cells under X (4 and 16), times those of the control T cells of d1 (30 and 0) over those of all
/// control T cells (50 and 20), each with 12 and 8 cells added.
fn moved_by_d1() -> (f64, f64) {
    let (small, large) = (16.0 / 40.0 * (42.0 / 50.0) / (62.0 / 90.0), 24.0 / 40.0 * (8.0 / 50.0) / (28.0 / 90.0));
    (small / (small + large), large / (small + large))
}

#[test]
fn library_sizes_are_those_of_cells_like_the_wanted_ones() {
    let [low, high] = DEPTHS;
    // Too few cells of this donor under the drug to know; of the type and the drug there are, and of the donor's controls.
    let all = asked(&[("donor", &["d1"]), ("cell_type", &["T"]), ("drug", &["X"])]);
    let (small, large) = moved_by_d1();
    are(&all, &[([282, 286, 295, low], small), ([282, 286, 295, high], large)]);
    // Of a donor without control cells the type and the drug alone speak.
    let second = asked(&[("donor", &["d2"]), ("cell_type", &["T"]), ("drug", &["X"])]);
    are(&second, &[([283, 286, 295, low], 0.2), ([283, 286, 295, high], 0.8)]);
    let own = asked(&[("donor", &["d1"]), ("cell_type", &["T"])]);
    are(&own, &[([282, 286, 289, low], 1.0)]);
    let neither = asked(&[("donor", &["d1"]), ("cell_type", &["B"]), ("drug", &["Y"])]);
    are(&neither, &[([282, 287, 296, low], 0.6), ([282, 287, 296, high], 0.4)]);
    let chosen = asked(&[("donor", &["d1"]), ("cell_type", &["T"]), ("depth", &["high"])]);
    are(&chosen, &[([282, 286, 289, high], 1.0)]);
    // By the bin's own range where it is known, else by that of all cells with a quarter more on either side.
    assert_eq!(own.totals, BTreeMap::from([(low, [100.0, 200.0]), (0, [64.0, 625.0])]));
}

#[test]
fn labels_left_open_are_drawn_from_the_combinations_of_the_training_cells() {
    let [low, high] = DEPTHS;
    let open = asked(&[("cell_type", &["T"])]);
    let of_second = [([283, 286, 289, low], 40.0 * 5.0 / 7.0), ([283, 286, 289, high], 40.0 * 2.0 / 7.0)];
    are(&open, &[&[([282, 286, 289, low], 30.0)][..], &of_second].concat());
    // Nothing chosen: all control cells, in their proportions; X only where it was measured.
    let by_type = |request: &Request, slot: usize| {
        let mut sums = BTreeMap::new();
        request.labels.iter().for_each(|(row, weight)| *sums.entry(row[slot]).or_insert(0.0) += weight);
        sums.into_iter().map(|(token, sum): (i32, f64)| (token, sum.round())).collect::<Vec<_>>()
    };
    assert_eq!(by_type(&asked(&[]), 0), [(282, 40.0), (283, 45.0)]);
    assert_eq!(by_type(&asked(&[]), 1), [(286, 70.0), (287, 15.0)]);
    let (small, large) = moved_by_d1();
    are(&asked(&[("drug", &["X"])]), &[([282, 286, 295, low], 20.0 * small), ([282, 286, 295, high], 20.0 * large)]);

    // A combination that no cell has: those that agree but for the drug, then but for the donor as well.
    let unknown = asked(&[("cell_type", &["B"]), ("drug", &["X"])]);
    assert_eq!(by_type(&unknown, 0), [(282, 10.0), (283, 5.0)]);
    assert!(unknown.labels.iter().all(|(row, _)| row[1..3] == [287, 295]), "what was chosen stands: {unknown:?}");
    let nobody = asked(&[("donor", &["d3"]), ("drug", &["Y"])]);
    assert_eq!(by_type(&nobody, 1), [(286, 90.0), (287, 15.0)]);
    assert!(nobody.labels.iter().all(|(row, _)| (row[0], row[2]) == (284, 296)));
    // Nothing is known of what cells there were: the trained value of that name, or a sentence.
    let mut bare = card();
    bare.combinations.clear();
    let unspecified = request(&bare, &statistics(), &choices(&[("cell_type", &["T"])])).unwrap();
    assert!(unspecified.labels.iter().all(|(row, _)| row[0] == DONORS[3]));
    bare.conditions[0].unspecified = None;
    let error = request(&bare, &statistics(), &choices(&[("cell_type", &["T"])])).unwrap_err().to_string();
    assert!(error.contains("donor has to be chosen"), "{error}");
}

#[test]
fn unspecified_is_a_value_of_its_own() {
    let [low, high] = DEPTHS;
    let found = asked(&[("donor", &["unspecified"]), ("cell_type", &["T"])]);
    are(&found, &[([285, 286, 289, low], 5.0 / 7.0), ([285, 286, 289, high], 2.0 / 7.0)]);
    let error = refused(&choices(&[("drug", &["unspecified"])])).to_string();
    assert!(error.contains("unspecified") && error.contains("none, P"), "{error}");
    // Not the same cells as with the donor left open.
    assert_ne!(found.key, asked(&[("cell_type", &["T"])]).key);
}

#[test]
fn several_drugs_are_composed_in_any_order() {
    let with = |drugs: &[&str]| asked(&[("donor", &["d1"]), ("cell_type", &["T"]), ("drug", drugs)]);
    let both = with(&["X", "Y"]);
    assert_eq!(both.composed, Some((2, vec![DRUGS[6], DRUGS[7]])));
    assert_eq!(both.null, [None, None, Some(DRUGS[0]), None]);
    // Library sizes too: those of X, whichever was named first.
    assert_eq!(both, with(&["Y", "X"]));
    assert_eq!(both, with(&["none", "Y", "X", "Y"]));
    // One drug and the control is the drug; the control alone is what is there without a choice.
    assert_eq!(with(&["X", "none"]), with(&["X"]));
    assert_eq!(with(&["none", "none"]), with(&[]));
    assert_eq!(with(&["none"]), with(&[]));
    let six = choices(&[("drug", &["P", "Q", "R", "S", "U", "X"])]);
    assert!(matches!(refused(&six), BundleError::Range { found: 6.0, most: 5.0, .. }));
    assert!(matches!(refused(&choices(&[("donor", &["d1", "d2"])])), BundleError::Several { values: 2, .. }));
}

#[test]
fn genes_are_held_up_to_their_ceilings() {
    let with = |clamp: &[(&str, u32)]| Choices {
        clamp: clamp.iter().map(|(gene, count)| ((*gene).to_owned(), *count)).collect(),
        ..choices(&[])
    };
    let held = request(&card(), &statistics(), &with(&[("G7", 7), ("G0", 0), ("G11", 3600)])).unwrap();
    assert_eq!(held.clamp, [(7, 7), (0, 0), (11, 3600)]);
    let error = refused(&with(&[("G7", 8)])).to_string();
    assert!(error.contains("G7") && error.contains("at 8") && error.contains("ceiling is 7"), "{error}");
    assert!(matches!(refused(&with(&[("G0", 1)])), BundleError::AboveCeiling { ceiling: 0, .. }));
    assert!(matches!(refused(&with(&[("G99", 1)])), BundleError::UnknownGene(_)));
}

#[test]
fn other_conditions_have_other_keys_and_settings_do_not() {
    let base = asked(&[("cell_type", &["T"])]);
    let clamped = |clamp: &[(&str, u32)]| {
        let clamp = clamp.iter().map(|(gene, count)| ((*gene).to_owned(), *count)).collect();
        request(&card(), &statistics(), &Choices { clamp, ..choices(&[("cell_type", &["T"])]) }).unwrap().key
    };
    let mut keys: Vec<u64> = [
        &[("cell_type", &["T"][..])][..],
        &[("cell_type", &["B"])],
        &[("donor", &["d1"])],
        &[("cell_type", &["T"]), ("donor", &["d1"])],
        &[("cell_type", &["T"]), ("donor", &["d2"])],
        &[("cell_type", &["T"]), ("depth", &["low"])],
        &[("cell_type", &["T"]), ("drug", &["X"])],
        &[("cell_type", &["T"]), ("drug", &["Y"])],
        &[("cell_type", &["T"]), ("drug", &["X", "Y"])],
        &[],
    ]
    .into_iter()
    .map(|with| asked(with).key)
    .collect();
    keys.extend([
        clamped(&[("G7", 1)]),
        clamped(&[("G7", 2)]),
        clamped(&[("G8", 1)]),
        clamped(&[("G7", 1), ("G8", 1)]),
    ]);
    let all = keys.len();
    keys.sort_unstable();
    keys.dedup();
    assert_eq!(keys.len(), all, "two conditions share a key");
    assert_eq!(clamped(&[("G7", 1), ("G8", 1)]), clamped(&[("G8", 1), ("G7", 1)]));
    let other = Choices { guidance: 3.0, steps: 2, cells: 9, seed: 4, ..choices(&[("cell_type", &["T"])]) };
    assert_eq!(request(&card(), &statistics(), &other).unwrap().key, base.key);
}

/// Runs a future that waits for nothing.
pub(crate) fn wait<F: Future>(future: F) -> F::Output {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(output) => output,
        Poll::Pending => panic!("the CPU answers at once"),
    }
}

/// Uniform numbers and tokens of a request's cells.
fn cells(with: &[(&str, &[&str])], seed: u64) -> (Vec<f32>, Vec<u16>) {
    let network = Network::init(&card().model, statistics(), Pairs::default(), 5, &Device::flex());
    let asked = Request { seed, ..asked(with) };
    let mut run = Run::new(&network, asked, Effort { cells: 6, rows: 64 });
    let uniforms = (0..6).flat_map(|cell| run.draws(cell).unwrap().uniforms.clone()).collect();
    while !run.is_finished() {
        wait(run.step(&network)).unwrap();
    }
    (uniforms, (0..6).flat_map(|cell| run.tokens(cell).to_vec()).collect())
}

#[test]
fn groups_of_cells_share_no_draws_and_a_request_repeats() {
    let with: [&[(&str, &[&str])]; 4] =
        [&[], &[("drug", &["X"])], &[("drug", &["X", "Y"])], &[("drug", &["X"]), ("donor", &["d1"])]];
    let first = with.map(|with| cells(with, 3));
    for (place, (uniforms, tokens)) in first.iter().enumerate() {
        assert_eq!((uniforms, tokens), (&cells(with[place], 3).0, &cells(with[place], 3).1), "the same again");
        let other_seed = cells(with[place], 4);
        let others = first.iter().enumerate().filter(|(other, _)| *other != place).map(|(_, own)| own);
        for (theirs, _) in others.chain([&other_seed]) {
            let equal = uniforms.iter().zip(theirs).filter(|(a, b)| a == b).count();
            // Numbers of 24 bits: one of 72 is the same by chance in one case of 200,000.
            assert_eq!(equal, 0, "request {place}");
        }
    }
    assert_eq!(cells(&[("drug", &["X", "Y"])], 3), cells(&[("drug", &["Y", "X"])], 3));
}
