//! Counts drawn gene by gene from negative binomials, their means moved by fold changes.
//!
//! Does: fits share and dispersion of every gene to control cells, moves shares, draws counts.
//! Does not know: that genes vary together: each is drawn by itself, so what is true of single genes only is all that
//! these cells can get right.
//! Flow: control counts + log fold changes of training contexts → **counts** → log-normalised as measured ones are.

use super::means::mean_effect;
use super::task::{BaselineError, Response, Task, totals};
use crate::counts::Counts;
use crate::random::Random;

/// Distribution of every gene's counts in a cell of n UMIs: mean μ = n · share, variance μ + dispersion · μ².
#[derive(Clone, Debug, PartialEq)]
pub struct NegativeBinomial {
    /// Share of all UMIs [G]; they add up to 1, or are all 0.
    pub shares: Vec<f64>,
    /// Dispersion [G]; 0 is the Poisson.
    pub dispersions: Vec<f64>,
}

/// Shares that add up to less are those of genes that are a part of what was counted.
const WHOLE: f64 = 0.999;

impl NegativeBinomial {
    /// Fits by moments, with library sizes n as offsets: share = Σ x / Σ n, and the dispersion at which the squared
    /// deviations from μ = n · share have their expectation, (Σ (x − μ)² · m / (m − 1) − Σ μ) / Σ μ² over m cells.
    /// Counts that vary less than a Poisson's, and fewer than two cells, have dispersion 0.
    pub fn fit(cells: &Counts) -> Self {
        let sizes: Vec<f64> = cells.totals().iter().map(|size| *size as f64).collect();
        let totals = totals(cells);
        let (all, squared): (f64, f64) = (sizes.iter().sum(), sizes.iter().map(|size| size * size).sum());
        // Σ x² and Σ x n: cells without the gene add nothing to either.
        let mut sums = vec![(0.0, 0.0); cells.genes()];
        for (cell, size) in sizes.iter().enumerate() {
            let (genes, counts) = cells.row(cell);
            for (gene, count) in genes.iter().zip(counts) {
                let (count, sum) = (f64::from(*count), &mut sums[*gene as usize]);
                sum.0 += count * count;
                sum.1 += count * size;
            }
        }
        let shares: Vec<f64> = totals.iter().map(|total| *total as f64 / all.max(1.0)).collect();
        let m = cells.cells() as f64;
        let dispersion = |(share, (squares, products)): (&f64, &(f64, f64))| {
            let deviations = squares - 2.0 * share * products + share * share * squared;
            let excess = deviations * m / (m - 1.0) - share * all;
            if m > 1.0 && *share > 0.0 { (excess / (share * share * squared)).max(0.0) } else { 0.0 }
        };
        let dispersions = shares.iter().zip(&sums).map(dispersion).collect();
        Self { shares, dispersions }
    }

    /// Shares times exp(log fold change), scaled to add up to 1 again unless they are shares of whole cells, of which the
    /// genes are a part; dispersions stay. A gene absent in the control stays absent.
    #[must_use]
    pub fn moved(&self, log_fold_changes: &[f64]) -> Self {
        let moved: Vec<f64> = self.shares.iter().zip(log_fold_changes).map(|(share, log)| share * log.exp()).collect();
        let is_part = self.shares.iter().sum::<f64>() < WHOLE;
        let total: f64 = if is_part { 1.0 } else { moved.iter().sum() };
        let shares = moved.into_iter().map(|share| if total > 0.0 { share / total } else { 0.0 }).collect();
        Self { shares, dispersions: self.dispersions.clone() }
    }

    /// Draws `count` cells, each at a library size drawn from `sizes` with replacement; no cells when there are no
    /// sizes.
    pub fn draw(&self, sizes: &[u64], count: usize, seed: u64) -> Counts {
        self.drawn(sizes, count, seed).0
    }

