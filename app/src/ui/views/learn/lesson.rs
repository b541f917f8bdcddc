//! An open lesson: its words, its question, the panels beside them, the way on.
//!
//! Does: shows the open step; moves through steps by buttons and the list of steps.
//! Does not know: what a panel shows.
//! Flow: place in the address → **lesson** → panels.

use leptos::html::H2;
use leptos::prelude::*;

use super::ceiling::{Halves, Scatter};
use super::cell::CellPanel;
use super::gene::GenePanel;
use super::guidance::{Effects, Spread};
use super::lacking::Lacking;
use super::question::QuestionView;
use super::scores::{Guess, Scores};
use super::setup::Setup;
use crate::lessons::{LESSONS, Lesson, Panel, Place};
use crate::ui::state::store::use_store;

#[component]
pub(super) fn LessonView(lesson: usize, place: Memo<Place>) -> impl IntoView {
    let store = use_store();
    let own: &'static Lesson = LESSONS[lesson.min(LESSONS.len() - 1)];
    let step = Memo::new(move |_| place.get().step.min(own.steps.len() - 1));
    let go = move |step: usize| store.change(|state| Place { lesson: Some(lesson), step }.write(&mut state.parts));
    let steps: Vec<_> = own
        .steps
        .iter()
        .enumerate()
        .map(|(at, shown)| {
            let current = move || if step.get() == at { "step" } else { "false" };
            view! {
                <li><button class="lesson-step" aria-current=current title=shown.title on:click=move |_| go(at)>
                    <span>{at + 1}</span><span class="lesson-step-title">{shown.title}</span>
                </button></li>
            }
        })
        .collect();
    let has_run = Memo::new(move |_| match own.key {
        "guide" => store.learn.guide.with(Option::is_some),
        "ceiling" => store.learn.halves.with(Option::is_some),
        _ => store.learn.cell.with(Option::is_some),
    });
    // Panels that stay from one step to the next are kept, with the focus that they may have.
    let list = Memo::new(move |_| listed(own.steps[step.get()].panels, has_run.get()));
    let leave = move |_| store.change(|state| Place::default().write(&mut state.parts));
    view! {
        <article class="lesson" data-testid="lesson" data-lesson=own.key data-step=move || step.get() + 1 aria-labelledby="lesson-title">
            <div class="lesson-head">
                <button class="quiet" data-testid="all-lessons" on:click=leave>"← All lessons"</button>
                <p id="lesson-title">{own.title}<span class="note">{format!(" · about {} minutes", own.minutes)}</span></p>
            </div>
            <Lacking lesson=own.key/>
            <nav aria-label="Steps of the lesson"><ol class="lesson-steps">{steps}</ol></nav>
            <div class="lesson-body">
                <Words lesson=own place step/>
                <div class="lesson-panels">
                    <For each=move || list.get() key=|panel| *panel children=move |panel| shown(own, panel, list)/>
                </div>
            </div>
        </article>
    }
}

/// The panels of a step; before the lesson's run there is the way to it instead of what needs it.
fn listed(panels: &[Panel], has_run: bool) -> Vec<Panel> {
    let own = |panel: &&Panel| matches!(panel, Panel::Setup | Panel::Guess | Panel::Scores);
    let missing = !has_run && !panels.iter().all(|panel| own(&panel)) && !panels.contains(&Panel::Setup);
    let shown = panels.iter().filter(|panel| has_run || own(panel));
    missing.then_some(&Panel::Setup).into_iter().chain(shown).copied().collect()
}

/// One panel.
fn shown(lesson: &'static Lesson, panel: Panel, list: Memo<Vec<Panel>>) -> AnyView {
    match panel {
        Panel::Setup => view! { <Setup lesson=lesson.key/> }.into_any(),
        Panel::Cell => {
            // One set of buttons is enough: the gene's panel has its own.
            let scrubber = Signal::derive(move || list.with(|list| !list.contains(&Panel::Gene)));
            view! { <CellPanel scrubber/> }.into_any()
        }
        Panel::Gene => view! { <GenePanel/> }.into_any(),
        Panel::Effects => view! { <Effects/> }.into_any(),
        Panel::Spread => view! { <Spread/> }.into_any(),
        Panel::Guess => view! { <Guess/> }.into_any(),
        Panel::Scores => view! { <Scores/> }.into_any(),
        Panel::Scatter => view! { <Scatter/> }.into_any(),
        Panel::Halves => view! { <Halves/> }.into_any(),
    }
}

/// Words, question and the way on.
#[component]
fn Words(lesson: &'static Lesson, place: Memo<Place>, step: Memo<usize>) -> impl IntoView {
    let store = use_store();
    let heading = NodeRef::<H2>::new();
    // Whoever goes on by keyboard or hears the page starts at the new step's title.
    Effect::new(move |before: Option<usize>| {
        let now = step.get();
        if let (Some(heading), true) = (heading.get_untracked(), before.is_some_and(|before| before != now)) {
            // An element that cannot take the focus leaves it where it is.
            let _ = heading.focus();
        }
        now
    });
    let last = lesson.steps.len() - 1;
    let go = move |by: isize| store.change(|state| place.get_untracked().moved(by).write(&mut state.parts));
    let text = move || {
        let paragraphs = lesson.steps[step.get()].text.iter();
        paragraphs.map(|words| view! { <p>{*words}</p> }).collect::<Vec<_>>()
    };
    let questions = move || lesson.steps[step.get()].question;
    let finish = move |_| store.change(|state| Place::default().write(&mut state.parts));
    view! {
        <section class="panel lesson-words" aria-labelledby="step-title">
            <p class="note" data-testid="step-of">{move || format!("{} of {}", step.get() + 1, last + 1)}</p>
            <h2 id="step-title" tabindex="-1" node_ref=heading>{move || lesson.steps[step.get()].title}</h2>
            {text}
            <For each=questions key=|question| question.key children=|question| view! { <QuestionView question/> }/>
            <div class="lesson-way">
                <button data-testid="lesson-back" disabled=move || step.get() == 0 on:click=move |_| go(-1)>"Back"</button>
                <button class="primary" data-testid="lesson-next" hidden=move || step.get() == last on:click=move |_| go(1)>"Next"</button>
                <button class="primary" data-testid="lesson-finish" hidden=move || step.get() != last on:click=finish>"Finish"</button>
            </div>
        </section>
    }
}
