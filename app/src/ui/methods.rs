//! What a run was, as a paragraph for a methods section, and the command that repeats it.
//!
//! Does: puts provenance and card into sentences; hands them out as text.
//! Does not know: how cells are generated or tested beyond what it says of it.
//! Flow: store's provenance + card → **paragraph, command**.

use leptos::prelude::*;

use super::download::text_file;
use super::use_store;
use crate::protocol::Provenance;
use crate::protocol::card::Card;

/// An entry of a provenance; empty when it is not there.
fn entry<'a>(provenance: &'a Provenance, key: &str) -> &'a str {
    provenance.entries.iter().find(|(own, _)| own == key).map_or("", |(_, value)| value.as_str())
}

/// The paragraph. `cells` are those that were compared: control, perturbed.
fn paragraph(provenance: &Provenance, card: &Card, cells: Option<(u32, u32)>) -> String {
    let of = |key: &str| entry(provenance, key);
    let hash: String = of("bundle_sha256").chars().take(12).collect();
    let sources: Vec<&str> = card.data.iter().map(|source| source.source.as_str()).collect();
    let held = match of("clamp") {
        "" => String::new(),
        genes => format!(", with genes held at a count ({genes})"),
    };
    let mut text = format!(
        "Cells were generated with Wellplate {} from the bundle {} (SHA-256 {hash}…), a masked discrete diffusion model of \
         single-cell counts after Lingshu-Cell (arXiv:2603.25240), trained on {} cells ({}). Conditions were {}{held}; \
         guidance scale {}, {} sampling steps, {} cells per scenario, seed {}, on {}.",
        of("version"),
        of("bundle"),
        card.training.cells,
        sources.join("; "),
        of("conditions"),
        of("guidance"),
        of("steps"),
        of("cells"),
        of("seed"),
        of("device"),
    );
    if let Some((control, perturbed)) = cells {
        text.push_str(&format!(
            " {perturbed} generated perturbed cells were compared with {control} generated control cells: counts were \
             scaled to one library size and log(1 + x)-transformed, genes tested with the two-sided Mann-Whitney U test \
             (normal approximation, corrected for ties and continuity) and p-values corrected over all genes by \
             Benjamini and Hochberg. These are generated cells: p-values say how sure the model's answer is, not how \
             true."
        ));
    }
    text
}

/// The paragraph and the command of the last run.
#[component]
pub(super) fn Methods() -> impl IntoView {
    let store = use_store();
    let words = move || {
        let (provenance, card) = (store.provenance.get()?, store.card.get()?);
        let cells = store.shifts.with(|table| table.as_ref().map(|table| table.cells));
        Some((paragraph(&provenance, &card, cells), entry(&provenance, "command").to_owned()))
    };
    let save = move |_| {
        if let Some((text, command)) = untrack(words) {
            text_file("wellplate-methods.txt", "text/plain", &format!("{text}\n\n{command}\n"));
        }
    };
    let text = move || words().map(|(text, _)| text).unwrap_or_default();
    let command = move || words().map(|(_, command)| command).unwrap_or_default();
    view! {
        <details class="methods" hidden=move || store.provenance.with(Option::is_none)>
            <summary data-testid="methods-open">"Methods, and how to repeat this run"</summary>
            <p data-testid="methods">{text}</p>
            <p class="note">"The same run from the command line:"</p>
            <pre class="scroll" tabindex="0" data-testid="command">{command}</pre>
            <button class="quiet" data-testid="save-methods" on:click=save>"Text"</button>
        </details>
    }
}
