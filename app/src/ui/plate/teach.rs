//! What stands on an empty plate.
//!
//! Does: says what a plate is and three ways to fill it.
//! Does not know: anything else.
//! Flow: empty layout → **words**.

use leptos::prelude::*;

use super::desk::use_desk;
use super::paste_box::Draft;
use crate::plate::example::about;

#[component]
pub(super) fn Teach() -> impl IntoView {
    let desk = use_desk();
    view! {
        <section class="plate-teach" aria-labelledby="teach-title" data-testid="plate-teach">
            <h3 id="teach-title">"Ninety-six experiments at once"</h3>
            <p>"Each well of a plate holds one condition: a donor, a cell type, what was done to the cells. Run fills every well with generated cells, compares them with control cells of the same donor and cell type, and colours the well by how strongly it responds."</p>
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
