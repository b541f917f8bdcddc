//! Average linkage against scipy's (`linkage/make_linkage.py`).
//!
//! Does: the same merges of the same groups at the same distances; an order that keeps every group together.
//! Does not know: figures.
//! Flow: fixture → linkage → **the same tree**.

// A test fails by panicking; that is what `unwrap` is for here.
#![allow(clippy::unwrap_used)]

use cells::linkage::average_linkage;
use serde_json::Value;

/// Rows of a group.
fn members(group: usize, rows: usize, merges: &[(usize, usize, f64, usize)]) -> Vec<usize> {
    if group < rows {
        return vec![group];
    }
    let (a, b, _, _) = merges[group - rows];
    [members(a, rows, merges), members(b, rows, merges)].concat()
}

#[test]
fn merges_are_scipys() {
    let fixture: Value = serde_json::from_str(include_str!("linkage/average.json")).unwrap();
    for case in fixture["cases"].as_array().unwrap() {
        let size = |name: &str| case[name].as_u64().unwrap() as usize;
        let (rows, columns) = (size("rows"), size("columns"));
        let values: Vec<f32> = case["values"].as_array().unwrap().iter().map(|v| v.as_f64().unwrap() as f32).collect();
        let found = average_linkage(&values, rows, columns);
        let expected = case["merges"].as_array().unwrap();
        assert_eq!(found.merges.len(), expected.len(), "{}", case["name"]);
        for ((a, b, distance, size), own) in found.merges.iter().zip(expected) {
            assert_eq!(
                (*a as u64, *b as u64, *size as u64),
                (own[0].as_u64().unwrap(), own[1].as_u64().unwrap(), own[3].as_u64().unwrap()),
                "{}",
                case["name"]
            );
            assert!((distance - own[2].as_f64().unwrap()).abs() < 1e-9, "{distance} is not {}", own[2]);
        }
        // Every group stands side by side in the order.
        for group in rows..rows + found.merges.len() {
            let own = members(group, rows, &found.merges);
            let at = |row: &usize| found.order.iter().position(|other| other == row).unwrap();
            let (first, last) = (own.iter().map(at).min().unwrap(), own.iter().map(at).max().unwrap());
            assert_eq!(last - first + 1, own.len(), "group {group} of {} is torn apart", case["name"]);
        }
    }
}

#[test]
fn the_order_is_smoother_than_the_trees_own() {
    let fixture: Value = serde_json::from_str(include_str!("linkage/average.json")).unwrap();
    for case in fixture["cases"].as_array().unwrap() {
        let (rows, columns) = (case["rows"].as_u64().unwrap() as usize, case["columns"].as_u64().unwrap() as usize);
        let values: Vec<f32> = case["values"].as_array().unwrap().iter().map(|v| v.as_f64().unwrap() as f32).collect();
        let found = average_linkage(&values, rows, columns);
        let length = |order: &[usize]| -> f64 {
            let row = |at: usize| &values[at * columns..(at + 1) * columns];
            let apart = |a: usize, b: usize| {
                row(a).iter().zip(row(b)).map(|(x, y)| f64::from(x - y).powi(2)).sum::<f64>().sqrt()
            };
            order.windows(2).map(|pair| apart(pair[0], pair[1])).sum()
        };
        let unturned = members(rows + found.merges.len() - 1, rows, &found.merges);
        assert!(length(&found.order) <= length(&unturned), "{}", case["name"]);
    }
}
