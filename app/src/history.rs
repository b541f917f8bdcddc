//! What can be undone, in step with the browser's own history.
//!
//! Does: keeps the states that were shown in order, joins rapid changes of one number or text into one
//! step, says in words what a step would change.
//! Does not know: the browser, the clock (both are arguments).
//! Flow: state ⇄ **history** ⇄ the browser's entries, by number.

use std::collections::{BTreeMap, BTreeSet};

use crate::protocol::Wish;
use crate::state::{State, View, Which};

/// Changes of the same number or text that follow each other more quickly than this are one step, in milliseconds.
const RAPID: f64 = 1000.0;
/// Letters of a value that are shown.
const LETTERS: usize = 28;
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
}

impl History {
    /// Begins with the state shown, at the number that the browser's entry carries.
    pub fn new(state: State, number: u32) -> Self {
        Self { states: vec![state], at: 0, first: number, last: None }
    }

    /// Number of the entry shown.
    pub fn number(&self) -> u32 {
        self.first + self.at as u32
    }

    /// Takes a state that a person's choice made at a time in milliseconds.
    pub fn change(&mut self, state: &State, now: f64) -> Step {
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
        if only_run || rapidly {
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

    /// What a step back would change, in words; `None` when there is nothing to undo.
    pub fn undo(&self) -> Option<String> {
        Some(describe(self.states.get(self.at.checked_sub(1)?)?, &self.states[self.at]))
    }

    /// What a step forward would change, in words; `None` when nothing was undone.
    pub fn redo(&self) -> Option<String> {
        Some(describe(&self.states[self.at], self.states.get(self.at + 1)?))
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
        let keys: Vec<&str> = changed_keys(&before.parts, &after.parts).into_iter().map(String::as_str).collect();
        return Some(keys.join(" "));
    }
    None
}

/// Keys whose values differ.
fn changed_keys<'a, T: PartialEq>(
    before: &'a BTreeMap<String, T>,
    after: &'a BTreeMap<String, T>,
) -> BTreeSet<&'a String> {
    before.keys().chain(after.keys()).filter(|key| before.get(*key) != after.get(*key)).collect()
}

/// A value as words: short, and something where there is nothing.
fn value(text: Option<&str>) -> String {
    let text = text.map(str::trim).filter(|text| !text.is_empty()).unwrap_or("default");
    if text.chars().count() <= LETTERS {
        return text.to_owned();
    }
    let short: String = text.chars().take(LETTERS - 1).collect();
    format!("{}…", short.trim_end())
}

/// A key as words: `cell_type` is "cell type", `plate.well` is "plate well".
fn words(key: &str) -> String {
    key.replace(['_', '.'], " ")
}

/// Name of a view, as its tab has it.
pub fn view_name(view: View) -> &'static str {
    match view {
        View::Explore => "Explore",
        View::Plate => "Plate",
        View::Learn => "Learn",
        View::Data => "Data",
        View::Model => "Model card",
    }
}

fn device(wish: Wish) -> &'static str {
    match wish {
        Wish::Auto => "automatic",
        Wish::WebGpuHalf => "WebGPU (half precision)",
        Wish::WebGpu => "WebGPU",
        Wish::Cpu => "CPU",
    }
}

/// What differs between two states, in words such as "seed 1 → 2"; at most two things are named.
pub fn describe(before: &State, after: &State) -> String {
    let mut said = Vec::new();
    let mut said_of_other = None;
    let mut say = |what: &str, from: Option<String>, to: Option<String>| {
        if from != to {
            said.push(format!("{what} {} → {}", value(from.as_deref()), value(to.as_deref())));
        }
    };
    let text = |number: Option<f32>| number.map(|number| number.to_string());
    let values =
        |state: &State, which: Which, key: &str| state.with_of(which).get(key).map(|values| values.join(" + "));
    for key in changed_keys(&before.with, &after.with) {
        say(&words(key), values(before, Which::A, key), values(after, Which::A, key));
    }
    match (&before.other, &after.other) {
        (Some(own), Some(new)) => {
            for key in changed_keys(&own.with, &new.with) {
                say(&format!("B's {}", words(key)), values(before, Which::B, key), values(after, Which::B, key));
            }
        }
        (None, None) => {}
        (_, new) => said_of_other = Some(if new.is_some() { "scenario B added" } else { "scenario B removed" }),
    }
    say("guidance", text(before.guidance), text(after.guidance));
    say("steps", before.steps.map(|n| n.to_string()), after.steps.map(|n| n.to_string()));
    say("cells", Some(before.cells.to_string()), Some(after.cells.to_string()));
    say("seed", Some(before.seed.to_string()), Some(after.seed.to_string()));
    say("bundle", Some(before.bundle.clone()), Some(after.bundle.clone()));
    say("device", Some(device(before.device).into()), Some(device(after.device).into()));
    for key in changed_keys(&before.parts, &after.parts) {
        say(&words(key), before.parts.get(key).cloned(), after.parts.get(key).cloned());
    }
    said.extend(said_of_other.map(str::to_owned));
    if before.replicates != after.replicates {
        said.push(format!("replicates {} → {}", before.replicates, after.replicates));
    }
    if before.gene != after.gene {
        let name = |gene: &Option<String>| value(gene.as_deref());
        said.push(match (&before.gene, &after.gene) {
            (Some(_), Some(_)) => format!("gene {} → {}", name(&before.gene), name(&after.gene)),
            (Some(_), None) => format!("gene {} put away", name(&before.gene)),
            (None, _) => format!("gene {}", name(&after.gene)),
        });
    }
    said.extend(
        after.clamp.iter().filter(|pair| !before.clamp.contains(pair)).map(|(gene, n)| format!("{gene} held at {n}")),
    );
    let released = |gene: &str| !after.clamp.iter().any(|(own, _)| own == gene);
    said.extend(before.clamp.iter().filter(|(gene, _)| released(gene)).map(|(gene, _)| format!("{gene} released")));
    if before.view != after.view {
        said.push(format!("{} → {}", view_name(before.view), view_name(after.view)));
    }
    match said.as_slice() {
        [] => "the last change".to_owned(),
        [one] => one.clone(),
        [one, two] => format!("{one}, {two}"),
        [one, rest @ ..] => format!("{one} and {} more changes", rest.len()),
    }
}

