//! What genes are called.
//!
//! Does: keeps the names that are there and whether a view asked for any; finds and suggests genes.
//! Does not know: what names mean (`crate::gene_names`), how lists are fetched (`effects::gene_names`).
//! Flow: card + `genes/*.tsv` → **names** → gene card, fields for genes.

use std::sync::Arc;

use leptos::prelude::*;

use crate::gene_names::{Found, GeneNames, Suggestion};

/// Suggestions of a list of options: more would hide the page.
const LISTED: usize = 12;

/// What genes are called.
#[derive(Clone, Copy)]
pub(in crate::ui) struct NamesStore {
    /// Names that are there.
    pub(in crate::ui) names: RwSignal<Arc<GeneNames>>,
    /// Whether a view asked for any.
    pub(in crate::ui) wanted: RwSignal<bool>,
    /// Why a list is not there.
    pub(in crate::ui) missing: RwSignal<Option<String>>,
}

impl NamesStore {
    pub(in crate::ui) fn new() -> Self {
        Self { names: RwSignal::new(Arc::default()), wanted: RwSignal::new(false), missing: RwSignal::new(None) }
    }

    /// The names; asking for them brings them.
    pub(in crate::ui) fn get(self) -> Arc<GeneNames> {
        if !self.wanted.get_untracked() {
            // Not at once: views ask while they are being drawn.
            leptos::task::spawn_local(async move { self.wanted.set(true) });
        }
        self.names.get()
    }

    /// What a typed name means in a panel; `whose` names the panel in the sentence.
    pub(in crate::ui) fn find(self, typed: &str, panel: &[String], whose: &str) -> Result<String, String> {
        let found: Found = untrack(|| self.get()).find(typed, panel);
        found.or_sentence(typed, whose)
    }

    /// Genes for a text that is being typed, and how many fit.
    pub(in crate::ui) fn suggest(self, typed: &str, panel: &[String]) -> (Vec<Suggestion>, usize) {
        // An empty field does not ask for the list.
        if typed.trim().is_empty() {
            return (Vec::new(), 0);
        }
        self.get().suggest(typed, panel, LISTED)
    }
}
