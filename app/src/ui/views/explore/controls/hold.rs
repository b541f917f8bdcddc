//! Genes held at a count, one by one or as a list.
//!
//! Does: a field that suggests genes, a list that is pasted, dropped or read from a file, what is held and how to
//! release it.
//! Does not know: how held genes act on the rest of the cell.
//! Flow: person → **held genes** → store's state.

use std::sync::Arc;

use gloo::file::futures::read_as_text;
use leptos::prelude::*;
use wasm_bindgen::JsCast;
use web_sys::{DragEvent, HtmlInputElement};

use crate::checks;
use crate::gene_list::{MOST_COUNT, PRIOR_COUNT, sentence, sort};
use crate::gene_names::Suggestion;
use crate::ui::state::store::{Store, use_store};
use crate::ui::widgets::type_ahead::{Found, TypeAhead};

/// Largest file of a gene list: a list of all genes is far smaller.
const MOST_BYTES: u64 = 2_000_000;

/// Holds genes in the scenario that is edited.
fn hold(store: Store, genes: &[String], count: u32) {
    let which = untrack(|| store.edited());
    store.change(|state| {
        let held = state.clamp_mut(which);
        held.retain(|(known, _)| !genes.contains(known));
        held.extend(genes.iter().map(|gene| (gene.clone(), count)));
    });
}

/// Holds the genes that a list names, and says what became of it.
///
/// # Errors
/// A sentence when it names none.
fn hold_list(store: Store, genes: &[String], count: u32, list: &str) -> Result<String, String> {
    let sorted = sort(list, genes, &untrack(|| store.gene_names.get()));
    if sorted.is_empty() {
        return Err("The list names no gene.".to_owned());
    }
    hold(store, &sorted.known, count);
    Ok(sentence(&sorted, count))
}

#[component]
pub(super) fn HeldGenes(genes: Vec<String>) -> impl IntoView {
    let store = use_store();
    let genes = Arc::new(genes);
    let panel = StoredValue::new(genes.clone());
    let (typed, count, said) = (RwSignal::new(String::new()), RwSignal::new(0_u32), RwSignal::new(String::new()));
    let add = move |text: String| {
        let sorted = panel.with_value(|genes| sort(&text, genes, &untrack(|| store.gene_names.get())));
        if sorted.is_empty() {
            return;
        }
        hold(store, &sorted.known, count.get_untracked());
        said.set(sentence(&sorted, count.get_untracked()));
        typed.set(String::new());
    };
    let find = Callback::new(move |typed: String| {
        let (genes, all) = panel.with_value(|genes| store.gene_names.suggest(&typed, genes));
        let entry =
            |own: Suggestion| Found { display: own.gene.clone(), value: own.gene, note: own.note, is_on: false };
        (genes.into_iter().map(entry).collect(), all)
    });
    let held = move || store.state.with(|state| state.clamp_of(store.edited()).len());
    let summary = move || match held() {
        0 => "Hold genes at a count".to_owned(),
        1 => "Hold genes at a count (1 held)".to_owned(),
        several => format!("Hold genes at a count ({several} held)"),
    };
    view! {
        <details class="hold">
            <summary data-testid="hold-open">{summary}</summary>
            <p class="note">"Generates cells in which a gene has exactly this count. This shows what else such cells look like, not what happens when the gene is switched off or on."</p>
            <div class="hold-one">
                <TypeAhead id="clamp-gene" label="Gene to hold".to_owned() placeholder="Gene" typed find choose=Callback::new(add)/>
                <CountField id="clamp-count" label="Count to hold it at" count said/>
                <button class="quiet" data-testid="clamp-add" on:click=move |_| add(typed.get_untracked())>"Hold"</button>
            </div>
            <GeneList genes said/>
            <p class="note" role="status" data-testid="held-said">{move || said.get()}</p>
            <Held/>
        </details>
    }
}

/// A count between 0 and the largest; what is none changes nothing, and is `said` in a sentence.
#[component]
fn CountField(id: &'static str, label: &'static str, count: RwSignal<u32>, said: RwSignal<String>) -> impl IntoView {
    let take = move |event| match checks::number(label, &event_target_value(&event), 0, MOST_COUNT) {
        Ok(number) => {
            said.set(String::new());
            count.set(number);
        }
        Err(sentence) => said.set(format!("{sentence} It stays {}.", count.get_untracked())),
    };
    view! {
        <input id=id type="number" min="0" max=MOST_COUNT aria-label=label data-testid=id prop:value=move || count.get().to_string() on:change=take/>
    }
}

