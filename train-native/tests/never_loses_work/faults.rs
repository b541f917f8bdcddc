//! Hostile inputs: made here, and those of the project's shared data where they are at hand.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::bench::{Bench, refused, said};

/// Address space that a command may ask for, in kilobytes: far above what a small file needs, far below what a hostile one
/// asks for.
const MOST_KILOBYTES: u64 = 16 << 20;
/// A sentence must come within this time.
const SECONDS: Duration = Duration::from_secs(20);

/// Runs the program under a limit of memory.
#[cfg(unix)]
fn limited(bench: &Bench, words: &[&str]) -> Output {
    let program = env!("CARGO_BIN_EXE_wellplate");
    let words: Vec<String> = words.iter().map(|word| format!("'{word}'")).collect();
    let started = Instant::now();
    let ended = Command::new("sh")
        .args(["-c", &format!("ulimit -v {MOST_KILOBYTES}; exec {program} {}", words.join(" "))])
        .current_dir(bench.path(""))
        .output()
        .unwrap();
    assert!(started.elapsed() < SECONDS, "{words:?} took {:?}", started.elapsed());
    ended
}

#[cfg(not(unix))]
fn limited(bench: &Bench, words: &[&str]) -> Output {
    bench.run(words)
}

/// A store of version 1, which has no hash, with something changed in its index.
fn store(bench: &Bench, name: &str, change: impl Fn(&mut Value)) {
    bench.prepared(name);
    let path = bench.path(name).join("store.json");
    let mut index: Value = serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
    let own = index.as_object_mut().unwrap();
    own.remove("seal");
    own.insert("version".to_owned(), json!(1));
    for shard in index["shards"].as_array_mut().unwrap() {
        shard.as_object_mut().unwrap().remove("labels");
    }
    change(&mut index);
    std::fs::write(&path, index.to_string()).unwrap();
}

fn train(bench: &Bench, store: &str) -> Output {
    let changes = [
        ("steps = 400", "steps = 1"),
        ("key = \"condition\"", "key = \"perturbation\""),
        ("condition = \"IFN-beta\"", "perturbation = \"IFN-beta\""),
    ];
    bench.recipe("stored.toml", &changes);
    limited(bench, &["train", "--data", store, "--config", "stored.toml", "--out", &format!("run-{store}")])
}

#[test]
fn an_index_that_promises_too_much_is_a_sentence() {
    let bench = Bench::new();
    store(&bench, "old", |_| {});
    let trained = train(&bench, "old");
    assert!(trained.status.success(), "a store of version 1 can be trained from: {}", said(&trained));
    assert!(said(&trained).contains("earlier version and without a hash"), "{}", said(&trained));

    store(&bench, "gene", |index| drop(index["genes"].as_array_mut().unwrap().pop()));
    refused(&train(&bench, "gene"), "a panel of 47 genes");
    store(&bench, "huge", |index| index["shards"][0]["cells"] = json!(1_u64 << 32));
    refused(&train(&bench, "huge"), "4294967296 cells");
    store(&bench, "consistent", |index| {
        // All numbers agree with each other, and the file is as small as it was.
        let cells = 1_u64 << 32;
        index["shards"] = json!([{ "file": "000000.parquet", "cells": cells, "bytes": 4 * cells, "sha256": "00" }]);
        index["sources"][0]["cells"] = json!(cells);
        index["roles"] = json!({ "train": cells });
    });
    refused(&train(&bench, "consistent"), "bytes and not");
    for (name, file) in [("outside", "../outside.parquet"), ("absolute", "/etc/hostname"), ("parent", "..")] {
        store(&bench, name, |index| index["shards"][1]["file"] = json!(file));
        refused(&train(&bench, name), "no plain file name");
    }
    store(&bench, "ranges", |index| index["sources"][0]["unmeasured"] = json!([[4_000_000_000_u32, 1]]));
    refused(&train(&bench, "ranges"), "not to have measured");
    store(&bench, "negative", |index| index["roles"] = json!({ "train": -1 }));
    refused(&train(&bench, "negative"), "is damaged");
}

