//! What the shell's parts share.
//!
//! Does: which dialog is open; undoes and redoes through the browser's history.
//! Does not know: what a step is (`crate::history` does).
//! Flow: header, keys → **shell** → dialogs, history.

use leptos::prelude::*;

use crate::ui::state::store::Store;

/// What the shell knows, as signals.
#[derive(Clone, Copy)]
pub(in crate::ui) struct Shell {
    /// Whether the keyboard map is open.
    pub(super) help: RwSignal<bool>,
    /// Whether the looks are open.
    pub(super) settings: RwSignal<bool>,
}

impl Shell {
    /// No dialog is open.
    pub(super) fn new() -> Self {
        Self { help: RwSignal::new(false), settings: RwSignal::new(false) }
    }
}

/// Takes the last step back: it is the browser's own, so that Back, Forward and these agree.
pub(super) fn undo(store: Store) {
    let card = store.card.get_untracked();
    match (store.history.with_untracked(|history| history.undo(card.as_deref())), window().history()) {
        (Some(words), Ok(history)) if history.back().is_ok() => store.tell(&format!("Undone: {words}")),
        _ => store.tell("There is nothing to undo."),
    }
}

/// Does again what was undone.
pub(super) fn redo(store: Store) {
    let card = store.card.get_untracked();
    match (store.history.with_untracked(|history| history.redo(card.as_deref())), window().history()) {
        (Some(words), Ok(history)) if history.forward().is_ok() => store.tell(&format!("Done again: {words}")),
        _ => store.tell("There is nothing to do again."),
    }
}
