//! Ways to compute a step that must not change what it learns: several devices, bf16, recomputed activations.
//!
//! Does: compares gradients, weights and loss curves with those of the plain step.
//! Does not know: GPUs; the same comparisons run there by `wellplate bench`.
//! Flow: one step, several ways → **the same numbers, within stated rounding**.

use std::path::Path;
use std::sync::Arc;

use burn::tensor::{Device, Tensor};
use cells::h5ad::write_h5ad;
use cells::synthetic::synthetic;
use model::config::ModelConfig;
use model::loss::{Masked, loss};
use model::network::Network;
use model::pairs::Pairs;
use model::quantise::FIRST_CONDITION;
use model::random::Draws;
use train_native::optimise::{Gradients, Optimiser, gradients, tracked};
use train_native::recipe::{Precision, Recipe, TrainingRecipe};
use train_native::replicas::{Replicas, lowered};
use train_native::train::{Order, train};

use crate::networks::{awake, statistics};
use crate::pipeline::SPEC;

const CONFIG: ModelConfig = ModelConfig {
    genes: 90,
    group_size: 8,
    width: 32,
    blocks: 2,
    heads: 2,
    feed_width: 64,
    rank: 8,
    summary: 2,
    shape: 2,
    condition_slots: 2,
    condition_values: 6,
    pairs: 2,
};
const SLOTS: [usize; 8] = [0, 1, 2, 3, 4, 5, 6, 7];

fn recipe() -> TrainingRecipe {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../train-native/recipes/synthetic.toml");
    Recipe::read(&path).unwrap().training
}

fn network(device: &Device) -> Network {
    let token = |place: i32| FIRST_CONDITION + place;
    let pairs = Pairs::new([[token(0), token(1)], [token(2), token(3)]]);
    tracked(awake(&CONFIG, statistics(90), pairs, (4, 0.5), &Device::flex()), device)
}

fn batch(seed: u64) -> Masked {
    let mut draws = Draws::new(seed, 9);
    let targets = (0..8 * 90).map(|_| draws.below(9) as u16).collect();
    let conditions = (0..16).map(|label| FIRST_CONDITION + label % 6).collect();
    Masked::draw(targets, conditions, 90, 0.0, &mut draws)
}

fn values(tensor: &Tensor<2>) -> Vec<f64> {
    tensor.clone().into_data().iter::<f32>().map(f64::from).collect()
}

/// Cosine of the angle between two gradients, and the ratio of their lengths.
fn agreement(a: &Tensor<2>, b: &Tensor<2>) -> (f64, f64) {
    let (a, b) = (values(a), values(b));
    let dot = |x: &[f64], y: &[f64]| x.iter().zip(y).map(|(x, y)| x * y).sum::<f64>();
    let (aa, bb) = (dot(&a, &a), dot(&b, &b));
    if aa < 1e-18 {
        return (1.0, 1.0);
    }
    (dot(&a, &b) / (aa * bb).sqrt(), (bb / aa).sqrt())
}

fn plain(device: &Device) -> (Network, Gradients, f64) {
    let own = network(device);
    let value = loss(&own, &batch(1), &SLOTS);
    let found = gradients(&own, &value);
    (own, found, f64::from(value.into_scalar::<f32>()))
}

#[test]
fn recomputed_activations_give_the_same_gradients() {
    let (_, expected, nats) = plain(&Device::flex().autodiff());
    let (_, found, again) = plain(&Device::flex().autodiff().gradient_checkpointing());
    assert_eq!(nats, again);
    assert_eq!(expected.len(), found.len());
    for (name, gradient) in &expected {
        let worst = values(gradient).iter().zip(values(&found[name])).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max);
        // The same operations once more; sums may come in another order.
        assert!(worst < 1e-7, "{name}: {worst}");
    }
}

#[test]
fn activations_are_recomputed_at_every_step() {
    let device = Device::flex().autodiff().gradient_checkpointing();
    let (settings, strategy) = (recipe(), device.gradient_checkpointing_strategy());
    let mut recomputing =
        Replicas::new(network(&device), Optimiser::new(&settings), std::slice::from_ref(&device), &settings);
    let keeping = Device::flex().autodiff();
    let mut plain = Replicas::new(network(&keeping), Optimiser::new(&settings), &[keeping], &settings);
    for step in 0..3 {
        let (a, nats) = recomputing.gradients(&batch(step as u64), &SLOTS).unwrap();
        let (b, expected) = plain.gradients(&batch(step as u64), &SLOTS).unwrap();
        assert!((nats - expected).abs() < 1e-6, "step {step}: {nats} and {expected}");
        recomputing.step(&a, 1e-3, step);
        plain.step(&b, 1e-3, step);
        let own = recomputing.network().parameters();
        assert!(own.iter().all(|(_, tensor)| tensor.gradient_checkpointing_strategy() == strategy), "step {step}");
    }
    assert_ne!(strategy, plain.network().device().gradient_checkpointing_strategy());
}

