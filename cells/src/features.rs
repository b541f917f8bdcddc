//! What stands in the rows of genes: symbols, identifiers, genomes.
//!
//! Does: finds the column of gene symbols by what stands in it, takes genomes' names off, numbers names that come again.
//! Does not know: the form of the file.
//! Flow: columns of `var`, `features` or `features.tsv` → **names of genes**.

use std::collections::{BTreeMap, HashSet};

use crate::feature_kinds::joined;
use crate::names::{is_identifier, share_of_symbols};

/// Names made unique as scanpy does: the first stays, the next become `A-1`, `A-2`.
///
/// ```
/// let names = ["TBCE", "CD3D", "TBCE"].map(str::to_owned).to_vec();
/// assert_eq!(cells::features::unique(names), ["TBCE", "CD3D", "TBCE-1"]);
/// ```
pub fn unique(names: Vec<String>) -> Vec<String> {
    let mut taken: HashSet<String> = HashSet::with_capacity(names.len());
    let all: HashSet<String> = names.iter().cloned().collect();
    // The next number of every name, so that a name that comes a thousand times is not counted from 1 each time.
    let mut next: BTreeMap<String, usize> = BTreeMap::new();
    names
        .into_iter()
        .map(|name| {
            if taken.insert(name.clone()) {
                return name;
            }
            let number = next.entry(name.clone()).or_insert(1);
            loop {
                let numbered = format!("{name}-{number}");
                *number += 1;
                if !all.contains(&numbered) && taken.insert(numbered.clone()) {
                    return numbered;
                }
            }
        })
        .collect()
}

/// How many names came before.
pub fn repeated(names: &[String]) -> usize {
    names.len() - names.iter().collect::<HashSet<_>>().len()
}

/// Symbols and identifiers of names that hold both (`CD3D_ENSG00000167286`, `ENSG00000167286.10|CD3D`); none where most
/// names do not.
pub fn parted(names: &[String]) -> Option<(Vec<String>, Vec<String>)> {
    let apart = |letter: char| "|_:; ".contains(letter);
    let is_ensembl = |text: &str| text.starts_with("ENS") && is_identifier(text);
    let part = |name: &str| {
        let (first, rest) = name.split_once(apart)?;
        if is_ensembl(first) {
            // What comes after a second bar is a probe or a transcript.
            return Some((rest.split('|').next().unwrap_or(rest).to_owned(), first.to_owned()));
        }
        let (rest, last) = name.rsplit_once(apart)?;
        is_ensembl(last).then(|| (rest.to_owned(), last.to_owned()))
    };
    let parts: Vec<Option<(String, String)>> = names.iter().map(|name| part(name)).collect();
    let different: HashSet<&String> = parts.iter().flatten().map(|(symbol, _)| symbol).collect();
    // What stands beside identifiers and hardly differs is a genome or a kind.
    if 2 * different.len() <= names.len() {
        return None;
    }
    let pairs = parts.into_iter().zip(names).map(|(part, name)| part.unwrap_or_else(|| (name.clone(), name.clone())));
    let (symbols, identifiers): (Vec<String>, Vec<String>) = pairs.unzip();
    Some((filled(&symbols, &identifiers), identifiers))
}

/// Words that stand in columns of genes and are no symbols.
const NO_SYMBOLS: [&str; 14] = [
    "gene expression",
    "antibody capture",
    "peaks",
    "protein_coding",
    "lncrna",
    "pseudogene",
    "true",
    "false",
    "nan",
    "none",
    "na",
    "unknown",
    "mirna",
    "custom",
];

/// How much a column looks like symbols, 0 to 1: texts of the right form, hardly any of them twice.
fn likeness(column: &[String]) -> f64 {
    let known: Vec<&String> = column.iter().filter(|text| !is_missing(text)).collect();
    if known.is_empty() {
        return 0.0;
    }
    let is_symbol = |text: &str| {
        let form = text.len() <= 40
            && text.starts_with(|letter: char| letter.is_ascii_alphanumeric())
            && text.bytes().any(|byte| byte.is_ascii_alphabetic())
            && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.@/():+'*".contains(&byte));
        form && !is_identifier(text) && !NO_SYMBOLS.contains(&text.to_ascii_lowercase().as_str())
            // Numbers in texts, and places in a genome (chr1:100-200).
            && text.parse::<f64>().is_err() && !text.starts_with("chr")
    };
    // Names of transcripts (CD3D-201) are alike too, and stand beside the genes' own.
    let is_transcript = |text: &&&String| {
        text.rsplit_once('-').is_some_and(|(_, last)| last.len() == 3 && last.bytes().all(|byte| byte.is_ascii_digit()))
    };
    if 2 * known.iter().filter(is_transcript).count() > known.len() {
        return 0.0;
    }
    let like = known.iter().filter(|text| is_symbol(text)).count() as f64 / known.len() as f64;
    let different = known.iter().collect::<HashSet<_>>().len() as f64 / known.len() as f64;
    // A column of chromosomes, lengths or flags repeats itself; one of symbols hardly does.
    let there = known.len() as f64 / column.len() as f64;
    if like < 0.5 || different < 0.5 { 0.0 } else { like * different * there.sqrt() }
}

