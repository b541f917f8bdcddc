//! What views keep of their own in an address, held against what they can show.
//!
//! Does: knows every such part and which values it takes; takes out of a state what no view understands, and of the parts
//! that speak of a model what the open one does not have, and names each.
//! Does not know: what a part does, how a notice looks.
//! Flow: address → state → **parts that are understood**, the rest by name → store, notice.

use std::collections::BTreeMap;

use crate::gene_rows::{CHANGE, DIRECTION, FIND, Q, SORT, direction_of, largest_q, order_named, smallest_change};
use crate::history;
use crate::lessons::{self, CELLS, GUESS, GUESSES, LESSONS, STEPS};
use crate::map_view::benchmark;
use crate::plate::{address, results};
use crate::protocol::card::{Card, Condition};
use crate::state::{SHOW, SHOWN, State};

/// Parts by their keys.
pub type Parts = BTreeMap<String, String>;

/// Part that keeps the figure of genes that is open, by the names of [`FIGURES`].
pub const FIGURE: &str = "genes.figure";
/// Figures of genes by their names in an address.
pub const FIGURES: [&str; 5] = ["volcano", "ma", "violins", "dots", "heat"];
/// Part that keeps the genes of the figures, with commas between them.
pub const GENES: &str = "genes.list";
/// Part that keeps what colours the map: "scenario", "gene" or a condition's key.
pub const COLOUR: &str = "map.colour";

/// Whether a part can be understood without a model.
type Check = fn(&str) -> bool;

fn is_any(_: &str) -> bool {
    true
}

/// A whole number between limits, both included.
fn is_number(value: &str, (least, most): (u32, u32)) -> bool {
    value.parse::<u32>().is_ok_and(|number| (least..=most).contains(&number))
}

fn is_place(value: &str, most: usize) -> bool {
    value.parse::<usize>().is_ok_and(|place| (1..=most).contains(&place))
}

/// Every part but the answers of lessons. What is "any" is a text that people type or a name that only a model knows.
const KNOWN: [(&str, Check); 26] = [
    (FIGURE, |value| FIGURES.contains(&value)),
    (FIND, is_any),
    (CHANGE, |value| smallest_change(value).is_ok()),
    (GENES, is_any),
    (Q, |value| largest_q(value).is_ok()),
    (DIRECTION, |value| direction_of(value).is_some()),
    (SORT, |value| order_named(value).is_some()),
    ("learn.ceiling-cells", |value| is_number(value, CELLS)),
    ("learn.change", is_any),
    ("learn.gene", is_any),
    (GUESS, |value| is_place(value, GUESSES)),
    ("learn.guide-cells", |value| is_number(value, CELLS)),
    ("learn.lesson", |value| LESSONS.iter().any(|lesson| lesson.key == value)),
    ("learn.seed", |value| is_number(value, (0, u32::MAX))),
    ("learn.step", |value| is_place(value, LESSONS.iter().map(|lesson| lesson.steps.len()).max().unwrap_or(0))),
    ("learn.steps", |value| is_number(value, STEPS)),
    ("learn.type", is_any),
    (COLOUR, is_any),
    ("map.load", |value| benchmark::asked(value).is_some()),
    ("plate.by", |value| ["genes", "rms"].contains(&value)),
    // The plate itself says what is wrong with it, beside the field.
    ("plate.cells", is_any),
    ("plate.colour", |value| ["ahead", "strength", "shift", "mean"].contains(&value)),
    ("plate.heat", |value| results::heat_genes(value).is_ok()),
    ("plate.matrix", |value| ["shift", "mean"].contains(&value)),
    ("plate.order", |value| ["alike", "plate"].contains(&value)),
    (address::PART, |value| address::read(value).filled().next().is_some()),
];

