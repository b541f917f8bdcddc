//! The address bar and the store, kept in step.
//!
//! Does: writes the state into the address (a new history entry for each change), reads it back on
//! back and forward, starts the run that a shared link asks for.
//! Does not know: what the state means.
//! Flow: store ⇄ **history**.

use leptos::prelude::*;
use wasm_bindgen::JsCast;
use wasm_bindgen::prelude::Closure;
use web_sys::Event;

use super::link;
use super::store::Store;
use crate::state::State;

/// The address of a state; a fault that a test asked for stays in it.
fn address(state: &State) -> String {
    let current = window().location().search().unwrap_or_default();
    let fault = current.trim_start_matches('?').split('&').find(|pair| pair.starts_with("fault="));
    let parts: Vec<String> =
        [Some(state.query()), fault.map(str::to_owned)].into_iter().flatten().filter(|part| !part.is_empty()).collect();
    format!("?{}", parts.join("&"))
}

/// Keeps both in step from now on.
pub(super) fn keep(store: Store) {
    Effect::new(move |before: Option<State>| {
        let state = store.state.get();
        let (shown, address) = (window().location().search().unwrap_or_default(), address(&state));
        // At the start even an address that means the same is put into order, so that what was not
        // accepted (another site's bundle) does not stay in it.
        let same = match before {
            Some(_) => State::read(&shown) == state,
            None => shown.trim_start_matches('?') == address.trim_start_matches('?'),
        };
        if let (Ok(history), false) = (window().history(), same) {
            let null = wasm_bindgen::JsValue::NULL;
            // History may be limited by the browser; the page works without it.
            let _ = match &before {
                Some(_) => history.push_state_with_url(&null, "", Some(&address)),
                None => history.replace_state_with_url(&null, "", Some(&address)),
            };
        }
        state
    });
    let back = Closure::<dyn FnMut(Event)>::new(move |_: Event| {
        let state = State::read(&window().location().search().unwrap_or_default());
        if store.state.get_untracked() != state {
            store.state.set(state);
        }
    });
    window().set_onpopstate(Some(back.as_ref().unchecked_ref()));
    back.forget();
    // A shared link with results in it makes them again, once the model is there.
    Effect::new(move |asked: Option<bool>| {
        let ready = store.card.with(Option::is_some);
        if ready && asked != Some(true) && store.state.with_untracked(|state| state.run) {
            untrack(|| link::generate(store));
        }
        ready
    });
}
