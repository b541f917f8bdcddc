//! The sentence above a result: what moved, how far to trust it, how many training cells carry it.
//!
//! Does: counts genes that moved, puts trust and support of the compared scenarios into one sentence and says what the
//! prose behind it holds.
//! Does not know: how genes were tested, how the sentence looks.
//! Flow: card + choices + table of shifts → **verdict** → results.

use crate::protocol::Comparison;
use crate::protocol::card::Card;
use crate::state::{State, Which};
use crate::trust::{Level, Trust, support, trust};

/// q below which a gene counts as moved.
pub const MOVED: f64 = 0.05;

/// Before what is known of both scenarios of a comparison.
const EACH: &str = "of each against its control: ";

/// Genes that moved.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Moved {
    /// Up.
    pub up: usize,
    /// Down.
    pub down: usize,
    /// Genes that were tested.
    pub tested: usize,
    /// All that moved, where the table holds only the surest.
    pub all: Option<usize>,
}

impl Moved {
    /// Counts a table; a gene without a q was not told of.
    pub fn of(change: &[f64], q: &[f64]) -> Self {
        let sure = || change.iter().zip(q).filter(|(_, q)| **q < MOVED);
        Self {
            up: sure().filter(|(change, _)| **change > 0.0).count(),
            down: sure().filter(|(change, _)| **change < 0.0).count(),
            tested: q.iter().filter(|q| !q.is_nan()).count(),
            all: None,
        }
    }

    /// "312 genes up, 40 down at q < 0.05".
    pub fn words(self) -> String {
        let genes = if self.up == 1 { "gene" } else { "genes" };
        let of_all = match self.all {
            Some(all) if all > self.up + self.down => {
                format!(" among the genes listed; {all} of all tested genes moved")
            }
            _ => String::new(),
        };
        format!("{} {genes} up, {} down at q < {MOVED}{of_all}", self.up, self.down)
    }
}

/// The support of the compared scenarios, each by its name where there are two; few cells on one side are few.
fn supports(card: &Card, state: &State, sides: &[Which]) -> Option<(String, bool)> {
    let one = |which: &Which| support(card, state.with_of(*which));
    match sides {
        [only] => one(only),
        _ => {
            let named = |which: &Which| one(which).map(|(words, thin)| (format!("{}: {words}", which.letter()), thin));
            let all: Vec<(String, bool)> = sides.iter().filter_map(named).collect();
            let words: Vec<&str> = all.iter().map(|(words, _)| words.as_str()).collect();
            (!all.is_empty()).then(|| (words.join("; "), all.iter().any(|(_, thin)| *thin)))
        }
    }
}

/// The sentence and what stands behind it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verdict {
    /// What moved.
    pub moved: String,
    /// How far to trust it; none where nothing is perturbed.
    pub trust: Option<Trust>,
    /// How many training cells carry it, side by side where there are two, and whether they are few.
    pub support: Option<(String, bool)>,
}

impl Verdict {
    /// Of a comparison. B against A rests on both, and counts for as much as the weaker. What was measured is each of them
    /// against its control, never one against the other: the clause says so.
    pub fn of(card: &Card, state: &State, comparison: Comparison, moved: Moved) -> Self {
        let sides: &[Which] = match comparison {
            Comparison::A => &[Which::A],
            Comparison::B => &[Which::B],
            Comparison::BAgainstA => &[Which::A, Which::B],
        };
        let of = |which: &Which| trust(card, state.with_of(*which));
        let each = |own: Trust| Trust { words: format!("{EACH}{}", own.words), ..own };
        let weakest = sides.iter().filter_map(of).max_by_key(|own| own.level);
        Self {
            moved: moved.words(),
            trust: if comparison == Comparison::BAgainstA { weakest.map(each) } else { weakest },
            support: supports(card, state, sides),
        }
    }

    /// The level that the eye sees: few cells are never a good sign.
    pub fn level(&self) -> Level {
        let level = self.trust.as_ref().map_or(Level::Unknown, |own| own.level);
        let is_thin = self.support.as_ref().is_some_and(|(_, thin)| *thin);
        if is_thin && level == Level::Ahead { Level::Even } else { level }
    }