/// Whether a text stands for nothing.
fn is_missing(text: &str) -> bool {
    text.is_empty() || ["nan", "NaN", "None", "NA", "<NA>", "null", "-"].contains(&text)
}

/// Names under which symbols usually stand, joined, the commonest first; they decide between columns that are alike.
const USUAL: [&str; 12] = [
    "genesymbols",
    "featurename",
    "genesymbol",
    "genename",
    "symbol",
    "geneshortname",
    "genenames",
    "hgncsymbol",
    "mgisymbol",
    "symbols",
    "name",
    "gene",
];
/// Least share of known genes in a column of symbols that is not called one: those of far organisms.
const KNOWN: f64 = 0.1;
/// So much larger must the share of known genes be in a column than in the names of the features.
const FAR: f64 = 0.4;
/// Share of known genes below which names are no symbols of any organism.
const NOWHERE: f64 = 0.05;

/// Whether most names are identifiers, so that symbols have to be looked for.
pub fn are_identifiers(names: &[String]) -> bool {
    2 * names.iter().filter(|name| is_identifier(name)).count() > names.len()
}

/// Place of the name of a column among those under which symbols usually stand.
fn usual(name: &str) -> Option<usize> {
    // A column is named with its file or table.
    let own = joined(name.rsplit(['/', ',', '[']).next().unwrap_or(name));
    USUAL.iter().position(|usual| *usual == own)
}

/// The column of symbols among named columns, by what stands in them; none when none looks like it.
pub fn symbols(columns: &[(String, Vec<String>)]) -> Option<&(String, Vec<String>)> {
    let score = |(name, column): &(String, Vec<String>)| {
        let (likeness, usual) = (likeness(column), usual(name));
        let known = if likeness > 0.0 { share_of_symbols(column) } else { 0.0 };
        // A usual name helps a column that looks like symbols, never one that does not.
        if likeness <= 0.3 || (known < KNOWN && usual.is_none()) {
            return 0.0;
        }
        // Symbols of a far organism are less known than those of its human orthologues.
        let other = if is_of_others(name) { 0.5 } else { 1.0 };
        other * likeness * (0.4 + 0.6 * known) + usual.map_or(0.0, |place| 0.5 - 0.03 * place as f64)
    };
    let best = columns.iter().map(|column| (score(column), column)).max_by(|a, b| {
        // Of columns that are alike the first stays.
        a.0.total_cmp(&b.0).then(std::cmp::Ordering::Greater)
    });
    best.filter(|(score, _)| *score > 0.0).map(|(_, column)| column)
}

/// Whether a column holds genes of another organism, by its name.
fn is_of_others(name: &str) -> bool {
    let own = joined(name.rsplit(['/', ',', '[']).next().unwrap_or(name));
    ["ortho", "homolog", "human", "mouse"].iter().any(|word| own.contains(word))
}

/// Whether names are made up: numbers behind a few words (`ILMN_1`, `gene1`).
fn are_numbered(names: &[String]) -> bool {
    let starts: HashSet<&str> =
        names.iter().map(|name| name.trim_end_matches(|letter: char| letter.is_ascii_digit())).collect();
    10 * starts.len() <= names.len().max(10)
        && names.iter().all(|name| name.ends_with(|own: char| own.is_ascii_digit()))
}

/// The column that holds far more known genes than the names of the features do, where these are made up or known nowhere
/// (probes, numbers of rows); none mostly.
pub fn better<'a>(names: &[String], columns: &'a [(String, Vec<String>)]) -> Option<&'a (String, Vec<String>)> {
    let own = share_of_symbols(names);
    symbols(columns).filter(|(name, column)| {
        let unknown = are_numbered(names) || (own < NOWHERE && usual(name).is_some());
        unknown && share_of_symbols(column) - own > FAR
    })
}

/// Symbols, with the identifier where there is none.
pub fn filled(symbols: &[String], identifiers: &[String]) -> Vec<String> {
    let pairs = symbols.iter().zip(identifiers);
    pairs.map(|(symbol, id)| if is_missing(symbol) { id.clone() } else { symbol.clone() }).collect()
}

