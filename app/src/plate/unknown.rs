//! What a plate asks for that the model does not have: a link may come from another model, or from a slip of the hand.
//!
//! Does: sentences on values, genes and numbers that the model lacks or refuses, each with its wells or its setting; what
//! the model has seen of a well's condition, or that it does not know it.
//! Does not know: signals, the worker.
//! Flow: card + layout + settings of the address → **sentences with wells** → page.

use std::collections::BTreeMap;

use super::layout::{Condition, Layout, Unread};
use super::work::cells_of;
use crate::checks::{self, About};
use crate::choices::MOST_TOGETHER;
use crate::protocol::card::Card;
use crate::state::State;

/// What is wrong with a condition, in sentences.
pub fn of(card: &Card, condition: &Condition) -> Vec<String> {
    let mut found = Vec::new();
    for (key, values) in &condition.with {
        let Some(slot) = card.choosable().find(|slot| slot.key == *key) else {
            found.push(format!("This model has no choice called {key}."));
            continue;
        };
        let unknown = values.iter().filter(|value| slot.values.iter().all(|own| own.value != **value));
        found.extend(unknown.map(|value| format!("{}: this model has no “{value}”.", slot.title)));
        if slot.kind == "perturbation" && values.len() > MOST_TOGETHER {
            found.push(format!("At most {MOST_TOGETHER} can act together; {} were asked for.", values.len()));
        }
    }
    let genes = condition.clamp.iter().filter(|(gene, _)| !card.genes.contains(gene));
    found.extend(genes.map(|(gene, _)| format!("“{gene}” is not among this model's genes.")));
    let guidance = condition.guidance.map(|own| checks::guidance(&own.to_string(), card.guidance_limit));
    found.extend(guidance.and_then(Result::err));
    found.extend(condition.unread.iter().map(Unread::sentence));
    found
}

/// What the model has seen of a condition, in a sentence, and whether it is new to it; one that the model does not know
/// is said to be so. `cells`: training cells with it, where the bundle says; `has_result`: whether cells of it were made.
pub fn seen(card: &Card, condition: &Condition, cells: Option<u32>, has_result: bool) -> (bool, String) {
    let unknown = of(card, condition);
    if !unknown.is_empty() {
        return (true, format!("Unknown to this model, nothing is generated: {}", unknown.join(" ")));
    }
    let made = if has_result { "Generated" } else { "To be generated" };
    match cells {
        Some(0) if has_result => (true, "Extrapolated: no training cell had this combination.".to_owned()),
        Some(0) => (true, "To be extrapolated: no training cell had this combination.".to_owned()),
        Some(1) => (false, format!("{made}: one training cell had this combination.")),
        Some(cells) => (false, format!("{made}: {cells} training cells had this combination.")),
        None => (false, format!("{made}. This model does not say how many training cells had this combination.")),
    }
}

/// Sentences, each with the wells that it is of, in order.
pub fn unknown(card: &Card, layout: &Layout) -> Vec<(String, Vec<usize>)> {
    let mut found: BTreeMap<String, Vec<usize>> = BTreeMap::new();
    for (place, well) in layout.filled() {
        for sentence in of(card, &well.condition) {
            found.entry(sentence).or_default().push(place);
        }
    }
    let mut list: Vec<(String, Vec<usize>)> = found.into_iter().collect();
    list.sort_by(|a, b| a.1.cmp(&b.1).then(a.0.cmp(&b.0)));
    list
}

/// A setting of the whole plate that the model refuses.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refused {
    /// In a sentence.
    pub words: String,
    /// What is left out to settle it: a number of the choices, or the plate's cells per well.
    pub about: Option<About>,
}

/// Settings of the whole plate that are out of range: guidance and steps, which Explore shares, and cells per well.
pub fn settings(card: &Card, state: &State, cells: Option<&str>) -> Vec<Refused> {
    let shared = |about: &About| matches!(about, About::Number("guidance" | "steps"));
    let problems = checks::problems(card, state, &|_| None).into_iter().filter(|own| shared(&own.about));
    let mut found: Vec<Refused> = problems.map(|own| Refused { words: own.words, about: Some(own.about) }).collect();
    found.extend(cells.and_then(|typed| cells_of(typed).err()).map(|words| Refused { words, about: None }));
    found
}

