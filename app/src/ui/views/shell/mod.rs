//! What stands around the views: header, messages, dialogs, keys, looks.
//!
//! Does: begins to hear keys, keeps the window's title, shows the last failure and what of the address was ignored.
//! Does not know: what the views show.
//! Flow: person → **shell** → store, history, looks.

mod device;
mod dialogs;
mod frame;
pub(in crate::ui) mod header;
mod keys;

use leptos::prelude::*;

use crate::state::View;
use crate::title::{Standing, title};
use crate::ui::effects::worker;
use crate::ui::state::store::{Phase, Store, use_store};
use frame::Shell;

/// Begins to hear keys and to follow the view.
pub(in crate::ui) fn start(store: Store, view: Memo<View>) -> Shell {
    let shell = Shell::new();
    keys::listen(store, shell);
    keys::focus_follows(view);
    keep_title(store, view);
    shell
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
pub(in crate::ui) fn SkipLink() -> impl IntoView {
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
pub(in crate::ui) fn Overlays(shell: Shell) -> impl IntoView {
    let store = use_store();
    view! {
        <dialogs::Shortcuts shell/>
        <dialogs::Settings shell/>
        <p class="told" role="status" data-testid="told">{move || store.told.get()}</p>
    }
}

/// The sentence of the last failure.
#[component]
pub(in crate::ui) fn Alert() -> impl IntoView {
    let store = use_store();
    let is_lost = move || store.phase.with(|phase| *phase == Phase::Lost);
    view! {
        <div role="alert" class="alert" data-testid="alert" hidden=move || store.alert.with(Option::is_none)>
            <p>{move || store.alert.get().unwrap_or_default()}</p>
            <Show when=is_lost>
                <button data-testid="restart" on:click=move |_| worker::restart(store)>"Restart"</button>
            </Show>
            <button class="quiet" aria-label="Close message" on:click=move |_| store.alert.set(None)>"Close"</button>
        </div>
    }
}

/// What of the address could not be understood, above every view: a link is never ignored in silence.
#[component]
pub(in crate::ui) fn Ignored() -> impl IntoView {
    let store = use_store();
    let refused = move || store.refused.with(|all| all.join(", "));
    view! {
        <div role="status">
            <Show when=move || !store.refused.with(Vec::is_empty)>
                <div class="model-bar" data-testid="refused-parts">
                    <p>"These parts of the address could not be understood and were ignored: "{refused}</p>
                    <button class="quiet" aria-label="Close the list of ignored parts" on:click=move |_| store.refused.set(Vec::new())>"Close"</button>
                </div>
            </Show>
        </div>
    }
}
