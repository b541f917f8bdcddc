//! The paper's split of donors and cytokines (PAPER.md section 9).
//!
//! Does: divides donors into training, validation and test; keeps a share of the cytokines of validation and test
//! donors in training and holds the others out; keeps the control of every donor in training.
//! Does not know: which donors and cytokines the paper took; it does not say, so they are drawn or given.
//! Flow: label columns + shape + seed → **split**.
//!
//! The model has then seen every donor, by its control and some of its cytokines, and every cytokine, in other donors;
//! it is asked for combinations that it has not seen.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::groups::Groups;
use super::make::{finish, number, require, shuffled, with_control};
use super::{Condition, Control, Part, Rule, Split, SplitError, VERSION};
use crate::column::Column;

/// Whether the donors of a part share their held-out cytokines; the paper does not say.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Draw {
    /// One draw for all donors of a part.
    #[default]
    Shared,
    /// Each donor its own.
    PerDonor,
}

/// Numbers and shares of the split; the default is the paper's, for 12 donors and 90 cytokines.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ParseShape {
    /// Donors whose cells all train.
    pub training_donors: usize,
    /// Donors of the validation part.
    pub validation_donors: usize,
    /// Donors of the test part.
    pub test_donors: usize,
    /// Share of the cytokines of a validation donor that train.
    pub validation_kept: f64,
    /// Share of the cytokines of a test donor that train.
    pub test_kept: f64,
    /// Donors of the test part by name, such as a published choice; drawn when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub named_test_donors: Option<Vec<String>>,
    /// How cytokines are drawn.
    #[serde(default)]
    pub draw: Draw,
}

impl Default for ParseShape {
    fn default() -> Self {
        Self {
            training_donors: 6,
            validation_donors: 2,
            test_donors: 4,
            // 63 and 27 of 90.
            validation_kept: 0.7,
            test_kept: 0.3,
            named_test_donors: None,
            draw: Draw::Shared,
        }
    }
}

/// The paper's split. `donor` is the obs column of donors, `control` names the column of cytokines and the control,
/// whose cells train in every donor.
///
/// What is drawn hangs on the seed and on the names that occur, not on the order of cells. A donor that lacks some
/// cytokines keeps its share of those that it has.
///
/// # Errors
/// When a column or a named donor is not known, donors are not as many as the shape divides, a held-out donor has no
/// control cells, or a part would be empty.
pub fn parse(
    labels: &BTreeMap<String, Column>,
    donor: &str,
    control: &Control,
    shape: &ParseShape,
    seed: u64,
) -> Result<Split, SplitError> {
    let cytokine = control.column.as_str();
    if donor == cytokine || !control.kept {
        let what = format!("the split of donors (`{donor}`) and perturbations (`{cytokine}`)");
        return Err(SplitError::ControlHeldOut { what, control: control.value.clone() });
    }
    let columns = vec![donor.to_owned(), cytokine.to_owned()];
    let groups = Groups::of(labels, &columns)?;
    require(&groups.distinct(cytokine), control)?;
    let (watching, testing) = divide(donor, &groups.distinct(donor), shape, seed)?;
    with_control(&groups, donor, control, watching.iter().chain(&testing))?;
    let measured = measured(&groups, donor, control);
    let hold_out = |part: Part, own: &[String], kept: f64| -> Result<Vec<Condition>, SplitError> {
        let mut conditions = Vec::new();
        for name in own {
            for value in drawn(&measured, name, part, kept, shape.draw, seed)? {
                let pairs = [(donor.to_owned(), name.clone()), (cytokine.to_owned(), value)];
                conditions.push(Condition::from(pairs));
            }
        }
        if conditions.is_empty() && !own.is_empty() {
            let why = format!("a share of {kept} of the values of {cytokine} trains, which is all of them; keep fewer");
            return Err(SplitError::EmptyPart { part, why });
        }
        Ok(conditions)
    };
    let validation = hold_out(Part::Validation, &watching, shape.validation_kept)?;
    let test = hold_out(Part::Test, &testing, shape.test_kept)?;
    let split = Split {
        version: VERSION,
        name: "parse".to_owned(),
        about: about(cytokine, control, shape, &watching, &testing),
        columns,
        control: Some(control.clone()),
        source: None,
        rule: Rule::Parse { donor: donor.to_owned(), shape: shape.clone() },
        seed: Some(seed),
        validation,
        test,
        fingerprint: None,
    };
    finish(split, labels)
}

