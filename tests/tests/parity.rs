//! The network against an independent PyTorch implementation (`tests/parity`).
//!
//! Does: forward pass layer by layer, logits, loss, gradients of every parameter, one AdamW step, and
//! the guided sampler given the same uniform numbers.
//! Does not know: how either side works inside.

use std::collections::BTreeMap;

use burn::tensor::{Device, Tensor};
use model::config::ModelConfig;
use model::decode::{Decoder, Wanted};
use model::loss::{Masked, hidden_of, loss};
use model::network::Network;
use model::quantise::MASK;
use model::schedule::cosine_schedule;
use model::weights::{Precision, Tensors, load, save};
use safetensors::SafeTensors;
use train_native::optimise::{Optimiser, gradients, tracked};

const FIXTURE: &[u8] = include_bytes!("../parity/fixture.safetensors");

fn config() -> ModelConfig {
    ModelConfig {
        genes: 37,
        group_size: 8,
        width: 16,
        blocks: 2,
        heads: 2,
        feed_width: 24,
        rank: 4,
        summary: 3,
        condition_slots: 4,
        condition_values: 9,
    }
}

struct Fixture(SafeTensors<'static>);

impl Fixture {
    fn read() -> Self {
        Self(SafeTensors::deserialize(FIXTURE).unwrap())
    }

    fn floats(&self, name: &str) -> Vec<f32> {
        let view = self.0.tensor(name).unwrap();
        view.data().chunks_exact(4).map(|b| f32::from_le_bytes(b.try_into().unwrap())).collect()
    }

    fn integers(&self, name: &str) -> Vec<i32> {
        let view = self.0.tensor(name).unwrap();
        view.data().chunks_exact(4).map(|b| i32::from_le_bytes(b.try_into().unwrap())).collect()
    }

    /// The fixture's weights through our own weight format.
    fn network(&self, device: &Device) -> Network {
        let mut tensors = Tensors::default();
        for name in self.0.names() {
            let Some(key) = name.strip_prefix("param.") else { continue };
            let shape = self.0.tensor(name).unwrap().shape().to_vec();
            if key == "permutation" {
                tensors.integers(key, &shape, &self.integers(name));
            } else {
                tensors.floats(key, &shape, &self.floats(name), Precision::Full);
            }
        }
        load(&tensors.serialise().unwrap(), &config(), device).unwrap()
    }

    fn batch(&self) -> Masked {
        let tokens = |name: &str| self.integers(name).iter().map(|token| *token as u16).collect();
        Masked {
            tokens: tokens("tokens"),
            targets: tokens("targets"),
            weight: self.floats("probability").iter().map(|p| 1.0 / p).collect(),
            conditions: self.integers("conditions"),
            learns: Vec::new(),
            genes: 37,
        }
    }
}

/// Largest difference, relative to the largest expected value.
fn worst(found: &[f32], expected: &[f32]) -> f32 {
    assert_eq!(found.len(), expected.len());
    let size = expected.iter().fold(1e-12_f32, |size, value| size.max(value.abs()));
    found.iter().zip(expected).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max) / size
}

fn values<const D: usize>(tensor: Tensor<D>) -> Vec<f32> {
    tensor.into_data().iter::<f32>().collect()
}

#[test]
fn forward_pass_layer_by_layer() {
    let fixture = Fixture::read();
    let device = Device::flex();
    let network = fixture.network(&device);
    let batch = fixture.batch();
    let tables = network.tables();
    let compressed = network.read(&tables, &batch.tokens).compressed;
    // f32 sums in another order: 1e-5 of the largest value.
    assert!(worst(&values(compressed), &fixture.floats("layer.compressed")) < 1e-5);
    let hidden = hidden_of(&network, &tables, &batch);
    assert!(worst(&values(hidden.groups.clone()), &fixture.floats("layer.final")) < 1e-5);
    assert!(worst(&values(hidden.gates.clone()), &fixture.floats("layer.gates")) < 1e-5);
    let genes: Vec<u32> = (0..37).collect();
    let logits = Decoder::new(&network).logits(&hidden.narrow(0, 1), &genes);
    assert!(worst(&values(logits), &fixture.floats("layer.logits")) < 1e-5);
}

