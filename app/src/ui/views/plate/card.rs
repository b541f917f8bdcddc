//! The card of the well with the focus.
//!
//! Does: says what it holds, whether the model ever saw such cells, what came out, how its replicates agree, which genes
//! moved; opens the condition in Explore.
//! Does not know: how results were made.
//! Flow: focus + results → **card** → Explore.

use std::sync::Arc;

use leptos::prelude::*;

use super::desk::{Desk, use_desk};
use super::words::{brief, sentence};
use crate::choices::perturbation;
use crate::expression::probability_single;
use crate::plate::Well;
use crate::plate::results::{WellResult, spread, training_cells};
use crate::plate::unknown::seen;
use crate::plate::wells::name;
use crate::state::View;
use crate::ui::widgets::numbers::change;

/// Genes listed.
const TOP: usize = 10;

#[component]
pub(super) fn WellCard() -> impl IntoView {
    let desk = use_desk();
    let place = move || desk.plate.focus.get();
    let body = move || {
        let place = place();
        let Some(well) = desk.layout.with(|layout| layout.get(place).cloned()) else {
            return view! { <p class="empty">"This well is empty. Enter places the condition at the left; the table of a spreadsheet can be pasted here."</p> }.into_any();
        };
        filled(desk, place, well).into_any()
    };
    view! {
        <section class="panel plate-card" aria-labelledby="well-title" data-testid="well-card">
            <h2 id="well-title">{move || format!("Well {}", name(place()))}</h2>
            {body}
        </section>
    }
}

/// Sets Explore's choices to a well's and opens it.
fn open(desk: Desk, well: &Well) {
    let made = untrack(|| desk.made(well));
    desk.store.change(|state| {
        state.with = well.condition.with.clone();
        state.guidance = well.condition.guidance.or(state.guidance);
        state.clamp = well.condition.clamp.clone();
        state.cells = made.request.cells;
        state.view = View::Explore;
        state.run = false;
    });
}

/// A well that is not empty. No component: what it reads must be followed by whoever shows it.
fn filled(desk: Desk, place: usize, well: Well) -> impl IntoView {
    let result = desk.result(place);
    let card = desk.card();
    let cells = training_cells(&card, &desk.made(&well).request);
    let (is_new, words) = seen(&card, &well.condition, cells, result.is_some());
    let ahead = desk.ahead.with(|own| own.get(&place).copied());
    let about = sentence(&card, &well.condition);
    let seed = desk.made(&well).request.seed;
    let replicates = desk.layout.with(|layout| layout.replicates(&well.condition));
    let finished: Vec<Arc<WellResult>> = replicates.iter().filter_map(|place| desk.result(*place)).collect();
    let values: Vec<f32> = finished.iter().filter_map(|result| desk.value(result)).collect();
    let unit = desk.unit();
    let over = spread(&values).map(|(mean, low, high)| {
        format!(
            "{} ({} … {}) {unit}, over {} of {} replicate wells",
            brief(mean),
            brief(low),
            brief(high),
            values.len(),
            replicates.len()
        )
    });
    let own = result.as_ref().and_then(|result| desk.value(result));
    let against = if perturbation(&card).is_some() { "control" } else { "others" };
    view! {
        <p class="plate-about">{about}</p>
        <p class="seen" class:extrapolated=is_new data-testid="well-seen">{words}</p>
        <dl>
            <div><dt>"Replicate"</dt><dd>{format!("{} (seed {seed})", well.replicate)}</dd></div>
            {result.as_ref().map(|result| view! {
                <div><dt>"Cells"</dt><dd>{format!("{}, against {} {against}", result.cells.0, result.cells.1)}</dd></div>
                <div><dt>"Shifted genes"</dt><dd data-testid="well-genes">{result.genes_shifted}</dd></div>
                <div><dt>"RMS Δ, ln(1 + x)"</dt><dd>{brief(result.rms)}</dd></div>
            })}
            {ahead.map(|genes| view! { <div class="wide"><dt>"Precomputed"</dt><dd data-testid="well-ahead">{format!("{genes} genes with q < 0.05")}</dd></div> })}
            {own.map(|value| view! { <div class="wide"><dt>"This well"</dt><dd>{format!("{} {}", brief(value), desk.unit())}</dd></div> })}
            {over.map(|over| view! { <div class="wide"><dt>"Mean (range)"</dt><dd data-testid="well-replicates">{over}</dd></div> })}
        </dl>
        {result.map(|result| view! { <Top result/> })}
        <button data-testid="open-explore" on:click=move |_| open(desk, &well)>"Open in Explore"</button>
    }
}

/// The surest shifted genes; each chooses its gene.
#[component]
fn Top(result: Arc<WellResult>) -> impl IntoView {
    let desk = use_desk();
    let card = desk.card();
    let genes = result.top(TOP);
    if genes.is_empty() {
        return view! { <p class="empty">"No gene is past q < 0.05 and |log2 fold change| > 0.5."</p> }.into_any();
    }
    let rows: Vec<_> = genes
        .into_iter()
        .filter_map(|gene| {
            let name = card.genes.get(gene)?.clone();
            let chosen = name.clone();
            let choose = move |_| desk.store.change(|state| state.gene = Some(chosen.clone()));
            Some(view! {
                <tr>
                    <th scope="row"><button class="gene" on:click=choose>{name}</button></th>
                    <td>{change(f64::from(result.difference[gene]))}</td>
                    <td>{probability_single(result.q[gene])}</td>
                </tr>
            })
        })
        .collect();
    view! {
        <table data-testid="well-top">
            <thead><tr><th scope="col">"Gene"</th><th scope="col" title="Difference of mean log-normalised expression">"Δ ln(1 + x)"</th><th scope="col">"q"</th></tr></thead>
            <tbody>{rows}</tbody>
        </table>
    }
    .into_any()
}
