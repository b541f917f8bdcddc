//! Results made ahead of time: their numbers are those of cells that anyone makes with the same seed.
//!
//! Does: precomputes the small trained bundle, compares with generated cells, writes and reads it, and breaks it.
//! Does not know: the command line, the page.
//! Flow: trained bundle → precomputed results → **the same from cells**.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::atomic::AtomicBool;

use burn::tensor::Device;
use cells::de::{GeneShift, compare, log2_fold_change};
use cells::normalise::{Normalised, Target, log_normalise};
use cells::pca::Pca;
use indicatif::ProgressBar;
use model::bundle::Bundle;
use model::card::{Choices, Kind};
use model::precomputed::{PRECOMPUTED, Population, Precomputed, probability};
use model::sample::Effort;
use train_native::generate::{generate, read_bundle, read_bundle_without};
use train_native::precompute::{Settings, plan, precompute, write};

use crate::pipeline::{SPEC, trained};

pub(crate) fn settings() -> Settings {
    Settings {
        cells: 24,
        top: 10,
        most: 3,
        points: 7,
        seed: 9,
        identities: Vec::new(),
        effort: Effort::CPU,
        device: "the CPU".to_owned(),
    }
}

fn bundle() -> Bundle {
    read_bundle(&trained().bundle, &Device::flex()).unwrap()
}

/// The same network, as a bundle that has nothing to perturb.
fn unperturbed() -> Bundle {
    let mut bundle = bundle();
    for condition in &mut bundle.card.conditions {
        if condition.kind == Kind::Perturbation {
            condition.kind = Kind::Identity;
        }
    }
    bundle
}

fn made(bundle: &Bundle, settings: &Settings) -> Precomputed {
    precompute(bundle, settings, &AtomicBool::new(false)).unwrap()
}

/// Cells of a set, made anew.
fn cells_of(bundle: &Bundle, set: &Population, perturbed: bool) -> Normalised {
    let asked = Choices {
        with: set.with.iter().map(|(key, value)| (key.clone(), vec![value.clone()])).collect(),
        guidance: bundle.card.guidance,
        steps: bundle.card.steps,
        cells: 24,
        seed: 9,
        clamp: Vec::new(),
    };
    let choices = if perturbed { asked } else { asked.of_control(&bundle.card) };
    let cells = generate(bundle, &choices, Effort::CPU, &ProgressBar::hidden()).unwrap();
    log_normalise(&cells.counts, Target::Sum(bundle.card.target_sum))
}

/// A copy of the trained bundle.
fn copied(folder: &Path) {
    for entry in std::fs::read_dir(&trained().bundle).unwrap() {
        let entry = entry.unwrap();
        std::fs::copy(entry.path(), folder.join(entry.file_name())).unwrap();
    }
}

/// Whether two numbers are the same but for the rounding of f16, which is 0.05 %.
fn close(kept: f64, exact: f64) -> bool {
    (kept - exact).abs() <= 1e-3 * exact.abs() + 1e-6
}

/// The kept numbers of a set are those of its cells.
fn is_of(set: &Population, cells: &Normalised) {
    let means = cells.mean();
    for (at, gene) in set.genes.iter().enumerate() {
        let (mean, values) = (means[*gene as usize].exp_m1(), cells.gene(*gene));
        assert!(close(f64::from(set.mean[at]), mean), "gene {gene}: {} and {mean}", set.mean[at]);
        assert_eq!(set.detected[at] as usize, values.iter().filter(|value| **value > 0.0).count());
    }
}

#[test]
fn precomputed_numbers_are_those_of_cells_of_the_same_seed() {
    let (bundle, folder) = (bundle(), tempfile::tempdir().unwrap());
    copied(folder.path());
    let mut card = bundle.card.clone();
    write(folder.path(), &mut card, &made(&bundle, &settings())).unwrap();
    let again = read_bundle(folder.path(), &Device::flex()).unwrap();
    let found = again.precomputed.as_ref().unwrap();
    // Three conditions: both types of the first donor and one of the second, each beside its control.
    assert_eq!((found.comparisons.len(), found.populations.len()), (3, 6));
    assert_eq!((found.made.seed, found.made.cells, found.made.tested), (9, 24, SPEC.genes));
    let map = &bundle.map;
    let pca = Pca {
        genes: map.genes.clone(),
        mean: map.mean.clone(),
        loadings: map.loadings.clone(),
        components: map.components,
    };
    for own in &found.comparisons {
        let (control, perturbed) = (&found.populations[own.control], &found.populations[own.perturbed]);
        let sides = (cells_of(&bundle, control, false), cells_of(&bundle, perturbed, true));
        is_of(control, &sides.0);
        is_of(perturbed, &sides.1);
        let first: Vec<usize> = (0..7).collect();
        let places = cells::place::onto(&pca, &map.reference, &map.coordinates, &sides.1.select(&first));
        assert_eq!((perturbed.points.len(), places.len()), (14, 14));
        assert!(perturbed.points.iter().zip(&places).all(|(kept, exact)| close(f64::from(*kept), f64::from(*exact))));
        let shifts: Vec<GeneShift> = compare(&sides.0, &sides.1).unwrap();
        for (at, gene) in perturbed.genes.iter().enumerate() {
            let shift = &shifts[*gene as usize];
            let mean = |set: &Population| f64::from(set.mean[set.genes.binary_search(gene).unwrap()]);
            // What the page works out from what is kept.
            let change = log2_fold_change(mean(control), mean(perturbed));
            assert!((change - shift.log2_fold_change).abs() < 2e-3, "{change} and {}", shift.log2_fold_change);
            // Half of the last place of an exponent of at most 16.
            for (kept, exact) in [(own.p[at], shift.p), (own.q[at], shift.q)] {
                assert!((probability(kept) / exact - 1.0).abs() < 0.02, "{} and {exact}", probability(kept));
            }
            assert!(close(f64::from(own.margin[at]), 0.5 * (shift.high - shift.low)));
        }
        // The surest are there, whatever else is, and so are the markers.
        let mut sure: Vec<&GeneShift> = shifts.iter().collect();
        sure.sort_by(|a, b| a.q.total_cmp(&b.q).then(a.p.total_cmp(&b.p)));
        assert!(sure[..5].iter().all(|shift| perturbed.genes.contains(&shift.gene)));
        let place = |gene: &String| bundle.card.genes.iter().position(|own| own == gene).unwrap() as u32;
        assert!(bundle.card.markers.iter().all(|gene| perturbed.genes.contains(&place(gene))));
        assert_eq!(own.shifted, shifts.iter().filter(|shift| shift.q < 0.05).count());
    }
}

