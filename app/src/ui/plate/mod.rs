//! The Plate view.
//!
//! Does: Runs many conditions, a well at a time.
//! Does not know: the model.
//! Flow: person → **plate** → worker → plate.

use leptos::prelude::*;

use super::store::Store;
use crate::protocol::Array;
use crate::protocol::plate::Tell;

/// What the view knows, as signals.
#[derive(Clone, Copy)]
pub(super) struct PlateStore {}

impl PlateStore {
    pub(super) fn new() -> Self {
        Self {}
    }

    /// Takes a message of the worker; `next` hands out its arrays in order.
    pub(super) fn receive(&self, _store: Store, tell: Tell, _next: &mut dyn FnMut() -> Array) {
        match tell {}
    }
}

#[component]
pub(super) fn PlateView() -> impl IntoView {
    view! { <section class="panel" data-testid="plate"><h2>"Plate"</h2></section> }
}
