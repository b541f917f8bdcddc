//! Wells in words, numbers and colours.
//!
//! Does: a condition in one line, its values by kind, whether it perturbs, numbers as short as a well needs them.
//! Does not know: the plate, results.
//! Flow: card + condition → **words** → wells, card, files.

use plotters::style::RGBColor;

use crate::choices::perturbation;
use crate::plate::Condition;
use crate::protocol::card::Card;

/// A colour for a style.
pub(super) fn css(colour: RGBColor) -> String {
    format!("#{:02x}{:02x}{:02x}", colour.0, colour.1, colour.2)
}

/// A number with as many digits as a well has room for.
pub(super) fn brief(value: f32) -> String {
    let text = match value.abs() {
        0.0 => "0".to_owned(),
        size if size >= 100.0 || value.fract() == 0.0 => format!("{value:.0}"),
        size if size >= 10.0 => format!("{value:.1}"),
        size if size >= 0.095 => format!("{value:.2}"),
        _ => format!("{value:.3}"),
    };
    text.replace('-', "−")
}

/// Values of a condition by kind, for people: display names of perturbations, joined.
pub(super) fn words_of(card: &Card, condition: &Condition, kind: &str) -> String {
    let slot = card.choosable().find(|slot| slot.kind == kind);
    let values = slot.and_then(|slot| condition.with.get(&slot.key));
    values.map(|values| values.join("+")).unwrap_or_default()
}

/// Whether a condition holds a perturbation.
pub(super) fn acts(card: &Card, condition: &Condition) -> bool {
    card.choosable().filter(|slot| slot.kind == "perturbation").any(|slot| {
        let values = condition.with.get(&slot.key).map(Vec::as_slice).unwrap_or_default();
        values.iter().any(|value| Some(value) != slot.control.as_ref())
    })
}

/// What shifts are against, in a word or two.
pub(super) fn against(card: &Card) -> &'static str {
    if perturbation(card).is_some() { "control" } else { "the rest" }
}

/// A condition in one line.
pub(super) fn sentence(card: &Card, condition: &Condition) -> String {
    let mut parts: Vec<String> = card
        .choosable()
        .map(|slot| {
            let display = |value: &String| {
                slot.values.iter().find(|own| own.value == *value).map_or(value.clone(), |own| own.display.clone())
            };
            let values = condition.with.get(&slot.key).map(|values| values.iter().map(display).collect::<Vec<_>>());
            match (slot.kind.as_str(), values) {
                (_, None) => format!("any {}", slot.title.to_lowercase()),
                ("identity", Some(values)) => format!("{} {}", slot.title.to_lowercase(), values.join(" + ")),
                (_, Some(values)) => values.join(" + "),
            }
        })
        .collect();
    parts.extend(condition.guidance_words().map(|guidance| format!("guidance {guidance}")));
    parts.extend(condition.clamp.iter().map(|(gene, count)| format!("{gene} held at {count}")));
    parts.join(", ")
}
