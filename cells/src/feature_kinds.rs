//! Kinds of features: gene expression and everything else that is counted beside it.
//!
//! Does: knows gene expression, antibodies, guides, peaks, motifs, controls by the words of their kind, however these are
//! joined and spelt; finds the column that says the kind.
//! Does not know: features, files.
//! Flow: words beside features → **which features are genes** → `Genes`, the texts beside a matrix.

use std::collections::BTreeSet;

/// Different kinds that a column of kinds has at most.
const FEW: usize = 20;

/// Kinds that are not gene expression, each with its words joined; what holds one of them is none either.
const OTHERS: [&str; 21] = [
    "antibody",
    "adt",
    "hashtag",
    "hashing",
    "multiplex",
    "cmo",
    "crispr",
    "guide",
    "sgrna",
    "antigen",
    "peak",
    "atac",
    "chromatin",
    "motif",
    "transcriptionfactor",
    "codeword",
    "control",
    "negative",
    "morpholog",
    "barcode",
    "vdj",
];
/// The same where they are all that is said.
const WHOLE_OTHERS: [&str; 9] = ["hto", "custom", "tf", "tfs", "tcr", "bcr", "blank", "positive", "unassigned"];

/// Letters and digits of a name alone, small: `Feature-Type`, `feature.type` and `featureType` are one.
pub(crate) fn joined(name: &str) -> String {
    name.chars().filter(|letter| letter.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

/// Whether a kind says that it is gene expression.
fn is_expression(kind: &str) -> bool {
    let kind = joined(kind);
    kind.starts_with("geneexpression") || ["gex", "rna", "rnaexpression", "expression"].contains(&kind.as_str())
}

/// Whether a kind is known to be something else. Kinds of genes (protein coding) are not.
fn is_other(kind: &str) -> bool {
    let kind = joined(kind);
    WHOLE_OTHERS.contains(&kind.as_str())
        || OTHERS.iter().any(|word| kind.contains(word))
        || (kind.contains("protein") && !kind.contains("coding"))
}

/// Whether a column is called one of kinds.
pub(crate) fn is_column(name: &str) -> bool {
    joined(name).starts_with("featuretype")
}

/// Whether words are kinds, by what most of them are; names of features are too many to be kinds.
pub(crate) fn are_kinds(words: &[String]) -> bool {
    let kinds: BTreeSet<String> = words.iter().take(10 * FEW).map(|word| joined(word)).collect();
    let known = |word: &&String| is_expression(word) || is_other(word);
    kinds.len() <= FEW && 2 * kinds.len() <= words.len() + 3 && 2 * words.iter().filter(known).count() > words.len()
}

/// Which features are genes: those that say so; where none does, all that are not known to be something else. What
/// nothing is said of is a gene.
pub(crate) fn of_genes(kinds: &[String]) -> Vec<bool> {
    let said = kinds.iter().any(|kind| is_expression(kind));
    let is_gene = |kind: &String| kind.is_empty() || if said { is_expression(kind) } else { !is_other(kind) };
    kinds.iter().map(is_gene).collect()
}

/// Kinds of features that are no genes, each once, for a sentence.
pub(crate) fn other_kinds(kinds: &[String]) -> String {
    let apart = kinds.iter().zip(of_genes(kinds)).filter(|(_, is_gene)| !is_gene);
    let found: BTreeSet<&str> = apart.map(|(kind, _)| kind.as_str()).collect();
    found.into_iter().collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::{are_kinds, is_column, of_genes, other_kinds};

    fn texts(list: &[&str]) -> Vec<String> {
        list.iter().map(|text| (*text).to_owned()).collect()
    }

    #[test]
    fn genes_are_what_says_so() {
        for gene in
            ["Gene Expression", "gene_expression", "Gene-Expression", "Gene.Expression", "GeneExpression", "GEX"]
        {
            for other in
                ["Negative Control Probe", "Unassigned Codeword", "Protein Expression", "Hashtag Oligo", "Anything"]
            {
                assert_eq!(of_genes(&texts(&[gene, other, gene, ""])), [true, false, true, true], "{gene} {other}");
            }
        }
    }

    #[test]
    fn other_kinds_are_known_where_nothing_says_gene_expression() {
        for other in [
            "ANTIBODY CAPTURE",
            "antibody_capture",
            "Multiplexing_Capture",
            " peaks ",
            "Motifs",
            "Transcription Factor",
            "Negative Control Codeword",
            "Deprecated Codeword",
            "Blank Codeword",
            "Genomic Control",
            "CRISPR Guide Capture",
            "Custom",
            "Protein",
            "HTO",
        ] {
            assert_eq!(of_genes(&texts(&[other])), [false], "{other}");
        }
        for gene in ["hg38", "protein_coding", "lncRNA", "Endogenous", "IG_V_gene", "gene", "misc_RNA"] {
            assert_eq!(of_genes(&texts(&[gene])), [true], "{gene}");
        }
        assert_eq!(other_kinds(&texts(&["Peaks", "Gene Expression", "Custom", "Peaks"])), "Custom, Peaks");
    }

    #[test]
    fn the_column_of_kinds_is_known_by_its_name_or_its_words() {
        assert!(is_column("feature_types") && is_column("Feature-Type") && is_column("featureType"));
        assert!(!is_column("feature_name") && !is_column("type"));
        assert!(are_kinds(&texts(&["gene_expression", "gene_expression", "antibody_capture", "antibody_capture"])));
        // Names of antibodies are not kinds, nor are kinds of genes.
        let names: Vec<String> = (0..30).map(|number| format!("antibody-{number}")).collect();
        assert!(!are_kinds(&names) && !are_kinds(&names[..4]) && !are_kinds(&texts(&["protein_coding"; 4])));
    }
}
