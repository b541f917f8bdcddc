//! The palette: the condition that goes into wells.
//!
//! Does: choices of every condition, several perturbations at once, guidance and held genes of its own; a chip to drag,
//! a button to place it.
//! Does not know: the grid.
//! Flow: person → **chosen condition** → actions.

use leptos::prelude::*;
use wasm_bindgen::JsValue;

use super::desk::{Desk, use_desk};
use super::words::{acts, sentence};
use crate::checks;
use crate::choices::perturbation;
use crate::origin;
use crate::plate::paste::held_genes;
use crate::plate::table::held;
use crate::plate::unknown::seen;
use crate::plate::wells::words;
use crate::protocol::card::{Condition as Slot, Value};
use crate::ui::widgets::pick::Pick;

/// Values above which a list can be searched.
const MANY: usize = 10;

#[component]
pub(super) fn Palette() -> impl IntoView {
    let desk = use_desk();
    let card = desk.card();
    let selects: Vec<_> = card
        .choosable()
        .filter(|slot| slot.kind != "perturbation")
        .map(|slot| view! { <Select condition=slot.clone()/> })
        .collect();
    let toggles: Vec<_> = card
        .choosable()
        .filter(|slot| slot.kind == "perturbation")
        .map(|slot| view! { <Perturbations condition=slot.clone()/> })
        .collect();
    let place_words = move || format!("Place in {}", desk.plate.selection.with(|own| words(own)));
    let focused =
        move || desk.layout.with(|layout| layout.get(desk.plate.focus.get()).map(|well| well.condition.clone()));
    let pick = move |_| {
        if let Some(condition) = untrack(focused) {
            desk.plate.chosen.set(condition);
        }
    };
    view! {
        <section class="panel plate-palette" aria-labelledby="palette-title">
            <h2 id="palette-title">"Condition"</h2>
            {selects}
            {toggles}
            <Details/>
            <Chip/>
            <button class="primary" data-testid="place" disabled=move || desk.plate.selection.with(Vec::is_empty)
                on:click=move |_| desk.place()>{place_words}</button>
            <button class="quiet" data-testid="pick" disabled=move || focused().is_none() on:click=pick>"Copy from the selected well"</button>
        </section>
    }
}

/// Value of a condition in the palette.
fn chosen(desk: Desk, key: &str) -> Vec<String> {
    desk.plate.chosen.with(|condition| condition.with.get(key).cloned().unwrap_or_default())
}

/// A choice of one of a condition's values.
#[component]
fn Select(condition: Slot) -> impl IntoView {
    let desk = use_desk();
    let (id, key) = (format!("palette-{}", condition.key), StoredValue::new(condition.key.clone()));
    let own = Signal::derive(move || key.with_value(|key| chosen(desk, key).into_iter().next().unwrap_or_default()));
    let choose = Callback::new(move |value: String| {
        desk.plate.chosen.update(|condition| {
            condition.with.insert(key.get_value(), vec![value]);
        });
    });
    view! { <Pick condition id chosen=own choose/> }
}

/// Perturbations: any number of them; none is the control.
#[component]
fn Perturbations(condition: Slot) -> impl IntoView {
    let slot = condition;
    let (find, set_find) = signal(String::new());
    let control = slot.control.clone().unwrap_or_default();
    let boxes: Vec<_> = slot
        .values
        .iter()
        .filter(|value| value.value != control)
        .map(|value| {
            let names = format!("{} {}", value.value, value.display).to_lowercase();
            let is_found = move || find.with(|find| names.contains(find.trim().to_lowercase().as_str()));
            view! { <div hidden=move || !is_found()><Perturbation key=slot.key.clone() value=value.clone() control=control.clone()/></div> }
        })
        .collect();
    let search = (slot.values.len() > MANY).then(|| {
        view! {
            <input type="search" placeholder="Find" aria-label=format!("Find a {}", slot.title.to_lowercase())
                data-testid="palette-find" on:input=move |event| set_find.set(event_target_value(&event))/>
        }
    });
    view! {
        <fieldset>
            <legend>{format!("{} (none: control)", slot.title)}</legend>
            {search}
            <div class="plate-checks">{boxes}</div>
        </fieldset>
    }
}

