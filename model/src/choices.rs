//! Choices by name into a sampling request.
//!
//! Does: resolves donors, cell types, perturbations and genes by the card's names, draws what was left open from what
//! the training cells had, checks ranges and ceilings, keys the draws by the conditions.
//! Does not know: weights, devices.
//! Flow: what a person chose → **request** of tokens.

use std::collections::BTreeMap;

use crate::bundle::error::BundleError;
use crate::bundle::files::sha256;
use crate::card::{Card, Choices, Condition, Kind, UNSPECIFIED};
use crate::sample::Request;
use crate::statistics::GeneStatistics;

/// Most cells of one request: the page holds them all in memory.
const MOST_CELLS: usize = 100_000;
/// Most perturbations at once: each costs one more branch of the network, and sums of more were not looked at.
const MOST_COMPOSED: usize = 5;
/// Library sizes may leave those of all training cells by this factor on either side, as an expectation; those of a bin
/// stay in the bin, or guided cells, whose log-means add up to more, would all stand a quarter above what they are
/// labelled with.
pub(crate) const LIBRARY_ROOM: f32 = 1.25;

/// How a condition slot is filled by what was chosen.
#[derive(Clone, Debug, PartialEq)]
enum Chosen {
    /// One value: its token, and its name unless that is "unspecified".
    Value(i32, Option<String>),
    /// Several perturbations.
    Several(Vec<i32>, Vec<String>),
    /// Nothing.
    Open,
}

/// Resolves `choices` against a card.
///
/// A perturbation that was not chosen is its control value, several are composed. A donor or cell type that was not
/// chosen is drawn for every cell from the training cells that have the other choices, and so is the library size;
/// "unspecified" asks for the trained value of that name instead.
///
/// # Errors
/// When a name is not known, a number is out of range, or a gene is held above its ceiling.
pub(crate) fn request(card: &Card, statistics: &GeneStatistics, choices: &Choices) -> Result<Request, BundleError> {
    if let Some(key) = choices.with.keys().find(|key| card.condition(key).is_none()) {
        let known: Vec<&str> = card.conditions.iter().map(|condition| condition.key.as_str()).collect();
        return Err(BundleError::UnknownKey { key: key.clone(), known: known.join(", ") });
    }
    let range = |what, found: f64, least: f64, most: f64| {
        if (least..=most).contains(&found) { Ok(()) } else { Err(BundleError::Range { what, least, most, found }) }
    };
    range("the number of cells", choices.cells as f64, 1.0, MOST_CELLS as f64)?;
    range("the number of steps", choices.steps as f64, 1.0, card.genes.len() as f64)?;
    range("the guidance scale of this model", f64::from(choices.guidance), 0.0, f64::from(card.guidance_limit))?;
    let chosen = card.conditions.iter().map(|condition| choose(condition, choices)).collect::<Result<Vec<_>, _>>()?;
    let null = card
        .conditions
        .iter()
        .map(|condition| condition.control.as_deref().and_then(|control| condition.token(control)))
        .collect();
    let clamp = choices.clamp.iter().map(|held| clamped(card, statistics, held)).collect::<Result<Vec<_>, _>>()?;
    let composed = chosen.iter().enumerate().find_map(|(slot, own)| match own {
        Chosen::Several(tokens, _) => Some((slot, tokens.clone())),
        _ => None,
    });
    Ok(Request {
        labels: labels(card, &chosen)?,
        composed,
        null,
        guidance: choices.guidance,
        steps: choices.steps,
        cells: choices.cells,
        first: 0,
        seed: choices.seed,
        key: key(card, &chosen, &clamp),
        clamp,
        totals: totals(card),
        expects: false,
        draws_factors: card.draws_factors,
        given: Vec::new(),
    })
}

/// A held gene by its place.
fn clamped(card: &Card, statistics: &GeneStatistics, (gene, count): &(String, u32)) -> Result<(u32, u32), BundleError> {
    let place = card.genes.iter().position(|known| known == gene);
    let place = place.ok_or_else(|| BundleError::UnknownGene(gene.clone()))?;
    let ceiling = statistics.largest(place);
    if *count > ceiling {
        return Err(BundleError::AboveCeiling { gene: gene.clone(), count: *count, ceiling });
    }
    Ok((place as u32, *count))
}

