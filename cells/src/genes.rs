//! The genes of a matrix, from whatever columns describe its features.
//!
//! Does: chooses the column of symbols, leaves out features that are no genes and genomes that were not asked for, takes
//! genomes' names off, numbers names that come again; says all of that in notes.
//! Does not know: the form of the file.
//! Flow: columns of features → **names of genes and the gene of every column** → readers of all forms.

use std::collections::{BTreeMap, HashSet};

use crate::feature_kinds::{of_genes, other_kinds};
use crate::features::{are_identifiers, better, filled, parted, repeated, symbols, unique, without_genomes};

/// What describes the features of a matrix, each column with its place in the file.
#[derive(Clone, Debug, Default)]
pub struct Described {
    /// Columns of texts; the first names the features unless it holds identifiers.
    pub columns: Vec<(String, Vec<String>)>,
    /// Kind of every feature (Gene Expression, Antibody Capture).
    pub kinds: Option<Vec<String>>,
    /// Genome of every feature.
    pub genomes: Option<Vec<String>>,
}

/// The genes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Genes {
    /// Symbols, each once.
    pub names: Vec<String>,
    /// Their identifiers, where the file has them.
    pub identifiers: Option<Vec<String>>,
    /// Gene of every feature; features that are no genes have none.
    pub columns: Vec<Option<u32>>,
    /// Where the names stood.
    pub place: String,
    /// Genomes with their numbers of genes, where there are several.
    pub genomes: BTreeMap<String, usize>,
    /// What the reader of the file should know.
    pub notes: Vec<String>,
}

/// "1 gene name", "2 gene names".
pub(crate) fn counted(count: usize, what: &str) -> String {
    format!("{count} {what}{}", if count == 1 { "" } else { "s" })
}

impl Genes {
    /// The genes among described features; with `genome`, of this one alone.
    ///
    /// # Errors
    /// The kinds of features, when none of them is gene expression.
    pub fn of(described: Described, genome: Option<&str>) -> Result<Self, String> {
        let Described { mut columns, kinds, genomes } = described;
        let features = columns.first().map_or(0, |(_, names)| names.len());
        let kinds = kinds.filter(|kinds| kinds.len() == features);
        let is_gene = kinds.as_ref().map_or_else(|| vec![true; features], |kinds| of_genes(kinds));
        let mut notes = Vec::new();
        // Identifiers carry genomes as symbols do; what they are shows without them.
        let of_columns: Vec<Option<Vec<String>>> = columns
            .iter_mut()
            .map(|(_, names)| without_genomes(names, genomes.as_deref().filter(|own| own.len() == features), &is_gene))
            .collect();
        let (place, mut names, identifiers) = named(&columns, &mut notes);
        for (row, name) in names.iter_mut().enumerate().filter(|(_, name)| name.is_empty()) {
            *name = format!("unnamed-row-{}", row + 1);
        }
        let of_columns = of_columns.into_iter().flatten().filter(|own| own.len() == features);
        let of_genome = of_columns.max_by_key(|own| several(Some(own), 0..own.len()).len());
        let is_wanted = |at: usize| {
            is_gene[at] && genome.is_none_or(|genome| of_genome.as_ref().is_some_and(|own| own[at] == genome))
        };
        let kept: Vec<usize> = (0..features).filter(|at| is_wanted(*at)).collect();
        if let (true, Some(kinds)) = (kept.is_empty() && features > 0, &kinds) {
            return Err(other_kinds(kinds));
        }
        let genes_alone = |at: &usize| is_gene[*at];
        let others = features - (0..features).filter(genes_alone).count();
        if let Some(kinds) = kinds.as_ref().filter(|_| others > 0) {
            let words = other_kinds(kinds);
            notes.push(format!("{} no gene expression ({words}) and left out.", are(others, "feature")));
        }
        let genomes = several(of_genome.as_deref(), (0..features).filter(genes_alone));
        if !genomes.is_empty() {
            let list: Vec<String> = genomes.iter().map(|(name, genes)| format!("{name}: {genes}")).collect();
            let taken = genome.map_or("all of them are read".to_owned(), |genome| format!("{genome} is read"));
            notes.push(format!("There are genes of several genomes ({}); {taken}.", list.join(", ")));
        }
        let mut columns = vec![None; features];
        kept.iter().enumerate().for_each(|(gene, at)| columns[*at] = Some(gene as u32));
        let pick = |list: &[String]| kept.iter().map(|at| list[*at].clone()).collect::<Vec<_>>();
        let (names, identifiers) = (pick(&names), identifiers.map(|list| pick(&list)));
        let again = repeated(&names);
        if again > 0 {
            let mut seen = HashSet::new();
            let first = names.iter().find(|name| !seen.insert(name.as_str()));
            let example = first.map_or_else(String::new, |name| format!(" ({name} becomes {name}-1)"));
            notes.push(format!(
                "{} more than once; the first keeps its name, the next carry -1, -2 … as in scanpy{example}.",
                stand(again)
            ));
        }
        Ok(Self { names: unique(names), identifiers, columns, place, genomes, notes })
    }
}