#[test]
fn loss_gradients_and_one_step() {
    let fixture = Fixture::read();
    let device = Device::flex().autodiff();
    let network = tracked(fixture.network(&Device::flex()), &device);
    let slots: Vec<usize> = (0..8).collect();
    let value = loss(&network, &fixture.batch(), &slots);
    let found: f32 = value.clone().into_scalar();
    assert!((found - fixture.floats("loss")[0]).abs() < 1e-5 * found.abs(), "{found}");
    let gradients = value.backward();
    for (name, tensor) in network.parameters() {
        let gradient = values(tensor.grad(&gradients).unwrap_or_else(|| panic!("no gradient for {name}")));
        let difference = worst(&gradient, &fixture.floats(&format!("grad.{name}")));
        // Two different orders of summation and a hand-written loss gradient: 1e-4 of the largest.
        assert!(difference < 1e-4, "{name}: {difference}");
    }
}

#[test]
fn a_half_precision_file_comes_back_close() {
    let device = Device::flex();
    let network = Fixture::read().network(&device);
    let again = load(&save(&network, Precision::Half).unwrap(), &config(), &device).unwrap();
    let by_name: BTreeMap<String, Tensor<2>> = again.parameters().into_iter().collect();
    for (name, tensor) in network.parameters() {
        // f16 keeps 11 bits: 2⁻¹¹ of each value, so 5e-4 of the largest.
        assert!(worst(&values(by_name[&name].clone()), &values(tensor)) < 5e-4, "{name}");
    }
    assert!(load(&[1, 2, 3], &config(), &device).is_err());
    let other = ModelConfig { width: 32, ..config() };
    assert!(load(&save(&network, Precision::Full).unwrap(), &other, &device).is_err());
}

#[test]
fn gene_tables_in_bytes_come_back_close_and_small() {
    let device = Device::flex();
    let network = Fixture::read().network(&device);
    let (half, bytes) = (save(&network, Precision::Half).unwrap(), save(&network, Precision::Bytes).unwrap());
    let again = load(&bytes, &config(), &device).unwrap();
    let by_name: BTreeMap<String, Tensor<2>> = again.parameters().into_iter().collect();
    let in_bytes = ["gene_embedding", "summary.effect_genes", "summary.factors"];
    let mut tables = 0;
    for (name, tensor) in network.parameters() {
        let columns = tensor.dims()[1];
        let (found, expected) = (values(by_name[&name].clone()), values(tensor));
        if !in_bytes.contains(&name.as_str()) {
            assert!(worst(&found, &expected) < 5e-4, "{name}: f16, as above");
            continue;
        }
        tables += 1;
        for (found, expected) in found.chunks(columns).zip(expected.chunks(columns)) {
            // Half a step is 1/254 of a row's largest value; a rounding of f32 comes on top.
            let largest = expected.iter().fold(0.0_f32, |largest, value| largest.max(value.abs()));
            let error = found.iter().zip(expected).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
            assert!(error <= largest / 253.0, "{name}: {error} of {largest}");
        }
    }
    assert_eq!(tables, 3, "a table was renamed and is stored in f16 again");
    // Two of three bytes of a wide table are saved, less four for a row's step.
    println!("{} bytes in f16, {} with gene tables in bytes", half.len(), bytes.len());
    // A file that lost a table's steps is refused by name.
    let whole = SafeTensors::deserialize(&bytes).unwrap();
    let others = whole.tensors().into_iter().filter(|(name, _)| name != "gene_embedding.step");
    let error = load(&safetensors::serialize(others, None).unwrap(), &config(), &device).unwrap_err();
    assert!(error.to_string().contains("gene_embedding.step"), "{error}");
}

