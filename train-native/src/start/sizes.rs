//! How much each gene's counts vary around what is expected of a cell.
//!
//! Does: finds the size of every gene's negative binomial by likelihood, with what genes of like means have in common
//! as the prior.
//! Does not know: where the expected counts come from.
//! Flow: counts and expected counts of some cells → **log size [G]** → `assemble`.
//!
//! A gene that was counted twice says nothing of its own spread. Over a grid of sizes every gene has its likelihood; the
//! prior of a gene is the average posterior of the genes with like numbers of counts (empirical Bayes), and its size the
//! posterior mean of the logarithm.

use model::statistics::{LARGEST_SIZE, SMALLEST_SIZE};

/// Sizes that are looked at: from [`SMALLEST_SIZE`] to [`LARGEST_SIZE`], evenly in the logarithm.
const GRID: usize = 14;
/// Genes that share a prior.
const NEIGHBOURHOOD: usize = 400;
/// Rounds of averaging posteriors into priors.
const ROUNDS: usize = 12;

/// Sizes of the grid.
pub(super) fn grid() -> [f64; GRID] {
    let step = (LARGEST_SIZE / SMALLEST_SIZE).ln() / (GRID - 1) as f64;
    std::array::from_fn(|place| SMALLEST_SIZE * (step * place as f64).exp())
}

/// Log-likelihoods of one gene over the grid, of cells with counts and expected counts.
pub(super) fn likelihoods(cells: &[(u32, f32)]) -> [f64; GRID] {
    let grid = grid();
    let largest = cells.iter().map(|(count, _)| *count).max().unwrap_or(0);
    // ln Γ(x + r) − ln Γ(r) − x ln r for every count x; what does not depend on r is left out.
    let mut ways = vec![[0.0; GRID]; largest as usize + 1];
    for count in 1..ways.len() {
        let before = ways[count - 1];
        ways[count] = std::array::from_fn(|place| before[place] + ((count - 1) as f64 / grid[place]).ln_1p());
    }
    let mut sums = [0.0; GRID];
    for (count, mean) in cells {
        let ways = &ways[*count as usize];
        for (place, sum) in sums.iter_mut().enumerate() {
            *sum += ways[place] - (f64::from(*count) + grid[place]) * (f64::from(*mean) / grid[place]).ln_1p();
        }
    }
    sums
}

/// Natural logarithm of the size of every gene [G] from its likelihoods over the grid and its number of counts.
pub(super) fn log_sizes(likelihoods: &[[f64; GRID]], totals: &[f64]) -> Vec<f64> {
    let mut order: Vec<usize> = (0..likelihoods.len()).filter(|gene| totals[*gene] > 0.0).collect();
    order.sort_by(|a, b| totals[*a].total_cmp(&totals[*b]));
    let logs = grid().map(f64::ln);
    let mut found = vec![0.0; likelihoods.len()];
    let parts = order.len().div_ceil(NEIGHBOURHOOD).max(1);
    for part in order.chunks(order.len().div_ceil(parts).max(1)) {
        let mut prior = [1.0 / GRID as f64; GRID];
        for _ in 0..ROUNDS {
            let mut sum = [1e-3; GRID];
            for gene in part {
                let own = posterior(&likelihoods[*gene], &prior);
                sum.iter_mut().zip(own).for_each(|(sum, own)| *sum += own);
            }
            let all: f64 = sum.iter().sum();
            prior = sum.map(|value| value / all);
        }
        for gene in part {
            let own = posterior(&likelihoods[*gene], &prior);
            found[*gene] = own.iter().zip(logs).map(|(share, log)| share * log).sum();
        }
    }
    found
}

/// Shares of the grid's sizes given likelihoods and a prior.
fn posterior(likelihoods: &[f64; GRID], prior: &[f64; GRID]) -> [f64; GRID] {
    let most = likelihoods.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let weights: [f64; GRID] = std::array::from_fn(|place| (likelihoods[place] - most).exp() * prior[place]);
    let all: f64 = weights.iter().sum();
    weights.map(|weight| weight / all)
}

#[cfg(test)]
mod tests {
    use super::{grid, likelihoods, log_sizes};
    use cells::baselines::NegativeBinomial;

    #[test]
    fn sizes_come_back_and_rare_genes_take_those_of_their_like() {
        // 300 genes of size 0.5 (dispersion 2): a third with a mean of 5, the others with a mean of .02.
        let share = |gene: usize| if gene < 100 { 5.0 } else { 0.02 };
        let total: f64 = (0..300).map(share).sum();
        let truth = NegativeBinomial {
            shares: (0..300).map(|gene| share(gene) / total).collect(),
            dispersions: vec![2.0; 300],
        };
        let cells = truth.draw(&[total.round() as u64], 600, 4);
        let mut row = vec![0; 300];
        let mut columns = vec![Vec::new(); 300];
        for cell in 0..600 {
            cells.dense_row(cell, &mut row);
            columns.iter_mut().zip(&row).for_each(|(column, count)| column.push(*count));
        }
        let of_gene = |gene: usize| {
            likelihoods(&columns[gene].iter().map(|count| (*count, share(gene) as f32)).collect::<Vec<_>>())
        };
        let all: Vec<_> = (0..300).map(of_gene).collect();
        let totals: Vec<f64> = columns.iter().map(|column| column.iter().sum::<u32>().into()).collect();
        let found = log_sizes(&all, &totals);
        for gene in (0..100).chain((100..300).filter(|gene| totals[*gene] > 0.0)) {
            // 600 cells leave a standard error of a tenth at a mean of 5; genes of mean .02 follow their like.
            let allowed = if gene < 100 { 0.5 } else { 1.5 };
            assert!((found[gene] - 0.5_f64.ln()).abs() < allowed, "gene {gene}: {}", found[gene].exp());
        }
        assert!((grid()[0] - 0.02).abs() < 1e-12 && (grid()[13] - 100.0).abs() < 1e-9);
    }
}
