//! What a typed text means among the genes of a table, and what to say of names that lead nowhere.
//!
//! Does: takes symbols, parts of them, synonyms and full names; says of every name that finds nothing whether the model
//! lacks the gene, whether only the precomputed result does, or whether no cell has it, and what to press.
//! Does not know: fields, tables.
//! Flow: typed text + panel + names → **parts of symbols, sentences** → table.

use crate::bundles::grouped;
use crate::gene_names::GeneNames;
use crate::gene_rows::names;

/// Where a gene of the panel stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// It has numbers.
    Told,
    /// A precomputed result does not tell of it.
    NotShipped,
    /// No generated cell has it.
    Unseen,
}

/// What a text means.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Meant {
    /// Parts of symbols in upper case, any of which a row must have; none is all genes.
    pub names: Vec<String>,
    /// Symbols that a row may also have, in upper case: genes that are called so.
    pub genes: Vec<String>,
}

/// Names that a sentence lists.
const LISTED: usize = 4;

/// A text that may be a full name, or a part of one: several words or many letters.
fn full_name(text: &str) -> Option<&str> {
    let text = text.trim();
    // Short words stand in hundreds of full names.
    let is_name = text.contains(' ') && text.chars().count() > 6 && !text.contains([',', ';', '\n', '\t']);
    is_name.then_some(text)
}

/// Genes of the panel whose full name holds a text of several words or of many letters.
fn by_full_name(text: &str, panel: &[String], known: &GeneNames) -> Vec<String> {
    full_name(text).map(|text| known.named(text, panel)).unwrap_or_default()
}

/// A sentence where a text is a full name, or a part of one, of genes that the model lacks.
fn lacking_by_name(text: &str, panel: &[String], known: &GeneNames) -> Option<String> {
    let text = full_name(text)?;
    let symbols = known.symbols_named(text);
    let more = symbols.len().saturating_sub(LISTED);
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    (!symbols.is_empty()).then(|| {
        format!(
            "“{text}” is in the full name of {}{more}, not among this model's {} genes: it can say nothing about it. Model lists other models.",
            symbols[..symbols.len().min(LISTED)].join(", "),
            grouped(panel.len() as u64)
        )
    })
}

/// Reads a text.
pub fn meant(text: &str, panel: &[String], known: &GeneNames) -> Meant {
    let full = by_full_name(text, panel, known);
    if !full.is_empty() {
        return Meant { names: Vec::new(), genes: full.into_iter().map(|gene| gene.to_uppercase()).collect() };
    }
    let names = names(text);
    let genes = names.iter().flat_map(|name| known.meant(name, panel)).map(|gene| gene.to_uppercase()).collect();
    Meant { names, genes }
}

/// Sentences on the names of a text that find no row.
pub fn missing(text: &str, panel: &[String], known: &GeneNames, standing: &dyn Fn(usize) -> Standing) -> Vec<String> {
    if !by_full_name(text, panel, known).is_empty() {
        return Vec::new();
    }
    if let Some(words) = lacking_by_name(text, panel, known) {
        return vec![words];
    }
    let names = names(text);
    let is_known = |name: &String| known.of(name).is_some() || known.symbol_of(name).is_some();
    let found: Vec<String> = names.iter().filter_map(|name| sentence(name, panel, known, standing)).collect();
    // Words of a phrase that mean no gene are not told one by one.
    match full_name(text) {
        Some(text) if found.len() == names.len() && !names.iter().any(is_known) => {
            vec![format!("No gene is called “{text}”, and no full name that is known here holds it.")]
        }
        _ => found,
    }
}

