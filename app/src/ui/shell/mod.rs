//! What stands around the views: header, messages, dialogs, keys, looks.
//!
//! Does: holds what only the shell knows, undoes and redoes through the browser's history, keeps the window's title.
//! Does not know: what the views show.
//! Flow: person → **shell** → store, history, looks.

mod dialogs;
mod header;
mod keys;
mod looks;

use gloo::timers::callback::Timeout;
use leptos::prelude::*;

use super::link;
use super::store::{Phase, Store};
use super::use_store;
use crate::state::View;
use crate::title::{Standing, title};

pub(super) use header::Header;
pub(super) use looks::{Looks, shown_palette};

/// How long a word stays, in milliseconds.
const STAYS: u32 = 6000;

/// What the shell knows, as signals.
#[derive(Clone, Copy)]
pub(super) struct Shell {
    /// Whether the keyboard map is open.
    help: RwSignal<bool>,
    /// Whether the looks are open.
    settings: RwSignal<bool>,
}

impl Shell {
    /// Begins to hear keys and to follow the view.
    pub(super) fn new(store: Store, view: Memo<View>) -> Self {
        let shell = Self { help: RwSignal::new(false), settings: RwSignal::new(false) };
        keys::listen(store, shell);
        keys::focus_follows(view);
        keep_title(store, view);
        shell
    }
}

impl Store {
    /// Says something that needs no answer.
    pub(super) fn tell(&self, words: &str) {
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

/// Takes the last step back: it is the browser's own, so that Back, Forward and these agree.
fn undo(store: Store) {
    let card = store.card.get_untracked();
    match (store.history.with_untracked(|history| history.undo(card.as_deref())), window().history()) {
        (Some(words), Ok(history)) if history.back().is_ok() => store.tell(&format!("Undone: {words}")),
        _ => store.tell("There is nothing to undo."),
    }
}

/// Does again what was undone.
fn redo(store: Store) {
    let card = store.card.get_untracked();
    match (store.history.with_untracked(|history| history.redo(card.as_deref())), window().history()) {
        (Some(words), Ok(history)) if history.forward().is_ok() => store.tell(&format!("Done again: {words}")),
        _ => store.tell("There is nothing to do again."),
    }
}

/// Keeps the window's title in step.
fn keep_title(store: Store, view: Memo<View>) {
    let words = Memo::new(move |_| {
        let standing = store.phase.with(|phase| match phase {
            Phase::Loading { share, .. } => Standing::Loading(*share),
            Phase::Running { share, .. } => Standing::Running(*share),
            Phase::Idle if store.alert.with(Option::is_some) => Standing::Failed,
            Phase::Idle if store.provenance.with(Option::is_some) => Standing::Done,
            Phase::Idle => Standing::Quiet,
            Phase::Lost | Phase::Refused => Standing::Failed,
        });
        title(view.get(), standing)
    });
    Effect::new(move |_| document().set_title(&words.get()));
}

/// The way past the header for those who go by Tab.
#[component]
pub(super) fn SkipLink() -> impl IntoView {
    let skip = move |event: leptos::ev::MouseEvent| {
        // Without an entry in the history: it would be one more step to undo.
        event.prevent_default();
        if let Some(main) = document().get_element_by_id("content") {
            let main: web_sys::HtmlElement = wasm_bindgen::JsCast::unchecked_into(main);
            let _ = main.focus();
        }
    };
    view! { <a class="skip" href="#content" data-testid="skip" on:click=skip>"Skip to content"</a> }
}

/// Dialogs and the word on what was just done.
#[component]
pub(super) fn Overlays(shell: Shell) -> impl IntoView {
    let store = use_store();
    view! {
        <dialogs::Shortcuts shell/>
        <dialogs::Settings shell/>
        <p class="told" role="status" data-testid="told">{move || store.told.get()}</p>
    }
}

/// The sentence of the last failure.
#[component]
pub(super) fn Alert() -> impl IntoView {
    let store = use_store();
    let is_lost = move || store.phase.with(|phase| *phase == Phase::Lost);
    view! {
        <div role="alert" class="alert" data-testid="alert" hidden=move || store.alert.with(Option::is_none)>
            <p>{move || store.alert.get().unwrap_or_default()}</p>
            <Show when=is_lost>
                <button data-testid="restart" on:click=move |_| link::restart(store)>"Restart"</button>
            </Show>
            <button class="quiet" aria-label="Close message" on:click=move |_| store.alert.set(None)>"Close"</button>
        </div>
    }
}
