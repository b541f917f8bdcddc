//! How fast a loaded bundle writes cells here.
//!
//! Does: times some steps of a real run, and says how long 100 cells would take.
//! Does not know: other devices; `device_choice` compares.
//! Flow: opened bundle → **seconds per 100 cells** → choice, device badge.

use std::collections::BTreeMap;

use model::bundle::Bundle;
use model::card::Choices;
use model::sample::{Effort, Prepared, Run};

use super::outbox::breathe;

/// Milliseconds of steps that are enough to tell.
const ENOUGH: f64 = 400.0;

/// Seconds for 100 cells without guidance at the bundle's steps: steps after the first, which the cells share and in
/// which a GPU compiles its programs, are timed until the time is enough or the batch is finished.
///
/// # Errors
/// A sentence, when the device fails.
pub(crate) async fn seconds_per_100(bundle: &Bundle, prepared: &Prepared, effort: Effort) -> Result<f64, String> {
    let choices = Choices {
        with: BTreeMap::new(),
        guidance: 0.0,
        steps: bundle.card.steps,
        cells: effort.cells,
        seed: 0,
        clamp: Vec::new(),
    };
    let request = bundle.request(&choices).map_err(|error| format!("{error}."))?;
    let mut run = Run::prepared(&bundle.network, prepared.for_another(&bundle.network), request, effort);
    let failed = |error| format!("The device failed while its speed was measured: {error}.");
    let step = run.step(&bundle.network).await.map_err(failed)?;
    let started = js_sys::Date::now();
    let (mut timed, mut elapsed) = (0_u32, 0.0);
    while !run.is_finished() && (timed < 2 || elapsed < ENOUGH) {
        breathe().await;
        run.step(&bundle.network).await.map_err(failed)?;
        timed += 1;
        elapsed = js_sys::Date::now() - started;
    }
    let per_step = elapsed / 1000.0 / f64::from(timed.max(1));
    Ok(per_step * step.steps as f64 * 100.0 / effort.cells.max(1) as f64)
}
