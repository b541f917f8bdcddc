//! What others reported of other models on the groups that this bundle holds out.
//!
//! Does: a table of models, groups and values with where each was reported, marked as published elsewhere; nothing where
//! a card names none.
//! Does not know: this bundle's own scores.
//! Flow: card → **table** → person.

use leptos::prelude::*;

use crate::protocol::card::Published;

/// All of them; nothing where there are none.
pub(super) fn published(all: &[Published]) -> Option<impl IntoView + use<>> {
    let row = |own: &Published| {
        let metric = if own.metric == "pearson_delta" { "Pearson-Δ".to_owned() } else { own.metric.clone() };
        let value = match (own.low, own.high) {
            (Some(low), Some(high)) => format!("{:.3} ({low:.3} to {high:.3})", own.value),
            _ => format!("{:.3}", own.value),
        };
        view! {
            <tr>
                <th scope="row">{own.model.clone()}</th>
                <td>{own.group.clone()}</td><td>{metric}</td><td>{value}</td><td>{own.source.clone()}</td>
            </tr>
        }
    };
    let rows: Vec<_> = all.iter().map(row).collect();
    (!rows.is_empty()).then(|| {
        view! {
            <details data-testid="published">
                <summary>"Published scores of other models on these groups"</summary>
                <p class="note">"Reported by others, with other cells, genes and training than here: they say what is usual, and are no part of the comparison above."</p>
                <div class="scroll" tabindex="0" role="region" aria-label="Published scores of other models">
                    <table class="judged">
                        <thead><tr>
                            <th scope="col">"Model"</th><th scope="col">"Held out"</th><th scope="col">"Metric"</th>
                            <th scope="col">"Value (95 % interval)"</th><th scope="col">"Reported by"</th>
                        </tr></thead>
                        <tbody>{rows}</tbody>
                    </table>
                </div>
            </details>
        }
    })
}
