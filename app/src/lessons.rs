//! The lessons apart from their looks: where a person stands, what was answered, what is right.
//!
//! Does: which lessons there are, a person's place as parts of the address, the guess of the third lesson against a
//! card's own scores, which conditions a lesson's cell has.
//! Does not know: Leptos, the worker.
//! Flow: address ⇄ **lessons** → Learn view.

pub mod bins;
mod ceiling;
mod guide;
mod lesson;
mod write;
pub mod writing;

pub use lesson::{Answer, Lesson, Panel, Parts, Question, Step};

use crate::protocol::card::{Card, Condition};

/// The lessons in order.
pub const LESSONS: [&Lesson; 3] = [&write::LESSON, &guide::LESSON, &ceiling::LESSON];

/// Fewest and most steps of the first lesson's cell.
pub const STEPS: (u32, u32) = (8, 64);
/// Fewest and most cells of the other lessons.
pub const CELLS: (u32, u32) = (4, 256);
/// Part of the address that holds the guess of the third lesson, from 1.
pub const GUESS: &str = "learn.guess";
/// What can be guessed to be highest: model, baseline, ceiling.
pub const GUESSES: usize = 3;

/// Where a person stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Place {
    /// The open lesson's place among [`LESSONS`]; none: the overview.
    pub lesson: Option<usize>,
    /// Its open step, from 0.
    pub step: usize,
}

impl Place {
    /// Place that an address says; what it does not know is the overview or the first step.
    pub fn read(parts: &Parts) -> Self {
        let key = parts.get("learn.lesson");
        let Some(lesson) = key.and_then(|key| LESSONS.iter().position(|lesson| lesson.key == key)) else {
            return Self::default();
        };
        let step: usize = parts.get("learn.step").and_then(|step| step.parse().ok()).unwrap_or(1);
        Self { lesson: Some(lesson), step: step.clamp(1, LESSONS[lesson].steps.len()) - 1 }
    }

    /// Writes the place into an address.
    pub fn write(self, parts: &mut Parts) {
        let lesson = self.lesson.and_then(|lesson| LESSONS.get(lesson));
        match lesson {
            Some(lesson) => {
                parts.insert("learn.lesson".into(), lesson.key.into());
                parts.insert("learn.step".into(), (self.step.min(lesson.steps.len() - 1) + 1).to_string());
            }
            None => {
                parts.remove("learn.lesson");
                parts.remove("learn.step");
            }
        }
    }

    /// The place so many steps on, inside its lesson.
    pub fn moved(self, by: isize) -> Self {
        let last = self.lesson.and_then(|lesson| LESSONS.get(lesson)).map_or(0, |lesson| lesson.steps.len() - 1);
        Self { step: self.step.saturating_add_signed(by).min(last), ..self }
    }
}

/// The condition that says what a lesson's cell is: its type, or else whose it is.
pub fn who(card: &Card) -> Option<&Condition> {
    let of = |kind: &str| card.choosable().find(|condition| condition.kind == kind);
    of("cell_type").or_else(|| of("identity"))
}

/// The condition that perturbs it.
pub fn change(card: &Card) -> Option<&Condition> {
    card.choosable().find(|condition| condition.kind == "perturbation")
}

/// Whose score is the highest of model, baseline and ceiling; none when not all of them are known or two are equal.
pub fn highest(scores: [Option<f64>; 3]) -> Option<usize> {
    let [Some(model), Some(baseline), Some(ceiling)] = scores else { return None };
    let scores = [model, baseline, ceiling];
    let top = scores.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let mut at_top = (0..3).filter(|place| scores[*place] == top);
    at_top.next().filter(|_| at_top.next().is_none())
}

/// What a prediction without any noise of its own could reach at most against all measured cells, when two halves of
/// them agree at `halves`: the root of what all cells would reach against as many others (Spearman and Brown).
pub fn noise_free(halves: f64) -> Option<f64> {
    (halves > 0.0 && halves <= 1.0).then(|| (2.0 * halves / (1.0 + halves)).sqrt())
}

#[cfg(test)]
mod tests {
    // A test fails by panicking; that is what `unwrap` is for here.
    #![allow(clippy::unwrap_used)]
    use super::{LESSONS, Parts, Place, highest, noise_free};

