//! What a recipe may ask of the trainer, each asked of a small network.
//!
//! Does: steps in parts, several averages, parts left out, cells set aside, limited controls, composed
//! perturbations, prior knowledge.
//! Does not know: the command line.
//! Flow: recipe → trainer or sampler → **what was asked for**.

use std::collections::BTreeMap;
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
use model::sample::{Effort, Request, Run};
use train_native::batches::ahead;
use train_native::data::TrainingSet;
use train_native::generate::wait;
use train_native::optimise::{Gradients, Optimiser, add, ema_power, gradients, leave_out, tracked};
use train_native::recipe::{ControlShare, Recipe, TrainingRecipe};
use train_native::train::{Order, train};

use crate::networks::{awake, statistics};
use crate::pipeline::SPEC;

const CONFIG: ModelConfig = ModelConfig {
    genes: 30,
    group_size: 8,
    width: 16,
    blocks: 1,
    heads: 2,
    feed_width: 32,
    rank: 4,
    summary: 2,
    shape: 2,
    condition_slots: 2,
    condition_values: 6,
    pairs: 2,
};

/// Every part of it says something, the pairs included: each value of the first slot with another one of the second.
fn network() -> Network {
    let token = |place: i32| FIRST_CONDITION + place;
    let pairs = Pairs::new([[token(0), token(3)], [token(1), token(4)]]);
    awake(&CONFIG, statistics(30), pairs, (4, 0.5), &Device::flex())
}

fn recipe() -> Recipe {
    Recipe::read(&Path::new(env!("CARGO_MANIFEST_DIR")).join("../train-native/recipes/synthetic.toml")).unwrap()
}

fn training() -> TrainingRecipe {
    TrainingRecipe { ema: vec![0.05, 0.2], clip: 1e9, ..recipe().training }
}

fn batch() -> Masked {
    let mut draws = Draws::new(3, 9);
    let targets = (0..6 * 30).map(|_| draws.below(9) as u16).collect();
    let conditions = (0..12).map(|label| FIRST_CONDITION + label % 6).collect();
    Masked::draw(targets, conditions, 30, 0.0, &mut draws)
}

fn values(tensor: &Tensor<2>) -> Vec<f32> {
    tensor.clone().into_data().iter::<f32>().collect()
}

#[test]
fn a_step_in_parts_is_the_same_step() {
    let network = tracked(network(), &Device::flex().autodiff());
    let (batch, slots): (Masked, Vec<usize>) = (batch(), (0..8).collect());
    let whole = gradients(&network, &loss(&network, &batch, &slots));
    let mut parts = Gradients::new();
    for part in 0..3 {
        let value = loss(&network, &batch.part(2 * part, 2), &slots).div_scalar(3.0);
        add(&mut parts, gradients(&network, &value));
    }
    assert_eq!(whole.len(), parts.len());
    for (name, gradient) in &whole {
        let (a, b) = (values(gradient), values(&parts[name]));
        let size = a.iter().fold(1e-12_f32, |size, value| size.max(value.abs()));
        let worst = a.iter().zip(&b).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
        // Sums in another order.
        assert!(worst < 1e-5 * size, "{name}: {worst} of {size}");
    }
}

#[test]
fn identity_learns_from_control_cells_alone_where_that_is_asked() {
    let network = tracked(network(), &Device::flex().autodiff());
    let slots: Vec<usize> = (0..8).collect();
    // Two slots of three values each; the first is the identity's, and only the first and last cell are controls.
    let mut held = batch();
    held.conditions = [0, 3, 1, 4, 2, 5, 1, 4, 1, 5, 0, 3].map(|label| FIRST_CONDITION + label).to_vec();
    let free = gradients(&network, &loss(&network, &held, &slots));
    held.learns = [1.0, 1.0, 0.0, 1.0, 0.0, 1.0, 0.0, 1.0, 0.0, 1.0, 1.0, 1.0].to_vec();
    let value = loss(&network, &held, &slots);
    let found = gradients(&network, &value);
    let row = |gradients: &Gradients, name: &str, place: usize| {
        let width = gradients[name].dims()[1];
        values(&gradients[name])[place * width..(place + 1) * width].to_vec()
    };
    for name in ["gate_conditions", "condition_embedding", "summary.trust"] {
        let moves = |gradients: &Gradients, place: usize| row(gradients, name, place).iter().any(|v| *v != 0.0);
        // Identities 1 and 2 were seen perturbed only; what a summary says of a cell without visible genes is nothing,
        // so not every row of it moves.
        assert!((1..3).all(|place| !moves(&found, place)), "{name}");
        assert!((1..3).any(|place| moves(&free, place)) && (3..6).any(|place| moves(&found, place)), "{name}");
    }
    let moves = |place: usize| row(&found, "gate_conditions", place).iter().any(|v| *v != 0.0);
    assert_eq!([0, 1, 2, 3, 4, 5].map(moves), [true, false, false, true, true, true]);
    // The way forward is the same.
    let plain = loss(&network, &Masked { learns: Vec::new(), ..held }, &slots);
    assert_eq!(
        value.into_data().iter::<f32>().collect::<Vec<_>>(),
        plain.into_data().iter::<f32>().collect::<Vec<_>>()
    );
}

