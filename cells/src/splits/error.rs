//! What can be wrong with a split, or with what one is to be made of.
//!
//! Does: the error type of `splits`, and the known names nearest to one that is not known.
//! Does not know: files.
//! Flow: from the makers and from reading to whoever shows the sentence.

use thiserror::Error;

use super::Part;
use crate::cells::CellsError;

/// Names that are offered in place of an unknown one.
const OFFERED: usize = 3;

/// Why a split cannot be made or cannot be used.
#[derive(Clone, Debug, PartialEq, Error)]
pub enum SplitError {
    /// A column is missing, or columns do not belong together.
    #[error(transparent)]
    Labels(#[from] CellsError),
    /// A form that this version does not know.
    #[error(
        "the split has version {found}, but this program reads version {}; use the program that wrote it, or a newer one",
        super::VERSION
    )]
    Version {
        /// Version found.
        found: u32,
    },
    /// A text that must not be empty.
    #[error("the split has no {what}; write one")]
    Nothing {
        /// What is missing.
        what: &'static str,
    },
    /// A column that is named but not listed, or listed twice.
    #[error("the column `{column}` of {place} must stand in the split's `columns` exactly once")]
    Column {
        /// Name.
        column: String,
        /// Where it is used.
        place: String,
    },
    /// A condition that says nothing.
    #[error("condition {number} of the {part} part {what}; name a column and a value")]
    EmptyCondition {
        /// Part.
        part: Part,
        /// Place in the list, from 1.
        number: usize,
        /// In words.
        what: &'static str,
    },
    /// A condition or a value that stands twice.
    #[error("{what} stands twice in the {part} part; write it once")]
    Twice {
        /// Part.
        part: Part,
        /// In words.
        what: String,
    },
    /// A cell would be of two parts.
    #[error(
        "{validation} (validation) and {test} (test) can be the same cell, which would then be of both parts; take one out or make it narrower"
    )]
    Both {
        /// Condition of the validation part, in words.
        validation: String,
        /// Condition of the test part, in words.
        test: String,
    },
    /// Control cells would be held out though the split keeps them.
    #[error(
        "{what} would hold out the control `{control}`, but the control must stay in training: every effect is measured against it. Name a perturbation, or let the control not be kept"
    )]
    ControlHeldOut {
        /// What asks for it.
        what: String,
        /// Control value.
        control: String,
    },
    /// A context has no control cells to measure effects against.
    #[error(
        "{column} = {value} has no cell of the control `{control}`, so no effect can be measured in it; leave it out"
    )]
    NoControl {
        /// Column of the context.
        column: String,
        /// Its value.
        value: String,
        /// Control value.
        control: String,
    },
    /// A value that no cell has.
    #[error("no cell has {column} = {value}; the nearest of the {known} known values: {}", nearest.join(", "))]
    UnknownValue {
        /// Column.
        column: String,
        /// Value.
        value: String,
        /// Number of values that occur.
        known: usize,
        /// Nearest first.
        nearest: Vec<String>,
    },
    /// Donors do not go into the parts.
    #[error(
        "the cells have {found} values of `{column}`, but the split divides {training} (training) + {validation} (validation) + {test} (test); change the numbers so that they add up"
    )]
    Donors {
        /// Column.
        column: String,
        /// Donors that occur.
        found: usize,
        /// Wanted for training.
        training: usize,
        /// Wanted for validation.
        validation: usize,
        /// Wanted for test.
        test: usize,
    },
    /// Named test donors are not as many as the split divides.
    #[error("{named} test donors are named, but the split divides {wanted} for the test part; name as many")]
    NamedDonors {
        /// Donors named.
        named: usize,
        /// Donors wanted.
        wanted: usize,
    },
    /// Not a share.
    #[error("{what} is {share}; a share is from 0 to 1")]
    Share {
        /// Which.
        what: String,
        /// Its value.
        share: f64,
    },
    /// A part without cells.
    #[error("the {part} part would be empty: {why}")]
    EmptyPart {
        /// Part.
        part: Part,
        /// Why, and what to do.
        why: String,
    },
    /// Something was drawn, and the seed is not there.
    #[error("the split was drawn at random but states no seed, so nobody can draw it again; write `seed`")]
    NoSeed,
    /// A fingerprint that is not of this split.
    #[error(
        "the fingerprint of the {part} part speaks of {found} conditions, but the part has {expected}; make it again"
    )]
    Fingerprint {
        /// Part.
        part: Part,
        /// Conditions of the fingerprint.
        found: usize,
        /// Conditions of the part.
        expected: usize,
    },
}

impl SplitError {
    /// A value that is none of the known ones.
    pub(super) fn unknown<'a>(column: &str, value: &str, known: impl Iterator<Item = &'a str>) -> Self {
        let wanted = value.to_lowercase();
        let mut ranked: Vec<(usize, &str)> = known.map(|name| (edits(&wanted, &name.to_lowercase()), name)).collect();
        ranked.sort_unstable();
        Self::UnknownValue {
            column: column.to_owned(),
            value: value.to_owned(),
            known: ranked.len(),
            nearest: ranked.iter().take(OFFERED).map(|(_, name)| (*name).to_owned()).collect(),
        }
    }
}

/// Letters to insert, delete or replace to make one text the other (Levenshtein 1966).
fn edits(from: &str, to: &str) -> usize {
    let to: Vec<char> = to.chars().collect();
    let mut before: Vec<usize> = (0..=to.len()).collect();
    for (row, letter) in from.chars().enumerate() {
        let mut own = vec![row + 1];
        for (place, other) in to.iter().enumerate() {
            let replaced = before[place] + usize::from(letter != *other);
            own.push(replaced.min(before[place + 1] + 1).min(own[place] + 1));
        }
        before = own;
    }
    before[to.len()]
}

#[cfg(test)]
mod tests {
    use super::{SplitError, edits};

    #[test]
    fn edits_by_hand() {
        assert_eq!(edits("kitten", "sitting"), 3);
        assert_eq!((edits("", "abc"), edits("abc", ""), edits("abc", "abc")), (3, 3, 0));
    }

    #[test]
    fn the_nearest_names_are_offered() {
        let known = ["IFN-beta", "IFN-gamma", "IL-6", "TNF"];
        let error = SplitError::unknown("cytokine", "ifn-betta", known.into_iter());
        let sentence = error.to_string();
        assert!(sentence.starts_with("no cell has cytokine = ifn-betta"), "{sentence}");
        assert!(sentence.ends_with("of the 4 known values: IFN-beta, IFN-gamma, IL-6"), "{sentence}");
    }
}
