//! Where a bundle's cells come from, in words: what was measured, what was made.
//!
//! Does: the sentence that stands above every view, the word beside a value, the words of results and files.
//! Does not know: how cells were made (the card's note says it), how words are shown.
//! Flow: card + choices → **words** → bar, controls, results, exports.

use crate::choices;
use crate::protocol::card::{Card, Condition, Origin, Value};
use crate::protocol::{Comparison, Request};
use crate::state::{State, Which, With};

impl Origin {
    /// One word.
    pub fn word(self) -> &'static str {
        match self {
            Self::Measured => "measured",
            Self::SemiSynthetic => "semi-synthetic",
            Self::Synthetic => "synthetic",
        }
    }

    /// The same at the beginning of a sentence.
    pub fn head(self) -> &'static str {
        match self {
            Self::Measured => "Measured",
            Self::SemiSynthetic => "Semi-synthetic",
            Self::Synthetic => "Synthetic",
        }
    }
}

/// Where cells with a value come from.
pub fn of_value(card: &Card, value: &Value) -> Origin {
    value.origin.unwrap_or(card.origin)
}

/// Whether values of a condition differ in it; then each says its own.
pub fn differs(card: &Card, condition: &Condition) -> bool {
    let mut own = condition.values.iter().map(|value| of_value(card, value));
    let first = own.next();
    own.any(|origin| Some(origin) != first)
}

/// The word beside a value, where values of its condition differ.
pub fn note(card: &Card, condition: &Condition, value: &Value) -> Option<&'static str> {
    differs(card, condition).then(|| of_value(card, value).word())
}

/// Whether any of the bundle's cells were not measured.
pub fn is_made(card: &Card) -> bool {
    let values = || card.conditions.iter().flat_map(|condition| &condition.values);
    card.origin != Origin::Measured || values().any(|value| of_value(card, value) != Origin::Measured)
}

/// What was measured of a bundle that was not measured as a whole.
fn measured_names(card: &Card) -> Vec<&str> {
    let changed = card.conditions.iter().filter(|condition| condition.kind == "perturbation");
    let is_control = |condition: &Condition, value: &Value| condition.control.as_ref() == Some(&value.value);
    let mut names = Vec::new();
    for condition in changed {
        let measured = condition.values.iter().filter(|value| of_value(card, value) == Origin::Measured);
        let (control, others): (Vec<&Value>, Vec<&Value>) = measured.partition(|value| is_control(condition, value));
        names.extend(control.iter().map(|_| "control cells"));
        names.extend(others.iter().map(|value| value.display.as_str()));
    }
    names
}

/// The sentence above every view; none where every training cell was measured.
pub fn sentence(card: &Card) -> Option<String> {
    let what = match card.origin {
        _ if !is_made(card) => return None,
        Origin::Measured => {
            "Partly semi-synthetic: some of this model's training cells were not measured. Lists say which.".to_owned()
        }
        Origin::SemiSynthetic => {
            "Semi-synthetic: this model was trained on measured cells that published signatures were applied to, not on measured responses.".to_owned()
        }
        Origin::Synthetic => {
            "Synthetic: this model was trained on cells that a formula made; none of them was measured.".to_owned()
        }
    };
    let measured = measured_names(card);
    Some(match (card.origin, measured.as_slice()) {
        (Origin::Measured, _) | (_, []) => what,
        (_, names) => format!("{what} Measured: {}.", names.join(", ")),
    })
}

/// Where the training cells of a choice come from: what is least measured tells.
pub fn of_choice(card: &Card, with: &With) -> Origin {
    // Of a perturbation alone, where there is one: its control may be measured where others are not.
    let telling: Vec<&Condition> =
        choices::perturbation(card).map_or_else(|| card.choosable().collect(), |own| vec![own]);
    let values = telling.into_iter().flat_map(|condition| choices::values(condition, with));
    values.map(|value| of_value(card, value)).max().unwrap_or(card.origin)
}

/// What a run's cells are, for methods and files; none where every training cell was measured.
pub fn of_request(card: &Card, request: &Request) -> Option<String> {
    let of = |origin: Origin| match origin {
        Origin::Measured => {
            "generated after measured training cells, by a model that was trained on semi-synthetic cells as well"
        }
        Origin::SemiSynthetic => {
            "generated after semi-synthetic training cells: measured cells that published signatures were applied to"
        }
        Origin::Synthetic => "generated after synthetic training cells, which a formula made",
    };
    is_made(card).then(|| of(of_choice(card, &request.with)).to_owned())
}

/// Where the cells behind a comparison's truth come from.
pub fn of_comparison(card: &Card, state: &State, comparison: Comparison) -> Origin {
    let of = |which| of_choice(card, state.with_of(which));
    match comparison {
        Comparison::A => of(Which::A),
        Comparison::B => of(Which::B),
        Comparison::BAgainstA => of(Which::A).max(of(Which::B)),
    }
}

/// Below figures that are saved; nothing where every training cell was measured.
pub fn caption(card: &Card) -> &'static str {
    match card.origin {
        _ if !is_made(card) => "",
        Origin::Measured => "Training cells partly semi-synthetic. ",
        Origin::SemiSynthetic => "Training cells semi-synthetic. ",
        Origin::Synthetic => "Training cells synthetic. ",
    }
}

