//! A field that suggests while one types.
//!
//! Does: a combobox with its list (WAI-ARIA), by pointer and by keyboard: arrows walk, Enter takes, Escape closes.
//! Does not know: what is searched, what taking one does.
//! Flow: typed text → `find` → **list** → `choose`.

use leptos::prelude::*;
use wasm_bindgen::JsCast;
use web_sys::KeyboardEvent;

/// One suggestion.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::ui) struct Found {
    /// What taking it hands on.
    pub(in crate::ui) value: String,
    /// For people.
    pub(in crate::ui) display: String,
    /// Beside it, small.
    pub(in crate::ui) note: String,
    /// Whether it is taken already.
    pub(in crate::ui) is_on: bool,
}

/// Next place in a list of `count` on an arrow key; none before the first key.
fn step(active: Option<usize>, count: usize, down: bool) -> Option<usize> {
    match (active, down) {
        _ if count == 0 => None,
        (None, true) => Some(0),
        (None, false) => Some(count - 1),
        (Some(place), true) => Some((place + 1) % count),
        (Some(place), false) => Some((place + count - 1) % count),
    }
}

/// Brings an option into view, without moving the page more than it must.
fn reveal(id: &str) {
    let Some(option) = document().get_element_by_id(id) else { return };
    let (Ok(option), Some(list)) =
        (option.dyn_into::<web_sys::HtmlElement>(), document().get_element_by_id(&list_of(id)))
    else {
        return;
    };
    let (top, bottom) = (option.offset_top(), option.offset_top() + option.offset_height());
    if top < list.scroll_top() {
        list.set_scroll_top(top);
    } else if bottom > list.scroll_top() + list.client_height() {
        list.set_scroll_top(bottom - list.client_height());
    }
}

/// Id of the list that an option of this id stands in.
fn list_of(option: &str) -> String {
    option.rsplit_once("-option-").map_or_else(String::new, |(field, _)| format!("{field}-list"))
}

/// The field. `find` gives the first suggestions and how many there are in all; nothing is taken for a text of no
/// length unless an arrow key chose it.
#[component]
pub(in crate::ui) fn TypeAhead(
    #[prop(into)] id: String,
    label: String,
    placeholder: &'static str,
    #[prop(optional)] multiple: bool,
    typed: RwSignal<String>,
    find: Callback<String, (Vec<Found>, usize)>,
    choose: Callback<String>,
) -> impl IntoView {
    let own = StoredValue::new(id.clone());
    let is_open = RwSignal::new(false);
    let active = RwSignal::new(None::<usize>);
    let found = Memo::new(move |_| if is_open.get() { find.run(typed.get()) } else { (Vec::new(), 0) });
    let option_id = move |place: usize| own.with_value(|id| format!("{id}-option-{place}"));
    let take = move |place: usize| {
        let value = found.with_untracked(|(list, _)| list.get(place).map(|own| own.value.clone()));
        if let Some(value) = value {
            choose.run(value);
            typed.set(String::new());
            active.set(None);
            is_open.set(false);
        }
    };
    let walk = move |down: bool| {
        is_open.set(true);
        active.update(|place| *place = step(*place, found.with_untracked(|(list, _)| list.len()), down));
        if let Some(place) = active.get_untracked() {
            request_animation_frame(move || reveal(&option_id(place)));
        }
    };
    let on_key = move |event: KeyboardEvent| {
        match event.key().as_str() {
            "ArrowDown" => walk(true),
            "ArrowUp" => walk(false),
            "Enter" if typed.with_untracked(String::is_empty) && active.get_untracked().is_none() => return,
            "Enter" => take(active.get_untracked().unwrap_or(0)),
            "Escape" if is_open.get_untracked() => is_open.set(false),
            "Escape" => typed.set(String::new()),
            _ => return,
        }
        event.prevent_default();
    };
    let is_listed = move || found.with(|(list, _)| !list.is_empty());
    let options = move || {
        found.with(|(list, _)| list.clone()).into_iter().enumerate().map(|(place, own)| {
            let Found { value, display, note, is_on } = own;
            view! {
                <li role="option" id=option_id(place) data-testid=format!("option-{value}") aria-selected=is_on.to_string()
                    class:active=move || active.get() == Some(place)
                    on:mousedown=|event| event.prevent_default() on:click=move |_| take(place)>
                    <span class="tick" aria-hidden="true">{if is_on { "✓" } else { "" }}</span>
                    <span>{display}</span><small>{note}</small>
                </li>
            }
        }).collect::<Vec<_>>()
    };
    let told = move || {
        let (shown, all) = found.with(|(list, all)| (list.len(), *all));
        match (is_open.get() && !typed.with(String::is_empty), shown, all) {
            (true, 0, _) => "Nothing has this name.".to_owned(),
            _ if shown < all => format!("{} more; type to narrow them down.", all - shown),
            (true, 1, _) => "One fits.".to_owned(),
            (true, ..) => format!("{all} fit."),
            _ => String::new(),
        }
    };
    view! {
        <div class="type-ahead">
            <input id=id.clone() data-testid=id.clone() type="text" role="combobox" autocomplete="off" spellcheck="false" placeholder=placeholder aria-label=label.clone()
                aria-autocomplete="list" aria-controls=format!("{id}-list") aria-expanded=move || is_listed().to_string()
                aria-activedescendant=move || active.get().filter(|_| is_listed()).map(option_id)
                prop:value=move || typed.get()
                on:input=move |event| {
                    typed.set(event_target_value(&event));
                    active.set(None);
                    is_open.set(true);
                }
                on:click=move |_| is_open.set(true)
                on:blur=move |_| is_open.set(false)
                on:keydown=on_key/>
            <ul id=format!("{id}-list") role="listbox" aria-label=label aria-multiselectable=multiple.to_string() hidden=move || !is_listed()>{options}</ul>
            <p class="note" role="status" data-testid=format!("{id}-count")>{told}</p>
        </div>
    }
}
