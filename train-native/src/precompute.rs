//! Results made ahead of time: what the page shows of a bundle before it has made any cells.
//!
//! Does: lists the conditions that a visitor is most likely to choose, generates their cells and those of their
//! controls, tests them and places them on the map with the code that the page runs, keeps the surest genes.
//! Does not know: the form of the file (`model::precomputed`), how the page shows it.
//! Flow: bundle → conditions → cells → **precomputed results** → bundle.
//!
//! All cells are drawn from one seed: generated in the page with that seed and as many cells, they are the same.

mod keep;
mod plan;
mod settings;

use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};

use anyhow::{Context, Result, ensure};
use cells::de::{GeneShift, compare};
use cells::normalise::{Normalised, Target, log_normalise};
use cells::pca::Pca;
use indicatif::ProgressBar;
use model::bundle::{Bundle, WEIGHTS};
use model::card::{Card, Choices};
use model::precomputed::{Made, PRECOMPUTED, Precomputed};

use crate::export::write_file;
use crate::generate::generate;
use crate::progress::{self, Phase};
use crate::stop::Stopped;

pub use plan::{Plan, With, plan};
pub use settings::Settings;

/// Fewest cells of a set: the test says nothing about fewer.
const FEWEST: usize = 4;
/// Cells of all other types together that a cell type is told apart from.
const OTHERS: usize = 1000;

/// Makes the results.
///
/// # Errors
/// When a setting does not fit the bundle, the device fails, or it was stopped: nothing is kept then.
pub fn precompute(bundle: &Bundle, settings: &Settings, stop: &AtomicBool) -> Result<Precomputed> {
    ensure!(settings.cells >= FEWEST, "--cells must be at least {FEWEST}; fewer cells cannot be tested");
    let plan = plan(&bundle.card, settings)?;
    let weights = bundle.card.files.get(WEIGHTS).context("the bundle's card does not name its weights")?;
    let made = Made {
        version: env!("CARGO_PKG_VERSION").to_owned(),
        device: settings.device.clone(),
        weights: weights.sha256.clone(),
        seed: settings.seed,
        guidance: bundle.card.guidance,
        steps: bundle.card.steps,
        cells: settings.cells,
        tested: bundle.card.genes.len(),
    };
    let shown = progress::counted("generating and testing", plan.sets as u64, "sets of cells");
    let mut work = Work { bundle, settings, stop, shown, found: Precomputed { made, ..Precomputed::default() } };
    if plan.is_one_sided() {
        for sets in plan.by_identity() {
            work.one_sided(&sets)?;
        }
    } else {
        for (control, perturbed) in &plan.groups {
            work.group(control, perturbed)?;
        }
    }
    Ok(work.found)
}

/// Writes the results into a bundle, and the card that names them; returns the bytes.
///
/// # Errors
/// When the folder cannot be written.
pub fn write(folder: &Path, card: &mut Card, found: &Precomputed) -> Result<usize> {
    let bytes = found.serialise()?;
    // What is shipped can be read: the page refuses the whole bundle otherwise.
    model::precomputed::read(&bytes, card)?;
    write_file(folder, card, PRECOMPUTED, &bytes)?;
    Ok(bytes.len())
}

/// Results in work.
struct Work<'a> {
    bundle: &'a Bundle,
    settings: &'a Settings,
    stop: &'a AtomicBool,
    shown: Phase,
    found: Precomputed,
}

