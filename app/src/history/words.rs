//! A step of the history in words.
//!
//! Does: names what differs between two states as the page names it: conditions and values by the card's names, parts of
//! views by theirs; at most two things are named.
//! Does not know: the history.
//! Flow: two states + card → **words** → undo, redo, toasts.

use std::collections::{BTreeMap, BTreeSet};

use crate::protocol::Wish;
use crate::protocol::card::{Card, Condition};
use crate::state::{State, View, Which};

/// Letters of a value that are shown.
const LETTERS: usize = 28;

/// Parts that views keep of their own, by their names on the page.
pub(crate) const PARTS: [(&str, &str); 20] = [
    ("genes.figure", "Figure"),
    ("genes.find", "Gene search"),
    ("genes.fold_change", "Smallest fold change"),
    ("genes.list", "Genes shown"),
    ("genes.q", "Largest q"),
    ("genes.shift", "Direction of the shift"),
    ("genes.sort", "Order of the genes"),
    ("learn.change", "Lesson's perturbation"),
    ("learn.gene", "Lesson's gene"),
    ("learn.lesson", "Lesson"),
    ("learn.type", "Lesson's cell type"),
    ("map.colour", "Colours of the map"),
    ("plate.by", "Response strength"),
    ("plate.cells", "Cells per well"),
    ("plate.colour", "Colours of the plate"),
    ("plate.heat", "Genes of the heat map"),
    ("plate.matrix", "Values of the heat map"),
    ("plate.order", "Order of the heat map"),
    ("plate.wells", "Plate"),
    ("show.comparison", "Comparison"),
];

/// A value as words: short, and something where there is nothing.
fn value(text: Option<&str>, otherwise: &str) -> String {
    let text = text.map(str::trim).filter(|text| !text.is_empty()).unwrap_or(otherwise);
    if text.chars().count() <= LETTERS {
        return text.to_owned();
    }
    let short: String = text.chars().take(LETTERS - 1).collect();
    format!("{}…", short.trim_end())
}

/// The text with a capital first letter.
fn capital(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

/// Name of a view, as its tab has it.
pub fn view_name(view: View) -> &'static str {
    match view {
        View::Explore => "Explore",
        View::Plate => "Plate",
        View::Learn => "Learn",
        View::Data => "Data",
        View::Model => "Model card",
    }
}

fn device(wish: Wish) -> &'static str {
    match wish {
        Wish::Auto => "automatic",
        Wish::WebGpuHalf => "WebGPU (half precision)",
        Wish::WebGpu => "WebGPU",
        Wish::Cpu => "CPU",
    }
}

/// Name of a part of a view; a part without one is named by its key.
pub fn part(key: &str) -> String {
    let known = PARTS.iter().find(|(own, _)| *own == key);
    known.map_or_else(|| capital(&key.replace(['_', '.', '-'], " ")), |(_, name)| (*name).to_owned())
}

/// What the card calls things.
struct Names<'a>(Option<&'a Card>);

impl Names<'_> {
    fn condition(&self, key: &str) -> Option<&Condition> {
        self.0?.conditions.iter().find(|condition| condition.key == key)
    }

    fn title(&self, key: &str) -> String {
        self.condition(key).map_or_else(|| capital(&key.replace('_', " ")), |condition| condition.title.clone())
    }

    /// Values of a condition; what nothing was chosen of is the control, or whatever is usual.
    fn values(&self, with: &BTreeMap<String, Vec<String>>, key: &str) -> String {
        let condition = self.condition(key);
        let display = |value: &String| {
            let known = condition.and_then(|own| own.values.iter().find(|known| known.value == *value));
            known.map_or_else(|| value.clone(), |known| known.display.clone())
        };
        let chosen = with.get(key).map(|values| values.iter().map(display).collect::<Vec<_>>().join(" + "));
        let is_changed = condition.is_some_and(|own| own.kind == "perturbation");
        value(chosen.as_deref(), if is_changed { "none" } else { "the usual" })
    }

    fn bundle(&self, folder: &str) -> String {
        let own = self.0.filter(|card| folder.rsplit('/').next() == Some(card.name.as_str()));
        own.map_or_else(|| folder.rsplit('/').next().unwrap_or(folder).to_owned(), |card| card.title.clone())
    }
}

/// What differs between the chosen values of a scenario.
fn choices(names: &Names<'_>, (before, after): (&State, &State), which: Which, said: &mut Vec<String>) {
    let owner = if which == Which::B { "B, " } else { "" };
    let (own, new) = (before.with_of(which), after.with_of(which));
    for key in changed_keys(own, new) {
        let (from, to) = (names.values(own, key), names.values(new, key));
        said.push(format!("{owner}{}: {from} → {to}", names.title(key)));
    }
    let (own, new) = (before.clamp_of(which), after.clamp_of(which));
    let held = new.iter().filter(|pair| !own.contains(pair));
    said.extend(held.map(|(gene, count)| format!("{owner}{gene} held at {count}")));
    let is_held = |gene: &str| new.iter().any(|(own, _)| own == gene);
    said.extend(own.iter().filter(|(gene, _)| !is_held(gene)).map(|(gene, _)| format!("{owner}{gene} released")));
}