/// Assembly that a name is said to come from (`GRCh38_CD3D`, `mm10___Lyz2`), with the name itself.
fn of_genome(name: &str) -> Option<(&str, &str)> {
    let (genome, rest) = name.split_once('_')?;
    let rest = rest.trim_start_matches('_');
    let lower = genome.to_ascii_lowercase();
    let start = lower.trim_end_matches(|letter: char| letter.is_ascii_digit() || ".-p".contains(letter));
    let known = [
        "grch", "hg", "grcm", "mm", "grcr", "rn", "mratbn", "bdgp", "dm", "grcz", "danrer", "wbcel", "ce", "tair",
        "sacc", "r",
    ];
    (known.contains(&start) && start.len() < lower.len() && !rest.is_empty()).then_some((genome, rest))
}

/// Names that may lack a genome where the others carry one: one in so many (a transgene, a spike-in).
const STRAY: usize = 20;

/// Takes genomes' names off, where names of genes carry them (barnyard experiments); gives the genome of each name.
///
/// `genomes` is what the file says of each name, where it says it; it is what counts, unless it names no prefix and the
/// names themselves do (`hg19_and_mm10`). Names for which `is_gene` is not set need not carry one (antibodies).
pub fn without_genomes(names: &mut [String], genomes: Option<&[String]>, is_gene: &[bool]) -> Option<Vec<String>> {
    let prefix = |name: &str, genome: &str| {
        let rest = name.strip_prefix(genome).filter(|_| !genome.is_empty())?;
        let plain = rest.trim_start_matches('_');
        (plain.len() < rest.len() && !plain.is_empty()).then(|| plain.to_owned())
    };
    let genes = |at: &usize| is_gene.get(*at).copied().unwrap_or(true);
    let said = genomes.filter(|genomes| genomes.len() == names.len());
    let carried =
        said.is_some_and(|said| (0..names.len()).filter(genes).any(|at| prefix(&names[at], &said[at]).is_some()));
    let lacking = (0..names.len()).filter(genes).filter(|at| of_genome(&names[*at]).is_none()).count();
    let inferred = || -> Option<Vec<String>> {
        let all = (0..names.len()).filter(genes).count();
        let own = |name: &String| of_genome(name).map_or_else(String::new, |(genome, _)| genome.to_owned());
        (all > 0 && STRAY * lacking <= all).then(|| names.iter().map(own).collect())
    };
    let found =
        if carried { said.map(<[String]>::to_vec) } else { inferred().or_else(|| said.map(<[String]>::to_vec)) }?;
    for (name, genome) in names.iter_mut().zip(&found) {
        if let Some(plain) = prefix(name, genome) {
            *name = plain;
        }
    }
    Some(found)
}

#[cfg(test)]
mod tests {
    // A test fails by panicking; that is what `unwrap` is for here.
    #![allow(clippy::unwrap_used)]
    use super::{are_identifiers, better, filled, parted, repeated, symbols, unique, without_genomes};

    fn texts(list: &[&str]) -> Vec<String> {
        list.iter().map(|text| (*text).to_owned()).collect()
    }

    #[test]
    fn repeated_symbols_are_numbered_as_scanpy_does() {
        // A-1 is taken by a gene of that name, so the second A becomes A-2.
        assert_eq!(unique(texts(&["A", "B", "A", "A-1", "A"])), ["A", "B", "A-2", "A-1", "A-3"]);
        assert_eq!(repeated(&texts(&["A", "B", "A", "A"])), 2);
        let many = unique(vec!["A".to_owned(); 20_000]);
        assert_eq!(many[19_999], "A-19999");
    }

    #[test]
    fn symbols_are_found_by_what_they_are() {
        let ids: Vec<String> = (0..6).map(|number| format!("ENSG{number:011}")).collect();
        let column = |name: &str, list: &[&str]| (name.to_owned(), texts(list));
        let own = column("whatever", &["CD3D", "LYZ", "MS4A1", "ISG15", "GNLY", "GNLY"]);
        let columns = vec![
            column("biotype", &["protein_coding"; 6]),
            column("chromosome", &["1", "2", "X", "chr3", "4", "5"]),
            ("gene_ids".to_owned(), ids.clone()),
            column("name", &["1.5", "2.5", "3.5", "4", "5", "6"]),
            own.clone(),
        ];
        assert_eq!(symbols(&columns), Some(&own));
        assert_eq!(symbols(&columns[..4]), None);
        // Neither names of transcripts nor kinds of genes, as many as there are genes.
        let transcripts =
            column("transcript", &["CD3D-201", "LYZ-201", "MS4A1-203", "ISG15-201", "GNLY-201", "GNLY-202"]);
        let kinds = column("biotype", &["protein_coding", "lincRNA", "antisense", "snRNA", "IG_V_gene", "snoRNA"]);
        assert_eq!(symbols(&[transcripts.clone(), kinds.clone(), own.clone()]), Some(&own));
        assert_eq!(symbols(&[transcripts, kinds]), None);
        // Symbols of another organism are known by the name of their column alone.
        let flies = ["w", "sn", "dpp", "bcd", "ey", "Antp"];
        assert_eq!(symbols(&[column("other", &flies)]), None);
        assert!(symbols(&[column("var/gene_symbols", &flies)]).is_some());
        // They go before those of human orthologues, which are better known.
        let human = column("human_symbol", &["CD3D", "LYZ", "MS4A1", "ISG15", "GNLY", "CD19"]);
        let both = [human.clone(), column("var/gene_name", &flies)];
        assert_eq!(symbols(&both), Some(&both[1]));
        assert!(are_identifiers(&ids) && !are_identifiers(&own.1));
        assert_eq!(filled(&texts(&["CD3D", "nan"]), &ids[..2]), ["CD3D", "ENSG00000000001"]);
    }

