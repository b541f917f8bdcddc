//! The visitor's groups beside the cells of the current run.
//!
//! Does: correlations and differences of means and effects, each side said to be measured or generated.
//! Does not know: how they were computed.
//! Flow: worker's comparison → **panel**.

use leptos::prelude::*;

use crate::choices::perturbation;
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
                    <div class="scroll" tabindex="0" role="region" aria-label="Agreement with the current run">
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
                <h2 id="own-compare">"Compared with the current run in Explore"</h2>
                {body}
            </section>
        })
    };
    view! { {shown} }
}