#[test]
fn adamw_takes_the_same_step() {
    let fixture = Fixture::read();
    let device = Device::flex().autodiff();
    let network = tracked(fixture.network(&Device::flex()), &device);
    let recipe = train_native::recipe::TrainingRecipe {
        steps: 1,
        batch: 3,
        peak_rate: 1e-2,
        final_rate: 1e-2,
        warm_up: 0,
        weight_decay: 0.1,
        clip: 0.05,
        slots: 8,
        ema: vec![0.05],
        weighting: 1.0,
        accumulate: 1,
        precision: Default::default(),
        checkpointing: false,
        gene_table: None,
        validation: 0,
        keep: 1,
        without: Vec::new(),
        control_share: None,
        identity_from_controls: false,
        seed: 1,
    };
    let slots: Vec<usize> = (0..8).collect();
    let value = loss(&network, &fixture.batch(), &slots);
    let found = gradients(&network, &value);
    let (stepped, norm) = Optimiser::new(&recipe).step(network, &found, 1e-2, 0);
    let expected = f64::from(fixture.floats("norm")[0]);
    assert!((norm - expected).abs() < 1e-4 * expected, "{norm} {expected}");
    for (name, tensor) in stepped.parameters() {
        if ["compress", "blocks.1.feed_in", "head"].contains(&name.as_str()) {
            let found = values(tensor.inner());
            let expected = fixture.floats(&format!("stepped.{name}"));
            // A first AdamW step moves by ± the rate; where a gradient is near 0 its sign may differ by
            // rounding, so a few values in a thousand may be off by up to twice the rate.
            let off = found.iter().zip(&expected).filter(|(a, b)| (*a - *b).abs() > 1e-4).count();
            assert!(off * 200 <= found.len(), "{name}: {off} of {} differ", found.len());
        }
    }
}

#[test]
fn the_guided_sampler_draws_the_same_tokens() {
    let fixture = Fixture::read();
    let device = Device::flex();
    let network = fixture.network(&device);
    let decoder = Decoder::new(&network);
    let tables = network.tables();
    let (conditions, null) = (fixture.integers("conditions"), fixture.integers("null"));
    let (order, uniforms) = (fixture.integers("order"), fixture.floats("uniforms"));
    let mut batch = fixture.batch();
    batch.tokens = vec![MASK as u16; 3 * 37];
    let mut done = 0;
    for upto in cosine_schedule(37, 3) {
        // Guided and unguided cells in one batch, as the sampler runs them.
        let mut both = batch.clone();
        both.tokens.extend_from_slice(&batch.tokens);
        both.targets.extend_from_slice(&batch.targets);
        both.weight.extend_from_slice(&batch.weight);
        both.conditions = [conditions.clone(), null.clone()].concat();
        let hidden = hidden_of(&network, &tables, &both).composed(2, 3.0);
        let wanted: Vec<Wanted> = (0..3)
            .flat_map(|cell| order[cell * 37 + done..cell * 37 + upto].iter().map(move |gene| (cell, *gene as u32)))
            .map(|(cell, gene)| Wanted { state: cell as u32, gene, uniform: uniforms[cell * 37 + gene as usize] })
            .collect();
        // Small chunks, so that several are needed.
        for chunk in decoder.plan(&wanted, 20) {
            let drawn: Vec<i32> = decoder.draw(&hidden, &wanted, &chunk).into_data().iter::<i32>().collect();
            for (row, index) in chunk.placed() {
                let want = wanted[index as usize];
                batch.tokens[want.state as usize * 37 + want.gene as usize] = drawn[row] as u16;
            }
        }
        done = upto;
    }
    let (sampled, margin) = (fixture.integers("sampled"), fixture.floats("margin"));
    assert!(margin.iter().all(|margin| *margin > 1e-6), "the fixture has a near tie; choose another seed");
    let found: Vec<i32> = batch.tokens.iter().map(|token| i32::from(*token)).collect();
    assert_eq!(found, sampled);
}

#[test]
fn half_precision_products_stay_close() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../assets/models/pbmc-ifnb");
    let json = std::fs::read(folder.join(model::bundle::CARD)).unwrap();
    let card = model::bundle::read_card(&json).unwrap();
    let files: BTreeMap<String, Vec<u8>> =
        card.files.keys().map(|name| (name.clone(), std::fs::read(folder.join(name)).unwrap())).collect();
    let read = || model::bundle::Bundle::read(&json, &files, &Device::flex()).unwrap();
    let error = |bundle: &model::bundle::Bundle| train_native::generate::wait(bundle.golden_error()).unwrap();
    let (full, half) = (error(&read()), error(&read().halved()));
    // Logits of the shipped model reach 15, where neighbouring f16 numbers are 0.008 apart: errors of some such
    // steps are expected, and none at all would mean that nothing was halved.
    assert!(full < 1e-3, "f32: {full}");
    assert!((1e-3..0.15).contains(&half), "f16: {half}");
}
