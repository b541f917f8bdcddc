//! Names of genes and of cells by their form.
//!
//! Does: knows a gene by the beginning of its symbol or by the form of its identifier, identifiers from symbols,
//! a cell by the barcode in its name.
//! Does not know: tables, organisms.
//! Flow: names → **which of them are genes** → `features`, dense tables.

use std::collections::HashSet;
use std::sync::LazyLock;

/// Letters before the number of a symbol: those of four genes at least on the panels of the published bundles (human and
/// mouse), and of a few that most tables have.
static STEMS: LazyLock<HashSet<&str>> = LazyLock::new(|| include_str!("stems.txt").split_whitespace().collect());

/// Genes without a number that hardly any table lacks.
const WITHOUT_NUMBERS: [&str; 48] = [
    "ACTB", "GAPDH", "B2M", "FTL", "LYZ", "VIM", "FOS", "JUN", "JUNB", "JUND", "FOSB", "MYC", "TXN", "PTMA", "ALB",
    "APOE", "GNLY", "LTB", "TNF", "IFNG", "PRF1", "CST7", "CTSW", "NAPSA", "PF4", "PPBP", "HBB", "KIT", "CLU", "DCN",
    "LUM", "MBP", "GFAP", "INS", "GCG", "SST", "PPY", "TTR", "XIST", "SOD1", "DUT", "MIF", "CFD", "FLT3LG", "CAT",
    "TPT1", "UBB", "UBC",
];

/// Whether a name is an identifier and no symbol: Ensembl, RefSeq, Entrez, those of flies and worms,
/// loci of thale cress and yeast.
pub(crate) fn is_identifier(name: &str) -> bool {
    let digits = |text: &str, least: usize| text.len() >= least && text.bytes().all(|byte| byte.is_ascii_digit());
    if is_locus(name) {
        return true;
    }
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

/// Whether a name is one of a gene.
pub(crate) fn is_gene(name: &str) -> bool {
    if name.len() < 2 || name.len() > 60 || name.contains(' ') {
        return false;
    }
    // Symbol and identifier in one name.
    if let Some((_, last)) = name.rsplit_once(['_', '|']).filter(|(_, last)| last.starts_with("ENS")) {
        return is_gene(last);
    }
    let name = name.split_once('|').map_or(name, |(first, _)| first);
    let name = ["GRCh38_", "hg19_", "hg38_", "mm10_", "mm39_"]
        .iter()
        .find_map(|genome| name.strip_prefix(genome))
        .map_or(name, |rest| rest.trim_start_matches('_'));
    let first = name.as_bytes().first().copied().unwrap_or_default();
    if first.is_ascii_digit() {
        return name.ends_with("Rik");
    }
    if is_identifier(name) {
        return true;
    }
    let upper = name.to_ascii_uppercase();
    let stem = upper.trim_start_matches(|letter: char| letter.is_ascii_uppercase());
    let stem = &upper[..upper.len() - stem.len()];
    let rest = &upper[stem.len()..];
    let is_form = rest.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-.".contains(&byte)) && name.len() <= 20;
    let numbered = rest.starts_with(|letter: char| letter.is_ascii_digit() || letter == '-');
    is_form && (WITHOUT_NUMBERS.contains(&upper.as_str()) || (numbered && STEMS.contains(stem)))
}

/// Whether a name is a locus of thale cress (AT1G01010) or yeast (YAL001C).
fn is_locus(name: &str) -> bool {
    let bytes = name.as_bytes();
    let digits = |part: &[u8]| !part.is_empty() && part.iter().all(u8::is_ascii_digit);
    let cress = bytes.len() == 9
        && bytes[..2].eq_ignore_ascii_case(b"AT")
        && bytes[3].eq_ignore_ascii_case(&b'G')
        && digits(&bytes[4..]);
    let yeast = bytes.len() == 7
        && bytes[0] == b'Y'
        && bytes[1].is_ascii_uppercase()
        && b"LR".contains(&bytes[2])
        && digits(&bytes[3..6])
        && b"CW".contains(&bytes[6]);
    cress || yeast
}

/// Whether a name holds a barcode: eight letters of DNA or more that stand alone.
pub(crate) fn is_barcode(name: &str) -> bool {
    let parts = name.split(|letter: char| !letter.is_ascii_alphanumeric());
    parts.into_iter().any(|part| part.len() >= 8 && part.bytes().all(|letter| b"ACGTN".contains(&letter)))
}

/// Share of the names that are known as genes and are no identifiers; missing ones are no genes.
pub(crate) fn share_of_symbols(names: &[String]) -> f64 {
    let known = names.iter().filter(|name| is_gene(name) && !is_identifier(name)).count();
    known as f64 / names.len().max(1) as f64
}

#[cfg(test)]
mod tests {
    use super::{is_barcode, is_gene, is_identifier};

    #[test]
    fn identifiers_are_no_symbols() {
        for id in [
            "ENSG00000167286.10",
            "ENSMUSG00000064351",
            "FBgn0000008",
            "WBGene00000001",
            "7157",
            "ENSG00000182378_PAR_Y",
            "AT1G01010",
            "YAL001C",
        ] {
            assert!(is_identifier(id), "{id}");
        }
        for symbol in ["CD3D", "HLA-DRB1", "7SK", "ENSA", "MT-ND1", "RP11-34P13.7", "AC004.1", ""] {
            assert!(!is_identifier(symbol), "{symbol}");
        }
    }

    #[test]
    fn genes_are_known_by_their_names() {
        for gene in [
            "CD3D",
            "Cd3d",
            "MT-ND1",
            "mt-Nd1",
            "RPL13A",
            "HLA-A",
            "ISG15",
            "ENSG00000167286.10",
            "FBgn0000008",
            "AT1G01010",
            "YAL001C",
            "2310045N01Rik",
            "Gm1234",
            "LINC00115",
            "CD3D_ENSG00000167286",
            "ENSG00000167286|CD3D",
            "GRCh38_CD3D",
            "ACTB",
            "Gapdh",
            "RP11-34P13.7",
            "AC004556.1",
            "KIF1B",
        ] {
            assert!(is_gene(gene), "{gene}");
        }
        for other in [
            "AAACATACAACCAC-1",
            "cell_1",
            "P1_A01",
            "12",
            "",
            "sample_AAACATACAACCAC",
            "S1",
            "cell_type",
            "nCount_RNA",
            "CD4 T cell",
            "SRR1234567",
        ] {
            assert!(!is_gene(other), "{other}");
        }
    }

    #[test]
    fn cells_are_known_by_their_barcodes() {
        assert!(is_barcode("AAACATACAACCAC-1") && is_barcode("s1_AAACATACAACCAC") && is_barcode("AAACATACAACCAC.1"));
        assert!(!is_barcode("CD3D") && !is_barcode("GATACA") && !is_barcode("xAAACATACAACCAC"));
    }
}
