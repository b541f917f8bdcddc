//! The network against an independent PyTorch implementation (`tests/parity`).
//!
//! Does: forward pass block by block, shifts, log-probabilities, loss, gradients of every parameter, one AdamW step, and
//! the cells of guided, composed and plain requests, drawn from the same seed and key.
//! Does not know: how either side works inside. The other side computes in double precision and by other formulas.

use std::collections::BTreeMap;

use burn::tensor::{Device, Tensor};
use model::config::ModelConfig;
use model::decode::Decoder;
use model::loss::{Masked, UNMEASURED, hidden_of, loss};
use model::network::Network;
use model::quantise::{MASK, VOCABULARY};
use model::sample::{Effort, Request, Run};
use model::weights::{Precision, Tensors, load, save};
use safetensors::SafeTensors;
use serde_json::Value;
use train_native::generate::wait;
use train_native::optimise::{Optimiser, gradients, tracked};

const FIXTURE: &[u8] = include_bytes!("../parity/fixture.safetensors");
const GENES: usize = 37;

fn config() -> ModelConfig {
    ModelConfig {
        genes: GENES,
        group_size: 8,
        width: 16,
        blocks: 2,
        heads: 2,
        feed_width: 24,
        rank: 4,
        summary: 3,
        shape: 2,
        condition_slots: 4,
        condition_values: 10,
        pairs: 3,
    }
}

