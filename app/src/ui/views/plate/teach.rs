//! What stands on an empty plate.
//!
//! Does: says what a plate is and three ways to fill it.
//! Does not know: anything else.
//! Flow: empty layout → **words**.

use leptos::prelude::*;

use super::desk::use_desk;
use crate::lacks::Lacks;
use crate::plate::example::about;
use crate::ui::state::plate::Draft;

#[component]
pub(super) fn Teach() -> impl IntoView {
    let desk = use_desk();
    let card = desk.card();
    let lacks = Lacks::of(&card);
    let words = lacks.plate(&card).unwrap_or_else(|| {
        let reference = lacks.reference(&card);
        format!("Each well of a plate holds one condition: what cells they are, and what was done to them. Run fills every well with generated cells, compares them with {reference}, and colours the well by how strongly it responds.")
    });
    view! {
        <section class="plate-teach" aria-labelledby="teach-title" data-testid="plate-teach">
            <h3 id="teach-title">"Ninety-six experiments at once"</h3>
            <p data-testid="teach-words">{words}</p>
            <ol>
                <li><strong>"Choose and place. "</strong>"Set the condition at the left, select wells and press Place; or switch to Paint and drag over wells."</li>
                <li><strong>"Paste. "</strong>"Copy a plate map from a spreadsheet and paste it onto a well. "
                    <button class="quiet" on:click=move |_| desk.plate.draft.set(Some(Draft::default()))>"Paste a table"</button></li>
                <li><strong>"Start from the example. "</strong>{about(&desk.card())}" "
                    <button data-testid="teach-example" on:click=move |_| desk.example()>"Fill the example plate"</button></li>
            </ol>
        </section>
    }
}
