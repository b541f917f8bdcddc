//! Further population metrics beside scikit-learn, scipy and numpy.
//!
//! Does: reads points, labels, counts and scores that `referee/make_population_more.py` made, and compares; what the
//! classifier and the discriminator refuse.
//! Does not know: Python.
//! Flow: fixture → **classifier, discriminator, correlations, depth, memorisation**.

// A test fails by panicking; that is what `unwrap` is for here.
#![allow(clippy::unwrap_used)]

use cells::Counts;
use cells::metrics::roc_area;
use cells::normalise::{Normalised, Target, log_normalise};
use cells::population::classify::{
    Classifier, accuracy, held_out_accuracy, jensen_shannon, proportions, total_variation,
};
use cells::population::correlation::correlation_agreement;
use cells::population::depth::{Spread, depth};
use cells::population::discriminator::{discriminate, discriminate_over};
use cells::population::folds::held_out_probabilities;
use cells::population::logistic::Logistic;
use cells::population::memorised::memorisation;
use cells::population::{Points, PopulationError};
use serde::de::DeserializeOwned;
use serde_json::Value;

struct Fixture(Value);

impl Fixture {
    fn read() -> Self {
        let path = format!("{}/tests/referee/population_more.json", env!("CARGO_MANIFEST_DIR"));
        Self(serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap())
    }

    fn get<T: DeserializeOwned>(&self, key: &str) -> T {
        serde_json::from_value(self.0[key].clone()).unwrap()
    }

    /// Coordinates, which the script rounded to f32.
    fn points(&self, key: &str) -> Vec<f32> {
        self.get::<Vec<Vec<f32>>>(key).concat()
    }

    fn counts(&self) -> [Counts; 2] {
        let sides: [Vec<Vec<u32>>; 2] = self.get("counts");
        sides.map(|rows| Counts::from_dense_rows(rows[0].len(), rows.iter().map(Vec::as_slice)))
    }
}

/// Every number within a tolerance of the expected one.
fn near(what: &str, own: &[f64], expected: &[f64], tolerance: f64) {
    assert_eq!(own.len(), expected.len(), "{what}");
    for (own, expected) in own.iter().zip(expected) {
        assert!((own - expected).abs() < tolerance, "{what}: {own}, expected {expected}");
    }
}

#[test]
fn the_classifier_is_that_of_scikit_learn() {
    let fixture = Fixture::read();
    let (cells, types, asked) = (fixture.points("cells"), fixture.get::<Vec<String>>("types"), fixture.points("asked"));
    let cells = Points::new(&cells, 5).unwrap();
    for fit in fixture.0["fits"].as_array().unwrap() {
        let fit = Fixture(fit.clone());
        let kept: Vec<String> = fit.get("types");
        let chosen: Vec<usize> = (0..types.len()).filter(|cell| kept.contains(&types[*cell])).collect();
        let labels: Vec<&String> = chosen.iter().map(|cell| &types[*cell]).collect();
        let own = Classifier::fit(Points::new(&cells.select(&chosen), 5).unwrap(), &labels, fit.get("c")).unwrap();
        assert_eq!(own.names(), fit.get::<Vec<String>>("classes"));
        let probabilities = own.probabilities(Points::new(&asked, 5).unwrap()).unwrap();
        // scikit-learn's lbfgs ends up to 3e-7 away from where its own Newton solver does, which goes on to rounding.
        for (exact, tolerance) in [("", 1e-6), ("exact_", 1e-9)] {
            let flat = |key: &str| fit.get::<Vec<Vec<f64>>>(&format!("{exact}{key}")).concat();
            near("probabilities", &probabilities, &flat("probabilities"), tolerance);
            near("coefficients", &own.model().coefficients, &flat("coefficients"), tolerance);
            near("intercepts", &own.model().intercepts, &fit.get::<Vec<f64>>(&format!("{exact}intercepts")), tolerance);
        }
    }
}