struct Fixture(SafeTensors<'static>);

impl Fixture {
    fn read() -> Self {
        Self(SafeTensors::deserialize(FIXTURE).unwrap())
    }

    fn floats(&self, name: &str) -> Vec<f32> {
        let view = self.0.tensor(name).unwrap();
        assert_eq!(view.dtype(), safetensors::Dtype::F32, "{name}");
        view.data().chunks_exact(4).map(|b| f32::from_le_bytes(b.try_into().unwrap())).collect()
    }

    fn integers(&self, name: &str) -> Vec<i32> {
        let view = self.0.tensor(name).unwrap();
        assert_eq!(view.dtype(), safetensors::Dtype::I32, "{name}");
        view.data().chunks_exact(4).map(|b| i32::from_le_bytes(b.try_into().unwrap())).collect()
    }

    /// The fixture's weights through our own weight format.
    fn network(&self, device: &Device) -> Network {
        let mut tensors = Tensors::default();
        for name in self.0.names() {
            let Some(key) = name.strip_prefix("param.") else { continue };
            let view = self.0.tensor(name).unwrap();
            match view.dtype() {
                safetensors::Dtype::I32 => tensors.integers(key, view.shape(), &self.integers(name)),
                _ => tensors.floats(key, view.shape(), &self.floats(name), Precision::Full),
            }
        }
        load(&tensors.serialise().unwrap(), &config(), device).unwrap()
    }

    fn batch(&self) -> Masked {
        let tokens = |name: &str| self.integers(name).iter().map(|token| *token as u16).collect();
        Masked {
            tokens: tokens("tokens"),
            targets: tokens("targets"),
            weight: self.floats("weight"),
            conditions: self.integers("conditions"),
            learns: self.floats("learns"),
            genes: GENES,
        }
    }

    /// Positions of all genes, cell after cell: the other side keeps shifts in gene order.
    fn in_gene_order(&self, network: &Network, placed: &[f32]) -> Vec<f32> {
        let width = network.layout.padded();
        let of_cell =
            |row: &[f32]| (0..GENES as u32).map(|gene| row[network.layout.position(gene)]).collect::<Vec<_>>();
        placed.chunks(width).flat_map(of_cell).collect()
    }

    /// A request of the fixture.
    fn request(&self, name: &str) -> Request {
        let (_, header) = SafeTensors::read_metadata(FIXTURE).unwrap();
        let text = &header.metadata().as_ref().unwrap()[name];
        let asked: Value = serde_json::from_str(text).unwrap();
        let whole = |value: &Value| value.as_i64().unwrap() as i32;
        let list = |value: &Value| value.as_array().unwrap().iter().map(whole).collect::<Vec<_>>();
        let pairs = |name: &str| asked[name].as_array().unwrap().clone();
        let composed = asked.get("composed").map(|own| (whole(&own[0]) as usize, list(&own[1])));
        let range = |own: &Value| [0, 1].map(|side| own[side].as_f64().unwrap() as f32);
        Request {
            labels: pairs("labels").iter().map(|own| (list(&own[0]), own[1].as_f64().unwrap())).collect(),
            composed,
            null: pairs("null").iter().map(|own| own.as_i64().map(|token| token as i32)).collect(),
            guidance: asked["guidance"].as_f64().unwrap() as f32,
            steps: whole(&asked["steps"]) as usize,
            cells: whole(&asked["cells"]) as usize,
            first: 0,
            seed: asked["seed"].as_u64().unwrap(),
            key: asked["key"].as_u64().unwrap(),
            clamp: pairs("clamp").iter().map(|own| (whole(&own[0]) as u32, whole(&own[1]) as u32)).collect(),
            totals: asked["totals"]
                .as_object()
                .unwrap()
                .iter()
                .map(|(k, own)| (k.parse().unwrap(), range(own)))
                .collect(),
            expects: true,
            draws_factors: asked.get("draws_factors").is_some_and(|own| own == true),
            given: Vec::new(),
        }
    }
}

/// Largest difference, relative to the largest expected value.
fn worst(found: &[f32], expected: &[f32]) -> f32 {
    assert_eq!(found.len(), expected.len());
    let size = expected.iter().fold(1e-12_f32, |size, value| size.max(value.abs()));
    // What is not a number must not pass as small.
    let larger = |worst: f32, error: f32| if error <= worst { worst } else { error };
    found.iter().zip(expected).map(|(a, b)| (a - b).abs()).fold(0.0, larger) / size
}

fn values<const D: usize>(tensor: Tensor<D>) -> Vec<f32> {
    tensor.into_data().iter::<f32>().collect()
}

#[test]
fn the_fixture_has_every_class_of_values() {
    let fixture = Fixture::read();
    let network = fixture.network(&Device::flex());
    let classes = network.layout.value_classes(&network.statistics.ceiling);
    assert_eq!(classes.iter().map(|class| class.width).collect::<Vec<_>>(), [8, 32, 96, 288]);
    assert_eq!(network.layout.padded(), 40, "the last group is padded");
    let batch = fixture.batch();
    assert!(batch.tokens.iter().any(|token| (100..281).contains(token)), "counts above 100 are read");
    let above =
        |(index, target): (usize, &u16)| *target != UNMEASURED && *target > network.statistics.ceiling[index % GENES];
    assert!(batch.targets.iter().enumerate().any(above), "a count above its ceiling");
    assert!(batch.targets.contains(&UNMEASURED) && batch.learns.contains(&0.0));
}

#[test]
fn forward_pass_block_by_block() {
    let fixture = Fixture::read();
    let device = Device::flex();
    let network = fixture.network(&device);
    let batch = fixture.batch();
    for blocks in 0..=2 {
        let mut part = network.clone();
        part.blocks.truncate(blocks);
        let hidden = hidden_of(&part, &part.tables(), &batch);
        let of = |name: &str| fixture.floats(&format!("layer.{blocks}.{name}"));
        let shifts = fixture.in_gene_order(&network, &values(hidden.shifts));
        // f32 sums in another order: found within 4e-7 of the largest value.
        for (name, found) in [("groups", values(hidden.groups)), ("shifts", shifts), ("shapes", values(hidden.shapes))]
        {
            let difference = worst(&found, &of(name));
            assert!(difference < 3e-6, "{name} after {blocks} blocks: {difference}");
        }
    }
    // Without blocks, and with nothing read from the rows, shifts are those of conditions, pairs and the summary.
    let mut bare = network.clone();
    bare.blocks.clear();
    (bare.mean_gain, bare.gate_hidden) = (bare.mean_gain.zeros_like(), bare.gate_hidden.zeros_like());
    let shifts = hidden_of(&bare, &bare.tables(), &batch).shifts;
    let difference = worst(&fixture.in_gene_order(&network, &values(shifts)), &fixture.floats("bare.shifts"));
    assert!(difference < 3e-6, "{difference}");
}

#[test]
fn distributions_of_all_genes() {
    let fixture = Fixture::read();
    let network = fixture.network(&Device::flex());
    let hidden = hidden_of(&network, &network.tables(), &fixture.batch());
    let genes: Vec<u32> = (0..GENES as u32).collect();
    let logits = values(Decoder::new(&network).logits(&hidden, &genes));
    let expected = fixture.floats("log_probabilities");
    assert_eq!(logits.len(), expected.len());
    let mut possible = 0;
    for (row, (logits, expected)) in logits.chunks(VOCABULARY).zip(expected.chunks(VOCABULARY)).enumerate() {
        let most = logits.iter().fold(f32::NEG_INFINITY, |most, logit| most.max(*logit));
        let sum: f64 = logits.iter().map(|logit| f64::from(logit - most).exp()).sum();
        let log_sum = f64::from(most) + sum.ln();
        for (value, (logit, expected)) in logits.iter().zip(expected).enumerate() {
            let found = f64::from(*logit) - log_sum;
            if *expected < -1e8 {
                // Above the ceiling: exp of it is exactly 0 in f32.
                assert!(found < -1e8, "gene {}, value {value}: {found}", row % GENES);
                continue;
            }
            possible += 1;
            let expected = f64::from(*expected);
            // Counts up to 10,000 times a slope with f32's seven digits: found within 2e-5.
            let allowed = 5e-5 + 2e-6 * expected.abs();
            assert!((found - expected).abs() < allowed, "gene {}, value {value}: {found} and {expected}", row % GENES);
        }
    }
    let ceilings = &network.statistics.ceiling;
    assert_eq!(possible, 3 * ceilings.iter().map(|token| usize::from(*token) + 1).sum::<usize>());
}

#[test]
fn loss_and_gradients_of_every_parameter() {
    let fixture = Fixture::read();
    let device = Device::flex().autodiff();
    let network = tracked(fixture.network(&Device::flex()), &device);
    let batch = fixture.batch();
    let slots: Vec<usize> = (0..8).collect();
    let value = loss(&network, &batch, &slots);
    let close = |name: &str, found: f32| {
        let expected = fixture.floats(name)[0];
        // A sum of some dozens of log-probabilities: found within 1e-7.
        assert!((found - expected).abs() < 2e-6 * expected, "{name}: {found} and {expected}");
    };
    close("loss", value.clone().into_scalar());
    close("loss.some", loss(&network, &batch, &[1, 4, 7]).into_scalar());
    let gradients = value.backward();
    let mut compared = 0;
    for (name, tensor) in network.parameters() {
        let gradient = values(tensor.grad(&gradients).unwrap_or_else(|| panic!("no gradient for {name}")));
        let difference = worst(&gradient, &fixture.floats(&format!("grad.{name}")));
        // Sums in another order, and a gradient of the loss that is written out: found within 2e-6 of the largest.
        assert!(difference < 1e-5, "{name}: {difference}");
        compared += 1;
    }
    assert_eq!(compared, 19 + 2 * 6);
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
    let (own, found) = (&network.statistics, &again.statistics);
    assert_eq!((own.ceiling.clone(), network.pairs.clone()), (found.ceiling.clone(), again.pairs.clone()));
    let columns = |own: &model::statistics::GeneStatistics| {
        [own.log_mean.clone(), own.log_size.clone(), own.scale.clone(), own.lowest.clone(), own.highest.clone()]
    };
    for (own, found) in columns(own).iter().zip(&columns(found)) {
        assert!(worst(found, own) < 5e-4);
    }
    assert!(load(&[1, 2, 3], &config(), &device).is_err());
    for other in [
        ModelConfig { width: 32, ..config() },
        ModelConfig { shape: 3, ..config() },
        ModelConfig { pairs: 2, ..config() },
    ] {
        assert!(load(&save(&network, Precision::Full).unwrap(), &other, &device).is_err(), "{other:?}");
    }
}

#[test]
fn gene_tables_in_bytes_come_back_close_and_small() {
    let device = Device::flex();
    let network = Fixture::read().network(&device);
    let (half, bytes) = (save(&network, Precision::Half).unwrap(), save(&network, Precision::Bytes).unwrap());
    let again = load(&bytes, &config(), &device).unwrap();
    let by_name: BTreeMap<String, Tensor<2>> = again.parameters().into_iter().collect();
    let in_bytes = ["gene_embedding"];
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
    assert_eq!(tables, in_bytes.len(), "a table was renamed and is stored in f16 again");
    // A byte for every number in place of two, and four for a row's step.
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
        seed: 1,
    };
    let slots: Vec<usize> = (0..8).collect();
    let value = loss(&network, &fixture.batch(), &slots);
    let found = gradients(&network, &value);
    let (stepped, norm) = Optimiser::new(&recipe).step(network, &found, 1e-2, 0);
    let expected = f64::from(fixture.floats("norm")[0]);
    assert!((norm - expected).abs() < 1e-5 * expected, "{norm} {expected}");
    let scale = (0.05 / norm) as f32;
    let (mut sure, mut all) = (0, 0);
    for (name, tensor) in stepped.parameters() {
        let found = values(tensor.inner());
        let expected = fixture.floats(&format!("stepped.{name}"));
        let gradient = fixture.floats(&format!("grad.{name}"));
        let largest = gradient.iter().fold(0.0_f32, |largest, own| largest.max(own.abs()));
        for ((found, expected), gradient) in found.iter().zip(&expected).zip(&gradient) {
            // A first step moves by the rate times g / (|g| + 1e-8). Where g is no larger than its own rounding its sign is
            // nobody's, and the step may differ by twice the rate; everywhere else it is the rate, and weight decay.
            let is_sure = (gradient * scale).abs() > 1e-5 && gradient.abs() > 1e-3 * largest;
            let allowed = if is_sure { 1e-5 } else { 2.1e-2 };
            assert!((found - expected).abs() < allowed, "{name}: {found} and {expected}");
            sure += usize::from(is_sure);
            all += 1;
        }
    }
    assert!(sure * 10 > all * 5, "{sure} of {all} are sure");
}