    /// [`Self::draw`] at library sizes of other cells; of whole cells where those know them, and then so do these.
    pub fn draw_like(&self, cells: &Counts, count: usize, seed: u64) -> Counts {
        let (drawn, totals) = self.drawn(&cells.totals(), count, seed);
        if cells.has_totals() { drawn.with_totals(totals) } else { drawn }
    }

    /// Drawn cells and the library sizes that they were drawn at.
    fn drawn(&self, sizes: &[u64], count: usize, seed: u64) -> (Counts, Vec<u64>) {
        let mut random = Random::new(seed);
        let mut drawn = Counts::empty(self.shares.len());
        let mut totals = Vec::with_capacity(count);
        if sizes.is_empty() {
            return (drawn, totals);
        }
        for _ in 0..count {
            let total = sizes[random.below(sizes.len())];
            totals.push(total);
            let size = total as f64;
            let genes = self.shares.iter().zip(&self.dispersions).enumerate().filter(|(_, (share, _))| **share > 0.0);
            let row = genes
                .map(|(gene, (share, dispersion))| (gene as u32, random.negative_binomial(size * share, *dispersion)));
            drawn.push_row(row);
        }
        (drawn, totals)
    }
}

/// Negative binomial cells: control cells' shares and dispersions, shares times the exponent of the mean log fold
/// change over the training contexts (so a geometric mean), library sizes drawn from the control cells. Training
/// responses are those of [`super::Context::fold_changes`].
///
/// # Errors
/// When the question cannot be asked or no training context has the perturbation.
pub fn negative_binomial(task: &Task<Counts>) -> Result<Counts, BaselineError> {
    task.check(task.control.cells(), task.control.genes())?;
    let folds = mean_effect(&task.training, task.perturbation).ok_or_else(|| task.unseen())?;
    let fitted = NegativeBinomial::fit(task.control).moved(&folds);
    Ok(fitted.draw_like(task.control, task.count, task.seed))
}

/// Share of the pooled effect in [`shrunken_mean`].
const POOLED: f64 = 0.75;

/// Negative binomial cells as of [`negative_binomial`], but for the fold changes: a quarter of those of the same cell
/// type and three quarters of those over all contexts. Few cells of a type say little of how it differs from the others.
///
/// # Errors
/// When the question cannot be asked or no training context has the perturbation.
pub fn shrunken_mean(task: &Task<Counts>) -> Result<Counts, BaselineError> {
    task.check(task.control.cells(), task.control.genes())?;
    let pooled = mean_effect(&task.training, task.perturbation).ok_or_else(|| task.unseen())?;
    let own: Vec<&Response> = task.training.iter().copied().filter(|own| own.cell_type == task.cell_type).collect();
    let own = mean_effect(&own, task.perturbation).unwrap_or_else(|| pooled.clone());
    let folds: Vec<f64> = own.iter().zip(&pooled).map(|(own, all)| (1.0 - POOLED) * own + POOLED * all).collect();
    let fitted = NegativeBinomial::fit(task.control).moved(&folds);
    Ok(fitted.draw_like(task.control, task.count, task.seed))
}

#[cfg(test)]
mod tests {
    // A test fails by panicking; that is what `unwrap` is for here.
    #![allow(clippy::unwrap_used)]
    use super::{NegativeBinomial, negative_binomial, shrunken_mean};
    use crate::baselines::task::{BaselineError, Context, Response, Task};
    use crate::counts::Counts;
    use std::collections::BTreeMap;

    fn counts(rows: &[[u32; 3]]) -> Counts {
        Counts::from_dense_rows(3, rows.iter().map(|row| row.as_slice()))
    }

