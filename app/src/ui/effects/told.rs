//! A word on what was just done.
//!
//! Does: says it, and takes it away after a while.
//! Does not know: where it stands.
//! Flow: whoever did something → **word** → state.

use gloo::timers::callback::Timeout;
use leptos::prelude::*;

use crate::ui::state::store::Store;

/// How long a word stays, in milliseconds.
const STAYS: u32 = 6000;

impl Store {
    /// Says something that needs no answer.
    pub(in crate::ui) fn tell(&self, words: &str) {
        let (words, told) = (words.to_owned(), self.told);
        told.set(words.clone());
        let fade = move || {
            if told.with_untracked(|told| *told == words) {
                told.set(String::new());
            }
        };
        Timeout::new(STAYS, fade).forget();
    }
}
