//! The site's lists of gene names, from a table of NCBI Gene.
//!
//! Does: reads a table with a head (NCBI's `gene_info` or the tabular file that its search page saves), keeps genes whose
//! name says something, writes symbol, full name and synonyms.
//! Does not know: how the page uses them (app/src/gene_names.rs reads them).
//! Flow: NCBI's table → **`assets/genes/*.tsv`** → built site.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Context, Result, bail, ensure};

/// Names that tell nothing: numbered after a clone, a locus or a family of which nothing is known.
const EMPTY: [&str; 14] = [
    "pseudogene",
    "microRNA",
    "small nucleolar RNA",
    "long intergenic non-protein",
    "uncharacterized",
    "RNA, U",
    "predicted gene",
    "RIKEN cDNA",
    "expressed sequence",
    "small Cajal",
    "tRNA",
    "ribosomal RNA",
    "DNA segment",
    "hypothetical protein",
];

/// Places of the columns that are needed.
struct Columns {
    symbol: usize,
    synonyms: usize,
    name: usize,
}

impl Columns {
    fn of(head: &str) -> Result<Self> {
        let names: Vec<&str> = head.trim_start_matches('#').split('\t').collect();
        let place = |known: &[&str]| names.iter().position(|name| known.contains(name));
        let found = (place(&["Symbol"]), place(&["Synonyms", "Aliases"]), place(&["description"]));
        let (Some(symbol), Some(synonyms), Some(name)) = found else {
            bail!("the first line names no columns Symbol, Synonyms (or Aliases) and description");
        };
        Ok(Self { symbol, synonyms, name })
    }
}

/// Whether a gene's name is worth a line; one that only names an open reading frame is, for its synonyms.
fn tells(symbol: &str, name: &str, synonyms: &str) -> bool {
    let is_empty = EMPTY.iter().any(|word| name.contains(word));
    let is_frame = name.contains("open reading frame") && synonyms.is_empty();
    !(symbol.is_empty() || symbol.starts_with("LOC") || symbol == "NEWENTRY" || name.is_empty() || is_empty || is_frame)
}

/// The list as text; `species` and `source` stand in its head.
fn list(table: &str, species: &str, source: &str) -> Result<String> {
    let mut lines = table.lines();
    let columns = Columns::of(lines.next().unwrap_or_default())?;
    let mut genes: BTreeMap<&str, (&str, String)> = BTreeMap::new();
    for line in lines {
        let fields: Vec<&str> = line.split('\t').collect();
        let field = |place: usize| fields.get(place).map_or("", |text| text.trim()).trim_matches('-');
        let (symbol, name, synonyms) = (field(columns.symbol), field(columns.name), field(columns.synonyms));
        if tells(symbol, name, synonyms) {
            let own: Vec<&str> =
                synonyms.split(['|', ',']).map(str::trim).filter(|own| !own.is_empty() && *own != symbol).collect();
            genes.entry(symbol).or_insert((name, own.join("|")));
        }
    }
    ensure!(!genes.is_empty(), "the table has no gene with a name");
    let head = format!("# Genes of {species}: symbol, full name, synonyms. {source}\n");
    let lines = genes.iter().map(|(symbol, (name, synonyms))| format!("{symbol}\t{name}\t{synonyms}\n"));
    Ok(head + &lines.collect::<String>())
}

/// Writes the list of a species; returns the number of genes.
///
/// # Errors
/// When the table cannot be read, is none, or the list cannot be written.
pub(crate) fn write(table: &Path, species: &str, source: &str, out: &Path) -> Result<usize> {
    let text = std::fs::read_to_string(table).with_context(|| format!("{} cannot be read", table.display()))?;
    let list = list(&text, species, source).with_context(|| format!("{} cannot be used", table.display()))?;
    let half = out.with_extension("part");
    std::fs::write(&half, &list).with_context(|| format!("{} cannot be written", half.display()))?;
    std::fs::rename(&half, out)?;
    Ok(list.lines().count() - 1)
}

#[cfg(test)]
mod tests {
    // A test fails by panicking; that is what `unwrap` is for here.
    #![allow(clippy::unwrap_used)]
    use super::list;

    #[test]
    fn both_of_ncbis_tables_give_the_same_list() {
        let searched = "tax_id\tSymbol\tAliases\tdescription\n9606\tCD274\tB7-H, PDL1\tCD274 molecule\n\
                        9606\tA2MP1\tA2MP\talpha-2-macroglobulin pseudogene 1\n9606\tLOC1\t\tsomething\n9606\tA\t\ta gene\n";
        let info = "#tax_id\tGeneID\tSymbol\tLocusTag\tSynonyms\tdescription\n9606\t1\tCD274\t-\tB7-H|PDL1\tCD274 molecule\n\
                    9606\t2\tA\t-\t-\ta gene\n9606\t3\tNEWENTRY\t-\t-\tRecord to support submission\n9606\t4\tC1orf9\t-\t-\tchromosome 1 open reading frame 9\n";
        let wanted = "# Genes of Homo sapiens: symbol, full name, synonyms. From here.\nA\ta gene\t\nCD274\tCD274 molecule\tB7-H|PDL1\n";
        for table in [searched, info] {
            assert_eq!(list(table, "Homo sapiens", "From here.").unwrap(), wanted);
        }
        assert!(list("Gene\tName\nA\tB\n", "", "").unwrap_err().to_string().contains("Symbol"));
        assert!(list("Symbol\tSynonyms\tdescription\n", "", "").is_err(), "an empty table");
    }
}
