//! The worker's messages.
//!
//! Does: hands each to the part of the state that it is for; drops those of runs that are over.
//! Does not know: how messages travel, how any of it is shown.
//! Flow: worker → **inbox** → state.

use std::sync::Arc;

use leptos::prelude::*;

use super::{data, learn, plate, precomputed};
use crate::protocol::bundle::LOADING;
use crate::protocol::{Array, FromWorker};
use crate::ui::state::store::{Phase, Store};
use crate::ui::state::tables::Measured;

/// Takes a message of the worker. Those of runs that are over are dropped.
pub(in crate::ui) fn receive(store: Store, message: FromWorker, arrays: Vec<Array>) {
    let (current, job) = (store.run.get_untracked(), store.job.get_untracked());
    let mut arrays = arrays.into_iter();
    let mut next = || arrays.next().unwrap_or(Array::F32(Vec::new()));
    match message {
        FromWorker::Started => {}
        FromWorker::Loading { stage, done, total } => {
            store.phase.set(Phase::Loading { stage, share: if total > 0.0 { done / total } else { 0.0 } });
        }
        FromWorker::Bundle(tell) => store.bundles.came(tell),
        FromWorker::Precomputed(tell) => precomputed::take(store, &tell, &mut next),
        FromWorker::Ready { card, device, names } if store.is_awaited() => {
            store.names.set(names);
            store.ready(&card, device, next().f32());
        }
        FromWorker::Workers { workers } => store.device.update(|device| {
            device.iter_mut().for_each(|device| device.workers = Some(workers));
        }),
        FromWorker::MapLabels { keys } => {
            store.map.labels.set(keys.into_iter().map(|key| (key, Arc::new(next().bytes()))).collect());
        }
        FromWorker::Progress { run, phase, share, seconds_left } if run == current || run == job => {
            store.phase.set(Phase::Running { what: phase, share, seconds_left });
        }
        FromWorker::Cells { run, scenario, first } if run == current => {
            store.first_cells();
            store.add_cells(scenario, first, &next().f32());
        }
        FromWorker::Shifts { run, comparison, cells, seeds } if run == current => {
            store.first_table();
            store.add_shifts(comparison, cells, seeds, || next().f64());
        }
        FromWorker::Measured { run, comparison, cells, agreement } if run == current => {
            let (control, perturbed) = (next().f32(), next().f32());
            store.add_measured(comparison, Measured { control, perturbed, cells, agreement });
        }
        FromWorker::Values { run, genes } if run == current => store.add_values(genes, &mut next),
        FromWorker::HeatMap { run, comparison, genes, cells } if run == current => {
            store.genes.take_heat(comparison, genes, cells, next().f32());
        }
        FromWorker::Done { run, provenance, seconds } if run == current => {
            store.first_table();
            store.phase.set(Phase::Idle);
            store.provenance.set(Some(provenance));
            store.finished.set(Some(format!("Done in {seconds:.1} s.")));
        }
        FromWorker::Cancelled { run, cells } if run == current => {
            store.phase.set(Phase::Idle);
            store.finished.set(Some(store.ended_early(cells)));
        }
        FromWorker::Plate(tell) => plate::receive(store, tell, &mut next),
        FromWorker::Learn(tell) => learn::receive(store, tell, &mut next),
        FromWorker::Data(tell) => data::receive(store, tell, &mut next),
        FromWorker::Cancelled { run, .. } if run == job => store.end_job(job),
        FromWorker::Cancelled { run: LOADING, .. } => store.stopped(),
        FromWorker::Exported { name } => store.download.set(Some((name, next().bytes()))),
        FromWorker::Failed { run, sentence, fatal } if run.is_none_or(|run| run == current || run == job) => {
            store.failed(sentence, fatal)
        }
        _ => {}
    }
}
