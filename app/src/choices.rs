//! What is chosen, by the card: defaults filled in, unknown values left out, several perturbations together.
//!
//! Does: the values of a condition in force, the requests of both scenarios, their names for people, what the model has
//! seen of them.
//! Does not know: signals, the worker.
//! Flow: card + state → **request, words** → worker, views.

use std::collections::BTreeMap;

use crate::protocol::Request;
use crate::protocol::card::{Card, Condition, THIN, Value};
use crate::state::{State, Which, With};

/// Most perturbations at once; each costs one more branch of the network (`model::choices`).
pub const MOST_TOGETHER: usize = 5;

/// The card's perturbation.
pub fn perturbation(card: &Card) -> Option<&Condition> {
    card.conditions.iter().find(|condition| condition.kind == "perturbation")
}

/// Values of a condition in force, in the card's order, so that the order of clicks does not matter: the known ones
/// among those chosen (of a perturbation without the control, which adds nothing to others), else the default.
pub fn values<'a>(condition: &'a Condition, with: &With) -> Vec<&'a Value> {
    let wanted = with.get(&condition.key).map(Vec::as_slice).unwrap_or_default();
    let is_control = |value: &Value| condition.control.as_ref() == Some(&value.value);
    let mut chosen: Vec<&Value> = condition.values.iter().filter(|known| wanted.contains(&known.value)).collect();
    if condition.kind == "perturbation" {
        if chosen.len() > 1 {
            chosen.retain(|value| !is_control(value));
        }
        chosen.truncate(MOST_TOGETHER);
    } else {
        chosen.truncate(1);
    }
    if chosen.is_empty() {
        // The most common value: the one that the model has seen most of.
        let usual = || condition.values.iter().find(|value| condition.usual.as_ref() == Some(&value.value));
        let most = || usual().or_else(|| condition.values.iter().max_by_key(|value| value.cells));
        chosen.extend(condition.values.iter().find(|value| is_control(value)).or_else(most));
    }
    chosen
}

/// Perturbations that are on; none is the control.
pub fn perturbations<'a>(card: &'a Card, with: &With) -> Vec<&'a Value> {
    let Some(condition) = perturbation(card) else { return Vec::new() };
    let mut found = values(condition, with);
    found.retain(|value| condition.control.as_ref() != Some(&value.value));
    found
}

/// A perturbation to begin with while none is on: the one that the model has seen most of in these cells, the first of
/// equal ones; none where none of them was seen often enough here.
pub fn suggestion<'a>(card: &'a Card, with: &With) -> Option<(&'a Condition, &'a Value)> {
    let condition = perturbation(card).filter(|_| perturbations(card, with).is_empty())?;
    let others = condition.values.iter().filter(|value| condition.control.as_ref() != Some(&value.value));
    let seen = |value: &Value| {
        let mut with = with.clone();
        with.insert(condition.key.clone(), vec![value.value.clone()]);
        // A bundle that does not say how often leaves the numbers of its values.
        training_cells(card, &with).map_or((value.cells, u32::MAX), |cells| (cells, cells))
    };
    // The last of equal ones would win.
    let best = others.rev().max_by_key(|value| (seen(value).0, value.cells))?;
    (seen(best).1 >= THIN).then_some((condition, best))
}

/// What is done with a perturbation, in words: a gene is knocked out, a cytokine added.
pub fn deed(condition: &Condition, display: &str) -> String {
    let title = condition.title.to_lowercase();
    match () {
        () if title.contains("knock-out") || title.contains("knockout") => format!("Knock {display} out"),
        () if title.contains("knock-down") || title.contains("knockdown") => format!("Knock {display} down"),
        () => format!("Add {display}"),
    }
}

/// Switches one value of a perturbation on or off; the control is off while anything else is on.
///
/// # Errors
/// A sentence when too many would be on.
pub fn switch(with: &mut With, condition: &Condition, value: &str, on: bool) -> Result<(), String> {
    let mut chosen = with.get(&condition.key).cloned().unwrap_or_default();
    chosen.retain(|own| own != value && Some(own) != condition.control.as_ref());
    if on {
        let known = |own: &&String| condition.values.iter().any(|known| known.value == **own);
        if chosen.iter().filter(known).count() >= MOST_TOGETHER {
            return Err(format!("At most {MOST_TOGETHER} can act together; take one away first."));
        }
        chosen.push(value.to_owned());
    }
    if chosen.is_empty() {
        with.remove(&condition.key);
    } else {
        with.insert(condition.key.clone(), chosen);
    }
    Ok(())
}

