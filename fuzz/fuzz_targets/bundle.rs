//! A bundle from any bytes: card, weights, map, reference and golden results, apart by lines of four dashes.
//!
//! Does: puts the right hashes into the card, so that what stands behind them is reached; reads the bundle.
//! Does not know: what the bytes are.

#![no_main]

use std::collections::BTreeMap;

use burn::tensor::Device;
use libfuzzer_sys::fuzz_target;
use model::bundle::{Bundle, GOLDEN, MAP, REFERENCE, WEIGHTS, read_card, sha256};

/// The input up to the next line of dashes, and what comes after it.
fn part(bytes: &[u8]) -> (&[u8], &[u8]) {
    const APART: &[u8] = b"\n----\n";
    match bytes.windows(APART.len()).position(|window| window == APART) {
        Some(at) => (&bytes[..at], &bytes[at + APART.len()..]),
        None => (bytes, &[]),
    }
}

fuzz_target!(|bytes: &[u8]| {
    let (json, mut rest) = part(bytes);
    let Ok(mut card) = serde_json::from_slice::<serde_json::Value>(json) else {
        let _ = read_card(json);
        return;
    };
    let (mut files, mut listed) = (BTreeMap::new(), serde_json::Map::new());
    for name in [WEIGHTS, MAP, REFERENCE, GOLDEN] {
        let own;
        (own, rest) = part(rest);
        listed.insert(name.to_owned(), serde_json::json!({ "bytes": own.len(), "sha256": sha256(own) }));
        files.insert(name.to_owned(), own.to_vec());
    }
    if let Some(card) = card.as_object_mut() {
        card.insert("files".to_owned(), listed.into());
    }
    let json = card.to_string();
    let _ = Bundle::read(json.as_bytes(), &files, &Device::flex());
});
