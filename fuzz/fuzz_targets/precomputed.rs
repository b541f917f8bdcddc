//! Results that come with a bundle, from any bytes, under a card of twelve genes.
//!
//! Does: reads the results as the page does before it shows them.
//! Does not know: what the bytes are.

#![no_main]

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use model::bundle::WEIGHTS;
use model::card::{Card, FileEntry};

/// The card that the corpus was written for, with the weights that it names: those of no hash.
static CARD: LazyLock<Option<Card>> = LazyLock::new(|| {
    let json = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/src/card.json"));
    let mut card: Card = serde_json::from_str(json).ok()?;
    card.files.insert(WEIGHTS.to_owned(), FileEntry { sha256: String::new(), bytes: 0 });
    Some(card)
});

fuzz_target!(|bytes: &[u8]| {
    let Some(card) = CARD.as_ref() else { panic!("the card is not one") };
    let _ = model::precomputed::read(bytes, card);
});
