//! The same cells at several guidance scales.
//!
//! Does: writes control cells, then perturbed cells of one seed at each scale; the effect on the genes that respond
//! most, its size against the measured one, the spread of the cells.
//! Does not know: which scales are the paper's.
//! Flow: request, scales → cells → **effects and spread**.

use cells::normalise::Normalised;

use super::bench::{Bench, End, correlation};
use crate::protocol::learn::{Guided, Tell};
use crate::protocol::{Array, FromWorker, Request};
use crate::worker::outbox::send;

/// Genes that the lesson follows.
const FOLLOWED: usize = 20;

/// Writes all of it and reports scale by scale.
pub(super) async fn guide(bench: &mut Bench<'_>, request: &Request, scales: &[f32]) -> Result<(), End> {
    let passes = |scale: f32| if scale > 0.0 { 2.0 } else { 1.0 };
    bench.total = f64::from(request.cells) * (1.0 + scales.iter().map(|scale| passes(*scale)).sum::<f64>());
    let choices = bench.choices(request, false, 0.0);
    let control = bench.cells(choices, "writing control cells").await?;
    let measured = bench.measured(request);
    let followed = followed(bench, measured.as_ref().map(|own| own.effect.as_slice()));
    let pick = |values: &dyn Fn(usize) -> f32| followed.iter().map(|gene| values(*gene)).collect::<Vec<f32>>();
    let mut ground = [Vec::new(), Vec::new()];
    if let Some(own) = &measured {
        ground = [pick(&|gene| own.effect[gene] as f32), pick(&|gene| own.perturbed[gene])];
    }
    let [effect, mean] = ground;
    let genes = followed.iter().map(|gene| bench.session.bundle.card.genes[*gene].clone()).collect();
    let cells = measured.as_ref().map(|own| own.cells);
    let tell = Tell::GuideGround { job: bench.job, genes, measured: cells, spread: spread(&control) };
    let arrays = [effect, mean, values(&control, &followed)].map(Array::F32);
    send(&FromWorker::Learn(tell), &arrays);
    let own = control.mean();
    for (place, scale) in scales.iter().enumerate() {
        let choices = bench.choices(request, true, *scale);
        let moved = bench.cells(choices, &format!("writing cells at w = {scale}")).await?;
        let effect: Vec<f64> = moved.mean().iter().zip(&own).map(|(moved, own)| moved - own).collect();
        let against = measured.as_ref().map(|own| own.effect.as_slice());
        let guided = Guided {
            scale: *scale,
            size: against.and_then(|measured| slope(measured, &effect, &followed)),
            agreement: against.and_then(|measured| correlation(measured, &effect)),
            spread: spread(&moved),
        };
        let arrays = [Array::F32(pick(&|gene| effect[gene] as f32)), Array::F32(values(&moved, &followed))];
        send(&FromWorker::Learn(Tell::Guided { job: bench.job, guided, last: place + 1 == scales.len() }), &arrays);
    }
    Ok(())
}

/// Places of the genes with the largest measured effect; the bundle's markers where nothing was measured.
fn followed(bench: &Bench<'_>, measured: Option<&[f64]>) -> Vec<usize> {
    let card = &bench.session.bundle.card;
    if let Some(effect) = measured {
        let mut order: Vec<usize> = (0..effect.len()).collect();
        order.sort_by(|a, b| effect[*b].abs().total_cmp(&effect[*a].abs()));
        order.truncate(FOLLOWED);
        return order;
    }
    card.markers.iter().filter_map(|marker| card.genes.iter().position(|gene| gene == marker)).collect()
}

/// Values of genes in all cells, gene after gene.
fn values(cells: &Normalised, genes: &[usize]) -> Vec<f32> {
    genes.iter().flat_map(|gene| cells.gene(*gene as u32)).collect()
}

/// Slope through the origin of one effect on the other over some genes.
fn slope(measured: &[f64], generated: &[f64], genes: &[usize]) -> Option<f64> {
    let sum = |of: &dyn Fn(usize) -> f64| genes.iter().map(|gene| of(*gene)).sum::<f64>();
    let (both, own) = (sum(&|gene| measured[gene] * generated[gene]), sum(&|gene| measured[gene].powi(2)));
    (own > 0.0).then(|| both / own)
}

/// Root mean square distance of cells from their mean.
fn spread(cells: &Normalised) -> f64 {
    let n = cells.cells().max(1) as f64;
    let squares: f64 =
        (0..cells.cells()).flat_map(|cell| cells.row(cell).1).map(|value| f64::from(*value).powi(2)).sum();
    let of_mean: f64 = cells.mean().iter().map(|mean| mean.powi(2)).sum();
    (squares / n - of_mean).max(0.0).sqrt()
}
