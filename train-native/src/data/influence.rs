//! Training cells with the counts that one or a few of them hold alone pulled in.
//!
//! Does: groups the training cells by cell type, perturbation and whatever else they are told apart by but donor and
//! library size, and limits what one cell may say of its group (`cells::influence`).
//! Does not know: networks; stores, whose shards are read one at a time.
//! Flow: training cells + condition tokens → **limited counts** → tokens. Ceilings and statistics keep the counts as measured.

use std::collections::BTreeMap;

use cells::influence::{FEWEST_CELLS, limited as limit};
use cells::{Cells, Counts};
use model::card::{Condition, Kind};

use crate::output::say;

/// Counts of training cells with condition tokens [cells × C] and sizes [cells].
pub(super) fn limited(cells: &Cells, conditions: &[Condition], tokens: &[i32], sizes: &[u64]) -> Counts {
    let mean = sizes.iter().sum::<u64>() as f64 / sizes.len().max(1) as f64;
    let factors: Vec<f64> = sizes.iter().map(|size| (*size).max(1) as f64 / mean.max(1.0)).collect();
    let (found, changed) = limit(&cells.counts, &factors, &groups(conditions, tokens));
    if changed > 0 {
        say(&format!(
            "{changed} counts of single cells that hold most of a gene in their group were pulled in to a fifth of it \
             (doublets with red or plasma cells, as a rule); ceilings keep them"
        ));
    }
    found
}

/// Number of every cell's group: cells of one type and perturbation; where those are few, together with the other few of
/// the type.
fn groups(conditions: &[Condition], tokens: &[i32]) -> Vec<usize> {
    let slots = |wide: bool| -> Vec<usize> {
        let belongs = |kind: Kind| match kind {
            Kind::Identity | Kind::Depth => false,
            Kind::CellType => true,
            Kind::Perturbation => !wide,
        };
        (0..conditions.len()).filter(|slot| belongs(conditions[*slot].kind)).collect()
    };
    let keys = |slots: &[usize]| -> Vec<Vec<i32>> {
        let of_cell = |own: &[i32]| slots.iter().map(|slot| own[*slot]).collect();
        tokens.chunks(conditions.len().max(1)).map(of_cell).collect()
    };
    let (narrow, wide) = (keys(&slots(false)), keys(&slots(true)));
    let mut many: BTreeMap<&[i32], usize> = BTreeMap::new();
    narrow.iter().for_each(|key| *many.entry(key).or_default() += 1);
    let mut numbers = BTreeMap::new();
    let number = |(narrow, wide): (&Vec<i32>, &Vec<i32>)| {
        let is_few = many[narrow.as_slice()] < FEWEST_CELLS;
        let key = (is_few, if is_few { wide.clone() } else { narrow.clone() });
        let next = numbers.len();
        *numbers.entry(key).or_insert(next)
    };
    narrow.iter().zip(&wide).map(number).collect()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::groups;
    use model::card::{Condition, Kind};

    #[test]
    fn few_cells_of_a_type_and_perturbation_stand_together() {
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
        // Twenty cells of type 1 at rest, four perturbed, three of type 2; donors do not matter.
        let tokens: Vec<i32> =
            (0..27).flat_map(|cell| [cell % 3, if cell < 24 { 1 } else { 2 }, if cell < 20 { 7 } else { 8 }]).collect();
        let found = groups(&conditions, &tokens);
        let alike = |range: std::ops::Range<usize>| found[range].windows(2).all(|pair| pair[0] == pair[1]);
        assert!(alike(0..20) && alike(20..24) && alike(24..27));
        assert!(found[0] != found[20] && found[20] != found[24]);
    }
}
