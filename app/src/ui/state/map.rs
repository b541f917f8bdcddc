//! What the map keeps.
//!
//! Does: labels of the measured cells, and the view that a person moved the map to.
//! Does not know: how it is drawn.
//! Flow: worker's labels, person → **map** → map panel.

use std::sync::Arc;

use leptos::prelude::*;

use crate::map_view::view::{Bounds, View};

/// What the map keeps in the store.
#[derive(Clone, Copy)]
pub(in crate::ui) struct MapStore {
    /// Codes of the measured cells' labels by condition.
    pub(in crate::ui) labels: RwSignal<Vec<(String, Arc<Vec<u8>>)>>,
    /// The view that a person moved the map to, and the map's reach; it outlives the panel.
    pub(in crate::ui) seen: RwSignal<Option<(Bounds, View)>>,
}

impl MapStore {
    pub(in crate::ui) fn new() -> Self {
        Self { labels: RwSignal::new(Vec::new()), seen: RwSignal::new(None) }
    }
}
