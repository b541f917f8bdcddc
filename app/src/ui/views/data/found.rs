//! What is in the file: which matrix is read and why, what else could be.
//!
//! Does: says what the reader took; offers its other matrices, genomes and modalities; asks before corrected counts are
//! rounded; names what was left out.
//! Does not know: files.
//! Flow: worker's plan → **panel** → choice → worker.

use leptos::prelude::*;

use crate::own_data::capital;
use crate::protocol::data::{Choice, Found};
use crate::ui::effects::data::choose_matrix;
use crate::ui::state::store::{Phase, Store, use_store};

/// A list to choose from; nothing where there is no choice.
fn choices(store: Store, title: &'static str, id: &'static str, list: &[Choice], all: Option<&str>) -> Option<AnyView> {
    if list.len() + usize::from(all.is_some()) < 2 || list.is_empty() {
        return None;
    }
    // All of them are read where more than one is taken.
    let together = list.iter().filter(|own| own.taken).count() > 1;
    let first = all.map(|words| view! { <option value="" selected=together>{words.to_owned()}</option> });
    let options: Vec<_> = list
        .iter()
        .map(|own| {
            let (name, words, taken) = (own.name.clone(), own.words.clone(), own.taken && !together);
            view! { <option value=name selected=taken>{words}</option> }
        })
        .collect();
    let busy = move || store.phase.with(|phase| *phase != Phase::Idle);
    let chosen = move |event| choose_matrix(store, event_target_value(&event));
    Some(
        view! {
            <label class="inline">{title}
                <select data-testid=id disabled=busy on:change=chosen>{first}{options}</select>
            </label>
        }
        .into_any(),
    )
}

/// A list of sentences behind a line; nothing when it is empty.
fn behind(title: &str, list: &[String]) -> Option<AnyView> {
    let items: Vec<_> = list.iter().map(|own| view! { <li>{own.clone()}</li> }).collect();
    let title = format!("{title} ({})", list.len());
    (!list.is_empty()).then(|| view! { <details><summary>{title}</summary><ul>{items}</ul></details> }.into_any())
}

#[component]
fn Shown(found: Found) -> impl IntoView {
    let store = use_store();
    let genomes = found.groups.iter().filter(|own| own.taken).count() > 1;
    let all = genomes.then_some("all of them");
    let labels = if found.labels.is_empty() { "none".to_owned() } else { found.labels.join(", ") };
    let notes: Vec<_> = found.notes.iter().map(|note| view! { <li>{note.clone()}</li> }).collect();
    view! {
        <div class="found" data-testid="data-found">
            <p data-testid="data-reason">{capital(&found.reason)}</p>
            <p class="note">{format!("Read as {}. Genes are named by {}. Labels: {labels}.", found.read_as, found.symbols)}</p>
            <div class="drop-actions">
                {choices(store, "Matrix: ", "data-matrix", &found.matrices, None)}
                {choices(store, "Genome or modality: ", "data-group", &found.groups, all)}
            </div>
            <ul class="warnings" hidden=found.notes.is_empty()>{notes}</ul>
            {behind("Matrices that cannot be used", &found.unusable)}
            {behind("Columns that were left out", &found.left_out)}
        </div>
    }
}

/// What was found, and what can be chosen.
#[component]
pub(super) fn FoundIn() -> impl IntoView {
    let store = use_store();
    let shown = move || store.data.plan.with(|plan| plan.as_ref().map(|plan| plan.found.clone()));
    // A sample that was made here has no plan, and nothing to choose.
    move || shown().filter(|found| !found.reason.is_empty()).map(|found| view! { <Shown found/> })
}

/// Corrected counts, which are rounded only where someone agrees.
#[component]
pub(super) fn Corrected() -> impl IntoView {
    let store = use_store();
    move || {
        store.data.corrected.get().map(|(why, matrix)| {
            view! {
                <div class="announced refused" role="status" data-testid="data-corrected">
                    <p>{why}</p>
                    <div class="drop-actions">
                        <button class="primary" data-testid="data-round" on:click=move |_| choose_matrix(store, matrix.clone())>
                            "Round them to whole counts and go on"
                        </button>
                    </div>
                </div>
            }
        })
    }
}
