//! Keys that work anywhere, and where the focus goes when the view changes.
//!
//! Does: hears keys, leaves those alone that a field or a figure handles itself, does what the table of shortcuts says.
//! Does not know: which key does what (`crate::shortcuts` does).
//! Flow: key → **action** → store, link, history.

use leptos::prelude::*;
use wasm_bindgen::JsCast;
use web_sys::{Element, HtmlElement, KeyboardEvent};

use super::frame::Shell;
use crate::shortcuts::{Action, Held, find};
use crate::state::View;
use crate::ui::effects::worker;
use crate::ui::state::store::{Phase, Store};

/// Inputs in which nothing is typed.
const NOT_TYPED: [&str; 8] = ["button", "checkbox", "color", "file", "radio", "range", "reset", "submit"];
/// What takes letters while it has the focus. Grids and figures prevent the default of the keys that they take.
const OWN_KEYS: &str = "[role=listbox], [role=combobox], [data-own-keys]";

/// Whether a person types into an element.
fn is_typed_into(element: &Element) -> bool {
    match element.tag_name().to_lowercase().as_str() {
        "input" => {
            let kind = element.get_attribute("type").unwrap_or_default();
            !NOT_TYPED.contains(&kind.as_str())
        }
        "textarea" | "select" => true,
        _ => {
            // A selector that is well formed never fails.
            let own = |selector: &str| element.closest(selector).ok().flatten().is_some();
            own("[contenteditable=true]") || own(OWN_KEYS)
        }
    }
}

/// Hears keys from now on.
pub(super) fn listen(store: Store, shell: Shell) {
    let handle = window_event_listener(leptos::ev::keydown, move |event| {
        let dialog = document().query_selector("dialog[open]").ok().flatten();
        if event.default_prevented() || event.is_composing() || dialog.is_some() {
            return;
        }
        let target = event.target().and_then(|target| target.dyn_into::<Element>().ok());
        let typing = target.as_ref().is_some_and(is_typed_into);
        let held =
            Held { control: event.ctrl_key() || event.meta_key(), shift: event.shift_key(), alt: event.alt_key() };
        if let Some(action) = find(&event.key(), held, typing, store.looks.letters.get_untracked()) {
            act(store, shell, action, &event);
        }
    });
    on_cleanup(move || handle.remove());
}

fn act(store: Store, shell: Shell, action: Action, event: &KeyboardEvent) {
    if action == Action::Cancel && !store.is_running() {
        return;
    }
    event.prevent_default();
    match action {
        Action::Open(view) => store.change(|state| state.view = view),
        Action::Generate => generate(store),
        Action::Cancel => worker::cancel(store),
        Action::FindGene => find_gene(store),
        Action::Theme => store.looks.toggle(),
        Action::Undo => super::frame::undo(store),
        Action::Redo => super::frame::redo(store),
        Action::Help => shell.help.set(true),
    }
}

fn generate(store: Store) {
    let view = store.state.with_untracked(|state| state.view);
    if view != View::Explore {
        store.tell("g generates cells in Explore; 1 opens it.");
    } else if store.phase.with_untracked(|phase| *phase == Phase::Idle) {
        untrack(|| worker::generate(store));
    }
}

/// Goes to the field that finds a gene; it is there once there are results.
fn find_gene(store: Store) {
    store.change(|state| state.view = View::Explore);
    request_animation_frame(move || {
        let field = document().query_selector("main [data-testid=filter]").ok().flatten();
        match field.and_then(|field| field.dyn_into::<HtmlElement>().ok()) {
            // An element that cannot take the focus leaves it where it was.
            Some(field) => drop(field.focus()),
            None => store.tell("There are no genes to search yet: generate cells of two kinds that can be compared."),
        }
    });
}

/// Brings the focus to the heading of the view that is opened, so that the next Tab goes on from there.
pub(super) fn focus_follows(view: Memo<View>) {
    Effect::new(move |before: Option<View>| {
        let now = view.get();
        if before.is_some_and(|before| before != now) {
            request_animation_frame(focus_heading);
        }
        now
    });
}

/// Focuses the first heading of the view.
fn focus_heading() {
    let heading = document().query_selector("main h2").ok().flatten();
    let place = heading.or_else(|| document().query_selector("main").ok().flatten());
    if let Some(place) = place.and_then(|place| place.dyn_into::<HtmlElement>().ok()) {
        // Headings take the focus from code alone, never by Tab.
        let _ = place.set_attribute("tabindex", "-1");
        let _ = place.focus();
    }
    window().scroll_to_with_x_and_y(0.0, 0.0);
}
