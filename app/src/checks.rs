//! What stands in the way of a run: values and genes that the model does not have, numbers out of range.
//!
//! Does: lists them as sentences, each with what it is about, so that it can be shown where it was typed and left out on
//! request. Nothing is replaced in silence, and nothing is made of such choices.
//! Does not know: how they are shown, the sampler.
//! Flow: card + state + ceilings → **problems** → controls, Generate.

use crate::bundles::grouped;
use crate::choices::MOST_TOGETHER;
use crate::protocol::card::{Card, Condition};
use crate::state::{CELLS, REPLICATES, STEPS, State, Which};

/// What a problem is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum About {
    /// A value of a condition, or a condition itself, that the model does not have.
    Value {
        /// Scenario.
        which: Which,
        /// Condition's key.
        key: String,
        /// Value.
        value: String,
    },
    /// Too many perturbations at once.
    Together(Which),
    /// A held gene.
    Held {
        /// Scenario.
        which: Which,
        /// Gene.
        gene: String,
    },
    /// A number, by its key in the address.
    Number(&'static str),
}

/// One of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// What it is about.
    pub about: About,
    /// In a sentence.
    pub words: String,
}

/// A number between limits, or a sentence.
///
/// # Errors
/// When it is none, or out of range.
pub fn number(what: &str, typed: &str, least: u32, most: u32) -> Result<u32, String> {
    let range = || format!("{what}: a whole number from {} to {}", grouped(least.into()), grouped(most.into()));
    let typed = typed.trim();
    match typed.replace(',', "").parse::<u32>() {
        Ok(number) if (least..=most).contains(&number) => Ok(number),
        _ if typed.is_empty() => Err(format!("{}.", range())),
        _ => Err(format!("{}; {typed} was not taken.", range())),
    }
}

/// A guidance scale within a model's range, or a sentence.
///
/// # Errors
/// When it is none, or out of range.
pub fn guidance(typed: &str, limit: f32) -> Result<f32, String> {
    let typed = typed.trim();
    match typed.parse::<f32>() {
        Ok(number) if (0.0..=limit).contains(&number) => Ok(number),
        _ => Err(format!(
            "Guidance scale: a number from 0 to {limit}, the largest at which this model's cells were looked at and found plausible; {typed} was not taken."
        )),
    }
}

/// A gene held at a count that it can show, or a sentence; without a known ceiling any count is taken.
///
/// # Errors
/// When the count is above the gene's ceiling.
pub fn held(gene: &str, count: u32, ceiling: Option<u32>) -> Result<(), String> {
    match ceiling {
        Some(0) if count > 0 => Err(format!("{gene} cannot be held at {count}: no training cell ever had it.")),
        Some(ceiling) if count > ceiling => Err(format!(
            "{gene} cannot be held at {}: its ceiling is {}, a quarter above the largest count of the training cells.",
            grouped(count.into()),
            grouped(ceiling.into())
        )),
        _ => Ok(()),
    }
}

/// "donor 999 of scenario B".
fn of(which: Which, state: &State) -> &'static str {
    match (which, state.other.is_some()) {
        (_, false) => "",
        (Which::A, true) => " of scenario A",
        (Which::B, true) => " of scenario B",
    }
}

/// Values of a scenario that the model does not have.
fn values(card: &Card, state: &State, which: Which, found: &mut Vec<Problem>) {
    for (key, values) in state.with_of(which) {
        let condition = card.conditions.iter().find(|condition| condition.key == *key);
        let is_known = |value: &String| {
            condition.is_some_and(|condition: &Condition| condition.values.iter().any(|known| known.value == *value))
        };
        let name = condition.map_or_else(|| key.replace('_', " "), |condition| condition.title.to_lowercase());
        for value in values.iter().filter(|value| !is_known(value)) {
            let words = match condition {
                Some(_) => format!("This model has no {name} “{value}”{}.", of(which, state)),
                None => format!("This model has no choice called {name}; “{value}”{} was asked for.", of(which, state)),
            };
            found.push(Problem { about: About::Value { which, key: key.clone(), value: value.clone() }, words });
        }
        let known = values
            .iter()
            .filter(|value| is_known(value) && condition.is_some_and(|own| own.control.as_ref() != Some(*value)));
        let together = known.count();
        if condition.is_some_and(|own| own.kind == "perturbation") && together > MOST_TOGETHER {
            let words =
                format!("At most {MOST_TOGETHER} can act together; {together} were asked for{}.", of(which, state));
            found.push(Problem { about: About::Together(which), words });
        }
    }
}

