//! What the two sides of a comparison are called.
//!
//! Does: names for columns, sentences and legends: control and perturbed, or A and B.
//! Does not know: how sides are compared.
//! Flow: comparison + card + choices → **names** → table, figures, card of a gene.

use crate::choices;
use crate::protocol::Comparison;
use crate::protocol::card::Card;
use crate::state::{State, Which};

/// Names of the two sides: the one that is compared with, then the other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sides {
    /// One word each.
    pub short: [&'static str; 2],
    /// With "cells".
    pub cells: [&'static str; 2],
}

/// Names of a comparison's sides.
pub fn of(comparison: Comparison) -> Sides {
    match comparison {
        Comparison::A | Comparison::B => {
            Sides { short: ["control", "perturbed"], cells: ["control cells", "perturbed cells"] }
        }
        Comparison::BAgainstA => Sides { short: ["A", "B"], cells: ["cells of A", "cells of B"] },
    }
}

impl Sides {
    /// "8 control and 8 perturbed generated cells".
    pub fn counted(self, (base, moved): (u32, u32)) -> String {
        match self.short {
            ["A", "B"] => format!("{base} generated cells of A and {moved} of B"),
            [a, b] => format!("{base} {a} and {moved} {b} generated cells"),
        }
    }
}

/// What stands for a fold change that is infinite, in a sentence; `base` and `moved` are the sides' cells.
pub fn new_and_gone(base: &str, moved: &str) -> String {
    format!(
        "“new”: no counts at all in the {base}; “gone”: none in the {moved}. Such a fold change is infinite and does not measure strength."
    )
}

/// Names of the groups of generated cells of a comparison, for legends; one where nothing is compared.
pub fn groups(card: &Card, state: &State, comparison: Comparison) -> Vec<String> {
    let moved = |which| choices::perturbed_name(card, state.with_of(which)).map(|name| format!("generated, {name}"));
    match comparison {
        Comparison::BAgainstA => ["generated, A", "generated, B"].map(str::to_owned).to_vec(),
        _ if choices::perturbation(card).is_none() => vec!["generated".to_owned()],
        Comparison::B => std::iter::once("generated, control of B".to_owned()).chain(moved(Which::B)).collect(),
        Comparison::A => std::iter::once("generated, control".to_owned()).chain(moved(Which::A)).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::{groups, of};
    use crate::protocol::Comparison;
    use crate::protocol::card::{Card, Condition, Value};
    use crate::state::State;

    #[test]
    fn sides_are_named_by_what_they_are() {
        assert_eq!(of(Comparison::A).counted((8, 9)), "8 control and 9 perturbed generated cells");
        assert_eq!(of(Comparison::BAgainstA).counted((8, 9)), "8 generated cells of A and 9 of B");
        assert_eq!(of(Comparison::BAgainstA).short, ["A", "B"]);
    }

    #[test]
    fn groups_speak_of_control_only_where_there_is_one() {
        let state = State::read("with.drug=A");
        let value = |name: &str| Value { value: name.into(), display: name.into(), ..Value::default() };
        let drug = Condition {
            key: "drug".into(),
            kind: "perturbation".into(),
            control: Some("PBS".into()),
            values: vec![value("PBS"), value("A")],
            ..Condition::default()
        };
        let card = Card { conditions: vec![drug], ..Card::default() };
        assert_eq!(groups(&card, &state, Comparison::A), ["generated, control", "generated, A"]);
        assert_eq!(groups(&card, &State::default(), Comparison::A), ["generated, control"]);
        assert_eq!(groups(&card, &state, Comparison::BAgainstA).len(), 2);
        assert_eq!(groups(&Card::default(), &state, Comparison::A), ["generated"]);
    }
}