    #[test]
    fn moments_by_hand() {
        // Library sizes 10 and 20; shares 12/30, 18/30, 0. Gene 0 is expected at 4 and 8 and found at 8 and 4:
        // deviations 32, doubled for two cells 64, less Σ μ = 12 over Σ μ² = 80. Gene 1 is expected at 6 and 12 and
        // found at 2 and 16: (64 − 18) / 180.
        let fitted = NegativeBinomial::fit(&counts(&[[8, 2, 0], [4, 16, 0]]));
        assert_eq!(fitted.shares, [0.4, 0.6, 0.0]);
        let expected = [52.0 / 80.0, 46.0 / 180.0, 0.0];
        assert!(
            fitted.dispersions.iter().zip(expected).all(|(own, wanted)| (own - wanted).abs() < 1e-12),
            "{fitted:?}"
        );
        // Exactly as expected is less than a Poisson varies; one cell says nothing; no cells have no shares.
        assert_eq!(NegativeBinomial::fit(&counts(&[[4, 6, 0], [8, 12, 0]])).dispersions, [0.0; 3]);
        assert_eq!(NegativeBinomial::fit(&counts(&[[4, 6, 0]])).dispersions, [0.0; 3]);
        assert_eq!(NegativeBinomial::fit(&counts(&[])).shares, [0.0; 3]);
        let moved = fitted.moved(&[0.0, 2.0_f64.ln(), 5.0]);
        assert!((moved.shares[0] - 0.25).abs() < 1e-12 && (moved.shares[1] - 0.75).abs() < 1e-12);
        assert_eq!(moved.shares[2], 0.0);
    }

    /// Mean and variance of a gene's counts, and the standard error of that variance.
    fn moments(cells: &Counts, gene: usize) -> (f64, f64, f64) {
        let mut row = vec![0; cells.genes()];
        let values: Vec<f64> = (0..cells.cells())
            .map(|cell| {
                cells.dense_row(cell, &mut row);
                f64::from(row[gene])
            })
            .collect();
        let n = values.len() as f64;
        let mean = values.iter().sum::<f64>() / n;
        let central = |power: i32| values.iter().map(|value| (value - mean).powi(power)).sum::<f64>() / n;
        (mean, central(2), ((central(4) - central(2).powi(2)) / n).sqrt())
    }

    /// Shares that add up to 1 and dispersions on both sides of 1 (shapes 5, 2, 0.5, and the Poisson's).
    fn truth() -> NegativeBinomial {
        NegativeBinomial { shares: vec![0.5, 0.3, 0.15, 0.05], dispersions: vec![0.2, 0.5, 2.0, 0.0] }
    }

    const SIZES: [u64; 3] = [10, 20, 40];

    #[test]
    fn drawn_counts_have_mean_and_variance() {
        let (truth, cells) = (truth(), 20_000);
        let drawn = truth.draw(&SIZES, cells, 3);
        let (mean_size, square_size) = (70.0 / 3.0, 2100.0 / 3.0);
        for (gene, (share, dispersion)) in truth.shares.iter().zip(&truth.dispersions).enumerate() {
            let (mean, variance, error) = moments(&drawn, gene);
            let (wanted, squares) = (mean_size * share, square_size * share * share);
            // Within a cell μ + φ μ², between cells the variance of μ.
            let spread = wanted + dispersion * squares + squares - wanted * wanted;
            // Five standard errors.
            assert!((mean - wanted).abs() < 5.0 * (spread / cells as f64).sqrt(), "gene {gene}: mean {mean}, {wanted}");
            assert!((variance - spread).abs() < 5.0 * error, "gene {gene}: variance {variance}, {spread}");
            assert!(error < 0.05 * spread, "gene {gene}: too few cells for a sharp test");
        }
        assert_eq!(truth.draw(&SIZES, 5, 3), truth.draw(&SIZES, 5, 3));
        assert_ne!(truth.draw(&SIZES, 5, 3), truth.draw(&SIZES, 5, 4));
        assert_eq!((truth.draw(&[], 5, 3).cells(), truth.draw(&SIZES, 0, 3).cells()), (0, 0));
    }

