//! How independent pieces of work are run.
//!
//! Does: hands numbered pieces to whoever runs them, one after the other here, on a thread pool where the caller has
//! one, and puts the results in order.
//! Does not know: threads.
//! Flow: `train-native` (a pool) or the page (one after the other) → **pieces** → analyses that take long.

use std::sync::OnceLock;

/// One numbered piece of work.
type Piece<'a> = &'a (dyn Fn(usize) + Sync);

/// Runs the pieces 0 … n − 1, each once, in any order or side by side.
#[derive(Clone, Copy)]
pub struct Spread<'a>(&'a (dyn Fn(usize, Piece<'_>) + Sync));

/// One piece after the other.
fn in_turn(pieces: usize, piece: Piece<'_>) {
    (0..pieces).for_each(piece);
}

impl Default for Spread<'_> {
    fn default() -> Self {
        Self(&in_turn)
    }
}

impl<'a> Spread<'a> {
    /// Pieces run by `runner(n, piece)`, which must call `piece` once for every number below n.
    pub fn new(runner: &'a (dyn Fn(usize, Piece<'_>) + Sync)) -> Self {
        Self(runner)
    }

    /// Results of `piece` for 0 … n − 1, in order; none from a piece that the runner left out.
    pub fn map<T: Send + Sync>(&self, n: usize, piece: impl Fn(usize) -> T + Sync) -> Vec<T> {
        let slots: Vec<OnceLock<T>> = (0..n).map(|_| OnceLock::new()).collect();
        (self.0)(n, &|place| {
            slots[place].get_or_init(|| piece(place));
        });
        slots.into_iter().filter_map(OnceLock::into_inner).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::Spread;

    #[test]
    fn results_keep_their_order() {
        let backwards = |n: usize, piece: &(dyn Fn(usize) + Sync)| (0..n).rev().for_each(piece);
        for spread in [Spread::default(), Spread::new(&backwards)] {
            assert_eq!(spread.map(4, |place| place * place), [0, 1, 4, 9]);
            assert!(spread.map(0, |place| place).is_empty());
        }
    }
}
