//! The genes to watch: those that violins, dot plot and heat map show.
//!
//! Does: a list that a person types, pastes or fills with markers or the surest shifts; it stands in the address.
//! Does not know: how genes are drawn.
//! Flow: person + card's markers → **list** → figures.

use leptos::prelude::*;
use web_sys::KeyboardEvent;

use crate::gene_names::Suggestion;
use crate::gene_rows::{names, surest};
use crate::parts::GENES as PART;
use crate::protocol::card::Card;
use crate::ui::state::gene_choice::{choose, chosen, columns};
use crate::ui::state::store::{Store, use_store};
use crate::ui::state::tables::GeneValues;

/// Most genes in the list: more cannot be told apart in a figure.
const MOST: usize = 60;
/// Genes of the "top" button, and the q that they are below.
const TOP: (usize, f64) = (12, 0.05);

/// The list: the person's, or the bundle's markers.
fn watched(store: Store) -> Vec<String> {
    let own = store.state.with(|state| state.parts.get(PART).cloned());
    match own {
        Some(list) => names_as_written(&list),
        None => store.card.with(|card| card.as_ref().map(|card| card.markers.clone()).unwrap_or_default()),
    }
}

/// Symbols of an address' list.
fn names_as_written(list: &str) -> Vec<String> {
    let mut genes: Vec<String> = Vec::new();
    for gene in list.split(',').map(str::trim).filter(|gene| !gene.is_empty()) {
        if genes.len() < MOST && !genes.iter().any(|own| own == gene) {
            genes.push(gene.to_owned());
        }
    }
    genes
}

/// Keeps a list; the markers are the list that needs no keeping.
fn keep(store: Store, genes: &[String]) {
    let markers = store.card.with_untracked(|card| card.as_ref().is_some_and(|card| card.markers == genes));
    store.set_part(PART, (!markers).then(|| genes.join(",")));
}

/// Genes that figures show: the list, and before it the chosen gene where it is not in it.
fn figure_genes(store: Store) -> Vec<String> {
    let list = watched(store);
    let chosen = chosen(store).filter(|gene| !list.contains(gene));
    chosen.into_iter().chain(list).collect()
}

/// Genes that figures show and the model knows.
pub(super) fn known(store: Store) -> Vec<String> {
    let Some(card) = store.card.get() else { return Vec::new() };
    figure_genes(store).into_iter().filter(|gene| card.genes.contains(gene)).collect()
}

/// Shown genes whose values are not there yet.
pub(super) fn missing(store: Store) -> Vec<String> {
    let known = known(store);
    store.values.with(|values| known.into_iter().filter(|gene| !values.contains_key(gene)).collect())
}

/// Values of the shown genes that are there.
pub(in super::super) fn shown(store: Store) -> Vec<(String, GeneValues)> {
    store.values.with(|values| {
        figure_genes(store).into_iter().filter_map(|gene| values.get(&gene).map(|own| (gene, own.clone()))).collect()
    })
}

/// Symbols that a text names; what it names besides, and why that is no gene of the model.
fn read(store: Store, card: &Card, text: &str) -> (Vec<String>, Vec<(String, String)>) {
    let (mut found, mut unknown) = (Vec::new(), Vec::new());
    for name in names(text) {
        match store.gene_names.find(&name, &card.genes, "this model's") {
            Ok(gene) => found.push(gene),
            Err(why) => unknown.push((name, why)),
        }
    }
    (found, unknown)
}

/// The surest shifts.
fn top(store: Store) -> Vec<String> {
    let (Some(table), Some(card)) = (store.shifts.get_untracked(), store.card.get_untracked()) else {
        return Vec::new();
    };
    let (most, q) = TOP;
    surest(&columns(&table, &card, None), q, most).into_iter().map(|gene| card.genes[gene].clone()).collect()
}

