//! A field for a whole number.
//!
//! Does: takes a number between limits; what is none stays as it was typed, with a sentence, and changes nothing.
//! Does not know: what the number is for.
//! Flow: value → **field** → person → change.

use leptos::prelude::*;

use crate::checks;

/// Label, field and complaint; `name` begins the complaint.
#[component]
pub(in crate::ui) fn NumberField(
    #[prop(into)] id: String,
    title: String,
    name: &'static str,
    range: (u32, u32),
    #[prop(into)] value: Signal<u32>,
    change: Callback<u32>,
) -> impl IntoView {
    let said = RwSignal::new(String::new());
    let told = format!("{id}-told");
    let take = move |event| match checks::number(name, &event_target_value(&event), range.0, range.1) {
        Ok(number) => {
            said.set(String::new());
            change.run(number);
        }
        Err(sentence) => said.set(format!("{sentence} It stays {}.", value.get_untracked())),
    };
    // A choice that came otherwise (undo, a link) takes the complaint away.
    Effect::new(move |_| {
        value.track();
        said.set(String::new());
    });
    view! {
        <label for=id.clone()>{title}</label>
        <input id=id.clone() type="number" data-testid=id.clone() min=range.0 max=range.1 aria-describedby=told.clone()
            aria-invalid=move || (!said.with(String::is_empty)).to_string()
            prop:value=move || value.get().to_string() on:change=take/>
        <p class="wrong" role="status" id=told.clone() data-testid=told hidden=move || said.with(String::is_empty)>{move || said.get()}</p>
    }
}
