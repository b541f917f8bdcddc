//! What can be undone, in step with the browser's own history.
//!
//! Does: keeps the states that were shown in order, joins rapid changes of one number or text into one
//! step.
//! Does not know: the browser, the clock (both are arguments), how a step is put into words (`words`).
//! Flow: state ⇄ **history** ⇄ the browser's entries, by number.

pub(crate) mod words;

use crate::protocol::card::Card;
use crate::state::State;

pub use words::{describe, part, view_name};

/// Changes of the same number or text that follow each other more quickly than this are one step, in milliseconds.
const RAPID: f64 = 1000.0;
/// Steps that are remembered.
const MOST: usize = 200;

/// What the browser's history has to do for a change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// The address shows the state already.
    Nothing,
    /// The entry shown takes the state.
    Replace,
    /// A new entry takes the state.
    Push,
}

/// States in order; the browser's entries carry their numbers.
#[derive(Clone, Debug, PartialEq)]
pub struct History {
    states: Vec<State>,
    /// Place of the state shown.
    at: usize,
    /// Number of the first state: a page that was loaded anew does not know what stood before.
    first: u32,
    /// What the last change was of, and when.
    last: Option<(String, f64)>,
    /// Whether the next change belongs to the step before.
    amends: bool,
}

impl History {
    /// Begins with the state shown, at the number that the browser's entry carries.
    pub fn new(state: State, number: u32) -> Self {
        Self { states: vec![state], at: 0, first: number, last: None, amends: false }
    }

    /// Number of the entry shown.
    pub fn number(&self) -> u32 {
        self.first + self.at as u32
    }

    /// The next change follows from the last one and is no step of its own: what another model does not know is left out.
    pub fn amend(&mut self) {
        self.amends = true;
    }

    /// Takes a state that a person's choice made at a time in milliseconds.
    pub fn change(&mut self, state: &State, now: f64) -> Step {
        let amends = std::mem::take(&mut self.amends);
        let shown = &self.states[self.at];
        if shown == state {
            return Step::Nothing;
        }
        // That results were asked for is no choice: the entry of the choice says it too.
        let only_run = State { run: state.run, ..shown.clone() } == *state;
        let what = rapid(shown, state);
        let rapidly = match (&what, &self.last) {
            (Some(what), Some((last, then))) => what == last && now - then < RAPID,
            _ => false,
        };
        if !only_run {
            self.last = what.map(|what| (what, now));
        }
        if only_run || rapidly || amends {
            self.states[self.at] = state.clone();
            return Step::Replace;
        }
        self.states.truncate(self.at + 1);
        self.states.push(state.clone());
        self.at += 1;
        if self.states.len() > MOST {
            self.states.remove(0);
            self.at -= 1;
            self.first += 1;
        }
        Step::Push
    }

    /// Takes what back, forward or a typed address showed: the entry's number, where it has one.
    pub fn visit(&mut self, number: Option<u32>, state: &State) {
        self.last = None;
        let place = number.and_then(|number| number.checked_sub(self.first)).map(|place| place as usize);
        match place.filter(|place| self.states.get(*place) == Some(state)) {
            Some(place) => self.at = place,
            // An entry of before the page was loaded: what stood around it is not known.
            None => *self = Self::new(state.clone(), number.unwrap_or_else(|| self.number() + 1)),
        }
    }

    /// What a step back would change, in the card's names; `None` when there is nothing to undo.
    pub fn undo(&self, card: Option<&Card>) -> Option<String> {
        Some(describe(self.states.get(self.at.checked_sub(1)?)?, &self.states[self.at], card))
    }

    /// What a step forward would change, in the card's names; `None` when nothing was undone.
    pub fn redo(&self, card: Option<&Card>) -> Option<String> {
        Some(describe(&self.states[self.at], self.states.get(self.at + 1)?, card))
    }
}

/// The one thing that changed, if it is a number or a text that changes bit by bit while it is set: rapid changes of it
/// are one step. Choices (a toggle, a view) are steps of their own.
fn rapid(before: &State, after: &State) -> Option<String> {
    let base = |state: &State| State { run: true, ..state.clone() };
    let (before, after) = (base(before), base(after));
    let same_but = |changed: State| changed == after;
    if same_but(State { guidance: after.guidance, ..before.clone() }) {
        return Some("guidance".to_owned());
    }
    if same_but(State { steps: after.steps, ..before.clone() }) {
        return Some("steps".to_owned());
    }
    if same_but(State { cells: after.cells, ..before.clone() }) {
        return Some("cells".to_owned());
    }
    if same_but(State { seed: after.seed, ..before.clone() }) {
        return Some("seed".to_owned());
    }
    if same_but(State { gene: after.gene.clone(), ..before.clone() }) {
        return Some("gene".to_owned());
    }
    if same_but(State { parts: after.parts.clone(), ..before.clone() }) {
        let keys: Vec<&str> =
            words::changed_keys(&before.parts, &after.parts).into_iter().map(String::as_str).collect();
        return Some(keys.join(" "));
    }
    None
}

