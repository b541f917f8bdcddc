//! What a generated cell costs.
//!
//! Does: runs the sampler on a bundle and prints arithmetic, dispatches and time per cell, for plain and
//! for guided sampling.
//! Does not know: what the cells mean; other implementations.
//! Flow: bundle → sampler → **table**.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::time::Instant;

use anyhow::{Context, Result};
use model::bundle::Bundle;
use model::card::{Choices, Kind};
use model::sample::{Effort, Run};

use crate::generate::wait;

/// Rows of logits held at once on a GPU.
pub const ROWS: usize = Effort::GPU.rows;

/// What `bench` was asked to do.
pub struct Settings {
    /// Cells of each run.
    pub cells: usize,
    /// Sampling steps.
    pub steps: usize,
    /// Guidance of the guided run.
    pub guidance: f32,
    /// How much at once.
    pub effort: Effort,
}

/// Runs both ways and returns the table, in Markdown.
///
/// # Errors
/// When the device fails.
pub fn bench(bundle: &Bundle, settings: &Settings) -> Result<String> {
    let config = &bundle.card.model;
    let mut text = format!(
        "{}: {} parameters, {} genes, {} cells at {} steps, {} cells and {} rows at once\n\n\
         | | MFLOP per cell | dispatches per cell | ms per cell | GFLOP/s |\n|---|---|---|---|---|\n",
        bundle.card.name,
        config.parameters(),
        config.genes,
        settings.cells,
        settings.steps,
        settings.effort.cells,
        settings.effort.rows
    );
    for (name, with, guidance) in [("plain", BTreeMap::new(), 0.0), ("guided", perturbation(bundle), settings.guidance)]
    {
        let choices =
            Choices { with, guidance, steps: settings.steps, cells: settings.cells, seed: 1, clamp: Vec::new() };
        let request = bundle.request(&choices)?;
        let started = Instant::now();
        let mut run = Run::new(&bundle.network, request, settings.effort);
        while !run.is_finished() {
            wait(run.step(&bundle.network)).context("the device failed while sampling")?;
        }
        let seconds = started.elapsed().as_secs_f64();
        let cells = settings.cells as f64;
        let (flops, dispatches) = (run.work().flops(config), run.work().dispatches(config));
        // The CPU's own loops cut nothing into chunks and tell no device anything.
        let dispatches = if run.work().chunks == 0 { "none".to_owned() } else { format!("{:.0}", dispatches / cells) };
        writeln!(
            text,
            "| {name} | {:.0} | {dispatches} | {:.1} | {:.1} |",
            flops / cells / 1e6,
            1e3 * seconds / cells,
            flops / seconds / 1e9
        )?;
    }
    Ok(text)
}

/// The first perturbation that is not the control.
fn perturbation(bundle: &Bundle) -> BTreeMap<String, Vec<String>> {
    let condition = bundle.card.of_kind(Kind::Perturbation);
    let value = condition.and_then(|condition| {
        let value = condition.values.iter().find(|value| Some(&value.value) != condition.control.as_ref())?;
        Some((condition.key.clone(), vec![value.value.clone()]))
    });
    value.into_iter().collect()
}