/// "2 features are".
fn are(count: usize, what: &str) -> String {
    format!("{} {}", counted(count, what), if count == 1 { "is" } else { "are" })
}

/// "2 gene names stand".
fn stand(count: usize) -> String {
    format!("{} {}", counted(count, "gene name"), if count == 1 { "stands" } else { "stand" })
}

/// The names of features: where they stood, the names, their identifiers.
fn named(columns: &[(String, Vec<String>)], notes: &mut Vec<String>) -> (String, Vec<String>, Option<Vec<String>>) {
    let Some(((place, first), others)) = columns.split_first() else { return (String::new(), Vec::new(), None) };
    if let Some((symbols, identifiers)) = parted(first) {
        notes.push("The names of the genes hold symbol and identifier; they were taken apart.".to_owned());
        return (place.clone(), symbols, Some(identifiers));
    }
    if !are_identifiers(first) {
        if let Some((found, column)) = better(first, others).filter(|(_, column)| column.len() == first.len()) {
            notes.push(format!("The names of the genes are of no known form; their symbols were taken from {found}."));
            return (found.clone(), filled(column, first), Some(first.clone()));
        }
        let identifiers = others.iter().find(|(_, column)| column.len() == first.len() && are_identifiers(column));
        return (place.clone(), first.clone(), identifiers.map(|(_, column)| column.clone()));
    }
    let Some((found, column)) = symbols(others).filter(|(_, column)| column.len() == first.len()) else {
        return (place.clone(), first.clone(), None);
    };
    notes.push(format!("The genes are called by identifiers; their symbols were taken from {found}."));
    (found.clone(), filled(column, first), Some(first.clone()))
}

/// Genomes with their numbers of genes; none when there is but one.
fn several(genomes: Option<&[String]>, genes: impl Iterator<Item = usize>) -> BTreeMap<String, usize> {
    let mut found: BTreeMap<String, usize> = BTreeMap::new();
    if let Some(genomes) = genomes {
        genes.for_each(|at| *found.entry(genomes[at].clone()).or_default() += 1);
    }
    found.retain(|name, _| !name.is_empty());
    if found.len() < 2 { BTreeMap::new() } else { found }
}

#[cfg(test)]
mod tests {
    // A test fails by panicking; that is what `unwrap` is for here.
    #![allow(clippy::unwrap_used)]
    use super::{Described, Genes};

    fn texts(list: &[&str]) -> Vec<String> {
        list.iter().map(|text| (*text).to_owned()).collect()
    }

    #[test]
    fn names_kinds_and_genomes_come_together() {
        let described = || Described {
            columns: vec![("names".to_owned(), texts(&["GRCh38_CD3D", "mm10___Cd3d", "GRCh38_CD3D", "anti-CD3"]))],
            kinds: Some(texts(&["Gene Expression", "gene expression", "Gene Expression", "Antibody Capture"])),
            genomes: Some(texts(&["GRCh38", "mm10", "GRCh38", ""])),
        };
        let all = Genes::of(described(), None).unwrap();
        assert_eq!(all.names, ["CD3D", "Cd3d", "CD3D-1"]);
        assert_eq!(all.columns, [Some(0), Some(1), Some(2), None]);
        assert_eq!(
            all.genomes.iter().map(|(name, genes)| (name.as_str(), *genes)).collect::<Vec<_>>(),
            [("GRCh38", 2), ("mm10", 1)]
        );
        assert_eq!(all.notes.len(), 3, "{:?}", all.notes);
        let mouse = Genes::of(described(), Some("mm10")).unwrap();
        assert_eq!((mouse.names, mouse.columns), (texts(&["Cd3d"]), vec![None, Some(0), None, None]));
    }

    #[test]
    fn peaks_alone_are_refused_by_their_name() {
        let columns = vec![("names".to_owned(), texts(&["chr1:1-2", "chr1:3-4"]))];
        let described = Described { columns, kinds: Some(texts(&["Peaks", "Peaks"])), genomes: None };
        assert_eq!(Genes::of(described, None), Err("Peaks".to_owned()));
    }

    #[test]
    fn identifiers_stay_beside_symbols() {
        let ids: Vec<String> = (0..3).map(|number| format!("ENSG{number:011}.2")).collect();
        let columns =
            vec![("var/_index".to_owned(), ids.clone()), ("var/Gene".to_owned(), texts(&["CD3D", "LYZ", ""]))];
        let genes = Genes::of(Described { columns: columns.clone(), ..Described::default() }, None).unwrap();
        assert_eq!((genes.names[0].as_str(), genes.names[2].as_str()), ("CD3D", ids[2].as_str()));
        assert_eq!((genes.place.as_str(), genes.identifiers.as_ref()), ("var/Gene", Some(&ids)));
        assert!(genes.notes[0].contains("var/Gene"));
        // Symbols as names: the identifiers are found in the other column.
        let turned = columns.into_iter().rev().collect();
        let genes = Genes::of(Described { columns: turned, ..Described::default() }, None).unwrap();
        assert_eq!((genes.place.as_str(), genes.identifiers), ("var/Gene", Some(ids)));
    }
}
