//! A flipped bit in each file that is read.

use model::random::Draws;

use crate::bench::{Bench, STEPS, refused, said};

/// Random places of a file, its first and its last byte.
fn places(seed: u64) -> Vec<usize> {
    let mut draws = Draws::new(seed, 2);
    // Taken modulo the file's length.
    (0..4).map(|_| draws.below(1 << 30) as usize).chain([0, 12, usize::MAX / 2 * 2 + 1]).collect()
}

#[test]
fn a_checkpoint_that_was_hit_gives_way_to_an_older_one_and_the_bits_are_the_same() {
    let bench = Bench::new();
    bench.trained("whole");
    let stopped = bench.command("recipe.toml", "run").args(["--stop-after", "9"]).output().unwrap();
    assert!(stopped.status.success());
    let stopped = bench.files("run");
    for place in places(1) {
        for (name, bytes) in &stopped {
            std::fs::write(bench.path("run").join(name), bytes).unwrap();
        }
        bench.flip("run/checkpoint.safetensors", place);
        // A reader that is not the trainer says so too, and leaves the file.
        let inspected = bench.run(&["inspect", "--run", "run"]);
        assert!(String::from_utf8_lossy(&inspected.stdout).contains("step 8 of"), "{place}: {}", said(&inspected));
        let resumed = bench.train("recipe.toml", "run");
        assert!(resumed.status.success(), "{place}: {}", said(&resumed));
        assert!(said(&resumed).contains("is damaged") && said(&resumed).contains("step 8"), "{}", said(&resumed));
        assert!(bench.checkpoint("whole") == bench.checkpoint("run"), "{place}");
        std::fs::remove_dir_all(bench.path("run")).unwrap();
        std::fs::create_dir(bench.path("run")).unwrap();
    }
}

#[test]
fn a_damaged_checkpoint_never_takes_the_place_of_a_whole_one() {
    let bench = Bench::new();
    let stop = |step: &str| bench.command("recipe.toml", "run").args(["--stop-after", step]).output().unwrap();
    assert!(stop("9").status.success());
    bench.flip("run/checkpoint.safetensors", 5000);
    assert!(stop("9").status.success());
    // The newest is hit once more: the one before it must be a whole one.
    bench.flip("run/checkpoint.safetensors", 5000);
    let resumed = bench.train("recipe.toml", "run");
    assert!(resumed.status.success(), "{}", said(&resumed));
    bench.trained("whole");
    assert!(bench.checkpoint("whole") == bench.checkpoint("run"));
}

#[test]
fn when_every_checkpoint_was_hit_it_is_said() {
    let bench = Bench::new();
    bench.trained("run");
    let older = format!("run/checkpoint-{:08}.safetensors", STEPS - 1);
    for file in ["run/checkpoint.safetensors", &older, "run/best.safetensors"] {
        bench.flip(file, 7777);
    }
    refused(&bench.train("recipe.toml", "run"), "is damaged");
    refused(&bench.run(&["export", "--run", "run", "--out", "bundle"]), "is damaged");
    refused(&bench.run(&["export", "--run", "run", "--out", "bundle", "--best"]), "best.safetensors is damaged");
    refused(&bench.run(&["inspect", "--run", "run"]), "is damaged");
    assert!(!bench.path("bundle").exists());
}

#[test]
fn notes_of_a_run_and_its_data_are_known_by_their_hashes() {
    let bench = Bench::new();
    bench.trained("run");
    bench.exported("run", "bundle");
    let export = ["export", "--run", "run", "--out", "bundle"];
    for (file, words) in [
        ("run/run.json", "the same `wellplate train` again"),
        ("run/recipe.toml", "the same `wellplate train` again"),
        ("cells.h5ad", "cells.h5ad"),
    ] {
        for place in places(2) {
            let whole = bench.flip(file, place);
            refused(&bench.run(&export), words);
            std::fs::write(bench.path(file), whole).unwrap();
        }
    }
    // Recipe and note are written anew by the command that made them.
    bench.flip("run/run.json", 40);
    bench.flip("run/recipe.toml", 40);
    bench.trained("run");
    bench.exported("run", "again");
    assert!(bench.files("bundle") == bench.files("again"));
}

#[test]
fn each_file_of_a_bundle_is_known_by_its_hash() {
    let bench = Bench::new();
    bench.trained("run");
    bench.exported("run", "bundle");
    let sample = ["sample", "--bundle", "bundle", "--dry-run", "--cells", "1", "--out", "x.h5ad"];
    assert!(bench.run(&sample).status.success());
    for name in bench.files("bundle").keys() {
        let file = format!("bundle/{name}");
        for place in places(3) {
            let whole = bench.flip(&file, place);
            refused(&bench.run(&sample), name);
            std::fs::write(bench.path(&file), whole).unwrap();
        }
    }
}

#[test]
fn events_that_were_hit_are_a_sentence() {
    let bench = Bench::new();
    bench.trained("run");
    // The brace that opens the first line.
    let whole = bench.flip("run/events.jsonl", 0);
    let report = ["report", "--run", "run", "--out", "report.html"];
    refused(&bench.run(&report), "line 1 of the events is damaged");
    // A line that a kill cut short stands at the end until the next session, and then no more.
    std::fs::write(bench.path("run/events.jsonl"), [&whole[..], b"{\"event\":\"st"].concat()).unwrap();
    bench.trained("run");
    let reported = bench.run(&report);
    assert!(reported.status.success(), "{}", said(&reported));
}

#[test]
fn files_of_earlier_versions_are_read_with_a_note() {
    let bench = Bench::new();
    let stopped = bench.command("recipe.toml", "run").args(["--stop-after", "9"]).output().unwrap();
    assert!(stopped.status.success());
    // What an earlier version wrote has no seal: the key is renamed, which takes the mark away with it.
    let bytes = bench.checkpoint("run");
    let header = 8 + u64::from_le_bytes(bytes[..8].try_into().unwrap()) as usize;
    let text = String::from_utf8(bytes[8..header].to_vec()).unwrap();
    let at = text.find(",\\\"seal\\\"").unwrap();
    let end = at + text[at..].find("}\"").unwrap();
    let bare = format!("{}{}{}", &text[..at], &text[end..], " ".repeat(end - at));
    let old = [&bytes[..8], bare.as_bytes(), &bytes[header..]].concat();
    std::fs::write(bench.path("run/checkpoint.safetensors"), old).unwrap();
    let resumed = bench.train("recipe.toml", "run");
    assert!(resumed.status.success() && said(&resumed).contains("resuming at step 9"), "{}", said(&resumed));
    assert!(said(&resumed).contains("earlier version and without a hash"), "{}", said(&resumed));
    bench.trained("whole");
    assert!(bench.checkpoint("whole") == bench.checkpoint("run"));
}
