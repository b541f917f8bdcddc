//! How like generated populations are to measured ones.
//!
//! Does: a table of every measure beside the real-against-real ceiling and the gallery's target, said in words.
//! Does not know: how likeness is measured, which targets there are (`crate::judged::likeness`).
//! Flow: sheet's populations → **tables** → person.

use leptos::prelude::*;

use crate::bundles::grouped;
use crate::judged::likeness::{Likeness, Population, number};

/// All populations; nothing where a bundle has none.
#[component]
pub(super) fn Populations(populations: Vec<Population>) -> impl IntoView {
    let shown: Vec<_> = populations.iter().enumerate().map(|(place, own)| population(own, place)).collect();
    (!shown.is_empty()).then(|| {
        view! {
            <section data-testid="populations">
                <h3>"Similarity to measured cells"</h3>
                {shown}
                <p class="note">"The measured cells are split at random into two halves. “Generated” compares generated cells with one half; “Ceiling” compares the other half with it, with as many cells: the best that can be expected. A dash marks too few cells for a ceiling. Targets are those of this site for the models that it ships."</p>
            </section>
        }
    })
}

/// One population.
fn population(own: &Population, place: usize) -> impl IntoView + use<> {
    let title = match (own.title.as_str(), own.cells) {
        (title, 0) => title.to_owned(),
        (title, cells) => format!("{title} ({} cells on either side)", grouped(cells)),
    };
    let label = format!("{title}: similarity of generated to measured cells");
    let row = |own: &Likeness| {
        let target = own.target_words();
        let verdict = own.verdict();
        // The mark repeats the word for the eye.
        let mark = match own.is_reached() {
            Some(true) => "✓ ",
            Some(false) => "✗ ",
            None => "",
        };
        view! {
            <tr>
                <th scope="row">{own.title().to_owned()}</th>
                <td>{number(own.generated)}</td><td>{number(own.ceiling())}</td><td>{own.best.clone()}</td>
                <td>{if target.is_empty() { "–".to_owned() } else { target }}</td>
                <td class:missed=own.is_reached() == Some(false)><span aria-hidden="true">{mark}</span>{verdict}</td>
            </tr>
        }
    };
    let rows: Vec<_> = own.measures.iter().map(row).collect();
    view! {
        <h4>{title}</h4>
        <p class="outcome" data-testid=format!("population-verdict-{place}")>{own.verdict()}</p>
        <div class="scroll" tabindex="0" role="region" aria-label=label>
            <table class="judged" data-testid=format!("population-{place}")>
                <thead><tr>
                    <th scope="col">"Measure"</th><th scope="col">"Generated"</th><th scope="col">"Ceiling"</th>
                    <th scope="col">"Best"</th><th scope="col">"Target"</th><th scope="col">"Verdict"</th>
                </tr></thead>
                <tbody>{rows}</tbody>
            </table>
        </div>
    }
}
