//! Outputs that are closed or full.

use std::process::{Command, Output, Stdio};

use crate::bench::{Bench, refused, said};

/// Runs the program with both outputs as pipes whose readers are gone.
fn unread(bench: &Bench, words: &[&str]) -> std::process::ExitStatus {
    let mut child = bench.program(words).spawn().unwrap();
    drop((child.stdout.take(), child.stderr.take()));
    child.wait().unwrap()
}

/// Runs the program by a shell that redirects its outputs.
#[cfg(unix)]
fn redirected(bench: &Bench, words: &[&str], redirection: &str) -> Output {
    let program = env!("CARGO_BIN_EXE_wellplate");
    let words: Vec<String> = words.iter().map(|word| format!("'{word}'")).collect();
    Command::new("sh")
        .args(["-c", &format!("{program} {} {redirection}", words.join(" "))])
        .current_dir(bench.path(""))
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .output()
        .unwrap()
}

const TRAIN: [&str; 8] = ["train", "--save-every", "3", "--data", "cells.h5ad", "--config", "recipe.toml", "--out"];

#[test]
fn readers_that_have_gone_end_nothing() {
    let bench = Bench::new();
    bench.trained("whole");
    bench.exported("whole", "bundle");
    bench.prepared("store");
    assert!(unread(&bench, &[&TRAIN[..], &["run"]].concat()).success());
    let checkpoint = |run: &str| bench.checkpoint(run);
    let weights = |bytes: Vec<u8>| bytes[bytes.len() / 2..].to_vec();
    assert!(weights(checkpoint("run")) == weights(checkpoint("whole")));
    assert!(unread(&bench, &["export", "--run", "run", "--out", "bundle2"]).success());
    assert!(bench.files("bundle")["weights.safetensors"] == bench.files("bundle2")["weights.safetensors"]);
    assert!(unread(&bench, &["prepare", "--config", "store.toml", "--out", "store2"]).success());
    assert!(bench.files("store") == bench.files("store2"));
    assert!(unread(&bench, &["sample", "--bundle", "bundle", "--cells", "4", "--out", "made.h5ad"]).success());
    assert!(bench.path("made.h5ad").exists());
    let judge = ["judge", "--real", "cells.h5ad", "--predicted", "cells.h5ad", "--pert-col", "condition"];
    assert!(unread(&bench, &[&judge[..], &["--control", "control"]].concat()).success());
    assert!(unread(&bench, &["inspect", "--bundle", "bundle"]).success());
    // An error is an error whether it is heard or not, and wrong usage too.
    assert_eq!(unread(&bench, &["inspect", "--bundle", "gone"]).code(), Some(1));
    assert_eq!(unread(&bench, &["inspect", "--bundel", "gone"]).code(), Some(2));
}

#[cfg(unix)]
#[test]
fn outputs_that_are_not_open_end_nothing() {
    let bench = Bench::new();
    assert!(redirected(&bench, &[&TRAIN[..], &["run"]].concat(), ">&- 2>&-").status.success());
    assert!(redirected(&bench, &["inspect", "--run", "run"], ">&- 2>&-").status.success());
}

#[cfg(target_os = "linux")]
#[test]
fn outputs_that_are_full_end_nothing_and_a_lost_result_is_no_success() {
    let bench = Bench::new();
    let full = ">/dev/full 2>/dev/full";
    assert!(redirected(&bench, &[&TRAIN[..], &["run"]].concat(), full).status.success());
    assert!(redirected(&bench, &["export", "--run", "run", "--out", "bundle"], full).status.success());
    // What was asked for is the store; its table is lost.
    assert!(redirected(&bench, &["prepare", "--config", "store.toml", "--out", "store"], full).status.success());
    let opened = train_native::store::Store::open(&bench.path("store")).unwrap();
    assert_eq!(opened.index.cells(), 160);
    // What was asked for is the table.
    let judge = ["judge", "--real", "cells.h5ad", "--predicted", "cells.h5ad", "--pert-col", "condition"];
    let judge = [&judge[..], &["--control", "control", "--report", "verdict"]].concat();
    refused(&redirected(&bench, &judge, ">/dev/full"), "standard output");
    assert!(bench.path("verdict/report.html").exists(), "the work went on to its end");
    assert_eq!(redirected(&bench, &["inspect", "--run", "run"], full).status.code(), Some(1));
    let heard = redirected(&bench, &["inspect", "--run", "run"], "2>/dev/full");
    assert!(heard.status.success() && said(&heard).is_empty() && !heard.stdout.is_empty());
}
