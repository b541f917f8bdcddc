//! The bars above the grid: run, progress, edits.
//!
//! Does: cells per well, Run with the time that it takes and what is there at once, what the model lacks, Cancel with time
//! left; the pointer's tool; fills, series, paste, example.
//! Does not know: how any of it is done.
//! Flow: person → **actions**.

use std::collections::BTreeMap;

use leptos::prelude::*;

use super::desk::{CELLS_PART, use_desk};
use crate::checks;
use crate::plate::layout::Direction;
use crate::plate::unknown::Refused;
use crate::plate::wells::name;
use crate::plate::work::{CELLS, USUAL_CELLS, cells_of};
use crate::protocol::DeviceReport;
use crate::ui::effects::worker;
use crate::ui::state::plate::{Draft, Tool};
use crate::ui::state::store::Phase;

/// Wells that a sentence names.
const NAMED: usize = 8;

/// Run and Cancel.
#[component]
pub(super) fn RunBar() -> impl IntoView {
    let desk = use_desk();
    let missing = Memo::new(move |_| desk.missing().len());
    let filled = Memo::new(move |_| desk.layout.with(|layout| layout.filled().count()));
    // By the measurement of one worker at the start: said before it is begun. Workers share the cells evenly.
    let time = move || {
        let of_device = |own: &DeviceReport| Some(own.seconds_per_100? / f64::from(own.workers.unwrap_or(1).max(1)));
        let per_100 = desk.store.device.with(|device| device.as_ref().and_then(of_device))?;
        let cells = missing.get() as f64 * f64::from(desk.settings.get().cells);
        let settings = desk.settings.get();
        let steps = f64::from(settings.steps) / f64::from(desk.card().steps.max(1));
        // A guided cell runs through two branches of the network.
        let branches = if settings.guidance > 0.0 { 2.0 } else { 1.0 };
        (cells > 0.0).then(|| format!("About {} on this device.", duration(per_100 * cells / 100.0 * steps * branches)))
    };
    let words = move || match (missing.get(), filled.get()) {
        (_, 0) => "Run".to_owned(),
        (0, _) => "All wells have run".to_owned(),
        (1, 1) => "Run 1 well".to_owned(),
        (some, all) if some == all => format!("Run {all} wells"),
        (1, _) => "Run 1 more well".to_owned(),
        (some, _) => format!("Run {some} more wells"),
    };
    let is_unknown = move || desk.has_problems();
    // What is precomputed is shown at once; the plate's own cells take their time.
    let at_once = move || {
        let (ahead, all) = (desk.ahead.with(BTreeMap::len), filled.get());
        (ahead > 0 && missing.get() > 0)
            .then(|| format!(" {ahead} of {all} wells have a precomputed response, shown at once."))
    };
    let blocked = move || missing.get() == 0 || is_unknown() || desk.store.phase.with(|phase| *phase != Phase::Idle);
    let said = RwSignal::new(String::new());
    let take_cells = move |event| match cells_of(&event_target_value(&event)) {
        Ok(cells) => {
            said.set(String::new());
            desk.set_part(CELLS_PART, (cells != USUAL_CELLS).then(|| cells.to_string()));
        }
        Err(sentence) => said.set(format!("{sentence} It stays {}.", desk.settings.get_untracked().cells)),
    };
    // A choice that came otherwise (undo, a link) takes the complaint away.
    Effect::new(move |_| {
        desk.settings.track();
        said.set(String::new());
    });
    view! {
        <div class="plate-run">
            <label class="inline">"Cells per well "
                <input type="number" min=CELLS.0 max=CELLS.1 data-testid="plate-cells"
                    prop:value=move || desk.settings.get().cells.to_string() on:change=take_cells/>
            </label>
            <Show when=move || desk.is_running()
                fallback=move || view! {
                    <button class="primary" data-testid="run-plate" disabled=blocked on:click=move |_| desk.run()>{words}</button>
                }>
                <button data-testid="cancel-plate" on:click=move |_| worker::cancel(desk.store)>"Cancel"</button>
            </Show>
            <span class="note" data-testid="plate-time" hidden=move || desk.is_running()>{time}{at_once}</span>
        </div>
        <p class="wrong" role="status" data-testid="plate-cells-told" hidden=move || said.with(String::is_empty)>{move || said.get()}</p>
        <Unknown/>
    }
}

/// What the plate asks for that the model lacks.
#[component]
fn Unknown() -> impl IntoView {
    let desk = use_desk();
    let wells = |places: &[usize]| {
        let names: Vec<String> = places.iter().take(NAMED).map(|place| name(*place)).collect();
        let more = places.len().saturating_sub(NAMED);
        format!("{}{}", names.join(", "), if more > 0 { format!(" and {more} more") } else { String::new() })
    };
    let rows = move || {
        let row = |(sentence, places): (String, Vec<usize>)| {
            let (words, own) = (wells(&places), places.clone());
            let empty = move |_| desk.edit(|layout| layout.clear(&own));
            view! { <li>{format!("{words}: {sentence} ")}<button class="quiet" on:click=empty>{format!("Empty {}", words_of(places.len()))}</button></li> }
        };
        desk.unknown.get().into_iter().map(row).collect::<Vec<_>>()
    };
    let refused = move || {
        let row = |Refused { words, about }: Refused| {
            let leave = move |_| match &about {
                Some(about) => desk.store.change(|state| checks::leave_out(state, about)),
                None => desk.set_part(CELLS_PART, None),
            };
            view! { <li>{format!("{words} ")}<button class="quiet" aria-label=format!("Leave out: {words}") on:click=leave>"Leave it out"</button></li> }
        };
        desk.refused.get().into_iter().map(row).collect::<Vec<_>>()
    };
    view! {
        <div role="status" class="problems" data-testid="plate-problems" hidden=move || !desk.has_problems()>
            <p>"Nothing is generated of this plate before these are settled:"</p>
            <ul>{refused}{rows}</ul>
        </div>
    }
}

