//! The shape of a lesson.
//!
//! Does: steps, panels, questions; answers as parts of the address, what counts as done.
//! Does not know: which lessons there are, Leptos.
//! Flow: address ⇄ **questions** → Learn view.

use std::collections::BTreeMap;

/// What stands beside a step's text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Panel {
    /// What to run, and Run.
    Setup,
    /// The cell as a grid with its scrubber.
    Cell,
    /// What the model thinks of one gene.
    Gene,
    /// Effects at several guidance scales.
    Effects,
    /// How far cells are spread at several guidance scales.
    Spread,
    /// A guess at the scores.
    Guess,
    /// The card's scores.
    Scores,
    /// Generated against measured effect.
    Scatter,
    /// Agreement of halves.
    Halves,
}

/// An answer that a person may choose.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Answer {
    /// The answer.
    pub words: &'static str,
    /// Why it is right or wrong.
    pub why: &'static str,
    /// Whether it is right.
    pub right: bool,
}

/// A question with one right answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Question {
    /// Key in addresses.
    pub key: &'static str,
    /// The question.
    pub words: &'static str,
    /// Answers in the order shown.
    pub answers: &'static [Answer],
}

/// A step of a lesson.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Step {
    /// Title.
    pub title: &'static str,
    /// Paragraphs.
    pub text: &'static [&'static str],
    /// What stands beside them.
    pub panels: &'static [Panel],
    /// The question at its end.
    pub question: Option<Question>,
}

/// A lesson.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lesson {
    /// Key in addresses.
    pub key: &'static str,
    /// Title.
    pub title: &'static str,
    /// What a person will learn, a sentence each.
    pub learn: &'static [&'static str],
    /// Minutes it takes.
    pub minutes: u32,
    /// Steps.
    pub steps: &'static [Step],
}

/// Parts of an address.
pub type Parts = BTreeMap<String, String>;

impl Question {
    /// Part of the address that keeps its answer.
    pub fn part(&self) -> String {
        format!("learn.{}", self.key)
    }

    /// The answer that an address says.
    pub fn answered(&self, parts: &Parts) -> Option<usize> {
        let place = parts.get(&self.part())?.parse::<usize>().ok()?.checked_sub(1)?;
        (place < self.answers.len()).then_some(place)
    }

    /// Writes an answer into an address.
    pub fn answer(&self, parts: &mut Parts, place: usize) {
        parts.insert(self.part(), (place + 1).to_string());
    }
}

impl Lesson {
    /// Its questions.
    pub fn questions(&self) -> impl Iterator<Item = &Question> {
        self.steps.iter().filter_map(|step| step.question.as_ref())
    }

    /// Questions that are answered right, and all of them.
    pub fn right(&self, parts: &Parts) -> (usize, usize) {
        let is_right = |question: &&Question| question.answered(parts).is_some_and(|at| question.answers[at].right);
        (self.questions().filter(is_right).count(), self.questions().count())
    }

    /// Whether all of its questions are answered right.
    pub fn is_done(&self, parts: &Parts) -> bool {
        let (right, all) = self.right(parts);
        right == all
    }
}
