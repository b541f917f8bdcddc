//! Measured cells whose counts are moved by fold changes, each cell from its own counts.
//!
//! Does: thins counts that fall and adds counts where they rise.
//! Does not know: where the fold changes come from.
//! Flow: a control cell + fold changes of a model without cells (a regression) → **the same cell moved**.

use crate::random::Random;

/// Moves the counts of a cell [G] by fold changes [G]: each count of a gene that falls stays with the probability of its
/// fold change; to a gene that rises are added Poisson counts of mean (fold change − 1) · library size · share, `shares`
/// being those of cells like it [G].
pub fn moved_counts(counts: &mut [u32], shares: &[f64], folds: &[f64], seed: u64) {
    let mut random = Random::new(seed);
    let size: f64 = counts.iter().map(|count| f64::from(*count)).sum();
    for ((count, share), fold) in counts.iter_mut().zip(shares).zip(folds) {
        if *fold < 1.0 {
            *count = random.binomial(*count, fold.max(0.0));
        } else if *fold > 1.0 {
            *count += random.poisson(size * share * (fold - 1.0));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::moved_counts;

    #[test]
    fn counts_fall_and_rise_by_their_fold_changes() {
        let (shares, folds) = ([0.2, 0.3, 0.5], [0.25, 1.0, 3.0]);
        let mut sums = [0_u32; 3];
        for seed in 0..400 {
            let mut cell = [20, 30, 50];
            moved_counts(&mut cell, &shares, &folds, seed);
            sums.iter_mut().zip(cell).for_each(|(sum, count)| *sum += count);
        }
        // 5, 30 and 150 expected; standard errors of the means over 400 cells: 0.1, 0 and 0.5.
        let means = sums.map(|sum| f64::from(sum) / 400.0);
        assert!((means[0] - 5.0).abs() < 0.4 && means[1] == 30.0 && (means[2] - 150.0).abs() < 2.0, "{means:?}");
    }
}
