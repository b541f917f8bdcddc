//! The lessons as cards.
//!
//! Does: titles, what is learned, minutes, how many questions are answered.
//! Does not know: what happens in a lesson.
//! Flow: lessons + address → **cards**.

use leptos::prelude::*;

use crate::lessons::{LESSONS, Lesson, Place};
use crate::ui::state::store::use_store;

#[component]
pub(super) fn Overview() -> impl IntoView {
    let cards: Vec<_> = LESSONS.into_iter().enumerate().map(|(place, lesson)| view! { <Card place lesson/> }).collect();
    view! {
        <section class="lessons" aria-labelledby="learn-title">
            <h2 id="learn-title">"Learn"</h2>
            <p class="lead">
                "Three short lessons about a model that writes single cells. Each runs the real model on this computer, asks three questions, and takes less than ten minutes. No programming; it helps to know what a gene and messenger RNA are."
            </p>
            <ul class="lesson-cards">{cards}</ul>
            <p class="note">"Your place and your answers are in the address: a bookmark or a shared link brings them back. They are stored nowhere else."</p>
        </section>
    }
}

#[component]
fn Card(place: usize, lesson: &'static Lesson) -> impl IntoView {
    let store = use_store();
    let right = Memo::new(move |_| store.state.with(|state| lesson.right(&state.parts)));
    let words = move || match right.get() {
        (right, all) if right == all => format!("✓ Done: {all} of {all} questions right"),
        (right, all) => format!("{right} of {all} questions right"),
    };
    let open = move |_| store.change(|state| Place { lesson: Some(place), step: 0 }.write(&mut state.parts));
    let learn: Vec<_> = lesson.learn.iter().map(|words| view! { <li>{*words}</li> }).collect();
    let begun = move || if right.get().0 > 0 { "Open again" } else { "Begin" };
    let id = format!("lesson-card-{}", lesson.key);
    view! {
        <li class="panel lesson-card" data-testid=id data-done=move || (right.get().0 == right.get().1).to_string()>
            <p class="note">{format!("Lesson {} · about {} minutes", place + 1, lesson.minutes)}</p>
            <h3>{lesson.title}</h3>
            <ul>{learn}</ul>
            <p class="lesson-mark" class:done=move || right.get().0 == right.get().1>{words}</p>
            <button class="primary" data-testid=format!("open-{}", lesson.key) on:click=open>
                {begun}<span class="unseen">{format!(": {}", lesson.title)}</span>
            </button>
        </li>
    }
}
