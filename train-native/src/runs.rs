//! Sampling runs to their end, on every core.
//!
//! Does: splits cells into as many shares as there are threads, takes a step of every share after the other on a thread of
//! its own, and tells the caller's thread how far all of them are.
//! Does not know: files, what a share holds, conditions. Cells are drawn by their numbers, so any split makes the same.
//! Flow: request or measured cells → shares → **threads** → finished shares, in order → `generate`, `predict`.

use std::ops::Range;
use std::sync::mpsc::channel;
use std::thread;

use anyhow::{Result, bail};
use model::network::Network;

/// What one step of a share did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Advance {
    /// Cells of the share that are finished.
    pub done: usize,
    /// Whether the share is.
    pub finished: bool,
}

/// Ranges of `cells` cells, about equally long and in order: one for each thread where the network is in the machine's
/// own memory (RAYON_NUM_THREADS sets another number), a single one where a device does the work by itself.
pub fn shares(network: &Network, cells: usize) -> Vec<Range<usize>> {
    let threads = if network.is_on_host() { rayon::current_num_threads() } else { 1 };
    split(cells, threads)
}

fn split(cells: usize, threads: usize) -> Vec<Range<usize>> {
    let count = threads.clamp(1, cells.max(1));
    (0..count).map(|share| share * cells / count..(share + 1) * cells / count).collect()
}

/// Takes every share to its end, each on a thread of its own, and gives them back in order; `heard` is told how many cells
/// of all shares are finished, on the thread that calls.
///
/// # Errors
/// The first error of a step in the order of the shares; the other shares still run to their ends.
pub fn to_the_end<T: Send>(
    mut shares: Vec<T>,
    step: &(dyn Fn(&mut T) -> Result<Advance> + Sync),
    heard: &mut dyn FnMut(usize),
) -> Result<Vec<T>> {
    if let [only] = shares.as_mut_slice() {
        loop {
            let advance = step(only)?;
            heard(advance.done);
            if advance.finished {
                return Ok(shares);
            }
        }
    }
    let (tell, told) = channel::<(usize, usize)>();
    let mut done = vec![0; shares.len()];
    let ended: Vec<thread::Result<Result<T>>> = thread::scope(|scope| {
        let running: Vec<_> = shares
            .into_iter()
            .enumerate()
            .map(|(number, mut share)| {
                let tell = tell.clone();
                scope.spawn(move || -> Result<T> {
                    loop {
                        let advance = step(&mut share)?;
                        // Who listens ends last; a message that nobody takes is no fault of the share.
                        let _ = tell.send((number, advance.done));
                        if advance.finished {
                            return Ok(share);
                        }
                    }
                })
            })
            .collect();
        drop(tell);
        for (number, cells) in told {
            done[number] = cells;
            heard(done.iter().sum());
        }
        running.into_iter().map(|thread| thread.join()).collect()
    });
    let mut finished = Vec::with_capacity(ended.len());
    for share in ended {
        match share {
            Ok(share) => finished.push(share?),
            Err(_) => bail!("a thread that samples cells ended before its time; please report this with the command"),
        }
    }
    Ok(finished)
}

#[cfg(test)]
mod tests {
    // A test fails by panicking; that is what `unwrap` is for here.
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn shares_cover_every_cell_once() {
        for (cells, threads, count) in [(0, 4, 1), (1, 4, 1), (10, 4, 4), (10, 1, 1), (3, 0, 1)] {
            let shares = split(cells, threads);
            assert_eq!(shares.len(), count, "{cells} cells on {threads} threads");
            assert_eq!(shares.into_iter().flatten().collect::<Vec<_>>(), (0..cells).collect::<Vec<_>>());
        }
    }

    #[test]
    fn shares_come_back_in_order_and_progress_ends_at_their_sum() {
        for count in [1_usize, 3] {
            let mut last = 0;
            let shares: Vec<(usize, usize)> = (0..count).map(|number| (number, 0)).collect();
            let step = |share: &mut (usize, usize)| {
                share.1 += 1;
                Ok(Advance { done: share.1, finished: share.1 == 2 + share.0 })
            };
            let ended = to_the_end(shares, &step, &mut |done| last = done).unwrap();
            assert_eq!(ended, (0..count).map(|number| (number, 2 + number)).collect::<Vec<_>>());
            assert_eq!(last, (0..count).map(|number| 2 + number).sum::<usize>());
        }
    }

    #[test]
    fn an_error_and_a_panic_of_a_share_are_errors_of_the_whole() {
        let fails = |share: &mut usize| {
            if *share == 1 {
                bail!("share 1 fails");
            }
            Ok(Advance { done: 0, finished: true })
        };
        let error = to_the_end(vec![0, 1, 2], &fails, &mut |_| {}).unwrap_err();
        assert_eq!(error.to_string(), "share 1 fails");
        let panics = |share: &mut usize| -> Result<Advance> {
            assert_ne!(*share, 1, "on purpose");
            Ok(Advance { done: 0, finished: true })
        };
        assert!(to_the_end(vec![0, 1], &panics, &mut |_| {}).is_err());
    }
}
