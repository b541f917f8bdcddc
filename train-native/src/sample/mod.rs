//! What `sample` generates: one set of choices, or one for each line of a table.
//!
//! Does: reads held genes, prior lists and tables; checks every choice before anything is made.
//! Does not know: the command line, how cells are made (`parts`).
//! Flow: words and files → **choices** → cells → h5ad.

mod describe;
pub(crate) mod grid;
mod parts;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use cells::prior::{PRIOR_COUNT, Thresholds, gene_list, silenced};
use model::bundle::Bundle;
use model::card::Choices;

use crate::output::say;

pub use describe::describe;
pub use parts::{Output, write};

/// GENE=COUNT pairs as numbers.
///
/// # Errors
/// When a count is not a whole number.
pub fn clamps(pairs: &[(String, String)]) -> Result<Vec<(String, u32)>> {
    let one = |(gene, count): &(String, String)| {
        let count = count.parse().with_context(|| format!("{gene}={count} is not GENE=COUNT with a whole number"))?;
        Ok((gene.clone(), count))
    };
    pairs.iter().map(one).collect()
}

/// What is known of a perturbation from elsewhere (PAPER.md section 7).
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Prior {
    /// A list of genes.
    pub genes: Option<PathBuf>,
    /// Tables of differential expression, one per cell line.
    pub tables: Vec<PathBuf>,
    /// Target whose lines count.
    pub target: Option<String>,
}

impl Prior {
    /// Genes of the panel to hold, each at [`PRIOR_COUNT`]. Genes that the model does not have are named
    /// on standard error and left out: lists are made on other panels.
    ///
    /// # Errors
    /// When a file cannot be read.
    pub fn held(&self, bundle: &Bundle) -> Result<Vec<(String, u32)>> {
        let read =
            |path: &Path| std::fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()));
        let mut genes = BTreeSet::new();
        if let Some(path) = &self.genes {
            genes.extend(gene_list(&read(path)?));
        }
        for path in &self.tables {
            let target = self.target.as_deref().context("--prior-table needs --prior-target")?;
            let found = silenced(&read(path)?, target, &Thresholds::PAPER);
            genes.extend(found.with_context(|| format!("{} cannot be used", path.display()))?);
        }
        let known: BTreeSet<&String> = bundle.card.genes.iter().collect();
        let (held, other): (Vec<String>, Vec<String>) = genes.into_iter().partition(|gene| known.contains(gene));
        if !other.is_empty() {
            say(&format!("{} of the prior's genes are not in the panel: {}", other.len(), other.join(", ")));
        }
        if !held.is_empty() {
            say(&format!("{} genes are held at {PRIOR_COUNT}", held.len()));
        }
        Ok(held.into_iter().map(|gene| (gene, PRIOR_COUNT)).collect())
    }
}

/// Where numbers of cells come from besides the choices themselves.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Tables {
    /// A grid of conditions and numbers of cells.
    pub grid: Option<PathBuf>,
    /// Perturbations and numbers of cells.
    pub perturbations: Option<PathBuf>,
}

/// One set of choices for each line of a table, or the one given.
///
/// # Errors
/// When the table cannot be read, or a choice is unknown: nothing is made before all of it can be.
pub fn wanted(bundle: &Bundle, choices: &Choices, tables: &Tables) -> Result<Vec<Choices>> {
    let all = match (&tables.grid, &tables.perturbations) {
        (Some(path), _) => grid::grid(&bundle.card, choices, path)?,
        (None, Some(path)) => grid::perturbations(&bundle.card, choices, path)?,
        (None, None) => vec![choices.clone()],
    };
    for (place, choices) in all.iter().enumerate() {
        bundle.request(choices).with_context(|| format!("line {} of what is wanted", place + 1))?;
    }
    Ok(all)
}

#[cfg(test)]
mod tests {
    // A test fails by panicking; that is what `unwrap` is for here.
    #![allow(clippy::unwrap_used)]
    use super::clamps;

    #[test]
    fn held_genes_need_whole_numbers() {
        let pair = |count: &str| [("CD14".to_owned(), count.to_owned())];
        assert_eq!(clamps(&pair("3")).unwrap(), [("CD14".to_owned(), 3)]);
        assert!(clamps(&pair("-1")).unwrap_err().to_string().contains("CD14=-1"));
    }
}
