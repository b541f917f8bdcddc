//! Control populations: what wells are compared with.
//!
//! Does: keeps the tested-ready control cells of every donor and cell type, so that wells share them and a second run
//! does not make them again.
//! Does not know: how cells are generated (`run`).
//! Flow: control cells → **kept** → comparisons of wells.

use std::cell::RefCell;
use std::rc::Rc;

use cells::de::Control;
use model::card::{Choices, Condition, Kind};

use super::super::session::Session;
use crate::protocol::Request;

/// Populations kept at once: every donor and cell type of a full plate.
const MOST: usize = 96;

/// A control population.
pub(super) struct Population {
    /// Ready for comparisons.
    pub(super) control: Control,
    /// Mean log-normalised expression [G].
    pub(super) mean: Vec<f64>,
    /// Cells.
    pub(super) cells: u32,
}

/// What made a population: bundle, device, choices.
type Key = (String, String, Choices);

thread_local! {
    /// The worker has one thread; populations of a bundle that is gone make room for others.
    static KEPT: RefCell<Vec<(Key, Rc<Population>)>> = const { RefCell::new(Vec::new()) };
}

/// Choices of the control population of a well: its donor and cell type, without perturbation and without held genes. A
/// bundle without a perturbation has no control: its wells are compared with cells whose kind is left open.
pub(super) fn choices(session: &Session, request: &Request, seed: u32) -> Choices {
    let mut with = request.with.clone();
    let card = &session.bundle.card;
    let has_control = card.of_kind(Kind::Perturbation).is_some();
    let is_open = |slot: &&Condition| match (slot.kind, has_control) {
        (Kind::Perturbation, _) => true,
        (Kind::Depth, _) | (_, true) => false,
        (_, false) => slot.unspecified.is_some(),
    };
    card.conditions.iter().filter(is_open).for_each(|slot| {
        with.remove(&slot.key);
    });
    Choices {
        with,
        guidance: 0.0,
        steps: request.steps as usize,
        cells: request.cells as usize,
        seed: u64::from(seed),
        clamp: Vec::new(),
    }
}

fn key(session: &Session, choices: &Choices) -> Key {
    (session.bundle.hash.clone(), session.report.kind.clone(), choices.clone())
}

/// The population of choices, if it was made before.
pub(super) fn kept(session: &Session, choices: &Choices) -> Option<Rc<Population>> {
    let key = key(session, choices);
    KEPT.with_borrow(|kept| kept.iter().find(|(own, _)| *own == key).map(|(_, population)| population.clone()))
}

/// Keeps a population; the oldest goes when there are too many.
pub(super) fn keep(session: &Session, choices: &Choices, population: &Rc<Population>) {
    KEPT.with_borrow_mut(|kept| {
        // Another bundle's populations will hardly be asked for again.
        kept.retain(|((bundle, _, _), _)| *bundle == session.bundle.hash);
        if kept.len() >= MOST {
            kept.remove(0);
        }
        kept.push((key(session, choices), population.clone()));
    });
}
