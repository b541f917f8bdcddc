//! The address bar and the store, kept in step.
//!
//! Does: writes the state into the address (a new entry for each step, the same for rapid changes of one thing), reads
//! it back on back and forward, starts the run that a shared link asks for.
//! Does not know: what the state means, what makes a step (`crate::history` does).
//! Flow: store ⇄ **address, the browser's history**.

use leptos::prelude::*;
use wasm_bindgen::JsCast;
use wasm_bindgen::prelude::Closure;
use web_sys::Event;

use super::worker;
use crate::faults;
use crate::history::Step;
use crate::parts;
use crate::state::State;
use crate::ui::state::store::Store;

/// The address of a state; a fault and a number of workers that a test or a measurement asked for stay in it.
fn address(state: &State) -> String {
    let current = query();
    let pairs = current.trim_start_matches('?').split('&');
    let is_asked = |pair: &&str| (faults::KNOWN && pair.starts_with(faults::KEY)) || pair.starts_with("workers=");
    let asked = pairs.filter(is_asked);
    let parts: Vec<String> =
        std::iter::once(state.query()).chain(asked.map(str::to_owned)).filter(|part| !part.is_empty()).collect();
    format!("?{}", parts.join("&"))
}

/// The address' question, from which the state is read.
pub(in crate::ui) fn query() -> String {
    window().location().search().unwrap_or_default()
}

/// Number of the browser's entry that is shown, if it is one of ours: it survives a reload.
pub(in crate::ui) fn number() -> Option<u32> {
    window().history().and_then(|history| history.state()).ok()?.as_f64().map(|number| number as u32)
}

/// Writes the state into the address, in the way that the step asks for.
fn write(store: Store, state: &State, step: Step) {
    let Ok(history) = window().history() else { return };
    let number = store.history.with_untracked(|history| history.number()).into();
    // History may be limited by the browser; the page works without it.
    let _ = match step {
        Step::Nothing => Ok(()),
        Step::Replace => history.replace_state_with_url(&number, "", Some(&address(state))),
        Step::Push => history.push_state_with_url(&number, "", Some(&address(state))),
    };
}

/// Keeps both in step from now on.
pub(in crate::ui) fn keep(store: Store) {
    Effect::new(move |before: Option<()>| {
        let state = store.state.get();
        // At the start even an address that means the same is put into order, so that what was not
        // accepted (another site's bundle) does not stay in it.
        let step = match before {
            None => Step::Replace,
            Some(()) => {
                let mut step = Step::Nothing;
                store.history.update(|history| step = history.change(&state, js_sys::Date::now()));
                step
            }
        };
        write(store, &state, step);
    });
    let back = Closure::<dyn FnMut(Event)>::new(move |_: Event| {
        let (state, refused) = parts::read(&query());
        store.refused.set(refused);
        let number = number();
        store.history.update(|history| history.visit(number, &state));
        if number.is_none() {
            // An entry that is not ours (a typed address) becomes one.
            write(store, &state, Step::Replace);
        }
        let before = store.state.get_untracked();
        if before != state {
            let device = state.device;
            store.state.set(state);
            if device != before.device {
                worker::reload(store);
            }
        }
    });
    window().set_onpopstate(Some(back.as_ref().unchecked_ref()));
    back.forget();
    // A shared link with results in it makes them again, once the model is there.
    Effect::new(move |asked: Option<bool>| {
        let ready = store.ready.get();
        if ready && asked != Some(true) && store.state.with_untracked(|state| state.run) {
            untrack(|| worker::generate(store));
        }
        ready
    });
}
