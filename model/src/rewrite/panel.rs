//! A file's genes and labels in the model's names, and back.
//!
//! Does: finds the panel's genes in a file, turns its cell types and identities into those that the model knows, puts what
//! was drawn in the place of what was measured, and says in sentences where cells are unlike those of training.
//! Does not know: files, matrices, how cells are rewritten.
//! Flow: names and counts of a file ⇄ **panel** → `wellplate predict`, the page's worker.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::known_value;
use crate::card::{Card, Condition, Kind, UNSPECIFIED};

/// Share of a panel at which little can be said of what the other genes do.
pub const HALF: f64 = 0.5;
/// Names that a sentence lists.
const SHOWN: usize = 8;
/// How names of labels that say what was predicted begin.
pub const PREDICTED: &str = "predicted_";
/// Label of how many genes of a cell stayed as they were measured.
pub const KEPT: &str = "predicted_genes_kept";
/// Layer of the control twins' counts.
pub const CONTROL_TWIN: &str = "control_twin";
/// What stands between perturbations that act together.
const AND: &str = "+";

/// Place of every gene of the panel among a file's names [G]: by symbols, or by other names of the same genes where more
/// of them are found.
pub fn places(panel: &[String], names: &[String], others: Option<&[String]>) -> Vec<Option<usize>> {
    let by = |names: &[String]| -> Vec<Option<usize>> {
        // Of names that come again the first stands.
        let known: HashMap<&String, usize> = names.iter().enumerate().rev().map(|(place, own)| (own, place)).collect();
        panel.iter().map(|gene| known.get(gene).copied()).collect()
    };
    let found = |places: &[Option<usize>]| places.iter().flatten().count();
    let own = by(names);
    others.map(by).filter(|other| found(other) > found(&own)).unwrap_or(own)
}

/// At most `most` of `count` numbers, spread evenly over them, in order.
pub fn evenly(count: usize, most: usize) -> Vec<usize> {
    let taken = most.min(count);
    (0..taken).map(|place| (place as u128 * count as u128 / taken.max(1) as u128) as usize).collect()
}

/// A file's label in the model's names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Translated {
    /// Value of every cell; none where the model does not know it.
    pub values: Vec<Option<String>>,
    /// The file's values that the model does not know.
    pub unknown: BTreeSet<String>,
    /// Cells with these.
    pub without: usize,
}

impl Translated {
    /// Turns what a label says of each cell into values of the condition.
    pub fn of<T: AsRef<str>>(condition: &Condition, texts: impl IntoIterator<Item = T>) -> Self {
        let mut known: HashMap<String, Option<String>> = HashMap::new();
        let (mut values, mut unknown, mut without) = (Vec::new(), BTreeSet::new(), 0);
        for text in texts {
            let text = text.as_ref();
            let find = || known_value(condition, text).map(str::to_owned);
            let value = known.entry(text.to_owned()).or_insert_with(find).clone();
            if value.is_none() {
                without += 1;
                unknown.insert(if text.is_empty() { "no value".to_owned() } else { text.to_owned() });
            }
            values.push(value);
        }
        Self { values, unknown, without }
    }

    /// A sentence, when not one of the cell types is known: a model of cell types can then say nothing.
    pub fn refusal(&self, condition: &Condition, column: &str) -> Option<String> {
        let none = condition.kind == Kind::CellType && self.without == self.values.len();
        none.then(|| {
            format!(
                "the model knows none of the cell types in `{column}` ({}); it knows {}",
                listed(self.unknown.iter().map(String::as_str)),
                listed(condition.values.iter().map(|own| own.value.as_str()))
            )
        })
    }

    /// A sentence, when some values are not known.
    pub fn note(&self, condition: &Condition, column: &str) -> Option<String> {
        (self.without > 0).then(|| {
            format!(
                "{} of {} cells have a `{column}` that the model does not know ({}); their {} is left open",
                self.without,
                self.values.len(),
                listed(self.unknown.iter().map(String::as_str)),
                condition.key
            )
        })
    }
}

/// How far cells are unlike those of training.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Unlike {
    /// Genes of the panel that the file has.
    pub shared: usize,
    /// Genes of the panel.
    pub panel: usize,
    /// Share of the cells' counts that falls on these genes.
    pub inside: f64,
    /// Cells.
    pub cells: usize,
    /// Those with fewer or more counts in these genes than any cell of training.
    pub outside: usize,
    /// Smallest and largest library size of the training cells.
    pub sizes: [u32; 2],
}

