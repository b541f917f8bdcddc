//! Carried-over means against numbers found by hand.

// A test fails by panicking; that is what `unwrap` is for here.
#![allow(clippy::unwrap_used)]

use super::{
    context_mean, control_copy, drawn, mean_effect, mean_perturbation, nearest_context, nearest_transfer,
    overall_effect, perturb_mean_cells,
};
use crate::baselines::task::{BaselineError, Effect, Response, Task};
use crate::counts::Counts;
use crate::normalise::{Normalised, Target, log_normalise};

type Baseline = fn(&Task) -> Result<Normalised, BaselineError>;
const ALL: [Baseline; 5] = [control_copy, mean_perturbation, perturb_mean_cells, context_mean, nearest_transfer];

fn response(name: &str, cell_type: &str, control: [f64; 3], effects: &[(&str, [f64; 3], usize)]) -> Response {
    let of = |(name, shift, cells): &(&str, [f64; 3], usize)| {
        ((*name).to_owned(), Effect { shift: shift.to_vec(), cells: *cells })
    };
    Response {
        name: name.to_owned(),
        cell_type: cell_type.to_owned(),
        control: control.to_vec(),
        effects: effects.iter().map(of).collect(),
    }
}

/// Three contexts: A in the first and the last, B in the first two.
fn training() -> [Response; 3] {
    [
        response("d1 T", "T", [1.0, 2.0, 0.0], &[("A", [1.0, 0.0, 0.0], 30), ("B", [0.0, 2.0, 0.0], 10)]),
        response("d2 T", "T", [1.0, 3.0, 0.0], &[("B", [0.0, 4.0, 2.0], 20)]),
        response("d1 B", "B", [0.0, 1.0, 3.0], &[("A", [3.0, -1.0, 0.0], 5)]),
    ]
}

/// Two control cells, (0, 1, 2) and (2, 1, 0), up to f32 rounding of the logs.
fn control() -> Normalised {
    let empty = Counts::from_dense_rows(3, std::iter::repeat_n([].as_slice(), 1));
    let cell = |values: [f64; 3]| log_normalise(&empty, Target::Sum(1.0)).shifted(&values);
    let mut both = cell([0.0, 1.0, 2.0]);
    both.append(&cell([2.0, 1.0, 0.0])).unwrap();
    both
}

fn task<'a>(training: &'a [Response], control: &'a Normalised, perturbation: &'a str) -> Task<'a> {
    let training = training.iter().collect();
    Task { training, context: "d3 T", cell_type: "T", control, perturbation, count: 2, seed: 7 }
}

#[test]
fn mean_effects_by_hand() {
    let training = training();
    let all: Vec<&Response> = training.iter().collect();
    assert_eq!(mean_effect(&all, "A").unwrap(), [2.0, -0.5, 0.0]);
    assert_eq!(mean_effect(&all, "B").unwrap(), [0.0, 3.0, 1.0]);
    assert_eq!(mean_effect(&all, "C"), None);
    // Each perturbation once, though one context has A and B.
    assert_eq!(overall_effect(&all).unwrap(), [1.0, 1.25, 0.5]);
    assert_eq!(overall_effect(&[]), None);
}

#[test]
fn cells_by_hand() {
    let (training, control) = (training(), control());
    let asked = task(&training, &control, "A");
    // Cells in the order that the seed gives; their means do not hang on it.
    let copy = control_copy(&asked).unwrap();
    assert_eq!(copy.mean(), [1.0, 1.0, 1.0]);
    let moved = perturb_mean_cells(&asked).unwrap();
    // Control + (2, −0.5, 0) is nowhere below zero in gene 1, which both cells have at 1.
    assert_eq!(moved.mean(), [3.0, 0.5, 1.0]);
    // The same cells as the copy's, one by one.
    assert!((0..2).all(|cell| moved.gene(2)[cell] == copy.gene(2)[cell]));
    assert_eq!(mean_perturbation(&asked).unwrap().mean(), [2.0, 2.25, 1.5]);
    // T only: the effect of the first context alone.
    assert_eq!(perturb_mean_cells(&asked.of_same_cell_type()).unwrap().mean(), [2.0, 1.0, 1.0]);
    // Perturbed cells of type T: 30 at (2, 2, 0), 10 at (1, 4, 0), 20 at (1, 7, 2).
    let context = context_mean(&asked).unwrap();
    let expected = [1.5, 4.0, 2.0 / 3.0];
    for cell in 0..2 {
        assert_eq!(context.row(cell).0, [0, 1, 2]);
        // Kept in f32.
        assert!(context.row(cell).1.iter().zip(expected).all(|(own, wanted)| (f64::from(*own) - wanted).abs() < 1e-6));
    }
    // A type without perturbed cells: its control cells' mean.
    assert_eq!(context_mean(&Task { cell_type: "NK", ..asked }).unwrap().mean(), [1.0, 1.0, 1.0]);
}

