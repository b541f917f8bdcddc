//! The answer on the screen: what it is of, whether that is what is chosen, and the one that it took the place of.
//!
//! Does: keeps the choices that the tables are of, tells when others are chosen, leaves an answer in its place until a
//! new one has something to show, brings it back when a run is stopped.
//! Does not know: how cells are made, how results look.
//! Flow: run's messages + choices → **standing of the answer** → results, figures, map.

use std::sync::Arc;

use leptos::prelude::*;

use super::genes::Heat;
use super::precomputed::Shown;
use super::store::Store;
use super::tables::{Kept as KeptTables, Tables};
use super::use_store;
use crate::choices;
use crate::map_view::selection::Selection;
use crate::protocol::card::Card;
use crate::protocol::{Comparison, Provenance, Request};
use crate::state::{Other, SHOW, State, Which, shown_of};

/// What the page knows of the answer, as signals.
#[derive(Clone, Copy)]
pub(super) struct AnswerStore {
    /// Choices that the tables are of; none before there is anything.
    made_for: RwSignal<Option<State>>,
    /// Choices of the run in work, until it has something to show.
    pending: RwSignal<Option<State>>,
    /// Run that the cells on the map are of.
    cells_of: RwSignal<u32>,
    /// Number of the last run that was begun; numbers are never used twice.
    last: RwSignal<u32>,
    /// The answer that a run takes the place of.
    before: RwSignal<Option<Arc<Before>>>,
}

/// An answer that can be brought back.
struct Before {
    run: u32,
    made_for: Option<State>,
    points: [Vec<f32>; 4],
    tables: KeptTables,
    heat: Option<Arc<Heat>>,
    ahead: Option<Arc<Shown>>,
    provenance: Option<Provenance>,
    ran: (Option<Request>, Option<Request>),
    selection: Arc<Selection>,
}

impl AnswerStore {
    pub(super) fn new() -> Self {
        Self {
            made_for: RwSignal::new(None),
            pending: RwSignal::new(None),
            cells_of: RwSignal::new(0),
            last: RwSignal::new(0),
            before: RwSignal::new(None),
        }
    }

    /// Nothing is on the screen any more.
    pub(super) fn clear(&self) {
        self.made_for.set(None);
        self.pending.set(None);
        self.before.set(None);
    }

    /// The comparison to show of the tables that there are.
    pub(super) fn shown(self, state: RwSignal<State>, tables: Tables) -> Memo<Comparison> {
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
    pub(super) fn stale(self, state: RwSignal<State>, card: RwSignal<Option<Arc<Card>>>) -> Memo<bool> {
        Memo::new(move |_| {
            let (Some(card), Some(made_for)) = (card.get(), self.made_for.get()) else { return false };
            state.with(|state| choices::asked(&card, state) != choices::asked(&card, &made_for))
        })
    }
}

impl Store {
    /// The choices that results on the screen are of; the present ones where there are none.
    pub(super) fn with_results<T>(&self, look: impl FnOnce(&State) -> T) -> T {
        self.answer.made_for.with(|made| match made {
            Some(made) => look(made),
            None => self.state.with(look),
        })
    }

    /// Whether the answer on the screen is of other choices, or of a run before the one in work. A precomputed one
    /// follows the choices by itself.
    pub(super) fn is_stale(&self) -> bool {
        let is_old = self.answer.pending.with(Option::is_some) && self.answer.made_for.with(Option::is_some);
        is_old || self.stale.get() && !self.ahead.is_shown()
    }

    /// What is compared with what on the screen, in words.
    pub(super) fn compared_words(&self) -> String {
        let Some(card) = self.card.get() else { return String::new() };
        let shown = self.shown.get();
        self.with_results(|state| {
            let of = |which| choices::words(&card, state, which);
            match shown {
                Comparison::A => format!("{} against its control", of(Which::A)),
                Comparison::B => format!("{} against its control", of(Which::B)),
                Comparison::BAgainstA => format!("B ({}) against A ({})", of(Which::B), of(Which::A)),
            }
        })
    }

    /// Keeps the comparison to show in the address.
    pub(super) fn show(&self, comparison: Comparison) {
        let name = crate::state::SHOWN.into_iter().find(|(own, _)| *own == comparison).map(|(_, name)| name.to_owned());
        self.set_part(SHOW, name.filter(|_| comparison != Comparison::BAgainstA));
    }

    /// A number for another run; late answers about earlier ones then belong to nothing.
    pub(super) fn next_run(&self) -> u32 {
        let next = self.answer.last.get_untracked().max(self.run.get_untracked()) + 1;
        self.answer.last.set(next);
        self.run.set(next);
        next
    }