#[test]
fn the_page_finds_what_it_opens_with_first() {
    let bundle = bundle();
    let plan = plan(&bundle.card, &settings()).unwrap();
    assert_eq!((plan.groups.len(), plan.sets), (3, 6));
    for (key, value) in &plan.groups[0].0 {
        let condition = bundle.card.condition(key).unwrap();
        // As `app::choices::values` chooses it.
        let most = || condition.values.iter().max_by_key(|own| own.cells).map(|own| own.value.clone());
        assert_eq!(Some(value.clone()), condition.control.clone().or_else(most), "{key}");
    }
    let named = Settings { identities: vec!["donor2".to_owned()], most: 300, ..settings() };
    let plan = self::plan(&bundle.card, &named).unwrap();
    assert!(plan.groups.len() == 2 && plan.groups.iter().all(|(with, _)| with["donor"] == "donor2"));
    let unknown = Settings { identities: vec!["donor9".to_owned()], ..settings() };
    let error = self::plan(&bundle.card, &unknown).unwrap_err().to_string();
    assert!(error.contains("donor9") && error.contains("donor1"), "{error}");
}

#[test]
fn the_same_command_again_replaces_and_a_stop_changes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    copied(folder.path());
    let before = std::fs::read(folder.path().join("bundle.json")).unwrap();
    let few = Settings { most: 1, ..settings() };
    let stopped = precompute(&bundle(), &few, &AtomicBool::new(true)).unwrap_err().to_string();
    assert!(stopped.contains("stopped"), "{stopped}");
    assert_eq!(std::fs::read(folder.path().join("bundle.json")).unwrap(), before);
    assert!(bundle().precomputed.is_none(), "a bundle without the file is whole");

    for seed in [9, 10] {
        let mut bundle = read_bundle_without(folder.path(), &Device::flex(), Some(PRECOMPUTED)).unwrap();
        assert!(bundle.precomputed.is_none());
        let found = made(&bundle, &Settings { seed, ..few.clone() });
        let bytes = write(folder.path(), &mut bundle.card, &found).unwrap();
        let again = read_bundle(folder.path(), &Device::flex()).unwrap();
        assert_eq!(again.precomputed.unwrap().made.seed, seed);
        assert_eq!(again.card.files[PRECOMPUTED].bytes as usize, bytes);
    }
    // Results of other weights are refused, and can be made anew all the same.
    let mut bundle = read_bundle(folder.path(), &Device::flex()).unwrap();
    let mut foreign = bundle.precomputed.take().unwrap();
    foreign.made.weights = "0".repeat(64);
    assert!(format!("{:#}", write(folder.path(), &mut bundle.card, &foreign).unwrap_err()).contains("other weights"));
    let bytes = foreign.serialise().unwrap();
    train_native::export::write_file(folder.path(), &mut bundle.card, PRECOMPUTED, &bytes).unwrap();
    let refused = format!("{:#}", read_bundle(folder.path(), &Device::flex()).unwrap_err());
    assert!(refused.contains("precomputed.safetensors") && refused.contains("other weights"), "{refused}");
    assert!(read_bundle_without(folder.path(), &Device::flex(), Some(PRECOMPUTED)).is_ok());
}

#[test]
fn without_perturbations_types_are_told_apart() {
    let bundle = unperturbed();
    let found = made(&bundle, &Settings { cells: 40, most: 2, ..settings() });
    assert!(found.comparisons.is_empty() && found.populations.len() == 2);
    for set in &found.populations {
        let kind: usize = set.with["cell_type"].trim_start_matches("type").parse().unwrap();
        let markers = &trained().truth_of_markers()[kind - 1];
        let own = set.typical.iter().filter(|gene| markers.contains(&(**gene as usize))).count();
        // Eight markers each, raised manifold; some are hardly ever counted.
        assert!(own >= 3, "type {kind}: {own} markers among {:?}, of {markers:?}", set.typical);
        assert!(set.typical.iter().all(|gene| set.genes.contains(gene)));
    }
    let with: BTreeMap<&str, &str> = found.populations[0].with.iter().map(|(k, v)| (k.as_str(), v.as_str())).collect();
    assert_eq!(with.keys().copied().collect::<Vec<_>>(), ["cell_type", "donor"]);
}

#[test]
fn a_set_with_no_other_to_be_told_from_tells_of_the_markers() {
    let mut bundle = unperturbed();
    // Markers stand in the order of a recipe, not of the panel.
    bundle.card.markers.sort();
    bundle.card.markers.reverse();
    let found = made(&bundle, &Settings { most: 1, ..settings() });
    assert!(found.populations.len() == 1 && found.populations[0].typical.is_empty());
    assert_eq!(found.populations[0].genes.len(), bundle.card.markers.len());
    assert_eq!(model::precomputed::read(&found.serialise().unwrap(), &bundle.card).unwrap().populations.len(), 1);
}