#[component]
fn Perturbation(key: String, value: Value, control: String) -> impl IntoView {
    let desk = use_desk();
    let own = value.value.clone();
    let is_on = {
        let (key, own) = (key.clone(), own.clone());
        Memo::new(move |_| chosen(desk, &key).contains(&own))
    };
    let switch = move |_| {
        let on = !is_on.get_untracked();
        desk.plate.chosen.update(|condition| {
            let values = condition.with.entry(key.clone()).or_default();
            values.retain(|value| *value != own && *value != control);
            if on {
                values.push(own.clone());
            } else if values.is_empty() {
                values.push(control.clone());
            }
        });
    };
    let id = format!("palette-{}", value.value);
    let card = desk.card();
    let word = perturbation(&card).and_then(|slot| origin::note(&card, slot, &value));
    let word = word.map(|word| view! { " "<small class="origin-word">{word}</small> });
    view! {
        <label class="plate-check">
            <input type="checkbox" data-testid=id prop:checked=move || is_on.get() on:change=switch/>
            <span>{value.display.clone()}{word}</span>
        </label>
    }
}

/// Guidance and held genes of this condition alone.
#[component]
fn Details() -> impl IntoView {
    let desk = use_desk();
    let (wrong, set_wrong) = signal(None::<String>);
    let guidance =
        move || desk.plate.chosen.with(|own| own.guidance.map(|guidance| guidance.to_string()).unwrap_or_default());
    let limit = move || desk.card().guidance_limit;
    let take_guidance = move |event| {
        let typed = event_target_value(&event);
        let taken = if typed.trim().is_empty() { Ok(None) } else { checks::guidance(&typed, untrack(limit)).map(Some) };
        match taken {
            Ok(guidance) => {
                set_wrong.set(None);
                desk.plate.chosen.update(|own| own.set_guidance(guidance));
            }
            Err(why) => set_wrong.set(Some(why)),
        }
    };
    let take_held = move |event| match held_genes(&untrack(|| desk.card()), &event_target_value(&event)) {
        Ok(genes) => {
            set_wrong.set(None);
            desk.plate.chosen.update(|own| own.set_clamp(genes));
        }
        Err(why) => set_wrong.set(Some(format!("{why}; the held genes are unchanged."))),
    };
    view! {
        <details>
            <summary>"Guidance, held genes"</summary>
            <label for="palette-guidance">{move || format!("Guidance scale w (empty: the plate's, {})", desk.settings.get().guidance)}</label>
            <input id="palette-guidance" type="number" min="0" max=move || limit().to_string() step="0.25" data-testid="palette-guidance"
                prop:value=guidance on:change=take_guidance/>
            <label for="palette-held">"Held genes, as GENE=COUNT"</label>
            <input id="palette-held" placeholder="ISG15=0 CD14=5" data-testid="palette-held"
                prop:value=move || desk.plate.chosen.with(|own| held(&own.clamp)) on:change=take_held/>
            <p class="note" role="alert">{move || wrong.get().unwrap_or_default()}</p>
        </details>
    }
}

/// The condition as a chip that can be dragged onto wells.
#[component]
fn Chip() -> impl IntoView {
    let desk = use_desk();
    let about = move || desk.plate.chosen.with(|own| sentence(&desk.card(), own));
    let start = move |event: leptos::ev::DragEvent| {
        // Some browsers drag nothing that carries no data.
        let data = js_sys::Reflect::get(&event, &"dataTransfer".into()).unwrap_or(JsValue::NULL);
        let set = js_sys::Reflect::get(&data, &"setData".into()).ok().map(js_sys::Function::from);
        if let Some(set) = set {
            // Without it the chip can still be placed with the button.
            let _ = set.call2(&data, &"text/plain".into(), &untrack(about).into());
        }
    };
    let seen = move || {
        let card = desk.card();
        desk.plate.chosen.with(|own| {
            let values: Option<Vec<String>> =
                card.choosable().map(|slot| own.with.get(&slot.key).map(|values| values.join("+"))).collect();
            seen(&card, own, values.and_then(|values| card.training_cells(&values)), false).1
        })
    };
    view! {
        <div class="plate-chip" draggable="true" data-testid="chip" class:acts=move || desk.plate.chosen.with(|own| acts(&desk.card(), own))
            title="Drag onto wells" on:dragstart=start>
            <span class="plate-dot" aria-hidden="true"></span><span>{about}</span>
        </div>
        <p class="note" data-testid="chip-seen">{seen}</p>
    }
}
