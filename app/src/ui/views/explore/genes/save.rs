//! The table and the cells as files.
//!
//! Does: CSV or TSV of all genes with what made them; asks the worker for an h5ad file and hands it out.
//! Does not know: how files are written.
//! Flow: store's shifts, worker's file → **download**.

use leptos::prelude::*;

use crate::gene_rows::text;
use crate::protocol::ToWorker;
use crate::sides;
use crate::ui::effects::download::{byte_file, text_file};
use crate::ui::effects::worker;
use crate::ui::state::gene_choice::columns;
use crate::ui::state::store::{Store, use_store};

/// Buttons that save.
#[component]
pub(super) fn Save() -> impl IntoView {
    let store = use_store();
    let export = move |_| {
        store.tell("Writing the cells …");
        worker::send(store, &ToWorker::Export { run: store.run.get_untracked() });
    };
    view! {
        <div class="saves" role="group" aria-label="Save all genes or the cells">
            <button class="quiet" data-testid="save-csv" title="All genes, separated by commas" on:click=move |_| save(store, ',')>"CSV"</button>
            <button class="quiet" data-testid="save-tsv" title="All genes, separated by tabs" on:click=move |_| save(store, '\t')>"TSV"</button>
            <button class="quiet" data-testid="save-h5ad" title="Generated cells as AnnData" disabled=move || store.provenance.with(Option::is_none) || store.is_running()
                on:click=export>"h5ad"</button>
        </div>
    }
}

/// All genes with what made them.
fn save(store: Store, separator: char) {
    let (Some(table), Some(card)) = (store.shifts.get_untracked(), store.card.get_untracked()) else { return };
    let measured = store.measured.get_untracked();
    let shown = store.shown.get_untracked();
    let mut notes = vec![("comparison".to_owned(), untrack(|| store.compared_words()))];
    notes.extend(untrack(|| store.made_by()).map(|provenance| provenance.entries).unwrap_or_default());
    let (name, kind) = match separator {
        '\t' => ("wellplate-shifts.tsv", "text/tab-separated-values"),
        _ => ("wellplate-shifts.csv", "text/csv"),
    };
    let sides = sides::of(shown).short;
    text_file(name, kind, &text(&columns(&table, &card, measured.as_deref()), sides, &notes, separator));
}

/// Hands out the file that the worker made.
#[component]
pub(super) fn HandOut() -> impl IntoView {
    let store = use_store();
    Effect::new(move |_| {
        if let Some((name, bytes)) = store.download.get() {
            byte_file(&name, &bytes);
            store.download.set(None);
        }
    });
}