impl Work<'_> {
    /// Log-normalised cells of some choices, or of their control.
    fn cells(&self, with: &With, perturbed: bool) -> Result<Normalised> {
        if self.stop.load(Ordering::Relaxed) {
            return Err(Stopped("stopped; the bundle is as it was".to_owned()).into());
        }
        let (card, settings) = (&self.bundle.card, self.settings);
        let asked = Choices {
            with: with.iter().map(|(key, value)| (key.clone(), vec![value.clone()])).collect(),
            guidance: card.guidance,
            steps: card.steps,
            cells: settings.cells,
            seed: settings.seed,
            clamp: Vec::new(),
        };
        let choices = if perturbed { asked } else { asked.of_control(card) };
        let made = generate(self.bundle, &choices, settings.effort, &ProgressBar::hidden())
            .with_context(|| format!("cells of {with:?} could not be made"))?;
        self.shown.advance(1);
        Ok(log_normalise(&made.counts, Target::Sum(card.target_sum)))
    }

    /// Places of the first cells on the bundle's map.
    fn points(&self, data: &Normalised) -> Vec<f32> {
        let map = &self.bundle.map;
        let pca = Pca {
            genes: map.genes.clone(),
            mean: map.mean.clone(),
            loadings: map.loadings.clone(),
            components: map.components,
        };
        let first: Vec<usize> = (0..data.cells().min(self.settings.points)).collect();
        cells::place::onto(&pca, &map.reference, &map.coordinates, &data.select(&first))
    }

    /// Adds a set that tells of these genes.
    fn add(&mut self, with: &With, data: &Normalised, genes: Vec<u32>) -> usize {
        let points = self.points(data);
        self.found.populations.push(keep::population(with, data, genes, points));
        self.found.populations.len() - 1
    }

    /// Control cells and everything that is compared with them.
    fn group(&mut self, with: &With, perturbed: &[With]) -> Result<()> {
        let markers = keep::places(&self.bundle.card, &self.bundle.card.markers);
        let control = self.cells(with, false)?;
        let mut compared: Vec<(With, Normalised, Vec<GeneShift>, Vec<u32>)> = Vec::new();
        for own in perturbed {
            let cells = self.cells(own, true)?;
            let shifts = compare(&control, &cells)?;
            let genes = keep::union([keep::surest(&shifts, self.settings.top), markers.clone()]);
            compared.push((own.clone(), cells, shifts, genes));
        }
        // The controls tell of every gene that one of their comparisons tells of.
        let genes = keep::union(compared.iter().map(|(_, _, _, genes)| genes.clone()).chain([markers]));
        let first = self.add(with, &control, genes);
        for (own, cells, shifts, genes) in compared {
            let second = self.add(&own, &cells, genes.clone());
            self.found.comparisons.push(keep::comparison((first, second), &shifts, &genes));
        }
        Ok(())
    }

    /// Sets of one identity without perturbations: what tells each apart from the others. A few cells of every other
    /// set stand for all of them.
    fn one_sided(&mut self, sets: &[With]) -> Result<()> {
        let markers = keep::places(&self.bundle.card, &self.bundle.card.markers);
        let made = sets.iter().map(|with| self.cells(with, false)).collect::<Result<Vec<_>>>()?;
        let few: Vec<usize> = (0..(OTHERS / sets.len().max(1)).clamp(1, self.settings.cells)).collect();
        let some: Vec<Normalised> = made.iter().map(|cells| cells.select(&few)).collect();
        for (place, (with, own)) in sets.iter().zip(&made).enumerate() {
            let mut others = Normalised::with_capacity(own.genes(), 0, 0);
            for (_, cells) in some.iter().enumerate().filter(|(other, _)| *other != place) {
                others.append(cells)?;
            }
            if others.cells() == 0 {
                self.add(with, own, keep::union([markers.clone()]));
                continue;
            }
            let shifts = compare(&others, own)?;
            let typical = keep::typical(&shifts);
            let genes = keep::union([keep::surest(&shifts, self.settings.top), typical.clone(), markers.clone()]);
            let added = self.add(with, own, genes);
            self.found.populations[added].typical = typical;
        }
        Ok(())
    }
}

/// The results in a line.
pub fn summary(found: &Precomputed, bytes: usize) -> String {
    let (sets, compared) = (found.populations.len(), found.comparisons.len());
    // Where nothing is compared, every set tells of genes of its own.
    let telling: Vec<usize> = match compared {
        0 => found.populations.iter().map(|own| own.genes.len()).collect(),
        _ => found.comparisons.iter().map(|own| found.populations[own.perturbed].genes.len()).collect(),
    };
    let each = telling.iter().sum::<usize>().checked_div(telling.len()).unwrap_or(0);
    format!(
        "{compared} comparisons and {sets} sets of {} cells, {each} genes each, {:.0} kB",
        found.made.cells,
        bytes as f64 / 1e3
    )
}