/// Compares cells of a request of the fixture, from number `first` on, with the other side's.
fn walks_alike(name: &str, effort: Effort, first: usize, is_on_host: bool) {
    let fixture = Fixture::read();
    let network = fixture.network(&Device::flex());
    let network = if is_on_host { network.on_host() } else { network };
    let whole = fixture.request(name);
    let request = Request { first, cells: whole.cells - first, ..whole };
    let cells = request.cells;
    let mut run = Run::new(&network, request, effort);
    while !run.is_finished() {
        wait(run.step(&network)).unwrap();
    }
    let (tokens, labels) = (fixture.integers(&format!("{name}.tokens")), fixture.integers(&format!("{name}.labels")));
    let expected = fixture.floats(&format!("{name}.expected"));
    for cell in 0..cells {
        let number = first + cell;
        assert_eq!(run.labels(cell), &labels[number * 4..(number + 1) * 4], "{name}, labels of cell {number}");
        let found: Vec<i32> = run.tokens(cell).iter().map(|token| i32::from(*token)).collect();
        // The fixture's draws stay 1e-4 away from any edge of a distribution function: none is decided by rounding.
        assert_eq!(found, &tokens[number * GENES..(number + 1) * GENES], "{name}, cell {number}");
        assert!(found.iter().all(|token| *token < MASK));
        for (gene, found) in run.expected(cell).iter().enumerate() {
            let expected = expected[number * GENES + gene];
            // Means over distributions that agree to some 1e-5.
            assert!((found - expected).abs() < 5e-5 * expected.max(0.1), "{name}, gene {gene}: {found} and {expected}");
        }
    }
}