/// The sentence on one name; none where it finds a row.
fn sentence(name: &str, panel: &[String], known: &GeneNames, standing: &dyn Fn(usize) -> Standing) -> Option<String> {
    let called = known.meant(name, panel);
    let fits = |gene: &String| gene.to_uppercase().contains(name) || called.contains(gene);
    let found: Vec<(usize, &String)> = panel.iter().enumerate().filter(|(_, gene)| fits(gene)).collect();
    if found.iter().any(|(place, _)| standing(*place) == Standing::Told) {
        return None;
    }
    let exact =
        found.iter().find(|(_, gene)| gene.eq_ignore_ascii_case(name) || called.contains(gene)).or(found.first());
    let Some((place, gene)) = exact else {
        let symbol = known.of(name).map(|own| own.symbol.to_owned()).or_else(|| known.symbol_of(name));
        let also =
            symbol.filter(|own| !own.eq_ignore_ascii_case(name)).map_or_else(String::new, |own| format!(" ({own})"));
        return Some(format!(
            "{name}{also} is not among this model's {} genes: it can say nothing about it. Model lists other models.",
            grouped(panel.len() as u64)
        ));
    };
    let name = if gene.eq_ignore_ascii_case(name) { (*gene).clone() } else { format!("{name} ({gene})") };
    Some(match standing(*place) {
        Standing::NotShipped => format!(
            "{name} is a gene of this model, but the precomputed result holds only the genes with the smallest q: press Generate for all genes."
        ),
        _ => format!(
            "{name} is a gene of this model; no generated cell of either side has it, so that it has no fold change."
        ),
    })
}

#[cfg(test)]
mod tests {
    use super::{Meant, Standing, meant, missing};
    use crate::gene_names::GeneNames;

    const LIST: &str =
        "CD274\tCD274 molecule (programmed death ligand 1)\tPD-L1|B7-H1\nISG15\tISG15 ubiquitin like modifier\tG1P2\n";

    fn names() -> GeneNames {
        GeneNames::default().with(LIST).unwrap_or_default()
    }

    fn panel(genes: &[&str]) -> Vec<String> {
        genes.iter().map(|gene| (*gene).to_owned()).collect()
    }

    #[test]
    fn symbols_synonyms_and_full_names_are_found() {
        let panel = panel(&["CD274", "ISG15", "ISG20"]);
        let upper = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>();
        assert_eq!(meant("isg", &panel, &names()), Meant { names: upper(&["ISG"]), genes: Vec::new() });
        let pair = Meant { names: upper(&["PD-L1", "ISG15"]), genes: upper(&["CD274", "ISG15"]) };
        assert_eq!(meant("pd-l1, isg15", &panel, &names()), pair);
        let full = meant("programmed death ligand 1", &panel, &names());
        assert_eq!(full, Meant { names: Vec::new(), genes: upper(&["CD274"]) });
        assert_eq!(meant("", &panel, &names()), Meant::default());
    }

    #[test]
    fn a_name_that_finds_nothing_is_told_with_what_to_press() {
        let panel = panel(&["CD274", "ISG15", "RARE"]);
        let standing = |place: usize| [Standing::NotShipped, Standing::Told, Standing::Unseen][place];
        let told = |text: &str| missing(text, &panel, &names(), &standing).join(" ");
        assert_eq!(told("isg15"), "");
        assert!(
            told("PD-L1").starts_with("PD-L1 (CD274) is a gene of this model, but the precomputed"),
            "{}",
            told("PD-L1")
        );
        assert!(told("PD-L1").ends_with("press Generate for all genes."));
        assert!(told("rare").starts_with("RARE is a gene of this model; no generated cell"), "{}", told("rare"));
        assert!(told("xyz").starts_with("XYZ is not among this model's 3 genes"), "{}", told("xyz"));
        assert_eq!(told("isg15, xyz, nope").matches("is not among").count(), 2, "each name is told");
        let without = &panel[1..];
        let said = missing("pd-l1", without, &names(), &|_| Standing::Told).join(" ");
        assert!(said.starts_with("PD-L1 (CD274) is not among this model's 2 genes"), "{said}");
        let said = missing("programmed death", without, &names(), &|_| Standing::Told);
        assert_eq!(said.len(), 1, "one sentence, not one for each word: {said:?}");
        assert!(said[0].starts_with("“programmed death” is in the full name of CD274, not among"), "{said:?}");
        let said = missing("the gene of happiness", without, &names(), &|_| Standing::Told);
        assert_eq!(said, ["No gene is called “the gene of happiness”, and no full name that is known here holds it."]);
        let said = missing("pd-l1 isg15 xyz", without, &names(), &|_| Standing::Told);
        assert_eq!(said.len(), 2, "a list of symbols is no phrase: {said:?}");
    }
}