#[cfg(test)]
mod tests {
    use super::{History, Step, describe};
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
        assert_eq!(history.undo().as_deref(), Some("guidance default → 2"));
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
        assert_eq!(history.undo().as_deref(), Some("Plate → Learn"));
    }

    #[test]
    fn asking_for_results_is_no_step() {
        let mut history = History::new(with("IFN-beta"), 0);
        assert_eq!(history.change(&State { run: true, ..with("IFN-beta") }, 5.0), Step::Replace);
        assert_eq!(history.undo(), None);
        assert_eq!((history.number(), history.redo()), (0, None));
    }

    #[test]
    fn back_and_forward_walk_through_what_is_known() {
        let mut history = History::new(seeded(1), 7);
        history.change(&seeded(2), 0.0);
        history.change(&seeded(3), 5000.0);
        history.visit(Some(8), &seeded(2));
        assert_eq!(history.undo().as_deref(), Some("seed 1 → 2"));
        assert_eq!(history.redo().as_deref(), Some("seed 2 → 3"));
        // What the visit showed is what is shown: nothing to write.
        assert_eq!(history.change(&seeded(2), 5100.0), Step::Nothing);
        // A new choice forgets what was undone, as the browser does; it is never joined to a step of before.
        assert_eq!(history.change(&seeded(4), 5200.0), Step::Push);
        assert_eq!((history.number(), history.redo()), (9, None));
    }

    #[test]
    fn entries_of_before_a_reload_begin_anew() {
        let mut history = History::new(seeded(5), 4);
        history.visit(Some(3), &seeded(1));
        assert_eq!((history.number(), history.undo(), history.redo()), (3, None, None));
        history.visit(None, &seeded(9));
        assert_eq!(history.undo(), None);
    }

    #[test]
    fn memory_has_an_end() {
        let mut history = History::new(seeded(0), 0);
        for seed in 1..=1000 {
            history.change(&seeded(seed), f64::from(seed) * 5000.0);
        }
        assert_eq!((history.number(), history.states.len()), (1000, super::MOST));
        assert_eq!(history.undo().as_deref(), Some("seed 999 → 1000"));
    }

    #[test]
    fn words_name_what_changed() {
        assert_eq!(describe(&State::default(), &with("IFN-beta")), "condition default → IFN-beta");
        let mut held = with("IFN-beta");
        held.clamp.push(("CD14".into(), 3));
        assert_eq!(describe(&with("IFN-beta"), &held), "CD14 held at 3");
        assert_eq!(describe(&held, &with("IFN-beta")), "CD14 released");
        let mut other = held.clone();
        other.clamp[0].1 = 5;
        assert_eq!(describe(&held, &other), "CD14 held at 5");
        let gene = State { gene: Some("ISG15".into()), ..State::default() };
        assert_eq!(describe(&State::default(), &gene), "gene ISG15");
        assert_eq!(describe(&gene, &State::default()), "gene ISG15 put away");
        let mut parts = State::default();
        parts.parts.insert("plate.wells".into(), "A1 to H12, each with a name that is long".into());
        assert_eq!(describe(&State::default(), &parts), "plate wells default → A1 to H12, each with a name…");
        let many = State { steps: Some(2), cells: 8, seed: 3, ..State::default() };
        assert_eq!(describe(&State::default(), &many), "steps default → 2 and 2 more changes");
        assert_eq!(describe(&many, &many), "the last change");
    }
}