#[test]
fn donors_of_perturbed_cells_are_the_ones_that_do_not_learn() {
    let cells = synthetic(&SPEC, 3).unwrap().0;
    let mut asked = recipe();
    let first = |set: &TrainingSet| std::thread::scope(|scope| ahead(scope, set, 0..1).recv().unwrap().unwrap());
    assert!(first(&TrainingSet::new(cells.clone(), &asked).unwrap()).learns.is_empty());
    asked.training.identity_from_controls = true;
    let set = TrainingSet::new(cells, &asked).unwrap();
    let batch = first(&set);
    let slots = set.conditions.len();
    let perturbation = set.conditions.iter().position(|own| own.control.is_some()).unwrap();
    let control = set.conditions[perturbation].token("control").unwrap();
    let pairs: Vec<_> = batch.conditions.chunks(slots).zip(batch.learns.chunks(slots)).collect();
    let mut kinds = std::collections::BTreeSet::new();
    for (labels, learns) in pairs {
        let perturbed = labels[perturbation] != control;
        kinds.insert(perturbed);
        // The donor stands first; everything else learns from every cell.
        assert_eq!(learns[0] == 0.0, perturbed);
        assert!(learns[1..].iter().all(|own| *own == 1.0));
    }
    assert_eq!(kinds.len(), 2, "the batch should hold both kinds of cells");
}

#[test]
fn averages_follow_the_power_function() {
    let device = Device::flex().autodiff();
    let mut network = tracked(network(), &device);
    let mut optimiser = Optimiser::new(&training());
    let slots: Vec<usize> = (0..8).collect();
    let mut history: Vec<Vec<f32>> = Vec::new();
    for step in 0..9 {
        let found = gradients(&network, &loss(&network, &batch(), &slots));
        (network, _) = optimiser.step(network, &found, 1e-2, step);
        history.push(values(&network.head.clone().inner()));
    }
    for (place, width) in [0.05, 0.2].into_iter().enumerate() {
        // Karras 2024, equation 127 with Δ = 1: weight i counts β_i Π_{j>i} (1 − β_j), β = 1 − (1 − 1/t)^(γ+1).
        let power = ema_power(width);
        let keep = |step: usize| (1.0 - 1.0 / (step as f64 + 1.0)).powf(power + 1.0);
        let mut expected = vec![0.0_f64; history[0].len()];
        for (step, weights) in history.iter().enumerate() {
            let later: f64 = (step + 1..history.len()).map(keep).product();
            let share = (1.0 - keep(step)) * later;
            expected.iter_mut().zip(weights).for_each(|(sum, value)| *sum += share * f64::from(*value));
        }
        let found = values(&optimiser.averaged(&network, place).head);
        let worst = found.iter().zip(&expected).map(|(a, b)| (f64::from(*a) - b).abs()).fold(0.0, f64::max);
        // Nine roundings of f32 weights below 1.
        assert!(worst < 1e-6, "width {width}: {worst}");
    }
    assert_ne!(values(&optimiser.averaged(&network, 0).head), values(&optimiser.averaged(&network, 1).head));
}

