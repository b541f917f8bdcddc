//! Names as they are given to cells and to what is written about genes and cells.
//!
//! Does: knows a label and an annotation by the words in their names.
//! Does not know: tables.
//! Flow: names → **shares of them that are known** → axes.

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
    use super::{is_annotation, is_index, is_label, side};

    #[test]
    fn labels_and_annotations_are_known() {
        assert!(is_label("nCount_RNA") && is_label("cell type") && is_label("seurat_clusters") && is_label("Age"));
        assert!(!is_label("CD3D") && !is_label("GAGE1") && !is_label("SAGE1"));
        assert!(is_annotation("Chr") && is_annotation("gene.length") && !is_annotation("CHRD"));
        assert_eq!((side("Gene ID"), side("barcode"), side("x")), (Some(true), Some(false), None));
        assert!(is_index("") && is_index("Unnamed: 0") && !is_index("TSPAN6"));
    }
}
