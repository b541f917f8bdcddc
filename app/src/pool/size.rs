//! How many workers write cells.
//!
//! Does: weighs cores, memory and what was asked for.
//! Does not know: where the numbers come from.
//! Flow: navigator's facts, measured bytes → **number of workers**.

/// Most workers, the lead among them. Eight cores are what laptops have, and products of small matrices share one memory.
pub const MOST: usize = 8;
/// Share of the computer's memory that all workers together may take: a page is not alone.
const SHARE: f64 = 0.25;
/// Bytes of the computer's memory where the browser does not tell, which is little for a computer with several cores.
const UNTOLD: f64 = 4e9;
/// How much a worker's memory grows from when it is ready to when it has written guided cells. Measured in Chromium: from 38
/// to at most 62 MB with `pbmc-ifnb` (9,015 genes), from 67 to at most 112 MB with `human-tissues` (19,526 genes).
const GROWTH: f64 = 1.7;

/// What is known of the computer.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Facts {
    /// Logical cores.
    pub cores: usize,
    /// Bytes of memory; browsers round it and tell at most 8 GB.
    pub memory: Option<f64>,
}

/// Workers in all, the lead among them. `bytes` is what the first further worker was measured to hold; none before there is
/// one. `asked` is a number that somebody asked for in place of the cores.
///
/// One core is left to the page, except where there are only two: there the page has little to do while cells are written.
pub fn workers(facts: Facts, bytes: Option<f64>, asked: Option<usize>) -> usize {
    let by_cores = asked.unwrap_or(match facts.cores {
        0 | 1 => 1,
        2 => 2,
        cores => cores - 1,
    });
    let by_memory = bytes.map_or(MOST, |bytes| {
        let room = SHARE * facts.memory.unwrap_or(UNTOLD);
        (room / (bytes * GROWTH).max(1.0)) as usize
    });
    by_cores.min(by_memory).clamp(1, MOST)
}

#[cfg(test)]
mod tests {
    use super::{Facts, workers};

    const GIB: f64 = 1_073_741_824.0;

    fn facts(cores: usize, gib: f64) -> Facts {
        Facts { cores, memory: Some(gib * GIB) }
    }

    #[test]
    fn cores_less_one_but_two_of_two() {
        for (cores, expected) in [(0, 1), (1, 1), (2, 2), (3, 2), (4, 3), (8, 7), (64, 8)] {
            assert_eq!(workers(facts(cores, 8.0), None, None), expected, "{cores} cores");
            assert_eq!(workers(facts(cores, 8.0), Some(70e6), None), expected, "{cores} cores and their memory");
        }
    }

    #[test]
    fn short_memory_means_fewer() {
        // A quarter of 2 GiB holds four workers that grow to 119 MB, that of 1 GiB two, that of half a one the lead alone.
        for (gib, expected) in [(8.0, 7), (2.0, 4), (1.0, 2), (0.5, 1)] {
            assert_eq!(workers(facts(8, gib), Some(70e6), None), expected, "{gib} GiB");
        }
        assert_eq!(workers(Facts { cores: 8, memory: None }, Some(170e6), None), 3, "memory that is not told");
    }

    #[test]
    fn what_is_asked_for_counts_before_cores_and_after_memory() {
        assert_eq!(workers(facts(8, 8.0), None, Some(1)), 1);
        assert_eq!(workers(facts(1, 8.0), Some(70e6), Some(3)), 3);
        assert_eq!(workers(facts(8, 1.0), Some(70e6), Some(6)), 2);
        assert_eq!(workers(facts(8, 8.0), None, Some(0)), 1);
    }
}
