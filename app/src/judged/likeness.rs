//! Similarity of a generated population to a measured one, with the gallery's targets.
//!
//! Does: reads the card's populations, judges each measure that has a target, writes numbers as words.
//! Does not know: how likeness is measured (`train-native`'s judge), how it is shown.
//! Flow: `bundle.json` → **rows and verdicts** → model view.

use serde::Deserialize;

/// A generated population beside a measured one.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default)]
pub struct Population {
    /// Which cells.
    pub title: String,
    /// Cells on either side.
    pub cells: u64,
    /// Every measure.
    pub measures: Vec<Likeness>,
}

/// One measure of likeness.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default)]
pub struct Likeness {
    /// Name.
    pub name: String,
    /// The best value, in words.
    pub best: String,
    /// Generated cells against one half of the measured.
    pub generated: Option<f64>,
    /// The other half of the measured against it: the ceiling.
    pub ceiling: Option<f64>,
}

/// The measure of a classifier, as cards name it, and as its trade does.
const CLASSIFIER: (&str, &str) = (
    "told apart from measured cells",
    "AUC of a classifier of generated against measured cells (0.5: it cannot tell them apart)",
);

/// What the gallery wants of a measure.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Target {
    /// At least this.
    AtLeast(f64),
    /// At most this.
    AtMost(f64),
    /// So near below the ceiling.
    Below(f64),
    /// At most so many times the ceiling.
    Times(f64),
}

/// Targets by the beginning of a measure's name.
const TARGETS: [(&str, Target); 6] = [
    ("Pearson of gene means", Target::AtLeast(0.999)),
    ("Spearman of gene means", Target::Below(0.005)),
    ("MMD", Target::Times(2.0)),
    ("iLISI", Target::AtLeast(0.85)),
    ("1-Wasserstein distance", Target::Times(1.25)),
    (CLASSIFIER.0, Target::AtMost(0.65)),
];

impl Target {
    fn words(self) -> String {
        match self {
            Self::AtLeast(least) => format!("at least {least}"),
            Self::AtMost(most) => format!("at most {most}"),
            Self::Below(near) => format!("at most {near} below the ceiling"),
            Self::Times(times) => format!("at most {times} times the ceiling"),
        }
    }

    /// Whether it is reached; `None` where it takes a ceiling that is not there.
    fn is_reached(self, own: f64, ceiling: Option<f64>) -> Option<bool> {
        match self {
            Self::AtLeast(least) => Some(own >= least),
            Self::AtMost(most) => Some(own <= most),
            Self::Below(near) => ceiling.map(|ceiling| own >= ceiling - near),
            Self::Times(times) => ceiling.map(|ceiling| own <= times * ceiling),
        }
    }
}

impl Likeness {
    fn target(&self) -> Option<Target> {
        TARGETS.into_iter().find(|(name, _)| self.name.starts_with(name)).map(|(_, target)| target)
    }

    /// Name for people.
    pub fn title(&self) -> &str {
        if self.name.starts_with(CLASSIFIER.0) { CLASSIFIER.1 } else { &self.name }
    }

    /// What is wanted of it; nothing where the gallery wants nothing.
    pub fn target_words(&self) -> String {
        self.target().map(Target::words).unwrap_or_default()
    }

    /// The ceiling; none where it is below zero: halves of so few cells say nothing.
    pub fn ceiling(&self) -> Option<f64> {
        self.ceiling.filter(|value| *value >= 0.0)
    }

    /// Whether the target is reached; `None` without a target or a number.
    pub fn is_reached(&self) -> Option<bool> {
        self.target()?.is_reached(self.generated?, self.ceiling())
    }

    /// The same in a word.
    pub fn verdict(&self) -> &'static str {
        match (self.target(), self.is_reached()) {
            (None, _) => "–",
            (_, Some(true)) => "reached",
            (_, Some(false)) => "missed",
            (_, None) => "not measured",
        }
    }
}

