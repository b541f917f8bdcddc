//! What a model has to beat, and the most it can reach.
//!
//! Does: PerturbMean (STATE's mean of effects seen in training) and the split of measured cells
//! into halves for the real-against-real ceiling.
//! Does not know: models.
//! Flow: measured pseudobulks → **baseline and ceiling** beside each score.

use rand_chacha::ChaCha8Rng;
use rand_core::{RngCore, SeedableRng};

/// PerturbMean: control pseudobulk of the held-out donor plus the mean effect over the training
/// donors, each effect a donor's perturbed minus its own control pseudobulk. Without training
/// effects it is the control copy.
pub fn perturb_mean(control: &[f64], training_effects: &[Vec<f64>]) -> Vec<f64> {
    let n = training_effects.len().max(1) as f64;
    let mut prediction = control.to_vec();
    for effect in training_effects {
        prediction.iter_mut().zip(effect).for_each(|(value, shift)| *value += shift / n);
    }
    prediction
}

/// The cells in a random order.
pub fn shuffled(cells: &[usize], seed: u64) -> Vec<usize> {
    let mut order = cells.to_vec();
    let mut generator = ChaCha8Rng::seed_from_u64(seed);
    for last in (1..order.len()).rev() {
        let chosen = ((u64::from(generator.next_u32()) * (last as u64 + 1)) >> 32) as usize;
        order.swap(last, chosen);
    }
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
    use super::{perturb_mean, split_halves};

    #[test]
    fn the_mean_effect_is_added_to_the_own_control() {
        let prediction = perturb_mean(&[1.0, 2.0], &[vec![1.0, 0.0], vec![3.0, -1.0]]);
        assert_eq!(prediction, [3.0, 1.5]);
        assert_eq!(perturb_mean(&[1.0], &[]), [1.0]);
    }

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