/// How one condition slot is filled: by what was chosen, or the control, or not at all.
fn choose(condition: &Condition, choices: &Choices) -> Result<Chosen, BundleError> {
    let chosen = choices.with.get(&condition.key).map(Vec::as_slice).unwrap_or_default();
    let of_value = |value: &String| {
        if let Some(token) = condition.token(value) {
            return Ok(Chosen::Value(token, Some(value.clone())));
        }
        if let Some(token) = condition.unspecified.filter(|_| value == UNSPECIFIED) {
            return Ok(Chosen::Value(token, None));
        }
        let known: Vec<&str> = condition.values.iter().map(|known| known.value.as_str()).collect();
        Err(BundleError::UnknownValue { key: condition.key.clone(), value: value.clone(), known: known.join(", ") })
    };
    match (chosen, &condition.control) {
        ([], Some(control)) => of_value(control),
        ([], None) => Ok(Chosen::Open),
        ([value], _) => of_value(value),
        (several, _) if condition.kind == Kind::Perturbation => several_at_once(condition, several, &of_value),
        (several, _) => Err(BundleError::Several { key: condition.key.clone(), values: several.len() }),
    }
}

/// Perturbations that act together, each once and in the order of their tokens, whatever order they were named in; the
/// control adds nothing to others.
fn several_at_once(
    condition: &Condition,
    values: &[String],
    of_value: &dyn Fn(&String) -> Result<Chosen, BundleError>,
) -> Result<Chosen, BundleError> {
    let mut chosen = BTreeMap::new();
    for value in values {
        let Chosen::Value(token, _) = of_value(value)? else { continue };
        if condition.control.as_ref() != Some(value) {
            chosen.insert(token, value.clone());
        }
    }
    let (tokens, mut names): (Vec<i32>, Vec<String>) = chosen.into_iter().unzip();
    match (tokens.as_slice(), condition.control.as_ref()) {
        ([], Some(control)) => of_value(control),
        ([token], _) => Ok(Chosen::Value(*token, names.pop())),
        _ if tokens.len() > MOST_COMPOSED => {
            let (what, least, most) = ("the number of perturbations at once", 1.0, MOST_COMPOSED as f64);
            Err(BundleError::Range { what, least, most, found: tokens.len() as f64 })
        }
        _ => Ok(Chosen::Several(tokens, names)),
    }
}

/// Condition tokens that cells may have, with weights: the combinations of the training cells that agree with what was
/// chosen, and for each its library sizes.
fn labels(card: &Card, chosen: &[Chosen]) -> Result<Vec<(Vec<i32>, f64)>, BundleError> {
    let mut rows: Vec<(Vec<i32>, f64)> = Vec::new();
    for (values, weight) in combinations(card, chosen) {
        let mut fixed = Vec::with_capacity(card.conditions.len());
        for ((condition, own), value) in card.conditions.iter().zip(chosen).zip(&values) {
            let drawn = value.as_ref().and_then(|value| condition.token(value)).or(condition.unspecified);
            fixed.push(match own {
                Chosen::Value(token, _) => Some(*token),
                Chosen::Several(tokens, _) => tokens.first().copied(),
                Chosen::Open if condition.kind == Kind::Depth => None,
                Chosen::Open => {
                    let missing = || BundleError::Inconsistent(format!("a {} has to be chosen", condition.key));
                    Some(drawn.ok_or_else(missing)?)
                }
            });
        }
        let mut own = vec![(Vec::with_capacity(fixed.len()), weight)];
        for (condition, token) in card.conditions.iter().zip(fixed) {
            own = match token {
                Some(token) => own.into_iter().map(|(row, weight)| (with(row, token), weight)).collect(),
                None => over_depths(card, condition, &values, own),
            };
        }
        rows.extend(own.into_iter().filter(|(_, weight)| *weight > 0.0));
    }
    Ok(rows)
}