impl Population {
    /// How many targets are reached, and which are missed, in a sentence.
    pub fn verdict(&self) -> String {
        let judged: Vec<&Likeness> = self.measures.iter().filter(|own| own.is_reached().is_some()).collect();
        let missed: Vec<&str> =
            judged.iter().filter(|own| own.is_reached() == Some(false)).map(|own| own.title()).collect();
        let (all, of) = (judged.len(), judged.len() - missed.len());
        let part = match TARGETS.len() - all.min(TARGETS.len()) {
            0 => String::new(),
            1 => format!(" 1 of the {} targets was not measured.", TARGETS.len()),
            left => format!(" {left} of the {} targets were not measured.", TARGETS.len()),
        };
        match (all, missed.as_slice()) {
            (0, _) => "None of the gallery's targets was measured.".to_owned(),
            (_, []) => format!("All {all} targets that were measured are reached.{part}"),
            (_, missed) => format!("{of} of {all} targets are reached; missed: {}.{part}", missed.join("; ")),
        }
    }
}

/// A number of a table; a dash where there is none.
pub fn number(value: Option<f64>) -> String {
    match value {
        None => "–".to_owned(),
        // A whole count of copies, or nothing at all.
        Some(value) if value == value.trunc() && value.abs() != 1.0 => format!("{value:.0}").replace('-', "−"),
        Some(value) if value != 0.0 && value.abs() < 0.001 => format!("{value:.1e}").replace('-', "−"),
        Some(value) => format!("{value:.4}").replace('-', "−"),
    }
}

#[cfg(test)]
mod tests {
    use super::{Likeness, Population, number};

    fn measure(name: &str, generated: f64, ceiling: f64) -> Likeness {
        Likeness { name: name.into(), best: "1".into(), generated: Some(generated), ceiling: Some(ceiling) }
    }

    #[test]
    fn every_target_can_be_reached_and_missed() {
        let cases = [
            ("Pearson of gene means", 0.999, 0.9989, 0.9999),
            ("Spearman of gene means", 0.986, 0.984, 0.99),
            ("MMD², 50 components", 0.002, 0.0021, 0.001),
            ("iLISI, 20 components", 0.85, 0.84, 0.95),
            ("1-Wasserstein distance, mean over genes", 0.0125, 0.0126, 0.01),
            ("told apart from measured cells (AUC)", 0.65, 0.66, 0.5),
        ];
        for (name, good, bad, ceiling) in cases {
            assert_eq!(measure(name, good, ceiling).verdict(), "reached", "{name}");
            assert_eq!(measure(name, bad, ceiling).verdict(), "missed", "{name}");
            assert!(!measure(name, good, ceiling).target_words().is_empty());
        }
        let classifier = measure("told apart from measured cells (AUC)", 0.6, 0.5);
        assert!(classifier.title().starts_with("AUC of a classifier"), "{}", classifier.title());
        assert_eq!(measure("iLISI", 0.6, 0.5).title(), "iLISI");
        assert_eq!(measure("exact copies of training cells", 0.0, 0.0).verdict(), "–");
        let bare = Likeness { ceiling: None, ..measure("MMD²", 0.1, 0.0) };
        assert_eq!(bare.verdict(), "not measured");
        let below = measure("MMD²", 0.001, -0.001);
        assert_eq!((below.ceiling(), below.verdict()), (None, "not measured"), "less than nothing is no bound");
    }

    #[test]
    fn what_is_missed_is_named() {
        let mut own = Population { title: "x".into(), cells: 10, measures: Vec::new() };
        assert_eq!(own.verdict(), "None of the gallery's targets was measured.");
        own.measures = vec![measure("Pearson of gene means", 0.9995, 1.0), measure("iLISI, 20 components", 0.5, 0.9)];
        let words = own.verdict();
        assert!(words.starts_with("1 of 2 targets are reached; missed: iLISI, 20 components."), "{words}");
        assert!(words.ends_with("4 of the 6 targets were not measured."), "{words}");
    }

    #[test]
    fn numbers_are_short() {
        let all = [None, Some(0.0), Some(3.0), Some(1.0), Some(0.99912), Some(0.000_12), Some(-0.2)].map(number);
        assert_eq!(all, ["–", "0", "3", "1.0000", "0.9991", "1.2e−4", "−0.2000"]);
    }
}
