//! How runs begin and end, as far as the screen goes.
//!
//! Does: leaves an answer in its place until a new one has something to show, brings it back when a run is stopped;
//! says what the answer on the screen is of.
//! Does not know: how cells are made, how results look.
//! Flow: run's messages + choices → **answer on the screen** → results, figures, map.

use std::sync::Arc;

use leptos::prelude::*;

use super::answer::Before;
use super::store::Store;
use crate::choices;
use crate::protocol::Comparison;
use crate::state::{SHOW, State, Which};

impl Store {
    /// The choices that results on the screen are of; the present ones where there are none.
    pub(in crate::ui) fn with_results<T>(&self, look: impl FnOnce(&State) -> T) -> T {
        self.answer.made_for.with(|made| match made {
            Some(made) => look(made),
            None => self.state.with(look),
        })
    }

    /// Whether the answer on the screen is of other choices, or of a run before the one in work. A precomputed one
    /// follows the choices by itself.
    pub(in crate::ui) fn is_stale(&self) -> bool {
        let is_old = self.answer.pending.with(Option::is_some) && self.answer.made_for.with(Option::is_some);
        is_old || self.stale.get() && !self.ahead.is_shown()
    }

    /// What is compared with what on the screen, in words.
    pub(in crate::ui) fn compared_words(&self) -> String {
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

    /// What the cells on the screen are of, in words: what is compared, or the scenarios where nothing is.
    pub(in crate::ui) fn cells_words(&self) -> String {
        if self.shifts.with(Option::is_some) {
            return self.compared_words();
        }
        let Some(card) = self.card.get() else { return String::new() };
        self.with_results(|state| {
            let of = |which| choices::words(&card, state, which);
            match state.other {
                None => of(Which::A),
                Some(_) => format!("A: {}; B: {}", of(Which::A), of(Which::B)),
            }
        })
    }

    /// Keeps the comparison to show in the address.
    pub(in crate::ui) fn show(&self, comparison: Comparison) {
        let name = crate::state::SHOWN.into_iter().find(|(own, _)| *own == comparison).map(|(_, name)| name.to_owned());
        self.set_part(SHOW, name.filter(|_| comparison != Comparison::BAgainstA));
    }

    /// A number for another run; late answers about earlier ones then belong to nothing.
    pub(in crate::ui) fn next_run(&self) -> u32 {
        let next = self.answer.last.get_untracked().max(self.run.get_untracked()) + 1;
        self.answer.last.set(next);
        self.run.set(next);
        next
    }

    /// Something was put on the screen for these choices at once.
    pub(in crate::ui) fn answered(&self, state: State) {
        self.answer.made_for.set(Some(state));
        self.answer.pending.set(None);
        self.answer.cells_of.set(self.run.get_untracked());
    }

    /// A run begins: the answer of before stays until there is something new.
    pub(in crate::ui) fn begin_run(&self) -> u32 {
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
    pub(in crate::ui) fn first_cells(&self) {
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
    pub(in crate::ui) fn first_table(&self) {
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
    pub(in crate::ui) fn ended_early(&self, cells: u32) -> String {
        let has_table = self.answer.pending.with_untracked(Option::is_none);
        if !has_table && self.answer.before.with_untracked(Option::is_some) {
            self.bring_back();
            return "Stopped; the previous answer is shown again.".to_owned();
        }
        // Cells that nothing is compared with are an answer too, of a run without a table.
        self.first_table();
        format!("Stopped; {cells} cells of the last scenario were finished.")
    }

    /// ", precomputed" for the cells on the map; those of a run in work are the visitor's own, also while the table beside
    /// them is still the precomputed one.
    pub(in crate::ui) fn cells_ending(&self) -> &'static str {
        let is_old = self.answer.cells_of.get() != self.run.get() || self.answer.pending.with(Option::is_none);
        if is_old { self.ahead.ending() } else { "" }
    }

    /// Whether an answer of before can be brought back: not over a finished one.
    pub(in crate::ui) fn can_bring_back(&self) -> bool {
        let is_partial = !self.is_running() && self.provenance.with(Option::is_none) && !self.ahead.is_shown();
        is_partial && self.answer.before.with(Option::is_some)
    }

    /// Puts the answer of before on the screen again.
    pub(in crate::ui) fn bring_back(&self) {
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
