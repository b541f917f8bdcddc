//! The header: name, views, undo and redo, device, looks, keyboard map.
//!
//! Does: arranges them. Does not know: what they do.
//! Flow: person → **header** → store, shell.

use leptos::prelude::*;

use super::device::DeviceBadge;
use super::frame::Shell;
use crate::history::view_name;
use crate::state::{VIEWS, View};
use crate::ui::state::store::{Store, use_store};

#[component]
pub(in crate::ui) fn Header(shell: Shell) -> impl IntoView {
    let store = use_store();
    let tab = move |(view, name): (View, &'static str)| {
        let is_open = move || store.state.with(|state| state.view) == view;
        view! {
            <button class="tab" data-testid=format!("tab-{name}")
                aria-current=move || if is_open() { "page" } else { "false" }
                on:click=move |_| store.change(|state| state.view = view)>
                {view_name(view)}
            </button>
        }
    };
    let tabs: Vec<_> = VIEWS.into_iter().map(tab).collect();
    view! {
        <header class="top">
            <h1 class="brand"><Mark/><span>"Wellplate"</span></h1>
            <nav aria-label="Views" class="tabs">{tabs}</nav>
            <div class="tools">
                <Steps store/>
                <DeviceBadge/>
                <button class="icon" data-testid="theme" on:click=move |_| store.looks.toggle()
                    aria-label=move || if store.dark.get() { "Light theme" } else { "Dark theme" }
                    title=move || if store.dark.get() { "Light theme (t)" } else { "Dark theme (t)" }>
                    <svg viewBox="0 0 20 20" aria-hidden="true"><circle cx="10" cy="10" r="7"/><path class="solid" d="M10 3a7 7 0 0 1 0 14z"/></svg>
                </button>
                <button class="icon" data-testid="settings-open" aria-haspopup="dialog" aria-label="Looks and keys: theme, colours, shortcuts"
                    title="Looks and keys: theme, colours, shortcuts" on:click=move |_| shell.settings.set(true)>
                    <svg viewBox="0 0 20 20" aria-hidden="true"><path d="M3 6h6m4 0h4M3 14h3m4 0h7"/><circle cx="11" cy="6" r="2"/><circle cx="8" cy="14" r="2"/></svg>
                </button>
                <button class="icon only-wide" data-testid="shortcuts-open" aria-haspopup="dialog" aria-label="Keyboard shortcuts"
                    title="Keyboard shortcuts (?)" on:click=move |_| shell.help.set(true)>
                    <span aria-hidden="true">"?"</span>
                </button>
            </div>
        </header>
    }
}

/// The mark: a corner of a plate, two of its wells with something in them.
#[component]
fn Mark() -> impl IntoView {
    view! {
        <svg class="mark" viewBox="0 0 32 32" aria-hidden="true">
            <path class="plate" d="M8 2h16a6 6 0 0 1 6 6v16a6 6 0 0 1-6 6H10l-8-8V8a6 6 0 0 1 6-6z"/>
            <circle class="well" cx="10" cy="10" r="4"/><circle class="well one" cx="22" cy="10" r="4"/>
            <circle class="well two" cx="10" cy="22" r="4"/><circle class="well" cx="22" cy="22" r="4"/>
        </svg>
    }
}

/// Undo and redo. They stay focusable when there is nothing to do, so that the focus is not lost at the last step.
#[component]
fn Steps(store: Store) -> impl IntoView {
    let undo = Memo::new(move |_| store.history.with(|history| history.undo(store.card.get().as_deref())));
    let redo = Memo::new(move |_| store.history.with(|history| history.redo(store.card.get().as_deref())));
    let words =
        |what: &str, step: Option<String>| step.map_or(format!("{what}: nothing"), |step| format!("{what}: {step}"));
    view! {
        <button class="icon" data-testid="undo" aria-disabled=move || undo.with(Option::is_none).to_string()
            aria-label=move || words("Undo", undo.get()) title=move || words("Undo", undo.get())
            on:click=move |_| super::frame::undo(store)>
            <svg viewBox="0 0 20 20" aria-hidden="true"><path d="M7 4 3 8l4 4M3 8h8a5 5 0 0 1 0 10H8"/></svg>
        </button>
        <button class="icon" data-testid="redo" aria-disabled=move || redo.with(Option::is_none).to_string()
            aria-label=move || words("Redo", redo.get()) title=move || words("Redo", redo.get())
            on:click=move |_| super::frame::redo(store)>
            <svg viewBox="0 0 20 20" aria-hidden="true"><path d="m13 4 4 4-4 4M17 8H9a5 5 0 0 0 0 10h3"/></svg>
        </button>
    }
}
