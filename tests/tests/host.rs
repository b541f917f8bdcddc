//! Shipped networks on the CPU: its own loops beside tensors.
//!
//! Does: has every shipped bundle write cells both ways, from the same seed, and counts what differs; computes its golden
//! pass both ways.
//! Does not know: how either computes (the unit tests of `model/src/cpu` look at the parts).
//! Flow: assets/models → cells by loops, cells by tensors → **differences**.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use burn::tensor::Device;
use model::bundle::Bundle;
use model::card::{Choices, Kind};
use model::sample::{Effort, Run};
use train_native::generate::{generate_part, read_bundle, wait};

/// Logits reach some tens, with seven digits.
const GOLDEN: f32 = 1e-3;

fn bundles() -> Vec<PathBuf> {
    let models = Path::new(env!("CARGO_MANIFEST_DIR")).join("../assets/models");
    let folders = std::fs::read_dir(models).unwrap().map(|entry| entry.unwrap().path());
    folders.filter(|folder| folder.join("bundle.json").is_file()).collect()
}

/// Two cells under a bundle's first perturbation, guided a little where it may be.
fn cells(bundle: &Bundle) -> Run {
    let slot = bundle.card.of_kind(Kind::Perturbation);
    let value = slot.and_then(|slot| slot.values.iter().find(|value| Some(&value.value) != slot.control.as_ref()));
    let with = slot.zip(value).map(|(slot, value)| (slot.key.clone(), vec![value.value.clone()]));
    let guidance = if with.is_some() { 0.5 } else { 0.0 };
    let with = with.into_iter().collect();
    let choices = Choices { with, guidance, steps: 4, cells: 2, seed: 11, clamp: Vec::new() };
    let request = bundle.request(&choices).unwrap();
    let mut run = Run::new(&bundle.network, request, Effort::CPU);
    while !run.is_finished() {
        wait(run.step(&bundle.network)).unwrap();
    }
    run
}

#[test]
fn shipped_bundles_write_the_same_cells_both_ways() {
    let (mut all, mut differ) = (0, 0);
    for folder in bundles() {
        let bundle = read_bundle(&folder, &Device::flex()).unwrap();
        let by_loops = cells(&bundle);
        // Of no chunk: by loops nothing is cut for a device, so this is the other way.
        assert_eq!(by_loops.work().chunks, 0, "{}", folder.display());
        assert!(wait(bundle.golden_error()).unwrap() < GOLDEN, "{}", folder.display());
        let bundle = Bundle { network: bundle.network.off_host(), ..bundle };
        let by_tensors = cells(&bundle);
        assert!(by_tensors.work().chunks > 0 && wait(bundle.golden_error()).unwrap() < GOLDEN, "{}", folder.display());
        for cell in 0..2 {
            let pairs = by_loops.tokens(cell).iter().zip(by_tensors.tokens(cell));
            all += by_loops.tokens(cell).len();
            differ += pairs.filter(|(a, b)| a != b).count();
        }
    }
    // Where a uniform number falls within rounding of an edge of a distribution (some 1e-6 of it) a draw may differ.
    assert!(all > 150_000 && differ * 10_000 <= all, "{differ} of {all} tokens differ");
}

#[test]
fn any_number_of_threads_writes_the_same_cells() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../assets/models/thp1-knockouts");
    let bundle = read_bundle(&folder, &Device::flex()).unwrap();
    let choices = Choices { with: BTreeMap::default(), guidance: 0.0, steps: 4, cells: 7, seed: 3, clamp: Vec::new() };
    let on = |threads: usize| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        let mut done = 0;
        let made =
            pool.install(|| generate_part(&bundle, &choices, 5, Effort::CPU, true, &mut |now| done = now)).unwrap();
        assert_eq!(done, 7);
        made
    };
    let (alone, split) = (on(1), on(3));
    assert_eq!(alone.cells, split.cells);
    assert_eq!(alone.expected, split.expected);
}
