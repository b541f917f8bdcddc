//! What the page knows of results that came with the bundle.
//!
//! Does: keeps those of the open bundle and the one on the screen.
//! Does not know: how results are found and named (`crate::precomputed` does), when one is shown (`effects::precomputed`).
//! Flow: worker's results → **precomputed** → views.

use std::sync::Arc;

use leptos::prelude::*;

use crate::precomputed::{Found, Held};
use crate::protocol::Provenance;

/// What the page knows of precomputed results.
#[derive(Clone, Copy)]
pub(in crate::ui) struct AheadStore {
    /// Those of the open bundle.
    pub(in crate::ui) held: RwSignal<Option<Arc<Held>>>,
    /// The one on the screen; none while there are cells of the visitor's own.
    pub(in crate::ui) shown: RwSignal<Option<Arc<Shown>>>,
}

/// A result on the screen.
#[derive(Debug, PartialEq)]
pub(in crate::ui) struct Shown {
    pub(in crate::ui) held: Arc<Held>,
    pub(in crate::ui) found: Found,
    /// What made it, for files.
    pub(in crate::ui) provenance: Provenance,
}

impl Shown {
    /// Mean log-normalised expression of a gene and the share of cells with it, for control and perturbed cells or for
    /// the only ones; `None` where the file does not tell of it.
    pub(in crate::ui) fn gene(&self, gene: usize) -> Option<Vec<(f64, f64)>> {
        let sides = [Some(self.found.control), self.found.compared.map(|(perturbed, _)| perturbed)];
        sides.into_iter().flatten().map(|set| self.held.sets.get(set)?.of(gene)).collect()
    }
}

impl AheadStore {
    pub(in crate::ui) fn new() -> Self {
        Self { held: RwSignal::new(None), shown: RwSignal::new(None) }
    }

    /// The result on the screen is gone.
    pub(in crate::ui) fn clear(&self) {
        self.shown.set(None);
    }

    /// The bundle is gone.
    pub(in crate::ui) fn close(&self) {
        self.held.set(None);
        self.shown.set(None);
    }

    /// Whether what is on the screen is precomputed.
    pub(in crate::ui) fn is_shown(&self) -> bool {
        self.shown.with(Option::is_some)
    }

    /// The result on the screen.
    pub(in crate::ui) fn shown(&self) -> Option<Arc<Shown>> {
        self.shown.get()
    }

    /// Puts a result on the screen again, or none.
    pub(in crate::ui) fn bring_back(&self, shown: Option<Arc<Shown>>) {
        self.shown.set(shown);
    }

    /// Genes of all that were tested with q below 0.05, where the table is precomputed and holds only the surest.
    pub(in crate::ui) fn moved(&self) -> Option<usize> {
        self.shown.with(|shown| {
            let shown = shown.as_ref()?;
            shown.held.comparisons.get(shown.found.compared?.1).map(|own| own.shifted as usize)
        })
    }

    /// ", precomputed" for titles and names of what is on the screen.
    pub(in crate::ui) fn ending(&self) -> &'static str {
        if self.is_shown() { ", precomputed" } else { "" }
    }

    /// What the table of genes holds, where it is precomputed.
    pub(in crate::ui) fn genes_words(&self) -> Option<String> {
        self.shown.with(|shown| {
            let shown = shown.as_ref()?;
            Some(shown.held.genes_words(shown.found.compared?.1))
        })
    }

    /// The same without how many genes shifted, where that is said elsewhere.
    pub(in crate::ui) fn listed_words(&self) -> Option<String> {
        self.shown.with(|shown| {
            let shown = shown.as_ref()?;
            Some(shown.held.listed_words(shown.found.compared?.1))
        })
    }
}
