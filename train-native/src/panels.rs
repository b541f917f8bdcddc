//! Cells brought to the genes of something else.
//!
//! Does: aligns cells to a panel, refuses those that share no gene with it, and says when they share few.
//! Does not know: what the cells are for.
//! Flow: cells + panel → **aligned cells, or a sentence** → `evaluate`, `combinations`, `split`.
//!
//! Aligning gives genes that the cells lack a count of 0. Where they lack all, every cell is empty and every score of them
//! is a number without meaning: nearly always symbols stand on one side and Ensembl identifiers on the other.

use std::collections::HashSet;

use anyhow::{Result, ensure};
use cells::{Cells, Column};
use model::card::Card;

use crate::output::say;

/// Share of a panel below which it is said that cells lack much of it.
const MUCH: f64 = 0.5;

/// Cells on the genes of `panel`; `what` names them and `whose` the panel in sentences.
///
/// # Errors
/// When they have not one of its genes.
pub fn aligned(cells: &Cells, panel: &[String], what: &str, whose: &str) -> Result<Cells> {
    let known: HashSet<&String> = cells.genes.iter().collect();
    let shared = panel.iter().filter(|gene| known.contains(gene)).count();
    ensure!(shared > 0, "{}", without(what, &cells.genes, whose, panel));
    if (shared as f64) < MUCH * panel.len() as f64 {
        say(&format!("{what} have {shared} of the {} genes of {whose}; the others count as not seen", panel.len()));
    }
    Ok(cells.with_panel(panel))
}

/// Measured cells with the UMIs of whole cells that a bundle's card scales by, where it does.
///
/// # Errors
/// When the card names a label for it that the cells lack, or that holds no whole numbers.
pub fn sized(mut cells: Cells, card: &Card) -> Result<Cells> {
    let Some(key) = card.conditions.iter().find_map(|condition| condition.sizes.as_ref()) else { return Ok(cells) };
    let Column::Integer(sizes) = cells.label(key)? else {
        anyhow::bail!("the label `{key}`, UMIs of whole cells that this bundle scales by, must hold whole numbers");
    };
    let totals = sizes.iter().map(|size| u64::try_from(*size).unwrap_or(0)).collect();
    cells.counts = cells.counts.with_totals(totals);
    Ok(cells)
}

/// That two lists of genes have none in common, with the first of each.
pub fn without(what: &str, genes: &[String], whose: &str, panel: &[String]) -> String {
    let first = |list: &[String]| list.first().map_or("nothing", String::as_str).to_owned();
    format!(
        "{what} share no gene with {whose} ({} and so on against {} and so on); are the names of one of them Ensembl identifiers?",
        first(genes),
        first(panel)
    )
}

#[cfg(test)]
mod tests {
    // A test fails by panicking; that is what `unwrap` is for here.
    #![allow(clippy::unwrap_used)]
    use super::aligned;
    use cells::{Cells, Counts};
    use std::collections::BTreeMap;

    #[test]
    fn cells_without_a_gene_of_the_panel_are_refused() {
        let names = |list: &[&str]| list.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
        let counts = Counts::new(2, vec![0, 2], vec![0, 1], vec![5, 7]).unwrap();
        let cells = Cells::new(counts, names(&["CD14", "LYZ"]), names(&["cell"]), BTreeMap::new()).unwrap();
        let found = aligned(&cells, &names(&["LYZ", "MS4A1"]), "the cells", "the bundle").unwrap();
        assert_eq!(found.counts.row(0), (&[0_u32][..], &[7_u32][..]));
        let refused = aligned(&cells, &names(&["ENSG00000170458"]), "the cells", "the bundle").unwrap_err().to_string();
        assert!(refused.contains("no gene") && refused.contains("CD14") && refused.contains("ENSG"), "{refused}");
    }
}
