//! What the blocks know of single cells, mixed and bounded as `hidden` does it for a batch.
//!
//! Does: guidance and compositions over the branches of one cell; the draw of what is unknown of the factors; ranges of
//! log-means and of the library size.
//! Does not know: how states come about, values of genes.
//! Flow: states of all branches → **one state** → **shifts of a row**, drawn and bounded → decode.

use std::sync::Arc;

use pulp::NullaryFnOnce;

use super::maths::{LANES, exp, fast};
use super::reading::{Reader, Seen};
use super::tensors::floats;
use crate::hidden::{LEAST_COUNTS, ROOM, SATURATION};
use crate::network::Network;
use crate::statistics::LARGEST_LOG_MEAN;

/// What the blocks know of a cell.
#[derive(Clone, Debug)]
pub(crate) struct State {
    /// Groups of genes after the last norm [L, D].
    pub(super) groups: Vec<f32>,
    /// Shift of every gene's log-mean [L·S].
    pub(super) shifts: Vec<f32>,
    /// Gates of the shape factors [U].
    pub(super) shapes: Vec<f32>,
    /// Share of each factor's variance that visible genes leave unknown [Q].
    pub(super) unknown: Vec<f32>,
    /// The cell.
    pub(super) seen: Arc<Seen>,
}

/// A row to decode: a state, and the shifts that it has in this cell.
#[derive(Clone, Debug)]
pub(crate) struct Row {
    pub(super) state: Arc<State>,
    /// [L·S].
    pub(super) shifts: Vec<f32>,
}

impl State {
    /// Guidance away from this state, a₀, of the unguided branch, as [`crate::hidden::Hidden::composed`] does it. Without
    /// another branch it stays as it is.
    pub(super) fn composed(self, branches: &[Self], strength: f32) -> Self {
        if branches.is_empty() {
            return self;
        }
        let sum = |of: fn(&Self) -> &Vec<f32>| -> Vec<f32> {
            let mut sum = of(&self).clone();
            for toward in branches {
                let pairs = of(toward).iter().zip(of(&self));
                sum.iter_mut().zip(pairs).for_each(|(sum, (toward, away))| *sum += toward - away);
            }
            sum
        };
        let (groups, shapes) = (sum(|own| &own.groups), sum(|own| &own.shapes));
        let shift = |(at, away): (usize, &f32)| {
            let effects = || branches.iter().map(|toward| toward.shifts[at] - away);
            away + combined(effects(), strength) - combined(effects().map(|effect| -effect), strength)
        };
        let shifts = self.shifts.iter().enumerate().map(shift).collect();
        Self { groups, shifts, shapes, ..self }
    }
}

/// Effects above 0 on a log-mean, together: the largest, and of what strength · Σ is past it at most [`SATURATION`].
fn combined(effects: impl Iterator<Item = f32>, strength: f32) -> f32 {
    let (sum, largest) = effects.fold((0.0_f32, 0.0_f32), |(sum, largest), own| (sum + own.max(0.0), largest.max(own)));
    let past = (sum * strength - largest).max(0.0);
    largest + bent(past, SATURATION)
}

/// What is past a bound, bent so that it stays below a limit.
fn bent(past: f32, limit: f32) -> f32 {
    (past / limit).tanh() * limit
}

/// Ranges of log-means, in position order [L·S] each.
#[derive(Clone, Debug)]
pub(super) struct Ranges {
    lowest: Vec<f32>,
    highest: Vec<f32>,
    log_mean: Vec<f32>,
    /// One over the largest mean that draws can have.
    per_fullest: Vec<f32>,
}

impl Ranges {
    /// Ranges of a network's genes.
    pub(super) fn new(network: &Network) -> Self {
        let constants = &network.constants;
        Self {
            lowest: floats(&constants.lowest),
            highest: floats(&constants.highest),
            log_mean: floats(&constants.readers.log_mean),
            per_fullest: floats(&constants.fullest.clone().recip()),
        }
    }

