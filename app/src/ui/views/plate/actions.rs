//! What can be done to the plate, from wherever it is asked for.
//!
//! Does: edits of the layout as one step of history each, selection, run, what the clipboard brings.
//! Does not know: buttons, keys.
//! Flow: toolbar, keys, pointer → **actions** → state, worker.

use leptos::prelude::*;

use super::desk::Desk;
use crate::plate::example::example;
use crate::plate::layout::Direction;
use crate::plate::paste::{Pasted, read};
use crate::plate::wells::{rectangle, words};
use crate::plate::work::order;
use crate::plate::{Layout, address, table};
use crate::protocol::ToWorker;
use crate::protocol::plate::{Ask, WellRequest};
use crate::ui::effects::worker;
use crate::ui::state::plate::Draft;

impl Desk {
    /// Changes the layout: one step of history.
    pub(super) fn edit(self, change: impl FnOnce(&mut Layout)) {
        let mut layout = self.layout.get_untracked();
        change(&mut layout);
        if layout != self.layout.get_untracked() {
            self.store.change(|state| address::into_parts(&layout, &mut state.parts));
        }
    }

    /// Says what was done.
    pub(super) fn say(self, words: String) {
        self.plate.said.set(words);
    }

    /// Selected wells.
    pub(super) fn selected(self) -> Vec<usize> {
        self.plate.selection.get_untracked()
    }

    /// Selects wells and moves the focus.
    pub(super) fn select(self, mut places: Vec<usize>, focus: usize) {
        places.sort_unstable();
        places.dedup();
        self.plate.focus.set(focus);
        self.plate.selection.set(places);
    }

    /// Selects one well; ranges begin there.
    pub(super) fn select_one(self, place: usize) {
        self.plate.anchor.set(place);
        self.select(vec![place], place);
    }

    /// Selects from where the range began.
    pub(super) fn select_to(self, place: usize) {
        self.select(rectangle(self.plate.anchor.get_untracked(), place), place);
    }

    /// Places the palette's condition in the selected wells.
    pub(super) fn place(self) {
        let (places, condition) = (self.selected(), self.plate.chosen.get_untracked());
        self.edit(|layout| layout.place(&places, &condition));
        self.say(format!("Placed in {}.", words(&places)));
    }

    /// Empties the selected wells.
    pub(super) fn clear(self) {
        let places = self.selected();
        self.edit(|layout| layout.clear(&places));
        self.say(format!("Emptied {}.", words(&places)));
    }

    /// Fills the selection from its first wells.
    pub(super) fn fill(self, direction: Direction) {
        let places = self.selected();
        self.edit(|layout| layout.fill(&places, direction));
        let way = if direction == Direction::Down { "down" } else { "to the right" };
        self.say(format!("Filled {way}: {}.", words(&places)));
    }

    /// Continues a condition's values along the selection.
    pub(super) fn series(self, key: &str, direction: Direction) {
        let (places, card) = (self.selected(), untrack(|| self.card()));
        let slot = card.choosable().find(|slot| slot.key == key);
        let values: Vec<String> =
            slot.map(|slot| slot.values.iter().map(|v| v.value.clone()).collect()).unwrap_or_default();
        self.edit(|layout| layout.series(&places, direction, key, &values));
        self.say(format!("Continued {} over {}.", slot.map_or("", |slot| &slot.title).to_lowercase(), words(&places)));
    }

    /// Puts the example on the plate.
    pub(super) fn example(self) {
        let (card, base) = (untrack(|| self.card()), self.plate.chosen.get_untracked());
        self.edit(|layout| *layout = example(&card, &base));
        self.say("The example is on the plate; Back in the browser takes it off again.".to_owned());
    }

    /// Text of the selection for the clipboard.
    pub(super) fn copied(self) -> String {
        let (places, layout) = (self.selected(), self.layout.get_untracked());
        self.say(format!("Copied {}.", words(&places)));
        table::grid(&untrack(|| self.card()), &layout, &places)
    }

    /// Reads a paste; what is fully understood is placed, the rest is shown with what is wrong.
    pub(super) fn paste(self, text: &str) {
        let at = self.selected().first().copied().unwrap_or(0);
        let pasted = read(text, &untrack(|| self.card()), &self.plate.chosen.get_untracked(), at);
        if pasted.problems.is_empty() && !pasted.wells.is_empty() {
            self.plate.draft.set(None);
            self.take(&pasted);
        } else {
            let count = pasted.problems.len();
            self.say(format!("Nothing was placed: {count} fields of the paste were not understood."));
            self.plate.draft.set(Some(Draft { text: text.to_owned(), pasted }));
        }
    }

    /// Places what was read.
    pub(super) fn take(self, pasted: &Pasted) {
        self.edit(|layout| layout.take(&pasted.wells));
        let ignored = if pasted.ignored.is_empty() {
            String::new()
        } else {
            format!(" Columns that say nothing about a well were left out: {}.", pasted.ignored.join(", "))
        };
        self.say(format!("Pasted {} wells.{ignored}", pasted.wells.len()));
    }

    /// Places of wells without a result, in the order of work.
    pub(super) fn missing(self) -> Vec<usize> {
        self.layout.with(|layout| order(layout, |place| self.result(place).is_none()))
    }

    /// Runs the wells that have no result yet.
    pub(super) fn run(self) {
        let (places, layout) = (untrack(|| self.missing()), self.layout.get_untracked());
        let made: Vec<_> =
            untrack(|| places.iter().filter_map(|place| Some((*place, self.made(layout.get(*place)?)))).collect());
        if made.is_empty() {
            return self.say("Every well on the plate has its result already.".to_owned());
        }
        let job = self.store.begin_job("wells");
        let seed = self.settings.get_untracked().seed;
        let wells = made
            .iter()
            .map(|(place, made)| WellRequest { well: *place as u32, request: made.request.clone() })
            .collect();
        self.plate.job.set(job);
        self.plate.working.set(None);
        self.plate.waiting.set(places.iter().copied().collect());
        self.plate.asked.set(made.into_iter().collect());
        self.say(String::new());
        worker::send(self.store, &ToWorker::Plate(Ask::Run { job, wells, seed }));
    }
}
