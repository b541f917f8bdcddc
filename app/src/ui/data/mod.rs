//! The Data view.
//!
//! Does: Reads a dropped file, places and tests its cells.
//! Does not know: the model.
//! Flow: person → **data** → worker → data.

use leptos::prelude::*;

use super::store::Store;
use crate::protocol::Array;
use crate::protocol::data::Tell;

/// What the view knows, as signals.
#[derive(Clone, Copy)]
pub(super) struct DataStore {}

impl DataStore {
    pub(super) fn new() -> Self {
        Self {}
    }

    /// Takes a message of the worker; `next` hands out its arrays in order.
    pub(super) fn receive(&self, _store: Store, tell: Tell, _next: &mut dyn FnMut() -> Array) {
        match tell {}
    }
}

#[component]
pub(super) fn DataView() -> impl IntoView {
    view! { <section class="panel" data-testid="data"><h2>"Data"</h2></section> }
}
