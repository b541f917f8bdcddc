//! Labels of cells by key.
//!
//! Does: names the type that this room passes around, and finds a label or says which there are.
//! Does not know: what labels mean, recipes.
//! Flow: cells or store → **labels** → `choose`, `conditions`, `faults`.

use std::collections::BTreeMap;

use anyhow::{Context, Result};
use cells::Column;

/// Labels by key.
pub(super) type Labels = BTreeMap<String, Column>;

/// A label of every cell.
pub(super) fn label<'a>(labels: &'a Labels, key: &str) -> Result<&'a Column> {
    let known = || labels.keys().cloned().collect::<Vec<_>>().join(", ");
    labels.get(key).with_context(|| format!("the cells have no label `{key}`; they have {}", known()))
}