/// Whether a part is one of a view and has a value that it takes.
fn is_understood(key: &str, value: &str) -> bool {
    let known = KNOWN.iter().find(|(own, _)| *own == key).map(|(_, check)| *check);
    let question = || LESSONS.iter().flat_map(|lesson| lesson.questions()).find(|own| own.part() == key);
    match known {
        Some(check) => check(value),
        None if key == SHOW => SHOWN.iter().any(|(_, name)| *name == value),
        None => question().is_some_and(|own| is_place(value, own.answers.len())),
    }
}

/// Takes out what no view understands, and names it as the address has it.
pub fn take_wrong(parts: &mut Parts) -> Vec<String> {
    parts.extract_if(.., |key, value| !is_understood(key, value)).map(|(key, value)| format!("{key}={value}")).collect()
}

/// Reads a query string: the state without what could not be understood, and each of that as the address has it.
pub fn read(query: &str) -> (State, Vec<String>) {
    let (mut state, mut refused) = State::read_telling(query);
    refused.extend(take_wrong(&mut state.parts));
    (state, refused)
}

/// Takes a part out where its value is none of the model's, and names it as the page names it.
fn fit_one(parts: &mut Parts, key: &str, is_known: impl Fn(&str) -> bool, dropped: &mut Vec<String>) {
    if let Some(value) = parts.remove(key) {
        if is_known(&value) {
            parts.insert(key.to_owned(), value);
        } else {
            dropped.push(format!("{} “{value}”", history::part(key)));
        }
    }
}

/// Brings parts that speak of a model into line with its card: what it does not have is taken out and named.
pub fn fit(parts: &mut Parts, card: &Card) -> Vec<String> {
    let mut dropped = Vec::new();
    let has = |condition: Option<&Condition>, value: &str| {
        condition.is_some_and(|own| own.values.iter().any(|known| known.value == value))
    };
    let is_colour =
        |value: &str| ["scenario", "gene"].contains(&value) || card.choosable().any(|condition| condition.key == value);
    fit_one(parts, COLOUR, is_colour, &mut dropped);
    fit_one(parts, "learn.gene", |value| card.genes.iter().any(|gene| gene == value), &mut dropped);
    fit_one(parts, "learn.type", |value| has(lessons::who(card), value), &mut dropped);
    fit_one(parts, "learn.change", |value| has(lessons::change(card), value), &mut dropped);
    if let Some(list) = parts.remove(GENES) {
        let (known, unknown): (Vec<&str>, Vec<&str>) = list
            .split(',')
            .map(str::trim)
            .filter(|gene| !gene.is_empty())
            .partition(|gene| card.genes.iter().any(|own| own == gene));
        // An empty list is a choice; one of which nothing is left is none.
        if !known.is_empty() || unknown.is_empty() {
            parts.insert(GENES.to_owned(), known.join(","));
        }
        if !unknown.is_empty() {
            dropped.push(format!("{} {}", history::part(GENES), unknown.join(", ")));
        }
    }
    dropped
}

#[cfg(test)]
mod tests {
    use super::{COLOUR, GENES, KNOWN, fit, is_understood, read, take_wrong};
    use crate::history::words;
    use crate::lessons::LESSONS;
    use crate::protocol::card::{Card, Condition, Value};
    use crate::state::{SHOW, SHOWN};

    fn refused(query: &str) -> Vec<String> {
        read(query).1
    }

    #[test]
    fn every_part_that_has_a_name_is_known() {
        let is_known = |key: &str| key == SHOW || KNOWN.iter().any(|(own, _)| *own == key);
        for (key, _) in words::PARTS {
            assert!(is_known(key), "{key}");
        }
        let mut keys: Vec<&str> = KNOWN.iter().map(|(key, _)| *key).collect();
        keys.dedup();
        assert_eq!(keys.len(), KNOWN.len());
    }

