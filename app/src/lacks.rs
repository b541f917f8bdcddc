//! What a model cannot do, and what to do instead, by its card.
//!
//! Does: sentences for every view of a bundle without a perturbation, without cell types, or with an identity alone;
//! which bundles of the site can do what this one cannot.
//! Does not know: how they are shown.
//! Flow: card → **sentences** → views.

use crate::bundles::Entry;
use crate::choices;
use crate::held_out::inside;
use crate::protocol::card::{Card, Condition};

/// What a view needs to know of a card.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Lacks {
    /// Name of the perturbation, in small letters; none where there is none.
    pub perturbation: Option<String>,
    /// Names of the other conditions that a person chooses, in small letters.
    pub who: Vec<String>,
}

/// "a, b and c".
fn joined(names: &[String], last: &str) -> String {
    match names {
        [] => String::new(),
        [one] => one.clone(),
        [first @ .., end] => format!("{} {last} {end}", first.join(", ")),
    }
}

/// "a" or "an" before a word.
fn article(word: &str) -> &'static str {
    if word.starts_with(['a', 'e', 'i', 'o', 'u', 'A', 'E', 'I', 'O']) { "an" } else { "a" }
}

impl Lacks {
    /// Reads a card.
    pub fn of(card: &Card) -> Self {
        let who = |condition: &&Condition| condition.kind != "perturbation" && !condition.values.is_empty();
        Self {
            perturbation: choices::perturbation(card).map(|own| inside(&own.title)),
            who: card.choosable().filter(who).map(|own| inside(&own.title)).collect(),
        }
    }

    /// What two scenarios can differ in.
    fn differ(&self) -> String {
        match self.who.as_slice() {
            [] => "such as two sets of held genes".to_owned(),
            [one] => format!("such as cells of a different {one} in each"),
            several => format!("such as cells that differ in {}", joined(several, "or")),
        }
    }

    /// Explore's first words, before a run.
    pub fn begin(&self) -> String {
        let all = self.who.iter().chain(&self.perturbation);
        let choose: Vec<String> = all.map(|own| format!("{} {own}", article(own))).collect();
        match (&self.perturbation, choose.as_slice()) {
            (Some(_), choose) => format!("Choose {}, and generate cells.", joined(choose, "and")),
            (None, []) => "Generate cells; add a second scenario to compare.".to_owned(),
            (None, who) => {
                format!("Choose {} and generate cells; add a second scenario to compare.", joined(who, "and"))
            }
        }
    }

    /// Under the controls, where there is nothing to perturb.
    pub fn explore(&self) -> Option<String> {
        self.perturbation.is_none().then(|| {
            format!(
                "This model knows no perturbation: it writes cells as they are. Compare two scenarios instead, {}.",
                self.differ()
            )
        })
    }

    /// Why the table of genes is empty when the choices compare nothing.
    pub fn nothing_shifts(&self) -> String {
        match &self.perturbation {
            Some(changed) => {
                format!(
                    "No {changed} is chosen: the run makes control cells only, and nothing can shift. Choose one to compare."
                )
            }
            None => format!(
                "This model knows no perturbation, so one scenario alone has nothing to be compared with. Add a second scenario, {}, and the genes that differ appear here.",
                self.differ()
            ),
        }
    }

    /// What wells of the plate are compared with.
    pub fn reference(&self, card: &Card) -> String {
        if self.perturbation.is_some() {
            return match self.who.as_slice() {
                [] => "generated control cells".to_owned(),
                who => format!("generated control cells of the same {}", joined(who, "and")),
            };
        }
        let open = |condition: &&Condition| condition.unspecified.is_some();
        let left: Vec<String> = card.choosable().filter(open).map(|own| inside(&own.title)).collect();
        match left.as_slice() {
            [] => "generated cells of the same conditions and another seed".to_owned(),
            left => format!("generated cells with the {} left open", joined(left, "and")),
        }
    }

    /// The plate's own sentence, where wells hold no perturbation.
    pub fn plate(&self, card: &Card) -> Option<String> {
        let reference = self.reference(card);
        self.perturbation.is_none().then(|| match self.who.as_slice() {
            [] => format!("This model knows no perturbation and no kind of cell: wells can differ in held genes alone. Each is compared with {reference}."),
            who => format!("This model knows no perturbation: wells differ in {}. Each is compared with {reference}, so its colour says how unlike the rest such cells are.", joined(who, "and")),
        })
    }

    /// What stands above a lesson (by its key) that cannot be run as its words say, or that names other things than the
    /// open model's.
    pub fn lesson(&self, key: &str) -> Option<String> {
        match (&self.perturbation, key) {
            (Some(changed), _) => self.read_for(changed),
            (None, "write") => Some(
                "The lesson speaks of a cytokine; the open model knows no perturbation, so its cell is written without one. Everything else holds.".to_owned(),
            ),
            (None, _) => Some(
                "This lesson is about what a perturbation does, and the open model knows none: there is no effect to look at. Its words can be read all the same; to run it, open a model with a perturbation.".to_owned(),
            ),
        }
    }

