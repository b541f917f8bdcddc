//! Baselines as a whole: the linear one beside scikit-learn, all of them on cells of which the truth is known, judged
//! by the referee.
//!
//! Does: reads what `baselines/make_linear.py` made; makes synthetic donors, holds one out, predicts its perturbations.
//! Does not know: Python.
//! Flow: fixture, or synthetic cells → **effects, penalties, scores** → comparison.

// A test fails by panicking; that is what `unwrap` is for here.
#![allow(clippy::unwrap_used)]

use std::collections::BTreeMap;

use cells::baselines::{
    BaselineError, Context, Effect, LinearLatent, Response, Settings, Task, context_mean, control_copy, mean_effect,
    mean_perturbation, nearest_transfer, negative_binomial, perturb_mean_cells,
};
use cells::metrics::{effect, pearson};
use cells::normalise::{Normalised, Target, log_normalise, median};
use cells::referee::{Rules, Side, referee};
use cells::synthetic::{CONTROL, PERTURBED, SyntheticSpec, synthetic};
use cells::{Cells, Counts};
use serde_json::Value;

fn numbers(value: &Value) -> Vec<f64> {
    value.as_array().unwrap().iter().map(|number| number.as_f64().unwrap()).collect()
}

fn responses(case: &Value) -> Vec<Response> {
    let contexts = case["contexts"].as_array().unwrap().iter().enumerate();
    let of = |(place, context): (usize, &Value)| {
        let effects = context["effects"].as_object().unwrap().iter();
        let effects =
            effects.map(|(name, shift)| (name.clone(), Effect { shift: numbers(shift), cells: 10 })).collect();
        let control = numbers(&context["control"]);
        Response { name: format!("context {place}"), cell_type: "all".to_owned(), control, effects }
    };
    contexts.map(of).collect()
}

#[test]
fn the_linear_model_is_scikit_learns() {
    let path = format!("{}/tests/baselines/linear.json", env!("CARGO_MANIFEST_DIR"));
    let fixture: Value = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    let components = |key: &str| usize::try_from(fixture[key].as_u64().unwrap()).unwrap();
    let settings = Settings {
        effect_components: components("effect_components"),
        context_components: components("context_components"),
        penalties: numbers(&fixture["penalties"]),
    };
    let mut chosen = Vec::new();
    for case in fixture["cases"].as_array().unwrap() {
        let responses = responses(case);
        let model = LinearLatent::fit(&responses.iter().collect::<Vec<_>>(), &settings).unwrap();
        assert_eq!(model.penalty(), case["penalty"].as_f64().unwrap());
        chosen.push(model.penalty());
        for (control, predicted) in
            case["held_out"].as_array().unwrap().iter().zip(case["predicted"].as_array().unwrap())
        {
            for (name, expected) in predicted.as_object().unwrap() {
                let own = model.effect(&numbers(control), name).unwrap();
                let off = own.iter().zip(numbers(expected)).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max);
                // Effects are of the order of 1. Both sides are f64; components go through a Gram matrix here.
                assert!(off < 1e-8, "{name}: {off}");
            }
        }
    }
    // The two cases ask for different penalties, or choosing would not be tested.
    assert_ne!(chosen[0], chosen[1]);
}