#[test]
fn held_out_types_and_their_accuracy_are_those_of_scikit_learn() {
    let fixture = Fixture::read();
    let (cells, types) = (fixture.points("cells"), fixture.get::<Vec<String>>("types"));
    let (points, folds) = (Points::new(&cells, 5).unwrap(), fixture.get::<Vec<usize>>("folds"));
    let names = ["B cell", "NK", "T cell", "monocyte"];
    let coded = |labels: &[String]| -> Vec<usize> {
        labels.iter().map(|label| names.iter().position(|name| name == label).unwrap()).collect()
    };
    let truth = coded(&types);
    let probabilities = held_out_probabilities(points, &truth, 4, &folds, 1.0).unwrap();
    let best = |row: &[f64]| (0..4).max_by(|a, b| row[*a].total_cmp(&row[*b])).unwrap();
    let predicted: Vec<usize> = probabilities.chunks_exact(4).map(best).collect();
    assert_eq!(predicted, coded(&fixture.get::<Vec<String>>("held_out")));
    let found = accuracy(&truth, &predicted, 4).unwrap();
    // Shares of whole cells: equal up to rounding.
    near("accuracy", &[found.share, found.balanced], &[fixture.get("accuracy"), fixture.get("balanced")], 1e-12);
    near("commonest", &[found.commonest], &[70.0 / 160.0], 1e-12);
    // Folds of our own: the same classifier, so the same accuracy but for which cells are held out together (the
    // standard error of a share of 160 cells is 0.04).
    let own = held_out_accuracy(points, &types, 1.0, 4, 3).unwrap();
    assert!((own.share - found.share).abs() < 0.08 && own.share > found.commonest, "{own:?}");
}

#[test]
fn distances_of_proportions_are_those_of_scipy() {
    let fixture = Fixture::read();
    let [p, q]: [Vec<f64>; 2] = fixture.get("shares");
    near("Jensen-Shannon", &[jensen_shannon(&p, &q)], &[fixture.get("jensen_shannon")], 1e-12);
    // ½ (0.25 + 0.05 + 0.1 + 0.4).
    near("total variation", &[total_variation(&p, &q)], &[0.4], 1e-12);
    near(
        "disjoint",
        &[jensen_shannon(&[2.0, 0.0], &[0.0, 3.0]), total_variation(&[2.0, 0.0], &[0.0, 3.0])],
        &[1.0; 2],
        1e-12,
    );
    assert_eq!((jensen_shannon(&p, &p), total_variation(&p, &p)), (0.0, 0.0));
    assert_eq!(proportions(&[2, 0, 2, 2], 4), [0.25, 0.0, 0.75, 0.0]);
    for (p, q) in [(vec![1.0], vec![0.5, 0.5]), (proportions(&[], 2), vec![0.5, 0.5]), (vec![], vec![])] {
        assert!(jensen_shannon(&p, &q).is_nan() && total_variation(&p, &q).is_nan());
    }
}

#[test]
fn telling_sides_apart_is_that_of_scikit_learn() {
    let fixture = Fixture::read();
    let (real, made) = (fixture.points("real"), fixture.points("made"));
    let both = [real.clone(), made.clone()].concat();
    let sides: Vec<usize> = (0..140).map(|cell| usize::from(cell >= 80)).collect();
    let folds: Vec<usize> = fixture.get("told_folds");
    let points = |values| Points::new(values, 3).unwrap();
    let told = discriminate_over(points(&both), &sides, &folds, 1.0).unwrap();
    // Areas are counts of pairs: a pair in the wrong order would cost 1 / 300 or more.
    near("areas", &told.folds, &fixture.get::<Vec<f64>>("told"), 1e-9);
    near("mean area", &[told.area], &[told.folds.iter().sum::<f64>() / 5.0], 1e-12);
    let scores = fixture.get::<Vec<f64>>("scores").into_iter().zip(fixture.get::<Vec<bool>>("truth")).collect();
    near("tied scores", &[roc_area(scores).unwrap()], &[fixture.get("area")], 1e-12);

    // Folds of our own: the same to chance, 0.05 for 140 cells; one population, and two that do not overlap.
    let own = |a, b, seed| discriminate(points(a), points(b), 1.0, 5, seed).unwrap();
    assert_eq!(own(&real, &made, 3), own(&real, &made, 3));
    assert!((own(&real, &made, 3).area - told.area).abs() < 0.1);
    assert!((own(&real[..120], &real[120..], 3).area - 0.5).abs() < 0.2);
    let far: Vec<f32> = real.iter().map(|value| value + 30.0).collect();
    assert_eq!(own(&real, &far, 3).area, 1.0);
}

#[test]
fn gene_correlations_agree_as_in_numpy() {
    let fixture = Fixture::read();
    let [a, b]: [Normalised; 2] =
        fixture.counts().map(|counts| log_normalise(&counts, Target::Sum(fixture.get("target"))));
    let found = correlation_agreement(&a, &b, &fixture.get::<Vec<u32>>("genes")).unwrap();
    // Of eleven genes, one is never seen on the first side and one on neither.
    assert_eq!((found.genes, found.constant), (9, 2));
    // The script starts from the same f32 values.
    let expected = [fixture.get("agreement"), fixture.get("difference")];
    near("agreement", &[found.agreement, found.difference], &expected, 1e-9);
}

