//! The visitor's groups beside the cells of a run of Explore.
//!
//! Does: correlations and differences of means and effects, each side said to be measured or generated, and by which run;
//! says so once Explore has gone on to another.
//! Does not know: how they were computed.
//! Flow: worker's comparison → **panel**.

use leptos::prelude::*;

use crate::choices::{perturbation, request_words};
use crate::lacks::Lacks;
use crate::own_data::thousands;
use crate::protocol::data::Comparison;
use crate::ui::state::store::use_store;

/// A score for a table.
fn score(value: Option<f64>) -> String {
    value.map_or_else(|| "–".to_owned(), |value| format!("{value:.3}").replace('-', "−"))
}

/// Rows of the table: what is compared, correlation, difference.
fn rows(comparison: &Comparison, origin: &str, base: &str) -> Vec<(String, String, String)> {
    let [a, b, control, perturbed] = comparison.cells.map(|cells| thousands(cells.into()));
    let mut rows = vec![(
        format!("A {origin}, {a} cells · {base}generated, {control} cells"),
        score(comparison.pearson[0]),
        score(comparison.mae[0]),
    )];
    if comparison.cells[3] > 0 {
        rows.push((
            format!("B {origin}, {b} cells · perturbed, generated, {perturbed} cells"),
            score(comparison.pearson[1]),
            score(comparison.mae[1]),
        ));
        let effect = "Effect, B − A · perturbed − control".to_owned();
        rows.push((effect, score(comparison.pearson_delta), String::new()));
    }
    rows
}

#[component]
pub(super) fn Compared() -> impl IntoView {
    let store = use_store();
    let compared = move || store.data.table.with(|table| table.as_ref().and_then(|table| table.comparison.clone()));
    let title = move || match compared().zip(store.card.get()) {
        Some((own, card)) => format!("Compared with the run of {}", request_words(&card, &own.request)),
        None => "Compared with a run of Explore".to_owned(),
    };
    // The numbers stay those of the run that they were computed with.
    let moved_on = Memo::new(move |_| compared().is_some_and(|own| own.run != store.run.get()));
    let shown = move || {
        let table = store.data.table.get()?;
        let generated = store.data.summary.with(|summary| summary.as_ref().is_some_and(|summary| summary.generated));
        let origin = if generated { "generated (sample)" } else { "measured (your file)" };
        let body = match &table.comparison {
            None => {
                let words = store.card.with(|card| card.as_ref().map(|card| Lacks::of(card).own_data()));
                view! { <p class="note" data-testid="own-compared">{words}</p> }.into_any()
            }
            Some(comparison) => {
                let has_control =
                    store.card.with(|card| card.as_ref().is_some_and(|card| perturbation(card).is_some()));
                let rows: Vec<_> = rows(comparison, origin, if has_control { "control, " } else { "" })
                    .into_iter()
                    .map(|(what, r, mae)| view! { <tr><th scope="row">{what}</th><td>{r}</td><td>{mae}</td></tr> })
                    .collect();
                let about = format!(
                    "Means of log-normalised expression over the {} of the model's {} genes that the file has too. Cell types of both sides should be alike, or the numbers compare types.",
                    thousands(comparison.shared.into()),
                    thousands(comparison.panel.into())
                );
                view! {
                    <p class="note">{about}</p>
                    <Show when=move || moved_on.get()>
                        <p class="of-other" role="status" data-testid="own-compared-old">"Explore has gone on to another run since; these numbers are still of the run above. “Test B against A” compares with the last one."</p>
                    </Show>
                    <div class="scroll run-body" class:stale=move || moved_on.get() tabindex="0" role="region" aria-label="Agreement with generated cells">
                    <table data-testid="own-compared">
                        <thead><tr><th scope="col">"Compared"</th><th scope="col" title="Pearson correlation; of effects it is Pearson-Δ">"Pearson"</th><th scope="col" title="Mean absolute difference of mean log-normalised expression">"MAE"</th></tr></thead>
                        <tbody>{rows}</tbody>
                    </table>
                    </div>
                }
                .into_any()
            }
        };
        Some(view! {
            <section class="panel own-compare" aria-labelledby="own-compare">
                <h2 id="own-compare" data-testid="own-compared-title">{title}</h2>
                {body}
            </section>
        })
    };
    view! { {shown} }
}
