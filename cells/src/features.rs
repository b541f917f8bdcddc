//! What stands in the rows of genes: symbols, identifiers, kinds of features, genomes.
//!
//! Does: finds the column of gene symbols by what stands in it, tells genes from antibodies and peaks, takes genomes'
//! names off, numbers names that come again.
//! Does not know: the form of the file.
//! Flow: columns of `var`, `features` or `features.tsv` → **names of genes**.

use std::collections::{BTreeMap, HashSet};

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

/// Whether a name is an identifier and no symbol: Ensembl, RefSeq, Entrez, those of flies, worms and yeast.
pub fn is_identifier(name: &str) -> bool {
    let digits = |text: &str, least: usize| text.len() >= least && text.bytes().all(|byte| byte.is_ascii_digit());
    let plain = name.split_once('.').filter(|(_, version)| digits(version, 1)).map_or(name, |(plain, _)| plain);
    let plain = plain.strip_suffix("_PAR_Y").unwrap_or(plain);
    let start = plain.trim_end_matches(|letter: char| letter.is_ascii_digit());
    let number = &plain[start.len()..];
    match start {
        // Entrez, or the place of a row.
        "" => !number.is_empty(),
        "FBgn" | "WBGene" | "MGI:" | "HGNC:" | "NM_" | "NR_" | "XM_" | "XR_" | "LOC_" | "CCDS" => digits(number, 3),
        other => (other.starts_with("ENS") || other.starts_with("MGP_")) && digits(number, 6),
    }
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

/// Names under which symbols usually stand, the commonest first; they decide between columns that are alike.
const USUAL: [&str; 12] = [
    "gene_symbols",
    "feature_name",
    "gene_symbol",
    "gene_name",
    "symbol",
    "gene_short_name",
    "gene_names",
    "genesymbol",
    "hgnc_symbol",
    "symbols",
    "name",
    "gene",
];

/// Whether most names are identifiers, so that symbols have to be looked for.
pub fn are_identifiers(names: &[String]) -> bool {
    2 * names.iter().filter(|name| is_identifier(name)).count() > names.len()
}

/// The column of symbols among named columns, by what stands in them; none when none looks like it.
pub fn symbols(columns: &[(String, Vec<String>)]) -> Option<&(String, Vec<String>)> {
    let usual = |name: &str| {
        let plain = name.to_ascii_lowercase().replace([' ', '.', '-'], "_");
        USUAL.iter().position(|own| *own == plain || own.replace('_', "") == plain)
    };
    let score = |(name, column): &(String, Vec<String>)| {
        let likeness = likeness(column);
        // A usual name helps a column that looks like symbols, never one that does not.
        let bonus = usual(name).map_or(0.0, |place| 0.2 - 0.01 * place as f64);
        if likeness > 0.0 { likeness + bonus } else { 0.0 }
    };
    let best = columns.iter().map(|column| (score(column), column)).max_by(|a, b| {
        // Of columns that are alike the first stays.
        a.0.total_cmp(&b.0).then(std::cmp::Ordering::Greater)
    });
    best.filter(|(score, _)| *score > 0.3).map(|(_, column)| column)
}

/// Symbols, with the identifier where there is none.
pub fn filled(symbols: &[String], identifiers: &[String]) -> Vec<String> {
    let pairs = symbols.iter().zip(identifiers);
    pairs.map(|(symbol, id)| if is_missing(symbol) { id.clone() } else { symbol.clone() }).collect()
}

/// Whether a kind of feature is gene expression; kinds that nobody knows count as genes.
pub fn is_gene(kind: &str) -> bool {
    const OTHERS: [&str; 21] = [
        "antibody capture",
        "antibody",
        "adt",
        "protein",
        "proteins",
        "hto",
        "cell hashing",
        "hashtag",
        "multiplexing capture",
        "cmo",
        "crispr guide capture",
        "guide capture",
        "sgrna",
        "crispr",
        "custom",
        "antigen capture",
        "peaks",
        "peak",
        "atac",
        "chromatin accessibility",
        "vdj",
    ];
    let plain = kind.trim().to_ascii_lowercase().replace(['_', '-'], " ");
    !OTHERS.contains(&plain.split_whitespace().collect::<Vec<_>>().join(" ").as_str())
}

/// Kinds that are not gene expression, each once, for a sentence.
pub fn other_kinds(kinds: &[String]) -> String {
    let found: std::collections::BTreeSet<&str> =
        kinds.iter().map(String::as_str).filter(|kind| !is_gene(kind)).collect();
    found.into_iter().collect::<Vec<_>>().join(", ")
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

/// Takes genomes' names off, where every name carries one (barnyard experiments); gives the genome of each name.
///
/// `genomes` is what the file says of each name, where it says it.
pub fn without_genomes(names: &mut [String], genomes: Option<&[String]>) -> Option<Vec<String>> {
    let found: Vec<String> = match genomes {
        Some(genomes) if genomes.len() == names.len() => genomes.to_vec(),
        _ => names.iter().map(|name| of_genome(name).map(|(genome, _)| genome.to_owned())).collect::<Option<_>>()?,
    };
    let own = |name: &str, genome: &str| {
        let rest = name.strip_prefix(genome).filter(|_| !genome.is_empty())?;
        let plain = rest.trim_start_matches('_');
        (plain.len() < rest.len() && !plain.is_empty()).then(|| plain.to_owned())
    };
    for (name, genome) in names.iter_mut().zip(&found) {
        if let Some(plain) = own(name, genome) {
            *name = plain;
        }
    }
    Some(found)
}

#[cfg(test)]
mod tests {
    // A test fails by panicking; that is what `unwrap` is for here.
    #![allow(clippy::unwrap_used)]
    use super::{
        are_identifiers, filled, is_gene, is_identifier, other_kinds, parted, repeated, symbols, unique,
        without_genomes,
    };

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
    fn identifiers_are_no_symbols() {
        for id in [
            "ENSG00000167286.10",
            "ENSMUSG00000064351",
            "FBgn0000008",
            "WBGene00000001",
            "7157",
            "ENSG00000182378_PAR_Y",
        ] {
            assert!(is_identifier(id), "{id}");
        }
        for symbol in ["CD3D", "HLA-DRB1", "7SK", "ENSA", "MT-ND1", "RP11-34P13.7", "AC004.1", ""] {
            assert!(!is_identifier(symbol), "{symbol}");
        }
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
        assert!(are_identifiers(&ids) && !are_identifiers(&own.1));
        assert_eq!(filled(&texts(&["CD3D", "nan"]), &ids[..2]), ["CD3D", "ENSG00000000001"]);
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
    fn kinds_of_features_are_known_in_any_case() {
        assert!(is_gene("Gene Expression") && is_gene("gene expression") && is_gene("hg38") && is_gene(""));
        assert!(!is_gene("ANTIBODY CAPTURE") && !is_gene("Multiplexing_Capture") && !is_gene(" peaks "));
        assert_eq!(other_kinds(&texts(&["Peaks", "Gene Expression", "Custom", "Peaks"])), "Custom, Peaks");
    }

    #[test]
    fn genomes_are_taken_off() {
        let mut names = texts(&["GRCh38_CD3D", "mm10___Lyz2", "GRCh38_HLA-A"]);
        assert_eq!(without_genomes(&mut names, None), Some(texts(&["GRCh38", "mm10", "GRCh38"])));
        assert_eq!(names, ["CD3D", "Lyz2", "HLA-A"]);
        let mut plain = texts(&["CD3D", "MT_ND1"]);
        assert_eq!(without_genomes(&mut plain, None), None);
        assert_eq!(plain, ["CD3D", "MT_ND1"]);
        let mut said = texts(&["fly_Act5C", "Act5C"]);
        without_genomes(&mut said, Some(&texts(&["fly", "yeast"])));
        assert_eq!(said, ["Act5C", "Act5C"]);
    }
}
