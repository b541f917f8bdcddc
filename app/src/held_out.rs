//! Held-out groups in words.
//!
//! Does: names a group, a rule of what was held out, and a choice by the titles and display names of the card, so that a
//! replicate is not called a donor and a code is not called a name; what PerturbMean averages over.
//! Does not know: scores, how words are shown.
//! Flow: card + keys and values → **words** → model card, lessons, trust, notices.

use crate::protocol::card::{Card, Condition, Score};

/// A title in the middle of a sentence; one of capitals, such as "UMIs", stays as it is.
pub fn inside(title: &str) -> String {
    let mut letters = title.chars();
    match (letters.next(), letters.next()) {
        (Some(first), Some(second)) if second.is_lowercase() => {
            first.to_lowercase().chain(title.chars().skip(1)).collect()
        }
        _ => title.to_owned(),
    }
}

/// A value's name for people; values that act together are joined by "+" in cards.
fn display(condition: &Condition, value: &str) -> String {
    let one = |value: &str| {
        let known = condition.values.iter().find(|own| own.value == value);
        known.filter(|own| !own.display.is_empty()).map(|own| own.display.clone())
    };
    one(value).unwrap_or_else(|| {
        let parts: Option<Vec<String>> = value.split('+').map(|part| one(part.trim())).collect();
        parts.map_or_else(|| value.to_owned(), |parts| parts.join(" + "))
    })
}

/// Whether a name says its title itself, as "Replicate 2" does.
fn says(condition: &Condition, name: &str) -> bool {
    name.to_lowercase().starts_with(&condition.title.to_lowercase())
}

/// Title and name in the middle of a sentence.
fn titled(condition: &Condition, value: &str) -> String {
    let name = display(condition, value);
    if says(condition, &name) { inside(&name) } else { format!("{} {name}", inside(&condition.title)) }
}

fn of_kind<'a>(card: &'a Card, kind: &str) -> Option<&'a Condition> {
    card.conditions.iter().find(|own| own.kind == kind)
}

/// A choice: title and name.
pub fn choice(card: &Card, key: &str, value: &str) -> String {
    match card.conditions.iter().find(|own| own.key == key) {
        Some(own) => titled(own, value),
        None => format!("{key} {value}"),
    }
}

/// Whose cells a group is of, such as "replicate rep_2"; nothing where the card has no such condition.
pub fn whose(card: &Card, score: &Score) -> Option<String> {
    let own = of_kind(card, "identity").filter(|_| !score.donor.is_empty())?;
    Some(titled(own, &score.donor))
}

/// Which cells of theirs; nothing where the card knows no types.
pub fn which(card: &Card, score: &Score) -> Option<String> {
    match (of_kind(card, "cell_type"), score.cell_type.as_str()) {
        (None, _) => None,
        (Some(_), "all") => Some("all cell types".to_owned()),
        (Some(own), value) => Some(display(own, value)),
    }
}

/// A group, such as "Interferon beta, donor 101, CD4 T cells".
pub fn group(card: &Card, score: &Score) -> String {
    let what =
        of_kind(card, "perturbation").map_or_else(|| score.condition.clone(), |own| display(own, &score.condition));
    [Some(what), whose(card, score), which(card, score)].into_iter().flatten().collect::<Vec<_>>().join(", ")
}

/// A rule such as "condition = IFN-beta, donor = 101" by titles and names; a sentence stays as it is.
pub fn rule(card: &Card, rule: &str) -> String {
    let part = |part: &str| {
        let (key, value) = part.split_once(" = ")?;
        let own = card.conditions.iter().find(|own| own.key == key)?;
        let name = display(own, value);
        Some(if says(own, &name) { name } else { format!("{}: {name}", own.title) })
    };
    let parts: Option<Vec<String>> = rule.split(", ").map(part).collect();
    parts.map_or_else(|| rule.to_owned(), |parts| parts.join("; "))
}

/// Whose effects PerturbMean averages, in the plural: "donors", "replicates"; nothing where cells are all of one source.
pub fn sources(card: &Card) -> Option<String> {
    of_kind(card, "identity").map(|own| format!("{}s", inside(&own.title)))
}

#[cfg(test)]
mod tests {
    use super::{choice, group, inside, rule, sources};
    use crate::protocol::card::{Card, Condition, Score, Value};

    fn condition(key: &str, title: &str, kind: &str, values: &[(&str, &str)]) -> Condition {
        let value = |(value, display): &(&str, &str)| Value {
            value: (*value).into(),
            display: (*display).into(),
            ..Value::default()
        };
        let values = values.iter().map(value).collect();
        Condition { key: key.into(), title: title.into(), kind: kind.into(), values, ..Condition::default() }
    }

    fn score(donor: &str, cell_type: &str, condition: &str) -> Score {
        Score { donor: donor.into(), cell_type: cell_type.into(), condition: condition.into(), ..Score::default() }
    }

    fn screen() -> Card {
        let conditions = vec![
            condition("donor", "Replicate", "identity", &[("rep_2", "Replicate 2")]),
            condition("condition", "Knock-out", "perturbation", &[("KLF1", "KLF1"), ("MAP2K6", "MAP2K6 (MEK6)")]),
        ];
        Card { conditions, ..Card::default() }
    }

    #[test]
    fn groups_are_named_as_the_card_names_them() {
        let blood = Card {
            conditions: vec![
                condition("donor", "Donor", "identity", &[("101", "101")]),
                condition("type", "Cell type", "cell_type", &[("B", "B cells")]),
                condition("condition", "Cytokine", "perturbation", &[("IFN-beta", "Interferon beta")]),
            ],
            ..Card::default()
        };
        assert_eq!(group(&blood, &score("101", "B", "IFN-beta")), "Interferon beta, donor 101, B cells");
        assert_eq!(group(&blood, &score("101", "all", "IFN-beta")), "Interferon beta, donor 101, all cell types");
        // A replicate is no donor, a screen of one line has no cell types, and pairs are joined readably.
        let words = group(&screen(), &score("rep_2", "all", "KLF1+MAP2K6"));
        assert_eq!(words, "KLF1 + MAP2K6 (MEK6), replicate 2");
        // Cards of cells from one source write "all cells" there.
        let line = Card { conditions: screen().conditions.split_off(1), ..Card::default() };
        assert_eq!(group(&line, &score("all cells", "all", "KLF1")), "KLF1");
        assert_eq!((sources(&line), sources(&screen())), (None, Some("replicates".to_owned())));
    }

    #[test]
    fn rules_and_choices_have_titles_and_names() {
        let card = screen();
        assert_eq!(rule(&card, "condition = MAP2K6, donor = rep_2"), "Knock-out: MAP2K6 (MEK6); Replicate 2");
        for sentence in ["200 cells of the others, drawn at random", "organ = liver, donor = rep_2"] {
            assert_eq!(rule(&card, sentence), sentence);
        }
        assert_eq!(choice(&card, "condition", "MAP2K6"), "knock-out MAP2K6 (MEK6)");
        assert_eq!(choice(&card, "organ", "liver"), "organ liver");
    }

    #[test]
    fn titles_of_capitals_stay() {
        assert_eq!([inside("Cell type"), inside("UMIs"), inside("")], ["cell type", "UMIs", ""]);
    }
}
