//! What genes are called besides their symbols.
//!
//! Does: reads lists of full names and synonyms (`assets/genes`, and what a bundle's card brings), finds a panel's gene by
//! any name that a person types, suggests genes while they type.
//! Does not know: how a list is fetched, counts.
//! Flow: list + gene panel + typed text → **gene, suggestions** → gene card, fields for genes.
//!
//! Symbols change with the years: a panel of 2013 has C1orf63 where the list has RSRP1, one of 2020 CCN2 where it has
//! CTGF. A gene is therefore looked up by its symbol first and then by a synonym, and a synonym counts only where a single
//! gene has it.

use std::collections::{BTreeMap, BTreeSet};

use crate::protocol::card::GeneName;

/// Shortest text that is looked for inside full names: less fits too many.
const TELLING: usize = 4;

/// The list of a species, by its address on the site; none for species without one.
pub fn file_of(species: &str) -> Option<&'static str> {
    match species {
        crate::gene_links::HUMAN => Some("genes/human.tsv"),
        "Mus musculus" => Some("genes/mouse.tsv"),
        _ => None,
    }
}

/// A gene of a list, as it stands in the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Named<'a> {
    /// Symbol, as the list has it.
    pub symbol: &'a str,
    /// Full name.
    pub name: &'a str,
    /// Other symbols, joined by "|".
    joined: &'a str,
}

impl<'a> Named<'a> {
    fn read(line: &'a str) -> Option<Self> {
        let mut fields = line.split('\t');
        let (symbol, name, joined) = (fields.next()?, fields.next()?, fields.next()?);
        (!symbol.is_empty() && !symbol.starts_with('#')).then_some(Self { symbol, name, joined })
    }

    /// Other symbols.
    pub fn synonyms(self) -> impl Iterator<Item = &'a str> {
        self.joined.split('|').filter(|synonym| !synonym.is_empty())
    }

    /// Whether it is called so, capitals or not.
    fn is_called(self, name: &str) -> bool {
        std::iter::once(self.symbol).chain(self.synonyms()).any(|own| own.eq_ignore_ascii_case(name))
    }

    /// In words, for a gene that is shown as `shown`.
    pub fn words(self, shown: &str) -> String {
        /// Synonyms that a card names.
        const NAMED: usize = 10;
        let mut parts = vec![self.name.to_owned()];
        if self.symbol != shown {
            parts.push(format!("listed as {}", self.symbol));
        }
        let others: Vec<&str> = self.synonyms().filter(|own| *own != shown).collect();
        let more = others.len().saturating_sub(NAMED);
        let list = others.iter().take(NAMED).copied().collect::<Vec<_>>().join(", ");
        match more {
            0 if others.is_empty() => {}
            0 => parts.push(format!("also {list}")),
            more => parts.push(format!("also {list} and {more} more")),
        }
        parts.retain(|part| !part.is_empty());
        parts.join("; ")
    }
}

/// What a typed name means in a panel.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Found {
    /// This gene.
    Gene(String),
    /// Any of these.
    Several(Vec<String>),
    /// No gene of the panel.
    Nothing,
}

impl Found {
    fn of(mut genes: Vec<String>) -> Self {
        match genes.len() {
            0 => Self::Nothing,
            1 => Self::Gene(genes.remove(0)),
            _ => Self::Several(genes),
        }
    }

    /// The gene, or why there is none; `panel` says whose genes they are, such as "this model's".
    ///
    /// # Errors
    /// A sentence, where no gene or more than one is meant.
    pub fn or_sentence(self, typed: &str, panel: &str) -> Result<String, String> {
        let typed = typed.trim();
        match self {
            Self::Gene(gene) => Ok(gene),
            Self::Several(genes) => Err(format!("{typed} can be {}: type the one you mean.", genes.join(" or "))),
            Self::Nothing => Err(format!("{typed} is not among {panel} genes.")),
        }
    }
}

/// A gene that a person may mean.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Suggestion {
    /// The panel's symbol.
    pub gene: String,
    /// What else it is called.
    pub note: String,
}

