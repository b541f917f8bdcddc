//! Training cells with the counts that one or a few of them hold alone pulled in.
//!
//! Does: groups the training cells by cell type and perturbation, and by cell type alone, whatever their donor and library
//! size, and limits what one cell may say of its group (`cells::influence`).
//! Does not know: networks; stores of more cells than are held in memory at once, whose groups nobody sees whole.
//! Flow: training cells + condition tokens → **limited counts** → tokens. Ceilings and statistics keep the counts as measured.

use std::collections::BTreeMap;

use cells::influence::limited as limit;
use cells::{Cells, Counts};
use model::card::{Condition, Kind};
use model::quantise::quantise;

use crate::output::say;

/// Counts of training cells with condition tokens [cells × C] and sizes [cells].
pub(super) fn limited(cells: &Cells, conditions: &[Condition], tokens: &[i32], sizes: &[u64]) -> Counts {
    let mean = sizes.iter().sum::<u64>() as f64 / sizes.len().max(1) as f64;
    let factors: Vec<f64> = sizes.iter().map(|size| (*size).max(1) as f64 / mean.max(1.0)).collect();
    let [narrow, wide] = groups(conditions, tokens);
    let (found, changed) = limit(&cells.counts, &factors, &narrow, &wide);
    if changed > 0 {
        say(&format!(
            "{changed} counts of single cells that hold most of a gene in their group were pulled in to a fifth of it \
             (doublets with red or plasma cells, as a rule); ceilings keep them"
        ));
    }
    found
}

/// The same as the tokens that differ from those of the counts as measured: by place of the cell, gene and token.
pub(super) fn limits(
    cells: &Cells,
    conditions: &[Condition],
    tokens: &[i32],
    sizes: &[u64],
) -> BTreeMap<usize, Vec<(u32, u16)>> {
    let limited = limited(cells, conditions, tokens, sizes);
    let of_cell = |cell: usize| -> Vec<(u32, u16)> {
        let ((genes, before), (_, after)) = (cells.counts.row(cell), limited.row(cell));
        let pairs = genes.iter().zip(before.iter().zip(after));
        pairs.filter(|(_, (before, after))| before != after).map(|(gene, (_, own))| (*gene, quantise(*own))).collect()
    };
    (0..cells.len()).map(|cell| (cell, of_cell(cell))).filter(|(_, own)| !own.is_empty()).collect()
}

/// Numbers of every cell's group, cells of one type under one perturbation, and of the wider one, its type.
fn groups(conditions: &[Condition], tokens: &[i32]) -> [Vec<usize>; 2] {
    let belongs = |kind: Kind, wide: bool| match kind {
        Kind::Identity | Kind::Depth => false,
        Kind::CellType => true,
        Kind::Perturbation => !wide,
    };
    [false, true].map(|wide| {
        let slots: Vec<usize> = (0..conditions.len()).filter(|slot| belongs(conditions[*slot].kind, wide)).collect();
        let mut numbers: BTreeMap<Vec<i32>, usize> = BTreeMap::new();
        let number = |own: &[i32]| {
            let next = numbers.len();
            *numbers.entry(slots.iter().map(|slot| own[*slot]).collect()).or_insert(next)
        };
        tokens.chunks(conditions.len().max(1)).map(number).collect()
    })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::groups;
    use model::card::{Condition, Kind};

    #[test]
    fn groups_are_types_under_perturbations_in_their_type() {
        let condition = |kind| Condition {
            key: String::new(),
            title: String::new(),
            kind,
            control: None,
            values: Vec::new(),
            unspecified: None,
            frequencies: BTreeMap::new(),
            sizes: None,
        };
        let conditions = [condition(Kind::Identity), condition(Kind::CellType), condition(Kind::Perturbation)];
        // Two types at rest and perturbed; donors do not matter.
        let tokens: Vec<i32> = (0..8).flat_map(|cell| [cell % 3, cell / 4, 7 + cell % 2]).collect();
        let [narrow, wide] = groups(&conditions, &tokens);
        assert_eq!(narrow, [0, 1, 0, 1, 2, 3, 2, 3]);
        assert_eq!(wide, [0, 0, 0, 0, 1, 1, 1, 1]);
    }
}
