//! What a network starts from: the regression of every gene on the conditions, how genes vary together, and how much
//! each varies by itself.
//!
//! Does: measures the statistics of genes, sets response factors and gates to the regression, the summary to the factors
//! that stand above the noise, and sizes to what is left; all of it before the first step.
//! Does not know: training.
//! Flow: training cells → `groups` → `effects` → `factors` → `assemble` → **network** → trainer.
//!
//! Means are right for every condition from the first step and related genes agree; what training adds is everything
//! that is not linear.

mod assemble;
mod effects;
mod factors;
mod groups;
mod sizes;

use burn::tensor::Device;
use cells::glm::{Adaptive, Strengths};
use model::config::ModelConfig;
use model::network::Network;
use model::statistics::{GeneStatistics, LARGEST_SIZE, SMALLEST_SIZE, ceiling_token};

use crate::data::TrainingSet;
use crate::output::say;
use effects::Effects;

/// Log-mean of a gene that was never counted.
const SILENT: f64 = -14.0;
/// Range of log-mean shifts before it is measured on the trained network (`export`).
const ANY_SHIFT: f32 = 20.0;

/// A network for a training set before its first step.
///
/// # Errors
/// When a store's shard cannot be read.
pub fn initialise(config: &ModelConfig, set: &TrainingSet, seed: u64, device: &Device) -> anyhow::Result<Network> {
    let sizes = groups::size_factors(set);
    let known = groups::known_size_factors(set, &sizes);
    let effects = Effects::fit(set, &sizes);
    let Strengths { identity, perturbation, pair, adaptive } = effects.regression.strengths;
    say(&format!(
        "regression of {} genes on {} condition values and {} pairs; held back: donors or lines by {identity}, \
         perturbations by {perturbation}, pairs by {pair}{}",
        set.genes(),
        set.condition_values(),
        set.pairs.len(),
        match adaptive {
            Adaptive::Not => "",
            Adaptive::None => "; effects of perturbations once more by their distribution over genes",
            Adaptive::Mean =>
                "; effects of perturbations once more by their distribution over genes, around their mean",
        }
    ));
    let statistics = statistics(set, &effects)?;
    let mut network = Network::init(config, statistics, set.pairs.clone(), seed, device);
    network = assemble::responses(network, set, &effects, &known);
    if config.summary > 0 {
        let found = factors::factors(set, &effects, &known, config.summary, seed);
        say(&format!("{} of {} factors stand above the noise", found.found, config.summary));
        network = assemble::summary(network, &found);
    }
    Ok(assemble::sizes(network, set, seed))
}

/// Statistics of genes as the regression sees them.
fn statistics(set: &TrainingSet, effects: &Effects) -> anyhow::Result<GeneStatistics> {
    let genes = set.genes();
    let largest = set.largest()?;
    let mut statistics = GeneStatistics::flat(genes);
    for (gene, fit) in effects.regression.fits.iter().enumerate() {
        let silent = !fit.intercept.is_finite();
        statistics.log_mean[gene] = if silent { SILENT } else { fit.intercept.max(SILENT) } as f32;
        let size = (1.0 / fit.overdispersion.max(1.0 / LARGEST_SIZE)).max(SMALLEST_SIZE);
        statistics.log_size[gene] = size.ln() as f32;
        statistics.scale[gene] = effects.regression.highest(gene).max(1.0) as f32;
        statistics.lowest[gene] = -ANY_SHIFT;
        statistics.highest[gene] = ANY_SHIFT;
        statistics.ceiling[gene] = ceiling_token(largest[gene]);
    }
    Ok(statistics)
}
