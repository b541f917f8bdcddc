//! Results that came with a bundle, on the page.
//!
//! Does: shows the result of what is chosen at once, as long as the visitor has made no cells; takes it away when the
//! choices change; says that it is precomputed and what made it, or why there is none. The visitor's own cells are
//! never taken from the screen: over them a result is only offered.
//! Does not know: how results are found and named (`crate::precomputed` does), figures.
//! Flow: worker's results + state → **store's cells and tables**, label.

use std::sync::Arc;

use leptos::prelude::*;

use super::store::{ShiftTable, Store};
use super::use_store;
use crate::precomputed::{Found, Held};
use crate::protocol::precomputed::Tell;
use crate::protocol::{Array, Comparison, Provenance, Request};

/// What the page knows of precomputed results.
#[derive(Clone, Copy)]
pub(super) struct AheadStore {
    /// Those of the open bundle.
    held: RwSignal<Option<Arc<Held>>>,
    /// The one on the screen; none while there are cells of the visitor's own.
    shown: RwSignal<Option<Arc<Shown>>>,
}

/// A result on the screen.
#[derive(Debug, PartialEq)]
pub(super) struct Shown {
    held: Arc<Held>,
    found: Found,
    /// What made it, for files.
    provenance: Provenance,
}

impl Shown {
    /// Mean log-normalised expression of a gene and the share of cells with it, for control and perturbed cells or for
    /// the only ones; `None` where the file does not tell of it.
    pub(super) fn gene(&self, gene: usize) -> Option<Vec<(f64, f64)>> {
        let sides = [Some(self.found.control), self.found.compared.map(|(perturbed, _)| perturbed)];
        sides.into_iter().flatten().map(|set| self.held.sets.get(set)?.of(gene)).collect()
    }
}

impl AheadStore {
    pub(super) fn new() -> Self {
        Self { held: RwSignal::new(None), shown: RwSignal::new(None) }
    }

    /// The result on the screen is gone.
    pub(super) fn clear(&self) {
        self.shown.set(None);
    }

    /// The bundle is gone.
    pub(super) fn close(&self) {
        self.held.set(None);
        self.shown.set(None);
    }

    /// Whether what is on the screen is precomputed.
    pub(super) fn is_shown(&self) -> bool {
        self.shown.with(Option::is_some)
    }

    /// The result on the screen.
    pub(super) fn shown(&self) -> Option<Arc<Shown>> {
        self.shown.get()
    }

    /// Puts a result on the screen again, or none.
    pub(super) fn bring_back(&self, shown: Option<Arc<Shown>>) {
        self.shown.set(shown);
    }

    /// Genes of all that were tested with q below 0.05, where the table is precomputed and holds only the surest.
    pub(super) fn moved(&self) -> Option<usize> {
        self.shown.with(|shown| {
            let shown = shown.as_ref()?;
            shown.held.comparisons.get(shown.found.compared?.1).map(|own| own.shifted as usize)
        })
    }

    /// ", precomputed" for titles and names of what is on the screen.
    pub(super) fn ending(&self) -> &'static str {
        if self.is_shown() { ", precomputed" } else { "" }
    }

    /// What the table of genes holds, where it is precomputed.
    pub(super) fn genes_words(&self) -> Option<String> {
        self.shown.with(|shown| {
            let shown = shown.as_ref()?;
            Some(shown.held.genes_words(shown.found.compared?.1))
        })
    }
}

impl Store {
    /// What made the results on the screen: a finished run, or whoever precomputed them.
    pub(super) fn made_by(&self) -> Option<Provenance> {
        let ahead = || self.ahead.shown.with(|shown| shown.as_ref().map(|shown| shown.provenance.clone()));
        self.provenance.get().or_else(ahead)
    }

    /// Whether cells of the visitor's own are on the screen, of a run that was stopped as well.
    fn has_own(&self) -> bool {
        let cells = !self.control.with(Vec::is_empty) || !self.perturbed.with(Vec::is_empty);
        (cells || self.provenance.with(Option::is_some)) && !self.ahead.is_shown()
    }
}

/// Takes the results of a bundle; its card and map come with them.
pub(super) fn take(store: Store, tell: &Tell, next: &mut impl FnMut() -> Array) {
    // Another bundle may have been chosen since, and another device needs nothing anew.
    let awaited = store.state.with_untracked(|state| state.bundle == tell.folder);
    if !awaited || store.is_open(&tell.card) && store.ahead.held.with_untracked(Option::is_some) {
        return;
    }
    let reference = next().f32();
    let held = Held::new(tell, next);
    // A card that cannot be shown is told of when the model is ready.
    if store.open(&tell.card, reference).is_ok() {
        store.ahead.held.set(Some(Arc::new(held)));
    }
}

/// The result of what is chosen, or why there is none; nothing for a bundle without results.
fn wanted(store: Store) -> Option<Result<Found, String>> {
    let (held, card) = (store.ahead.held.get()?, store.card.get()?);
    Some(store.state.with(|state| held.find(&card, state)))
}

