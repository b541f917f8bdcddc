//! Names in a sentence.
//!
//! Does: lists the first few of some names.
//! Does not know: what they are names of.
//! Flow: names → **words** → sentences of `groups` and `source`.

use std::collections::BTreeSet;

/// Names, the first few.
pub(super) fn listed(names: &BTreeSet<&str>) -> String {
    const SHOWN: usize = 12;
    let more = names.len().saturating_sub(SHOWN);
    let rest = if more > 0 { format!(" and {more} more") } else { String::new() };
    let first: Vec<&str> = names.iter().filter(|name| !name.is_empty()).take(SHOWN).copied().collect();
    if first.is_empty() { "none".to_owned() } else { format!("{}{rest}", first.join(", ")) }
}
