//! The worker's results of wells.
//!
//! Does: takes them into the state; drops those of tasks that are over.
//! Does not know: the model, how wells are shown.
//! Flow: worker → **plate** → state.

use std::collections::BTreeMap;
use std::sync::Arc;

use leptos::prelude::*;

use crate::plate::results::WellResult;
use crate::protocol::Array;
use crate::protocol::plate::Tell;
use crate::ui::state::store::Store;

/// Takes a message of the worker; `next` hands out its arrays in order.
pub(super) fn receive(store: Store, tell: Tell, next: &mut dyn FnMut() -> Array) {
    let plate = store.plate;
    let own = plate.job.get_untracked();
    match tell {
        Tell::Working { job, well, share } if job == own => plate.working.set(Some((well as usize, share))),
        Tell::Well { job, well, cells, genes_shifted, rms } if job == own => {
            let place = well as usize;
            let made = plate.asked.with_untracked(|asked| asked.get(&place).cloned());
            let Some(made) = made else { return };
            let (mean, difference, change, q) = (next().f32(), next().f32(), next().f32(), next().f32());
            let result = WellResult { made, cells, genes_shifted, rms, mean, difference, change, q };
            plate.waiting.update(|waiting| {
                waiting.remove(&place);
            });
            plate.results.update(|results| {
                results.insert(place, Arc::new(result));
            });
        }
        Tell::Finished { job, provenance, seconds } if job == own => {
            plate.provenance.set(Some(provenance));
            plate.working.set(None);
            let wells = plate.asked.with_untracked(BTreeMap::len);
            plate.said.set(format!("Done: {wells} wells in {seconds:.1} s."));
            store.end_job(job);
        }
        Tell::Ordered { number, rows, columns } => plate.orders.set(Some((number, [rows, columns]))),
        _ => {}
    }
}