/// Values of every condition that a person chooses, by key.
fn filled(card: &Card, with: &With) -> BTreeMap<String, Vec<String>> {
    let of = |condition: &Condition| values(condition, with).into_iter().map(|value| value.value.clone()).collect();
    card.choosable().map(|condition| (condition.key.clone(), of(condition))).collect()
}

/// The request of one scenario.
pub fn request(card: &Card, state: &State, which: Which) -> Request {
    Request {
        with: filled(card, state.with_of(which)),
        guidance: state.guidance.unwrap_or(card.guidance),
        steps: state.steps.unwrap_or(card.steps),
        cells: state.cells,
        seed: state.seed,
        clamp: state.clamp_of(which).to_vec(),
    }
}

/// Everything that decides which cells are made: scenario A, B when there is one, and replicates. Two states that agree
/// in it ask for the same cells, however they were written.
pub fn asked(card: &Card, state: &State) -> (Request, Option<Request>, u32) {
    let other = state.other.as_ref().map(|_| request(card, state, Which::B));
    (request(card, state, Which::A), other, state.replicates)
}

/// Training cells with this combination; `None` when the bundle does not say. Several perturbations are a combination
/// of their own, which no training cell had unless the bundle lists it.
pub fn training_cells(card: &Card, with: &With) -> Option<u32> {
    let joined = |condition: &Condition| {
        values(condition, with).into_iter().map(|value| value.value.clone()).collect::<Vec<_>>().join("+")
    };
    card.training_cells(&card.choosable().map(joined).collect::<Vec<_>>())
}

/// Names of the perturbations that are on, for people: "IFN-β + IL-2".
pub fn perturbed_name(card: &Card, with: &With) -> Option<String> {
    let names: Vec<&str> = perturbations(card, with).into_iter().map(|value| value.display.as_str()).collect();
    (!names.is_empty()).then(|| names.join(" + "))
}

/// A scenario in a few words: what is on, then who.
pub fn words(card: &Card, state: &State, which: Which) -> String {
    let with = state.with_of(which);
    let who = card.choosable().filter(|condition| condition.kind != "perturbation");
    let mut parts: Vec<String> = perturbed_name(card, with).into_iter().collect();
    if parts.is_empty() {
        let condition = perturbation(card);
        parts.extend(condition.and_then(|own| values(own, with).first().map(|value| value.display.clone())));
    }
    parts.extend(who.filter_map(|own| values(own, with).first().map(|value| value.display.clone())));
    match state.clamp_of(which) {
        [] => {}
        [(gene, count)] => parts.push(format!("{gene} held at {count}")),
        several => parts.push(format!("{} genes held", several.len())),
    }
    parts.join(", ")
}

/// What cells of a request are, in a few words: the scenario, how many, which seed.
pub fn request_words(card: &Card, request: &Request) -> String {
    let state = State { with: request.with.clone(), clamp: request.clamp.clone(), ..State::default() };
    let cells = match request.cells {
        1 => "one cell".to_owned(),
        cells => format!("{cells} cells"),
    };
    format!("{}; {cells}, seed {}", words(card, &state, Which::A), request.seed)
}

#[cfg(test)]
mod tests {
    use super::{
        MOST_TOGETHER, asked, deed, perturbations, perturbed_name, request, request_words, suggestion, switch,
        training_cells, words,
    };
    use crate::protocol::Request;
    use crate::protocol::card::{Card, Condition, THIN, Value};
    use crate::state::{State, Which, With};

    fn value(value: &str, display: &str, cells: u32) -> Value {
        Value { value: value.into(), display: display.into(), cells, ..Value::default() }
    }

    fn condition(key: &str, kind: &str, control: Option<&str>, values: Vec<Value>) -> Condition {
        let control = control.map(str::to_owned);
        Condition { key: key.into(), title: key.into(), kind: kind.into(), control, values, ..Condition::default() }
    }