    #[test]
    fn questions_have_one_right_answer_and_say_why() {
        let mut keys: Vec<&str> = Vec::new();
        for lesson in LESSONS {
            assert!(lesson.minutes < 10 && lesson.steps.len() == 5, "{}", lesson.title);
            assert_eq!(lesson.questions().count(), 3, "{}", lesson.title);
            for question in lesson.questions() {
                assert_eq!(question.answers.iter().filter(|answer| answer.right).count(), 1, "{}", question.words);
                assert!(question.answers.iter().all(|answer| answer.why.len() > 30 && !answer.words.is_empty()));
                keys.push(question.key);
            }
            // Reading aloud takes about 150 words a minute; runs and questions take the other half.
            let words: usize = lesson.steps.iter().flat_map(|s| s.text).map(|t| t.split_whitespace().count()).sum();
            assert!(words < 75 * lesson.minutes as usize, "{} has {words} words", lesson.title);
        }
        let all = keys.len();
        keys.sort_unstable();
        keys.dedup();
        assert_eq!(keys.len(), all, "two questions share a key");
    }

    #[test]
    fn right_answers_are_not_always_in_the_same_place() {
        for lesson in LESSONS {
            let places: Vec<_> = lesson.questions().map(|q| q.answers.iter().position(|a| a.right)).collect();
            assert!(places.iter().any(|place| *place != places[0]), "{}", lesson.title);
        }
    }

    #[test]
    fn a_place_comes_back_from_its_address() {
        for (lesson, own) in LESSONS.iter().enumerate() {
            for step in 0..own.steps.len() {
                let (place, mut parts) = (Place { lesson: Some(lesson), step }, Parts::new());
                place.write(&mut parts);
                assert_eq!(Place::read(&parts), place);
                assert_eq!(place.moved(-100), Place { step: 0, ..place });
                assert_eq!(place.moved(100).step, own.steps.len() - 1);
                Place::default().write(&mut parts);
                assert!(parts.is_empty());
            }
        }
        let odd = |lesson: &str, step: &str| {
            let pairs = [("learn.lesson", lesson), ("learn.step", step)];
            Place::read(&pairs.map(|(key, value)| (key.to_owned(), value.to_owned())).into())
        };
        assert_eq!(odd("nothing", "3"), Place::default());
        assert_eq!(odd("write", "99"), Place { lesson: Some(0), step: LESSONS[0].steps.len() - 1 });
        assert_eq!(odd("write", "0"), Place { lesson: Some(0), step: 0 });
        assert_eq!(odd("write", "-"), Place { lesson: Some(0), step: 0 });
    }

    #[test]
    fn a_lesson_is_done_when_all_is_right() {
        let lesson = LESSONS[0];
        let mut parts = Parts::new();
        for question in lesson.questions() {
            assert!(question.answered(&parts).is_none() && !lesson.is_done(&parts));
            let right = question.answers.iter().position(|answer| answer.right).unwrap();
            question.answer(&mut parts, (right + 1) % question.answers.len());
            assert!(!lesson.is_done(&parts));
            question.answer(&mut parts, right);
            assert_eq!(question.answered(&parts), Some(right));
        }
        assert!(lesson.is_done(&parts) && !LESSONS[1].is_done(&parts));
        parts.insert(lesson.questions().next().unwrap().part(), "17".into());
        assert_eq!(lesson.right(&parts), (2, 3));
    }

    #[test]
    fn the_guess_is_checked_against_numbers() {
        assert_eq!(highest([Some(0.8), Some(0.9), Some(0.7)]), Some(1));
        assert_eq!(highest([Some(0.8), Some(0.8), Some(0.7)]), None);
        assert_eq!(highest([Some(0.8), None, Some(0.7)]), None);
        assert_eq!(highest([Some(f64::NAN), Some(0.1), Some(0.7)]), Some(2));
        // Halves at 0.6: all cells at 1.2 / 1.6 = 0.75.
        assert!((noise_free(0.6).unwrap() - 0.75_f64.sqrt()).abs() < 1e-12);
        assert!(noise_free(-0.1).is_none() && noise_free(f64::NAN).is_none());
    }
}
