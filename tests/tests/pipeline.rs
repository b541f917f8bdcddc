//! The whole way, small: synthetic cells → training → bundle → generated cells → what they say.
//!
//! Does: trains `recipes/synthetic.toml` through the trainer's own functions and checks what a user
//! relies on: the known shift is found, a run resumes bit for bit, a bundle refuses tampering, cells
//! do not depend on batching.
//! Does not know: the command line, the browser.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use burn::tensor::Device;
use cells::de::compare;
use cells::h5ad::{Matrix, read_h5ad, write_h5ad};
use cells::normalise::{Target, log_normalise};
use cells::referee::Rules;
use cells::splits::Split;
use cells::synthetic::{PERTURBED, SyntheticSpec, Truth, synthetic};
use cells::{Cells, Column};
use indicatif::ProgressBar;
use model::bundle::{Bundle, BundleError, CARD, WEIGHTS};
use model::card::Choices;
use model::sample::{Effort, Run};
use train_native::evaluate::{MOST_GENERATED, Settings, evaluate};
use train_native::export::{Choice, SPLIT, export};
use train_native::generate::{generate, read_bundle, wait};
use train_native::pool::pool;
use train_native::recipe::Recipe;
use train_native::train::{Order, RECIPE, train};

/// What the tests train on.
pub(crate) const SPEC: SyntheticSpec = SyntheticSpec {
    cells_per_group: 60,
    genes: 96,
    types: 2,
    donors: 2,
    markers: 8,
    programme: 6,
    shifted: 12,
    fold_change: 4.0,
    depth: 600.0,
};

/// A trained bundle, its run and its data; made once for all tests.
pub(crate) struct Trained {
    pub(crate) bundle: PathBuf,
    pub(crate) run: PathBuf,
    pub(crate) cells: Cells,
    truth: Truth,
    _folder: tempfile::TempDir,
}

/// What a run held out.
fn split_of(run: &Path) -> Split {
    Recipe::read(&run.join(RECIPE)).unwrap().split().unwrap().unwrap()
}

impl Trained {
    /// Genes that the perturbation raises.
    pub(crate) fn truth_of_shifts(&self) -> &[usize] {
        &self.truth.shifted
    }

    /// Marker genes of each type.
    pub(crate) fn truth_of_markers(&self) -> &[Vec<usize>] {
        &self.truth.markers
    }
}

fn recipe() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../train-native/recipes/synthetic.toml")
}

fn order(data: &Path, out: &Path, stop_after: Option<usize>) -> Order {
    Order {
        data: data.to_owned(),
        recipe: recipe(),
        out: out.to_owned(),
        save_every: 10,
        save_minutes: None,
        stop_after,
        stop: Arc::default(),
    }
}

/// Writes the synthetic cells.
fn write_cells(path: &Path) -> (Cells, Truth) {
    let (cells, truth) = synthetic(&SPEC, 3).unwrap();
    std::fs::write(path, write_h5ad(&cells, &BTreeMap::new()).unwrap()).unwrap();
    (cells, truth)
}

/// The trained bundle.
pub(crate) fn trained() -> &'static Trained {
    static TRAINED: OnceLock<Trained> = OnceLock::new();
    TRAINED.get_or_init(|| {
        let folder = tempfile::tempdir().unwrap();
        let (data, run, bundle) =
            (folder.path().join("cells.h5ad"), folder.path().join("run"), folder.path().join("bundle"));
        let (cells, truth) = write_cells(&data);
        train(&order(&data, &run, None), &[Device::flex()]).unwrap();
        export(&run, &bundle, &Choice::default(), &Device::flex()).unwrap();
        Trained { bundle, run, cells, truth, _folder: folder }
    })
}

fn bundle() -> Bundle {
    read_bundle(&trained().bundle, &Device::flex()).unwrap()
}

/// Choices of a donor, a type and a condition.
fn choices(donor: &str, cell_type: &str, condition: &str, cells: usize) -> Choices {
    let pairs = [("donor", donor), ("cell_type", cell_type), ("condition", condition)];
    Choices {
        with: pairs.into_iter().map(|(key, value)| (key.to_owned(), vec![value.to_owned()])).collect(),
        guidance: 0.0,
        steps: 4,
        cells,
        seed: 5,
        clamp: Vec::new(),
    }
}

fn made(choices: &Choices) -> Cells {
    generate(&bundle(), choices, Effort::CPU, &ProgressBar::hidden()).unwrap()
}

