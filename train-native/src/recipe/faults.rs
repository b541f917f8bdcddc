//! Everything that is wrong with a recipe, at once.
//!
//! Does: looks at every setting of every part by itself (is it there, is it known, is it of the right kind), and at those
//! that must fit each other; gives a sentence for each fault.
//! Does not know: cells (`data::faults`).
//! Flow: TOML → **sentences**, and the recipe where there is none.

use std::collections::BTreeMap;

use anyhow::{Result, bail};
use model::card::Kind;
use serde::de::DeserializeOwned;
use toml::{Table, Value};

use super::{CardText, ConditionRecipe, PARTS, Recipe, Sizes, TrainingRecipe};
use crate::{limits, presets};

/// Parts of a recipe.
const PARTS_OF_RECIPE: [&str; 6] = ["card", "conditions", "hold_out", "split", "model", "training"];

/// A list of faults as one sentence, or as lines where there are several.
pub fn refused(faults: &[String]) -> Result<()> {
    match faults {
        [] => Ok(()),
        [one] => bail!("{one}"),
        several => bail!("{} things are wrong with it:\n- {}", several.len(), several.join("\n- ")),
    }
}

/// A recipe from its table, with every preset filled in.
///
/// # Errors
/// When a setting is missing, not known, of another kind or does not fit the others; all of them are named.
pub(super) fn typed(table: Table) -> Result<Recipe> {
    let mut faults = Vec::new();
    let unknown = table.keys().filter(|key| !PARTS_OF_RECIPE.contains(&key.as_str()));
    faults.extend(unknown.map(|key| format!("a recipe has no part `{key}`; it has {}", PARTS_OF_RECIPE.join(", "))));
    let mut mended = table.clone();
    mended.retain(|key, _| PARTS_OF_RECIPE.contains(&key));
    let preset = presets::table("page")?;
    let sizes = |part: &str| preset.get(part).and_then(Value::as_table).cloned().unwrap_or_default();
    let card = part::<CardText>("[card]", table.get("card"), &card_template(), &mut faults);
    let before = faults.len();
    let model = part::<Sizes>("[model]", table.get("model"), &sizes("model"), &mut faults);
    let training = part::<TrainingRecipe>("[training]", table.get("training"), &sizes("training"), &mut faults);
    let numbers_stand = faults.len() == before;
    for (key, own) in [("card", card), ("model", model), ("training", training)] {
        mended.insert(key.to_owned(), Value::Table(own));
    }
    let conditions =
        list("conditions", table.get("conditions"), &mut faults).into_iter().enumerate().map(|(at, own)| {
            let name = own.get("key").and_then(Value::as_str).map_or_else(|| (at + 1).to_string(), str::to_owned);
            let own = Value::Table(own);
            Value::Table(part::<ConditionRecipe>(
                &format!("[[conditions]] {name}"),
                Some(&own),
                &condition_template(),
                &mut faults,
            ))
        });
    let conditions: Vec<Value> = conditions.collect();
    mended.insert("conditions".to_owned(), Value::Array(conditions));
    let groups = groups(table.get("hold_out"), &mut faults);
    mended.insert("hold_out".to_owned(), Value::Array(groups));
    match Value::Table(mended).try_into::<Recipe>() {
        Ok(recipe) => {
            faults.extend(recipe.faults(numbers_stand));
            refused(&faults)?;
            Ok(recipe)
        }
        Err(error) => {
            faults.push(error.to_string().trim().to_owned());
            refused(&faults)?;
            Err(error.into())
        }
    }
}

/// What a card cannot be without.
fn card_template() -> Table {
    let text = |key: &str| (key.to_owned(), Value::String("text".to_owned()));
    let lists = ["markers", "not_for", "data"].map(|key| (key.to_owned(), Value::Array(Vec::new())));
    let numbers = [("guidance".to_owned(), Value::Float(0.0)), ("steps".to_owned(), Value::Integer(4))];
    ["name", "title", "description"].map(text).into_iter().chain(lists).chain(numbers).collect()
}

/// What a condition cannot be without.
fn condition_template() -> Table {
    let text = |key: &str, value: &str| (key.to_owned(), Value::String(value.to_owned()));
    [text("key", "key"), text("title", "title"), text("kind", "identity")].into_iter().collect()
}

