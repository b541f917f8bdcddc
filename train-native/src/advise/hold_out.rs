//! What to hold out of training, suggested.
//!
//! Does: chooses groups (a perturbation in a donor, line or cell type) that the rest of the cells can say something of and
//! that are large enough to be scored.
//! Does not know: what columns mean (`columns`), recipes.
//! Flow: cells of every context and perturbation → **groups**.

use std::collections::BTreeMap;

/// Fewest perturbed cells, and control cells, of a group that is held out.
const FEWEST: usize = 30;
/// The same where no group has so many.
const FEWEST_AT_ALL: usize = 15;
/// Most groups that are held out.
const MOST: usize = 8;
/// Where so few perturbations are, contexts are held out with all of them.
const FEW: usize = 3;

/// Groups (context, perturbation) to hold out; `table` has the cells of every context and perturbation. Each perturbation
/// stays in training in another context.
pub(super) fn suggested(table: &BTreeMap<String, BTreeMap<String, usize>>, control: &str) -> Vec<(String, String)> {
    [FEWEST, FEWEST_AT_ALL]
        .iter()
        .map(|fewest| of(table, control, *fewest))
        .find(|own| !own.is_empty())
        .unwrap_or_default()
}

fn of(table: &BTreeMap<String, BTreeMap<String, usize>>, control: &str, fewest: usize) -> Vec<(String, String)> {
    // Perturbations with their contexts, those that can be scored marked.
    let mut contexts: BTreeMap<&String, Vec<(&String, usize, bool)>> = BTreeMap::new();
    for (context, values) in table {
        let controls = values.get(control).copied().unwrap_or(0);
        for (name, count) in values.iter().filter(|(name, _)| *name != control) {
            contexts.entry(name).or_default().push((context, *count, *count.min(&controls) >= fewest));
        }
    }
    let few = contexts.len() <= FEW;
    let mut left: Vec<(&&String, &Vec<_>)> = contexts.iter().filter(|(_, own)| own.len() > 1).collect();
    // Of many perturbations every tenth or so, evenly over their sizes.
    left.sort_by_key(|(name, own)| (own.iter().map(|(_, count, _)| count).sum::<usize>(), **name));
    let every = if few { 1 } else { left.len().div_ceil(MOST).max(5) };
    let mut found: Vec<(String, String)> = Vec::new();
    for (number, (name, own)) in left.into_iter().enumerate().skip(every / 2).step_by(every) {
        let mut scored: Vec<&(&String, usize, bool)> = own.iter().filter(|(.., scored)| *scored).collect();
        scored.sort_by_key(|(context, count, _)| (*count, *context));
        // A quarter of the contexts around the middle size of a few perturbations, else one, each time another.
        let wanted = if few { (own.len() / 4).max(1) } else { 1 };
        let start = if few { scored.len().saturating_sub(wanted) / 2 } else { (number / every) % scored.len().max(1) };
        for (context, ..) in scored.into_iter().skip(start).take(wanted) {
            found.push(((*context).clone(), (*name).clone()));
        }
    }
    found.truncate(MOST);
    found
}

#[cfg(test)]
mod tests {
    use super::suggested;
    use std::collections::BTreeMap;

    fn table(rows: &[(&str, &[(&str, usize)])]) -> BTreeMap<String, BTreeMap<String, usize>> {
        let values = |own: &[(&str, usize)]| own.iter().map(|(name, count)| ((*name).to_owned(), *count)).collect();
        rows.iter().map(|(context, own)| ((*context).to_owned(), values(own))).collect()
    }

    #[test]
    fn a_context_of_middle_size_is_held_out_and_others_stay() {
        let own = table(&[
            ("d1", &[("ctrl", 100), ("x", 20)]),
            ("d2", &[("ctrl", 100), ("x", 90)]),
            ("d3", &[("ctrl", 100), ("x", 300)]),
        ]);
        assert_eq!(suggested(&own, "ctrl"), [("d2".to_owned(), "x".to_owned())]);
        // A perturbation of one context is needed for training; without controls nothing can be scored.
        assert!(suggested(&table(&[("d1", &[("ctrl", 100), ("x", 200)])]), "ctrl").is_empty());
        assert!(suggested(&table(&[("d1", &[("x", 200)]), ("d2", &[("x", 200)])]), "ctrl").is_empty());
    }

    #[test]
    fn of_many_perturbations_some_are_held_out_once_each() {
        let names: Vec<String> = (0..40).map(|number| format!("p{number:02}")).collect();
        let all: Vec<(&str, usize)> = names.iter().map(|name| (name.as_str(), 50)).chain([("ctrl", 400)]).collect();
        let found = suggested(&table(&[("a", &all), ("b", &all), ("c", &all)]), "ctrl");
        assert!((4..=8).contains(&found.len()), "{found:?}");
        let mut held: Vec<&String> = found.iter().map(|(_, name)| name).collect();
        held.dedup();
        assert_eq!(held.len(), found.len());
        assert!(found.iter().any(|(context, _)| context != &found[0].0), "not all in one context: {found:?}");
    }
}
