//! What a model has to beat, and the most it can reach.
//!
//! Does: predictions that need no model, each as cells, so that the referee scores them as it scores a model's; and the
//! split of measured cells into halves for the real-against-real ceiling. Each gives a reason when it has no
//! prediction.
//! Does not know: models, how scores are computed.
//! Flow: measured responses of training contexts + control cells of a held-out one → **cells** of the asked
//! perturbation → `referee`, beside each score.
//!
//! | function | the asked perturbation is |
//! |---|---|
//! | [`control_copy`] | the context's own control cells |
//! | [`mean_perturbation`] | control cells moved by the mean effect over all perturbations |
//! | [`perturb_mean_cells`] | control cells moved by this perturbation's mean effect over the contexts |
//! | [`context_mean`] | the mean of all perturbed cells of the same cell type, many times |
//! | [`nearest_transfer`] | control cells moved by the effect in the context with the most similar control |
//! | [`LinearLatent`] | control cells moved by a ridge regression's effect |
//! | [`negative_binomial`] | counts drawn gene by gene, control means times the mean fold change |
//! | [`shrunken_mean`] | the same with a type's own fold changes for a quarter and those of all types for the rest |
//! | [`crate::glm::Regression`] | counts drawn at the means of a log-linear regression with interaction |
//!
//! **Moved cells do not have exactly the pseudobulk that was wanted.** [`crate::normalise::Normalised::shifted`] adds
//! the same shift to every cell and cuts at zero, since there are no negative counts. Where a shift is negative and
//! cells hold little or none of a gene, the cut raises the mean above control + shift; where it is positive, every cell
//! gets the gene. STATE's own baselines do not cut. Ours does, and so does what this project reported before.

mod linear;
mod means;
mod moved;
mod negative_binomial;
mod task;

pub use linear::{LinearLatent, Settings};
pub use means::{
    context_mean, control_copy, mean_effect, mean_perturbation, nearest_context, nearest_transfer, overall_effect,
    perturb_mean_cells,
};
pub use moved::moved_counts;
pub use negative_binomial::{NegativeBinomial, negative_binomial, shrunken_mean};
pub use task::{BaselineError, Context, Effect, Response, Task};

use crate::random::Random;

/// The cells in a random order.
pub fn shuffled(cells: &[usize], seed: u64) -> Vec<usize> {
    let mut order = cells.to_vec();
    Random::new(seed).shuffle(&mut order);
    order
}

/// Two disjoint random halves of `cells` (the first one larger when the number is odd).
pub fn split_halves(cells: &[usize], seed: u64) -> (Vec<usize>, Vec<usize>) {
    let mut order = shuffled(cells, seed);
    let second = order.split_off(order.len().div_ceil(2));
    (order, second)
}

#[cfg(test)]
mod tests {
    use super::split_halves;

    #[test]
    fn halves_are_disjoint_and_whole() {
        let cells: Vec<usize> = (10..31).collect();
        let (mut first, second) = split_halves(&cells, 3);
        assert_eq!((first.len(), second.len()), (11, 10));
        assert_ne!(first, cells[..11]);
        first.extend(second);
        first.sort_unstable();
        assert_eq!(first, cells);
    }
}