    fn card() -> Card {
        let combinations = [("2|A", 5), ("2|PBS", 9), ("2|A+B", 3)].map(|(name, cells)| (name.to_owned(), cells));
        Card {
            guidance: 1.5,
            steps: 4,
            conditions: vec![
                condition("donor", "identity", None, vec![value("1", "1", 3), value("2", "2", 7)]),
                condition(
                    "drug",
                    "perturbation",
                    Some("PBS"),
                    vec![value("A", "Alpha", 1), value("PBS", "none", 9), value("B", "Beta", 1), value("C+", "C", 1)],
                ),
                condition("depth", "depth", None, vec![value("low", "low", 1)]),
            ],
            combinations: combinations.into_iter().collect(),
            ..Card::default()
        }
    }

    #[test]
    fn what_was_seen_most_here_is_suggested_while_nothing_is_on() {
        let mut card = Card { combinations: Default::default(), ..card() };
        let name = |card: &Card, with: &With| suggestion(card, with).map(|(_, value)| value.value.clone());
        let mut with = State::default().with;
        assert_eq!(name(&card, &with).as_deref(), Some("A"), "the first of equal ones, never the control");
        card.combinations = [("2|B".to_owned(), THIN), ("2|A".to_owned(), THIN - 1), ("1|A".to_owned(), 900)].into();
        assert_eq!(name(&card, &with).as_deref(), Some("B"), "donor 2 has seen more of it");
        card.combinations = [("2|A".to_owned(), 7)].into();
        assert_eq!(name(&card, &with), None, "seven cells are nothing to begin with");
        with.insert("drug".into(), vec!["B".into()]);
        assert_eq!(name(&card, &with), None);
        assert_eq!(suggestion(&Card::default(), &With::default()), None, "nothing to perturb");
    }

    // The gallery's cards are files, which a browser's worker has none of.
    #[cfg(not(target_arch = "wasm32"))]
    #[test]
    fn every_shipped_model_opens_on_cells_that_it_has_seen_often_enough() {
        let models = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../assets/models");
        let mut known = 0;
        for folder in std::fs::read_dir(models).into_iter().flatten().flatten() {
            let Ok(json) = std::fs::read_to_string(folder.path().join("bundle.json")) else { continue };
            let name = folder.file_name();
            let card = Card::read(&json).unwrap_or_else(|error| panic!("{name:?}: {error}"));
            let with = With::new();
            // Where every combination is thin, as with 90 cell types of few cells each, the largest opens.
            let most = card.combinations.values().copied().max().unwrap_or(0);
            let opens_on = training_cells(&card, &with);
            assert!(
                opens_on.is_none_or(|cells| cells >= THIN.min(most)),
                "{name:?} opens on {opens_on:?} of {most} cells"
            );
            if let Some((condition, value)) = suggestion(&card, &with) {
                let with = With::from([(condition.key.clone(), vec![value.value.clone()])]);
                let cells = training_cells(&card, &with);
                assert!(cells.is_none_or(|cells| cells >= THIN), "{name:?} suggests {}: {cells:?} cells", value.value);
            }
            known += 1;
        }
        assert!(known >= 11, "{known} bundles are shipped");
    }

    #[test]
    fn states_that_mean_the_same_ask_for_the_same() {
        let card = card();
        let of = |query: &str| asked(&card, &State::read(query));
        assert_eq!(of("with.drug=PBS&gene=CD14&view=plate"), of(""), "the control is what stands there anyway");
        for query in ["with.drug=A", "cells=8", "seed=2", "replicates=2", "b.on=1", "clamp=CD14:1", "guidance=9"] {
            assert_ne!(of(query), of(""), "{query}");
        }
    }

    #[test]
    fn genes_are_knocked_out_and_cytokines_added() {
        let of = |title: &str| deed(&Condition { title: title.into(), ..Condition::default() }, "STAT1");
        assert_eq!(of("Knock-out"), "Knock STAT1 out");
        assert_eq!(of("CRISPRi knock-down"), "Knock STAT1 down");
        assert_eq!(of("Cytokine"), "Add STAT1");
    }