/// A list of genes that are known to be off, as text or as a file.
#[component]
fn GeneList(genes: Arc<Vec<String>>, said: RwSignal<String>) -> impl IntoView {
    let store = use_store();
    let panel = StoredValue::new(genes);
    let (text, count) = (RwSignal::new(String::new()), RwSignal::new(PRIOR_COUNT));
    let is_over = RwSignal::new(false);
    let take = move |list: String| match hold_list(store, &panel.get_value(), count.get_untracked(), &list) {
        Ok(words) => {
            said.set(words);
            text.set(String::new());
        }
        Err(words) => said.set(words),
    };
    let read = move |file: Option<web_sys::File>| {
        let Some(file) = file.map(gloo::file::File::from) else { return };
        if file.size() > MOST_BYTES {
            let size = file.size() as f64 / 1e6;
            said.set(format!("{} has {size:.0} MB; a list of genes is a text of at most 2 MB.", file.name()));
            return;
        }
        // What was chosen when the file was; the view may be gone by the time that it is read.
        let (genes, count) = (panel.get_value(), count.get_untracked());
        leptos::task::spawn_local(async move {
            let words = match read_as_text(&file).await {
                Ok(list) => hold_list(store, &genes, count, &list).unwrap_or_else(|words| words),
                Err(error) => format!("{} could not be read: {error}.", file.name()),
            };
            if let Some(words) = said.try_set(words) {
                store.tell(&words);
            }
        });
    };
    let dropped = move |event: DragEvent| {
        let file = event.data_transfer().and_then(|data| data.files()).and_then(|files| files.get(0));
        is_over.set(false);
        // Text that is dropped is the browser's own business: it lands in the field.
        if file.is_some() {
            event.prevent_default();
            read(file);
        }
    };
    let picked = move |event: web_sys::Event| {
        let input = event.target().and_then(|target| target.dyn_into::<HtmlInputElement>().ok());
        if let Some(input) = input {
            read(input.files().and_then(|files| files.get(0)));
            // The same file can then be chosen again.
            input.set_value("");
        }
    };
    view! {
        <div class="prior">
            <label for="prior-text">"A list of genes known to be silent"</label>
            <textarea id="prior-text" data-testid="prior-text" rows="3" spellcheck="false" placeholder="Paste names, or drop a text file here"
                class:over=move || is_over.get() prop:value=move || text.get()
                on:input=move |event| text.set(event_target_value(&event))
                on:dragover=move |event| { event.prevent_default(); is_over.set(true); }
                on:dragleave=move |_| is_over.set(false) on:drop=dropped></textarea>
            <div class="prior-deeds">
                <label class="inline" for="prior-count">"at"</label>
                <CountField id="prior-count" label="Count to hold the list at; the paper uses 1" count said/>
                <button class="quiet" data-testid="prior-add" on:click=move |_| take(text.get_untracked())>"Hold the list"</button>
                <label class="file">"Choose a file"
                    <input type="file" accept=".txt,.csv,.tsv,text/plain" data-testid="prior-file" on:change=picked/>
                </label>
            </div>
        </div>
    }
}

/// What is held, each gene with a way to release it.
#[component]
fn Held() -> impl IntoView {
    let store = use_store();
    let held = Memo::new(move |_| store.state.with(|state| state.clamp_of(store.edited()).to_vec()));
    let release = move |name: &str| {
        let which = untrack(|| store.edited());
        store.change(|state| state.clamp_mut(which).retain(|(known, _)| known != name));
    };
    let list = move || {
        let row = |(name, count): (String, u32)| {
            let own = name.clone();
            view! {
                <li data-testid=format!("held-{name}")><span>{format!("{name} = {count}")}</span>
                    <button class="quiet" aria-label=format!("Release {name}") on:click=move |_| release(&own)>"×"</button>
                </li>
            }
        };
        held.get().into_iter().map(row).collect::<Vec<_>>()
    };
    let is_empty = move || held.with(Vec::is_empty);
    let release_all = move |_| {
        let which = untrack(|| store.edited());
        store.change(|state| state.clamp_mut(which).clear());
    };
    view! {
        <ul class="clamps" data-testid="held" aria-label="Held genes" tabindex="0" hidden=is_empty>{list}</ul>
        <button class="quiet" data-testid="release-all" hidden=is_empty on:click=release_all>"Release all"</button>
    }
}
