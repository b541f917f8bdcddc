//! One batch learned by heart: the first thing that a training loop must be able to do.
//!
//! Does: repeats one masked batch with the trainer's own loss and optimiser until its genes are known.
//! Does not know: data, files.
//! Flow: network + batch → loss → optimiser, many times → **a loss near 0**.

use burn::tensor::Device;
use model::config::ModelConfig;
use model::loss::{Masked, loss};
use model::network::Network;
use model::pairs::Pairs;
use model::quantise::FIRST_CONDITION;
use model::random::Draws;
use model::statistics::GeneStatistics;
use train_native::optimise::{Optimiser, gradients, tracked};
use train_native::recipe::TrainingRecipe;

const CONFIG: ModelConfig = ModelConfig {
    genes: 40,
    group_size: 8,
    width: 32,
    blocks: 2,
    heads: 2,
    feed_width: 64,
    rank: 4,
    summary: 2,
    shape: 2,
    condition_slots: 1,
    condition_values: 4,
    pairs: 0,
};

/// Four cells of random counts, each with a condition of its own, so that every cell can be told apart.
fn batch() -> Masked {
    let mut draws = Draws::new(5, 1);
    let targets = (0..4 * 40).map(|_| draws.below(12) as u16).collect();
    let conditions = (0..4).map(|cell| FIRST_CONDITION + cell).collect();
    Masked::draw(targets, conditions, 40, 1.0, &mut draws)
}

#[test]
fn one_batch_is_learned_by_heart() {
    let device = Device::flex().autodiff();
    let recipe = TrainingRecipe {
        steps: 300,
        batch: 4,
        peak_rate: 1e-2,
        final_rate: 1e-2,
        warm_up: 1,
        weight_decay: 0.0,
        clip: 1.0,
        slots: 8,
        ema: vec![0.1],
        weighting: 1.0,
        start_rate: 0.1,
        patience: 0,
        accumulate: 1,
        precision: Default::default(),
        checkpointing: false,
        gene_table: None,
        validation: 0,
        keep: 1,
        without: Vec::new(),
        control_share: None,
        identity_from_controls: false,
        seed: 2,
    };
    let (batch, slots): (Masked, Vec<usize>) = (batch(), (0..8).collect());
    let fresh = Network::init(&CONFIG, GeneStatistics::flat(40), Pairs::default(), 2, &Device::flex());
    let mut network = tracked(fresh, &device);
    let mut optimiser = Optimiser::new(&recipe);
    let (mut first, mut last) = (f32::NAN, f32::NAN);
    for step in 0..recipe.steps {
        let value = loss(&network, &batch, &slots);
        last = value.clone().into_scalar::<f32>();
        if step == 0 {
            first = last;
        }
        (network, _) = {
            let found = gradients(&network, &value);
            optimiser.step(network, &found, recipe.peak_rate, step)
        };
    }
    // Twelve values at random cost ln 12 = 2.5 nats each until they are learned; the first loss is higher,
    // because nothing says yet which of the 281 values occur.
    assert!(first > 2.0, "the first loss is {first}");
    assert!(last < 0.02 * first, "the loss went from {first} to {last}");
}