/// A row with one more token.
fn with(mut row: Vec<i32>, token: i32) -> Vec<i32> {
    row.push(token);
    row
}

/// Rows with every library size that cells like them have.
fn over_depths(
    card: &Card,
    condition: &Condition,
    values: &[Option<String>],
    rows: Vec<(Vec<i32>, f64)>,
) -> Vec<(Vec<i32>, f64)> {
    let depths = depth_weights(card, condition, values);
    let total: f64 = depths.iter().map(|(_, weight)| weight).sum::<f64>().max(f64::MIN_POSITIVE);
    let each = |(row, weight): (Vec<i32>, f64)| {
        depths.iter().map(move |(token, own)| (with(row.clone(), *token), weight * own / total)).collect::<Vec<_>>()
    };
    rows.into_iter().flat_map(each).collect()
}

/// Values by slot of the combinations of training cells that agree with what was chosen, with their numbers of cells;
/// where none agrees, those that agree but for the perturbation, then but for the donor as well, then all; `None` in
/// slots that a combination does not name.
fn combinations(card: &Card, chosen: &[Chosen]) -> Vec<(Vec<Option<String>>, f64)> {
    let is_open = |(condition, own): (&Condition, &Chosen)| condition.kind != Kind::Depth && *own == Chosen::Open;
    let alone: Vec<Option<String>> = chosen.iter().map(name).collect();
    if !card.conditions.iter().zip(chosen).any(is_open) {
        return vec![(alone, 1.0)];
    }
    let mut all = Vec::new();
    for (text, cells) in &card.combinations {
        let mut texts = text.split('|');
        let of_slot = |condition: &Condition| match condition.kind {
            Kind::Depth => None,
            _ => texts.next().filter(|text| !text.is_empty()).map(str::to_owned),
        };
        all.push((card.conditions.iter().map(of_slot).collect::<Vec<_>>(), *cells as f64));
    }
    let agrees = |values: &[Option<String>], left_out: &[Kind]| {
        let pairs = card.conditions.iter().zip(&alone).zip(values);
        pairs.into_iter().all(|((condition, wanted), value)| {
            wanted.is_none() || left_out.contains(&condition.kind) || condition.kind == Kind::Depth || wanted == value
        })
    };
    let tries: [&[Kind]; 4] = [
        &[],
        &[Kind::Perturbation],
        &[Kind::Perturbation, Kind::Identity],
        &[Kind::Perturbation, Kind::Identity, Kind::CellType],
    ];
    for left_out in tries {
        let found: Vec<_> = all.iter().filter(|(values, _)| agrees(values, left_out)).cloned().collect();
        if !found.is_empty() {
            // What was chosen stands, whatever the combination had there.
            let kept = |(values, cells): (Vec<Option<String>>, f64)| {
                let values = values.into_iter().zip(&alone).map(|(value, wanted)| wanted.clone().or(value));
                (values.collect(), cells)
            };
            return found.into_iter().map(kept).collect();
        }
    }
    vec![(alone, 1.0)]
}

/// Name of what was chosen: of several perturbations the first; none where nothing was, or "unspecified".
fn name(chosen: &Chosen) -> Option<String> {
    match chosen {
        Chosen::Value(_, name) => name.clone(),
        Chosen::Several(_, names) => names.first().cloned(),
        Chosen::Open => None,
    }
}

/// Pseudo-cells of all training cells that are added to a list of frequencies before it is compared with another.
const ADDED_CELLS: f64 = 20.0;