#[test]
fn the_known_shift_is_found_in_a_donor_that_never_showed_it() {
    // donor2's perturbed cells are held out of training.
    let (control, perturbed) =
        (made(&choices("donor2", "type1", "control", 150)), made(&choices("donor2", "type1", PERTURBED, 150)));
    let side = |cells: &Cells| log_normalise(&cells.counts, Target::Sum(600.0));
    let shifts = compare(&side(&control), &side(&perturbed)).unwrap();
    let mut order: Vec<usize> = (0..SPEC.genes).collect();
    order.sort_by(|a, b| shifts[*b].difference.total_cmp(&shifts[*a].difference));
    let found = order[..12].iter().filter(|gene| trained().truth.shifted.contains(gene)).count();
    // All twelve are raised fourfold; two may fall behind because they are hardly ever counted.
    assert!(found >= 10, "{found} of 12 shifted genes on top");
    let mean: f64 = trained().truth.shifted.iter().map(|gene| shifts[*gene].difference).sum::<f64>() / 12.0;
    assert!(mean > 0.3, "mean shift {mean}");
}

#[test]
fn gene_means_and_types_are_learned() {
    let measured = &trained().cells;
    for kind in ["type1", "type2"] {
        let of_type: Vec<usize> = measured.indices_where("cell_type", kind).unwrap();
        let control = measured.indices_where("condition", "control").unwrap();
        let own: Vec<usize> = of_type.into_iter().filter(|cell| control.contains(cell)).collect();
        let real = log_normalise(&measured.counts.select_cells(&own), Target::Sum(600.0)).mean();
        let generated =
            log_normalise(&made(&choices("donor1", kind, "control", 150)).counts, Target::Sum(600.0)).mean();
        let agreement = cells::metrics::pearson(&real, &generated);
        // 120 measured cells against 150 generated ones: two halves of the measured give about 0.99.
        assert!(agreement > 0.97, "{kind}: {agreement}");
    }
}

#[test]
fn cells_do_not_depend_on_batches_or_chunks() {
    let bundle = bundle();
    let wanted = Choices { guidance: 1.5, ..choices("donor1", "type2", PERTURBED, 7) };
    let tokens = |effort: Effort| -> Vec<Vec<u16>> {
        let mut run = Run::new(&bundle.network, bundle.request(&wanted).unwrap(), effort);
        while !run.is_finished() {
            wait(run.step(&bundle.network)).unwrap();
        }
        (0..7).map(|cell| run.tokens(cell).to_vec()).collect()
    };
    let one_by_one = tokens(Effort { cells: 1, rows: 1 });
    let all_at_once = tokens(Effort { cells: 7, rows: 1 << 20 });
    let differing = one_by_one.iter().flatten().zip(all_at_once.iter().flatten()).filter(|(a, b)| a != b).count();
    // Rounding may push a draw over an edge, and later genes then see another cell: rare.
    assert!(differing <= 7, "{differing} of {} tokens differ", 7 * SPEC.genes);
    assert!(one_by_one.iter().flatten().all(|token| *token < 281), "a gene was left masked");
    let other_seed = Choices { seed: 6, ..wanted.clone() };
    assert_ne!(made(&other_seed).counts, made(&wanted).counts);
}

#[test]
fn probabilities_are_those_that_the_next_step_draws_from() {
    let bundle = bundle();
    let wanted = Choices { guidance: 1.5, ..choices("donor1", "type2", PERTURBED, 3) };
    let begin = || Run::new(&bundle.network, bundle.request(&wanted).unwrap(), Effort { cells: 3, rows: 1 << 20 });
    let (mut run, mut unasked) = (begin(), begin());
    let genes: Vec<u32> = (0..SPEC.genes as u32).collect();
    let (mut drawn, mut odd) = (0, 0);
    while !run.is_finished() {
        let before: Vec<Vec<u16>> = (0..3).map(|cell| run.tokens(cell).to_vec()).collect();
        let draws: Vec<_> = (0..3).map(|cell| run.draws(cell).unwrap().clone()).collect();
        let shares = wait(run.probabilities(&bundle.network, &genes)).unwrap();
        assert_eq!(shares.len(), 3 * SPEC.genes * 281);
        wait(run.step(&bundle.network)).unwrap();
        wait(unasked.step(&bundle.network)).unwrap();
        for (place, shares) in shares.chunks(281).enumerate() {
            let (cell, gene) = (place / SPEC.genes, place % SPEC.genes);
            let total: f64 = shares.iter().map(|share| f64::from(*share)).sum();
            assert!((total - 1.0).abs() < 1e-4, "probabilities add up to {total}");
            let token = run.tokens(cell)[gene];
            if before[cell][gene] < 281 || token > 280 {
                continue;
            }
            let below: f64 = shares[..usize::from(token)].iter().map(|share| f64::from(*share)).sum();
            let upto = below + f64::from(shares[usize::from(token)]);
            let lot = f64::from(draws[cell].uniforms[gene]);
            drawn += 1;
            // Rounding of sums in another order.
            odd += usize::from(lot < below - 1e-4 || lot > upto + 1e-4);
        }
    }
    assert_eq!((drawn, odd), (3 * SPEC.genes, 0), "every gene is drawn from what was asked for");
    assert!((0..3).all(|cell| run.tokens(cell) == unasked.tokens(cell)), "asking changes nothing");
    assert!(run.draws(0).is_none() && wait(run.probabilities(&bundle.network, &genes)).unwrap().is_empty());
}

