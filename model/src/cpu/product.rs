//! Matrix products of rows with weights that were put in order once.
//!
//! Does: cuts a matrix [in, out] into panels of eight columns, and multiplies four rows with a panel at a time: 32 sums
//! that stay in registers.
//! Does not know: what the numbers mean.
//! Flow: weights → **panels**, once for a network; rows [m, in] × panels → [m, out].
//!
//! Every sum runs over `in` from the first to the last, whatever rows stand beside it: a cell does not depend on the
//! cells that it is computed with.

use pulp::NullaryFnOnce;

use super::maths::{LANES, Lanes};

/// Rows that are multiplied at once.
pub(super) const ROWS: usize = 4;
/// Bytes of panels that stay in a first-level cache while all rows pass.
const CACHED: usize = 16 * 1024;

/// A matrix [in, out] in panels of eight columns, each row by row; columns of zeros past the last.
#[derive(Clone, Debug)]
pub(super) struct Panels {
    values: Vec<Lanes>,
    depth: usize,
    columns: usize,
}

impl Panels {
    /// From a matrix [depth, columns] row by row.
    pub(super) fn of(matrix: &[f32], depth: usize, columns: usize) -> Self {
        let mut values = vec![[0.0; LANES]; columns.div_ceil(LANES) * depth];
        for (row, own) in matrix.chunks_exact(columns.max(1)).enumerate() {
            for (panel, part) in own.chunks(LANES).enumerate() {
                values[panel * depth + row][..part.len()].copy_from_slice(part);
            }
        }
        Self { values, depth, columns }
    }

    /// Panels.
    pub(super) fn len(&self) -> usize {
        self.columns.div_ceil(LANES)
    }

    /// One panel [in, 8].
    #[inline(always)]
    pub(super) fn panel(&self, panel: usize) -> &[Lanes] {
        &self.values[panel * self.depth..(panel + 1) * self.depth]
    }
}

/// `R` rows of `depth` numbers from row `first` on.
#[inline(always)]
pub(super) fn taken<const R: usize>(rows: &[f32], first: usize, depth: usize) -> [&[f32]; R] {
    let mut taken: [&[f32]; R] = [&[]; R];
    for (row, own) in taken.iter_mut().enumerate() {
        *own = &rows[(first + row) * depth..(first + row + 1) * depth];
    }
    taken
}

/// Some rows times a panel [in, 8].
///
/// Four rows are written out: compilers keep their sums in registers, and a processor has nothing to wait for. (More rows
/// do not fit into the sixteen registers of SSE and WebAssembly, and indices would be checked in every turn.)
#[inline(always)]
pub(super) fn tile<const R: usize>(rows: [&[f32]; R], panel: &[Lanes]) -> [Lanes; R] {
    let mut sums = [[0.0; LANES]; R];
    if let ([a, b, c, d], [sums_a, sums_b, sums_c, sums_d]) = (rows.as_slice(), sums.as_mut_slice()) {
        let (mut own_a, mut own_b, mut own_c, mut own_d) = (*sums_a, *sums_b, *sums_c, *sums_d);
        for ((((weights, a), b), c), d) in panel.iter().zip(*a).zip(*b).zip(*c).zip(*d) {
            add(&mut own_a, *a, weights);
            add(&mut own_b, *b, weights);
            add(&mut own_c, *c, weights);
            add(&mut own_d, *d, weights);
        }
        (*sums_a, *sums_b, *sums_c, *sums_d) = (own_a, own_b, own_c, own_d);
        return sums;
    }
    for (sums, row) in sums.iter_mut().zip(rows) {
        panel.iter().zip(row).for_each(|(weights, value)| add(sums, *value, weights));
    }
    sums
}

/// sums += value · weights.
#[inline(always)]
fn add(sums: &mut Lanes, value: f32, weights: &Lanes) {
    for lane in 0..LANES {
        sums[lane] += value * weights[lane];
    }
}

/// Rows [m, in] times a matrix, into or onto [m, out].
pub(super) struct Product<'a> {
    /// [m, in].
    pub(super) rows: &'a [f32],
    /// [in, out].
    pub(super) weights: &'a Panels,
    /// [m, out].
    pub(super) out: &'a mut [f32],
    /// Whether to add to what is there.
    pub(super) adds: bool,
}

impl Product<'_> {
    /// `R` rows from `first` on times some panels.
    #[inline(always)]
    fn some<const R: usize>(&mut self, first: usize, panels: std::ops::Range<usize>) {
        let (depth, columns) = (self.weights.depth, self.weights.columns);
        let rows: [&[f32]; R] = taken(self.rows, first, depth);
        for panel in panels {
            let sums = tile(rows, self.weights.panel(panel));
            let width = LANES.min(columns - panel * LANES);
            for (row, sums) in sums.iter().enumerate() {
                let start = (first + row) * columns + panel * LANES;
                let out = &mut self.out[start..start + width];
                match (<&mut Lanes>::try_from(&mut *out), self.adds) {
                    (Ok(out), false) => *out = *sums,
                    (Ok(out), true) => (0..LANES).for_each(|lane| out[lane] += sums[lane]),
                    (Err(_), false) => out.copy_from_slice(&sums[..width]),
                    (Err(_), true) => out.iter_mut().zip(sums).for_each(|(out, sum)| *out += sum),
                }
            }
        }
    }
}

impl NullaryFnOnce for Product<'_> {
    type Output = ();

    #[inline(always)]
    fn call(mut self) {
        let depth = self.weights.depth.max(1);
        let (count, panels) = (self.rows.len() / depth, self.weights.len());
        let block = (CACHED / (size_of::<Lanes>() * depth)).max(1);
        for first in (0..panels).step_by(block) {
            let range = first..panels.min(first + block);
            let whole = count / ROWS * ROWS;
            for row in (0..whole).step_by(ROWS) {
                self.some::<ROWS>(row, range.clone());
            }
            for row in whole..count {
                self.some::<1>(row, range.clone());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Panels, Product};
    use crate::cpu::maths::fast;
    use crate::random::Draws;

    #[test]
    fn products_of_all_shapes() {
        let mut draws = Draws::new(3, 0);
        // Widths that are no multiple of eight, rows that are no multiple of four, a matrix of several cache blocks.
        for (m, depth, columns) in [(1, 1, 1), (5, 7, 9), (4, 8, 16), (9, 80, 240), (3, 1000, 20)] {
            let mut numbers = |count: usize| (0..count).map(|_| draws.normal()).collect::<Vec<f32>>();
            let (rows, matrix, before) = (numbers(m * depth), numbers(depth * columns), numbers(m * columns));
            let weights = Panels::of(&matrix, depth, columns);
            for adds in [false, true] {
                let mut out = before.clone();
                fast(Product { rows: &rows, weights: &weights, out: &mut out, adds });
                for (at, value) in out.iter().enumerate() {
                    let (row, column) = (at / columns, at % columns);
                    let exact: f64 = (0..depth)
                        .map(|k| f64::from(rows[row * depth + k]) * f64::from(matrix[k * columns + column]))
                        .sum::<f64>()
                        + if adds { f64::from(before[at]) } else { 0.0 };
                    // Roundings of as many sums of numbers of size 1, which add up as their root does.
                    let tolerance = 1e-6 * (depth as f64 + 1.0);
                    assert!((f64::from(*value) - exact).abs() < tolerance, "{m} {depth} {columns}: {value} {exact}");
                }
            }
        }
    }
}