/// Training frequencies of library sizes among cells like the wanted ones: of the same identity, cell type and
/// perturbation; where those are few, of the same cell type and perturbation, moved by how the identity's control cells
/// differ from all control cells of the type (a donor or replicate keeps its own library sizes under a perturbation that it
/// never showed); else of all.
fn depth_weights(card: &Card, condition: &Condition, values: &[Option<String>]) -> Vec<(i32, f64)> {
    let name = |kind| {
        let slot = card.conditions.iter().position(|condition| condition.kind == kind)?;
        values[slot].clone()
    };
    let cell_type = name(Kind::CellType).unwrap_or_default();
    let key = format!("{cell_type}|{}", name(Kind::Perturbation).unwrap_or_default());
    let known = |key: &str| condition.frequencies.get(key);
    let identity = name(Kind::Identity);
    let of_identity = |key: &str| identity.as_ref().and_then(|identity| known(&format!("{identity}|{key}")));
    let control = card.of_kind(Kind::Perturbation).and_then(|own| own.control.as_ref());
    let control = control.map(|control| format!("{cell_type}|{control}"));
    let moved = || {
        let (like, control) = (known(&key)?, control.as_ref()?);
        Some(moved(like, of_identity(control)?, known(control)?, known("")?))
    };
    let alike = || known(&key).or_else(|| known("")).cloned();
    let frequencies = of_identity(&key).cloned().or_else(moved).or_else(alike);
    let weight = |(place, value): (usize, &crate::card::Value)| {
        let weight = frequencies.as_ref().and_then(|list| list.get(place).copied()).unwrap_or(value.cells as f64);
        (value.token, weight)
    };
    condition.values.iter().enumerate().map(weight).collect()
}

/// Frequencies `like` times the ratio of `own` to `others`, each with [`ADDED_CELLS`] of `all` added; the sum is that of
/// `like`.
fn moved(like: &[f64], own: &[f64], others: &[f64], all: &[f64]) -> Vec<f64> {
    let every: f64 = all.iter().sum::<f64>().max(1.0);
    let share = |list: &[f64], place: usize| {
        let added = ADDED_CELLS * all.get(place).copied().unwrap_or(0.0) / every;
        (list.get(place).copied().unwrap_or(0.0) + added) / (list.iter().sum::<f64>() + ADDED_CELLS)
    };
    let product = |place: usize| {
        let ratio = share(own, place) / share(others, place);
        if ratio.is_finite() { share(like, place) * ratio } else { 0.0 }
    };
    let products: Vec<f64> = (0..like.len()).map(product).collect();
    let scale = like.iter().sum::<f64>() / products.iter().sum::<f64>().max(f64::MIN_POSITIVE);
    products.into_iter().map(|product| product * scale).collect()
}

/// Key of the draws of these conditions: everything that says which cells are meant, but not how they are made
/// (guidance, steps), so that a setting can be changed with the same draws.
fn key(card: &Card, chosen: &[Chosen], clamp: &[(u32, u32)]) -> u64 {
    let mut text = String::new();
    for (condition, own) in card.conditions.iter().zip(chosen) {
        let value = match own {
            Chosen::Value(_, Some(name)) => name.clone(),
            Chosen::Value(_, None) => "\u{1}".to_owned(),
            Chosen::Several(_, names) => {
                // A and B are B and A.
                let mut names = names.clone();
                names.sort_unstable();
                names.join("\u{2}")
            }
            Chosen::Open => String::new(),
        };
        text.push_str(&format!("{}\u{3}{value}\u{4}", condition.key));
    }
    let mut held = clamp.to_vec();
    held.sort_unstable();
    held.iter().for_each(|(gene, count)| text.push_str(&format!("{gene}\u{3}{count}\u{4}")));
    u64::from_str_radix(&sha256(text.as_bytes())[..16], 16).unwrap_or(0)
}

/// Library sizes that cells may have, by the token that says so; 0 stands for all others.
fn totals(card: &Card) -> BTreeMap<i32, [f32; 2]> {
    let [smallest, largest] = card.library_sizes.map(|counts| counts as f32);
    let depths = card.conditions.iter().filter(|condition| condition.kind == Kind::Depth);
    let of_value = |value: &crate::card::Value| Some((value.token, value.library_sizes?.map(|counts| counts as f32)));
    let bins = depths.flat_map(|condition| &condition.values).filter_map(of_value);
    bins.chain([(0, [smallest / LIBRARY_ROOM, largest * LIBRARY_ROOM])]).collect()
}

#[cfg(test)]
pub(crate) mod tests;
