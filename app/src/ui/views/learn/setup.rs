//! What a lesson runs, and Run.
//!
//! Does: cell type, cytokine, steps or cells, seed; starts the lesson's task, shows its progress, stops it.
//! Does not know: results.
//! Flow: person → **address, task**.

use leptos::prelude::*;

use super::runs;
use crate::lessons::{CELLS, STEPS, change, who};
use crate::protocol::card::Condition;
use crate::protocol::learn::Ask;
use crate::ui::effects::{learn, worker};
use crate::ui::state::store::{Phase, Store, use_store};
use crate::ui::widgets::number_field::NumberField;
use crate::ui::widgets::pick::Pick;

/// Starts a lesson's task.
fn run(store: Store, lesson: &str) {
    let Some((request, card)) = untrack(|| runs::request(store, lesson).zip(store.card.get())) else { return };
    match lesson {
        "guide" => {
            let scales = runs::scales(&card);
            store.learn.guide.set(None);
            learn::ask(store, "starting", request, |job, request| Ask::Guide { job, request, scales });
        }
        "ceiling" => {
            store.learn.halves.set(None);
            learn::ask(store, "starting", request, |job, request| Ask::Halves { job, request });
        }
        _ => {
            // The bundle's markers, and the gene that the address asks for.
            let asked = untrack(|| runs::part(store, "learn.gene")).filter(|gene| card.genes.contains(gene));
            let markers = card.markers.iter().filter(|gene| card.genes.contains(gene)).cloned();
            let watch = asked.into_iter().chain(markers).collect();
            learn::ask(store, "starting", request, |job, request| Ask::Write { job, request, watch });
        }
    }
}

/// Writes the same cell again, with another gene watched.
pub(super) fn record(store: Store, gene: String) {
    let Some(cell) = store.learn.cell.get_untracked() else { return };
    learn::ask(store, "starting", cell.request.clone(), |job, request| Ask::Write { job, request, watch: vec![gene] });
}

/// What the button says.
fn title(lesson: &str) -> &'static str {
    match lesson {
        "guide" => "Write cells at each scale",
        "ceiling" => "Write cells",
        _ => "Write one cell",
    }
}

#[component]
pub(super) fn Setup(lesson: &'static str) -> impl IntoView {
    let store = use_store();
    let or_control = lesson == "write";
    let fields = move || {
        store.card.get().map(|card| {
            let who =
                who(&card).cloned().map(|condition| view! { <Select condition part="learn.type" or_control=true/> });
            let change =
                change(&card).cloned().map(|condition| view! { <Select condition part="learn.change" or_control/> });
            let steps = card.steps;
            view! { {who}{change}<Numbers lesson steps/> }
        })
    };
    let without = move || {
        let card = store.card.get()?;
        (!or_control && change(&card).is_none()).then_some("This lesson needs a model that knows a perturbation.")
    };
    let blocked = move || store.phase.with(|phase| *phase != Phase::Idle) || without().is_some();
    view! {
        <section class="panel setup" aria-labelledby="setup-title" data-testid="learn-setup">
            <h3 id="setup-title">"Run it"</h3>
            <div class="setup-fields">{fields}</div>
            {move || without().map(|words| view! { <p class="empty">{words}</p> })}
            <button class="primary" data-testid="learn-run" disabled=blocked on:click=move |_| run(store, lesson)>{title(lesson)}</button>
            <RunState lesson/>
        </section>
    }
}

/// A choice of one of a condition's values.
#[component]
fn Select(condition: Condition, part: &'static str, or_control: bool) -> impl IntoView {
    let store = use_store();
    let own = condition.clone();
    let chosen = Memo::new(move |_| match part {
        "learn.type" => runs::chosen_who(store, &own),
        _ => runs::chosen_change(store, &own, or_control),
    });
    let control = condition.control.clone().filter(|_| !or_control);
    let values = condition.values.iter().filter(|value| Some(&value.value) != control.as_ref()).cloned().collect();
    let offered = Condition { values, ..condition };
    let choose = Callback::new(move |value: String| runs::set_part(store, part, value));
    view! { <div class="setup-pick"><Pick condition=offered id=part.replace('.', "-") chosen choose/></div> }
}

/// Steps or cells, and the seed.
#[component]
fn Numbers(lesson: &'static str, steps: u32) -> impl IntoView {
    let store = use_store();
    let field = move |part: String, title: String, name: &'static str, range: (u32, u32), value: Signal<u32>| {
        let id = part.replace('.', "-");
        let change = Callback::new(move |number: u32| runs::set_part(store, &part, number.to_string()));
        view! { <div class="setup-pick"><NumberField id title name range value change/></div> }
    };
    let amount = if lesson == "write" {
        let value = Signal::derive(move || runs::number(store, "learn.steps", 16, STEPS));
        field("learn.steps".into(), format!("Steps N ({} to {})", STEPS.0, STEPS.1), "Steps", STEPS, value)
    } else {
        let value = Signal::derive(move || runs::cells(store, lesson));
        field(runs::cells_key(lesson), format!("Cells per group, {steps} steps each"), "Cells per group", CELLS, value)
    };
    let seed = Signal::derive(move || runs::seed(store));
    view! { {amount}{field("learn.seed".into(), "Seed".into(), "Seed", (0, u32::MAX), seed)} }
}

/// Progress with the time left and a way to stop; what the last run was, once it is there.
#[component]
pub(super) fn RunState(lesson: &'static str) -> impl IntoView {
    let store = use_store();
    let words = move || match store.phase.get() {
        Phase::Loading { stage, share } => format!("Loading the model: {stage} ({:.0} %)", 100.0 * share),
        Phase::Running { what, share, seconds_left } => {
            let left = seconds_left.map_or_else(String::new, |seconds| format!(", about {:.0} s left", seconds.ceil()));
            format!("Running, {what}: {:.0} %{left}", 100.0 * share)
        }
        Phase::Idle => done(store, lesson),
        Phase::Lost | Phase::Refused => "The model is not running.".into(),
    };
    let share = move || match store.phase.get() {
        Phase::Loading { share, .. } | Phase::Running { share, .. } => Some(share),
        _ => None,
    };
    view! {
        <div class="progress">
            <p aria-live="polite" data-testid="learn-progress">{words}</p>
            <progress max="1" value=move || share().unwrap_or(0.0) hidden=move || share().is_none() aria-label="Progress of the run"></progress>
            <button data-testid="learn-cancel" hidden=move || !store.is_running() on:click=move |_| worker::cancel(store)>"Cancel"</button>
        </div>
    }
}

/// What there is to look at.
fn done(store: Store, lesson: &str) -> String {
    match lesson {
        "guide" => store.learn.guide.get().map(|run| {
            let (made, all) = (run.scales.len(), store.card.get().map_or(0, |card| runs::scales(&card).len()));
            let stopped = if made < all { " The run was stopped before the others." } else { "" };
            format!("Written: {} cells at each of {made} scales.{stopped} Go on to look at them.", run.request.cells)
        }),
        "ceiling" => {
            store.learn.halves.get().map(|run| format!("Written: {0} control and {0} perturbed cells.", run.cells))
        }
        _ => store.learn.cell.get().map(|run| {
            let cell: Vec<String> = run.labels.iter().map(|(title, value)| format!("{title}: {value}")).collect();
            format!(
                "Written in {:.1} s, in {} steps, at guidance w = {}. {}.",
                run.seconds,
                run.written.steps,
                run.request.guidance,
                cell.join("; ")
            )
        }),
    }
    .unwrap_or_else(|| "Nothing has been run yet.".into())
}
