//! A cell and the steps that wrote it.
//!
//! Does: the scrubber (buttons, slider with arrow keys, play), what is revealed so far and in this step.
//! Does not know: how the picture is painted (`grid`), probabilities (`gene`).
//! Flow: person → step → **words and picture**.

use std::sync::Arc;
use std::time::Duration;

use leptos::leptos_dom::helpers::IntervalHandle;
use leptos::prelude::*;

use super::grid::CellGrid;
use super::run_of::RunOf;
use super::runs::percent;
use crate::bundles::grouped;
use crate::ui::state::lesson_runs::CellRun;
use crate::ui::state::store::use_store;

/// Time between steps while playing.
const BEAT: Duration = Duration::from_millis(900);
/// Genes named of a step.
const NAMED: usize = 8;

#[component]
pub(super) fn CellPanel(#[prop(into)] scrubber: Signal<bool>) -> impl IntoView {
    view! {
        <section class="panel" aria-labelledby="cell-title" data-testid="learn-cell">
            <h3 id="cell-title">"The cell, step by step"</h3>
            <RunOf lesson="write" id="cell-of">
                <Show when=move || scrubber.get()><Scrubber/></Show>
                <CellGrid/>
                <Facts/>
            </RunOf>
        </section>
    }
}

/// Whether the system asks for less motion.
fn is_still() -> bool {
    let query = window().match_media("(prefers-reduced-motion: reduce)").ok().flatten();
    query.is_some_and(|query| query.matches())
}

#[component]
pub(super) fn Scrubber() -> impl IntoView {
    let store = use_store();
    let learn = store.learn;
    let steps = move || learn.cell.with(|run| run.as_ref().map_or(0, |run| run.written.steps));
    let (beat, set_beat) = signal(None::<IntervalHandle>);
    let stop = move || {
        if let Some(handle) = beat.get_untracked() {
            handle.clear();
            set_beat.set(None);
        }
    };
    on_cleanup(move || {
        if let Some(Some(handle)) = beat.try_get_untracked() {
            handle.clear();
        }
    });
    let to = move |by: i32| {
        learn.cell.with_untracked(|run| {
            if let Some(run) = run {
                learn.at.update(|at| *at = run.written.moved(*at, by));
            }
        });
    };
    let play = move |_| {
        if beat.get_untracked().is_some() {
            return stop();
        }
        if learn.at.get_untracked() >= untrack(steps) {
            learn.at.set(0);
        }
        let next = move || {
            to(1);
            if learn.at.get_untracked() >= untrack(steps) {
                stop();
            }
        };
        // Without a timer the other controls still work.
        set_beat.set(set_interval_with_handle(next, BEAT).ok());
    };
    let by_hand = move |by: i32| {
        stop();
        to(by);
    };
    let slide = move |event: web_sys::Event| {
        stop();
        if let Ok(at) = event_target_value(&event).parse::<u32>() {
            learn.at.set(at.min(untrack(steps)));
        }
    };
    let words = move || format!("After step {} of {}", learn.at.get(), steps());
    view! {
        <div class="scrubber" role="group" aria-label="Steps of writing">
            <button data-testid="step-back" aria-label="One step back" disabled=move || learn.at.get() == 0 on:click=move |_| by_hand(-1)>"◀"</button>
            <input type="range" min="0" max=steps data-testid="step-slider" aria-label="Step" aria-valuetext=words
                prop:value=move || learn.at.get().to_string() on:input=slide/>
            <button data-testid="step-forward" aria-label="One step forward" disabled=move || steps() <= learn.at.get() on:click=move |_| by_hand(1)>"▶"</button>
            <button data-testid="step-play" hidden=is_still() on:click=play>{move || if beat.get().is_some() { "Pause" } else { "Play" }}</button>
            <output aria-live=move || if beat.get().is_some() { "off" } else { "polite" }>{words}</output>
        </div>
        <p class="note" hidden=!is_still()>"Playing by itself is off because this system asks for less motion; the buttons and the arrow keys move through the steps."</p>
    }
}

/// What a step is about, in a sentence.
fn stage(run: &CellRun, at: u32) -> &'static str {
    let share = run.written.shown(at) as f64 / run.order.len().max(1) as f64;
    match (at, share) {
        (0, _) => "Before the first step: all genes are masked. The model knows only the labels of the cell.",
        (at, _) if at == run.written.steps => "The last step filled in all that was left. The cell is finished.",
        (_, share) if share < 0.2 => {
            "Early: few genes are known, and most of what the model says still rests on the labels."
        }
        (_, share) if share < 0.6 => "In the middle: what is known of this cell begins to tell on what is not.",
        _ => "Late: much of the cell is known, so many genes can be filled in at once.",
    }
}

/// What was revealed, in words.
fn fresh_words(run: &CellRun, at: u32) -> String {
    let fresh = run.written.fresh(at);
    let named: Vec<String> = fresh
        .iter()
        .take(NAMED)
        .filter(|gene| run.written.counts[**gene] > 0)
        .map(|gene| format!("{} {}", run.card.genes.get(*gene).map_or("", String::as_str), run.written.counts[*gene]))
        .collect();
    match (at, named.is_empty()) {
        (0, _) => "Nothing has been revealed yet.".to_owned(),
        (_, true) => format!("This step revealed {} genes, all with count 0.", grouped(fresh.len() as u64)),
        (_, false) => format!(
            "This step revealed {} genes. The highest counts: {}.",
            grouped(fresh.len() as u64),
            named.join(", ")
        ),
    }
}

#[component]
fn Facts() -> impl IntoView {
    let store = use_store();
    let learn = store.learn;
    let of = move |words: fn(&CellRun, u32) -> String| {
        move || learn.cell.get().map(|run: Arc<CellRun>| words(&run, learn.at.get())).unwrap_or_default()
    };
    let sums = of(|run, at| {
        let (shown, (counts, genes)) = (run.written.shown(at), run.written.sums(at));
        let share = percent(shown as f64 / run.order.len().max(1) as f64);
        let [shown, all, genes] = [shown, run.order.len(), genes].map(|number| grouped(number as u64));
        format!("{shown} of {all} genes revealed ({share}); {} counts so far, in {genes} genes.", grouped(counts))
    });
    let shown = move || learn.cell.with(|run| run.as_ref().map_or(0, |run| run.written.shown(learn.at.get())));
    let again = move || match learn.cell.with(|run| run.as_ref().and_then(|run| run.same)) {
        Some(true) => "The last run repeated this cell with the same seed: all counts and steps were the same.",
        Some(false) => {
            "The last run repeated this cell with the same seed, but some counts differ: this device rounds differently from run to run."
        }
        None => "",
    };
    view! {
        <div class="facts" data-testid="learn-facts" data-at=move || learn.at.get() data-shown=shown
            data-genes=move || learn.cell.with(|run| run.as_ref().map_or(0, |run| run.order.len()))>
            <p class="stage">{of(|run, at| stage(run, at).to_owned())}</p>
            <p data-testid="learn-sums">{sums}</p>
            <p data-testid="learn-fresh">{of(fresh_words)}</p>
            <p class="note" data-testid="learn-same">{again}</p>
        </div>
    }
}