#[test]
fn clamped_genes_stay_and_unknown_choices_are_refused() {
    let mut wanted = choices("donor1", "type1", "control", 5);
    wanted.clamp = vec![("G00003".to_owned(), 17)];
    let cells = made(&wanted);
    let mut row = vec![0; SPEC.genes];
    for cell in 0..5 {
        cells.counts.dense_row(cell, &mut row);
        assert_eq!(row[3], 17);
    }
    let bundle = bundle();
    let refused = |choices: &Choices| bundle.request(choices).unwrap_err().to_string();
    wanted.clamp = vec![("ISG15".to_owned(), 1)];
    assert!(refused(&wanted).contains("ISG15"));
    assert!(refused(&choices("donor9", "type1", "control", 5)).contains("donor1, donor2"));
    assert!(refused(&choices("donor1", "type1", "control", 0)).contains("number of cells"));
}

#[test]
fn a_stopped_run_goes_on_bit_for_bit() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("cells.h5ad");
    write_cells(&data);
    let (whole, parts) = (folder.path().join("whole"), folder.path().join("parts"));
    train(&order(&data, &whole, Some(12)), &[Device::flex()]).unwrap();
    train(&order(&data, &parts, Some(7)), &[Device::flex()]).unwrap();
    train(&order(&data, &parts, Some(12)), &[Device::flex()]).unwrap();
    let read = |run: &Path| std::fs::read(run.join("checkpoint.safetensors")).unwrap();
    assert!(read(&whole) == read(&parts), "the resumed checkpoint differs");
    // Other data in the same folder is refused and harms nothing.
    let other = folder.path().join("other.h5ad");
    let cells = synthetic(&SPEC, 4).unwrap().0;
    std::fs::write(&other, write_h5ad(&cells, &BTreeMap::new()).unwrap()).unwrap();
    let error = train(&order(&other, &parts, Some(14)), &[Device::flex()]).unwrap_err();
    assert!(error.to_string().contains("another recipe or other data"), "{error:#}");
    assert!(read(&whole) == read(&parts));
    // So is another seed; better words of the card are taken over.
    let text = std::fs::read_to_string(recipe()).unwrap();
    let with = |from: &str, to: &str| {
        let path = folder.path().join("changed.toml");
        assert!(text.contains(from));
        std::fs::write(&path, text.replace(from, to)).unwrap();
        train(&Order { recipe: path, ..order(&data, &parts, Some(14)) }, &[Device::flex()])
    };
    assert!(with("seed = ", "seed = 1").unwrap_err().to_string().contains("another recipe"));
    assert!(read(&whole) == read(&parts));
    with("[card]\n", "[card]\nlicence = \"Other words\"\n").unwrap();
    assert!(std::fs::read_to_string(parts.join("recipe.toml")).unwrap().contains("Other words"));
}

#[test]
fn a_bundle_refuses_what_was_changed() {
    let bundle = bundle();
    let error = wait(bundle.golden_error()).unwrap();
    // The same weights on the same device: equal up to the order of threads' sums.
    assert!(error < 1e-4, "golden error {error}");
    let json = std::fs::read(trained().bundle.join(CARD)).unwrap();
    let files: BTreeMap<String, Vec<u8>> = bundle
        .card
        .files
        .keys()
        .map(|name| (name.clone(), std::fs::read(trained().bundle.join(name)).unwrap()))
        .collect();
    let read = |json: &[u8], files: &BTreeMap<String, Vec<u8>>| Bundle::read(json, files, &Device::flex()).map(|_| ());
    assert!(read(&json, &files).is_ok());
    // What travels along for those who train and evaluate (the split) need not be there; the page does not ask for it.
    let mut needed = files.clone();
    needed.retain(|name, _| model::bundle::is_needed(name));
    assert!(needed.len() < files.len() && read(&json, &needed).is_ok());
    let mut changed = files.clone();
    if let Some(byte) = changed.get_mut(WEIGHTS).and_then(|bytes| bytes.last_mut()) {
        *byte ^= 1;
    }
    assert!(matches!(read(&json, &changed), Err(BundleError::Tampered { what: "SHA-256", .. })));
    changed.remove(WEIGHTS);
    assert!(matches!(read(&json, &changed), Err(BundleError::MissingFile(_))));
    let text = String::from_utf8(json).unwrap();
    let newer = text.replace("\"format_version\":2", "\"format_version\":9");
    assert!(matches!(read(newer.as_bytes(), &files), Err(BundleError::Version { found: 9 })));
    let fewer = text.replace("\"G00000\",", "");
    assert!(matches!(read(fewer.as_bytes(), &files), Err(BundleError::Broken)));
    // What an earlier version wrote has no seal; so has what somebody changed on purpose.
    let bare = |text: &str| format!("{{{}", text.split_once("\",").unwrap().1);
    assert!(text.starts_with("{\"seal\":") && read(bare(&text).as_bytes(), &files).is_ok());
    assert!(matches!(read(bare(&fewer).as_bytes(), &files), Err(BundleError::Inconsistent(_))));
    assert!(read(b"{", &files).is_err());
}