#[component]
pub(super) fn WatchList() -> impl IntoView {
    let store = use_store();
    let told = RwSignal::new(String::new());
    let typed = RwSignal::new(String::new());
    let list = Memo::new(move |_| watched(store));
    let add = move || {
        let Some(card) = store.card.get_untracked() else { return };
        let (found, unknown) = read(store, &card, &typed.get_untracked());
        let mut genes = list.get_untracked();
        let before = genes.len();
        genes.extend(found.into_iter().filter(|gene| !list.with_untracked(|list| list.contains(gene))));
        let left_out = genes.len().saturating_sub(MOST);
        genes.truncate(MOST);
        let mut words = vec![format!("{} added.", genes.len().saturating_sub(before))];
        words.extend(unknown.iter().map(|(_, why)| why.clone()));
        if left_out > 0 {
            words.push(format!("{left_out} left out: a figure shows {MOST} genes at most."));
        }
        told.set(words.join(" "));
        if genes.len() > before {
            keep(store, &genes);
        }
        typed.set(unknown.into_iter().map(|(name, _)| name).collect::<Vec<_>>().join(" "));
    };
    let enter = move |event: KeyboardEvent| {
        if event.key() == "Enter" {
            event.prevent_default();
            add();
        }
    };
    let fill = move |genes: Vec<String>, nothing: &'static str| {
        if genes.is_empty() {
            told.set(nothing.to_owned());
        } else {
            told.set(format!("The list has {} genes.", genes.len()));
            keep(store, &genes);
        }
    };
    let markers = move |_| {
        fill(
            store.card.with_untracked(|card| card.as_ref().map(|card| card.markers.clone()).unwrap_or_default()),
            "This model names no markers.",
        )
    };
    let has_shifts = move || store.shifts.with(Option::is_some);
    // A few matches of the last word are enough, and keep the list quick.
    let matches = move || {
        let text = typed.get().to_uppercase();
        let word = text.rsplit([' ', ',']).next().unwrap_or_default().to_owned();
        let before = text.strip_suffix(&word).unwrap_or_default().to_owned();
        let card = store.card.get()?;
        let found = store.gene_names.suggest(&word, &card.genes).0.into_iter();
        let option = |own: Suggestion| view! { <option value=format!("{before}{}", own.gene)>{own.note}</option> };
        Some(found.map(option).collect::<Vec<_>>())
    };
    let chips = move || list.get().into_iter().map(|gene| view! { <Chip gene/> }).collect::<Vec<_>>();
    view! {
        <details class="watch">
            <summary data-testid="list-open">{move || format!("Genes shown: {}", list.with(Vec::len))}</summary>
            <div class="bar">
                <input type="text" list="watch-genes" placeholder="Add genes: type or paste" aria-label="Genes to add; several are separated by blanks or commas"
                    autocomplete="off" spellcheck="false" data-testid="list-input" prop:value=typed
                    on:input=move |event| typed.set(event_target_value(&event)) on:keydown=enter/>
                <datalist id="watch-genes">{matches}</datalist>
                <button data-testid="list-add" on:click=move |_| add()>"Add"</button>
                <button data-testid="list-markers" title="The bundle's marker genes" on:click=markers>"Markers"</button>
                <button data-testid="list-top" title="The genes with the smallest q" disabled=move || !has_shifts()
                    on:click=move |_| fill(top(store), "No gene shifts with q below 0.05.")>{format!("Top {} by q", TOP.0)}</button>
            </div>
            <p class="note" role="status" data-testid="list-told">{told}</p>
            <ul class="chips" aria-label="Genes shown" data-testid="list">{chips}</ul>
        </details>
    }
}

/// A gene of the list: choose it, or take it out.
#[component]
fn Chip(gene: String) -> impl IntoView {
    let store = use_store();
    let name = StoredValue::new(gene.clone());
    let is_chosen = move || chosen(store).is_some_and(|own| name.with_value(|name| *name == own));
    let take_out = move |_| {
        let rest: Vec<String> = untrack(|| watched(store)).into_iter().filter(|own| *own != name.get_value()).collect();
        keep(store, &rest);
    };
    view! {
        <li class:chosen=is_chosen>
            <button class="gene" on:click=move |_| name.with_value(|name| choose(store, name))>{gene.clone()}</button>
            <button class="quiet" aria-label=format!("Take {gene} out of the list") on:click=take_out>"×"</button>
        </li>
    }
}

/// Why a figure of single cells is not there yet.
pub(super) fn waits(store: Store, usually: &'static str) -> &'static str {
    if store.ahead.is_shown() {
        "The precomputed result holds no values of single cells, which this figure needs: press Generate for cells of your own."
    } else {
        usually
    }
}
