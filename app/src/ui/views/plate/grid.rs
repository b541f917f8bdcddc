//! The 96 wells.
//!
//! Does: draws the plate as an ARIA grid with one tab stop; selects, paints and empties by pointer, takes chips that are
//! dropped, copies and pastes.
//! Does not know: what colours mean, how wells are edited.
//! Flow: looks → **grid** → actions.

use leptos::prelude::*;
use plots::plate::Rim;
use wasm_bindgen::{JsCast, JsValue};
use web_sys::{HtmlElement, PointerEvent};

use super::desk::{Desk, use_desk};
use super::keys;
use crate::plate::wells::{COLUMNS, ROWS, WELLS, letter, name, rectangle};
use crate::ui::state::plate::Tool;

/// Calls a method of the clipboard in a copy, cut or paste event.
fn clipboard(event: &web_sys::Event, method: &str, words: &[&str]) -> Option<JsValue> {
    let data = js_sys::Reflect::get(event, &"clipboardData".into())
        .ok()
        .filter(|data| !data.is_null() && !data.is_undefined())?;
    let function: js_sys::Function = js_sys::Reflect::get(&data, &method.into()).ok()?.dyn_into().ok()?;
    let arguments: js_sys::Array = words.iter().map(|word| JsValue::from_str(word)).collect();
    function.apply(&data, &arguments).ok()
}

/// Moves the browser's focus to a well.
fn focus_well(place: usize) {
    let element = document().query_selector(&format!("[data-testid=\"well-{}\"]", name(place))).ok().flatten();
    if let Some(element) = element.and_then(|element| element.dyn_into::<HtmlElement>().ok()) {
        // A well that cannot take the focus leaves it where it was.
        let _ = element.focus();
    }
}

/// What a finished drag does.
fn release(desk: Desk) {
    match desk.plate.tool.get_untracked() {
        Tool::Select => {}
        Tool::Paint => desk.place(),
        Tool::Erase => desk.clear(),
    }
}

#[component]
pub(super) fn Grid() -> impl IntoView {
    let desk = use_desk();
    let dragging = RwSignal::new(false);
    let up = window_event_listener(leptos::ev::pointerup, move |_| {
        if dragging.get_untracked() {
            dragging.set(false);
            release(desk);
        }
    });
    on_cleanup(move || up.remove());
    let has_focus = RwSignal::new(false);
    Effect::new(move |_| {
        let place = desk.plate.focus.get();
        if has_focus.get_untracked() {
            focus_well(place);
        }
    });
    let copy = move |event: web_sys::ClipboardEvent| {
        if clipboard(&event, "setData", &["text/plain", &desk.copied()]).is_some() {
            event.prevent_default();
        }
    };
    let cut = move |event: web_sys::ClipboardEvent| {
        copy(event);
        desk.clear();
    };
    let paste = move |event: web_sys::ClipboardEvent| {
        if let Some(text) = clipboard(&event, "getData", &["text/plain"]).and_then(|text| text.as_string()) {
            event.prevent_default();
            desk.paste(&text);
        }
    };
    let heads: Vec<_> = (0..COLUMNS)
        .map(|column| {
            let select = move |_| {
                desk.plate.anchor.set(column);
                desk.select(rectangle(column, WELLS - COLUMNS + column), column);
            };
            view! {
                <div role="columnheader" class="plate-head">
                    <button tabindex="-1" aria-label=format!("Select column {}", column + 1) on:click=select>{column + 1}</button>
                </div>
            }
        })
        .collect();
    let rows: Vec<_> = (0..ROWS).map(|row| view! { <Row row dragging/> }).collect();
    let all = move |_| desk.select((0..WELLS).collect(), desk.plate.focus.get_untracked());
    view! {
        <div class="plate-scroll">
            <div class="plate-grid" role="grid" aria-label="Wells, rows A to H, columns 1 to 12" aria-multiselectable="true"
                aria-describedby="plate-keys" data-testid="plate-grid"
                class:painting=move || desk.plate.tool.get() != Tool::Select
                on:keydown=move |event| keys::take(desk, &event) on:copy=copy on:cut=cut on:paste=paste
                on:focusin=move |_| has_focus.set(true) on:focusout=move |_| has_focus.set(false)>
                <div role="row" class="plate-row">
                    <div role="columnheader" class="plate-head"><button tabindex="-1" aria-label="Select all wells" on:click=all>"◢"</button></div>
                    {heads}
                </div>
                {rows}
            </div>
        </div>
        <p class="note plate-keys" id="plate-keys">
            "Arrows move, Shift extends, Enter places, Delete empties, Ctrl+C and Ctrl+V copy and paste, Ctrl+D and Ctrl+R fill down and right, Ctrl+A selects all."
        </p>
    }
}

