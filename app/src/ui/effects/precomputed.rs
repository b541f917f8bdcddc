//! Results that came with a bundle, put on the screen.
//!
//! Does: shows the result of what is chosen at once, as long as the visitor has made no cells; takes it away when the
//! choices change. The visitor's own cells are never taken from the screen.
//! Does not know: how results are found and named (`crate::precomputed` does), figures.
//! Flow: worker's results + state → **state's cells and tables**.

use std::sync::Arc;

use leptos::prelude::*;

use crate::precomputed::{Found, Held};
use crate::protocol::precomputed::Tell;
use crate::protocol::{Array, Comparison, Request};
use crate::ui::state::precomputed::Shown;
use crate::ui::state::store::Store;
use crate::ui::state::tables::ShiftTable;

/// Takes the results of a bundle; its card and map come with them.
pub(in crate::ui) fn take(store: Store, tell: &Tell, next: &mut impl FnMut() -> Array) {
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
pub(in crate::ui) fn wanted(store: Store) -> Option<Result<Found, String>> {
    let (held, card) = (store.ahead.held.get()?, store.card.get()?);
    Some(store.state.with(|state| held.find(&card, state)))
}

/// Whether the last run was of these choices, without held genes.
pub(in crate::ui) fn ran_the_same(store: Store, asked: &Request) -> bool {
    store.ran.with(|ran| ran.as_ref().is_some_and(|ran| ran.with == asked.with && ran.clamp.is_empty()))
}

/// Puts a result on the screen.
pub(in crate::ui) fn show(store: Store, found: Found) {
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
pub(in crate::ui) fn keep(store: Store) {
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
