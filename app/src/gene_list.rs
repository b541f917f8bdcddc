//! Lists of genes as people paste them.
//!
//! Does: reads a list as `cells::prior::gene_list` does (the page does not link `cells`), and sorts its names into those
//! that a model has, by symbol or by a synonym of one gene alone, and those that it has not.
//! Does not know: files, counts.
//! Flow: pasted text + gene panel → **known, unknown** → held genes.

use std::collections::{BTreeMap, BTreeSet};

use crate::gene_names::{Found, GeneNames};

/// Count at which genes of a prior are held (PAPER.md, section 7).
pub const PRIOR_COUNT: u32 = 1;
/// Largest count at which a gene can be held.
pub const MOST_COUNT: u32 = 10_000;
/// Names that a sentence lists before it only counts.
const NAMED: usize = 8;

/// Names of a list: one per line or separated by commas, semicolons, tabs or blanks; what follows `#` in a line is a
/// remark. Each name once, in order.
pub fn names(text: &str) -> Vec<String> {
    let mut seen = BTreeSet::new();
    text.lines()
        .flat_map(|line| line.split('#').next().unwrap_or_default().split([',', ';', '\t', ' ']))
        .map(|name| name.trim_matches(|c: char| c.is_whitespace() || c == '"'))
        .filter(|name| !name.is_empty() && seen.insert(*name))
        .map(str::to_owned)
        .collect()
}

/// Names of a list, sorted by what a model has.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sorted {
    /// The panel's own spelling, each once, in the list's order.
    pub known: Vec<String>,
    /// As they were written.
    pub unknown: Vec<String>,
    /// Sentences on names that several genes share.
    pub unclear: Vec<String>,
}

impl Sorted {
    /// Whether the list named nothing at all.
    pub fn is_empty(&self) -> bool {
        self.known.is_empty() && self.unknown.is_empty() && self.unclear.is_empty()
    }
}

/// Looks up a list's names in a gene panel; capitals do not matter where the exact name is not there, and a name that is
/// no symbol may be a synonym. The panel is walked through once: it is long, lists are short.
pub fn sort(text: &str, panel: &[String], synonyms: &GeneNames) -> Sorted {
    let names = names(text);
    let mut places: BTreeMap<String, Vec<usize>> = BTreeMap::new();
    for (place, name) in names.iter().enumerate() {
        places.entry(name.to_ascii_uppercase()).or_default().push(place);
    }
    let mut found: Vec<Option<&String>> = vec![None; names.len()];
    for gene in panel {
        for place in places.get(&gene.to_ascii_uppercase()).into_iter().flatten() {
            if names[*place] == *gene || found[*place].is_none() {
                found[*place] = Some(gene);
            }
        }
    }
    let mut sorted = Sorted::default();
    let others: Vec<String> =
        names.iter().zip(&found).filter(|(_, gene)| gene.is_none()).map(|(name, _)| name.clone()).collect();
    let mut others = synonyms.find_all(&others, panel).into_iter();
    for (name, gene) in names.into_iter().zip(found) {
        let meant = gene.map_or_else(|| others.next().unwrap_or(Found::Nothing), |gene| Found::Gene(gene.clone()));
        match meant {
            Found::Gene(gene) if sorted.known.contains(&gene) => {}
            Found::Gene(gene) => sorted.known.push(gene),
            several @ Found::Several(_) => sorted.unclear.extend(several.or_sentence(&name, "this model's").err()),
            Found::Nothing => sorted.unknown.push(name),
        }
    }
    sorted
}

/// What became of a list, in a sentence or two.
pub fn sentence(sorted: &Sorted, count: u32) -> String {
    let held = match sorted.known.as_slice() {
        [] => "No gene was held".to_owned(),
        [one] => format!("{one} is held at {count}"),
        several => format!("{} genes are held at {count}", several.len()),
    };
    let unknown = sorted.unknown.iter().take(NAMED).map(String::as_str).collect::<Vec<_>>().join(", ");
    let more = sorted.unknown.len().saturating_sub(NAMED);
    let mut said = match (sorted.unknown.len(), more) {
        (0, _) => format!("{held}."),
        (1, _) => format!("{held}; {unknown} is not among this model's genes."),
        (_, 0) => format!("{held}; {unknown} are not among this model's genes."),
        (_, more) => format!("{held}; {unknown} and {more} more are not among this model's genes."),
    };
    for unclear in sorted.unclear.iter().take(NAMED) {
        said.push(' ');
        said.push_str(unclear);
    }
    said
}

#[cfg(test)]
mod tests {
    use super::{Sorted, names, sentence, sort};
    use crate::gene_names::GeneNames;

    #[test]
    fn lists_come_in_many_forms() {
        assert_eq!(names("STAT1, JAK1\r\n# remark\nIFI6\tSTAT1 # again\n\"MX1\";\n"), ["STAT1", "JAK1", "IFI6", "MX1"]);
        assert!(names(" \n#\n").is_empty());
    }

    #[test]
    fn names_are_known_in_any_case_and_each_once() {
        let panel = ["CD14", "C1orf56", "MX1", "Mx1"].map(str::to_owned);
        let names = GeneNames::default().with("MX1\tMX dynamin like GTPase 1\tIFI78|MxA\n").unwrap_or_default();
        let sorted = sort("cd14 C1ORF56\nCD14 NOPE mx1 nope Mx1 ifi78", &panel, &names);
        assert_eq!(sorted.known, ["CD14", "C1orf56", "MX1", "Mx1"]);
        assert_eq!(sorted.unknown, ["NOPE", "nope"]);
        assert_eq!(sort("", &panel, &names), Sorted::default());
    }

    #[test]
    fn what_was_not_found_is_said() {
        let list = |known: usize, unknown: usize| Sorted {
            known: (0..known).map(|gene| format!("G{gene}")).collect(),
            unknown: (0..unknown).map(|gene| format!("X{gene}")).collect(),
            unclear: Vec::new(),
        };
        assert_eq!(sentence(&list(1, 0), 1), "G0 is held at 1.");
        assert_eq!(sentence(&list(2, 1), 0), "2 genes are held at 0; X0 is not among this model's genes.");
        assert_eq!(sentence(&list(0, 2), 1), "No gene was held; X0, X1 are not among this model's genes.");
        let unclear = Sorted { unclear: vec!["CD16 can be A or B: type the one you mean.".to_owned()], ..list(1, 0) };
        assert_eq!(sentence(&unclear, 1), "G0 is held at 1. CD16 can be A or B: type the one you mean.");
        assert!(sentence(&list(3, 10), 1).ends_with("X7 and 2 more are not among this model's genes."));
    }
}
