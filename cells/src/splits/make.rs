//! Splits by rules: given lists, held-out perturbations, held-out contexts.
//!
//! Does: draws what is held out from a seed, the same whatever the order of cells; refuses by name what cannot be.
//! Does not know: the paper's split of donors and cytokines (`parse`), counts.
//! Flow: label columns + rule + seed → **split**.

use std::collections::{BTreeMap, BTreeSet};

use super::digest::Digest;
use super::groups::{Groups, distinct};
use super::{Choice, Condition, Control, Part, Rule, Split, SplitError, VERSION, words};
use crate::baselines::split_halves;
use crate::column::Column;

/// Label columns by name, as `Cells` has them.
type Labels = BTreeMap<String, Column>;

/// A split with these lists, taken from elsewhere or written by hand (a recipe's held-out groups, say).
///
/// # Errors
/// When a column or value is not known, the lists contradict each other or would hold a kept control out, or a part has
/// conditions and no cells.
pub fn given(
    labels: &Labels,
    name: &str,
    about: &str,
    control: Option<Control>,
    validation: Vec<Condition>,
    test: Vec<Condition>,
) -> Result<Split, SplitError> {
    let named = validation.iter().chain(&test).flat_map(BTreeMap::keys).chain(control.iter().map(|own| &own.column));
    let columns: BTreeSet<String> = named.cloned().collect();
    let mut known = BTreeMap::new();
    for column in &columns {
        known.insert(column.as_str(), distinct(labels, column)?);
    }
    let controls = control.iter().map(|own| (&own.column, &own.value));
    for (column, value) in validation.iter().chain(&test).flatten().chain(controls) {
        // An empty value is refused below, with the place in the list.
        if !value.is_empty() && known.get(column.as_str()).is_some_and(|values| !values.contains(value)) {
            let names = known.get(column.as_str()).into_iter().flatten();
            return Err(SplitError::unknown(column, value, names.map(String::as_str)));
        }
    }
    let split = Split {
        version: VERSION,
        name: name.to_owned(),
        about: about.to_owned(),
        columns: columns.into_iter().collect(),
        control,
        source: None,
        rule: Rule::Given,
        seed: None,
        validation,
        test,
        fingerprint: None,
    };
    let split = finish(split, labels)?;
    each_holds(&split, labels)?;
    Ok(split)
}

/// Refuses a split one of whose conditions holds no cell out: a misspelt group would train.
fn each_holds(split: &Split, labels: &Labels) -> Result<(), SplitError> {
    let groups = Groups::of(labels, &split.columns)?;
    for part in [Part::Validation, Part::Test] {
        let empty = |own: &&Condition| !(0..groups.len()).any(|group| groups.is_in(group, own));
        if let Some(condition) = split.conditions(part).iter().find(empty) {
            let why = format!("no cell is of {}; look at which combinations were measured", words(condition));
            return Err(SplitError::EmptyPart { part, why });
        }
    }
    Ok(())
}

/// A split that holds perturbations out in every context. Control cells all train.
///
/// Shares are of all perturbations but the control. What is drawn hangs on the seed and on the names that occur.
///
/// # Errors
/// When a column or name is not known, the control is named, or nothing is left for training or test.
pub fn held_out_perturbations(
    labels: &Labels,
    control: &Control,
    validation: &Choice,
    test: &Choice,
    seed: u64,
) -> Result<Split, SplitError> {
    let mut values = distinct(labels, &control.column)?;
    require(&values, control)?;
    for choice in [validation, test] {
        if let Choice::Values(list) = choice
            && list.contains(&control.value)
        {
            let what = format!("{} = {}", control.column, control.value);
            return Err(SplitError::ControlHeldOut { what, control: control.value.clone() });
        }
    }
    values.remove(&control.value);
    let (watching, testing) = choose(&control.column, &values, validation, test, seed)?;
    let about = format!(
        "{} of {} values of {} are held out of training in every context ({} validation, {} test); the control {} trains.",
        watching.len() + testing.len(),
        values.len(),
        control.column,
        watching.len(),
        testing.len(),
        control.value
    );
    let split = Split {
        version: VERSION,
        name: "held-out perturbations".to_owned(),
        about,
        columns: vec![control.column.clone()],
        control: Some(Control { kept: true, ..control.clone() }),
        source: None,
        rule: Rule::HeldOutPerturbation { validation: validation.clone(), test: test.clone() },
        seed: seed_of(&[validation, test], seed),
        validation: each(&control.column, &watching),
        test: each(&control.column, &testing),
        fingerprint: None,
    };
    finish(split, labels)
}