impl Unlike {
    /// Of cells by their counts in all genes and in those that the panel has too.
    pub fn of(card: &Card, places: &[Option<usize>], sizes: impl IntoIterator<Item = (u64, u64)>) -> Self {
        let [smallest, largest] = card.library_sizes.map(u64::from);
        let (mut cells, mut outside, mut all, mut inside) = (0, 0, 0_u64, 0_u64);
        for (size, own) in sizes {
            cells += 1;
            outside += usize::from(!(smallest..=largest).contains(&own));
            (all, inside) = (all + size, inside + own);
        }
        Self {
            shared: places.iter().flatten().count(),
            panel: places.len(),
            inside: inside as f64 / all.max(1) as f64,
            cells,
            outside,
            sizes: card.library_sizes,
        }
    }

    /// Share of the panel that the file has.
    pub fn share(&self) -> f64 {
        self.shared as f64 / self.panel.max(1) as f64
    }

    /// Sentences with figures about the genes.
    pub fn of_genes(&self) -> Vec<String> {
        let mut notes = Vec::new();
        if self.shared < self.panel {
            let (shared, panel, percent) = (self.shared, self.panel, (100.0 * self.share()).floor());
            notes.push(format!(
                "the file has {shared} of the model's {panel} genes ({percent} %); the other {} are unknown to the model here and are not written",
                panel - shared
            ));
        }
        if self.share() <= HALF {
            notes.push(
                "with half of the panel or less a prediction is a guess: compare it with other data first".to_owned(),
            );
        }
        notes
    }

    /// Sentences with figures about the cells.
    pub fn of_cells(&self) -> Vec<String> {
        let mut notes = vec![format!("{:.0} % of the cells' counts are in genes of the model", 100.0 * self.inside)];
        if self.outside > 0 {
            let ([smallest, largest], outside, cells) = (self.sizes, self.outside, self.cells);
            notes.push(format!(
                "{outside} of {cells} cells have fewer or more counts in these genes than any training cell ({smallest} to {largest})"
            ));
        }
        notes
    }
}

/// How many cells the file itself calls perturbed, by the texts of the perturbation's own column.
pub fn perturbed_already<T: AsRef<str>>(condition: &Condition, texts: impl IntoIterator<Item = T>) -> usize {
    let control = condition.control.as_deref();
    let is_perturbed = |own: &T| control != Some(own.as_ref()) && condition.token(own.as_ref()).is_some();
    texts.into_iter().filter(is_perturbed).count()
}

/// A cell on the panel; no count where the file lacks a gene.
pub fn on_panel(row: &[u32], places: &[Option<usize>]) -> Vec<Option<u32>> {
    places.iter().map(|place| place.map(|place| row[place])).collect()
}

/// Puts what was drawn of a cell in the place of what was measured; everything else of `row`, in the file's order, stays.
pub fn put<T: Copy>(row: &mut [T], places: &[Option<usize>], kept: &[bool], drawn: &[T]) {
    let own = places.iter().enumerate().filter(|(gene, _)| !kept[*gene]);
    for (gene, place) in own.filter_map(|(gene, place)| Some((gene, (*place)?))) {
        row[place] = drawn[gene];
    }
}

/// Labels that say what was predicted, by name, with the value of each cell; `with` holds for all of them.
pub fn labels(
    card: &Card,
    with: &BTreeMap<String, Vec<String>>,
    values: &[BTreeMap<String, String>],
) -> BTreeMap<String, Vec<String>> {
    let of = |condition: &Condition| {
        let for_all = with.get(&condition.key).map(|values| values.join(AND));
        let control = condition.control.clone().unwrap_or_else(|| UNSPECIFIED.to_owned());
        let text = |own: &BTreeMap<String, String>| {
            for_all.as_ref().or_else(|| own.get(&condition.key)).unwrap_or(&control).clone()
        };
        (format!("{PREDICTED}{}", condition.key), values.iter().map(text).collect())
    };
    card.conditions.iter().filter(|condition| condition.kind != Kind::Depth).map(of).collect()
}

