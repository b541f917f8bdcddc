//! Which bundle is open, kept in step with the address.
//!
//! Does: loads another when the address names it, reads the site's list of bundles, begins to look after offline copies.
//! Does not know: how files are fetched (the worker does), what a new bundle means for the state (`state::opening`).
//! Flow: state's bundle → **worker** → card → state that fits.

use leptos::prelude::*;

use super::worker;
use crate::bundles::{CATALOGUE, Entry, read_catalogue};
use crate::state::DEFAULT_BUNDLE;
use crate::ui::state::store::Store;

/// Keeps bundle and address in step from now on, and reads the site's list.
pub(in crate::ui) fn keep(store: Store) {
    let wanted = Memo::new(move |_| store.state.with(|state| state.bundle.clone()));
    Effect::new(move |before: Option<String>| {
        let bundle = wanted.get();
        if before.is_some_and(|before| before != bundle) {
            untrack(|| worker::reload(store));
        }
        bundle
    });
    // A run that was made after all is not offered again.
    Effect::new(move |_| {
        if store.is_running() {
            store.bundles.interrupted.set(None);
        }
    });
    leptos::task::spawn_local(async move {
        let list = match gloo::net::http::Request::get(CATALOGUE).send().await {
            Ok(answer) if answer.ok() => answer.text().await.ok().and_then(|text| read_catalogue(&text).ok()),
            _ => None,
        };
        // A site without a list has the bundle that every site has.
        let default = || vec![Entry { folder: DEFAULT_BUNDLE.into(), ..Entry::default() }];
        store.bundles.list.set(list.filter(|list| !list.is_empty()).unwrap_or_else(default));
    });
    super::offline::keep(store);
}
