//! Names as they are given to genes, to cells and to what is written about either.
//!
//! Does: knows a gene by the beginning of its symbol or by the form of its identifier, a cell by the barcode in its name,
//! a label and an annotation by the words in their names.
//! Does not know: tables.
//! Flow: names → **shares of them that are known** → axes.

use std::collections::HashSet;
use std::sync::LazyLock;

use crate::features::is_identifier;

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

/// Parts of the names of labels of cells.
const LABELS: [&str; 30] = [
    "ncount",
    "nfeature",
    "n_count",
    "n_gene",
    "n_umi",
    "n_cell",
    "total_count",
    "percent",
    "pct_",
    "cluster",
    "leiden",
    "louvain",
    "batch",
    "sample",
    "donor",
    "patient",
    "barcode",
    "score",
    "umap",
    "tsne",
    "cell_type",
    "celltype",
    "condition",
    "treatment",
    "library",
    "doublet",
    "size_factor",
    "sizefactor",
    "orig.ident",
    "cell_id",
];
/// Whole names of labels of cells.
const WHOLE_LABELS: [&str; 17] = [
    "age",
    "sex",
    "gender",
    "day",
    "time",
    "dose",
    "group",
    "label",
    "labels",
    "phase",
    "plate",
    "well",
    "lane",
    "replicate",
    "species",
    "tissue",
    "n_genes",
];
/// Names of what is written about genes and counts nothing.
const ANNOTATIONS: [&str; 26] = [
    "chr",
    "chrom",
    "chromosome",
    "start",
    "end",
    "strand",
    "length",
    "gene_length",
    "genelength",
    "width",
    "entrez",
    "entrezid",
    "entrez_id",
    "entrezgene",
    "entrezgene_id",
    "ncbi_gene_id",
    "gc",
    "gc_content",
    "description",
    "biotype",
    "gene_biotype",
    "gene_type",
    "genome",
    "gene_start",
    "gene_end",
    "exon_length",
];
/// Names of a column of genes.
const GENES: [&str; 18] = [
    "gene",
    "genes",
    "gene_id",
    "geneid",
    "gene_name",
    "gene_symbol",
    "genesymbol",
    "symbol",
    "symbols",
    "ensembl",
    "ensembl_id",
    "ensembl_gene_id",
    "ensemblid",
    "gene_short_name",
    "feature",
    "feature_id",
    "hgnc_symbol",
    "gene_ids",
];
/// Names of a column of cells.
const CELLS: [&str; 12] = [
    "cell",
    "cells",
    "cell_id",
    "cellid",
    "cell_name",
    "cell_barcode",
    "barcode",
    "barcodes",
    "bc_wells",
    "cb",
    "cellname",
    "cell_ids",
];

/// A name in small letters, with one sign between its parts.
pub(super) fn plain(name: &str) -> String {
    name.trim().trim_start_matches('#').to_lowercase().replace([' ', '.', '-'], "_")
}

/// Whether a name is one of a gene.
pub(super) fn is_gene(name: &str) -> bool {
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
    if is_identifier(name) || is_locus(name) {
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
pub(super) fn is_barcode(name: &str) -> bool {
    let parts = name.split(|letter: char| !letter.is_ascii_alphanumeric());
    parts.into_iter().any(|part| part.len() >= 8 && part.bytes().all(|letter| b"ACGTN".contains(&letter)))
}

/// Whether a column holds labels of cells, by its name.
pub(super) fn is_label(name: &str) -> bool {
    let (own, low) = (plain(name), name.to_lowercase());
    WHOLE_LABELS.contains(&own.as_str()) || LABELS.iter().any(|part| own.contains(part) || low.contains(part))
}

/// Whether a column tells about genes and counts nothing, by its name.
pub(super) fn is_annotation(name: &str) -> bool {
    ANNOTATIONS.contains(&plain(name).as_str())
}

/// Whether a column is called one of genes (`Some(true)`) or of cells.
pub(super) fn side(name: &str) -> Option<bool> {
    let own = plain(name);
    let genes = GENES.contains(&own.as_str());
    (genes || CELLS.contains(&own.as_str())).then_some(genes)
}

/// Whether a name is given to a column of names: none at all, or one for genes, cells or rows.
pub(super) fn is_index(name: &str) -> bool {
    let own = plain(name);
    own.is_empty()
        || side(name).is_some()
        || ["index", "id", "ids", "name", "names", "x", "unnamed:_0", "row_names", "rownames", "v1"]
            .contains(&own.as_str())
}

/// Rows that programs write below the genes, and that count reads of none.
pub(super) fn is_remainder(name: &str) -> bool {
    name.starts_with("__") || ["N_unmapped", "N_multimapping", "N_noFeature", "N_ambiguous"].contains(&name)
}

#[cfg(test)]
mod tests {
    use super::{is_annotation, is_barcode, is_gene, is_index, is_label, side};

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
    fn cells_labels_and_annotations_are_known() {
        assert!(is_barcode("AAACATACAACCAC-1") && is_barcode("s1_AAACATACAACCAC") && is_barcode("AAACATACAACCAC.1"));
        assert!(!is_barcode("CD3D") && !is_barcode("GATACA") && !is_barcode("xAAACATACAACCAC"));
        assert!(is_label("nCount_RNA") && is_label("cell type") && is_label("seurat_clusters") && is_label("Age"));
        assert!(!is_label("CD3D") && !is_label("GAGE1") && !is_label("SAGE1"));
        assert!(is_annotation("Chr") && is_annotation("gene.length") && !is_annotation("CHRD"));
        assert_eq!((side("Gene ID"), side("barcode"), side("x")), (Some(true), Some(false), None));
        assert!(is_index("") && is_index("Unnamed: 0") && !is_index("TSPAN6"));
    }
}
