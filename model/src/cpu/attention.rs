//! Softmax attention of one cell, head by head.
//!
//! Does: turns queries and keys by their rotary positions, and mixes values, four queries at a time: their scores are
//! exponentiated and used while they are in the first-level cache, and never all held at once.
//! Does not know: weights, blocks.
//! Flow: [q, k, v] side by side [P, 3 D] → **attention** → [P, D]; P positions, d = D / H.

use pulp::NullaryFnOnce;

use super::maths::{LANES, Lanes, exponentials, largest};
use super::product::{ROWS, taken, tile};

/// Cosines and sines of the rotary positions [P, d / 2] each.
#[derive(Clone, Debug)]
pub(super) struct Turns {
    pub(super) cosine: Vec<f32>,
    pub(super) sine: Vec<f32>,
}

/// Room for one head.
#[derive(Clone, Debug, Default)]
pub(super) struct Room {
    /// Queries, turned and scaled [P, d].
    queries: Vec<f32>,
    /// Keys, turned, in panels of eight positions [P / 8, d, 8].
    keys: Vec<Lanes>,
    /// Values in panels of eight features [d / 8, P, 8].
    values: Vec<Lanes>,
    /// Weights of four queries [4, P / 8, 8].
    weights: Vec<Lanes>,
}

/// Attention over all positions.
pub(super) struct Attend<'a> {
    /// [P, 3 D].
    pub(super) projected: &'a [f32],
    /// H.
    pub(super) heads: usize,
    /// D.
    pub(super) width: usize,
    pub(super) turns: &'a Turns,
    pub(super) room: &'a mut Room,
    /// [P, D].
    pub(super) out: &'a mut [f32],
}

impl Attend<'_> {
    /// Positions, and features of a head.
    fn sizes(&self) -> (usize, usize) {
        (self.projected.len() / (3 * self.width), self.width / self.heads)
    }

    /// Lays out one head's queries, keys and values.
    #[inline(always)]
    fn lay_out(&mut self, head: usize) {
        let (positions, own) = self.sizes();
        let (half, scale) = (own / 2, 1.0 / (own as f32).sqrt());
        let room = &mut *self.room;
        room.queries.resize(positions * own, 0.0);
        room.keys.clear();
        room.keys.resize(positions.div_ceil(LANES) * own, [0.0; LANES]);
        room.values.clear();
        room.values.resize(own.div_ceil(LANES) * positions, [0.0; LANES]);
        for (position, row) in self.projected.chunks_exact(3 * self.width).enumerate() {
            let part = |which: usize| &row[which * self.width + head * own..which * self.width + (head + 1) * own];
            let (query, key, value) = (part(0), part(1), part(2));
            let (cosine, sine) =
                (&self.turns.cosine[position * half..][..half], &self.turns.sine[position * half..][..half]);
            let queries = &mut room.queries[position * own..(position + 1) * own];
            let keys = &mut room.keys[position / LANES * own..(position / LANES + 1) * own];
            for pair in 0..half {
                let (cos, sin) = (cosine[pair], sine[pair]);
                let turned = |x: &[f32]| {
                    let (first, second) = (x[pair], x[pair + half]);
                    (first * cos - second * sin, second * cos + first * sin)
                };
                let (first, second) = turned(query);
                (queries[pair], queries[pair + half]) = (first * scale, second * scale);
                let (first, second) = turned(key);
                (keys[pair][position % LANES], keys[pair + half][position % LANES]) = (first, second);
            }
            for (panel, part) in value.chunks(LANES).enumerate() {
                room.values[panel * positions + position][..part.len()].copy_from_slice(part);
            }
        }
    }

    /// `R` queries from `first` on.
    #[inline(always)]
    fn mix<const R: usize>(&mut self, head: usize, first: usize) {
        let (positions, own) = self.sizes();
        let panels = positions.div_ceil(LANES);
        let room = &mut *self.room;
        room.weights.resize(ROWS * panels, [0.0; LANES]);
        let queries: [&[f32]; R] = taken(&room.queries, first, own);
        for (panel, keys) in room.keys.chunks_exact(own).enumerate() {
            for (row, scores) in tile(queries, keys).into_iter().enumerate() {
                room.weights[row * panels + panel] = scores;
            }
        }
        let mut shares = [0.0; R];
        for (row, share) in shares.iter_mut().enumerate() {
            let weights = &mut room.weights[row * panels..(row + 1) * panels];
            // Past the last position there is nothing to look at.
            if let Some(last) = weights.last_mut() {
                last[positions - (panels - 1) * LANES..].fill(f32::MIN);
            }
            let most = largest(weights);
            *share = 1.0 / exponentials(weights, most);
        }
        // Past the last position there are no values: a row's last weights are not read.
        let weights: [&[f32]; R] = taken(room.weights.as_flattened(), 0, panels * LANES);
        for (panel, values) in room.values.chunks_exact(positions).enumerate() {
            let width = LANES.min(own - panel * LANES);
            for (row, (sums, share)) in tile(weights, values).into_iter().zip(shares).enumerate() {
                let start = (first + row) * self.width + head * own + panel * LANES;
                let out = &mut self.out[start..start + width];
                out.iter_mut().zip(sums).for_each(|(out, sum)| *out = sum * share);
            }
        }
    }
}

impl NullaryFnOnce for Attend<'_> {
    type Output = ();

    #[inline(always)]
    fn call(mut self) {
        let (positions, _) = self.sizes();
        for head in 0..self.heads {
            self.lay_out(head);
            let whole = positions / ROWS * ROWS;
            for first in (0..whole).step_by(ROWS) {
                self.mix::<ROWS>(head, first);
            }
            for first in whole..positions {
                self.mix::<1>(head, first);
            }
        }
    }
}
