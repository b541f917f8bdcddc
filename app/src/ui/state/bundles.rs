//! What the page knows of bundles.
//!
//! Does: keeps the site's list, where the open bundle came from, and what to say of it.
//! Does not know: how files are fetched (the worker does), how bundles are shown (the model view).
//! Flow: worker's messages → **bundles** → views.

use leptos::prelude::*;

use crate::bundles::{Entry, size_words};
use crate::protocol::Request;
use crate::protocol::bundle::Tell;

/// What the page knows of bundles, as signals.
#[derive(Clone, Copy)]
pub(in crate::ui) struct BundleStore {
    /// The site's bundles.
    pub(in crate::ui) list: RwSignal<Vec<Entry>>,
    /// `bundle.json` of the open one.
    pub(in crate::ui) json: RwSignal<String>,
    /// Where the open one's files came from.
    pub(in crate::ui) came: RwSignal<Option<Tell>>,
    /// A sentence that is no failure.
    pub(in crate::ui) notice: RwSignal<Option<String>>,
    /// Whether a new version of the page is there.
    pub(in crate::ui) update: RwSignal<bool>,
    /// Whether the page itself starts without a network.
    pub(in crate::ui) offline: RwSignal<bool>,
    /// The run that a lost worker did not finish.
    pub(in crate::ui) interrupted: RwSignal<Option<Request>>,
    /// Whether the visitor stopped the loading.
    pub(in crate::ui) cancelled: RwSignal<bool>,
}

impl BundleStore {
    pub(in crate::ui) fn new() -> Self {
        Self {
            list: RwSignal::new(Vec::new()),
            json: RwSignal::new(String::new()),
            came: RwSignal::new(None),
            notice: RwSignal::new(None),
            update: RwSignal::new(false),
            offline: RwSignal::new(false),
            interrupted: RwSignal::new(None),
            cancelled: RwSignal::new(false),
        }
    }

    /// The worker has the files of a bundle; its card follows.
    pub(in crate::ui) fn came(&self, tell: Tell) {
        let known = self.came.with_untracked(|came| came.as_ref().and_then(|came| came.not_kept.clone()));
        let mut words = Vec::new();
        if let Some(kept_at) = &tell.stale {
            words.push(format!("Offline: this is the copy of the model of {}.", day(kept_at)));
        }
        // Said once: it stays true for as long as the browser is as it is.
        words.extend(tell.not_kept.clone().filter(|why| known.as_ref() != Some(why)));
        self.say(words);
        self.came.set(Some(tell));
    }

    /// Adds sentences to the notice.
    pub(super) fn say(&self, words: Vec<String>) {
        if !words.is_empty() {
            self.notice.update(|notice| {
                let before = notice.take().into_iter();
                *notice = Some(before.chain(words).collect::<Vec<_>>().join(" "));
            });
        }
    }
}

/// Day of an ISO 8601 time.
pub(in crate::ui) fn day(time: &str) -> String {
    time.split('T').next().unwrap_or_default().to_owned()
}

/// A bundle in a few words, for buttons.
pub(in crate::ui) fn named(entry: &Entry) -> String {
    let title = if entry.title.is_empty() { &entry.folder } else { &entry.title };
    format!("{title} ({})", size_words(entry.bytes))
}