/// Faults of one part; gives it back with what is wrong left out and what is missing filled in, so that the rest can be
/// looked at.
fn part<T: DeserializeOwned>(name: &str, own: Option<&Value>, template: &Table, faults: &mut Vec<String>) -> Table {
    let reads = |table: Table| Value::Table(table).try_into::<T>().map(drop);
    let empty = Table::new();
    let own = match own {
        None => &empty,
        Some(Value::Table(own)) => own,
        Some(_) => {
            faults.push(format!("{name} must be a table of settings"));
            return template.clone();
        }
    };
    let is_needed = |key: &&String| {
        let without: Table =
            template.iter().filter(|(own, _)| own != key).map(|(k, v)| (k.clone(), v.clone())).collect();
        !own.contains_key(*key) && reads(without).is_err()
    };
    let missing: Vec<&str> = template.keys().filter(is_needed).map(String::as_str).collect();
    if !missing.is_empty() {
        faults.push(format!("{name} lacks {}", missing.join(", ")));
    }
    let mut mended = Table::new();
    for (key, value) in own {
        let mut alone = template.clone();
        alone.insert(key.clone(), value.clone());
        match reads(alone) {
            Ok(()) => drop(mended.insert(key.clone(), value.clone())),
            Err(error) if error.to_string().contains(&format!("unknown field `{key}`")) => {
                faults.push(format!("{name} has no setting `{key}`"));
            }
            Err(error) => {
                let words: Vec<&str> = error.message().lines().collect();
                faults.push(format!("{name} {key} = {value}: {}", words.join(" ")));
            }
        }
    }
    for (key, value) in template {
        mended.entry(key.clone()).or_insert_with(|| value.clone());
    }
    mended
}

/// Tables of a list of tables.
fn list(name: &str, own: Option<&Value>, faults: &mut Vec<String>) -> Vec<Table> {
    let Some(own) = own else { return Vec::new() };
    let tables = own.as_array().and_then(|own| own.iter().map(|own| own.as_table().cloned()).collect());
    tables.unwrap_or_else(|| {
        faults.push(format!("{name} must be tables, each under [[{name}]]"));
        Vec::new()
    })
}

/// Held-out groups; values must be texts.
fn groups(own: Option<&Value>, faults: &mut Vec<String>) -> Vec<Value> {
    let mut groups = Vec::new();
    for (place, group) in list("hold_out", own, faults).into_iter().enumerate() {
        let mut kept = Table::new();
        for (key, value) in group {
            match value {
                Value::String(_) => drop(kept.insert(key, value)),
                other => {
                    let place = place + 1;
                    faults.push(format!("[[hold_out]] {place}: write {key} = \"{other}\", a value in quotes"));
                }
            }
        }
        if !kept.is_empty() {
            groups.push(Value::Table(kept));
        }
    }
    groups
}

impl Recipe {
    /// Settings that do not fit each other; those of [model] and [training] only where both parts are whole.
    pub(super) fn faults(&self, numbers_stand: bool) -> Vec<String> {
        let mut faults = self.card_faults();
        self.conditions.iter().for_each(|own| faults.extend(condition_faults(own)));
        let mut keys: BTreeMap<&str, usize> = BTreeMap::new();
        self.conditions.iter().for_each(|own| *keys.entry(&own.key).or_default() += 1);
        let twice = keys.into_iter().filter(|(_, count)| *count > 1);
        faults.extend(
            twice.map(|(key, count)| format!("{count} conditions are called {key}; each needs a key of its own")),
        );
        if numbers_stand {
            faults.extend(limits::faults(self));
            faults.extend(self.training_faults());
        }
        faults
    }

    /// Faults of card, conditions as a whole, and held-out groups.
    fn card_faults(&self) -> Vec<String> {
        let mut faults = Vec::new();
        let mut need = |holds: bool, sentence: &str| {
            if !holds {
                faults.push(sentence.to_owned());
            }
        };
        need(
            self.card.name.chars().all(|c| c.is_ascii_alphanumeric() || "-_.".contains(c)),
            "card.name is a folder name: letters, digits, - _ .",
        );
        need(!self.conditions.is_empty(), "a recipe needs at least one condition");
        need(
            self.split.is_none() || self.hold_out.is_empty(),
            "the recipe names a split and [[hold_out]] groups; give one of the two",
        );
        faults
    }

