//! Results that come with a bundle, from any bytes, under a card of three genes.
//!
//! Does: reads the results as the page does before it shows them.
//! Does not know: what the bytes are.

#![no_main]

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use model::card::Card;

/// The card that the corpus was written for.
static CARD: LazyLock<Option<Card>> =
    LazyLock::new(|| serde_json::from_str(include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/src/card.json"))).ok());

fuzz_target!(|bytes: &[u8]| {
    let Some(card) = CARD.as_ref() else { panic!("the card is not one") };
    let _ = model::precomputed::read(bytes, card);
});
