//! How long a recipe's training would take on this machine.
//!
//! Does: times a step of the recipe's sizes on random cells, few enough that it takes seconds, and says in a line what all
//! steps would take.
//! Does not know: the file's cells, GPUs.
//! Flow: recipe + pace of this machine → **a comment**.

use anyhow::{Context, Result};
use burn::tensor::Device;
use model::config::ModelConfig;

use crate::bench_train::{Asked, measure};
use crate::recipe::{Recipe, TrainingRecipe};

/// Cells per second that training of these sizes and settings reaches; the clock of an estimate.
pub type Pace<'a> = &'a dyn Fn(&ModelConfig, &TrainingRecipe) -> Result<f64>;

/// Operations of a step that is timed: a second or so of a few cores.
const OPERATIONS: f64 = 2e10;
/// Backward costs twice the forward pass.
const BOTH_WAYS: f64 = 3.0;

/// Cells per second on the CPU of this machine, by one timed step. A large network is timed with one block, and the others
/// are added by their operations.
///
/// # Errors
/// When the sizes do not fit together, or the step fails.
pub fn measured(config: &ModelConfig, training: &TrainingRecipe) -> Result<f64> {
    config.check()?;
    let mut timed = config.clone();
    if BOTH_WAYS * config.trunk_flops() > OPERATIONS {
        timed.blocks = 1;
    }
    let of_cell = BOTH_WAYS * (timed.trunk_flops() + timed.reading_flops());
    let most = training.batch / training.accumulate.max(1);
    let batch = ((OPERATIONS / of_cell) as usize).clamp(1, most.max(1));
    let recipe = TrainingRecipe { batch, accumulate: 1, ..training.clone() };
    let found = measure(&Asked { config: timed.clone(), recipe, steps: 1 }, &[Device::flex()])?;
    let number = |key: &str| found[key].as_f64().filter(|own| *own > 0.0).context("the step was not timed");
    let rest = BOTH_WAYS * (config.trunk_flops() - timed.trunk_flops());
    Ok(1.0 / (1.0 / number("cells_per_second")? + rest / (1e9 * number("gflops")?)))
}

/// Minutes for a sentence.
fn words(minutes: f64) -> String {
    match minutes {
        own if own < 1.0 => "less than a minute".to_owned(),
        own if own < 90.0 => format!("about {own:.0} minutes"),
        own if own < 48.0 * 60.0 => format!("about {:.0} hours ({own:.0} minutes)", own / 60.0),
        own => format!("about {:.0} days ({own:.0} minutes)", own / 1440.0),
    }
}

/// The line of a recipe that says what training would take.
pub(super) fn line(recipe: &Recipe, genes: usize, pace: Pace<'_>) -> String {
    let (slots, training) = (recipe.conditions.len().max(1), &recipe.training);
    // Values of conditions hardly count; what they are is known once cells were read.
    let config = recipe.model.config(genes, [slots, 12 * slots, 0]);
    let begin = format!("# {} steps of {} cells", training.steps, training.batch);
    match pace(&config, training) {
        Ok(pace) => {
            let minutes = (training.steps * training.batch) as f64 / pace / 60.0;
            let words = words(minutes);
            format!("{begin} take {words} on the CPU of this machine: an estimate from one timed step.\n")
        }
        Err(error) => format!("{begin}; what they take could not be estimated here ({error}).\n").replace(['\r'], " "),
    }
}

#[cfg(test)]
mod tests {
    // A test fails by panicking; that is what `unwrap` is for here.
    #![allow(clippy::unwrap_used)]
    use super::{measured, words};
    use crate::presets;
    use crate::recipe::{Sizes, TrainingRecipe};

    #[test]
    fn minutes_are_said_in_words() {
        assert_eq!(words(0.3), "less than a minute");
        assert_eq!(words(12.4), "about 12 minutes");
        assert_eq!(words(150.0), "about 2 hours (150 minutes)");
        assert_eq!(words(14_400.0), "about 10 days (14400 minutes)");
    }

    #[test]
    fn a_larger_network_is_slower_and_is_timed_as_quickly() {
        let pace = |name: &str, genes: usize| {
            let preset = presets::table(name).unwrap();
            let sizes: Sizes = preset["model"].clone().try_into().unwrap();
            let training: TrainingRecipe = preset["training"].clone().try_into().unwrap();
            measured(&sizes.config(genes, [4, 48, 0]), &training).unwrap()
        };
        let (page, small) = (pace("page", 500), pace("small", 2000));
        assert!(page > 4.0 * small && small > 0.0, "{page} and {small} cells per second");
    }
}
