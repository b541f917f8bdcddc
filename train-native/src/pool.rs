//! The threads that long analyses run on.
//!
//! Does: hands the pieces of an analysis of `cells`, which knows no threads, to rayon's pool.
//! Does not know: what the pieces are.
//! Flow: `judge`, `evaluate` → **pool** → `cells`.

use cells::spread::Spread;
use rayon::iter::{IntoParallelIterator, ParallelIterator};

/// One thread for each core (RAYON_NUM_THREADS sets another number).
pub fn pool() -> Spread<'static> {
    Spread::new(&in_parallel)
}

fn in_parallel(pieces: usize, piece: &(dyn Fn(usize) + Sync)) {
    (0..pieces).into_par_iter().for_each(piece);
}
