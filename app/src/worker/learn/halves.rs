//! How well halves of cells agree: the ceiling, at different numbers of cells.
//!
//! Does: writes control and perturbed cells, their effect against the measured one, and the agreement of disjoint
//! halves at rising numbers of cells over several random partitions.
//! Does not know: the held-out scores of the card.
//! Flow: request → cells → **effects, agreement by number of cells**.

use cells::normalise::Normalised;
use model::random::Draws;

use super::bench::{Bench, End, correlation};
use crate::protocol::learn::{HalfPoint, Tell};
use crate::protocol::{Array, FromWorker, Request};
use crate::worker::outbox::send;

/// Fewest cells of a half.
const FEWEST: usize = 2;
/// Random partitions at each number of cells.
const PARTITIONS: u64 = 10;

/// Writes the cells and reports all of it.
pub(super) async fn halves(bench: &mut Bench<'_>, request: &Request) -> Result<(), End> {
    let cells = request.cells as usize;
    let weight = if request.guidance > 0.0 { 2.0 } else { 1.0 };
    bench.total = cells as f64 * (1.0 + weight);
    let choices = bench.choices(request, false, 0.0);
    let control = bench.cells(choices, "writing control cells").await?;
    let choices = bench.choices(request, true, request.guidance);
    let moved = bench.cells(choices, "writing perturbed cells").await?;
    let measured = bench.measured(request);
    let against = measured.as_ref().map(|own| own.effect.as_slice());
    let all: Vec<usize> = (0..cells).collect();
    let effect = effect(&control, &moved, &all, &all);
    let mut points = Vec::new();
    let mut size = FEWEST;
    while 2 * size <= cells {
        bench.pause().await?;
        points.extend(point(&control, &moved, size, u64::from(request.seed), against));
        size *= 2;
    }
    let agreement = against.and_then(|measured| correlation(measured, &effect));
    let cells = request.cells;
    let measured_cells = measured.as_ref().map(|own| own.cells);
    let tell = Tell::Halves { job: bench.job, cells, measured: measured_cells, agreement, points };
    let measured = measured.map(|own| own.effect).unwrap_or_default();
    send(&FromWorker::Learn(tell), &[Array::F64(effect), Array::F64(measured)]);
    Ok(())
}

/// Mean of some perturbed cells minus mean of some control cells [G].
fn effect(control: &Normalised, moved: &Normalised, own: &[usize], other: &[usize]) -> Vec<f64> {
    let (own, other) = (control.mean_over(own.iter().copied()), moved.mean_over(other.iter().copied()));
    other.iter().zip(&own).map(|(moved, own)| moved - own).collect()
}

/// Agreement of halves of `size` cells on each side.
fn point(
    control: &Normalised,
    moved: &Normalised,
    size: usize,
    seed: u64,
    measured: Option<&[f64]>,
) -> Option<HalfPoint> {
    let (mut found, mut with_measured) = (Vec::new(), Vec::new());
    for partition in 0..PARTITIONS {
        // A stream of its own for every size and partition; cells use the seed's small numbers, these start far above.
        let mut draws = Draws::new(seed, (1 << 40) + ((size as u64) << 8) + partition);
        let mut order = |cells: usize| {
            let mut order: Vec<usize> = (0..cells).collect();
            draws.shuffle(&mut order);
            order
        };
        let (own, other) = (order(control.cells()), order(moved.cells()));
        let half = |first: usize| effect(control, moved, &own[first..first + size], &other[first..first + size]);
        let (first, second) = (half(0), half(size));
        found.extend(correlation(&first, &second));
        with_measured.extend(measured.and_then(|measured| correlation(&first, measured)));
    }
    let mean = |values: &[f64]| values.iter().sum::<f64>() / values.len() as f64;
    let least = found.iter().copied().fold(f64::INFINITY, f64::min);
    let most = found.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    (!found.is_empty()).then(|| HalfPoint {
        cells: size as u32,
        halves: mean(&found),
        range: (least, most),
        measured: (!with_measured.is_empty()).then(|| mean(&with_measured)),
    })
}