/// What "measured" means in tables of such a bundle; none where it means what it says.
pub fn reading(card: &Card) -> Option<&'static str> {
    is_made(card).then_some(
        "Where the cells of a perturbation were made and not measured, “measured” in these tables and lessons means the cells so made: agreement with them says how well the model learned the formula, not how cells respond.",
    )
}

/// Whether every cell on the map was measured.
fn is_map_measured(card: &Card) -> bool {
    !is_made(card) || card.map_origin == Some(Origin::Measured)
}

/// What the grey cells of the map are.
pub fn map_word(card: &Card) -> &'static str {
    match card.origin {
        _ if is_map_measured(card) => "measured",
        Origin::Synthetic => "training cells (synthetic)",
        _ => "training cells (measured and semi-synthetic)",
    }
}

/// The page's last line.
pub fn footer(card: Option<&Card>) -> String {
    let grey = match card {
        Some(card) if !is_map_measured(card) && card.origin == Origin::Synthetic => "are synthetic training cells",
        Some(card) if !is_map_measured(card) => "are training cells, of which many are semi-synthetic",
        _ => "were measured",
    };
    format!(
        "Cells in colour are generated by a model, cells in grey {grey}. Not for diagnosis or treatment. Nothing leaves this computer."
    )
}

#[cfg(test)]
mod tests {
    use super::{footer, is_made, map_word, note, of_request, sentence};
    use crate::choices::request;
    use crate::protocol::card::{Card, Condition, Origin, Value};
    use crate::state::{State, Which};

    fn value(name: &str, origin: Option<Origin>) -> Value {
        Value { value: name.into(), display: name.into(), origin, ..Value::default() }
    }

    fn card(origin: Origin, values: Vec<Value>) -> Card {
        let of = |key: &str, kind: &str, control: Option<&str>, values| Condition {
            key: key.into(),
            kind: kind.into(),
            control: control.map(str::to_owned),
            values,
            ..Condition::default()
        };
        let donor = of("donor", "identity", None, vec![value("1", None)]);
        Card { origin, conditions: vec![donor, of("drug", "perturbation", Some("PBS"), values)], ..Card::default() }
    }

    fn mixed() -> Card {
        let measured = Some(Origin::Measured);
        card(Origin::SemiSynthetic, vec![value("PBS", measured), value("IFN", measured), value("IL-4", None)])
    }

    #[test]
    fn measured_bundles_say_nothing() {
        let card = card(Origin::Measured, vec![value("PBS", None), value("IFN", None)]);
        assert!(!is_made(&card) && sentence(&card).is_none());
        assert_eq!(note(&card, &card.conditions[1], &card.conditions[1].values[1]), None);
        assert_eq!(of_request(&card, &request(&card, &State::default(), Which::A)), None);
        assert!(footer(Some(&card)) == footer(None) && footer(None).contains("grey were measured"));
    }

    #[test]
    fn a_mixed_bundle_says_it_everywhere() {
        let card = mixed();
        let words = sentence(&card).unwrap_or_default();
        assert!(words.starts_with("Semi-synthetic") && words.ends_with("Measured: control cells, IFN."), "{words}");
        let drugs = &card.conditions[1];
        let notes: Vec<_> = drugs.values.iter().map(|value| note(&card, drugs, value)).collect();
        assert_eq!(notes, [Some("measured"), Some("measured"), Some("semi-synthetic")]);
        assert_eq!(note(&card, &card.conditions[0], &card.conditions[0].values[0]), None, "donors do not differ");
        assert!(map_word(&card).contains("semi-synthetic") && footer(Some(&card)).contains("semi-synthetic"));
        // Where only measured cells are on its map, the map says so, and nothing else changes.
        let of_map = Card { map_origin: Some(Origin::Measured), ..mixed() };
        assert!(map_word(&of_map) == "measured" && footer(Some(&of_map)) == footer(None));
        assert_eq!(sentence(&of_map), sentence(&card));
    }

    #[test]
    fn what_is_least_measured_tells() {
        let card = mixed();
        let of = |query: &str| {
            let asked = request(&card, &State::read(query), Which::A);
            of_request(&card, &asked).unwrap_or_default()
        };
        assert!(of("with.drug=IFN").starts_with("generated after measured"), "{}", of("with.drug=IFN"));
        assert!(of("with.drug=IFN&with.drug=IL-4").starts_with("generated after semi-synthetic"));
        assert!(of("").starts_with("generated after measured"), "the control was measured");
    }

    #[test]
    fn synthetic_bundles_and_single_made_values_are_told() {
        let made = card(Origin::Synthetic, vec![value("PBS", None)]);
        assert!(sentence(&made).is_some_and(|words| words.starts_with("Synthetic")));
        let one = card(Origin::Measured, vec![value("PBS", None), value("X", Some(Origin::SemiSynthetic))]);
        assert!(sentence(&one).is_some_and(|words| words.starts_with("Partly semi-synthetic")));
    }
}