/// A row with its letter.
#[component]
fn Row(row: usize, dragging: RwSignal<bool>) -> impl IntoView {
    let desk = use_desk();
    let first = row * COLUMNS;
    let select = move |_| {
        desk.plate.anchor.set(first);
        desk.select(rectangle(first, first + COLUMNS - 1), first);
    };
    let wells: Vec<_> = (first..first + COLUMNS).map(|place| view! { <WellCell place dragging/> }).collect();
    view! {
        <div role="row" class="plate-row">
            <div role="rowheader" class="plate-head">
                <button tabindex="-1" aria-label=format!("Select row {}", letter(row)) on:click=select>{letter(row).to_string()}</button>
            </div>
            {wells}
        </div>
    }
}

/// One well.
#[component]
fn WellCell(place: usize, dragging: RwSignal<bool>) -> impl IntoView {
    let desk = use_desk();
    let look = Memo::new(move |_| desk.looks.with(|looks| looks.get(place).cloned().unwrap_or_default()));
    let is_selected = Memo::new(move |_| desk.plate.selection.with(|own| own.binary_search(&place).is_ok()));
    let has_stop = Memo::new(move |_| desk.plate.focus.get() == place);
    let share = Memo::new(move |_| desk.plate.working.get().filter(|(well, _)| *well == place).map(|(_, share)| share));
    let down = move |event: PointerEvent| {
        if event.button() != 0 {
            return;
        }
        if event.shift_key() {
            desk.select_to(place);
        } else if event.ctrl_key() || event.meta_key() {
            let mut places = desk.selected();
            match places.iter().position(|own| *own == place) {
                Some(at) => drop(places.remove(at)),
                None => places.push(place),
            }
            desk.plate.anchor.set(place);
            desk.select(places, place);
        } else {
            desk.select_one(place);
            dragging.set(true);
        }
    };
    let enter = move |event: PointerEvent| {
        if dragging.get_untracked() && event.buttons() & 1 == 1 {
            desk.select_to(place);
        }
    };
    // The focus may also come from elsewhere, such as a screen reader.
    let focused = move |_| {
        if desk.plate.focus.get_untracked() != place {
            desk.select_one(place);
        }
    };
    let drop_chip = move |event: leptos::ev::DragEvent| {
        event.prevent_default();
        if !desk.selected().contains(&place) {
            desk.select_one(place);
        }
        desk.place();
    };
    // What is seen is part of what is said, so that a person who speaks to the computer can name what they see.
    let spoken = move || {
        look.with(|look| {
            let own = format!("{}: ", name(place));
            match (look.words.join(" "), look.label.strip_prefix(&own)) {
                (words, Some(rest)) if !words.is_empty() => format!("{own}{words}; {rest}"),
                _ => look.label.clone(),
            }
        })
    };
    let ground = move || look.with(|look| look.value.as_ref().map(|(_, ground, _)| ground.clone()));
    let ink = move || look.with(|look| look.value.as_ref().map(|(_, _, ink)| ink.clone()));
    let done = move || format!("{:.3}", share.get().unwrap_or(0.0));
    let lines = move || {
        let words = look.with(|look| look.words.clone());
        words.into_iter().map(|line| view! { <span>{line}</span> }).collect::<Vec<_>>()
    };
    view! {
        <div role="gridcell" class="well" data-testid=format!("well-{}", name(place))
            tabindex=move || if has_stop.get() { "0" } else { "-1" }
            aria-selected=move || is_selected.get().to_string()
            aria-label=spoken
            title=move || look.with(|look| look.label.clone())
            data-value=move || look.with(|look| look.value.as_ref().map(|(value, ..)| value.to_string()))
            class:filled=move || look.with(|look| look.rim != Rim::Empty)
            class:acts=move || look.with(|look| look.rim == Rim::Perturbed)
            class:done=move || look.with(|look| look.value.is_some())
            class:ahead=move || look.with(|look| look.ahead)
            class:waits=move || look.with(|look| look.waits)
            class:works=move || share.with(Option::is_some)
            style=("--well", ground) style=("--well-ink", ink) style=("--share", done) on:pointerdown=down on:pointerenter=enter on:focus=focused
            on:dragover=move |event| event.prevent_default() on:drop=drop_chip>
            <span class="disc" aria-hidden="true">{lines}</span>
        </div>
    }
}