/// "it" or "them".
fn words_of(wells: usize) -> &'static str {
    if wells == 1 { "it" } else { "them" }
}

/// Seconds in words.
fn duration(seconds: f64) -> String {
    match seconds {
        s if s < 90.0 => format!("{:.0} s", s.ceil()),
        s if s < 5400.0 => format!("{:.0} min", (s / 60.0).ceil()),
        s => format!("{:.1} h", s / 3600.0),
    }
}

/// How far the wells are, and what happened last.
#[component]
pub(super) fn Progress() -> impl IntoView {
    let desk = use_desk();
    let now = move || {
        desk.store.phase.with(|phase| match phase {
            Phase::Running { what, share, seconds_left } if desk.is_running() => {
                let left = seconds_left.map_or_else(String::new, |left| format!(", about {} left", duration(left)));
                Some((*share, format!("{what}{left}")))
            }
            _ => None,
        })
    };
    // Every tenth is spoken, not every step.
    let tenth = Memo::new(move |_| now().map(|(share, _)| (10.0 * share) as u32));
    let spoken = move || match tenth.get() {
        Some(0) | None => desk.plate.said.get(),
        Some(tenth) => format!("{} % of the wells' work is done.", 10 * tenth),
    };
    view! {
        <div class="plate-progress" class:idle=move || now().is_none()>
            <progress max="1" aria-label="Progress of the plate" hidden=move || now().is_none() prop:value=move || now().map_or(0.0, |(share, _)| share)></progress>
            <p aria-hidden="true">{move || now().map(|(_, words)| words).unwrap_or_default()}</p>
            <p role="status" data-testid="plate-status" class:visually-hidden=move || now().is_some()>{spoken}</p>
        </div>
    }
}

/// Edits of the selection.
#[component]
pub(super) fn Edits() -> impl IntoView {
    let desk = use_desk();
    let tool = move |own: Tool, name: &'static str, about: &'static str, id: &'static str| {
        let pressed = move || (desk.plate.tool.get() == own).to_string();
        view! { <button class="choice" title=about data-testid=id aria-pressed=pressed on:click=move |_| desk.plate.tool.set(own)>{name}</button> }
    };
    let button = move |name: &'static str, about: &'static str, id: &'static str, act: fn(super::desk::Desk)| {
        view! { <button class="quiet" title=about data-testid=id on:click=move |_| act(desk)>{name}</button> }
    };
    let series: Vec<_> = desk
        .card()
        .choosable()
        .flat_map(|slot| {
            [("down", "↓"), ("right", "→")].map(|(way, arrow)| {
                view! { <option value=format!("{way}:{}", slot.key)>{format!("{} {arrow}", slot.title)}</option> }
            })
        })
        .collect();
    let continue_series = move |event: web_sys::Event| {
        let chosen = event_target_value(&event);
        if let Some((way, key)) = chosen.split_once(':') {
            desk.series(key, if way == "down" { Direction::Down } else { Direction::Right });
        }
        // The list goes back to its name, so that the same can be chosen again.
        if let Some(select) = event.target().map(wasm_bindgen::JsCast::unchecked_into::<web_sys::HtmlSelectElement>) {
            select.set_value("");
        }
    };
    view! {
        <div class="plate-edits" role="toolbar" aria-label="Edit wells">
            <div class="choices" role="group" aria-label="Dragging over wells">
                {tool(Tool::Select, "Select", "Dragging selects wells", "tool-select")}
                {tool(Tool::Paint, "Paint", "Dragging places the condition", "tool-paint")}
                {tool(Tool::Erase, "Erase", "Dragging empties wells", "tool-erase")}
            </div>
            {button("Fill down", "Repeat the first row of the selection (Ctrl+D)", "fill-down", |desk| desk.fill(Direction::Down))}
            {button("Fill right", "Repeat the first column of the selection (Ctrl+R)", "fill-right", |desk| desk.fill(Direction::Right))}
            <select aria-label="Series: continue values along the selection" data-testid="series" on:change=continue_series>
                <option value="">"Series …"</option>
                {series}
            </select>
            {button("Empty", "Empty the selected wells (Delete)", "clear", |desk| desk.clear())}
            {button("Paste a table", "A grid of values, or a list with a column “well”", "paste-open", |desk| desk.plate.draft.set(Some(Draft::default())))}
            {button("Example plate", "Fill the plate with an example of this model", "example", |desk| desk.example())}
        </div>
    }
}
