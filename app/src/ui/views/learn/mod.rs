//! The Learn view.
//!
//! Does: three lessons with runs of the real model; shows the overview or the open lesson.
//! Does not know: the model; what the lessons say (`crate::lessons`).
//! Flow: person → **learn** → worker → learn.

mod ceiling;
mod cell;
mod gene;
mod grid;
mod guidance;
mod lacking;
mod lesson;
mod overview;
mod question;
mod run_of;
mod runs;
mod scores;
mod setup;

use leptos::prelude::*;

use crate::lessons::Place;
use crate::ui::state::store::use_store;

#[component]
pub(in crate::ui) fn LearnView() -> impl IntoView {
    let store = use_store();
    let place = Memo::new(move |_| store.state.with(|state| Place::read(&state.parts)));
    let open = Memo::new(move |_| place.get().lesson);
    view! {
        <div class="learn" data-testid="learn">
            {move || match open.get() {
                Some(lesson) => view! { <lesson::LessonView lesson place/> }.into_any(),
                None => view! { <overview::Overview/> }.into_any(),
            }}
        </div>
    }
}