#[test]
fn held_out_donors_are_scored_beside_baseline_and_ceiling() {
    let bundle = bundle();
    let split = split_of(&trained().run);
    assert_eq!(
        split.test,
        [BTreeMap::from([("donor", "donor2"), ("condition", PERTURBED)].map(|(k, v)| (k.to_owned(), v.to_owned())))]
    );
    let settings =
        Settings { guidance: 0.0, steps: 4, seed: 1, most: MOST_GENERATED, times: 2, effort: Effort::CPU, sets: None };
    let rules = Rules { spread: pool(), ..Rules::default() };
    let found = evaluate(&bundle, &trained().cells, split, None, &settings, rules).unwrap();
    let all = found.scores.iter().find(|score| score.cell_type == "all").unwrap();
    assert_eq!(all.cells, 120);
    // A fourfold shift of twelve genes is plain: every predictor sees it.
    for metrics in [all.model, all.baseline, all.ceiling] {
        assert!(metrics.pearson_delta.unwrap() > 0.7, "{metrics:?}");
        assert!(metrics.des.unwrap() > 0.5, "{metrics:?}");
    }
    // Two types of the held-out donor, and the donor as a whole, each beside every baseline.
    assert_eq!(found.scores.len(), 3);
    let names: Vec<&str> = found.sections[0].verdict.entries.iter().map(|own| own.name.as_str()).collect();
    for name in [
        "model",
        "mean of perturbations",
        "control copy",
        "PerturbMean",
        "context mean",
        "nearest context",
        "linear latent",
        "negative binomial",
        "ceiling, halves",
    ] {
        assert!(names.contains(&name), "{name} is not among {names:?}");
    }
    // The split that the bundle carries is the one that the run held out, and nothing leaks through it.
    let carried: Split = serde_json::from_slice(&std::fs::read(trained().bundle.join(SPLIT)).unwrap()).unwrap();
    assert_eq!(carried.test, found.split.test);
    assert_eq!(found.checked.held_out, 120);
    // Groups are drawn apart: no generated cell is another one's copy.
    let rows: std::collections::BTreeSet<_> =
        (0..found.generated.len()).map(|cell| found.generated.counts.row(cell)).collect();
    assert_eq!(rows.len(), found.generated.len());
}

#[test]
fn training_cells_that_are_test_cells_are_refused() {
    let mut split = split_of(&trained().run);
    // The same split, but a cell of the test part once more under another name and label.
    let cells = &trained().cells;
    let test = split.apply(cells).unwrap().test;
    let mut copy = cells.select(&test[..1]);
    copy.names[0] = "renamed".to_owned();
    copy.labels.insert("condition".to_owned(), Column::categorical(&["control"]));
    let both = cells.joined(&copy).unwrap();
    split.fingerprint = None;
    let settings = Settings { guidance: 0.0, steps: 4, seed: 1, most: 8, times: 2, effort: Effort::CPU, sets: None };
    let error = evaluate(&bundle(), &both, split, None, &settings, Rules::default()).err().unwrap();
    assert!(format!("{error:#}").contains("the very counts of a held-out cell"), "{error:#}");
}

#[test]
fn an_exported_file_is_read_again() {
    let cells = made(&choices("donor1", "type1", PERTURBED, 6));
    let bytes = write_h5ad(&cells, &BTreeMap::from([("seed".to_owned(), "5".to_owned())])).unwrap();
    let again = read_h5ad(bytes, &Matrix::X).unwrap();
    assert_eq!(again.counts, cells.counts);
    assert_eq!(again.label("condition").unwrap().text(0).as_deref(), Some(PERTURBED));
}