    #[test]
    fn several_perturbations_are_requested_in_the_cards_order() {
        let (card, state) = (card(), State::read("with.drug=C%2B&with.drug=PBS&with.drug=A&with.drug=unknown"));
        let asked = request(&card, &state, Which::A);
        assert_eq!(asked.with["drug"], ["A", "C+"]);
        assert_eq!(asked.with["donor"], ["2"], "the donor with most cells stands in for one that is not said");
        assert!(!asked.with.contains_key("depth"), "the library size is drawn");
        assert_eq!((asked.guidance, asked.steps), (1.5, 4));
        assert_eq!(perturbed_name(&card, &state.with).as_deref(), Some("Alpha + C"));
    }

    #[test]
    fn switches_do_not_depend_on_one_another() {
        let (card, mut state) = (card(), State::read("with.drug=PBS"));
        let drug = &card.conditions[1];
        for (value, on, left) in [("A", true, "A"), ("C+", true, "A C+"), ("A", true, "C+ A"), ("A", false, "C+")] {
            assert_eq!(switch(&mut state.with, drug, value, on), Ok(()));
            assert_eq!(state.with["drug"].join(" "), left);
        }
        assert_eq!(switch(&mut state.with, drug, "C+", false), Ok(()));
        assert!(state.with.is_empty(), "nothing on is said by saying nothing");
    }

    #[test]
    fn more_than_the_sampler_composes_are_refused() {
        let names: Vec<String> = (0..=MOST_TOGETHER).map(|place| format!("D{place}")).collect();
        let many = condition("drug", "perturbation", None, names.iter().map(|name| value(name, name, 1)).collect());
        let mut state = State::default();
        let (last, first) = names.split_last().unwrap_or_else(|| panic!("no names"));
        first.iter().for_each(|name| assert_eq!(switch(&mut state.with, &many, name, true), Ok(())));
        assert!(switch(&mut state.with, &many, last, true).is_err_and(|error| error.contains("At most 5")));
        assert_eq!(state.with["drug"].len(), MOST_TOGETHER);
    }

    #[test]
    fn the_control_is_what_is_left_when_nothing_is_on() {
        let card = card();
        for query in ["", "with.drug=PBS", "with.drug=unknown"] {
            let state = State::read(query);
            assert_eq!(request(&card, &state, Which::A).with["drug"], ["PBS"], "{query}");
            assert!(perturbations(&card, &state.with).is_empty() && perturbed_name(&card, &state.with).is_none());
        }
    }

    #[test]
    fn a_combination_that_no_cell_had_is_known_as_one() {
        let cells = |query: &str| training_cells(&card(), &State::read(query).with);
        assert_eq!(cells("with.drug=A"), Some(5));
        assert_eq!(cells("with.drug=B&with.drug=A"), Some(3));
        assert_eq!(cells("with.drug=A&with.drug=C%2B"), Some(0));
        assert_eq!(training_cells(&Card { combinations: Default::default(), ..card() }, &State::default().with), None);
    }

    #[test]
    fn each_scenario_has_its_own_request_and_words() {
        let state = State::read("with.drug=A&b.on=1&b.with.donor=1&b.clamp=CD14:3&seed=9");
        let (a, b) = (request(&card(), &state, Which::A), request(&card(), &state, Which::B));
        assert_eq!((a.with["drug"][0].as_str(), b.with["drug"][0].as_str()), ("A", "PBS"));
        assert_eq!((a.with["donor"][0].as_str(), b.with["donor"][0].as_str()), ("2", "1"));
        assert_eq!((a.clamp.len(), b.clamp.len(), a.seed, b.seed), (0, 1, 9, 9));
        assert_eq!(words(&card(), &state, Which::A), "Alpha, 2");
        assert_eq!(words(&card(), &state, Which::B), "none, 1, CD14 held at 3");
        assert_eq!(request_words(&card(), &a), "Alpha, 2; 64 cells, seed 9");
        let one = Request { cells: 1, ..b };
        assert_eq!(request_words(&card(), &one), "none, 1, CD14 held at 3; one cell, seed 9");
    }
}