#[test]
fn requests_give_the_same_cells() {
    // In one batch, and cut small: several batches of cells, several chunks of genes; and the last cells alone.
    for (effort, first) in [(Effort { cells: 8, rows: 4096 }, 0), (Effort { cells: 2, rows: 3 }, 0), (Effort::CPU, 1)] {
        for name in ["guided", "composed", "plain", "factors"] {
            // By tensors, and by the loops that the CPU runs.
            [false, true].into_iter().for_each(|is_on_host| walks_alike(name, effort, first, is_on_host));
        }
    }
}

#[test]
fn half_precision_products_stay_close() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../assets/models/pbmc-ifnb");
    let json = std::fs::read(folder.join(model::bundle::CARD)).unwrap();
    let card = model::bundle::read_card(&json).unwrap();
    let files: BTreeMap<String, Vec<u8>> =
        card.files.keys().map(|name| (name.clone(), std::fs::read(folder.join(name)).unwrap())).collect();
    let read = || model::bundle::Bundle::read(&json, &files, &Device::flex()).unwrap();
    let error = |bundle: &model::bundle::Bundle| wait(bundle.golden_error()).unwrap();
    let (full, half) = (error(&read()), error(&read().halved()));
    // Logits of the shipped model reach 15, where neighbouring f16 numbers are 0.008 apart; what is halved are the blocks'
    // products, which add little to them after a short training: errors far above those of f32, since none at all would
    // mean that nothing was halved, and of some such steps at most.
    assert!(full < 1e-3, "f32: {full}");
    assert!(half > 4.0 * full && half < 0.15, "f16: {half}, f32: {full}");
}
