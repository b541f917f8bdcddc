//! What stands in the way of a run, above the controls.
//!
//! Does: names choices that the model does not have and numbers out of range, each with a way to leave it out. Nothing is
//! made of such choices, and nothing is replaced in silence.
//! Does not know: what is a problem (`crate::checks` does).
//! Flow: card + choices → **list** → person → choices.

use leptos::prelude::*;

use crate::checks::{self, Problem};
use crate::ui::state::store::use_store;

#[component]
pub(super) fn Problems() -> impl IntoView {
    let store = use_store();
    let found = Memo::new(move |_| store.problems());
    let list = move || {
        let item = |own: Problem| {
            let (words, about) = (own.words, own.about);
            let leave = move |_| store.change(|state| checks::leave_out(state, &about));
            view! { <li>{words.clone()}" "<button class="quiet" aria-label=format!("Leave out: {words}") on:click=leave>"Leave it out"</button></li> }
        };
        found.get().into_iter().map(item).collect::<Vec<_>>()
    };
    let leave_all = move |_| {
        let all = found.get_untracked();
        store.change(|state| all.iter().for_each(|own| checks::leave_out(state, &own.about)));
    };
    view! {
        <div role="status">
            <Show when=move || !found.with(Vec::is_empty)>
                <div class="problems" data-testid="problems">
                    <p>"Nothing is generated of these choices:"</p>
                    <ul>{list}</ul>
                    <button data-testid="leave-out" on:click=leave_all>"Leave all of it out"</button>
                </div>
            </Show>
        </div>
    }
}