/// Held genes of a scenario that the model does not have, or that cannot show their count.
fn genes(card: &Card, state: &State, which: Which, ceiling: &dyn Fn(usize) -> Option<u32>, found: &mut Vec<Problem>) {
    for (gene, count) in state.clamp_of(which) {
        let why = match card.genes.iter().position(|own| own == gene) {
            None => Err(format!(
                "{gene} cannot be held{}: it is not among this model's {} genes.",
                of(which, state),
                grouped(card.genes.len() as u64)
            )),
            Some(place) => held(gene, *count, ceiling(place)),
        };
        if let Err(words) = why {
            found.push(Problem { about: About::Held { which, gene: gene.clone() }, words });
        }
    }
}

/// Everything that stands in the way of a run of these choices. `ceiling` is the largest count that a gene of the panel
/// can show, once it is known.
pub fn problems(card: &Card, state: &State, ceiling: &dyn Fn(usize) -> Option<u32>) -> Vec<Problem> {
    let mut found = Vec::new();
    let scenarios = [Some(Which::A), state.other.as_ref().map(|_| Which::B)];
    for which in scenarios.into_iter().flatten() {
        values(card, state, which, &mut found);
        genes(card, state, which, ceiling, &mut found);
    }
    let numbers = [
        ("steps", "Sampling steps", state.steps, STEPS),
        ("cells", "Cells per scenario and replicate", Some(state.cells), CELLS),
        ("replicates", "Replicates", Some(state.replicates), REPLICATES),
    ];
    for (key, what, value, (least, most)) in numbers {
        let Some(value) = value else { continue };
        if let Err(words) = number(what, &value.to_string(), least, most) {
            found.push(Problem { about: About::Number(key), words });
        }
    }
    if let Some(Err(words)) = state.guidance.map(|own| guidance(&own.to_string(), card.guidance_limit)) {
        found.push(Problem { about: About::Number("guidance"), words });
    }
    found
}

