//! A random part of many cells.
//!
//! Does: draws cells without putting any back, each part of that size as likely as every other, the same ones for the
//! same seed.
//! Does not know: what the cells are.
//! Flow: number of cells and a seed → **places, ascending** → readers that keep only these.

use crate::random::Random;

/// Places of `wanted` of `cells` cells, ascending; all when there are no more.
pub fn random_subset(cells: usize, wanted: usize, seed: u64) -> Vec<usize> {
    let mut random = Random::new(seed);
    let mut chosen = Vec::with_capacity(wanted.min(cells));
    for cell in 0..cells {
        // As many are still wanted as must come from the rest (Knuth's selection sampling).
        let wanted_still = wanted.saturating_sub(chosen.len()) as f64;
        if random.uniform() * ((cells - cell) as f64) < wanted_still {
            chosen.push(cell);
        }
    }
    chosen
}

#[cfg(test)]
mod tests {
    use super::random_subset;

    #[test]
    fn parts_have_their_size_and_repeat() {
        let part = random_subset(1000, 100, 7);
        assert_eq!(part.len(), 100);
        assert!(part.windows(2).all(|pair| pair[0] < pair[1]) && part[99] < 1000);
        assert_eq!(part, random_subset(1000, 100, 7));
        assert_ne!(part, random_subset(1000, 100, 8));
        // Uniform: the mean place is 499.5 with a standard error of about 27.
        let mean = part.iter().sum::<usize>() as f64 / 100.0;
        assert!((mean - 499.5).abs() < 5.0 * 27.0, "{mean}");
        assert_eq!(random_subset(3, 9, 1), [0, 1, 2]);
        assert!(random_subset(0, 9, 1).is_empty() && random_subset(9, 0, 1).is_empty());
    }
}