/// Lists of names as one text, a gene a line: symbol, full name and synonyms (joined by "|"), with tabs between them.
/// Nothing is unpacked: a look through 25,000 lines takes milliseconds, and most visits ask for a few genes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct GeneNames {
    text: String,
}

impl GeneNames {
    /// What a bundle's card brings.
    pub fn of_bundle(names: &BTreeMap<String, GeneName>) -> Self {
        let line = |(symbol, own): (&String, &GeneName)| {
            let plain = |text: &str| text.replace(['\t', '\n', '\r'], " ");
            format!("{}\t{}\t{}\n", plain(symbol), plain(&own.name), plain(&own.synonyms.join("|")))
        };
        Self { text: names.iter().map(line).collect() }
    }

    /// With another list after it; of a gene that stands in both, the first is taken.
    ///
    /// # Errors
    /// When the text is no such list.
    pub fn with(mut self, list: &str) -> Result<Self, String> {
        let line = list.lines().find(|line| !line.is_empty() && !line.starts_with('#'));
        if line.and_then(Named::read).is_none() {
            return Err("it is no list of gene names: symbol, name and synonyms with tabs between them".to_owned());
        }
        self.text.push_str(list);
        Ok(self)
    }

    fn all(&self) -> impl Iterator<Item = Named<'_>> {
        self.text.lines().filter_map(Named::read)
    }

    /// Names of a gene, by its symbol, else by a synonym that no other gene has.
    pub fn of(&self, gene: &str) -> Option<Named<'_>> {
        self.of_each(&[gene]).pop().flatten()
    }

    /// [`Self::of`] for several genes, in one walk through the list.
    fn of_each(&self, genes: &[&str]) -> Vec<Option<Named<'_>>> {
        // By symbol; by synonym, and whether more than one gene has it.
        let mut found = vec![(None, None::<Named<'_>>, false); genes.len()];
        for named in self.all() {
            for (own, gene) in found.iter_mut().zip(genes) {
                if own.0.is_none() && named.symbol == *gene {
                    own.0 = Some(named);
                } else if own.0.is_none() && named.joined.contains(*gene) && named.synonyms().any(|name| name == *gene)
                {
                    own.2 |= own.1.is_some_and(|other| other.symbol != named.symbol);
                    own.1 = own.1.or(Some(named));
                }
            }
        }
        found.into_iter().map(|(symbol, synonym, several)| symbol.or(synonym.filter(|_| !several))).collect()
    }

    /// Genes of the panel that somebody who types this may mean: by its symbol, capitals or not, else by any other name.
    pub fn find(&self, typed: &str, panel: &[String]) -> Found {
        let typed = typed.trim();
        let own = |wanted: &dyn Fn(&str) -> bool| panel.iter().find(|gene| wanted(gene)).cloned();
        let exact = own(&|gene| gene == typed).or_else(|| own(&|gene| gene.eq_ignore_ascii_case(typed)));
        match exact {
            Some(gene) => Found::Gene(gene),
            None if typed.is_empty() => Found::Nothing,
            None => Found::of(self.meant(typed, panel)),
        }
    }

    /// What each of many typed names means that are no symbols of the panel, in one walk through the list.
    pub fn find_all(&self, typed: &[String], panel: &[String]) -> Vec<Found> {
        let mut places: BTreeMap<String, Vec<usize>> = BTreeMap::new();
        for (place, name) in typed.iter().enumerate() {
            places.entry(name.trim().to_ascii_uppercase()).or_default().push(place);
        }
        let mut records: Vec<Vec<Named<'_>>> = vec![Vec::new(); typed.len()];
        for named in self.all().filter(|_| !typed.is_empty()) {
            let names = std::iter::once(named.symbol).chain(named.synonyms());
            let called: BTreeSet<usize> =
                names.filter_map(|name| places.get(&name.to_ascii_uppercase())).flatten().copied().collect();
            called.into_iter().for_each(|place| records[place].push(named));
        }
        records
            .into_iter()
            .map(|found| Found::of(self.in_panel(panel, &found).into_iter().cloned().collect()))
            .collect()
    }

    /// Genes of the panel that have this name besides their symbol.
    pub fn meant(&self, typed: &str, panel: &[String]) -> Vec<String> {
        self.of_names(panel, |named| named.is_called(typed)).into_iter().cloned().collect()
    }

    /// Genes of the panel whose full name holds a text, capitals or not.
    pub fn named(&self, text: &str, panel: &[String]) -> Vec<String> {
        let text = text.to_lowercase();
        self.of_names(panel, |named| named.name.to_lowercase().contains(&text)).into_iter().cloned().collect()
    }

    /// All symbols of the list whose full name holds a text, capitals or not.
    pub fn symbols_named(&self, text: &str) -> Vec<&str> {
        let text = text.to_lowercase();
        self.all().filter(|named| named.name.to_lowercase().contains(&text)).map(|named| named.symbol).collect()
    }

    /// The first symbol of the list that is called so, capitals or not.
    pub fn symbol_of(&self, name: &str) -> Option<String> {
        self.all().find(|named| named.is_called(name)).map(|named| named.symbol.to_owned())
    }

    /// Genes of the panel under which the wanted ones of the list stand there.
    fn of_names<'a>(&self, panel: &'a [String], wanted: impl Fn(Named<'_>) -> bool) -> BTreeSet<&'a String> {
        self.in_panel(panel, &self.all().filter(|own| wanted(*own)).collect::<Vec<_>>())
    }

    /// Genes of the panel under which these genes of the list stand there.
    fn in_panel<'a>(&self, panel: &'a [String], found: &[Named<'_>]) -> BTreeSet<&'a String> {
        if found.is_empty() {
            return BTreeSet::new();
        }
        let symbols: BTreeSet<&str> = found.iter().map(|own| own.symbol).collect();
        let mut genes: BTreeSet<&String> = panel.iter().filter(|gene| symbols.contains(gene.as_str())).collect();
        // A panel with older symbols: a synonym stands for the gene, unless it is another gene's symbol.
        let known: BTreeSet<&str> = genes.iter().map(|gene| gene.as_str()).collect();
        let older: BTreeSet<&str> =
            found.iter().filter(|own| !known.contains(own.symbol)).flat_map(|own| own.synonyms()).collect();
        let mut older: BTreeMap<&str, &String> =
            panel.iter().filter(|gene| older.contains(gene.as_str())).map(|gene| (gene.as_str(), gene)).collect();
        if !older.is_empty() {
            for own in self.all() {
                older.remove(own.symbol);
            }
        }
        genes.extend(older.into_values());
        genes
    }

    /// Genes for a text that is being typed, `most` at most, and how many fit: the gene of that symbol, those that are
    /// called exactly so, those whose symbol begins with it, those that contain it, those whose other names fit.
    pub fn suggest(&self, typed: &str, panel: &[String], most: usize) -> (Vec<Suggestion>, usize) {
        let typed = typed.trim().to_ascii_uppercase();
        if typed.is_empty() {
            return (Vec::new(), 0);
        }
        let rank = |gene: &str| {
            let gene = gene.to_ascii_uppercase();
            match gene.find(&typed) {
                Some(0) if gene.len() == typed.len() => Some(0),
                Some(0) => Some(1),
                Some(_) => Some(2),
                None => None,
            }
        };
        let mut found: Vec<(u32, usize)> =
            panel.iter().enumerate().filter_map(|(at, gene)| Some((rank(gene)?, at))).collect();
        found.sort_unstable();
        let exact = found.iter().take_while(|(rank, _)| *rank == 0).count();
        let mut genes: Vec<&String> = found.into_iter().map(|(_, at)| &panel[at]).collect();
        let called = self.of_names(panel, |named| named.is_called(&typed));
        let mut rest = genes.split_off(exact);
        rest.retain(|gene| !called.contains(*gene));
        let first: BTreeSet<&String> = genes.iter().copied().collect();
        genes.extend(called.into_iter().filter(|gene| !first.contains(*gene)));
        genes.extend(rest);
        let begins = |name: &&str| name.get(..typed.len()).is_some_and(|start| start.eq_ignore_ascii_case(&typed));
        let otherwise = self.of_names(panel, |named| {
            named.synonyms().any(|name| begins(&name))
                || (typed.len() >= TELLING && named.name.to_ascii_uppercase().contains(&typed))
        });
        let seen: BTreeSet<&String> = genes.iter().copied().collect();
        genes.extend(otherwise.into_iter().filter(|gene| !seen.contains(gene)));
        let all = genes.len();
        genes.truncate(most);
        (self.noted(&genes, &begins), all)
    }

    /// Suggestions with what they are called: the synonym that was typed, then the full name.
    fn noted(&self, genes: &[&String], is_typed: &dyn Fn(&&str) -> bool) -> Vec<Suggestion> {
        let symbols: Vec<&str> = genes.iter().map(|gene| gene.as_str()).collect();
        let note = |(gene, named): (&&String, Option<Named<'_>>)| {
            let note = named.map_or_else(String::new, |named| {
                let synonym = named.synonyms().find(|name| !is_typed(&gene.as_str()) && is_typed(name));
                let parts = synonym.into_iter().chain((!named.name.is_empty()).then_some(named.name));
                parts.collect::<Vec<_>>().join(", ")
            });
            Suggestion { gene: (*gene).clone(), note }
        };
        genes.iter().zip(self.of_each(&symbols)).map(note).collect()
    }
}

#[cfg(test)]
mod tests {
    // A test fails by panicking; that is what `unwrap` is for here.
    #![allow(clippy::unwrap_used)]
    use super::{Found, GeneNames, Suggestion, file_of};
    use crate::protocol::card::GeneName;

    const LIST: &str = "# a remark\nCD274\tCD274 molecule\tB7-H|PDL1|PD-L1\nFCGR3A\tFc fragment of IgG receptor IIIa\tCD16|CD16A\n\
        FCGR3B\tFc fragment of IgG receptor IIIb\tCD16|CD16b\nRSRP1\targinine and serine rich protein 1\tC1orf63|NPD014\n\
        IL6\tinterleukin 6\tBSF2|IFNB2\nIL6R\tinterleukin 6 receptor\tCD126\nNPD014\tanother gene\t\nTNF\ttumor necrosis factor\tTNFA\n";

    fn names() -> GeneNames {
        GeneNames::default().with(LIST).unwrap()
    }

    fn panel() -> Vec<String> {
        ["CD274", "FCGR3A", "FCGR3B", "C1orf63", "IL6", "IL6R", "NPD014", "cd3d"].map(str::to_owned).to_vec()
    }

    fn gene(symbol: &str) -> Found {
        Found::Gene(symbol.to_owned())
    }

    #[test]
    fn a_gene_is_found_by_any_of_its_names() {
        let (names, panel) = (names(), panel());
        assert_eq!(names.find("CD274", &panel), gene("CD274"));
        assert_eq!(names.find(" pd-l1 ", &panel), gene("CD274"));
        assert_eq!(names.find("CD3D", &panel), gene("cd3d"), "the panel's spelling");
        assert_eq!(names.find("CD16A", &panel), gene("FCGR3A"));
        assert_eq!(names.find("CD16", &panel), Found::Several(vec!["FCGR3A".into(), "FCGR3B".into()]));
        assert_eq!(names.find("TNF", &panel), Found::Nothing, "known, but not in the panel");
        assert_eq!((names.find("", &panel), names.find("CD1", &panel)), (Found::Nothing, Found::Nothing));
        let typed = ["pdl1", "CD16", "TNF", "cd16b"].map(str::to_owned);
        let each: Vec<Found> = typed.iter().map(|typed| names.find(typed, &panel)).collect();
        assert_eq!(names.find_all(&typed, &panel), each, "many at once mean the same");
        assert_eq!(GeneNames::default().find("il6", &panel), gene("IL6"), "without a list by symbols alone");
    }

    #[test]
    fn a_panel_with_older_symbols_is_understood() {
        let (names, panel) = (names(), panel());
        assert_eq!(names.find("RSRP1", &panel), gene("C1orf63"));
        assert_eq!(names.find("NPD014", &panel), gene("NPD014"), "a symbol is not taken for a synonym");
        assert_eq!(names.of("C1orf63").unwrap().symbol, "RSRP1");
        assert_eq!(names.of("NPD014").unwrap().name, "another gene");
        assert!(names.of("CD16").is_none(), "two genes are called so");
        assert_eq!(
            names.of("C1orf63").unwrap().words("C1orf63"),
            "arginine and serine rich protein 1; listed as RSRP1; also NPD014"
        );
        assert_eq!(names.of("IL6").unwrap().words("IL6"), "interleukin 6; also BSF2, IFNB2");
    }

    #[test]
    fn suggestions_stand_in_the_order_of_their_fit() {
        let (names, panel) = (names(), panel());
        let genes = |typed: &str| names.suggest(typed, &panel, 9).0.into_iter().map(|own| own.gene).collect::<Vec<_>>();
        assert_eq!(genes("il6"), ["IL6", "IL6R"]);
        assert_eq!(genes("6"), ["C1orf63", "IL6", "IL6R"], "what only contains it, in the panel's order");
        assert_eq!(genes("interleukin"), ["IL6", "IL6R"], "full names count");
        assert_eq!(genes("int").len(), 0, "three letters are too few for full names");
        assert_eq!(genes("cd16"), ["FCGR3A", "FCGR3B"]);
        assert_eq!(names.suggest("cd2", &panel, 9).0[0].gene, "CD274");
        let other = names.clone().with("CD16L\ta longer symbol\t\n").unwrap();
        let wider: Vec<String> = panel.iter().cloned().chain(["CD16L".to_owned()]).collect();
        let first: Vec<String> = other.suggest("cd16", &wider, 9).0.into_iter().map(|own| own.gene).collect();
        assert_eq!(first, ["FCGR3A", "FCGR3B", "CD16L"], "what is called exactly so stands before longer symbols");
        let (first, all) = names.suggest("cd", &panel, 1);
        assert_eq!(all, 5, "CD274, cd3d, and three by synonyms");
        assert_eq!(first, [Suggestion { gene: "CD274".into(), note: "CD274 molecule".into() }]);
        let pdl1 = names.suggest("pdl", &panel, 9).0;
        assert_eq!(pdl1, [Suggestion { gene: "CD274".into(), note: "PDL1, CD274 molecule".into() }]);
        assert_eq!(names.suggest("  ", &panel, 9), (Vec::new(), 0));
    }

    #[test]
    fn a_bundles_own_names_come_first() {
        let own = GeneName { name: "programmed death ligand 1".into(), synonyms: vec!["PDCD1L1".into()] };
        let names = GeneNames::of_bundle(&[("CD274".to_owned(), own)].into()).with(LIST).unwrap();
        assert_eq!(names.of("CD274").unwrap().name, "programmed death ligand 1");
        assert_eq!(names.find("PDL1", &panel()), gene("CD274"), "synonyms of both count");
        assert_eq!(GeneNames::of_bundle(&[].into()), GeneNames::default());
    }

    #[test]
    fn what_is_no_list_is_refused() {
        for text in ["", "<!DOCTYPE html>\n<html></html>", "# only a remark\n"] {
            assert!(GeneNames::default().with(text).is_err(), "{text}");
        }
        let sentence = |found: Found| found.or_sentence(" CD16 ", "this model's").unwrap_err();
        assert_eq!(sentence(Found::Nothing), "CD16 is not among this model's genes.");
        assert_eq!(
            sentence(Found::Several(vec!["FCGR3A".into(), "FCGR3B".into()])),
            "CD16 can be FCGR3A or FCGR3B: type the one you mean."
        );
        assert_eq!((file_of("Homo sapiens").is_some(), file_of("Danio rerio")), (true, None));
    }
}
