//! What a run was, as a paragraph for a methods section, and the command that repeats it.
//!
//! Does: puts provenance and card into sentences; hands them out as text.
//! Does not know: how cells are generated or tested beyond what it says of it.
//! Flow: store's provenance + card → **paragraph, command**.

use leptos::prelude::*;

use crate::protocol::card::Card;
use crate::protocol::{Comparison, Provenance};
use crate::ui::effects::download::text_file;
use crate::ui::state::store::use_store;
use crate::ui::state::tables::ShiftTable;

/// An entry of a provenance; empty when it is not there.
fn entry<'a>(provenance: &'a Provenance, key: &str) -> &'a str {
    provenance.entries.iter().find(|(own, _)| own == key).map_or("", |(_, value)| value.as_str())
}

/// Commands of a provenance, one per line; a shell takes them as they are.
fn commands(provenance: &Provenance) -> String {
    entry(provenance, "command").replace(" && wellplate", "\nwellplate")
}

/// What a scenario was; `ending` is that of its entries.
fn scenario(provenance: &Provenance, ending: &str) -> String {
    let of = |key: &str| entry(provenance, &format!("{key}{ending}"));
    let held = match of("clamp") {
        "" => String::new(),
        genes => format!(", with genes held at a count ({genes})"),
    };
    let composed = match of("composed") {
        "" => String::new(),
        words => format!(" (several perturbations at once: {words})"),
    };
    format!("{}{composed}{held}", of("conditions"))
}

/// What was compared with what, and how.
fn compared(comparison: Comparison, has_other: bool, table: &ShiftTable) -> String {
    let (control, perturbed) = table.cells;
    let what = match (comparison, has_other) {
        (_, false) => {
            format!("{perturbed} generated perturbed cells were compared with {control} generated control cells")
        }
        (Comparison::A, true) => format!("{perturbed} cells of scenario A were compared with {control} of its control"),
        (Comparison::B, true) => format!("{perturbed} cells of scenario B were compared with {control} of its control"),
        (Comparison::BAgainstA, true) => {
            format!("{perturbed} cells of scenario B were compared with {control} cells of scenario A")
        }
    };
    let seeds = match table.seeds {
        0 | 1 => String::new(),
        seeds => format!(
            " Intervals over seeds are 95 % t intervals of the difference of means in each of {seeds} replicates."
        ),
    };
    format!(
        " {what}: counts were scaled to one library size and log(1 + x)-transformed, genes tested with the two-sided \
         Mann-Whitney U test (normal approximation, corrected for ties and continuity) and p-values corrected over all \
         genes by Benjamini and Hochberg.{seeds} Both sides were drawn with the same random numbers, cell by cell: \
         differences are less noisy than between independent cells, while the test treats the cells as independent, so \
         its p-values are rather too large. These are generated cells: p-values say how sure the model's answer is, not \
         how true."
    )
}

/// The paragraph.
fn paragraph(provenance: &Provenance, card: &Card, comparison: Comparison, table: Option<&ShiftTable>) -> String {
    let of = |key: &str| entry(provenance, key);
    let hash: String = of("bundle_sha256").chars().take(12).collect();
    let sources: Vec<&str> = card.data.iter().map(|source| source.source.as_str()).collect();
    let has_other = !of("conditions_b").is_empty();
    let conditions = if has_other {
        format!("Scenario A was {}; scenario B was {}", scenario(provenance, ""), scenario(provenance, "_b"))
    } else {
        format!("Conditions were {}", scenario(provenance, ""))
    };
    let seeds = match of("replicates") {
        "" | "1" => format!("seed {}", of("seed")),
        several => format!("{several} replicates with seeds from {}", of("seed")),
    };
    let mut text = format!(
        "Cells were generated with Wellplate {} from the bundle {} (SHA-256 {hash}…), a masked discrete diffusion model of \
         single-cell counts after Lingshu-Cell (arXiv:2603.25240), trained on {} cells ({}). {conditions}; guidance scale \
         {}, {} sampling steps, {} cells per scenario{}, {seeds}, on {}.",
        of("version"),
        of("bundle"),
        card.training.cells,
        sources.join("; "),
        of("guidance"),
        of("steps"),
        of("cells"),
        if matches!(of("replicates"), "" | "1") { "" } else { " and replicate" },
        of("device"),
    );
    match of("precomputed") {
        "" => {}
        words => text.push_str(&format!(" The results were {words}. {}", of("genes"))),
    }
    for (ending, who) in [("", if has_other { "Cells of scenario A" } else { "Cells" }), ("_b", "Cells of scenario B")]
    {
        match of(&format!("training_origin{ending}")) {
            "" => {}
            words => text.push_str(&format!(" {who} were {words}.")),
        }
    }
    if let Some(table) = table {
        text.push_str(&compared(comparison, has_other, table));
    }
    text
}

/// The paragraph and the command of the last run.
#[component]
pub(super) fn Methods() -> impl IntoView {
    let store = use_store();
    let words = move || {
        let (provenance, card) = (store.made_by()?, store.card.get()?);
        let table = store.shifts.get();
        Some((paragraph(&provenance, &card, store.shown.get(), table.as_deref()), commands(&provenance)))
    };
    let save = move |_| {
        if let Some((text, command)) = untrack(words) {
            text_file("wellplate-methods.txt", "text/plain", &format!("{text}\n\n{command}\n"));
        }
    };
    let text = move || words().map(|(text, _)| text).unwrap_or_default();
    let command = move || words().map(|(_, command)| command).unwrap_or_default();
    view! {
        <details class="methods" hidden=move || store.made_by().is_none()>
            <summary data-testid="methods-open">"Methods, and how to repeat this run"</summary>
            <p data-testid="methods">{text}</p>
            <p class="note">"The same cells from the command line, one command for each scenario and seed:"</p>
            <pre class="scroll" tabindex="0" data-testid="command">{command}</pre>
            <button class="quiet" data-testid="save-methods" on:click=save>"Text"</button>
        </details>
    }
}
