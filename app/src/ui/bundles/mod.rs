//! Which bundle is open: loading, switching, offline copies, and getting over failures.
//!
//! Does: keeps the open bundle in step with the address, fits the state to a new bundle and says what had to
//! go, remembers the run that a lost worker did not finish.
//! Does not know: how files are fetched (the worker does), how bundles are shown (the model view).
//! Flow: state's bundle → **link** → worker → card → state that fits.

pub(super) mod bar;
pub(super) mod instead;
pub(super) mod offline;
pub(super) mod origin;

use leptos::prelude::*;

use super::link;
use super::store::{Phase, Store};
use crate::bundles::{CATALOGUE, Entry, fit, fit_gene, read_catalogue, size_words};
use crate::protocol::Request;
use crate::protocol::bundle::Tell;
use crate::protocol::card::Card;
use crate::state::DEFAULT_BUNDLE;

/// What the page knows of bundles, as signals.
#[derive(Clone, Copy)]
pub(super) struct BundleStore {
    /// The site's bundles.
    pub(super) list: RwSignal<Vec<Entry>>,
    /// `bundle.json` of the open one.
    pub(super) json: RwSignal<String>,
    /// Where the open one's files came from.
    pub(super) came: RwSignal<Option<Tell>>,
    /// A sentence that is no failure.
    pub(super) notice: RwSignal<Option<String>>,
    /// Whether a new version of the page is there.
    pub(super) update: RwSignal<bool>,
    /// Whether the page itself starts without a network.
    pub(super) offline: RwSignal<bool>,
    /// The run that a lost worker did not finish.
    pub(super) interrupted: RwSignal<Option<Request>>,
    /// Whether the visitor stopped the loading.
    pub(super) cancelled: RwSignal<bool>,
}

impl BundleStore {
    pub(super) fn new() -> Self {
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
    pub(super) fn came(&self, tell: Tell) {
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

    /// Whether a card that arrives is the one that is waited for: another bundle may have been chosen since.
    pub(super) fn is_awaited(&self, store: Store) -> bool {
        let folder = self.came.with_untracked(|came| came.as_ref().map(|came| came.folder.clone()));
        store.state.with_untracked(|state| folder.is_none_or(|folder| folder == state.bundle))
    }

    /// A card was read: the state is brought into line with it, before anything is made of both.
    pub(super) fn opened(&self, store: Store, json: &str, card: &Card) {
        let is_first = self.json.with_untracked(String::is_empty);
        self.json.set(json.to_owned());
        let mut state = store.state.get_untracked();
        // What a shared link asks of the first model is named above the controls, not replaced; who goes on to another
        // model takes along what fits.
        let dropped = if is_first { fit_gene(&mut state, card) } else { fit(&mut state, card) };
        if !dropped.is_empty() {
            store.change(|own| *own = state);
            self.say(vec![format!(
                "“{}” does not know everything that was chosen; left out: {}.",
                card.title,
                dropped.join(", ")
            )]);
        }
    }

    /// The loading was stopped.
    pub(super) fn stopped(&self, store: Store) {
        self.cancelled.set(true);
        let ready = store.ready.get_untracked();
        if !ready {
            store.close();
        }
        store.phase.set(if ready { Phase::Idle } else { Phase::Refused });
    }

    /// Adds sentences to the notice.
    fn say(&self, words: Vec<String>) {
        if !words.is_empty() {
            self.notice.update(|notice| {
                let before = notice.take().into_iter();
                *notice = Some(before.chain(words).collect::<Vec<_>>().join(" "));
            });
        }
    }
}

/// Day of an ISO 8601 time.
pub(super) fn day(time: &str) -> String {
    time.split('T').next().unwrap_or_default().to_owned()
}

/// Opens a bundle: the address follows, and the address is what is loaded.
pub(super) fn open(store: Store, folder: &str) {
    store.change(|state| {
        state.bundle = folder.to_owned();
        // A run of the other bundle is not asked for again.
        state.run = false;
    });
}

/// Bundles other than the one that the address names.
pub(super) fn others(store: Store) -> Vec<Entry> {
    let own = store.state.with(|state| state.bundle.clone());
    store.bundles.list.get().into_iter().filter(|entry| entry.folder != own).collect()
}

/// A bundle in a few words, for buttons.
pub(super) fn named(entry: &Entry) -> String {
    let title = if entry.title.is_empty() { &entry.folder } else { &entry.title };
    format!("{title} ({})", size_words(entry.bytes))
}

/// Keeps bundle and address in step from now on, and reads the site's list.
pub(super) fn keep(store: Store) {
    let wanted = Memo::new(move |_| store.state.with(|state| state.bundle.clone()));
    Effect::new(move |before: Option<String>| {
        let bundle = wanted.get();
        if before.is_some_and(|before| before != bundle) {
            untrack(|| link::reload(store));
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
    offline::keep(store);
}
