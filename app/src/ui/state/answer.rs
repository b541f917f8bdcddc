//! What the answer on the screen is of, and the one that it took the place of.
//!
//! Does: keeps the choices that the tables are of, tells when others are chosen.
//! Does not know: how runs begin and end (`runs`), how results look.
//! Flow: choices → **answer** → results, figures, map.

use std::sync::Arc;

use leptos::prelude::*;

use super::genes::Heat;
use super::precomputed::Shown;
use super::tables::{Kept as KeptTables, Tables};
use crate::choices;
use crate::map_view::selection::Selection;
use crate::protocol::card::Card;
use crate::protocol::{Comparison, Provenance, Request};
use crate::state::{Other, State, shown_of};

/// What the page knows of the answer, as signals.
#[derive(Clone, Copy)]
pub(in crate::ui) struct AnswerStore {
    /// Choices that the tables are of; none before there is anything.
    pub(in crate::ui) made_for: RwSignal<Option<State>>,
    /// Choices of the run in work, until it has something to show.
    pub(super) pending: RwSignal<Option<State>>,
    /// Run that the cells on the map are of.
    pub(super) cells_of: RwSignal<u32>,
    /// Number of the last run that was begun; numbers are never used twice.
    pub(super) last: RwSignal<u32>,
    /// The answer that a run takes the place of.
    pub(super) before: RwSignal<Option<Arc<Before>>>,
}

/// An answer that can be brought back.
pub(super) struct Before {
    pub(super) run: u32,
    pub(super) made_for: Option<State>,
    pub(super) points: [Vec<f32>; 4],
    pub(super) tables: KeptTables,
    pub(super) heat: Option<Arc<Heat>>,
    pub(super) ahead: Option<Arc<Shown>>,
    pub(super) provenance: Option<Provenance>,
    pub(super) ran: (Option<Request>, Option<Request>),
    pub(super) selection: Arc<Selection>,
}

impl AnswerStore {
    pub(in crate::ui) fn new() -> Self {
        Self {
            made_for: RwSignal::new(None),
            pending: RwSignal::new(None),
            cells_of: RwSignal::new(0),
            last: RwSignal::new(0),
            before: RwSignal::new(None),
        }
    }

    /// Nothing is on the screen any more.
    pub(in crate::ui) fn clear(&self) {
        self.made_for.set(None);
        self.pending.set(None);
        self.before.set(None);
    }

    /// The comparison to show of the tables that there are.
    pub(in crate::ui) fn shown(self, state: RwSignal<State>, tables: Tables) -> Memo<Comparison> {
        Memo::new(move |_| {
            let other = self.made_for.with(|made| made.as_ref().map(|own| own.other.is_some()));
            let wanted = state.with(|state| {
                let has_other = other.unwrap_or(state.other.is_some());
                let parts = state.parts.clone();
                State { parts, other: has_other.then(Other::default), ..State::default() }.comparison()
            });
            shown_of(wanted, tables.there())
        })
    }

    /// Whether the answer is of other choices than those that are made now.
    pub(in crate::ui) fn stale(self, state: RwSignal<State>, card: RwSignal<Option<Arc<Card>>>) -> Memo<bool> {
        Memo::new(move |_| {
            let (Some(card), Some(made_for)) = (card.get(), self.made_for.get()) else { return false };
            state.with(|state| choices::asked(&card, state) != choices::asked(&card, &made_for))
        })
    }
}
