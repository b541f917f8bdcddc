//! Which bundle is open: opening, closing, choosing another.
//!
//! Does: takes a card and its map, fits the state to a new bundle and says what had to go, forgets a bundle that is gone.
//! Does not know: how files are fetched (the worker does), how bundles are shown.
//! Flow: state's bundle → worker → card → **state that fits**.

use std::sync::Arc;

use leptos::prelude::*;

use super::store::{Phase, Store};
use crate::bundles::{Entry, fit, fit_gene};
use crate::history::History;
use crate::parts;
use crate::protocol::DeviceReport;
use crate::protocol::card::Card;

impl Store {
    /// Whether a card that arrives is the one that is waited for: another bundle may have been chosen since.
    pub(in crate::ui) fn is_awaited(&self) -> bool {
        let folder = self.bundles.came.with_untracked(|came| came.as_ref().map(|came| came.folder.clone()));
        self.state.with_untracked(|state| folder.is_none_or(|folder| folder == state.bundle))
    }

    pub(in crate::ui) fn ready(&self, card: &str, device: DeviceReport, reference: Vec<f32>) {
        match self.open(card, reference) {
            Ok(()) => {
                self.device.set(Some(device));
                self.phase.set(Phase::Idle);
                self.ready.set(true);
            }
            Err(sentence) => self.failed(sentence, false),
        }
    }

    /// Whether this card is the open one.
    pub(in crate::ui) fn is_open(&self, card: &str) -> bool {
        self.card.with_untracked(Option::is_some) && self.bundles.json.with_untracked(|json| json == card)
    }

    /// Opens a card and the map of its measured cells, unless it is open: what is shown of it then stays.
    pub(in crate::ui) fn open(&self, card: &str, reference: Vec<f32>) -> Result<(), String> {
        if !self.is_open(card) {
            let read = Card::read(card).map_err(|error| format!("bundle.json cannot be shown: {error}."))?;
            self.fit_to(card, &read);
            self.reference.set(Arc::new(reference));
            self.card.set(Some(Arc::new(read)));
        }
        Ok(())
    }

    /// A card was read: the state is brought into line with it, before anything is made of both.
    fn fit_to(&self, json: &str, card: &Card) {
        let before = self.bundles.json.with_untracked(|json| Card::read(json).ok());
        self.bundles.json.set(json.to_owned());
        let mut state = self.state.get_untracked();
        // What a shared link asks of the first model is named above the controls, not replaced; who goes on to another
        // model takes along what fits.
        let mut dropped = match &before {
            None => fit_gene(&mut state, card),
            before => fit(&mut state, card, before.as_ref()),
        };
        dropped.extend(parts::fit(&mut state.parts, card));
        if !dropped.is_empty() {
            self.history.update(History::amend);
            self.change(|own| *own = state);
            self.bundles.say(vec![format!(
                "“{}” does not know everything that was chosen; left out: {}.",
                card.title,
                dropped.join(", ")
            )]);
        }
    }

    /// Forgets the bundle and everything that was shown of it.
    pub(in crate::ui) fn close(&self) {
        self.clear();
        self.ahead.close();
        self.ready.set(false);
        self.card.set(None);
        self.names.set(Vec::new());
        self.reference.set(Default::default());
    }

    pub(in crate::ui) fn failed(&self, sentence: String, fatal: bool) {
        self.alert.set(Some(sentence));
        let loaded = self.ready.get_untracked();
        if !fatal && loaded && untrack(|| self.is_running()) && self.working.get_untracked() == self.run.get_untracked()
        {
            self.finished.set(Some(self.ended_early(0)));
        }
        if !fatal && !loaded {
            // Of a bundle that was refused nothing stays on the screen.
            self.close();
        }
        self.phase.set(if fatal {
            Phase::Lost
        } else if loaded {
            Phase::Idle
        } else {
            Phase::Refused
        });
    }

    /// The loading was stopped.
    pub(in crate::ui) fn stopped(&self) {
        self.bundles.cancelled.set(true);
        let ready = self.ready.get_untracked();
        if !ready {
            self.close();
        }
        self.phase.set(if ready { Phase::Idle } else { Phase::Refused });
    }
}

/// Opens a bundle: the address follows, and the address is what is loaded.
pub(in crate::ui) fn open(store: Store, folder: &str) {
    store.change(|state| {
        state.bundle = folder.to_owned();
        // A run of the other bundle is not asked for again.
        state.run = false;
    });
}

/// Bundles other than the one that the address names.
pub(in crate::ui) fn others(store: Store) -> Vec<Entry> {
    let own = store.state.with(|state| state.bundle.clone());
    store.bundles.list.get().into_iter().filter(|entry| entry.folder != own).collect()
}