    /// All of it as one sentence.
    pub fn sentence(&self) -> String {
        let trust = self.trust.as_ref().map(|own| own.words.clone());
        let support = self.support.as_ref().map(|(words, _)| words.clone());
        let parts: Vec<String> = std::iter::once(self.moved.clone()).chain(trust).chain(support).collect();
        format!("{}.", parts.join("; "))
    }
}

#[cfg(test)]
mod tests {
    use super::{Moved, Verdict};
    use crate::protocol::Comparison;
    use crate::protocol::card::{Best, Card, Condition, Metrics, Score, Value};
    use crate::state::State;
    use crate::trust::Level;

    fn card() -> Card {
        let value = |value: &str| Value { value: value.into(), display: value.into(), cells: 9, ..Value::default() };
        let drug = Condition {
            key: "drug".into(),
            title: "Drug".into(),
            kind: "perturbation".into(),
            control: Some("none".into()),
            values: ["none", "X", "Y"].map(value).to_vec(),
            ..Condition::default()
        };
        let metrics = |pearson: f64| Metrics { pearson_delta: Some(pearson), ..Metrics::default() };
        let score = |drug: &str, model: f64, baseline: f64| Score {
            cell_type: "all".into(),
            condition: drug.into(),
            cells: 30,
            model: metrics(model),
            best: Some(Best { name: "regression".into(), metrics: metrics(baseline) }),
            ceiling: metrics(0.9),
            ..Score::default()
        };
        Card {
            conditions: vec![drug],
            scores: vec![score("X", 0.8, 0.6), score("Y", 0.4, 0.7)],
            combinations: [("none", 300), ("X", 400), ("Y", 7)].map(|(name, n)| (name.to_owned(), n)).into(),
            ..Card::default()
        }
    }

    #[test]
    fn genes_that_moved_are_counted_by_direction() {
        let moved = Moved::of(&[2.0, -1.0, 3.0, 0.0, f64::NAN], &[1e-9, 0.01, 0.2, 1.0, f64::NAN]);
        assert_eq!(moved, Moved { up: 1, down: 1, tested: 4, all: None });
        assert_eq!(moved.words(), "1 gene up, 1 down at q < 0.05");
        assert_eq!(Moved::default().words(), "0 genes up, 0 down at q < 0.05", "nothing is said first, too");
        let surest = Moved { all: Some(90), ..moved };
        assert_eq!(
            surest.words(),
            "1 gene up, 1 down at q < 0.05 among the genes listed; 90 of all tested genes moved"
        );
        assert_eq!(Moved { all: Some(2), ..moved }.words(), moved.words());
    }

    #[test]
    fn a_sentence_says_what_moved_how_far_to_trust_it_and_what_carries_it() {
        let (card, moved) = (card(), Moved { up: 3, down: 0, tested: 9, all: None });
        let of = |query: &str, comparison| Verdict::of(&card, &State::read(query), comparison, moved);
        let own = of("with.drug=X", Comparison::A);
        let sentence = own.sentence();
        assert_eq!(own.level(), Level::Ahead);
        assert!(sentence.starts_with("3 genes up, 0 down at q < 0.05; trust it"), "{sentence}");
        assert!(sentence.ends_with("; 400 training cells carry it."), "{sentence}");
        // B against A counts for as much as the weaker of the two.
        let both = of("with.drug=X&b.on=1&b.with.drug=Y", Comparison::BAgainstA);
        assert_eq!(both.level(), Level::Behind);
        let clause = "3 genes up, 0 down at q < 0.05; of each against its control: do not trust it further than";
        assert!(both.sentence().starts_with(clause), "{}", both.sentence());
        assert!(!sentence.contains("of each"), "one scenario is one comparison: {sentence}");
        let each = "; A: 400 training cells carry it; B: only 7 training cells carry it: thin support.";
        assert!(both.sentence().ends_with(each), "{}", both.sentence());
        // Few cells are never a good sign.
        let mut thin = own;
        thin.support = Some(("only 7".into(), true));
        assert_eq!(thin.level(), Level::Even);
        assert_eq!(of("", Comparison::A).trust, None);
    }
}