    /// Something was put on the screen for these choices at once.
    pub(super) fn answered(&self, state: State) {
        self.answer.made_for.set(Some(state));
        self.answer.pending.set(None);
        self.answer.cells_of.set(self.run.get_untracked());
    }

    /// A run begins: the answer of before stays until there is something new.
    pub(super) fn begin_run(&self) -> u32 {
        let points = [self.control, self.perturbed, self.other_control, self.other].map(|own| own.get_untracked());
        let there = self.answer.made_for.get_untracked();
        let before = there.is_some().then(|| {
            Arc::new(Before {
                run: self.run.get_untracked(),
                made_for: there,
                points,
                tables: self.tables.keep(),
                heat: self.genes.heat(),
                ahead: untrack(|| self.ahead.shown()),
                provenance: self.provenance.get_untracked(),
                ran: (self.ran.get_untracked(), self.ran_other.get_untracked()),
                selection: self.selection.get_untracked(),
            })
        });
        self.answer.before.set(before);
        self.answer.pending.set(Some(self.state.get_untracked()));
        self.finished.set(None);
        self.next_run()
    }

    /// The first cells of a run take the place of those on the map.
    pub(super) fn first_cells(&self) {
        let run = self.run.get_untracked();
        if self.answer.cells_of.get_untracked() != run {
            self.answer.cells_of.set(run);
            [self.control, self.perturbed, self.other_control, self.other]
                .into_iter()
                .for_each(|own| own.set(Vec::new()));
            self.selection.update(|selection| *selection = Arc::new(selection.measured_only()));
        }
    }

    /// The first table of a run, or its end, takes the place of the tables.
    pub(super) fn first_table(&self) {
        if let Some(state) = self.answer.pending.get_untracked() {
            self.first_cells();
            self.tables.clear();
            self.genes.clear();
            self.ahead.clear();
            self.provenance.set(None);
            self.answer.made_for.set(Some(state));
            self.answer.pending.set(None);
        }
    }

    /// A run ended before its end; says what is on the screen now.
    pub(super) fn ended_early(&self, cells: u32) -> String {
        let has_table = self.answer.pending.with_untracked(Option::is_none);
        if !has_table && self.answer.before.with_untracked(Option::is_some) {
            self.bring_back();
            return "Stopped; the answer of before stands again.".to_owned();
        }
        // Cells that nothing is compared with are an answer too, of a run without a table.
        self.first_table();
        format!("Stopped; {cells} cells of the last scenario were finished.")
    }

    /// Whether an answer of before can be brought back: not over a finished one.
    fn can_bring_back(&self) -> bool {
        let is_partial = !self.is_running() && self.provenance.with(Option::is_none) && !self.ahead.is_shown();
        is_partial && self.answer.before.with(Option::is_some)
    }

    /// Puts the answer of before on the screen again.
    fn bring_back(&self) {
        let Some(before) = self.answer.before.get_untracked() else { return };
        self.answer.before.set(None);
        self.run.set(before.run);
        self.ran.set(before.ran.0.clone());
        self.ran_other.set(before.ran.1.clone());
        let targets = [self.control, self.perturbed, self.other_control, self.other];
        targets.into_iter().zip(&before.points).for_each(|(target, points)| target.set(points.clone()));
        self.tables.bring_back(&before.tables);
        self.genes.bring_back(before.heat.clone());
        self.ahead.bring_back(before.ahead.clone());
        self.provenance.set(before.provenance.clone());
        self.selection.set(before.selection.clone());
        self.answer.made_for.set(before.made_for.clone());
        self.answer.pending.set(None);
        self.answer.cells_of.set(before.run);
    }
}

/// What an answer of other choices, or of before, is of, and the ways out.
#[component]
pub(super) fn Standing(
    /// What a test finds it by.
    id: &'static str,
) -> impl IntoView {
    let store = use_store();
    let stale = Memo::new(move |_| store.is_stale());
    let words = move || {
        let of = store.compared_words();
        match store.is_running() {
            true => format!("Of before: {of}. The new answer takes its place with its first genes."),
            false => format!("Of other choices than those on the left: {of}."),
        }
    };
    let back = move |_| {
        let made = store.answer.made_for.get_untracked();
        store.change(|state| made.iter().for_each(|own| state.take_asks(own)));
    };
    view! {
        <Show when=move || stale.get()>
            <div class="of-other" data-testid=id role="status">
                <p>{words}</p>
                <button class="quiet" data-testid=format!("{id}-back") hidden=move || store.is_running() on:click=back>"Back to these choices"</button>
            </div>
        </Show>
        <Show when=move || store.can_bring_back()>
            <button class="quiet" data-testid=format!("{id}-before") on:click=move |_| store.bring_back()>"Show the answer of before again"</button>
        </Show>
    }
}
