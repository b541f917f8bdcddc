//! Which cells of a matrix are looked at.
//!
//! Does: spreads runs of cells over a matrix, so that a glance sees all parts of it.
//! Does not know: what is looked for.
//! Flow: size of a matrix → **runs of cells** → `find`, an estimate of stored values.

/// Cells of a matrix that are looked at when it has more: so many runs of so many cells, spread over all of it.
const RUNS: usize = 16;
const RUN: usize = 32;
/// Values of a run, at most: cells of many genes are looked at in shorter runs.
const RUN_VALUES: usize = 1 << 20;

/// Runs of cells that are looked at.
pub(super) fn runs(cells: usize, columns: usize) -> Vec<(usize, usize)> {
    let length = RUN.min(RUN_VALUES / columns.max(1)).max(1);
    if cells <= RUNS * length {
        return (0..cells).step_by(length).map(|first| (first, length.min(cells - first))).collect();
    }
    // The first run stands at the beginning, the last at the end.
    (0..RUNS).map(|run| (run * (cells - length) / (RUNS - 1), length)).collect()
}