#[test]
fn with_all_components_and_hardly_a_penalty_it_is_perturb_mean() {
    let path = format!("{}/tests/baselines/linear.json", env!("CARGO_MANIFEST_DIR"));
    let fixture: Value = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    let responses = responses(&fixture["cases"][1]);
    let training: Vec<&Response> = responses.iter().collect();
    let settings = Settings { effect_components: 1000, context_components: 0, penalties: vec![1e-9] };
    let model = LinearLatent::fit(&training, &settings).unwrap();
    for name in ["A", "B", "F"] {
        let own = model.effect(&responses[0].control, name).unwrap();
        let mean = mean_effect(&training, name).unwrap();
        // A penalty of 1e-9 against some five contexts per perturbation.
        assert!(own.iter().zip(&mean).all(|(own, mean)| (own - mean).abs() < 1e-7), "{name}");
        // The largest penalty leaves the mean over all pairs of context and perturbation.
        let huge = Settings { penalties: vec![1e12], ..settings.clone() };
        let flat = LinearLatent::fit(&training, &huge).unwrap().effect(&responses[0].control, name).unwrap();
        let all: Vec<&Effect> = training.iter().flat_map(|response| response.effects.values()).collect();
        for (gene, value) in flat.iter().enumerate() {
            let mean = all.iter().map(|effect| effect.shift[gene]).sum::<f64>() / all.len() as f64;
            assert!((value - mean).abs() < 1e-9);
        }
    }
}

#[test]
fn the_linear_model_says_why_it_cannot() {
    let one = |name: &str, effects: &[(&str, [f64; 2])]| Response {
        name: name.to_owned(),
        cell_type: "all".to_owned(),
        control: vec![1.0, 2.0],
        effects: effects
            .iter()
            .map(|(name, shift)| ((*name).to_owned(), Effect { shift: shift.to_vec(), cells: 3 }))
            .collect(),
    };
    let fit = |training: &[Response]| LinearLatent::fit(&training.iter().collect::<Vec<_>>(), &Settings::default());
    assert_eq!(fit(&[]).unwrap_err(), BaselineError::NoTraining);
    assert_eq!(fit(&[one("d1", &[])]).unwrap_err(), BaselineError::NoTraining);
    // One context with one perturbation: nothing to regress on, its effect is all there is.
    let alone = fit(&[one("d1", &[("A", [0.5, -1.0])])]).unwrap();
    assert_eq!(alone.effect(&[3.0, 3.0], "A").unwrap(), [0.5, -1.0]);
    let unseen = BaselineError::Unseen { perturbation: "B".to_owned(), contexts: 1 };
    assert_eq!(alone.effect(&[3.0, 3.0], "B").unwrap_err(), unseen);
    assert!(matches!(alone.effect(&[3.0], "A").unwrap_err(), BaselineError::Genes { found: 1, expected: 2, .. }));
    // One context with two: nothing can be left out, so the middle penalty; the effects are pulled together.
    let two = fit(&[one("d1", &[("A", [1.0, 0.0]), ("B", [0.0, 1.0])])]).unwrap();
    assert_eq!(two.penalty(), 1.0);
    let pulled = two.effect(&[1.0, 2.0], "A").unwrap();
    // Features and scores centred are (½, −½) and one component: a coefficient of ½ / (1/2 · 2 + 1) each way.
    assert!((pulled[0] - 0.75).abs() < 1e-12 && (pulled[1] - 0.25).abs() < 1e-12, "{pulled:?}");
    // Contexts without effects, and effects that are all alike, are no hindrance.
    let alike = fit(&[one("d1", &[("A", [1.0, 0.0])]), one("d2", &[("A", [1.0, 0.0])]), one("d3", &[])]).unwrap();
    assert_eq!(alike.effect(&[9.0, 2.0], "A").unwrap(), [1.0, 0.0]);
    for penalties in [vec![], vec![0.0], vec![f64::NAN], vec![1.0, -1.0]] {
        let settings = Settings { penalties, ..Settings::default() };
        let error = LinearLatent::fit(&[&one("d1", &[("A", [1.0, 0.0])])], &settings).unwrap_err();
        assert_eq!(error, BaselineError::Penalties);
    }
    let nan = fit(&[one("d1", &[("A", [f64::NAN, 0.0]), ("B", [0.0, 1.0])])]);
    assert_eq!(nan.unwrap_err(), BaselineError::NotFinite { context: "d1".to_owned() });
    let other_genes = Response { control: vec![0.0; 3], ..one("d2", &[]) };
    let error = fit(&[one("d1", &[("A", [1.0, 0.0])]), other_genes]).unwrap_err();
    assert_eq!(error, BaselineError::Genes { context: "d2".to_owned(), found: 3, expected: 2 });
}