    #[test]
    fn what_views_write_is_understood() {
        for pair in [
            "genes.figure=heat",
            "genes.find=isg15%2C%20cd",
            "genes.fold_change=0.5",
            "genes.q=0.05",
            "genes.shift=down",
            "genes.sort=-q",
            "genes.list=",
            "learn.lesson=guide",
            "learn.step=5",
            "learn.steps=64",
            "learn.seed=0",
            "learn.guide-cells=256",
            "learn.guess=3",
            "map.colour=donor",
            "map.load=100000",
            "plate.by=rms",
            "plate.cells=9999",
            "plate.colour=shift",
            "plate.heat=CD14%20ISG15",
            "plate.matrix=mean",
            "plate.order=plate",
            "plate.wells=k~v%2A0-1",
            "learn.type=B",
            "learn.change=X",
            "learn.gene=CD14",
        ] {
            assert!(refused(pair).is_empty(), "{pair}");
        }
        for (_, name) in SHOWN {
            assert!(is_understood(SHOW, name), "{name}");
        }
        for question in LESSONS.iter().flat_map(|lesson| lesson.questions()) {
            assert!(is_understood(&question.part(), "1") && !is_understood(&question.part(), "9"), "{}", question.key);
        }
    }

    #[test]
    fn what_no_view_understands_is_taken_out_and_named() {
        let wrong = [
            "genes.figure=pie",
            "genes.fold_change=-3",
            "genes.nonsense=1",
            "genes.q=5",
            "genes.shift=sideways",
            "genes.sort=foo",
            "learn.ceiling-cells=9999",
            "learn.lesson=moon",
            "learn.step=9",
            "learn.steps=9999",
            "plate.by=x",
            "plate.colour=x",
            "plate.heat=9999",
            "plate.matrix=x",
            "plate.order=x",
            "plate.wells=x",
            "show.comparison=c",
        ];
        let (state, told) = read(&format!("{}&genes.q=abc&map.colour=x", wrong.join("&").replace("genes.q=5&", "")));
        let mut expected: Vec<&str> =
            wrong.iter().copied().filter(|own| *own != "genes.q=5").chain(["genes.q=abc"]).collect();
        expected.sort_unstable();
        assert_eq!(told, expected);
        assert_eq!(state.parts.into_keys().collect::<Vec<_>>(), [COLOUR], "only a model can say");
        assert_eq!(refused("genes.q=5&cell=8"), ["cell=8", "genes.q=5"]);
        assert!(take_wrong(&mut read("genes.q=5").0.parts).is_empty());
    }

    #[test]
    fn what_the_model_does_not_have_is_named_as_the_page_names_it() {
        let value = |value: &str| Value { value: value.into(), ..Value::default() };
        let condition = |key: &str, kind: &str, values: [&str; 2]| Condition {
            key: key.into(),
            kind: kind.into(),
            values: values.map(value).to_vec(),
            ..Condition::default()
        };
        let card = Card {
            genes: vec!["CD14".into(), "ISG15".into()],
            conditions: vec![
                condition("type", "cell_type", ["B", "T"]),
                condition("drug", "perturbation", ["none", "X"]),
            ],
            ..Card::default()
        };
        let of = |query: &str| {
            let mut parts = read(query).0.parts;
            let told = fit(&mut parts, &card);
            (told, parts)
        };
        for query in [
            "map.colour=gene",
            "map.colour=type",
            "genes.list=CD14%2CISG15",
            "genes.list=",
            "learn.type=B",
            "learn.change=X",
            "learn.gene=CD14",
        ] {
            let (told, parts) = of(query);
            assert!(told.is_empty() && parts.len() == 1, "{query}: {told:?}");
        }
        assert_eq!(of("map.colour=organ").0, ["Colours of the map “organ”"]);
        assert_eq!(of("learn.gene=XIST&learn.type=NK&learn.change=Y").0.len(), 3);
        let (told, parts) = of("genes.list=CD14%2CXIST%2CPF4");
        assert_eq!((told, parts[GENES].as_str()), (vec!["Genes shown XIST, PF4".to_owned()], "CD14"));
        assert!(of("genes.list=XIST").1.is_empty(), "a list of which nothing is left is no choice of nothing");
    }
}
