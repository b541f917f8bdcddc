//! A paste as text, with what was not understood.
//!
//! Does: keeps the pasted text so that nothing is lost, lists the fields that were not understood, places all or what
//! was understood.
//! Does not know: how a paste is read.
//! Flow: paste or typing → **text and problems** → actions.

use leptos::prelude::*;

use super::desk::use_desk;

/// Problems listed at most.
const LISTED: usize = 12;

#[component]
pub(super) fn PasteBox() -> impl IntoView {
    let desk = use_desk();
    let is_open = Memo::new(move |_| desk.plate.draft.with(Option::is_some));
    view! { <Show when=move || is_open.get()><Open/></Show> }
}

#[component]
fn Open() -> impl IntoView {
    let desk = use_desk();
    let draft = move || desk.plate.draft.get().unwrap_or_default();
    let understood = move || draft().pasted.wells.len();
    let problems = move || {
        let found = draft().pasted.problems;
        let more = found.len().saturating_sub(LISTED);
        let mut items: Vec<String> = found.iter().take(LISTED).map(|problem| problem.sentence()).collect();
        if more > 0 {
            items.push(format!("and {more} more"));
        }
        items.into_iter().map(|item| view! { <li>{item}</li> }).collect::<Vec<_>>()
    };
    let has_problems = move || !draft().pasted.problems.is_empty();
    let typed = move |event| {
        let text = event_target_value(&event);
        desk.plate.draft.update(|draft| {
            if let Some(draft) = draft {
                draft.text = text;
            }
        });
    };
    let place_all = move |_| desk.paste(&untrack(draft).text);
    let place_some = move |_| {
        let pasted = untrack(draft).pasted;
        desk.plate.draft.set(None);
        desk.take(&pasted);
    };
    view! {
        <section class="plate-paste" aria-labelledby="paste-title" data-testid="paste-box">
            <h3 id="paste-title">"Paste a table"</h3>
            <p class="note">
                "A grid of values (one field per well, from the selected well on), such as "<code>"IFN-beta"</code>" or "<code>"CD14+ Monocytes; IFN-beta; r2"</code>
                ", or a list with a column "<code>"well"</code>" and columns named like the conditions. What a field leaves open is taken from the condition at the left; "<code>"empty"</code>" empties a well."
            </p>
            <textarea rows="6" spellcheck="false" aria-label="Table" data-testid="paste-text" prop:value=move || draft().text on:input=typed></textarea>
            <div role="alert" data-testid="paste-problems">
                <Show when=has_problems>
                    <p>"Not understood, so nothing was placed yet:"</p>
                    <ul>{problems}</ul>
                </Show>
            </div>
            <div class="bar">
                <button class="primary" data-testid="paste-place" on:click=place_all>"Place"</button>
                <Show when=move || has_problems() && understood() != 0>
                    <button data-testid="paste-some" on:click=place_some>{move || format!("Place the {} wells that were understood", understood())}</button>
                </Show>
                <button class="quiet" data-testid="paste-close" on:click=move |_| desk.plate.draft.set(None)>"Close"</button>
            </div>
        </section>
    }
}
