//! Genes that a field suggests.
//!
//! Does: the options of its list.
//! Does not know: how genes are found (`state::gene_names`).
//! Flow: typed text → **options** → field.

use leptos::prelude::*;

use crate::gene_names::Suggestion;
use crate::ui::state::gene_names::NamesStore;

/// Suggestions for a text that is being typed, as options of a field.
pub(in crate::ui) fn options(names: NamesStore, typed: &str, panel: &[String]) -> Vec<AnyView> {
    let option = |own: Suggestion| view! { <option value=own.gene.clone()>{own.note}</option> }.into_any();
    names.suggest(typed, panel).0.into_iter().map(option).collect()
}
