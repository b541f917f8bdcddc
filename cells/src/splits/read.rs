//! What makes a split valid, however it came in.
//!
//! Does: the form as it is written, checked when read; what must hold between the lists.
//! Does not know: cells.
//! Flow: text, through serde → **form** → `Split`.

use std::collections::BTreeSet;

use serde::{Deserialize, Deserializer};

use super::{Choice, Condition, Control, Fingerprint, Part, Rule, Split, SplitError, VERSION, words};

/// A split as it is written; field by field the same as [`Split`], but not yet known to be valid.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Written {
    /// Checked as soon as it is read: it is written first, and a later form should be refused as what it is and not for
    /// its first field that is new.
    #[serde(deserialize_with = "known_version")]
    version: u32,
    name: String,
    about: String,
    columns: Vec<String>,
    control: Option<Control>,
    source: Option<String>,
    rule: Rule,
    seed: Option<u64>,
    validation: Vec<Condition>,
    test: Vec<Condition>,
    fingerprint: Option<Fingerprint>,
}

fn known_version<'de, D: Deserializer<'de>>(input: D) -> Result<u32, D::Error> {
    let found = u32::deserialize(input)?;
    check_version(found).map_err(serde::de::Error::custom)?;
    Ok(found)
}

fn check_version(found: u32) -> Result<(), SplitError> {
    if found == VERSION { Ok(()) } else { Err(SplitError::Version { found }) }
}

impl TryFrom<Written> for Split {
    type Error = SplitError;

    fn try_from(written: Written) -> Result<Self, SplitError> {
        let Written { version, name, about, columns, control, source, rule, seed, validation, test, fingerprint } =
            written;
        let split = Self { version, name, about, columns, control, source, rule, seed, validation, test, fingerprint };
        split.validate()?;
        Ok(split)
    }
}

impl Split {
    /// Checks what must hold whatever the cells are: conditions name listed columns and a value, no cell can be of both
    /// the validation and the test part, the control is not held out where it is kept, and what was drawn has a seed.
    ///
    /// # Errors
    /// A sentence with the first thing that does not hold.
    pub fn validate(&self) -> Result<(), SplitError> {
        check_version(self.version)?;
        for (what, text) in [("name", &self.name), ("sentence `about`", &self.about)] {
            if text.trim().is_empty() {
                return Err(SplitError::Nothing { what });
            }
        }
        if self.source.as_ref().is_some_and(String::is_empty) {
            return Err(SplitError::Nothing { what: "name in `source`" });
        }
        self.check_columns()?;
        for part in [Part::Validation, Part::Test] {
            self.check_list(part)?;
        }
        self.check_apart()?;
        self.check_seed()?;
        self.fingerprint.as_ref().map_or(Ok(()), |own| own.belongs_to(self))
    }

    /// Columns stand once, and the control's is among them.
    fn check_columns(&self) -> Result<(), SplitError> {
        let mut seen = BTreeSet::new();
        if let Some(twice) = self.columns.iter().find(|column| !seen.insert(column.as_str())) {
            return Err(SplitError::Column { column: twice.clone(), place: "the list".to_owned() });
        }
        let Some(control) = &self.control else { return Ok(()) };
        if control.value.is_empty() {
            return Err(SplitError::Nothing { what: "value of the control" });
        }
        if !seen.contains(control.column.as_str()) {
            return Err(SplitError::Column { column: control.column.clone(), place: "the control".to_owned() });
        }
        Ok(())
    }

    /// Conditions of a part, each by itself.
    fn check_list(&self, part: Part) -> Result<(), SplitError> {
        let mut seen = BTreeSet::new();
        for (place, condition) in self.conditions(part).iter().enumerate() {
            let empty = |what| SplitError::EmptyCondition { part, number: place + 1, what };
            if condition.is_empty() {
                return Err(empty("names no column and so every cell"));
            }
            for (column, value) in condition {
                if value.is_empty() {
                    return Err(empty("names a column without a value"));
                }
                if !self.columns.contains(column) {
                    let place = format!("{} ({part} part)", words(condition));
                    return Err(SplitError::Column { column: column.clone(), place });
                }
            }
            if let Some(control) = self.control.as_ref().filter(|own| own.kept)
                && condition.get(&control.column) == Some(&control.value)
            {
                let what = format!("{} ({part} part)", words(condition));
                return Err(SplitError::ControlHeldOut { what, control: control.value.clone() });
            }
            if !seen.insert(condition) {
                return Err(SplitError::Twice { part, what: words(condition) });
            }
        }
        Ok(())
    }

    /// No cell can belong to a condition of both parts.
    fn check_apart(&self) -> Result<(), SplitError> {
        for validation in &self.validation {
            let meets = |test: &&Condition| {
                validation.iter().all(|(column, value)| test.get(column).is_none_or(|other| other == value))
            };
            if let Some(test) = self.test.iter().find(meets) {
                return Err(SplitError::Both { validation: words(validation), test: words(test) });
            }
        }
        Ok(())
    }

    /// What was drawn can be drawn again.
    fn check_seed(&self) -> Result<(), SplitError> {
        let is_share = |choice: &Choice| matches!(choice, Choice::Share(_));
        let drawn = match &self.rule {
            Rule::Given => false,
            Rule::Parse { .. } => true,
            Rule::HeldOutPerturbation { validation, test } | Rule::HeldOutContext { validation, test, .. } => {
                is_share(validation) || is_share(test)
            }
        };
        if drawn && self.seed.is_none() { Err(SplitError::NoSeed) } else { Ok(()) }
    }
}