    #[test]
    fn names_of_no_known_form_give_way_to_symbols() {
        let own = vec![("gene_symbols".to_owned(), texts(&["CD3D", "LYZ", "MS4A1", "ISG15", "GNLY"]))];
        for form in ["ILMN_", "gene", "probe-"] {
            let names: Vec<String> = (0..5).map(|number| format!("{form}{number}")).collect();
            assert_eq!(better(&names, &own), own.first(), "{form}");
        }
        assert_eq!(better(&texts(&["Cd3d", "Lyz2", "Ms4a1", "Isg15", "Gnly"]), &own), None);
        // Names of a far organism stay beside those of its orthologues.
        let orthologues = vec![("human".to_owned(), own[0].1.clone())];
        assert_eq!(better(&texts(&["w", "sn", "dpp", "bcd", "ey"]), &orthologues), None);
    }

    #[test]
    fn names_that_hold_symbol_and_identifier_are_parted() {
        let id = |number: u32| format!("ENSG{number:011}");
        for form in ["S_I", "I_S", "I.7|S", "I|S|probe", "S I"] {
            let names: Vec<String> = ["CD3D", "HLA_A", "LYZ"]
                .iter()
                .zip(1..)
                .map(|(symbol, number)| form.replace('S', symbol).replace('I', &id(number)))
                .collect();
            let (symbols, ids) = parted(&names).unwrap();
            assert_eq!(symbols, ["CD3D", "HLA_A", "LYZ"], "{form}");
            assert!(ids[2].starts_with(&id(3)), "{form}");
        }
        // Genomes before identifiers, and plain symbols.
        assert_eq!(parted(&[1, 2, 3].map(|number| format!("GRCh38_{}", id(number)))), None);
        assert_eq!(parted(&texts(&["HLA-A", "MT_ND1"])), None);
    }

    #[test]
    fn genomes_are_taken_off() {
        let mut names = texts(&["GRCh38_CD3D", "mm10___Lyz2", "GRCh38_HLA-A"]);
        assert_eq!(without_genomes(&mut names, None, &[true; 3]), Some(texts(&["GRCh38", "mm10", "GRCh38"])));
        assert_eq!(names, ["CD3D", "Lyz2", "HLA-A"]);
        let mut plain = texts(&["CD3D", "MT_ND1"]);
        assert_eq!(without_genomes(&mut plain, None, &[true; 2]), None);
        assert_eq!(plain, ["CD3D", "MT_ND1"]);
        let mut said = texts(&["fly_Act5C", "Act5C"]);
        without_genomes(&mut said, Some(&texts(&["fly", "yeast"])), &[true; 2]);
        assert_eq!(said, ["Act5C", "Act5C"]);
    }

    #[test]
    fn genomes_are_taken_off_beside_antibodies_and_transgenes() {
        let mut names = texts(&["GRCh38_CD3D", "mm10___Lyz2", "CD3"]);
        let found = without_genomes(&mut names, None, &[true, true, false]).unwrap();
        assert_eq!((names, found), (texts(&["CD3D", "Lyz2", "CD3"]), texts(&["GRCh38", "mm10", ""])));
        // What the file says of all names at once is no prefix of any.
        let mut both = texts(&["hg19_CD3D", "mm10_Cd3d"]);
        let found = without_genomes(&mut both, Some(&texts(&["hg19_and_mm10"; 2])), &[true; 2]).unwrap();
        assert_eq!((both, found), (texts(&["CD3D", "Cd3d"]), texts(&["hg19", "mm10"])));
        let mut many: Vec<String> =
            (0..40).map(|number| format!("mm10_Gm{number}")).chain(["tdTomato".into()]).collect();
        assert!(without_genomes(&mut many, None, &[true; 41]).is_some());
        assert_eq!((many[0].as_str(), many[40].as_str()), ("Gm0", "tdTomato"));
    }
}