    /// Faults of [model] and [training].
    fn training_faults(&self) -> Vec<String> {
        let (training, sizes) = (&self.training, &self.model);
        let mut faults = Vec::new();
        let mut need = |holds: bool, sentence: String| {
            if !holds {
                faults.push(sentence);
            }
        };
        need(!training.ema.is_empty(), "training.ema needs at least one width".to_owned());
        need(
            training.ema.iter().all(|width| (0.001..0.28).contains(width)),
            "a width in training.ema must be from 0.001 to 0.28; wider than that a power-function average does not get"
                .to_owned(),
        );
        let (batch, parts) = (training.batch, training.accumulate);
        need(
            parts > 0 && batch.is_multiple_of(parts),
            format!("training.batch is {batch}; it must be a multiple of training.accumulate, {parts}"),
        );
        for part in &training.without {
            let known = PARTS.map(|(name, ..)| name);
            let sentence = format!("training.without names {part:?}; there is {}", known.join(", "));
            need(known.contains(&part.as_str()), sentence);
        }
        if let Some(share) = &training.control_share {
            let sentence = "training.control_share.most must be above 0 and below 1";
            need(share.most > 0.0 && share.most < 1.0, sentence.to_owned());
        }
        let sentence = "training.steps and training.batch must be at least 1";
        need(training.steps > 0 && training.batch > 0, sentence.to_owned());
        let (slots, group) = (training.slots, sizes.group_size);
        need((1..=group).contains(&slots), format!("training.slots is {slots}, but there are {group} slots per group"));
        faults
    }
}

/// Faults of one condition.
fn condition_faults(condition: &ConditionRecipe) -> Vec<String> {
    let key = &condition.key;
    let rules = [
        ((0.0..1.0).contains(&condition.drop), format!("the drop of {key} must be from 0 to below 1")),
        (
            (condition.kind == Kind::Perturbation) == condition.control.is_some(),
            format!("a perturbation needs a control value, and only a perturbation has one; look at {key}"),
        ),
        (
            (condition.kind == Kind::Depth) == (condition.bins > 0),
            format!("depth, and only depth, needs bins; look at {key}"),
        ),
        (
            condition.kind == Kind::Depth || condition.sizes.is_none(),
            format!("only depth takes its sizes from a label; look at {key}"),
        ),
    ];
    rules.into_iter().filter(|(holds, _)| !holds).map(|(_, sentence)| sentence).collect()
}

#[cfg(test)]
mod tests {
    // A test fails by panicking; that is what `unwrap` is for here.
    #![allow(clippy::unwrap_used)]
    use std::path::Path;

    use super::super::Recipe;

    #[test]
    fn all_faults_are_said_at_once() {
        let text = r#"
            preset = "page"
            notes = "none"
            [card]
            name = "a b"
            title = "T"
            steps = "four"
            [[conditions]]
            key = "condition"
            title = "Condition"
            kind = "perturbation"
            [[conditions]]
            key = "depth"
            title = "Depth"
            kind = "depth"
            bin = 8
            [[hold_out]]
            donor = 101
            [training]
            slots = 99
            accumulate = 3
        "#;
        let error = format!("{:#}", Recipe::parse(text, Path::new(".")).unwrap_err());
        for part in [
            "no part `notes`",
            "[card] lacks data, description, guidance, markers, not_for",
            "[card] steps",
            "card.name is a folder name",
            "needs a control value",
            "[[conditions]] depth has no setting `bin`",
            "depth, and only depth, needs bins",
            "donor = \"101\"",
            "training.slots is 99",
            "multiple of training.accumulate, 3",
        ] {
            assert!(error.contains(part), "{part} is not in {error}");
        }
    }

    #[test]
    fn the_recipes_here_have_no_fault() {
        for entry in std::fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("recipes")).unwrap() {
            let path = entry.unwrap().path();
            let beside = path.extension().is_some_and(|end| end == "toml");
            // The split of the PARSE data is made where the data are.
            if beside && path.file_stem().is_some_and(|own| own != "parse-10m") {
                Recipe::read(&path).unwrap();
            }
        }
    }
}