    /// What to read for the lessons' cytokine and cell type; nothing where the model has both.
    fn read_for(&self, changed: &str) -> Option<String> {
        let cytokine = (changed != "cytokine").then(|| format!("“{changed}” for a cytokine"));
        let cell_type = match self.who.first() {
            _ if self.who.iter().any(|own| own == "cell type") => None,
            Some(first) => Some(format!("“{first}” for a cell type")),
            None => Some("“all cells” for a cell type".to_owned()),
        };
        let read: Vec<String> = cytokine.into_iter().chain(cell_type).collect();
        let read = joined(&read, "and");
        (!read.is_empty()).then(|| {
            format!("The lessons were written for blood cells under a cytokine. With the open model read {read}.")
        })
    }

    /// What the visitor's own cells can be compared with.
    pub fn own_data(&self) -> String {
        let what = match (&self.perturbation, self.who.as_slice()) {
            (Some(changed), _) => format!("the same kind of cell, with {} {changed}", article(changed)),
            (None, _) => {
                "the same kind of cell; this model knows no perturbation, so group A alone is compared".to_owned()
            }
        };
        format!("No cells of a run are there to compare with. Generate cells in Explore ({what}), then test again.")
    }
}

/// Bundles of the site that know a perturbation, other than the open one.
pub fn with_perturbation(list: &[Entry], open: &str) -> Vec<Entry> {
    list.iter().filter(|entry| entry.perturbations > 0 && entry.folder != open).cloned().collect()
}

#[cfg(test)]
mod tests {
    use super::{Lacks, with_perturbation};
    use crate::bundles::Entry;
    use crate::protocol::card::{Card, Condition, Value};

    fn condition(title: &str, kind: &str, unspecified: Option<i32>) -> Condition {
        let values = vec![Value::default()];
        Condition {
            key: title.into(),
            title: title.into(),
            kind: kind.into(),
            values,
            unspecified,
            ..Condition::default()
        }
    }

    fn card(conditions: Vec<Condition>) -> Card {
        Card { conditions, ..Card::default() }
    }

    #[test]
    fn a_bundle_with_everything_lacks_nothing() {
        let card = card(vec![
            condition("Donor", "identity", Some(0)),
            condition("Cell type", "cell_type", Some(1)),
            condition("Cytokine", "perturbation", None),
            condition("UMIs", "depth", None),
        ]);
        let own = Lacks::of(&card);
        assert_eq!(own.begin(), "Choose a donor, a cell type and a cytokine, and generate cells.");
        assert_eq!((own.explore(), own.plate(&card), own.lesson("guide")), (None, None, None));
        assert!(own.nothing_shifts().starts_with("No cytokine is chosen"));
        assert_eq!(own.reference(&card), "generated control cells of the same donor and cell type");
    }

    #[test]
    fn lessons_say_what_their_words_stand_for() {
        let words = |conditions| Lacks::of(&card(conditions)).lesson("write").unwrap_or_default();
        let knock_out = || condition("Knock-out", "perturbation", None);
        let of = |rest: &str| {
            format!("The lessons were written for blood cells under a cytokine. With the open model read {rest}.")
        };
        let screen = words(vec![condition("Replicate", "identity", None), knock_out()]);
        assert_eq!(screen, of("“knock-out” for a cytokine and “replicate” for a cell type"));
        assert_eq!(words(vec![knock_out()]), of("“knock-out” for a cytokine and “all cells” for a cell type"));
        let typed = words(vec![condition("Cell type", "cell_type", None), condition("Drug", "perturbation", None)]);
        assert_eq!(typed, of("“drug” for a cytokine"));
    }

    #[test]
    fn without_a_perturbation_two_scenarios_are_compared() {
        let card = card(vec![condition("Tissue", "identity", None), condition("Cell type", "cell_type", Some(1))]);
        let own = Lacks::of(&card);
        for words in
            [own.explore(), Some(own.nothing_shifts()), own.plate(&card), own.lesson("ceiling"), Some(own.own_data())]
        {
            let words = words.unwrap_or_default();
            assert!(words.contains("no perturbation") || words.contains("knows none"), "{words}");
            assert!(!words.contains("perturbed"), "{words}");
        }
        assert!(own.explore().is_some_and(|words| words.ends_with("differ in tissue or cell type.")));
        assert_eq!(own.reference(&card), "generated cells with the cell type left open");
    }

    #[test]
    fn an_identity_alone_and_nothing_at_all() {
        let library = card(vec![condition("Library", "identity", Some(3)), condition("UMIs", "depth", None)]);
        let own = Lacks::of(&library);
        assert_eq!(own.begin(), "Choose a library and generate cells; add a second scenario to compare.");
        assert!(own.plate(&library).is_some_and(|words| words.contains("differ in library")));
        let bare = card(Vec::new());
        assert!(Lacks::of(&bare).explore().is_some_and(|words| words.contains("held genes")));
        assert!(Lacks::of(&bare).plate(&bare).is_some_and(|words| words.contains("another seed")));
    }

    #[test]
    fn other_bundles_are_offered() {
        let entry = |folder: &str, perturbations| Entry { folder: folder.into(), perturbations, ..Entry::default() };
        let list = [entry("a", 0), entry("b", 3), entry("c", 1)];
        let found: Vec<String> = with_perturbation(&list, "c").into_iter().map(|own| own.folder).collect();
        assert_eq!(found, ["b"]);
    }
}