#[test]
fn numbers_of_a_recipe_that_nothing_can_hold_are_refused_by_name() {
    let bench = Bench::new();
    let most = i64::MAX.to_string();
    for (line, name) in [
        ("batch = 32", "training.batch"),
        ("steps = 400", "training.steps"),
        ("warm_up = 20", "training.warm_up"),
        ("width = 32", "model.width"),
        ("blocks = 2", "model.blocks"),
        ("heads = 2", "model.heads"),
        ("feed_width = 64", "model.feed_width"),
        ("rank = 8", "model.rank"),
        ("group_size = 8", "model.group_size"),
        ("bins = 4", "bins"),
    ] {
        let key = line.split(" = ").next().unwrap();
        bench.recipe("large.toml", &[(&format!("\n{line}\n"), &format!("\n{key} = {most}\n"))]);
        let words = ["train", "--data", "cells.h5ad", "--config", "large.toml", "--out", "run"];
        refused(&limited(&bench, &words), &format!("{name} is {most}"));
    }
    bench.recipe("nothing.toml", &[("peak_rate = 3e-3", "peak_rate = nan")]);
    let words = ["train", "--data", "cells.h5ad", "--config", "nothing.toml", "--out", "run"];
    refused(&limited(&bench, &words), "training.peak_rate");
}

#[cfg(target_os = "linux")]
#[test]
fn a_network_that_the_machine_cannot_hold_is_refused_before_memory_is_asked_for() {
    let bench = Bench::new();
    let changes = [("\nwidth = 32\n", "\nwidth = 65536\n"), ("\nblocks = 2\n", "\nblocks = 1024\n")];
    bench.recipe("large.toml", &changes);
    let words = ["train", "--data", "cells.h5ad", "--config", "large.toml", "--out", "run"];
    refused(&limited(&bench, &words), "GB of memory, and this machine has");
}

#[test]
fn a_folder_that_holds_an_own_temporary_file_only_is_free() {
    let bench = Bench::new();
    bench.prepared("whole");
    for name in [".tmpEKxHcC", ".wellplate-aB3dE6.part"] {
        let _ = std::fs::remove_dir_all(bench.path("store"));
        std::fs::create_dir(bench.path("store")).unwrap();
        std::fs::write(bench.path("store").join(name), b"").unwrap();
        bench.prepared("store");
        assert!(bench.files("store") == bench.files("whole"), "{name}");
    }
    std::fs::remove_dir_all(bench.path("store")).unwrap();
    std::fs::create_dir(bench.path("store")).unwrap();
    std::fs::write(bench.path("store/thesis.tex"), b"mine").unwrap();
    let prepare = ["prepare", "--config", "store.toml", "--out", "store"];
    refused(&bench.run(&prepare), "thesis.tex");
    assert_eq!(bench.files("store").len(), 1);
}

/// The shared folder, where this checkout has one.
fn shared() -> Option<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/data/faults");
    if folder.is_dir() {
        return Some(folder.canonicalize().unwrap());
    }
    eprintln!("skipped: there is no {}", folder.display());
    None
}

#[test]
fn the_shared_faults_are_sentences() {
    let Some(folder) = shared() else { return };
    let bench = Bench::new();
    let path = |name: &str| folder.join(name).display().to_string();
    for (store, recipe, words) in [
        ("store_index_gene_removed", "recipe_tiny.toml", "a panel of 19 genes"),
        ("store_index_cells_huge", "recipe_tiny.toml", "4294967296 cells"),
        ("store_index_gene_removed", "recipe_batch_overflow.toml", "training.batch is 9223372036854775807"),
    ] {
        refused(&limited(&bench, &["train", "--data", &path(store), "--config", &path(recipe), "--out", "run"]), words);
    }
    let copy = bench.path("store");
    std::fs::create_dir(&copy).unwrap();
    for entry in std::fs::read_dir(folder.join("prepare_killed_first_write")).unwrap().flatten() {
        std::fs::copy(entry.path(), copy.join(entry.file_name())).unwrap();
    }
    bench.prepared("store");
}