/// Names for a sentence, the first few.
pub fn listed<'a>(names: impl Iterator<Item = &'a str>) -> String {
    let all: Vec<&str> = names.collect();
    let more = all.len().saturating_sub(SHOWN);
    let rest = if more > 0 { format!(" and {more} more") } else { String::new() };
    match all.is_empty() {
        true => "nothing".to_owned(),
        false => format!("{}{rest}", all[..all.len().min(SHOWN)].join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::{Translated, Unlike, evenly, on_panel, perturbed_already, places, put};
    use crate::choices::tests::card;

    fn names(list: &[&str]) -> Vec<String> {
        list.iter().map(|name| (*name).to_owned()).collect()
    }

    #[test]
    fn genes_are_found_by_the_names_that_find_more_and_the_first_of_equal_ones() {
        let panel = names(&["A", "B", "C"]);
        assert_eq!(places(&panel, &names(&["B", "A", "B"]), None), [Some(1), Some(0), None]);
        let others = names(&["A", "C", "B"]);
        assert_eq!(places(&panel, &names(&["B", "x", "y"]), Some(&others)), [Some(0), Some(2), Some(1)]);
        assert_eq!(places(&panel, &names(&["A", "B", "C"]), Some(&others)), [Some(0), Some(1), Some(2)]);
    }

    #[test]
    fn cells_are_taken_evenly_and_never_twice() {
        assert_eq!(evenly(10, 4), [0, 2, 5, 7]);
        assert_eq!(evenly(3, 9), [0, 1, 2]);
        assert_eq!((evenly(0, 5), evenly(5, 0)), (vec![], vec![]));
        let many = evenly(2700, 200);
        assert!(many.windows(2).all(|pair| pair[0] < pair[1]) && many[199] < 2700);
    }

    #[test]
    fn what_was_drawn_takes_the_place_of_what_was_measured_and_nothing_else() {
        let (places, row) = ([Some(2), None, Some(0)], [7, 8, 9]);
        assert_eq!(on_panel(&row, &places), [Some(9), None, Some(7)]);
        let mut own = row;
        put(&mut own, &places, &[false, false, true], &[1, 2, 3]);
        assert_eq!(own, [7, 8, 1], "the gene that the file lacks is not written, the kept one stays");
    }

    #[test]
    fn labels_are_turned_into_the_models_names_and_the_rest_is_named() {
        let card = card();
        let condition = &card.conditions[1];
        let value = condition.values[0].value.clone();
        let own = Translated::of(condition, [value.to_uppercase(), "martian".into(), String::new()]);
        assert_eq!(own.values, [Some(value), None, None]);
        assert_eq!(own.without, 2);
        let note = own.note(condition, "annotation").unwrap_or_default();
        assert!(note.contains("2 of 3 cells") && note.contains("martian, no value"), "{note}");
        assert_eq!(own.refusal(condition, "annotation"), None);
        let none = Translated::of(condition, ["martian"]).refusal(condition, "annotation");
        assert_eq!(none.is_some(), condition.kind == crate::card::Kind::CellType);
    }

    #[test]
    fn cells_unlike_those_of_training_are_said_with_figures() {
        let card = card();
        let [smallest, largest] = card.library_sizes.map(u64::from);
        let own = Unlike::of(&card, &[Some(0), None, None], [(2 * largest, largest), (2 * smallest, smallest - 1)]);
        assert_eq!((own.shared, own.panel, own.cells, own.outside), (1, 3, 2, 1));
        assert!((own.inside - 0.5).abs() < 0.01, "{own:?}");
        let genes = own.of_genes();
        assert!(genes[0].contains("1 of the model's 3 genes (33 %)") && genes[1].contains("a guess"), "{genes:?}");
        assert!(own.of_cells()[1].contains("1 of 2 cells"), "{:?}", own.of_cells());
        let whole = Unlike { shared: 3, panel: 3, ..own };
        assert!(whole.of_genes().is_empty());
    }

    #[test]
    fn perturbed_cells_are_counted_and_labels_say_what_was_predicted() {
        let card = card();
        let drug = card.conditions.iter().find(|own| own.control.is_some()).cloned();
        let Some(drug) = drug else { panic!("the card has a perturbation") };
        let control = drug.control.clone().unwrap_or_default();
        let other = drug.values.iter().map(|own| own.value.clone()).find(|own| *own != control).unwrap_or_default();
        assert_eq!(perturbed_already(&drug, [control.as_str(), other.as_str(), "unheard of"]), 1);
        let with = BTreeMap::from([(drug.key.clone(), vec![other.clone(), "more".to_owned()])]);
        let labels = super::labels(&card, &with, &[BTreeMap::new()]);
        assert_eq!(labels[&format!("predicted_{}", drug.key)], [format!("{other}+more")]);
    }
}