/// What differs between the numbers and the rest.
fn settings(names: &Names<'_>, before: &State, after: &State, said: &mut Vec<String>) {
    let mut say = |what: &str, from: String, to: String| {
        if from != to {
            said.push(format!("{what}: {from} → {to}"));
        }
    };
    let own = |number: Option<String>| number.unwrap_or_else(|| "this model's".to_owned());
    let scale = |state: &State| own(state.guidance.map(|number| number.to_string()));
    let steps = |state: &State| own(state.steps.map(|number| number.to_string()));
    say("Guidance", scale(before), scale(after));
    say("Steps", steps(before), steps(after));
    say("Cells", before.cells.to_string(), after.cells.to_string());
    say("Seed", before.seed.to_string(), after.seed.to_string());
    say("Replicates", before.replicates.to_string(), after.replicates.to_string());
    say("Model", names.bundle(&before.bundle), names.bundle(&after.bundle));
    say("Device", device(before.device).into(), device(after.device).into());
    for key in changed_keys(&before.parts, &after.parts) {
        let of = |state: &State| value(state.parts.get(key).map(String::as_str), "the usual");
        say(&part(key), of(before), of(after));
    }
}

/// What differs between two states, in words such as "Seed: 1 → 2"; at most two things are named. `card` is the open
/// model's, where there is one.
pub fn describe(before: &State, after: &State, card: Option<&Card>) -> String {
    let (names, mut said) = (Names(card), Vec::new());
    choices(&names, (before, after), Which::A, &mut said);
    match (&before.other, &after.other) {
        (Some(_), Some(_)) => choices(&names, (before, after), Which::B, &mut said),
        (None, None) => {}
        (_, new) => {
            said.push(if new.is_some() { "scenario B added" } else { "scenario B removed" }.to_owned());
        }
    }
    settings(&names, before, after, &mut said);
    if before.gene != after.gene {
        let name = |gene: &Option<String>| value(gene.as_deref(), "none");
        said.push(match (&before.gene, &after.gene) {
            (Some(_), Some(_)) => format!("Gene: {} → {}", name(&before.gene), name(&after.gene)),
            (Some(_), None) => format!("gene {} put away", name(&before.gene)),
            (None, _) => format!("gene {}", name(&after.gene)),
        });
    }
    if before.view != after.view {
        said.push(format!("{} → {}", view_name(before.view), view_name(after.view)));
    }
    match said.as_slice() {
        [] => "the last change".to_owned(),
        [one] => one.clone(),
        [one, two] => format!("{one}, {two}"),
        [one, rest @ ..] => format!("{one} and {} more changes", rest.len()),
    }
}

/// Keys whose values differ.
pub(super) fn changed_keys<'a, T: PartialEq>(
    before: &'a BTreeMap<String, T>,
    after: &'a BTreeMap<String, T>,
) -> BTreeSet<&'a String> {
    before.keys().chain(after.keys()).filter(|key| before.get(*key) != after.get(*key)).collect()
}

#[cfg(test)]
mod tests {
    use super::{PARTS, describe, part};
    use crate::protocol::card::{Card, Condition, Value};
    use crate::state::{Other, State};

    fn with(value: &str) -> State {
        let mut state = State::default();
        state.with.insert("condition".to_owned(), vec![value.to_owned()]);
        state
    }

    fn card() -> Card {
        let value =
            |value: &str, display: &str| Value { value: value.into(), display: display.into(), ..Value::default() };
        let condition = Condition {
            key: "condition".into(),
            title: "Cytokine".into(),
            kind: "perturbation".into(),
            control: Some("ctrl".into()),
            values: vec![value("ctrl", "No cytokine"), value("IFN-beta", "Interferon beta (IFN-β)")],
            ..Condition::default()
        };
        Card {
            name: "pbmc-ifnb".into(),
            title: "PBMC, interferon beta".into(),
            conditions: vec![condition],
            ..Card::default()
        }
    }

    #[test]
    fn names_stand_for_codes() {
        let (none, on) = (State::default(), with("IFN-beta"));
        assert_eq!(describe(&none, &on, Some(&card())), "Cytokine: none → Interferon beta (IFN-β)");
        assert_eq!(describe(&none, &on, None), "Condition: the usual → IFN-beta", "without a card by what there is");
        let other = State { other: Some(Other { with: on.with.clone(), clamp: Vec::new() }), ..on.clone() };
        let changed =
            State { other: Some(Other { clamp: vec![("CD14".into(), 3)], ..Other::default() }), ..on.clone() };
        assert_eq!(describe(&on, &other, Some(&card())), "scenario B added");
        assert_eq!(
            describe(&other, &changed, Some(&card())),
            "B, Cytokine: Interferon beta (IFN-β) → none, B, CD14 held at 3"
        );
        let bundle = State { bundle: "models/thp1".into(), ..State::default() };
        assert_eq!(describe(&none, &bundle, Some(&card())), "Model: PBMC, interferon beta → thp1");
    }

    #[test]
    fn words_name_what_changed() {
        let none = State::default();
        let held = State { clamp: vec![("CD14".into(), 3)], ..State::default() };
        assert_eq!(describe(&none, &held, None), "CD14 held at 3");
        assert_eq!(describe(&held, &none, None), "CD14 released");
        assert_eq!(
            describe(&held, &State { clamp: vec![("CD14".into(), 5)], ..State::default() }, None),
            "CD14 held at 5"
        );
        let gene = State { gene: Some("ISG15".into()), ..State::default() };
        assert_eq!(describe(&none, &gene, None), "gene ISG15");
        assert_eq!(describe(&gene, &none, None), "gene ISG15 put away");
        let mut parts = State::default();
        parts.parts.insert("plate.wells".into(), "A1 to H12, each with a name that is long".into());
        assert_eq!(describe(&none, &parts, None), "Plate: the usual → A1 to H12, each with a name…");
        let many = State { steps: Some(2), cells: 8, seed: 3, ..State::default() };
        assert_eq!(describe(&none, &many, None), "Steps: this model's → 2 and 2 more changes");
        assert_eq!(describe(&many, &many, None), "the last change");
    }

    #[test]
    fn parts_have_names() {
        for (key, name) in PARTS {
            assert_eq!(part(key), name);
        }
        assert_eq!(part("learn.guide-cells"), "Learn guide cells");
    }
}