#[test]
fn the_cut_at_zero_raises_the_mean() {
    let control = control();
    let training = [response("d1", "T", [1.0, 1.0, 1.0], &[("A", [-1.0, 0.0, 0.5], 9)])];
    let moved = perturb_mean_cells(&task(&training, &control, "A")).unwrap();
    // Gene 0 holds 0 and 2: wanted (−1 + 1) / 2 = 0, but −1 is cut. Gene 2 is given to the cell that had none.
    assert_eq!(moved.mean(), [0.5, 1.0, 1.5]);
}

#[test]
fn the_nearest_context_has_the_most_similar_control() {
    let skewed = control().select(&[0]);
    let training = training();
    let mut asked = task(&training, &skewed, "A");
    // (0, 1, 2) rises as (0, 1, 3) does; (1, 2, 0) does not.
    assert_eq!(nearest_context(&asked).unwrap().name, "d1 B");
    assert_eq!(nearest_transfer(&asked).unwrap().mean(), [3.0, 0.0, 2.0]);
    // Only contexts with the perturbation count: correlations are −0.5 with (1, 2, 0) and −0.33 with (1, 3, 0).
    asked.perturbation = "B";
    assert_eq!(nearest_context(&asked).unwrap().name, "d2 T");
    // A constant control has no correlation: the earlier of two equals.
    let flat = control();
    assert_eq!(nearest_context(&task(&training, &flat, "A")).unwrap().name, "d1 T");
}

#[test]
fn every_cell_once_before_any_again() {
    let mut order = drawn(5, 13, 2);
    assert_eq!(order, drawn(5, 13, 2));
    assert_ne!(order, drawn(5, 13, 3));
    for pass in [0..5, 5..10] {
        let mut pass = order[pass].to_vec();
        pass.sort_unstable();
        assert_eq!(pass, [0, 1, 2, 3, 4]);
    }
    order.drain(..10);
    order.sort_unstable();
    order.dedup();
    assert_eq!(order.len(), 3);
    assert!(drawn(0, 3, 1).is_empty() && drawn(3, 0, 1).is_empty());
}

#[test]
fn without_a_prediction_there_is_a_reason() {
    let (training, control) = (training(), control());
    let unseen = BaselineError::Unseen { perturbation: "C".to_owned(), contexts: 3 };
    for baseline in [perturb_mean_cells, nearest_transfer] {
        assert_eq!(baseline(&task(&training, &control, "C")).unwrap_err(), unseen);
    }
    // A baseline that does not look at what was asked has an answer.
    for baseline in [control_copy, mean_perturbation, context_mean] {
        assert_eq!(baseline(&task(&training, &control, "C")).unwrap().cells(), 2);
    }
    let mut none = task(&training, &control, "A");
    none.training.clear();
    for baseline in [mean_perturbation, perturb_mean_cells, nearest_transfer] {
        assert_eq!(baseline(&none).unwrap_err(), BaselineError::NoTraining);
    }
    for baseline in [control_copy, context_mean] {
        assert_eq!(baseline(&none).unwrap().mean(), [1.0, 1.0, 1.0]);
    }
}

#[test]
fn questions_that_cannot_be_asked() {
    let (training, control) = (training(), control());
    let empty = control.select(&[]);
    let asked = task(&training, &control, "A");
    let other_genes = [response("d1", "T", [0.0; 3], &[]), Response { control: vec![0.0; 4], ..training[0].clone() }];
    for baseline in ALL {
        let no_control = baseline(&Task { control: &empty, ..asked.clone() });
        assert_eq!(no_control.unwrap_err(), BaselineError::NoControl { context: "d3 T".to_owned() });
        let leak = baseline(&Task { context: "d1 T", ..asked.clone() }).unwrap_err();
        assert_eq!(leak, BaselineError::Leak { context: "d1 T".to_owned(), perturbation: "A".to_owned() });
        let genes = baseline(&task(&other_genes, &control, "A")).unwrap_err();
        assert_eq!(genes, BaselineError::Genes { context: "d1 T".to_owned(), found: 4, expected: 3 });
        // No cells wanted, none given.
        assert_eq!(baseline(&Task { count: 0, ..asked.clone() }).unwrap().cells(), 0);
        // Other perturbations of the held-out context may be trained on.
        assert!(baseline(&Task { context: "d2 T", ..asked.clone() }).is_ok());
    }
}

#[test]
fn one_training_context_is_enough() {
    let (training, control) = (training(), control());
    let asked = task(&training[..1], &control, "A");
    for baseline in [perturb_mean_cells, nearest_transfer] {
        assert_eq!(baseline(&asked).unwrap().mean(), [2.0, 1.0, 1.0]);
    }
    assert_eq!(mean_perturbation(&asked).unwrap().mean(), [1.5, 2.0, 1.0]);
}