/// Donors of the validation and of the test part, each sorted.
fn divide(
    column: &str,
    donors: &BTreeSet<String>,
    shape: &ParseShape,
    seed: u64,
) -> Result<(Vec<String>, Vec<String>), SplitError> {
    let (training, validation, test) = (shape.training_donors, shape.validation_donors, shape.test_donors);
    if donors.len() != training.saturating_add(validation).saturating_add(test) {
        return Err(SplitError::Donors { column: column.to_owned(), found: donors.len(), training, validation, test });
    }
    let all: Vec<&String> = donors.iter().collect();
    let mut order = shuffled(&all, seed, "donors");
    let mut testing: Vec<String> = match &shape.named_test_donors {
        None => order.drain(..test).cloned().collect(),
        Some(named) => {
            if named.len() != test {
                return Err(SplitError::NamedDonors { named: named.len(), wanted: test });
            }
            for (place, name) in named.iter().enumerate() {
                if !donors.contains(name) {
                    return Err(SplitError::unknown(column, name, donors.iter().map(String::as_str)));
                }
                if named[..place].contains(name) {
                    return Err(SplitError::Twice { part: Part::Test, what: format!("{column} = {name}") });
                }
            }
            order.retain(|donor| !named.contains(donor));
            named.clone()
        }
    };
    let mut watching: Vec<String> = order.into_iter().take(validation).cloned().collect();
    watching.sort();
    testing.sort();
    Ok((watching, testing))
}

/// Cytokines that each donor has, the control left out.
fn measured(groups: &Groups<'_>, donor: &str, control: &Control) -> BTreeMap<String, BTreeSet<String>> {
    let mut measured: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for group in 0..groups.len() {
        let (Some(donor), Some(value)) = (groups.value(group, donor), groups.value(group, &control.column)) else {
            continue;
        };
        if value != control.value {
            measured.entry(donor.to_owned()).or_default().insert(value.to_owned());
        }
    }
    measured
}

/// Held-out cytokines of a donor, sorted.
fn drawn(
    measured: &BTreeMap<String, BTreeSet<String>>,
    donor: &str,
    part: Part,
    kept: f64,
    draw: Draw,
    seed: u64,
) -> Result<Vec<String>, SplitError> {
    // The order is drawn over all cytokines, so that donors that lack one still share the rest.
    let all: BTreeSet<&String> = measured.values().flatten().collect();
    let all: Vec<&String> = all.into_iter().collect();
    let purpose = match draw {
        Draw::Shared => format!("{part}: cytokines"),
        Draw::PerDonor => format!("{part}: cytokines of {donor}"),
    };
    let own = measured.get(donor);
    let order = shuffled(&all, seed, &purpose).into_iter().filter(|value| own.is_some_and(|own| own.contains(*value)));
    let training =
        number(kept, own.map_or(0, BTreeSet::len), &format!("the share that {part} donors keep in training"))?;
    let mut held_out: Vec<String> = order.skip(training).cloned().collect();
    held_out.sort();
    Ok(held_out)
}

/// What the split is, in a sentence.
fn about(cytokine: &str, control: &Control, shape: &ParseShape, watching: &[String], testing: &[String]) -> String {
    let of = |part: &str, donors: &[String], kept: f64| {
        let percent = 100.0 * kept;
        format!("{part}: donors {}, with {percent:.0} % of the values of {cytokine} in training", donors.join(", "))
    };
    let mut parts = Vec::new();
    if !watching.is_empty() {
        parts.push(of("validation", watching, shape.validation_kept));
    }
    parts.push(of("test", testing, shape.test_kept));
    let draw = match shape.draw {
        Draw::Shared => "the same for every donor of a part",
        Draw::PerDonor => "other ones for every donor",
    };
    format!(
        "Combinations of donor and {cytokine} are held out ({}; {draw}); {} of every donor trains.",
        parts.join("; "),
        control.value
    )
}
