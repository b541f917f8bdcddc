//! Choices by name into a sampling request.
//!
//! Does: resolves donors, cell types, perturbations and genes by the card's names, fills what was
//! left open, checks ranges.
//! Does not know: weights, devices.
//! Flow: what a person chose → **request** of tokens.

use crate::bundle::BundleError;
use crate::card::{Card, Choices, Condition, Kind};
use crate::sample::{Choice, Request};

/// Most cells of one request: the page holds them all in memory.
const MOST_CELLS: usize = 100_000;
/// Most perturbations at once: each costs one more branch of the network.
const MOST_COMPOSED: usize = 8;

/// Resolves `choices` against a card.
///
/// A perturbation that was not chosen is its control value, several are composed; an identity or cell type that was not
/// chosen is "unspecified"; the library size is drawn per cell from the training frequencies of the
/// chosen cell type and perturbation.
///
/// # Errors
/// When a name is not known or a number is out of range.
pub(crate) fn request(card: &Card, choices: &Choices) -> Result<Request, BundleError> {
    if let Some(key) = choices.with.keys().find(|key| card.condition(key).is_none()) {
        let known: Vec<&str> = card.conditions.iter().map(|condition| condition.key.as_str()).collect();
        return Err(BundleError::UnknownKey { key: key.clone(), known: known.join(", ") });
    }
    let range = |what, found: f64, least: f64, most: f64| {
        if (least..=most).contains(&found) { Ok(()) } else { Err(BundleError::Range { what, least, most, found }) }
    };
    range("the number of cells", choices.cells as f64, 1.0, MOST_CELLS as f64)?;
    range("the number of steps", choices.steps as f64, 1.0, card.genes.len() as f64)?;
    range("the guidance", f64::from(choices.guidance), 0.0, 20.0)?;
    let conditions =
        card.conditions.iter().map(|condition| choose(card, condition, choices)).collect::<Result<Vec<_>, _>>()?;
    let null = card
        .conditions
        .iter()
        .map(|condition| condition.control.as_deref().and_then(|control| condition.token(control)))
        .collect();
    let clamp = choices
        .clamp
        .iter()
        .map(|(gene, count)| {
            let place = card.genes.iter().position(|known| known == gene);
            place.map(|place| (place as u32, *count)).ok_or_else(|| BundleError::UnknownGene(gene.clone()))
        })
        .collect::<Result<Vec<_>, _>>()?;
    Ok(Request {
        conditions,
        null,
        guidance: choices.guidance,
        steps: choices.steps,
        cells: choices.cells,
        seed: choices.seed,
        clamp,
    })
}

/// How one condition slot is filled: by what was chosen, the control, a draw, or "unspecified".
fn choose(card: &Card, condition: &Condition, choices: &Choices) -> Result<Choice, BundleError> {
    let chosen = choices.with.get(&condition.key).map(Vec::as_slice).unwrap_or_default();
    let token = |value: &String| {
        let known = || condition.values.iter().map(|known| known.value.as_str()).collect::<Vec<_>>().join(", ");
        let unknown = || BundleError::UnknownValue { key: condition.key.clone(), value: value.clone(), known: known() };
        condition.token(value).ok_or_else(unknown)
    };
    match chosen {
        [] => {}
        [value] => return token(value).map(Choice::Fixed),
        several if condition.kind == Kind::Perturbation => return several_at_once(condition, several, &token),
        several => return Err(BundleError::Several { key: condition.key.clone(), values: several.len() }),
    }
    if let Some(control) = &condition.control {
        return token(control).map(Choice::Fixed);
    }
    if condition.kind == Kind::Depth {
        return Ok(Choice::Weighted(depth_weights(card, condition, choices)));
    }
    condition
        .unspecified
        .map(Choice::Fixed)
        .ok_or_else(|| BundleError::Inconsistent(format!("a {} has to be chosen", condition.key)))
}

/// Perturbations that act together, each once; the control adds nothing to others.
fn several_at_once(
    condition: &Condition,
    values: &[String],
    token: &dyn Fn(&String) -> Result<i32, BundleError>,
) -> Result<Choice, BundleError> {
    let mut tokens: Vec<i32> = Vec::with_capacity(values.len());
    for value in values {
        let token = token(value)?;
        if condition.control.as_ref() != Some(value) && !tokens.contains(&token) {
            tokens.push(token);
        }
    }
    match (tokens.as_slice(), condition.control.as_ref()) {
        ([], Some(control)) => token(control).map(Choice::Fixed),
        ([one], _) => Ok(Choice::Fixed(*one)),
        _ if tokens.len() > MOST_COMPOSED => {
            let (least, most) = (1.0, MOST_COMPOSED as f64);
            Err(BundleError::Range {
                what: "the number of perturbations at once",
                least,
                most,
                found: tokens.len() as f64,
            })
        }
        _ => Ok(Choice::Composed(tokens)),
    }
}

/// Training frequencies of library sizes among cells like the wanted ones: of the same identity, cell type and
/// perturbation, else of the same cell type and perturbation, else of all.
fn depth_weights(card: &Card, condition: &Condition, choices: &Choices) -> Vec<(i32, f64)> {
    let name = |kind| {
        let of_kind = card.of_kind(kind)?;
        let chosen = choices.with.get(&of_kind.key).and_then(|values| values.first());
        chosen.cloned().or_else(|| of_kind.control.clone())
    };
    let key = format!("{}|{}", name(Kind::CellType).unwrap_or_default(), name(Kind::Perturbation).unwrap_or_default());
    let own = name(Kind::Identity).map(|identity| format!("{identity}|{key}"));
    let known = |key: &str| condition.frequencies.get(key);
    let frequencies = own.and_then(|own| known(&own)).or_else(|| known(&key)).or_else(|| known(""));
    condition
        .values
        .iter()
        .enumerate()
        .map(|(place, value)| {
            let weight = frequencies.and_then(|list| list.get(place).copied()).unwrap_or(value.cells as f64);
            (value.token, weight)
        })
        .collect()
}