#[test]
fn a_part_that_is_left_out_says_nothing_and_stays_so() {
    let without = ["gene_embedding", "summary", "pairs", "correction"].map(str::to_owned).to_vec();
    let device = Device::flex().autodiff();
    let fresh = leave_out(network(), &without);
    let mut network = tracked(fresh, &device);
    let mut optimiser = Optimiser::new(&TrainingRecipe { without, ..training() });
    for step in 0..3 {
        let found = gradients(&network, &loss(&network, &batch(), &[0, 3]));
        (network, _) = optimiser.step(network, &found, 1e-2, step);
    }
    let by_name: BTreeMap<String, Tensor<2>> = network.parameters().into_iter().collect();
    let left_out = ["gene_embedding", "summary.loadings", "summary.to_rows", "gate_pairs", "head", "shape_basis"];
    for name in left_out {
        assert!(values(&by_name[name].clone().inner()).iter().all(|value| *value == 0.0), "{name}");
    }
    assert!(values(&by_name["gene_output"].clone().inner()).iter().any(|value| *value != 0.0));
}

#[test]
fn cells_are_set_aside_and_controls_limited() {
    let cells = synthetic(&SPEC, 3).unwrap().0;
    let plain = TrainingSet::new(cells.clone(), &recipe()).unwrap();
    let mut asked = recipe();
    asked.training.validation = 40;
    let watched = TrainingSet::new(cells.clone(), &asked).unwrap();
    assert_eq!(watched.cells.len() + 40, plain.cells.len());
    let parts = watched.validation();
    assert_eq!(parts.iter().map(Masked::cells).sum::<usize>(), 40);
    assert_eq!(parts, watched.validation(), "the watched cells are masked the same way every time");

    asked.training.validation = 0;
    asked.training.control_share = Some(ControlShare { source: "donor".to_owned(), most: 0.1 });
    let limited = TrainingSet::new(cells, &asked).unwrap().cells;
    for donor in ["donor1", "donor2"] {
        let own = limited.select(&limited.indices_where("donor", donor).unwrap());
        let controls = own.indices_where("condition", "control").unwrap().len();
        // donor2's perturbed cells are held out, so no control of it may stay: a tenth of nothing.
        assert!(controls * 9 <= own.len() - controls, "{donor}: {controls} of {}", own.len());
    }
}

#[test]
fn an_average_that_was_not_kept_is_put_together() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("cells.h5ad");
    std::fs::write(&data, write_h5ad(&synthetic(&SPEC, 3).unwrap().0, &BTreeMap::new()).unwrap()).unwrap();
    let shipped = Path::new(env!("CARGO_MANIFEST_DIR")).join("../train-native/recipes/synthetic.toml");
    let text = std::fs::read_to_string(shipped).unwrap();
    let train_with = |name: &str, widths: &str| {
        let recipe = folder.path().join(format!("{name}.toml"));
        std::fs::write(&recipe, text.replace("ema = 0.1", &format!("ema = {widths}\nkeep = 6"))).unwrap();
        let out = folder.path().join(name);
        let data = data.clone();
        let order = Order {
            data,
            recipe,
            out: out.clone(),
            save_every: 10,
            save_minutes: None,
            stop_after: Some(60),
            stop: Arc::default(),
        };
        train(&order, &[Device::flex()]).unwrap();
        out
    };
    let (kept, other) = (train_with("kept", "[0.12]"), train_with("other", "[0.05, 0.2]"));
    let set = TrainingSet::new(synthetic(&SPEC, 3).unwrap().0, &recipe()).unwrap();
    let config = train_native::train::model_config(&recipe(), &set);
    let device = Device::flex();
    let truth = train_native::checkpoint::load(&kept, &config, &device).unwrap();
    let made = train_native::synthesis::synthesise(&other, &config, &[0.05, 0.2], 0.12, &device).unwrap();
    let apart = |a: &Network, b: &Network| -> f64 {
        let both = a.parameters().into_iter().zip(b.parameters());
        let square = |a: Tensor<2>, b: Tensor<2>| f64::from((a - b).square().sum().into_scalar::<f32>());
        both.map(|((_, a), (_, b))| square(a, b)).sum::<f64>().sqrt()
    };
    // Against how far the average is from the weights themselves, and from the nearest width that was kept.
    let (error, size) = (apart(&made, &truth.averages[0]), apart(&truth.network, &truth.averages[0]));
    let nearest = train_native::checkpoint::load(&other, &config, &device).unwrap();
    let nearest = nearest.averages.iter().map(|own| apart(own, &truth.averages[0])).fold(f64::INFINITY, f64::min);
    assert!(error < 0.05 * size, "{error} apart, the weights are {size} apart");
    assert!(error < 0.2 * nearest, "{error} apart, the nearest kept width {nearest}");
    assert!(train_native::synthesis::synthesise(&other, &config, &[0.05, 0.2], 0.5, &device).is_err());
}

