//! The Learn view.
//!
//! Does: Watches single cells being written.
//! Does not know: the model.
//! Flow: person → **learn** → worker → learn.

use leptos::prelude::*;

use super::store::Store;
use crate::protocol::Array;
use crate::protocol::learn::Tell;

/// What the view knows, as signals.
#[derive(Clone, Copy)]
pub(super) struct LearnStore {}

impl LearnStore {
    pub(super) fn new() -> Self {
        Self {}
    }

    /// Takes a message of the worker; `next` hands out its arrays in order.
    pub(super) fn receive(&self, _store: Store, tell: Tell, _next: &mut dyn FnMut() -> Array) {
        match tell {}
    }
}

#[component]
pub(super) fn LearnView() -> impl IntoView {
    view! { <section class="panel" data-testid="learn"><h2>"Learn"</h2></section> }
}
