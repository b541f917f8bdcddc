//! What a plate asks for that the model does not have: a link may come from another model, or from a slip of the hand.
//!
//! Does: sentences on values, genes and numbers that the model lacks, each with its wells.
//! Does not know: signals, the worker.
//! Flow: card + layout → **sentences with wells** → page.

use std::collections::BTreeMap;

use super::layout::{Condition, Layout};
use crate::protocol::card::Card;

/// What is wrong with a condition, in sentences.
fn of(card: &Card, condition: &Condition) -> Vec<String> {
    let mut found = Vec::new();
    for (key, values) in &condition.with {
        let Some(slot) = card.choosable().find(|slot| slot.key == *key) else {
            found.push(format!("This model has no choice called {key}."));
            continue;
        };
        let unknown = values.iter().filter(|value| slot.values.iter().all(|own| own.value != **value));
        found.extend(unknown.map(|value| format!("{}: this model has no “{value}”.", slot.title)));
    }
    let genes = condition.clamp.iter().filter(|(gene, _)| !card.genes.contains(gene));
    found.extend(genes.map(|(gene, _)| format!("“{gene}” is not among this model's genes.")));
    let limit = card.guidance_limit;
    let above = condition.guidance.filter(|guidance| *guidance > limit);
    found.extend(
        above.map(|guidance| format!("Guidance {guidance} is above {limit}, up to which its cells were found sound.")),
    );
    found
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

#[cfg(test)]
mod tests {
    use super::super::address::read;
    use super::super::example::tests::card;
    use super::unknown;
    use crate::protocol::card::Card;

    #[test]
    fn what_the_model_lacks_is_named_with_its_wells_and_nothing_else() {
        let card = Card { guidance_limit: 3.0, ..card() };
        let text = "cell_type.condition.donor~B__cells.IFN_2Dbeta.101~Martian.IFN_2Dbeta.101~B__cells.NOPE.101.9.NOGENE-3*0-1.1-1.1-2.2-1";
        let found = unknown(&card, &read(text));
        let sentences: Vec<&str> = found.iter().map(|(sentence, _)| sentence.as_str()).collect();
        assert_eq!(found.len(), 4, "{sentences:?}");
        assert!(sentences[0].contains("“Martian”"), "{sentences:?}");
        assert_eq!(found[0].1, [1, 2], "both wells in one sentence");
        for (part, place) in [("“NOPE”", 3), ("“NOGENE”", 3), ("Guidance 9 is above 3", 3)] {
            assert!(
                found.iter().any(|(own, wells)| own.contains(part) && *wells == [place]),
                "{part} in {sentences:?}"
            );
        }
        assert!(unknown(&card, &read("cell_type.donor~B__cells.101*0-1")).is_empty());
    }
}
