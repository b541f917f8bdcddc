//! Every bundle of the gallery, at the edges of its settings.
//!
//! Does: has each shipped bundle write a cell of some of its choices (few and many steps, guidance up to its limit,
//! several perturbations at once, unseen combinations, genes held at their ceilings) and looks for what could not be a
//! cell; `cargo xtask sweep` does the same for every choice.
//! Does not know: how cells are made, what is plausible.
//! Flow: assets/models → sweep → **verdict**.

use std::collections::BTreeMap;
use std::path::Path;

use burn::tensor::Device;
use cells::{Cells, Column, Counts};
use model::card::Kind;
use model::sample::Effort;
use train_native::{generate, sweep};

/// Steps of the longest run here; 256 in the full sweep.
const MOST_STEPS: usize = 24;

/// A few of a bundle's choices.
fn is_sound(name: &str) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../assets/models").join(name);
    let bundle = generate::read_bundle(&folder, &Device::flex()).unwrap();
    let settings = sweep::Settings { cells: 1, every: 16, most_steps: MOST_STEPS, seed: 7, effort: Effort::CPU };
    let found = sweep::sweep(&bundle, settings, None).unwrap();
    assert!(found.cells() >= 10, "{name}: {} cells", found.cells());
    assert!(found.is_sound(), "{name}:\n{}", found.table());
}

#[test]
fn a_sweep_fails_on_what_cannot_be_and_says_where() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../assets/models/thp1-knockouts");
    let mut bundle = generate::read_bundle(&folder, &Device::flex()).unwrap();
    let settings = sweep::Settings { cells: 1, every: 64, most_steps: 4, seed: 7, effort: Effort::CPU };
    // Beside cells of the same kinds that hold nothing, every count is that of another type.
    let panel = bundle.card.genes.clone();
    let knockouts: Vec<&str> = (0..40).map(|cell| if cell < 20 { "non-targeting" } else { "STAT1" }).collect();
    let key = bundle.card.of_kind(Kind::Perturbation).unwrap().key.clone();
    let none = vec![0; panel.len()];
    let counts = Counts::from_dense_rows(panel.len(), (0..40).map(|_| none.as_slice()));
    let names = (0..40).map(|cell| format!("cell{cell}")).collect();
    let labels = BTreeMap::from([(key, Column::categorical(&knockouts))]);
    let empty = Cells::new(counts, panel, names, labels).unwrap();
    let found = sweep::sweep(&bundle, settings, Some(&empty)).unwrap();
    assert!(!found.is_sound() && found.table().contains("where 0 is the most"), "{}", found.table());
    // A bundle whose training cells are said to have been tiny writes cells that are too large.
    bundle.card.library_sizes = [1, 2];
    let found = sweep::sweep(&bundle, settings, None).unwrap();
    assert!(
        !found.is_sound() && found.table().contains("library sizes that no measured cell has"),
        "{}",
        found.table()
    );
}

#[test]
fn every_bundle_has_its_test() {
    let models = Path::new(env!("CARGO_MANIFEST_DIR")).join("../assets/models");
    let folders = std::fs::read_dir(models).unwrap().map(|entry| entry.unwrap());
    let shipped = folders.filter(|entry| entry.path().join("bundle.json").is_file());
    let source = include_str!("gallery.rs");
    for name in shipped.map(|entry| entry.file_name().into_string().unwrap()) {
        assert!(source.contains(&format!("is_sound(\"{name}\")")), "{name} is shipped and not looked at");
    }
}

#[test]
fn gbm_knockdowns_writes_cells() {
    is_sound("gbm-knockdowns");
}

#[test]
fn human_tissues_writes_cells() {
    is_sound("human-tissues");
}

#[test]
fn jurkat_knockouts_writes_cells() {
    is_sound("jurkat-knockouts");
}

#[test]
fn k562_activation_writes_cells() {
    is_sound("k562-activation");
}

#[test]
fn mouse_marrow_writes_cells() {
    is_sound("mouse-marrow");
}

#[test]
fn pbmc_atlas_writes_cells() {
    is_sound("pbmc-atlas");
}

#[test]
fn pbmc_cytokines_writes_cells() {
    is_sound("pbmc-cytokines");
}

#[test]
fn pbmc_drugs_writes_cells() {
    is_sound("pbmc-drugs");
}

#[test]
fn pbmc_ifnb_writes_cells() {
    is_sound("pbmc-ifnb");
}

#[test]
fn thp1_knockouts_writes_cells() {
    is_sound("thp1-knockouts");
}

#[test]
fn worm_embryo_writes_cells() {
    is_sound("worm-embryo");
}
