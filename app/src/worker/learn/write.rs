//! One cell, step by step.
//!
//! Does: runs the sampler for a single cell, notes the step that reveals each gene, and before every step asks for the
//! probabilities of the watched genes that are still masked.
//! Does not know: how it is shown.
//! Flow: request → steps → **counts, steps, probabilities**.

use model::quantise::{MASK, VOCABULARY};
use model::sample::{Effort, Run};

use super::bench::{Bench, End, device};
use crate::protocol::learn::{Tell, Watched};
use crate::protocol::{Array, FromWorker, Request};
use crate::worker::outbox::send;

/// A watched gene and what was recorded of it.
struct Record {
    place: u32,
    watched: Watched,
    /// [steps until revealed, V].
    shares: Vec<f32>,
}

/// Writes the cell and reports all of it.
pub(super) async fn write(bench: &mut Bench<'_>, request: &Request, watch: &[String]) -> Result<(), End> {
    let network = &bench.session.bundle.network;
    let choices = bench.choices(&Request { cells: 1, ..request.clone() }, true, request.guidance);
    let order = bench.session.bundle.request(&choices).map_err(|error| End::Failed(format!("{error}.")))?;
    let prepared = bench.session.prepared.for_another(network);
    let mut run = Run::prepared(network, prepared, order, Effort { cells: 1, ..Effort::CPU });
    let mut records = records(bench, &run, watch)?;
    let genes = bench.session.bundle.card.genes.len();
    let mut revealed = vec![0.0_f32; genes];
    bench.total = f64::from(request.steps);
    bench.advance("writing a cell", 0.0);
    while !run.is_finished() {
        bench.pause().await?;
        let masked: Vec<u32> = records.iter().filter(|own| own.watched.step == 0).map(|own| own.place).collect();
        let shares = run.probabilities(network, &masked).await.map_err(device)?;
        let open = records.iter_mut().filter(|own| own.watched.step == 0);
        for (own, shares) in open.zip(shares.chunks_exact(VOCABULARY)) {
            own.shares.extend_from_slice(shares);
        }
        let before: Vec<bool> = run.tokens(0).iter().map(|token| i32::from(*token) == MASK).collect();
        let step = run.step(network).await.map_err(device)?;
        for (gene, was_masked) in before.into_iter().enumerate() {
            if was_masked && i32::from(run.tokens(0)[gene]) != MASK {
                revealed[gene] = step.step as f32;
            }
        }
        for own in &mut records {
            own.watched.step = revealed[own.place as usize] as u32;
        }
        bench.advance("writing a cell", 1.0);
    }
    let counts = run.counts(0..1).pop().unwrap_or_default().iter().map(|count| *count as f32).collect();
    let order = network.layout.permutation().iter().map(|gene| *gene as f32).collect();
    let mut arrays = vec![Array::F32(counts), Array::F32(revealed), Array::F32(order)];
    let labels = labels(bench, run.labels(0));
    let watched = records.iter().map(|own| own.watched.clone()).collect();
    arrays.extend(records.into_iter().map(|own| Array::F32(own.shares)));
    let (steps, group_size) = (request.steps, network.layout.group_size() as u32);
    let tell = Tell::Written { job: bench.job, steps, group_size, watched, labels, seconds: bench.seconds() };
    send(&FromWorker::Learn(tell), &arrays);
    Ok(())
}

/// Empty records of the watched genes, each once.
fn records(bench: &Bench<'_>, run: &Run, watch: &[String]) -> Result<Vec<Record>, End> {
    let genes = &bench.session.bundle.card.genes;
    let mut records: Vec<Record> = Vec::with_capacity(watch.len());
    for gene in watch {
        let place = genes.iter().position(|known| known == gene);
        let place = place.ok_or_else(|| End::Failed(format!("{gene:?} is not among this model's genes.")))? as u32;
        if records.iter().all(|own| own.place != place) {
            let uniform = run.draws(0).and_then(|draws| draws.uniforms.get(place as usize)).copied().unwrap_or(0.0);
            let watched = Watched { gene: gene.clone(), step: 0, uniform };
            records.push(Record { place, watched, shares: Vec::new() });
        }
    }
    Ok(records)
}

/// The cell's conditions by name.
fn labels(bench: &Bench<'_>, tokens: &[i32]) -> Vec<(String, String)> {
    let named = |(condition, token): (&model::card::Condition, &i32)| {
        let value = condition.values.iter().find(|value| value.token == *token);
        let words = value.map_or_else(|| "left open".to_owned(), |value| value.display.clone());
        (condition.title.clone(), words)
    };
    bench.session.bundle.card.conditions.iter().zip(tokens).map(named).collect()
}
