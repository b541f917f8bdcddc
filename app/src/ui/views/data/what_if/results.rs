//! What a prediction says.
//!
//! Does: the verdict first, warnings with figures, which cells it is of; what rewriting is good for; files and the command
//! that predicts the same cells; then volcano, genes by cell type and the table.
//! Does not know: how cells were predicted.
//! Flow: store's prediction → **panel** → files.

use leptos::prelude::*;

use super::asked::under;
use super::dots::DotPlot;
use super::figure::Volcano;
use super::table::Genes;
use crate::own_data::capital;
use crate::protocol::data::{Ask, Export};
use crate::protocol::what_if::About;
use crate::ui::effects::data::ask;
use crate::ui::state::store::use_store;
use crate::verdict::{Moved, Verdict};
use crate::what_if::{EXPLAINED, PAIRED, expects, figures, taken, types_words, verdict, warnings};

#[component]
pub(in super::super) fn Results() -> impl IntoView {
    let store = use_store();
    let own = store.data.what_if;
    let there = move || own.about.with(Option::is_some);
    let done = move || own.shifts.with(Option::is_some);
    let title = move || format!("Predicted: your cells under {}", under(store));
    // What is in the file is said before it is saved.
    let layers = move || {
        let genes = store.data.summary.with(|summary| summary.as_ref().map_or(0, |summary| summary.genes as usize));
        match expects(own.origins.with(|cells| cells.len()), genes) {
            true => "with every label of your file; the control twins and the expected counts of both are layers",
            false => {
                "with every label of your file; the control twins are a layer (expected counts of so many cells do not fit in a browser: predict fewer, or use the command below)"
            }
        }
    };
    let genes = move || own.shifts.get().map(|table| view! { <Genes table/> });
    view! {
        <section class="panel own-predicted" aria-labelledby="own-predicted" data-testid="predicted" hidden=move || !there()>
            <div class="bar">
                <h2 id="own-predicted">{title}</h2>
                <span class="origin-tag" data-testid="predict-origin">"predicted, not measured"</span>
            </div>
            <Says/>
            <Cells/>
            <p class="note" data-testid="predict-explained">{EXPLAINED}</p>
            <Show when=done>
                <div class="drop-actions">
                    <button data-testid="predict-h5ad" on:click=move |_| ask(store, Ask::Export(Export::Predicted))>"Save predicted cells (h5ad)"</button>
                    <span class="note" data-testid="predict-layers">{layers}</span>
                </div>
                <Repeat/>
                <div class="figure"><Volcano/></div>
                <p class="note">{PAIRED}</p>
                <DotPlot/>
            </Show>
            {genes}
        </section>
    }
}

/// The verdict.
#[component]
fn Says() -> impl IntoView {
    let store = use_store();
    let own = store.data.what_if;
    let found = Memo::new(move |_| {
        let (table, about) = (own.shifts.get()?, own.about.get()?);
        let (card, wanted) = (store.card.get()?, own.ran.get()?);
        Some(verdict(&card, &wanted.with, &about, Moved::of(&table.change, &table.q)))
    });
    let level = move || found.with(|own| own.as_ref().map(|own| own.level().key()));
    let sign = move || found.with(|own| own.as_ref().map(|own| own.level().sign()));
    let several =
        move || own.ran.with(|ran| ran.as_ref().map_or(0, |ran| ran.with.values().map(Vec::len).max().unwrap_or(0)));
    view! {
        <Show when=move || found.with(Option::is_some)>
            <div class="verdict" data-testid="predict-verdict" data-level=level>
                <span class="sign" aria-hidden="true">{sign}</span>
                <p role="status">{move || found.with(|own| own.as_ref().map(Verdict::sentence))}</p>
            </div>
        </Show>
        <p class="seen extrapolated" data-testid="predict-extrapolated" hidden=move || { several() < 2 }>
            {move || format!("Extrapolated: the differences of {} perturbations are added; no training cell had them together unless the verdict says so.", several())}
        </p>
    }
}

/// Which cells, how like they are to those of training.
#[component]
fn Cells() -> impl IntoView {
    let store = use_store();
    let shown = move || {
        let (about, card) = (store.data.what_if.about.get()?, store.card.get()?);
        let (warned, grave) = warnings(&about);
        let none = warned.is_empty();
        let warned: Vec<_> = warned.into_iter().map(|words| view! { <li>{words}</li> }).collect();
        let notes: Vec<_> = about.notes.iter().map(|note| view! { <li>{capital(note)}"."</li> }).collect();
        let facts: Vec<_> = figures(&about)
            .into_iter()
            .map(|(name, words)| view! { <div><dt>{name}</dt><dd>{words}</dd></div> })
            .collect();
        let types = types_words(&card, &about);
        let has_types = !types.is_empty();
        let has_notes = !about.notes.is_empty();
        Some(view! {
            <p data-testid="predict-taken">{words(&about)}</p>
            <div role="status"><ul class="warnings" class:grave=grave data-testid="predict-warnings" hidden=none>{warned}</ul></div>
            <p class="note" data-testid="predict-kinds" hidden=!has_types>{format!("Their types: {types}.")}</p>
            <dl class="facts" data-testid="predict-figures">{facts}</dl>
            <ul class="note" data-testid="predict-notes" hidden=!has_notes>{notes}</ul>
        })
    };
    view! { {shown} }
}

/// Which cells are predicted, in a sentence.
fn words(about: &About) -> String {
    format!("{}; {:.0} % of the genes that the model knows stay as measured.", taken(about), 100.0 * about.keep)
}

/// The command that predicts the same cells.
#[component]
fn Repeat() -> impl IntoView {
    let store = use_store();
    let command = move || {
        store.data.what_if.provenance.with(|own| {
            let entries = own.as_ref()?.entries.iter();
            entries.clone().find(|(key, _)| key == "command").map(|(_, value)| value.clone())
        })
    };
    let saved = move || {
        let command = command()?;
        let files = ["own-cells.h5ad", "own-cells-A.h5ad", "own-cells-B.h5ad"];
        files.into_iter().find(|file| command.contains(&format!("--cells {file} ")))
    };
    let first = move || match saved() {
        None => "The same cells from the command line:".to_owned(),
        Some(file) if file == "own-cells.h5ad" => {
            format!("The same cells from the command line, after “Save all cells (h5ad)” below has written {file}:")
        }
        Some(file) => {
            format!("The same cells from the command line, after “h5ad” beside the group has written {file}:")
        }
    };
    view! {
        <details class="methods">
            <summary data-testid="predict-command-open">"How to repeat this"</summary>
            <p class="note">{first}</p>
            <pre class="scroll" tabindex="0" data-testid="predict-command">{command}</pre>
        </details>
    }
}
