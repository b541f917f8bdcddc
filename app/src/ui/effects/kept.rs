//! What this browser keeps between visits: a few words by their keys.
//!
//! Does: reads, writes and removes them; where storage is forbidden (blocked cookies) or full, nothing is kept, and
//! choices last as long as the page.
//! Does not know: what the words mean.
//! Flow: settings ⇄ **browser's storage**.

use leptos::prelude::window;
use web_sys::Storage;

/// The storage; none where the browser refuses it.
fn storage() -> Option<Storage> {
    window().local_storage().ok().flatten()
}

/// What is kept under a key. Earlier versions kept words in quotes.
pub(in crate::ui) fn get(key: &str) -> Option<String> {
    let words = storage()?.get_item(key).ok().flatten()?;
    Some(words.trim_matches('"').to_owned())
}

/// Keeps words under a key; no words take the key away.
pub(in crate::ui) fn set(key: &str, words: Option<&str>) {
    let Some(storage) = storage() else { return };
    // Full or refused: the choice then lasts as long as the page.
    let _ = match words {
        Some(words) => storage.set_item(key, words),
        None => storage.remove_item(key),
    };
}