#[cfg(test)]
mod tests {
    use super::{History, Step};
    use crate::state::{State, View};

    fn seeded(seed: u32) -> State {
        State { seed, ..State::default() }
    }

    fn with(value: &str) -> State {
        let mut state = State::default();
        state.with.insert("condition".to_owned(), vec![value.to_owned()]);
        state
    }

    #[test]
    fn a_slider_is_one_step() {
        let mut history = History::new(State::default(), 0);
        let guided = |w| State { guidance: Some(w), ..State::default() };
        assert_eq!(history.change(&guided(1.25), 0.0), Step::Push);
        for (w, now) in [(1.5, 300.0), (1.75, 900.0), (2.0, 1800.0)] {
            assert_eq!(history.change(&guided(w), now), Step::Replace, "{w}");
        }
        assert_eq!(history.change(&guided(2.0), 1900.0), Step::Nothing);
        assert_eq!(history.undo(None).as_deref(), Some("Guidance: this model's → 2"));
        // A pause begins a new step, and so does another thing.
        assert_eq!(history.change(&guided(3.0), 4000.0), Step::Push);
        assert_eq!(history.change(&State { seed: 9, ..guided(3.0) }, 4100.0), Step::Push);
        assert_eq!(history.number(), 3);
    }

    #[test]
    fn choices_are_steps_however_quick() {
        let mut history = History::new(State::default(), 0);
        assert_eq!(history.change(&with("IFN-beta"), 0.0), Step::Push);
        assert_eq!(history.change(&with("ctrl"), 10.0), Step::Push);
        assert_eq!(history.change(&State { view: View::Plate, ..with("ctrl") }, 20.0), Step::Push);
        assert_eq!(history.change(&State { view: View::Learn, ..with("ctrl") }, 30.0), Step::Push);
        assert_eq!(history.undo(None).as_deref(), Some("Plate → Learn"));
    }

    #[test]
    fn what_another_model_leaves_out_is_part_of_opening_it() {
        let mut history = History::new(with("IFN-beta"), 0);
        let opened = State { bundle: "models/other".into(), ..with("IFN-beta") };
        assert_eq!(history.change(&opened, 0.0), Step::Push);
        history.amend();
        assert_eq!(history.change(&State { with: Default::default(), ..opened.clone() }, 5000.0), Step::Replace);
        // One step back is the model of before, with all that was chosen.
        assert_eq!(history.number(), 1);
        history.visit(Some(0), &with("IFN-beta"));
        assert_eq!((history.undo(None), history.number()), (None, 0));
        // Nothing was left out: the next choice is a step all the same.
        history.amend();
        assert_eq!(history.change(&with("IFN-beta"), 6000.0), Step::Nothing);
        assert_eq!(history.change(&opened, 7000.0), Step::Push);
    }

    #[test]
    fn asking_for_results_is_no_step() {
        let mut history = History::new(with("IFN-beta"), 0);
        assert_eq!(history.change(&State { run: true, ..with("IFN-beta") }, 5.0), Step::Replace);
        assert_eq!(history.undo(None), None);
        assert_eq!((history.number(), history.redo(None)), (0, None));
    }

    #[test]
    fn back_and_forward_walk_through_what_is_known() {
        let mut history = History::new(seeded(1), 7);
        history.change(&seeded(2), 0.0);
        history.change(&seeded(3), 5000.0);
        history.visit(Some(8), &seeded(2));
        assert_eq!(history.undo(None).as_deref(), Some("Seed: 1 → 2"));
        assert_eq!(history.redo(None).as_deref(), Some("Seed: 2 → 3"));
        // What the visit showed is what is shown: nothing to write.
        assert_eq!(history.change(&seeded(2), 5100.0), Step::Nothing);
        // A new choice forgets what was undone, as the browser does; it is never joined to a step of before.
        assert_eq!(history.change(&seeded(4), 5200.0), Step::Push);
        assert_eq!((history.number(), history.redo(None)), (9, None));
    }

    #[test]
    fn entries_of_before_a_reload_begin_anew() {
        let mut history = History::new(seeded(5), 4);
        history.visit(Some(3), &seeded(1));
        assert_eq!((history.number(), history.undo(None), history.redo(None)), (3, None, None));
        history.visit(None, &seeded(9));
        assert_eq!(history.undo(None), None);
    }

    #[test]
    fn memory_has_an_end() {
        let mut history = History::new(seeded(0), 0);
        for seed in 1..=1000 {
            history.change(&seeded(seed), f64::from(seed) * 5000.0);
        }
        assert_eq!((history.number(), history.states.len()), (1000, super::MOST));
        assert_eq!(history.undo(None).as_deref(), Some("Seed: 999 → 1000"));
    }
}