/// A split that holds donors, lines or cell types (the values of `column`) out entirely, with their control cells or,
/// where `control.kept`, without.
///
/// # Errors
/// When a column or value is not known, the column is the control's own, a held-out context has no cell of a kept
/// control, or nothing is left for training or test.
pub fn held_out_contexts(
    labels: &Labels,
    column: &str,
    control: Option<&Control>,
    validation: &Choice,
    test: &Choice,
    seed: u64,
) -> Result<Split, SplitError> {
    let values = distinct(labels, column)?;
    if let Some(control) = control {
        if control.column == column {
            let what = format!("a context in the column of perturbations, `{column}`,");
            return Err(SplitError::ControlHeldOut { what, control: control.value.clone() });
        }
        require(&distinct(labels, &control.column)?, control)?;
    }
    let (watching, testing) = choose(column, &values, validation, test, seed)?;
    let kept = control.filter(|own| own.kept);
    let controls = match (control, kept) {
        (None, _) => String::new(),
        (Some(own), None) => format!(", their control {} too", own.value),
        (_, Some(own)) => format!("; the control {} of each trains", own.value),
    };
    let about = format!(
        "{} of {} values of {column} are held out of training ({} validation, {} test){controls}.",
        watching.len() + testing.len(),
        values.len(),
        watching.len(),
        testing.len()
    );
    let mut columns = vec![column.to_owned()];
    columns.extend(control.map(|own| own.column.clone()));
    if let Some(control) = kept {
        with_control(&Groups::of(labels, &columns)?, column, control, watching.iter().chain(&testing))?;
    }
    let split = Split {
        version: VERSION,
        name: format!("held-out {column}"),
        about,
        columns,
        control: control.cloned(),
        source: None,
        rule: Rule::HeldOutContext { column: column.to_owned(), validation: validation.clone(), test: test.clone() },
        seed: seed_of(&[validation, test], seed),
        validation: each(column, &watching),
        test: each(column, &testing),
        fingerprint: None,
    };
    finish(split, labels)
}

/// Refuses a control that no cell has.
pub(super) fn require(values: &BTreeSet<String>, control: &Control) -> Result<(), SplitError> {
    if values.contains(&control.value) {
        return Ok(());
    }
    Err(SplitError::unknown(&control.column, &control.value, values.iter().map(String::as_str)))
}

/// Refuses values of `context` that have no control cells.
pub(super) fn with_control<'a>(
    groups: &Groups<'_>,
    context: &str,
    control: &Control,
    values: impl Iterator<Item = &'a String>,
) -> Result<(), SplitError> {
    let have: BTreeSet<&str> = (0..groups.len())
        .filter(|group| groups.value(*group, &control.column) == Some(&control.value))
        .filter_map(|group| groups.value(group, context))
        .collect();
    for value in values {
        if !have.contains(value.as_str()) {
            let (column, value, control) = (context.to_owned(), value.clone(), control.value.clone());
            return Err(SplitError::NoControl { column, value, control });
        }
    }
    Ok(())
}

/// One condition per value.
fn each(column: &str, values: &[String]) -> Vec<Condition> {
    values.iter().map(|value| Condition::from([(column.to_owned(), value.clone())])).collect()
}