/// Takes what a problem is about out of the choices.
pub fn leave_out(state: &mut State, about: &About) {
    match about {
        About::Value { which, key, value } => {
            let with = state.with_mut(*which);
            if let Some(values) = with.get_mut(key) {
                values.retain(|own| own != value);
                if values.is_empty() {
                    with.remove(key);
                }
            }
        }
        About::Together(which) => {
            let with = state.with_mut(*which);
            with.values_mut().for_each(|values| values.truncate(MOST_TOGETHER));
        }
        About::Held { which, gene } => state.clamp_mut(*which).retain(|(own, _)| own != gene),
        About::Number(key) => {
            let usual = State::default();
            match *key {
                "steps" => state.steps = None,
                "guidance" => state.guidance = None,
                "cells" => state.cells = usual.cells,
                _ => state.replicates = usual.replicates,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{About, guidance, held, leave_out, number, problems};
    use crate::protocol::card::{Card, Condition, Value};
    use crate::state::State;

    fn card() -> Card {
        let value = |value: &str| Value { value: value.into(), display: value.into(), ..Value::default() };
        let condition = |key: &str, title: &str, kind: &str, values: Vec<Value>| Condition {
            key: key.into(),
            title: title.into(),
            kind: kind.into(),
            control: (kind == "perturbation").then(|| "none".to_owned()),
            values,
            ..Condition::default()
        };
        let drugs = ["none", "A", "B", "C", "D", "E", "F"].map(value).to_vec();
        Card {
            genes: ["CD14", "NEVER"].map(str::to_owned).into(),
            guidance_limit: 3.0,
            conditions: vec![
                condition("donor", "Donor", "identity", vec![value("1"), value("2")]),
                condition("drug", "Drug", "perturbation", drugs),
            ],
            ..Card::default()
        }
    }

    fn words(query: &str) -> Vec<String> {
        let ceiling = |place: usize| Some([40, 0][place]);
        problems(&card(), &State::read(query), &ceiling).into_iter().map(|own| own.words).collect()
    }

    #[test]
    fn what_the_model_does_not_have_is_named() {
        assert!(words("with.donor=1&with.drug=A&with.drug=B&clamp=CD14:40&guidance=3").is_empty());
        assert_eq!(words("with.donor=999"), ["This model has no donor “999”."]);
        assert_eq!(
            words("with.tissue_type=lung"),
            ["This model has no choice called tissue type; “lung” was asked for."]
        );
        assert_eq!(
            words("with.donor=7&b.on=1&b.with.drug=X"),
            ["This model has no donor “7” of scenario A.", "This model has no drug “X” of scenario B."]
        );
        let six = "with.drug=A&with.drug=B&with.drug=C&with.drug=D&with.drug=E&with.drug=F";
        assert_eq!(words(six), ["At most 5 can act together; 6 were asked for."]);
    }

    #[test]
    fn a_gene_is_held_at_what_it_can_show() {
        assert_eq!(held("CD14", 40, Some(40)), Ok(()));
        assert_eq!(held("CD14", 9_999, None), Ok(()), "the worker has the last word");
        let said = words("clamp=CD14:41&clamp=NEVER:1&clamp=XIST:0").join(" ");
        for part in [
            "CD14 cannot be held at 41: its ceiling is 40",
            "NEVER cannot be held at 1",
            "XIST cannot be held: it is not among this model's 2 genes",
        ] {
            assert!(said.contains(part), "{said}");
        }
        assert!(words("clamp=NEVER:0").is_empty());
    }

    #[test]
    fn numbers_out_of_range_are_refused_in_words() {
        assert_eq!(number("Cells", " 2,000 ", 4, 2000), Ok(2000));
        assert_eq!(
            number("Cells", "99999", 4, 2000).err().as_deref(),
            Some("Cells: a whole number from 4 to 2,000; 99999 was not taken.")
        );
        assert!(number("Cells", "", 4, 2000).is_err_and(|words| words.ends_with("to 2,000.")));
        assert!(number("Cells", "3.5", 4, 2000).is_err() && number("Cells", "-4", 4, 2000).is_err());
        assert_eq!(guidance("2.5", 3.0), Ok(2.5));
        assert!(
            guidance("6", 3.0).is_err_and(|words| words.contains("from 0 to 3") && words.contains("6 was not taken"))
        );
        assert!(guidance("NaN", 3.0).is_err());
        assert_eq!(words("cells=1&steps=9999&replicates=0&guidance=20&seed=4294967295").len(), 4);
    }

    #[test]
    fn every_problem_can_be_left_out() {
        let query = "with.donor=999&with.drug=A&with.drug=X&with.tissue=y&clamp=CD14:99&clamp=XIST:1&cells=1&steps=0&replicates=99&guidance=7\
            &b.on=1&b.with.drug=A&b.with.drug=B&b.with.drug=C&b.with.drug=D&b.with.drug=E&b.with.drug=F";
        let mut state = State::read(query);
        let ceiling = |place: usize| Some([40, 0][place]);
        let found = problems(&card(), &state, &ceiling);
        assert_eq!(found.len(), 10, "{found:#?}");
        assert!(found.iter().any(|own| own.about == About::Number("guidance")));
        found.iter().for_each(|own| leave_out(&mut state, &own.about));
        assert_eq!(problems(&card(), &state, &ceiling), []);
        assert_eq!(state.with["drug"], ["A"], "what the model has stays");
    }
}