/// Three perturbations of the same donors: up, down, and up in more genes.
const KINDS: [(&str, usize, f64); 3] = [("UP", 15, 4.0), ("DOWN", 25, 0.25), ("WIDE", 60, 2.0)];
const GENES: usize = 200;
const CELLS: usize = 120;

/// Synthetic donors with one cell type: control cells and those of every kind, as counts. The seed makes the same genes
/// and donors whatever the perturbation is.
fn donors() -> Vec<Context<Counts>> {
    let made: Vec<Cells> = KINDS
        .iter()
        .map(|(_, shifted, fold_change)| {
            let spec = SyntheticSpec {
                cells_per_group: CELLS,
                genes: GENES,
                types: 1,
                donors: 5,
                markers: 10,
                programme: 10,
                shifted: *shifted,
                fold_change: *fold_change,
                depth: 2000.0,
            };
            synthetic(&spec, 11).unwrap().0
        })
        .collect();
    let of = |cells: &Cells, donor: &str, condition: &str| {
        let own = cells.indices_where("donor", donor).unwrap();
        let wanted = cells.indices_where("condition", condition).unwrap();
        cells.counts.select_cells(&own.into_iter().filter(|cell| wanted.contains(cell)).collect::<Vec<_>>())
    };
    (1..=5)
        .map(|donor| {
            let name = format!("donor{donor}");
            let perturbed =
                KINDS.iter().zip(&made).map(|((kind, ..), cells)| ((*kind).to_owned(), of(cells, &name, PERTURBED)));
            let perturbed = perturbed.collect();
            Context { control: of(&made[0], &name, CONTROL), cell_type: "type1".to_owned(), perturbed, name }
        })
        .collect()
}

/// The same cells log-normalised to one library size.
fn normalised(context: &Context<Counts>, size: f64) -> Context {
    let of = |counts: &Counts| log_normalise(counts, Target::Sum(size));
    Context {
        name: context.name.clone(),
        cell_type: context.cell_type.clone(),
        control: of(&context.control),
        perturbed: context.perturbed.iter().map(|(name, cells)| (name.clone(), of(cells))).collect(),
    }
}

/// What the referee says of a baseline: its mean metrics.
type Scores = BTreeMap<&'static str, f64>;