    #[test]
    fn what_was_drawn_is_fitted_again() {
        // Sizes are known to the fit as sums of the drawn counts only. Where genes are many, each a small share, that
        // is as good: 200 genes in 4000 cells of 2000 UMIs.
        let dispersion = |gene: usize| [0.0, 0.1, 0.5, 2.0][gene % 4];
        let truth =
            NegativeBinomial { shares: vec![1.0 / 200.0; 200], dispersions: (0..200).map(dispersion).collect() };
        let fitted = NegativeBinomial::fit(&truth.draw(&[2000], 4000, 8));
        for kind in 0..4 {
            let of_kind = (0..200).filter(|gene| gene % 4 == kind);
            let mean = of_kind.map(|gene| fitted.dispersions[gene]).sum::<f64>() / 50.0;
            // Drawn sizes vary by some 6 %, 0.0045 in squares, which the fit takes for the size: it may miss a gene's
            // own dispersion by about that and by 2 % of it.
            let wanted = dispersion(kind);
            assert!((mean - wanted).abs() < 0.006 + 0.02 * wanted, "{mean}, {wanted}");
        }
        let off = fitted.shares.iter().map(|share| (share * 200.0 - 1.0).abs()).fold(0.0, f64::max);
        // Five standard errors at dispersion 2: √((1/10 + 2) / 4000).
        assert!(off < 0.115, "{off}");
    }

    #[test]
    fn fold_changes_reach_the_drawn_counts() {
        let control = truth().draw(&SIZES, 3000, 5);
        let perturbed = truth().moved(&[0.0, 0.0, 0.0, 4.0_f64.ln()]).draw(&SIZES, 3000, 6);
        let of = |control: Counts, perturbed: Vec<(String, Counts)>| Context {
            name: "donor 1".to_owned(),
            cell_type: "T".to_owned(),
            control,
            perturbed: BTreeMap::from_iter(perturbed),
        };
        let response = of(control.clone(), vec![("A".to_owned(), perturbed.clone())]).fold_changes().unwrap();
        let task = |perturbation| Task {
            training: vec![&response],
            context: "donor 2",
            cell_type: "T",
            control: &control,
            perturbation,
            count: 3000,
            seed: 1,
        };
        let drawn = negative_binomial(&task("A")).unwrap();
        for gene in 0..4 {
            let ((own, spread, _), (wanted, _, _)) = (moments(&drawn, gene), moments(&perturbed, gene));
            // Measured, carried over and drawn again: three samples of 3000 cells, four standard errors.
            assert!((own - wanted).abs() < 4.0 * (3.0 * spread / 3000.0).sqrt(), "gene {gene}: {own}, {wanted}");
        }
        let unseen = BaselineError::Unseen { perturbation: "B".to_owned(), contexts: 1 };
        assert_eq!(negative_binomial(&task("B")).unwrap_err(), unseen);
        assert_eq!(negative_binomial(&Task { training: vec![], ..task("A") }).unwrap_err(), BaselineError::NoTraining);
        // Another type that does not answer: three quarters of the mean of both.
        let still = of(control.clone(), vec![("A".to_owned(), control.clone())]).fold_changes().unwrap();
        let still = Response { cell_type: "B".to_owned(), name: "donor 3".to_owned(), ..still };
        let pooled = shrunken_mean(&Task { training: vec![&response, &still], ..task("A") }).unwrap();
        let change = |cells: &Counts| {
            let share = |cells: &Counts| NegativeBinomial::fit(cells).shares[3];
            (share(cells) / share(&control)).ln()
        };
        // ln 4 · (1/4 + 3/4 · 1/2), as shares, within what 3000 cells leave.
        let ratio = change(&pooled) / change(&drawn);
        assert!((ratio - 0.625).abs() < 0.1, "{ratio}");
        let none = Counts::empty(4);
        let empty = negative_binomial(&Task { control: &none, ..task("A") });
        assert_eq!(empty.unwrap_err(), BaselineError::NoControl { context: "donor 2".to_owned() });
        assert_eq!(negative_binomial(&Task { count: 0, ..task("A") }).unwrap().cells(), 0);
    }
}