#[test]
fn depth_is_that_of_scipy() {
    let fixture = Fixture::read();
    let [a, b] = fixture.counts();
    let found = depth(&a, &b);
    let compare = |name: &str, own: Spread| {
        let expected = Fixture(fixture.0[name].clone());
        let quartiles = [own.a, own.b].map(|of| [of.lower, of.median, of.upper]);
        // Sums of whole numbers, divided once.
        near(name, quartiles.as_flattened(), &expected.get::<Vec<Vec<f64>>>("quartiles").concat(), 1e-12);
        near(
            name,
            &[own.kolmogorov_smirnov, own.wasserstein],
            &[expected.get("ks"), expected.get("wasserstein")],
            1e-12,
        );
    };
    compare("umis", found.umis);
    compare("detected", found.genes);
}

#[test]
fn memorisation_is_that_of_numpy() {
    let fixture = Fixture::read();
    let sets = fixture.get::<[Vec<Vec<f32>>; 3]>("sets").map(|set| set.concat());
    let [training, held_out, generated] = [0, 1, 2].map(|set| Points::new(&sets[set], 3).unwrap());
    let found = memorisation(training, held_out, generated).unwrap();
    // Distances are f32 here.
    let expected: Vec<f64> = fixture.get("medians");
    near("medians", &[found.held_out, found.generated], &expected, 1e-6);
    near("limits", &found.distances, &fixture.get::<Vec<f64>>("limits"), 1e-6);
    near("nearer", &found.nearer, &fixture.get::<Vec<f64>>("nearer"), 1e-12);
}

#[test]
fn what_cannot_be_learned_is_refused_or_survived() {
    let line = [0.0_f32, 1.0, 2.0, 3.0, 4.0, 5.0];
    let points = Points::new(&line, 1).unwrap();
    let halves = [0, 0, 0, 1, 1, 1];
    assert_eq!(Logistic::fit(points, &[1; 6], 2, 1.0), Err(PopulationError::Classes(1)));
    assert_eq!(Logistic::fit(points, &halves, 1, 1.0), Err(PopulationError::Class { point: 3, class: 1, classes: 1 }));
    assert_eq!(Logistic::fit(points, &halves, 2, 0.0), Err(PopulationError::Penalty(0.0)));
    let error = Logistic::fit(points, &halves[1..], 2, 1.0);
    assert_eq!(error, Err(PopulationError::PerPoint { what: "labels", given: 5, points: 6 }));
    assert_eq!(Classifier::fit::<&str>(Points::new(&[], 1).unwrap(), &[], 1.0), Err(PopulationError::Classes(0)));
    assert_eq!(discriminate(points, points, 1.0, 7, 1), Err(PopulationError::Folds { folds: 7, cells: 6 }));
    let sides = [0, 1, 0, 1, 0, 1];
    assert_eq!(discriminate_over(points, &sides, &sides, 1.0), Err(PopulationError::Classes(1)));
    assert_eq!(discriminate_over(points, &sides, &[0, 0, 1, 1, 2, 0], 1.0), Err(PopulationError::OneSided(2)));
    assert_eq!(
        discriminate_over(points, &sides, &[0, 0, 0, 0, 0, usize::MAX], 1.0),
        Err(PopulationError::Folds { folds: usize::MAX, cells: 6 })
    );

    // Classes that a cut parts wholly, hardly penalised; a class without points; a coordinate that does not vary.
    let model = Logistic::fit(points, &[0, 0, 0, 2, 2, 2], 3, 1e6).unwrap();
    let probabilities = model.probabilities(points).unwrap();
    near("parted", &probabilities[6..12], &[1.0, 0.0, 0.0, 0.0, 0.0, 1.0], 1e-3);
    assert!(probabilities.iter().skip(1).step_by(3).all(|probability| *probability == 0.0));
    assert!(model.probabilities(Points::new(&line, 2).unwrap()).is_err());
    let flat = Logistic::fit(Points::new(&[7.0; 6], 1).unwrap(), &[0, 1, 1, 1, 2, 2], 3, 1.0).unwrap();
    let shares = flat.probabilities(Points::new(&[7.0], 1).unwrap()).unwrap();
    // Nothing but the intercepts to go by.
    near("shares", &shares, &[1.0 / 6.0, 0.5, 1.0 / 3.0], 1e-9);
}
