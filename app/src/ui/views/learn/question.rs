//! A question with its answers, checked on the page.
//!
//! Does: lets a person choose and check, says in words whether the answer is right and why, keeps the answer in the
//! address; once it is right, says what is wrong with the others.
//! Does not know: which lesson it belongs to.
//! Flow: question ⇄ address → **words**.

use leptos::prelude::*;

use crate::lessons::Question;
use crate::ui::state::store::use_store;

#[component]
pub(super) fn QuestionView(question: Question) -> impl IntoView {
    let store = use_store();
    let answered = Memo::new(move |_| store.state.with(|state| question.answered(&state.parts)));
    let (chosen, set_chosen) = signal(answered.get_untracked());
    // Back and forward bring an answer back; nothing else changes it here.
    Effect::new(move |_| set_chosen.set(answered.get()));
    let radios: Vec<_> = question
        .answers
        .iter()
        .enumerate()
        .map(|(place, answer)| {
            view! {
                <label class="vote">
                    <input type="radio" name=question.key value=place data-testid=format!("{}-{}", question.key, place + 1)
                        prop:checked=move || chosen.get() == Some(place) on:change=move |_| set_chosen.set(Some(place))/>
                    <span>{answer.words}</span>
                </label>
            }
        })
        .collect();
    let check = move |_| {
        if let Some(place) = chosen.get_untracked() {
            store.change(|state| question.answer(&mut state.parts, place));
        }
    };
    let is_right = move || answered.get().is_some_and(|place| question.answers[place].right);
    let verdict = move || {
        // What is chosen anew is not judged before it is checked.
        let place = answered.get().filter(|place| chosen.get() == Some(*place))?;
        let answer = question.answers[place];
        Some(format!("{} {}", if answer.right { "✓" } else { "✗" }, answer.why))
    };
    let others = move || {
        let list = question.answers.iter().filter(|answer| !answer.right);
        let items: Vec<_> =
            list.map(|answer| view! { <li>{answer.words}" "<span class="note">{answer.why}</span></li> }).collect();
        is_right().then(|| view! { <details class="others"><summary>"What is wrong with the others?"</summary><ul>{items}</ul></details> })
    };
    view! {
        <fieldset class="question" data-testid="question" data-key=question.key
            data-right=move || answered.get().map(|_| is_right().to_string())>
            <legend>{question.words}</legend>
            {radios}
            <button data-testid=format!("{}-check", question.key) disabled=move || chosen.get().is_none() on:click=check>"Check"</button>
            <p role="status" class="reply" class:right=is_right data-testid=format!("{}-verdict", question.key)>{move || verdict().unwrap_or_default()}</p>
            {others}
        </fieldset>
    }
}
