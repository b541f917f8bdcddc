//! What `sample` generates: one set of choices, or one for each line of a table.
//!
//! Does: reads held genes, prior lists and tables, and the table of perturbations and cell numbers;
//! generates and writes one h5ad file.
//! Does not know: the command line, how cells are written.
//! Flow: words and files → **choices** → cells → h5ad.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail, ensure};
use cells::prior::{PRIOR_COUNT, Thresholds, gene_list, silenced};
use model::bundle::Bundle;
use model::card::{Choices, Kind};
use model::sample::Effort;

use crate::files::write_atomic;
use crate::generate::{generate, provenance};
use crate::output::say;
use crate::progress;

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

/// One set of choices for each line of a table, or the one given. Line n (from 0) of a table has the
/// seed plus n, so that lines differ and each can be repeated on its own.
///
/// # Errors
/// When the table cannot be read, or a choice is unknown.
pub fn wanted(bundle: &Bundle, choices: &Choices, table: Option<&Path>) -> Result<Vec<Choices>> {
    let all = match table {
        None => vec![choices.clone()],
        Some(path) => {
            let text = std::fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
            let key = bundle.card.of_kind(Kind::Perturbation).context("this model has no perturbations")?.key.clone();
            let lines = lines(&text).with_context(|| format!("{} cannot be used", path.display()))?;
            let line = |(place, (value, cells)): (usize, (String, usize))| {
                let mut own = choices.clone();
                own.with.insert(key.clone(), value.split('+').map(str::to_owned).collect());
                (own.cells, own.seed) = (cells, choices.seed + place as u64);
                own
            };
            lines.into_iter().enumerate().map(line).collect()
        }
    };
    for choices in &all {
        bundle.request(choices)?;
    }
    Ok(all)
}

/// Perturbation and number of cells of each line.
fn lines(text: &str) -> Result<Vec<(String, usize)>> {
    let mut found = Vec::new();
    for (place, line) in text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()) {
        let Some((name, cells)) = line.split_once('\t') else {
            bail!("line {} is not perturbation<TAB>num_cells: {line:?}", place + 1);
        };
        match cells.trim().parse() {
            Ok(cells) => found.push((name.trim().to_owned(), cells)),
            // A header.
            Err(_) if found.is_empty() && place == 0 => {}
            Err(_) => bail!("line {}: {cells:?} is not a number of cells", place + 1),
        }
    }
    ensure!(!found.is_empty(), "it names no perturbation");
    Ok(found)
}

/// What would be generated, one line each.
pub fn describe(wanted: &[Choices]) -> String {
    let mut text = String::from("cells\tseed\tguidance\tsteps\theld\twith\n");
    for own in wanted {
        let with: Vec<String> = own.with.iter().map(|(key, values)| format!("{key}={}", values.join("+"))).collect();
        let numbers = format!("{}\t{}\t{}\t{}\t{}", own.cells, own.seed, own.guidance, own.steps, own.clamp.len());
        text.push_str(&format!("{numbers}\t{}\n", with.join("; ")));
    }
    text
}

/// Generates all of it into one file.
///
/// # Errors
/// When the device fails or the file cannot be written.
pub fn write(bundle: &Bundle, wanted: &[Choices], effort: Effort, device: &str, out: &Path) -> Result<()> {
    let mut all: Option<cells::Cells> = None;
    let cells = wanted.iter().map(|own| own.cells as u64).sum();
    let shown = progress::counted("generating cells", cells, "cells");
    for choices in wanted {
        let made = generate(bundle, choices, effort, &shown.part())?;
        all = Some(match all {
            None => made,
            Some(before) => before.joined(&made)?,
        });
    }
    drop(shown);
    let (Some(all), Some(first)) = (all, wanted.first()) else { bail!("nothing was asked for") };
    let mut notes = provenance(bundle, first, device);
    if wanted.len() > 1 {
        notes.insert("wellplate_table".to_owned(), describe(wanted));
    }
    write_atomic(out, &cells::h5ad::write_h5ad(&all, &notes)?)?;
    say(&format!("{} cells in {}", all.len(), out.display()));
    Ok(())
}

#[cfg(test)]
mod tests {
    // A test fails by panicking; that is what `unwrap` is for here.
    #![allow(clippy::unwrap_used)]
    use super::{clamps, lines};

    #[test]
    fn a_table_has_a_header_or_not() {
        let expected = vec![("IFNB1".to_owned(), 20), ("PBS".to_owned(), 5)];
        assert_eq!(lines("perturbation\tnum_cells\nIFNB1\t20\n\nPBS\t5\n").unwrap(), expected);
        assert_eq!(lines("IFNB1\t20\nPBS\t5").unwrap(), expected);
        let refused = |text: &str| lines(text).unwrap_err().to_string();
        assert!(refused("IFNB1 20").contains("line 1"));
        assert!(refused("IFNB1\t20\nPBS\tmany").contains("line 2"));
        assert!(refused("perturbation\tnum_cells\n").contains("no perturbation"));
    }

    #[test]
    fn held_genes_need_whole_numbers() {
        let pair = |count: &str| [("CD14".to_owned(), count.to_owned())];
        assert_eq!(clamps(&pair("3")).unwrap(), [("CD14".to_owned(), 3)]);
        assert!(clamps(&pair("-1")).unwrap_err().to_string().contains("CD14=-1"));
    }
}