#[test]
fn bf16_products_keep_the_direction_of_every_gradient() {
    let device = Device::flex().autodiff();
    let (own, expected, nats) = plain(&device);
    let value = loss(&lowered(&own, Precision::Bf16), &batch(1), &SLOTS);
    let found = gradients(&own, &value);
    let low = f64::from(value.into_scalar::<f32>());
    // bf16 has 8 bits: a relative error of 1/256 per product, averaged over many.
    assert!((low - nats).abs() < 0.01 * nats, "{low} is not {nats}");
    assert_ne!(low, nats, "something was computed in bf16");
    assert_eq!(expected.len(), found.len(), "the f32 weights have gradients");
    for (name, gradient) in &expected {
        let (cosine, ratio) = agreement(gradient, &found[name]);
        assert!(cosine > 0.99 && (0.95..1.05).contains(&ratio), "{name}: cosine {cosine}, ratio {ratio}");
    }
}

#[test]
fn two_devices_step_as_one_that_computes_in_two_parts() {
    let device = Device::flex().autodiff();
    let settings = TrainingRecipe { accumulate: 1, ..recipe() };
    let start = |count: usize, settings: &TrainingRecipe| {
        Replicas::new(network(&device), Optimiser::new(settings), &vec![device.clone(); count], settings)
    };
    let (mut one, mut two) = (start(1, &settings), start(2, &settings));
    let halves = TrainingRecipe { accumulate: 2, ..settings };
    let mut parts = start(1, &halves);
    for step in 0..6 {
        let own = batch(step as u64);
        let (a, nats) = one.gradients(&own, &SLOTS).unwrap();
        let (b, shared) = two.gradients(&own, &SLOTS).unwrap();
        let (c, _) = parts.gradients(&own, &SLOTS).unwrap();
        // Sums of f32 in another order.
        assert!((nats - shared).abs() < 1e-6 * nats, "step {step}: {nats} and {shared}");
        let norms = (one.step(&a, 1e-3, step), two.step(&b, 1e-3, step));
        parts.step(&c, 1e-3, step);
        assert!((norms.0 - norms.1).abs() < 1e-4 * norms.0, "step {step}: {norms:?}");
    }
    for ((name, a), (_, b)) in two.network().parameters().iter().zip(parts.network().parameters()) {
        assert_eq!(values(&a.clone().inner()), values(&b.inner()), "{name}");
    }
}

#[test]
fn the_loss_curve_of_two_devices_is_that_of_one() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("cells.h5ad");
    let cells = synthetic(&SPEC, 3).unwrap().0;
    std::fs::write(&data, write_h5ad(&cells, &std::collections::BTreeMap::new()).unwrap()).unwrap();
    let recipe = Path::new(env!("CARGO_MANIFEST_DIR")).join("../train-native/recipes/synthetic.toml");
    let curve = |name: &str, devices: &[Device]| -> Vec<f64> {
        let out = folder.path().join(name);
        let (data, recipe) = (data.clone(), recipe.clone());
        let order = Order {
            data,
            recipe,
            out: out.clone(),
            save_every: 50,
            save_minutes: None,
            stop_after: Some(40),
            stop: Arc::default(),
        };
        train(&order, devices).unwrap();
        let events = std::fs::read_to_string(out.join("events.jsonl")).unwrap();
        let events = events.lines().map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap());
        events.filter(|event| event["event"] == "step").map(|e| e["bits_per_gene"].as_f64().unwrap()).collect()
    };
    let (one, two) = (curve("one", &[Device::flex()]), curve("two", &[Device::flex(), Device::flex()]));
    assert_eq!((one.len(), two.len()), (40, 40));
    for (step, (a, b)) in one.iter().zip(&two).enumerate() {
        // Rounding grows along a run; the curves themselves fall by more than a tenth.
        assert!((a - b).abs() < 2e-3 * a, "step {step}: {a} and {b}");
    }
    // Devices that do not divide a batch are refused before anything is trained.
    let order = Order {
        data,
        recipe,
        out: folder.path().join("three"),
        save_every: 50,
        save_minutes: None,
        stop_after: Some(1),
        stop: Arc::default(),
    };
    let error = train(&order, &vec![Device::flex(); 3]).unwrap_err();
    assert!(error.to_string().contains("multiple of 3"), "{error:#}");
}