/// Whether the last run was of these choices, without held genes.
fn ran_the_same(store: Store, asked: &Request) -> bool {
    store.ran.with(|ran| ran.as_ref().is_some_and(|ran| ran.with == asked.with && ran.clamp.is_empty()))
}

/// Puts a result on the screen.
fn show(store: Store, found: Found) {
    let (held, card) = (store.ahead.held.get_untracked(), store.card.get_untracked());
    let (Some(held), Some(card), Some((request, _))) = (held, card, untrack(|| store.requests())) else { return };
    // Of a run of the same choices that was stopped before its first cells the page still says so.
    let said = store.finished.get_untracked().filter(|_| untrack(|| ran_the_same(store, &request)));
    store.clear();
    store.finished.set(said);
    store.next_run();
    store.answered(store.state.get_untracked());
    store.ran.set(Some(request));
    store.ran_other.set(None);
    let points = |set: usize| held.sets.get(set).map(|set| set.points.clone()).unwrap_or_default();
    store.control.set(points(found.control));
    if let Some((perturbed, place)) = found.compared {
        store.perturbed.set(points(perturbed));
        let cells = held.made.cells;
        let [change, p, q, control, perturbed, low, high] = held.comparisons[place].over(card.genes.len());
        let (seeds_low, seeds_high) = (vec![f64::NAN; change.len()], vec![f64::NAN; change.len()]);
        let cells = (cells, cells);
        let table = ShiftTable { change, p, q, control, perturbed, low, high, seeds_low, seeds_high, seeds: 1, cells };
        store.tables.shifts.update(|all| all[Comparison::A as usize] = Some(Arc::new(table)));
    }
    let provenance = held.provenance(&card, found);
    store.ahead.shown.set(Some(Arc::new(Shown { held, found, provenance })));
}

/// Keeps the screen in step with the choices from now on.
pub(super) fn keep(store: Store) {
    let wanted = Memo::new(move |_| wanted(store));
    let running = Memo::new(move |_| store.is_running());
    Effect::new(move |_| {
        let (wanted, running) = (wanted.get(), running.get());
        // A worker that was started anew begins with an empty screen.
        store.run.track();
        untrack(|| {
            let shown = store.ahead.shown.with(|shown| shown.as_ref().map(|shown| shown.found));
            match wanted {
                Some(Ok(found)) if !running && shown != Some(found) && !store.has_own() => show(store, found),
                // What is on the screen is always of what is chosen.
                Some(Err(_)) if !running && shown.is_some() => store.clear(),
                _ => {}
            }
        });
    });
}

/// The label of a precomputed result, or what to do for lack of one.
#[component]
pub(super) fn Precomputed() -> impl IntoView {
    let store = use_store();
    let wanted = Memo::new(move |_| wanted(store));
    let words =
        Memo::new(move |_| store.ahead.shown.with(|shown| shown.as_ref().map(|shown| shown.held.words(shown.found))));
    // The visitor's own cells are of other choices than those that are made now.
    let offered = Memo::new(move |_| {
        let found = wanted.get()?.ok()?;
        let (asked, _) = store.requests()?;
        (store.has_own() && !store.is_running() && !ran_the_same(store, &asked)).then_some(found)
    });
    let lacking = Memo::new(move |_| {
        let why = wanted.get()?.err()?;
        (!store.has_own() && !store.is_running()).then(|| format!("{why} Press Generate for cells of these choices."))
    });
    view! {
        <div role="status">
            {move || words.get().map(|words| view! {
                <p class="precomputed" data-testid="precomputed" hidden=move || store.is_running()><b>"Precomputed: "</b>{words}</p>
            })}
            {move || lacking.get().map(|words| view! { <p class="note" data-testid="not-precomputed">{words}</p> })}
            {move || offered.get().map(|found| view! {
                <p class="note">"The cells on the map are of other choices. "
                    <button class="quiet" data-testid="show-precomputed" on:click=move |_| show(store, found)>
                        "Show the precomputed result of these"
                    </button>
                </p>
            })}
        </div>
    }
}

/// What tells the cells of a bundle without perturbations apart from other cell types.
#[component]
pub(super) fn Typical() -> impl IntoView {
    let store = use_store();
    let words = move || {
        let (shown, card) = (store.ahead.shown()?, store.card.get()?);
        let set = shown.held.sets.get(shown.found.control)?;
        let names: Vec<&str> =
            set.typical.iter().filter_map(|gene| card.genes.get(*gene)).map(String::as_str).collect();
        (!names.is_empty()).then(|| {
            let cells = shown.held.made.cells;
            format!(
                "Precomputed: surely higher in these {cells} generated cells than in generated cells of the other cell types (q below 0.05, surest first): {}.",
                names.join(", ")
            )
        })
    };
    view! { {move || words().map(|words| view! { <p class="note" data-testid="typical">{words}</p> })} }
}
