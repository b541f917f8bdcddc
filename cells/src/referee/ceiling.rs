//! What measured cells score against measured cells of the same kind: the most that a prediction can be asked for.
//!
//! Does: two disjoint halves of every group, or two resamples with replacement; the correction of Spearman and Brown
//! that takes a half's score to that of all cells, for the metrics where cell-eval applies it.
//! Does not know: predictions.
//! Flow: measured side → **two sides** → `referee` → corrected means.

use std::collections::BTreeMap;

use rand_chacha::ChaCha8Rng;
use rand_core::{RngCore, SeedableRng};

use super::{Side, Values};
use crate::baselines::split_halves;
use crate::normalise::Normalised;

/// How a ceiling is measured.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Ceiling {
    /// One half of every group's cells against the other (cell-eval 0.8).
    #[default]
    Halves,
    /// Two resamples of every group, as many cells as it has. They share cells, so they agree better than new cells
    /// would, and repeated cells make tests find more than there is.
    Bootstrap,
}

/// Metrics that a half's score can be corrected for: those of cell-eval 0.8's `SB_METRICS`.
const CORRECTED: [&str; 20] = [
    "pearson_delta",
    "discrimination_score_l1",
    "discrimination_score_l2",
    "discrimination_score_cosine",
    "overlap_at_N",
    "overlap_at_50",
    "overlap_at_100",
    "overlap_at_200",
    "overlap_at_500",
    "precision_at_N",
    "precision_at_50",
    "precision_at_100",
    "precision_at_200",
    "precision_at_500",
    "de_spearman_sig",
    "de_spearman_lfc_sig",
    "de_direction_match",
    "de_sig_genes_recall",
    "pr_auc",
    "roc_auc",
];

/// Two sides of measured cells; groups of fewer than two cells are left out of both.
pub fn sides(real: &Side, ceiling: Ceiling, seed: u64) -> Option<[Side; 2]> {
    let mut generator = ChaCha8Rng::seed_from_u64(seed);
    let mut cut = |cells: &Normalised| {
        let n = cells.cells();
        let lists = match ceiling {
            Ceiling::Halves => {
                let (mut first, second) = split_halves(&(0..n).collect::<Vec<_>>(), seed);
                // Both of the same depth: of an odd number one cell is left over.
                first.truncate(second.len());
                [first, second]
            }
            Ceiling::Bootstrap => [(); 2].map(|()| {
                // Multiply-shift: a bias below n / 2³² of a share.
                (0..n).map(|_| ((u64::from(generator.next_u32()) * n as u64) >> 32) as usize).collect()
            }),
        };
        (n >= 2).then(|| lists.map(|list: Vec<usize>| cells.select(&list)))
    };
    let control = cut(&real.control)?;
    let groups: Vec<(&String, [Normalised; 2])> =
        real.perturbed.iter().filter_map(|(name, cells)| Some((name, cut(cells)?))).collect();
    let mut sides = control.map(|control| Side { control, perturbed: BTreeMap::new() });
    for (name, cells) in groups {
        for (side, cells) in sides.iter_mut().zip(cells) {
            side.perturbed.insert(name.clone(), cells);
        }
    }
    (!sides[0].perturbed.is_empty()).then_some(sides)
}

/// 2 r / (1 + r) of the metrics that allow it, where halves agree at all.
pub fn spearman_brown(halves: &Values) -> Values {
    let corrected = |name: &&'static str| {
        let r = *halves.get(name)?;
        (r > 0.0).then(|| (*name, 2.0 * r / (1.0 + r)))
    };
    CORRECTED.iter().filter_map(corrected).collect()
}

#[cfg(test)]
mod tests {
    // A test fails by panicking; that is what `unwrap` is for here.
    #![allow(clippy::unwrap_used)]
    use super::{Ceiling, sides, spearman_brown};
    use crate::counts::Counts;
    use crate::normalise::{Normalised, Target, log_normalise};
    use crate::referee::{Side, Values};

    /// Cells that each have a gene of their own.
    fn cells(n: usize) -> Normalised {
        let rows: Vec<Vec<u32>> = (0..n).map(|cell| (0..12).map(|gene| u32::from(gene == cell)).collect()).collect();
        log_normalise(&Counts::from_dense_rows(12, rows.iter().map(Vec::as_slice)), Target::Sum(10.0))
    }

    #[test]
    fn halves_share_no_cell_and_are_as_deep() {
        let groups = [("A".to_owned(), cells(7)), ("lone".to_owned(), cells(1))];
        let real = Side { control: cells(10), perturbed: groups.into_iter().collect() };
        let [first, second] = sides(&real, Ceiling::Halves, 3).unwrap();
        assert_eq!([first.control.cells(), second.control.cells()], [5, 5]);
        assert_eq!([first.perturbed["A"].cells(), second.perturbed["A"].cells()], [3, 3]);
        assert!(!first.perturbed.contains_key("lone"));
        let genes = |side: &Normalised| (0..side.cells()).map(|cell| side.row(cell).0[0]).collect::<Vec<_>>();
        let (own, other) = (genes(&first.control), genes(&second.control));
        assert!(own.iter().all(|gene| !other.contains(gene)));
        let [first, second] = sides(&real, Ceiling::Bootstrap, 3).unwrap();
        assert_eq!([first.control.cells(), second.control.cells()], [10, 10]);
        assert_ne!(first.control, second.control);
        let lone = Side { control: cells(1), ..real };
        assert!(sides(&lone, Ceiling::Halves, 3).is_none());
    }

    #[test]
    fn corrections_by_hand() {
        let halves = Values::from([("pearson_delta", 0.5), ("mae", 0.1), ("roc_auc", 1.0), ("de_spearman_sig", -0.9)]);
        let corrected = spearman_brown(&halves);
        assert_eq!(corrected, Values::from([("pearson_delta", 2.0 / 3.0), ("roc_auc", 1.0)]));
    }
}