    /// A row of a state: with `numbers` [Q] the unknown part of the factors drawn by them, and all log-means within their
    /// ranges, with `totals` (smallest, largest) the library size as well.
    pub(super) fn row(
        &self,
        reader: &Reader,
        state: &Arc<State>,
        numbers: Option<&[f32]>,
        totals: Option<[f32; 2]>,
    ) -> Row {
        let mut shifts = state.shifts.clone();
        if let Some(numbers) = numbers {
            let drawn: Vec<f32> = state.unknown.iter().zip(numbers).map(|(unknown, e)| unknown.sqrt() * e).collect();
            reader.add_factors(&drawn, &state.unknown, &mut shifts);
        }
        for ((shift, lowest), highest) in shifts.iter_mut().zip(&self.lowest).zip(&self.highest) {
            if *shift > *highest {
                *shift = highest + bent(*shift - highest, ROOM);
            } else if *shift < *lowest {
                *shift = lowest - bent(lowest - *shift, ROOM);
            }
        }
        if let Some(totals) = totals {
            let (log_mean, per_fullest, hidden) = (&self.log_mean, &self.per_fullest, &state.seen.hidden);
            let hidden = fast(Expected { shifts: &shifts, log_mean, per_fullest, hidden }).max(LEAST_COUNTS);
            let shift = total_shift(hidden, state.seen.counted, totals);
            shifts.iter_mut().for_each(|own| *own += shift);
        }
        Row { state: Arc::clone(state), shifts }
    }
}

/// [`crate::hidden::Hidden::bounded`]'s shift of all log-means that brings a library size into its range.
fn total_shift(hidden: f32, visible: f32, [lowest, highest]: [f32; 2]) -> f32 {
    let total = (hidden + visible).max(1.0);
    let wanted = total.max(lowest).min(highest);
    let of_all = (wanted / total).ln();
    let of_hidden = ((wanted - visible).max(LEAST_COUNTS) / hidden).ln();
    of_hidden.max(2.0 * of_all.min(0.0)).min(2.0 * of_all.max(0.0))
}

/// Counts that hidden genes are expected to have together.
struct Expected<'a> {
    shifts: &'a [f32],
    log_mean: &'a [f32],
    per_fullest: &'a [f32],
    hidden: &'a [f32],
}

impl NullaryFnOnce for Expected<'_> {
    type Output = f32;

    #[inline(always)]
    fn call(self) -> f32 {
        let mean = |shift: f32, log_mean: f32, per_fullest: f32, hidden: f32| {
            let shifted = shift + log_mean;
            let mean = exp(if shifted < LARGEST_LOG_MEAN { shifted } else { LARGEST_LOG_MEAN });
            let ratio = mean * per_fullest;
            mean / (1.0 + ratio * ratio).sqrt() * hidden
        };
        let (shifts, rest) = self.shifts.as_chunks::<LANES>();
        let (log_means, rest_means) = self.log_mean.as_chunks::<LANES>();
        let (per_fullests, rest_fullest) = self.per_fullest.as_chunks::<LANES>();
        let (hiddens, rest_hidden) = self.hidden.as_chunks::<LANES>();
        let mut sums = [0.0; LANES];
        for (((shifts, log_means), per_fullests), hiddens) in
            shifts.iter().zip(log_means).zip(per_fullests).zip(hiddens)
        {
            for lane in 0..LANES {
                sums[lane] += mean(shifts[lane], log_means[lane], per_fullests[lane], hiddens[lane]);
            }
        }
        let rest = rest.iter().zip(rest_means).zip(rest_fullest).zip(rest_hidden);
        let rest = rest.map(|(((shift, log_mean), fullest), hidden)| mean(*shift, *log_mean, *fullest, *hidden));
        super::maths::sum(&sums) + rest.sum::<f32>()
    }
}