#[cfg(test)]
mod tests {
    use super::super::address::read;
    use super::super::example::{defaults, tests::card};
    use super::super::layout::Condition;
    use super::{seen, settings, unknown};
    use crate::checks::{About, leave_out};
    use crate::protocol::card::Card;
    use crate::state::State;

    #[test]
    fn what_the_model_lacks_is_named_with_its_wells_and_nothing_else() {
        let card = Card { guidance_limit: 3.0, ..card() };
        let text = "cell_type.condition.donor~B__cells.IFN_2Dbeta.101~Martian.IFN_2Dbeta.101~B__cells.NOPE.101.9.NOGENE-3*0-1.1-1.1-2.2-1";
        let found = unknown(&card, &read(text));
        let sentences: Vec<&str> = found.iter().map(|(sentence, _)| sentence.as_str()).collect();
        assert_eq!(found.len(), 4, "{sentences:?}");
        assert!(sentences[0].contains("“Martian”"), "{sentences:?}");
        assert_eq!(found[0].1, [1, 2], "both wells in one sentence");
        for (part, place) in [
            ("“NOPE”", 3),
            ("“NOGENE”", 3),
            (
                "Guidance scale: a number from 0 to 3, the largest at which this model's cells were looked at and found plausible; 9 was not",
                3,
            ),
        ] {
            assert!(
                found.iter().any(|(own, wells)| own.contains(part) && *wells == [place]),
                "{part} in {sentences:?}"
            );
        }
        assert!(unknown(&card, &read("cell_type.donor~B__cells.101*0-1")).is_empty());
    }

    #[test]
    fn a_condition_that_the_model_does_not_know_is_not_called_an_extrapolation() {
        let card = Card { guidance_limit: 3.0, ..card() };
        let known = Condition { with: defaults(&card), ..Condition::default() };
        assert_eq!(seen(&card, &known, Some(0), false).1, "To be extrapolated: no training cell had this combination.");
        assert_eq!(
            seen(&card, &known, Some(7), true),
            (false, "Generated: 7 training cells had this combination.".into())
        );
        let mut martian = known.clone();
        martian.with.insert("cell_type".into(), vec!["Martian".into()]);
        let (is_new, words) = seen(&card, &martian, Some(0), false);
        assert!(is_new && words.starts_with("Unknown to this model, nothing is generated:"), "{words}");
        assert!(words.contains("“Martian”") && !words.contains("xtrapolated"), "{words}");
        // A card's combinations know nothing of guidance: a value out of range is refused all the same.
        let wild = Condition { guidance: Some(-1.0), ..known.clone() };
        assert!(seen(&card, &wild, Some(7), false).1.contains("-1 was not taken"));
        let mut many = known;
        many.with.insert("condition".into(), vec!["IFN-beta".to_owned(); 6]);
        assert!(seen(&card, &many, Some(0), false).1.contains("At most 5 can act together; 6 were asked for"));
    }

    #[test]
    fn what_the_address_says_in_no_number_has_its_wells_too() {
        let found = unknown(&card(), &read("cell_type.condition.donor~B__cells.IFN_2Dbeta.101.many*0-1.0-2"));
        assert!(found.len() == 1 && found[0].0.contains("“many”") && found[0].1 == [0, 1], "{found:?}");
    }

    #[test]
    fn settings_out_of_range_are_refused_with_their_range() {
        let card = Card { guidance_limit: 3.0, ..card() };
        let of = |query: &str, cells: Option<&str>| settings(&card, &State::read(query), cells);
        assert!(of("guidance=2&steps=8&cells=99999", Some("8")).is_empty(), "Explore's cells are not the plate's");
        let found = of("guidance=9&steps=9999", Some("9999"));
        let words: Vec<&str> = found.iter().map(|own| own.words.as_str()).collect();
        let parts = ["from 1 to 256; 9999 was not", "from 0 to 3", "from 8 to 256; 9999 was not"];
        assert!(parts.iter().zip(&words).all(|(part, own)| own.contains(part)) && words.len() == 3, "{words:?}");
        assert!(of("", Some("many"))[0].words.contains("many was not taken"));
        // Leaving out settles it.
        let mut state = State::read("guidance=9&steps=9999");
        let abouts: Vec<About> = found.into_iter().filter_map(|own| own.about).collect();
        abouts.iter().for_each(|about| leave_out(&mut state, about));
        assert!(settings(&card, &state, None).is_empty());
    }
}