/// Scores of every baseline on the last donor, and correlations of its measured effects with those of its cells.
fn judged() -> BTreeMap<&'static str, (Scores, Vec<f64>)> {
    let counts = donors();
    let size = median(&counts.iter().flat_map(|context| context.control.library_sizes()).collect::<Vec<_>>());
    let contexts: Vec<Context> = counts.iter().map(|context| normalised(context, size)).collect();
    let (held_out, training) = contexts.split_last().unwrap();
    let responses: Vec<Response> = training.iter().map(|context| context.response().unwrap()).collect();
    let folds: Vec<Response> = counts[..4].iter().map(|context| context.fold_changes().unwrap()).collect();
    let model = LinearLatent::fit(&responses.iter().collect::<Vec<_>>(), &Settings::default()).unwrap();
    let ask = |perturbation| Task {
        training: responses.iter().collect(),
        context: &held_out.name,
        cell_type: &held_out.cell_type,
        control: &held_out.control,
        perturbation,
        count: CELLS,
        seed: 5,
    };
    let draw = |perturbation| {
        let asked = ask(perturbation);
        let training = folds.iter().collect();
        let (context, cell_type) = (asked.context, asked.cell_type);
        let task =
            Task { training, context, cell_type, control: &counts[4].control, perturbation, count: CELLS, seed: 5 };
        log_normalise(&negative_binomial(&task).unwrap(), Target::Sum(size))
    };
    let real = Side { control: held_out.control.clone(), perturbed: held_out.perturbed.clone() };
    let genes: Vec<String> = (0..GENES).map(|gene| format!("G{gene}")).collect();
    let judge = |predict: &dyn Fn(&'static str) -> Normalised| {
        let perturbed = KINDS.map(|(kind, ..)| (kind.to_owned(), predict(kind)));
        let side = Side { control: held_out.control.clone(), perturbed: BTreeMap::from(perturbed) };
        let control = held_out.control.mean();
        let of = |side: &Side, kind: &str| effect(&side.perturbed[kind].mean(), &control);
        let correlations = KINDS.iter().map(|(kind, ..)| pearson(&of(&real, kind), &of(&side, kind))).collect();
        (referee(&real, &side, &genes, Rules::default()).unwrap().mean, correlations)
    };
    BTreeMap::from([
        ("control copy", judge(&|kind| control_copy(&ask(kind)).unwrap())),
        ("mean of perturbations", judge(&|kind| mean_perturbation(&ask(kind)).unwrap())),
        ("PerturbMean", judge(&|kind| perturb_mean_cells(&ask(kind)).unwrap())),
        ("context mean", judge(&|kind| context_mean(&ask(kind)).unwrap())),
        ("nearest", judge(&|kind| nearest_transfer(&ask(kind)).unwrap())),
        ("linear latent", judge(&|kind| model.cells(&ask(kind)).unwrap())),
        ("negative binomial", judge(&draw)),
    ])
}

#[test]
fn shared_effects_are_recovered_and_the_referee_ranks() {
    let judged = judged();
    for (name, (scores, correlations)) in &judged {
        println!(
            "{name}: {correlations:.3?}, mae {:.4}, DE overlap {:.3}, discrimination {:.3}",
            scores["mae"], scores["overlap_at_N"], scores["discrimination_score_l1"]
        );
    }
    // The effects are the same in every donor, up to the noise of 120 cells a group.
    for name in ["PerturbMean", "linear latent", "nearest", "negative binomial"] {
        assert!(judged[name].1.iter().all(|correlation| *correlation > 0.9), "{name}: {:?}", judged[name].1);
        assert_eq!(judged[name].0["discrimination_score_l1"], 1.0, "{name}");
        assert!(judged[name].0["mae"] < 0.5 * judged["control copy"].0["mae"], "{name}");
    }
    // The same cells for whatever is asked: the three predicted effects are alike, and one finds its own at random.
    for name in ["mean of perturbations", "context mean", "control copy"] {
        assert!(judged[name].0["discrimination_score_l1"] < 0.8, "{name}");
        assert!(judged[name].0["mae"] > 1.5 * judged["PerturbMean"].0["mae"], "{name}");
    }
}

#[test]
fn the_model_is_not_asked_for_what_it_was_fitted_to() {
    let contexts: Vec<Context> = donors().iter().take(2).map(|context| normalised(context, 2000.0)).collect();
    let responses: Vec<Response> = contexts.iter().map(|context| context.response().unwrap()).collect();
    let model = LinearLatent::fit(&responses.iter().collect::<Vec<_>>(), &Settings::default()).unwrap();
    let ask = |context, perturbation| Task {
        training: vec![],
        context,
        cell_type: "type1",
        control: &contexts[0].control,
        perturbation,
        count: 4,
        seed: 1,
    };
    let leak = BaselineError::Leak { context: "donor2".to_owned(), perturbation: "UP".to_owned() };
    assert_eq!(model.cells(&ask("donor2", "UP")).unwrap_err(), leak);
    assert_eq!(model.cells(&ask("donor9", "UP")).unwrap().cells(), 4);
    let unseen = BaselineError::Unseen { perturbation: "NEW".to_owned(), contexts: 2 };
    assert_eq!(model.cells(&ask("donor9", "NEW")).unwrap_err(), unseen);
}
