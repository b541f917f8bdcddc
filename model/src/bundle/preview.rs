//! What a page can show of a bundle while its weights are on their way.
//!
//! Does: reads the map and the results made ahead of time, and no more.
//! Does not know: weights, what is shown.
//! Flow: card + files that are there → **map, precomputed results** → page.

use std::collections::BTreeMap;

use super::error::BundleError;
use super::files::{MAP, PRECOMPUTED};
use super::read::{check_file, read_map};
use super::tables::Map;
use crate::card::Card;
use crate::precomputed::{Precomputed, read};

/// The map and the results made ahead of time, for a page that shows them while the weights are on their way; `None`
/// while one of the two files is not there, or when the bundle has none.
///
/// # Errors
/// When one of them does not fit the card.
pub fn preview(card: &Card, files: &BTreeMap<String, Vec<u8>>) -> Result<Option<(Map, Precomputed)>, BundleError> {
    let of = |name: &str| Some((card.files.get(name)?, files.get(name)?));
    let (Some((map_entry, map)), Some((entry, bytes))) = (of(MAP), of(PRECOMPUTED)) else { return Ok(None) };
    check_file(MAP, map_entry, map)?;
    check_file(PRECOMPUTED, entry, bytes)?;
    let map = read_map(map, card).map_err(|source| BundleError::Content { file: MAP, source })?;
    Ok(Some((map, read(bytes, card)?)))
}