/// The seed, if anything is drawn.
fn seed_of(choices: &[&Choice], seed: u64) -> Option<u64> {
    choices.iter().any(|choice| matches!(choice, Choice::Share(_))).then_some(seed)
}

/// Values of the validation and of the test part, each sorted. Named values leave the pool before anything is drawn;
/// then the test part draws, then validation.
fn choose(
    column: &str,
    values: &BTreeSet<String>,
    validation: &Choice,
    test: &Choice,
    seed: u64,
) -> Result<(Vec<String>, Vec<String>), SplitError> {
    let mut pool: BTreeSet<&String> = values.iter().collect();
    for (part, choice) in [(Part::Test, test), (Part::Validation, validation)] {
        let Choice::Values(list) = choice else { continue };
        for (place, value) in list.iter().enumerate() {
            if !values.contains(value) {
                return Err(SplitError::unknown(column, value, values.iter().map(String::as_str)));
            }
            if list[..place].contains(value) {
                return Err(SplitError::Twice { part, what: format!("{column} = {value}") });
            }
            // One that both parts name is refused by the check of the whole split.
            pool.remove(value);
        }
    }
    let pool: Vec<&String> = pool.into_iter().collect();
    let mut order = shuffled(&pool, seed, column).into_iter();
    let mut take = |part: Part, choice: &Choice| -> Result<Vec<String>, SplitError> {
        let mut own = match choice {
            Choice::Values(list) => list.clone(),
            Choice::Share(share) => {
                let wanted = number(*share, values.len(), &format!("the {part} share of {column}"))?;
                if wanted == 0 && *share > 0.0 {
                    let why = format!("a share of {share} of {} values of {column} is none; take more", values.len());
                    return Err(SplitError::EmptyPart { part, why });
                }
                order.by_ref().take(wanted).cloned().collect()
            }
        };
        own.sort();
        Ok(own)
    };
    let (testing, watching) = (take(Part::Test, test)?, take(Part::Validation, validation)?);
    if order.next().is_none() {
        let why = format!("all {} values of {column} are held out; leave some in", values.len());
        return Err(SplitError::EmptyPart { part: Part::Training, why });
    }
    Ok((watching, testing))
}

/// A share of a number of things, rounded.
pub(super) fn number(share: f64, of: usize, what: &str) -> Result<usize, SplitError> {
    if !(0.0..=1.0).contains(&share) {
        return Err(SplitError::Share { what: what.to_owned(), share });
    }
    Ok((share * of as f64).round() as usize)
}

/// The items in random order; each purpose of a seed has its own draw.
pub(super) fn shuffled<'a>(items: &[&'a String], seed: u64, purpose: &str) -> Vec<&'a String> {
    let places: Vec<usize> = (0..items.len()).collect();
    // Two random halves, one after the other, are a random order.
    let (first, second) = split_halves(&places, Digest::new().number(seed).text(purpose).value());
    first.into_iter().chain(second).map(|place| items[place]).collect()
}

/// Checks a new split by itself and on the cells that it was made on.
pub(super) fn finish(split: Split, labels: &Labels) -> Result<Split, SplitError> {
    split.validate()?;
    let parts = split.apply_labels(labels)?;
    if parts.training.is_empty() {
        let why = "every cell is held out; leave some in".to_owned();
        return Err(SplitError::EmptyPart { part: Part::Training, why });
    }
    if split.test.is_empty() {
        let why = "nothing is held out for it; name or draw at least one condition".to_owned();
        return Err(SplitError::EmptyPart { part: Part::Test, why });
    }
    for (part, own) in [(Part::Validation, &parts.validation), (Part::Test, &parts.test)] {
        if own.is_empty() && !split.conditions(part).is_empty() {
            let why = "no cell belongs to any of its conditions; look at which combinations were measured".to_owned();
            return Err(SplitError::EmptyPart { part, why });
        }
    }
    Ok(split)
}
