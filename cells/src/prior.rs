//! Prior knowledge about a perturbation: genes known to be off under it.
//!
//! Does: reads gene lists and tables of differential expression as text, and picks from such a table the
//! genes that a perturbation silences, by the thresholds of PAPER.md section 7.
//! Does not know: models; the caller holds the genes at one count while cells are written.
//! Flow: text → **genes** → clamped genes of a request.

use std::collections::BTreeSet;

use thiserror::Error;

/// Count at which silenced genes are held (PAPER.md section 7).
pub const PRIOR_COUNT: u32 = 1;

/// When a gene counts as silenced (PAPER.md section 7).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Thresholds {
    /// Largest false discovery rate.
    pub fdr: f64,
    /// Smallest fall of the mean.
    pub difference: f64,
    /// Smallest |log2 fold change|.
    pub log2_fold_change: f64,
    /// Smallest mean in unperturbed cells.
    pub reference_mean: f64,
    /// Largest mean in perturbed cells.
    pub target_mean: f64,
}

impl Thresholds {
    /// The paper's.
    pub const PAPER: Self =
        Self { fdr: 0.05, difference: 1.0, log2_fold_change: 1.0, reference_mean: 2.0, target_mean: 1.0 };
}

/// A table that cannot be used.
#[derive(Debug, Error)]
pub enum PriorError {
    /// A column is missing.
    #[error(
        "the table of differential expression has no column `{column}`; it has {found}. It needs target, feature, target_mean, reference_mean, fold_change and fdr, as pdex writes them"
    )]
    Column {
        /// The missing one.
        column: &'static str,
        /// Columns there are.
        found: String,
    },
    /// A line cannot be read.
    #[error("line {line} of the table of differential expression cannot be read: {what}")]
    Line {
        /// Line, from 1.
        line: u64,
        /// What is wrong.
        what: String,
    },
}

/// Genes of a list: one per line or separated by commas, semicolons, tabs or blanks; what follows `#`
/// in a line is a remark. Each gene once, in order.
pub fn gene_list(text: &str) -> Vec<String> {
    let mut seen = BTreeSet::new();
    text.lines()
        .flat_map(|line| line.split('#').next().unwrap_or_default().split([',', ';', '\t', ' ']))
        .map(|gene| gene.trim_matches(|c: char| c.is_whitespace() || c == '"'))
        .filter(|gene| !gene.is_empty() && seen.insert(*gene))
        .map(str::to_owned)
        .collect()
}

/// The target itself and the genes that a table shows as silenced under it. Tables of several cell
/// lines are joined by calling this for each and keeping every gene (the paper's union).
///
/// The table is comma- or tab-separated, with the columns of pdex.
///
/// # Errors
/// When a column is missing or a number cannot be read.
pub fn silenced(table: &str, target: &str, thresholds: &Thresholds) -> Result<Vec<String>, PriorError> {
    let tabs = table.lines().next().is_some_and(|header| header.contains('\t'));
    let mut reader = csv::ReaderBuilder::new()
        .delimiter(if tabs { b'\t' } else { b',' })
        .trim(csv::Trim::All)
        .from_reader(table.as_bytes());
    let at_line = |error: csv::Error| PriorError::Line {
        line: error.position().map_or(0, csv::Position::line),
        what: error.to_string(),
    };
    let header = reader.headers().map_err(at_line)?.clone();
    let column = |name: &'static str| {
        let found = || header.iter().collect::<Vec<_>>().join(", ");
        header.iter().position(|own| own == name).ok_or_else(|| PriorError::Column { column: name, found: found() })
    };
    let (target_at, gene_at) = (column("target")?, column("feature")?);
    let numbers = [column("fdr")?, column("fold_change")?, column("reference_mean")?, column("target_mean")?];
    let mut genes = vec![target.to_owned()];
    for record in reader.records() {
        let record = record.map_err(at_line)?;
        if &record[target_at] != target {
            continue;
        }
        let [fdr, fold_change, reference, perturbed] = numbers.map(|at| record[at].parse::<f64>());
        let bad = |error: std::num::ParseFloatError| PriorError::Line {
            line: record.position().map_or(0, csv::Position::line),
            what: error.to_string(),
        };
        let (fdr, change) = (fdr.map_err(bad)?, fold_change.map_err(bad)?.log2());
        let (reference, perturbed) = (reference.map_err(bad)?, perturbed.map_err(bad)?);
        let falls = reference - perturbed > thresholds.difference && change < -thresholds.log2_fold_change;
        let levels = reference > thresholds.reference_mean && perturbed < thresholds.target_mean;
        let gene = &record[gene_at];
        if fdr < thresholds.fdr && falls && levels && !genes.iter().any(|known| known == gene) {
            genes.push(gene.to_owned());
        }
    }
    Ok(genes)
}

#[cfg(test)]
mod tests {
    // A test fails by panicking; that is what `unwrap` is for here.
    #![allow(clippy::unwrap_used)]
    use super::{PriorError, Thresholds, gene_list, silenced};

    const TABLE: &str = "target,feature,target_mean,reference_mean,fold_change,p_value,fdr\n\
        STAT1,IFI6,0.4,2.6,0.15,1e-9,1e-7\n\
        STAT1,MX1,0.9,2.1,0.43,1e-4,0.01\n\
        STAT1,CD14,1.2,2.6,0.46,1e-4,0.01\n\
        STAT1,RARE,0.2,1.9,0.11,1e-9,1e-7\n\
        STAT1,WEAK,0.4,2.6,0.15,0.2,0.4\n\
        STAT1,HALF,0.9,2.1,0.6,1e-9,1e-7\n\
        STAT1,RISES,2.6,0.4,6.5,1e-9,1e-7\n\
        JAK1,OTHER,0.1,3.0,0.03,1e-9,1e-7\n";

    #[test]
    fn only_what_passes_every_threshold_is_silenced() {
        let genes = silenced(TABLE, "STAT1", &Thresholds::PAPER).unwrap();
        assert_eq!(genes, ["STAT1", "IFI6", "MX1"]);
        assert_eq!(silenced(&TABLE.replace(',', "\t"), "STAT1", &Thresholds::PAPER).unwrap(), genes);
        // A target without a line is still held itself.
        assert_eq!(silenced(TABLE, "TYK2", &Thresholds::PAPER).unwrap(), ["TYK2"]);
    }

    #[test]
    fn a_table_that_cannot_be_read_says_where() {
        let missing = silenced("gene,fdr\nA,1\n", "A", &Thresholds::PAPER).unwrap_err();
        assert!(matches!(&missing, PriorError::Column { column: "target", .. }), "{missing}");
        let damaged = silenced(&TABLE.replace("0.43", "half"), "STAT1", &Thresholds::PAPER).unwrap_err();
        assert!(matches!(damaged, PriorError::Line { line: 3, .. }), "{damaged}");
        assert!(silenced("target,feature\nA,B,C\n", "A", &Thresholds::PAPER).is_err());
    }

    #[test]
    fn lists_come_in_many_forms() {
        assert_eq!(
            gene_list("STAT1, JAK1\n# remark\nIFI6\tSTAT1 # again\n\"MX1\";\n"),
            ["STAT1", "JAK1", "IFI6", "MX1"]
        );
        assert!(gene_list(" \n#\n").is_empty());
    }
}