#[test]
fn the_best_checkpoint_is_the_one_with_the_lowest_watched_loss() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("cells.h5ad");
    std::fs::write(&data, write_h5ad(&synthetic(&SPEC, 3).unwrap().0, &BTreeMap::new()).unwrap()).unwrap();
    let shipped = Path::new(env!("CARGO_MANIFEST_DIR")).join("../train-native/recipes/synthetic.toml");
    let text = std::fs::read_to_string(shipped).unwrap();
    let text = text.replace("ema = 0.1", "ema = [0.1, 0.25]\nvalidation = 32\naccumulate = 2\nkeep = 1");
    let recipe = folder.path().join("recipe.toml");
    std::fs::write(&recipe, text).unwrap();
    let out = folder.path().join("run");
    let order = Order {
        data,
        recipe,
        out: out.clone(),
        save_every: 4,
        save_minutes: None,
        stop_after: Some(20),
        stop: Arc::default(),
    };
    train(&order, &[Device::flex()]).unwrap();
    let events = std::fs::read_to_string(out.join("events.jsonl")).unwrap();
    let checks: Vec<serde_json::Value> = events
        .lines()
        .map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap())
        .filter(|event| event["event"] == "checkpoint")
        .collect();
    // The start, measured from the data, and every fourth step.
    let steps: Vec<u64> = checks.iter().map(|event| event["step"].as_u64().unwrap()).collect();
    assert_eq!(steps, [0, 4, 8, 12, 16, 20]);
    let lowest = checks.iter().map(|event| event["validation"].as_f64().unwrap()).fold(f64::INFINITY, f64::min);
    let best = checks.iter().rfind(|event| event["best"] == true).unwrap();
    assert_eq!(best["validation"].as_f64(), Some(lowest));
    train_native::report::report(&out, &folder.path().join("report.html")).unwrap();
    let page = std::fs::read_to_string(folder.path().join("report.html")).unwrap();
    assert!(page.contains("cells set aside") && page.contains("<svg") && !page.contains("http-equiv"));
}

/// Cells of one or several perturbations, tokens side by side.
fn written(network: &Network, perturbations: &[i32], guidance: f32) -> Vec<u16> {
    let request = Request {
        composed: (perturbations.len() > 1).then(|| (1, perturbations.to_vec())),
        null: vec![None, Some(FIRST_CONDITION + 2)],
        guidance,
        clamp: vec![(4, 30)],
        ..Request::of(vec![FIRST_CONDITION, perturbations[0]], 3, 5, 8)
    };
    let mut run = Run::new(network, request, Effort::CPU);
    while !run.is_finished() {
        wait(run.step(network)).unwrap();
    }
    (0..5).flat_map(|cell| run.tokens(cell).to_vec()).collect()
}

#[test]
fn perturbations_compose_as_sums_of_differences() {
    let network = network();
    let token = |place: i32| FIRST_CONDITION + place;
    // The control adds nothing, whatever the guidance.
    let alone = written(&network, &[token(3)], 1.0);
    let with_control = written(&network, &[token(3), token(2)], 1.0);
    let differing = alone.iter().zip(&with_control).filter(|(a, b)| a != b).count();
    // Rounding of the added nothing may push a draw over an edge.
    assert!(differing <= 2, "{differing} of {} tokens differ", alone.len());
    // The order does not matter, two are not one, and without guidance they still add.
    let (ab, ba) = ([token(3), token(4)], [token(4), token(3)]);
    let (ab, ba) = (written(&network, &ab, 0.0), written(&network, &ba, 0.0));
    assert!(ab.iter().zip(&ba).filter(|(a, b)| a != b).count() <= 2);
    assert_ne!(ab, written(&network, &[token(3)], 0.0));
    assert!(ab.chunks(30).all(|cell| cell[4] == 30), "a held gene stays");
}
