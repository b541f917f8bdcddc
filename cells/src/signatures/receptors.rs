//! Which cell types can answer a cytokine.
//!
//! Does: counts in how many control cells of every type each receptor gene is seen, and says which types have a whole
//! receptor.
//! Does not know: protein at the surface; counts are sparse, and a gene that is seen in few cells may be in all.
//! Flow: control cells → **detection** + rule → cell types that respond.
//!
//! The rule: a receptor is as well seen as the least seen of its measured chains; a cytokine has the best of its
//! receptors; a type responds from a share of cells on. The share is shrunk towards all types by a few cells, so that
//! nine cells without a count do not say that a gene is off. A chain that no file measured is passed over, and a
//! cytokine none of whose chains was measured gets no cells. Interferon lambda and such receptors, whose genes a panel
//! left out because next to no cell had them, need reference cells that measured them.

use std::collections::BTreeMap;

use super::tables::Cytokine;
use crate::cells::{Cells, CellsError};

/// When a receptor counts as there.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ReceptorRule {
    /// Smallest share of a type's cells with a count in every chain.
    pub share: f64,
    /// Cells of the share over all types that are added to every type.
    pub added_cells: f64,
}

impl Default for ReceptorRule {
    /// 0.6 % and 20 cells: on control PBMCs with a reference of some 10,000 cells this finds IL-12's receptor in NK
    /// cells, IL-1's in monocytes, IL-18's in NK and CD8 T cells, and no VEGF or IL-22 receptor.
    fn default() -> Self {
        Self { share: 0.006, added_cells: 20.0 }
    }
}

/// In how many control cells of every type a gene was seen.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Detection {
    /// By gene, then by type: cells with a count, and cells in which it was measured.
    seen: BTreeMap<String, BTreeMap<String, (u64, u64)>>,
}

impl Detection {
    /// Adds the cells at `places` of a data set for every gene of `genes` that it has; `kind` is the column of types.
    ///
    /// # Errors
    /// When the column is missing.
    pub fn add<'a>(
        &mut self,
        cells: &Cells,
        places: &[usize],
        kind: &str,
        genes: impl Iterator<Item = &'a String>,
    ) -> Result<(), CellsError> {
        let kinds = cells.label(kind)?;
        let wanted: std::collections::BTreeSet<&String> = genes.collect();
        let at: BTreeMap<u32, &String> =
            (0_u32..).zip(&cells.genes).filter(|(_, gene)| wanted.contains(gene)).collect();
        for place in places {
            let Some(kind) = kinds.text(*place) else { continue };
            for gene in at.values() {
                let by_kind = self.seen.entry((*gene).clone()).or_default();
                by_kind.entry(kind.clone().into_owned()).or_default().1 += 1;
            }
            for gene in cells.counts.row(*place).0.iter().filter_map(|gene| at.get(gene)) {
                if let Some(own) = self.seen.get_mut(*gene).and_then(|own| own.get_mut(kind.as_ref())) {
                    own.0 += 1;
                }
            }
        }
        Ok(())
    }

    /// Shrunk share of a type's cells that show a gene; `None` when it was not measured.
    pub fn share(&self, gene: &str, kind: &str, rule: &ReceptorRule) -> Option<f64> {
        let by_kind = self.seen.get(gene)?;
        let sum = by_kind.values().fold((0, 0), |sum, own| (sum.0 + own.0, sum.1 + own.1));
        let (seen, cells) = by_kind.get(kind).copied().unwrap_or_default();
        let over_all = sum.0 as f64 / (sum.1 as f64).max(1.0);
        Some((seen as f64 + rule.added_cells * over_all) / (cells as f64 + rule.added_cells).max(1.0))
    }

    /// Share of a type's cells that show the least seen chain of a cytokine's best seen receptor; `None` when no chain
    /// of any receptor was measured.
    pub fn receptor(&self, cytokine: &Cytokine, kind: &str, rule: &ReceptorRule) -> Option<f64> {
        let weakest =
            |chains: &Vec<String>| chains.iter().filter_map(|gene| self.share(gene, kind, rule)).min_by(f64::total_cmp);
        cytokine.receptors.iter().filter_map(weakest).max_by(f64::total_cmp)
    }
}
