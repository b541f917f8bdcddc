//! Which cells train, which watch and which test, as data.
//!
//! Does: a split as lists of held-out conditions, the same cells from the same labels every time; how it was made, so
//! that a reader can judge what a score on it means.
//! Does not know: files, models, which scores are computed on the parts.
//! Flow: labels of cells → **split** (`parse`, `make`) → places of training, validation and test cells; as
//! `split.json` beside a bundle's weights and beside every report.
//!
//! A split names what is held out; whatever it does not name is training. So a split made on some cells of a data set
//! also holds for the rest of it.

pub mod digest;
pub mod error;
mod groups;
pub mod leak;
pub mod make;
pub mod parse;
mod read;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};

use crate::cells::{Cells, CellsError};
use crate::column::Column;

pub use digest::{Digest, Fingerprint};
pub use error::SplitError;
pub use leak::{Checked, LeakCheck, LeakError, View, check};
pub use make::{given, held_out_contexts, held_out_perturbations};
pub use parse::{Draw, ParseShape, parse};

use groups::Groups;

/// Version of the form of a split, the number that `version` must have.
pub const VERSION: u32 = 1;

/// A group of cells: values by obs column. A cell belongs to it when every column reads as stated; a column that is not
/// named may read anything. A cell whose label is missing does not read as stated.
pub type Condition = BTreeMap<String, String>;

/// Where a cell belongs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Part {
    /// Weights are fitted to it.
    Training,
    /// It watches the training, and choices may be made on it.
    Validation,
    /// Nothing is chosen on it; scores are reported on it.
    Test,
}

impl fmt::Display for Part {
    fn fmt(&self, form: &mut fmt::Formatter<'_>) -> fmt::Result {
        form.write_str(match self {
            Self::Training => "training",
            Self::Validation => "validation",
            Self::Test => "test",
        })
    }
}

/// Cells that nothing was done to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Control {
    /// obs column of the perturbation.
    pub column: String,
    /// Its value in control cells, such as `PBS` or `non-targeting`.
    pub value: String,
    /// Whether every control cell trains, whatever the lists say. If not, control cells are held out with the
    /// conditions that include them.
    pub kept: bool,
}

impl Control {
    /// Control cells that all train (the paper's rule, PAPER.md section 9).
    pub fn kept(column: impl Into<String>, value: impl Into<String>) -> Self {
        Self { column: column.into(), value: value.into(), kept: true }
    }
}

/// Which values of a column are held out.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Choice {
    /// These.
    Values(Vec<String>),
    /// A share of all values, from 0 to 1, drawn at random; the number is rounded. State few digits: a reader of JSON
    /// may round the seventeenth.
    Share(f64),
}

impl Choice {
    /// None.
    pub const fn none() -> Self {
        Self::Values(Vec::new())
    }
}

/// How a split came about.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Rule {
    /// The lists were written by hand or taken from elsewhere.
    Given,
    /// Some donors see only some perturbations in training ([`parse()`]).
    Parse {
        /// obs column of the donor.
        donor: String,
        /// Numbers and shares.
        shape: ParseShape,
    },
    /// Perturbations that training never sees, in any context ([`held_out_perturbations`]).
    HeldOutPerturbation {
        /// Perturbations of the validation part.
        validation: Choice,
        /// Perturbations of the test part.
        test: Choice,
    },
    /// Donors, lines or cell types that training never sees ([`held_out_contexts`]).
    HeldOutContext {
        /// obs column of the context.
        column: String,
        /// Contexts of the validation part.
        validation: Choice,
        /// Contexts of the test part.
        test: Choice,
    },
}

/// A split of cells into training, validation and test. Reading one through serde validates it; after changing a field
/// call [`Split::validate`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "read::Written")]
pub struct Split {
    /// [`VERSION`].
    pub version: u32,
    /// Short name.
    pub name: String,
    /// A sentence: what is held out of what.
    pub about: String,
    /// obs columns that conditions may name, and that of the control.
    pub columns: Vec<String>,
    /// Control cells; none where nothing was perturbed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub control: Option<Control>,
    /// obs column of the source data set, if cells have several: cell identifiers are unique only within one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
    /// How it was made.
    pub rule: Rule,
    /// Seed of what was drawn, if anything was.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub seed: Option<u64>,
    /// What watches.
    pub validation: Vec<Condition>,
    /// What tests.
    pub test: Vec<Condition>,
    /// What the cells looked like when the split was made.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fingerprint: Option<Fingerprint>,
}

/// Places of cells by part, each ascending; together every cell once.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Parts {
    /// Training cells.
    pub training: Vec<usize>,
    /// Validation cells.
    pub validation: Vec<usize>,
    /// Test cells.
    pub test: Vec<usize>,
    /// How many of the training cells lack a label of the split's columns: a condition that names such a column cannot
    /// hold them out.
    pub unlabelled: usize,
}

impl Split {
    /// Part of a cell with these labels; labels that are missing are left out of the map.
    pub fn part_of(&self, labels: &Condition) -> Part {
        self.part_by(|column| labels.get(column).map(String::as_str))
    }

    /// Part of a cell whose labels a function knows.
    fn part_by<'a>(&self, label: impl Fn(&str) -> Option<&'a str>) -> Part {
        if self.control.as_ref().is_some_and(|own| own.kept && label(&own.column) == Some(&own.value)) {
            return Part::Training;
        }
        let holds = |list: &[Condition]| list.iter().any(|condition| includes(condition, &label));
        if holds(&self.test) {
            Part::Test
        } else if holds(&self.validation) {
            Part::Validation
        } else {
            Part::Training
        }
    }

    /// Conditions of a part; training has none, it is what is left.
    pub fn conditions(&self, part: Part) -> &[Condition] {
        match part {
            Part::Training => &[],
            Part::Validation => &self.validation,
            Part::Test => &self.test,
        }
    }

    /// Places of the cells of each part.
    ///
    /// # Errors
    /// When the cells lack a column of the split.
    pub fn apply(&self, cells: &Cells) -> Result<Parts, CellsError> {
        self.apply_labels(&cells.labels)
    }

    /// Places of the cells of each part, by their labels alone (a store too large for memory has nothing else).
    ///
    /// # Errors
    /// When a column of the split is missing, or columns differ in length.
    pub fn apply_labels(&self, labels: &BTreeMap<String, Column>) -> Result<Parts, CellsError> {
        let groups = Groups::of(labels, &self.columns)?;
        let part_of_group = groups.parts(self);
        let mut parts = Parts::default();
        for (cell, group) in groups.of_cell.iter().enumerate() {
            match part_of_group[*group] {
                Part::Training => {
                    parts.training.push(cell);
                    parts.unlabelled += usize::from(groups.lacks_a_label(*group));
                }
                Part::Validation => parts.validation.push(cell),
                Part::Test => parts.test.push(cell),
            }
        }
        Ok(parts)
    }
}

/// Whether a cell with these labels belongs to a condition.
fn includes<'a>(condition: &Condition, label: &impl Fn(&str) -> Option<&'a str>) -> bool {
    condition.iter().all(|(column, value)| label(column) == Some(value))
}

/// A condition in words.
fn words(condition: &Condition) -> String {
    let all: Vec<String> = condition.iter().map(|(column, value)| format!("{column} = {value}")).collect();
    if all.is_empty() { "any cell".to_owned() } else { all.join(" and ") }
}
